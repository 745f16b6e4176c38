//! What a person reads before deciding: the texts, how long they are, and what the gate says of
//! each.

use outreach::copy::quality::Severity;
use outreach::copy::word_count;
use outreach::ledger::{CampaignRow, StoredMessage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::printable;

/// An issue as it was stored with its campaign.
#[derive(Deserialize)]
pub struct Found {
    code: String,
    severity: Severity,
    step: String,
    words: String,
    hint: String,
}

/// The issues stored with a campaign; none when they cannot be read, which harms nobody.
pub fn found(quality_issues: &str) -> Vec<Found> {
    serde_json::from_str(quality_issues).unwrap_or_default()
}

impl Found {
    /// Whether it fails a campaign at any score.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Blocker
    }

    /// Whether it is about what other leads get, which no score tells.
    pub fn is_about_others(&self) -> bool {
        self.code == "too_similar"
    }

    /// The issue in a line, for a person who edits the texts.
    pub fn note(&self) -> String {
        let (code, step) = (&self.code, &self.step);
        let place = match step.is_empty() {
            true => String::new(),
            false => format!(" in {step}"),
        };
        let words = match self.words.is_empty() {
            true => String::new(),
            false => format!(" `{}`", printable(&self.words)),
        };
        format!("{code}{place}{words}: {}", printable(&self.hint)).replace('\n', " ")
    }

    /// The issue in two lines: what is wrong, and what to do about it.
    fn lines(&self) -> String {
        let severity = match self.severity {
            Severity::Blocker => "blocker",
            Severity::Major => "major",
            Severity::Minor => "minor",
        };
        let words = match self.words.is_empty() {
            true => String::new(),
            false => format!(": `{}`", printable(&self.words)),
        };
        format!(
            "  ! {severity} {}{words}\n      {}",
            self.code,
            printable(&self.hint)
        )
    }
}

/// What a message scores by itself: its own issues and those of the whole campaign.
fn score(step: &str, issues: &[Found]) -> u32 {
    let own = issues
        .iter()
        .filter(|found| found.step.is_empty() || found.step == step);
    let cost: u32 = own.map(|found| found.severity.cost()).sum();
    100_u32.saturating_sub(cost)
}

/// Prints the campaign for a person.
pub fn page(campaign: &CampaignRow, messages: &[StoredMessage]) {
    say!(
        "{} · {} · {} <{}>, {} · by {} · score {}",
        campaign.campaign_id,
        campaign.state.label(),
        printable(&campaign.full_name),
        printable(&campaign.email),
        printable(&campaign.company),
        campaign.writer,
        campaign.quality_score
    );
    if let Some(why) = &campaign.hold_reason {
        say!("waits: {}", printable(why));
    }
    let issues = found(&campaign.quality_issues);
    print_issues("", &issues);
    for message in messages {
        let (step, words) = (&message.step, word_count(&message.body));
        let left = match message.sent_at {
            Some(at) => format!(" · left {}", super::super::utc(at)),
            None => String::new(),
        };
        say!("\n── {step} ── {}", printable(&message.subject));
        say!("   {words} words · score {}{left}\n", score(step, &issues));
        say!("{}", printable(&message.body));
        if issues.iter().any(|found| found.step == *step) {
            say!();
            print_issues(step, &issues);
        }
    }
}

/// Prints the issues of a step, or those of the campaign for `""`.
pub fn print_issues(step: &str, issues: &[Found]) {
    for issue in issues.iter().filter(|found| found.step == step) {
        say!("{}", issue.lines());
    }
}

/// The campaign for a program.
pub fn document(campaign: &CampaignRow, messages: &[StoredMessage]) -> Value {
    let issues = found(&campaign.quality_issues);
    let messages = messages.iter().map(|message| {
        json!({
            "step": message.step, "subject": message.subject, "body": message.body,
            "state": message.state, "words": word_count(&message.body),
            "score": score(&message.step, &issues),
        })
    });
    let stored: Value = serde_json::from_str(&campaign.quality_issues).unwrap_or_default();
    json!({
        "campaign_id": campaign.campaign_id, "state": campaign.state.as_str(),
        "email": campaign.email, "company": campaign.company,
        "quality_score": campaign.quality_score, "issues": stored,
        "why": campaign.hold_reason, "messages": messages.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_pays_for_its_own_issues_and_for_those_of_the_campaign() {
        let issues = found(
            r#"[{"code":"too_similar","severity":"major","step":"","words":"c1","hint":"h"},
                {"code":"long","severity":"minor","step":"hook","words":"","hint":"h"},
                {"code":"fake","severity":"blocker","step":"fomo","words":"w","hint":"h"}]"#,
        );
        let scores = ["hook", "proof", "fomo"].map(|step| score(step, &issues));
        assert_eq!(scores, [71, 75, 15]);
        assert_eq!(issues[1].lines(), "  ! minor long\n      h");
        assert_eq!(issues[2].lines(), "  ! blocker fake: `w`\n      h");
        assert!(found("no JSON").is_empty());
    }

    #[test]
    fn nothing_in_a_text_steers_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31m\u{202e}b\n\tc é"),
            "a\u{fffd}[31m\u{fffd}b\n\u{fffd}c é"
        );
    }
}
