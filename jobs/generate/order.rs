//! What is to be written: a first campaign for a lead, or other texts for one that exists.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use outreach::campaign::campaign_id;
use outreach::copy::Draft;
use outreach::copy::templates::Portrait;
use outreach::lead::{self, Lead, RawLead, Reject};
use outreach::ledger::Ledger;

use super::desk::Desk;

/// Writings of one campaign within a run are told apart by so much, so that they never meet those
/// a person asks for, which count up from 1.
const VARIANTS_APART: u32 = 1_000;

/// One campaign to be written.
#[derive(Clone)]
pub struct Order {
    /// The lead's row id.
    pub lead: i64,
    /// The lead's fields as they were last read.
    pub raw: Arc<RawLead>,
    /// What the templates need to know of the lead, once they have written for it.
    pub known: Option<Known>,
    /// The labels of the steps.
    pub steps: Vec<String>,
    /// Whether there is a campaign already.
    pub purpose: Purpose,
    /// What was tried before and came to nothing.
    pub tried: Tried,
}

/// A lead that may be written to.
#[derive(Clone)]
pub struct Known {
    /// What was read from its fields.
    pub lead: Arc<Lead>,
    /// What may be said of it.
    pub portrait: Arc<Portrait>,
}

/// Earlier attempts at an order within this run.
#[derive(Clone, Default)]
pub struct Tried {
    /// How many texts were too close to another campaign's.
    pub n_close: u32,
    /// The last of them.
    pub close: Vec<Draft>,
    /// Whether a model failed at it, so that the templates write.
    pub has_model_failed: bool,
    /// Tokens a model was paid for.
    pub tokens: u64,
}

/// What a text is written for.
#[derive(Clone)]
pub enum Purpose {
    /// A new campaign, after so many earlier ones of the lead.
    First {
        /// How many campaigns the lead had.
        campaigns: u32,
    },
    /// Other texts for a campaign, because a person asked.
    Anew {
        /// The campaign's row id.
        campaign: i64,
        /// Its id outside.
        campaign_id: String,
        /// How often it was written anew before.
        rewrites: u32,
        /// The texts nobody wants.
        refused: Vec<Draft>,
    },
}

impl Order {
    /// The lead, if it may be written to. Of one that has a campaign only the data is asked: its
    /// engagement status is our own mark by then.
    pub fn parse(&self) -> Result<Lead, Reject> {
        match self.purpose {
            Purpose::First { .. } => lead::parse(&self.raw),
            Purpose::Anew { .. } => lead::content_check(&self.raw),
        }
    }

    /// The labels of the steps.
    pub fn steps(&self) -> Vec<&str> {
        self.steps.iter().map(String::as_str).collect()
    }

    /// Which writing of the campaign this is, 0 for the first, and the texts that a person did not
    /// want.
    pub fn refused(&self) -> (u32, &[Draft]) {
        let (rewrites, refused) = match &self.purpose {
            Purpose::First { .. } => (0, &[][..]),
            Purpose::Anew {
                rewrites, refused, ..
            } => (rewrites.saturating_add(1), refused.as_slice()),
        };
        let variant = rewrites.saturating_add(self.tried.n_close.saturating_mul(VARIANTS_APART));
        (variant, refused)
    }

    /// The texts that a writer must not repeat: those a person did not want, and those that were
    /// too close to another campaign's.
    pub fn unwanted(&self) -> Vec<Draft> {
        let (_, refused) = self.refused();
        refused.iter().chain(&self.tried.close).cloned().collect()
    }

    /// The id of the campaign, written at an instant if it is a first one.
    pub fn campaign_id(&self, now: DateTime<Utc>) -> String {
        match &self.purpose {
            Purpose::First { campaigns } => campaign_id(&self.raw.record_id, campaigns + 1, now),
            Purpose::Anew { campaign_id, .. } => campaign_id.clone(),
        }
    }

    /// The same order after its texts turned out too close to another campaign's.
    pub fn once_more(mut self, close: Vec<Draft>) -> Order {
        self.tried.n_close += 1;
        self.tried.close = close;
        self
    }
}

/// The orders of a run: what people asked for goes before what nobody waits for.
pub struct Orders<'a> {
    steps: &'a [String],
    left: u32,
    after_campaign: i64,
    after_lead: i64,
}

impl<'a> Orders<'a> {
    /// At most `wanted` orders.
    pub fn new(wanted: u32, desk: &'a Desk<'_>) -> Orders<'a> {
        Orders {
            steps: &desk.steps,
            left: wanted,
            after_campaign: 0,
            after_lead: 0,
        }
    }

    /// The next orders, at most `max`, for one lead or all; empty at the end.
    pub fn next(
        &mut self,
        ledger: &Ledger,
        max: u32,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<Order>> {
        let max = self.left.min(max);
        let mut orders = Vec::new();
        for campaign in ledger.campaigns_to_rewrite(max, self.after_campaign, lead)? {
            self.after_campaign = campaign.id;
            orders.push(Order {
                lead: campaign.lead,
                raw: Arc::new(campaign.raw),
                known: None,
                steps: campaign.drafts.iter().map(|d| d.step.clone()).collect(),
                tried: Tried::default(),
                purpose: Purpose::Anew {
                    campaign: campaign.id,
                    campaign_id: campaign.campaign_id,
                    rewrites: campaign.rewrites,
                    refused: campaign.drafts,
                },
            });
        }
        let room = max.saturating_sub(count(&orders));
        if room > 0 {
            for to_write in ledger.leads_to_write(room, self.after_lead, lead)? {
                self.after_lead = to_write.id;
                orders.push(Order {
                    lead: to_write.id,
                    raw: Arc::new(to_write.raw),
                    known: None,
                    steps: self.steps.to_vec(),
                    purpose: Purpose::First {
                        campaigns: to_write.campaigns,
                    },
                    tried: Tried::default(),
                });
            }
        }
        self.left = self.left.saturating_sub(count(&orders));
        Ok(orders)
    }

    /// All orders at once.
    pub fn all(mut self, ledger: &Ledger, lead: Option<i64>) -> anyhow::Result<Vec<Order>> {
        self.next(ledger, u32::MAX, lead)
    }
}

fn count(orders: &[Order]) -> u32 {
    u32::try_from(orders.len()).unwrap_or(u32::MAX)
}
