//! What `doctor` wants to know: may we, and is everything there?

use anyhow::Context;
use reqwest::Method;
use serde::de::IgnoredAny;

use super::Client;
use super::transport::Request;
use super::wire::{Table, quoted};
use crate::campaign::{CampaignState, Sequence};
use crate::changeset::{Value, WriteField};
use crate::inbound::ResponseType;

/// Options of the shared `Engagement_Status`.
const ENGAGEMENT_OPTIONS: [&str; 5] = ["Auto-Send", "Sent", "Skipped", "Needs Review", "Error"];

impl Client {
    /// Tries the token, the base, the table and its columns, writing nothing. One line for each
    /// thing found, or an error that names the mend.
    pub async fn check(&self) -> anyhow::Result<String> {
        let url = self.url(&["meta", "whoami"]);
        let whoami = self
            .call::<IgnoredAny>(&Request {
                method: Method::GET,
                url,
                body: None,
            })
            .await;
        whoami.map_err(|failure| self.api_error(failure))?;
        let columns = self.probe().await?;
        let n_read = columns.in_use().count();
        let missing: Vec<&str> = columns
            .missing
            .iter()
            .filter_map(|field| field.columns().first().copied())
            .collect();
        let mut lines = vec![match missing.as_slice() {
            [] => format!("reads {n_read} columns"),
            missing => format!(
                "reads {n_read} columns; optional and not there: {}",
                quoted(missing)
            ),
        }];
        match self.schema().await? {
            Some(table) => lines.extend(self.check_written(table)?),
            None => lines.push(
                "written columns not checked: the token lacks the scope schema.bases:read"
                    .to_string(),
            ),
        }
        let (base, table) = (&self.settings.base_id, &self.settings.table);
        lines.insert(
            0,
            format!(
                "table `{table}` of base `{base}` answers ({} calls)",
                self.calls()
            ),
        );
        Ok(lines.join("\n"))
    }

    fn check_written(&self, table: &Table) -> anyhow::Result<Vec<String>> {
        let mut missing = Vec::new();
        let mut unfit = Vec::new();
        let fields = WriteField::all(&Sequence::hook_proof_fomo([0, 3, 7], true));
        for field in &fields {
            let ours = field.column();
            let name = self.settings.columns.get(&field.key()).unwrap_or(&ours);
            let column = table.column(&field.key(), &[name.as_str()]);
            let Some(column) = column.with_context(|| format!("column `{ours}`"))? else {
                missing.push(ours);
                continue;
            };
            let refused: Vec<(Value, String)> = examples(field)
                .into_iter()
                .filter_map(|value| column.spell(&value).err().map(|why| (value, why)))
                .collect();
            if column.is_select() && !refused.is_empty() {
                let options: Vec<String> =
                    refused.iter().map(|(value, _)| value.to_text()).collect();
                unfit.push(format!("`{name}` lacks the options {}", quoted(&options)));
            } else if let Some((_, why)) = refused.first() {
                unfit.push(format!("`{name}`: {why}"));
            }
        }
        let n_found = fields.len() - missing.len();
        let mut lines = vec![match missing.as_slice() {
            [] => format!("writes {n_found} columns"),
            missing => format!(
                "writes {n_found} of {} columns; add the others to see their values: {}",
                fields.len(),
                quoted(missing)
            ),
        }];
        lines.extend(unfit);
        Ok(lines)
    }
}

/// Values that must fit into a column: for a select every option we use.
fn examples(field: &WriteField) -> Vec<Value> {
    let options = |options: &[&str]| -> Vec<Value> {
        options
            .iter()
            .map(|option| Value::Choice(option.to_string()))
            .collect()
    };
    match field {
        WriteField::CampaignStatus => options(&CampaignState::ALL.map(CampaignState::label)),
        WriteField::CampaignResponseType => options(&ResponseType::ALL.map(ResponseType::label)),
        WriteField::EngagementStatus => options(&ENGAGEMENT_OPTIONS),
        WriteField::DeliveryMethod => options(&["Email"]),
        _ => vec![Value::Empty],
    }
}
