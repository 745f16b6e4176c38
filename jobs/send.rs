//! send: claims what is due, hands it over, and records how that ended.
//!
//! Takes: due messages of active campaigns. Gives: attempts and states. Harmless again because of
//! promise 1: the claim is committed before the connection is used, and whatever may have been
//! taken without an answer is in doubt and never sent again by itself.

mod connections;
pub mod consequence;
mod doubts;
mod latest;
mod line;
mod pace;
mod rules;
mod tracks;
mod turns;

use std::time::Instant;

use outreach::config::{Config, Sender};
use outreach::ledger::Ledger;
use outreach::mailer::Mailer;

use connections::{Connections, Hand};
use line::{Line, Way};
use pace::Pace;
use tracks::Tracks;
use turns::Turns;

use crate::base;
use crate::breaker;
use crate::exit::Failure;
use crate::run::{Job, Summary};

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
        breaker::settle_batches(ledger, config, job.clock.now(), summary)?;
    }
    let result = send(ledger, config, job, summary).await;
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

/// Sends what is due of every sender.
async fn send(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mailboxes = config.folder_names();
    let tracks = Tracks::open(ledger, config, job.clock.now())?;
    let mut result = Ok(());
    let (mut lines, mut hands) = (Vec::new(), Vec::new());
    for sender in &config.senders {
        // A sender in trouble keeps no other from sending.
        let way = match job.args.dry_run {
            true => Ok(dry_way(lines.len())),
            false => open_way(ledger, (config, sender), job, &mut hands, summary).await,
        };
        let way = match way {
            Ok(way) => way,
            Err(failure) => {
                result = result.and(Err(failure));
                continue;
            }
        };
        if breaker::holds(ledger, config, sender, job.clock.now(), summary)? {
            continue;
        }
        let address = sender.address.as_str();
        let last_at = ledger.last_claim_before_due(address, job.clock.now())?;
        let pace = Pace::new(config, sender, job, last_at, began);
        let first_sent_at = ledger.first_sent_at(address)?;
        lines.push(Line::new(
            config,
            sender,
            &mailboxes,
            tracks.as_ref(),
            first_sent_at,
            pace,
            way,
        ));
    }
    let connections = match job.args.dry_run {
        true => None,
        false => Some(Connections::start(hands)?),
    };
    let left = job.args.limit.unwrap_or(config.queue_batch_size) as usize;
    let turns = Turns::new(job, lines, connections, left);
    result.and(turns.run(ledger, summary).await)
}

/// The way of a dry run: it opens no mailer, which could make a Maildir, and calls nothing in doubt
/// that a run beside it may be sending just now.
fn dry_way(number: usize) -> Way {
    Way {
        place: "nowhere".to_string(),
        batch_max: DRY_BATCH_MAX,
        idle: vec![number],
        n_busy: 0,
        is_proven: true,
    }
}

/// Opens a sender's mailer with its connections, and settles its doubts.
async fn open_way(
    ledger: &mut Ledger,
    (config, sender): (&Config, &Sender),
    job: &Job,
    hands: &mut Vec<Hand>,
    summary: &mut Summary,
) -> Result<Way, Failure> {
    let mailer = Mailer::open(&sender.mailer, sender.address.domain()).map_err(Failure::of_file)?;
    doubts::settle(ledger, &mailer, (config, sender), job, summary).await?;
    let (place, batch_max) = (mailer.place(), mailer.batch_max());
    let first = hands.len();
    match &mailer {
        Mailer::Maildir(_) => hands.push(Hand::Folder(mailer)),
        Mailer::Smtp(_) => {
            let connections = (0..sender.connections).map(|_| Hand::Server(mailer.connection()));
            hands.extend(connections);
        }
    }
    Ok(Way {
        place,
        batch_max,
        idle: (first..hands.len()).collect(),
        n_busy: 0,
        is_proven: false,
    })
}
