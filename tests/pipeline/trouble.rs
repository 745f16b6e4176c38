//! Everything that can be wrong outside the program: it says so in one line, ends with the right
//! code, loses nothing, and goes on as if nothing had been once it is mended.

mod disk;
mod hostile;
mod leads;
mod ledger;
mod secrets;
mod servers;
mod settings;

use crate::world::{Outcome, World, lead};

/// A Monday on which the leads of these tests may be written to at once.
const MONDAY: &str = "2026-03-02T15:00:00Z";

/// A world with one good lead.
fn world_of_ada() -> World {
    World::new().leads_csv(&[lead("Ada Lovelace", "ada@engines.example", "Engines")])
}

/// Runs a command line on Monday.
#[track_caller]
fn run(world: &World, line: &str) -> Outcome {
    let args: Vec<&str> = line.split_whitespace().collect();
    world.at(MONDAY).run(&args)
}

impl Outcome {
    /// The lines on stderr that tell of errors. Everything else there must be a log line, and nothing
    /// may look like a crash.
    #[track_caller]
    fn errors(&self) -> Vec<&str> {
        let Outcome { label, stderr, .. } = self;
        for sign in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!stderr.contains(sign), "{label}\n{stderr}");
        }
        let is_log = |line: &&str| {
            let levels = [
                "warning: ",
                " INFO ",
                " WARN ",
                "ERROR ",
                "DEBUG ",
                "TRACE ",
            ];
            levels.iter().any(|level| line.starts_with(level))
        };
        let lines: Vec<&str> = stderr.lines().filter(|line| !is_log(line)).collect();
        for line in &lines {
            assert!(
                line.starts_with("error: "),
                "{label}: `{line}` in\n{stderr}"
            );
            assert!(line.len() < 700, "{label}: too long for one line: {line}");
        }
        lines
    }

    /// Demands a code and exactly one error line that holds all these texts.
    #[track_caller]
    fn fails(self, code: i32, texts: &[&str]) -> Outcome {
        let outcome = self.exits(code);
        let errors = outcome.errors();
        assert_eq!(errors.len(), 1, "{}\n{}", outcome.label, outcome.stderr);
        for text in texts {
            let found = errors[0];
            assert!(
                found.contains(text),
                "{}: `{text}` not in `{found}`",
                outcome.label
            );
        }
        outcome
    }
}

/// The next nightly and hourly do their work as if nothing had been: Ada gets her Hook.
#[track_caller]
fn goes_on(world: &World) {
    run(world, "nightly").exits(0);
    run(world, "hourly").exits(0);
    assert_eq!(world.state("ada@engines.example", "hook"), "sent");
    assert_eq!(world.sql("PRAGMA integrity_check"), [["ok"]]);
    assert_eq!(world.sql("SELECT count(*) FROM campaigns"), [["1"]]);
}
