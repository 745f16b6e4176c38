//! judge: the quality gate over campaigns that somebody else wrote, one JSON object a line.
//!
//! A line is `{"lead":{…},"messages":[{"step","subject","body"}…],"brand":{…}}`: the lead's facts
//! under the names of its columns, the brand's overrides if there are any. Each line gets one
//! answer, in order. Lines are read, judged on all cores and answered in portions, so that a file
//! of any length needs the memory of one portion.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use outreach::changeset::{cell_text, column_rank};
use outreach::config::Config;
use outreach::copy::brand::Claim;
use outreach::copy::quality::{self, Judgement, Severity};
use outreach::copy::{Brand, Draft};
use outreach::lead::{Lead, RawLead, ReadField, RecordId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cores;
use crate::exit::{Exit, Failure};
use crate::judgement::read_brand;

/// A campaign of three mails has a few thousand bytes.
const LINE_BYTES_MAX: u64 = 4_000_000;

/// So many lines are held at once.
const PORTION: usize = 512;

/// The options of `judge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of JSON lines; none or `-` is stdin
    files: Vec<PathBuf>,
    /// Answer each line with one JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// A campaign as a line has it. Keys we do not know are for whoever wrote them.
#[derive(Deserialize)]
struct Campaign {
    lead: Map<String, Value>,
    messages: Vec<Message>,
    brand: Option<Overrides>,
}

/// A text; what is missing is judged as empty.
#[derive(Deserialize)]
struct Message {
    step: Option<String>,
    subject: Option<String>,
    body: Option<String>,
}

/// What takes the place of the brand file's own words for one line.
#[derive(Deserialize)]
struct Overrides {
    sender: Option<String>,
    signature: Option<String>,
    own_domains: Option<Vec<String>>,
    approved_claims: Option<Vec<String>>,
}

/// The answer to a line: who was written to, and the judgement of it.
type Answer = anyhow::Result<(String, Judgement)>;

/// What all lines are judged by.
struct Bench {
    brand: Brand,
    threshold: u8,
}

/// Runs the command.
pub fn run(config: &Config, args: &Args) -> Result<Exit, Failure> {
    let bench = Bench {
        brand: read_brand(config)?,
        threshold: config.quality_threshold,
    };
    let stdin = [PathBuf::from("-")];
    let files = match args.files.is_empty() {
        true => &stdin[..],
        false => &args.files[..],
    };
    let mut exit = Exit::Done;
    for file in files {
        let ended = if file.as_os_str() == "-" {
            judge_all(std::io::stdin().lock(), "stdin", &bench, args.json)
        } else {
            let name = file.display().to_string();
            let reader = open(file).map_err(Failure::usage)?;
            judge_all(reader, &name, &bench, args.json)
        };
        exit = exit.max(ended.map_err(Failure::of_file)?);
    }
    Ok(exit)
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let is_dir = file.metadata().is_ok_and(|found| found.is_dir());
    ensure!(
        !is_dir,
        "`{}`: expected a file, found a directory",
        path.display()
    );
    Ok(BufReader::new(file))
}

fn judge_all(
    mut reader: impl BufRead,
    name: &str,
    bench: &Bench,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    let mut number = 0;
    loop {
        let mut lines = Vec::new();
        while lines.len() < PORTION {
            let read =
                read_line(&mut reader).with_context(|| format!("cannot read `{name}` on"))?;
            let Some(line) = read else { break };
            number += 1;
            // An empty line asks nothing.
            if line.as_ref().map_or(true, |line| !line.trim().is_empty()) {
                lines.push((number, line));
            }
        }
        if lines.is_empty() {
            return Ok(exit);
        }
        for ((number, _), answer) in lines.iter().zip(bench.answers(&lines)) {
            if !tell(name, *number, answer, as_json) {
                exit = Exit::Partial;
            }
        }
    }
}

/// The next line; an inner error is a line that cannot be used.
fn read_line(reader: &mut impl BufRead) -> std::io::Result<Option<anyhow::Result<String>>> {
    let mut bytes = Vec::new();
    let n_read = reader
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut bytes)?;
    if n_read == 0 {
        return Ok(None);
    }
    if n_read as u64 == LINE_BYTES_MAX && !bytes.ends_with(b"\n") {
        skip_line(reader)?;
        let found =
            anyhow!("expected a line of at most {LINE_BYTES_MAX} bytes, found a longer one");
        return Ok(Some(Err(found)));
    }
    let line = String::from_utf8(bytes).map_err(|_| anyhow!("expected UTF-8, found other bytes"));
    Ok(Some(line.map(|line| {
        line.trim_start_matches('\u{feff}').to_string()
    })))
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let held = reader.fill_buf()?;
        let end = held.iter().position(|byte| *byte == b'\n');
        let n_used = end.map_or(held.len(), |at| at + 1);
        let is_over = end.is_some() || held.is_empty();
        reader.consume(n_used);
        if is_over {
            return Ok(());
        }
    }
}

impl Bench {
    /// One answer a line, in their order.
    fn answers(&self, lines: &[(u64, anyhow::Result<String>)]) -> Vec<Answer> {
        cores::map(
            lines,
            |(_, line)| self.answer(line),
            |_| Err(anyhow!("a judging thread panicked")),
        )
    }

    fn answer(&self, line: &anyhow::Result<String>) -> Answer {
        let line = line.as_ref().map_err(|err| anyhow!("{err:#}"))?;
        let campaign: Campaign = serde_json::from_str(line)
            .map_err(|err| anyhow!("expected {{\"lead\":{{…}},\"messages\":[…]}}, found: {err}"))?;
        let lead = lead(&campaign.lead);
        let drafts: Vec<Draft> = campaign.messages.into_iter().map(draft).collect();
        let own;
        let brand = match campaign.brand {
            None => &self.brand,
            Some(overrides) => {
                own = overrides.over(&self.brand);
                &own
            }
        };
        let judgement = quality::judge(&lead, &drafts, brand, self.threshold);
        Ok((format!("{}, {}", lead.full_name, lead.company), judgement))
    }
}

/// The lead of a line: a flat object, or a record as Airtable answers it.
fn lead(cells: &Map<String, Value>) -> Lead {
    let cells = match cells.get("fields") {
        Some(Value::Object(fields)) => fields,
        _ => cells,
    };
    let mut fields = BTreeMap::new();
    for field in ReadField::ALL {
        let named = cells.iter().filter_map(|(column, cell)| {
            let rank = column_rank(field.columns(), column)?;
            Some((rank, cell_text(cell)?))
        });
        if let Some((_, text)) = named.min_by_key(|(rank, _)| *rank) {
            fields.insert(field, text);
        }
    }
    quality::lead_as_given(&RawLead {
        record_id: RecordId::new("judged"),
        fields,
    })
}

fn draft(message: Message) -> Draft {
    let step = message.step.unwrap_or_default();
    Draft {
        step: step.trim().to_lowercase(),
        subject: message.subject.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
    }
}

impl Overrides {
    fn over(self, brand: &Brand) -> Brand {
        let mut brand = brand.clone();
        if let Some(sender) = self.sender {
            brand.signature = format!("— {sender}");
            brand.sender = sender;
        }
        if let Some(signature) = self.signature {
            brand.signature = signature;
        }
        if let Some(domains) = self.own_domains {
            brand.links = domains;
        }
        if let Some(claims) = self.approved_claims {
            let claims = claims.into_iter().map(|text| Claim {
                trades: Vec::new(),
                text,
            });
            brand.claims = claims.collect();
        }
        brand
    }
}

/// Prints the answer to a line; false when a person should look at it.
fn tell(name: &str, number: u64, answer: Answer, as_json: bool) -> bool {
    let (who, judgement) = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let error = error.context(format!("`{name}`, line {number}"));
            crate::print_error(&error);
            if as_json {
                say!("{}", json!({"error": crate::exit::line(&error)}));
            }
            return false;
        }
    };
    if as_json {
        let words = serde_json::to_string(&judgement);
        say!(
            "{}",
            words.unwrap_or_else(|err| json!({"error": err.to_string()}).to_string())
        );
    } else {
        say!("{}", page(name, number, &who, &judgement));
    }
    judgement.pass
}

/// The judgement as a person reads it.
fn page(name: &str, number: u64, who: &str, judgement: &Judgement) -> String {
    let verdict = if judgement.pass { "passes" } else { "refused" };
    let mut page = format!(
        "━━ {name}, line {number} · {who} · score {}: {verdict}\n",
        judgement.score
    );
    for issue in &judgement.issues {
        let severity = match issue.severity {
            Severity::Blocker => "blocker",
            Severity::Major => "major",
            Severity::Minor => "minor",
        };
        let step = match issue.step.as_str() {
            "" => "campaign",
            step => step,
        };
        let words = match issue.words.as_str() {
            "" => String::new(),
            words => format!(" `{words}`:"),
        };
        let (code, hint) = (issue.code, &issue.hint);
        page.push_str(&format!(
            "  {severity:<7} {step:<8} {code}:{words} {hint}\n"
        ));
    }
    page
}
