//! init: a commented .env to start from, and the columns that a base lacks.

mod create_fields;

pub use create_fields::create_fields;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use outreach::config::variables;

use crate::Global;
use crate::exit::{Exit, Failure};

/// The options of `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the settings
    #[arg(long, value_name = "FILE", default_value = ".env")]
    file: PathBuf,
    /// Make the columns that the Airtable table lacks, after listing them and asking
    #[arg(long, conflicts_with = "file")]
    pub create_fields: bool,
    /// Do not ask
    #[arg(long, requires = "create_fields")]
    yes: bool,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command. An existing file is never overwritten.
pub fn run(args: &Args, global: &Global) -> Result<Exit, Failure> {
    let file = global.env_file.as_ref().unwrap_or(&args.file);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    // Secrets will stand in it: only its owner may read it.
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(file);
    let mut written = match opened {
        Ok(file) => file,
        Err(err) if err.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::usage(anyhow!(
                "`{}` exists already and is left as it is; `outreach doctor --config` shows what \
                 it sets",
                file.display()
            )));
        }
        Err(err) => {
            let context = format!("cannot create `{}`", file.display());
            return Err(Failure::config(anyhow::Error::new(err).context(context)));
        }
    };
    let context = || format!("cannot write `{}`", file.display());
    written
        .write_all(template().as_bytes())
        .with_context(context)?;
    written.sync_all().with_context(context)?;
    if args.json {
        super::print_json(&serde_json::json!({"created": file.display().to_string()}));
    } else {
        say!(
            "created {}: set LEADS_FILE in it, then `outreach doctor`",
            file.display()
        );
    }
    Ok(Exit::Done)
}

/// Every variable with its meaning and default, all commented out.
fn template() -> String {
    let mut text = String::from(
        "# Settings of outreach. A line that starts with # is a comment; take the # away to set \
         it.\n\
         # Without any account: set LEADS_FILE, mails go to OUTBOX_DIR, answers are read from \
         INBOX_DIR.\n",
    );
    let mut group = "";
    for variable in variables::ALL {
        if variable.group != group {
            group = variable.group;
            text.push_str(&format!("\n# --- {group} ---\n"));
        }
        text.push_str(&format!("# {}\n", variable.meaning));
        let default = variable.default.unwrap_or_default();
        let quoted = match default.contains(' ') {
            true => format!("\"{default}\""),
            false => default.to_string(),
        };
        text.push_str(&format!("#{}={quoted}\n", variable.name));
    }
    text
}
