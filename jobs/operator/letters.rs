//! letters: messages in doubt and dead letters, and a person's decision about them.

use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::{Ledger, Letter};
use serde_json::json;

use anyhow::anyhow;

use super::{Show, open, open_to_read, print_json, table, utc};
use crate::exit::{Exit, Failure};

/// What to do with messages in doubt or dead.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List them, with the Message-ID to search for in the Sent folder
    List(Show),
    /// It did not arrive: put it back in line
    Retry(Which),
    /// It did arrive: mark it as sent
    Confirm(Which),
    /// Give it up; its campaign ends
    Drop(Which),
}

/// Which messages.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The numbers that `letters list` shows
    #[arg(required = true, value_name = "NUMBER", value_parser = crate::usage::number)]
    messages: Vec<i64>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, command: &Command) -> Result<Exit, Failure> {
    let now = clock.now();
    match command {
        Command::List(show) => list(&open_to_read(config, clock)?, show.json),
        Command::Retry(which) => each(config, clock, which, "put back", &mut |ledger, letter| {
            if let Some(value) = ledger.suppression_of(letter)? {
                anyhow::bail!(
                    "`{value}` is suppressed: `outreach suppress remove {value}` comes first"
                );
            }
            ledger.put_back(letter.id, now, "a person says it did not arrive", now)
        }),
        Command::Drop(which) => each(config, clock, which, "given up", &mut |ledger, letter| {
            ledger.drop_letter(letter.id, "a person gave it up", now)
        }),
        Command::Confirm(which) => each(
            config,
            clock,
            which,
            "marked as sent",
            &mut |ledger, letter| {
                let sent_at = letter.claimed_at.unwrap_or(now);
                let moves = crate::send::consequence::moves_after(
                    &letter.itinerary,
                    letter.number,
                    sent_at,
                    &config.hours(),
                );
                ledger.settle_as_sent(letter, &moves, "a person says it arrived", now)
            },
        ),
    }
}

fn list(ledger: &Ledger, as_json: bool) -> Result<Exit, Failure> {
    let letters = ledger.letters()?;
    if as_json {
        let rows = letters.iter().map(|letter| {
            json!({
                "id": letter.id, "campaign_id": letter.campaign_id, "step": letter.step,
                "email": letter.email, "subject": letter.subject, "state": letter.state,
                "reason": letter.reason, "attempts": letter.attempts,
                "message_id": letter.message_id, "outreach_key": letter.outreach_key,
                "claimed_at": letter.claimed_at.map(|at| at.to_rfc3339()),
                "mailer": letter.mailer, "sender": letter.sender,
                "looked_at": letter.looked.as_ref().map(|(at, _)| at.to_rfc3339()),
                "looked_for": letter.looked.as_ref().map(|(_, answer)| answer),
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    if letters.is_empty() {
        say!("no message is in doubt or dead");
        return Ok(Exit::Done);
    }
    let rows = letters.iter().map(|letter| {
        vec![
            letter.id.to_string(),
            letter.state.replace('_', " "),
            letter.step.clone(),
            letter.email.clone(),
            letter.claimed_at.map(utc).unwrap_or_default(),
            match &letter.looked {
                Some((at, answer)) => {
                    format!("{}; looked for {}: {answer}", letter.reason, utc(*at))
                }
                None => letter.reason.clone(),
            },
            format!("<{}>", letter.message_id),
        ]
    });
    let header = ["no", "state", "step", "to", "last try", "why", "message-id"];
    say!("{}", table(&header, rows.collect()));
    if letters.iter().any(|letter| letter.state == "in_doubt") {
        say!(
            "\nIn doubt: the mail was handed over and no answer came. With SENT_FOLDER set, `send` \
             looks for its copy\nitself. Else look for its Message-ID in the Sent folder or ask \
             the recipient's postmaster; then `letters\nconfirm NO` if it is there, `letters retry \
             NO` if it surely is not."
        );
    }
    Ok(Exit::Done)
}

type Decide<'a> = &'a mut dyn FnMut(&mut Ledger, &Letter) -> anyhow::Result<()>;

fn each(
    config: &Config,
    clock: Clock,
    which: &Which,
    done: &str,
    apply: Decide<'_>,
) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    let mut exit = Exit::Done;
    let mut results = Vec::new();
    let letters = ledger.letters()?;
    let find = |id: &i64| {
        let letter = letters.iter().find(|letter| letter.id == *id);
        letter.ok_or_else(|| {
            Failure::usage(anyhow!(
                "message {id} is neither in doubt nor dead; see `outreach letters list`"
            ))
        })
    };
    // All are looked up before the first is touched: a wrong number is a slip of the pen.
    let found = which.messages.iter().map(find);
    for letter in found.collect::<Result<Vec<_>, _>>()? {
        let id = letter.id;
        let result = apply(&mut ledger, letter);
        match result {
            Ok(()) => {
                results.push(json!({"id": id, "result": done}));
                if !which.json {
                    say!("{id}: {done}");
                }
            }
            Err(error) => {
                exit = Exit::Partial;
                results.push(json!({"id": id, "error": format!("{error:#}")}));
                crate::print_error(&anyhow!("{id}: {error:#}"));
            }
        }
    }
    if which.json {
        print_json(&results.into());
    }
    Ok(exit)
}
