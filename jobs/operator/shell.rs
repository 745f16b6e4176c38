//! completions and man: for packagers.

use clap::CommandFactory;

use crate::Cli;
use crate::exit::{Exit, Failure};

/// The options of `completions`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Completions {
    /// bash, elvish, fish, powershell or zsh
    shell: clap_complete::Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "outreach", &mut script);
        say!("{}", String::from_utf8_lossy(&script).trim_end());
        Ok(Exit::Done)
    }
}

/// Prints the manual page.
pub fn man() -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|err| Failure::from(anyhow::Error::new(err).context("cannot write the page")))?;
    say!("{}", String::from_utf8_lossy(&page).trim_end());
    Ok(Exit::Done)
}
