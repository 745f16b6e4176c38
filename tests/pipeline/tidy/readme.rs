//! The README against the program: what the binary says of itself must be found there.

use serde_json::Value;

use crate::world::World;

/// Every exit code and what it means to a machine that runs us (the table in the README says it to
/// people).
const EXIT_CODES: [u8; 6] = [0, 1, 2, 3, 75, 78];

/// Every command with its subcommands, as `--help` lists them: `review`, `review list`, …
#[track_caller]
pub fn commands() -> Vec<String> {
    let world = World::new();
    let help = |args: &[&str]| listed(&world.run(args).exits(0).stdout);
    let mut commands = Vec::new();
    for command in help(&["--help"]) {
        let subcommands = help(&[command.as_str(), "--help"]);
        let full = subcommands.iter().map(|sub| format!("{command} {sub}"));
        commands.extend(full);
        commands.push(command);
    }
    assert!(
        commands.iter().any(|name| name == "send"),
        "`--help` lists no stage: {commands:?}"
    );
    commands
}

/// The names under `Commands:` in a help text, but for `help` itself.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            // Deeper indentation continues the description of the command above.
            line.strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))?
                .split(' ')
                .next()
        });
    names
        .filter(|name| *name != "help")
        .map(str::to_string)
        .collect()
}

/// Every variable `doctor --config` knows.
#[track_caller]
pub fn variables() -> Vec<String> {
    let outcome = World::new().run(&["doctor", "--config", "--json"]).exits(0);
    let mut names = Vec::new();
    collect_names(&outcome.json(), &mut names);
    names.sort();
    names.dedup();
    assert!(
        names.len() > 50,
        "`doctor --config --json` names too few variables: {names:?}"
    );
    names
}

/// The values of all keys `name`, at any depth, that look like a variable.
fn collect_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Object(map) => {
            let is_ours = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let name = map.get("name").and_then(Value::as_str);
            names.extend(
                name.filter(|name| name.chars().all(is_ours))
                    .map(str::to_string),
            );
            map.values().for_each(|inner| collect_names(inner, names));
        }
        _ => {}
    }
}

/// The parts of a Markdown text that are code: lines of fenced blocks, and spans in backticks.
fn code(markdown: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_fenced = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced {
            found.push(line);
        } else {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// The words of a piece of code; `a|b` are two.
fn words(code: &str) -> impl Iterator<Item = &str> {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    code.split(move |c| !is_inside(c))
        .filter(|word| !word.is_empty())
}

/// Commands the README shows nowhere: `outreach send`, or just `send`, in code; for a subcommand
/// the command somewhere before it (`review list|show|approve`).
pub fn unnamed_commands(readme: &str, commands: &[String]) -> Vec<String> {
    let code = code(readme);
    let is_shown = |command: &str| {
        code.iter().any(|code| {
            let mut rest = words(code).skip_while(|word| *word == "outreach");
            match command.split_once(' ') {
                Some((outer, inner)) => rest.any(|w| w == outer) && rest.any(|w| w == inner),
                // As the first word, or in a list: `outreach pull|generate|schedule`.
                None => {
                    let is_called = code.contains("outreach ") || code.contains('|');
                    rest.next() == Some(command) || (is_called && rest.any(|word| word == command))
                }
            }
        })
    };
    let missing = commands.iter().filter(|command| !is_shown(command));
    missing
        .map(|command| format!("README.md: expected the command `outreach {command}`"))
        .collect()
}

/// Variables the README shows nowhere in code. Those that rename a column are one family.
pub fn unnamed_variables(readme: &str, variables: &[String]) -> Vec<String> {
    let code = code(readme);
    let is_shown = |variable: &String| {
        let family = "AIRTABLE_FIELD_";
        let mut words = code.iter().flat_map(|code| words(code));
        words.any(|w| w == variable || (variable.starts_with(family) && w.starts_with(family)))
    };
    let missing = variables.iter().filter(|variable| !is_shown(variable));
    missing
        .map(|variable| format!("README.md: expected the variable `{variable}`"))
        .collect()
}

/// Exit codes without a row of a table that begins with the code and says something.
pub fn unexplained_codes(readme: &str) -> Vec<String> {
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix('|'))
        .map(|row| {
            row.split('|')
                .map(|cell| cell.trim_matches([' ', '`', '*']))
                .collect()
        })
        .collect();
    let is_explained = |code: &u8| {
        let code = code.to_string();
        rows.iter()
            .any(|row| row[0] == code && row.iter().skip(1).any(|cell| cell.len() > 5))
    };
    let missing = EXIT_CODES.iter().filter(|code| !is_explained(code));
    missing
        .map(|code| format!("README.md: expected a table row for exit code {code}"))
        .collect()
}

mod tests {
    use super::*;

    fn owned<const N: usize>(names: [&str; N]) -> Vec<String> {
        names.map(str::to_string).to_vec()
    }

    #[test]
    fn commands_are_read_from_a_help_text() {
        let help = "What it is\n\nUsage: outreach <COMMAND>\n\nCommands:\n  pull      Read leads\n            \
                    and more\n  help      Print this\n  nightly   All\n\nOptions:\n  -v  More\n";
        assert_eq!(listed(help), ["pull", "nightly"]);
        assert!(listed("Usage: outreach pull\n\nOptions:\n  -v  More\n").is_empty());
    }

    #[test]
    fn a_command_counts_only_as_code() {
        let readme = "We send mail and review it. `pull|generate`\n```\noutreach status   # scan\n\
                      outreach review list|show\n```\n";
        let shown = owned(["pull", "generate", "status", "review", "review show"]);
        assert_eq!(unnamed_commands(readme, &shown), [""; 0]);
        let hidden = owned(["send", "review approve", "stat"]);
        let complaint = |name: &str| format!("README.md: expected the command `outreach {name}`");
        assert_eq!(
            unnamed_commands(readme, &hidden),
            ["send", "review approve", "stat"].map(complaint)
        );
    }

    #[test]
    fn a_variable_counts_as_a_whole_word_of_code() {
        let readme =
            "| `SMTP_SERVER` | SMTP_PORT |\n| `AIRTABLE_FIELD_<OUR_NAME>` | `MAX_TOKENS_X` |";
        let shown = owned(["SMTP_SERVER", "AIRTABLE_FIELD_EMAIL"]);
        assert_eq!(unnamed_variables(readme, &shown), [""; 0]);
        let complaint = |name: &str| format!("README.md: expected the variable `{name}`");
        let hidden = ["SMTP_PORT", "MAX_TOKENS", "SMTP"];
        assert_eq!(
            unnamed_variables(readme, &owned(hidden)),
            hidden.map(complaint)
        );
    }

    #[test]
    fn variables_are_found_at_any_depth() {
        let json = serde_json::json!({"variables": [
            {"name": "SMTP_PORT", "source": {"name": "the default"}}, {"name": "LOG_LEVEL"}]});
        let mut names = Vec::new();
        collect_names(&json, &mut names);
        assert_eq!(names, ["SMTP_PORT", "LOG_LEVEL"]);
    }

    #[test]
    fn an_exit_code_needs_a_row_that_says_something() {
        let row = |code: u8| format!("| `{code}` | what it means |\n");
        let all: String = EXIT_CODES.map(row).concat();
        assert_eq!(unexplained_codes(&all), [""; 0]);
        let without = all.replace("| `75` | what it means |", "| `75` | |\n75 what it means");
        assert_eq!(
            unexplained_codes(&without),
            ["README.md: expected a table row for exit code 75"]
        );
    }
}
