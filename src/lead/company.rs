//! Company names: as written, and as a sentence names them.

mod legal_form;
mod scraped;

use anyhow::{bail, ensure};

use super::{EmailAddress, debris, text};

pub(super) use legal_form::{has_legal_form, short};

/// Longer texts are sentences about a company, not its name; in characters.
const NAME_LEN_MAX: usize = 100;

/// What people write who work for no company (lower case).
const NO_COMPANY: &[&str] = &[
    "self employed",
    "self-employed",
    "selfemployed",
    "freelance",
    "freelancer",
    "independent",
    "independent consultant",
    "stealth",
    "stealth startup",
    "stealth mode startup",
    "unemployed",
    "retired",
    "student",
    "private",
    "various",
    "personal",
    "my company",
    "own business",
    "no company",
    "company name",
    "your company",
    "autónomo",
    "selbstständig",
    "selbständig",
    "privat",
    "open to work",
    "looking for opportunities",
    "career break",
];

/// What joins a name to its partners, and what the partners are called (lower case).
const JOINTS: [&str; 7] = ["&", "+", "and", "und", "et", "y", "e"];
const PARTNERS: [&str; 14] = [
    "associates",
    "assoc",
    "associés",
    "associes",
    "asociados",
    "associados",
    "associati",
    "partner",
    "partners",
    "partenaires",
    "kollegen",
    "colleagues",
    "company",
    "team",
];

/// A company name that passed the check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CompanyName {
    /// As it is written, on one line.
    pub full: String,
    /// Without legal form and brackets at its end; never empty.
    pub short: String,
}

/// Parses a company name; the error says what the text is instead. `person` is the lead's name:
/// one's own name with "& Associates" is what enrichment tools invent when they find no company.
pub(super) fn parse(raw: &str, person: &str) -> anyhow::Result<CompanyName> {
    ensure!(!raw.contains(['<', '>']), "it is markup");
    let decoded = text::without_markup(raw);
    let is_manipulated = decoded.chars().any(text::is_direction_override);
    ensure!(!is_manipulated, "its reading direction is manipulated");
    let line = text::plain_line(&decoded);
    if let Some(what) = debris::in_text(&line) {
        bail!("it is {what}");
    }
    // NFKC writes the one-character ellipsis as three dots.
    ensure!(
        !line.contains("..."),
        "it is a text cut off by a search engine"
    );
    ensure!(!line.contains('|'), "it is the title of a page");
    let line = unquoted(&line);
    ensure!(!debris::is_formula(line), "it is a formula");
    let lower = line.to_lowercase();
    let nothing = debris::is_placeholder(line) || NO_COMPANY.contains(&lower.as_str());
    ensure!(!nothing, "it is a placeholder");
    ensure!(!is_web_address(line), "it is a web address");
    if let Some(what) = scraped::what(line) {
        bail!("it is {what}");
    }
    ensure!(
        EmailAddress::parse(line).is_err(),
        "it is an e-mail address"
    );
    ensure!(
        line.chars().count() <= NAME_LEN_MAX,
        "expected at most {NAME_LEN_MAX} characters"
    );
    ensure!(
        line.chars().any(char::is_alphabetic),
        "expected at least one letter"
    );
    let spoken = line.chars().filter(|c| c.is_alphanumeric()).count();
    ensure!(spoken > 1, "expected more than one letter");
    if let Some(c) = line.chars().find(|c| {
        matches!(
            c,
            ';' | '{' | '}' | '<' | '>' | '\\' | '^' | '`' | '\u{fffd}'
        )
    }) {
        bail!(
            "expected a name, found `{}` in it",
            text::shown(&c.to_string())
        );
    }
    ensure!(
        !is_invented_from(line, person),
        "it is the lead's own name, not a company"
    );
    Ok(CompanyName {
        full: line.to_string(),
        short: short(line),
    })
}

/// Whether two names are the same but for case, spaces and punctuation.
pub(super) fn is_same_name(a: &str, b: &str) -> bool {
    let letters = |text: &str| -> String {
        text.to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect()
    };
    letters(a) == letters(b)
}

/// The name without quotes around it and without punctuation that a list left at its ends. A quote
/// that closes one inside the name stays.
fn unquoted(line: &str) -> &str {
    let is_quote = |c: char| matches!(c, '"' | '“' | '”' | '„');
    let is_left_over = |c: char| matches!(c, ',' | '-' | '–' | '—' | '·' | '•' | ' ' | ':');
    let bare = line.trim_matches(|c| is_quote(c) || is_left_over(c));
    if bare.chars().filter(|c| is_quote(*c)).count() % 2 == 0 {
        bare
    } else {
        line.trim_matches(is_left_over)
    }
}

/// Whether the text is an address of the web. `Booking.com` is what a company calls itself; all in
/// lower case it is taken for the address.
fn is_web_address(line: &str) -> bool {
    let lower = line.to_lowercase();
    let first = lower.split_whitespace().next().unwrap_or_default();
    let begins = [
        "www.",
        "http:",
        "https:",
        "ftp:",
        "javascript:",
        "data:",
        "mailto:",
    ];
    let host = first.split(['/', ':']).next().unwrap_or_default();
    let ends_in_known = psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
    lower.contains("://")
        || begins.iter().any(|scheme| first.starts_with(scheme))
        || (first == line && line.contains('.') && ends_in_known && !first.ends_with('.'))
}

/// Whether a company is only the person's own name with partners added.
fn is_invented_from(line: &str, person: &str) -> bool {
    let lower = legal_form::short(line).to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let [owner @ .., joint, partners] = words.as_slice() else {
        return false;
    };
    if !JOINTS.contains(joint) || !PARTNERS.contains(&partners.trim_end_matches('.')) {
        return false;
    }
    let person = person.to_lowercase();
    let names: Vec<&str> = person.split_whitespace().collect();
    // `Ada M. Vey` calls her firm after `Ada Vey`.
    let is_short_form = names.len() > 1
        && owner.len() == 2
        && (owner.first(), owner.last()) == (names.first(), names.last());
    is_short_form || is_same_name(&owner.concat(), &person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legal_form_is_no_part_of_the_spoken_name() {
        #[track_caller]
        fn check(full: &str, short: &str) {
            let found = parse(full, "Ada Vey").unwrap_or_else(|err| panic!("{full}: {err:#}"));
            assert_eq!((found.full.as_str(), found.short.as_str()), (full, short));
        }
        check("Ostrich & Finch Media, Inc.", "Ostrich & Finch Media");
        check("Quill Legal LLP", "Quill Legal");
        check("Quill Robotics GmbH", "Quill Robotics");
        check("Quill GmbH & Co. KG", "Quill");
        check("Quill UG (haftungsbeschränkt)", "Quill");
        check("Quill Foods S.A.", "Quill Foods");
        check("Quill Foods S.A. de C.V.", "Quill Foods");
        check("Quill Freight Co.", "Quill Freight");
        check("Quill Freight Co., Ltd.", "Quill Freight");
        check("Quill Pty Ltd", "Quill");
        check("Quill K.K.", "Quill");
        check("Quill Sp. z o.o.", "Quill");
        check("Quill Sp. z o. o.", "Quill");
        check("Quill A/S", "Quill");
        check("Quill Oy", "Quill");
        check("Quill B.V.", "Quill");
        check("Quill S.p.A.", "Quill");
        check("Quill S.à r.l.", "Quill");
        check("Quill (UK) Ltd", "Quill");
        check("Quill Ltd (Leeds)", "Quill");
        check("Quill GmbH – We write", "Quill");
        check("(+) – Quill", "(+) – Quill");
        check("株式会社山猫", "山猫");
        check("ООО «Перо»", "Перо");
        check("Quill S.A.S.", "Quill");
        check("Quill S.r.l. Unipersonale", "Quill");
        check("Quill Ltda.", "Quill");
        check("Quill Lda", "Quill");
        check("Quill e. K.", "Quill");
        check("Quill e.U.", "Quill");
        check("Quill SE & Co. KGaA", "Quill");
        check("Quill GmbH und Co. KG", "Quill");
        check("Quill GmbH + Co. KG", "Quill");
        check("Quill N.V./S.A.", "Quill");
        check("Quill San. ve Tic. A.Ş.", "Quill");
        check("Quill EOOD", "Quill");
        check("Quill I/S", "Quill");
        check("Quill ehf.", "Quill");
        check("Quill AB (publ)", "Quill");
        check("Quill LLC dba Feather", "Feather");
        check("Quill LLC d/b/a Feather Inc.", "Feather");
        check("Quill Ltd t/a Feather", "Feather");
        check("Quill Inc., a Feather Company", "Quill");
        check("Quill GmbH, part of Feather", "Quill");
        check("PT Quill Tbk", "Quill");
        check("PT. Quill Indonesia", "Quill Indonesia");
        check("UAB „Quill“", "Quill");
        check("ТОО Перо", "Перо");
        // Not a form: part of the name.
        check("Riverside Co-op", "Riverside Co-op");
        check("Lumen Day Spa", "Lumen Day Spa");
        check("Tansy & Co.", "Tansy & Co.");
        check("The Bread Co.", "The Bread Co.");
        check("The Limited", "The Limited");
        check("AG", "AG");
        check("Limited Ltd", "Limited");
        check("Inka Casa", "Inka Casa");
        check("3M", "3M");
        check("Booking.com", "Booking.com");
        check("Cookie Corner", "Cookie Corner");
        check("Ada Vey Design", "Ada Vey Design");
        check("Vey & Associates", "Vey & Associates");
        check("SIA", "SIA");
        check("PT Barnum", "Barnum");
        check("Quill Company", "Quill Company");
        check("Dba Feather", "Dba Feather");
        check("Ad Astra", "Ad Astra");
        check("Hb Studio", "Hb Studio");
        check("Ada Stern & Associates", "Ada Stern & Associates");
    }

    #[test]
    fn a_name_is_mended() {
        #[track_caller]
        fn check(raw: &str, full: &str) {
            assert_eq!(
                parse(raw, "").map(|name| name.full).unwrap_or_default(),
                full,
                "{raw}"
            );
        }
        check("  Ostrich &amp;  Finch\n", "Ostrich & Finch");
        check("“Quill Studio”,", "Quill Studio");
        check("🦊 Quill Studio™", "Quill Studio");
        check("Ｑｕｉｌｌ\u{200b} Studio", "Quill Studio");
    }

    #[test]
    fn what_is_no_company_is_refused() {
        #[track_caller]
        fn check(raw: &str, problem: &str) {
            let err = parse(raw, "Ada Vey").expect_err(raw).to_string();
            assert!(err.contains(problem), "{raw:?}: {err}");
        }
        for raw in [
            "Quill LLP Some results may have been delisted consistent with local laws. Learn more",
            "Quill Studio People also ask What does Quill Studio do? Related searches",
            "Quill Co. ... Missing: website | Show results with: website",
            "Quill | LinkedIn · 500+ followers",
            "About 1,240,000 results (0.48 seconds) Quill - Official Site",
            "Sign in to view Quill - Join now to see who you know",
            "Quill\n\nTranslate this page\nCached - Similar",
        ] {
            check(raw, "search results");
        }
        check("Quill Radio and ...", "cut off");
        check("Quill Radio and …", "cut off");
        check("404 Not Found", "error page");
        check(
            "Just a moment... Checking your browser before accessing Quill",
            "error page",
        );
        check("Home | Quill", "title of a page");
        check(
            "https://quill.example/about-us?utm_source=search",
            "web address",
        );
        check("www.quill.example", "web address");
        check("quill.com", "web address");
        check("quill.com/about", "web address");
        check("ada@quill.example", "e-mail address");
        check("{{company}}", "unfilled template");
        check("[Company]", "unfilled template");
        check("N/A", "placeholder");
        check("Company Name", "placeholder");
        check("Self-Employed", "placeholder");
        check("-", "placeholder");
        check("=1+1", "formula");
        check("\u{0}&#61;1+1", "formula");
        check("Quill &#x202e;oidutS", "reading direction");
        check("<b>Quill</b>", "markup");
        check("Quill'); DROP TABLE leads;--", "found `;`");
        check("Quill \u{202e}oidutS\u{202c}", "reading direction");
        check("12345", "at least one letter");
        check("X.", "more than one letter");
        check(&"Quill ".repeat(20), "at most 100 characters");
        check("Ada Vey & Associates", "own name");
        check("ADA VEY and associates", "own name");
        check("Ada Vey + Associates, LLC", "own name");
        check("Ada Vey & Assoc.", "own name");
        check("Ada Vey et Associés", "own name");
        check("Ada Vey und Partner", "own name");
        check("Quill Learn more", "piece of a page");
        check("Quill · 500+ connections", "piece of a page");
        check("Quill and others on LinkedIn", "piece of a page");
        check("Contact us", "title of a page");
        let middle = parse("Ada Vey & Partners", "Ada M. Vey").expect_err("a middle initial");
        assert!(middle.to_string().contains("own name"), "{middle}");
    }
}
