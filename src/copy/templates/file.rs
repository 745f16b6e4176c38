//! One template file: from its text to compiled variants.
//!
//! Purpose: read a trade's TOML file; every error names the line, the part and the variant.
//! Invariant: a file that was read has texts that compile; no list in it is empty where a text is
//! asked for.
//! This module does not know what the names in a text stand for.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use minijinja::Environment;
use serde::Deserialize;
use toml::Spanned;

use super::role::Role;
use super::voice::{self, Register};
use super::{GENERAL, facts, spin};
use crate::copy::text::hash;

/// One template file.
pub(super) struct Trade {
    pub(super) name: String,
    pub(super) keywords: Vec<String>,
    pub(super) parts: BTreeMap<String, Vec<Variant>>,
}

/// One text of a part.
pub(super) struct Variant {
    /// Its name in the environment: `logistics/insight/any/3`.
    pub(super) name: String,
    /// The hash of its name, by which it is drawn.
    pub(super) hash: u64,
    /// The line it begins in, for people.
    pub(super) line: usize,
    /// Who it is kept for.
    pub(super) kept: Kept,
    /// The facts and parts it names.
    pub(super) needs: Vec<String>,
    /// Those of them that are facts.
    pub(super) facts: Vec<String>,
    /// Whether one of the facts says something about the very lead.
    pub(super) is_own: bool,
    /// Short phrases may be used again within a campaign, sentences not.
    pub(super) is_sentence: bool,
    /// Its name in spoken language, if that differs, see [`Variant::in_register`].
    spoken: Option<String>,
}

/// Which leads a variant is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Everybody,
    Tone(Register),
    Role(Role),
}

impl Variant {
    /// The name of the template as it is said in a register.
    pub(super) fn in_register(&self, register: Option<Register>) -> &str {
        match &self.spoken {
            Some(spoken) if register == Some(Register::Warm) => spoken,
            _ => &self.name,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    keywords: Vec<String>,
    parts: BTreeMap<String, Spanned<FilePart>>,
}

/// The lists of a part: for everybody, then by tone, then by role.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FilePart {
    any: Vec<Spanned<String>>,
    warm: Vec<Spanned<String>>,
    formal: Vec<Spanned<String>>,
    bold: Vec<Spanned<String>>,
    direction: Vec<Spanned<String>>,
    founder: Vec<Spanned<String>>,
    marketing: Vec<Spanned<String>>,
    operations: Vec<Spanned<String>>,
    sales: Vec<Spanned<String>>,
    finance: Vec<Spanned<String>>,
    technology: Vec<Spanned<String>>,
    product: Vec<Spanned<String>>,
    growth: Vec<Spanned<String>>,
    people: Vec<Spanned<String>>,
}

impl FilePart {
    fn lists(&self) -> [(&'static str, Kept, &[Spanned<String>]); 14] {
        [
            ("any", Kept::Everybody, &self.any),
            ("warm", Kept::Tone(Register::Warm), &self.warm),
            ("formal", Kept::Tone(Register::Formal), &self.formal),
            ("bold", Kept::Tone(Register::Bold), &self.bold),
            ("direction", Kept::Role(Role::Direction), &self.direction),
            ("founder", Kept::Role(Role::Founder), &self.founder),
            ("marketing", Kept::Role(Role::Marketing), &self.marketing),
            ("operations", Kept::Role(Role::Operations), &self.operations),
            ("sales", Kept::Role(Role::Sales), &self.sales),
            ("finance", Kept::Role(Role::Finance), &self.finance),
            ("technology", Kept::Role(Role::Technology), &self.technology),
            ("product", Kept::Role(Role::Product), &self.product),
            ("growth", Kept::Role(Role::Growth), &self.growth),
            ("people", Kept::Role(Role::People), &self.people),
        ]
    }
}

/// Compiles one file.
pub(super) fn load(
    env: &mut Environment<'static>,
    name: &str,
    text: &str,
) -> anyhow::Result<Trade> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        anyhow::anyhow!("line {line}: {}", error.message().replace('\n', " "))
    })?;
    ensure!(
        name == GENERAL || !file.keywords.is_empty(),
        "line 1: expected `keywords` that tell who is in the trade, found none"
    );
    let mut parts = BTreeMap::new();
    for (part, lists) in file.parts {
        ensure!(
            !lists.get_ref().any.is_empty(),
            "line {}: part `{part}`: expected at least one variant in `any`, found none",
            line_of(text, lists.span().start)
        );
        let mut variants = Vec::new();
        for (label, kept, list) in lists.get_ref().lists() {
            for (source, number) in list.iter().zip(1..) {
                let line = line_of(text, source.span().start);
                let name = format!("{name}/{part}/{label}/{number}");
                let variant =
                    compile(env, name, kept, line, source.get_ref()).with_context(|| {
                        format!("line {line}: part `{part}`, `{label}` number {number}")
                    })?;
                variants.push(variant);
            }
        }
        parts.insert(part, variants);
    }
    Ok(Trade {
        name: name.to_string(),
        keywords: file.keywords,
        parts,
    })
}

/// Compiles one variant.
fn compile(
    env: &mut Environment<'static>,
    name: String,
    kept: Kept,
    line: usize,
    text: &str,
) -> anyhow::Result<Variant> {
    let text = text.trim();
    ensure!(!text.is_empty(), "expected a text, found nothing");
    env.add_template_owned(name.clone(), spin::compile(&name, text)?)?;
    let spoken = voice::spoken(text);
    let spoken = if spoken == text {
        None
    } else {
        // The places of choice are numbered by the same name, so both take the same alternatives.
        let source = spin::compile(&name, &spoken)?;
        let spoken = format!("{name}/spoken");
        env.add_template_owned(spoken.clone(), source)?;
        Some(spoken)
    };
    let template = env.get_template(&name)?;
    let mut needs: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    needs.retain(|need| need != "pick");
    // Order decides which draw comes first, so it must not depend on the hasher.
    needs.sort();
    let is_fact = |need: &&String| facts::NAMES.contains(&need.as_str());
    Ok(Variant {
        hash: hash(&name),
        facts: needs.iter().filter(is_fact).cloned().collect(),
        is_own: needs.iter().any(|need| facts::is_own(need)),
        name,
        line,
        kept,
        needs,
        is_sentence: text.split_whitespace().count() > 3,
        spoken,
    })
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
