//! The sender's voice: what we do, how we sound, what we may claim and link to.
//!
//! Purpose: read the brand file (Markdown) into lists that the prompt quotes and the gate enforces.
//! Invariant: a brand always has a sender and a signature, so a text can always be signed.
//! This module does not know where the file lies, nor judges a text.

use anyhow::{Context, ensure};

use super::text::{fold, words};

/// The brand used when no file is configured, in the format of a brand file.
const BUILTIN: &str = include_str!("brand.md");

/// A statement with figures that may be made to certain trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Lower-case words of which one must occur in the lead's data; empty: anybody may hear it.
    pub trades: Vec<String>,
    /// The claim as it may be made.
    pub text: String,
}

/// The voice of the sender. Lists keep the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The name of the sending team (`FROM_NAME`).
    pub sender: String,
    /// `## What we do`, one paragraph.
    pub what_we_do: String,
    /// `## Tone`, one rule an entry.
    pub tone: Vec<String>,
    /// `## Words to use`.
    pub words_to_use: Vec<String>,
    /// `## Words to avoid`: the gate refuses them.
    pub words_to_avoid: Vec<String>,
    /// `## Allowed claims`: `- claim` for everybody, `- (trade, trade) claim` for some.
    pub claims: Vec<Claim>,
    /// `## Allowed links`: hosts (`4runr.example`, its subdomains included) or addresses whose
    /// beginning is allowed (`https://4runr.example/talks`).
    pub links: Vec<String>,
    /// `## Signature`: the last line of each mail; `{sender}` stands for the sender's name.
    pub signature: String,
}

impl Brand {
    /// The default brand.
    pub fn builtin(sender_name: &str) -> Brand {
        // The embedded file is covered by a test, so the fallback is never taken.
        Brand::parse(BUILTIN, sender_name).unwrap_or_else(|_| Brand::unsaid(sender_name))
    }

    /// Reads a brand file. Every section is optional but `What we do`, without which neither a
    /// model nor a reader would know who is writing; a heading we do not know is an error, since a
    /// misspelt
    /// `Words to avoid` would otherwise silently allow them.
    pub fn parse(markdown: &str, sender_name: &str) -> anyhow::Result<Brand> {
        let mut brand = Brand::unsaid(sender_name);
        let markdown = markdown
            .trim_start_matches('\u{feff}')
            .replace("\r\n", "\n");
        let mut section = None;
        for (line, number) in markdown.lines().zip(1..) {
            if let Some(heading) = line.strip_prefix("## ") {
                section = Some(Section::parse(heading).with_context(|| format!("line {number}"))?);
            } else if let Some(section) = section {
                brand
                    .take(section, line.trim())
                    .with_context(|| format!("line {number}"))?;
            }
        }
        ensure!(
            !brand.what_we_do.is_empty(),
            "expected a section `## What we do` with a paragraph, found none"
        );
        Ok(brand)
    }

    /// A brand that says nothing yet.
    fn unsaid(sender_name: &str) -> Brand {
        Brand {
            sender: sender_name.to_string(),
            what_we_do: String::new(),
            tone: Vec::new(),
            words_to_use: Vec::new(),
            words_to_avoid: Vec::new(),
            claims: Vec::new(),
            links: Vec::new(),
            signature: format!("— {sender_name}"),
        }
    }

    /// Takes one line of a section. In list sections only bullets count, so that a file may explain
    /// itself in plain lines.
    fn take(&mut self, section: Section, line: &str) -> anyhow::Result<()> {
        let bullet = line.strip_prefix("- ").map(|item| item.trim().to_string());
        match section {
            Section::WhatWeDo if !line.is_empty() => {
                if !self.what_we_do.is_empty() {
                    self.what_we_do.push(' ');
                }
                self.what_we_do.push_str(bullet.as_deref().unwrap_or(line));
            }
            Section::Signature if !line.is_empty() => {
                self.signature = line.replace("{sender}", &self.sender);
            }
            Section::Tone => self.tone.extend(bullet),
            Section::WordsToUse => self.words_to_use.extend(bullet),
            Section::WordsToAvoid => self.words_to_avoid.extend(bullet),
            Section::Links => self.links.extend(bullet),
            Section::Claims => {
                if let Some(bullet) = bullet {
                    self.claims.push(Claim::parse(&bullet)?);
                }
            }
            Section::WhatWeDo | Section::Signature => {}
        }
        Ok(())
    }
}

impl Claim {
    /// Reads `(trade, trade) claim` or `claim`.
    fn parse(bullet: &str) -> anyhow::Result<Claim> {
        let Some(rest) = bullet.strip_prefix('(') else {
            return Ok(Claim {
                trades: Vec::new(),
                text: bullet.to_string(),
            });
        };
        let (trades, text) = rest.split_once(')').with_context(|| {
            format!("expected a claim as `(trade, trade) text`, found `{bullet}` without `)`")
        })?;
        let trades: Vec<String> = trades
            .split(',')
            .map(|t| fold(t.trim()))
            .filter(|t| !t.is_empty())
            .collect();
        ensure!(
            !trades.is_empty() && !text.trim().is_empty(),
            "expected a claim as `(trade, trade) text`, found `{bullet}`"
        );
        Ok(Claim {
            trades,
            text: text.trim().to_string(),
        })
    }

    /// Whether the claim may be made to a lead whose folded data is given.
    pub(super) fn is_for(&self, lead_data: &str) -> bool {
        self.trades.is_empty() || words(lead_data).any(|word| self.trades.iter().any(|t| t == word))
    }
}

/// The sections of a brand file.
#[derive(Clone, Copy)]
enum Section {
    WhatWeDo,
    Tone,
    WordsToUse,
    WordsToAvoid,
    Claims,
    Links,
    Signature,
}

impl Section {
    fn parse(heading: &str) -> anyhow::Result<Section> {
        match fold(heading.trim()).as_str() {
            "what we do" => Ok(Section::WhatWeDo),
            "tone" => Ok(Section::Tone),
            "words to use" => Ok(Section::WordsToUse),
            "words to avoid" => Ok(Section::WordsToAvoid),
            "allowed claims" => Ok(Section::Claims),
            "allowed links" => Ok(Section::Links),
            "signature" => Ok(Section::Signature),
            _ => anyhow::bail!(
                "expected one of `What we do`, `Tone`, `Words to use`, `Words to avoid`, \
                 `Allowed claims`, `Allowed links`, `Signature`, found `## {heading}`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_brand_says_everything_and_signs_with_the_sender() {
        let brand = Brand::builtin("4Runr Team");
        assert_eq!(brand.signature, "— 4Runr Team");
        assert!(brand.what_we_do.starts_with("We help companies"));
        assert_eq!(brand.tone.len(), 4);
        assert!(brand.words_to_avoid.contains(&"synergy".to_string()));
        assert!(brand.links.is_empty());
        assert_eq!(brand.claims.len(), 1);
        assert_eq!(brand.claims[0].text, "Cuts booking flow friction by 25–40%");
    }

    #[test]
    fn a_claim_is_only_for_its_trades() {
        let claim = &Brand::builtin("X").claims[0];
        assert!(claim.is_for("travel hotel search for boutique stays"));
        assert!(!claim.is_for("maker of hydraulic presses, travelling cranes"));
        assert!(
            Claim {
                trades: Vec::new(),
                text: String::new()
            }
            .is_for("")
        );
    }

    #[track_caller]
    fn check_error(markdown: &str, expected: &str) {
        let error = format!("{:#}", Brand::parse(markdown, "X").expect_err(markdown));
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_file_that_would_silently_allow_something_is_refused() {
        check_error("", "`## What we do`");
        check_error("## What we do\n\n## Tone\n- x", "`## What we do`");
        check_error("## What we do\nX\n## Words to aviod\n- cheap", "line 3");
        check_error(
            "## What we do\nX\n## Allowed claims\n- (travel 25%",
            "without `)`",
        );
        check_error(
            "## What we do\nX\n## Allowed claims\n- () 25%",
            "found `() 25%`",
        );
    }

    #[test]
    fn windows_lines_a_byte_order_mark_and_notes_are_understood() {
        let text = "\u{feff}# Ours\r\n## What we do\r\nWe build.\r\nWe mend.\r\n\
                    ## Allowed links\r\nOnly these:\r\n- ours.example\r\n\
                    ## Signature\r\nYours, {sender}\r\n";
        let brand = Brand::parse(text, "Ada & Co").unwrap();
        assert_eq!(brand.what_we_do, "We build. We mend.");
        assert_eq!(brand.links, ["ours.example"]);
        assert_eq!(brand.signature, "Yours, Ada & Co");
    }
}
