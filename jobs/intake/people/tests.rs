//! Tests of what a person's change means for a campaign.

use std::collections::BTreeMap;

use super::*;
use crate::intake::tests::{record, with_campaign};

#[test]
fn only_what_a_person_has_just_changed_is_a_signal() {
    use ReadField::{Company, EngagementStatus, Replied};
    #[track_caller]
    fn check(changes: &[(ReadField, &str)], facts: &LeadFacts, expected: Signal) {
        assert_eq!(signal(&record(changes), facts), expected);
    }
    let active = with_campaign(CampaignState::Active);
    let stop = || Signal::Stop("Engagement_Status: Skipped".to_string());
    let hold = |status: &str| Signal::Hold(format!("Engagement_Status: {status}"));
    check(&[], &active, Signal::Nothing);
    check(&[(Replied, "checked")], &active, Signal::Replied);
    check(&[(EngagementStatus, "Skipped")], &active, stop());
    check(
        &[(EngagementStatus, "Needs Review")],
        &active,
        hold("Needs Review"),
    );
    check(&[(EngagementStatus, "Error")], &active, hold("Error"));
    check(&[(EngagementStatus, "Sent")], &active, Signal::Nothing);

    // What stood there before, or what we wrote there ourselves, is no news.
    let mut seen = active.clone();
    seen.before = Some(BTreeMap::from([
        (EngagementStatus, "Skipped".to_string()),
        (Replied, "checked".to_string()),
    ]));
    let both = [(EngagementStatus, "Skipped"), (Replied, "checked")];
    check(&both, &seen, Signal::Nothing);
    let mut told = active.clone();
    told.told_status = Some("Error".to_string());
    check(&[(EngagementStatus, "Error")], &told, Signal::Nothing);

    // A lead that was spoilt holds its campaign; one that was mended lets it go on.
    let bad = signal(&record(&[(Company, "TBD")]), &active);
    assert!(matches!(bad, Signal::BadData(_)), "{bad:?}");
    let mut mended = with_campaign(CampaignState::Paused);
    mended.paused_by = Some("data".to_string());
    let resumed = signal(&record(&[]), &mended);
    assert!(matches!(resumed, Signal::Resume(_)), "{resumed:?}");
}

#[test]
fn a_persons_own_pause_is_not_lifted_by_good_data() {
    let mut held = with_campaign(CampaignState::Paused);
    held.paused_by = Some("person".to_string());
    held.hold_reason = Some("on a person's word".to_string());
    assert_eq!(signal(&record(&[]), &held), Signal::Nothing);
    held.hold_reason = Some(hold_by_status("Needs Review"));
    let resumed = signal(&record(&[]), &held);
    assert!(matches!(resumed, Signal::Resume(_)), "{resumed:?}");
}

mod stage;
