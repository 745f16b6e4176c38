//! Keeping campaigns apart: nobody gets what another lead of the run, or a colleague before, got.
//!
//! Purpose: compare each campaign with those of the run and with the latest of the same company
//! before it is stored. What is too close is written once more: from other templates some times
//! over, by a model once and only for the sake of a colleague. A model that says the same to
//! strangers would go on doing so, and be paid for it; there the templates write instead.
//! Invariant: texts that stay too close are kept, in review, with the campaign they resemble.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use outreach::copy::Draft;
use outreach::copy::likeness::{Crowd, LIKENESS_MAX, Shingles};
use outreach::copy::quality::{Issue, Judgement, Severity};
use outreach::lead::{Lead, is_free_mail, registrable_domain};
use outreach::ledger::{Colleague, Ledger};

use super::desk::{Desk, Texts, Written};
use super::order::Order;

/// How often the templates may write a campaign that was too close to another one.
const VARIANTS_MAX: u32 = 5;

/// So many of the latest campaigns of a company count.
const COLLEAGUES_MAX: u32 = 20;

/// What the issue costs a campaign, as any major one.
const POINTS: u8 = 25;

/// The campaigns that others of this run must not resemble.
#[derive(Default)]
pub struct Apart {
    crowd: Crowd,
    /// The crowd's members.
    kept: Vec<Kept>,
    /// What was read of colleagues' campaigns, by campaign id.
    read: HashMap<String, Shingles>,
}

/// A campaign of this run.
struct Kept {
    campaign_id: String,
    /// In small letters.
    company: String,
    /// None for a free-mail address.
    domain: Option<String>,
}

/// The domain by which colleagues know each other.
fn company_domain(texts: &Texts) -> Option<String> {
    let domain = registrable_domain(texts.lead.email.domain())?;
    (!is_free_mail(&domain)).then_some(domain)
}

/// A campaign that another one is too close to.
pub struct Neighbour {
    /// The campaign's id.
    pub campaign_id: String,
    /// Whether it is for somebody of the same company.
    pub is_colleague: bool,
}

impl Apart {
    /// The campaign that the texts are too close to, if there is one.
    pub fn neighbour(
        &mut self,
        ledger: &Ledger,
        order: &Order,
        texts: &Texts,
        sender: &str,
    ) -> anyhow::Result<Option<Neighbour>> {
        let company = &texts.lead.company;
        for colleague in ledger.colleagues(order.lead, company, COLLEAGUES_MAX)? {
            if self.of(&colleague, sender).likeness(&texts.shingles) > LIKENESS_MAX {
                return Ok(Some(Neighbour {
                    campaign_id: colleague.campaign_id,
                    is_colleague: true,
                }));
            }
        }
        let found = self.crowd.too_close(&texts.shingles);
        let kept = found.and_then(|(number, _)| self.kept.get(number));
        // A colleague's campaign of this run may not be in the ledger yet.
        Ok(kept.map(|kept| Neighbour {
            campaign_id: kept.campaign_id.clone(),
            is_colleague: kept.company == company.to_lowercase()
                || (kept.domain.is_some() && kept.domain == company_domain(texts)),
        }))
    }

    /// Takes a campaign in, which later ones of the run are compared with.
    pub fn keep(&mut self, campaign_id: String, texts: &Texts) {
        self.crowd.add(texts.shingles.clone());
        self.kept.push(Kept {
            campaign_id,
            company: texts.lead.company.to_lowercase(),
            domain: company_domain(texts),
        });
    }

    fn of(&mut self, colleague: &Colleague, sender: &str) -> &Shingles {
        let names = [&colleague.full_name, &colleague.company].map(String::as_str);
        self.read
            .entry(colleague.campaign_id.clone())
            .or_insert_with(|| Shingles::of(&colleague.drafts, names.into_iter().chain([sender])))
    }
}

/// What the gate says of texts that are too close to another campaign's: a person decides.
pub fn hold(judgement: &mut Judgement, campaign_id: &str) {
    judgement.pass = false;
    judgement.score = judgement.score.saturating_sub(POINTS);
    judgement.issues.insert(
        0,
        Issue {
            code: "too_similar",
            severity: Severity::Major,
            step: String::new(),
            words: campaign_id.to_string(),
            hint: "say it in other words: another lead gets nearly the same mails".to_string(),
        },
    );
}

/// What the texts for a lead are compared with others by.
pub fn shingles(lead: &Lead, drafts: &[Draft], sender: &str) -> Shingles {
    let names = [
        &lead.full_name,
        &lead.first_name,
        &lead.company,
        &lead.company_short,
    ];
    let names = names.map(String::as_str).into_iter();
    Shingles::of(drafts, names.chain([sender]))
}

impl Desk<'_> {
    /// Settles what is too close to another campaign: the templates write it once more, some times
    /// over, and what stays too close waits for a person.
    pub fn keep_apart(
        &self,
        apart: &mut Apart,
        ledger: &Ledger,
        written: Vec<anyhow::Result<Written>>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Vec<anyhow::Result<Written>>> {
        let mut settled = Vec::with_capacity(written.len());
        let mut round = written;
        for _ in 0..=VARIANTS_MAX {
            let mut once_more = Vec::new();
            for written in round {
                let (order, mut texts) = match written {
                    Ok(Written {
                        order,
                        result: Ok(texts),
                    }) => (order, texts),
                    other => {
                        settled.push(other);
                        continue;
                    }
                };
                match apart.neighbour(ledger, &order, &texts, &self.brand.sender)? {
                    Some(_) if texts.too_close.is_some() => {}
                    Some(neighbour) if order.tried.n_close < VARIANTS_MAX => {
                        once_more.push((order.once_more(Vec::new()), texts, neighbour));
                        continue;
                    }
                    Some(neighbour) => texts.too_close = Some(neighbour.campaign_id),
                    None => {}
                }
                apart.keep(order.campaign_id(now), &texts);
                let result = Ok(texts);
                settled.push(Ok(Written { order, result }));
            }
            if once_more.is_empty() {
                break;
            }
            let orders = once_more.iter().map(|(order, ..)| order.clone()).collect();
            let anew = self.write_all(orders).into_iter().zip(once_more);
            round = anew
                .map(|(written, (order, mut texts, neighbour))| {
                    // Texts that a person may mend are better than none.
                    written.or_else(|error| {
                        tracing::debug!("{}: {error:#}", order.raw.record_id);
                        texts.too_close = Some(neighbour.campaign_id);
                        let result = Ok(texts);
                        Ok(Written { order, result })
                    })
                })
                .collect();
        }
        Ok(settled)
    }
}
