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
use std::sync::mpsc;

use anyhow::Context;
use outreach::config::{Config, WriterSource};
use outreach::copy::templates::Library;
use outreach::ledger::Ledger;

use apart::Apart;
use desk::{Desk, Share};
use model::ModelDesk;
use order::{Order, Orders};

use crate::exit::Failure;
use crate::judgement::read_text;
use crate::run::{Job, Progress, Summary};

/// So many campaigns of the built-in writer are stored in one transaction.
const CHUNK: u32 = 128;

/// So many chunks are written or waiting while another one is settled.
const CHUNKS_AHEAD: u32 = 2;

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

/// Has the built-in templates write all orders. While one chunk is compared, judged and stored, the
/// next are written by half of the cores: comparing and storing take one core only, and there is
/// always work for the others.
fn write_from_templates(
    desk: &Desk<'_>,
    orders: &mut Orders<'_>,
    ledger: &mut Ledger,
    job: &Job,
    summary: &mut Summary,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let mut apart = Apart::default();
    std::thread::scope(|scope| {
        let (ordered, to_write) = mpsc::channel::<Vec<Order>>();
        let (done, written) = mpsc::channel();
        scope.spawn(move || {
            for chunk in to_write {
                // Nobody waits for it once the run is to stop.
                if done.send(desk.write_all(chunk, Share::Half)).is_err() {
                    break;
                }
            }
        });
        let mut n_ahead = 0;
        while !job.stop.requested() {
            while n_ahead < CHUNKS_AHEAD {
                let chunk = orders.next(ledger, CHUNK, job.lead)?;
                if chunk.is_empty() {
                    break;
                }
                n_ahead += 1;
                ordered.send(chunk).context("the writing thread ended")?;
            }
            if n_ahead == 0 {
                break;
            }
            let chunk = written.recv().context("the writing thread ended")?;
            n_ahead -= 1;
            progress.advance(chunk.len() as u64);
            desk.settle(&mut apart, ledger, chunk, job, summary)?;
        }
        Ok(())
    })
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
