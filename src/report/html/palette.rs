//! The colours of the page, in a light and a dark scheme.
//!
//! Purpose: one table from which the style sheet takes its variables and the charts their classes.
//! Invariant: text stands out from what it stands on by 4.5 : 1 and marks by 3 : 1 in both schemes
//! (WCAG 2.2, 1.4.3 and 1.4.11). This module does not know what is drawn.

use std::fmt::Write as _;

use plotters::style::RGBColor;

/// A colour by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// What everything stands on.
    Paper,
    /// What a group of things stands on.
    Card,
    /// Text.
    Ink,
    /// Text that explains.
    Soft,
    /// Rules and grids; decoration, never needed to understand.
    Line,
    /// Mails.
    Mail,
    /// Replies that are not positive.
    Reply,
    /// Positive replies.
    Positive,
    /// Over a limit.
    Alert,
    /// Too few to say anything.
    Few,
    /// Shares from few to many.
    Heat(Heat),
    /// Text on the lower steps of the scale.
    OnLow,
    /// Text on the upper steps.
    OnHigh,
}

/// A step of the scale of shares, from 0 to [`Heat::TOP`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heat(u8);

impl Heat {
    /// The uppermost step.
    pub(super) const TOP: u8 = 4;

    /// The step of a place on the scale, from 0 to 1.
    pub(super) fn of(place: f64) -> Heat {
        let steps = f64::from(Heat::TOP + 1);
        let step = (1..=Heat::TOP).filter(|step| place * steps >= f64::from(*step));
        Heat(step.max().unwrap_or_default())
    }

    /// All steps, upwards.
    pub(super) fn all() -> impl Iterator<Item = Heat> {
        (0..=Heat::TOP).map(Heat)
    }

    /// In what to write on it.
    pub(super) fn ink(self) -> Tone {
        if self.0 < 3 {
            Tone::OnLow
        } else {
            Tone::OnHigh
        }
    }
}

/// One line of the palette: its name in the style sheet, and its colour in each scheme.
struct Colour {
    tone: Tone,
    name: &'static str,
    light: u32,
    dark: u32,
}

const fn colour(tone: Tone, name: &'static str, light: u32, dark: u32) -> Colour {
    Colour {
        tone,
        name,
        light,
        dark,
    }
}

const PALETTE: [Colour; 17] = [
    colour(Tone::Paper, "paper", 0xf6f6f4, 0x121518),
    colour(Tone::Card, "card", 0xffffff, 0x1a1e23),
    colour(Tone::Ink, "ink", 0x1d232a, 0xe7eaed),
    colour(Tone::Soft, "soft", 0x56606b, 0xa6b0ba),
    colour(Tone::Line, "line", 0xd9dcdf, 0x32383f),
    colour(Tone::Mail, "mail", 0x2b66a5, 0x6ea9e6),
    colour(Tone::Reply, "reply", 0x7a8594, 0x8a95a3),
    colour(Tone::Positive, "positive", 0x1c7a52, 0x4fc08d),
    colour(Tone::Alert, "alert", 0xb43a1e, 0xf08a6e),
    colour(Tone::Few, "few", 0x868e97, 0x78828d),
    colour(Tone::Heat(Heat(0)), "heat0", 0xe4edf7, 0x202d3b),
    colour(Tone::Heat(Heat(1)), "heat1", 0xbcd6ee, 0x27425e),
    colour(Tone::Heat(Heat(2)), "heat2", 0x84b4e0, 0x306192),
    colour(Tone::Heat(Heat(3)), "heat3", 0x306eae, 0x7db4e8),
    colour(Tone::Heat(Heat(4)), "heat4", 0x15457a, 0xc4dff7),
    colour(Tone::OnLow, "on-low", 0x1d232a, 0xffffff),
    colour(Tone::OnHigh, "on-high", 0xffffff, 0x101519),
];

/// The red part of every colour the charts are drawn with. What follows is the place in the
/// palette: the drawing knows colours only, the page wants to choose them when it is read.
const MARKER: u8 = 0xA0;

/// The colour a tone is drawn with, to be replaced by [`with_classes`].
pub(super) fn marker(tone: Tone) -> RGBColor {
    let at = PALETTE.iter().position(|colour| colour.tone == tone);
    RGBColor(
        MARKER,
        0,
        at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX),
    )
}

/// A drawing whose marker colours are classes of the style sheet.
pub(super) fn with_classes(drawing: &str) -> String {
    let mut drawing = drawing.to_string();
    for colour in &PALETTE {
        let RGBColor(red, green, blue) = marker(colour.tone);
        for (attribute, class) in [("fill", "f"), ("stroke", "s")] {
            let drawn = format!("{attribute}=\"#{red:02X}{green:02X}{blue:02X}\"");
            drawing = drawing.replace(&drawn, &format!("class=\"{class}-{}\"", colour.name));
        }
    }
    drawing
}

/// The variables of both schemes and the classes of the charts, for the head of the style sheet.
pub(super) fn style() -> String {
    let mut css = String::from(":root{color-scheme:light dark}");
    let variables = |pick: fn(&Colour) -> u32| {
        let each = PALETTE.iter();
        let each = each.map(|colour| format!("--{}:#{:06x};", colour.name, pick(colour)));
        each.collect::<String>()
    };
    let (light, dark) = (
        variables(|colour| colour.light),
        variables(|colour| colour.dark),
    );
    // A print is light whatever the screen was.
    write!(
        css,
        ":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
    .ok();
    for Colour { name, .. } in &PALETTE {
        write!(
            css,
            ".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}"
        )
        .ok();
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2, definitions).
    fn luminance(colour: u32) -> f64 {
        let part = |shift: u32| {
            let c = f64::from((colour >> shift) & 0xff) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }

    fn contrast(one: u32, other: u32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn colours(tone: Tone) -> [u32; 2] {
        let found = PALETTE.iter().find(|colour| colour.tone == tone).unwrap();
        [found.light, found.dark]
    }

    #[track_caller]
    fn check(tone: Tone, on: Tone, least: f64) {
        for (scheme, (one, other)) in colours(tone).into_iter().zip(colours(on)).enumerate() {
            let found = contrast(one, other);
            assert!(
                found >= least,
                "{tone:?} on {on:?}, scheme {scheme}: {found:.2}"
            );
        }
    }

    #[test]
    fn text_and_marks_stand_out_in_both_schemes() {
        assert!((contrast(0, 0xffffff) - 21.0).abs() < 1e-9);
        assert!((contrast(0x777777, 0xffffff) - 4.48).abs() < 0.01);
        for ground in [Tone::Paper, Tone::Card] {
            for text in [
                Tone::Ink,
                Tone::Soft,
                Tone::Mail,
                Tone::Alert,
                Tone::Positive,
            ] {
                check(text, ground, 4.5);
            }
            for mark in [Tone::Reply, Tone::Few, Tone::Heat(Heat(Heat::TOP))] {
                check(mark, ground, 3.0);
            }
        }
        for heat in Heat::all() {
            check(heat.ink(), Tone::Heat(heat), 4.5);
        }
    }

    #[test]
    fn the_scale_grows_evenly_away_from_the_ground() {
        for scheme in [0, 1] {
            let ground = colours(Tone::Card)[scheme];
            let steps: Vec<f64> = Heat::all()
                .map(|heat| contrast(colours(Tone::Heat(heat))[scheme], ground))
                .collect();
            assert!(
                steps.windows(2).all(|pair| pair[1] > pair[0] * 1.2),
                "{steps:?}"
            );
        }
        let check = |place: f64, expected: u8| assert_eq!(Heat::of(place), Heat(expected));
        check(0.0, 0);
        check(0.19, 0);
        check(0.21, 1);
        check(1.0, 4);
        check(f64::NAN, 0);
        check(2.0, 4);
    }

    #[test]
    fn every_marker_becomes_a_class_and_no_text_does() {
        for colour in &PALETTE {
            let RGBColor(r, g, b) = marker(colour.tone);
            let drawn = format!("<rect fill=\"#{r:02X}{g:02X}{b:02X}\"/>");
            let expected = format!("<rect class=\"f-{}\"/>", colour.name);
            assert_eq!(with_classes(&drawn), expected);
        }
        let text = "<text>fill=&quot;#A00002&quot;</text>";
        assert_eq!(with_classes(text), text);
    }
}
