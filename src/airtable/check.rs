//! What `doctor` wants to know: may we, and is everything there?

use reqwest::Url;
use serde::de::IgnoredAny;

use super::fields::Field;
use super::transport::Request;
use super::wire::quoted;
use super::{ApiError, Client, Listing, Which};

impl Client {
    /// Tries the token, the base, the table and its columns, writing nothing. One line for each
    /// thing found, or an error that names the mend.
    pub async fn check(&self) -> Result<String, ApiError> {
        let url: Url = self.url(&["meta", "whoami"]);
        let whoami = self.call::<IgnoredAny>(&Request::get(url)).await;
        whoami.map_err(|failure| self.api_error(failure))?;
        self.refresh_schema().await?;
        // No record has this id; without a schema the request teaches which columns there are.
        let nobody = [crate::lead::RecordId::new("rec00000000000000")];
        let listing = Listing {
            which: Which::Ids(&nobody),
            texts: &[],
            enough: None,
        };
        self.list(&listing, &mut |_| Ok(())).await?;
        let known = self.known().await?;
        let is_there = |field: &&Field| known.handle(field).is_some();
        let reads = || self.fields.iter().filter(|field| field.read.is_some());
        let missing = reads().filter(|field| !is_there(field)).map(Field::shown);
        let missing: Vec<String> = missing.collect();
        let n_read = reads().filter(is_there).count();
        let (base, table) = (&self.settings.base_id, &self.settings.table);
        let mut lines = vec![format!("table `{table}` of base `{base}` answers")];
        lines.push(match missing.as_slice() {
            [] => format!("reads {n_read} columns"),
            missing => format!(
                "reads {n_read} columns; optional and not there: {}",
                quoted(missing)
            ),
        });
        if known.table.is_none() {
            lines.push(
                "written columns not checked: the token lacks the scope schema.bases:read"
                    .to_string(),
            );
            return Ok(lines.join("\n"));
        }
        let writes = || self.fields.iter().filter(|field| field.write.is_some());
        let missing = writes().filter(|field| !is_there(field)).map(Field::shown);
        let missing: Vec<String> = missing.collect();
        let n_written = writes().filter(is_there).count();
        lines.push(match missing.as_slice() {
            [] => format!("writes {n_written} columns"),
            missing => format!(
                "writes {n_written} of {} columns; `outreach init --create-fields` makes the \
                 others: {}",
                writes().count(),
                quoted(missing)
            ),
        });
        let learned = self.learned().await;
        lines.extend(learned.into_iter().flat_map(|learned| learned.remarks));
        Ok(lines.join("\n"))
    }
}
