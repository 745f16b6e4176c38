//! Counting: campaigns come one after another, each with its messages, and every figure of the
//! report grows with them.
//!
//! Invariant: facts that are counted in parts and put together give the report of all of them.

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::facts::{Campaign, Fate, Message, OF_CAMPAIGNS, StepCode};
use super::group::{Answer, Group, Per};
use super::slots::{Slots, Zones};
use super::values::{Code, Values};
use super::wordings::{Part, Ranked, Wordings, rank};
use super::{
    CohortRow, DayRow, Dimension, Filter, FunnelRow, Rate, Report, SAMPLE_MIN, Segment, StateRow,
    StepRow, Tally, WordingRow,
};
use crate::campaign::CampaignState;

/// What has been counted so far.
pub struct Counter {
    filter: Filter,
    states: BTreeMap<String, u64>,
    totals: Group,
    steps: Vec<Step>,
    segments: [Values; OF_CAMPAIGNS.len()],
    cohorts: BTreeMap<(i32, u32), Group>,
    days: BTreeMap<NaiveDate, DayRow>,
    zones: Zones,
    slots: Slots,
    wordings: Vec<Wordings>,
    heard: Numbers,
}

/// The counts of a step.
struct Step {
    number: u32,
    label: String,
    group: Group,
    /// Whether a campaign that counts has it.
    is_met: bool,
}

/// What a person did with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Opened it.
    Open,
    /// Clicked in it.
    Click,
}

/// A report whose wordings have no words yet.
pub struct Counted {
    /// All of it but the findings, and `wording` empty.
    pub report: Report,
    /// For each of its subjects, messages that have it.
    pub subject_examples: Vec<Vec<i64>>,
    /// For each of its openings, messages that have it.
    pub opening_examples: Vec<Vec<i64>>,
}

impl Counter {
    /// Nothing counted. An error names a dimension by which campaigns cannot be chosen.
    pub fn new(filter: &Filter) -> anyhow::Result<Counter> {
        for (dimension, _) in &filter.segments {
            if !OF_CAMPAIGNS.contains(dimension) {
                bail!(
                    "expected a segment of campaigns, found `{}`: it tells messages apart",
                    serde_json::to_string(dimension)?.trim_matches('"')
                );
            }
        }
        let segments = OF_CAMPAIGNS.map(|dimension| {
            let named = filter.segments.iter().filter(|(of, _)| *of == dimension);
            let named: Vec<String> = named.map(|(_, value)| value.clone()).collect();
            Values::of((!named.is_empty()).then_some(named))
        });
        Ok(Counter {
            filter: filter.clone(),
            states: BTreeMap::new(),
            totals: Group::default(),
            steps: Vec::new(),
            segments,
            cohorts: BTreeMap::new(),
            days: BTreeMap::new(),
            zones: Zones::default(),
            slots: Slots::default(),
            wordings: vec![Wordings::default()],
            heard: Numbers::default(),
        })
    }

    /// Makes room for so many messages, so that memory is not taken twice while it grows.
    pub fn reserve(&mut self, messages: usize) {
        if let Some(wordings) = self.wordings.first_mut() {
            wordings.reserve(messages);
        }
    }

    /// The code of a step by its number and label.
    pub fn step(&mut self, number: u32, label: &str) -> StepCode {
        let known = |step: &Step| step.number == number && step.label == label;
        let place = self.steps.iter().position(known).unwrap_or_else(|| {
            self.steps.push(Step {
                number,
                label: label.to_string(),
                group: Group::default(),
                is_met: false,
            });
            self.steps.len() - 1
        });
        StepCode(u16::try_from(place).unwrap_or(u16::MAX))
    }

    /// Counts a campaign with all its messages.
    pub fn add(&mut self, campaign: &Campaign<'_>, messages: &[Message]) {
        let values = campaign.traits.values();
        let mut codes: [Option<Code>; OF_CAMPAIGNS.len()] = Default::default();
        for ((segment, value), code) in self.segments.iter_mut().zip(values).zip(&mut codes) {
            let found = segment.code(value);
            if !found.is_wanted {
                return;
            }
            *code = Some(found);
        }
        let first = messages
            .iter()
            .filter_map(|message| message.fate.sent_at())
            .min();
        let has_period = self.filter.since.is_some() || self.filter.until.is_some();
        let is_in_period = first.is_some_and(|at| self.filter.covers(at.date_naive()));
        if !has_period || is_in_period {
            match self.states.get_mut(campaign.state) {
                Some(n) => *n += 1,
                None => drop(self.states.insert(campaign.state.to_string(), 1)),
            }
        }
        let Some(first) = first.filter(|_| is_in_period) else {
            return;
        };
        let answer = self.answer(campaign, messages);
        let mut all = answer.tally;
        for message in messages {
            all.add(&self.add_message(campaign, message, &answer));
        }
        all.reached = u64::from(messages.iter().any(|message| message.fate.is_delivered()));
        let all = Answer {
            tally: all,
            seconds: answer.seconds,
        };
        self.totals.answered(&all);
        let week = first.date_naive().iso_week();
        let cohort = self.cohorts.entry((week.year(), week.week())).or_default();
        cohort.answered(&all);
        for ((segment, value), code) in self.segments.iter_mut().zip(values).zip(codes) {
            let Some(code) = code else { continue };
            segment.get(code).answered(&all);
            segment.seen(value);
        }
        self.count_answer(campaign, &answer.tally);
    }

    /// How a campaign was answered, and how long that took.
    fn answer(&self, campaign: &Campaign<'_>, messages: &[Message]) -> Answer {
        let tally = Answer::of(campaign.response);
        let credited = messages
            .iter()
            .find(|message| self.is_answered(campaign, message));
        let sent_at = credited.and_then(|message| message.fate.sent_at());
        let taken = sent_at.zip(campaign.response_at);
        let taken = taken.filter(|_| tally.replied > 0).map(|(sent, answered)| {
            u32::try_from((answered - sent).num_seconds().max(0)).unwrap_or(u32::MAX)
        });
        Answer {
            tally,
            seconds: taken,
        }
    }

    /// Whether the campaign's answer is credited to this message: it left, and is of the step that
    /// was answered.
    fn is_answered(&self, campaign: &Campaign<'_>, message: &Message) -> bool {
        let step = self.steps.get(usize::from(message.step.0));
        let label = step.map(|step| step.label.as_str());
        label.is_some() && label == campaign.responding_step && message.fate.sent_at().is_some()
    }

    /// Counts a message wherever messages are counted; the answer is what it counts for by itself.
    fn add_message(
        &mut self,
        campaign: &Campaign<'_>,
        message: &Message,
        answer: &Answer,
    ) -> Tally {
        let own = Tally::of_message(message);
        let credit = match self.is_answered(campaign, message) {
            true => *answer,
            false => Answer::default(),
        };
        if let Some(step) = self.steps.get_mut(usize::from(message.step.0)) {
            step.is_met = true;
            step.group.add(&own);
            step.group.answered(&credit);
        }
        if let Some(wordings) = self.wordings.first_mut() {
            wordings.add(campaign.lead, message, own, &credit);
        }
        let Fate::Sent { at, has_bounced } = message.fate else {
            return own;
        };
        let zone = self.zones.code(campaign.zone);
        let slot = self.zones.slot(zone, at);
        if let Some(slot) = self.slots.get(slot) {
            slot.add(&own);
            slot.answered(&credit);
        }
        let day = self.day(at);
        day.sent += 1;
        day.bounced += u64::from(has_bounced);
        if !has_bounced && (message.opens > 0 || message.clicks > 0) {
            self.heard.insert(message.id);
        }
        own
    }

    fn count_answer(&mut self, campaign: &Campaign<'_>, answer: &Tally) {
        let Some(at) = campaign.response_at else {
            return;
        };
        if answer.replied + answer.opt_outs > 0 {
            let day = self.day(at);
            day.replied += answer.replied;
            day.positive += answer.positive;
            day.opt_outs += answer.opt_outs;
        }
    }

    fn day(&mut self, at: DateTime<Utc>) -> &mut DayRow {
        let day = at.date_naive();
        self.days.entry(day).or_insert_with(|| DayRow {
            day,
            ..DayRow::default()
        })
    }

    /// Counts what people did with a message on a day; only what they did with those that count.
    /// Every campaign must have been added before.
    pub fn heard(&mut self, message: i64, day: NaiveDate, deed: Deed, n: u64) {
        if n == 0 || !self.heard.contains(message) {
            return;
        }
        let row = self.days.entry(day).or_insert_with(|| DayRow {
            day,
            ..DayRow::default()
        });
        let count = match deed {
            Deed::Open => &mut row.opens,
            Deed::Click => &mut row.clicks,
        };
        *count = count.saturating_add(n);
    }

    /// Adds what another counted of other campaigns by the same filter.
    pub fn merge(&mut self, other: Counter) {
        for (state, n) in other.states {
            *self.states.entry(state).or_default() += n;
        }
        self.totals.merge(other.totals);
        let mut codes = Vec::new();
        for step in other.steps {
            let code = self.step(step.number, &step.label);
            codes.push(code.0);
            if let Some(ours) = self.steps.get_mut(usize::from(code.0)) {
                ours.group.merge(step.group);
                ours.is_met |= step.is_met;
            }
        }
        for (ours, theirs) in self.segments.iter_mut().zip(other.segments) {
            ours.merge(theirs);
        }
        for (week, group) in other.cohorts {
            self.cohorts.entry(week).or_default().merge(group);
        }
        for (day, row) in other.days {
            self.days.entry(day).or_default().merge(&row);
        }
        self.slots.merge(other.slots);
        for mut wordings in other.wordings {
            wordings.renumber(&codes);
            self.wordings.push(wordings);
        }
        self.heard.merge(other.heard);
    }

    /// The report of all that was counted.
    pub fn report(mut self, now: DateTime<Utc>, bounce_rate_max: Option<f64>) -> Counted {
        let subjects = rank(&mut self.wordings, Part::Subject);
        let openings = rank(&mut self.wordings, Part::Opening);
        let (subjects, subject_examples) = wording_rows(&self.steps, subjects);
        let (openings, opening_examples) = wording_rows(&self.steps, openings);
        self.steps.sort_by(|one, two| {
            let number = one.number.cmp(&two.number);
            number.then_with(|| one.label.cmp(&two.label))
        });
        self.steps.retain(|step| step.is_met);
        let segments = OF_CAMPAIGNS.into_iter().zip(self.segments);
        let segments = segments.map(|(dimension, values)| (dimension, values.rows()));
        let of_messages = [
            (Dimension::Weekday, self.slots.weekdays()),
            (Dimension::Hour, self.slots.hours()),
        ];
        let segments = segments.chain(of_messages);
        let cohorts = self
            .cohorts
            .into_iter()
            .map(|((year, week), group)| CohortRow {
                week: format!("{year}-W{week:02}"),
                figures: group.figures(Per::Reached),
            });
        let report = Report {
            generated_at: now,
            filter: self.filter,
            sample_min: SAMPLE_MIN,
            states: state_rows(self.states),
            funnel: funnel(&self.steps, &self.totals.tally),
            totals: self.totals.figures(Per::Reached),
            steps: self.steps.into_iter().map(Step::row).collect(),
            segments: segments
                .map(|(dimension, rows)| Segment { dimension, rows })
                .collect(),
            subjects,
            openings,
            cohorts: cohorts.collect(),
            days: self.days.into_values().collect(),
            slots: self.slots.rows(),
            bounce_rate_max,
            findings: Vec::new(),
        };
        Counted {
            report,
            subject_examples,
            opening_examples,
        }
    }
}

impl Filter {
    /// Whether a first mail of this day (UTC) is in the period.
    fn covers(&self, day: NaiveDate) -> bool {
        self.since.is_none_or(|since| since <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl DayRow {
    fn merge(&mut self, other: &DayRow) {
        self.day = other.day;
        self.sent += other.sent;
        self.bounced += other.bounced;
        self.replied += other.replied;
        self.positive += other.positive;
        self.opt_outs += other.opt_outs;
        self.opens = self.opens.saturating_add(other.opens);
        self.clicks = self.clicks.saturating_add(other.clicks);
    }
}

impl Step {
    fn row(self) -> StepRow {
        StepRow {
            step: self.label,
            number: self.number,
            figures: self.group.figures(Per::Delivered),
        }
    }
}

/// In the order of a campaign's life; words that are no state come last.
fn state_rows(mut states: BTreeMap<String, u64>) -> Vec<StateRow> {
    let known = CampaignState::ALL.map(CampaignState::as_str);
    let mut rows: Vec<StateRow> = known
        .iter()
        .filter_map(|state| states.remove_entry(*state))
        .map(|(state, n)| StateRow { state, n })
        .collect();
    rows.extend(states.into_iter().map(|(state, n)| StateRow { state, n }));
    rows
}

fn funnel(steps: &[Step], totals: &Tally) -> Vec<FunnelRow> {
    let first = steps.first().map_or(0, |step| step.group.tally.delivered);
    let row = |stage: &str, n| FunnelRow {
        stage: stage.to_string(),
        n,
        of_first: Rate::new(n, first),
        replies_added: 0,
        share_added: None,
    };
    let steps = steps.iter().map(|step| {
        let replies_added = step.group.tally.replied;
        FunnelRow {
            replies_added,
            share_added: Some(Rate::new(replies_added, totals.replied)),
            ..row(&step.label, step.group.tally.delivered)
        }
    });
    let ends = [
        row("response", totals.replied),
        row("positive", totals.positive),
    ];
    steps.chain(ends).collect()
}

fn wording_rows(steps: &[Step], ranked: Vec<Ranked>) -> (Vec<WordingRow>, Vec<Vec<i64>>) {
    let rows = ranked.into_iter().map(|ranked| {
        let label = steps.get(usize::from(ranked.step));
        let row = WordingRow {
            step: label.map_or(String::new(), |step| step.label.clone()),
            key: ranked.key,
            wording: String::new(),
            figures: ranked.figures,
        };
        (row, ranked.examples)
    });
    rows.unzip()
}

/// A set of numbers of which most neighbours are in it or none are, a bit each.
#[derive(Default)]
struct Numbers(BTreeMap<i64, [u64; Numbers::WORDS]>);

impl Numbers {
    const WORDS: usize = 64;

    /// The block, the word in it, and the bit in that.
    fn place(number: i64) -> (i64, usize, u64) {
        (
            number >> 12,
            (number >> 6 & 63) as usize,
            1 << (number & 63),
        )
    }

    fn insert(&mut self, number: i64) {
        let (block, word, bit) = Numbers::place(number);
        let block = self.0.entry(block).or_insert([0; Numbers::WORDS]);
        if let Some(word) = block.get_mut(word) {
            *word |= bit;
        }
    }

    fn contains(&self, number: i64) -> bool {
        let (block, word, bit) = Numbers::place(number);
        let word = self.0.get(&block).and_then(|block| block.get(word));
        word.is_some_and(|word| word & bit != 0)
    }

    fn merge(&mut self, other: Numbers) {
        for (block, words) in other.0 {
            let ours = self.0.entry(block).or_insert([0; Numbers::WORDS]);
            for (ours, theirs) in ours.iter_mut().zip(words) {
                *ours |= theirs;
            }
        }
    }
}
