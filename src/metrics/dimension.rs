//! The names of what campaigns and messages are told apart by.

use super::Dimension;

impl Dimension {
    /// All of them, in order.
    pub const ALL: [Dimension; 11] = [
        Dimension::Industry,
        Dimension::CompanySize,
        Dimension::Seniority,
        Dimension::Country,
        Dimension::Tone,
        Dimension::Confidence,
        Dimension::Sender,
        Dimension::Writer,
        Dimension::Variant,
        Dimension::Weekday,
        Dimension::Hour,
    ];

    /// The word for programs and options, `company_size`.
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::Industry => "industry",
            Dimension::CompanySize => "company_size",
            Dimension::Seniority => "seniority",
            Dimension::Country => "country",
            Dimension::Tone => "tone",
            Dimension::Confidence => "confidence",
            Dimension::Sender => "sender",
            Dimension::Writer => "writer",
            Dimension::Variant => "variant",
            Dimension::Weekday => "weekday",
            Dimension::Hour => "hour",
        }
    }

    /// The words for people, `company size`.
    pub fn in_words(self) -> &'static str {
        match self {
            Dimension::CompanySize => "company size",
            Dimension::Weekday => "weekday of sending",
            Dimension::Hour => "hour of sending",
            other => other.as_str(),
        }
    }

    /// The dimension of a word that somebody typed: in any case, with `-` or a space for `_`.
    pub fn parse(word: &str) -> Option<Dimension> {
        let word = word.trim().to_lowercase().replace(['-', ' '], "_");
        Dimension::ALL
            .into_iter()
            .find(|dimension| dimension.as_str() == word)
    }

    /// Whether its figures are tallies of messages; only those of campaigns choose campaigns.
    pub fn is_of_messages(self) -> bool {
        matches!(self, Dimension::Weekday | Dimension::Hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dimension_is_known_by_its_word_however_it_is_typed() {
        for dimension in Dimension::ALL {
            let word = dimension.as_str();
            assert_eq!(serde_json::json!(dimension), serde_json::json!(word));
            assert_eq!(Dimension::parse(word), Some(dimension));
        }
        assert!(Dimension::ALL.is_sorted());
        let size = Some(Dimension::CompanySize);
        assert_eq!(Dimension::parse(" Company-Size "), size);
        assert_eq!(Dimension::parse("company size"), size);
        assert_eq!(Dimension::parse("trade"), None);
    }
}
