//! Safety: nothing hidden, nothing that breaks a header, no link we do not vouch for.
//!
//! Purpose: control, invisible, bidirectional and look-alike characters; links outside the brand's
//! list; instructions and secrets that leaked out of a prompt.
//! Invariant: what is found here is never a matter of taste: all of it blocks.
//! This module does not follow links; its phrases are in `phrases.toml`.

use std::sync::LazyLock;

use regex::Regex;

use super::reading::{Case, Reading};
use super::{Issue, Severity, issue, phrases};
use crate::copy::text::{fold, words};
use crate::lead;

/// Web addresses, with scheme, `www.` or a bare host under a common top-level domain, and mail
/// addresses.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    let host = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+";
    let patterns = [
        r"[a-z][a-z0-9+.-]*://[^\s<>]+".to_string(),
        r"www\.[^\s<>]+".to_string(),
        r"[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+".to_string(),
        format!(r"{host}[a-z][a-z0-9-]*[a-z0-9](?-u:\b)(?:/[^\s<>]*)?"),
    ];
    phrases::pattern(&format!("(?i:{})", patterns.join("|")), false)
});

/// The rules of this family.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    phrases::apply("safety", case, reading, issues);
    header(reading, issues);
    characters(reading, issues);
    for link in links(&reading.masked) {
        if !is_allowed(case, link) {
            let hint = "use only links of the brand's list, or none";
            issues.push(issue(
                "foreign_link",
                Severity::Blocker,
                reading.step,
                link,
                hint,
            ));
        }
    }
}

/// Whether a phrase hides nothing and leads nowhere; what it asks of a model is for the phrases.
pub(super) fn is_clean(phrase: &str) -> bool {
    !phrase.chars().any(is_hidden)
        && words(phrase).all(|word| !is_mixed(word))
        && links(phrase).is_empty()
}

fn header(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    if reading.subject.chars().any(char::is_control) {
        let hint = "keep the subject on one line without control characters";
        let code = "header_injection";
        issues.push(issue(
            code,
            Severity::Blocker,
            reading.step,
            reading.subject,
            hint,
        ));
    }
    let headers = ["bcc:", "cc:", "content-type:", "mime-version:", "x-mailer:"];
    let injected = reading
        .folded
        .lines()
        .find(|line| headers.iter().any(|h| line.trim().starts_with(h)));
    if let Some(line) = injected {
        let hint = "no mail headers in the text";
        issues.push(issue(
            "header_injection",
            Severity::Blocker,
            reading.step,
            line,
            hint,
        ));
    }
}

fn characters(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let text = || reading.subject.chars().chain(reading.body.chars());
    if let Some(hidden) = text().find(|c| is_hidden(*c)) {
        let shown = format!("U+{:04X}", u32::from(hidden));
        let hint = "remove the invisible character";
        issues.push(issue(
            "hidden_character",
            Severity::Blocker,
            reading.step,
            &shown,
            hint,
        ));
    }
    let mixed = words(&reading.masked).find(|word| is_mixed(word));
    if let Some(word) = mixed {
        let hint = "write the word in one alphabet: some of its letters only look alike";
        issues.push(issue(
            "look_alike",
            Severity::Blocker,
            reading.step,
            word,
            hint,
        ));
    }
}

/// Control characters but line end and tab, and characters of no width or changed direction. The
/// joiner inside an emoji is one too: emoji of that kind are not wanted either.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0
            | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF)
}

/// Whether letters of Latin and of an alphabet that looks like it stand in one word, or letters are
/// written in a style of the mathematical blocks.
fn is_mixed(word: &str) -> bool {
    if word.is_ascii() {
        return false;
    }
    let in_ranges = |ranges: &[(u32, u32)]| {
        word.chars().any(|c| {
            ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&u32::from(c)))
        })
    };
    let latin = in_ranges(&[(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F)]);
    let alike = in_ranges(&[
        (0x370, 0x3FF),
        (0x400, 0x52F),
        (0x530, 0x58F),
        (0x13A0, 0x13FF),
    ]);
    let styled = in_ranges(&[
        (0x1D400, 0x1D7FF),
        (0xFF21, 0xFF5A),
        (0x24B6, 0x24E9),
        (0x1F130, 0x1F189),
    ]);
    (latin && alike) || styled
}

/// The links of a text, without the punctuation of its sentences.
pub(super) fn links(text: &str) -> Vec<&str> {
    // Looking for addresses is slow; most texts cannot hold one.
    let inner = |(dot, next): (u8, u8)| dot == b'.' && next.is_ascii_alphanumeric();
    let possible = text.contains(['@', '/']) || text.bytes().zip(text.bytes().skip(1)).any(inner);
    if !possible {
        return Vec::new();
    }
    LINK.find_iter(text)
        .map(|found| {
            found
                .as_str()
                .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\''])
        })
        .filter(|link| link.contains(['/', '@']) || is_host(link))
        .collect()
}

/// Whether a bare name with dots ends in a domain that exists (or in one reserved by RFC 2606): a
/// missing space after a full stop makes no address, unless what follows is one.
fn is_host(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let end = name.rsplit('.').next().unwrap_or_default();
    // Words that begin sentences and happen to be domains.
    let word = [
        "is", "as", "so", "my", "at", "be", "do", "am", "pm", "id", "no",
    ]
    .contains(&end);
    let reserved = ["example", "test", "invalid"].contains(&end);
    let known = psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
    reserved || (known && !word)
}

/// Whether a link may stand in the mail: the brand lists its host or its beginning, or it is the
/// bare name of the lead's own domain.
fn is_allowed(case: &Case<'_>, link: &str) -> bool {
    let link = fold(link);
    let rest = link
        .split_once("://")
        .map_or(link.as_str(), |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let host = rest
        .get(..end)
        .unwrap_or_default()
        .trim_start_matches("www.");
    if !link.contains('@') && !link.contains("://") && !rest.contains('/') {
        let own = fold(&case.lead.website).contains(host) || host == case.lead.email.domain();
        let named = lead::registrable_domain(host).is_some_and(|d| case.known.has(&d));
        if own || named || case.lead_data.contains(host) {
            return true;
        }
    }
    case.brand
        .links
        .iter()
        .map(|allowed| fold(allowed.trim()))
        .any(|allowed| {
            let plain = allowed
                .split_once("://")
                .map_or(allowed.as_str(), |(_, rest)| rest);
            let plain = plain.trim_start_matches("www.").trim_end_matches('/');
            let path = rest.trim_start_matches("www.");
            let starts = path.strip_prefix(plain);
            let here =
                starts.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
            let below = !plain.contains('/') && host.ends_with(&format!(".{plain}"));
            here || below
        })
}
