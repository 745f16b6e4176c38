//! generate: writes a campaign of three messages for each eligible lead, and has it judged.
//!
//! Takes: eligible leads without a campaign. Gives: a campaign with its messages, `active` when the
//! texts passed the quality gate, else in `review` where a person decides. Harmless again because a
//! lead that has a campaign is never taken, and the schema allows one open campaign per lead.

mod model;

use std::io::Read;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use outreach::calendar::place_of;
use outreach::campaign::campaign_id;
use outreach::config::{Config, WriterSource};
use outreach::copy::quality::{self, Judgement, Severity};
use outreach::copy::templates::Library;
use outreach::copy::{Brand, Draft};
use outreach::lead::{self, Lead};
use outreach::ledger::{LeadToWrite, Ledger, NewCampaign};
use outreach::writer::Writer;
use tokio::task::JoinSet;

use model::{Failed, ModelTask};

use crate::exit::Failure;
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
    let desk = Desk::open(config)?;
    let wanted = job.args.limit.unwrap_or(config.campaigns_per_batch);
    let mut progress = Progress::start("campaigns written", u64::from(wanted), &job.args);
    match &config.writer {
        WriterSource::Templates => {
            let mut after = 0;
            let mut left = wanted;
            while left > 0 && !job.stop.requested() {
                let leads = ledger.leads_to_write(left.min(CHUNK), after, job.lead)?;
                let Some(last) = leads.last() else { break };
                after = last.id;
                left = left.saturating_sub(u32::try_from(leads.len()).unwrap_or(left));
                progress.advance(leads.len() as u64);
                let written = desk.write_all(&leads);
                desk.store(ledger, written, job, summary)?;
            }
            Ok(())
        }
        WriterSource::Model(settings) => {
            let writer = Writer::new(settings.clone(), config.tls_ca_file.clone())
                .map_err(Failure::config)?;
            let task = ModelTask {
                model: settings.model.clone(),
                writer: Arc::new(writer),
                brand: Arc::clone(&desk.brand),
                steps: desk.steps.clone(),
                threshold: config.quality_threshold,
            };
            let leads = ledger.leads_to_write(wanted, 0, job.lead)?;
            desk.write_with_model(ledger, &task, leads, job, summary, &mut progress)
                .await
        }
    }
}

/// What a campaign is written with.
struct Desk<'a> {
    config: &'a Config,
    brand: Arc<Brand>,
    library: Arc<Library>,
    steps: Vec<String>,
}

/// The texts of one lead's campaign, or why there are none.
struct Written {
    lead_id: i64,
    campaigns: u32,
    result: Result<Texts, lead::Reject>,
}

struct Texts {
    lead: Lead,
    drafts: Vec<Draft>,
    judgement: Judgement,
    writer: String,
    tokens: u64,
}

/// The largest text of people's that is read: far more than anybody writes about a brand.
const TEXT_BYTES_MAX: usize = 1_000_000;

fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(TEXT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    anyhow::ensure!(
        bytes.len() <= TEXT_BYTES_MAX,
        "expected at most {TEXT_BYTES_MAX} bytes, found more"
    );
    String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("expected UTF-8 text: {}", error.utf8_error()))
}

/// The brand of BRAND_FILE, or the built-in one.
pub fn read_brand(config: &Config) -> Result<Brand, Failure> {
    let Some(path) = &config.brand_file else {
        return Ok(Brand::builtin(&config.from_name));
    };
    let text =
        read_text(path).with_context(|| format!("BRAND_FILE: cannot read `{}`", path.display()));
    let brand = text.and_then(|text| {
        Brand::parse(&text, &config.from_name)
            .with_context(|| format!("BRAND_FILE: `{}`", path.display()))
    });
    brand.map_err(Failure::config)
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

impl<'a> Desk<'a> {
    fn open(config: &'a Config) -> Result<Desk<'a>, Failure> {
        Ok(Desk {
            config,
            brand: Arc::new(read_brand(config)?),
            library: Arc::new(read_library(config)?),
            steps: config
                .sequence
                .steps
                .iter()
                .map(|step| step.name.clone())
                .collect(),
        })
    }

    /// Writes with the built-in templates, on every core there is: it is all computing.
    fn write_all(&self, leads: &[LeadToWrite]) -> Vec<anyhow::Result<Written>> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = leads.len().div_ceil(cores).max(1);
        std::thread::scope(|scope| {
            let shares: Vec<_> = leads
                .chunks(share)
                .map(|share| scope.spawn(|| self.write_share(share)))
                .collect();
            let written = shares.into_iter().map(|share| {
                let failed = |_| vec![Err(anyhow!("a writing thread panicked"))];
                share.join().unwrap_or_else(failed)
            });
            written.flatten().collect()
        })
    }

    fn write_share(&self, leads: &[LeadToWrite]) -> Vec<anyhow::Result<Written>> {
        leads
            .iter()
            .map(|to_write| {
                let result = match lead::parse(&to_write.raw) {
                    Err(reject) => Err(reject),
                    Ok(lead) => Ok(self.write_from_templates(lead, "")?),
                };
                Ok(Written {
                    lead_id: to_write.id,
                    campaigns: to_write.campaigns,
                    result,
                })
            })
            .collect()
    }

    fn write_from_templates(&self, lead: Lead, why: &str) -> anyhow::Result<Texts> {
        let steps: Vec<&str> = self.steps.iter().map(String::as_str).collect();
        let written = self
            .library
            .write(&lead, &self.brand, &steps)
            .with_context(|| format!("cannot write for `{}`", lead.record_id))?;
        let judgement = quality::judge(
            &lead,
            &written.drafts,
            &self.brand,
            self.config.quality_threshold,
        );
        let writer = format!("template:{}{why}", written.template);
        Ok(Texts {
            lead,
            drafts: written.drafts,
            judgement,
            writer,
            tokens: 0,
        })
    }

    /// Has a model write, so many at once, and stores each campaign the moment it is there.
    async fn write_with_model(
        &self,
        ledger: &mut Ledger,
        task: &ModelTask,
        leads: Vec<LeadToWrite>,
        job: &Job,
        summary: &mut Summary,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut leads = leads.into_iter();
        let mut at_work = JoinSet::new();
        let mut ended: Option<Failure> = None;
        loop {
            let may_start = ended.is_none() && !job.stop.requested();
            while may_start && at_work.len() < self.config.llm_concurrency as usize {
                let Some(to_write) = leads.next() else { break };
                let task = task.clone();
                at_work.spawn(async move {
                    let result = match lead::parse(&to_write.raw) {
                        Err(reject) => Ok(Err(reject)),
                        Ok(lead) => task.write(lead).await.map(Ok),
                    };
                    (to_write, result)
                });
            }
            let Some(joined) = at_work.join_next().await else {
                break;
            };
            let (to_write, result) = joined.context("a writing task failed")?;
            let result = match result {
                Ok(result) => Ok(result),
                Err(Failed::Unusable { lead, why, tokens }) => {
                    summary.count("fell_back_to_templates");
                    tracing::warn!("{}: {why}; the built-in templates write it", lead.record_id);
                    let texts = self.write_from_templates(*lead, " (the model failed)");
                    texts.map(|texts| Ok(Texts { tokens, ..texts }))
                }
                Err(Failed::Batch(failure)) => {
                    ended = Some(failure);
                    continue;
                }
            };
            progress.advance(1);
            let written = result.map(|result| Written {
                lead_id: to_write.id,
                campaigns: to_write.campaigns,
                result,
            });
            self.store(ledger, vec![written], job, summary)?;
        }
        ended.map_or(Ok(()), Err)
    }

    fn store(
        &self,
        ledger: &mut Ledger,
        written: Vec<anyhow::Result<Written>>,
        job: &Job,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let now = job.clock.now();
        let mut campaigns = Vec::new();
        for written in written {
            let written = match written {
                Ok(written) => written,
                Err(error) => {
                    summary.error(format!("{error:#}"));
                    continue;
                }
            };
            match written.result {
                Err(reject) => {
                    summary.count("rejected");
                    ledger.reject_lead(written.lead_id, &reject, now)?;
                }
                Ok(texts) => {
                    let hold = self.hold_reason(&texts.judgement);
                    if job.args.dry_run {
                        summary.preview.push(preview(&texts, hold.as_deref()));
                    }
                    let id = campaign_id(&texts.lead.record_id, written.campaigns + 1, now);
                    campaigns.push(self.campaign(id, written.lead_id, texts, hold)?);
                }
            }
        }
        let stored = ledger.insert_campaigns(&campaigns, now)?;
        summary.add("written", i64::from(stored));
        for campaign in &campaigns {
            summary.count(campaign.state().as_str());
        }
        Ok(())
    }

    fn campaign(
        &self,
        campaign_id: String,
        lead: i64,
        texts: Texts,
        hold_reason: Option<String>,
    ) -> anyhow::Result<NewCampaign> {
        let country = &self.config.holiday_country;
        Ok(NewCampaign {
            campaign_id,
            lead,
            hold_reason,
            sequence: self.config.sequence.clone(),
            quality_score: texts.judgement.score,
            quality_issues: serde_json::to_string(&texts.judgement.issues)?,
            place: place_of(&texts.lead, &self.config.default_zone, country),
            company: texts.lead.company,
            drafts: texts.drafts,
            writer: texts.writer,
            tokens: texts.tokens,
        })
    }

    /// Why a campaign waits for a person; none when it may go.
    fn hold_reason(&self, judgement: &Judgement) -> Option<String> {
        if !judgement.pass {
            let codes = judgement
                .issues
                .iter()
                .map(|issue| issue.code)
                .collect::<Vec<_>>();
            let codes = codes.join(", ");
            return Some(format!("quality {} of 100: {codes}", judgement.score));
        }
        self.config
            .require_approval
            .then(|| "REQUIRE_APPROVAL is on".to_string())
    }
}

/// The three messages as a person wants to read them.
fn preview(texts: &Texts, hold: Option<&str>) -> String {
    let verdict = match hold {
        None => "passes".to_string(),
        Some(why) => format!("to review, {why}"),
    };
    let lead = &texts.lead;
    let mut out = format!(
        "━━ {} <{}>, {} · {} · score {}: {verdict}\n",
        lead.full_name, lead.email, lead.company, texts.writer, texts.judgement.score
    );
    for draft in &texts.drafts {
        out.push_str(&format!(
            "\n[{}] {}\n\n{}\n",
            draft.step, draft.subject, draft.body
        ));
    }
    for issue in &texts.judgement.issues {
        let severity = match issue.severity {
            Severity::Blocker => "blocker",
            Severity::Major => "major",
            Severity::Minor => "minor",
        };
        let (code, step) = (issue.code, &issue.step);
        out.push_str(&format!(
            "\n  {severity} {code} ({step}): `{}`, {}",
            issue.words, issue.hint
        ));
    }
    out
}
