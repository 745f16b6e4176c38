//! The ordered steps of a campaign and their delays.

use serde::{Deserialize, Serialize};

/// One step: which mail, and how many days after the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// 1 for the first step.
    pub number: u32,
    /// The label: `hook`, `proof`, `fomo`.
    pub name: String,
    /// Calendar days after the first step really left.
    pub delay_days: u32,
}

/// The steps in order, frozen into a campaign when it is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// At least one; numbers are 1, 2, 3 … and delays never decrease.
    pub steps: Vec<Step>,
    /// Whether due days roll forward to the next business day of the lead's country.
    pub respect_business_days: bool,
}

impl Sequence {
    /// The default sequence with the given delays in days.
    pub fn hook_proof_fomo(delays: [u32; 3], respect_business_days: bool) -> Sequence {
        let steps = ["hook", "proof", "fomo"]
            .into_iter()
            .zip(delays)
            .zip(1..)
            .map(|((name, delay_days), number)| Step {
                number,
                name: name.to_string(),
                delay_days,
            })
            .collect();
        Sequence {
            steps,
            respect_business_days,
        }
    }

    /// The step with this number.
    pub fn step(&self, number: u32) -> Option<&Step> {
        self.steps.iter().find(|step| step.number == number)
    }

    /// The days that must lie between a step and the one before it.
    pub fn distance_days(&self, number: u32) -> u32 {
        let delay = |number| self.step(number).map_or(0, |step| step.delay_days);
        delay(number).saturating_sub(delay(number.saturating_sub(1)))
    }
}
