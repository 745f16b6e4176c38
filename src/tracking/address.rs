//! Where the addresses in our mails lead: below PUBLIC_URL, one short word for the purpose and a
//! token.
//!
//! Invariant: an address has the scheme, host and port of its base and goes on from its path; it
//! carries nothing but the token.

use url::Url;

use super::token::{Keys, Purpose, Token};

/// The picture that tells of an open: `BASE/o/TOKEN.gif`.
pub fn pixel(base: &Url, keys: &Keys, message: i64) -> Url {
    let purpose = Purpose::Open;
    let token = keys.sign(&Token { purpose, message });
    below(base, "o", &format!("{token}.gif"))
}

/// A link of the mail, counted from 0: `BASE/c/TOKEN`.
pub fn click(base: &Url, keys: &Keys, message: i64, link: u8) -> Url {
    let purpose = Purpose::Click { link };
    below(base, "c", &keys.sign(&Token { purpose, message }))
}

/// The way out: `BASE/u/TOKEN`. RFC 8058 section 3.1 wants it to say by itself who is meant.
pub fn opt_out(base: &Url, keys: &Keys, message: i64) -> Url {
    let purpose = Purpose::OptOut;
    below(base, "u", &keys.sign(&Token { purpose, message }))
}

fn below(base: &Url, word: &str, token: &str) -> Url {
    let mut url = base.clone();
    let path = base.path().trim_end_matches('/');
    url.set_path(&format!("{path}/{word}/{token}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_on_from_their_base() {
        #[track_caller]
        fn check(base: &str, expected: &str) {
            let keys = Keys::new(vec![(1, [7; 32])]);
            let base = Url::parse(base).unwrap();
            let tokens = [
                (pixel(&base, &keys, 12), "o/", ".gif", Purpose::Open),
                (
                    click(&base, &keys, 12, 3),
                    "c/",
                    "",
                    Purpose::Click { link: 3 },
                ),
                (opt_out(&base, &keys, 12), "u/", "", Purpose::OptOut),
            ];
            for (url, word, end, purpose) in tokens {
                let rest = url.as_str().strip_prefix(expected).unwrap_or_default();
                let text = rest
                    .strip_prefix(word)
                    .and_then(|rest| rest.strip_suffix(end));
                let token = text.and_then(|text| keys.read(text));
                assert_eq!(
                    token,
                    Some(Token {
                        purpose,
                        message: 12
                    }),
                    "{url}"
                );
            }
        }
        check("https://o.example.com", "https://o.example.com/");
        check("https://o.example.com/", "https://o.example.com/");
        check(
            "https://example.com:8443/mail",
            "https://example.com:8443/mail/",
        );
        check("https://example.com/a/b//", "https://example.com/a/b/");
        check("https://example.com/a?b=c#d", "https://example.com/a/");
        check("http://[::1]:8025", "http://[::1]:8025/");
    }
}
