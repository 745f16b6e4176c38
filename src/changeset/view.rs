//! The facts of one lead that a base is shown.

use chrono::{DateTime, Utc};

use crate::campaign::{CampaignState, MessageState, StopReason};
use crate::inbound::ResponseType;
use crate::lead::Reject;

/// What is known of one lead, for showing. Plain facts: no rule is applied to them yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadView {
    /// Why the lead gets no campaign; none when it is eligible or has one.
    pub reject: Option<Reject>,
    /// The lead's latest campaign.
    pub campaign: Option<CampaignView>,
    /// The last command people gave in the base; none when something newer happened to the
    /// campaign.
    pub command: Option<CommandView>,
}

/// A command people gave in the base, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandView {
    /// The word, as [`crate::campaign::command_word`] keeps it.
    pub word: String,
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// What came of it: a fragment without a full stop.
    pub outcome: String,
}

/// What is known of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignView {
    /// The campaign's id.
    pub id: String,
    /// Where it stands.
    pub state: CampaignState,
    /// Why it was stopped; only with [`CampaignState::Stopped`].
    pub stop_reason: Option<StopReason>,
    /// Why it is in review, paused or stopped, in the words of whoever did it.
    pub detail: Option<String>,
    /// When a paused campaign goes on by itself; none until a person resumes it.
    pub paused_until: Option<DateTime<Utc>>,
    /// When its first mail left.
    pub started_at: Option<DateTime<Utc>>,
    /// When the lead answered.
    pub response_at: Option<DateTime<Utc>>,
    /// What the answer was.
    pub response_type: Option<ResponseType>,
    /// The label of the step that was answered.
    pub responding_step: Option<String>,
    /// When anything last happened.
    pub last_activity_at: Option<DateTime<Utc>>,
    /// The lead's zone (IANA), in which days and hours are shown; an unknown one is shown as UTC.
    pub zone: String,
    /// The address it is sent from, once that is decided.
    pub sender: Option<String>,
    /// The messages, by ascending number.
    pub steps: Vec<StepView>,
}

/// What is known of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    /// 1 for the first step.
    pub number: u32,
    /// The step's label, `hook`.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
    /// Where the message stands.
    pub state: MessageState,
    /// The earliest instant it may leave, once dated.
    pub due_at: Option<DateTime<Utc>>,
    /// When it left.
    pub sent_at: Option<DateTime<Utc>>,
    /// How often it was opened.
    pub opens: u32,
    /// How often a link in it was followed.
    pub clicks: u32,
    /// What happened to a message that is dead, in doubt or skipped, on one line.
    pub detail: Option<String>,
}

impl CampaignView {
    /// The message that left last.
    pub fn last_sent(&self) -> Option<&StepView> {
        self.steps
            .iter()
            .filter(|step| step.sent_at.is_some())
            .max_by_key(|step| step.sent_at)
    }

    /// The number of the last message that left, 0 before the first.
    pub fn current_number(&self) -> u32 {
        let sent = self.steps.iter().filter(|step| step.sent_at.is_some());
        sent.map(|step| step.number).max().unwrap_or(0)
    }

    /// The dated message that leaves next; none unless the campaign is active.
    pub fn next_due(&self) -> Option<&StepView> {
        let is_waiting = |step: &&StepView| {
            matches!(step.state, MessageState::Scheduled | MessageState::Deferred)
                && step.due_at.is_some()
        };
        let waiting = self.steps.iter().filter(is_waiting);
        waiting
            .min_by_key(|step| step.due_at)
            .filter(|_| self.state == CampaignState::Active)
    }

    /// The message whose text stands for the campaign: the last that left, else the first to leave.
    pub(super) fn previewed(&self) -> Option<&StepView> {
        self.last_sent().or_else(|| self.steps.first())
    }

    /// The kind of answer to show: a bounce or an opt-out that ended the campaign is one, too.
    pub(super) fn shown_response(&self) -> Option<ResponseType> {
        self.response_type.or(match self.stop_reason {
            Some(StopReason::Bounced) => Some(ResponseType::Bounced),
            Some(StopReason::OptedOut) => Some(ResponseType::Unsubscribed),
            _ => None,
        })
    }
}
