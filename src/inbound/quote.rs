//! What a person wrote themselves: the mail without what it quotes, without signature and notices.
//!
//! Purpose: the words that may be judged. Our own footer, quoted back, speaks of opting out; it
//! must never be read as the lead's wish. Invariant: every line of the mail is either kept, in
//! order, or counted as quoted or signature; when in doubt it is kept.
//! This module knows how mail programs quote, not what the words mean.

use std::sync::LazyLock;

use super::folding::{cut, fold};
use super::words::Words;

/// A mail's own words and what it quotes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// The person's own words, without signature.
    pub text: String,
    /// The own words up to the closing formula: what the rules judge.
    pub judged: String,
    /// What was quoted: evidence of what the mail is about, never of what the person wants.
    pub quoted: String,
}

/// Separates a body. What is quoted with `>` may stand between the person's own lines; what follows
/// an unmarked quotation's head belongs to the quotation to the end.
pub(super) fn strip(body: &str) -> Reply {
    let lines: Vec<&str> = body.lines().take(3_000).collect();
    let mut own: Vec<&str> = Vec::new();
    let mut quoted: Vec<&str> = Vec::new();
    let mut in_signature = false;
    let mut index = 0;
    while let Some(&line) = lines.get(index) {
        let rest = lines.get(index..).unwrap_or_default();
        if is_marked(line) {
            quoted.push(line.trim_start().trim_start_matches(['>', '|', ' ']));
            index += 1;
            continue;
        }
        if let Some(length) = head_length(rest) {
            let after = rest.get(length..).unwrap_or_default();
            let is_marked_next = after
                .iter()
                .find(|l| !l.trim().is_empty())
                .is_some_and(|l| is_marked(l));
            let has_marked_own = is_marked_next && is_attribution(rest, length);
            if has_marked_own {
                index += length;
                continue;
            }
            quoted.extend(rest);
            break;
        }
        if is_notice(line) || (is_signature_mark(line) && own.iter().any(|l| !l.trim().is_empty()))
        {
            in_signature = true;
        }
        if !in_signature && !is_device_line(line) {
            own.push(line);
        }
        index += 1;
    }
    while own.last().is_some_and(|line| is_rule(line)) {
        own.pop();
    }
    let text = own.join("\n").trim().to_string();
    let judged = before_closing(&own);
    Reply {
        text,
        judged,
        quoted: quoted.join("\n"),
    }
}

fn is_marked(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// An empty line, or one drawn between an answer and what it quotes.
fn is_rule(line: &str) -> bool {
    line.chars()
        .all(|c| c.is_whitespace() || matches!(c, '_' | '-' | '=' | '*' | '─' | '—'))
}

fn is_signature_mark(line: &str) -> bool {
    matches!(line.trim_end(), "--" | "---" | "—") || line == "-- "
}

/// How many lines the head of a quotation takes, if one begins here.
fn head_length(rest: &[&str]) -> Option<usize> {
    let first = rest.first()?.trim();
    if first.is_empty() {
        return None;
    }
    if is_separator(first) {
        return Some(1);
    }
    if is_header_block(rest) {
        return Some(1);
    }
    (1..=4).find(|&length| is_attribution(rest, length))
}

fn is_separator(line: &str) -> bool {
    static SEPARATOR: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_separator.txt")));
    line.starts_with(['-', '_', '=', '*']) && SEPARATOR.is_match(&fold(cut(line, 200)))
        || fold(cut(line, 60)).starts_with("begin forwarded message")
}

/// "On Tue, Ada wrote:" in the languages and wrappings of the usual programs.
fn is_attribution(rest: &[&str], length: usize) -> bool {
    static WROTE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_attribution.txt")));
    let Some(lines) = rest.get(..length) else {
        return false;
    };
    if lines
        .iter()
        .any(|line| line.trim().is_empty() || is_marked(line))
    {
        return false;
    }
    let joined = lines.join(" ");
    if joined.len() > 600 {
        return false;
    }
    let folded = fold(&joined);
    let dated = folded.chars().any(|c| c.is_ascii_digit()) || folded.contains('@');
    let ends = folded.ends_with(':') || dated;
    ends && (dated || length == 1 && folded.ends_with(':')) && WROTE.is_match(&folded)
}

/// Outlook's unmarked head: From, then Sent or Date, To or Subject within the next lines.
fn is_header_block(rest: &[&str]) -> bool {
    static FIRST: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_from.txt")));
    static NEXT: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_fields.txt")));
    let Some(first) = rest.first() else {
        return false;
    };
    if !FIRST.is_match(&fold(cut(first.trim(), 300))) {
        return false;
    }
    let next = rest
        .iter()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .take(4);
    next.filter(|line| NEXT.is_match(&fold(cut(line.trim(), 300))))
        .count()
        >= 2
}

/// "Sent from my iPhone" and its kin: a line of the device, not of the person.
fn is_device_line(line: &str) -> bool {
    static DEVICE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_device.txt")));
    let line = line.trim();
    !line.is_empty() && line.len() < 200 && DEVICE.is_match(&fold(line))
}

/// Legal notices below a mail speak of confidentiality and deleting; nobody wrote them for us.
fn is_notice(line: &str) -> bool {
    static NOTICE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_notice.txt")));
    line.len() > 9 && NOTICE.is_match(&fold(cut(line, 300)))
}

/// The lines up to "Best regards": below it stand names, titles and advertising.
fn before_closing(own: &[&str]) -> String {
    static CLOSING: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/quote_closing.txt")));
    let closing = own.iter().enumerate().position(|(index, line)| {
        let has_words = own
            .iter()
            .take(index)
            .any(|l| l.trim().split(' ').count() > 2);
        has_words && line.len() < 100 && CLOSING.is_match(&fold(line))
    });
    let end = closing.unwrap_or(own.len());
    own.iter()
        .take(end)
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, text: &str) {
        assert_eq!(strip(body).text, text, "{body}");
    }

    #[test]
    fn what_programs_quote_is_left_out() {
        for head in [
            "On Tue, 3 Mar 2026 at 09:12, Ada Lovelace <ada@ourco.example> wrote:",
            "On Tue, 3 Mar 2026 at 09:12, Ada Lovelace\n<ada@ourco.example> wrote:",
            "Am Di., 3. März 2026 um 09:12 Uhr schrieb Ada <ada@ourco.example>:",
            "Am 03.03.2026 um 09:12 schrieb Ada Lovelace:",
            "Le mar. 3 mars 2026 à 09:12, Ada <ada@ourco.example> a écrit :",
            "El mar, 3 mar 2026 a las 9:12, Ada (<ada@ourco.example>) escribió:",
            "Il giorno mar 3 mar 2026 alle ore 09:12 Ada <ada@ourco.example> ha\nscritto:",
            "Op di 3 mrt 2026 om 09:12 schreef Ada <ada@ourco.example>:",
            "Em ter., 3 de mar. de 2026 às 09:12, Ada <ada@ourco.example> escreveu:",
            "-----Original Message-----",
            "-----Ursprüngliche Nachricht-----",
            "-------- Message d'origine --------",
            "From: Ada\nSent: Tuesday, 3 March 2026 09:12\nTo: Bob\nSubject: Hello",
            "Von: Ada\nGesendet: Dienstag, 3. März 2026 09:12\nAn: Bob\nBetreff: Hallo",
            "De : Ada\nEnvoyé : mardi 3 mars 2026 09:12\nÀ : Bob\nObjet : Bonjour",
            "Van: Ada\nVerzonden: dinsdag 3 maart 2026 09:12\nAan: Bob\nOnderwerp: Hallo",
            "*From:* Ada\n*Sent:* Tuesday\n*To:* Bob\n*Subject:* Hello",
        ] {
            check(
                &format!("Yes please.\n\n{head}\n\nreply \"no thanks\""),
                "Yes please.",
            );
            check(
                &format!("Yes please.\n\n{head}\n> reply \"no thanks\"\n"),
                "Yes please.",
            );
        }
    }

    #[test]
    fn answers_between_and_below_marked_lines_are_kept() {
        let body =
            "On Tue, 3 Mar 2026, Ada <a@b.example> wrote:\n> Do you ship?\nWe do.\n> When?\nDaily.";
        check(body, "We do.\nDaily.");
        check("> a\n>> b\n\nBelow.", "Below.");
    }

    #[test]
    fn signatures_devices_and_notices_are_left_out() {
        check("Yes.\n-- \nBob\nunsubscribe from our newsletter", "Yes.");
        check("Yes.\n\nSent from my iPhone", "Yes.");
        check("Ja.\n\nVon meinem iPhone gesendet", "Ja.");
        check(
            "Yes.\n\nThis e-mail is confidential and intended solely for you.\nDelete it.",
            "Yes.",
        );
        assert_eq!(
            strip("Yes, do call me.\n\nBest regards,\nBob Stop").judged,
            "Yes, do call me."
        );
    }

    #[test]
    fn ordinary_lines_are_not_taken_for_heads() {
        for body in [
            "On Monday I wrote to your colleague about this.\nPlease answer.",
            "From: here to eternity.\nWe like it.",
            "He wrote:\nnothing",
            "Thanks\nfor the mail, and more",
            "--\nAda\nYes",
        ] {
            let stripped = strip(body).text;
            assert!(!stripped.is_empty(), "{body}");
            assert!(
                stripped.contains(body.lines().last().unwrap()) || body.starts_with("He"),
                "{body}"
            );
        }
    }
}
