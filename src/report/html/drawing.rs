//! A sheet to draw a chart on, once for wide pages and once for phones.
//!
//! Purpose: plotters' SVG with real text, in colours the style sheet chooses. Invariant: everything
//! is placed by this crate's own layout, in pixels of the page; plotters is never asked how wide a
//! text is, because without font files it can only guess. This module does not know what a chart
//! means.

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, ShapeStyle, TextStyle};
use serde::Serialize;

use super::palette::{self, Tone};

/// Units of the drawing per pixel of the page: the backend knows whole units only, and bars of
/// three years of weeks are thinner than two pixels.
const SCALE: f64 = 4.0;

/// The backend divides the size of a font by this.
const FONT_SCALE: f64 = 1.24;

/// For what width a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// A phone held upright.
    Narrow,
    /// Everything else, and paper.
    Wide,
}

impl Size {
    /// The width in pixels.
    pub(super) fn width(self) -> f64 {
        match self {
            Size::Narrow => 312.0,
            Size::Wide => 900.0,
        }
    }

    /// The height of a line of text in pixels.
    pub(super) fn font(self) -> f64 {
        match self {
            Size::Narrow => 12.0,
            Size::Wide => 14.0,
        }
    }
}

/// A finished drawing.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    /// The `viewBox` of its `svg` element.
    pub(super) view_box: String,
    /// What stands within that element.
    pub(super) markup: String,
}

/// Where a text stands in relation to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A point or an extent, in pixels.
pub(super) type Xy = (f64, f64);

/// What is drawn on.
pub(super) struct Sheet<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// For what width.
    pub(super) size: Size,
}

/// What drawing may fail with; a drawing kept in memory never does.
pub(super) type Drawn = anyhow::Result<()>;

/// Draws a chart of a height in pixels.
pub(super) fn draw(
    size: Size,
    height: f64,
    paint: impl FnOnce(&Sheet) -> Drawn,
) -> anyhow::Result<Drawing> {
    let (width, height) = (units(size.width()), units(height.max(1.0)));
    let mut svg = String::new();
    let backend = SVGBackend::with_string(&mut svg, (width.unsigned_abs(), height.unsigned_abs()));
    let sheet = Sheet {
        area: backend.into_drawing_area(),
        size,
    };
    paint(&sheet)?;
    sheet.area.present()?;
    drop(sheet);
    Ok(Drawing {
        view_box: format!("0 0 {width} {height}"),
        markup: slim(&svg),
    })
}

/// The content of plotters' `svg` element, with classes for colours and without what the style
/// sheet says once for all.
fn slim(svg: &str) -> String {
    let within = svg.split_once('>').map_or(svg, |(_, within)| within);
    let within = within.trim().strip_suffix("</svg>").unwrap_or(within);
    let mut slim = palette::with_classes(within);
    for said_once in [
        " opacity=\"1\"",
        " stroke=\"none\"",
        " font-family=\"sans-serif\"",
    ] {
        slim = slim.replace(said_once, "");
    }
    slim.replace("\">\n", "\">")
        .replace("\n</text>", "</text>")
        .trim()
        .to_string()
}

fn units(pixels: f64) -> i32 {
    (pixels * SCALE).round() as i32
}

fn point((x, y): Xy) -> (i32, i32) {
    (units(x), units(y))
}

impl Sheet<'_> {
    /// A filled rectangle from its upper left corner.
    pub(super) fn bar(&self, at: Xy, (width, height): Xy, tone: Tone) -> Drawn {
        if width <= 0.0 || height <= 0.0 {
            return Ok(());
        }
        let far = point((at.0 + width, at.1 + height));
        let filled = palette::marker(tone).filled();
        Ok(self.area.draw(&Rectangle::new([point(at), far], filled))?)
    }

    /// A straight line.
    pub(super) fn line(&self, from: Xy, to: Xy, width: f64, tone: Tone) -> Drawn {
        let style = ShapeStyle {
            color: palette::marker(tone).to_rgba(),
            filled: false,
            stroke_width: units(width).unsigned_abs(),
        };
        let path = PathElement::new(vec![point(from), point(to)], style);
        Ok(self.area.draw(&path)?)
    }

    /// A filled circle.
    pub(super) fn dot(&self, at: Xy, radius: f64, tone: Tone) -> Drawn {
        let filled = palette::marker(tone).filled();
        Ok(self
            .area
            .draw(&Circle::new(point(at), units(radius), filled))?)
    }

    /// A line of text; its middle is at the height of the point.
    pub(super) fn text(&self, at: Xy, anchor: Anchor, tone: Tone, text: &str) -> Drawn {
        self.write(at, anchor, tone, text, FontStyle::Normal)
    }

    /// A line of text that heads others.
    pub(super) fn heading(&self, at: Xy, anchor: Anchor, tone: Tone, text: &str) -> Drawn {
        self.write(at, anchor, tone, text, FontStyle::Bold)
    }

    fn write(&self, at: Xy, anchor: Anchor, tone: Tone, text: &str, style: FontStyle) -> Drawn {
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let font = ("sans-serif", self.size.font() * FONT_SCALE * SCALE).into_font();
        let colour = palette::marker(tone);
        let style = TextStyle::from(font.style(style))
            .color(&colour)
            .pos(Pos::new(horizontal, VPos::Center));
        Ok(self.area.draw(&Text::new(text, point(at), style))?)
    }

    /// How wide a text is at most, in pixels: what the widest of the usual fonts needs, and a
    /// whole square for what is not Latin.
    pub(super) fn width_of(&self, text: &str) -> f64 {
        let each = text.chars().map(|c| match c {
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
            'A'..='Z' => 0.8,
            c if c.is_ascii() || c == '\u{a0}' => 0.65,
            _ => 1.0,
        });
        each.sum::<f64>() * self.size.font()
    }

    /// A text cut to a width in pixels.
    pub(super) fn fitting(&self, text: &str, width: f64) -> String {
        let len = text.chars().count();
        let fits = |len: &usize| self.width_of(&super::words::clipped(text, *len)) <= width;
        let len = (1..=len).rev().find(fits).unwrap_or(1);
        super::words::clipped(text, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_texts_and_colours_are_classes() {
        let drawing = draw(Size::Narrow, 20.0, |sheet| {
            sheet.bar((0.0, 0.0), (10.0, 5.25), Tone::Mail)?;
            sheet.bar((0.0, 0.0), (0.0, 5.0), Tone::Mail)?;
            sheet.line((0.0, 1.0), (9.0, 1.0), 1.0, Tone::Line)?;
            sheet.dot((3.0, 3.0), 2.0, Tone::Alert)?;
            sheet.text(
                (5.0, 5.0),
                Anchor::End,
                Tone::Ink,
                "</text><script> \"#A00002\"",
            )
        });
        let drawing = drawing.unwrap();
        assert_eq!(drawing.view_box, "0 0 1248 80");
        let expected = [
            r#"<rect x="0" y="0" width="40" height="21" class="f-mail"/>"#,
            r#"<polyline fill="none" class="s-line" stroke-width="4" points="0,4 36,4 "/>"#,
            r#"<circle cx="12" cy="12" r="8" class="f-alert" stroke-width="1"/>"#,
            r#"<text x="20" y="20" dy="0.5ex" text-anchor="end" font-size="48" class="f-ink">"#,
        ];
        for (found, expected) in drawing.markup.lines().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
        let text = "&lt;/text&gt;&lt;script&gt; &quot;#A00002&quot;</text>";
        assert!(drawing.markup.ends_with(text), "{}", drawing.markup);
    }

    #[test]
    fn long_texts_are_cut_to_their_place() {
        draw(Size::Narrow, 1.0, |sheet| {
            assert_eq!(sheet.fitting("short", 100.0), "short");
            assert_eq!(sheet.fitting("", 100.0), "");
            let cut = sheet.fitting(&"W".repeat(500), 100.0);
            assert!(cut.ends_with('…') && sheet.width_of(&cut) <= 100.0, "{cut}");
            Ok(())
        })
        .unwrap();
    }
}
