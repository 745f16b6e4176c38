use super::*;
use crate::metrics::Filter;
use crate::metrics::tests::fixture::{campaigns, empty, invented, messages, segment, wording};

/// The section of a page that begins with a title.
#[track_caller]
fn section(page: &str, title: &str) -> String {
    let found = page.split("\n\n").find(|part| part.starts_with(title));
    let section = found.unwrap_or_else(|| panic!("no section `{title}` in\n{page}"));
    let lines = section.lines().skip(1);
    lines.map(str::trim_start).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_page_fits_the_terminal_and_says_the_same_at_any_width() {
    let hostile = "A\u{1b}[31m very \u{202e}long industry\nwith lines ".repeat(40);
    let report = invented(&hostile);
    for width in [0, 80, 100, 120, u16::MAX] {
        let page = page(&report, width);
        let width = usize::from(width.clamp(80, 120));
        for line in page.lines() {
            assert!(line.chars().count() <= width, "{width}: `{line}`");
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
        assert!(!page.contains('\u{202e}'));
        for figure in ["4.5 % (2.7–7.4 %)", "2.9 % (1.5–5.4 %)", "quick idea for"] {
            assert!(page.contains(figure), "{width}: no `{figure}` in\n{page}");
        }
    }
}

#[test]
fn everything_together_is_told_in_sentences() {
    let page = page(&invented("Logistics"), 120);
    assert_eq!(
        section(&page, "In all"),
        "310 leads reached with 745 mails; 7 came back; whether 1 more mail left, nobody knows \
         (`outreach letters list`)\n\
         14 of 310 leads replied: 4.5 % (2.7–7.4 %); half of them within 5 h, nine of ten within 2 \
         days\n\
         8 of 310 leads replied positively: 2.6 % (1.3–5.0 %); 3 not interested\n\
         4 of 310 leads opted out: 1.3 % (0.5–3.3 %)\n\
         7 of 752 mails came back: 0.9 % (0.5–1.9 %); the limit is 2.0 %\n\
         somebody complained about 1 mail\n\
         90 of 400 mails were opened by a person: 22.5 % (18.7–26.8 %); 210 opens by programs not \
         counted\n\
         12 of 400 mails had a link followed by a person: 3.0 % (1.7–5.2 %); 4 clicks by programs \
         not counted"
    );
}

#[test]
fn every_table_has_its_place() {
    let page = page(&invented("Logistics"), 80);
    let has = |title: &str, line: &str| {
        let section = section(&page, title);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            section.lines().any(|found| words(found) == words(line)),
            "no `{line}` in\n{section}"
        );
    };
    has("Steps", "hook 310 0 9 2.9 % (1.5–5.4 %) 9 0 5 h");
    has("Steps", "fomo 200 0 0 0.0 % (0.0–1.9 %) 0 0 –");
    let funnel = "From the first mail";
    has(
        funnel,
        "proof █████████████████████▎ 235 75.8 % 5 answers, 35.7 %",
    );
    has(funnel, "positive ▊ 8 2.6 %");
    let segments = section(&page, "By whom and how");
    assert!(
        segments.contains("industry") && !segments.contains("confidence"),
        "{segments}"
    );
    has("By whom and how", "(unknown) 20 0 not enough data 0 0");
    has(
        "Subjects",
        "quick idea for {company} hook 160 8 5.0 % (2.6–9.6 %) 0",
    );
    has(
        "Subjects",
        "(its text was deleted) proof 12 1 not enough data 0",
    );
    has("By week", "replies 2026-W05 ·████ 2026-W09");
    has("By week", "2026-W09 100 5 5.0 % (2.2–11.2 %) 2 0 0");
    let hours = "Answers by weekday";
    has(hours, "Mon ██ ░░");
    has(hours, "Wed ·");
    has(
        hours,
        "· fewer than 30 mails ░░ ≤ 1.9 % ▒▒ ≤ 3.8 % ▓▓ ≤ 5.6 % ██ ≤ 7.5 %",
    );
    has(
        "What to change next",
        "1. none of 200 mails of step `fomo` was answered: at most 1.9 % ever are",
    );
    assert!(
        page.ends_with("be complained about") || page.lines().count() > 40,
        "{page}"
    );
}

#[test]
fn long_tables_are_cut_and_say_so() {
    let mut report = invented("Logistics");
    let rows = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|value| (value, campaigns(1, 40)));
    report.segments = vec![
        segment(Dimension::Country, rows),
        segment(
            Dimension::Hour,
            rows.map(|(value, _)| (value, messages(1, 40))),
        ),
    ];
    report.subjects = (0..40)
        .map(|n| wording("hook", &format!("wording {n}"), messages(1, 40)))
        .collect();
    let page = page(&report, 80);
    let segments = section(&page, "By whom and how");
    assert!(segments.contains("… 2 more …"), "{segments}");
    assert_eq!(page.matches("40 mails").count(), 8, "hours are all shown");
    let subjects = section(&page, "Subjects");
    assert!(subjects.contains("… 33 more …"), "{subjects}");
    assert!(subjects.contains("wording 4 ") && subjects.contains("wording 38 "));
    assert!(!subjects.contains("wording 5 ") && !subjects.contains("wording 37 "));
}

#[test]
fn findings_come_last_with_what_chance_has_to_do_with_them() {
    let mut report = invented("Logistics");
    let finding = |p_value: Option<f64>| Finding {
        code: "segment".to_string(),
        sentence: "this differs".to_string(),
        advice: "do that\u{7}".to_string(),
        p_value,
    };
    report.findings = [None, Some(0.021), Some(1e-9)].map(finding).to_vec();
    assert_eq!(
        section(&page(&report, 80), "What to change next"),
        "1. this differs\n→ do that\u{fffd}\n2. this differs (by chance: 2.1 %)\n\
         → do that\u{fffd}\n\
         3. this differs (by chance: less than 0.1 %)\n→ do that\u{fffd}"
    );
}

#[test]
fn the_head_says_what_was_asked_about() {
    #[track_caller]
    fn check(
        since: Option<&str>,
        until: Option<&str>,
        segments: &[(Dimension, &str)],
        expected: &str,
    ) {
        let day = |day: Option<&str>| day.map(|day| day.parse().unwrap());
        let mut report = invented("Logistics");
        report.filter = Filter {
            since: day(since),
            until: day(until),
            segments: segments.iter().map(|(d, v)| (*d, v.to_string())).collect(),
        };
        let page = page(&report, 80);
        let head = page.lines().next().unwrap();
        assert_eq!(head, format!("Report of 2026-03-30 10:00 UTC: {expected}"));
    }
    let (march, april) = (Some("2026-03-01"), Some("2026-04-01"));
    check(None, None, &[], "all that ever left");
    check(march, None, &[], "first mails since 2026-03-01");
    check(None, april, &[], "first mails until 2026-04-01");
    let segments = [
        (Dimension::Country, "DE"),
        (Dimension::CompanySize, "1-10\u{1b}"),
        (Dimension::Country, "AT"),
    ];
    let expected = "first mails from 2026-03-01 to 2026-04-01, company size `1-10\u{fffd}`, \
                    country `DE` or `AT`";
    check(march, april, &segments, expected);
}

#[test]
fn a_ledger_in_which_nothing_was_sent_says_what_to_do() {
    let mut report = empty();
    let text = page(&report, 80);
    assert!(
        text.contains("nothing was sent so far: `outreach nightly`"),
        "{text}"
    );
    report.states = invented("x").states;
    report.filter.segments = vec![(Dimension::Tone, "Bold".to_string())];
    let text = page(&report, 80);
    assert!(
        text.contains("tone `Bold`\n") && text.contains("ask for a longer period"),
        "{text}"
    );
    assert!(
        text.contains("campaigns: 40 active, 250 completed"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn too_few_leads_are_said_to_be_too_few() {
    let mut report = empty();
    report.totals = campaigns(2, 12);
    let text = page(&report, 80);
    let expected = "2 of 12 leads replied: not enough data for a share (fewer than 30)";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("opens and clicks are not tracked"), "{text}");
}
