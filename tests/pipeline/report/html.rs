//! The page of a report: its markup by a strict reader, its looks in a real browser.

mod browser;
mod parse;
mod sample;

use std::collections::BTreeSet;

use browser::{Frame, visit};
use outreach::metrics::Report;
use outreach::report::html::page;
use parse::{Page, parse};

/// Every kind of report, by name.
fn reports() -> [(&'static str, Report); 4] {
    [
        ("empty", sample::empty()),
        ("tiny", sample::tiny()),
        ("full", sample::full()),
        ("years", sample::years()),
    ]
}

/// Runs a check on the page of every kind of report.
#[track_caller]
fn check(test: impl Fn(&Page) -> Vec<String>) {
    for (name, report) in reports() {
        let complaints = test(&parse(&page(&report)));
        assert!(complaints.is_empty(), "{name}:\n{}", complaints.join("\n"));
    }
}

#[test]
fn the_markup_needs_no_mending() {
    check(|page| page.complaints.clone());
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    const ALLOWED: [&str; 44] = [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "header",
        "main",
        "section",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "ol",
        "li",
        "dl",
        "div",
        "dt",
        "dd",
        "code",
        "strong",
        "span",
        "bdi",
        "small",
        "figure",
        "figcaption",
        "details",
        "summary",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "desc",
        "rect",
        "text",
        "polyline",
        "circle",
        "line",
    ];
    check(|page| {
        let mut complaints = Vec::new();
        for element in &page.elements {
            if !ALLOWED.contains(&element.name.as_str()) {
                complaints.push(format!("element `{}`", element.name));
            }
            for (name, value) in &element.attributes {
                let is_bad = match name.as_str() {
                    "href" => value != "data:,",
                    "src" | "srcset" | "srcdoc" | "style" | "action" | "xlink:href" => true,
                    name => name.starts_with("on"),
                };
                if is_bad || value.contains("http:") || value.contains("https:") {
                    complaints.push(format!("attribute `{name}` of `{}`", element.name));
                }
            }
        }
        for style in page.all("style") {
            for reach in ["url(", "@import", "expression", "http", "</"] {
                if style.text.contains(reach) {
                    complaints.push(format!("style with `{reach}`"));
                }
            }
        }
        complaints
    });
    let html = page(&sample::full());
    assert!(!html.contains("<script") && !html.contains("<img"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    let parsed = parse(&html);
    let mut metas = parsed.all("meta");
    assert!(metas.any(
        |meta| meta.attribute("http-equiv") == "Content-Security-Policy"
            && meta.attribute("content") == policy
    ));
}

#[test]
fn the_page_reads_well_without_eyes() {
    check(|page| {
        let mut complaints = Vec::new();
        let mut expect = |is: bool, what: String| {
            if !is {
                complaints.push(what);
            }
        };
        let html = page.all("html").next().unwrap();
        expect(html.attribute("lang") == "en", "lang".to_string());
        expect(page.all("h1").count() == 1, "one h1".to_string());
        let ids: Vec<&str> = page.elements.iter().map(|e| e.attribute("id")).collect();
        let ids: Vec<&str> = ids.into_iter().filter(|id| !id.is_empty()).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        expect(unique.len() == ids.len(), "every id once".to_string());
        for id in &ids {
            let is_ours = id
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            expect(is_ours, format!("id `{id}`"));
        }
        for element in &page.elements {
            for id in element.attribute("aria-labelledby").split_whitespace() {
                expect(unique.contains(id), format!("`{id}` names nothing"));
            }
        }
        for table in page.all("table") {
            let children = page.within(table);
            expect(children[0].name == "caption", "a caption".to_string());
            let is_told = !children[0].text.trim().is_empty();
            expect(is_told, "a caption that says something".to_string());
        }
        for head in page.all("th") {
            let scope = head.attribute("scope");
            expect(
                ["col", "row"].contains(&scope),
                format!("scope of `{}`", head.text),
            );
        }
        for svg in page.all("svg") {
            if svg.attribute("aria-hidden") == "true" {
                continue;
            }
            let children = page.within(svg);
            let names: Vec<&str> = children.iter().take(2).map(|e| e.name.as_str()).collect();
            expect(names == ["title", "desc"], format!("{names:?}"));
            let has_numbers = children[1].text.contains(|c: char| c.is_ascii_digit());
            expect(has_numbers, format!("no numbers in `{}`", children[1].text));
            expect(
                svg.attribute("role") == "img",
                "role of a drawing".to_string(),
            );
        }
        complaints
    });
}

#[test]
fn every_chart_comes_with_its_numbers_and_every_row_with_all_its_cells() {
    let html = page(&sample::full());
    let page = parse(&html);
    assert_eq!(page.all("figure").count(), 5);
    assert_eq!(
        page.all("svg")
            .filter(|svg| svg.attribute("role") == "img")
            .count(),
        10
    );
    for figure in page.all("figure") {
        let id = figure.attribute("id");
        let children: Vec<&str> = page
            .within(figure)
            .iter()
            .map(|e| e.name.as_str())
            .collect();
        let is_with_table = children.contains(&"details") || children.contains(&"div");
        assert!(
            is_with_table && children[0] == "figcaption",
            "{id}: {children:?}"
        );
    }
    for table in page.all("table") {
        let children = page.within(table);
        let [_, head, body] = children.as_slice() else {
            panic!("{children:?}")
        };
        let n_columns = page.within(page.within(head)[0]).len();
        let rows = page.within(body);
        assert!(!rows.is_empty() && n_columns > 2);
        for row in rows {
            assert_eq!(page.within(row).len(), n_columns, "{}", row.text);
        }
    }
}

#[test]
fn texts_of_leads_stay_texts() {
    let plain = page(&sample::empty());
    let html = page(&sample::full());
    let (plain, full) = (parse(&plain), parse(&html));
    let style = |page: &Page| {
        page.all("style")
            .map(|style| style.text.clone())
            .collect::<String>()
    };
    assert_eq!(style(&plain), style(&full), "a style depends on the report");
    let body = &full.all("body").next().unwrap().text;
    for hostile in sample::HOSTILE {
        let shown = outreach::lead::one_line(hostile);
        assert!(body.contains(&shown), "{hostile}");
    }
    assert!(!html.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\0']));
    assert!(
        !html.contains(&"W".repeat(200)),
        "a word nobody can read is not cut"
    );
}

#[test]
fn figures_say_what_they_are_made_of() {
    let text = |report: &Report| {
        let html = page(report);
        let body = parse(&html).all("main").next().unwrap().text.clone();
        let words: Vec<&str> = body.split_whitespace().collect();
        words.join(" ")
    };
    let full = text(&sample::full());
    for expected in [
        "Replied4.8 %138 of 2,884likely between 4.1 and 5.6 %",
        "Completed2,240",
        "Hook: 2.5 %, 71 of 2,884, likely between 2 and 3.1 %",
        "Positive reply 55 (1.9 %)",
        "Chance alone would show as much in 1.8 % of reports.",
        "1,586 requests by programs apart",
        "reached the limit of 5 %",
        "(others)",
        "Quick idea for {company}",
    ] {
        assert!(full.contains(expected), "`{expected}` in {full}");
    }
    let tiny = text(&sample::tiny());
    for expected in [
        "Replied1 of 3not enough data for a share",
        "Not enough data: no step has 30 delivered mails yet.",
        "Not enough data: no hour of the week has 30 delivered mails yet.",
    ] {
        assert!(tiny.contains(expected), "`{expected}` in {tiny}");
    }
    assert!(!tiny.contains("33.3 %"), "a share of three is shown");
    assert!(text(&sample::empty()).starts_with("Nothing to report yet No mail has left yet."));
    let mut none = sample::empty();
    none.filter.since = Some("2026-06-01".parse().unwrap());
    assert!(text(&none).contains("Widen the period with --since"));
}

#[test]
fn the_same_report_is_the_same_page_of_moderate_size() {
    for (name, report) in reports() {
        let html = page(&report);
        assert_eq!(html, page(&report), "{name}");
        assert!(html.len() < 400_000, "{name}: {} bytes", html.len());
    }
}

#[test]
fn a_browser_shows_it_on_phones_and_desks_by_day_and_night() {
    let pages = reports().map(|(name, report)| (name, page(&report)));
    let mut frames = Vec::new();
    for (_, html) in &pages {
        for width in [360, 1280] {
            frames.extend(["light", "dark"].map(|scheme| Frame {
                html,
                width,
                scheme,
            }));
        }
    }
    let visit = visit(&frames);
    assert_eq!(visit.console, Vec::<String>::new());
    assert_eq!(visit.seen.len(), frames.len());
    for (at, (seen, frame)) in visit.seen.iter().zip(&frames).enumerate() {
        let name = pages[at / 4].0;
        let at = format!("{name} {} {}: {seen:?}", frame.width, frame.scheme);
        assert_eq!(seen.width, f64::from(frame.width), "{at}");
        assert!(seen.content <= seen.width, "scrolls sideways: {at}");
        assert!(seen.height > 400.0, "{at}");
        assert_eq!(seen.is_dark, frame.scheme == "dark", "{at}");
        let parsed = parse(frame.html);
        let wide = |svg: &&parse::Element| svg.attribute("class") == "wide";
        let n_charts = parsed.all("svg").filter(wide).count();
        assert_eq!(seen.drawings.len(), n_charts, "{at}");
        let shown = if frame.width < 720 {
            "-narrow-"
        } else {
            "-wide-"
        };
        assert!(seen.drawings.iter().all(|id| id.contains(shown)), "{at}");
        assert_eq!(seen.misplaced, Vec::<String>::new(), "{at}");
        assert!(n_charts == 0 || seen.smallest >= 11.0, "{at}");
    }
    for both in visit.seen.chunks(2) {
        assert_ne!(
            both[0].ground, both[1].ground,
            "one ground by day and night"
        );
    }
    assert!(visit.picture.starts_with(b"\x89PNG") && visit.paper.starts_with(b"%PDF"));
    let blank = Frame {
        html: "<!DOCTYPE html><title>blank</title>",
        width: 3_280,
        scheme: "light",
    };
    let blank = browser::visit(&[blank]);
    for (full, blank) in [
        (visit.picture.len(), blank.picture.len()),
        (visit.paper.len(), blank.paper.len()),
    ] {
        assert!(full > 4 * blank, "{full} bytes, blank {blank} bytes");
    }
}

#[test]
fn a_page_that_fetches_or_overflows_is_noticed() {
    let html = page(&sample::tiny());
    let spoiled = html
        .replace(
            "<main>",
            "<main><p style=\"width:900px\">x</p><img src=\"/x.png\">",
        )
        .replace(
            ">Hook\n",
            ">Hook and much more than there is room for in this place\n",
        )
        .replace(
            ">Hook</text>",
            ">Hook and much more than there is room for in this place</text>",
        );
    let visit = visit(&[Frame {
        html: &spoiled,
        width: 360,
        scheme: "light",
    }]);
    let [seen] = visit.seen.as_slice() else {
        panic!("{:?}", visit.seen)
    };
    assert!(
        seen.content > seen.width && !seen.misplaced.is_empty(),
        "{seen:?}"
    );
    assert!(
        visit
            .console
            .iter()
            .any(|line| line.contains("Content Security Policy"))
    );
}
