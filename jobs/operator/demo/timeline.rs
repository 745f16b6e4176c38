//! The timeline a person reads: the decision log, day by day.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use outreach::calendar::Zone;
use outreach::campaign::CampaignState;
use outreach::ledger::{Ledger, TimelineRow};

use crate::operator::{local, table};

/// How far the log was printed, and under which day.
#[derive(Default)]
pub struct Timeline {
    last: i64,
    day: Option<NaiveDate>,
}

/// What will be seen.
pub fn print_opening(dir: &Path) {
    println!(
        "Two weeks with 25 invented leads, in `{}`. Nothing leaves this machine.",
        dir.display()
    );
    println!("Times are UTC, with the lead's own time in brackets.");
}

impl Timeline {
    /// Prints what was logged since the last time.
    pub fn print_news(&mut self, ledger: &Ledger) -> anyhow::Result<()> {
        let rows = ledger.timeline_after(self.last)?;
        let mut rows = rows.iter().peekable();
        while let Some(row) = rows.next() {
            self.last = row.id;
            let line = match row.kind.as_str() {
                "dated" => {
                    // One line for the whole run of dates.
                    let mut dated = 1;
                    while rows.next_if(|next| next.kind == "dated").is_some() {
                        dated += 1;
                    }
                    Some(format!("· {dated} messages dated"))
                }
                _ => line(row),
            };
            if let Some(line) = line {
                self.head(row.at.date_naive());
                println!("  {}  {line}", row.at.format("%H:%M"));
            }
        }
        Ok(())
    }

    fn head(&mut self, day: NaiveDate) {
        if self.day != Some(day) {
            self.day = Some(day);
            println!("\n{}", day.format("%A, %-d %B"));
        }
    }
}

/// One event as a line; none for events that would only repeat another.
fn line(row: &TimelineRow) -> Option<String> {
    let who = match row.company.is_empty() {
        true => row.full_name.clone(),
        false => format!("{}, {}", row.full_name, row.company),
    };
    let detail = &row.detail;
    let there = Zone::parse(&row.zone).map(|zone| zone.local(row.at).format("%H:%M").to_string());
    let there = there.unwrap_or_default();
    match row.kind.as_str() {
        "rejected" => {
            let why = detail
                .split_once(": ")
                .map_or(detail.as_str(), |(_, why)| why);
            Some(format!("✗ not written to: {}: {why}", row.full_name))
        }
        "written" => Some(format!("✎ campaign written for {who} ({detail})")),
        "accepted" => {
            let step = detail.split(':').next().unwrap_or_default();
            Some(format!("→ {step} to {who} [{there}]: {}", row.subject))
        }
        "moved" => Some(format!("↷ {who}: moved {detail}")),
        "responded" => Some(format!("★ {who} answered, {detail}")),
        "stopped" => Some(format!("■ {who}: stopped, {detail}")),
        "paused" => Some(format!("‖ {who}: paused {detail}")),
        "resumed" => Some(format!("▶ {who}: goes on, {detail}")),
        "completed" => Some(format!("✓ {who}: {detail}")),
        _ => None,
    }
}

/// Where everybody stands at the end, and where to look further.
pub fn print_closing(dir: &Path, ledger: &Ledger) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for campaign in ledger.campaigns(None, None)? {
        let messages = ledger.messages(campaign.id)?;
        let sent = messages
            .iter()
            .filter(|message| message.sent_at.is_some())
            .count();
        let next = messages.iter().find_map(|message| match campaign.state {
            CampaignState::Active => {
                let at = message.due_at.filter(|_| message.sent_at.is_none())?;
                Some(format!("{} {}", message.step, local(at, &campaign.zone)))
            }
            _ => None,
        });
        let why = campaign
            .stop_reason
            .map(|reason| reason.sentence().to_string());
        let why = why
            .or(campaign.response_type)
            .or(campaign.hold_reason)
            .or(next);
        rows.push(vec![
            campaign.full_name,
            campaign.company,
            campaign.state.label().to_string(),
            format!("{sent} of {}", messages.len()),
            why.unwrap_or_default().replace('_', " "),
        ]);
    }
    println!("\nAfter two weeks\n");
    println!(
        "{}",
        table(
            &["lead", "company", "campaign", "sent", "because / next"],
            rows
        )
    );
    let status = ledger.status(DateTime::<Utc>::MAX_UTC)?;
    let sent = status.messages.get("sent").copied().unwrap_or(0);
    let shown = dir.display();
    println!(
        "\n{sent} mails are in {shown}/outbox (a Maildir: `mutt -f {shown}/outbox`), the answers in \
         {shown}/inbox,\nthe leads' status in {shown}/leads.status.csv, the ledger is \
         {shown}/campaigns.db.\nLook around: cd {shown} && outreach status   (or queue, or explain \
         marcus.obi@harbourline.example)"
    );
    Ok(())
}
