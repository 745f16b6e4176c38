//! forecast: when the last mail leaves, which day is fullest, and what more would change.
//!
//! Everything is planned by the planner itself, from today's ledger, senders and leads; nothing is
//! written. Leads that wait for a campaign count as new campaigns, as many a night as are written.

use anyhow::Context;
use chrono::{DateTime, Days, SecondsFormat, Utc};
use outreach::calendar::place_of;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::lead::{self, is_free_mail, registrable_domain};
use outreach::ledger::Ledger;
use outreach::plan::forecast::{self, Outlook};
use outreach::plan::{Itinerary, SenderBook, Settings, StepFact, StepState};
use serde_json::{Value, json};

use super::{open_to_read, print_json, table};
use crate::exit::{Exit, Failure};
use crate::schedule;

/// So many leads are read from the ledger at once.
const CHUNK: u32 = 1_000;

/// The options of `forecast`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// So many more senders like the first
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::usage::count)]
    sender_more: u32,
    /// This daily limit of every sender [default: half more]
    #[arg(long, value_name = "N", value_parser = crate::usage::count)]
    daily_limit: Option<u32>,
    /// So many more leads to write to, like those there are
    #[arg(long, value_name = "N", value_parser = crate::usage::count)]
    leads: Option<u32>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let ledger = open_to_read(config, clock)?;
    let now = clock.now();
    let mut world = World::read(&ledger, config, now)?;
    world.add_leads(args.leads.unwrap_or(0), config, now)?;
    let cases = world.cases(config, args, now);
    let left_out = left_out(&ledger, now)?;
    if args.json {
        print_json(&json!({
            "now": exact(now),
            "campaigns": world.n_open, "leads_to_write": world.n_to_write,
            "nights_to_write": world.nights(config),
            "left_out": left_out.iter().map(|(state, n)| json!({ "state": state, "campaigns": n }))
                .collect::<Vec<_>>(),
            "cases": cases.iter().map(Case::to_json).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Done);
    }
    say!("{}", world.in_words(config));
    let (header, rows) = (
        [
            "",
            "last mail leaves",
            "fullest day",
            "full days",
            "new leads a day",
        ],
        cases.iter().map(Case::row).collect(),
    );
    say!("{}", table(&header, rows));
    let now_case = cases.first().map(|case| &case.outlook);
    if let Some(outlook) = now_case.filter(|outlook| outlook.n_skipped > 0) {
        say!(
            "{} follow-ups come too late to make sense and are skipped",
            outlook.n_skipped
        );
    }
    if let Some(outlook) = now_case.filter(|outlook| outlook.n_waiting > 0) {
        say!(
            "{} campaigns wait for a sender that sends nothing",
            outlook.n_waiting
        );
    }
    if !left_out.is_empty() {
        let words = left_out.iter().map(|(state, n)| format!("{n} {state}"));
        let words = words.collect::<Vec<_>>().join(", ");
        say!("left out, because nobody knows when they go on: {words}");
    }
    say!("new leads a day: as many as leave every follow-up on its day, from Monday to Friday");
    Ok(Exit::Done)
}

/// What is planned.
struct World {
    itineraries: Vec<Itinerary>,
    books: Vec<SenderBook>,
    settings: Settings,
    n_open: usize,
    n_to_write: usize,
}

impl World {
    fn read(ledger: &Ledger, config: &Config, now: DateTime<Utc>) -> anyhow::Result<World> {
        let mut itineraries = ledger.itineraries(None, None)?;
        let books = schedule::books(ledger, config, &itineraries, now)?;
        let n_open = itineraries.len();
        let mut after = 0;
        loop {
            let leads = ledger.leads_to_write(CHUNK, after, None)?;
            let Some(last) = leads.last() else { break };
            after = last.id;
            for lead in &leads {
                // Whoever does not pass the check gets no campaign.
                let Ok(lead) = lead::content_check(&lead.raw) else {
                    continue;
                };
                let place = place_of(&lead, &config.default_zone, &config.holiday_country);
                let domain = lead.email.domain();
                let company = registrable_domain(domain).filter(|_| !is_free_mail(domain));
                let starts_from = night(config, itineraries.len() - n_open, now);
                itineraries.push(Itinerary {
                    campaign: nobody(itineraries.len()),
                    zone: place.zone,
                    country: place.country,
                    company,
                    ..new_campaign(config, starts_from)
                });
            }
        }
        Ok(World {
            n_to_write: itineraries.len() - n_open,
            itineraries,
            books,
            settings: config.hours(),
            n_open,
        })
    }

    /// Adds leads like those there are; where there are none, they live where the defaults say.
    fn add_leads(&mut self, n: u32, config: &Config, now: DateTime<Utc>) -> anyhow::Result<()> {
        let n = usize::try_from(n).context("too many leads")?;
        let n_known = self.itineraries.len();
        for turn in 0..n {
            let starts_from = night(config, self.n_to_write, now);
            let place = new_campaign(config, starts_from);
            let like = turn
                .checked_rem(n_known)
                .and_then(|at| self.itineraries.get(at));
            let like = like.unwrap_or(&place);
            self.itineraries.push(Itinerary {
                campaign: nobody(self.itineraries.len()),
                zone: like.zone.clone(),
                country: like.country.clone(),
                ..new_campaign(config, starts_from)
            });
            self.n_to_write += 1;
        }
        Ok(())
    }

    fn nights(&self, config: &Config) -> usize {
        self.n_to_write.div_ceil(batch(config))
    }

    fn in_words(&self, config: &Config) -> String {
        let nights = match self.nights(config) {
            0 => String::new(),
            1 => " (in 1 night)".to_string(),
            n => format!(
                " (in {n} nights, MAX_CAMPAIGNS_PER_BATCH={})",
                batch(config)
            ),
        };
        let (open, to_write) = (self.n_open, self.n_to_write);
        format!("{open} campaigns under way, {to_write} leads to write to{nights}")
    }

    /// The world as it is, and each change of it alone.
    fn cases(&self, config: &Config, args: &Args, now: DateTime<Utc>) -> Vec<Case> {
        let samples = match self.itineraries.as_slice() {
            [] => vec![new_campaign(config, now)],
            some => some.to_vec(),
        };
        let case = |name: String, books: &[SenderBook]| Case {
            name,
            outlook: forecast::outlook(&self.itineraries, books, &self.settings, now),
            new_leads_a_day: forecast::new_leads_a_day(&samples, books, &self.settings, now),
        };
        let mut cases = vec![case("as it is".to_string(), &self.books)];
        if let Some(first) = self.books.first() {
            let mut books = self.books.clone();
            for number in 1..=args.sender_more {
                books.push(SenderBook {
                    address: format!("{number}.{}", first.address),
                    promised: Vec::new(),
                    first_sent_at: None,
                    is_stopped: false,
                    ..first.clone()
                });
            }
            let name = match args.sender_more {
                1 => format!("one more sender like {}", first.address),
                n => format!("{n} more senders like {}", first.address),
            };
            cases.push(case(name, &books));
            let mut books = self.books.clone();
            for book in &mut books {
                let half_more = book
                    .limits
                    .daily
                    .saturating_add(book.limits.daily.div_ceil(2));
                book.limits.daily = args.daily_limit.unwrap_or(half_more);
            }
            let limits = books.iter().map(|book| book.limits.daily.to_string());
            let mut limits: Vec<String> = limits.collect();
            limits.dedup();
            cases.push(case(format!("daily limit {}", limits.join(", ")), &books));
        }
        cases
    }
}

/// What one world comes to.
struct Case {
    name: String,
    outlook: Outlook,
    new_leads_a_day: u32,
}

impl Case {
    fn row(&self) -> Vec<String> {
        let last = self
            .outlook
            .last_at
            .map(|at| at.format("%a %Y-%m-%d").to_string());
        let fullest = self.outlook.fullest.map(|full| {
            let day = full.day.format("%a %Y-%m-%d");
            format!("{day}: {} of {}", full.messages, full.allowed)
        });
        vec![
            self.name.clone(),
            last.unwrap_or_else(|| "nothing to send".to_string()),
            fullest.unwrap_or_default(),
            self.outlook.n_full_days.to_string(),
            self.new_leads_a_day.to_string(),
        ]
    }

    fn to_json(&self) -> Value {
        let outlook = &self.outlook;
        json!({
            "case": self.name,
            "last_at": outlook.last_at.map(exact),
            "fullest": outlook.fullest.map(|full| json!({
                "day": full.day, "messages": full.messages, "allowed": full.allowed,
            })),
            "full_days": outlook.n_full_days,
            "by_day": outlook.by_day,
            "starts": outlook.n_starts,
            "skipped": outlook.n_skipped,
            "waiting_for_sender": outlook.n_waiting,
            "new_leads_a_day": self.new_leads_a_day,
        })
    }
}

/// A campaign that is still to be written, for a lead of whom nothing is known.
fn new_campaign(config: &Config, starts_from: DateTime<Utc>) -> Itinerary {
    let steps = config.sequence.steps.iter();
    let steps = steps.map(|step| StepFact {
        number: step.number,
        state: StepState::Undated,
    });
    Itinerary {
        campaign: 0,
        steps: steps.collect(),
        sequence: config.sequence.clone(),
        zone: config.default_zone.clone(),
        country: config.holiday_country.clone(),
        company: None,
        sender: None,
        starts_from: Some(starts_from),
    }
}

/// A row id that no campaign has.
fn nobody(number: usize) -> i64 {
    -1 - i64::try_from(number).unwrap_or(i64::MAX - 1)
}

/// When the campaign of the n-th lead is written: so many a night, the first of them now.
fn night(config: &Config, number: usize, now: DateTime<Utc>) -> DateTime<Utc> {
    let nights = Days::new((number / batch(config)) as u64);
    now.checked_add_days(nights).unwrap_or(now)
}

fn batch(config: &Config) -> usize {
    (config.campaigns_per_batch as usize).max(1)
}

/// Campaigns that are not planned, by state.
fn left_out(ledger: &Ledger, now: DateTime<Utc>) -> anyhow::Result<Vec<(String, i64)>> {
    let campaigns = ledger.status(now)?.campaigns.into_iter();
    let is_held = |state: &str| ["draft", "review", "paused"].contains(&state);
    Ok(campaigns.filter(|(state, _)| is_held(state)).collect())
}

fn exact(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
