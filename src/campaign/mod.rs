//! A campaign: one lead's passage through a sequence of steps.
//!
//! Purpose: the words, states and transitions that every stage agrees on, and the identity of a
//! mail (campaign id, Message-ID, key), fixed before anything leaves. Invariant: a state changes
//! only along [`CampaignState::may_become`] and [`MessageState::may_become`]; the schema's CHECK
//! constraints know the same states. This module knows neither SQL nor SMTP.

mod command;
mod identity;
mod sequence;
mod state;

pub use command::{Command, Ruling, Seen, Standing, command_word, unknown_word};
pub use identity::{campaign_id, message_id, outreach_key, parse_outreach_key};
pub use sequence::{DelayUnit, Sequence, Step};
pub use state::{CampaignState, MessageState, StopReason};
