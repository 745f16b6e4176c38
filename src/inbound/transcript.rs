//! What a mail system wrote into a bounce: its words, without the mail it returns.
//!
//! Purpose: the server's reason and the addresses that failed, out of free text. Invariant: nothing
//! of the returned original is read as the server's words. This module does not decide whether the
//! text is a bounce.

use std::sync::LazyLock;

use regex::Regex;

use crate::delivery::cause::{self, Cause};
use crate::words::Words;
use crate::words::folding::{cut, fold, one_line, pattern};

/// The most characters of a reason.
const REASON_CHARS_MAX: usize = 500;
/// The most paragraphs that are looked at.
const PARAGRAPHS_MAX: usize = 40;

/// Words of a delivery that failed.
static FAILURE: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/bounce_failure.txt")));
/// Words of a delivery that is still tried.
static DELAY: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/bounce_delay.txt")));
/// Words of a delivery that is tried no more.
static GAVE_UP: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/bounce_gave_up.txt")));
/// Where the returned original begins.
static ORIGINAL: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/bounce_original.txt")));

/// Why a mail was not delivered, as far as a text tells.
#[derive(Debug)]
pub(super) struct Told {
    pub refusal: Cause,
    pub status: Option<String>,
    pub reason: String,
}

/// Whether folded words speak of a failure.
pub(super) fn speaks_of_failure(folded: &str) -> bool {
    FAILURE.is_match(folded)
}

/// Whether folded words speak of a delivery that is still tried.
pub(super) fn speaks_of_delay(folded: &str) -> bool {
    DELAY.is_match(folded)
}

/// Whether folded words say that nobody tries any more.
pub(super) fn gave_up(folded: &str) -> bool {
    GAVE_UP.is_match(folded)
}

/// A text up to the returned original, and the original: it must not be read as the server's words.
pub(super) fn before_original(body: &str) -> (&str, &str) {
    let found = ORIGINAL.find_all(body).find(|found| {
        let before = body.get(..found.start).unwrap_or_default();
        before.chars().any(char::is_alphanumeric)
    });
    let at = found.map_or(body.len(), |found| found.start);
    (
        body.get(..at).unwrap_or(body),
        body.get(at..).unwrap_or_default(),
    )
}

/// Reads the reason: the words after a server's code, else those a machine's paragraph has for it,
/// else the whole text.
pub(super) fn told(text: &str) -> Told {
    let text = cut(text, 8_000);
    let whole = cause::status_in(text);
    let mut first = None;
    for reason in coded(text) {
        let status = cause::status_in(&reason).or_else(|| whole.clone());
        let refusal = cause::classify(status.as_deref(), &reason);
        if refusal != Cause::Other {
            return Told {
                refusal,
                status,
                reason,
            };
        }
        first = first.or(Some(reason));
    }
    // Introductions speak of failed addresses, too: plain words are worth more than hints.
    let paragraphs = paragraphs(text);
    let plain = || paragraphs.iter().find(|p| cause::says_plainly(p));
    let hinted = || paragraphs.iter().find(|p| cause::says_why(p));
    let failed = || paragraphs.iter().find(|p| speaks_of_failure(&fold(p)));
    let said = plain().or_else(hinted);
    let reason = match (first, said) {
        (Some(first), None) => first,
        (_, Some(said)) => said.clone(),
        (None, None) => failed().or(paragraphs.first()).cloned().unwrap_or_default(),
    };
    Told {
        refusal: cause::classify(whole.as_deref(), &reason),
        status: whole,
        reason,
    }
}

/// The pieces of a text that begin with a server's code, to the end of their paragraph.
fn coded(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim).take(300) {
        let has_code = cause::has_reply_code(line) || cause::status_in(line).is_some();
        let is_address = line.contains('@') && !line.contains(' ');
        if line.is_empty() || line.starts_with("...") || is_open && is_address {
            is_open = false;
        } else if has_code && (!is_open || line.starts_with("<<<")) && pieces.len() < 12 {
            pieces.push(line.to_string());
            is_open = true;
        } else if let Some(piece) = pieces.last_mut().filter(|_| is_open) {
            piece.push(' ');
            piece.push_str(line);
        }
    }
    pieces
        .into_iter()
        .map(|piece| one_line(&piece, REASON_CHARS_MAX))
        .collect()
}

/// The paragraphs of a text, and before each the line of it that stands alone.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = vec![String::new()];
    for line in text.lines().take(400) {
        match found.last_mut() {
            Some(last) if !line.trim().is_empty() => {
                last.push(' ');
                last.push_str(line);
            }
            _ => found.push(String::new()),
        }
    }
    found
        .into_iter()
        .filter(|paragraph| !paragraph.trim().is_empty())
        .take(PARAGRAPHS_MAX)
        .map(|paragraph| one_line(&paragraph, REASON_CHARS_MAX))
        .collect()
}

/// The addresses a text says it could not reach: those at the beginning of a line or after the
/// words a program puts before them, else all it names.
pub(super) fn recipients(text: &str) -> Vec<String> {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"[A-Za-z0-9._%+'=/&-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));
    let (mut named, mut others) = (Vec::new(), Vec::new());
    let text = cut(text, 8_000);
    for line in text.lines().filter(|line| line.contains('@')).take(60) {
        let head = fold(cut(line, 40));
        let is_other = [
            "message-id",
            "message:",
            "message identifier",
            "the message identifier",
            "from:",
            "reply-to",
            "sender:",
            "return-path",
            "von:",
            "de:",
        ]
        .iter()
        .any(|name| head.starts_with(name) || head.contains("message-id"));
        if is_other {
            continue;
        }
        for found in ADDRESS.find_iter(line).take(10) {
            let before = line.get(..found.start()).unwrap_or_default();
            let after = line.get(found.end()..).unwrap_or_default();
            let before = fold(before);
            let address = found.as_str().trim_matches(['\'', '.']).to_lowercase();
            let is_alone = before.chars().all(|c| !c.is_alphanumeric());
            let is_told = [
                "to:",
                "to: <",
                "<",
                "recipient:",
                "recipient",
                "address:",
                "an:",
                "user",
            ]
            .iter()
            .any(|words| before.ends_with(words))
                || after.starts_with([':', '>']);
            let list = if is_alone || is_told {
                &mut named
            } else {
                &mut others
            };
            if !list.contains(&address) && list.len() < 30 {
                list.push(address);
            }
        }
    }
    if named.is_empty() { others } else { named }
}
