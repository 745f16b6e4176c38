//! What the figures of a report mean, and how they are counted.
//!
//! Purpose: from plain facts about campaigns and their messages to the tables of a [`Report`], each
//! figure defined in one place, here. Invariant: the same facts give the same report; every share
//! comes with the numbers it is made of and an interval that says how little is known. This module
//! does not know where facts are kept, nor how a report looks.
//!
//! # What is counted
//!
//! A report is about the campaigns whose **first mail left in the period** (days are days of UTC,
//! the first and the last included) and that belong to the segments asked for: all that ever became
//! of them, whenever it happened. A campaign none of whose mails left is in no figure but
//! [`Report::states`], and there only when no period is asked for.
//!
//! Of one message:
//! - **sent**: the mail server, or the Maildir, took it (state `sent`). One in doubt is not sent;
//!   **in doubt** counts it by itself.
//! - **bounced**: sent, and a mail came back that says it was not delivered for good
//!   (`bounced_at`).
//! - **delivered**: sent and not bounced.
//! - **opened**, **clicked**: delivered, and a person's program asked for its picture, or for one
//!   of its links, at least once. What prefetchers and scanners do is counted apart
//!   ([`Tally::machine_opens`], [`Tally::machine_clicks`]: requests, not messages; of delivered
//!   ones too). The share of opened messages is one of the delivered ones that could have told
//!   (**open_tracked**, **click_tracked**).
//!
//! Of one campaign; each is credited to the message of its `responding_step`:
//! - **reached**: at least one of its messages was delivered.
//! - **replied**: a person answered: its response is interested, referral, later, neutral or not
//!   interested. An absence or another automatic answer never is one, an opt-out is counted apart.
//! - **positive**: replied, and interested or referral. **negative**: replied, not interested.
//! - **opt_outs**: its response is unsubscribed, by a reply, a mail to the unsubscribe address or a
//!   click.
//! - **complaints**: messages about which at least one complaint was read.
//! - **time to reply**: from the instant the responding step was sent to the response, replied
//!   campaigns only, never below zero.
//!
//! # Shares
//!
//! Every share is a [`Rate`] with Wilson's interval at 95 %; below [`SAMPLE_MIN`] it is marked as
//! not enough to go by. `open_rate` = opened / open_tracked, `click_rate` = clicked /
//! click_tracked, `bounce_rate` = bounced / sent. Tallies of campaigns divide by people:
//! `reply_rate`, `positive_rate`, `opt_out_rate` = … / reached. Tallies of messages (steps,
//! weekdays, hours, wordings) have no one reached and divide by delivered.

mod count;
mod dimension;
mod facts;
mod findings;
mod group;
mod rate;
mod slots;
mod values;
mod wordings;

pub use count::{Counted, Counter, Deed};
pub use facts::{Campaign, Fate, Message, StepCode, Traits};
pub use findings::{findings, percent, with_interval};
pub use rate::{Rate, SAMPLE_MIN};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) mod tests;

/// How many values of a dimension are told apart, [`UNKNOWN`] among them; all others are one row,
/// [`OTHERS`].
pub const VALUES_MAX: usize = 50;

/// The row of a dimension's rare values.
pub const OTHERS: &str = "(others)";

/// The row of campaigns of which a dimension is not known.
pub const UNKNOWN: &str = "(unknown)";

/// By what campaigns and messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The lead's industry.
    Industry,
    /// The size of the lead's company, a range of people.
    CompanySize,
    /// How senior the lead's job title is.
    Seniority,
    /// The lead's country, by its ISO code.
    Country,
    /// The tone the team asked for.
    Tone,
    /// How sure the address is: Real or Pattern.
    Confidence,
    /// The From address.
    Sender,
    /// Who wrote the texts: `model` or `template`.
    Writer,
    /// The template or model by name, `template:plain`.
    Variant,
    /// The weekday on which a message was sent, in the lead's zone: `Mon` to `Sun`. Of messages.
    Weekday,
    /// The hour in which a message was sent, in the lead's zone: `00` to `23`. Of messages.
    Hour,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The first day of first mails; from the beginning without.
    pub since: Option<NaiveDate>,
    /// The last day of first mails; until now without.
    pub until: Option<NaiveDate>,
    /// Only campaigns with one of these values in each dimension named; never weekday or hour.
    pub segments: Vec<(Dimension, String)>,
}

/// All that a report says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When it was made.
    pub generated_at: DateTime<Utc>,
    /// What it was asked about.
    pub filter: Filter,
    /// The sample below which a share is not enough to go by.
    pub sample_min: u64,
    /// How many campaigns stand where (`active`, `responded`, …), the words of the ledger.
    pub states: Vec<StateRow>,
    /// Everything together; a tally of campaigns.
    pub totals: Figures,
    /// By step, in the order of sending; tallies of messages.
    pub steps: Vec<StepRow>,
    /// From the first step to a positive reply.
    pub funnel: Vec<FunnelRow>,
    /// By dimension, in the order of [`Dimension`].
    pub segments: Vec<Segment>,
    /// Subjects, the best first; tallies of messages.
    pub subjects: Vec<WordingRow>,
    /// Opening sentences, the best first; tallies of messages.
    pub openings: Vec<WordingRow>,
    /// By the week of the first mail, the oldest first; tallies of campaigns.
    pub cohorts: Vec<CohortRow>,
    /// Day by day, each thing on the day it happened; days on which nothing did are left out.
    pub days: Vec<DayRow>,
    /// By weekday and hour in the leads' zones; slots in which nothing was sent are left out.
    pub slots: Vec<SlotRow>,
    /// The bounce rate at which a sender is stopped, a share; none when it never is.
    pub bounce_rate_max: Option<f64>,
    /// What the data supports changing next, the strongest first.
    pub findings: Vec<Finding>,
}

/// Where campaigns stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRow {
    /// The state.
    pub state: String,
    /// How many.
    pub n: u64,
}

/// Plain counts, as the header of this module defines them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Campaigns with a delivered message; 0 in tallies of messages.
    pub reached: u64,
    /// Messages taken by a server.
    pub sent: u64,
    /// Messages sent that did not come back.
    pub delivered: u64,
    /// Messages sent that came back for good.
    pub bounced: u64,
    /// Messages of which nobody knows whether they left.
    pub in_doubt: u64,
    /// Delivered messages whose opens could be counted.
    pub open_tracked: u64,
    /// Delivered messages a person opened.
    pub opened: u64,
    /// Delivered messages whose clicks could be counted.
    pub click_tracked: u64,
    /// Delivered messages in which a person clicked.
    pub clicked: u64,
    /// Opens by programs.
    pub machine_opens: u64,
    /// Clicks by programs.
    pub machine_clicks: u64,
    /// Campaigns a person answered.
    pub replied: u64,
    /// Answers that are interested or name somebody else.
    pub positive: u64,
    /// Answers that are not interested.
    pub negative: u64,
    /// Campaigns that ended with an opt-out.
    pub opt_outs: u64,
    /// Messages about which somebody complained.
    pub complaints: u64,
}

/// A tally with the shares made of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The counts.
    pub tally: Tally,
    /// Opened of those that could tell.
    pub open_rate: Rate,
    /// Clicked of those that could tell.
    pub click_rate: Rate,
    /// Bounced of sent.
    pub bounce_rate: Rate,
    /// Replied of reached, or of delivered for tallies of messages.
    pub reply_rate: Rate,
    /// Positive of reached, or of delivered for tallies of messages.
    pub positive_rate: Rate,
    /// Opt-outs of reached, or of delivered for tallies of messages.
    pub opt_out_rate: Rate,
    /// How long answers took; none without an answer.
    pub time_to_reply: Option<Spread>,
}

/// How values spread, in whole seconds. The median of an even number is the lower of the two in the
/// middle; the ninth tenth is the smallest value that nine of ten do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many values.
    pub n: u64,
    /// The value in the middle.
    pub median_seconds: u64,
    /// The value that nine of ten do not exceed.
    pub p90_seconds: u64,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    /// Its label, `hook`.
    pub step: String,
    /// 1 for the first.
    pub number: u32,
    /// What became of its messages.
    pub figures: Figures,
}

/// A stage of the funnel: each step's label, then `response`, then `positive`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunnelRow {
    /// Which.
    pub stage: String,
    /// Campaigns that came so far: with this step delivered, replied, positive.
    pub n: u64,
    /// As a share of those with the first step delivered.
    pub of_first: Rate,
    /// For a step: the replies credited to it; 0 below.
    pub replies_added: u64,
    /// For a step: its share of all replies.
    pub share_added: Option<Rate>,
}

/// One dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Which.
    pub dimension: Dimension,
    /// Its values, those with most reached (or delivered) first, equal ones by name, [`OTHERS`]
    /// last; weekdays and hours in their own order. Values nobody was written to in are left out.
    pub rows: Vec<SegmentRow>,
}

/// One value of a dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentRow {
    /// The value as most leads of it write it, of equal counts the first in the order of code
    /// points, shown with single spaces; [`UNKNOWN`] when there is none, or a seniority nobody
    /// could tell.
    pub value: String,
    /// Its figures.
    pub figures: Figures,
}

/// A wording used for at least [`WORDING_MIN`] leads. The best: by the lower end of the positive
/// rate, then by delivered, then by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordingRow {
    /// The step's label.
    pub step: String,
    /// What mails of this wording have in common.
    pub key: i64,
    /// The wording with names taken out, `Quick idea for {company}`; "" when no text is left of it.
    pub wording: String,
    /// Its figures; replies, positive ones and opt-outs are those credited to these messages.
    pub figures: Figures,
}

/// To how many leads a wording must have been delivered to be ranked.
pub const WORDING_MIN: u64 = 10;

/// How many wordings of each kind are ranked.
pub const WORDINGS_MAX: usize = 40;

/// The campaigns of one week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CohortRow {
    /// The ISO week of the first mail's day in UTC, `2026-W10`.
    pub week: String,
    /// What became of them until now.
    pub figures: Figures,
}

/// What happened on one day (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// The day.
    pub day: NaiveDate,
    /// Messages sent on it.
    pub sent: u64,
    /// Of these, how many came back, whenever.
    pub bounced: u64,
    /// Replies on it.
    pub replied: u64,
    /// Positive ones of them.
    pub positive: u64,
    /// Opt-outs on it.
    pub opt_outs: u64,
    /// Opens on it of delivered messages, by people.
    pub opens: u64,
    /// Clicks on it of delivered messages, by people.
    pub clicks: u64,
}

/// What was sent at one hour of one weekday, in the leads' zones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotRow {
    /// 1 for Monday to 7 for Sunday.
    pub weekday: u32,
    /// 0 to 23.
    pub hour: u32,
    /// Messages delivered.
    pub delivered: u64,
    /// Replies credited to them, as a share of them.
    pub reply_rate: Rate,
}

/// Something the data supports doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about, one word of a fixed list, for programs.
    pub code: String,
    /// The sentence, with its numbers.
    pub sentence: String,
    /// What to do about it.
    pub advice: String,
    /// The probability that chance alone shows so much, after allowing for how many comparisons
    /// were made; none for a plain count against a limit.
    pub p_value: Option<f64>,
}
