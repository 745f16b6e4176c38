//! What the large receivers and Postfix really say, each with what we make of it.

use super::*;

/// So many fields has a line of the tables below.
pub(super) type Line = (Phase, u16, &'static str, &'static str);

use Phase::{Auth, Body, Greeting, MailFrom, RcptTo};

pub(super) const NO_SUCH: &str = "rejected recipient";
pub(super) const OURS: &str = "deferred sender";
pub(super) const FULL: &str = "deferred recipient";
pub(super) const SERVER: &str = "deferred server";
pub(super) const ASK: &str = "rejected unknown";

#[track_caller]
pub(super) fn check_all(lines: &[Line]) {
    for (phase, code, text, expected) in lines {
        check(*phase, *code, text, expected);
    }
}

#[test]
fn gmail() {
    check_all(&[
        (
            RcptTo,
            550,
            "5.1.1 The email account that you tried to reach does not exist. Please \
          try double-checking the recipient's email address for typos or unnecessary spaces. \
          https://support.google.com/mail/?p=NoSuchUser x1si - gsmtp",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "5.2.1 The email account that you tried to reach is inactive. For more \
          information, go to https://support.google.com/mail/?p=DisabledUser - gsmtp",
            NO_SUCH,
        ),
        (
            RcptTo,
            553,
            "5.1.3 The recipient address <a@b> is not a valid RFC 5321 address.",
            NO_SUCH,
        ),
        (
            RcptTo,
            452,
            "4.2.2 The recipient's inbox is out of storage space. - gsmtp",
            FULL,
        ),
        (
            RcptTo,
            552,
            "5.2.2 The recipient's inbox is out of storage space and inactive.",
            FULL,
        ),
        (
            RcptTo,
            450,
            "4.2.1 The user you are trying to contact is receiving mail at a rate that \
          prevents additional messages from being delivered.",
            FULL,
        ),
        (
            Body,
            550,
            "5.4.5 Daily user sending limit exceeded. - gsmtp",
            OURS,
        ),
        (
            Body,
            421,
            "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating \
          from your IP address.",
            OURS,
        ),
        (
            Body,
            421,
            "4.7.26 Your email has been rate limited because the sender is \
          unauthenticated.",
            OURS,
        ),
        (
            Body,
            550,
            "5.7.26 Your email has been blocked because the sender is unauthenticated. \
          Gmail requires all senders to authenticate with either SPF or DKIM.",
            OURS,
        ),
        (
            Body,
            550,
            "5.7.25 The IP address sending this message does not have a PTR record \
          setup.",
            OURS,
        ),
        (
            Body,
            550,
            "5.7.1 [192.0.2.1 12] Gmail has detected that this message is likely \
          unsolicited mail.",
            OURS,
        ),
        (
            Auth,
            535,
            "5.7.8 Username and Password not accepted. - gsmtp",
            OURS,
        ),
        (
            Auth,
            534,
            "5.7.9 Application-specific password required.",
            OURS,
        ),
        (
            Body,
            421,
            "4.3.0 Temporary System Problem.  Try again later (10). - gsmtp",
            SERVER,
        ),
        (
            Body,
            552,
            "5.2.3 Your message exceeded Google's message size limits.",
            "rejected message",
        ),
        (RcptTo, 555, "5.5.2 Syntax error, goodbye. - gsmtp", ASK),
    ]);
}

#[test]
fn microsoft() {
    check_all(&[
        (
            RcptTo,
            550,
            "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient a@b.example not found by \
          SMTP address lookup",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "5.4.1 Recipient address rejected: Access denied. \
          [DB1PEPF0003922E.eurprd03.prod.outlook.com 2026-03-02T10:00:00.000Z]",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "5.4.310 DNS domain b.example does not exist",
            NO_SUCH,
        ),
        (
            Body,
            554,
            "5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
            FULL,
        ),
        (
            RcptTo,
            550,
            "5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.",
            OURS,
        ),
        (
            RcptTo,
            550,
            "5.7.606 Access denied, banned sending IP [192.0.2.1].",
            OURS,
        ),
        (
            RcptTo,
            550,
            "5.7.708 Service unavailable. Access denied, traffic not accepted from \
          this IP.",
            OURS,
        ),
        (
            Body,
            550,
            "5.1.8 Access denied, bad outbound sender AS(42004)",
            OURS,
        ),
        (
            Body,
            550,
            "5.7.515 Access denied, sending domain ours.example does not meet the \
          required authentication level.",
            OURS,
        ),
        (
            MailFrom,
            451,
            "4.7.500 Server busy. Please try again later from [192.0.2.1].",
            OURS,
        ),
        (
            Auth,
            535,
            "5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            OURS,
        ),
        (
            Auth,
            550,
            "5.7.30 Basic authentication is not supported for Client Submission.",
            OURS,
        ),
        (
            Greeting,
            421,
            "RP-001 (BAY) Unfortunately, some messages from 192.0.2.1 weren't sent. \
          You have exceeded the connection rate limit.",
            OURS,
        ),
        (
            MailFrom,
            550,
            "SC-001 (BAY004) Unfortunately, messages from 192.0.2.1 weren't sent. \
          Part of their network is on our block list (S3140).",
            OURS,
        ),
        (
            MailFrom,
            432,
            "4.3.2 Concurrent connections limit exceeded.",
            SERVER,
        ),
    ]);
}

#[test]
fn yahoo() {
    check_all(&[
        (
            RcptTo,
            552,
            "1 Requested mail action aborted, mailbox not found",
            NO_SUCH,
        ),
        (
            Body,
            554,
            "delivery error: dd This user doesn't have a yahoo.com account \
          (a@yahoo.com) [-9] - mta4184.mail.gq1.yahoo.com",
            NO_SUCH,
        ),
        (
            Body,
            554,
            "delivery error: dd Sorry, your message to a@yahoo.com cannot be delivered. \
          This mailbox is disabled (554.30).",
            NO_SUCH,
        ),
        (
            MailFrom,
            421,
            "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to \
          unexpected volume or user complaints - 4.16.55.1",
            OURS,
        ),
        (
            Greeting,
            553,
            "5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because \
          the ip is in Spamhaus's list",
            OURS,
        ),
        (
            Body,
            554,
            "5.7.9 Message not accepted for policy reasons.",
            OURS,
        ),
        (
            MailFrom,
            451,
            "Resources temporarily unavailable. Please try again later [#4.16.1].",
            SERVER,
        ),
    ]);
}

#[test]
fn postfix() {
    check_all(&[
        (
            RcptTo,
            550,
            "5.1.1 <a@b.example>: Recipient address rejected: User unknown in local \
          recipient table",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual \
          mailbox table",
            NO_SUCH,
        ),
        (
            RcptTo,
            450,
            "4.1.2 <a@b.example>: Recipient address rejected: Domain not found",
            FULL,
        ),
        (
            RcptTo,
            550,
            "5.1.0 <me@ours.example>: Sender address rejected: User unknown in virtual \
          mailbox table",
            OURS,
        ),
        (
            RcptTo,
            450,
            "4.1.0 <me@ours.example>: Sender address rejected: unverified address",
            OURS,
        ),
        (
            RcptTo,
            450,
            "4.7.1 Client host rejected: cannot find your reverse hostname",
            OURS,
        ),
        (
            RcptTo,
            504,
            "5.5.2 <me>: Helo command rejected: need fully-qualified hostname",
            OURS,
        ),
        (
            RcptTo,
            454,
            "4.7.1 <a@b.example>: Relay access denied",
            OURS,
        ),
        (
            RcptTo,
            450,
            "4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see \
          http://postgrey.example/; try again in 300 seconds",
            FULL,
        ),
        (RcptTo, 452, "4.3.1 Insufficient system storage", SERVER),
        (MailFrom, 451, "4.3.5 Server configuration error", SERVER),
        (
            MailFrom,
            552,
            "5.3.4 Message size exceeds fixed limit",
            "rejected message",
        ),
    ]);
}
