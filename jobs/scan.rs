//! scan: reads what came back, says what it is, and stops what must stop.
//! `scan --replay` judges again what was read before.
//!
//! Takes: mail above the mailbox's cursor. Gives: inbound rows, answered, stopped and waiting
//! campaigns, suppressions. Harmless again because each mail is stored once, by mailbox,
//! uidvalidity and uid, in the transaction that moves the cursor.

mod model;
mod replay;

use std::collections::HashSet;

use chrono::Days;
use outreach::config::Config;
use outreach::inbound::{self, Ours};
use outreach::lead::EmailAddress;
use outreach::ledger::{Ledger, NewInbound};
use outreach::mailbox::{self, Cursor, Mailbox, OpenError};
use outreach::oauth::{TokenError, TokenSource};

use crate::breaker;
use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// Runs the stage.
pub async fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    if job.args.replay {
        return replay::run(ledger, config, job, summary);
    }
    for name in ["read", "human_reply", "unmatched", "unsure", "to_follow_up"] {
        summary.add(name, 0);
    }
    let known = match job.args.dry_run {
        true => ledger.inbound(None)?.len(),
        false => 0,
    };
    let mut result = Ok(());
    for settings in config.mailboxes() {
        // One mailbox that cannot be read keeps no other from being read.
        let read = scan_mailbox(ledger, config, settings, job, summary).await;
        result = result.and(read);
    }
    if summary.counted("bounce_hard") + summary.counted("complaint") > 0 {
        for sender in &config.senders {
            breaker::trips(ledger, config, sender, job.clock.now(), summary)?;
        }
    }
    forget(ledger, config, job)?;
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
    result
}

/// Empties what is kept of mails for longer than ANALYTICS_RETENTION_DAYS.
fn forget(ledger: &mut Ledger, config: &Config, job: &Job) -> Result<(), Failure> {
    let now = job.clock.now();
    let before = now.checked_sub_days(Days::new(config.analytics_retention_days.into()));
    if let Some(before) = before {
        ledger.forget_old_mail(before)?;
    }
    Ok(())
}

/// What the judgement of a mail has to know of us.
fn ours(config: &Config) -> Ours {
    Ours {
        addresses: own_addresses(config),
        ..Ours::default()
    }
}

async fn scan_mailbox(
    ledger: &mut Ledger,
    config: &Config,
    settings: &mailbox::Settings,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let name = settings.name();
    let result = match signed_in(settings).await {
        Ok(settings) => read(ledger, config, (&settings, &name), job, summary),
        Err(failure) => Err(failure),
    };
    match result {
        Ok(()) if job.stop.requested() => Ok(()),
        Ok(()) => Ok(ledger.scan_succeeded(&name, job.clock.now())?),
        Err(failure) => {
            ledger.scan_failed(&name, &format!("{:#}", failure.error))?;
            Err(failure)
        }
    }
}

/// The mailbox with an access token, where its login wants one.
async fn signed_in(settings: &mailbox::Settings) -> Result<mailbox::Settings, Failure> {
    let Some(oauth) = settings.oauth() else {
        return Ok(settings.clone());
    };
    let source = TokenSource::new(oauth.clone()).map_err(Failure::config)?;
    let token = source.token().await.map_err(|error| match error {
        TokenError::Again(_) => Failure::again(error),
        TokenError::Configuration(_) => Failure::config(error),
    })?;
    Ok(settings.with_token(token))
}

fn read(
    ledger: &mut Ledger,
    config: &Config,
    (settings, name): (&mailbox::Settings, &str),
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let mut mailbox = Mailbox::open(settings).map_err(|error| match error {
        OpenError::Unreachable(error) => Failure::again(error),
        OpenError::Refused(error) => Failure::config(error),
    })?;
    let ours = ours(config);
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
            applied
                .alerts
                .into_iter()
                .for_each(|line| summary.error(line));
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
    let mut addresses = Vec::new();
    for sender in &config.senders {
        addresses.push(sender.address.key());
        addresses.push(sender.unsubscribe_mailto.key());
        addresses.extend(sender.reply_to.as_ref().map(EmailAddress::key));
        if let mailbox::Settings::Imap(imap) = &sender.mailbox
            && imap.username.contains('@')
        {
            addresses.push(imap.username.to_lowercase());
        }
    }
    addresses.sort();
    addresses.dedup();
    addresses
}
