//! What the reader answers for, by the job title.
//!
//! Purpose: a role decides which question the Hook asks.
//! Invariant: a title that tells nothing, or somebody else's business, gives no role.
//! This module does not know the questions.

use crate::copy::text::{fold, words};

/// The roles that template files may keep variants for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Direction,
    Founder,
    Marketing,
    Operations,
    Sales,
    Finance,
    Technology,
    Product,
    Growth,
    People,
}

/// Words of titles. A founder who is a CEO besides is a founder; else the first word that tells
/// something decides, as people put first what weighs most.
const WORDS: [(&[&str], Role); 9] = [
    (
        &[
            "founder",
            "cofounder",
            "co-founder",
            "owner",
            "inhaber",
            "gründer",
            "fondateur",
        ],
        Role::Founder,
    ),
    (&["growth"], Role::Growth),
    (
        &[
            "hr",
            "people",
            "talent",
            "recruiting",
            "human",
            "personal",
            "recursos",
        ],
        Role::People,
    ),
    (
        &[
            "cto",
            "cio",
            "ciso",
            "technology",
            "technical",
            "engineering",
            "it",
            "software",
            "digital",
            "data",
            "architect",
            "developer",
            "technik",
        ],
        Role::Technology,
    ),
    (
        &[
            "coo",
            "operations",
            "operaciones",
            "logistics",
            "supply",
            "production",
            "plant",
            "betrieb",
        ],
        Role::Operations,
    ),
    (
        &[
            "cfo",
            "finance",
            "financial",
            "controlling",
            "controller",
            "treasurer",
            "finanzen",
        ],
        Role::Finance,
    ),
    (&["cpo", "product"], Role::Product),
    (
        &["cmo", "marketing", "brand", "communications", "content"],
        Role::Marketing,
    ),
    (
        &[
            "cro",
            "cso",
            "sales",
            "revenue",
            "commercial",
            "vertrieb",
            "ventas",
            "account",
        ],
        Role::Sales,
    ),
];

/// Words of those who lead the whole.
const LEADS: &[&str] = &[
    "ceo",
    "president",
    "geschäftsführer",
    "geschäftsführerin",
    "proprietor",
    "principal",
    "chairman",
];

/// Titles of those who work for the person a question would be meant for.
const WORKS_FOR: &[&str] = &[
    "assistant",
    "intern",
    "trainee",
    "student",
    "werkstudent",
    "assistenz",
    "apprentice",
    "former",
    "retired",
];

impl Role {
    /// The role in a title.
    pub(super) fn parse(title: &str) -> Option<Role> {
        let title = fold(title);
        let all: Vec<&str> = words(&title).collect();
        let at = |list: &[&str]| all.iter().position(|word| list.contains(word));
        if at(WORKS_FOR).is_some() {
            return None;
        }
        // A product owner owns a backlog.
        let founds = WORDS.first().is_some_and(|(list, _)| at(list).is_some());
        if founds && at(&["product"]).is_none() {
            return Some(Role::Founder);
        }
        let leads = ["chief executive", "managing director", "general manager"];
        let vice = all.contains(&"vice");
        if leads.iter().any(|lead| title.contains(lead)) || (at(LEADS).is_some() && !vice) {
            return Some(Role::Direction);
        }
        let found = WORDS
            .iter()
            .skip(1)
            .filter_map(|(list, role)| Some((at(list)?, *role)));
        found.min_by_key(|(place, _)| *place).map(|(_, role)| role)
    }

    /// What is said to be on the reader's desk; those who lead the whole have everything there.
    pub(super) fn remit(self) -> Option<&'static str> {
        match self {
            Role::Direction | Role::Founder => None,
            Role::Marketing => Some("marketing"),
            Role::Operations => Some("operations"),
            Role::Sales => Some("sales"),
            Role::Finance => Some("finance"),
            Role::Technology => Some("technology"),
            Role::Product => Some("product"),
            Role::Growth => Some("growth"),
            Role::People => Some("people and hiring"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_tell_a_role_only_when_they_do() {
        for (title, expected) in [
            ("VP, Sales & Marketing", Some(Role::Sales)),
            ("Founder 🚀", Some(Role::Founder)),
            ("Co-Founder & CEO", Some(Role::Founder)),
            ("Owner/Operator", Some(Role::Founder)),
            ("Product Owner", Some(Role::Product)),
            ("Directora de Operaciones", Some(Role::Operations)),
            ("Chief Executive Officer", Some(Role::Direction)),
            ("Managing Director", Some(Role::Direction)),
            ("President", Some(Role::Direction)),
            ("Vice President Finance", Some(Role::Finance)),
            ("Geschäftsführer", Some(Role::Direction)),
            ("Head of Engineering", Some(Role::Technology)),
            ("IT Lead", Some(Role::Technology)),
            ("Head of Growth", Some(Role::Growth)),
            ("Head of People", Some(Role::People)),
            ("Leiter Vertrieb", Some(Role::Sales)),
            ("CFO", Some(Role::Finance)),
            ("Assistant to the CEO", None),
            ("Former CTO", None),
            ("Partner — M&A", None),
            ("Chief of Staff", None),
            ("asdf", None),
            ("", None),
        ] {
            assert_eq!(Role::parse(title), expected, "{title}");
        }
    }
}
