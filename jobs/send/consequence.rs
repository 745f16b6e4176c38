//! What follows from a delivery: the message's state, its next try, the end of its campaign.
//!
//! Purpose: one pure table from a verdict to what the ledger records.
//! Invariant: only what is about the message or its recipient uses up its tries; nobody loses a
//! lead because a server was down or our login failed.

use anyhow::anyhow;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use outreach::campaign::StopReason;
use outreach::config::Config;
use outreach::delivery::{Blame, Delivery, Patience, Phase, patience};
use outreach::ledger::{ClaimedMessage, Recorded};
use outreach::mailer;
use outreach::plan::{self, Itinerary, StepState};

use crate::exit::Failure;

/// No retry waits longer by our own delay.
const DELAY_SECS_MAX: u64 = 24 * 60 * 60;

/// How often a message is tried, when again, and until when that makes sense.
pub struct Terms {
    /// Attempts after which a deferred mail is a dead letter.
    pub attempts_max: u32,
    /// Minutes before the second attempt.
    pub retry_delay_minutes: u32,
    /// Days after its first attempt on which a mail has lost its sense; 0 for never.
    pub stale_after_days: u32,
    /// The hours the next attempt keeps.
    pub plan: plan::Settings,
}

impl Terms {
    /// The terms of a configuration.
    pub fn new(config: &Config) -> Terms {
        Terms {
            attempts_max: config.delivery_attempts_max,
            retry_delay_minutes: config.retry_delay_minutes,
            stale_after_days: config.stale_after_days,
            plan: config.hours(),
        }
    }
}

/// What follows from a delivery: the state, the next try, the end of the campaign.
///
/// | verdict | about | what follows |
/// |---|---|---|
/// | accepted | | sent; later steps keep their distance |
/// | deferred | server, sender | again later; no try is used up |
/// | deferred | recipient, message, unknown | again later, MAX_DELIVERY_ATTEMPTS times in all |
/// | deferred | any, past STALE_AFTER_DAYS | dead: the mail would speak of a week long gone |
/// | rejected | recipient | dead, address suppressed, campaign stopped as bounced |
/// | rejected | message, sender, server | dead, campaign stopped as undeliverable |
/// | rejected | unknown | dead, campaign waits for a person |
/// | in doubt | | in doubt |
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
        } => deferred(message, (phase, reply, blame), terms, now),
        Delivery::Rejected {
            phase,
            reply,
            blame: Blame::Unknown,
        } => {
            let why = format!("refused, and nobody can say why: {reply}");
            Recorded::Parked { phase, reply, why }
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
                why: reply.clone(),
                reply,
                blame,
                stop,
            }
        }
        Delivery::InDoubt { reply } => Recorded::InDoubt { reply },
    }
}

fn deferred(
    message: &ClaimedMessage,
    (phase, reply, blame): (Phase, String, Blame),
    terms: &Terms,
    now: DateTime<Utc>,
) -> Recorded {
    // Only refusals of this message use up its tries: nobody loses a lead because a server was down
    // or our login failed.
    let counts = matches!(blame, Blame::Recipient | Blame::Message | Blame::Unknown);
    let tries = message.tries + u32::from(counts);
    let until = retry_at(message, tries.max(1), &reply, terms, now);
    let why = if counts && tries >= terms.attempts_max {
        format!("given up after {tries} attempts: {reply}")
    } else if is_stale(message, until, terms) {
        let days = terms.stale_after_days;
        format!("given up, it could not leave for more than {days} days: {reply}")
    } else {
        return Recorded::Deferred {
            phase,
            reply,
            blame,
            until,
        };
    };
    Recorded::Dead {
        phase,
        reply,
        why,
        blame: Blame::Message,
        stop: StopReason::Undeliverable,
    }
}

/// Whether a mail that leaves only then has lost its sense. Its day is that of its first attempt,
/// which its Date header names.
fn is_stale(message: &ClaimedMessage, until: DateTime<Utc>, terms: &Terms) -> bool {
    let days = u64::from(terms.stale_after_days);
    let last = message.dated_at.checked_add_days(Days::new(days));
    days > 0 && last.is_some_and(|last| until > last)
}

/// When to try a message again that counts so many tries: after a delay that doubles with each, and
/// a share more that is the same whenever it is worked out, but not before the server wants to see
/// us; then as soon as the hours where the lead is allow it. A full mailbox waits for the next
/// business day.
fn retry_at(
    message: &ClaimedMessage,
    tries: u32,
    reply: &str,
    terms: &Terms,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let doubled = 2_u64.saturating_pow(tries.saturating_sub(1));
    let own = u64::from(terms.retry_delay_minutes)
        .saturating_mul(60)
        .saturating_mul(doubled)
        .min(DELAY_SECS_MAX);
    let patience = patience(reply);
    let secs = match patience {
        Patience::Named(named) if tries <= 1 => named.as_secs(),
        Patience::Named(named) => named.as_secs().max(own),
        Patience::Ours | Patience::NextDay => own,
    };
    let secs = secs.saturating_add(share(message, secs / JITTER_SHARE));
    let after = TimeDelta::seconds(i64::try_from(secs).unwrap_or(0));
    let mut from = now.checked_add_signed(after).unwrap_or(now);
    let zone = &message.itinerary.zone;
    if patience == Patience::NextDay
        && let Some(tomorrow) = zone.local_date(now).succ_opt()
    {
        from = from.max(zone.at(tomorrow, NaiveTime::MIN));
    }
    let respects = message.itinerary.sequence.respect_business_days;
    let country = &message.itinerary.country;
    plan::next_allowed(zone, country, respects, &terms.plan, from)
}

/// Up to a fifth more than the delay, so that what failed together does not come back together.
const JITTER_SHARE: u64 = 5;

/// A number from 0 to `max` that depends on the message and its attempt alone: the finalizer of
/// SplitMix64 (Steele, Lea and Flood, 2014), whose output the years do not change.
fn share(message: &ClaimedMessage, max: u64) -> u64 {
    let seed = message.id.unsigned_abs().rotate_left(32) ^ message.attempt.unsigned_abs();
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    mixed.checked_rem(max.saturating_add(1)).unwrap_or(0)
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

#[cfg(test)]
mod tests;
