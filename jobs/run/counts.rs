//! A run's counts as people read them.

use std::collections::BTreeMap;

/// The counts in one line: what was taken first, then the rest by name; the parts of a count stand
/// in brackets behind it (`7 rejected (1 duplicate, 6 role address)`). Counts of 0 say nothing.
pub fn in_words(counts: &BTreeMap<String, i64>) -> String {
    let some: Vec<(&str, i64)> = counts
        .iter()
        .filter(|(_, n)| **n != 0)
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    let part_of = |name: &str, whole: &str| {
        let rest = name.strip_prefix(whole)?.strip_prefix('_')?;
        Some(rest.replace('_', " "))
    };
    let is_part = |name: &str| some.iter().any(|(whole, _)| part_of(name, whole).is_some());
    let mut wholes: Vec<&(&str, i64)> = some.iter().filter(|(name, _)| !is_part(name)).collect();
    wholes.sort_by_key(|(name, _)| *name != "read");
    let said = wholes.into_iter().map(|(whole, n)| {
        if let Some(what) = whole.strip_suffix("_usd_micros") {
            return format!("${}.{:04} {what}", n / 1_000_000, n % 1_000_000 / 100);
        }
        let parts = some.iter().filter_map(|(name, n)| {
            let part = part_of(name, whole)?;
            Some(format!("{n} {part}"))
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        let brackets = match parts.is_empty() {
            true => String::new(),
            false => format!(" ({parts})"),
        };
        format!("{n} {}{brackets}", whole.replace('_', " "))
    });
    said.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counts: &[(&str, i64)], expected: &str) {
        let counts = counts.iter().map(|(name, n)| (name.to_string(), *n));
        assert_eq!(in_words(&counts.collect()), expected);
    }

    #[test]
    fn counts_of_nothing_say_nothing() {
        check(&[("read", 0)], "");
    }

    #[test]
    fn what_was_read_comes_first_and_parts_stand_in_brackets() {
        check(
            &[
                ("accepted", 18),
                ("read", 25),
                ("rejected", 7),
                ("rejected_duplicate", 1),
                ("rejected_role_address", 6),
            ],
            "25 read, 18 accepted, 7 rejected (1 duplicate, 6 role address)",
        );
    }

    #[test]
    fn money_is_told_in_dollars() {
        check(
            &[("cost_usd_micros", 1_234_567), ("requests", 2)],
            "$1.2345 cost, 2 requests",
        );
        check(&[("cost_usd_micros", 90)], "$0.0000 cost");
    }

    #[test]
    fn a_name_that_only_begins_alike_is_no_part() {
        check(
            &[("in", 1), ("in_doubt", 2), ("inside", 3)],
            "1 in (2 doubt), 3 inside",
        );
        check(&[("in_doubt", 2)], "2 in doubt");
    }
}
