//! The quality gate as the stages ask it: for the brand that people configured, with its verdict in
//! words. `generate` judges what it wrote, `pull` what people edited.

use std::cell::OnceCell;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use outreach::config::Config;
use outreach::copy::quality::{self, Judgement};
use outreach::copy::{Brand, Draft};
use outreach::lead::Lead;

use crate::exit::Failure;

/// The gate, for a stage that may never need it: the brand is read with the first question.
pub struct QualityGate<'a> {
    config: &'a Config,
    brand: OnceCell<Brand>,
}

impl<'a> QualityGate<'a> {
    /// A gate; reads nothing yet.
    pub fn new(config: &'a Config) -> QualityGate<'a> {
        QualityGate {
            config,
            brand: OnceCell::new(),
        }
    }

    /// Judges the drafts of a campaign, first to last.
    pub fn judge(&self, lead: &Lead, drafts: &[Draft]) -> anyhow::Result<Judgement> {
        let brand = match self.brand.get() {
            Some(brand) => brand,
            None => {
                let brand = read_brand(self.config).map_err(|failure| failure.error)?;
                self.brand.get_or_init(|| brand)
            }
        };
        let steps: Vec<&str> = drafts.iter().map(|draft| draft.step.as_str()).collect();
        let threshold = self.config.quality_threshold;
        Ok(quality::judge_steps(lead, drafts, brand, threshold, &steps))
    }
}

/// Why texts do not pass the gate; none when they do.
pub fn shortcomings(judgement: &Judgement) -> Option<String> {
    if judgement.pass {
        return None;
    }
    let codes: Vec<&str> = judgement.issues.iter().map(|issue| issue.code).collect();
    let codes = codes.join(", ");
    Some(format!("quality {} of 100: {codes}", judgement.score))
}

/// Why a campaign waits once a person edited its texts.
pub fn hold_after_edit(judgement: &Judgement) -> String {
    let verdict = match shortcomings(judgement) {
        Some(why) => why,
        None => format!("quality {} of 100", judgement.score),
    };
    format!("edited by a person; {verdict}")
}

/// The largest text of people's that is read: far more than anybody writes about a brand.
const TEXT_BYTES_MAX: usize = 1_000_000;

/// A text that people keep in a file.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    read_bounded(std::fs::File::open(path)?)
}

/// A text that people send, of bounded length.
pub fn read_bounded(from: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    from.take(TEXT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    anyhow::ensure!(
        bytes.len() <= TEXT_BYTES_MAX,
        "expected at most {TEXT_BYTES_MAX} bytes, found more"
    );
    String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("expected UTF-8 text: {}", error.utf8_error()))
}

/// The brand of BRAND_FILE, or the built-in one.
pub fn read_brand(config: &Config) -> Result<Brand, Failure> {
    let Some(path) = &config.brand_file else {
        return Ok(Brand::builtin(&config.team));
    };
    let text =
        read_text(path).with_context(|| format!("BRAND_FILE: cannot read `{}`", path.display()));
    let brand = text.and_then(|text| {
        Brand::parse(&text, &config.team)
            .with_context(|| format!("BRAND_FILE: `{}`", path.display()))
    });
    brand.map_err(Failure::config)
}
