//! What is tested about a due message inside the transaction that would claim it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveTime, Utc};
use outreach::breaker::{self, Canary, CanaryTerms};
use outreach::campaign::StopReason;
use outreach::config::{Config, Sender};
use outreach::lead::EmailAddress;
use outreach::ledger::{Candidate, Checked, Decision};
use outreach::plan::{self, Gate};
use outreach::{lead, mailer};

use crate::breaker::canary_terms;

/// What was learned while the rules were tested.
#[derive(Default)]
pub struct Findings {
    /// Why the configuration itself forbids some mail, once it did.
    pub blocked: Option<String>,
    /// Whom a message goes to, by its row id: the address and the name that passed the data check.
    pub addressees: HashMap<i64, (EmailAddress, String)>,
}

/// The rules tested in the claiming transaction.
pub struct Rules<'a> {
    config: &'a Config,
    sender: &'a Sender,
    plan: plan::Settings,
    canary: CanaryTerms,
    /// SMTP without any mailbox to read: whoever answers would be written to again.
    is_blind: bool,
}

impl<'a> Rules<'a> {
    /// The rules for mail of a sender.
    pub fn new(config: &'a Config, sender: &'a Sender) -> Rules<'a> {
        let is_smtp = matches!(sender.mailer, mailer::Settings::Smtp(_));
        Rules {
            config,
            sender,
            plan: config.hours(),
            canary: canary_terms(config),
            is_blind: is_smtp && sender.mailbox_is_default && !config.allow_blind_follow_ups,
        }
    }

    /// What shall become of a candidate.
    pub fn decide(
        &self,
        candidate: &Candidate,
        now: DateTime<Utc>,
        findings: &mut Findings,
    ) -> Decision {
        if let Some(value) = &candidate.suppressed_by {
            let why = format!("`{value}` is on the suppression list");
            return Decision::Stop {
                reason: StopReason::Suppressed,
                why,
            };
        }
        let addressee = match addressee(&candidate.checked) {
            Ok(addressee) => addressee,
            Err(why) => {
                let reason = format!("the lead does not pass the data check: {why}");
                return Decision::Hold { reason };
            }
        };
        match plan::gate(&candidate.itinerary, candidate.number, &self.plan, now) {
            Gate::Go => {}
            Gate::Wait { until, reason } => return Decision::Wait { until, reason },
            Gate::Blocked { reason } => return Decision::Hold { reason },
        }
        if let Some(wait) = self.company_is_full(candidate, now) {
            return wait;
        }
        if let Some(cohort) = &candidate.cohort {
            match breaker::canary(cohort, &self.canary, now) {
                Canary::First | Canary::Cleared => {}
                Canary::Wait { until, reason } => {
                    let until = self.allowed(candidate, until);
                    return Decision::Wait { until, reason };
                }
                Canary::Hold { reason } | Canary::Tripped { reason } => {
                    return Decision::Hold { reason };
                }
            }
        }
        let is_follow_up = candidate.number > 1;
        if is_follow_up && let Some(reason) = self.unsafe_to_follow_up(candidate, now, findings) {
            return Decision::Hold { reason };
        }
        findings.addressees.insert(candidate.message, addressee);
        Decision::Claim
    }

    /// Until when a message waits because its company had its share of mail today.
    fn company_is_full(&self, candidate: &Candidate, now: DateTime<Utc>) -> Option<Decision> {
        let daily = self.config.company_daily?;
        if candidate.company_peers < daily {
            return None;
        }
        let zone = &self.config.default_zone;
        let tomorrow = zone.local_date(now).succ_opt()?;
        let until = self.allowed(candidate, zone.at(tomorrow, NaiveTime::MIN));
        let n = candidate.company_peers;
        let reason = format!(
            "{n} of its company were written to today already (MAX_PER_COMPANY_PER_DAY {daily})"
        );
        Some(Decision::Wait { until, reason })
    }

    /// The first instant from one on at which the lead's hours allow a mail.
    fn allowed(&self, candidate: &Candidate, from: DateTime<Utc>) -> DateTime<Utc> {
        let itinerary = &candidate.itinerary;
        let respects = itinerary.sequence.respect_business_days;
        plan::next_allowed(
            &itinerary.zone,
            &itinerary.country,
            respects,
            &self.plan,
            from,
        )
    }

    /// Why a follow-up must wait: nobody knows whether the lead has answered.
    fn unsafe_to_follow_up(
        &self,
        candidate: &Candidate,
        now: DateTime<Utc>,
        findings: &mut Findings,
    ) -> Option<String> {
        if self.is_blind {
            let why = "IMAP_SERVER: expected a mailbox to read before follow-ups are sent, found \
                       none; set IMAP_SERVER or INBOX_DIR, or ALLOW_BLIND_FOLLOW_UPS=true";
            findings.blocked = Some(why.to_string());
            return Some(why.to_string());
        }
        if self.sender.mailbox_is_default && self.config.allow_blind_follow_ups {
            return None;
        }
        if let Some(error) = &candidate.scan_error {
            return Some(format!(
                "the last scan of the inbox failed: {error}: run `outreach scan`"
            ));
        }
        let max = chrono::Duration::minutes(i64::from(self.config.scan_age_minutes_max));
        match candidate.scanned_at {
            Some(at) if at >= now - max => None,
            Some(at) => Some(format!(
                "the inbox was last read at {at}: run `outreach scan`"
            )),
            None => Some("the inbox was never read: run `outreach scan`".to_string()),
        }
    }
}

/// Whom a mail to a lead goes to, or why it may not.
fn addressee(checked: &Checked) -> Result<(EmailAddress, String), String> {
    match checked {
        Checked::Passed { address, full_name } => EmailAddress::parse(address)
            .map(|address| (address, full_name.clone()))
            .map_err(|error| format!("{error:#}")),
        Checked::Anew(raw) => lead::addressee(raw)
            .map_err(|reject| format!("{}: {}", reject.reason.code(), reject.detail)),
    }
}
