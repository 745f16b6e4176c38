//! Standing: what kind of company the lead is.
//!
//! Purpose: a text that speaks to a chain, a listed company or a family firm speaks to the wrong
//! reader if the lead's data knows of none; three countries are told of nobody who has one shop.
//! Invariant: only what is plainly said of the lead counts (`a chain like yours`, `your
//! subsidiaries`), and a word of the data that may tell of the same is enough to allow it.
//! This module does not judge trades or services.

use std::sync::LazyLock;

use regex::Regex;

use super::reading::{Case, MASK, Reading};
use super::screen::SCREEN;
use super::{Issue, Severity, issue, phrases};

/// A kind of company.
struct Kind {
    /// What a company of this kind is called.
    noun: &'static str,
    /// What only such a company has; nothing if it is empty.
    has: &'static str,
    /// Beginnings of words of which the data must have one.
    told_by: &'static [&'static str],
    /// Beginnings of words of which it may have none.
    denied_by: &'static [&'static str],
}

const SEVERAL: [&str; 36] = [
    "academies",
    "branch",
    "cafes",
    "cafés",
    "campuses",
    "centers",
    "centres",
    "chain",
    "cities",
    "clinics",
    "countries",
    "depots",
    "factories",
    "farms",
    "franchis",
    "group",
    "gyms",
    "hotels",
    "houses",
    "locations",
    "multi",
    "nationwide",
    "network",
    "offices",
    "outlet",
    "plants",
    "practices",
    "regions",
    "restaurants",
    "salons",
    "schools",
    "shops",
    "sites",
    "states",
    "stores",
    "subsidiar",
];

const KINDS: [Kind; 7] = [
    Kind {
        noun: "chain|franchise|franchisor|franchisee|group of (?:shops|stores|branches|hotels|\
               clinics|restaurants|salons|depots)",
        has: "franchises?|franchisees?|franchise (?:partners|branches|owners)|subsidiar(?:y|ies)|\
              branches|outlets",
        told_by: &SEVERAL,
        denied_by: &[],
    },
    Kind {
        noun: "multinational|global (?:group|company|player|corporation)",
        has: "(?:[a-z]+ )?(?:in |across )?(?:two|three|four|five|six|seven|eight|nine|ten|several|\
              many|[0-9]+) (?:different |european |african |asian )?(?:countries|continents)",
        told_by: &[
            "abroad",
            "continent",
            "countr",
            "europe",
            "export",
            "global",
            "international",
            "multinational",
            "overseas",
            "world",
        ],
        denied_by: &[],
    },
    Kind {
        noun: "(?:listed|publicly traded|publicly listed) (?:company|group|firm|business)",
        has: "share price|stock exchange listing",
        told_by: &[
            "ag",
            "asa",
            "exchange",
            "inc",
            "listed",
            "nasdaq",
            "nyse",
            "plc",
            "public",
            "shareholder",
            "stock",
        ],
        denied_by: &[],
    },
    Kind {
        noun: "start-?up",
        has: "",
        told_by: &[],
        denied_by: &[
            "18",
            "190",
            "191",
            "192",
            "193",
            "194",
            "195",
            "196",
            "197",
            "198",
            "centur",
            "decade",
            "famil",
            "generation",
        ],
    },
    Kind {
        noun: "family[- ](?:business|firm|company|owned (?:business|firm|company))",
        has: "",
        told_by: &[
            "brother",
            "couple",
            "daughter",
            "famil",
            "father",
            "generation",
            "husband",
            "mother",
            "sister",
            "son",
            "sons",
            "wife",
        ],
        denied_by: &[],
    },
    Kind {
        noun: "charity|non-?profit|ngo|not-for-profit",
        has: "",
        told_by: &[
            "aid",
            "association",
            "charit",
            "church",
            "cooperative",
            "donat",
            "donor",
            "foundation",
            "mission",
            "ngo",
            "non",
            "not",
            "relief",
            "social",
            "society",
            "trust",
            "volunteer",
        ],
        denied_by: &[],
    },
    Kind {
        noun: "(?:single|one|sole)-(?:shop|site|depot|store|location|branch|office|clinic|person|\
               man|woman)(?: [a-z]+)?|freelancer|sole trader",
        has: "",
        told_by: &[],
        denied_by: &[
            "branches",
            "chain",
            "countries",
            "depots",
            "franchis",
            "locations",
            "multinational",
            "nationwide",
            "offices",
            "outlets",
            "stores",
            "subsidiar",
        ],
    },
];

/// How each kind is said of the lead.
static SAID: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let all = KINDS.iter();
    all.map(|kind| phrases::pattern(&said(kind), true))
        .collect()
});

fn said(kind: &Kind) -> String {
    let Kind { noun, has, .. } = kind;
    let few = "(?:[a-z'-]+ ){0,3}?";
    let you = format!("(?:you|your|{MASK})");
    let mut patterns = vec![
        format!(
            "(?:an?|any|every|the) {few}(?:{noun}) (?:of your size|(?:like|such as) \
             (?:you|yours|your own|{MASK})(?:[,.?!;:]|$| (?:is|has|can|must|needs?|hears?|in|with|\
             and|to|that|may|could|would|will)))"
        ),
        format!("(?:as|being|for) an? {few}(?:{noun}),? {you}"),
        format!("(?:you are|you're|{MASK} is|{MASK},) an? {few}(?:{noun})"),
    ];
    if !has.is_empty() {
        patterns.extend([
            format!("your (?:[a-z-]+ )?(?:{has})"),
            format!(
                "(?:you|{MASK}) (?:have|has|runs?|owns?|operates?|manages?|works?|sells?) \
                 {few}(?:{has})"
            ),
            format!("(?:(?m:^)|[.!?] )with {few}(?:{has}),? {you}"),
        ]);
    }
    patterns.join("|")
}

/// The patterns of this file: most texts have none.
pub(super) fn patterns() -> Vec<(String, bool)> {
    KINDS.iter().map(|kind| (said(kind), true)).collect()
}

/// The rule of this file.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    if !reading.is_english {
        return;
    }
    let text = reading.folded.as_str();
    for (at, (kind, said)) in KINDS.iter().zip(&*SAID).enumerate() {
        if !reading.sifted.has(SCREEN.standing + at, text) || is_known(case, kind) {
            continue;
        }
        if let Some(found) = said.find(text).filter(|found| !is_other(found.as_str())) {
            let hint = "the lead's data tells of no such company: address the one it is";
            let (code, severity) = ("invented_claim", Severity::Major);
            issues.push(issue(code, severity, reading.step, found.as_str(), hint));
        }
    }
}

/// Whether the lead's data allows to call it a company of a kind.
fn is_known(case: &Case<'_>, kind: &Kind) -> bool {
    let has = |stems: &[&str]| {
        let mut words = crate::copy::text::words(&case.lead_data);
        words.any(|word| stems.iter().any(|stem| tells(word, stem)))
    };
    let is_told = kind.told_by.is_empty() || has(kind.told_by);
    is_told && !has(kind.denied_by)
}

/// Whether a word of the data has a stem; a short stem has to be the whole word.
fn tells(word: &str, stem: &str) -> bool {
    let is_short = stem.len() <= 3 && !stem.starts_with(|c: char| c.is_ascii_digit());
    match is_short {
        true => word == stem || word.split('-').next() == Some(stem),
        false => word.starts_with(stem),
    }
}

/// Whether the chain is one of things, not of shops: `a supply chain like yours`.
fn is_other(said: &str) -> bool {
    let things = ["block", "cold", "food", "process", "supply", "value"];
    things.iter().any(|thing| {
        said.contains(&format!("{thing} chain")) || said.contains(&format!("{thing}-chain"))
    })
}
