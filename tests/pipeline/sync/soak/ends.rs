//! What must be true once the storm is over.

use std::collections::BTreeMap;

use outreach::campaign::Sequence;
use outreach::changeset::{self, Value, WriteField};
use outreach::lead::ReadField;
use outreach::ledger::{LeadToPush, Ledger};

use super::*;

type Records = BTreeMap<String, BTreeMap<String, Json>>;

/// One calm round, and everything that is wrong after it.
pub fn complaints(soak: &mut Soak) -> Vec<String> {
    let office = &soak.office;
    soak.minute += 60;
    office.airtable.set_now(instant(soak.minute));
    let mut people = soak.people.lock().unwrap();
    people.now = instant(soak.minute);
    office.airtable.person(|person| people.tidy(person));
    let records_before: Vec<String> = office.airtable.records().into_keys().collect();
    let mut wrong = Vec::new();
    for stage in [
        &["pull", "--full"][..],
        &["generate"],
        &["schedule"],
        &["push"],
    ] {
        soak.minute += 1;
        let outcome = office.run(soak.minute, stage);
        people
            .diary
            .push(format!("calm {stage:?}: {}", outcome.stdout.trim()));
        if outcome.code != 0 {
            wrong.push(format!("{stage:?}: {}\n{}", outcome.code, outcome.stderr));
        }
    }
    drop(people);
    soak.note_written();
    let office = &soak.office;
    let people = soak.people.lock().unwrap();
    let n_calls = office.calls_of(soak.minute + 1, &["push"]);
    if n_calls > 0 {
        wrong.push(format!("a second push made {n_calls} calls"));
    }
    let records = office.airtable.records();
    if !records_before.iter().eq(records.keys()) {
        wrong.push("records were made or deleted".to_string());
    }
    let ledger = Ledger::open_copy(&office.world.path("campaigns.db"), instant(soak.minute));
    let leads = ledger
        .unwrap()
        .leads_to_push("airtable", false, 0, u32::MAX, None);
    let leads: BTreeMap<String, LeadToPush> = leads
        .unwrap()
        .into_iter()
        .map(|lead| (lead.raw.record_id.to_string(), lead))
        .collect();
    for (id, cells) in &records {
        match leads.get(id) {
            None => wrong.push(format!("{id}: never read")),
            Some(lead) => wrong.extend(shown_otherwise(id, cells, lead, &people)),
        }
    }
    wrong.extend(lost_cells(&records, &people));
    wrong.extend(lost_statuses(&records, &leads, soak, &people));
    wrong.extend(lost_commands(office, &records, &people));
    wrong.extend(lost_texts(&leads, &people));
    wrong.extend(mailed_twice(office));
    wrong
}

/// Cells of ours that do not show what the ledger says they should.
fn shown_otherwise(
    id: &str,
    cells: &BTreeMap<String, Json>,
    lead: &LeadToPush,
    people: &People,
) -> Vec<String> {
    let desired = changeset::desired(&lead.view);
    let fields = WriteField::all(&Sequence::hook_proof_fomo([0, 3, 7], true));
    let fields = fields.iter().filter(|field| !field.is_peoples());
    let mut wrong = Vec::new();
    for column in fields.map(WriteField::column) {
        let found = text(cells.get(&column));
        let wanted = desired.get(&column).unwrap_or(&Value::Empty);
        let is_shown = match wanted {
            Value::DateTime(at) => found
                .parse::<DateTime<Utc>>()
                .is_ok_and(|found| found == *at),
            wanted => found.trim() == wanted.to_text().trim(),
        };
        // A person's words stay in the text of a campaign that ended before they were taken.
        let campaign = lead.view.campaign.as_ref();
        let is_over = campaign.is_none_or(|campaign| !campaign.state.is_open());
        let is_theirs = is_over && people.all_texts.contains(&found);
        if !is_shown && !is_theirs {
            wrong.push(format!(
                "{id} {column}: shows `{found}`, should `{}`",
                wanted.to_text()
            ));
        }
    }
    let told = lead.told.get("Engagement_Status").map(Value::to_text);
    let present = text(cells.get("Engagement_Status"));
    if let Some(value) = changeset::engagement(&lead.view, &present, told.as_deref()) {
        wrong.push(format!(
            "{id}: Engagement_Status should become {}",
            value.to_text()
        ));
    }
    for (field, column) in [(ReadField::Email, "Email"), (ReadField::City, "City")] {
        if lead.raw.get(field) != text(cells.get(column)) {
            wrong.push(format!(
                "{id}: {column} was read as `{}`",
                lead.raw.get(field)
            ));
        }
    }
    wrong
}

fn lost_cells(records: &Records, people: &People) -> Vec<String> {
    let own = people
        .own
        .iter()
        .filter(|((id, _), _)| records.contains_key(id));
    let lost = own.filter(|((id, column), value)| records[id].get(*column) != Some(*value));
    lost.map(|((id, column), value)| format!("{id} {column}: a person's {value} is lost"))
        .collect()
}

/// What people said by Engagement_Status or Replied that was not heeded, or written over.
fn lost_statuses(
    records: &Records,
    leads: &BTreeMap<String, LeadToPush>,
    soak: &Soak,
    people: &People,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, status) in &people.statuses {
        let Some(cells) = records.get(id) else {
            continue;
        };
        let found = text(cells.get("Engagement_Status"));
        let is_ours = soak.written.contains(&(id.clone(), status.to_string()));
        if !["", "Auto-Send"].contains(status) && !is_ours && found != *status {
            wrong.push(format!(
                "{id}: a person's {status} was written over: {found}"
            ));
        }
    }
    for (id, cells) in records {
        let campaign = leads.get(id).and_then(|lead| lead.view.campaign.as_ref());
        let Some(campaign) = campaign.filter(|campaign| campaign.state.is_open()) else {
            continue;
        };
        let is_skipped = text(cells.get("Engagement_Status")) == "Skipped";
        if is_skipped || cells.contains_key("Replied") {
            wrong.push(format!(
                "{id}: {} although people said stop",
                campaign.state.label()
            ));
        }
    }
    wrong
}

/// Commands that were not answered, or are still in their cells.
fn lost_commands(office: &Office, records: &Records, people: &People) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, asked) in &people.asked {
        let Some(cells) = records.get(id) else {
            continue;
        };
        let cell = text(cells.get("Campaign_Command"));
        if !cell.is_empty() {
            wrong.push(format!("{id}: Campaign_Command still says {cell}"));
        }
        let query = format!(
            "SELECT count(*) FROM commands k JOIN leads l ON l.id = k.lead_id
             WHERE l.record_id = '{id}' AND k.word = '{}' AND k.read_at >= {}",
            asked.word,
            asked.at.timestamp()
        );
        if office.row(&query) == "0" {
            wrong.push(format!(
                "{id}: {} of {} was never answered",
                asked.word, asked.at
            ));
        }
    }
    wrong
}

/// Texts that people wrote and the ledger does not have, though the campaign might still use them.
fn lost_texts(leads: &BTreeMap<String, LeadToPush>, people: &People) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((id, column), wanted) in &people.texts {
        let campaign = leads.get(id).and_then(|lead| lead.view.campaign.as_ref());
        let Some(campaign) = campaign.filter(|campaign| campaign.state.is_open()) else {
            continue;
        };
        let has_it = campaign.steps.iter().any(|step| {
            let subject = column.ends_with("Subject");
            wanted == if subject { &step.subject } else { &step.body }
        });
        if people.alive().contains(id) && !has_it {
            wrong.push(format!(
                "{id} {column}: a person's `{wanted}` was not taken"
            ));
        }
    }
    wrong
}

fn mailed_twice(office: &Office) -> Vec<String> {
    let mails = office.world.maildir_files();
    let keys = mails.iter().map(|mail| mail.header("X-Outreach-Key"));
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    let twice = keys.windows(2).filter(|two| two[0] == two[1]);
    twice
        .map(|two| format!("mailed twice: {}", two[0]))
        .collect()
}
