//! Tests of the judgement about a lead.

use outreach::campaign::CampaignState;
use outreach::lead::RecordId;

use super::*;

/// A record that passes every check, with some fields changed.
pub fn record(changes: &[(ReadField, &str)]) -> RawLead {
    let good = [
        (ReadField::FullName, "Ada Lovelace"),
        (ReadField::Email, "ada@engines.example"),
        (ReadField::Company, "Analytical Engines"),
        (ReadField::EmailConfidenceLevel, "Real"),
    ];
    let fields = good.iter().chain(changes);
    RawLead {
        record_id: RecordId::new("recA"),
        fields: fields
            .map(|(field, value)| (*field, value.to_string()))
            .collect(),
    }
}

/// What the ledger knows of a lead whose campaign is in a state.
pub fn with_campaign(state: CampaignState) -> LeadFacts {
    LeadFacts {
        before: Some(record(&[]).fields),
        campaign: Some((7, "c7".to_string(), state)),
        ..LeadFacts::default()
    }
}

#[test]
fn our_own_history_is_asked_before_the_fields() {
    #[track_caller]
    fn check(facts: &LeadFacts, expected: &str) {
        // The address was guessed: a reason too, but not the first one.
        let raw = record(&[(ReadField::EmailConfidenceLevel, "Guess")]);
        let reject = judge(&raw, facts).unwrap_err();
        assert_eq!(
            format!("{}: {}", reject.reason.code(), reject.detail),
            expected
        );
    }
    check(
        &with_campaign(CampaignState::Paused),
        "campaign_in_progress: campaign c7 is paused",
    );
    check(
        &with_campaign(CampaignState::Completed),
        "contacted_before: campaign c7 ended: completed",
    );
    check(
        &LeadFacts::default(),
        "low_confidence: the address must be `Real` or `Pattern`, found `Guess`",
    );
}

#[test]
fn a_good_lead_may_still_be_suppressed_or_a_double() {
    let mut facts = LeadFacts::default();
    assert!(judge(&record(&[]), &facts).is_ok());
    facts.duplicate_of = Some(RecordId::new("recB"));
    let reject = judge(&record(&[]), &facts).unwrap_err();
    assert_eq!(reject.reason, RejectReason::Duplicate);
    facts.suppressed_by = Some("engines.example".to_string());
    let reject = judge(&record(&[]), &facts).unwrap_err();
    assert_eq!(reject.reason, RejectReason::Suppressed);
    assert_eq!(
        reject.detail,
        "`engines.example` is on the suppression list"
    );
}
