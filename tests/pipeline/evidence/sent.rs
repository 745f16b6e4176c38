//! The Sent folder of a real IMAP server, and the doubts it settles.

use chrono::{DateTime, Utc};
use outreach::mailbox::sent::{self, Wanted};
use outreach::mailbox::{Mailbox, OpenError, Settings};

use super::*;
use crate::mailbox::imap_settings;
use crate::world::dovecot::{self, Dovecot};
use crate::world::smtp::{At, Fault, Rule};

fn wanted(key: &str) -> Wanted {
    Wanted {
        message_id: format!("{key}@ours.example"),
        outreach_key: key.to_string(),
    }
}

fn mail(headers: &str) -> Vec<u8> {
    format!("From: us@ours.example\r\nSubject: Hello\r\n{headers}\r\nHi\r\n").into_bytes()
}

fn long_ago() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[test]
fn copies_are_found_by_key_and_by_both_ids_in_the_folder_that_is_marked() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = "&AMk-l&AOk-ments envoy&AOk-s";
    let server = Dovecot::start_with_sent(dir.path(), Some(folder));
    let imap = imap_settings(server.plain_port);
    server.store(folder, &mail("Message-ID: <a@ours.example>\r\n"));
    server.store(
        folder,
        &mail("Message-ID: <x1@relay>\r\nX-Outreach-Key: b\r\n"),
    );
    let original = "X-Microsoft-Original-Message-ID: <c@ours.example>\r\n";
    server.store(
        folder,
        &mail(&format!("Message-ID:\r\n <x2@relay>\r\n{original}")),
    );
    server.deliver(&mail(
        "Message-ID: <d@ours.example>\r\nX-Outreach-Key: d\r\n",
    ));
    let all = ["a", "b", "c", "d"].map(wanted);
    for name in ["auto", folder] {
        let look = sent::look(&imap, name, long_ago(), &all).unwrap();
        assert_eq!(look.folder, folder);
        let copies = look
            .copies
            .iter()
            .map(|copy| copy.as_deref().unwrap_or("none"));
        assert_eq!(
            copies.collect::<Vec<_>>(),
            ["a@ours.example", "x1@relay", "x2@relay", "none"],
            "{name}"
        );
    }
    let future = "2199-01-01T00:00:00Z".parse().unwrap();
    let look = sent::look(&imap, "auto", future, &all).unwrap();
    assert_eq!(look.copies, [None, None, None, None]);
    for entry in std::fs::read_dir(server.maildir().join(format!(".{folder}/cur"))).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(":2,S"), "{name} was marked as read");
    }
}

#[test]
fn a_folder_that_is_missing_or_not_marked_is_refused_and_a_server_that_is_down_is_not() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let imap = imap_settings(server.plain_port);
    for (folder, expected) in [
        ("auto", "SENT_FOLDER: expected a folder that"),
        ("Sent", "the folder `Sent` cannot be opened"),
        ("a\r\nb", "expected a folder without control characters"),
    ] {
        let error = sent::look(&imap, folder, long_ago(), &[wanted("a")]).unwrap_err();
        assert!(matches!(error, OpenError::Refused(_)), "{folder}: {error}");
        assert!(error.to_string().contains(expected), "{folder}: {error}");
        let checked = sent::check(&imap, folder).unwrap_err();
        assert!(
            checked.to_string().contains(expected),
            "{folder}: {checked}"
        );
    }
    drop(server);
    let error = sent::look(&imap, "auto", long_ago(), &[wanted("a")]).unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
}

#[test]
fn one_copy_is_found_among_thousands_and_its_absence_as_well() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start_with_sent(dir.path(), Some("Sent"));
    let imap = imap_settings(server.plain_port);
    for n in 0..3_000 {
        server.store(
            "Sent",
            &mail(&format!("Message-ID: <n{n}@ours.example>\r\n")),
        );
    }
    let look = |keys: &[&str]| {
        let all: Vec<Wanted> = keys.iter().map(|key| wanted(key)).collect();
        sent::look(&imap, "auto", long_ago(), &all).unwrap().copies
    };
    assert_eq!(look(&["n1999"]), [Some("n1999@ours.example".to_string())]);
    assert_eq!(look(&["n19999"]), [None]);
    // More than are searched for one by one: all headers are read.
    let keys: Vec<String> = (2_970..3_010).map(|n| format!("n{n}")).collect();
    let copies = look(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(copies.iter().filter(|copy| copy.is_some()).count(), 30);
}

/// A sender whose account keeps what it sends; its server and its world.
struct Account {
    _dir: tempfile::TempDir,
    smtp: Smtp,
    imap: Dovecot,
    world: World,
}

/// An account whose Hook to Ada was handed over and never answered for; the other two were taken.
fn in_doubt(keeps: bool) -> Account {
    let dir = tempfile::tempdir().unwrap();
    let imap = Dovecot::start_with_sent(dir.path(), Some("Sent"));
    let smtp = Smtp::start();
    let mut world = planned_over(&smtp, &three_leads());
    world.set_env("INBOX_DIR", "");
    let port = imap.plain_port.to_string();
    for (name, value) in [
        ("IMAP_SERVER", "127.0.0.1"),
        ("IMAP_PORT", port.as_str()),
        ("IMAP_TLS", "none"),
        ("IMAP_USERNAME", dovecot::USER),
        ("IMAP_PASSWORD", dovecot::PASSWORD),
        ("SENT_FOLDER", "auto"),
    ] {
        world.set_env(name, value);
    }
    let cut = Rule::new(At::Body, Fault::HangUp).to(ADA);
    smtp.fail(if keeps { cut.keeping() } else { cut });
    world.at(MONDAY).run(&["send"]).exits(3);
    smtp.heal();
    assert_eq!(world.state(ADA, "hook"), "in_doubt");
    assert_eq!(world.state(CLEO, "hook"), "sent");
    Account {
        _dir: dir,
        smtp,
        imap,
        world,
    }
}

impl Account {
    /// Stores a copy of each mail the server took, as such accounts do; `edit` changes its header.
    fn store_copies(&self, edit: impl Fn(&str) -> String) {
        for kept in self.smtp.kept() {
            let raw = String::from_utf8(kept.raw).unwrap();
            self.imap.store("Sent", edit(&raw).as_bytes());
        }
    }

    fn bodies_to(&self, email: &str) -> usize {
        let kept = self.smtp.kept();
        kept.iter().filter(|kept| kept.to == [email]).count()
    }

    /// What the list of letters says of the look for Ada's Hook.
    fn looked(&self) -> String {
        let letters = self.world.run(&["letters", "list", "--json"]).exits(0);
        let letters = letters.json();
        letters[0]["looked_for"]
            .as_str()
            .unwrap_or("none")
            .to_string()
    }
}

#[test]
fn a_copy_settles_the_doubt_and_tells_the_id_that_answers_will_name() {
    if !dovecot::is_installed() {
        return;
    }
    let account = in_doubt(true);
    let world = &account.world;
    account.store_copies(|raw| {
        let id = hook(world, ADA, "message_id");
        raw.replace(&format!("<{id}>"), "<AM0PR0@eurprd.example>")
    });
    world.at("2026-03-02T10:01:00Z").run(&["send"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(hook(world, ADA, "sent_at"), hook(world, ADA, "claimed_at"));
    // The answer comes from an address nobody knows, and names what the server made of our id.
    account.imap.deliver(
        b"From: ada.at.home@private.example\r\nTo: team@ours.example\r\nSubject: Re: your mail\r\n\
          Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <1@private.example>\r\n\
          In-Reply-To: <AM0PR0@eurprd.example>\r\n\r\nYes, please call me.\r\n",
    );
    world.at("2026-03-02T13:00:00Z").run(&["scan"]).exits(0);
    assert_eq!(world.campaign_state(ADA), "responded");
    assert_eq!(account.bodies_to(ADA), 1);
}

#[test]
fn a_mail_that_surely_never_left_leaves_once_as_the_very_same_mail() {
    if !dovecot::is_installed() {
        return;
    }
    let account = in_doubt(false);
    let world = &account.world;
    account.store_copies(str::to_string);
    let id = hook(world, ADA, "message_id");
    world.at("2026-03-02T10:14:00Z").run(&["send"]).exits(3);
    assert_eq!(world.state(ADA, "hook"), "in_doubt");
    assert_eq!(account.looked(), "it left less than 15 minutes ago");
    world.at("2026-03-02T10:15:00Z").run(&["send"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(hook(world, ADA, "message_id"), id);
    assert_eq!(hook(world, ADA, "attempts"), "2");
    let learned = world.sql("SELECT count(*) FROM sent_copies");
    assert_eq!(learned, [["2"]], "the other two were looked for on the way");
    world.at("2026-03-02T11:15:00Z").run(&["send"]).exits(0);
    assert_eq!(account.bodies_to(ADA), 1);
    let explained = world.run(&["explain", ADA]).exits(0).stdout;
    assert!(
        explained.contains("the mail is not in the Sent folder"),
        "{explained}"
    );
}

#[test]
fn whoever_could_not_look_leaves_the_doubt_to_a_person() {
    if !dovecot::is_installed() {
        return;
    }
    let mut account = in_doubt(false);
    let later = "2026-03-02T10:30:00Z";
    // The account keeps no copies at all: a missing one proves nothing.
    account.world.at(later).run(&["send"]).exits(3);
    assert!(
        account.looked().contains("absence proves nothing"),
        "{}",
        account.looked()
    );
    account.store_copies(str::to_string);
    account.world.set_env("SENT_FOLDER", "Gesendet");
    account.world.at(later).run(&["send"]).exits(3);
    assert!(
        account.looked().contains("`Gesendet` cannot be opened"),
        "{}",
        account.looked()
    );
    account.world.set_env("SENT_FOLDER", "auto");
    account.world.set_env("IMAP_PORT", "1");
    account.world.at(later).run(&["send"]).exits(3);
    assert!(
        account.looked().contains("no connection"),
        "{}",
        account.looked()
    );
    let list = account.world.run(&["letters", "list"]).exits(0).stdout;
    assert!(
        list.contains("looked for") && list.contains("2026-03-02 10:30 UTC"),
        "{list}"
    );
    // The mail may have been meant for another server.
    let port = account.imap.plain_port.to_string();
    account.world.set_env("IMAP_PORT", &port);
    let other = Smtp::start();
    account
        .world
        .set_env("SMTP_PORT", &other.port().to_string());
    account.world.at(later).run(&["send"]).exits(3);
    assert_eq!(account.world.state(ADA, "hook"), "in_doubt");
    assert_eq!(account.bodies_to(ADA), 0);
    assert!(other.kept().is_empty());
}

#[test]
fn the_inbox_beside_it_is_read_as_before() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start_with_sent(dir.path(), Some("Sent"));
    server.deliver(&mail("Message-ID: <1@lead.example>\r\n"));
    server.store("Sent", &mail("Message-ID: <2@ours.example>\r\n"));
    let line = Mailbox::check(&Settings::Imap(imap_settings(server.plain_port)))
        .remove(0)
        .unwrap();
    assert!(line.contains("1 messages in `INBOX`"), "{line}");
}
