//! Everything at once: runs of the stages in random order, calls that fail in every way, people who
//! work between the runs and in the middle of them. In the end, after one calm round, the base shows
//! what the ledger holds, and nothing that people did is lost.
//!
//! Every world has a seed, which is printed when it ends badly; `SOAK_SEED` runs that world alone and
//! keeps its diary. Only now and then do two stages run at once, whose calls come in no fixed order.
//! `SOAK_RUNS` says how many runs there are in all, 400 where it is not set; `tests/measure soak`
//! makes 2,000, which take two minutes.

mod ends;
mod people;

use std::sync::{Arc, Mutex};

use super::*;
use people::{People, Scope};

/// Runs of a world.
const WORLD_RUNS: u64 = 100;

/// So many worlds go on at once: they wait more than they work.
const WORLDS_AT_ONCE: u64 = 4;

/// Numbers in an order that only the seed decides (Vigna's splitmix64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below another.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// A world of its own.
struct Soak {
    office: Office,
    dice: Dice,
    people: Arc<Mutex<People>>,
    minute: i64,
    /// What we wrote into Engagement_Status, by record.
    written: Vec<(String, String)>,
}

impl Soak {
    fn new(seed: u64) -> Soak {
        let (office, leads) = Office::with_leads(22);
        // A second page, of leads that are not written to.
        let unsure = |number| {
            let mut cells = lead(1_000 + number);
            cells.retain(|(name, _)| *name != "Email_Confidence_Level");
            cells
        };
        office.airtable.insert_many(110, unsure);
        let people = People::new(seed ^ 0x5EED, leads);
        let soak = Soak {
            office,
            dice: Dice::new(seed),
            people: Arc::new(Mutex::new(people)),
            minute: 0,
            written: Vec::new(),
        };
        for stage in ["pull", "push"] {
            soak.office.ok(0, &[stage]);
        }
        soak
    }

    /// Time goes by, people work, a stage runs, and people work meanwhile.
    fn step(&mut self) {
        let minutes = match self.dice.below(10) {
            0 => 24 * 60,
            1 | 2 => 300,
            _ => 1 + self.dice.below(20) as i64,
        };
        self.minute += minutes;
        self.office.airtable.set_now(instant(self.minute));
        let mut people = self.people.lock().unwrap();
        people.now = instant(self.minute);
        for _ in 0..self.dice.below(6) {
            let airtable = &self.office.airtable;
            airtable.person(|person| people.act(person, Scope::Everything));
        }
        drop(people);
        let args: &[&str] = match self.dice.below(20) {
            0..=6 => &["pull"],
            7 => &["pull", "--full"],
            8..=14 => &["push"],
            15 | 16 => {
                let approval = ["true", "false"][self.dice.below(2)];
                self.office.world.set_env("REQUIRE_APPROVAL", approval);
                &["generate"]
            }
            17 => &["schedule"],
            _ => &["send"],
        };
        let per_mille = [0, 150, 400, 700][self.dice.below(4)];
        let seed = self.dice.below(1 << 30) as u64;
        self.office.airtable.fail_randomly(seed, per_mille);
        let is_with_other = self.dice.below(12) == 0;
        self.watch(args[0] == "push" || is_with_other);
        let running = self.office.start(self.minute, args);
        if is_with_other {
            let other = if args[0] == "push" { "pull" } else { "push" };
            let other = self.office.run(self.minute, &[other]);
            assert!(matches!(other.code, 0 | 3 | 75 | 78), "{}", other.stderr);
        }
        let outcome = running.wait();
        self.office.airtable.on_no_call();
        self.office.airtable.fail_randomly(0, 0);
        let mut people = self.people.lock().unwrap();
        let line = format!(
            "{} {args:?}: {}",
            instant(self.minute),
            outcome.stdout.trim()
        );
        people.diary.push(line);
        let is_allowed = matches!(outcome.code, 0 | 3 | 75 | 78);
        assert!(
            is_allowed,
            "{}\n{}\n{}",
            outcome.code, outcome.stdout, outcome.stderr
        );
        drop(people);
        self.note_written();
    }

    /// Lets people work while the stage runs.
    fn watch(&mut self, is_push: bool) {
        let people = Arc::clone(&self.people);
        let mut dice = Dice::new(self.dice.below(1 << 30) as u64);
        let mut has_looked = false;
        self.office.airtable.on_call(Box::new(move |person, call| {
            has_looked |= is_push && call == Call::List;
            let scope = match call {
                _ if !has_looked && call != Call::Update => Scope::Everything,
                Call::Update => Scope::Written,
                _ => Scope::Theirs,
            };
            if dice.below(3) > 0 {
                people.lock().unwrap().act(person, scope);
            }
        }));
    }

    fn note_written(&mut self) {
        for update in self.office.airtable.take_updates() {
            for record in update.as_array().unwrap() {
                let cells = record["fields"].as_object().unwrap();
                let status = cells
                    .iter()
                    .find(|(name, _)| name.starts_with("Engagement_Status"));
                if let Some((_, status)) = status {
                    let id = record["id"].as_str().unwrap().to_string();
                    self.written.push((id, text(Some(status))));
                }
            }
        }
    }
}

/// A world from its beginning to its end; what is wrong then.
fn live(seed: u64, n_runs: u64) -> Vec<String> {
    let mut soak = Soak::new(seed);
    for _ in 0..n_runs {
        soak.step();
    }
    let complaints = ends::complaints(&mut soak);
    let office = &soak.office;
    println!(
        "seed {seed}: {n_runs} runs, {} calls of which {} failed, {} things people did, {} commands \
         answered, {} edits taken, {} kept, {} mails",
        office.airtable.calls(),
        office.airtable.faults_seen(),
        soak.people.lock().unwrap().diary.len() as u64 - n_runs,
        office.row("SELECT count(*) FROM commands"),
        office.row("SELECT count(*) FROM events WHERE kind = 'edited'"),
        office.row("SELECT count(*) FROM events WHERE kind = 'kept'"),
        office.world.maildir_files().len()
    );
    if !complaints.is_empty() || std::env::var("SOAK_SEED").is_ok() {
        keep_for_inspection(&soak, seed);
    }
    complaints
}

/// Keeps what happened, in order, and the ledger, for whoever looks for the bug.
fn keep_for_inspection(soak: &Soak, seed: u64) {
    let people = soak.people.lock().unwrap();
    let kept = std::env::temp_dir().join(format!("soak-{seed}"));
    std::fs::write(kept.with_extension("txt"), people.diary.join("\n")).unwrap();
    let ledger = soak.office.world.path("campaigns.db");
    std::fs::copy(ledger, kept.with_extension("db")).unwrap();
    println!("seed {seed}: see {}", kept.with_extension("txt").display());
}

#[test]
fn after_a_storm_base_and_ledger_agree_and_nothing_people_did_is_lost() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|n| n.parse::<u64>().expect(name))
    };
    let seeds: Vec<u64> = match number("SOAK_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SOAK_RUNS").unwrap_or(400).div_ceil(WORLD_RUNS)).collect(),
    };
    let worlds = Mutex::new(seeds.into_iter());
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORLDS_AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(seed) = worlds.lock().unwrap().next() else {
                        return;
                    };
                    let wrong = std::panic::catch_unwind(|| live(seed, WORLD_RUNS));
                    let wrong = wrong.unwrap_or_else(|_| vec!["it ended early".to_string()]);
                    let wrong = wrong
                        .into_iter()
                        .map(|wrong| format!("SOAK_SEED={seed}: {wrong}"));
                    complaints.lock().unwrap().extend(wrong);
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
