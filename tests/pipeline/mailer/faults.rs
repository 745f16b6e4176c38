//! Every phase and every fault: the verdict, and that the next mail is none the worse for it.

use super::*;

/// Delivers into one fault, then a second mail without it. Whatever happened, the verdict must be
/// `expected`, and the second mail must arrive, answered by its own reply.
///
/// Tried with a server that wants one command at a time, and with one that takes several at once
/// and whose replies arrive byte by byte. Returns the latter.
#[track_caller]
fn check(rule: Rule, silent_at: Option<At>, expected: &str) -> Smtp {
    check_with(Options::default(), &rule, silent_at, expected);
    let options = Options {
        offers: &["PIPELINING"],
        dribbles: true,
        ..Options::default()
    };
    check_with(options, &rule, silent_at, expected)
}

#[track_caller]
fn check_with(options: Options, rule: &Rule, silent_at: Option<At>, expected: &str) -> Smtp {
    let name = format!("{rule:?} {:?}", options.offers);
    let smtp = Smtp::start_with(Options {
        login: login(),
        ..options
    });
    smtp.fail(rule.clone().times(1));
    let settings = with_login(plain(&smtp), PASSWORD);
    let mut client = Client::new(&settings, silent_at);
    let delivery = client.deliver(1);
    assert_eq!(summary(&delivery), expected, "{name}: {delivery:?}");
    if silent_at.is_some() {
        // The shortened deadline was for the silence only; a busy machine may need longer.
        client = Client::new(&settings, None);
    }
    let second = client.deliver(2);
    assert_eq!(summary(&second), "body accepted", "{name}: {second:?}");
    let n_second = smtp
        .kept()
        .iter()
        .filter(|kept| kept.to == ["lead2@example.com"])
        .count();
    assert_eq!(n_second, 1, "{name}");
    smtp
}

const BEFORE_THE_BODY: [(At, &str); 7] = [
    (At::Connect, "greeting"),
    (At::Greeting, "greeting"),
    (At::Ehlo, "greeting"),
    (At::Auth, "auth"),
    (At::MailFrom, "mail_from"),
    (At::RcptTo, "rcpt_to"),
    (At::Data, "data"),
];

#[test]
fn a_hang_up_before_the_body_defers() {
    for (at, phase) in BEFORE_THE_BODY {
        let smtp = check(
            Rule::new(at, Fault::HangUp),
            None,
            &format!("{phase} deferred Server"),
        );
        assert_eq!(smtp.bodies_seen(), 1, "{at:?}: only the second mail's");
        assert_eq!(smtp.n_conversations(), 2, "{at:?}: one attempt each");
    }
}

#[test]
fn silence_before_the_body_defers_at_its_own_deadline() {
    for (at, phase) in BEFORE_THE_BODY {
        let rule = Rule::new(at, Fault::Silence);
        let smtp = check(rule, Some(at), &format!("{phase} deferred Server"));
        assert_eq!(smtp.bodies_seen(), 1, "{at:?}: only the second mail's");
    }
}

#[test]
fn a_refusal_is_judged_by_phase_and_words() {
    let check = |at, code, text, expected: &str| {
        let smtp = check(Rule::new(at, Fault::Reply(code, text)), None, expected);
        assert_eq!(smtp.kept().len(), 1, "{at:?} {code}");
    };
    check(
        At::Greeting,
        554,
        "no service here",
        "greeting deferred Server",
    );
    check(
        At::Ehlo,
        550,
        "5.7.1 blocked by policy",
        "greeting deferred Sender",
    );
    check(
        At::Auth,
        535,
        "5.7.8 bad credentials",
        "auth deferred Sender",
    );
    check(At::Auth, 454, "4.7.0 try later", "auth deferred Sender");
    check(
        At::MailFrom,
        451,
        "4.3.0 try later",
        "mail_from deferred Server",
    );
    check(
        At::MailFrom,
        553,
        "5.7.1 not your address",
        "mail_from deferred Sender",
    );
    check(
        At::MailFrom,
        552,
        "5.3.4 too big",
        "mail_from rejected Message",
    );
    check(At::RcptTo, 450, "4.2.1 busy", "rcpt_to deferred Recipient");
    check(
        At::RcptTo,
        550,
        "5.1.1 no such user\nsee our site",
        "rcpt_to rejected Recipient",
    );
    check(At::RcptTo, 552, "5.2.2 full", "rcpt_to deferred Recipient");
    check(At::Data, 451, "4.3.2 shutting down", "data deferred Server");
    check(
        At::Data,
        554,
        "5.5.1 no valid recipients",
        "data rejected Recipient",
    );
    check(At::Body, 451, "4.3.0 disk trouble", "body deferred Server");
    check(At::Body, 554, "5.6.0 broken mail", "body rejected Message");
    check(
        At::Body,
        550,
        "5.7.1 looks like spam",
        "body deferred Sender",
    );
}

#[test]
fn after_a_refusal_the_same_connection_goes_on_but_not_after_421() {
    let n_conversations =
        |at, fault, expected: &str| check(Rule::new(at, fault), None, expected).n_conversations();
    for (at, verdict) in [
        (At::RcptTo, "rcpt_to"),
        (At::Data, "data"),
        (At::Body, "body"),
    ] {
        let deferred = format!("{verdict} deferred Server");
        let fault = Fault::Reply(451, "4.3.0 later");
        assert_eq!(n_conversations(at, fault, &deferred), 1, "{at:?}");
        let fault = Fault::Leave(421, "4.3.2 closing");
        assert_eq!(n_conversations(at, fault, &deferred), 2, "{at:?}");
    }
    let smtp = Smtp::start();
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(450, "4.2.1 busy")).to("lead1@example.com"));
    smtp.fail(Rule::new(At::Rset, Fault::Reply(500, "what?")));
    let mut client = Client::new(&plain(&smtp), None);
    assert_eq!(summary(&client.deliver(1)), "rcpt_to deferred Recipient");
    assert_eq!(summary(&client.deliver(2)), "body accepted");
    assert_eq!(
        smtp.n_conversations(),
        2,
        "a refused RSET leaves nothing to trust"
    );
}

#[test]
fn whatever_interrupts_the_body_is_in_doubt_kept_or_not() {
    for keeps in [false, true] {
        let rule = |fault| {
            let rule = Rule::new(At::Body, fault);
            if keeps { rule.keeping() } else { rule }
        };
        for fault in [
            Fault::HangUp,
            Fault::Reply(251, "will forward"),
            Fault::Reply(354, "go ahead"),
            Fault::Raw(b"surprise\r\n"),
            Fault::Raw(b"250-only half\r\n220 a reply\r\n"),
        ] {
            let smtp = check(rule(fault), None, "body in_doubt");
            assert_eq!(
                smtp.bodies_seen(),
                2,
                "{fault:?}: one body each, none twice"
            );
            assert_eq!(smtp.kept().len(), if keeps { 2 } else { 1 }, "{fault:?}");
        }
        let smtp = check(rule(Fault::Silence), Some(At::Body), "body in_doubt");
        assert_eq!(smtp.bodies_seen(), 2);
    }
    check(Rule::new(At::InBody, Fault::HangUp), None, "body in_doubt");
}

#[test]
fn careless_replies_are_understood() {
    let check = |at, bytes, expected: &str| check(Rule::new(at, Fault::Raw(bytes)), None, expected);
    check(At::Body, b"250\r\n", "body accepted");
    check(
        At::Body,
        b"250 2.0.0 angenommen f\xfcr Sie\r\n",
        "body accepted",
    );
    check(
        At::Body,
        b"250-2.0.0 Ok\r\n250 2.0.0 queued\n",
        "body accepted",
    );
    check(
        At::RcptTo,
        b"550 5.1.1 \xd3\xc3\xbb\xa7\r\n",
        "rcpt_to rejected Recipient",
    );
    check(
        At::RcptTo,
        b"550 5.1.1 no such user\n",
        "rcpt_to rejected Recipient",
    );
    let unexpected = [
        (At::MailFrom, "mail_from"),
        (At::RcptTo, "rcpt_to"),
        (At::Data, "data"),
    ];
    for (at, phase) in unexpected {
        check(
            at,
            b"220 what was the question\r\n",
            &format!("{phase} deferred Server"),
        );
        check(at, b"\0\x1b[31m\r\n", &format!("{phase} deferred Server"));
    }
    let endless: &'static [u8] = Box::leak(vec![b'2'; 300_000].into_boxed_slice());
    check(At::RcptTo, endless, "rcpt_to deferred Server");
}
