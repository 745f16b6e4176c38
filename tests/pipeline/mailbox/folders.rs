//! Several folders and several mailboxes, read by the program itself.

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::world::lead;

const NIGHT: &str = "2026-03-02T05:00:00Z";
const MONDAY: &str = "2026-03-02T10:00:00Z";
const THURSDAY: &str = "2026-03-05T10:00:00Z";

/// A world whose inbox is this account, over a wire.
fn world_over(wire: &Wire, folders: &str) -> World {
    World::new()
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", wire.port().to_string())
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", dovecot::USER)
        .env("IMAP_PASSWORD", dovecot::PASSWORD)
        .env("MONITOR_INBOX_FOLDER", folders)
}

/// The same with three leads, whose Hooks have left.
fn world_with_hooks(wire: &Wire, folders: &str) -> World {
    let world = world_over(wire, folders)
        .env("FROM_EMAIL", "team@ours.example")
        .env("MIN_GAP_SECONDS", "1")
        .env("GAP_JITTER_SECONDS", "0")
        .leads_csv(&[
            lead("Ada Lovelace", "ada@engines.example", "Analytical Engines"),
            lead("Bea Baker", "bea@bakers.example", "Bakers of Bonn"),
            lead("Cleo Carter", "cleo@carriers.example", "Carriers United"),
        ]);
    for stage in ["pull", "generate", "schedule"] {
        world.at(NIGHT).run(&[stage]).exits(0);
    }
    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(world.maildir_files().len(), 3);
    world
}

fn answer(world: &World, email: &str, words: &str) -> Vec<u8> {
    let query = format!(
        "SELECT m.message_id FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id WHERE l.email = '{email}' AND m.step = 'hook'"
    );
    let hook = world.sql(&query).remove(0).remove(0);
    format!(
        "From: <{email}>\r\nTo: team@ours.example\r\nSubject: Re: your mail\r\n\
         Date: Tue, 03 Mar 2026 09:00:00 +0000\r\nMessage-ID: <answer-of-{email}>\r\n\
         In-Reply-To: <{hook}>\r\n\r\n{words}\r\n"
    )
    .into_bytes()
}

/// A newsletter nobody wants the body of.
fn newsletter(n: usize, bytes: usize) -> Vec<u8> {
    let head = format!(
        "From: News <news@shop.example>\r\nSubject: Ten tips, part {n}\r\n\
         Message-ID: <{n}@shop.example>\r\nList-Id: <tips.shop.example>\r\n\
         List-Unsubscribe: <mailto:leave@shop.example>\r\n\r\n"
    );
    [
        head.into_bytes(),
        b"Tip after tip after tip.\r\n".repeat(bytes / 26),
    ]
    .concat()
}

fn kinds(world: &World) -> Vec<Vec<String>> {
    world.sql("SELECT mailbox, kind, consequence FROM inbound ORDER BY id")
}

#[test]
fn one_connection_reads_every_folder_and_each_keeps_its_place() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    server.make_folder("Entw&APw-rfe");
    let wire = Wire::to(server.plain_port);
    let world = world_with_hooks(&wire, "INBOX, Entwürfe");
    server.deliver(&answer(
        &world,
        "ada@engines.example",
        "Yes, please call me.",
    ));
    let bea = answer(&world, "bea@bakers.example", "No, thanks.");
    server.store("Entw&APw-rfe", &bea);
    let scan = || {
        world
            .at("2026-03-03T12:00:00Z")
            .run(&["scan", "--json"])
            .exits(0)
            .json()
    };
    assert_eq!(scan()["counts"]["human_reply"], 2);
    assert_eq!(wire.passed().0, 1, "one connection");
    let states = [
        "ada@engines.example",
        "bea@bakers.example",
        "cleo@carriers.example",
    ]
    .map(|email| world.campaign_state(email));
    assert_eq!(states, ["responded", "responded", "active"]);
    // The same mail in the other folder as well: a filter copied it.
    server.deliver(&bea);
    assert_eq!(scan()["counts"]["read"], 1);
    let rows = kinds(&world);
    assert_eq!(rows.len(), 3);
    assert!(
        rows[0][0].ends_with("/INBOX") && rows[1][0].ends_with("/Entwürfe"),
        "{rows:?}"
    );
    assert_eq!(rows[2][2], "read before, in another folder");
    assert_eq!(scan()["counts"]["read"], 0);
    let names = world.sql("SELECT name, last_uid, last_error FROM cursors ORDER BY name");
    let account = format!("imap:{}@127.0.0.1:{}", dovecot::USER, wire.port());
    assert_eq!(
        names[0],
        [format!("{account}/Entwürfe"), "1".into(), "NULL".into()]
    );
    assert_eq!(
        names[1],
        [format!("{account}/INBOX"), "2".into(), "NULL".into()]
    );
}

#[test]
fn a_folder_that_is_not_there_is_named_once_and_spoils_no_other() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    server.make_folder("Spam");
    let wire = Wire::to(server.plain_port);
    let world = world_with_hooks(&wire, "Junk, INBOX");
    server.deliver(&answer(
        &world,
        "ada@engines.example",
        "Yes, please call me.",
    ));
    let outcome = world.at(THURSDAY).run(&["scan"]).exits(78);
    let told = outcome
        .stderr
        .matches("the folder `Junk` cannot be opened")
        .count();
    assert_eq!(told, 1, "{}", outcome.stderr);
    outcome.complains("there are `INBOX`, `Spam`");
    assert_eq!(world.campaign_state("ada@engines.example"), "responded");
    // Nobody knows what lies in Junk: follow-ups wait until every folder was read.
    let send = || world.at(THURSDAY).run(&["send", "--json"]).exits(0).json();
    assert_eq!(send()["counts"]["held"], 2);
    server.make_folder("Junk");
    world.at(THURSDAY).run(&["scan"]).exits(0);
    assert_eq!(send()["counts"]["accepted"], 2);
}

#[test]
fn doctor_speaks_of_each_folder_and_of_shared_mailboxes() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    server.make_folder("Junk");
    server.store("Junk", &mail("one"));
    let wire = Wire::to(server.plain_port);
    let world = world_over(&wire, "INBOX, Junk, Spam").env("SENDERS_FILE", "senders.toml");
    world.write("senders.toml", "[[mailbox]]\ninbox_dir = \"sales\"\n");
    let outcome = world.run(&["doctor"]).exits(78);
    let lines: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|line| line.contains("inbox  "))
        .collect();
    let said = [
        ("ok ", "0 messages in `INBOX`"),
        ("ok ", "1 messages in `Junk`"),
        ("FAIL ", "the folder `Spam` cannot be opened"),
        (
            "ok ",
            "shared, sales: Maildir `sales` does not exist yet: empty",
        ),
    ];
    assert_eq!(lines.len(), said.len(), "{}", outcome.stdout);
    for (line, (begins, contains)) in lines.iter().zip(said) {
        assert!(
            line.starts_with(begins) && line.contains(contains),
            "{line}"
        );
    }
}

#[test]
fn an_answer_in_a_shared_mailbox_counts_and_follow_ups_wait_for_it_too() {
    let mut world = World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("INBOX_DIR", "inbox")
        .env("SENDERS_FILE", "senders.toml")
        .env("MIN_GAP_SECONDS", "1")
        .env("GAP_JITTER_SECONDS", "0")
        .leads_csv(&[
            lead("Ada Lovelace", "ada@engines.example", "Analytical Engines"),
            lead("Bea Baker", "bea@bakers.example", "Bakers of Bonn"),
        ]);
    world.write("senders.toml", "[[mailbox]]\ninbox_dir = \"sales\"\n");
    world.write("sales", "a file where a Maildir should be");
    for stage in ["pull", "generate", "schedule"] {
        world.at(NIGHT).run(&[stage]).exits(0);
    }
    world.at(MONDAY).run(&["send"]).exits(0);
    world
        .at(THURSDAY)
        .run(&["scan"])
        .exits(78)
        .complains("expected a Maildir at `sales`");
    let send = |world: &World| world.at(THURSDAY).run(&["send", "--json"]).exits(0).json();
    assert_eq!(send(&world)["counts"]["held"], 2);
    fs::remove_file(world.path("sales")).unwrap();
    let raw = answer(&world, "ada@engines.example", "Yes, please call me.");
    world.set_env("INBOX_DIR", "sales");
    world.drop_mail(raw);
    world.set_env("INBOX_DIR", "inbox");
    world.at(THURSDAY).run(&["scan"]).exits(0);
    assert_eq!(world.campaign_state("ada@engines.example"), "responded");
    assert_eq!(send(&world)["counts"]["accepted"], 1);
}

#[test]
fn after_a_change_of_uidvalidity_every_mail_still_counts_once() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let wire = Wire::to(server.plain_port);
    let world = world_with_hooks(&wire, "INBOX");
    server.deliver(&answer(
        &world,
        "ada@engines.example",
        "Yes, please call me.",
    ));
    server.deliver(&answer(
        &world,
        "bea@bakers.example",
        "Unsubscribe me, please.",
    ));
    world.at("2026-03-03T12:00:00Z").run(&["scan"]).exits(0);
    let state = || {
        let events = "SELECT c.lead_id, e.kind, e.detail FROM events e
                      JOIN campaigns c ON c.id = e.campaign_id ORDER BY e.id";
        let campaigns = "SELECT campaign_id, state, response_type, response_at FROM campaigns";
        (
            world.sql(events),
            world.sql(campaigns),
            world.sql("SELECT value FROM suppressions"),
        )
    };
    let before = state();
    server.change_uidvalidity();
    server.deliver(&answer(&world, "cleo@carriers.example", "Call me."));
    world.at("2026-03-03T13:00:00Z").run(&["scan"]).exits(0);
    assert_eq!(world.campaign_state("cleo@carriers.example"), "responded");
    let rows = kinds(&world);
    let twice = rows
        .iter()
        .filter(|row| row[2].starts_with("read before"))
        .count();
    assert_eq!((rows.len(), twice), (5, 2), "{rows:?}");
    let after = state();
    assert_eq!(after.2, before.2);
    assert!(after.0.starts_with(&before.0) && after.0.len() > before.0.len());
}

#[test]
fn of_bulk_mail_and_of_our_own_copies_only_the_headers_are_fetched() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let wire = Wire::to(server.plain_port);
    let world = world_over(&wire, "INBOX").env("FROM_EMAIL", "team@ours.example");
    for n in 0..20 {
        server.deliver(&newsletter(n, 100_000));
    }
    let own = "From: team@ours.example\r\nSubject: Hello\r\nMessage-ID: <own@ours.example>\r\n\r\n";
    server.deliver(&[own.as_bytes(), &b"Hello there. ".repeat(10_000)].concat());
    let bob =
        "From: bob@lead.example\r\nSubject: Hi\r\nMessage-ID: <b@lead.example>\r\n\r\nCall me";
    server.deliver(bob.as_bytes());
    let scan = world.run(&["scan", "--json"]).exits(0).json();
    assert_eq!(
        (&scan["counts"]["read"], &scan["counts"]["headers_only"]),
        (&22.into(), &21.into())
    );
    let (_, bytes) = wire.passed();
    assert!(
        bytes < 30_000,
        "{bytes} bytes for 22 headers and one short body"
    );
    let words = world.sql("SELECT reply_text FROM inbound WHERE from_address = 'bob@lead.example'");
    assert_eq!(words, [["Call me"]]);
    let subjects = world.sql("SELECT count(DISTINCT subject), count(DISTINCT kind) FROM inbound");
    assert_eq!(subjects[0][0], "22");
}

#[test]
fn a_folder_may_shrink_while_it_is_read() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let imap = settings(server.plain_port, TlsMode::None, None);
    let files: Vec<PathBuf> = (0..1_200)
        .map(|n| server.deliver(&mail(&format!("mail {n}"))))
        .collect();
    let mut mailbox = entered(&Settings::Imap(imap.clone())).unwrap();
    let mut seen = BTreeSet::new();
    let mut sink = |_: Cursor, batch: Vec<Fetched>| {
        if seen.is_empty() {
            // A person tidies up: most of what is still to be read goes.
            files[300..1_100]
                .iter()
                .for_each(|file| fs::remove_file(file).unwrap());
        }
        assert!(
            batch.iter().all(|mail| seen.insert(mail.uid)),
            "handed out twice"
        );
        Ok(())
    };
    mailbox.read(&scope(None, None), &mut sink).unwrap();
    assert!(
        seen.len() >= 400 && seen.contains(&1_200),
        "{} of 400",
        seen.len()
    );
}

#[test]
fn a_connection_that_breaks_off_anywhere_hides_no_mail_and_doubles_none() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    for n in 0..30 {
        server.deliver(&mail(&format!("mail {n}")));
    }
    let wire = Wire::to(server.plain_port);
    let imap = settings(wire.port(), TlsMode::None, None);
    let whole = read(&imap, None, None);
    let (_, bytes) = wire.passed();
    let cursor = Some(Cursor {
        last_uid: 5,
        ..whole.cursor().unwrap()
    });
    for n in 1..40 {
        for (cursor, expected) in [(None, 30), (cursor, 25)] {
            let settings = Settings::Imap(imap.clone());
            let Ok(mut mailbox) = entered(&settings) else {
                panic!("the wire is whole")
            };
            wire.break_in(n * bytes / 60);
            let mut uids = Vec::new();
            let mut sink = |_: Cursor, batch: Vec<Fetched>| {
                uids.extend(batch.iter().map(|mail| mail.uid));
                Ok(())
            };
            let summary = mailbox.read(&scope(cursor, None), &mut sink).unwrap();
            wire.break_in(0);
            let first = 31 - expected;
            assert_eq!(uids, (first..31).collect::<Vec<u64>>(), "{n}");
            assert_eq!(summary.skipped_unreadable, 0, "{n}");
        }
    }
}
