//! SIGKILL of a scan of two folders, wherever it is: every mail counts once, and so does what follows.

use super::*;
use crate::world::Hold;
use crate::world::dovecot::{self, Dovecot};

const AFTER: &str = "2026-03-03T10:00:00Z";

/// Mails of each folder: several batches.
const IN_INBOX: usize = 430;
const IN_JUNK: usize = 230;

fn mail(id: &str, from: &str, more: &str, words: &str) -> Vec<u8> {
    format!(
        "From: <{from}>\r\nTo: team@ours.example\r\nSubject: Re: your mail\r\n{more}\
         Date: Tue, 03 Mar 2026 09:00:00 +0000\r\nMessage-ID: <{id}>\r\n\r\n{words}\r\n"
    )
    .into_bytes()
}

#[test]
fn a_scan_of_two_folders_killed_anywhere_counts_every_mail_once() {
    if !dovecot::is_installed() {
        return;
    }
    let world = planned();
    let server = Dovecot::start(&world.path(""));
    server.make_folder("Junk");
    let world = world
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", server.plain_port.to_string())
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", dovecot::USER)
        .env("IMAP_PASSWORD", dovecot::PASSWORD)
        .env("MONITOR_INBOX_FOLDER", "INBOX, Junk");
    world.at(MONDAY).run(&["send"]).exits(0);
    let hook = |email| {
        format!(
            "In-Reply-To: <{}>\r\n",
            cell(&world, email, "hook", "message_id")
        )
    };
    let ada = mail(
        "yes@engines",
        ADA,
        &hook(ADA),
        "Yes, please call me tomorrow.",
    );
    let bea = mail("stop@bakers", BEA, &hook(BEA), "Unsubscribe me, please.");
    let away = format!("{}Auto-Submitted: auto-replied\r\n", hook(CLEO));
    let cleo = mail(
        "away@carriers",
        CLEO,
        &away,
        "I am out of office until 13 March 2026.",
    );
    for n in 0..IN_INBOX {
        let list = "List-Id: <tips.else.example>\r\nList-Unsubscribe: <mailto:x@else.example>\r\n";
        match n {
            50 => server.deliver(&ada),
            250 => server.deliver(&cleo),
            _ => server.deliver(&mail(
                &format!("{n}@else"),
                "news@else.example",
                list,
                "Tips.",
            )),
        };
    }
    for n in 0..IN_JUNK {
        match n {
            // The same answer again, sorted twice.
            20 => server.store("Junk", &ada),
            210 => server.store("Junk", &bea),
            _ => server.store(
                "Junk",
                &mail(&format!("{n}@spam"), "x@spam.example", "", "Buy!"),
            ),
        };
    }
    let hold = Hold::new(&world);
    let n_killed = hold.kills_all_over(AFTER, &["scan"], 70);
    drop(hold);
    assert!(
        n_killed >= 3,
        "only {n_killed} scans wrote enough to be killed"
    );
    let counted = world.sql(
        "SELECT count(*), count(DISTINCT mailbox || uid), sum(consequence LIKE 'read before%')
         FROM inbound",
    );
    let all = (IN_INBOX + IN_JUNK).to_string();
    assert_eq!(counted, [[all.clone(), all, "1".to_string()]]);
    let states = [ADA, BEA, CLEO].map(|email| world.campaign_state(email));
    assert_eq!(states, ["responded", "stopped", "paused"]);
    let followed = world.sql(
        "SELECT sum(m.replied_at IS NOT NULL), (SELECT count(*) FROM suppressions)
         FROM messages m",
    );
    assert_eq!(followed, [["1", "1"]]);
    let decided = world.sql(
        "SELECT kind, count(*) FROM events WHERE at >= unixepoch('2026-03-03') AND kind <> 'moved'
         GROUP BY kind, campaign_id HAVING count(*) > 1",
    );
    assert!(decided.is_empty(), "decided twice: {decided:?}");
    world.at(AFTER).run(&["scan"]).exits(0);
    assert_eq!(
        world.sql("SELECT count(*) FROM inbound")[0][0],
        counted[0][0]
    );
}
