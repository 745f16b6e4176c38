//! scan: reads what came back, says what it is, and stops what must stop.
//! `scan --replay` judges again what was read before.
//!
//! Takes: mail above the cursor of each folder of each mailbox. Gives: inbound rows, answered,
//! stopped and waiting campaigns, suppressions. Harmless again because each mail is stored once, by
//! mailbox, uidvalidity and uid, in the transaction that moves the cursor.

mod model;
mod replay;

use std::collections::HashSet;

use chrono::Days;
use outreach::config::{Classifier, Config, WriterSource};
use outreach::inbound::{self, Ours};
use outreach::lead::EmailAddress;
use outreach::ledger::{Ledger, NewInbound};
use outreach::mailbox::{self, Cursor, Fetched, Mailbox, OpenError, ReadSummary, Scope};
use outreach::oauth::{TokenError, TokenSource};

use self::model::Model;
use crate::breaker;
use crate::exit::{self, Failure};
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
    let mut scan = Scan {
        config,
        job,
        ours: ours(config),
        model: model(ledger, config, job)?,
    };
    let mut failures = Vec::new();
    for settings in config.mailboxes() {
        // One mailbox that cannot be read keeps no other from being read.
        failures.extend(scan.mailbox(ledger, &settings, summary).await?);
    }
    let result = gravest(failures, summary);
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

/// Empties what is kept of mails for longer than ANALYTICS_RETENTION_DAYS, and leaves of what was
/// asked of ours how many a day.
fn forget(ledger: &mut Ledger, config: &Config, job: &Job) -> Result<(), Failure> {
    let now = job.clock.now();
    let before = now.checked_sub_days(Days::new(config.analytics_retention_days.into()));
    if let Some(before) = before {
        ledger.forget_old_mail(before)?;
        ledger.fold_engagements(before)?;
    }
    Ok(())
}

/// What the judgement of a mail has to know of us.
fn ours(config: &Config) -> Ours {
    Ours {
        addresses: own_addresses(config),
        sensitivity: config.sensitivity,
    }
}

/// The model that says what answers want, where one is asked for. A dry run asks nobody: it would
/// cost what the real run costs.
fn model(ledger: &mut Ledger, config: &Config, job: &Job) -> Result<Option<Model>, Failure> {
    match (config.classifier, &config.writer) {
        (Classifier::Model, WriterSource::Model(settings)) if !job.args.dry_run => {
            Model::new(config, settings, ledger, job).map(Some)
        }
        _ => Ok(None),
    }
}

/// The failure the run ends with; the others are told beside it.
fn gravest(mut failures: Vec<Failure>, summary: &mut Summary) -> Result<(), Failure> {
    // Of equals the first: the sort is stable.
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.exit));
    let mut failures = failures.into_iter();
    let gravest = failures.next();
    failures.for_each(|other| summary.error(exit::line(&other.error)));
    gravest.map_or(Ok(()), Err)
}

fn failure_of(error: OpenError) -> Failure {
    match error {
        OpenError::Unreachable(error) => Failure::again(error),
        OpenError::Refused(error) => Failure::config(error),
    }
}

async fn opened(settings: &mailbox::Settings) -> Result<Mailbox, Failure> {
    Mailbox::open(&signed_in(settings).await?).map_err(failure_of)
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

/// How far back is read before the first campaign began: nothing there can be an answer, but an
/// opt-out may have followed from what another program sent.
const DAYS_BEFORE_ANY_CAMPAIGN: Days = Days::new(30);

/// One run over all mailboxes.
struct Scan<'a> {
    config: &'a Config,
    job: &'a Job,
    ours: Ours,
    model: Option<Model>,
}

impl Scan<'_> {
    /// Reads all folders of a mailbox over one connection; the answer is what failed, of each
    /// folder by itself. An error is one of the ledger.
    async fn mailbox(
        &mut self,
        ledger: &mut Ledger,
        settings: &mailbox::Settings,
        summary: &mut Summary,
    ) -> Result<Vec<Failure>, Failure> {
        let folders = settings.folders();
        let mut mailbox = match opened(settings).await {
            Ok(mailbox) => mailbox,
            // Said once, although it concerns every folder.
            Err(failure) => {
                for folder in &folders {
                    ledger.scan_failed(&folder.name, &format!("{:#}", failure.error))?;
                }
                return Ok(vec![failure]);
            }
        };
        let mut failures = Vec::new();
        for folder in &folders {
            let entered = mailbox.enter(folder).map_err(failure_of);
            let result = match entered {
                Ok(()) => self.folder(ledger, &mut mailbox, &folder.name, summary),
                Err(failure) => Err(failure),
            };
            match result {
                _ if self.job.stop.requested() => break,
                Ok(()) => ledger.scan_succeeded(&folder.name, self.job.clock.now())?,
                Err(failure) => {
                    ledger.scan_failed(&folder.name, &format!("{:#}", failure.error))?;
                    failures.push(failure);
                }
            }
        }
        Ok(failures)
    }

    /// Reads the folder that was entered, above its cursor.
    fn folder(
        &mut self,
        ledger: &mut Ledger,
        mailbox: &mut Mailbox,
        name: &str,
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        let job = self.job;
        let cursor = ledger.cursor(name)?.map(|(uidvalidity, last_uid)| Cursor {
            uidvalidity,
            last_uid,
        });
        let known: HashSet<u64> = match mailbox {
            Mailbox::Maildir(_) => ledger.known_uids(name)?,
            Mailbox::Imap(_) => HashSet::new(),
        };
        let since = match ledger.first_campaign_at()? {
            Some(since) => Some(since),
            None => job.clock.now().checked_sub_days(DAYS_BEFORE_ANY_CAMPAIGN),
        };
        let ours = self.ours.clone();
        let scope = Scope {
            cursor,
            since,
            known: &|uid| known.contains(&uid),
            wants_body: &|header| inbound::wants_body(header, &ours),
        };
        let mut progress = Progress::start("mails read", 0, &job.args);
        let read = mailbox.read(&scope, &mut |cursor, mails| {
            anyhow::ensure!(!job.stop.requested(), "asked to end");
            progress.advance(mails.len() as u64);
            self.take(ledger, (name, cursor), &mails, summary)
        });
        match read {
            Ok(read) => {
                count(&read, name, summary);
                Ok(())
            }
            Err(_) if job.stop.requested() => Ok(()),
            Err(error) => match outreach::ledger::trouble(&error) {
                Some(_) => Err(Failure::from(error)),
                None => Err(Failure::again(error)),
            },
        }
    }

    /// Understands a batch of mails and stores it with what follows and the cursor.
    fn take(
        &mut self,
        ledger: &mut Ledger,
        (name, cursor): (&str, Cursor),
        mails: &[Fetched],
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let understood = mails.iter().map(|mail| NewInbound {
            uid: mail.uid,
            received_at: mail.received_at,
            inbound: inbound::read(&mail.raw, &self.ours),
        });
        let mut understood: Vec<NewInbound> = understood.collect();
        if let Some(model) = &mut self.model {
            model.hear(ledger, &mut understood, self.job, summary)?;
        }
        let now = self.job.clock.now();
        let cursor = (cursor.uidvalidity, cursor.last_uid);
        let stop_company = self.config.stop_company_on_reply;
        let applied = ledger.store_inbound(name, cursor, &understood, stop_company, now)?;
        for (kind, n) in applied.counts {
            summary.add(&kind, n);
        }
        for alert in applied.alerts {
            summary.error(alert);
        }
        Ok(())
    }
}

/// Counts what was read of a folder.
fn count(read: &ReadSummary, name: &str, summary: &mut Summary) {
    let number = |n| i64::try_from(n).unwrap_or(i64::MAX);
    summary.add("read", number(read.read));
    summary.add("headers_only", number(read.without_body));
    summary.add("too_large", number(read.skipped_too_large));
    // The cursor goes past them with the next mail that can be read: speak of them now.
    let unreadable = read.skipped_unreadable;
    if unreadable > 0 {
        summary.error(format!(
            "mailbox {name}: mails that cannot be read and may hold answers: {unreadable}; look at \
             them with a mail program"
        ));
    }
}

/// The addresses whose mail is our own, never an answer.
pub fn own_addresses(config: &Config) -> Vec<String> {
    let mut addresses = Vec::new();
    for sender in &config.senders {
        addresses.push(sender.address.key());
        addresses.push(sender.unsubscribe_mailto.key());
        addresses.extend(sender.reply_to.as_ref().map(EmailAddress::key));
    }
    for mailbox in config.mailboxes() {
        if let mailbox::Settings::Imap(imap) = mailbox
            && imap.username.contains('@')
        {
            addresses.push(imap.username.to_lowercase());
        }
    }
    addresses.sort();
    addresses.dedup();
    addresses
}
