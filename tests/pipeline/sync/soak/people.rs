//! The people who work in the base all the while, and what they will look for in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What people may touch at a moment without stepping into the one window that Airtable leaves open:
/// a shared cell that is changed after we looked at it and before we wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Everything,
    /// Cells of theirs everywhere, shared cells of the records that were just written.
    Written,
    /// Cells of theirs only.
    Theirs,
}

/// Columns that come and go. Without the last three nothing is written or sent.
const FLEETING: [&str; 8] = [
    "Next_Message_Date",
    "Message_Preview",
    "Proof_Message_Opens",
    "FOMO_Message_Subject",
    "Last_Campaign_Activity",
    "Replied",
    "Campaign_Status",
    "Email_Confidence_Level",
];

/// Columns that get another name now and then.
const RENAMED: [&str; 4] = [
    "Campaign_Notes",
    "Engagement_Status",
    "City",
    "Hook_Message_Body",
];

/// What somebody asked for in Campaign_Command.
pub struct Asked {
    pub word: &'static str,
    pub at: DateTime<Utc>,
    /// Whether the cell was changed once before it was emptied: only once, for whoever takes a word
    /// back before we read it never said it.
    is_changed: bool,
}

pub struct People {
    dice: Dice,
    pub now: DateTime<Utc>,
    n_edits: u32,
    n_leads: usize,
    /// The records people care about.
    pub leads: Vec<String>,
    pub deleted: Vec<String>,
    pub dropped: Option<&'static str>,
    /// Other names of columns.
    names: BTreeMap<&'static str, String>,
    /// What people put into cells that are theirs alone.
    pub own: BTreeMap<(String, &'static str), Json>,
    /// What people put into Engagement_Status last.
    pub statuses: BTreeMap<String, &'static str>,
    /// What people asked for last.
    pub asked: BTreeMap<String, Asked>,
    /// What people wrote into texts in review last.
    pub texts: BTreeMap<(String, &'static str), String>,
    /// Every text they ever wrote.
    pub all_texts: BTreeSet<String>,
    /// What people ever did, for whoever looks for a bug.
    pub diary: Vec<String>,
}

impl People {
    pub fn new(seed: u64, leads: Vec<String>) -> People {
        People {
            dice: Dice::new(seed),
            now: instant(0),
            n_edits: 0,
            n_leads: 10_000,
            leads,
            deleted: Vec::new(),
            dropped: None,
            names: BTreeMap::new(),
            own: BTreeMap::new(),
            statuses: BTreeMap::new(),
            asked: BTreeMap::new(),
            texts: BTreeMap::new(),
            all_texts: BTreeSet::new(),
            diary: Vec::new(),
        }
    }

    /// A column's present name.
    pub fn name<'a>(&'a self, column: &'a str) -> &'a str {
        self.names.get(column).map_or(column, String::as_str)
    }

    /// Does something, or thinks better of it.
    pub fn act(&mut self, person: &mut Person<'_>, scope: Scope) {
        if scope == Scope::Everything && self.dice.below(12) == 0 {
            return self.reshape(person);
        }
        let touched = person.touched().iter().filter(|id| self.leads.contains(id));
        let touched: Vec<String> = touched.cloned().collect();
        let (ids, may_share) = match scope {
            Scope::Everything => (&self.leads, true),
            Scope::Written if self.dice.below(2) == 0 => (&touched, true),
            Scope::Written | Scope::Theirs => (&self.leads, false),
        };
        if ids.is_empty() {
            return;
        }
        let id = ids[self.dice.below(ids.len())].clone();
        self.n_edits += 1;
        let unique = format!("{} {}", self.now.format("%d %H:%M"), self.n_edits);
        match self.dice.below(if may_share { 16 } else { 5 }) {
            0..=2 => self.fill(person, &id, "Response Notes", json!(unique)),
            3 => self.fill(person, &id, "City", json!(unique)),
            4 => {
                let email = format!("new{}@firm{}.example", self.n_edits, self.n_edits);
                self.fill(person, &id, "Email", json!(email));
            }
            5 if self.dice.below(3) == 0 => self.fill(person, &id, "Replied", json!(true)),
            5..=7 => self.set_status(person, &id),
            8..=11 => self.ask(person, &id),
            _ => self.rewrite(person, &id, unique),
        }
    }

    fn set(&mut self, person: &mut Person<'_>, id: &str, column: &str, value: Json) {
        let name = self.name(column).to_string();
        let line = format!("{} {id} {column}: {value}", self.now);
        self.diary.push(line);
        person.set(id, &name, value);
    }

    fn see(&self, person: &Person<'_>, id: &str, column: &str) -> Option<String> {
        let name = self.name(column);
        let is_there = person.has_column(name);
        is_there.then(|| text(person.field(id, name).as_ref()))
    }

    fn fill(&mut self, person: &mut Person<'_>, id: &str, column: &'static str, value: Json) {
        if self.see(person, id, column).is_some() {
            self.set(person, id, column, value.clone());
            self.own.insert((id.to_string(), column), value);
        }
    }

    fn set_status(&mut self, person: &mut Person<'_>, id: &str) {
        const STATUSES: [&str; 6] = [
            "Auto-Send",
            "Auto-Send",
            "Skipped",
            "Needs Review",
            "Error",
            "",
        ];
        let status = STATUSES[self.dice.below(STATUSES.len())];
        if self
            .see(person, id, "Engagement_Status")
            .is_none_or(|seen| seen == status)
        {
            return;
        }
        let cell = if status.is_empty() {
            Json::Null
        } else {
            json!(status)
        };
        self.set(person, id, "Engagement_Status", cell);
        self.statuses.insert(id.to_string(), status);
    }

    fn ask(&mut self, person: &mut Person<'_>, id: &str) {
        const WORDS: [&str; 8] = [
            "Pause",
            "Pause",
            "Resume",
            "Resume",
            "Approve",
            "Approve",
            "Regenerate",
            "Stop",
        ];
        let word = WORDS[self.dice.below(WORDS.len())];
        let seen = self.see(person, id, "Campaign_Command").unwrap_or_default();
        let before = self.asked.get(id);
        let is_changed = match (seen.is_empty(), before) {
            (true, _) => false,
            (false, Some(asked)) if !asked.is_changed && seen != word => true,
            _ => return,
        };
        if word == "Stop" && self.dice.below(3) > 0 {
            return;
        }
        if word == "Regenerate" {
            self.texts.retain(|(of, _), _| of != id);
        }
        self.set(person, id, "Campaign_Command", json!(word));
        let at = self.now;
        self.asked.insert(
            id.to_string(),
            Asked {
                word,
                at,
                is_changed,
            },
        );
    }

    /// Edits a text that waits for approval, and that nobody asked anything about.
    fn rewrite(&mut self, person: &mut Person<'_>, id: &str, unique: String) {
        const TEXTS: [&str; 4] = [
            "Hook_Message_Subject",
            "Hook_Message_Body",
            "Proof_Message_Subject",
            "FOMO_Message_Body",
        ];
        let is_in_review =
            self.see(person, id, "Campaign_Status").as_deref() == Some("Needs Review");
        let is_unasked = self.see(person, id, "Campaign_Command").as_deref() == Some("");
        if is_in_review && is_unasked {
            let column = TEXTS[self.dice.below(TEXTS.len())];
            self.set(person, id, column, json!(unique));
            self.all_texts.insert(unique.clone());
            self.texts.insert((id.to_string(), column), unique);
        }
    }

    /// Changes what the table is made of.
    fn reshape(&mut self, person: &mut Person<'_>) {
        match self.dice.below(8) {
            0 => {
                self.n_leads += 1;
                let cells = lead(self.n_leads);
                let cells: Vec<(&str, &str)> = cells
                    .iter()
                    .map(|(column, cell)| (self.name(column), cell.as_str().unwrap()))
                    .filter(|(name, _)| person.has_column(name))
                    .collect();
                let id = person.insert(&cells);
                self.leads.push(id);
            }
            1 if self.deleted.len() < 3 && self.leads.len() > 5 => {
                let id = self.leads.swap_remove(self.dice.below(self.leads.len()));
                self.diary.push(format!("{} {id} deleted", self.now));
                person.delete(&id);
                self.deleted.push(id);
            }
            2 | 3 => {
                if let Some(id) = self.deleted.pop() {
                    self.diary.push(format!("{} {id} restored", self.now));
                    person.undelete(&id);
                    self.leads.push(id);
                }
            }
            4 => {
                let column = RENAMED[self.dice.below(RENAMED.len())];
                let new = match self.names.contains_key(column) {
                    true => column.to_string(),
                    false => format!("{column} {}", self.n_edits),
                };
                self.rename(person, column, new);
            }
            _ => self.drop_or_restore(person),
        }
    }

    fn rename(&mut self, person: &mut Person<'_>, column: &'static str, new: String) {
        self.diary
            .push(format!("{} {column} is called {new}", self.now));
        person.rename_column(self.name(column), &new);
        match new == column {
            true => drop(self.names.remove(column)),
            false => drop(self.names.insert(column, new)),
        }
    }

    fn drop_or_restore(&mut self, person: &mut Person<'_>) {
        if let Some(column) = self.dropped.take() {
            self.diary.push(format!("{} {column} restored", self.now));
            person.restore_column(column);
            return;
        }
        let column = FLEETING[self.dice.below(FLEETING.len())];
        self.diary.push(format!("{} {column} deleted", self.now));
        person.drop_column(column);
        self.dropped = Some(column);
    }

    /// Puts the table in order: every column is there under its name.
    pub fn tidy(&mut self, person: &mut Person<'_>) {
        if self.dropped.is_some() {
            self.drop_or_restore(person);
        }
        for column in RENAMED {
            if self.names.contains_key(column) {
                self.rename(person, column, column.to_string());
            }
        }
    }

    /// The ids of every record that must be there.
    pub fn alive(&self) -> BTreeSet<String> {
        self.leads.iter().cloned().collect()
    }
}
