//! What a mail domain says about its owner: registrable part, free mail, throw-away mail.
//!
//! The lists name the providers that matter in practice and are no registry: an unknown free-mail
//! provider is merely taken for a company.

use anyhow::{Context, bail, ensure};

use super::text;

/// Top-level domains set aside for tests and documentation (RFC 2606 section 2). They resolve
/// nowhere but are ours to use in data that must never reach anyone.
const RESERVED: [&str; 3] = ["example", "test", "invalid"];

/// Endings of files that scrapers take for domains (`logo@2x.png`) and that some day may become, or
/// already are, top-level domains of little use to a sales team.
const FILE_ENDINGS: [&str; 12] = [
    "png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "ico", "css", "js", "pdf", "zip",
];

/// The longest name whose form on the wire, with a length octet for each label and for the root,
/// fits the 255 octets of RFC 1035 section 2.3.4 and RFC 5321 section 4.5.3.1.2.
const HOST_LEN_MAX: usize = 253;

/// Providers with one domain, lower case.
const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "abv.bg",
    "alice.it",
    "aol.com",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bigpond.net.au",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "earthlink.net",
    "email.com",
    "email.cz",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "icloud.com",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.ca",
    "live.co.uk",
    "live.com",
    "live.com.au",
    "live.de",
    "live.fr",
    "live.it",
    "live.nl",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ee",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "posteo.de",
    "poczta.onet.pl",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "runbox.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "sohu.com",
    "sympatico.ca",
    "t-online.de",
    "telenet.be",
    "terra.com.br",
    "tin.it",
    "tiscali.it",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "tutanota.de",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xtra.co.nz",
    "yeah.net",
    "ymail.com",
    "zoho.com",
    "zohomail.com",
];

/// Providers with a domain in many countries (`yahoo.co.jp`): the name before the public suffix.
const FREE_MAIL_BRANDS: [&str; 5] = ["gmx", "hotmail", "outlook", "yahoo", "yandex"];

/// Providers of addresses that live for minutes; nobody reads a campaign there.
const DISPOSABLE: &[&str] = &[
    "10minutemail.com",
    "10minutemail.net",
    "1secmail.com",
    "20minutemail.com",
    "33mail.com",
    "anonaddy.me",
    "burnermail.io",
    "byom.de",
    "discard.email",
    "dispostable.com",
    "dropmail.me",
    "emailondeck.com",
    "fakeinbox.com",
    "fakemail.net",
    "getairmail.com",
    "getnada.com",
    "grr.la",
    "guerrillamail.biz",
    "guerrillamail.com",
    "guerrillamail.de",
    "guerrillamail.info",
    "guerrillamail.net",
    "guerrillamail.org",
    "guerrillamailblock.com",
    "inboxkitten.com",
    "jetable.org",
    "mail-temp.com",
    "mail.tm",
    "mailcatch.com",
    "maildrop.cc",
    "mailexpire.com",
    "mailforspam.com",
    "mailinator.com",
    "mailinator.net",
    "mailinator.org",
    "mailnesia.com",
    "mailnull.com",
    "mailsac.com",
    "mintemail.com",
    "moakt.com",
    "mohmal.com",
    "mytemp.email",
    "nada.email",
    "sharklasers.com",
    "sofort-mail.de",
    "spam4.me",
    "spambog.com",
    "spamgourmet.com",
    "temp-mail.io",
    "temp-mail.org",
    "tempail.com",
    "tempinbox.com",
    "tempmail.com",
    "tempmail.dev",
    "tempmail.net",
    "tempmailo.com",
    "tempr.email",
    "throwawaymail.com",
    "trash-mail.com",
    "trashmail.com",
    "trashmail.de",
    "trashmail.net",
    "trbvm.com",
    "wegwerfemail.de",
    "wegwerfmail.de",
    "yopmail.com",
    "yopmail.fr",
    "yopmail.net",
];

/// The registrable domain: `b.co.uk` of `mail.b.co.uk` (public suffix list, publicsuffix.org). None
/// for a name that is a suffix itself.
pub fn registrable_domain(domain: &str) -> Option<String> {
    psl::domain_str(domain).map(str::to_string)
}

/// Whether strangers share this domain (`gmail.com`), so that it says nothing about a company.
pub fn is_free_mail(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let Some(registrable) = psl::domain_str(&domain) else {
        return false;
    };
    let brand = registrable.split_once('.').map_or("", |(brand, _)| brand);
    FREE_MAIL.contains(&registrable)
        || FREE_MAIL.contains(&domain.as_str())
        || FREE_MAIL_BRANDS.contains(&brand)
}

/// Whether the domain belongs to a provider of throw-away addresses.
pub fn is_disposable(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    psl::domain_str(&domain).is_some_and(|registrable| DISPOSABLE.contains(&registrable))
}

/// The host name in lower-case ASCII (IDNA, UTS 46 strict) if it is one that mail and web can
/// reach: at least two labels of RFC 1035 section 2.3.1, a top-level domain that exists, no
/// excessive length, and no letters of another script posing as Latin ones.
pub(super) fn parse_host(text: &str) -> anyhow::Result<String> {
    ensure!(!text.is_empty(), "expected a domain, found nothing");
    ensure!(
        !text.starts_with('['),
        "expected a domain name, found an address literal"
    );
    ensure!(
        text.split('.').all(|label| !label.is_empty()),
        "expected a domain without an empty label, found a leading, trailing or double dot"
    );
    ensure!(
        text.len() <= HOST_LEN_MAX,
        "expected a domain of at most {HOST_LEN_MAX} octets"
    );
    let ascii = idna::domain_to_ascii_strict(text)
        .ok()
        .context("expected a domain of letters, digits and inner hyphens")?;
    let Some((_, last)) = ascii.rsplit_once('.') else {
        bail!("expected a domain with a dot");
    };
    ensure!(
        !last.bytes().all(|b| b.is_ascii_digit()),
        "expected a domain name, found an IP address"
    );
    ensure!(
        !FILE_ENDINGS.contains(&last),
        "expected a domain, found the name of a file"
    );
    let exists = psl::suffix(ascii.as_bytes()).is_some_and(|suffix| suffix.is_known());
    ensure!(
        exists || RESERVED.contains(&last),
        "expected a domain that exists, found the unknown ending `.{last}`"
    );
    refuse_look_alike(&ascii)?;
    Ok(ascii)
}

/// Refuses a label that a reader takes for another one: two of the look-alike scripts in one label
/// (Cyrillic `і` in `nіmbus`), or Cyrillic that can be read as Latin from end to end below a Latin
/// top-level domain (Unicode TR 39; browsers show such labels in their `xn--` form).
fn refuse_look_alike(ascii: &str) -> anyhow::Result<()> {
    if !ascii.contains("xn--") {
        return Ok(());
    }
    let (readable, _) = idna::domain_to_unicode(ascii);
    let below_latin = readable.rsplit('.').next().is_some_and(str::is_ascii);
    for label in readable.split('.') {
        ensure!(
            !text::mixes_scripts(label),
            "the domain mixes look-alike letters of two scripts"
        );
        let posing = below_latin && text::could_be_read_as_latin(label);
        ensure!(
            !posing,
            "the domain is written in letters that pose as Latin ones"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_normalised_or_refused() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let found = parse_host(text).unwrap_or_else(|err| format!("error: {err:#}"));
            assert!(found.starts_with(expected), "{text}: {found}");
        }
        check("Tern-HQ9.Example", "tern-hq9.example");
        check("bücherei.example", "xn--bcherei-n2a.example");
        check("xn--bcherei-n2a.example", "xn--bcherei-n2a.example");
        check("контора.example", "xn--80atjdbmm.example");
        check("mail.firm.co.uk", "mail.firm.co.uk");
        for (text, problem) in [
            ("", "found nothing"),
            ("localhost", "a dot"),
            ("a..example", "dot"),
            (".a.example", "dot"),
            ("a.example.", "dot"),
            ("-a.example", "inner hyphens"),
            ("a-.example", "inner hyphens"),
            ("my_host.example", "inner hyphens"),
            ("a b.example", "inner hyphens"),
            ("192.0.2.17", "IP address"),
            ("[192.0.2.17]", "address literal"),
            ("2x.png", "name of a file"),
            ("firm.con", "`.con`"),
            ("quаy.example", "two scripts"),
            ("xn--quy-5cd.example", "two scripts"),
            ("сосо.example", "pose as Latin"),
        ] {
            let err = parse_host(text).expect_err(text).to_string();
            assert!(err.contains(problem), "{text}: {err}");
        }
        assert!(parse_host(&format!("{}.example", "a".repeat(64))).is_err());
        let long = format!("{}example", "abcdefg.".repeat(31));
        assert_eq!(
            parse_host(long.get(2..).unwrap())
                .map(|host| host.len())
                .ok(),
            Some(253)
        );
        assert!(parse_host(long.get(1..).unwrap()).is_err());
    }

    #[test]
    fn domains_are_told_apart_by_their_registrable_part() {
        assert_eq!(
            registrable_domain("mail.b.co.uk").as_deref(),
            Some("b.co.uk")
        );
        assert_eq!(
            registrable_domain("a.b.example").as_deref(),
            Some("b.example")
        );
        assert_eq!(registrable_domain("co.uk"), None);
        for free in [
            "gmail.com",
            "GMAIL.com",
            "yahoo.co.jp",
            "gmx.net",
            "web.de",
            "live.co.uk",
        ] {
            assert!(is_free_mail(free), "{free}");
        }
        for firm in [
            "tern.example",
            "gmail.tern.example",
            "notgmail.com",
            "yahoo",
            "",
        ] {
            assert!(!is_free_mail(firm), "{firm}");
        }
        assert!(is_disposable("mailinator.com") && is_disposable("eu.Mailinator.com"));
        assert!(!is_disposable("gmail.com") && !is_disposable("tern.example"));
    }
}
