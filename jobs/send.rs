//! send: claims what is due, hands it over, and records how that ended.
//!
//! Takes: due messages of active campaigns. Gives: attempts and states. Harmless again because of
//! promise 1: the claim is committed before the connection is used, and whatever may have been
//! taken without an answer is in doubt and never sent again by itself.

pub mod consequence;
mod doubts;
mod latest;
mod pace;
mod rules;

use std::time::Instant;

use anyhow::anyhow;
use chrono::{DateTime, NaiveTime, Utc};
use outreach::config::{Config, Sender};
use outreach::delivery::{Blame, Delivery};
use outreach::lead;
use outreach::ledger::{Claimed, ClaimedMessage, Claims, Ledger, Position};
use outreach::mailer::{Mailer, Outgoing};

use consequence::Terms;
use pace::Pace;
use rules::Rules;

use crate::base;
use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// So many messages a dry run looks at in one round.
const DRY_BATCH_MAX: usize = 256;

/// Runs the stage.
pub async fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let names = [
        "accepted",
        "deferred",
        "rejected",
        "in_doubt",
        "moved",
        "held",
        "doubts_settled",
    ];
    for name in names {
        summary.add(name, 0);
    }
    if !job.args.dry_run {
        latest::read(ledger, config, job, summary).await?;
    }
    base::ensure_sound(ledger, config)?;
    if !job.args.dry_run {
        let orphans = ledger.doubt_orphans(job.clock.now())?;
        summary.add("orphaned", i64::from(orphans));
    }
    let mut result = Ok(());
    for sender in &config.senders {
        // A sender in trouble keeps no other from sending.
        let sent = send_as(ledger, config, sender, job, summary).await;
        result = result.and(sent);
    }
    let ours: Vec<&str> = config.senders.iter().map(|s| s.address.as_str()).collect();
    let elsewhere = ledger.due_for_other_senders(&ours, job.clock.now())?;
    if elsewhere > 0 {
        summary.error(format!(
            "{elsewhere} due messages belong to another sender than `{}`: set it back, or stop \
             those campaigns",
            ours.join("`, `")
        ));
    }
    result
}

/// Sends what is due of one sender.
async fn send_as(
    ledger: &mut Ledger,
    config: &Config,
    sender: &Sender,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    // A dry run opens no mailer, which could make a Maildir, and calls nothing in doubt that a run
    // beside it may be sending just now.
    let mut mailer = None;
    if !job.args.dry_run {
        let mailer = mailer.insert(open_mailer(sender)?);
        doubts::settle(ledger, mailer, (config, sender), job, summary)?;
    }
    let result = send_due(ledger, mailer.as_mut(), config, sender, job, summary).await;
    if let Some(mailer) = mailer {
        mailer.close().await;
    }
    result
}

/// The mailer of a sender.
fn open_mailer(sender: &Sender) -> Result<Mailer, Failure> {
    Mailer::open(&sender.mailer, sender.address.domain()).map_err(Failure::of_file)
}

/// Where this sender's day began.
fn day_began_at(config: &Config, now: DateTime<Utc>) -> DateTime<Utc> {
    config
        .default_zone
        .at(config.default_zone.local_date(now), NaiveTime::MIN)
}

async fn send_due(
    ledger: &mut Ledger,
    mut mailer: Option<&mut Mailer>,
    config: &Config,
    sender: &Sender,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let (place, batch_max) = match &mailer {
        Some(mailer) => (mailer.place(), mailer.batch_max()),
        None => ("nowhere".to_string(), DRY_BATCH_MAX),
    };
    let mailboxes: Vec<String> = config.mailboxes().iter().map(|m| m.name()).collect();
    let rules = Rules::new(config, sender);
    let began = Instant::now();
    let mut left = job.args.limit.unwrap_or(config.queue_batch_size) as usize;
    let mut position = Position::start();
    let mut pace = Pace::new(config, sender, job);
    let mut progress = Progress::start("messages sent", 0, &job.args);
    let mut blocked = None;
    let (now, address) = (job.clock.now(), sender.address.as_str());
    let last_at = ledger.last_claim_before_due(address, now)?;
    pace.wait_after(last_at, now, &job.stop).await;
    while left > 0 && !job.stop.requested() {
        let now = job.clock.now();
        let mut claims = Claims {
            now,
            max: batch_max.min(left),
            sender: address,
            daily_limit: sender.limits.daily,
            day_began_at: day_began_at(config, now),
            mailer: &place,
            run: job.run,
            mailboxes: &mailboxes,
            lead: job.lead,
            position,
        };
        let claimed = ledger.claim_due(&mut claims, &mut |candidate| {
            rules.decide(candidate, now, &mut blocked)
        })?;
        position = claims.position;
        note_claims(&claimed, summary);
        let n = claimed.messages.len();
        left -= n;
        if n > 0 {
            let mailer = mailer.as_deref_mut();
            hand_over(
                ledger,
                mailer,
                (config, sender),
                job,
                summary,
                claimed.messages,
            )
            .await?;
            progress.advance(n as u64);
        }
        if claimed.exhausted || claimed.limit_reached || claimed.paused.is_some() {
            break;
        }
        if n > 0 && !pace.wait(began, &job.stop).await {
            summary.count("run_time_used_up");
            break;
        }
    }
    match blocked {
        Some(why) => Err(Failure::config(anyhow!(why))),
        None => Ok(()),
    }
}

fn note_claims(claimed: &Claimed, summary: &mut Summary) {
    if let Some((reason, since)) = &claimed.paused {
        tracing::warn!("everything is paused since {since}: {reason}");
        summary.count("paused");
    }
    summary.add("moved", i64::from(claimed.moved));
    summary.add("stopped", i64::from(claimed.stopped));
    for (_, reason) in &claimed.back_in_review {
        summary.count("back_in_review");
        summary.needs_person = true;
        summary.note(reason);
    }
    summary.add("daily_limit_reached", i64::from(claimed.limit_reached));
    for (_, reason) in &claimed.held {
        summary.count("held");
        summary.note(reason);
    }
}

/// Delivers claimed messages and records each verdict. Trouble that the next message would meet too
/// ends the run, once everything is recorded.
async fn hand_over(
    ledger: &mut Ledger,
    mailer: Option<&mut Mailer>,
    (config, sender): (&Config, &Sender),
    job: &Job,
    summary: &mut Summary,
    messages: Vec<ClaimedMessage>,
) -> Result<(), Failure> {
    let mut outgoing = Vec::with_capacity(messages.len());
    for message in &messages {
        outgoing.push(compose((config, sender), message)?);
    }
    let deliveries = match mailer {
        None => {
            for (message, out) in messages.iter().zip(&outgoing) {
                let (step, to, subject) = (&message.step, &out.to, &out.subject);
                summary.preview.push(format!("{step} to {to}: {subject}"));
            }
            let accepted = || Delivery::Accepted {
                reply: "dry run".to_string(),
            };
            outgoing.iter().map(|_| accepted()).collect()
        }
        Some(mailer) => mailer.deliver_batch(&outgoing).await,
    };
    let now = job.clock.now();
    let terms = Terms::new(config, sender);
    let mut trouble = None;
    let mut results = Vec::with_capacity(messages.len());
    for (message, delivery) in messages.into_iter().zip(deliveries) {
        summary.count(delivery.label());
        match &delivery {
            Delivery::Deferred {
                blame: blame @ (Blame::Server | Blame::Sender),
                phase,
                reply,
            } => trouble = Some(consequence::stopped(&sender.mailer, *phase, *blame, reply)),
            Delivery::Rejected { .. } | Delivery::InDoubt { .. } => summary.needs_person = true,
            _ => {}
        }
        let recorded = consequence::of(&message, delivery, &terms, now);
        results.push((message, recorded));
    }
    ledger.record_attempts(&results, now)?;
    trouble.map_or(Ok(()), Err)
}

/// The mail of a claimed message. A lead that passed the data check at the claim passes it here.
fn compose(
    (config, sender): (&Config, &Sender),
    message: &ClaimedMessage,
) -> anyhow::Result<Outgoing> {
    let lead = lead::content_check(&message.raw).map_err(|reject| {
        anyhow!(
            "message {}: the lead does not pass the data check: {}",
            message.id,
            reject.detail
        )
    })?;
    Ok(Outgoing {
        from: sender.address.clone(),
        from_name: sender.name.clone(),
        to: lead.email,
        to_name: lead.full_name,
        subject: message.subject.clone(),
        body: message.body.clone(),
        dated_at: message.dated_at,
        message_id: message.message_id.clone(),
        outreach_key: message.outreach_key.clone(),
        unsubscribe_mailto: Some(sender.unsubscribe_mailto.clone()),
        postal_address: config.postal_address.clone(),
        reply_to: sender.reply_to.clone(),
    })
}
