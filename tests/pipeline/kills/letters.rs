//! A message in doubt is settled by a person or by evidence, and by nothing else.

use super::*;
use crate::world::smtp::{At, Fault, Rule};

/// A world whose Hook to Ada was handed over and never answered.
fn in_doubt() -> (Smtp, World) {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::Body, Fault::Silence).keeping());
    let send = world.at(MONDAY).spawn(&["send"]);
    smtp.wait_for(At::Body);
    send.kill();
    smtp.heal();
    smtp.release();
    world.at(MONDAY).run(&["send"]).exits(3);
    assert_eq!(states(&world, "hook"), ["in_doubt", "sent", "sent"]);
    (smtp, world)
}

/// The number by which `letters` knows the only letter there is.
fn number(world: &World) -> String {
    let letters = world.run(&["letters", "list", "--json"]).exits(0).json();
    let letters = letters.as_array().unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters[0]["id"].to_string()
}

fn bodies_to(smtp: &Smtp, email: &str) -> usize {
    recipients(smtp).iter().filter(|to| *to == email).count()
}

#[test]
fn the_list_names_what_to_search_for() {
    let (smtp, world) = in_doubt();
    let sent = String::from_utf8(smtp.kept().remove(0).raw).unwrap();
    let list = world.run(&["letters", "list"]).exits(0).stdout;
    let message_id = cell(&world, ADA, "hook", "message_id");
    assert!(list.contains(&message_id) && list.contains(ADA), "{list}");
    assert!(list.contains("in doubt") && list.contains("hook"), "{list}");
    let header = sent.lines().find(|line| line.starts_with("Message-ID:"));
    assert_eq!(header, Some(format!("Message-ID: <{message_id}>").as_str()));
    let explained = world.run(&["explain", ADA]).exits(0).stdout;
    assert!(explained.contains("in doubt"), "{explained}");
}

#[test]
fn confirmed_it_counts_as_sent_and_the_campaign_goes_on_at_its_distance() {
    let (smtp, world) = in_doubt();
    let confirm = ["letters", "confirm", &number(&world)];
    world.at("2026-03-04T12:00:00Z").run(&confirm).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    let (sent, claimed) = (
        cell(&world, ADA, "hook", "sent_at"),
        cell(&world, ADA, "hook", "claimed_at"),
    );
    assert_eq!(sent, claimed, "it left when it was handed over");
    world
        .at("2026-03-04T12:00:00Z")
        .run(&confirm)
        .exits(2)
        .complains("neither in doubt nor dead");
    scan_and_send(&world, THURSDAY).exits(0);
    scan_and_send(&world, NEXT_MONDAY).exits(0);
    assert_eq!(world.campaign_state(ADA), "completed");
    assert_eq!(bodies_to(&smtp, ADA), 3);
    assert_nothing_doubled(&smtp, "confirmed");
}

#[test]
fn retried_it_leaves_once_more_as_the_very_same_mail() {
    let (smtp, world) = in_doubt();
    world
        .at(MONDAY)
        .run(&["letters", "retry", &number(&world)])
        .exits(0);
    assert_eq!(world.state(ADA, "hook"), "scheduled");
    scan_and_send(&world, "2026-03-03T10:00:00Z").exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    let kept: Vec<_> = smtp
        .kept()
        .into_iter()
        .filter(|kept| kept.to == [ADA])
        .collect();
    assert_eq!(kept.len(), 2);
    assert_eq!(
        kept[0].raw, kept[1].raw,
        "Message-ID and Date are those of the first try"
    );
    // The Hook left a day late, so the Proof that was due on Thursday moved.
    assert_eq!(due(&world, ADA, "proof"), "Fri 2026-03-06 09:00");
    scan_and_send(&world, THURSDAY).exits(0);
    assert_eq!(states(&world, "proof"), ["scheduled", "sent", "sent"]);
}

#[test]
fn dropped_it_ends_the_campaign_and_a_person_can_still_take_that_back() {
    let (smtp, world) = in_doubt();
    world
        .at(MONDAY)
        .run(&["letters", "drop", &number(&world)])
        .exits(0);
    assert_eq!(world.state(ADA, "hook"), "dead");
    assert_eq!(world.state(ADA, "proof"), "skipped");
    let reason = world.sql("SELECT state, stop_reason FROM campaigns ORDER BY id LIMIT 1");
    assert_eq!(reason, [["stopped", "undeliverable"]]);
    scan_and_send(&world, THURSDAY).exits(0);
    assert_eq!(bodies_to(&smtp, ADA), 1);

    world
        .at(THURSDAY)
        .run(&["letters", "retry", &number(&world)])
        .exits(0);
    assert_eq!(world.campaign_state(ADA), "active");
    world.at(THURSDAY).run(&["schedule"]).exits(0);
    scan_and_send(&world, THURSDAY).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(world.state(ADA, "proof"), "scheduled");
    assert!(
        due(&world, ADA, "proof").starts_with("Mon 2026-03-09"),
        "three days on, a Sunday"
    );
}

#[test]
fn an_answer_that_names_it_settles_it_and_ends_the_campaign() {
    let (smtp, world) = in_doubt();
    let message_id = cell(&world, ADA, "hook", "message_id");
    world.drop_mail(format!(
        "From: Ada Lovelace <{ADA}>\r\nTo: team@ours.example\r\nSubject: Re: your mail\r\n\
         Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <1@engines.example>\r\n\
         In-Reply-To: <{message_id}>\r\n\r\nYes, please call me.\r\n"
    ));
    scan_and_send(&world, "2026-03-02T13:00:00Z").exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(world.campaign_state(ADA), "responded");
    scan_and_send(&world, THURSDAY).exits(0);
    assert_eq!(bodies_to(&smtp, ADA), 1);
}

#[test]
fn a_bounce_that_names_it_settles_it_and_suppresses_the_address() {
    let (smtp, world) = in_doubt();
    let message_id = cell(&world, ADA, "hook", "message_id");
    world.drop_mail(format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: team@ours.example\r\nSubject: Undelivered\r\n\
         Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nReturn-Path: <>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; {ADA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: team@ours.example\r\nTo: {ADA}\r\n\
         Subject: x\r\nMessage-ID: <{message_id}>\r\n\r\nHi\r\n--b--\r\n"
    ));
    scan_and_send(&world, "2026-03-02T13:00:00Z").exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    let campaign = world.sql("SELECT state, stop_reason FROM campaigns ORDER BY id LIMIT 1");
    assert_eq!(campaign, [["stopped", "bounced"]]);
    assert_eq!(
        world.sql("SELECT value, reason FROM suppressions"),
        [[ADA, "bounced"]]
    );
    scan_and_send(&world, THURSDAY).exits(0);
    assert_eq!(bodies_to(&smtp, ADA), 1);
}

#[test]
fn an_absence_notice_that_names_nothing_settles_nothing() {
    let (_smtp, world) = in_doubt();
    world.drop_mail(format!(
        "From: Ada Lovelace <{ADA}>\r\nTo: team@ours.example\r\nSubject: Out of office\r\n\
         Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <2@engines.example>\r\n\
         Auto-Submitted: auto-replied\r\n\r\nI am out of office until 6 March 2026.\r\n"
    ));
    scan_and_send(&world, "2026-03-02T13:00:00Z").exits(3);
    assert_eq!(
        world.state(ADA, "hook"),
        "in_doubt",
        "she may be answering anybody"
    );
}

#[test]
fn an_answer_that_names_a_mail_put_back_in_line_proves_that_it_arrived() {
    let (smtp, world) = in_doubt();
    let message_id = cell(&world, ADA, "hook", "message_id");
    world
        .at(MONDAY)
        .run(&["letters", "retry", &number(&world)])
        .exits(0);
    world.drop_mail(format!(
        "From: Ada at home <ada@home.example>\r\nTo: team@ours.example\r\nSubject: Re: your mail\r\n\
         Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <3@home.example>\r\n\
         References: <{message_id}>\r\n\r\nThanks, tell me more.\r\n"
    ));
    scan_and_send(&world, "2026-03-02T13:00:00Z").exits(0);
    assert_eq!(world.campaign_state(ADA), "responded");
    assert_eq!(world.state(ADA, "hook"), "sent", "somebody answered it");
    assert_eq!(
        bodies_to(&smtp, ADA),
        1,
        "whoever answered is not written to again"
    );
}
