//! What colleagues of a lead were written before: nobody should find the same mail on two desks of
//! one company.

use anyhow::Context;

use super::{Ledger, rewrites};
use crate::copy::Draft;

/// An earlier campaign for somebody of the same company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    /// The campaign's id.
    pub campaign_id: String,
    /// The colleague's name as it was read.
    pub full_name: String,
    /// The company as the texts name it.
    pub company: String,
    /// The texts in the order of the steps.
    pub drafts: Vec<Draft>,
}

impl Ledger {
    /// The latest campaigns of other leads whose address has the same domain as this lead's, or
    /// whose company has the same name. Left out are texts that wait to be written anew, and what a
    /// person rejected: nobody receives those.
    pub fn colleagues(
        &self,
        lead: i64,
        company: &str,
        limit: u32,
    ) -> anyhow::Result<Vec<Colleague>> {
        let sql = "SELECT c.id, c.campaign_id, l.full_name, c.company
                   FROM campaigns c JOIN leads l ON l.id = c.lead_id
                   WHERE c.id IN (SELECT o.id FROM leads me
                                  JOIN leads other ON other.company_domain = me.company_domain
                                  JOIN campaigns o ON o.lead_id = other.id
                                  WHERE me.id = ?1
                                  UNION
                                  SELECT id FROM campaigns WHERE company = ?2 COLLATE NOCASE)
                     AND c.lead_id <> ?1 AND c.state <> 'draft'
                     AND c.stop_reason IS NOT 'rejected_in_review'
                   ORDER BY c.id DESC LIMIT ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query((lead, company, limit))?;
        let mut colleagues = Vec::new();
        while let Some(row) = rows
            .next()
            .context("cannot look for what colleagues were written")?
        {
            colleagues.push(Colleague {
                campaign_id: row.get(1)?,
                full_name: row.get(2)?,
                company: row.get(3)?,
                drafts: rewrites::drafts(&self.conn, row.get(0)?)?,
            });
        }
        Ok(colleagues)
    }
}
