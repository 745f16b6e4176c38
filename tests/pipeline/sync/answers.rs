//! Answers that were lost after the write was carried out: nothing is done twice, nothing a person did
//! since is taken for our own.

use super::*;

/// Every way in which an answer gets lost after the work was done.
const LOST: [Fault; 3] = [Fault::HangUpAfter, Fault::CutJson, Fault::HtmlAfter];

/// Lets the answers of a run's every write get lost, and what the run asks to find that out, so that
/// it gives up. `n_looks` are the calls that read before the first write.
fn lose_all(office: &Office, n_looks: usize, fault: &Fault) {
    office.airtable.fail(Call::Update, 4, fault.clone());
    office.airtable.let_pass(Call::List, n_looks);
    is_down(office, Call::List);
}

fn lose_none(office: &Office) {
    office.airtable.fail_no_more();
}

#[test]
fn a_lost_answer_about_our_own_cells_is_asked_for_again_and_changes_nothing() {
    for fault in LOST {
        let (office, ids) = Office::with_leads(12);
        office.begin(0);
        office.airtable.fail(Call::Update, 1, fault.clone());
        assert_eq!(office.calls_of(10, &["push"]), 3, "{fault:?}");
        assert_eq!(office.calls_of(20, &["push"]), 0, "{fault:?}");
        for id in &ids {
            office.shows(id, &[("Campaign_Status", "Active")]);
        }
    }
}

#[test]
fn a_run_that_gave_up_is_made_good_by_the_next() {
    for fault in LOST {
        let (office, id) = Office::with_campaign(false);
        office.ok(20, &["send"]);
        lose_all(&office, 1, &fault);
        office.run(30, &["push"]).exits(75);
        lose_none(&office);
        office.ok(40, &["push"]);
        office.shows(
            &id,
            &[
                ("Engagement_Status", "Sent"),
                ("Current_Message_Number", "1"),
            ],
        );
        assert_eq!(office.calls_of(50, &["push"]), 0, "{fault:?}");
        assert!(!office.has_logged("kept", ""), "{fault:?}");
    }
}

#[test]
fn a_cell_that_was_filled_by_a_lost_write_is_emptied_when_it_must_be() {
    let (office, ids) = Office::with_leads(1);
    office.begin(0);
    lose_all(&office, 0, &Fault::HangUpAfter);
    office.run(10, &["push"]).exits(75);
    lose_none(&office);
    assert_ne!(office.cell(&ids[0], "Next_Message_Date"), "");
    office
        .airtable
        .set(&ids[0], "Campaign_Command", json!("Stop"));
    office.ok(20, &["pull"]);
    office.ok(30, &["push"]);
    office.shows(
        &ids[0],
        &[("Campaign_Status", "Stopped"), ("Next_Message_Date", "")],
    );
}

#[test]
fn a_shared_cell_set_back_after_a_lost_answer_stays() {
    for fault in LOST {
        let (office, id) = Office::with_campaign(false);
        office.ok(20, &["send"]);
        let person_sets_back = Box::new({
            let id = id.clone();
            move |person: &mut Person<'_>, call| {
                if call == Call::Update {
                    person.set(&id, "Engagement_Status", json!("Auto-Send"));
                }
            }
        });
        office.airtable.on_call(person_sets_back);
        office.airtable.fail(Call::Update, 1, fault.clone());
        office.ok(30, &["push"]);
        office.shows(&id, &[("Engagement_Status", "Auto-Send")]);
        office.airtable.on_no_call();
        office.ok(40, &["pull"]);
        office.ok(50, &["push"]);
        office.shows(&id, &[("Engagement_Status", "Auto-Send")]);
    }
}

#[test]
fn the_same_command_given_again_while_the_answer_to_clearing_it_is_lost_is_carried_out() {
    for (fault, n_lost) in LOST
        .into_iter()
        .flat_map(|fault| [(fault.clone(), 1), (fault, 4)])
    {
        let (office, id) = Office::with_campaign(false);
        office.airtable.set(&id, "Campaign_Command", json!("Pause"));
        office.ok(20, &["pull"]);
        assert_eq!(office.campaign(), "paused");
        let person_says_it_again = Box::new({
            let (id, mut has_said) = (id.clone(), false);
            move |person: &mut Person<'_>, call| {
                if call == Call::Update && !std::mem::replace(&mut has_said, true) {
                    assert_eq!(person.field(&id, "Campaign_Command"), None);
                    person.set(&id, "Campaign_Command", json!("Pause"));
                }
            }
        });
        office.airtable.on_call(person_says_it_again);
        match n_lost {
            1 => office.airtable.fail(Call::Update, 1, fault.clone()),
            _ => lose_all(&office, 1, &fault),
        }
        let code = office.run(30, &["push"]).code;
        assert!(matches!(code, 0 | 75), "{fault:?}: {code}");
        lose_none(&office);
        office.shows(&id, &[("Campaign_Command", "Pause")]);
        office.ok(40, &["pull"]);
        office.ok(50, &["push"]);
        office.shows(&id, &[("Campaign_Command", "")]);
        let answered = office.row("SELECT count(*) FROM commands WHERE cleared_at IS NOT NULL");
        assert_eq!(answered, "2", "{fault:?}, {n_lost} lost");
        let notes = office.cell(&id, "Campaign_Notes");
        assert!(notes.ends_with("08:40: it is paused already."), "{notes}");
    }
}
