//! inbox: what was read, what was made of it, and a person's word on it.

use anyhow::{Context, anyhow};
use chrono::{NaiveDate, NaiveTime};
use clap::builder::PossibleValue;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::inbound::{Kind, Sentiment};
use outreach::ledger::{InboxFilter, InboxItem, InboxRow, Ledger};
use serde_json::{Value, json};

use super::{one_lead, open, open_to_read, print_json, printable, table, utc};
use crate::exit::{Exit, Failure};

/// What was read in the inboxes, and a person's word on it.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List what was read, with the verdict and what followed
    List(List),
    /// One mail with its words, the reasons for the verdict and what followed
    Show(Show),
    /// Correct or confirm a verdict; what follows from it happens, what followed wrongly is undone
    Relabel(Relabel),
    /// Somebody has looked at what waited for a person
    Done(Done),
}

/// Which mails.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only mails of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<Verdict>,
    /// Only what waits for a person
    #[arg(long)]
    follow_up: bool,
    /// Only answers and bounces that are about no message of ours
    #[arg(long)]
    unmatched: bool,
    /// Only what the rules are not sure of
    #[arg(long)]
    unsure: bool,
    /// Only what was read since this day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = crate::usage::day)]
    since: Option<NaiveDate>,
    /// Only mail about this lead (record id, address or campaign id)
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
    /// Only the latest so many
    #[arg(long, value_name = "N", value_parser = crate::usage::count)]
    limit: Option<u32>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Which mail, and how much of it.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The number that `inbox list` shows
    #[arg(value_name = "NUMBER", value_parser = crate::usage::number)]
    mail: i64,
    /// With the raw headers
    #[arg(long)]
    headers: bool,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Which mail, and what it really is.
#[derive(Debug, clap::Args)]
pub struct Relabel {
    /// The number that `inbox list` shows
    #[arg(value_name = "NUMBER", value_parser = crate::usage::number)]
    mail: i64,
    /// What it is, or for an answer of a person what they want
    verdict: Verdict,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Which mails.
#[derive(Debug, clap::Args)]
pub struct Done {
    /// The numbers that `inbox list --follow-up` shows
    #[arg(required = true, value_name = "NUMBER", value_parser = crate::usage::number)]
    mails: Vec<i64>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// A kind of mail, or an answer by what the person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    kind: Kind,
    sentiment: Option<Sentiment>,
}

/// Every verdict, answers by what the person wants first.
static VERDICTS: [Verdict; 14] = [
    Verdict::answer(Sentiment::Interested),
    Verdict::answer(Sentiment::NotInterested),
    Verdict::answer(Sentiment::Later),
    Verdict::answer(Sentiment::Referral),
    Verdict::answer(Sentiment::Neutral),
    Verdict::of(Kind::HumanReply),
    Verdict::of(Kind::Unsubscribe),
    Verdict::of(Kind::OutOfOffice),
    Verdict::of(Kind::AutoReply),
    Verdict::of(Kind::BounceHard),
    Verdict::of(Kind::BounceSoft),
    Verdict::of(Kind::Complaint),
    Verdict::of(Kind::Receipt),
    Verdict::of(Kind::Other),
];

impl Verdict {
    const fn answer(sentiment: Sentiment) -> Verdict {
        Verdict {
            kind: Kind::HumanReply,
            sentiment: Some(sentiment),
        }
    }

    const fn of(kind: Kind) -> Verdict {
        Verdict {
            kind,
            sentiment: None,
        }
    }
}

impl clap::ValueEnum for Verdict {
    fn value_variants<'a>() -> &'a [Verdict] {
        &VERDICTS
    }

    /// Dashes are easier to type, underscores are what `--json` prints: both are read.
    fn to_possible_value(&self) -> Option<PossibleValue> {
        let word = match self.sentiment {
            Some(sentiment) => sentiment.as_str(),
            None => self.kind.as_str(),
        };
        let dashed = match word {
            "not_interested" => "not-interested",
            "human_reply" => "human-reply",
            "out_of_office" => "out-of-office",
            "auto_reply" => "auto-reply",
            "bounce_hard" => "bounce-hard",
            "bounce_soft" => "bounce-soft",
            word => word,
        };
        Some(PossibleValue::new(dashed).alias(word))
    }
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(&open_to_read(config, clock)?, args),
        Command::Show(args) => show(&open_to_read(config, clock)?, args),
        Command::Relabel(args) => relabel(config, clock, args),
        Command::Done(args) => done(config, clock, args),
    }
}

fn list(ledger: &Ledger, args: &List) -> Result<Exit, Failure> {
    let lead = match &args.lead {
        Some(word) => Some(one_lead(ledger, word)?.id),
        None => None,
    };
    let filter = InboxFilter {
        kind: args.kind.map(|verdict| verdict.kind),
        follow_up: args.follow_up,
        unmatched: args.unmatched,
        unsure: args.unsure,
        since: args.since.map(|day| day.and_time(NaiveTime::MIN).and_utc()),
        lead,
        limit: args.limit,
    };
    let mut rows = ledger.inbox(&filter)?;
    if let Some(sentiment) = args.kind.and_then(|verdict| verdict.sentiment) {
        rows.retain(|row| row.sentiment == Some(sentiment));
    }
    if args.json {
        print_json(&rows.iter().map(object).collect());
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        say!("no such mail was read");
        return Ok(Exit::Done);
    }
    let waiting = rows.iter().filter(|row| row.follow_up.is_some()).count();
    let lines = rows.iter().map(|row| {
        vec![
            row.id.to_string(),
            utc(row.received_at.unwrap_or(row.read_at)),
            verdict_of(row),
            printable(&row.from),
            printable(&row.subject),
            match &row.follow_up {
                Some(why) => format!("{} · waits for a person: {why}", row.consequence),
                None => row.consequence.clone(),
            },
        ]
    });
    let header = ["no", "when", "what", "from", "subject", "what followed"];
    say!("{}", table(&header, lines.collect()));
    if waiting > 0 {
        say!(
            "\n{waiting} wait for a person: `outreach inbox show NO`, then `inbox done NO`, or \
             `inbox relabel NO VERDICT`\nwhere the verdict is wrong."
        );
    }
    Ok(Exit::Done)
}

fn show(ledger: &Ledger, args: &Show) -> Result<Exit, Failure> {
    let item = item(ledger, args.mail)?;
    if args.json {
        let mut object = object(&item.row);
        if let Some(fields) = object.as_object_mut() {
            fields.extend(details(&item));
        }
        print_json(&object);
        return Ok(Exit::Done);
    }
    let row = &item.row;
    say!("mail {} · {}", row.id, verdict_of(row));
    for (title, text) in lines(&item) {
        if !text.is_empty() {
            say!("  {title:<14} {}", printable(&text));
        }
    }
    if !item.reply_text.trim().is_empty() {
        say!();
        for line in item.reply_text.lines() {
            say!("  │ {}", printable(line));
        }
    }
    if args.headers {
        say!();
        for line in item.headers.lines() {
            say!("  {}", printable(line));
        }
    }
    Ok(Exit::Done)
}

/// What a person wants to know of a mail, title by title.
fn lines(item: &InboxItem) -> Vec<(&'static str, String)> {
    let row = &item.row;
    let (name, address) = (
        row.referral.0.as_deref().unwrap_or_default(),
        row.referral.1.as_deref().unwrap_or_default(),
    );
    let about = match (&row.step, &row.email, &row.campaign_id) {
        (Some(step), Some(email), Some(campaign)) => {
            let company = row.company.as_deref().unwrap_or_default();
            format!("{step} to {email}, {company} · campaign {campaign}")
        }
        _ => "no message of ours".to_string(),
    };
    let judged = row.judged.map(|(kind, sentiment)| {
        let at = row.relabelled_at.map(utc).unwrap_or_default();
        format!(
            "{}; a person's word of {at} stands",
            kind.in_words(sentiment)
        )
    });
    let failure = item.bounce_kind.as_ref().map(|kind| {
        let status = item.bounce_status.as_deref().unwrap_or("no status");
        format!("{kind}, {status}")
    });
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    vec![
        ("from", row.from.clone()),
        ("subject", row.subject.clone()),
        ("written", row.received_at.map(utc).unwrap_or_default()),
        ("read", format!("{} in {}", utc(row.read_at), row.mailbox)),
        ("about", about),
        ("matched by", row.matched_by.clone().unwrap_or_default()),
        ("failure", failure.unwrap_or_default()),
        ("returns", day(row.return_on)),
        ("write again", day(row.write_again_on)),
        ("refers to", format!("{name} {address}").trim().to_string()),
        ("because", item.evidence.join("; ")),
        ("rule", row.rule.clone()),
        ("rules had said", judged.unwrap_or_default()),
        ("unsure", row.unsure.clone().unwrap_or_default()),
        ("followed", row.consequence.clone()),
        ("waits", row.follow_up.clone().unwrap_or_default()),
    ]
}

fn relabel(config: &Config, clock: Clock, args: &Relabel) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    item(&ledger, args.mail)?;
    let Verdict { kind, sentiment } = args.verdict;
    // A person who only says "a person wrote this" leaves open what they want.
    let sentiment = match kind {
        Kind::HumanReply => sentiment.or(Some(Sentiment::Neutral)),
        _ => None,
    };
    let stop_company = config.stop_company_on_reply;
    let done = ledger.relabel(args.mail, kind, sentiment, stop_company, clock.now())?;
    if args.json {
        print_json(&json!({
            "id": args.mail,
            "was": {"kind": done.was.0.as_str(), "sentiment": word(done.was.1)},
            "is": {"kind": kind.as_str(), "sentiment": word(sentiment)},
            "undone": done.undone,
            "consequence": done.consequence,
        }));
        return Ok(Exit::Done);
    }
    say!(
        "mail {}: {}, was {}",
        args.mail,
        kind.in_words(sentiment),
        done.was.0.in_words(done.was.1)
    );
    for clause in &done.undone {
        say!("  taken back: {clause}");
    }
    say!("  {}", done.consequence);
    Ok(Exit::Done)
}

fn done(config: &Config, clock: Clock, args: &Done) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    // All are looked up before the first is touched: a wrong number is a slip of the pen.
    for mail in &args.mails {
        item(&ledger, *mail)?;
    }
    let mut results = Vec::new();
    for mail in &args.mails {
        let waited = ledger.followed_up(*mail)?;
        let result = match waited {
            true => "done",
            false => "it did not wait for a person",
        };
        if !args.json {
            say!("mail {mail}: {result}");
        }
        results.push(json!({"id": mail, "waited": waited}));
    }
    if args.json {
        print_json(&results.into());
    }
    Ok(Exit::Done)
}

fn item(ledger: &Ledger, mail: i64) -> Result<InboxItem, Failure> {
    let found = ledger
        .inbox_item(mail)
        .context("cannot look into the inbox")?;
    found.ok_or_else(|| {
        Failure::usage(anyhow!(
            "no mail {mail} was read: expected a number that `outreach inbox list` shows"
        ))
    })
}

fn word(sentiment: Option<Sentiment>) -> Option<&'static str> {
    sentiment.map(Sentiment::as_str)
}

fn verdict_of(row: &InboxRow) -> String {
    let sentiment = row.sentiment.filter(|_| row.kind == Kind::HumanReply);
    let unsure = match row.unsure {
        Some(_) if row.relabelled_at.is_none() => " (?)",
        _ => "",
    };
    format!("{}{unsure}", row.kind.in_words(sentiment))
}

/// A mail for programs.
fn object(row: &InboxRow) -> Value {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
    json!({
        "id": row.id,
        "mailbox": row.mailbox,
        "read_at": row.read_at.to_rfc3339(),
        "received_at": row.received_at.map(|at| at.to_rfc3339()),
        "from": row.from,
        "subject": row.subject,
        "kind": row.kind.as_str(),
        "sentiment": word(row.sentiment),
        "rule": row.rule,
        "consequence": row.consequence,
        "follow_up": row.follow_up,
        "unsure": row.unsure,
        "matched_by": row.matched_by,
        "campaign_id": row.campaign_id,
        "step": row.step,
        "email": row.email,
        "return_on": day(row.return_on),
        "write_again_on": day(row.write_again_on),
        "referral": {"name": row.referral.0, "address": row.referral.1},
        "judged": row.judged.map(|(kind, sentiment)| {
            json!({"kind": kind.as_str(), "sentiment": word(sentiment)})
        }),
        "relabelled_at": row.relabelled_at.map(|at| at.to_rfc3339()),
    })
}

/// What `show` adds to it.
fn details(item: &InboxItem) -> serde_json::Map<String, Value> {
    let bounce = item
        .bounce_kind
        .as_ref()
        .map(|kind| json!({"type": kind, "status": item.bounce_status}));
    let fields = [
        ("rfc_message_id", json!(item.rfc_message_id)),
        ("answers", json!(item.answers)),
        ("bounce", json!(bounce)),
        ("for_company", json!(item.for_company)),
        ("evidence", json!(item.evidence)),
        ("reply_text", json!(item.reply_text)),
        ("headers", json!(item.headers)),
    ];
    let fields = fields.map(|(name, value)| (name.to_string(), value));
    fields.into_iter().collect()
}
