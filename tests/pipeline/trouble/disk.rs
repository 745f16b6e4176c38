//! Folders that cannot be written to, and disks without room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// A small disk of one's own, mounted at a folder of the world; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None, with the reason printed, where this user may not mount anything.
    fn mount(at: &Path, size: &str) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Disk(at.to_path_buf()));
        }
        eprintln!("SKIPPED: this user may not mount a disk");
        None
    }

    /// Takes all the room there is left but `free` kB.
    fn fill(&self, free: usize) {
        let all = |path: &Path| fs::write(path, vec![0; 64 << 20]);
        assert!(all(&self.0.join("filler")).is_err(), "a disk of that size");
        let rest = fs::metadata(self.0.join("filler")).unwrap().len() as usize;
        let kept = rest.saturating_sub(free << 10) as u64;
        let filler = fs::File::options().write(true).open(self.0.join("filler"));
        filler.unwrap().set_len(kept).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }

    fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        let done = Command::new("mount")
            .args(["-o", &options])
            .arg(&self.0)
            .status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: nothing is lost on a disk in memory, and a busy one must not stay behind.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn many_leads(n: usize) -> Vec<crate::world::LeadRow> {
    (0..n)
        .map(|i| {
            lead(
                "Ada Lovelace",
                &format!("ada{i}@engines{i}.example"),
                "Engines",
            )
        })
        .collect()
}

#[test]
fn a_ledger_on_a_read_only_disk_can_be_looked_at_and_is_told_to_whoever_writes() {
    let world = world_of_ada().env("CAMPAIGN_DATABASE_PATH", "disk/campaigns.db");
    let Some(disk) = Disk::mount(&world.path("disk"), "4m") else {
        return;
    };
    run(&world, "nightly").exits(0);
    disk.remount("ro");
    for command in ["pull", "nightly", "hourly"] {
        run(&world, command).fails(78, &["CAMPAIGN_DATABASE_PATH", "Read-only file system"]);
    }
    run(&world, "suppress add a@b.example").fails(78, &["readonly database"]);
    run(&world, "backup").fails(78, &["cannot back up the ledger"]);
    for command in [
        "status",
        "queue",
        "pull --dry-run",
        "explain ada@engines.example",
    ] {
        run(&world, command).exits(0);
    }
    let doctor = run(&world, "doctor").exits(78);
    assert!(doctor.stdout.contains("FAIL  ledger"), "{}", doctor.stdout);
    disk.remount("rw");
    goes_on(&world);
}

#[test]
fn a_full_disk_under_the_ledger_is_told_and_nothing_is_lost() {
    let world = world_of_ada().env("CAMPAIGN_DATABASE_PATH", "disk/campaigns.db");
    let Some(disk) = Disk::mount(&world.path("disk"), "4m") else {
        return;
    };
    run(&world, "nightly").exits(0);
    world.write_leads(&many_leads(500));
    // With no room at all, with a little, and with enough to begin.
    for free in [0, 40, 300] {
        disk.fill(free);
        for command in ["pull", "nightly", "suppress add a@b.example", "backup"] {
            let outcome = run(&world, command);
            assert!([0, 75].contains(&outcome.code), "{command}: {outcome:?}");
            let errors = outcome.errors();
            assert_eq!(
                errors.is_empty(),
                outcome.code == 0,
                "{command}: {errors:?}"
            );
            for line in errors {
                assert!(line.contains("full"), "{command}: {line}");
            }
        }
        disk.make_room();
        assert_eq!(world.sql("PRAGMA integrity_check"), [["ok"]]);
    }
    run(&world, "pull").exits(0);
    assert_eq!(world.sql("SELECT count(*) FROM leads"), [["501"]]);
    run(&world, "hourly").exits(0);
    assert_eq!(world.state("ada@engines.example", "hook"), "sent");
    let left = fs::read_dir(world.path("disk/campaigns.db.backups")).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(
        names.into_iter().all(|name| name.ends_with(".db")),
        "no part of a copy"
    );
}

#[test]
fn a_full_disk_under_the_maildir_defers_mails_and_loses_none() {
    let leads = many_leads(60);
    let world = World::new()
        .leads_csv(&leads)
        .env("DAILY_SEND_LIMIT", "1000")
        .env("MAX_CAMPAIGNS_PER_BATCH", "1000")
        .env("OUTBOX_DIR", "disk/outbox");
    let Some(disk) = Disk::mount(&world.path("disk"), "1m") else {
        return;
    };
    world.at("2026-03-02T08:00:00Z").run(&["nightly"]).exits(0);
    fs::create_dir_all(world.path("disk/outbox")).unwrap();
    disk.fill(60);
    run(&world, "send").fails(75, &["sending stopped", "No space left on device"]);
    run(&world, "doctor").exits(75);
    let sent = world.maildir_files().len();
    let states = "SELECT count(*) FROM messages WHERE state = 'sent'";
    assert_eq!(world.sql(states), [[sent.to_string()]]);
    assert!(sent < leads.len());
    disk.make_room();
    // Deferred mails wait their half hour.
    world.at("2026-03-02T16:00:00Z").run(&["send"]).exits(0);
    assert_eq!(world.maildir_files().len(), leads.len());
    assert_eq!(world.sql(states), [[leads.len().to_string()]]);
}

#[test]
fn a_status_file_that_cannot_be_written_stays_as_it_was_and_is_written_later() {
    let world = world_of_ada().env("STATUS_FILE", "disk/status.csv");
    let Some(disk) = Disk::mount(&world.path("disk"), "1m") else {
        return;
    };
    run(&world, "nightly").exits(0);
    let before = world.read("disk/status.csv");
    world.write_leads(&many_leads(400));
    run(&world, "pull").exits(0);
    disk.fill(20);
    run(&world, "push").fails(75, &["disk", "No space left on device"]);
    assert_eq!(world.read("disk/status.csv"), before);
    disk.remount("ro");
    run(&world, "push").fails(78, &["STATUS_FILE", "Read-only file system"]);
    disk.remount("rw");
    disk.make_room();
    run(&world, "push").exits(0);
    assert_eq!(
        world
            .read("disk/status.csv")
            .lines()
            .filter(|l| l.contains("@engines"))
            .count(),
        401
    );
    assert_eq!(
        fs::read_dir(world.path("disk")).unwrap().count(),
        1,
        "no draft stays"
    );
}

#[test]
fn a_status_file_in_a_missing_folder_or_over_a_directory_is_named() {
    let world = world_of_ada().env("STATUS_FILE", "no/such/status.csv");
    run(&world, "pull").exits(0);
    run(&world, "push").fails(78, &["`no/such`", "set STATUS_FILE"]);
    fs::create_dir(world.path("folder")).unwrap();
    let world = world.env("STATUS_FILE", "folder");
    run(&world, "push").fails(78, &["STATUS_FILE", "`folder`, found a directory"]);
    let world = world.env("STATUS_FILE", "status.csv");
    goes_on(&world);
    assert!(world.read("status.csv").contains("ada@engines.example"));
}

#[test]
fn an_outbox_that_cannot_be_made_is_named() {
    let world = world_of_ada().env("OUTBOX_DIR", "file/outbox");
    world.write("file", "in the way");
    run(&world, "nightly").exits(0);
    run(&world, "send").fails(78, &["OUTBOX_DIR", "file/outbox"]);
    run(&world, "doctor").exits(78).errors();
    assert_eq!(world.state("ada@engines.example", "hook"), "scheduled");
    let world = world.env("OUTBOX_DIR", "disk/outbox");
    let Some(disk) = Disk::mount(&world.path("disk"), "1m") else {
        return;
    };
    disk.remount("ro");
    run(&world, "send").fails(78, &["OUTBOX_DIR", "Read-only file system"]);
    disk.remount("rw");
    goes_on(&world);
}

#[test]
fn an_outbox_that_turns_read_only_defers_and_goes_on() {
    let world = world_of_ada().env("OUTBOX_DIR", "disk/outbox");
    let Some(disk) = Disk::mount(&world.path("disk"), "1m") else {
        return;
    };
    // The Maildir is there already, made by a run that had nothing to send.
    world.at("2026-03-01T12:00:00Z").run(&["send"]).exits(0);
    run(&world, "nightly").exits(0);
    disk.remount("ro");
    run(&world, "hourly").fails(75, &["sending stopped", "Read-only file system"]);
    disk.remount("rw");
    world.at("2026-03-02T16:00:00Z").run(&["hourly"]).exits(0);
    assert_eq!(world.maildir_files().len(), 1);
}

#[test]
fn an_inbox_full_of_junk_is_read_and_one_that_is_a_file_is_named() {
    let world = world_of_ada().env("INBOX_DIR", "inbox");
    goes_on(&world);
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(world.path("inbox").join(folder)).unwrap();
    }
    let new = world.path("inbox/new");
    std::os::unix::fs::symlink(&new, new.join("loop")).unwrap();
    std::os::unix::fs::symlink("itself", new.join("itself")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", new.join("zero")).unwrap();
    fs::create_dir(new.join("folder")).unwrap();
    let made = Command::new("mkfifo").arg(new.join("pipe")).status();
    assert!(made.unwrap().success());
    for (name, bytes) in [
        ("1.empty", Vec::new()),
        ("2.zeros", vec![0; 100_000]),
        (
            "3.noise",
            (0..100_000_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect(),
        ),
        ("4.header", vec![b'x'; 1 << 20]),
        (
            "5.boundary",
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n".repeat(2_000),
        ),
        ("6.nested", nested(5_000)),
    ] {
        fs::write(new.join(name), bytes).unwrap();
    }
    let outcome = run(&world, "scan").exits(0);
    assert!(outcome.errors().is_empty());
    assert_eq!(world.sql("SELECT count(*) FROM inbound"), [["6"]]);
    assert_eq!(world.campaign_state("ada@engines.example"), "active");
    world.write("post", "no folder");
    let world = world.env("INBOX_DIR", "post");
    run(&world, "scan").fails(78, &["expected a Maildir at `post`, found a file"]);
}

/// A message in a message in a message.
fn nested(depth: usize) -> Vec<u8> {
    let mut raw = b"Content-Type: message/rfc822\r\n\r\n".repeat(depth);
    raw.extend(b"Subject: at last\r\n\r\nhello\r\n");
    raw
}
