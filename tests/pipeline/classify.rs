//! classify: mail files judged from outside, with and without the ledger.

use serde_json::Value as Json;

use crate::world::{Outcome, World, lead};

const REPLY: &str = "From: Bob <bob@lead.example>\r\nTo: ada@ourco.example\r\n\
    Subject: Re: A quick idea\r\nMessage-ID: <m1@lead.example>\r\n\
    In-Reply-To: <c0123456789abcdef.hook@ourco.example>\r\nDate: Tue, 3 Mar 2026 10:00:00 +0000\r\n\
    \r\nSounds good, call me on Friday.\r\n\r\nOn Mon, 2 Mar 2026 Ada wrote:\r\n> A quick idea\r\n";

const BOUNCE: &str = "From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\n\
    Subject: Undelivered Mail Returned to Sender\r\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\n\
    Sorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\
    \r\nFinal-Recipient: rfc822; bob@lead.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n";

fn objects(outcome: &Outcome) -> Vec<Json> {
    let lines = outcome.stdout.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

#[test]
fn each_file_gets_one_object_in_order() {
    let world = World::new();
    world.write("b.eml", BOUNCE);
    world.write("a.eml", REPLY);
    world.write("empty.eml", "");
    let outcome = world.run(&["classify", "b.eml", "a.eml", "empty.eml", "--json"]);
    let outcome = outcome.exits(0);
    let found = objects(&outcome);
    let kinds: Vec<_> = found.iter().map(|object| &object["kind"]).collect();
    assert_eq!(kinds, ["bounce_hard", "human_reply", "other"]);
    let [bounce, reply, empty] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(bounce["file"], "b.eml");
    assert_eq!(bounce["bounce"]["type"], "mailbox");
    assert_eq!(bounce["bounce"]["status"], "5.1.1");
    assert_eq!(bounce["bounce"]["recipients"][0], "bob@lead.example");
    assert_eq!(bounce["sentiment"], Json::Null);
    assert_eq!(reply["sentiment"], "interested");
    assert_eq!(reply["reply_text"], "Sounds good, call me on Friday.");
    assert_eq!(reply["answers"], "c0123456789abcdef.hook@ourco.example");
    assert_eq!(reply["auto"], Json::Null);
    assert_eq!(empty["answers"], Json::Null);
    assert!(!world.path("campaigns.db").exists(), "no ledger is made");
}

#[test]
fn a_folder_stands_for_its_mails_and_a_bad_path_is_named() {
    let world = World::new();
    world.write("mails/2.eml", BOUNCE);
    world.write("mails/1.eml", REPLY);
    world.write("mails/notes.txt", "no mail");
    world.write("mails/.hidden.eml", REPLY);
    world.write("mails/more/new/1700.M1.host:2,S", REPLY);
    let outcome = world.run(&["classify", "mails", "--json"]);
    let outcome = outcome.exits(0);
    let files: Vec<String> = objects(&outcome)
        .iter()
        .map(|object| object["file"].as_str().unwrap().to_string())
        .collect();
    let expected = [
        "mails/1.eml",
        "mails/2.eml",
        "mails/more/new/1700.M1.host:2,S",
    ];
    assert_eq!(files, expected);
    let outcome = world.run(&["classify", "nosuch.eml"]);
    let outcome = outcome.exits(2);
    assert!(
        outcome.stderr.contains("error: cannot read `nosuch.eml`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn people_read_the_words_and_the_reasons() {
    let world = World::new();
    world.write("a.eml", REPLY.replace("Friday", "Friday\u{1b}[31m"));
    let outcome = world.run(&["classify", "a.eml"]);
    let outcome = outcome.exits(0);
    for part in [
        "━━ a.eml · human reply, interested",
        "bob@lead.example",
        "│ Sounds good",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains('\u{1b}'), "{:?}", outcome.stdout);
}

#[test]
fn the_ledger_tells_whose_mail_it_is() {
    let world = World::new().leads_csv(&[lead("Bob Stone", "bob@lead.example", "Lead Freight")]);
    for stage in ["pull", "generate", "schedule"] {
        world.at("2026-03-02T02:00:00Z").run(&[stage]).exits(0);
    }
    world.at("2026-03-02T15:00:00Z").run(&["send"]).exits(0);
    let ours = world.sql("SELECT message_id FROM messages WHERE state = 'sent'");
    // Typed anew, with nothing that names our mail: only the ledger knows the address.
    let fresh = REPLY
        .replace(
            "In-Reply-To: <c0123456789abcdef.hook@ourco.example>\r\n",
            "",
        )
        .replace("Re: A quick idea", "your mail")
        .replace("On Mon, 2 Mar 2026 Ada wrote:\r\n> A quick idea\r\n", "");
    world.write("fresh.eml", fresh);
    let judged = |args: &[&str]| {
        let outcome = world.at("2026-03-04T15:00:00Z").run(args);
        let outcome = outcome.exits(0);
        objects(&outcome).remove(0)
    };
    let without = judged(&["classify", "fresh.eml", "--json"]);
    assert_eq!(without["answers"], Json::Null);
    let with = judged(&["classify", "fresh.eml", "--json", "--ledger"]);
    assert_eq!(with["answers"], ours[0][0]);
    assert_eq!(with["kind"], "human_reply");
    assert_eq!(with["sentiment"], "interested");
}
