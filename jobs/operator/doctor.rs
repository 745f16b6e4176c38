//! doctor: checks everything that is configured, and says how to mend what is not right.

mod senders;
mod serving;
mod tracking;

use anyhow::Context;
use outreach::airtable::ApiError;
use outreach::clock::Clock;
use outreach::config::{Config, LeadsSource, Problems, Sources, Warning, WriterSource};
use outreach::copy::quality::Severity;
use outreach::copy::templates;
use outreach::leads_file;
use outreach::ledger::HeldSender;
use outreach::mailbox::OpenError;
use outreach::mailer;
use outreach::oauth::TokenError;
use outreach::writer::{WriteError, Writer};
use serde_json::json;

use super::status::calls::Calls;
use super::{open_to_read, print_json, table};
use crate::base;
use crate::exit::{self, Exit, Failure};

/// The options of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show every setting with its value (secrets as [set]), where it came from and its meaning
    #[arg(long)]
    config: bool,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// One thing that was checked.
struct Finding {
    what: &'static str,
    /// Whose it is, when there are several senders.
    of: Option<String>,
    result: anyhow::Result<String>,
}

impl Finding {
    /// What to say about it, and whether all is well.
    fn said(&self) -> (bool, String) {
        let (ok, said) = match &self.result {
            Ok(said) => (true, said.clone()),
            Err(error) => (false, exit::line(error)),
        };
        match &self.of {
            Some(sender) => (ok, format!("{sender}: {said}")),
            None => (ok, said),
        }
    }
}

/// When the configuration itself has mistakes, those are the findings.
pub fn only_problems(args: &Args, problems: Problems) -> Result<Exit, Failure> {
    if args.json {
        let lines = problems
            .0
            .iter()
            .map(|problem| problem.to_string())
            .collect::<Vec<_>>();
        let warnings = problems.1.iter().map(ToString::to_string);
        let warnings = warnings.collect::<Vec<_>>();
        print_json(&json!({"ok": false, "problems": lines, "warnings": warnings}));
        return Ok(Exit::Config);
    }
    Err(Failure::config(problems))
}

/// Runs the command.
pub async fn run(
    config: &Config,
    sources: &Sources,
    clock: Clock,
    args: &Args,
    warnings: &[Warning],
) -> Result<Exit, Failure> {
    if args.config {
        show_settings(config, sources, args.json);
        return Ok(Exit::Done);
    }
    let findings = check(config, clock).await;
    let failed = findings
        .iter()
        .filter_map(|finding| finding.result.as_ref().err());
    let exit = failed.map(exit_of).max().unwrap_or(Exit::Done);
    if args.json {
        let rows = findings.iter().map(|finding| {
            let (ok, said) = finding.said();
            json!({"check": finding.what, "ok": ok, "said": said})
        });
        let warnings = warnings
            .iter()
            .map(|warning| warning.to_string())
            .collect::<Vec<_>>();
        print_json(&json!({
            "ok": exit == Exit::Done, "checks": rows.collect::<Vec<_>>(), "warnings": warnings,
        }));
        return Ok(exit);
    }
    for finding in &findings {
        match finding.said() {
            (true, said) => say!("ok    {:<14} {}", finding.what, indented(&said)),
            (false, said) => say!("FAIL  {:<14} {said}", finding.what),
        }
    }
    let failed = findings
        .iter()
        .filter(|finding| finding.result.is_err())
        .count();
    match failed {
        0 => say!("\neverything in force works"),
        n => say!("\n{n} of {} checks failed", findings.len()),
    }
    Ok(exit)
}

/// Further lines stand below the first.
fn indented(said: &str) -> String {
    said.replace('\n', &format!("\n{:21}", ""))
}

fn show_settings(config: &Config, sources: &Sources, as_json: bool) {
    let described = config.describe(sources);
    if as_json {
        let rows = described.iter().map(|row| {
            json!({
                "name": row.name, "value": row.value, "source": row.source,
                "meaning": row.meaning, "group": row.group,
            })
        });
        print_json(&rows.collect());
        return;
    }
    let rows = described.into_iter();
    let rows = rows.map(|row| vec![row.name, row.value, row.source, row.meaning]);
    say!(
        "{}",
        table(&["variable", "value", "source", "meaning"], rows.collect())
    );
}

async fn check(config: &Config, clock: Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |what, result| {
        let of = None;
        findings.push(Finding { what, of, result });
    };
    add("ledger", check_ledger(config, clock));
    add("leads", check_leads(config, clock).await);
    if let Some(calls) = check_calls(config, clock).transpose() {
        add("calls", calls);
    }
    for (what, result) in check_copy(config) {
        add(what, result);
    }
    add("writer", check_writer(config).await);
    findings.extend(senders::check(config).await);
    findings.extend(tracking::check(config));
    findings.extend(serving::check(config));
    findings.extend(check_held(config, clock));
    findings
}

/// Senders that send nothing until a person releases them.
fn check_held(config: &Config, clock: Clock) -> Vec<Finding> {
    // A ledger that cannot be read is a finding of its own.
    let held = open_to_read(config, clock).and_then(|ledger| ledger.held_senders());
    let finding = |held: HeldSender| {
        let HeldSender { sender, reason, .. } = held;
        let mend = format!("held: {reason}; see to that, then `outreach resume --sender {sender}`");
        Finding {
            what: "sender",
            of: Some(sender),
            result: Err(anyhow::anyhow!(mend)),
        }
    };
    held.unwrap_or_default().into_iter().map(finding).collect()
}

/// What a finding means for the exit code: an upstream that is down is waited for, everything else
/// somebody has to mend.
fn exit_of(error: &anyhow::Error) -> Exit {
    let is_down = error.chain().any(|cause| {
        cause.is::<mailer::Unreachable>()
            || matches!(cause.downcast_ref(), Some(OpenError::Unreachable(_)))
            || matches!(cause.downcast_ref(), Some(TokenError::Again(_)))
            || matches!(
                cause.downcast_ref(),
                Some(WriteError::Again(_) | WriteError::Quota(_))
            )
            || matches!(
                cause.downcast_ref(),
                Some(ApiError::Unreachable(_) | ApiError::QuotaExhausted(_))
            )
    });
    match is_down {
        true => Exit::Again,
        false => Failure::file_exit(error),
    }
}

async fn check_writer(config: &Config) -> anyhow::Result<String> {
    match &config.writer {
        WriterSource::Templates => Ok("the built-in templates".to_string()),
        WriterSource::Model(settings) => {
            let writer = Writer::new(settings.clone(), config.tls_ca_file.clone())?;
            writer.check().await
        }
    }
}

fn check_ledger(config: &Config, clock: Clock) -> anyhow::Result<String> {
    let path = config.ledger_path.display();
    ensure_writable(config)?;
    if !config.ledger_path.exists() {
        return Ok(format!(
            "`{path}` does not exist yet; the first stage creates it"
        ));
    }
    let ledger = open_to_read(config, clock)?;
    let answer = ledger.check()?;
    anyhow::ensure!(
        answer == "ok",
        "`{path}` is damaged: {answer}; restore a backup"
    );
    Ok(format!("`{path}` is sound"))
}

/// The ledger has files of its own beside it, so its folder must be writable as well.
fn ensure_writable(config: &Config) -> anyhow::Result<()> {
    let path = &config.ledger_path;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".probe");
    let probe = path.with_file_name(name);
    let tried = std::fs::write(&probe, "probe").and_then(|()| std::fs::remove_file(&probe));
    let tried = tried.and_then(|()| match path.is_file() {
        true => std::fs::OpenOptions::new()
            .append(true)
            .open(path)
            .map(drop),
        false => Ok(()),
    });
    tried.with_context(|| {
        format!(
            "CAMPAIGN_DATABASE_PATH: expected `{}` to be a file in a folder that can be written to",
            path.display()
        )
    })
}

/// What Airtable's calls of this month come to; none when the leads come from elsewhere. A ledger
/// that cannot be read has a line of its own.
fn check_calls(config: &Config, clock: Clock) -> anyhow::Result<Option<String>> {
    let Ok(ledger) = open_to_read(config, clock) else {
        return Ok(None);
    };
    let calls = Calls::of(config, &ledger, clock.now())?;
    Ok(calls.map(|calls| {
        let lines = std::iter::once(calls.line()).chain(calls.troubles());
        lines.collect::<Vec<_>>().join("\n")
    }))
}

async fn check_leads(config: &Config, clock: Clock) -> anyhow::Result<String> {
    match &config.leads {
        LeadsSource::None => anyhow::bail!(
            "LEADS_FILE: expected the path of a CSV or JSON file with leads (or AIRTABLE_API_KEY \
             and AIRTABLE_BASE_ID for a base), found neither"
        ),
        LeadsSource::File { path, .. } => {
            let mut rows = 0_u64;
            leads_file::read(path, &mut |_| {
                rows += 1;
                Ok(())
            })?;
            Ok(format!("`{}` holds {rows} leads", path.display()))
        }
        LeadsSource::Airtable(settings) => {
            let kept = open_to_read(config, clock)
                .and_then(|ledger| ledger.kept_table(&base::name_of(settings)));
            let kept = kept.ok().flatten().map(|kept| kept.schema);
            let client = base::client(config, settings, kept.as_deref());
            let client = client.map_err(|failure| failure.error)?;
            Ok(client.check().await?)
        }
    }
}

/// The texts, and every finding about own templates on a line of its own: what would keep a
/// campaign from being sent has failed, a flaw of style is only told.
fn check_copy(config: &Config) -> Vec<(&'static str, anyhow::Result<String>)> {
    let (said, findings) = match read_copy(config) {
        Ok(read) => read,
        Err(error) => return vec![("texts", Err(error))],
    };
    let told = findings.into_iter().map(|finding| {
        let result = match finding.severity {
            Severity::Minor => Ok(finding.to_string()),
            Severity::Major | Severity::Blocker => Err(anyhow::anyhow!("{finding}")),
        };
        ("template", result)
    });
    std::iter::once(("texts", Ok(said))).chain(told).collect()
}

fn read_copy(config: &Config) -> anyhow::Result<(String, Vec<templates::Finding>)> {
    let brand = crate::judgement::read_brand(config).map_err(|failure| failure.error)?;
    let library = crate::generate::read_library(config).map_err(|failure| failure.error)?;
    let of = |path: &Option<std::path::PathBuf>, built_in: &str| match path {
        Some(path) => format!("`{}`", path.display()),
        None => built_in.to_string(),
    };
    let said = format!(
        "brand {}, templates {}",
        of(&config.brand_file, "built in"),
        of(&config.templates_dir, "built in")
    );
    Ok((said, library.check(&brand)?))
}
