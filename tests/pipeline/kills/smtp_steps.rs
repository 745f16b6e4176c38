//! SIGKILL of `send` at every step of the conversation. What was claimed is in doubt afterwards, and
//! nothing sends it again; the mails behind it leave in the next run.

use super::*;
use crate::mailer::certificate;
use crate::world::smtp::{At, Fault, Rule, Tls};

/// Kills `send` while the server holds the first conversation at a step, then lets the server come
/// back to life and runs `send` again, and again.
#[track_caller]
fn check(smtp: &Smtp, world: &World, at: At, bodies_of_ada: usize) {
    smtp.fail(Rule::new(at, Fault::Silence));
    let send = world.at(MONDAY).spawn(&["send"]);
    smtp.wait_for(at);
    assert_eq!(
        world.state(ADA, "hook"),
        "sending",
        "{at:?}: the claim is on disk before the connection is used"
    );
    assert_eq!(send.kill().code, -9);
    smtp.heal();
    smtp.release();

    let second = world.at(MONDAY).run(&["send", "--json"]).exits(3);
    assert_eq!(counted(&second, "orphaned"), 1, "{at:?}");
    assert_eq!(
        states(world, "hook"),
        ["in_doubt", "sent", "sent"],
        "{at:?}"
    );
    for hour in 11..14 {
        let now = format!("2026-03-02T{hour}:00:00Z");
        let again = scan_and_send(world, &now).exits(3);
        assert_eq!(
            counted(&again, "accepted"),
            0,
            "{at:?}: nothing is left to send"
        );
    }
    assert_nothing_doubled(smtp, &format!("{at:?}"));
    let to_ada = recipients(smtp).iter().filter(|to| *to == ADA).count();
    assert_eq!(
        to_ada, bodies_of_ada,
        "{at:?}: what the server took before the kill"
    );

    // Days later the doubt still holds the campaign, and the others go on.
    scan_and_send(world, THURSDAY).exits(3);
    assert_eq!(
        states(world, "proof"),
        ["scheduled", "sent", "sent"],
        "{at:?}"
    );
    assert_eq!(world.state(ADA, "hook"), "in_doubt", "{at:?}");
}

#[test]
fn killed_before_a_word_was_said_it_is_in_doubt_and_never_sent_by_itself() {
    for at in [At::Connect, At::Greeting] {
        let (smtp, world) = smtp_and_world();
        check(&smtp, &world, at, 0);
    }
}

#[test]
fn killed_while_saying_hello_or_logging_in_it_is_in_doubt_and_never_sent_by_itself() {
    for at in [At::Ehlo, At::Auth] {
        let (smtp, world) = smtp_with_login();
        check(&smtp, &world, at, 0);
    }
}

#[test]
fn killed_before_the_tls_handshake_it_is_in_doubt_and_never_sent_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, identity) = certificate(folder.path());
    let smtp = Smtp::start_with(Options {
        tls: Tls::Offered,
        identity: Some(identity),
        ..Options::default()
    });
    let world = planned_over(&smtp)
        .env("SMTP_SERVER", "localhost")
        .env("SMTP_TLS", "starttls")
        .env("TLS_CA_FILE", &authority);
    check(&smtp, &world, At::StartTls, 0);
    assert!(smtp.kept().iter().all(|kept| kept.over_tls));
}

#[test]
fn killed_within_the_envelope_it_is_in_doubt_and_never_sent_by_itself() {
    for at in [At::MailFrom, At::RcptTo, At::Data] {
        let (smtp, world) = smtp_and_world();
        check(&smtp, &world, at, 0);
    }
}

#[test]
fn killed_when_the_body_was_out_it_is_in_doubt_although_the_server_took_it() {
    // The server reads on what was in flight when the client died: the mail is delivered. Its first
    // line is there only when the whole was written.
    for at in [At::InBody, At::Body] {
        let (smtp, world) = smtp_and_world();
        check(&smtp, &world, at, 1);
    }
}

#[test]
fn killed_after_a_refusal_only_the_mail_that_came_next_is_in_doubt() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(550, "5.1.1 no such user")).to(ADA));
    smtp.fail(Rule::new(At::Rset, Fault::Silence));
    let send = world.at(MONDAY).spawn(&["send"]);
    smtp.wait_for(At::Rset);
    send.kill();
    smtp.heal();
    smtp.release();
    // The refusal was recorded before the next mail was claimed.
    let mut left = states(&world, "hook");
    left.sort();
    assert_eq!(left, ["dead", "scheduled", "sending"]);
    let again = world.at(MONDAY).run(&["send", "--json"]).exits(3);
    assert_eq!(counted(&again, "accepted"), 1);
    assert_eq!(smtp.bodies_seen(), 1);
    assert_nothing_doubled(&smtp, "rset");
}

#[test]
fn killed_while_taking_leave_nothing_is_in_doubt() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::Quit, Fault::Silence));
    let send = world.at(MONDAY).spawn(&["send"]);
    smtp.wait_for(At::Quit);
    send.kill();
    smtp.heal();
    smtp.release();
    assert_eq!(states(&world, "hook"), ["sent", "sent", "sent"]);
    let again = world.at(MONDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(counted(&again, "accepted"), 0);
    assert_eq!(smtp.bodies_seen(), 3);
    assert_nothing_doubled(&smtp, "quit");
}

#[test]
fn killed_in_every_run_each_mail_is_handed_over_at_most_once() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::Body, Fault::Silence).keeping());
    for n in 1..=3 {
        let send = world.at(MONDAY).spawn(&["send"]);
        smtp.wait_for_nth(At::Body, n);
        send.kill();
    }
    smtp.heal();
    smtp.release();
    world.at(MONDAY).run(&["send"]).exits(3);
    assert_eq!(states(&world, "hook"), ["in_doubt"; 3]);
    assert_eq!(smtp.bodies_seen(), 3);
    assert_nothing_doubled(&smtp, "three kills");
}
