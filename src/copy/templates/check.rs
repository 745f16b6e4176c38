//! What template files of one's own make of sample leads.
//!
//! Purpose: every variant is put into a campaign of a rich and of a sparse lead, and the gate reads
//! it before a person does.
//! Invariant: a finding names the file, the line and the variant it is about.
//! This module does not know where the files lie; what cannot be read at all is an error of
//! [`Library::parse`].

use super::file::{Kept, Trade, Variant};
use super::pen::Pen;
use super::role::Role;
use super::voice::Register;
use super::{Library, TAKES_MAX};
use crate::copy::quality::{self, Severity};
use crate::copy::text::fold;
use crate::copy::{Brand, Draft};
use crate::lead::{Confidence, EmailAddress, Lead, RecordId};

/// The steps a variant is looked for in.
const STEPS: [&str; 3] = ["hook", "proof", "fomo"];

/// Something in a template file that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, `zoo.toml`.
    pub file: String,
    /// The line the variant begins in, from 1.
    pub line: usize,
    /// The part, the list and the number in it: `farewell/any/2`.
    pub variant: String,
    /// How bad it is; anything above minor keeps campaigns from being sent.
    pub severity: Severity,
    /// What is wrong and how to mend it.
    pub said: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Finding {
            file,
            line,
            variant,
            said,
            ..
        } = self;
        write!(f, "`{file}` line {line}, `{variant}`: {said}")
    }
}

impl Library {
    /// What the gate says about the files that were laid over the embedded ones.
    pub fn check(&self, brand: &Brand) -> anyhow::Result<Vec<Finding>> {
        let own = |trade: &&Trade| self.own.contains(&trade.name);
        let mut findings = Vec::new();
        for trade in self.trades.iter().filter(own) {
            for variant in trade.parts.values().flatten() {
                self.check_variant(trade, variant, brand, &mut findings)?;
            }
        }
        findings.sort_by(|a, b| (&a.file, a.line, &a.said).cmp(&(&b.file, b.line, &b.said)));
        findings.dedup();
        Ok(findings)
    }

    fn check_variant(
        &self,
        trade: &Trade,
        variant: &Variant,
        brand: &Brand,
        findings: &mut Vec<Finding>,
    ) -> anyhow::Result<()> {
        let mut add = |severity, said: String| {
            let name = variant.name.split_once('/').map_or("", |(_, name)| name);
            findings.push(Finding {
                file: format!("{}.toml", trade.name),
                line: variant.line,
                variant: name.to_string(),
                severity,
                said,
            });
        };
        let mut trouble = None;
        let mut is_used = false;
        for lead in samples(variant.kept)? {
            match self.force(trade, variant, &lead, brand) {
                Tried::Written(drafts, text) => {
                    is_used = true;
                    for (severity, said) in judge(&lead, &drafts, brand, &text) {
                        add(severity, said);
                    }
                }
                Tried::Failed(error) => trouble = Some(error),
                Tried::Unused => {}
            }
        }
        // The brand decides whether there is a claim to make.
        if is_used || variant.needs.iter().any(|need| need == "claim") {
            return Ok(());
        }
        match trouble {
            Some(error) => add(Severity::Major, format!("no campaign comes of it: {error}")),
            None => add(
                Severity::Minor,
                "no step uses it; name its part in a body, or remove it".to_string(),
            ),
        }
        Ok(())
    }

    /// Writes campaigns until one has the variant in it.
    fn force(&self, trade: &Trade, variant: &Variant, lead: &Lead, brand: &Brand) -> Tried {
        let lead = self.portray(lead, brand);
        let mut failed = None;
        for take in 0..TAKES_MAX {
            let mut pen = Pen::new(self, trade, &lead, take).forcing(&variant.name);
            let mut drafts = Vec::new();
            let mut error = None;
            for step in STEPS {
                match pen.draft(step, brand) {
                    Ok(draft) => drafts.push(draft),
                    Err(found) => error = error.or(Some(format!("{found:#}"))),
                }
            }
            match (error, pen.into_forced()) {
                (None, Some(text)) => return Tried::Written(drafts, text),
                (Some(error), Some(_)) => failed = Some(error),
                (_, None) => {}
            }
        }
        failed.map_or(Tried::Unused, Tried::Failed)
    }
}

/// What came of a variant and a lead.
enum Tried {
    /// A campaign, and what the variant says in it.
    Written(Vec<Draft>, String),
    /// It was drawn, but no whole campaign came of it.
    Failed(String),
    /// This lead does not get it.
    Unused,
}

/// The issues of the gate that are about the text of the variant.
fn judge(lead: &Lead, drafts: &[Draft], brand: &Brand, text: &str) -> Vec<(Severity, String)> {
    let text = fold(text);
    let judged = quality::judge(lead, drafts, brand, 0);
    let about_it = judged.issues.into_iter().filter(|issue| {
        let words = fold(&issue.words);
        match words.is_empty() {
            true => issue.severity > Severity::Minor,
            false => text.contains(words.as_str()),
        }
    });
    about_it
        .map(|issue| {
            let words = match issue.words.as_str() {
                "" => String::new(),
                words => format!(" `{words}`"),
            };
            (
                issue.severity,
                format!("{}{words}: {}", issue.code, issue.hint),
            )
        })
        .collect()
}

/// Leads that know everything a text may name, each in another form, and one that knows nothing.
fn samples(kept: Kept) -> anyhow::Result<Vec<Lead>> {
    let tone = match kept {
        Kept::Tone(Register::Warm) => "Friendly",
        Kept::Tone(Register::Formal) => "Formal",
        Kept::Tone(Register::Bold) => "Bold",
        Kept::Everybody | Kept::Role(_) => "",
    };
    let title = match kept {
        Kept::Role(Role::Direction) => "Managing Director",
        Kept::Role(Role::Founder) => "Founder",
        Kept::Role(Role::Marketing) => "Head of Marketing",
        Kept::Role(Role::Sales) => "Sales Director",
        Kept::Role(Role::Finance) => "CFO",
        Kept::Role(Role::Technology) => "CTO",
        Kept::Role(Role::Product) => "Head of Product",
        Kept::Role(Role::Growth) => "Head of Growth",
        Kept::Role(Role::People) => "HR Manager",
        Kept::Role(Role::Operations) => "Operations Manager",
        Kept::Everybody | Kept::Tone(_) => "",
    };
    let rich = [
        "Manages rental flats for pension funds.",
        "Chain of bicycle shops with workshops and test tracks.",
        "Irrigation planning for orchards with soil sensors.",
        "We help bakeries bake less for the bin.",
    ];
    let mut leads = Vec::new();
    for (text, number) in rich.into_iter().zip(1..) {
        let mut lead = sample(number, text)?;
        lead.job_title = "Operations Manager".to_string();
        let services = ["Spare parts", "Machine service", "Barista training"];
        lead.services = services.map(String::from).to_vec();
        lead.city = "Leeds".to_string();
        leads.push(lead);
    }
    leads.push(sample(5, "")?);
    for lead in &mut leads {
        lead.tone = tone.to_string();
        if !title.is_empty() {
            lead.job_title = title.to_string();
        }
    }
    Ok(leads)
}

fn sample(number: u32, description: &str) -> anyhow::Result<Lead> {
    Ok(Lead {
        record_id: RecordId::new(format!("sample{number}")),
        email: EmailAddress::parse("ada@halcyon.example")?,
        full_name: "Ada Brandt".to_string(),
        first_name: "Ada".to_string(),
        company: "Halcyon Works Ltd".to_string(),
        company_short: "Halcyon Works".to_string(),
        job_title: String::new(),
        website: String::new(),
        description: description.to_string(),
        services: Vec::new(),
        insights: String::new(),
        tone: String::new(),
        business_type: String::new(),
        industry: String::new(),
        company_size: String::new(),
        country: String::new(),
        city: String::new(),
        timezone: String::new(),
        language: String::new(),
        confidence: Confidence::Real,
        repairs: Vec::new(),
    })
}
