//! How a column is found by its name.

/// The most differing letters two names may have for one to be offered as the other's misspelling.
const NEAR_EDITS_MAX: usize = 3;

/// How well a column fits a field that goes by `names`, the preferred one first: 0 is best, none is
/// not at all. Exact matches come before those that ignore case, spaces, hyphens and underscores.
pub fn column_rank(names: &[&str], column: &str) -> Option<usize> {
    let exact = names.iter().position(|name| column.trim() == *name);
    let loose = || {
        names
            .iter()
            .position(|name| squeeze(column) == squeeze(name))
    };
    exact.or_else(|| loose().map(|position| names.len() + position))
}

/// The positions of the columns that fit best. More than one means that the base names the column
/// twice and nobody can say which is meant.
pub fn find_column(names: &[&str], columns: &[String]) -> Vec<usize> {
    let ranks = || columns.iter().map(|column| column_rank(names, column));
    let Some(best) = ranks().flatten().min() else {
        return Vec::new();
    };
    ranks()
        .enumerate()
        .filter(|(_, rank)| *rank == Some(best))
        .map(|(index, _)| index)
        .collect()
}

/// The column most like one of `names`, if one is near enough to be a misspelling of it.
pub fn nearest_column<'a>(names: &[&str], columns: &'a [String]) -> Option<&'a str> {
    let distance = |column: &String| {
        let edits = |name: &&str| strsim::damerau_levenshtein(&squeeze(name), &squeeze(column));
        names.iter().map(edits).min().unwrap_or(usize::MAX)
    };
    columns
        .iter()
        .filter(|column| !column.trim().is_empty())
        .map(|column| (distance(column), column))
        .filter(|(edits, column)| {
            // A short name is not a misspelling of every other short name.
            *edits <= NEAR_EDITS_MAX && edits * 3 <= squeeze(column).chars().count()
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, column)| column.as_str())
}

fn squeeze(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[track_caller]
    fn check(names: &[&str], header: &[&str], expected: &[usize]) {
        assert_eq!(
            find_column(names, &columns(header)),
            expected,
            "{names:?} in {header:?}"
        );
    }

    #[test]
    fn a_column_is_found_exactly_then_loosely() {
        check(&["Full Name", "Name"], &["Email", "Full Name"], &[1]);
        check(&["Full Name", "Name"], &["Name", "Full Name"], &[1]);
        check(&["Full Name", "Name"], &["full_name", "Name"], &[1]);
        check(&["Full Name", "Name"], &["FULL_NAME", "Email"], &[0]);
        check(&["LinkedIn URL"], &["linkedin url"], &[0]);
        check(&["Email"], &["Email Confidence"], &[]);
        check(&["Email"], &["E-Mail", "e_mail"], &[0, 1]);
        check(&["Email"], &["Email", "email"], &[0]);
        check(&["Email"], &["Email", "Email"], &[0, 1]);
        check(&["Email"], &[], &[]);
    }

    #[test]
    fn a_misspelt_column_is_offered_and_a_foreign_one_is_not() {
        let header = columns(&["Emial", "Engagment_Status", "City", ""]);
        assert_eq!(nearest_column(&["Email"], &header), Some("Emial"));
        assert_eq!(
            nearest_column(&["Engagement_Status"], &header),
            Some("Engagment_Status")
        );
        assert_eq!(nearest_column(&["Company", "Company Name"], &header), None);
        assert_eq!(nearest_column(&["Tone"], &header), None);
    }
}
