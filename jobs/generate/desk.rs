//! The desk: from an order to texts with their judgement, and from those to a stored campaign.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use outreach::calendar::place_of;
use outreach::config::Config;
use outreach::copy::likeness::Shingles;
use outreach::copy::quality::{self, Judgement, Severity};
use outreach::copy::templates::Library;
use outreach::copy::{Brand, Draft};
use outreach::lead::{Lead, RawLead, ReadField, Reject};
use outreach::ledger::{Ledger, NewCampaign, Rewritten};
use serde_json::json;

use super::apart::{hold, shingles};
use super::order::{Known, Order, Purpose};
use super::read_library;
use crate::exit::Failure;
use crate::judgement::{read_brand, shortcomings};
use crate::run::{Job, Summary};

/// Why a campaign that was written anew waits for a person.
const WRITTEN_ANEW: &str = "written anew because a person asked";

/// What a campaign is written with.
pub struct Desk<'a> {
    config: &'a Config,
    /// What it writes for.
    pub brand: Arc<Brand>,
    library: Arc<Library>,
    /// The labels of a new campaign's steps.
    pub steps: Vec<String>,
}

/// The texts that were ordered, or why there are none.
pub struct Written {
    /// The order.
    pub order: Order,
    /// What came of it.
    pub result: Result<Texts, Reject>,
}

impl Written {
    /// An order with what became of it.
    pub fn new(order: Order, result: Result<Texts, Reject>) -> Written {
        Written { order, result }
    }
}

/// The texts of one campaign.
pub struct Texts {
    /// The lead.
    pub lead: Arc<Lead>,
    /// One text per step.
    pub drafts: Vec<Draft>,
    /// What the gate says of them, once it was asked: texts that are written once more, because
    /// they are too close to others, are not worth judging. See [`Desk::judge`].
    pub judgement: Option<Judgement>,
    /// Who wrote them.
    pub writer: String,
    /// Tokens a model was paid for.
    pub tokens: u64,
    /// What the texts are compared with others by.
    pub shingles: Shingles,
    /// The campaign they are too close to, for which they wait for a person.
    pub too_close: Option<String>,
}

/// The verdict on texts that are stored.
struct Verdict {
    judgement: Judgement,
    /// Why they do not pass; none when they do.
    shortcomings: Option<String>,
}

impl<'a> Desk<'a> {
    /// A desk with brand and templates on it.
    pub fn open(config: &'a Config) -> Result<Desk<'a>, Failure> {
        let steps = config.sequence.steps.iter();
        // The templates are read and the gate is made ready at the same time.
        let library = std::thread::scope(|scope| {
            scope.spawn(quality::prepare);
            read_library(config)
        })?;
        Ok(Desk {
            config,
            brand: Arc::new(read_brand(config)?),
            library: Arc::new(library),
            steps: steps.map(|step| step.name.clone()).collect(),
        })
    }

    /// Writes with the built-in templates, on several cores: it is all computing.
    pub fn write_all(&self, mut orders: Vec<Order>) -> Vec<anyhow::Result<Written>> {
        let share = share_of(orders.len());
        std::thread::scope(|scope| {
            let mut shares = Vec::new();
            while !orders.is_empty() {
                let others = orders.split_off(share.min(orders.len()));
                let share = std::mem::replace(&mut orders, others);
                shares.push(scope.spawn(|| self.write_share(share)));
            }
            let written = shares.into_iter().map(|share| {
                let failed = |_| vec![Err(anyhow!("a writing thread panicked"))];
                share.join().unwrap_or_else(failed)
            });
            written.flatten().collect()
        })
    }

    fn write_share(&self, orders: Vec<Order>) -> Vec<anyhow::Result<Written>> {
        let orders = orders.into_iter();
        orders.map(|order| self.write_one(order)).collect()
    }

    /// What the built-in templates know of a lead.
    pub fn know(&self, lead: Arc<Lead>) -> Known {
        let portrait = Arc::new(self.library.portray(&lead, &self.brand));
        Known { lead, portrait }
    }

    /// Has the built-in templates write one campaign.
    pub fn write_from_templates(&self, order: &Order, known: &Known) -> anyhow::Result<Texts> {
        let Known { lead, portrait } = known;
        let steps = order.steps();
        let (rewrites, refused) = order.refused();
        let written = self
            .library
            .write_anew(portrait, &self.brand, &steps, rewrites, refused)
            .with_context(|| format!("cannot write for `{}`", lead.record_id))?;
        let why = match order.tried.has_model_failed {
            true => " (the model failed)",
            false => "",
        };
        Ok(Texts {
            shingles: shingles(lead, &written.drafts, &self.brand.sender),
            lead: lead.clone(),
            drafts: written.drafts,
            judgement: None,
            writer: format!("template:{}{why}", written.template),
            tokens: order.tried.tokens,
            too_close: None,
        })
    }

    /// What the gate says of texts; it is asked once.
    pub fn judge<'t>(&self, order: &Order, texts: &'t mut Texts) -> &'t Judgement {
        let Texts { lead, drafts, .. } = texts;
        let threshold = self.config.quality_threshold;
        texts.judgement.get_or_insert_with(|| {
            quality::judge_steps(lead, drafts, &self.brand, threshold, &order.steps())
        })
    }

    /// Has all texts judged, on every core there is.
    pub fn judge_all(&self, written: &mut [anyhow::Result<Written>]) {
        let share = share_of(written.len());
        std::thread::scope(|scope| {
            for share in written.chunks_mut(share) {
                scope.spawn(move || {
                    for written in share.iter_mut().flatten() {
                        if let Ok(texts) = &mut written.result {
                            self.judge(&written.order, texts);
                        }
                    }
                });
            }
        });
    }

    /// What the gate says in the end: texts too close to another campaign's do not pass.
    fn verdict(&self, order: &Order, texts: &mut Texts) -> Verdict {
        let mut judgement = self.judge(order, texts).clone();
        let mut shortcomings = shortcomings(&judgement);
        if let Some(id) = &texts.too_close {
            let why = format!("too close to the texts of {id}");
            shortcomings = Some(match shortcomings {
                Some(issues) => format!("{why}; {issues}"),
                None => why,
            });
            hold(&mut judgement, id);
        }
        Verdict {
            judgement,
            shortcomings,
        }
    }

    /// Has the built-in templates write one order.
    pub fn write_one(&self, mut order: Order) -> anyhow::Result<Written> {
        let known = match order.known.take() {
            Some(known) => known,
            None => match order.parse() {
                Ok(lead) => self.know(Arc::new(lead)),
                Err(reject) => return Ok(Written::new(order, Err(reject))),
            },
        };
        let texts = self.write_from_templates(&order, &known)?;
        // The lead is the same should it be written to once more.
        order.known = Some(known);
        Ok(Written::new(order, Ok(texts)))
    }

    /// Stores what was written; what could not be is told and left as it is.
    pub fn store(
        &self,
        ledger: &mut Ledger,
        written: Vec<anyhow::Result<Written>>,
        job: &Job,
        summary: &mut Summary,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let mut campaigns = Vec::new();
        let mut rewritten = Vec::new();
        for written in written {
            let (order, texts) = match written {
                Ok(Written { order, result }) => (order, result),
                Err(error) => {
                    summary.error(format!("{error:#}"));
                    continue;
                }
            };
            match (texts, &order.purpose) {
                (Err(reject), Purpose::First { .. }) => {
                    summary.count("rejected");
                    ledger.reject_lead(order.lead, &reject, now)?;
                }
                (Err(reject), Purpose::Anew { .. }) => {
                    let (record, code) = (&order.raw.record_id, reject.reason.code());
                    let detail = reject.detail;
                    summary.error(format!("{record}: cannot write it anew: {code}: {detail}"));
                }
                (Ok(mut texts), Purpose::First { .. }) => {
                    let verdict = self.verdict(&order, &mut texts);
                    let hold = self.hold_reason(&verdict);
                    let judgement = &verdict.judgement;
                    show(job, summary, &order.raw, &texts, judgement, hold.as_deref());
                    let id = order.campaign_id(now);
                    campaigns.push(self.campaign(id, order.lead, texts, judgement, hold)?);
                }
                (
                    Ok(mut texts),
                    Purpose::Anew {
                        campaign, rewrites, ..
                    },
                ) => {
                    let verdict = self.verdict(&order, &mut texts);
                    let hold = match verdict.shortcomings {
                        Some(issues) => format!("{WRITTEN_ANEW}; {issues}"),
                        None => WRITTEN_ANEW.to_string(),
                    };
                    let judgement = &verdict.judgement;
                    show(job, summary, &order.raw, &texts, judgement, Some(&hold));
                    let anew = (*campaign, *rewrites);
                    rewritten.push(rewritten_campaign(anew, texts, judgement, hold)?);
                }
            }
        }
        if !rewritten.is_empty() {
            let stored = ledger.store_rewritten(&rewritten, now)?;
            summary.add("rewritten", i64::from(stored));
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
        judgement: &Judgement,
        hold_reason: Option<String>,
    ) -> anyhow::Result<NewCampaign> {
        let country = &self.config.holiday_country;
        Ok(NewCampaign {
            campaign_id,
            lead,
            hold_reason,
            sequence: self.config.sequence.clone(),
            quality_score: judgement.score,
            quality_issues: serde_json::to_string(&judgement.issues)?,
            place: place_of(&texts.lead, &self.config.default_zone, country),
            company: texts.lead.company.clone(),
            written_to: texts.lead,
            drafts: texts.drafts,
            writer: texts.writer,
            tokens: texts.tokens,
        })
    }

    /// Why a campaign waits for a person; none when it may go.
    fn hold_reason(&self, verdict: &Verdict) -> Option<String> {
        verdict.shortcomings.clone().or_else(|| {
            self.config
                .require_approval
                .then(|| "REQUIRE_APPROVAL is on".to_string())
        })
    }
}

/// How many of so many each core takes.
fn share_of(all: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    all.div_ceil(cores).max(1)
}

fn rewritten_campaign(
    (campaign, rewrites): (i64, u32),
    texts: Texts,
    judgement: &Judgement,
    hold_reason: String,
) -> anyhow::Result<Rewritten> {
    Ok(Rewritten {
        campaign,
        rewrites,
        hold_reason,
        quality_score: judgement.score,
        quality_issues: serde_json::to_string(&judgement.issues)?,
        company: texts.lead.company.clone(),
        drafts: texts.drafts,
        writer: texts.writer,
        tokens: texts.tokens,
    })
}

fn show(
    job: &Job,
    summary: &mut Summary,
    raw: &RawLead,
    texts: &Texts,
    judgement: &Judgement,
    hold: Option<&str>,
) {
    if !job.args.dry_run {
        return;
    }
    match &mut summary.campaigns {
        Some(campaigns) => campaigns.push(as_judged(raw, texts, judgement, hold)),
        None => summary.preview.push(preview(texts, judgement, hold)),
    }
}

/// The campaign in the shape `judge` reads and answers: the lead under the names of its columns.
fn as_judged(
    raw: &RawLead,
    texts: &Texts,
    judgement: &Judgement,
    hold: Option<&str>,
) -> serde_json::Value {
    let column = |field: &ReadField| field.columns().first().map(|name| name.to_string());
    let lead = raw.fields.iter();
    let lead = lead.filter_map(|(field, text)| Some((column(field)?, text.as_str())));
    json!({
        "lead": lead.collect::<BTreeMap<String, &str>>(),
        "messages": texts.drafts,
        "pass": judgement.pass,
        "score": judgement.score,
        "issues": judgement.issues,
        "writer": texts.writer,
        "why": hold,
    })
}

/// The three messages as a person wants to read them.
fn preview(texts: &Texts, judgement: &Judgement, hold: Option<&str>) -> String {
    let verdict = match hold {
        None => "passes".to_string(),
        Some(why) => format!("to review, {why}"),
    };
    let lead = &texts.lead;
    let mut out = format!(
        "━━ {} <{}>, {} · {} · score {}: {verdict}\n",
        lead.full_name, lead.email, lead.company, texts.writer, judgement.score
    );
    for draft in &texts.drafts {
        out.push_str(&format!(
            "\n[{}] {}\n\n{}\n",
            draft.step, draft.subject, draft.body
        ));
    }
    for issue in &judgement.issues {
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

#[cfg(test)]
mod tests {
    use outreach::config::Sources;
    use outreach::lead::{RawLead, ReadField, RecordId};

    use super::super::order::Tried;
    use super::*;

    #[test]
    fn texts_written_anew_pass_the_gate_and_never_repeat_a_body() {
        let config = Config::load(&Sources::only::<&str, &str>([])).unwrap().0;
        let desk = Desk::open(&config).unwrap();
        for n in 0..12 {
            let fields = [
                (ReadField::FullName, "Ada Lovelace".to_string()),
                (ReadField::Email, format!("ada@engines{n}.example")),
                (ReadField::Company, format!("Engines {n} Analytical")),
                (ReadField::EmailConfidenceLevel, "Real".to_string()),
                // Our own mark, once a campaign waits in review.
                (ReadField::EngagementStatus, "Needs Review".to_string()),
            ];
            let mut order = Order {
                lead: n,
                raw: Arc::new(RawLead {
                    record_id: RecordId::new(format!("rec{n}")),
                    fields: fields.into(),
                }),
                known: None,
                steps: desk.steps.clone(),
                tried: Tried::default(),
                purpose: Purpose::Anew {
                    campaign: n,
                    campaign_id: format!("c{n}"),
                    rewrites: 0,
                    refused: Vec::new(),
                },
            };
            let mut before: Vec<Draft> = Vec::new();
            for rewrites in 0..6 {
                order.purpose = Purpose::Anew {
                    campaign: n,
                    campaign_id: format!("c{n}"),
                    rewrites,
                    refused: before.clone(),
                };
                let known = desk.know(Arc::new(order.parse().unwrap()));
                let mut texts = desk.write_from_templates(&order, &known).unwrap();
                let judgement = desk.judge(&order, &mut texts);
                assert!(judgement.pass, "{judgement:#?}");
                for (old, new) in before.iter().zip(&texts.drafts) {
                    assert_ne!(old.body, new.body, "{n} {rewrites}");
                }
                let take = format!("/{}.", rewrites + 1);
                assert!(texts.writer.contains(&take), "{}", texts.writer);
                before = texts.drafts;
            }
        }
    }
}
