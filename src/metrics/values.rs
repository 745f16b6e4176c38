//! The values of one dimension: told apart without regard to case and spaces, shown as most write
//! them, and counted.

use std::collections::HashMap;

use super::group::{Group, Per};
use super::{OTHERS, SegmentRow, UNKNOWN, VALUES_MAX};

/// So many values of a dimension are counted each by itself; a table with more of them holds free
/// text there, and those met later are [`OTHERS`] from the beginning.
const COUNTED_MAX: usize = 20_000;

/// So many ways of writing them are remembered.
const SPELLINGS_MAX: usize = 2 * COUNTED_MAX;

/// A value without what does not tell it from another.
pub(super) fn folded(value: &str) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    match words.is_empty() {
        true => UNKNOWN.to_string(),
        false => words.join(" ").to_lowercase(),
    }
}

/// The counts of a dimension's values.
#[derive(Default)]
pub(super) struct Values {
    /// The values asked for, folded; all without.
    wanted: Option<Vec<String>>,
    spellings: HashMap<String, Spelling>,
    codes: HashMap<String, usize>,
    groups: Vec<Group>,
    /// What came after [`COUNTED_MAX`] others.
    others: Group,
}

/// One way of writing a value.
struct Spelling {
    code: Code,
    /// How many campaigns write it so.
    n: u64,
}

/// Where a value is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    /// None with the others.
    group: Option<usize>,
    /// Whether it is one of the values asked for.
    pub is_wanted: bool,
}

impl Values {
    /// Counts of the values in `wanted`, of all when it is none.
    pub(super) fn of(wanted: Option<Vec<String>>) -> Values {
        let fold = |wanted: Vec<String>| wanted.iter().map(|value| folded(value)).collect();
        Values {
            wanted: wanted.map(fold),
            ..Values::default()
        }
    }

    /// Where this value is counted.
    pub(super) fn code(&mut self, value: &str) -> Code {
        if let Some(spelling) = self.spellings.get(value) {
            return spelling.code;
        }
        let folded = folded(value);
        let is_wanted = match &self.wanted {
            Some(wanted) => wanted.contains(&folded),
            None => true,
        };
        let group = self.group(folded);
        let code = Code { group, is_wanted };
        if self.spellings.len() < SPELLINGS_MAX && group.is_some() {
            self.spellings
                .insert(value.to_string(), Spelling { code, n: 0 });
        }
        code
    }

    fn group(&mut self, folded: String) -> Option<usize> {
        if let Some(code) = self.codes.get(&folded) {
            return Some(*code);
        }
        if self.groups.len() >= COUNTED_MAX {
            return None;
        }
        self.groups.push(Group::default());
        let code = self.groups.len() - 1;
        self.codes.insert(folded, code);
        Some(code)
    }

    /// The counts of a value.
    pub(super) fn get(&mut self, code: Code) -> &mut Group {
        let group = code.group.and_then(|code| self.groups.get_mut(code));
        group.unwrap_or(&mut self.others)
    }

    /// Notes that a campaign that counts writes its value so.
    pub(super) fn seen(&mut self, value: &str) {
        if let Some(spelling) = self.spellings.get_mut(value) {
            spelling.n += 1;
        }
    }

    /// Adds what another counted.
    pub(super) fn merge(&mut self, mut other: Values) {
        let mut codes: Vec<(String, usize)> = other.codes.into_iter().collect();
        codes.sort_unstable_by_key(|(_, code)| *code);
        for (folded, code) in codes {
            let group = self.group(folded);
            let code = other.groups.get_mut(code).map(std::mem::take);
            let is_wanted = true;
            self.get(Code { group, is_wanted })
                .merge(code.unwrap_or_default());
        }
        self.others.merge(other.others);
        let mut spellings: Vec<(String, Spelling)> = other.spellings.into_iter().collect();
        spellings.sort_unstable_by(|(one, _), (two, _)| one.cmp(two));
        for (value, spelling) in spellings {
            self.code(&value);
            if let Some(known) = self.spellings.get_mut(&value) {
                known.n += spelling.n;
            }
        }
    }

    /// The rows, those with most reached first, at most [`VALUES_MAX`] and the others.
    pub(super) fn rows(self) -> Vec<SegmentRow> {
        let mut names: Vec<(u64, String)> = vec![(0, String::new()); self.groups.len()];
        for (folded, code) in self.codes {
            if let Some(name) = names.get_mut(code) {
                name.1 = folded;
            }
        }
        for (value, Spelling { code, n }) in self.spellings {
            let name = code.group.and_then(|code| names.get_mut(code));
            let words: Vec<&str> = value.split_whitespace().collect();
            if let (Some(name), false) = (name, words.is_empty()) {
                let shown = words.join(" ");
                if n > name.0 || (n == name.0 && n > 0 && shown < name.1) {
                    *name = (n, shown);
                }
            }
        }
        let names = names.into_iter().map(|(_, name)| name);
        let mut rows: Vec<(String, Group)> = names.zip(self.groups).collect();
        rows.retain(|(_, group)| group.tally.sent > 0);
        rows.sort_by(|(one, one_group), (two, two_group)| {
            let order = two_group.tally.reached.cmp(&one_group.tally.reached);
            order.then_with(|| one.cmp(two))
        });
        let mut others = self.others;
        for (_, group) in rows.drain(VALUES_MAX.min(rows.len())..) {
            others.merge(group);
        }
        if others.tally.sent > 0 {
            rows.push((OTHERS.to_string(), others));
        }
        let rows = rows.into_iter().map(|(value, group)| SegmentRow {
            value,
            figures: group.figures(Per::Reached),
        });
        rows.collect()
    }
}
