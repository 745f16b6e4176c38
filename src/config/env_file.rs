//! Reads the text of a `.env` file: `NAME=value` lines as shells and Python tools write them.
//!
//! Purpose: take existing files as they are. `export` is allowed; a value may stand in single
//! quotes (taken literally), in double quotes (with `\n`, `\r`, `\t`, `\"`, `\\` and `\$`) or bare,
//! where spaces are kept and ` #` starts a comment. `$` is never expanded: a password may hold one.
//! Invariant: every line is an assignment, a comment, blank or a [`Problem`] that repeats nothing
//! of the value, since any line may hold a secret.
//! This module opens no file and does not know which variables exist.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::problem::{Problem, Warning};

/// The assignments of one file.
pub(super) struct EnvFile {
    pub path: PathBuf,
    pub assignments: BTreeMap<String, Assignment>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Warning>,
}

/// The value of a name and the line (from 1) that gave it; of several lines the last one.
pub(super) struct Assignment {
    pub value: String,
    pub line: usize,
}

/// Reads the text of the file at `path`, which only serves to name places.
pub(super) fn parse(path: &Path, text: &str) -> EnvFile {
    let mut file = EnvFile {
        path: path.to_path_buf(),
        assignments: BTreeMap::new(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, text) in (1..).zip(text.lines()) {
        match parse_line(text) {
            Ok(None) => {}
            Ok(Some((name, value))) => {
                let earlier = file
                    .assignments
                    .insert(name.to_string(), Assignment { value, line });
                if let Some(earlier) = earlier {
                    file.warnings.push(Warning::new(&format!(
                        "{name} ({}:{line}): was already set on line {}; the last one counts",
                        path.display(),
                        earlier.line
                    )));
                }
            }
            Err(message) => {
                let place = format!("{}:{line}", path.display());
                file.problems.push(Problem::new(place, message));
            }
        }
    }
    file
}

/// One line: a name and its value, nothing (blank, comment), or what is wrong with it.
fn parse_line(line: &str) -> Result<Option<(&str, String)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let assignment = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) && !rest.trim_start().starts_with('=') => {
            rest.trim_start()
        }
        _ => line,
    };
    let Some((name, value)) = assignment.split_once('=') else {
        return Err("expected NAME=value, found a line without `=`".to_string());
    };
    let name = name.trim_end();
    if !is_name(name) {
        return Err(
            "expected NAME=value, found a name that is not made of letters, digits and _"
                .to_string(),
        );
    }
    match parse_value(value) {
        Ok(value) => Ok(Some((name, value))),
        Err(message) => Err(format!("{name}: {message}")),
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The value after the `=`, with quotes and comment taken off.
fn parse_value(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim();
    if let Some(quoted) = trimmed.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or(
            "expected a closing quote `'` on the same line, found none; \
             in double quotes \\n stands for a line break",
        )?;
        return check_rest(rest).map(|()| value.to_string());
    }
    if let Some(quoted) = trimmed.strip_prefix('"') {
        let (value, rest) = unquote(quoted).ok_or(
            "expected a closing quote `\"` on the same line, found none; \
             write \\n for a line break and \\\" for a quote",
        )?;
        return check_rest(rest).map(|()| value);
    }
    Ok(without_comment(text).trim().to_string())
}

/// The text up to the closing double quote with its escapes resolved, and what follows the quote.
/// A backslash before any other character stays, so that Windows paths survive.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(c),
        }
    }
    None
}

/// Only a comment may follow a closing quote.
fn check_rest(rest: &str) -> Result<(), &'static str> {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(());
    }
    Err("expected nothing or a comment after the closing quote, found more text")
}

/// A bare value up to a `#` that follows white space; `ab#cd` and `#abc` right after the `=` stay.
fn without_comment(text: &str) -> &str {
    text.match_indices('#')
        .filter_map(|(at, _)| text.get(..at))
        .find(|before| before.ends_with(char::is_whitespace))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let file = parse(Path::new(".env"), text);
        assert_eq!(file.problems, [], "{text:?}");
        let found: Vec<_> = file
            .assignments
            .iter()
            .map(|(name, a)| (name.as_str(), a.value.as_str()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[track_caller]
    fn check_problem(text: &str, expected: &str) {
        let file = parse(Path::new("conf/my.env"), text);
        let found: Vec<_> = file.problems.iter().map(Problem::to_string).collect();
        assert_eq!(found.join("\n"), expected, "{text:?}");
    }

    #[test]
    fn assignments_read_as_shells_and_python_read_them() {
        check("A=1\nB=two", &[("A", "1"), ("B", "two")]);
        check("\u{feff}A=1\r\nB=2\r\n\r\n", &[("A", "1"), ("B", "2")]);
        check(
            "  export A=1\nexport\tB = 2\nexport=3",
            &[("A", "1"), ("B", "2"), ("export", "3")],
        );
        check("export =3", &[("export", "3")]);
        check("# A=1\n   # B=2\n\n", &[]);
        check("FROM_NAME=John Doe", &[("FROM_NAME", "John Doe")]);
        check("A = spaced  out \t", &[("A", "spaced  out")]);
        check("A=", &[("A", "")]);
        check("A=x=y==", &[("A", "x=y==")]);
        check("A={\"k\": [1, 2]}", &[("A", "{\"k\": [1, 2]}")]);
        check("A=Grüße aus 東京", &[("A", "Grüße aus 東京")]);
    }

    #[test]
    fn a_dollar_is_only_a_dollar() {
        check(
            "A=ab$cd\nB=${HOME}\nC=\"$A\"\nD='$A'\nE=\"\\$A\"",
            &[
                ("A", "ab$cd"),
                ("B", "${HOME}"),
                ("C", "$A"),
                ("D", "$A"),
                ("E", "$A"),
            ],
        );
    }

    #[test]
    fn a_comment_needs_white_space_before_it() {
        check("A=one # two", &[("A", "one")]);
        check("A=one\t#two", &[("A", "one")]);
        check("A=one#two # three", &[("A", "one#two")]);
        check("A=#one", &[("A", "#one")]);
        check("A= # nothing yet", &[("A", "")]);
        check(
            "A=\"one # two\" # three\nB='#'#x",
            &[("A", "one # two"), ("B", "#")],
        );
    }

    #[test]
    fn quotes_keep_spaces_and_double_quotes_know_escapes() {
        check("A=\" one \"", &[("A", " one ")]);
        check("A='one \\n \"two\"'", &[("A", "one \\n \"two\"")]);
        check(
            r#"A="one\ntwo \"three\" \\ \t|""#,
            &[("A", "one\ntwo \"three\" \\ \t|")],
        );
        check(r#"A="C:\users\d+""#, &[("A", r"C:\users\d+")]);
        check("A=\"\"\nB=''", &[("A", ""), ("B", "")]);
        check("A=it's \"fine\"", &[("A", "it's \"fine\"")]);
    }

    #[test]
    fn a_malformed_line_is_named_and_never_repeated() {
        check_problem(
            "A=1\nhunter2\nSMTP_PASSWORD: hunter2\nB=2",
            "conf/my.env:2: expected NAME=value, found a line without `=`\n\
             conf/my.env:3: expected NAME=value, found a line without `=`",
        );
        let name = "expected NAME=value, found a name that is not made of letters, digits and _";
        for text in [
            "hun-ter2=1",
            "2A=1",
            "=1",
            "FROM NAME=1",
            "Ä=1",
            "export A B=1",
        ] {
            check_problem(text, &format!("conf/my.env:1: {name}"));
        }
        for text in [
            "A='hunter2",
            "A=\"hunter2",
            "A=\"hunter2\\\"",
            "A=\"hunter2\\",
            "A=\"",
        ] {
            let file = parse(Path::new(".env"), text);
            let found = file.problems.first().unwrap().to_string();
            assert!(
                found.starts_with(".env:1: A: expected a closing quote"),
                "{found}"
            );
            assert!(!found.contains("hunter2"), "{found}");
            assert!(file.assignments.is_empty(), "{text}");
        }
        check_problem(
            "A=\"x\"hunter2",
            "conf/my.env:1: A: expected nothing or a comment after the closing quote, \
             found more text",
        );
    }

    #[test]
    fn of_two_lines_for_one_name_the_last_counts_with_a_warning() {
        let file = parse(Path::new(".env"), "A=1\nB=2\nA=3\n");
        assert_eq!(
            file.assignments
                .get("A")
                .map(|a| (a.value.as_str(), a.line)),
            Some(("3", 3))
        );
        let warnings: Vec<_> = file.warnings.iter().map(Warning::to_string).collect();
        assert_eq!(
            warnings,
            ["A (.env:3): was already set on line 1; the last one counts"]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)[A-C='\"\\\\#$ \r\n\te\u{feff}ü]{0,60}") {
            let file = parse(Path::new(".env"), &text);
            let lines = text.lines().count();
            assert!(file.problems.len() + file.assignments.len() + file.warnings.len() <= lines);
        }

        #[test]
        fn a_double_quoted_value_reads_back(value in "[^\r\n]{0,40}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let file = parse(Path::new(".env"), &format!("A=\"{escaped}\""));
            assert_eq!(file.assignments.get("A").map(|a| a.value.as_str()), Some(value.as_str()));
        }
    }
}
