//! What stands below a person's words: closing formula, name, contact details, notices, the line of
//! the device.
//!
//! Purpose: take it off where its form is certain, and keep it where it might be said to us. A
//! postscript below a signature is kept.

use std::sync::LazyLock;

use super::Line;
use crate::words::Words;
use crate::words::folding::{cut, fold};

/// The lines a closing formula may have below it and still close the mail.
const CLOSED_LINES_MAX: usize = 16;
/// The characters of a line that may be part of a signature.
const SIGNATURE_LINE_MAX: usize = 120;

/// The person's own lines of one stretch of the mail, without what stands below them.
pub(super) fn without<'a>(section: &[Line<'a>], is_continued: bool, writer: &str) -> Vec<Line<'a>> {
    let mut own = without_notices(section, is_continued);
    let postscript = cut_closing(&mut own, writer);
    cut_contacts(&mut own, writer);
    if own.iter().all(Line::is_empty) && !is_continued && postscript.is_empty() {
        return without_notices(section, is_continued);
    }
    if !postscript.is_empty() {
        own.push(Line {
            raw: "",
            folded: "",
        });
        own.extend(postscript);
    }
    own
}

/// The folded words up to "Best regards": below it stand names, titles and advertising.
pub(super) fn before_closing(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let has_words = |line: &&str| line.split_whitespace().count() > 2;
    let closing = lines.iter().enumerate().position(|(index, line)| {
        line.len() < 100
            && lines.iter().take(index).any(has_words)
            && (is_closing(&fold(line)) || is_thanking(&fold(line)) && index + 1 < lines.len())
            && !lines
                .iter()
                .skip(index + 1)
                .any(|line| is_postscript(&fold(line)))
    });
    let end = closing.unwrap_or(lines.len());
    let kept: Vec<&str> = lines.into_iter().take(end).collect();
    kept.join("\n").trim().to_string()
}

/// Without banners, device lines and what follows a signature's mark or a legal notice.
fn without_notices<'a>(section: &[Line<'a>], is_continued: bool) -> Vec<Line<'a>> {
    let mut own: Vec<Line<'a>> = Vec::new();
    let mut lines = section.iter().peekable();
    while let Some(line) = lines.next() {
        let has_words = is_continued || own.iter().any(|line| !line.is_empty());
        if is_banner(line) || is_notice(line) && !has_words {
            while lines.next_if(|line| !line.is_empty()).is_some() {}
            continue;
        }
        let is_end = is_mark(line) || is_notice(line) || is_list_footer(line, lines.peek());
        if is_end && has_words {
            break;
        }
        if !is_device(line) {
            own.push(*line);
        }
    }
    own
}

fn is_mark(line: &Line<'_>) -> bool {
    let trimmed = line.raw.trim();
    matches!(
        trimmed,
        "--" | "---" | "—" | "–" | "- -" | "-- --" | "~~" | "***"
    ) || line.raw.starts_with("-- ") && line.raw.len() < 60
}

/// What the recipient's own server puts above or below: one paragraph, wherever it stands.
fn is_banner(line: &Line<'_>) -> bool {
    static BANNER: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_banner.txt")));
    !line.is_empty() && BANNER.is_match(line.folded)
}

/// Legal notices below a mail speak of confidentiality and deleting; nobody wrote them for us.
fn is_notice(line: &Line<'_>) -> bool {
    static NOTICE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_notice.txt")));
    line.folded.len() > 9 && NOTICE.is_match(line.folded)
}

/// The rule and the name of a mailing list.
fn is_list_footer(line: &Line<'_>, next: Option<&&Line<'_>>) -> bool {
    line.folded.starts_with("__________")
        && next.is_some_and(|next| next.folded.contains("list") || next.folded.contains('@'))
}

/// "Sent from my iPhone" and its kin: a line of the device, not of the person.
fn is_device(line: &Line<'_>) -> bool {
    static DEVICE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_device.txt")));
    !line.is_empty() && line.folded.len() < 200 && DEVICE.is_match(line.folded)
}

fn is_closing(folded: &str) -> bool {
    static CLOSING: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_closing.txt")));
    CLOSING.is_match(folded)
}

/// "Thanks," above a name; with nothing below it, it may be all that was said.
fn is_thanking(folded: &str) -> bool {
    static THANKING: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_thanking.txt")));
    THANKING.is_match(folded)
}

fn is_postscript(folded: &str) -> bool {
    ["ps", "p.s", "pps", "n.b"].iter().any(|word| {
        folded
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(['.', ':', ' ', '-', ',']))
    })
}

/// Cuts from the first closing formula on if nothing below it reads like prose, and gives back the
/// postscript.
fn cut_closing<'a>(own: &mut Vec<Line<'a>>, writer: &str) -> Vec<Line<'a>> {
    let closing = own.iter().enumerate().position(|(index, line)| {
        let below = own.get(index + 1..).unwrap_or_default();
        let named = || below.iter().any(|line| !line.is_empty());
        let is_end = is_closing(line.folded) || is_thanking(line.folded) && named();
        index > 0 && is_end && is_signature(below, writer)
    });
    let has_words = |index: usize| own.iter().take(index).any(|line| !line.is_empty());
    let Some(closing) = closing.filter(|&index| has_words(index)) else {
        return Vec::new();
    };
    let below = own.split_off(closing);
    let postscript = below.iter().position(|line| is_postscript(line.folded));
    let from = postscript.unwrap_or(below.len());
    below.get(from..).unwrap_or_default().to_vec()
}

/// Whether the lines below a closing formula are those of a signature.
fn is_signature(below: &[Line<'_>], writer: &str) -> bool {
    let until_postscript = below.iter().take_while(|line| !is_postscript(line.folded));
    let lines: Vec<&Line<'_>> = until_postscript.filter(|line| !line.is_empty()).collect();
    let prose = lines.iter().filter(|line| is_prose(line, writer)).count();
    let contacts = lines.iter().filter(|line| is_contact(line)).count();
    lines.len() <= CLOSED_LINES_MAX && (prose == 0 || prose == 1 && contacts >= 2)
}

/// A sentence: many words, or the punctuation of one, and nothing of an address.
fn is_prose(line: &Line<'_>, writer: &str) -> bool {
    let words = line.folded.split(' ').count();
    let is_sentence = line.folded.ends_with(['.', '!', '?']) && words > 3;
    !is_contact(line)
        && !is_name(line, writer)
        && (words > 12 || is_sentence || line.folded.len() > SIGNATURE_LINE_MAX)
}

/// A line of contact details: telephone, address, site, title and company.
fn is_contact(line: &Line<'_>) -> bool {
    static CONTACT: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_contact.txt")));
    CONTACT.is_match(line.folded)
}

/// The writer's own name, or part of it, on a line of its own.
fn is_name(line: &Line<'_>, writer: &str) -> bool {
    let name = line.folded.trim_matches(|c: char| !c.is_alphanumeric());
    if name.is_empty() || name.len() > 60 || line.folded.ends_with(['!', '?']) {
        return false;
    }
    let parts: Vec<&str> = writer
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| part.len() > 1)
        .collect();
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1)
        .all(|word| parts.contains(&word))
        && !parts.is_empty()
}

/// Whether a short line holds the writer's whole name, with a degree or `p.p.` beside it.
fn names(line: &Line<'_>, writer: &str) -> bool {
    let words = |text: &'_ str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| word.len() > 1);
        words.map(str::to_string).collect()
    };
    let (said, parts) = (words(line.folded), words(writer));
    let is_sentence = line.folded.ends_with(['.', '!', '?', ':', ',']);
    !is_sentence && parts.len() > 1 && said.len() <= 5 && parts.iter().all(|p| said.contains(p))
}

/// Cuts a block of contact details, and the writer's name, from the end.
fn cut_contacts(own: &mut Vec<Line<'_>>, writer: &str) {
    cut_gap(own);
    let start = own
        .iter()
        .rposition(Line::is_empty)
        .map_or(0, |gap| gap + 1);
    let block = own.get(start..).unwrap_or_default();
    let contacts = block.iter().filter(|line| is_contact(line)).count();
    let plain = |line: &Line<'_>| {
        is_contact(line) || is_name(line, writer) || is_title(line) || names(line, writer)
    };
    let opens = block.first().is_some_and(|line| is_name(line, writer));
    let above = own.iter().take(start).rfind(|line| !line.is_empty());
    let is_announced = above.is_some_and(|line| line.folded.ends_with(':'));
    let is_signed = block.first().is_some_and(|line| names(line, writer));
    let is_block = (contacts > 1 || contacts == 1 && opens || is_signed)
        && !is_announced
        && block.iter().all(plain);
    if start > 0 && is_block {
        own.truncate(start);
        cut_gap(own);
    }
    cut_name(own, writer);
}

/// Cuts a last line that is but the writer's name: `Bob`, `-Bob`, `Bob Stone`, and title lines
/// directly below the name.
fn cut_name(own: &mut Vec<Line<'_>>, writer: &str) {
    let is_signed = |line: &Line<'_>| {
        let raw = line.raw.trim();
        let dashed = raw.strip_prefix(['-', '–', '—', '~']);
        let is_dashed = dashed.is_some_and(|name| {
            name.starts_with(char::is_uppercase) && name.split(' ').count() <= 2
        });
        is_name(line, writer) || is_dashed && line.folded.len() < 30
    };
    let below = own.iter().rev().take(4).take_while(|line| !line.is_empty());
    let titles = below
        .clone()
        .take_while(|l| !is_signed(l) && is_title(l))
        .count();
    let at = own.len().saturating_sub(titles + 1);
    let is_cut = at > 0 && own.get(at).is_some_and(is_signed);
    let follows_list = at
        .checked_sub(1)
        .and_then(|before| own.get(before))
        .is_some_and(|line| line.folded.starts_with('-'));
    if is_cut && !follows_list && own.iter().take(at).any(|line| !line.is_empty()) {
        own.truncate(at);
        cut_gap(own);
    }
}

/// A short line without the marks of a sentence, as titles and companies are written.
fn is_title(line: &Line<'_>) -> bool {
    let raw = line.raw.trim();
    raw.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        && cut(raw, 61).len() <= 60
        && !raw.ends_with(['.', '!', '?', ':', ','])
        && raw.split_whitespace().count() <= 7
}

fn cut_gap(own: &mut Vec<Line<'_>>) {
    while own.last().is_some_and(Line::is_empty) {
        own.pop();
    }
}
