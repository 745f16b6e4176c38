//! What follows from a mail: the one table.
//!
//! | what it is | known to be about a message of ours | otherwise |
//! |---|---|---|
//! | our own copy | nothing | nothing |
//! | human reply | responded, type by what the person wants | nothing: listed as unmatched |
//! | opt-out | stop, suppress | stop, suppress the address it came from |
//! | hard bounce | stop, suppress | nothing: backscatter, or a forgery |
//! | soft bounce, delay, policy | noted | nothing |
//! | complaint | stop, suppress | nothing |
//! | absence | wait until the return | nothing |
//! | left the company | stop, suppress | nothing |
//! | other automatic answer, receipt | nothing | nothing |
//! | ordinary mail typed by a person | responded, as a human reply | nothing |
//! | other mail | nothing | nothing |

use chrono::NaiveDate;

use crate::campaign::StopReason;

use super::{Inbound, Kind, ResponseType};

/// What follows from a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// The campaign has its answer: it becomes `responded`, later steps are skipped.
    Respond {
        /// What the base is told.
        response: ResponseType,
    },
    /// Every campaign of the person waits.
    PauseUntil {
        /// The day the person is back; none when the notice names no day.
        until: Option<NaiveDate>,
    },
    /// The campaign ends.
    Stop {
        /// Why.
        reason: StopReason,
        /// Whether the address must never be written to again.
        suppress: bool,
    },
    /// Nothing follows; the mail is listed and counted.
    Nothing {
        /// Why not, as a clause.
        why: &'static str,
    },
}

impl Consequence {
    /// What the base is told, if anything.
    pub fn response(&self) -> Option<ResponseType> {
        match self {
            Consequence::Respond { response } => Some(*response),
            Consequence::PauseUntil { .. } => Some(ResponseType::AutoReply),
            Consequence::Stop {
                reason: StopReason::Bounced,
                ..
            } => Some(ResponseType::Bounced),
            Consequence::Stop {
                reason: StopReason::LeftCompany,
                ..
            } => Some(ResponseType::AutoReply),
            Consequence::Stop { .. } => Some(ResponseType::Unsubscribed),
            Consequence::Nothing { .. } => None,
        }
    }
}

/// What follows from a mail. `matched` means that it was found to be about a message of ours: by
/// its references, by what it returns, or because it comes from the exact address of a lead.
///
/// An opt-out needs no match: the caller suppresses [`Inbound::from`] even when no message of ours
/// can be named, since a wish to be left alone does not depend on our book-keeping. Every other
/// consequence does need one; bounces and complaints can be forged, and backscatter is common.
pub fn consequence(inbound: &Inbound, matched: bool) -> Consequence {
    if inbound.own {
        return Consequence::Nothing {
            why: "it is our own copy",
        };
    }
    if inbound.kind == Kind::Unsubscribe {
        return Consequence::Stop {
            reason: StopReason::OptedOut,
            suppress: true,
        };
    }
    if !matched {
        return Consequence::Nothing {
            why: "it is not about any message of ours",
        };
    }
    match (inbound.kind, inbound.sentiment) {
        (Kind::HumanReply, sentiment) => Consequence::Respond {
            response: sentiment.map_or(ResponseType::Neutral, ResponseType::from),
        },
        (Kind::Other, Some(sentiment)) => Consequence::Respond {
            response: ResponseType::from(sentiment),
        },
        (Kind::BounceHard, _) => Consequence::Stop {
            reason: StopReason::Bounced,
            suppress: true,
        },
        (Kind::Complaint, _) => Consequence::Stop {
            reason: StopReason::Complained,
            suppress: true,
        },
        (Kind::AutoReply, _) if inbound.left_company => Consequence::Stop {
            reason: StopReason::LeftCompany,
            suppress: true,
        },
        (Kind::OutOfOffice, _) => Consequence::PauseUntil {
            until: inbound.return_on,
        },
        (Kind::BounceSoft, _) => Consequence::Nothing {
            why: "the refusal does not mean that the address is dead",
        },
        (Kind::AutoReply, _) => Consequence::Nothing {
            why: "a machine answered, not the person",
        },
        (Kind::Receipt, _) => Consequence::Nothing {
            why: "a receipt is not an answer",
        },
        (Kind::Other | Kind::Unsubscribe, _) => Consequence::Nothing {
            why: "it is not an answer",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::{Ours, Sentiment, read};

    fn of(kind: Kind) -> Inbound {
        let mut inbound = read(b"From: lead@example.com\n\nx", &Ours::default());
        inbound.kind = kind;
        inbound.sentiment = None;
        inbound
    }

    #[track_caller]
    fn check(inbound: &Inbound, matched: bool, expected: &str) {
        let found = match consequence(inbound, matched) {
            Consequence::Respond { response } => format!("respond {}", response.as_str()),
            Consequence::PauseUntil { until } => format!("pause {until:?}"),
            Consequence::Stop { reason, suppress } => {
                format!("stop {} suppress={suppress}", reason.as_str())
            }
            Consequence::Nothing { .. } => "nothing".to_string(),
        };
        assert_eq!(found, expected, "{:?} matched={matched}", inbound.kind);
    }

    #[test]
    fn each_kind_has_its_consequence() {
        check(&of(Kind::HumanReply), true, "respond neutral");
        check(&of(Kind::Unsubscribe), true, "stop opted_out suppress=true");
        check(&of(Kind::BounceHard), true, "stop bounced suppress=true");
        check(&of(Kind::Complaint), true, "stop complained suppress=true");
        check(&of(Kind::OutOfOffice), true, "pause None");
        for kind in [
            Kind::BounceSoft,
            Kind::AutoReply,
            Kind::Receipt,
            Kind::Other,
        ] {
            check(&of(kind), true, "nothing");
        }
    }

    #[test]
    fn without_a_message_of_ours_only_an_opt_out_counts() {
        for kind in Kind::ALL {
            let expected = match kind {
                Kind::Unsubscribe => "stop opted_out suppress=true",
                _ => "nothing",
            };
            check(&of(kind), false, expected);
        }
    }

    #[test]
    fn our_own_copy_never_counts() {
        for kind in Kind::ALL {
            check(
                &Inbound {
                    own: true,
                    ..of(kind)
                },
                true,
                "nothing",
            );
        }
    }

    #[test]
    fn details_decide_where_the_kind_does_not() {
        let later = Inbound {
            sentiment: Some(Sentiment::Later),
            ..of(Kind::HumanReply)
        };
        check(&later, true, "respond later");
        let fresh = Inbound {
            sentiment: Some(Sentiment::Interested),
            ..of(Kind::Other)
        };
        check(&fresh, true, "respond interested");
        let left = Inbound {
            left_company: true,
            ..of(Kind::AutoReply)
        };
        check(&left, true, "stop left_company suppress=true");
        let day = NaiveDate::from_ymd_opt(2026, 5, 4);
        let away = Inbound {
            return_on: day,
            ..of(Kind::OutOfOffice)
        };
        check(&away, true, "pause Some(2026-05-04)");
    }

    #[test]
    fn what_the_base_is_told_follows_from_the_consequence() {
        let told = |kind| consequence(&of(kind), true).response();
        assert_eq!(told(Kind::Unsubscribe), Some(ResponseType::Unsubscribed));
        assert_eq!(told(Kind::BounceHard), Some(ResponseType::Bounced));
        assert_eq!(told(Kind::OutOfOffice), Some(ResponseType::AutoReply));
        assert_eq!(told(Kind::Receipt), None);
    }
}
