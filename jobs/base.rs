//! The Airtable base as the stages use it: what was learned of it, what its calls cost, and when it
//! is better left alone.

use std::cell::Cell;
use std::path::PathBuf;

use anyhow::anyhow;
use chrono::{DateTime, Days, TimeDelta, Utc};
use outreach::airtable::{ApiError, Client, Gate, Month, Pacing, Settings, Thrift};
use outreach::changeset::{self, WriteField};
use outreach::config::{Config, LeadsSource};
use outreach::lead::RecordId;
use outreach::ledger::{Ledger, Unanswered};

use crate::exit::Failure;
use crate::run::{Job, Summary};

/// The switch that is thrown while the month's calls are used up.
pub const QUOTA: &str = "airtable_quota";

/// The switch that is thrown when a full read misses so many records that a person must say whether
/// they were meant to go.
pub const REMOVED: &str = "airtable_removed";

/// So many records may be gone at once without a person being asked.
pub const MISSED_ALWAYS_FINE: u64 = 10;

/// While the month's calls are used up, the base is asked once in so many hours: the plan may have
/// been raised.
const QUOTA_PROBE_HOURS: i64 = 20;

/// What was learned of the columns is learned anew when it is older and there is news anyway.
const SCHEMA_HOURS_MAX: i64 = 1;

/// Which writes without an answer are to be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// All of them: for whoever writes, and so knows that nobody else is about to.
    All,
    /// Those that touch cells of people, and were carried out: for whoever reads what people did,
    /// while another process may be writing.
    Shared,
}

/// The base of a run.
pub struct Base {
    /// The client.
    pub client: Client,
    /// The month's calls when the run began.
    pub month: Month,
    name: String,
    /// The columns we write.
    written: Vec<WriteField>,
    learned_at: Option<DateTime<Utc>>,
    is_dry_run: bool,
    now: DateTime<Utc>,
    /// Records that turned out to be gone.
    n_gone: Cell<u64>,
}

impl Base {
    /// The base, unless its calls are used up.
    pub fn open(
        ledger: &Ledger,
        config: &Config,
        settings: &Settings,
        job: &Job,
    ) -> Result<Base, Failure> {
        let now = job.clock.now();
        if let Some((why, since)) = ledger.switch(QUOTA)? {
            leave_alone(&why, since, now)?;
        }
        let days = ledger.calls_by_day(Month::reads_from(now))?;
        let month = Month::from_days(&days, now, config.airtable_monthly_calls.map(u64::from));
        if let (Thrift::Stop, Some(limit)) = (month.thrift, month.limit) {
            return Err(Failure::again(anyhow!(
                "AIRTABLE_MONTHLY_CALLS: all {limit} calls of this month are used; nothing is \
                 asked of Airtable until {}, or until the number is raised",
                Month::resets_at(now).format("%-d %b %Y")
            )));
        }
        let kept = ledger.kept_table(&name_of(settings))?;
        Ok(Base {
            client: client(
                config,
                settings,
                kept.as_ref().map(|kept| kept.schema.as_str()),
            )?,
            month,
            name: name_of(settings),
            written: settings.written.clone(),
            learned_at: kept.map(|kept| kept.read_at),
            is_dry_run: job.args.dry_run,
            now,
            n_gone: Cell::new(0),
        })
    }

    /// The cursor up to which changes were read.
    pub fn cursor(&self) -> String {
        format!("airtable:{}", self.name)
    }

    /// The cursor of the last full read.
    pub fn full_cursor(&self) -> String {
        format!("airtable-full:{}", self.name)
    }

    /// An error unless this very table was read once: in another one every lead would seem to be
    /// gone.
    pub fn ensure_read(&self, ledger: &Ledger) -> Result<(), ApiError> {
        match ledger.read_to(&self.cursor()).map_err(ApiError::Sink)? {
            Some(_) => Ok(()),
            None => Err(ApiError::Config(anyhow!(
                "table `{}` was not read yet: run `outreach pull` first",
                self.name
            ))),
        }
    }

    /// Ends what there is of a lead whose record is gone. When that happens too often in a run it
    /// looks like a mistake: then nothing more is ended until a person has decided.
    pub fn end_gone(&self, ledger: &mut Ledger, lead: i64) -> anyhow::Result<()> {
        if ledger.switch(REMOVED)?.is_some() {
            return Ok(());
        }
        self.n_gone.set(self.n_gone.get() + 1);
        if self.n_gone.get() <= MISSED_ALWAYS_FINE {
            return ledger.lead_is_gone(lead, self.now);
        }
        let why = format!(
            "more than {MISSED_ALWAYS_FINE} known records are suddenly gone from the table; run \
             `outreach pull --full`, which says how many, and see whether they were meant to go"
        );
        tracing::warn!("{why}");
        ledger.set_switch(REMOVED, &why, self.now)
    }

    /// Whether the columns may have changed since they were last looked at.
    pub fn is_schema_old(&self) -> bool {
        let is_old = |at| self.now - at >= TimeDelta::hours(SCHEMA_HOURS_MAX);
        self.learned_at.is_none_or(is_old)
    }

    /// Counts the calls made so far; to be asked again and again while much is done.
    pub fn count_calls(&self, ledger: &mut Ledger) -> anyhow::Result<()> {
        if self.is_dry_run {
            return Ok(()); // The count stays with the gate; the next run keeps it.
        }
        let count = |n_calls| ledger.count_calls(n_calls, self.now);
        self.client.gate().settle(count)
    }

    /// Settles writes whose answer was lost: one that was carried out shows in the base, one that
    /// was not is forgotten and will be planned anew. To be done before anything is read or
    /// written, or a person's next edit could pass for our own.
    pub async fn settle_unanswered(
        &self,
        ledger: &mut Ledger,
        which: Unsettled,
    ) -> Result<(), ApiError> {
        if self.is_dry_run {
            return Ok(());
        }
        let mut unanswered = ledger.unanswered().map_err(ApiError::Sink)?;
        unanswered
            .retain(|unanswered| which == Unsettled::All || is_shared(unanswered, &self.written));
        for unanswered in unanswered.chunks(100) {
            let ids: Vec<RecordId> = unanswered.iter().map(|u| u.record_id.clone()).collect();
            let is_written = |field: &&WriteField| {
                unanswered
                    .iter()
                    .any(|u| u.writing.contains_key(&field.column()))
            };
            let columns: Vec<WriteField> =
                self.written.iter().filter(is_written).cloned().collect();
            let seen = self.client.look(&ids, &columns).await?;
            let columns = self.client.present(&columns).await?;
            for unanswered in unanswered {
                let lead = unanswered.lead;
                let settled = match seen.get(&unanswered.record_id) {
                    None => self.end_gone(ledger, lead),
                    Some(cells) => {
                        match changeset::carried_out(&unanswered.writing, cells, &columns) {
                            // It may be on its way.
                            None if which == Unsettled::Shared => Ok(()),
                            written => ledger.settle_unanswered(lead, written, self.now),
                        }
                    }
                };
                settled.map_err(ApiError::Sink)?;
            }
        }
        Ok(())
    }

    /// Ends the run's use of the base: keeps what was learned and what it cost, and what its
    /// failure means for the runs to come.
    pub async fn close<T>(
        self,
        ledger: &mut Ledger,
        result: Result<T, ApiError>,
        summary: &mut Summary,
    ) -> Result<T, Failure> {
        let n_calls = i64::try_from(self.client.calls()).unwrap_or(i64::MAX);
        summary.add("calls", n_calls);
        let learned = self.client.learned().await;
        for remark in learned.iter().flat_map(|learned| &learned.remarks) {
            tracing::warn!("Airtable: {remark}");
        }
        if !self.is_dry_run {
            self.count_calls(ledger)?;
            if let Some(learned) = learned {
                ledger.keep_table(&self.name, &learned.schema, self.now)?;
                if learned.is_mended || !learned.replaced.is_empty() {
                    ledger.show_again(&learned.replaced)?;
                }
            }
            match &result {
                Ok(_) => {
                    ledger.clear_switch(QUOTA)?;
                    ledger.set_table_trouble(&self.name, None, self.now)?;
                }
                Err(error @ ApiError::Columns(_)) => {
                    let trouble = format!("{error}");
                    ledger.set_table_trouble(&self.name, Some(&trouble), self.now)?;
                }
                Err(ApiError::QuotaExhausted(why)) => {
                    // Thrown anew, so that the next try is a day from now.
                    ledger.clear_switch(QUOTA)?;
                    ledger.set_switch(QUOTA, why, self.now)?;
                }
                Err(_) => {}
            }
        }
        match result {
            Err(ApiError::QuotaExhausted(why)) => {
                let error = leave_alone(&why, self.now, self.now);
                Err(error
                    .err()
                    .unwrap_or_else(|| Failure::again(anyhow!("{why}"))))
            }
            result => result.map_err(Failure::from),
        }
    }
}

/// A client that passes the gate of all processes, and knows what earlier ones learned.
pub fn client(config: &Config, settings: &Settings, kept: Option<&str>) -> Result<Client, Failure> {
    let client =
        Client::new(settings.clone(), config.tls_ca_file.clone()).map_err(Failure::config)?;
    let mut file = config.ledger_path.clone().into_os_string();
    file.push(".airtable");
    let gap = config.airtable_gap;
    let client = client.with_gate(Gate::new(Some(PathBuf::from(file)), gap));
    let client = if gap.is_zero() {
        client.with_pacing(Pacing::on_this_machine())
    } else {
        client
    };
    Ok(match kept {
        Some(kept) => client.with_kept_schema(kept),
        None => client,
    })
}

/// The name under which a table is kept.
pub fn name_of(settings: &Settings) -> String {
    format!("{}/{}", settings.base_id, settings.table)
}

/// Whether anything is wrong with the base that must be mended before a mail may leave: people
/// could not tell us to stop, or we could not tell them what was sent.
pub fn ensure_sound(ledger: &Ledger, config: &Config) -> Result<(), Failure> {
    let LeadsSource::Airtable(settings) = &config.leads else {
        return Ok(());
    };
    let kept = ledger.kept_table(&name_of(settings))?;
    if let Some(trouble) = kept.and_then(|kept| kept.trouble) {
        return Err(Failure::config(anyhow!(
            "nothing is sent while the table is not as it must be: {trouble}; then run \
             `outreach pull`"
        )));
    }
    match ledger.switch(REMOVED)? {
        Some((why, _)) => Err(Failure::config(anyhow!("nothing is sent: {why}"))),
        None => Ok(()),
    }
}

/// Whether a write was, among others, to a cell that people share: one of the two, or a text that
/// the base was told before.
fn is_shared(unanswered: &Unanswered, written: &[WriteField]) -> bool {
    written.iter().any(|field| {
        let column = field.column();
        let is_told = || field.is_text() && unanswered.told.contains_key(&column);
        unanswered.writing.contains_key(&column) && (field.is_peoples() || is_told())
    })
}

/// An error as long as the base is better not asked.
fn leave_alone(why: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Failure> {
    let probe_at = since + TimeDelta::hours(QUOTA_PROBE_HOURS);
    let resets_at = Month::resets_at(since);
    let until = probe_at.min(resets_at);
    if now >= until || now < since {
        return Ok(());
    }
    let last = resets_at
        .checked_sub_days(Days::new(1))
        .unwrap_or(resets_at);
    Err(Failure::again(anyhow!(
        "{why}; nothing is asked of Airtable until {} UTC, then once a day until the month ends on \
         {}",
        until.format("%-d %b %H:%M"),
        last.format("%-d %b %Y")
    )))
}
