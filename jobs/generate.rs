//! generate: writes a campaign of three messages for each eligible lead, and has it judged.
//!
//! Takes: campaigns whose texts a person asked for anew, then eligible leads without a campaign.
//! Gives: a campaign with its messages, `active` when the texts passed the quality gate, else in
//! `review` where a person decides; one that was written anew is looked at in any case. None is too
//! close to what others of the run or colleagues of the lead get. Harmless
//! again because a lead that has a campaign is never taken, the schema allows one open campaign per
//! lead, and only a `draft` is written anew.

mod apart;
mod desk;
mod model;
mod order;

use std::path::Path;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use outreach::config::{Config, WriterSource};
use outreach::copy::templates::Library;
use outreach::ledger::Ledger;

use apart::Apart;
use desk::{Desk, Written};
use model::ModelDesk;
use order::Orders;

use crate::exit::Failure;
use crate::judgement::read_text;
use crate::run::{Job, Progress, Summary};

/// So many campaigns of the built-in writer are stored in one transaction.
const CHUNK: u32 = 128;

/// Runs the stage.
pub async fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for name in ["written", "active", "review", "rejected"] {
        summary.add(name, 0);
    }
    if job.args.dry_run && job.args.json {
        summary.campaigns = Some(Vec::new());
    }
    let desk = Desk::open(config)?;
    let wanted = job.args.limit.unwrap_or(config.campaigns_per_batch);
    let mut orders = Orders::new(wanted, &desk);
    let mut progress = Progress::start("campaigns written", u64::from(wanted), &job.args);
    match &config.writer {
        WriterSource::Templates => {
            write_from_templates(&desk, &mut orders, ledger, job, summary, &mut progress)?;
            Ok(())
        }
        WriterSource::Model(settings) => {
            let desk = ModelDesk::new(&desk, config, settings)?;
            let orders = orders.all(ledger, job.lead)?;
            desk.write_all(ledger, orders, job, summary, &mut progress)
                .await
        }
    }
}

/// Has the built-in templates write all orders. While one chunk is judged, the next is compared
/// with the crowd, the one after it is written, and the one before it is stored: comparing and
/// storing take one core only, and there is always work for the others.
fn write_from_templates(
    desk: &Desk<'_>,
    orders: &mut Orders<'_>,
    ledger: &mut Ledger,
    job: &Job,
    summary: &mut Summary,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let mut apart = Apart::default();
    let mut written = Vec::new();
    let mut to_judge: Option<Chunk> = None;
    let mut to_store: Option<Chunk> = None;
    loop {
        let ordered = match job.stop.requested() {
            true => {
                written = Vec::new();
                Vec::new()
            }
            false => orders.next(ledger, CHUNK, job.lead)?,
        };
        if ordered.is_empty() && written.is_empty() && to_judge.is_none() && to_store.is_none() {
            return Ok(());
        }
        (written, to_judge, to_store) = std::thread::scope(|scope| {
            let writing = scope.spawn(|| desk.write_all(ordered));
            let judging = scope.spawn(|| {
                let mut judged = to_judge.take();
                if let Some(chunk) = &mut judged {
                    desk.judge_all(&mut chunk.written);
                }
                judged
            });
            if let Some(chunk) = to_store.take() {
                progress.advance(chunk.written.len() as u64);
                desk.store(ledger, chunk.written, job, summary, chunk.now)?;
            }
            let kept = match written.is_empty() {
                true => None,
                false => {
                    // One instant for all: the ids that are told depend on it.
                    let now = job.clock.now();
                    let written = desk.keep_apart(&mut apart, ledger, written, now)?;
                    Some(Chunk { written, now })
                }
            };
            let written = writing.join();
            let written = written.map_err(|_| anyhow!("the writing thread panicked"))?;
            let judged = judging.join();
            let judged = judged.map_err(|_| anyhow!("the judging thread panicked"))?;
            anyhow::Ok((written, kept, judged))
        })?;
    }
}

/// Campaigns that are kept apart from others, and the instant at which they were.
struct Chunk {
    written: Vec<anyhow::Result<Written>>,
    now: DateTime<Utc>,
}

/// The built-in templates, with those of TEMPLATES_DIR before them.
pub fn read_library(config: &Config) -> Result<Library, Failure> {
    let library = match &config.templates_dir {
        None => Library::builtin(),
        Some(dir) => read_templates(dir).and_then(|files| {
            Library::parse(files.into_iter())
                .with_context(|| format!("TEMPLATES_DIR: `{}`", dir.display()))
        }),
    };
    library.map_err(Failure::config)
}

fn read_templates(dir: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let context = || format!("TEMPLATES_DIR: cannot read `{}`", dir.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_file() && !name.starts_with('.') {
            let text = read_text(&path)
                .with_context(|| format!("TEMPLATES_DIR: cannot read `{}`", path.display()))?;
            files.push((name.to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}
