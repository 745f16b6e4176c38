//! SIGKILL of every stage all over what it writes; run again, the end is that of a calm run, and
//! nothing is there twice.

use super::*;
use crate::twice::{assert_same, dump};
use crate::world::Hold;
use crate::world::airtable::{API_KEY, Airtable, BASE_ID, Call};

/// Enough for several transactions of a stage.
const N_LEADS: usize = 90;
/// The rows that a calm run writes are divided by this: the distance between two kills.
const KILLS: i64 = 12;

fn many() -> World {
    bare()
        .env("DAILY_SEND_LIMIT", "1000")
        .env("MAX_CAMPAIGNS_PER_BATCH", "1000")
        .leads_csv(&rows())
}

/// Good leads, doubles, and leads that are turned down.
fn rows() -> Vec<LeadRow> {
    let row = |n: usize| {
        let email = format!("lead{}@firm{n}.example", n % 7);
        let row = lead("Ada Lovelace", &email, &format!("Firm {n} Freight"));
        match n % 9 {
            7 => row.with("Email_Confidence_Level", "Guess"),
            8 => row.with("Email", "lead0@firm0.example"),
            _ => row,
        }
    };
    (0..N_LEADS).map(row).collect()
}

/// Answers to Hooks: some interested, some who want no more, some absent, and noise.
fn drop_answers(world: &World) {
    let query = "SELECT l.email, m.message_id FROM messages m
                 JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
                 WHERE m.step = 'hook' ORDER BY m.id";
    for (n, row) in world.sql(query).into_iter().enumerate() {
        let (subject, text) = match n % 4 {
            0 => ("Re: your mail", "Yes, please call me tomorrow."),
            1 => ("Re: your mail", "Unsubscribe me, please."),
            2 => (
                "Automatic reply: away",
                "I am out of office until 13 March 2026.",
            ),
            _ => ("Our newsletter", "Ten tips for bakers."),
        };
        let named = if n % 4 == 3 {
            "news@else.example"
        } else {
            &row[1]
        };
        let automatic = if n % 4 == 2 {
            "Auto-Submitted: auto-replied\r\n"
        } else {
            ""
        };
        world.drop_mail(format!(
            "From: <{}>\r\nTo: team@ours.example\r\nSubject: {subject}\r\n{automatic}\
             Date: Tue, 03 Mar 2026 09:00:{:02} +0000\r\nMessage-ID: <{n}@answers.example>\r\n\
             In-Reply-To: <{named}>\r\n\r\n{text}\r\n",
            row[0],
            n % 60
        ));
    }
}

#[test]
fn killed_at_any_write_every_stage_comes_to_the_end_of_a_calm_run() {
    let calm = many();
    let disturbed = many();
    // Made before, so that its commits can be watched.
    for world in [&calm, &disturbed] {
        world.at(NIGHT).run(&["schedule"]).exits(0);
    }
    let steps: [(&str, &[&str]); 9] = [
        (NIGHT, &["pull"]),
        (NIGHT, &["generate"]),
        (NIGHT, &["schedule"]),
        (NIGHT, &["push"]),
        (MONDAY, &["send"]),
        ("2026-03-03T10:00:00Z", &["scan"]),
        ("2026-03-03T10:00:00Z", &["push"]),
        ("2026-03-04T05:00:00Z", &["nightly"]),
        (THURSDAY, &["hourly"]),
    ];
    let mut has_sent = false;
    for (now, args) in steps {
        if args == ["scan"] {
            drop_answers(&calm);
            drop_answers(&disturbed);
        }
        let mut hold = Hold::new(&calm);
        let n_written = hold.rows_written(|| {
            let code = calm.at(now).run(args).code;
            assert!(matches!(code, 0 | 3), "{args:?}: {code}");
        });
        drop(hold);
        hold = Hold::new(&disturbed);
        let n_killed = hold.kills_all_over(now, args, n_written / KILLS + 1);
        drop(hold);
        assert!(
            n_killed >= 3,
            "{args:?}: only {n_killed} runs wrote enough to be killed"
        );
        has_sent |= args == ["send"];
        if has_sent {
            // A doubt that was settled leaves its trace: in the decision log, and a later due_at.
            assert_same(&outcomes(&disturbed), &outcomes(&calm), args[0]);
        } else {
            assert_same(&dump(&disturbed, &OF_RUNS), &dump(&calm, &OF_RUNS), args[0]);
        }
    }
    assert_eq!(
        disturbed.read("leads.status.csv"),
        calm.read("leads.status.csv")
    );
    let mails = |world: &World| -> Vec<(String, Vec<u8>)> {
        let mails = world.maildir_files().into_iter();
        mails.map(|mail| (mail.name, mail.raw)).collect()
    };
    assert_eq!(
        mails(&disturbed),
        mails(&calm),
        "the same mails, to the byte"
    );
}

/// The tables that a dead run leaves a row in.
const OF_RUNS: [&str; 2] = ["runs", "sqlite_sequence"];

/// What became of every lead, campaign, message and mail.
fn outcomes(world: &World) -> Vec<String> {
    let mut all = vec![];
    for query in [
        "SELECT record_id, verdict, reject_reason FROM leads ORDER BY id",
        "SELECT campaign_id, state, stop_reason, response_type FROM campaigns ORDER BY id",
        "SELECT outreach_key, state, iif(state = 'sent', sent_at, due_at), message_id, dated_at
         FROM messages ORDER BY id",
        "SELECT uid, kind, message_id, consequence FROM inbound ORDER BY id",
        "SELECT value, reason FROM suppressions ORDER BY value",
    ] {
        all.extend(world.sql(query).into_iter().map(|row| row.join("|")));
    }
    all
}

#[test]
fn killed_while_the_ledger_is_made_it_is_whole_in_the_next_run() {
    for n in 0..6 {
        let world = many();
        let mut pull = world.at(NIGHT).spawn(&["pull"]);
        let size = |name: &str| fs::metadata(world.path(name)).map_or(0, |file| file.len());
        // Ever later: the file, its journal, the journal with more and more pages.
        comes_true(&mut pull, || match n {
            0 => world.path("campaigns.db").exists(),
            n => size("campaigns.db-wal") > (n - 1) * 40_000,
        });
        pull.kill();
        world.at(NIGHT).run(&["pull"]).exits(0);
        let n_leads = world.sql("SELECT count(*), count(DISTINCT record_id) FROM leads");
        assert_eq!(n_leads, [[N_LEADS.to_string(), N_LEADS.to_string()]], "{n}");
    }
}

#[test]
fn killed_between_two_calls_to_airtable_nothing_is_lost_and_nothing_doubled() {
    let people = |airtable: &Airtable| {
        airtable.set_now(chrono::DateTime::parse_from_rfc3339(NIGHT).unwrap().into());
        airtable.allow_any_rate();
        for n in 0..35 {
            airtable.insert(&[
                ("Full Name", "Ada Lovelace"),
                ("Company", &format!("Firm {n} Freight")),
                ("Email", &format!("ada@firm{n}.example")),
                ("Email_Confidence_Level", "Real"),
            ]);
        }
    };
    let world_of = |airtable: &Airtable| {
        bare()
            .env("AIRTABLE_API_URL", airtable.url())
            .env("AIRTABLE_BASE_ID", BASE_ID)
            .env("AIRTABLE_API_KEY", API_KEY)
    };
    let (base, calm_base) = (Airtable::start(), Airtable::start());
    people(&base);
    people(&calm_base);
    let (world, calm) = (world_of(&base), world_of(&calm_base));
    for stage in ["pull", "generate", "schedule", "push"] {
        calm.at(NIGHT).run(&[stage]).exits(0);
        let is_outside = matches!(stage, "pull" | "push");
        for n in 1..=3 {
            let before = base.calls();
            let mut running = world.at(NIGHT).spawn(&[stage]);
            comes_true(&mut running, || is_outside && base.calls() >= before + n);
            running.kill();
        }
        world.at(NIGHT).run(&[stage]).exits(0);
    }
    let n_updates = base.calls_of(Call::Update);
    world.at(NIGHT).run(&["push"]).exits(0);
    assert_eq!(
        base.calls_of(Call::Update),
        n_updates,
        "all of it was noted"
    );
    for query in [
        "SELECT email, verdict, revision, pushed_revision FROM leads ORDER BY email",
        "SELECT l.email, c.state FROM campaigns c JOIN leads l ON l.id = c.lead_id ORDER BY 1",
        "SELECT l.email, m.step, m.state FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id ORDER BY l.email, m.number",
    ] {
        assert_eq!(world.sql(query), calm.sql(query), "{query}");
    }
    let ids = |world: &World| world.sql("SELECT record_id FROM leads ORDER BY email");
    for (one, other) in ids(&world).iter().zip(ids(&calm)) {
        for name in [
            "Engagement_Status",
            "Campaign_Status",
            "Hook_Message_Subject",
        ] {
            let (shown, expected) = (base.field(&one[0], name), calm_base.field(&other[0], name));
            assert_eq!(shown.is_some(), expected.is_some(), "{name}");
        }
    }
}

#[test]
fn stages_started_at_once_where_there_is_no_ledger_make_one_together() {
    for _ in 0..3 {
        let world = many();
        let started = ["pull", "scan", "generate", "schedule", "send", "push"]
            .map(|stage| world.at(NIGHT).spawn(&[stage]));
        for running in started {
            running.wait().exits(0);
        }
        let n_leads = world.sql("SELECT count(*) FROM leads");
        assert_eq!(n_leads, [[N_LEADS.to_string()]]);
    }
}
