use std::os::unix::fs::PermissionsExt;

use chrono::DateTime;
use tempfile::TempDir;

use super::*;
use crate::lead::EmailAddress;
use crate::mailer::compose;

fn deliver(maildir: &Maildir, key: &str) -> Delivery {
    maildir.deliver(&Composed::new(&outgoing(key)).unwrap())
}

fn outgoing(key: &str) -> Outgoing {
    Outgoing {
        from: EmailAddress::parse("sales@example.org").unwrap(),
        from_name: "Team".to_string(),
        to: EmailAddress::parse("ada@example.com").unwrap(),
        to_name: "Ada".to_string(),
        subject: "Hello".to_string(),
        body: "Hi Ada".to_string(),
        dated_at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        message_id: format!("{key}@example.org"),
        outreach_key: key.to_string(),
        unsubscribe_mailto: None,
        postal_address: None,
        reply_to: None,
        unsubscribe_url: None,
        thread: None,
        html: None,
    }
}

fn outbox() -> (TempDir, Maildir) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("out").join("box");
    Maildir::open(&path).unwrap();
    let maildir = Maildir::open(&path).unwrap();
    (dir, maildir)
}

fn names(maildir: &Maildir, sub: &str) -> Vec<String> {
    let entries = fs::read_dir(maildir.dir.join(sub)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_mail_lies_in_new_under_its_key_and_nothing_is_left_in_tmp() {
    let (_dir, maildir) = outbox();
    let delivery = deliver(&maildir, "c1.hook");
    assert_eq!(delivery.label(), "accepted", "{delivery:?}");
    assert_eq!(names(&maildir, "new"), ["c1.hook.outreach"]);
    assert!(names(&maildir, "tmp").is_empty());
    let written = fs::read(maildir.dir.join("new/c1.hook.outreach")).unwrap();
    assert_eq!(written, compose(&outgoing("c1.hook")).unwrap());
}

#[test]
fn a_mail_that_is_there_is_accepted_without_being_written_again() {
    for place in [
        "new/c1.hook.outreach",
        "cur/c1.hook.outreach",
        "cur/c1.hook.outreach:2,RS",
    ] {
        let (_dir, maildir) = outbox();
        fs::write(maildir.dir.join(place), "as it was").unwrap();
        let delivery = deliver(&maildir, "c1.hook");
        assert_eq!(delivery.label(), "accepted", "{place}");
        assert!(
            delivery.reply().contains("already in the Maildir"),
            "{delivery:?}"
        );
        assert_eq!(
            names(&maildir, "new").len() + names(&maildir, "cur").len(),
            1,
            "{place}"
        );
        assert_eq!(fs::read(maildir.dir.join(place)).unwrap(), b"as it was");
        assert_eq!(maildir.evidence("c1.hook"), Evidence::Found, "{place}");
    }
}

#[test]
fn what_a_dead_run_left_in_tmp_does_not_count_and_does_not_disturb() {
    let (_dir, maildir) = outbox();
    fs::write(maildir.dir.join("tmp/c1.hook.outreach"), "half a ma").unwrap();
    assert_eq!(maildir.evidence("c1.hook"), Evidence::Absent);
    assert_eq!(deliver(&maildir, "c1.hook").label(), "accepted");
    assert!(names(&maildir, "tmp").is_empty());
    let written = fs::read(maildir.dir.join("new/c1.hook.outreach")).unwrap();
    assert_eq!(written, compose(&outgoing("c1.hook")).unwrap());
}

#[test]
fn each_mail_of_a_batch_has_its_own_verdict_in_order() {
    let (_dir, maildir) = outbox();
    fs::write(maildir.dir.join("cur/c2.hook.outreach:2,"), "old").unwrap();
    let broken = Outgoing {
        subject: "two\nlines".to_string(),
        ..outgoing("c3.hook")
    };
    let batch = [
        outgoing("c1.hook"),
        outgoing("c2.hook"),
        broken,
        outgoing("c4.hook"),
    ];
    let labels: Vec<_> = maildir
        .deliver_batch(&batch)
        .iter()
        .map(Delivery::label)
        .collect();
    assert_eq!(labels, ["accepted", "accepted", "rejected", "accepted"]);
    assert_eq!(
        names(&maildir, "new"),
        ["c1.hook.outreach", "c4.hook.outreach"]
    );
    assert!(maildir.deliver_batch(&[]).is_empty());
}

#[test]
fn evidence_knows_found_from_absent_from_unknown() {
    let dir = TempDir::new().unwrap();
    let fresh = Maildir::open(&dir.path().join("box")).unwrap();
    assert!(
        matches!(fresh.evidence("c1.hook"), Evidence::CouldNotLook(_)),
        "made just now"
    );
    assert_eq!(deliver(&fresh, "c1.hook").label(), "accepted");
    assert_eq!(fresh.evidence("c1.hook"), Evidence::Found);

    let again = Maildir::open(&dir.path().join("box")).unwrap();
    assert_eq!(again.evidence("c1.hook"), Evidence::Found);
    assert_eq!(again.evidence("c1.proof"), Evidence::Absent);
    assert_eq!(
        again.evidence("c1"),
        Evidence::Absent,
        "a prefix is another name"
    );
    assert!(matches!(
        again.evidence("../box/new/c1.hook"),
        Evidence::CouldNotLook(_)
    ));
    fs::remove_dir_all(dir.path().join("box")).unwrap();
    assert!(
        matches!(again.evidence("c1.proof"), Evidence::CouldNotLook(_)),
        "gone"
    );
}

#[test]
fn a_folder_that_cannot_be_written_defers_and_leaves_nothing() {
    let (_dir, maildir) = outbox();
    fs::remove_dir(maildir.dir.join("tmp")).unwrap();
    let delivery = deliver(&maildir, "c1.hook");
    assert!(matches!(
        delivery,
        Delivery::Deferred {
            phase: Phase::Data,
            blame: Blame::Server,
            ..
        }
    ));
    assert!(delivery.reply().contains("cannot write"), "{delivery:?}");
    assert!(maildir.check().is_err());
    assert_eq!(maildir.evidence("c1.hook"), Evidence::Absent);

    // A file in the way of the rename: the mail in `tmp` must not stay behind.
    fs::create_dir(maildir.dir.join("tmp")).unwrap();
    fs::remove_dir(maildir.dir.join("new")).unwrap();
    let delivery = deliver(&maildir, "c1.hook");
    assert_eq!(delivery.label(), "deferred", "{delivery:?}");
    assert!(names(&maildir, "tmp").is_empty());

    fs::remove_dir(maildir.dir.join("cur")).unwrap();
    let deliveries = maildir.deliver_batch(&[outgoing("c1.hook"), outgoing("c2.hook")]);
    assert_eq!(
        deliveries
            .iter()
            .filter(|one| one.label() == "deferred")
            .count(),
        2
    );
}

#[test]
fn a_full_disk_defers_and_leaves_nothing() {
    let (_dir, maildir) = outbox();
    // Every write to /dev/full fails with "no space left on device".
    std::os::unix::fs::symlink("/dev/full", maildir.dir.join("tmp/c1.hook.outreach")).unwrap();
    let delivery = deliver(&maildir, "c1.hook");
    assert_eq!(delivery.label(), "deferred", "{delivery:?}");
    assert!(delivery.reply().contains("No space left"), "{delivery:?}");
    assert!(names(&maildir, "tmp").is_empty() && names(&maildir, "new").is_empty());
}

#[test]
fn opening_where_nothing_can_be_made_is_one_clear_error() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = format!("{:#}", Maildir::open(&file.join("box")).unwrap_err());
    assert!(
        error.starts_with("OUTBOX_DIR: cannot make the folder"),
        "{error}"
    );
    assert!(!error.contains('\n'));
}

#[test]
fn a_check_writes_nothing_that_stays() {
    let (_dir, maildir) = outbox();
    assert!(maildir.check().unwrap().contains("can be written"));
    assert!(names(&maildir, "tmp").is_empty() && names(&maildir, "new").is_empty());
    let mode = fs::metadata(maildir.dir.join("new"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o700, 0o700);
}

#[test]
fn a_large_batch_arrives_whole_and_a_second_time_changes_nothing() {
    let (_dir, maildir) = outbox();
    let batch: Vec<Outgoing> = (0..100).map(|n| outgoing(&format!("c{n}.hook"))).collect();
    for _ in 0..2 {
        let deliveries = maildir.deliver_batch(&batch);
        assert!(
            deliveries.iter().all(|one| one.label() == "accepted"),
            "{deliveries:?}"
        );
        assert_eq!(deliveries.len(), 100);
    }
    assert_eq!(names(&maildir, "new").len(), 100);
    for one in &batch {
        let path = maildir
            .dir
            .join("new")
            .join(format!("{}.outreach", one.outreach_key));
        assert_eq!(fs::read(path).unwrap(), compose(one).unwrap());
    }
}
