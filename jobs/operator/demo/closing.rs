//! What the demo says at its beginning and at its end: where everybody stands, and where to look
//! further.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use outreach::calendar::Zone;
use outreach::campaign::CampaignState;
use outreach::ledger::{CampaignRow, Ledger, StoredMessage};

use super::fit::{fit, pad};

/// The page of figures, beside the other files.
pub const REPORT: &str = "report.html";

/// What will be seen.
pub fn print_opening(dir: &Path) {
    say!(
        "Two weeks in the life of 25 invented leads, on a simulated clock, in the folder `{}`.\n\
         Nothing leaves this machine. Times are UTC; the lead's own time stands in brackets.",
        dir.display()
    );
}

/// Where everybody stands at the end, and where to look further.
pub fn print_closing(dir: &Path, ledger: &Ledger, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut groups: BTreeMap<u8, Vec<(CampaignRow, Vec<StoredMessage>)>> = BTreeMap::new();
    for campaign in ledger.campaigns(None, None)? {
        let messages = ledger.messages(campaign.id)?;
        let group = groups.entry(rank(campaign.state)).or_default();
        group.push((campaign, messages));
    }
    say!("\nAfter two weeks");
    for group in groups.values() {
        let label = group.first().map_or("", |(row, _)| row.state.label());
        let meaning = match group.first().map(|(row, _)| row.state) {
            Some(CampaignState::Completed) => ", every mail has left and nobody answered so far",
            Some(CampaignState::Active) => ", the next mail in the lead's own time",
            _ => "",
        };
        say!("\n  {label}: {}{meaning}", group.len());
        for (campaign, messages) in group {
            let sent = messages.iter().filter(|m| m.sent_at.is_some()).count();
            let line = format!(
                "    {}  {}  {sent} of {}  {}",
                pad(&campaign.full_name, 18),
                pad(&fit(&campaign.company, 30), 30),
                messages.len(),
                outcome(campaign, messages)
            );
            say!("{}", line.trim_end());
        }
    }
    let sent = ledger.status(now)?.messages.get("sent").copied();
    let program = program();
    say!(
        "\nIn `{}` you find\n\
         \x20 outbox              a Maildir with the {} mails that were sent\n\
         \x20 inbox               the answers that came\n\
         \x20 leads.status.csv    what the people who keep the leads are shown\n\
         \x20 campaigns.db        the ledger, with nightly copies beside it\n\
         \x20 {REPORT:<18}  how well it all worked, as a page for your browser\n\n\
         Look around as an operator would:\n\
         \x20 cd {}\n\
         \x20 {program} explain marcus.obi@harbourline.example\n\
         \x20 {program} queue\n\
         \x20 {program} report\n\
         \x20 {program} status --now {}",
        dir.display(),
        sent.unwrap_or(0),
        dir.display(),
        now.format("%Y-%m-%dT%H:%M:%SZ")
    );
    Ok(())
}

/// The order in which the outcomes interest a reader.
fn rank(state: CampaignState) -> u8 {
    match state {
        CampaignState::Responded => 0,
        CampaignState::Active => 1,
        CampaignState::Paused => 2,
        CampaignState::Draft | CampaignState::Review => 3,
        CampaignState::Completed => 4,
        CampaignState::Stopped => 5,
    }
}

/// Why it ended, or what comes next.
fn outcome(campaign: &CampaignRow, messages: &[StoredMessage]) -> String {
    let next = || {
        let next = messages.iter().find(|message| message.sent_at.is_none())?;
        let zone = Zone::parse(&campaign.zone).ok()?;
        let at = zone.local(next.due_at?).format("%a %-d %B at %H:%M");
        Some(format!("{} on {at}", next.step))
    };
    let said = match campaign.state {
        CampaignState::Active => next(),
        CampaignState::Stopped => campaign
            .stop_reason
            .map(|reason| reason.sentence().to_string()),
        CampaignState::Completed => None,
        _ => campaign
            .response_type
            .clone()
            .or_else(|| campaign.hold_reason.clone()),
    };
    said.unwrap_or_default().replace('_', " ")
}

/// How this very program is called: by its name where the shell finds it, else by its path.
fn program() -> String {
    let name = "outreach".to_string();
    let Ok(this) = std::env::current_exe() else {
        return name;
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_found = std::env::split_paths(&path)
        .filter_map(|folder| folder.join("outreach").canonicalize().ok())
        .next()
        .is_some_and(|found| this.canonicalize().is_ok_and(|this| this == found));
    if is_found {
        name
    } else {
        this.display().to_string()
    }
}
