//! classify: the inbox's judgement of any mail file, with or without our ledger.
//!
//! Each file gets one answer, in the order of the files, a folder's files by name. Files are read,
//! judged on all cores and answered in portions. Without `--ledger` nothing but the mail itself is
//! known: whether a message of ours is answered then depends on the form of the Message-IDs alone.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, Utc};
use outreach::campaign::parse_outreach_key;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::inbound::{self, Inbound, Kind, Ours};
use outreach::ledger::Ledger;
use serde_json::{Value, json};

use super::{open_to_read, printable};
use crate::cores;
use crate::exit::{Exit, Failure};
use crate::scan::own_addresses;

/// So many files are held at once.
const PORTION: usize = 256;

/// What is read of a file at most. Mail servers refuse larger mails, and what decides stands in the
/// first part of each.
const FILE_BYTES_MAX: u64 = 10 << 20;

/// Folders below a given one are followed so deep.
const DEPTH_MAX: usize = 16;

/// The options of `classify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mail files (RFC 5322), or folders of them; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Answer each file with one JSON object on a line
    #[arg(long)]
    json: bool,
    /// Look in the ledger which of our messages each mail is about
    #[arg(long)]
    ledger: bool,
}

/// A mail and its judgement.
struct Answer {
    inbound: Inbound,
    answers: Option<String>,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let ledger = match args.ledger {
        true => Some(open_to_read(config, clock)?),
        false => None,
    };
    let ours = Ours {
        addresses: own_addresses(config),
        sensitivity: config.sensitivity,
    };
    let mut files = Vec::new();
    for file in &args.files {
        collect(file, 0, &mut files).map_err(Failure::usage)?;
    }
    let mut exit = Exit::Done;
    for portion in files.chunks(PORTION) {
        let judged = cores::map(
            portion,
            |file| read(file).map(|raw| inbound::read(&raw, &ours)),
            |_| Err(anyhow!("a judging thread panicked")),
        );
        for (file, inbound) in portion.iter().zip(judged) {
            let name = file.display().to_string();
            match inbound.and_then(|inbound| about(inbound, ledger.as_ref(), clock.now())) {
                Ok(answer) if args.json => say!("{}", object(&name, &answer)),
                Ok(answer) => say!("{}", page(&name, &answer)),
                Err(error) => {
                    let error = error.context(format!("`{name}`"));
                    crate::print_error(&error);
                    if args.json {
                        say!(
                            "{}",
                            json!({"file": name, "error": crate::exit::line(&error)})
                        );
                    }
                    exit = Exit::Partial;
                }
            }
        }
    }
    Ok(exit)
}

/// The files that a path stands for. Of a folder that holds `.eml` files only those count, of any
/// other (a Maildir) all that are not hidden; and so for the folders in it.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.as_os_str() == "-" {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let cannot = || format!("cannot read `{}`", path.display());
    let found = std::fs::metadata(path).with_context(cannot)?;
    if !found.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    ensure!(
        depth < DEPTH_MAX,
        "`{}`: expected folders at most {DEPTH_MAX} deep",
        path.display()
    );
    let entries = std::fs::read_dir(path).with_context(cannot)?;
    let mut inside = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(cannot)?;
    inside.sort();
    let is_mail = |path: &Path| path.extension().is_some_and(|end| end == "eml");
    let has_mails = inside.iter().any(|path| is_mail(path));
    let is_hidden = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b".")
    };
    for path in inside {
        if !is_hidden(&path) && (!has_mails || is_mail(&path) || path.is_dir()) {
            collect(&path, depth + 1, files)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut raw = Vec::new();
    if path.as_os_str() == "-" {
        let stdin = std::io::stdin().lock();
        stdin.take(FILE_BYTES_MAX).read_to_end(&mut raw)?;
    } else {
        let file = File::open(path).context("cannot read it")?;
        let read = file.take(FILE_BYTES_MAX).read_to_end(&mut raw);
        read.context("cannot read it")?;
    }
    Ok(raw)
}

/// Which message of ours the mail is about. Ordinary mail that a person typed is an answer if it is
/// about one, as in the inbox.
fn about(
    mut inbound: Inbound,
    ledger: Option<&Ledger>,
    now: DateTime<Utc>,
) -> anyhow::Result<Answer> {
    let answers = match ledger {
        Some(ledger) => {
            let found = ledger.message_answered_by(&inbound, now)?;
            found.map(|found| found.rfc_message_id)
        }
        None => {
            let mut ids = inbound.clues.message_ids.iter();
            let is_ours = |id: &&String| {
                let local = id.rsplit_once('@').map_or(id.as_str(), |(local, _)| local);
                parse_outreach_key(local).is_some()
            };
            ids.find(is_ours).cloned()
        }
    };
    if answers.is_some() && inbound.kind == Kind::Other && inbound.sentiment.is_some() {
        inbound.kind = Kind::HumanReply;
        let clause = "it is about a message of ours".to_string();
        inbound.evidence.push(clause);
    }
    Ok(Answer { inbound, answers })
}

/// The answer for programs.
fn object(file: &str, answer: &Answer) -> Value {
    let inbound = &answer.inbound;
    let is_reply = inbound.kind == Kind::HumanReply;
    let is_automatic = matches!(inbound.kind, Kind::OutOfOffice | Kind::AutoReply);
    json!({
        "file": file,
        "kind": inbound.kind.as_str(),
        "sentiment": inbound.sentiment.filter(|_| is_reply).map(|sentiment| sentiment.as_str()),
        "bounce": inbound.bounce.as_ref().map(|bounce| json!({
            "type": bounce.kind,
            "status": bounce.status,
            "recipients": bounce.recipients,
            "reason": bounce.reason,
        })),
        "auto": is_automatic.then(|| json!({
            "return_on": inbound.return_on.map(|day| day.to_string()),
            "left_company": inbound.left_company,
        })),
        "later": inbound.write_again_on.map(|day| day.to_string()),
        "referral": inbound.referral.as_ref().map(|referral| json!({
            "name": referral.name,
            "address": referral.address,
        })),
        "for_company": inbound.for_company,
        "unsure": inbound.unsure,
        "rule": inbound.rule,
        "from": inbound.from,
        "subject": inbound.subject,
        "reply_text": inbound.reply_text,
        "evidence": inbound.evidence,
        "answers": answer.answers,
    })
}

/// The answer as a person reads it.
fn page(file: &str, answer: &Answer) -> String {
    let inbound = &answer.inbound;
    let sentiment = inbound
        .sentiment
        .filter(|_| inbound.kind == Kind::HumanReply);
    let mut page = format!("━━ {file} · {}", inbound.kind.in_words(sentiment));
    let mut line = |title: &str, text: &str| {
        if !text.is_empty() {
            page.push_str(&format!("\n  {title:<9} {}", printable(text)));
        }
    };
    line("from", &inbound.from);
    line("subject", &inbound.subject);
    if let Some(bounce) = &inbound.bounce {
        let status = bounce.status.as_deref().unwrap_or("no status");
        line(
            "failure",
            &format!("{}, {status}: {}", bounce.kind, bounce.reason),
        );
        line("address", &bounce.recipients.join(", "));
    }
    if let Some(day) = inbound.return_on {
        line("returns", &day.to_string());
    }
    if let Some(day) = inbound.write_again_on {
        line("later", &day.to_string());
    }
    if let Some(referral) = &inbound.referral {
        let address = referral.address.as_deref().unwrap_or_default();
        line("refers to", format!("{} {address}", referral.name).trim());
    }
    line("answers", answer.answers.as_deref().unwrap_or_default());
    line("because", &inbound.evidence.join("; "));
    line("unsure", inbound.unsure.as_deref().unwrap_or_default());
    if inbound.bounce.is_none() {
        for text in inbound
            .reply_text
            .lines()
            .filter(|text| !text.trim().is_empty())
        {
            page.push_str(&format!("\n  │ {}", printable(text)));
        }
    }
    page.push('\n');
    page
}
