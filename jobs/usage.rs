//! Mistakes on the command line, told like every other error: one line that says what was expected,
//! what was found and what to do.

use chrono::{DateTime, NaiveDate, Utc};
use clap::error::{ContextKind, ErrorKind};

/// Whether somebody who named no command is shown what there is.
pub fn is_help(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// A mistake in one line, without the leading `error:`.
pub fn in_a_line(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ")
    });
    let said = paragraphs.next().unwrap_or_default();
    let said = said.trim_start_matches("error: ").replace('\'', "`");
    let tip = context(ContextKind::SuggestedSubcommand).or(context(ContextKind::SuggestedArg));
    let tip = tip.map_or_else(String::new, |tip| format!("; did you mean `{tip}`?"));
    let said = said.replace(
        "the following required arguments were not provided:",
        "expected",
    );
    let usage = context(ContextKind::Usage).unwrap_or_default();
    let command = usage.trim_start_matches("Usage:").split_whitespace();
    let command: Vec<&str> = command
        .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        .collect();
    let command = match command.is_empty() {
        true => "outreach".to_string(),
        false => command.join(" "),
    };
    format!("{said}{tip}; see `{command} --help`")
}

/// An instant of `--now`.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let instant = DateTime::parse_from_rfc3339(text).map_err(|_| {
        "expected an instant with its zone, such as 2026-03-02T10:00:00Z".to_string()
    })?;
    Ok(instant.with_timezone(&Utc))
}

/// A day in full: `2026-03-09`.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    let expected = "expected a day such as 2026-03-09";
    text.parse().map_err(|_| expected.to_string())
}

/// A count of `--limit`.
pub fn count(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| "expected a whole number from 0 up".to_string())
}

/// The number of a message.
pub fn number(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| "expected a number that `outreach letters list` shows".to_string())
}
