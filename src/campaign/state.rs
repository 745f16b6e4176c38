//! The states of campaigns and messages, and which may follow which.

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CampaignState {
    /// Written, not yet judged. `generate` enters and leaves it in one transaction; a campaign
    /// whose texts are asked for anew comes back here until the next `generate`.
    Draft,
    /// A person must look before anything leaves.
    Review,
    /// On its way: `schedule` dates its messages, `send` sends them.
    Active,
    /// Held by a person, or until a date (absence); `resume` or the date sets it going again.
    Paused,
    /// The lead answered. Final.
    Responded,
    /// Every step was sent and nobody answered. Becomes `Responded` when an answer comes late, and
    /// `Active` when the last mail comes back and is to be tried again.
    Completed,
    /// Ended early, with a [`StopReason`]. Final.
    Stopped,
}

impl CampaignState {
    /// Every state.
    pub const ALL: [CampaignState; 7] = [
        CampaignState::Draft,
        CampaignState::Review,
        CampaignState::Active,
        CampaignState::Paused,
        CampaignState::Responded,
        CampaignState::Completed,
        CampaignState::Stopped,
    ];

    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            CampaignState::Draft => "draft",
            CampaignState::Review => "review",
            CampaignState::Active => "active",
            CampaignState::Paused => "paused",
            CampaignState::Responded => "responded",
            CampaignState::Completed => "completed",
            CampaignState::Stopped => "stopped",
        }
    }

    /// The word people see in Airtable's `Campaign_Status`.
    pub fn label(self) -> &'static str {
        match self {
            CampaignState::Draft => "Draft",
            CampaignState::Review => "Needs Review",
            CampaignState::Active => "Active",
            CampaignState::Paused => "Paused",
            CampaignState::Responded => "Responded",
            CampaignState::Completed => "Completed",
            CampaignState::Stopped => "Stopped",
        }
    }

    /// The state a stored word stands for.
    pub fn parse(word: &str) -> Option<CampaignState> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether more mail may follow: such a campaign blocks another one for the same lead.
    pub fn is_open(self) -> bool {
        use CampaignState::{Active, Draft, Paused, Review};
        matches!(self, Draft | Review | Active | Paused)
    }

    /// Whether `self` may turn into `next`.
    pub fn may_become(self, next: CampaignState) -> bool {
        use CampaignState::{Active, Completed, Draft, Paused, Responded, Review, Stopped};
        match self {
            Draft => matches!(next, Review | Active | Stopped | Responded),
            Review => matches!(next, Draft | Active | Stopped | Responded),
            Active => matches!(
                next,
                Draft | Review | Paused | Responded | Completed | Stopped
            ),
            Paused => matches!(next, Draft | Active | Review | Responded | Stopped),
            Completed => matches!(next, Active | Responded | Stopped),
            Responded | Stopped => false,
        }
    }

    /// Whether a campaign that a mail had ended may turn into `next` when a person says that the
    /// mail was misread. Nothing leaves by that: it waits for the person's word, or is complete.
    pub fn may_be_taken_back_to(self, next: CampaignState) -> bool {
        use CampaignState::{Completed, Paused, Responded, Stopped};
        matches!(self, Responded | Stopped) && matches!(next, Paused | Completed)
    }
}

/// Why a campaign was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopReason {
    /// The lead asked not to be written to.
    OptedOut,
    /// A mail came back: the address does not exist.
    Bounced,
    /// A recipient reported the mail as spam.
    Complained,
    /// A person stopped it here or in Airtable.
    ByPerson,
    /// A person rejected the texts in review.
    RejectedInReview,
    /// The address or domain was suppressed meanwhile.
    Suppressed,
    /// The lead was taken off the list, or no longer passes the data check.
    LeadRemoved,
    /// The person left the company.
    LeftCompany,
    /// A message ended in `dead`: the rest would not make sense without it.
    Undeliverable,
}

impl StopReason {
    /// Every reason.
    pub const ALL: [StopReason; 9] = [
        StopReason::OptedOut,
        StopReason::Bounced,
        StopReason::Complained,
        StopReason::ByPerson,
        StopReason::RejectedInReview,
        StopReason::Suppressed,
        StopReason::LeadRemoved,
        StopReason::LeftCompany,
        StopReason::Undeliverable,
    ];

    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            StopReason::OptedOut => "opted_out",
            StopReason::Bounced => "bounced",
            StopReason::Complained => "complained",
            StopReason::ByPerson => "by_person",
            StopReason::RejectedInReview => "rejected_in_review",
            StopReason::Suppressed => "suppressed",
            StopReason::LeadRemoved => "lead_removed",
            StopReason::LeftCompany => "left_company",
            StopReason::Undeliverable => "undeliverable",
        }
    }

    /// The reason in a sentence: `stopped: the lead asked …`.
    pub fn sentence(self) -> &'static str {
        match self {
            StopReason::OptedOut => "the lead asked not to be written to",
            StopReason::Bounced => "the address does not accept mail",
            StopReason::Complained => "the lead reported the mail as spam",
            StopReason::ByPerson => "a person stopped it",
            StopReason::RejectedInReview => "a person rejected the texts in review",
            StopReason::Suppressed => "the address is suppressed",
            StopReason::LeadRemoved => "the lead was taken off the list",
            StopReason::LeftCompany => "the lead left the company",
            StopReason::Undeliverable => "a message could not be delivered",
        }
    }

    /// The reason a stored word stands for.
    pub fn parse(word: &str) -> Option<StopReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageState {
    /// Written, not dated. `schedule` moves it on.
    Drafted,
    /// Dated. `send` claims it when it falls due; if nobody runs `send`, it waits and is
    /// re-planned.
    Scheduled,
    /// Claimed: the conversation may be under way. Should the process die, the row stays here until
    /// the next `send` moves it to `InDoubt`.
    Sending,
    /// The server took responsibility. Final, unless a bounce says that it was not delivered after
    /// all: then it is `Deferred` to a later day, or `Dead` after the third time.
    Sent,
    /// Surely not taken yet; dated again, and claimed like `Scheduled`.
    Deferred,
    /// Given up after too many attempts or a refusal. Final unless a person says `letters retry`.
    Dead,
    /// Handed over without an answer. Evidence or a person moves it to `Sent`, `Scheduled` or
    /// `Dead`; it is never sent again by itself.
    InDoubt,
    /// Will not be sent, with a reason. Final.
    Skipped,
}

impl MessageState {
    /// Every state.
    pub const ALL: [MessageState; 8] = [
        MessageState::Drafted,
        MessageState::Scheduled,
        MessageState::Sending,
        MessageState::Sent,
        MessageState::Deferred,
        MessageState::Dead,
        MessageState::InDoubt,
        MessageState::Skipped,
    ];

    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageState::Drafted => "drafted",
            MessageState::Scheduled => "scheduled",
            MessageState::Sending => "sending",
            MessageState::Sent => "sent",
            MessageState::Deferred => "deferred",
            MessageState::Dead => "dead",
            MessageState::InDoubt => "in_doubt",
            MessageState::Skipped => "skipped",
        }
    }

    /// The state a stored word stands for.
    pub fn parse(word: &str) -> Option<MessageState> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether `self` may turn into `next`.
    pub fn may_become(self, next: MessageState) -> bool {
        use MessageState::{Dead, Deferred, Drafted, InDoubt, Scheduled, Sending, Sent, Skipped};
        match self {
            Drafted => matches!(next, Scheduled | Skipped),
            Scheduled => matches!(next, Drafted | Sending | Skipped),
            Sending => matches!(next, Sent | Deferred | Dead | InDoubt),
            Deferred => matches!(next, Scheduled | Drafted | Sending | Dead | Skipped),
            InDoubt => matches!(next, Sent | Scheduled | Dead),
            Dead => matches!(next, Scheduled),
            Sent => matches!(next, Deferred | Dead),
            // `Drafted`: with a campaign that is taken back on a person's word.
            Skipped => matches!(next, Drafted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_stored_as_a_word_that_reads_back() {
        for state in CampaignState::ALL {
            assert_eq!(CampaignState::parse(state.as_str()), Some(state));
        }
        for state in MessageState::ALL {
            assert_eq!(MessageState::parse(state.as_str()), Some(state));
        }
        for reason in StopReason::ALL {
            assert_eq!(StopReason::parse(reason.as_str()), Some(reason));
        }
    }

    #[test]
    fn final_states_lead_nowhere_by_themselves() {
        for next in MessageState::ALL {
            let may_come_back = matches!(next, MessageState::Deferred | MessageState::Dead);
            assert_eq!(MessageState::Sent.may_become(next), may_come_back);
            let may_be_taken_back = next == MessageState::Drafted;
            assert_eq!(MessageState::Skipped.may_become(next), may_be_taken_back);
        }
        for next in CampaignState::ALL {
            assert!(!CampaignState::Responded.may_become(next));
            assert!(!CampaignState::Stopped.may_become(next));
            let may_leave = matches!(next, CampaignState::Draft | CampaignState::Active);
            for ended in [CampaignState::Responded, CampaignState::Stopped] {
                assert!(!(may_leave && ended.may_be_taken_back_to(next)), "{next:?}");
            }
        }
    }

    #[test]
    fn only_a_claim_starts_a_conversation() {
        for state in MessageState::ALL {
            let claimable = matches!(state, MessageState::Scheduled | MessageState::Deferred);
            assert_eq!(
                state.may_become(MessageState::Sending),
                claimable,
                "{state:?}"
            );
        }
    }
}
