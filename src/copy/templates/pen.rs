//! One campaign being written.
//!
//! Purpose: draw variants by the lead's seed and fill them, part by part.
//! Invariant: no sentence and no long fact is said twice in a campaign, and a draft that is
//! returned has the length its step asks for.
//! This module compiles nothing; it works on a [`Library`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, ensure};
use minijinja::{State, Value};

use super::file::{Kept, Trade, Variant};
use super::role::Role;
use super::voice::{Register, greeting};
use super::{Library, facts, part_name};
use crate::copy::quality::SUBJECT_CHARS;
use crate::copy::text::{fold, hash, mix, places, word_count};
use crate::copy::{Brand, Draft, word_range};
use crate::lead::Lead;

/// Names that grate when one body says them twice; what says them again is drawn last.
const HEARD: [&str; 4] = ["company", "topic", "strain", "moment"];

/// How deep parts may be made of parts.
const DEPTH_MAX: usize = 6;

/// What the templates know of a lead. It is the same however often they write for it.
pub struct Portrait {
    /// The number of its trade in the library.
    pub(super) trade: usize,
    facts: BTreeMap<&'static str, String>,
    register: Option<Register>,
    role: Option<Role>,
    greeting: &'static str,
    /// What its draws depend on.
    identity: u64,
}

impl Portrait {
    /// The portrait of a lead of a trade.
    pub(super) fn of(trade: usize, lead: &Lead, brand: &Brand) -> Portrait {
        let identity = hash(&format!("{}\n{}", lead.record_id, lead.email.key()));
        Portrait {
            trade,
            facts: facts::of(lead, brand),
            register: Register::parse(&lead.tone),
            role: Role::parse(&lead.job_title),
            greeting: greeting(&lead.tone),
            identity: mix(identity),
        }
    }
}

pub(super) struct Pen<'a> {
    library: &'a Library,
    trade: &'a Trade,
    lead: &'a Portrait,
    seed: u64,
    /// Names of variants used up.
    used: BTreeSet<&'a str>,
    /// Facts used up.
    spent: BTreeSet<&'static str>,
    /// Names said in the body being written that a reader would hear again.
    said: BTreeSet<&'a str>,
    /// The variant that shall be drawn wherever it may, and what it said.
    forced: Option<(&'a str, Option<String>)>,
}

impl<'a> Pen<'a> {
    /// A pen for one lead. `take` begins anew with other draws.
    pub(super) fn new(
        library: &'a Library,
        trade: &'a Trade,
        lead: &'a Portrait,
        take: u64,
    ) -> Pen<'a> {
        Pen {
            library,
            trade,
            lead,
            seed: mix(lead.identity ^ take),
            used: BTreeSet::new(),
            spent: BTreeSet::new(),
            said: BTreeSet::new(),
            forced: None,
        }
    }

    /// The same pen, which draws one variant before all others.
    pub(super) fn forcing(self, variant: &'a str) -> Pen<'a> {
        Pen {
            forced: Some((variant, None)),
            ..self
        }
    }

    /// What the forced variant said, if it was drawn.
    pub(super) fn into_forced(self) -> Option<String> {
        self.forced.and_then(|(_, text)| text)
    }

    /// Writes one step.
    pub(super) fn draft(&mut self, step: &str, brand: &Brand) -> anyhow::Result<Draft> {
        self.said.clear();
        // A long company name leaves room in few of the subjects.
        let fits = |subject: &str| SUBJECT_CHARS.contains(&subject.chars().count());
        let part = format!("{step}_subject");
        let subject = self.part(&part, 0, fits)?;
        let subject = subject.with_context(|| none_left(&part))?;
        self.said.clear();
        let part = format!("{step}_body");
        let text = self.part(&part, 0, |_| true)?;
        let text = text.with_context(|| none_left(&part))?;
        let first_name = self.lead.facts.get("first_name").map_or("", String::as_str);
        let body = format!(
            "{} {first_name},\n\n{text}\n\n{}",
            self.lead.greeting, brand.signature
        );
        let folded = fold(&format!("{subject}\n{text}"));
        let avoided = brand
            .words_to_avoid
            .iter()
            .find(|w| places(&folded, &fold(w)).next().is_some());
        ensure!(
            avoided.is_none(),
            "step `{step}`: words the brand avoids, `{}`",
            avoided.map_or("", |w| w)
        );
        let range = word_range(step);
        // Some count greeting, signature and bullets, some do not; both counts shall be in the
        // range.
        for counted in [word_count(&text), body.split_whitespace().count()] {
            ensure!(
                range.contains(&counted),
                "step `{step}`: a body of {counted} words"
            );
        }
        Ok(Draft {
            step: step.to_string(),
            subject,
            body,
        })
    }

    /// Writes one part: the first variant in the seed's order that can be filled, if one is left.
    fn part(
        &mut self,
        name: &str,
        depth: usize,
        fits: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Option<String>> {
        ensure!(
            depth < DEPTH_MAX,
            "part `{name}`: expected parts at most {DEPTH_MAX} deep"
        );
        let part = part_name(name);
        let library = self.library;
        let variants = library.part(self.trade, part);
        let variants = variants.with_context(|| format!("expected a part `{part}`, found none"))?;
        let draw = mix(self.seed ^ hash(name));
        for variant in self.order(variants, draw) {
            let text = self.fill(variant, draw, depth)?;
            if let Some(text) = text.filter(|text| fits(text)) {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The variants that may be used now, drawn without return. Those kept for the reader's role
    /// come first, those for the lead's tone nearly always; those that say something about this
    /// very lead come forward twice as often.
    fn order(&self, variants: &'a [Variant], draw: u64) -> Vec<&'a Variant> {
        let free = |v: &&Variant| {
            let for_us = match v.kept {
                Kept::Everybody => true,
                Kept::Tone(register) => Some(register) == self.lead.register,
                Kept::Role(role) => Some(role) == self.lead.role,
            };
            for_us
                && !self.used.contains(v.name.as_str())
                && v.facts.iter().all(|fact| self.may_say(fact))
        };
        let rank = |v: &&'a Variant| {
            let first = mix(draw ^ v.hash);
            match v.kept {
                Kept::Tone(_) => first >> 3,
                Kept::Everybody if v.is_own => first.min(mix(first)),
                Kept::Everybody | Kept::Role(_) => first,
            }
        };
        let says_again = |v: &Variant| {
            v.needs
                .iter()
                .any(|need| self.said.contains(heard_as(need)))
        };
        let mut order: Vec<&Variant> = variants.iter().filter(free).collect();
        order.sort_by_cached_key(|v| {
            let is_for_role = matches!(v.kept, Kept::Role(_));
            let is_for_tone = matches!(v.kept, Kept::Tone(_));
            let is_forced = self
                .forced
                .as_ref()
                .is_some_and(|(name, _)| *name == v.name);
            let again = says_again(v) && !is_for_tone;
            (!is_forced, !is_for_role, again, rank(v))
        });
        order
    }

    /// Keeps what the forced variant said, and first of all that it was drawn.
    fn note_forced(&mut self, variant: &Variant, text: &str) {
        if let Some((name, said)) = &mut self.forced
            && *name == variant.name
        {
            *said = Some(text.to_string());
        }
    }

    /// Whether a fact is known and not used up.
    fn may_say(&self, fact: &str) -> bool {
        self.lead.facts.contains_key(fact) && !self.spent.contains(fact)
    }

    /// Fills a variant, or nothing when one of its parts has none left.
    fn fill(
        &mut self,
        variant: &'a Variant,
        draw: u64,
        depth: usize,
    ) -> anyhow::Result<Option<String>> {
        let mut values: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        self.note_forced(variant, "");
        if variant.is_sentence {
            self.used.insert(&variant.name);
        }
        let names = variant.needs.iter().map(|need| heard_as(need));
        self.said.extend(names.filter(|name| HEARD.contains(name)));
        for need in &variant.needs {
            let value = match self.lead.facts.get(need.as_str()) {
                Some(fact) => {
                    ensure!(!fact.trim().is_empty(), "fact `{need}` is empty");
                    fact.clone()
                }
                None => match self.part(need, depth + 1, |_| true)? {
                    Some(text) => text,
                    None => return Ok(None),
                },
            };
            values.insert(Arc::from(need.as_str()), Value::from(value));
        }
        self.spent.extend(
            facts::ONCE
                .iter()
                .filter(|once| variant.needs.iter().any(|n| n == *once)),
        );
        // 48 bits keep the number exact in every number type of the template language.
        values.insert(Arc::from("seed"), Value::from(draw >> 16));
        let template = self
            .library
            .env
            .get_template(variant.in_register(self.lead.register))?;
        let text = template.render(Value::from(values));
        // The error of a release build names neither the variable nor the template.
        let text = text.with_context(|| {
            format!(
                "template `{}` in line {} cannot be filled",
                variant.name, variant.line
            )
        })?;
        self.note_forced(variant, &text);
        Ok(Some(text))
    }
}

fn none_left(name: &str) -> String {
    format!(
        "part `{}`: no variant is left for this lead",
        part_name(name)
    )
}

/// What a reader hears in a name: the company in its possessive, too.
fn heard_as(need: &str) -> &str {
    match need {
        "company_s" => "company",
        _ => need,
    }
}

/// The template function behind `{one|other}`: which of `count` alternatives this place takes.
pub(super) fn pick(state: &State<'_, '_>, place: u64, count: u64) -> u64 {
    let seed = state
        .lookup("seed")
        .and_then(|seed| u64::try_from(seed).ok())
        .unwrap_or(0);
    mix(seed ^ place).checked_rem(count).unwrap_or(0)
}
