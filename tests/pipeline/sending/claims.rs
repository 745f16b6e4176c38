//! What a claim counts and carries: the ramp of a new sender, the mails to a company, and the thread
//! that a follow-up stands in.

use super::*;

/// Three days after the Hooks.
const THURSDAY: &str = "2026-03-05T10:00:00Z";

/// A world in which the machine's own night and day are the leads'.
fn world(emails: &[&str]) -> World {
    let rows = emails.iter().enumerate().map(|(n, email)| {
        let name = ["Ada Lovelace", "Grace Hopper", "Mary Shelley"][n];
        let company = ["Analytical Engines", "Compiler Works", "Modern Prometheus"][n];
        lead(name, email, company).with("Timezone", "UTC")
    });
    World::new()
        .env("OUTBOX_DIR", "outbox")
        .env("INBOX_DIR", "inbox")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0")
        .leads_csv(&rows.collect::<Vec<_>>())
}

/// Everything dated becomes due at once, whatever planning thought.
fn all_due(world: &World, number: u32) {
    let due = "UPDATE messages SET due_at = unixepoch('2026-03-02 09:00')";
    let states = "state IN ('scheduled', 'deferred')";
    write(
        world,
        &format!("{due} WHERE number = {number} AND {states}"),
    );
}

#[test]
fn a_follow_up_answers_what_left_before_it_only_where_that_is_wanted() {
    for is_wanted in [false, true] {
        let world = world(&["ada@engines.example"]);
        let world = world.env("THREAD_FOLLOW_UPS", is_wanted.to_string());
        world.at(NIGHT).run(&["nightly"]).exits(0);
        world.at(MONDAY).run(&["send"]).exits(0);
        world.at(THURSDAY).run(&["hourly"]).exits(0);
        let mails = world.maildir_files();
        assert_eq!(mails.len(), 2);
        let is_proof = |mail: &&crate::world::Mail| !mail.header("In-Reply-To").is_empty();
        let Some(proof) = mails.iter().find(is_proof) else {
            assert!(!is_wanted, "the proof stands in no thread");
            continue;
        };
        assert!(is_wanted, "nobody asked for a thread");
        let hook = mails.iter().find(|mail| !is_proof(mail)).unwrap();
        assert_eq!(proof.header("In-Reply-To"), hook.header("Message-ID"));
        assert_eq!(proof.header("References"), hook.header("Message-ID"));
        let answer = format!("Re: {}", hook.header("Subject"));
        assert_eq!(proof.header("Subject"), answer);
    }
}

#[test]
fn a_new_sender_sends_what_the_ramp_allows_even_when_more_is_due() {
    let world = world(&["a@one.example", "b@two.example", "c@three.example"]);
    let world = world.env("RAMP_START", "1").env("RAMP_STEP", "1");
    world.at(NIGHT).run(&["nightly"]).exits(0);
    all_due(&world, 1);
    let send = world.at(MONDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(send.json()["counts"]["accepted"], 1);
    assert_eq!(send.json()["counts"]["daily_limit_reached"], 1);
    let send = world
        .at("2026-03-03T10:00:00Z")
        .run(&["send", "--json"])
        .exits(0);
    assert_eq!(send.json()["counts"]["accepted"], 2, "one more on day two");
}

#[test]
fn a_company_gets_no_more_mail_a_day_than_its_share_even_when_more_is_due() {
    let emails = ["a@firm.example", "b@firm.example", "c@other.example"];
    let world = world(&emails).env("MAX_PER_COMPANY_PER_DAY", "1");
    world.at(NIGHT).run(&["nightly"]).exits(0);
    all_due(&world, 1);
    let send = world.at(MONDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(send.json()["counts"]["accepted"], 2);
    assert_eq!(send.json()["counts"]["moved"], 1);
    let waits = world.sql(
        "SELECT due_reason, date(due_at, 'unixepoch') FROM messages
                           WHERE number = 1 AND state = 'scheduled'",
    );
    assert!(
        waits[0][0].contains("MAX_PER_COMPANY_PER_DAY 1"),
        "{waits:?}"
    );
    assert_eq!(waits[0][1], "2026-03-03");
}
