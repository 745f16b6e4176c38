//! What follows from a mail: the one table.
//!
//! [`Case`] names each row, [`Case::row`] says it in words, [`consequence`] is what the program
//! does. README shows the same rows to people; a test below keeps the three in step.

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
    /// The campaign waits for a person, because the rules are not sure.
    Hold {
        /// Why they are not, as a clause.
        why: String,
    },
    /// Every campaign of the person waits.
    PauseUntil {
        /// The day the person is back; none when the notice names no day.
        until: Option<NaiveDate>,
    },
    /// The step surely did not arrive, and the address lives: it is tried again another day.
    TryAgain {
        /// The server's words.
        reason: String,
    },
    /// The sender was refused, not the lead: nothing of the sender leaves until a person looks.
    HoldSender {
        /// The server's words.
        reason: String,
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
            Consequence::Hold { .. }
            | Consequence::TryAgain { .. }
            | Consequence::HoldSender { .. }
            | Consequence::Nothing { .. } => None,
        }
    }
}

/// A row of the table: what a mail is, as far as something depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Case {
    /// Sent by ourselves.
    OwnCopy,
    /// A feedback report.
    Complaint,
    /// Whatever it is, the rules are not sure.
    Unsure,
    /// A person answered, or wrote from a lead's address.
    Answer,
    /// A wish to be left alone.
    OptOut,
    /// A wish that everybody in the company be left alone.
    OptOutForCompany,
    /// The address is dead.
    HardBounce,
    /// Not delivered, for a reason that may pass.
    SoftBounce,
    /// Not delivered, because of who sent it.
    Policy,
    /// Not delivered yet.
    Delay,
    /// The person is away.
    Absence,
    /// The person works there no more.
    LeftCompany,
    /// Any other machine.
    Automatic,
    /// A receipt or a confirmation.
    Receipt,
    /// None of these.
    Other,
}

impl Case {
    /// Every row, in the order in which they are tried.
    pub const ALL: [Case; 15] = [
        Case::OwnCopy,
        Case::Complaint,
        Case::Unsure,
        Case::Answer,
        Case::OptOut,
        Case::OptOutForCompany,
        Case::HardBounce,
        Case::SoftBounce,
        Case::Policy,
        Case::Delay,
        Case::Absence,
        Case::LeftCompany,
        Case::Automatic,
        Case::Receipt,
        Case::Other,
    ];

    /// The row a mail belongs to.
    pub fn of(inbound: &Inbound) -> Case {
        if inbound.own {
            return Case::OwnCopy;
        }
        if inbound.unsure.is_some() && inbound.kind != Kind::Complaint {
            return Case::Unsure;
        }
        let bounce = inbound.bounce.as_ref().map(|bounce| bounce.kind.as_str());
        match inbound.kind {
            Kind::HumanReply => Case::Answer,
            Kind::Other if inbound.sentiment.is_some() => Case::Answer,
            Kind::Unsubscribe if inbound.for_company => Case::OptOutForCompany,
            Kind::Unsubscribe => Case::OptOut,
            Kind::BounceHard => Case::HardBounce,
            Kind::BounceSoft => match bounce {
                Some("delay") => Case::Delay,
                Some("policy") => Case::Policy,
                _ => Case::SoftBounce,
            },
            Kind::Complaint => Case::Complaint,
            Kind::OutOfOffice => Case::Absence,
            Kind::AutoReply if inbound.left_company => Case::LeftCompany,
            Kind::AutoReply => Case::Automatic,
            Kind::Receipt => Case::Receipt,
            Kind::Other => Case::Other,
        }
    }

    /// The row in words: what the mail is, what follows when it is about a message of ours, and
    /// what follows when it is about none.
    pub fn row(self) -> [&'static str; 3] {
        const LISTED: &str = "nothing; listed and counted as unmatched";
        const NOTHING: &str = "nothing";
        match self {
            Case::OwnCopy => ["our own copy", NOTHING, NOTHING],
            Case::Complaint => [
                "complaint (somebody pressed *spam*)",
                "suppressed, stopped, an error in the report; the sender is held",
                LISTED,
            ],
            Case::Unsure => [
                "anything the rules are not sure of",
                "paused until a person looks, flagged with the reason",
                "nothing, but an opt-out counts",
            ],
            Case::Answer => [
                "a person's answer, whatever it says",
                "responded, later steps skipped, flagged with what the person wants; with \
                 `STOP_COMPANY_ON_REPLY` the company's other campaigns pause",
                LISTED,
            ],
            Case::OptOut => [
                "opt-out",
                "the person's addresses suppressed, stopped; nothing is confirmed",
                "the address it came from suppressed, its campaigns stopped",
            ],
            Case::OptOutForCompany => [
                "opt-out that speaks for the company",
                "its domain suppressed (never a free-mail domain), every campaign there stopped",
                "the address it came from suppressed, flagged",
            ],
            Case::HardBounce => [
                "hard bounce: the address is dead",
                "suppressed, stopped",
                "nothing: backscatter or a forgery; counted as unmatched",
            ],
            Case::SoftBounce => [
                "soft bounce: full, too large, not reached, …",
                "the same step again on a later business day, three times in all, then dead",
                LISTED,
            ],
            Case::Policy => [
                "refused by policy (spam, block list, DMARC, quota)",
                "the sender is held until a person looks, never the lead; the step again later",
                LISTED,
            ],
            Case::Delay => ["delay notice", "nothing: no failure yet", LISTED],
            Case::Absence => [
                "absence",
                "all campaigns of the person wait until the business day after the return, \
                 8 days without a date",
                LISTED,
            ],
            Case::LeftCompany => ["left the company", "suppressed, stopped", LISTED],
            Case::Automatic => ["other automatic answer", NOTHING, LISTED],
            Case::Receipt => ["receipt, delivery confirmation", NOTHING, LISTED],
            Case::Other => ["other mail", NOTHING, NOTHING],
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
    let case = Case::of(inbound);
    let stop = |reason| Consequence::Stop {
        reason,
        suppress: true,
    };
    let nothing = |why| Consequence::Nothing { why };
    let words = || {
        let bounce = inbound.bounce.as_ref();
        bounce.map_or_else(String::new, |bounce| bounce.reason.clone())
    };
    if case == Case::OwnCopy {
        return nothing("it is our own copy");
    }
    if !matched {
        return match inbound.kind {
            Kind::Unsubscribe => stop(StopReason::OptedOut),
            _ => nothing("it is not about any message of ours"),
        };
    }
    match case {
        Case::Unsure => Consequence::Hold {
            why: inbound.unsure.clone().unwrap_or_default(),
        },
        Case::Answer => Consequence::Respond {
            response: inbound
                .sentiment
                .map_or(ResponseType::Neutral, ResponseType::from),
        },
        Case::OptOut | Case::OptOutForCompany => stop(StopReason::OptedOut),
        Case::HardBounce => stop(StopReason::Bounced),
        Case::Complaint => stop(StopReason::Complained),
        Case::LeftCompany => stop(StopReason::LeftCompany),
        Case::Absence => Consequence::PauseUntil {
            until: inbound.return_on,
        },
        Case::SoftBounce => Consequence::TryAgain { reason: words() },
        Case::Policy => Consequence::HoldSender { reason: words() },
        Case::Delay => nothing("the server goes on trying"),
        Case::Automatic => nothing("a machine answered, not the person"),
        Case::Receipt => nothing("a receipt is not an answer"),
        Case::Other | Case::OwnCopy => nothing("it is not an answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::{Bounce, Ours, Sentiment, read};

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
            Consequence::Hold { why } => format!("hold {why}"),
            Consequence::TryAgain { reason } => format!("try again {reason}"),
            Consequence::HoldSender { reason } => format!("hold sender {reason}"),
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
        check(&of(Kind::BounceSoft), true, "try again ");
        for kind in [Kind::AutoReply, Kind::Receipt, Kind::Other] {
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

    #[test]
    fn a_soft_bounce_goes_by_its_type() {
        for (kind, expected) in [
            ("full", "try again 452 no"),
            ("network", "try again 452 no"),
            ("other", "try again 452 no"),
            ("policy", "hold sender 452 no"),
            ("delay", "nothing"),
        ] {
            let bounce = Bounce {
                kind: kind.to_string(),
                status: None,
                recipients: Vec::new(),
                reason: "452 no".to_string(),
            };
            let inbound = Inbound {
                bounce: Some(bounce),
                ..of(Kind::BounceSoft)
            };
            check(&inbound, true, expected);
            check(&inbound, false, "nothing");
        }
    }

    #[test]
    fn what_is_unsure_waits_for_a_person_except_complaints_and_unmatched_opt_outs() {
        for kind in Kind::ALL {
            let inbound = Inbound {
                unsure: Some("two readings".to_string()),
                ..of(kind)
            };
            let matched = match kind {
                Kind::Complaint => "stop complained suppress=true",
                _ => "hold two readings",
            };
            check(&inbound, true, matched);
            let unmatched = match kind {
                Kind::Unsubscribe => "stop opted_out suppress=true",
                _ => "nothing",
            };
            check(&inbound, false, unmatched);
        }
    }

    #[test]
    fn the_readme_shows_the_table_row_by_row() {
        let readme = include_str!("../../README.md");
        let mut rows = readme
            .split("## What follows from a mail")
            .nth(1)
            .expect("a chapter of its own")
            .lines()
            .skip_while(|line| !line.starts_with("|---"))
            .skip(1);
        for case in Case::ALL {
            let [what, matched, otherwise] = case.row();
            let expected = format!("| {what} | {matched} | {otherwise} |");
            assert_eq!(rows.next(), Some(expected.as_str()));
        }
        let next = rows.next().unwrap_or_default();
        assert!(!next.starts_with('|'), "a row too many: {next}");
    }
}
