//! The built-in writer: campaigns from template files, without any account.
//!
//! Purpose: for each step a subject and a body out of variants chosen by a stable hash of the lead,
//! filled with the lead's own facts.
//! Invariant: a variant is used only if every fact it names is known, and a sentence at most once
//! in a campaign; the same lead always gets the same texts. A missing variable is an error, never a
//! blank.
//! This module does not judge its texts, nor knows where template files lie.
//!
//! # Template files
//!
//! One TOML file a trade, `general.toml` for everybody else and for what a trade leaves out:
//!
//! ```toml
//! keywords = ["freight", "cold chain"]     # at most three words each; decide who is in the trade
//!
//! [parts.topic]
//! any = ["cold-chain reliability"]
//!
//! [parts.hook_subject]
//! any = ["{{ topic|up }}: where does {{ company }} {stand|lead}?"]
//! formal = ["{{ company }} and {{ topic }}"]
//! ```
//!
//! A step `x` is made of the parts `x_subject` and `x_body`; greeting and signature are added. A
//! part is a list of variants: `any` for every lead, `warm`, `formal` and `bold` besides for the
//! tones Friendly and Casual, Formal and Professional, Bold, and one for each role a job title may
//! tell: `direction`, `founder`, `marketing`, `operations`, `sales`, `finance`, `technology`,
//! `product`, `growth`, `people`. A variant is a minijinja template in which
//! `{one|other}` are alternatives, a fact (`{{ company }}`, see `facts.rs`) stands for itself, and
//! any other name for a part; `{{ point_1 }}` and `{{ point_2 }}` are two draws from the part
//! `point`. The filter `up` raises the first letter. A trade's part replaces the general one of the
//! same name.

mod check;
mod facts;
mod file;
mod pen;
mod role;
mod spin;
mod trade;
mod voice;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail, ensure};
use include_dir::{Dir, include_dir};
use minijinja::{Environment, UndefinedBehavior};

pub use self::check::Finding;
use self::file::{Trade, Variant};
use self::pen::Pen;
pub use self::pen::Portrait;
use self::trade::Detector;
use super::{Brand, Draft};
use crate::lead::Lead;

static TEXTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/copy/templates/texts");

/// The file that serves everybody no other file serves.
const GENERAL: &str = "general";

/// Instructions one variant may cost; a template file must not be able to hang the program.
const FUEL: u64 = 20_000;

/// How many times the writer begins anew before it gives up on the lengths asked for.
const TAKES_MAX: u64 = 24;

/// All templates, compiled. Building it is slow (milliseconds), writing with it is not: keep one.
pub struct Library {
    env: Environment<'static>,
    /// By name of the file, `general` among them.
    trades: Vec<Trade>,
    general: usize,
    detector: Detector,
    /// The trades whose files are not, or not only, the embedded ones.
    own: BTreeSet<String>,
}

/// What the built-in writer wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One draft a step, in the order asked for.
    pub drafts: Vec<Draft>,
    /// The trade and take the texts came from, `logistics/0`, or `logistics/1.0` when they were
    /// written anew for the first time; kept with the campaign.
    pub template: String,
}

impl Library {
    /// The embedded templates.
    pub fn builtin() -> anyhow::Result<Library> {
        Library::parse(std::iter::empty())
    }

    /// The embedded templates with further files over them: `name.toml` replaces the embedded file
    /// of that name or adds a trade. Errors name the file, the part and the variant.
    pub fn parse(files: impl Iterator<Item = (String, String)>) -> anyhow::Result<Library> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for file in TEXTS.files() {
            let name = file.path().file_stem().and_then(|stem| stem.to_str());
            let text = file.contents_utf8();
            texts.extend(
                name.zip(text)
                    .map(|(name, text)| (name.to_string(), text.to_string())),
            );
        }
        let mut own = BTreeSet::new();
        for (name, text) in files {
            let stem = name.strip_suffix(".toml").with_context(|| {
                format!("expected template files named `<trade>.toml`, found `{name}`")
            })?;
            own.insert(stem.to_string());
            texts.insert(stem.to_string(), text);
        }
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env.set_fuel(Some(FUEL));
        env.add_filter("up", |text: String| super::text::sentence_case(&text));
        // A topic after an adjective stands without its article: `the booking path`, but `strong
        // booking path`.
        env.add_filter("bare", |text: String| {
            text.strip_prefix("the ")
                .map(str::to_string)
                .unwrap_or(text)
        });
        env.add_function("pick", pen::pick);
        let mut trades = Vec::new();
        for (name, text) in &texts {
            let trade = file::load(&mut env, name, text)
                .with_context(|| format!("template `{name}.toml`"))?;
            trades.push(trade);
        }
        let general = trades.iter().position(|trade| trade.name == GENERAL);
        let general = general.context("expected a template `general.toml`, found none")?;
        let detector = Detector::new(trades.iter().map(|trade| trade.keywords.as_slice()));
        let library = Library {
            env,
            trades,
            general,
            detector,
            own,
        };
        library.lint()?;
        Ok(library)
    }

    /// Writes the steps of a campaign for a lead.
    pub fn write(&self, lead: &Lead, brand: &Brand, steps: &[&str]) -> anyhow::Result<Written> {
        self.write_anew(&self.portray(lead, brand), brand, steps, 0, &[])
    }

    /// What the templates know of a lead, worth keeping while it may be written for once more.
    pub fn portray(&self, lead: &Lead, brand: &Brand) -> Portrait {
        let trade = self.detector.detect(lead).unwrap_or(self.general);
        Portrait::of(trade, lead, brand)
    }

    /// Writes for a lead once more, the `rewrites`-th time: other draws, and no body that was
    /// `refused` before. A subject may come again where the lead's facts leave few to choose from.
    pub fn write_anew(
        &self,
        lead: &Portrait,
        brand: &Brand,
        steps: &[&str],
        rewrites: u32,
        refused: &[Draft],
    ) -> anyhow::Result<Written> {
        let trade = self
            .trades
            .get(lead.trade)
            .context("a trade without a file was detected")?;
        let mut last = None;
        let mut with_old_subject = None;
        for take in 0..TAKES_MAX {
            let draws = (u64::from(rewrites) << 32) | take;
            let mut pen = Pen::new(self, trade, lead, draws);
            let drafts: anyhow::Result<Vec<Draft>> =
                steps.iter().map(|step| pen.draft(step, brand)).collect();
            let drafts = match drafts {
                Ok(drafts) => drafts,
                // A text that cannot be filled is wrong for the next lead, too.
                Err(error) if error.is::<minijinja::Error>() => return Err(error),
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            if repeats(&drafts, refused, |draft| &draft.body) {
                last = Some(anyhow::anyhow!("a text comes again that was refused"));
                continue;
            }
            let template = match rewrites {
                0 => format!("{}/{take}", trade.name),
                _ => format!("{}/{rewrites}.{take}", trade.name),
            };
            let written = Written { drafts, template };
            if !repeats(&written.drafts, refused, |draft| &draft.subject) {
                return Ok(written);
            }
            with_old_subject.get_or_insert(written);
        }
        if let Some(written) = with_old_subject {
            return Ok(written);
        }
        let last = last.unwrap_or_else(|| anyhow::anyhow!("no steps were asked for"));
        Err(last.context(format!("no text of template `{}` fits", trade.name)))
    }

    /// The name of the template file a lead's texts come from.
    pub fn trade_of(&self, lead: &Lead) -> &str {
        let trade = self.detector.detect(lead).unwrap_or(self.general);
        self.trades.get(trade).map_or(GENERAL, |trade| &trade.name)
    }

    /// The variants of a part for a trade, the general ones if the trade has none.
    fn part<'a>(&'a self, trade: &'a Trade, name: &str) -> Option<&'a [Variant]> {
        let general = || {
            self.trades
                .get(self.general)
                .and_then(|trade| trade.parts.get(name))
        };
        trade.parts.get(name).or_else(general).map(Vec::as_slice)
    }

    /// Every name stands for a fact or a part, and no part is made of itself: tested when the files
    /// are read, so that a slip in one variant does not wait for the one lead that meets it.
    fn lint(&self) -> anyhow::Result<()> {
        for trade in &self.trades {
            for part in trade.parts.keys() {
                self.lint_part(trade, part, &mut Vec::new())
                    .with_context(|| format!("template `{}.toml`", trade.name))?;
            }
        }
        Ok(())
    }

    /// The line of the variant in a part that names another part; 0 when there is none.
    fn line_of(&self, trade: &Trade, part: &str, named: &str) -> usize {
        let variants = self.part(trade, part).unwrap_or_default();
        let names = |v: &&Variant| v.needs.iter().any(|need| part_name(need) == named);
        variants.iter().find(names).map_or(0, |v| v.line)
    }

    fn lint_part<'a>(
        &'a self,
        trade: &'a Trade,
        part: &'a str,
        path: &mut Vec<&'a str>,
    ) -> anyhow::Result<()> {
        ensure!(
            !path.contains(&part),
            "part `{part}` is made of itself: {}",
            path.join(" > ")
        );
        let Some(variants) = self.part(trade, part) else {
            let user = path.last().copied().unwrap_or("?");
            let line = self.line_of(trade, user, part);
            bail!(
                "line {line}: part `{user}`: `{{{{ {part} }}}}` is neither a fact nor a part; \
                 facts are {}",
                facts::NAMES.join(", ")
            );
        };
        path.push(part);
        let needs: BTreeSet<&str> = variants
            .iter()
            .flat_map(|variant| &variant.needs)
            .map(|need| part_name(need))
            .collect();
        for need in needs {
            if !facts::NAMES.contains(&need) {
                self.lint_part(trade, need, path)?;
            }
        }
        path.pop();
        Ok(())
    }
}

/// Whether any step says what it said in the drafts before.
fn repeats(drafts: &[Draft], before: &[Draft], text: impl Fn(&Draft) -> &String) -> bool {
    drafts.iter().any(|draft| {
        let old = before.iter().find(|old| old.step == draft.step);
        old.is_some_and(|old| text(old) == text(draft))
    })
}

/// The part a name draws from: `point` for `point_2`.
fn part_name(need: &str) -> &str {
    match need.rsplit_once('_') {
        Some((part, number)) if number.bytes().all(|b| b.is_ascii_digit()) => part,
        _ => need,
    }
}

#[cfg(test)]
mod tests;
