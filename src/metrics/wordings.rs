//! Which wordings did best: every message that left is remembered in a few bytes, and put beside
//! those of its wording once all are known.

use std::collections::HashMap;

use super::facts::{Fate, Message};
use super::group::{Answer, Group, Per};
use super::{Figures, Rate, Tally, WORDING_MIN, WORDINGS_MAX};

/// Stands for a wording that is not known; keys are never negative.
const NO_KEY: i64 = -1;

/// So many messages of a wording are named as examples: the texts of some may be gone.
const EXAMPLES_MAX: usize = 20;

/// A message that left, or perhaps did. There are millions: 40 bytes.
#[derive(Clone, Copy)]
struct Use {
    subject: i64,
    opening: i64,
    lead: u32,
    message: u32,
    machine_opens: u32,
    machine_clicks: u32,
    /// See [`BITS`].
    bits: u16,
    step: u16,
}

/// The counts of a message that are 0 or 1, a bit each.
const BITS: [fn(&mut Tally) -> &mut u64; 13] = [
    |tally| &mut tally.sent,
    |tally| &mut tally.delivered,
    |tally| &mut tally.bounced,
    |tally| &mut tally.in_doubt,
    |tally| &mut tally.open_tracked,
    |tally| &mut tally.opened,
    |tally| &mut tally.click_tracked,
    |tally| &mut tally.clicked,
    |tally| &mut tally.replied,
    |tally| &mut tally.positive,
    |tally| &mut tally.negative,
    |tally| &mut tally.opt_outs,
    |tally| &mut tally.complaints,
];

/// What of a message is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Subject,
    Opening,
}

impl Use {
    fn wording(&self, part: Part) -> (u16, i64) {
        match part {
            Part::Subject => (self.step, self.subject),
            Part::Opening => (self.step, self.opening),
        }
    }

    fn add_to(&self, tally: &mut Tally) {
        let mut bits = self.bits;
        while bits != 0 {
            if let Some(field) = BITS.get(bits.trailing_zeros() as usize) {
                *field(tally) += 1;
            }
            bits &= bits - 1;
        }
        tally.machine_opens += u64::from(self.machine_opens);
        tally.machine_clicks += u64::from(self.machine_clicks);
    }
}

/// How long the reply to a message took.
struct Taken {
    subject: (u16, i64),
    opening: (u16, i64),
    seconds: u32,
}

/// The messages of one reading of the facts.
#[derive(Default)]
pub(super) struct Wordings {
    uses: Vec<Use>,
    taken: Vec<Taken>,
}

/// A wording that is ranked.
pub(super) struct Ranked {
    pub step: u16,
    pub key: i64,
    pub figures: Figures,
    /// Messages that have this wording.
    pub examples: Vec<i64>,
}

/// A number of the ledger in four bytes: it counts from 1, and no table has so many rows.
fn short(id: i64) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

fn saturated(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Wordings {
    /// Makes room for so many messages at once: growing piece by piece takes twice the memory.
    pub(super) fn reserve(&mut self, messages: usize) {
        self.uses.reserve_exact(messages);
    }

    /// Remembers a message and the answer credited to it.
    pub(super) fn add(&mut self, lead: i64, message: &Message, mut tally: Tally, answer: &Answer) {
        if message.fate == Fate::Unsent {
            return;
        }
        tally.add(&answer.tally);
        let mut bits = 0;
        for (place, field) in BITS.iter().enumerate() {
            bits |= u16::from(*field(&mut tally) > 0) << place;
        }
        let known = |key: Option<i64>| key.filter(|key| *key >= 0).unwrap_or(NO_KEY);
        let used = Use {
            subject: known(message.subject_key),
            opening: known(message.opening_key),
            lead: short(lead),
            message: short(message.id),
            machine_opens: saturated(tally.machine_opens),
            machine_clicks: saturated(tally.machine_clicks),
            bits,
            step: message.step.0,
        };
        if let Some(seconds) = answer.seconds {
            self.taken.push(Taken {
                subject: used.wording(Part::Subject),
                opening: used.wording(Part::Opening),
                seconds,
            });
        }
        if used.subject != NO_KEY || used.opening != NO_KEY {
            self.uses.push(used);
        }
    }

    /// Numbers the steps as another does.
    pub(super) fn renumber(&mut self, codes: &[u16]) {
        let anew = |code: &mut u16| {
            if let Some(other) = codes.get(usize::from(*code)) {
                *code = *other;
            }
        };
        self.uses.iter_mut().for_each(|used| anew(&mut used.step));
        for taken in &mut self.taken {
            anew(&mut taken.subject.0);
            anew(&mut taken.opening.0);
        }
    }
}

/// The best wordings of several readings. The messages are put in another order.
pub(super) fn rank(readings: &mut [Wordings], part: Part) -> Vec<Ranked> {
    for reading in readings.iter_mut() {
        reading.uses.sort_unstable_by_key(|used| used.wording(part));
    }
    let mut rests: Vec<&[Use]> = readings.iter().map(|reading| &*reading.uses).collect();
    let mut best: Vec<Best> = Vec::new();
    let mut leads = Vec::new();
    while let Some(wording) = rests
        .iter()
        .filter_map(|rest| rest.first())
        .map(|u| u.wording(part))
        .min()
    {
        let mut alike: Vec<&[Use]> = Vec::with_capacity(rests.len());
        for rest in &mut rests {
            let n = rest
                .iter()
                .take_while(|used| used.wording(part) == wording)
                .count();
            let (same, others) = rest.split_at_checked(n).unwrap_or((rest, &[]));
            *rest = others;
            alike.push(same);
        }
        if wording.1 != NO_KEY {
            best.extend(judge(wording, &alike, &mut leads));
        }
        if best.len() >= 16 * WORDINGS_MAX {
            keep_best(&mut best);
        }
    }
    keep_best(&mut best);
    let taken = readings.iter().flat_map(|reading| &reading.taken);
    finish(best, taken, part)
}

/// A wording that may be ranked.
struct Best {
    wording: (u16, i64),
    tally: Tally,
    low: f64,
    examples: Vec<i64>,
}

/// Counts the messages of a wording; none when too few leads have it.
fn judge(wording: (u16, i64), alike: &[&[Use]], leads: &mut Vec<u32>) -> Option<Best> {
    let uses = || alike.iter().copied().flatten();
    let n: usize = alike.iter().map(|uses| uses.len()).sum();
    if (n as u64) < WORDING_MIN {
        return None;
    }
    let mut tally = Tally::default();
    leads.clear();
    for used in uses() {
        let before = tally.delivered;
        used.add_to(&mut tally);
        if tally.delivered > before {
            leads.push(used.lead);
        }
    }
    leads.sort_unstable();
    leads.dedup();
    if (leads.len() as u64) < WORDING_MIN {
        return None;
    }
    let mut examples: Vec<i64> = uses().map(|used| used.message.into()).collect();
    examples.sort_unstable();
    examples.truncate(EXAMPLES_MAX);
    examples.shrink_to_fit();
    let low = Rate::new(tally.positive, tally.delivered).low;
    Some(Best {
        wording,
        tally,
        low,
        examples,
    })
}

fn keep_best(best: &mut Vec<Best>) {
    best.sort_by(|one, two| {
        let order = two.low.total_cmp(&one.low);
        let order = order.then(two.tally.delivered.cmp(&one.tally.delivered));
        order.then((one.wording.1, one.wording.0).cmp(&(two.wording.1, two.wording.0)))
    });
    best.truncate(WORDINGS_MAX);
}

fn finish<'a>(best: Vec<Best>, taken: impl Iterator<Item = &'a Taken>, part: Part) -> Vec<Ranked> {
    let places = best
        .iter()
        .enumerate()
        .map(|(place, best)| (best.wording, place));
    let places: HashMap<(u16, i64), usize> = places.collect();
    let mut seconds = vec![Vec::new(); best.len()];
    for taken in taken {
        let wording = match part {
            Part::Subject => taken.subject,
            Part::Opening => taken.opening,
        };
        let place = places
            .get(&wording)
            .and_then(|place| seconds.get_mut(*place));
        if let Some(seconds) = place {
            seconds.push(taken.seconds);
        }
    }
    let ranked = best.into_iter().zip(seconds).map(|(best, seconds)| {
        let group = Group {
            tally: best.tally,
            seconds,
        };
        Ranked {
            step: best.wording.0,
            key: best.wording.1,
            figures: group.figures(Per::Delivered),
            examples: best.examples,
        }
    });
    ranked.collect()
}
