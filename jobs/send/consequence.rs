//! What follows from a delivery: the message's state, its next try, the end of its campaign.
//!
//! Purpose: one pure table from a verdict to what the ledger records.
//! Invariant: only what is about the message or its recipient uses up its tries; nobody loses a
//! lead because a server was down or our login failed.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use outreach::campaign::StopReason;
use outreach::config::{Config, Sender};
use outreach::delivery::{Blame, Delivery, Phase};
use outreach::ledger::{ClaimedMessage, Recorded};
use outreach::mailer;
use outreach::plan::{self, Itinerary, StepState};

use crate::exit::Failure;

/// How often a message is tried, and when again.
pub struct Terms {
    /// Attempts after which a deferred mail is a dead letter.
    pub attempts_max: u32,
    /// Minutes before the second attempt.
    pub retry_delay_minutes: u32,
    /// The hours and limits the next attempt keeps.
    pub plan: plan::Settings,
}

impl Terms {
    /// The terms of a sender.
    pub fn new(config: &Config, sender: &Sender) -> Terms {
        Terms {
            attempts_max: config.delivery_attempts_max,
            retry_delay_minutes: config.retry_delay_minutes,
            plan: config.limits(sender),
        }
    }
}

/// What follows from a delivery: the state, the next try, the end of the campaign.
pub fn of(
    message: &ClaimedMessage,
    delivery: Delivery,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Recorded {
    match delivery {
        Delivery::Accepted { reply } => {
            let moves = moves_after(&message.itinerary, message.number, now, &terms.plan);
            Recorded::Sent { reply, moves }
        }
        Delivery::Deferred {
            phase,
            reply,
            blame,
        } => {
            // Only refusals of this message use up its tries: nobody loses a lead because a server
            // was down or our login failed.
            let counts = matches!(blame, Blame::Recipient | Blame::Message);
            let tries = message.tries + u32::from(counts);
            if counts && tries >= terms.attempts_max {
                let stop = StopReason::Undeliverable;
                return Recorded::Dead {
                    phase,
                    reply,
                    blame: Blame::Message,
                    stop,
                };
            }
            let until = plan::retry_at(
                &message.itinerary,
                tries.max(1),
                terms.retry_delay_minutes,
                &terms.plan,
                now,
            );
            Recorded::Deferred {
                phase,
                reply,
                blame,
                until,
            }
        }
        Delivery::Rejected {
            phase,
            reply,
            blame,
        } => {
            let stop = match blame {
                Blame::Recipient => StopReason::Bounced,
                _ => StopReason::Undeliverable,
            };
            Recorded::Dead {
                phase,
                reply,
                blame,
                stop,
            }
        }
        Delivery::InDoubt { reply } => Recorded::InDoubt { reply },
    }
}

/// The later steps that stand too early once a step left at an instant.
pub fn moves_after(
    itinerary: &Itinerary,
    number: u32,
    sent_at: DateTime<Utc>,
    settings: &plan::Settings,
) -> Vec<plan::Slot> {
    let mut itinerary = itinerary.clone();
    for step in itinerary
        .steps
        .iter_mut()
        .filter(|step| step.number == number)
    {
        step.state = StepState::Sent(sent_at);
    }
    plan::after_sent(&itinerary, settings)
}

/// Why sending stopped: other settings are needed when the server does not take our login or our
/// way of TLS, else time.
pub fn stopped(mailer: &mailer::Settings, phase: Phase, blame: Blame, reply: &str) -> Failure {
    let is_ours = blame == Blame::Sender && phase <= Phase::Auth && !reply.starts_with('4');
    let place = match mailer {
        mailer::Settings::Maildir(_) => String::new(),
        mailer::Settings::Smtp(smtp) => format!(" at SMTP server {}:{}", smtp.host, smtp.port),
    };
    let mend = match phase {
        Phase::Auth if is_ours => "; check SMTP_USERNAME and SMTP_PASSWORD",
        _ if is_ours => "; check SMTP_TLS and SMTP_PORT",
        _ => "",
    };
    let error = anyhow!("sending stopped{place}: {reply}{mend}");
    match is_ours {
        true => Failure::config(error),
        false => Failure::again(error),
    }
}
