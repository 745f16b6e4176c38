mod filters;
mod replies;

use super::*;

/// `expected` is `accepted`, `in doubt`, or `deferred`/`rejected` with the blame.
#[track_caller]
fn check(phase: Phase, code: u16, text: &str, expected: &str) {
    let delivery = judge(phase, Some(&Reply::new(code, text)), "");
    assert_eq!(summary(&delivery), expected, "{phase:?} {code} {text}");
    assert!(delivery.reply().contains(&code.to_string()), "{delivery:?}");
}

fn summary(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Deferred { blame, .. } | Delivery::Rejected { blame, .. } => {
            format!("{} {blame:?}", delivery.label()).to_lowercase()
        }
        _ => delivery.label().to_string(),
    }
}

const PHASES: [Phase; 7] = [
    Phase::Connect,
    Phase::Greeting,
    Phase::Auth,
    Phase::MailFrom,
    Phase::RcptTo,
    Phase::Data,
    Phase::Body,
];

#[test]
fn only_250_after_the_dot_is_accepted() {
    check(Phase::Body, 250, "2.0.0 Ok: queued as 4XyZ", "accepted");
    check(Phase::Body, 250, "", "accepted");
    for code in [200, 220, 221, 235, 251, 252, 299, 334, 354, 100, 600, 0] {
        check(Phase::Body, code, "go ahead", "in_doubt");
    }
    for phase in PHASES.into_iter().filter(|phase| *phase != Phase::Body) {
        check(phase, 250, "fine", "deferred server");
        check(phase, 354, "go ahead", "deferred server");
    }
}

#[test]
fn silence_is_doubt_only_after_the_body() {
    for phase in PHASES {
        let delivery = judge(phase, None, "no answer within 300 s");
        let expected = if phase == Phase::Body {
            "in_doubt"
        } else {
            "deferred server"
        };
        assert_eq!(summary(&delivery), expected, "{phase:?}");
        assert_eq!(delivery.reply(), "no answer within 300 s");
        assert_eq!(delivery.phase(), phase);
    }
}

#[test]
fn a_4yz_reply_always_defers_and_a_5yz_reply_is_never_in_doubt() {
    let texts = [
        "",
        "5.1.1 user unknown",
        "4.7.1 policy",
        "5.3.4 too big",
        "\u{1F600}\0\r\n",
    ];
    for (phase, text) in PHASES.into_iter().flat_map(|p| texts.map(|t| (p, t))) {
        for code in [400, 421, 450, 451, 452, 454, 471, 499] {
            let delivery = judge(phase, Some(&Reply::new(code, text)), "");
            assert_eq!(delivery.label(), "deferred", "{phase:?} {code} {text}");
        }
        for code in [500, 503, 530, 535, 550, 552, 553, 554, 571, 599] {
            let delivery = judge(phase, Some(&Reply::new(code, text)), "");
            assert!(
                matches!(delivery.label(), "deferred" | "rejected"),
                "{delivery:?}"
            );
        }
    }
}

#[test]
fn refusals_that_name_the_recipient() {
    let at_rcpt = |code, text, expected| check(Phase::RcptTo, code, text, expected);
    let unknown = "rejected recipient";
    at_rcpt(
        550,
        "5.1.1 The email account that you tried to reach does not exist.",
        unknown,
    );
    at_rcpt(
        550,
        "5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP lookup",
        unknown,
    );
    at_rcpt(
        550,
        "5.4.1 Recipient address rejected: Access denied. [AM6EUR05FT021]",
        unknown,
    );
    at_rcpt(
        550,
        "5.1.1 <ada@example.com>: Recipient address rejected: User unknown",
        unknown,
    );
    at_rcpt(550, "#5.1.0 Address rejected.", unknown);
    at_rcpt(556, "5.1.10 Recipient address has null MX", unknown);
    at_rcpt(
        550,
        "5.4.310 DNS domain example.com does not exist [Message=NonExistent]",
        unknown,
    );
    at_rcpt(
        550,
        "5.2.1 The email account that you tried to reach is disabled.",
        unknown,
    );
    at_rcpt(
        550,
        "Requested action not taken: mailbox unavailable",
        unknown,
    );
    at_rcpt(550, "No such user here", unknown);
    at_rcpt(550, "Unrouteable address", unknown);
    at_rcpt(
        551,
        "User not local; please try <ada@elsewhere.example>",
        unknown,
    );
    at_rcpt(
        554,
        "delivery error: dd This user doesn't have a yahoo.com account (ada@yahoo.com) [0]",
        unknown,
    );
    check(Phase::Body, 550, "5.1.1 no such mailbox", unknown);
    check(Phase::Body, 550, "User unknown", unknown);
}

#[test]
fn a_full_or_busy_mailbox_waits_whatever_the_code_claims() {
    let at_rcpt = |code, text| check(Phase::RcptTo, code, text, "deferred recipient");
    at_rcpt(452, "4.2.2 The recipient's inbox is out of storage space");
    at_rcpt(
        552,
        "5.2.2 The email account that you tried to reach is over quota",
    );
    at_rcpt(554, "5.2.2 Mailbox full");
    at_rcpt(
        552,
        "Requested mail action aborted: exceeded storage allocation",
    );
    at_rcpt(550, "Mailbox is full");
    at_rcpt(
        450,
        "4.2.1 The user you are trying to contact is receiving mail at a rate",
    );
    at_rcpt(
        550,
        "5.2.1 The user you are trying to contact is receiving mail too quickly.",
    );
    at_rcpt(
        450,
        "4.1.1 <ada@example.com>: Recipient address rejected: unverified address",
    );
    at_rcpt(550, "4.1.2 Domain lookup failed for now");
}

#[test]
fn what_is_about_us_never_costs_the_lead_or_the_message() {
    let ours = |phase, code, text| check(phase, code, text, "deferred sender");
    ours(
        Phase::Auth,
        535,
        "5.7.8 Username and Password not accepted. https://support.google.com/mail",
    );
    ours(Phase::Auth, 535, "authentication failed");
    ours(Phase::Auth, 454, "4.7.0 Temporary authentication failure");
    ours(Phase::Auth, 504, "unrecognized authentication type");
    ours(
        Phase::Greeting,
        554,
        "5.7.1 Service unavailable; client host [192.0.2.7] blocked using zen.spamhaus.org",
    );
    ours(
        Phase::Greeting,
        421,
        "4.7.0 too many connections from your address",
    );
    ours(
        Phase::MailFrom,
        530,
        "5.7.0 Must issue a STARTTLS command first",
    );
    ours(Phase::MailFrom, 530, "Authentication required");
    ours(
        Phase::MailFrom,
        553,
        "5.7.1 <me@example.org>: Sender address rejected: not owned by user",
    );
    ours(
        Phase::MailFrom,
        550,
        "5.1.8 <me@example.org>: Sender address rejected: Domain not found",
    );
    ours(Phase::MailFrom, 550, "5.1.1 unknown sender mailbox");
    ours(Phase::MailFrom, 550, "mailbox unavailable");
    ours(Phase::MailFrom, 501, "syntax error in parameters");
    ours(Phase::MailFrom, 450, "4.1.8 sender domain not found");
    ours(
        Phase::MailFrom,
        450,
        "4.1.1 sender verification in progress",
    );
    ours(Phase::RcptTo, 450, "4.1.8 sender domain not found");
    ours(Phase::RcptTo, 550, "5.1.8 sender domain not found");
    ours(
        Phase::RcptTo,
        550,
        "5.4.5 Daily user sending limit exceeded.",
    );
    ours(
        Phase::RcptTo,
        554,
        "5.7.1 <ada@example.com>: Relay access denied",
    );
    ours(
        Phase::RcptTo,
        553,
        "sorry, that domain isn't in my list of allowed rcpthosts",
    );
    ours(
        Phase::RcptTo,
        550,
        "Mailbox unavailable: 192.0.2.7 is listed by Spamhaus",
    );
    ours(Phase::RcptTo, 503, "5.5.1 Error: authenticate first");
    ours(
        Phase::RcptTo,
        421,
        "4.7.28 Our system has detected an unusual rate of unsolicited mail",
    );
    ours(
        Phase::RcptTo,
        450,
        "too many messages from your address, slow down",
    );
    ours(Phase::Body, 554, "rate limited");
    ours(
        Phase::Body,
        550,
        "5.7.515 Access denied, sending domain does not meet the required authentication level",
    );
    ours(
        Phase::Body,
        550,
        "5.7.26 This mail has been blocked because the sender is unauthenticated (DMARC)",
    );
    ours(
        Phase::Body,
        554,
        "5.7.1 Message rejected as spam by content scanner",
    );
    ours(
        Phase::Body,
        451,
        "4.7.652 The mail server has exceeded the maximum number of connections",
    );
}

#[test]
fn trouble_of_the_server_or_of_this_message() {
    check(
        Phase::Greeting,
        421,
        "Service not available",
        "deferred server",
    );
    check(
        Phase::Greeting,
        554,
        "No SMTP service here",
        "deferred server",
    );
    check(
        Phase::RcptTo,
        451,
        "4.3.0 Temporary lookup failure",
        "deferred server",
    );
    check(
        Phase::RcptTo,
        451,
        "Requested action aborted: local error in processing",
        "deferred server",
    );
    check(
        Phase::Data,
        452,
        "4.3.1 Insufficient system storage",
        "deferred server",
    );
    check(
        Phase::Body,
        421,
        "4.4.2 timeout exceeded",
        "deferred server",
    );
    check(Phase::Body, 451, "4.5.0 try later", "deferred server");
    check(
        Phase::RcptTo,
        450,
        "4.7.1 Greylisted, please come back in 300 seconds",
        "deferred message",
    );
    check(
        Phase::RcptTo,
        451,
        "Greylisting in action, please come back later",
        "deferred message",
    );
    check(
        Phase::MailFrom,
        552,
        "5.3.4 Message size exceeds fixed limit",
        "rejected message",
    );
    check(
        Phase::MailFrom,
        552,
        "message too large",
        "rejected message",
    );
    check(Phase::Body, 552, "5.3.4 too big", "rejected message");
    check(
        Phase::Body,
        552,
        "5.2.3 message length exceeds limit",
        "rejected message",
    );
    check(
        Phase::Body,
        554,
        "5.6.0 malformed header",
        "rejected message",
    );
    check(Phase::Body, 554, "Transaction failed", "rejected unknown");
    check(Phase::RcptTo, 550, "", "rejected unknown");
    check(Phase::RcptTo, 550, "5.0.0 no", "rejected unknown");
    check(
        Phase::RcptTo,
        501,
        "5.5.4 bad parameter",
        "rejected unknown",
    );
    check(
        Phase::Data,
        554,
        "5.5.1 no valid recipients",
        "rejected recipient",
    );
}

#[test]
fn a_strangers_words_become_one_short_line() {
    let reply = Reply::new(550, "no\r\nX-Evil: 1\0\u{1b}[31m  such\tuser\u{2028}here ");
    assert_eq!(reply.text, "no X-Evil: 1 [31m such user here");
    assert_eq!(
        Reply::new(550, &"ü".repeat(9_000)).text.chars().count(),
        500
    );
    assert_eq!(Reply::new(250, " \r\n ").to_string(), "250");
    let silent = judge(Phase::Body, None, &"x\n".repeat(9_000));
    assert_eq!(silent.reply().chars().count(), 500);
    assert!(!silent.reply().contains('\n'));
}
