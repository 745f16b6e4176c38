//! The ordered steps of a campaign and their delays.

use serde::{Deserialize, Serialize};

/// One step: which mail, and how many days after the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// 1 for the first step.
    pub number: u32,
    /// The label: `hook`, `proof`, `fomo`.
    pub name: String,
    /// Days after the first step really left, in the sequence's unit.
    pub delay_days: u32,
}

/// Which days the delays of a sequence count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DelayUnit {
    /// All of them. Campaigns stored before there was a choice count so.
    #[default]
    Calendar,
    /// Those on which people work in the lead's country.
    Business,
}

impl DelayUnit {
    /// The unit of this name.
    pub fn parse(word: &str) -> Option<DelayUnit> {
        match word {
            "calendar" => Some(DelayUnit::Calendar),
            "business" => Some(DelayUnit::Business),
            _ => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            DelayUnit::Calendar => "calendar",
            DelayUnit::Business => "business",
        }
    }
}

/// The steps in order, frozen into a campaign when it is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// At least one; numbers are 1, 2, 3 … and delays never decrease.
    pub steps: Vec<Step>,
    /// Whether due days roll forward to the next business day of the lead's country.
    pub respect_business_days: bool,
    /// What the delays count. Without `respect_business_days` every day is like any other, so
    /// that this says nothing.
    #[serde(default)]
    pub delay_unit: DelayUnit,
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
            delay_unit: DelayUnit::Calendar,
        }
    }

    /// The same steps, their delays counted in another unit.
    pub fn counted_in(self, delay_unit: DelayUnit) -> Sequence {
        Sequence { delay_unit, ..self }
    }

    /// Whether delays count business days.
    pub fn counts_business_days(&self) -> bool {
        self.respect_business_days && self.delay_unit == DelayUnit::Business
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_stored_before_there_were_units_counts_calendar_days() {
        let stored = r#"{"steps":[{"number":1,"name":"hook","delay_days":0}],
                         "respect_business_days":true}"#;
        let read: Sequence = serde_json::from_str(stored).unwrap();
        assert_eq!(read.delay_unit, DelayUnit::Calendar);
        let business = read.counted_in(DelayUnit::Business);
        assert!(business.counts_business_days());
        let text = serde_json::to_string(&business).unwrap();
        assert!(text.contains(r#""delay_unit":"business""#), "{text}");
        assert_eq!(serde_json::from_str::<Sequence>(&text).unwrap(), business);
    }

    #[test]
    fn units_go_by_their_names() {
        for unit in [DelayUnit::Calendar, DelayUnit::Business] {
            assert_eq!(DelayUnit::parse(unit.as_str()), Some(unit));
        }
        assert_eq!(DelayUnit::parse("Business days"), None);
    }
}
