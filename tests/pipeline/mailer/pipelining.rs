//! Several commands in one write (RFC 2920): whatever the answers are, each belongs to its command,
//! no body follows a refusal, and nothing said unasked is taken for an answer.

use super::*;

fn server(dribbles: bool) -> Smtp {
    Smtp::start_with(Options {
        offers: &["PIPELINING"],
        dribbles,
        ..Options::default()
    })
}

#[test]
fn the_envelope_leaves_at_once_only_where_that_is_offered() {
    // Held at MAIL, the server has the next commands already, or does not.
    for (offers, expected) in [(&["PIPELINING"][..], true), (&[][..], false)] {
        let smtp = Smtp::start_with(Options {
            offers,
            ..Options::default()
        });
        smtp.fail(Rule::new(At::MailFrom, Fault::HangUp).times(1));
        let mut client = Client::new(&plain(&smtp), None);
        assert_eq!(summary(&client.deliver(1)), "mail_from deferred Server");
        assert_eq!(smtp.unread().contains("DATA"), expected, "{offers:?}");
    }
}

/// Two faults about the first mail; the second one arrives, over `n_conversations` in all.
#[track_caller]
fn check(faults: &[(At, Fault)], expected: &str, n_conversations: usize) {
    for dribbles in [false, true] {
        check_with(&server(dribbles), faults, expected, n_conversations);
    }
}

#[track_caller]
fn check_with(smtp: &Smtp, faults: &[(At, Fault)], expected: &str, n_conversations: usize) {
    for (at, fault) in faults {
        smtp.fail(Rule::new(*at, *fault).times(1));
    }
    let mut client = Client::new(&plain(smtp), None);
    let delivery = client.deliver(1);
    assert_eq!(summary(&delivery), expected, "{faults:?}: {delivery:?}");
    assert_eq!(smtp.bodies_seen(), 0, "{faults:?}");
    assert_eq!(summary(&client.deliver(2)), "body accepted", "{faults:?}");
    assert_eq!(smtp.n_conversations(), n_conversations, "{faults:?}");
    let kept: Vec<Vec<u8>> = smtp.kept().into_iter().map(|kept| kept.raw).collect();
    assert_eq!(kept, [compose(&outgoing(2)).unwrap()], "{faults:?}");
}

const UNKNOWN: Fault = Fault::Reply(550, "5.1.1 no such user");

#[test]
fn the_first_refusal_is_the_verdict_and_the_connection_goes_on() {
    check(&[(At::RcptTo, UNKNOWN)], "rcpt_to rejected Recipient", 1);
    check(
        &[(At::MailFrom, Fault::Reply(451, "4.3.0 later"))],
        "mail_from deferred Server",
        1,
    );
    check(
        &[(At::Data, Fault::Reply(451, "4.3.0 later"))],
        "data deferred Server",
        1,
    );
    check(
        &[
            (At::RcptTo, Fault::Reply(450, "4.2.1 busy")),
            (At::NoRecipient, Fault::Reply(554, "5.5.1 no recipients")),
        ],
        "rcpt_to deferred Recipient",
        1,
    );
}

#[test]
fn a_server_that_wants_a_body_after_a_refusal_gets_none() {
    let wants = (At::NoRecipient, Fault::Reply(354, "go ahead"));
    check(
        &[(At::RcptTo, UNKNOWN), wants],
        "rcpt_to rejected Recipient",
        2,
    );
    let refused = (At::MailFrom, Fault::Reply(553, "5.7.1 not your address"));
    check(&[refused, wants], "mail_from deferred Sender", 2);
}

#[test]
fn a_refusal_stands_whatever_becomes_of_the_connection_after_it() {
    for fault in [
        Fault::HangUp,
        Fault::Leave(421, "4.3.2 closing"),
        Fault::Raw(b"what?\r\n"),
        Fault::Raw(b"250 fine\r\n"),
    ] {
        let faults = [(At::RcptTo, UNKNOWN), (At::NoRecipient, fault)];
        check(&faults, "rcpt_to rejected Recipient", 2);
    }
    let smtp = server(false);
    smtp.fail(Rule::new(At::RcptTo, UNKNOWN).times(1));
    smtp.fail(Rule::new(At::NoRecipient, Fault::Silence).times(1));
    let mut client = Client::new(&plain(&smtp), Some(At::Data));
    assert_eq!(summary(&client.deliver(1)), "rcpt_to rejected Recipient");
}

#[test]
fn answers_too_many_or_too_early_are_never_taken_for_the_next_ones() {
    let two = Fault::Raw(b"250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n");
    check(&[(At::RcptTo, two)], "data deferred Server", 2);
    let all = Fault::Raw(b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n250 2.0.0 Ok\r\n");
    let faults = [(At::MailFrom, all)];
    check_with(&server(false), &faults, "data deferred Server", 2);

    // Said after the body of one mail, it must not answer for the next one.
    for unasked in [
        &b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n354 go\r\n250 2.0.0 Ok\r\n"[..],
        b"250 2.0.0 Ok\r\n421 4.4.2 idle\r\n",
        b"250 2.0.0 Ok\r\n\r\n",
    ] {
        let smtp = server(false);
        smtp.fail(Rule::new(At::Body, Fault::Raw(unasked)).keeping().times(1));
        let mut client = Client::new(&plain(&smtp), None);
        assert_eq!(summary(&client.deliver(1)), "body accepted");
        smtp.fail(Rule::new(At::RcptTo, UNKNOWN).to("lead2@example.com"));
        assert_eq!(summary(&client.deliver(2)), "rcpt_to rejected Recipient");
        assert_eq!(summary(&client.deliver(3)), "body accepted");
        assert_eq!(smtp.kept().len(), 2);
        assert_eq!(smtp.n_conversations(), 2);
    }
}

#[test]
fn a_cut_between_the_answers_defers_at_its_own_phase() {
    for (at, phase) in [
        (At::MailFrom, "mail_from"),
        (At::RcptTo, "rcpt_to"),
        (At::Data, "data"),
    ] {
        let expected = format!("{phase} deferred Server");
        check(&[(at, Fault::HangUp)], &expected, 2);
        check(&[(at, Fault::Leave(421, "4.3.2 bye"))], &expected, 2);
    }
}

#[test]
fn a_connection_carries_only_so_many_messages() {
    let smtp = server(false);
    let settings = SmtpSettings {
        messages_max: Some(2),
        ..plain(&smtp)
    };
    let mut client = Client::new(&settings, None);
    smtp.fail(Rule::new(At::RcptTo, UNKNOWN).to("lead2@example.com"));
    for n in 1..=5 {
        let expected = if n == 2 {
            "rcpt_to rejected Recipient"
        } else {
            "body accepted"
        };
        assert_eq!(summary(&client.deliver(n)), expected, "{n}");
    }
    assert_eq!(smtp.n_conversations(), 3, "the refused one counts too");
    let commands = smtp.commands();
    assert_eq!(commands.iter().filter(|line| *line == "QUIT").count(), 2);
}

#[test]
fn connections_of_one_mailer_do_not_know_of_each_other() {
    let smtp = server(false);
    let settings = Settings::Smtp(plain(&smtp));
    let mailer = Mailer::open_with(&settings, "example.org", deadlines(None)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for first in [1, 4, 7] {
            let mut connection = mailer.connection();
            tasks.spawn(async move {
                for n in first..first + 3 {
                    assert_eq!(
                        summary(&connection.deliver(&outgoing(n)).await),
                        "body accepted"
                    );
                }
                connection.close().await;
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!((smtp.n_conversations(), smtp.kept().len()), (3, 9));
}
