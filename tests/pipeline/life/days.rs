//! Days in the life of campaigns: written, sent at their hours, answered, stopped, shown.

use super::*;
use crate::world::airtable::Call;

/// The cast: what becomes of each is in the address.
const SILENT: &str = "nora@lindfreight.example";
const ANSWERS: &str = "owen@hartlogistics.example";
const OPTS_OUT: &str = "petra@vosscargo.example";
const BOUNCES: &str = "quinn@amesfood.example";
const AWAY: &str = "rosa@daletransport.example";
const ANSWERS_LATE: &str = "sam@birchlines.example";
const CLICKS_OPT_OUT: &str = "tess@mooreharbor.example";

struct Cast {
    silent: String,
    answers: String,
    opts_out: String,
    bounces: String,
    away: String,
    answers_late: String,
    clicks_opt_out: String,
    guessed: String,
}

impl Cast {
    fn enter(life: &Life) -> Cast {
        let guess = [("Email_Confidence_Level", "Guess")];
        Cast {
            silent: life.lead("Nora Lind", SILENT, "Lind Freight"),
            answers: life.lead("Owen Hart", ANSWERS, "Hart Logistics"),
            opts_out: life.lead("Petra Voss", OPTS_OUT, "Voss Cargo"),
            bounces: life.lead("Quinn Ames", BOUNCES, "Ames Food"),
            away: life.lead("Rosa Dale", AWAY, "Dale Transport"),
            answers_late: life.lead("Sam Birch", ANSWERS_LATE, "Birch Lines"),
            clicks_opt_out: life.lead("Tess Moore", CLICKS_OPT_OUT, "Moore Harbor"),
            guessed: life.lead_with("Una Field", "una@fieldco.example", "Field Co", &guess),
        }
    }
}

#[test]
fn whole_campaigns_live_their_lives_over_starttls_with_logins() {
    let Some(life) = Life::whole(&STARTTLS_AND_LOGIN) else {
        return;
    };
    let cast = Cast::enter(&life);
    the_night_writes(&life, &cast);
    the_first_day_sends_hooks(&life, &cast);
    answers_stop_what_they_must(&life, &cast);
    the_fourth_day_sends_proofs_to_who_has_not_answered(&life, &cast);
    the_last_days_complete_what_nobody_answered(&life, &cast);
    for kept in life.smtp.kept() {
        assert!(kept.over_tls);
        assert_eq!(kept.user.as_deref(), Some("sales"));
        assert_eq!((kept.from.as_str(), kept.to.len()), (FROM, 1));
    }
    let n_due = "SELECT count(*) FROM messages WHERE state NOT IN ('sent', 'skipped')";
    assert_eq!(life.row(n_due), "0", "every message ends in a final state");
    assert_eq!(life.llm.requests().len(), 7, "nobody is written for twice");
}

fn the_night_writes(life: &Life, cast: &Cast) {
    let night = life.ok(NIGHT, &["nightly", "--json"]).json();
    let counts = |stage: usize| night["stages"][stage]["counts"].clone();
    assert_eq!(counts(1)["read"], 8, "{night}");
    assert_eq!(counts(1)["accepted"], 7, "{night}");
    assert_eq!(counts(1)["rejected_low_confidence"], 1, "{night}");
    assert_eq!(counts(2)["active"], 7, "{night}");
    assert_eq!(counts(3)["dated"], 21, "{night}");
    let requests = life.llm.requests();
    assert_eq!(requests.len(), 7, "one request a campaign");
    assert!(life.sent().is_empty());
    let notes = life.cell(&cast.guessed, "Campaign_Notes");
    assert!(
        notes.contains("low_confidence") && notes.contains("Guess"),
        "{notes}"
    );
    life.shows(
        &cast.guessed,
        &[("Campaign_ID", ""), ("Engagement_Status", "Auto-Send")],
    );
    // One of them is the model's, the others it would have told the same: the templates wrote those.
    let cell = |step: &str, part: &str| life.cell(&cast.silent, &format!("{step}_Message_{part}"));
    let steps = ["Hook", "Proof", "FOMO"];
    let subjects = steps.map(|step| cell(step, "Subject")).concat();
    let bodies = steps.map(|step| cell(step, "Body"));
    assert!((subjects + &bodies.concat()).contains("Lind Freight"));
    for body in bodies {
        let greeting = body.lines().next().unwrap_or_default().to_string();
        assert!(greeting.contains("Nora"), "{body}");
    }
    life.shows(
        &cast.silent,
        &[
            ("Campaign_Status", "Active"),
            ("Engagement_Status", "Auto-Send"),
            ("Current_Message_Number", "0"),
            ("Campaign_Started_Date", ""),
            ("Last_Contacted_Date", ""),
            ("Hook_Message_Sent_Date", ""),
        ],
    );
    let next = life.cell(&cast.silent, "Next_Message_Date");
    assert!(next.starts_with("2025-03-03T09:"), "{next}");
}

fn the_first_day_sends_hooks(life: &Life, cast: &Cast) {
    life.ok("2025-03-03T08:00:00Z", &["hourly"]);
    assert!(life.sent().is_empty(), "the window opens at nine");
    life.ok(HOOK, &["hourly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.sent().len(), 7);
    check_mail(
        life,
        &cast.silent,
        SILENT,
        "hook",
        "Mon, 03 Mar 2025 10:00:00 +0000",
    );
    life.shows(
        &cast.silent,
        &[
            ("Campaign_Status", "Active"),
            ("Engagement_Status", "Sent"),
            ("Current_Message_Number", "1"),
            ("Campaign_Started_Date", "2025-03-03T10:00:00.000Z"),
            ("Hook_Message_Sent_Date", "2025-03-03T10:00:00.000Z"),
            ("Hook_Message_Opens", "0"),
            ("Proof_Message_Sent_Date", ""),
            ("Last_Contacted_Date", "2025-03-03"),
            ("Last_Campaign_Activity", "2025-03-03T10:00:00.000Z"),
            ("Delivery_Method", "Email"),
        ],
    );
    let next = life.cell(&cast.silent, "Next_Message_Date");
    assert!(
        next.starts_with("2025-03-06T09:"),
        "three days later: {next}"
    );
}

/// The mail is what the base shows, and carries all that identifies and ends it.
fn check_mail(life: &Life, record: &str, to: &str, step: &str, date: &str) {
    let sent = life.mail(to, step);
    let key = format!("{}.{step}", life.cell(record, "Campaign_ID"));
    let link = format!("<mailto:{OPT_OUTS}?subject=unsubscribe%20{key}>");
    let column = |what: &str| {
        let prefix = match step {
            "hook" => "Hook",
            "proof" => "Proof",
            _ => "FOMO",
        };
        life.cell(record, &format!("{prefix}_Message_{what}"))
    };
    for (name, value) in [
        ("X-Outreach-Key", key.as_str()),
        ("Message-ID", &format!("<{key}@ourco.example>")),
        ("List-Unsubscribe", &link),
        ("Date", date),
        ("Subject", &column("Subject")),
        ("From", &format!("\"Ada Byron\" <{FROM}>")),
    ] {
        assert_eq!(header(&sent.raw, name), value, "{step} {name}");
    }
    assert!(header(&sent.raw, "To").ends_with(&format!("<{to}>")));
    let parsed = mail_parser::MessageParser::default().parse(sent.raw.as_bytes());
    let text = parsed.unwrap().body_text(0).unwrap().replace("\r\n", "\n");
    let footer = format!(
        "\n\n-- \n{POSTAL}\nIf this is not for you, reply \"no thanks\" and we will not write again.\n"
    );
    assert_eq!(text, format!("{}{footer}", column("Body")), "{step}");
}

fn answers_stop_what_they_must(life: &Life, cast: &Cast) {
    let hook = |to: &str| life.mail(to, "hook");
    let date = "Mon, 3 Mar 2025 11:15:00 +0000";
    let interested = "Hi Ada,\n\nthis sounds interesting. Can we talk on Thursday at 10?\n\nOwen";
    // From an address we never wrote to: only In-Reply-To tells what it is about.
    life.receive(&reply(
        &hook(ANSWERS),
        "owen.h@private.example",
        date,
        interested,
    ));
    let stop = "Please take me off your list.\n\nPetra";
    life.receive(&reply(&hook(OPTS_OUT), OPTS_OUT, date, stop));
    life.receive(&bounce(&hook(BOUNCES), date));
    let away = "I'm away and will be back on Wednesday, March 12, 2025.";
    life.receive(&absence(&hook(AWAY), date, away));
    // What a mail program sends for List-Unsubscribe, here from the person's other address.
    let key = header(&hook(CLICKS_OPT_OUT).raw, "X-Outreach-Key");
    life.receive(&format!(
        "From: Tess <tess@home.example>\nTo: {OPT_OUTS}\nSubject: unsubscribe {key}\n\
         Date: {date}\nMessage-ID: <u1@home.example>\n\n\n"
    ));
    let scanned = life
        .ok("2025-03-03T12:00:00Z", &["hourly", "--json"])
        .json();
    let counts = &scanned["stages"][0]["counts"];
    for (kind, n) in [
        ("read", 5),
        ("human_reply", 1),
        ("unsubscribe", 2),
        ("bounce_hard", 1),
        ("out_of_office", 1),
        ("unmatched", 0),
    ] {
        assert_eq!(counts[kind], n, "{kind}: {scanned}");
    }
    shows_the_answers(life, cast);
    let suppressed = life
        .world
        .sql("SELECT value, reason FROM suppressions ORDER BY value");
    let suppressed: Vec<String> = suppressed.into_iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        suppressed,
        [
            format!("{OPTS_OUT} opted_out"),
            format!("{BOUNCES} bounced"),
            "tess@home.example opted_out".to_string(),
            format!("{CLICKS_OPT_OUT} opted_out"),
        ]
    );
}

fn shows_the_answers(life: &Life, cast: &Cast) {
    // When they were written, not when they were read.
    let written = "2025-03-03T11:15:00.000Z";
    for (record, status, response, at) in [
        (&cast.answers, "Responded", "Interested", written),
        (&cast.opts_out, "Stopped", "Unsubscribed", written),
        (&cast.clicks_opt_out, "Stopped", "Unsubscribed", written),
        (&cast.bounces, "Stopped", "Bounced", written),
        (&cast.away, "Paused", "Auto Reply", ""),
        (&cast.silent, "Active", "", ""),
    ] {
        life.shows(
            record,
            &[
                ("Campaign_Status", status),
                ("Campaign_Response_Type", response),
                ("Campaign_Response_Date", at),
                ("Engagement_Status", "Sent"),
            ],
        );
        let is_over = status != "Active";
        assert_eq!(
            life.cell(record, "Next_Message_Date").is_empty(),
            is_over,
            "{status}"
        );
    }
    let notes = life.cell(&cast.away, "Campaign_Notes");
    assert!(notes.contains("12"), "it says until when: {notes}");
}

fn the_fourth_day_sends_proofs_to_who_has_not_answered(life: &Life, cast: &Cast) {
    life.ok("2025-03-04T02:00:00Z", &["nightly"]);
    life.ok("2025-03-06T02:00:00Z", &["nightly"]);
    life.ok("2025-03-06T08:00:00Z", &["hourly"]);
    assert_eq!(life.sent().len(), 7, "the window opens at nine");
    // A moment before the very run that would send the Proof.
    let words = "Thanks, but not now. Ask me again next quarter.\n\nSam";
    let date = "Thu, 6 Mar 2025 11:59:50 +0000";
    life.receive(&reply(
        &life.mail(ANSWERS_LATE, "hook"),
        ANSWERS_LATE,
        date,
        words,
    ));
    life.ok(PROOF, &["hourly"]);
    assert_eq!(life.sent().len(), 8, "one Proof only");
    check_mail(
        life,
        &cast.silent,
        SILENT,
        "proof",
        "Thu, 06 Mar 2025 12:00:00 +0000",
    );
    life.shows(
        &cast.answers_late,
        &[
            ("Campaign_Status", "Responded"),
            ("Campaign_Response_Type", "Later"),
        ],
    );
    life.shows(
        &cast.silent,
        &[
            ("Current_Message_Number", "2"),
            ("Proof_Message_Sent_Date", "2025-03-06T12:00:00.000Z"),
            ("Last_Contacted_Date", "2025-03-06"),
        ],
    );
}

fn the_last_days_complete_what_nobody_answered(life: &Life, cast: &Cast) {
    life.ok("2025-03-10T02:00:00Z", &["nightly"]);
    life.ok(FOMO, &["hourly"]);
    check_mail(
        life,
        &cast.silent,
        SILENT,
        "fomo",
        "Mon, 10 Mar 2025 14:00:00 +0000",
    );
    assert_eq!(life.steps_to(SILENT), ["hook", "proof", "fomo"]);
    life.shows(
        &cast.silent,
        &[
            ("Campaign_Status", "Completed"),
            ("Engagement_Status", "Sent"),
            ("Current_Message_Number", "3"),
            ("FOMO_Message_Sent_Date", "2025-03-10T14:00:00.000Z"),
            ("Next_Message_Date", ""),
        ],
    );
    // Back on Wednesday the 12th: nothing before Thursday, then one after the other.
    life.ok("2025-03-12T02:00:00Z", &["nightly"]);
    life.ok("2025-03-12T14:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(AWAY), ["hook"]);
    life.ok("2025-03-13T02:00:00Z", &["nightly"]);
    life.shows(&cast.away, &[("Campaign_Status", "Active")]);
    life.ok("2025-03-13T15:00:00Z", &["hourly"]);
    life.ok("2025-03-17T02:00:00Z", &["nightly"]);
    life.ok("2025-03-17T16:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(AWAY), ["hook", "proof", "fomo"]);
    life.shows(
        &cast.away,
        &[
            ("Campaign_Status", "Completed"),
            ("Campaign_Response_Type", "Auto Reply"),
        ],
    );
    for (stopped, n) in [(ANSWERS, 1), (OPTS_OUT, 1), (BOUNCES, 1), (ANSWERS_LATE, 1)] {
        assert_eq!(life.steps_to(stopped).len(), n, "{stopped}");
    }
    // An answer after the end still counts.
    let words = "Sorry for being late. Yes, tell me more, please.\n\nNora";
    let date = "Tue, 18 Mar 2025 08:00:00 +0000";
    life.receive(&reply(&life.mail(SILENT, "fomo"), SILENT, date, words));
    life.ok("2025-03-18T10:00:00Z", &["hourly"]);
    life.shows(
        &cast.silent,
        &[
            ("Campaign_Status", "Responded"),
            ("Campaign_Response_Type", "Interested"),
        ],
    );
    // Quiet days write nothing into the base.
    let n_updates = life.airtable.calls_of(Call::Update);
    life.ok("2025-03-18T11:00:00Z", &["hourly"]);
    life.ok("2025-03-19T02:00:00Z", &["nightly"]);
    life.ok("2025-03-19T02:00:00Z", &["nightly"]);
    assert_eq!(life.airtable.calls_of(Call::Update), n_updates);
}

#[test]
fn a_campaign_lives_over_tls_from_the_first_byte_and_without_a_login() {
    let Some(life) = Life::whole(&TLS_WITHOUT_LOGIN) else {
        return;
    };
    let silent = life.lead("Nora Lind", SILENT, "Lind Freight");
    let answers = life.lead("Owen Hart", ANSWERS, "Hart Logistics");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.sent().len(), 2);
    let text = "Not interested, sorry.\n\nOwen";
    let date = "Tue, 4 Mar 2025 09:00:00 +0000";
    life.receive(&reply(&life.mail(ANSWERS, "hook"), ANSWERS, date, text));
    life.ok(PROOF, &["hourly"]);
    life.ok(FOMO, &["hourly"]);
    assert_eq!(life.steps_to(SILENT), ["hook", "proof", "fomo"]);
    assert_eq!(life.steps_to(ANSWERS), ["hook"]);
    life.shows(&silent, &[("Campaign_Status", "Completed")]);
    life.shows(
        &answers,
        &[
            ("Campaign_Status", "Responded"),
            ("Campaign_Response_Type", "Not Interested"),
        ],
    );
    for kept in life.smtp.kept() {
        assert!(kept.over_tls && kept.user.is_none());
    }
}

#[test]
fn a_scan_while_send_is_at_work_stops_the_follow_up_of_the_same_run() {
    use crate::world::smtp::{At, Fault, Rule};
    let life = Life::plain();
    life.lead("Nora Lind", SILENT, "Lind Freight");
    life.lead("Owen Hart", ANSWERS, "Hart Logistics");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let (first, second) = (life.sent().remove(0), life.sent().remove(1));
    life.smtp
        .fail(Rule::new(At::RcptTo, Fault::Silence).times(1));
    let hourly = life.start(PROOF, &["hourly"]);
    life.smtp.wait_for_nth(At::RcptTo, 3);
    let date = "Thu, 6 Mar 2025 12:00:30 +0000";
    life.receive(&reply(
        &second,
        &second.to,
        date,
        "Yes, let us talk on Friday.",
    ));
    life.ok(PROOF, &["scan"]);
    life.smtp.release();
    hourly.wait().exits(0);
    assert_eq!(life.steps_to(&first.to), ["hook", "proof"]);
    assert_eq!(life.steps_to(&second.to), ["hook"]);
}

#[test]
fn an_answer_holds_the_colleagues_and_leaves_other_companies_alone() {
    let life = Life::plain();
    life.lead("Nora Lind", SILENT, "Lind Freight");
    let colleague = life.lead(
        "Uma Lind",
        "uma@sales.lindfreight.example",
        "Lind Freight Inc",
    );
    let other = life.lead("Owen Hart", ANSWERS, "Hart Logistics");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.sent().len(), 3);
    let date = "Tue, 4 Mar 2025 09:00:00 +0000";
    life.receive(&reply(
        &life.mail(SILENT, "hook"),
        SILENT,
        date,
        "Yes, call me please.",
    ));
    life.ok("2025-03-04T10:00:00Z", &["hourly"]);
    life.ok(PROOF, &["hourly"]);
    life.shows(
        &colleague,
        &[("Campaign_Status", "Paused"), ("Next_Message_Date", "")],
    );
    life.shows(
        &other,
        &[
            ("Campaign_Status", "Active"),
            ("Current_Message_Number", "2"),
        ],
    );
    assert_eq!(life.sent().len(), 4);
}
