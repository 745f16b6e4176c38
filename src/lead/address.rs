//! E-mail addresses as we write to them.
//!
//! Narrower than RFC 5322 on purpose: quoted local parts, comments, source routes and address
//! literals are legal, but in a table of leads they are a slip or an attack, never a person.

mod written;

use anyhow::{bail, ensure};
use unicode_normalization::UnicodeNormalization;

use super::{debris, domains, text};

/// RFC 5321 section 4.5.3.1.1, in octets.
const LOCAL_LEN_MAX: usize = 64;

/// RFC 5321 section 4.5.3.1.3 allows a path of 256 octets including its angle brackets.
const ADDRESS_LEN_MAX: usize = 254;

/// Local parts that stand for "no address known", whatever the domain.
const NO_ADDRESS: [&str; 12] = [
    "noemail",
    "no-email",
    "no.email",
    "nomail",
    "none",
    "null",
    "undefined",
    "unknown",
    "notavailable",
    "notprovided",
    "donotemail",
    "emailprotected",
];

/// Local parts of forms left as they were; a placeholder together with a [`SAMPLE_DOMAIN`].
const SAMPLE_LOCAL: [&str; 19] = [
    "email",
    "e-mail",
    "mail",
    "name",
    "your",
    "you",
    "your.name",
    "yourname",
    "your-name",
    "youremail",
    "first.last",
    "firstname.lastname",
    "firstname",
    "user",
    "username",
    "test",
    "example",
    "someone",
    "john.doe",
];

/// The first labels of domains in forms left as they were.
const SAMPLE_DOMAIN: [&str; 14] = [
    "domain",
    "yourdomain",
    "your-domain",
    "mydomain",
    "company",
    "yourcompany",
    "your-company",
    "mycompany",
    "test",
    "email",
    "website",
    "yoursite",
    "site",
    "sample",
];

/// A normalised address: trimmed, domain in lower-case ASCII (IDNA), local part as written (NFC).
/// It holds exactly one `@`, no space, no control or invisible character, and fits RFC 5321's
/// limits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Parses an address as people copy it: with `mailto:`, a name and angle brackets around it, or
    /// the full stop of its sentence behind it. The error says what is wrong with it.
    pub fn parse(text: &str) -> anyhow::Result<EmailAddress> {
        ensure!(
            text.len() <= 4 * ADDRESS_LEN_MAX,
            "expected at most {ADDRESS_LEN_MAX} octets"
        );
        let text = written::bare(text)?;
        ensure!(!text.is_empty(), "expected an address, found nothing");
        refuse_ambiguity(text)?;
        if NO_ADDRESS.contains(&text.to_lowercase().as_str())
            || (!text.contains('@') && debris::is_placeholder(text))
        {
            bail!("expected an address, found a placeholder");
        }
        let mut parts = text.split('@');
        let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else {
            bail!("expected an address with exactly one `@`");
        };
        let local = parse_local(local)?;
        let domain = domains::parse_host(domain)?;
        ensure!(
            !is_sample(&local, &domain),
            "expected an address, found a placeholder"
        );
        let address = format!("{local}@{domain}");
        ensure!(
            address.len() <= ADDRESS_LEN_MAX,
            "expected at most {ADDRESS_LEN_MAX} octets, found {}",
            address.len()
        );
        Ok(EmailAddress(address))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key two spellings of one mailbox share: all lower case. RFC 5321 section 2.4 lets hosts
    /// tell `Ada@` from `ada@`; none that our leads use does.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// The key of the mailbox behind the address: as [`EmailAddress::key`], without a tag
    /// (`ada+news` is `ada`, RFC 5233) and, at Gmail, without dots and with one name for its two
    /// domains. A `+` is taken for a tag at every host: where it is none, one of two strangers gets
    /// no campaign; where it is one and we did not know, one person gets two.
    pub fn mailbox(&self) -> String {
        let key = self.key();
        let (local, domain) = key.rsplit_once('@').unwrap_or((&key, ""));
        let base = local.split_once('+').map_or(local, |(base, _)| base);
        match domain {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", base.replace('.', "")),
            _ => format!("{base}@{domain}"),
        }
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The domain, ASCII and lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses what could make a second header, a second command or a second recipient, or an address
/// that reads differently from what it is.
fn refuse_ambiguity(text: &str) -> anyhow::Result<()> {
    ensure!(!text.contains('<'), "expected the bare address, found `<`");
    ensure!(!text.contains('"'), "expected an address without quotes");
    ensure!(
        !text.contains([',', ';']),
        "expected one address, found a list"
    );
    for c in text.chars() {
        let code = u32::from(c);
        ensure!(
            !c.is_control(),
            "expected no control character, found U+{code:04X}"
        );
        ensure!(!c.is_whitespace(), "expected no space, found U+{code:04X}");
        ensure!(
            !text::is_invisible(c),
            "expected no invisible character, found U+{code:04X}"
        );
    }
    Ok(())
}

/// The local part as a dot-atom of RFC 5321 section 4.1.2, with letters of RFC 6531, without the
/// characters that mean routing (`%`, `!`) or templates (`{}`), or begin a command-line option.
fn parse_local(local: &str) -> anyhow::Result<String> {
    ensure!(
        !local.is_empty(),
        "expected a name before the `@`, found nothing"
    );
    ensure!(
        local.split('.').all(|atom| !atom.is_empty()),
        "expected no leading, trailing or double dot before the `@`"
    );
    for c in local.chars() {
        let fits = c.is_alphanumeric()
            || unicode_normalization::char::is_combining_mark(c)
            || matches!(
                c,
                '.' | '_' | '-' | '+' | '\'' | '&' | '~' | '#' | '$' | '*' | '=' | '/' | '^'
            );
        ensure!(
            fits,
            "expected letters, digits and `._-+` before the `@`, found `{c}`"
        );
    }
    ensure!(
        !local.starts_with(['-', '=', '+', '\'']),
        "expected a letter or digit at the start of the address"
    );
    ensure!(
        !text::mixes_scripts(local),
        "the address mixes look-alike letters of two scripts"
    );
    let composed: String = local.nfc().collect();
    let plain = composed.nfkc().eq(composed.chars());
    ensure!(
        plain,
        "expected plain letters before the `@`, found their typographic variants"
    );
    let len = composed.len();
    ensure!(
        len <= LOCAL_LEN_MAX,
        "expected at most {LOCAL_LEN_MAX} octets before the `@`, found {len}"
    );
    Ok(composed)
}

/// Whether the address is the example of a form that nobody filled in.
fn is_sample(local: &str, domain: &str) -> bool {
    let local = local.to_lowercase();
    let first_label = domain.split_once('.').map_or(domain, |(first, _)| first);
    NO_ADDRESS.contains(&local.as_str())
        || (SAMPLE_LOCAL.contains(&local.as_str())
            && (SAMPLE_DOMAIN.contains(&first_label) || first_label == local))
        || (local == "test" && first_label.starts_with("example"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = EmailAddress::parse(text).unwrap_or_else(|err| panic!("{text}: {err:#}"));
        assert_eq!(found.as_str(), expected, "{text:?}");
        let again = EmailAddress::parse(found.as_str()).expect("a parsed address parses");
        assert_eq!(again, found);
    }

    #[track_caller]
    fn refused(text: &str, problem: &str) {
        let err = EmailAddress::parse(text).expect_err(text).to_string();
        assert!(err.contains(problem), "{text:?}: {err}");
        assert!(
            !err.chars().any(char::is_control) && !err.ends_with('.'),
            "{err:?}"
        );
    }

    #[test]
    fn an_address_is_normalised() {
        check("  ada@tern.example \n", "ada@tern.example");
        check("\u{a0}ada@tern.example", "ada@tern.example");
        check("mailto:ada@tern.example", "ada@tern.example");
        check("MAILTO: Ada.L@TERN-HQ.Example", "Ada.L@tern-hq.example");
        check("ada+news@tern.example", "ada+news@tern.example");
        check("a@firm.co.uk", "a@firm.co.uk");
        check("o'hara_b-c@tern.test", "o'hara_b-c@tern.test");
        check("jose\u{301}.m@tern.test", "josé.m@tern.test");
        check("анна@контора.example", "анна@xn--80atjdbmm.example");
        check("ada@bücherei.example", "ada@xn--bcherei-n2a.example");
        check(
            &format!("{}@tern.example", "x".repeat(64)),
            &format!("{}@tern.example", "x".repeat(64)),
        );
        let address = EmailAddress::parse("Ada.L@TERN.Example").unwrap();
        assert_eq!(
            (address.local(), address.domain(), address.key().as_str()),
            ("Ada.L", "tern.example", "ada.l@tern.example")
        );
    }

    #[test]
    fn what_is_no_persons_address_is_refused_with_its_fault() {
        refused("", "found nothing");
        refused("mailto:", "found nothing");
        refused("ada.tern.example", "exactly one `@`");
        refused("ada@@tern.example", "exactly one `@`");
        refused("ada＠tern.example", "exactly one `@`");
        refused("a@tern.example;b@tern.example", "found a list");
        refused("a@tern.example, b@tern.example", "found a list");
        refused("ada [at] tern [dot] example", "no space");
        refused("a b@tern.example", "no space");
        refused("a\u{a0}b@tern.example", "no space, found U+00A0");
        refused("ada@tern.example\nBcc: all@tern.example", "line break");
        refused("Ada\n<ada@tern.example>", "line break");
        refused("ada@tern.example\r\n.", "line break");
        refused("a\u{0}b@tern.example", "control character, found U+0000");
        refused(
            "a\u{200b}b@tern.example",
            "invisible character, found U+200B",
        );
        refused("a\u{202e}b@tern.example", "invisible");
        refused("ada@te\u{ad}rn.example", "invisible");
        refused("@tern.example", "found nothing");
        refused("ada@", "found nothing");
        refused(".ada@tern.example", "double dot");
        refused("ada.@tern.example", "double dot");
        refused("a..b@tern.example", "double dot");
        refused("\"a b\"@tern.example", "quotes");
        refused("ada(home)@tern.example", "found `(`");
        refused("a%other.example@tern.example", "found `%`");
        refused("other!a@tern.example", "found `!`");
        refused("-oQ@tern.example", "at the start");
        refused("=1@tern.example", "at the start");
        refused("аda@tern.example", "two scripts");
        refused("ａda@tern.example", "typographic variants");
        refused("ada@nіmbus.example", "two scripts");
        refused("ada@localhost", "a dot");
        refused("ada@-tern.example", "inner hyphens");
        refused("ada@[192.0.2.1]", "address literal");
        refused("logo@2x.png", "name of a file");
        refused(
            &format!("{}@tern.example", "x".repeat(65)),
            "at most 64 octets",
        );
        refused(
            &format!("{}@tern.example", "é".repeat(33)),
            "at most 64 octets",
        );
        refused(
            &format!("ada@{}example", "sub.".repeat(61)),
            "at most 254 octets, found 255",
        );
        refused(&"a".repeat(100_000), "at most 254 octets");
    }

    #[test]
    fn what_was_copied_along_is_taken_off() {
        for text in [
            "<ada@tern.example>",
            "Ada Vey <ada@tern.example>",
            "\"Vey, Ada\" <ada@tern.example>",
            "Ada Vey <mailto:ada@tern.example>,",
            "mailto:ada@tern.example?subject=Hello",
            "MAILTO:<ada@tern.example>",
            "E-Mail: ada@tern.example",
            "ada@tern.example.",
            "ada@tern.example,",
            "ada@tern.example ;",
            "(ada@tern.example)",
            "'ada@tern.example'",
            "“ada@tern.example”",
            "\u{200b}ada@tern.example\u{feff}",
            "ada@tern.example; ADA@tern.example",
            "ada@tern.example ada@tern.example",
        ] {
            check(text, "ada@tern.example");
        }
        refused("evil@evil.example <ada@tern.example>", "a list");
        refused("ada@tern.example <evil@evil.example>", "a list");
        refused("<ada@tern.example> <tom@tern.example>", "a list");
        refused("ada@tern.example tom@tern.example", "a list");
        refused("ada@tern.example / tom@tern.example", "a list");
        refused("ada@tern.example (work)", "no space");
        refused("ada @ tern.example", "no space");
        refused("Ada <ada@tern.example", "found `<`");
        refused("Ada <>", "found nothing");
        refused("\u{202e}ada@tern.example", "found U+202E");
        refused("((((", "placeholder");
    }

    #[test]
    fn spellings_of_one_mailbox_share_a_key() {
        #[track_caller]
        fn check(text: &str, mailbox: &str) {
            assert_eq!(EmailAddress::parse(text).unwrap().mailbox(), mailbox);
        }
        check("Ada.Vey+news@Tern.example", "ada.vey@tern.example");
        check("ada.vey@tern.example", "ada.vey@tern.example");
        check("a.d.a+x+y@gmail.com", "ada@gmail.com");
        check("Ada@googlemail.com", "ada@gmail.com");
        check("a.d.a@outlook.com", "a.d.a@outlook.com");
    }

    #[test]
    fn placeholders_are_no_addresses() {
        for text in [
            "noemail",
            "N/A",
            "none",
            "-",
            "{{email}}",
            "email@domain.com",
            "email@domain.test",
            "Test@Test.example",
            "name@company.example",
            "noemail@tern.example",
            "test@example.com",
            "null@tern.example",
            "your.name@yourcompany.example",
        ] {
            refused(text, "placeholder");
        }
        check("name@tern.example", "name@tern.example");
        check("ada@company.example", "ada@company.example");
        check("ada@example.com", "ada@example.com");
    }
}
