//! scan: reads what came back, says what it is, and stops what must stop.
//!
//! Takes: mail above the mailbox's cursor. Gives: inbound rows, answered, stopped and waiting
//! campaigns, suppressions. Harmless again because each mail is stored once, by mailbox,
//! uidvalidity and uid, in the transaction that moves the cursor.

use std::collections::HashSet;

use outreach::config::Config;
use outreach::inbound::{self, Ours};
use outreach::ledger::{Ledger, NewInbound};
use outreach::mailbox::{Cursor, Mailbox, OpenError};

use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// Runs the stage.
pub fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for name in ["read", "human_reply", "unmatched"] {
        summary.add(name, 0);
    }
    let name = config.mailbox.name();
    let known = match job.args.dry_run {
        true => ledger.inbound(None)?.len(),
        false => 0,
    };
    let result = read(ledger, config, job, summary, &name);
    if job.args.dry_run {
        let rows = ledger.inbound(None)?.into_iter().skip(known);
        let lines = rows.map(|row| {
            let kind = row.kind.replace('_', " ");
            format!(
                "{kind} from {}: {}: {}",
                row.from, row.subject, row.consequence
            )
        });
        summary.preview.extend(lines);
    }
    match result {
        Ok(()) if job.stop.requested() => Ok(()),
        Ok(()) => Ok(ledger.scan_succeeded(&name, job.clock.now())?),
        Err(failure) => {
            ledger.scan_failed(&name, &format!("{:#}", failure.error))?;
            Err(failure)
        }
    }
}

fn read(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
    name: &str,
) -> Result<(), Failure> {
    let mut mailbox = Mailbox::open(&config.mailbox).map_err(|error| match error {
        OpenError::Unreachable(error) => Failure::again(error),
        OpenError::Refused(error) => Failure::config(error),
    })?;
    let ours = Ours {
        addresses: own_addresses(config),
    };
    let cursor = ledger.cursor(name)?.map(|(uidvalidity, last_uid)| Cursor {
        uidvalidity,
        last_uid,
    });
    let known: HashSet<u64> = ledger.known_uids(name)?;
    let since = ledger.first_campaign_at()?;
    let mut progress = Progress::start("mails read", 0, &job.args);
    let read = mailbox.read(
        cursor,
        since,
        &|uid| known.contains(&uid),
        &mut |cursor, mails| {
            anyhow::ensure!(!job.stop.requested(), "asked to end");
            progress.advance(mails.len() as u64);
            let understood: Vec<NewInbound> = mails
                .iter()
                .map(|mail| NewInbound {
                    uid: mail.uid,
                    received_at: mail.received_at,
                    inbound: inbound::read(&mail.raw, &ours),
                })
                .collect();
            let now = job.clock.now();
            let cursor = (cursor.uidvalidity, cursor.last_uid);
            let stop_company = config.stop_company_on_reply;
            let applied = ledger.store_inbound(name, cursor, &understood, stop_company, now)?;
            for (kind, n) in applied.counts {
                summary.add(&kind, n);
            }
            Ok(())
        },
    );
    match read {
        Ok(read) => {
            summary.add("read", i64::try_from(read.read).unwrap_or(i64::MAX));
            summary.add(
                "too_large",
                i64::try_from(read.skipped_too_large).unwrap_or(i64::MAX),
            );
            // The cursor goes past them with the next mail that can be read: speak of them now.
            let unreadable = read.skipped_unreadable;
            if unreadable > 0 {
                summary.error(format!(
                    "mailbox {name}: mails that cannot be read and may hold answers: {unreadable}; \
                     look at them with a mail program"
                ));
            }
            Ok(())
        }
        Err(_) if job.stop.requested() => Ok(()),
        Err(error) => match outreach::ledger::trouble(&error) {
            Some(_) => Err(Failure::from(error)),
            None => Err(Failure::again(error)),
        },
    }
}

/// The addresses whose mail is our own, never an answer.
pub fn own_addresses(config: &Config) -> Vec<String> {
    let mut addresses = vec![config.from.key(), config.unsubscribe_mailto.key()];
    addresses.extend(
        config
            .reply_to
            .as_ref()
            .map(outreach::lead::EmailAddress::key),
    );
    if let outreach::mailbox::Settings::Imap(imap) = &config.mailbox
        && imap.username.contains('@')
    {
        addresses.push(imap.username.to_lowercase());
    }
    addresses.sort();
    addresses.dedup();
    addresses
}
