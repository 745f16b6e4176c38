//! What `status` says of Airtable's calls: used, left, and what waits so that they last.

use chrono::{DateTime, Utc};
use outreach::airtable::{Month, Thrift};
use outreach::config::{Config, LeadsSource};
use outreach::ledger::Ledger;
use serde_json::json;

use super::rfc3339;
use crate::operator::utc;

/// The switch that a run throws when Airtable says that the month's calls are used up.
const QUOTA: &str = "airtable_quota";

/// The calls of this month, and whether Airtable still answers.
pub struct Calls {
    month: Month,
    resets_at: DateTime<Utc>,
    /// Why nothing is asked any more, and since when.
    quota: Option<(String, DateTime<Utc>)>,
}

impl Calls {
    /// What is known; none when the leads come from elsewhere.
    pub fn of(
        config: &Config,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Calls>> {
        if !matches!(config.leads, LeadsSource::Airtable(_)) {
            return Ok(None);
        }
        let days = ledger.calls_by_day(Month::reads_from(now))?;
        let limit = config.airtable_monthly_calls.map(u64::from);
        Ok(Some(Calls {
            month: Month::from_days(&days, now, limit),
            resets_at: Month::resets_at(now),
            quota: ledger.switch(QUOTA)?,
        }))
    }

    /// All of it for programs.
    pub fn to_json(&self) -> serde_json::Value {
        let Month {
            used,
            limit,
            forecast,
            dry_on,
            thrift,
        } = &self.month;
        let quota = self.quota.as_ref();
        json!({
            "calls": used, "calls_allowed": limit, "calls_left": self.month.left(),
            "calls_forecast": forecast, "runs_dry_on": dry_on.map(|day| day.to_string()),
            "resets_at": rfc3339(self.resets_at), "waiting": thrift.as_str(),
            "quota_exhausted": quota.map(|(why, since)| json!({
                "reason": why, "since": rfc3339(*since), "until": rfc3339(Month::resets_at(*since)),
            })),
        })
    }

    /// The figures on one line: `812 of 1000 calls this month, about 1240 by its end`.
    pub fn line(&self) -> String {
        let month = &self.month;
        let mut line = match month.limit {
            Some(limit) => format!("{} of {limit} calls this month", month.used),
            None => format!("{} calls this month", month.used),
        };
        if let Some(forecast) = month.forecast {
            line.push_str(&format!(", about {forecast} by its end"));
        }
        if let Some(waits) = month.thrift.in_words() {
            line.push_str(&format!("; {waits}"));
        }
        line
    }

    /// What a person should know of before it stops the work.
    pub fn troubles(&self) -> Vec<String> {
        let reset = utc(self.resets_at);
        let mut lines = Vec::new();
        if let Some((why, since)) = &self.quota {
            let until = utc(Month::resets_at(*since));
            lines.push(format!(
                "Airtable is not asked any more since {} ({why}): wait until {until}, or raise \
                 the plan",
                utc(*since)
            ));
        }
        match (self.month.thrift, self.month.dry_on) {
            (Thrift::Stop, _) => lines.push(format!(
                "this month's calls to Airtable are used up until {reset}: raise the plan and \
                 AIRTABLE_MONTHLY_CALLS, or wait"
            )),
            (_, Some(day)) => lines.push(format!(
                "this month's calls to Airtable run out on {day}, they begin anew on {reset}: \
                 raise the plan and AIRTABLE_MONTHLY_CALLS, or run `pull` and `push` less often"
            )),
            _ => {}
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    /// The line and the troubles at noon of 25 March 2026, after so many calls a day since the
    /// twenty-first.
    #[track_caller]
    fn check(calls_a_day: u64, limit: Option<u64>, line: &str, troubles: &[&str]) {
        let now: DateTime<Utc> = "2026-03-25T12:00:00Z".parse().unwrap();
        let first: NaiveDate = "2026-03-21".parse().unwrap();
        let days = first.iter_days().take(5).map(|day| (day, calls_a_day));
        let calls = Calls {
            month: Month::from_days(&days.collect::<Vec<_>>(), now, limit),
            resets_at: Month::resets_at(now),
            quota: None,
        };
        assert_eq!(
            (calls.line().as_str(), calls.troubles()),
            (line, troubles.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn the_line_says_what_is_used_and_what_waits() {
        check(0, None, "0 calls this month", &[]);
        check(0, Some(1000), "0 of 1000 calls this month", &[]);
        check(10, None, "50 calls this month, about 110 by its end", &[]);
        check(
            10,
            Some(110),
            "50 of 110 calls this month, about 110 by its end",
            &[],
        );
        let line = "500 of 1000 calls this month, about 1100 by its end";
        let run_out = |day: u32| {
            format!(
                "this month's calls to Airtable run out on 2026-03-{day}, they begin anew on \
                 2026-04-01 00:00 UTC: raise the plan and AIRTABLE_MONTHLY_CALLS, or run `pull` \
                 and `push` less often"
            )
        };
        check(100, Some(1000), line, &[&run_out(31)]);
        check(
            160,
            Some(1000),
            "800 of 1000 calls this month, about 1760 by its end; counts of opens and clicks wait",
            &[&run_out(27)],
        );
        check(
            190,
            Some(1000),
            "950 of 1000 calls this month, about 2090 by its end; counts, previews, notes and \
             dates of what comes next wait",
            &[&run_out(26)],
        );
        check(
            200,
            Some(1000),
            "1000 of 1000 calls this month, about 2200 by its end; everything waits for the next \
             month",
            &[
                "this month's calls to Airtable are used up until 2026-04-01 00:00 UTC: raise the \
               plan and AIRTABLE_MONTHLY_CALLS, or wait",
            ],
        );
    }
}
