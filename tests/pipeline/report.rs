//! `outreach report`: the figures of what left, on the terminal and as files.

mod csv;
mod html;
mod large;
mod terminal;
mod year;

use rusqlite::Connection;
use serde_json::Value;

use crate::world::{World, lead};

/// A Monday night, and the day on which the Hooks leave.
const NIGHT: &str = "2026-03-02T02:00:00Z";
const HOOK: &str = "2026-03-02T15:00:00Z";
const LATER: &str = "2026-03-05T20:00:00Z";

/// Three leads who got a Hook; one of them answers, one address does not exist.
fn world() -> World {
    let at_home = |name: &str, email: &str, company: &str, country: &str| {
        lead(name, email, company)
            .with("Country", country)
            .with("Timezone", "UTC")
    };
    let world = World::new()
        .leads_csv(&[
            at_home(
                "Ada Byron",
                "ada@engines.example",
                "Byron Engines",
                "United Kingdom",
            ),
            at_home(
                "Nora Lind",
                "nora@lindfreight.example",
                "Lind Freight",
                "Sweden",
            ),
            at_home("Owen Hart", "owen@hart.example", "Hart Tools", "Ireland"),
        ])
        .env("FROM_EMAIL", "us@ourco.example")
        .env("POSTAL_ADDRESS", "Our Co, 1 Example Street, Springfield");
    world.at(NIGHT).run(&["nightly"]).exits(0);
    world.at(HOOK).run(&["hourly"]).exits(0);
    let mail_to = |address: &str| {
        let mails = world.maildir_files();
        let to = mails
            .iter()
            .find(|mail| mail.header("To").contains(address));
        to.unwrap().header("Message-ID")
    };
    let (ada, owen) = (mail_to("ada@"), mail_to("owen@"));
    world.drop_mail(format!(
        "From: Ada Byron <ada@engines.example>\r\nTo: us@ourco.example\r\nSubject: Re: hello\r\n\
         Message-ID: <1@engines.example>\r\nDate: Mon, 02 Mar 2026 18:00:00 +0000\r\n\
         In-Reply-To: {ada}\r\n\r\nYes, I am interested. Could you call me on Thursday?\r\n"
    ));
    world.drop_mail(format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@hart.example\r\nTo: us@ourco.example\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nNo such mailbox.\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.hart.example\r\n\r\nFinal-Recipient: rfc822; owen@hart.example\r\n\
         Action: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b1\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {owen}\r\n\r\n--b1--\r\n"
    ));
    world.at("2026-03-02T19:00:00Z").run(&["scan"]).exits(0);
    world
}

/// The figures as a program reads them.
fn json(world: &World, args: &[&str]) -> Value {
    let args = [&["report", "--json"], args].concat();
    world.at(LATER).run(&args).exits(0).json()
}

/// Changes the ledger behind the program's back.
fn change(world: &World, sql: &str) {
    let ledger = Connection::open(world.path("campaigns.db")).unwrap();
    ledger.execute_batch(sql).unwrap();
}

#[test]
fn the_figures_are_those_of_what_happened() {
    let world = world();
    let report = json(&world, &[]);
    let tally = &report["totals"]["tally"];
    let counts = [
        "reached",
        "sent",
        "delivered",
        "bounced",
        "replied",
        "positive",
        "opt_outs",
    ];
    let counts = counts.map(|name| tally[name].as_u64().unwrap());
    assert_eq!(counts, [2, 3, 2, 1, 1, 1, 0], "{report}");
    assert_eq!(report["totals"]["time_to_reply"]["median_seconds"], 10_800);
    assert_eq!(report["generated_at"], LATER);
    assert_eq!(report["bounce_rate_max"], 0.02);
    assert_eq!(report["findings"][0]["code"], "more_leads");
    // What nobody answered is told as well, and the limit that is in force.
    let mut world = world;
    world.set_env("BOUNCE_LIMIT_PERCENT", "7.5");
    assert_eq!(json(&world, &[])["bounce_rate_max"], 0.075);
}

#[test]
fn the_period_and_the_segments_choose_campaigns() {
    let world = world();
    let reached = |args: &[&str]| json(&world, args)["totals"]["tally"]["reached"].clone();
    for (args, expected) in [
        (&["--since", "2026-03-02"][..], 2),
        (&["--since", "2026-03-03"], 0),
        (&["--until", "2026-03-02", "--since", "2026-03-02"], 2),
        (&["--until", "2026-03-01"], 0),
        (&["--segment", "country=GB"], 1),
        (&["--segment", "Country= gb "], 1),
        (&["--segment", "country=GB", "--segment", "country=SE"], 2),
        (
            &[
                "--segment",
                "country=GB",
                "--segment",
                "sender=us@ourco.example",
            ],
            1,
        ),
        (
            &[
                "--segment",
                "country=GB",
                "--segment",
                "sender=x@ourco.example",
            ],
            0,
        ),
    ] {
        assert_eq!(reached(args), expected, "{args:?}");
    }
}

#[test]
fn what_cannot_be_asked_is_told_in_one_line_with_the_mend() {
    let world = world();
    world.write("file", "no folder");
    #[track_caller]
    fn check(world: &World, args: &[&str], code: i32, expected: &str) {
        let args = [&["report"], args].concat();
        let outcome = world.at(LATER).run(&args).exits(code);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
        outcome.complains(expected);
    }
    let known = "expected one of industry, company_size, seniority, country, tone, confidence, \
                 sender, writer, variant, found `trade`";
    check(&world, &["--segment", "trade=food"], 2, known);
    let not_campaigns = "`weekday` tells messages apart, not campaigns";
    check(&world, &["--segment", "weekday=Mon"], 2, not_campaigns);
    check(
        &world,
        &["--segment", "hour=09"],
        2,
        "`hour` tells messages apart",
    );
    check(
        &world,
        &["--segment", "country"],
        2,
        "expected DIMENSION=VALUE",
    );
    check(
        &world,
        &["--segment", "country="],
        2,
        "expected a value after `country=`",
    );
    check(
        &world,
        &["--since", "2026-02-30"],
        2,
        "expected a day such as 2026-03-09",
    );
    let days = ["--since", "2026-03-02", "--until", "2026-03-01"];
    check(
        &world,
        &days,
        2,
        "expected a day not after --until 2026-03-01, found 2026-03-02",
    );
    check(
        &world,
        &["--csv", "file"],
        78,
        "cannot make the folder `file`; name another one",
    );
    let elsewhere = "cannot write `none/page.html`; name a file in a folder that can be written to";
    check(&world, &["--html", "none/page.html"], 78, elsewhere);
    check(
        &world,
        &["--html", "/dev/null"],
        78,
        "expected a file, found something else",
    );
    assert_eq!(world.read("file"), "no folder");
}
