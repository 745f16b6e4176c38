//! The words for what a mail is, what a person wants, and what the base is told about it.

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person answered.
    HumanReply,
    /// A machine says that a person is away.
    OutOfOffice,
    /// Any other automatic answer: an acknowledgement, a ticket, a challenge, "left the company".
    AutoReply,
    /// The address itself is dead.
    BounceHard,
    /// Any other refusal or delay; [`Bounce::kind`] says which.
    BounceSoft,
    /// A wish not to be written to again.
    Unsubscribe,
    /// A feedback report: somebody pressed "spam" (RFC 5965).
    Complaint,
    /// A receipt or delivery confirmation (RFC 8098, RFC 3464 `delivered`).
    Receipt,
    /// None of ours, or ordinary mail.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::HumanReply,
        Kind::OutOfOffice,
        Kind::AutoReply,
        Kind::BounceHard,
        Kind::BounceSoft,
        Kind::Unsubscribe,
        Kind::Complaint,
        Kind::Receipt,
        Kind::Other,
    ];

    /// The word stored in the ledger and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::HumanReply => "human_reply",
            Kind::OutOfOffice => "out_of_office",
            Kind::AutoReply => "auto_reply",
            Kind::BounceHard => "bounce_hard",
            Kind::BounceSoft => "bounce_soft",
            Kind::Unsubscribe => "unsubscribe",
            Kind::Complaint => "complaint",
            Kind::Receipt => "receipt",
            Kind::Other => "other",
        }
    }

    /// A verdict for people: `human reply, not interested`.
    pub fn in_words(self, sentiment: Option<Sentiment>) -> String {
        let words = match sentiment {
            Some(sentiment) => format!("{}, {}", self.as_str(), sentiment.as_str()),
            None => self.as_str().to_string(),
        };
        words.replace('_', " ")
    }

    /// The kind a stored word stands for.
    pub fn parse(word: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What the person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sentiment {
    /// Wants to hear more.
    Interested,
    /// Declines.
    NotInterested,
    /// Not now, perhaps another time.
    Later,
    /// Names somebody else.
    Referral,
    /// None of these, or unclear.
    Neutral,
}

impl Sentiment {
    /// Every sentiment.
    pub const ALL: [Sentiment; 5] = [
        Sentiment::Interested,
        Sentiment::NotInterested,
        Sentiment::Later,
        Sentiment::Referral,
        Sentiment::Neutral,
    ];

    /// The word stored in the ledger and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Sentiment::Interested => "interested",
            Sentiment::NotInterested => "not_interested",
            Sentiment::Later => "later",
            Sentiment::Referral => "referral",
            Sentiment::Neutral => "neutral",
        }
    }

    /// The sentiment a stored word stands for.
    pub fn parse(word: &str) -> Option<Sentiment> {
        Self::ALL
            .into_iter()
            .find(|sentiment| sentiment.as_str() == word)
    }
}

/// What the base is told about an answer (`Campaign_Response_Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResponseType {
    /// A person wants to hear more.
    Interested,
    /// A person declined.
    NotInterested,
    /// A person said: not now.
    Later,
    /// A person named somebody else.
    Referral,
    /// A person answered something else.
    Neutral,
    /// Only a machine answered.
    AutoReply,
    /// A person wants no more mail.
    Unsubscribed,
    /// The address does not accept mail.
    Bounced,
}

impl ResponseType {
    /// Every response type.
    pub const ALL: [ResponseType; 8] = [
        ResponseType::Interested,
        ResponseType::NotInterested,
        ResponseType::Later,
        ResponseType::Referral,
        ResponseType::Neutral,
        ResponseType::AutoReply,
        ResponseType::Unsubscribed,
        ResponseType::Bounced,
    ];

    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            ResponseType::Interested => "interested",
            ResponseType::NotInterested => "not_interested",
            ResponseType::Later => "later",
            ResponseType::Referral => "referral",
            ResponseType::Neutral => "neutral",
            ResponseType::AutoReply => "auto_reply",
            ResponseType::Unsubscribed => "unsubscribed",
            ResponseType::Bounced => "bounced",
        }
    }

    /// The word people see in Airtable.
    pub fn label(self) -> &'static str {
        match self {
            ResponseType::Interested => "Interested",
            ResponseType::NotInterested => "Not Interested",
            ResponseType::Later => "Later",
            ResponseType::Referral => "Referral",
            ResponseType::Neutral => "Neutral",
            ResponseType::AutoReply => "Auto Reply",
            ResponseType::Unsubscribed => "Unsubscribed",
            ResponseType::Bounced => "Bounced",
        }
    }

    /// The response type a stored word stands for.
    pub fn parse(word: &str) -> Option<ResponseType> {
        Self::ALL
            .into_iter()
            .find(|response| response.as_str() == word)
    }
}

impl From<Sentiment> for ResponseType {
    fn from(sentiment: Sentiment) -> ResponseType {
        match sentiment {
            Sentiment::Interested => ResponseType::Interested,
            Sentiment::NotInterested => ResponseType::NotInterested,
            Sentiment::Later => ResponseType::Later,
            Sentiment::Referral => ResponseType::Referral,
            Sentiment::Neutral => ResponseType::Neutral,
        }
    }
}

/// How willing the rules are to read a wish out of weak words (`RESPONSE_SENSITIVITY`). Opt-outs
/// are heard alike at every level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sensitivity {
    /// Only plain words count; the rest is neutral.
    Low,
    /// Plain words and common turns of phrase.
    #[default]
    Normal,
    /// Hints count as well.
    High,
}

impl Sensitivity {
    /// Every level.
    pub const ALL: [Sensitivity; 3] = [Sensitivity::Low, Sensitivity::Normal, Sensitivity::High];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Sensitivity::Low => "low",
            Sensitivity::Normal => "normal",
            Sensitivity::High => "high",
        }
    }

    /// The level a word stands for.
    pub fn parse(word: &str) -> Option<Sensitivity> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// Somebody else whom an answer names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Referral {
    /// The name as written, one line, or `""`.
    pub name: String,
    /// The address, lower case, if the answer gives one.
    pub address: Option<String>,
}

/// A refusal or delay, as far as the mail tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// `mailbox` (the address is dead), `full`, `policy`, `delay`, `network`, `size` or `other`.
    pub kind: String,
    /// The enhanced status code (RFC 3463), `5.1.1`, if one was found.
    pub status: Option<String>,
    /// The addresses that failed, lower case, in the order they were named, at most twenty.
    pub recipients: Vec<String>,
    /// The server's words, one line.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        for sentiment in Sentiment::ALL {
            assert_eq!(Sentiment::parse(sentiment.as_str()), Some(sentiment));
            assert_eq!(ResponseType::from(sentiment).as_str(), sentiment.as_str());
        }
        for response in ResponseType::ALL {
            assert_eq!(ResponseType::parse(response.as_str()), Some(response));
            assert_eq!(
                response.label().to_lowercase().replace(' ', "_"),
                response.as_str()
            );
        }
        for level in Sensitivity::ALL {
            assert_eq!(Sensitivity::parse(level.as_str()), Some(level));
        }
        assert_eq!(Kind::parse("HUMAN_REPLY"), None);
    }
}
