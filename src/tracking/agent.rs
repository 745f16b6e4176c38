//! Who asked: a person's program, or one that fetches what nobody looked at.
//!
//! Purpose: mark what is a program's for certain or very likely, with the reason, so that the
//! figures of opens and clicks speak of people.
//!
//! What the rules go by:
//! - `prefetch`: Apple's Mail Privacy Protection loads every picture of every mail, through proxies
//!   that call themselves `Mozilla/5.0` and nothing more; browsers say so themselves
//!   (`Sec-Purpose: prefetch`, the Fetch standard; `Purpose` and `X-Purpose` before it).
//! - `scanner`: mail gateways and link checkers under their own names, programming libraries,
//!   browsers without a screen, or no name at all.
//! - `head`: a HEAD asks whether something is there (RFC 9110 section 9.3.2); Office and scanners
//!   do.
//! - `too_soon`: nobody reads a mail in the seconds in which it is delivered. Vendors that filter
//!   put the limit between 2 and 30 seconds; ours are [`OPEN_AFTER`] and [`CLICK_AFTER`].
//! - `burst`: several links of one mail within [`BURST`], or a click in the second of the open.
//!
//! What they cannot know: a scanner that waits and calls itself a browser counts as a person; the
//! first click of a burst was counted before the second one came; the first picture that Apple
//! loads may be the only sign of a person who did read. Google's and Yahoo's proxies load a picture
//! when the mail is looked at (at times before), so theirs are people's opens, of which neither
//! place nor program is known. Opens are a hint at best; answers are what counts.

use chrono::{DateTime, Duration, Utc};

use super::token::Purpose;

/// No open earlier than this after the mail left is a person's.
pub const OPEN_AFTER: Duration = Duration::seconds(5);

/// No click earlier than this after the mail left is a person's.
pub const CLICK_AFTER: Duration = Duration::seconds(10);

/// Clicks on different links of one mail within this are one program's.
pub const BURST: Duration = Duration::seconds(2);

/// So much of what a program calls itself is looked at.
const NAME_LEN_MAX: usize = 512;

/// The headers that may say that nobody has asked yet, in lower case; see [`says_prefetch`].
pub const PREFETCH_HEADERS: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// One request of an address of ours.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What for.
    pub purpose: Purpose,
    /// The method as it was given, `GET`.
    pub method: &'a str,
    /// What the program calls itself; `""` for nothing.
    pub user_agent: &'a str,
    /// Whether it says that nobody has asked yet: see [`PREFETCH_HEADERS`].
    pub is_prefetch: bool,
    /// Now.
    pub at: DateTime<Utc>,
    /// When the mail left; none when that is not known, and then nothing follows from it.
    pub sent_at: Option<DateTime<Utc>>,
    /// What had been asked of the same mail before, in any order, people's and programs'.
    pub earlier: &'a [Engagement],
}

/// An earlier request of an address of the same mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engagement {
    /// What for.
    pub purpose: Purpose,
    /// When.
    pub at: DateTime<Utc>,
}

/// Whether the value of one of the [`PREFETCH_HEADERS`] says that nobody has asked yet
/// (`prefetch;prerender`, `preview`).
pub fn says_prefetch(value: &str) -> bool {
    value.split([';', ',', ' ']).any(|word| {
        ["prefetch", "prerender", "preview"]
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w))
    })
}

/// Why a request is taken for a program's; none for a person's. A way out is always taken: what a
/// mail provider sends for its user looks like a program (RFC 8058 section 3.2).
pub fn machine(asked: &Asked<'_>) -> Option<&'static str> {
    let least = match asked.purpose {
        Purpose::OptOut => return None,
        Purpose::Open => OPEN_AFTER,
        Purpose::Click { .. } => CLICK_AFTER,
    };
    let family = family(asked.user_agent);
    let is_soon = |sent_at: DateTime<Utc>| asked.at.signed_duration_since(sent_at) < least;
    if asked.method.eq_ignore_ascii_case("HEAD") {
        Some("head")
    } else if asked.is_prefetch || family == "apple-mail-proxy" {
        Some("prefetch")
    } else if ["scanner", "program", "headless", "none"].contains(&family) {
        Some("scanner")
    } else if asked.sent_at.is_some_and(is_soon) {
        Some("too_soon")
    } else if is_burst(asked) {
        Some("burst")
    } else {
        None
    }
}

/// Whether it follows other clicks or the open faster than a person can.
fn is_burst(asked: &Asked<'_>) -> bool {
    let Purpose::Click { link } = asked.purpose else {
        return false;
    };
    asked.earlier.iter().any(|earlier| {
        let between = asked.at.signed_duration_since(earlier.at).abs();
        match earlier.purpose {
            Purpose::Click { link: other } => other != link && between <= BURST,
            Purpose::Open => between < Duration::seconds(1),
            Purpose::OptOut => false,
        }
    })
}

/// The families in the order they are looked for, each with the words that tell it, in lower case:
/// what is rarer before what many call themselves.
const FAMILIES: [(&str, &[&str]); 12] = [
    ("google-image-proxy", &["googleimageproxy"]),
    (
        "yahoo-mail-proxy",
        &["yahoomailproxy", "yahoocachesystem", "yahoo mail proxy"],
    ),
    ("scanner", SCANNERS),
    (
        "headless",
        &[
            "headless",
            "phantomjs",
            "puppeteer",
            "playwright",
            "selenium",
            "slimerjs",
        ],
    ),
    ("program", PROGRAMS),
    (
        "outlook",
        &[
            "microsoft outlook",
            "microsoft office",
            "ms-office",
            "msoffice",
            "outlook-",
        ],
    ),
    ("thunderbird", &["thunderbird/", "betterbird/"]),
    ("edge", &["edg/", "edge/", "edga/", "edgios/"]),
    ("opera", &["opr/", "opera"]),
    ("firefox", &["firefox/", "fxios/"]),
    ("chrome", &["chrome/", "crios/", "chromium/"]),
    ("safari", &["safari/"]),
];

const SCANNERS: &[&str] = &[
    "barracuda",
    "proofpoint",
    "mimecast",
    "symantec",
    "messagelabs",
    "safelinks",
    "safe links",
    "microsoft defender",
    "google-safety",
    "safebrowsing",
    "ironport",
    "cisco",
    "fireeye",
    "trellix",
    "trendmicro",
    "trend micro",
    "forcepoint",
    "sophos",
    "fortinet",
    "fortimail",
    "fortiguard",
    "kaspersky",
    "bitdefender",
    "f-secure",
    "withsecure",
    "zscaler",
    "checkpoint",
    "check point",
    "avanan",
    "vadesecure",
    "hornetsecurity",
    "cloudmark",
    "mailscanner",
    "spamassassin",
    "urlscan",
    "virustotal",
    "phishtank",
    "netcraft",
    "bingpreview",
    "skypeuripreview",
    "facebookexternalhit",
    "whatsapp/",
    "crawler",
    "spider",
    "scanner",
];

const PROGRAMS: &[&str] = &[
    "curl/",
    "wget",
    "python",
    "aiohttp",
    "httpx",
    "go-http-client",
    "libwww-perl",
    "lwp::",
    "java/",
    "apache-httpclient",
    "node-fetch",
    "axios/",
    "undici",
    "got (",
    "guzzle",
    "php/",
    "ruby",
    "faraday",
    "powershell",
    "winhttp",
    "postman",
    "reqwest",
    "hyper/",
    "scrapy",
];

/// Which kind of program it is by what it calls itself: one word of a fixed list, so that nothing a
/// stranger wrote is kept.
pub fn family(user_agent: &str) -> &'static str {
    let name = user_agent.trim();
    if name.is_empty() {
        return "none";
    }
    if name == "Mozilla/5.0" {
        return "apple-mail-proxy";
    }
    let name: String = name.chars().take(NAME_LEN_MAX).collect();
    let name = name.to_ascii_lowercase();
    let named = FAMILIES
        .iter()
        .find(|(_, words)| words.iter().any(|word| name.contains(word)));
    match named {
        Some((family @ ("google-image-proxy" | "yahoo-mail-proxy"), _)) => family,
        _ if is_bot(&name) => "scanner",
        Some((family, _)) => family,
        // Apple's mail programs name the engine and no browser.
        None if name.contains("applewebkit/") => "apple-mail",
        None => "other",
    }
}

/// Whether a word of the name ends as robots call themselves. A make of telephones does, too.
fn is_bot(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.ends_with("bot") && word != "cubot")
}

#[cfg(test)]
mod tests;
