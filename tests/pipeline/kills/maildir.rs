//! SIGKILL of `send` into a Maildir, again and again: every mail is one file, and the end is that of a
//! run that nobody disturbed.

use super::*;
use crate::world::Hold;

const N_LEADS: usize = 150;

/// Many leads, planned; none is held up by a limit or a gap.
fn many() -> World {
    static LEDGER: OnceLock<Vec<u8>> = OnceLock::new();
    let world = || {
        bare()
            .env("DAILY_SEND_LIMIT", "1000")
            .env("MAX_CAMPAIGNS_PER_BATCH", "1000")
            .leads_csv(&rows())
    };
    let ledger = LEDGER.get_or_init(|| {
        let world = world();
        world.at(NIGHT).run(&["nightly"]).exits(0);
        fs::read(world.path("campaigns.db")).unwrap()
    });
    let world = world();
    world.write("campaigns.db", ledger);
    world
}

fn rows() -> Vec<LeadRow> {
    let row = |n: usize| {
        let email = format!("lead{n}@firm{n}.example");
        lead("Ada Lovelace", &email, &format!("Firm {n} Freight"))
    };
    (0..N_LEADS).map(row).collect()
}

fn n_files(world: &World, folder: &str) -> usize {
    fs::read_dir(world.path("outbox").join(folder)).map_or(0, Iterator::count)
}

/// What every message came to, by lead and step; instants left out.
fn end_state(world: &World) -> Vec<Vec<String>> {
    world.sql(
        "SELECT l.email, m.step, m.state, c.state, coalesce(m.state_reason, ''),
                m.sent_at IS NULL, m.message_id
         FROM messages m JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
         ORDER BY l.id, m.number",
    )
}

#[test]
fn whatever_is_killed_every_mail_is_one_file_and_the_end_is_the_same() {
    let calm = many();
    calm.at(MONDAY).run(&["send"]).exits(0);

    let world = many();
    // At its first words, at a claim and at the next, which hold still for it.
    let hold = Hold::new(&world);
    for n in [1, 10, 100] {
        let start = || world.at(MONDAY).spawn(&["send"]);
        assert!(hold.kills_at(n, start), "it wrote less than {n} rows");
    }
    drop(hold);
    // While mails are written: after ever more files, in `tmp` and in `new`; a run that is faster
    // than we are comes to its end.
    let is_killed_at = |what: &str, condition: &dyn Fn() -> bool| {
        let mut send = world.at(MONDAY).spawn(&["send"]);
        let came = comes_true(&mut send, condition);
        let code = send.kill().code;
        assert!(
            came || code == 0,
            "{what}: ended with {code} before it came to that"
        );
    };
    for n in [1, 40] {
        is_killed_at("writing", &|| n_files(&world, "tmp") >= n);
    }
    for n in [1, 20] {
        is_killed_at("moving", &|| n_files(&world, "new") >= n);
    }

    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(world.maildir_files().len(), N_LEADS);
    let mut keys: Vec<String> = world
        .maildir_files()
        .iter()
        .map(|mail| mail.header("X-Outreach-Key"))
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), N_LEADS, "one file for each message");
    assert_eq!(end_state(&world), end_state(&calm));
    assert_eq!(n_files(&world, "tmp"), 0, "nothing half-written is left");
    let open = world.sql("SELECT count(*) FROM attempts WHERE outcome IS NULL");
    assert_eq!(open, [["0"]], "every attempt has its verdict");
}

#[test]
fn a_maildir_that_vanished_proves_nothing_in_any_later_run() {
    let world = planned();
    world.at(MONDAY).run(&["send"]).exits(0);
    scan_and_send(&world, THURSDAY).exits(0);
    // What a kill between the last rename and the record leaves behind.
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    let killed =
        "UPDATE attempts SET outcome = NULL, finished_at = NULL, phase = NULL, reply = NULL
                  WHERE message_id IN (SELECT id FROM messages WHERE step = 'proof');
                  UPDATE messages SET state = 'sending', sent_at = NULL WHERE step = 'proof'";
    ledger.execute_batch(killed).unwrap();
    drop(ledger);
    // The disk it was on is not mounted.
    fs::rename(world.path("outbox"), world.path("elsewhere")).unwrap();
    for _ in 0..3 {
        world.at(THURSDAY).run(&["send"]).exits(3);
    }
    assert_eq!(states(&world, "proof"), ["in_doubt"; 3]);
    assert!(
        world.maildir_files().is_empty(),
        "what may have been delivered is not sent again"
    );
    // It is mounted again: the files are there, or surely not.
    fs::remove_dir_all(world.path("outbox")).unwrap();
    fs::rename(world.path("elsewhere"), world.path("outbox")).unwrap();
    world.at(THURSDAY).run(&["send"]).exits(0);
    assert_eq!(states(&world, "proof"), ["sent"; 3]);
    assert_eq!(world.maildir_files().len(), 6);
}
