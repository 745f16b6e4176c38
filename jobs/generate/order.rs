//! What is to be written: a first campaign for a lead, or other texts for one that exists.

use outreach::copy::Draft;
use outreach::lead::{self, Lead, RawLead, Reject};
use outreach::ledger::Ledger;

use super::desk::Desk;

/// One campaign to be written.
#[derive(Clone)]
pub struct Order {
    /// The lead's row id.
    pub lead: i64,
    /// The lead's fields as they were last read.
    pub raw: RawLead,
    /// The labels of the steps.
    pub steps: Vec<String>,
    /// Whether there is a campaign already.
    pub purpose: Purpose,
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

    /// Which writing of the campaign this is, 0 for the first, and the texts of the one before.
    pub fn refused(&self) -> (u32, &[Draft]) {
        match &self.purpose {
            Purpose::First { .. } => (0, &[]),
            Purpose::Anew {
                rewrites, refused, ..
            } => (rewrites.saturating_add(1), refused),
        }
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
                raw: campaign.raw,
                steps: campaign.drafts.iter().map(|d| d.step.clone()).collect(),
                purpose: Purpose::Anew {
                    campaign: campaign.id,
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
                    raw: to_write.raw,
                    steps: self.steps.to_vec(),
                    purpose: Purpose::First {
                        campaigns: to_write.campaigns,
                    },
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
