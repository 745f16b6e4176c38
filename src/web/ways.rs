//! Which way a path leads, and with which token.

use crate::tracking::token::Purpose;

/// Longer paths than any of ours, prefix and all.
pub const PATH_LEN_MAX: usize = 2_000;

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The picture, `/o/TOKEN.gif`.
    Open,
    /// A link, `/c/TOKEN`.
    Click,
    /// The way out, `/u/TOKEN`.
    OptOut,
}

impl Way {
    /// How it is called in the figures.
    pub fn word(self) -> &'static str {
        match self {
            Way::Open => "open",
            Way::Click => "click",
            Way::OptOut => "opt_out",
        }
    }

    /// The methods it answers, as `Allow` names them (RFC 9110 section 10.2.1).
    pub fn allow(self) -> &'static str {
        match self {
            Way::Open | Way::Click => "GET, HEAD",
            Way::OptOut => "GET, HEAD, POST",
        }
    }

    /// Whether a token was signed for it.
    pub fn is_for(self, purpose: Purpose) -> bool {
        match self {
            Way::Open => purpose == Purpose::Open,
            Way::Click => matches!(purpose, Purpose::Click { .. }),
            Way::OptOut => purpose == Purpose::OptOut,
        }
    }
}

/// The way a path leads and the text in the place of the token, below the prefix of PUBLIC_URL or,
/// behind a proxy that takes it away, without. Paths are compared letter for letter: whatever is
/// written in another way is none of ours.
pub fn find<'p>(path: &'p str, prefix: &str) -> Option<(Way, &'p str)> {
    let below = path.strip_prefix(prefix);
    below.into_iter().chain([path]).find_map(split)
}

fn split(path: &str) -> Option<(Way, &str)> {
    let (word, text) = path.strip_prefix('/')?.split_once('/')?;
    let (way, text) = match word {
        "o" => (Way::Open, text.strip_suffix(".gif")?),
        "c" => (Way::Click, text),
        "u" => (Way::OptOut, text),
        _ => return None,
    };
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!text.is_empty() && text.chars().all(is_token)).then_some((way, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_spelling_of_a_path_leads_anywhere() {
        #[track_caller]
        fn check(path: &str, prefix: &str, expected: Option<(Way, &str)>) {
            assert_eq!(find(path, prefix), expected, "{path} below `{prefix}`");
        }
        check("/o/abc.gif", "", Some((Way::Open, "abc")));
        check("/c/a-_Z9", "", Some((Way::Click, "a-_Z9")));
        check("/u/abc", "", Some((Way::OptOut, "abc")));
        check("/mail/u/abc", "/mail", Some((Way::OptOut, "abc")));
        check("/u/abc", "/mail", Some((Way::OptOut, "abc")));
        check("/o/o/abc.gif", "/o", Some((Way::Open, "abc")));
        check("/o/abc.gif", "/o", Some((Way::Open, "abc")));
        for path in [
            "",
            "/",
            "o/abc.gif",
            "/o/abc",
            "/o/.gif",
            "/c/",
            "/c",
            "//c/abc",
            "/c//abc",
            "/c/abc/",
            "/c/../u/abc",
            "/x/../c/abc",
            "/c/abc/..",
            "/c/%61bc",
            "/%63/abc",
            "/c/abc%00",
            "/C/abc",
            "/c/a.b",
            "/c/abc;x",
            "/mail/c/abc",
            "/o/abc.gif.gif",
            "/c/äbc",
            "/c/a b",
            "*",
        ] {
            check(path, "", None);
        }
        check("/mailc/abc", "/mail", None);
        check("/mail/mail/c/abc", "/mail", None);
    }
}
