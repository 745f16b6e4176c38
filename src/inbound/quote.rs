//! What a person wrote themselves: the mail without what it quotes, without signature and notices.
//!
//! Purpose: the words that may be judged. Our own footer, quoted back, speaks of opting out; it
//! must never be read as the lead's wish. Invariant: every line of the mail is either kept, in
//! order, or counted as quoted or signature; when in doubt it is kept.
//! This module knows how mail programs quote, not what the words mean.

mod head;
mod signature;

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::words::folding::{byte_pattern, cut, fold};
use head::Head;

/// The lines of a mail that are looked at; what people write stands in the first ones.
const LINES_MAX: usize = 3_000;

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

/// A line as written and as the rules see it.
#[derive(Clone, Copy)]
struct Line<'a> {
    raw: &'a str,
    folded: &'a str,
}

impl Line<'_> {
    fn is_empty(&self) -> bool {
        self.folded.is_empty()
    }

    fn is_marked(&self) -> bool {
        is_marked(self.raw)
    }
}

/// Separates a body. What is quoted with `>` may stand between the person's own lines; what follows
/// an unmarked quotation's head belongs to the quotation to the end.
/// `writer` is the name in From, which a signature repeats.
pub(super) fn strip(body: &str, writer: &str) -> Reply {
    let body = broken_before_heads(body);
    let raw: Vec<&str> = body.lines().take(LINES_MAX).collect();
    let folded: Vec<String> = raw.iter().map(|line| fold(cut(line, 300))).collect();
    let lines: Vec<Line<'_>> = raw
        .iter()
        .zip(&folded)
        .map(|(raw, folded)| Line { raw, folded })
        .collect();
    let (sections, quoted) = sections(&lines);
    let writer = fold(writer);
    let mut text: Vec<&str> = Vec::new();
    for section in &sections {
        let is_continued = text.iter().any(|line| !line.trim().is_empty());
        let own = signature::without(section, is_continued, &writer);
        text.extend(own.iter().map(|line| line.raw));
    }
    let text = joined(&text);
    let judged = signature::before_closing(&text);
    Reply {
        text,
        judged,
        quoted: quoted.join("\n"),
    }
}

/// The person's own stretches of the mail, and the quoted lines.
fn sections<'a>(lines: &[Line<'a>]) -> (Vec<Vec<Line<'a>>>, Vec<&'a str>) {
    let mut sections: Vec<Vec<Line<'a>>> = vec![Vec::new()];
    let mut quoted: Vec<&str> = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        let rest = lines.get(index..).unwrap_or_default();
        if line.is_marked() && !head::is_enclosed_head(line) || is_rewrapped(lines, index) {
            quoted.push(line.raw.trim_start().trim_start_matches(['>', '|', ' ']));
            if sections.last().is_some_and(|section| !section.is_empty()) {
                sections.push(Vec::new());
            }
            index += 1;
            continue;
        }
        match head::at(rest) {
            Some(Head::OfMarked(length)) => {
                let said = rest.iter().take(length).map(|line| line.raw);
                quoted.extend(said);
                index += length;
            }
            Some(Head::OfRest(above)) => {
                if let Some(section) = sections.last_mut() {
                    section.truncate(section.len().saturating_sub(above));
                }
                quoted.extend(rest.iter().map(|line| line.raw));
                break;
            }
            None => {
                if let Some(section) = sections.last_mut() {
                    section.push(*line);
                }
                index += 1;
            }
        }
    }
    (sections, quoted)
}

fn is_marked(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with('>') {
        return true;
    }
    // `AL> text`, as some old programs put initials before the mark.
    line.split_once('>').is_some_and(|(before, after)| {
        (after.is_empty() || after.starts_with([' ', '>']))
            && (1..=3).contains(&before.len())
            && before.bytes().all(|b| b.is_ascii_uppercase())
    })
}

/// The end of a long quoted line that a program broke in two: between marked lines, beginning in
/// the middle of a sentence.
fn is_rewrapped(lines: &[Line<'_>], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| lines.get(before));
    let (Some(before), Some(line), Some(after)) = (before, lines.get(index), lines.get(index + 1))
    else {
        return false;
    };
    before.is_marked()
        && after.is_marked()
        && before.raw.len() >= 70
        && !before.raw.trim_end().ends_with(['.', '!', '?', ':', ';'])
        && line.raw.len() < before.raw.len()
        && line.raw.starts_with(char::is_lowercase)
}

/// The body with a line break before heads of quotations that stand at the end of a line of the
/// person's own, as happens where a program has thrown the breaks away.
fn broken_before_heads(body: &str) -> String {
    static INLINE: LazyLock<Regex> = LazyLock::new(|| byte_pattern(INLINE_HEADS));
    let mut out = String::with_capacity(body.len() + 8);
    for line in body.lines().take(LINES_MAX) {
        let is_candidate = line.len() > 40 && line.contains(':') && !is_marked(line);
        let found = if is_candidate {
            INLINE
                .captures(cut(line, 4_000).as_bytes())
                .and_then(|c| c.get(1))
        } else {
            None
        };
        let split = found.and_then(|head| line.split_at_checked(head.start()));
        match split.filter(|(own, _)| !own.trim().is_empty()) {
            Some((own, head)) => {
                out.push_str(own.trim_end());
                out.push('\n');
                let again = INLINE.captures(cut(head, 4_000).as_bytes());
                match again.and_then(|c| c.get(1)) {
                    Some(found) if !found.as_bytes().ends_with(b": ") => {
                        let (head, rest) = head.split_at_checked(found.end()).unwrap_or((head, ""));
                        out.push_str(head);
                        out.push('\n');
                        out.push_str(rest.trim_start());
                    }
                    _ => out.push_str(head),
                }
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// Heads as they stand inside a line; the group is the head, which begins and ends with ASCII.
/// Bytes are counted, not characters: the program for characters is many times as large.
const INLINE_HEADS: &str = concat!(
    r"(?i-u)(?:^|[^a-z])(",
    r"on (?:mon|tue|wed|thu|fri|sat|sun|[0-9]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    r"[^\n:>]{2,60}(?::[0-9]{2}[^\n]{1,120}?|[^\n:]{1,100}?) wrote ?:",
    r"|am [^\n]{0,6}[0-9][^\n]{4,120}? schrieb [^\n]{0,100}?:",
    r"|le (?:lun|mar|mer|jeu|ven|sam|dim|[0-9])[^\n]{4,150}? a écrit ?:",
    r"|el (?:lun|mar|mi|jue|vie|s|dom|[0-9])[^\n]{4,150}? escribió ?:",
    r"|il (?:giorno|[0-9])[^\n]{4,150}? ha scritto ?:",
    r"|op (?:ma|di|wo|do|vr|za|zo|[0-9])[^\n]{4,150}? (?:schreef [^\n]{0,100}?|schreef):",
    r"|em (?:seg|ter|qua|qui|sex|s|dom|[0-9])[^\n]{4,150}? escreveu ?:",
    r"|-{2,} ?(?:original message|forwarded message|ursprüngliche nachricht) ?-{2,}",
    r"|(?:from|von|de|da|van) ?: [^\n]{2,100}? (?:sent|date|gesendet|datum|envoyé|",
    r"enviado|inviato|verzonden) ?: [^\n]{4,80}? (?:to|an|À|para|a|aan) ?: ",
    r")"
);

/// The lines as one text, without the rules drawn between an answer and what it quotes, and with no
/// more than one empty line in a row.
fn joined(lines: &[&str]) -> String {
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    for line in lines {
        let is_second_gap =
            line.trim().is_empty() && kept.last().is_none_or(|last| last.trim().is_empty());
        if !is_second_gap {
            kept.push(line.trim_end());
        }
    }
    while kept.last().is_some_and(|line| is_rule(line)) {
        kept.pop();
    }
    kept.join("\n").trim().to_string()
}

/// An empty line, or one drawn between an answer and what it quotes.
fn is_rule(line: &str) -> bool {
    line.chars()
        .all(|c| c.is_whitespace() || matches!(c, '_' | '-' | '=' | '*' | '─' | '—' | '–' | '#'))
}

#[cfg(test)]
mod tests;
