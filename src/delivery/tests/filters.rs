//! What the servers people run themselves, and the filters before them, really say.

use super::replies::{ASK, NO_SUCH, OURS, SERVER, check_all};
use super::*;

use Phase::{Body, Greeting, MailFrom, RcptTo};

#[test]
fn exim_and_qmail() {
    check_all(&[
        (RcptTo, 550, "Unrouteable address", NO_SUCH),
        (RcptTo, 550, "No Such User Here\"", NO_SUCH),
        (
            RcptTo,
            550,
            "Verification failed for <me@ours.example> Sender verify failed",
            OURS,
        ),
        (RcptTo, 550, "relay not permitted", OURS),
        (
            RcptTo,
            550,
            "rejected because 192.0.2.1 is in a black list at zen.spamhaus.org",
            OURS,
        ),
        (
            RcptTo,
            451,
            "Temporary local problem - please try later",
            SERVER,
        ),
        (
            Body,
            552,
            "message size exceeds maximum permitted",
            "rejected message",
        ),
        (
            Body,
            550,
            "This message was classified as SPAM and may not be delivered",
            OURS,
        ),
        (RcptTo, 550, "Administrative prohibition", OURS),
        (
            RcptTo,
            550,
            "sorry, no mailbox here by that name. (#5.1.1)",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "sorry, no mailbox here by that name. (#5.7.17)",
            NO_SUCH,
        ),
        (
            RcptTo,
            511,
            "sorry, no mailbox here by that name (#5.1.1 - chkuser)",
            NO_SUCH,
        ),
        (
            RcptTo,
            553,
            "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            OURS,
        ),
        (Body, 451, "qq temporary problem (#4.3.0)", SERVER),
        (
            Body,
            552,
            "sorry, that message size exceeds my databytes limit (#5.3.4)",
            "rejected message",
        ),
        (
            Body,
            554,
            "mail server permanently rejected message (#5.3.0)",
            ASK,
        ),
    ]);
}

#[test]
fn mimecast_proofpoint_and_barracuda() {
    check_all(&[
        (
            RcptTo,
            550,
            "Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550",
            NO_SUCH,
        ),
        (
            RcptTo,
            550,
            "Administrative prohibition - envelope blocked - \
          https://community.mimecast.com/docs/DOC-1369#550",
            OURS,
        ),
        (
            Body,
            550,
            "Rejected by header based Anti-Spoofing policy: me@ours.example",
            OURS,
        ),
        (Body, 554, "Email rejected due to security policies", OURS),
        (
            Greeting,
            550,
            "csi.mimecast.org Poor Reputation Sender.",
            OURS,
        ),
        (
            RcptTo,
            451,
            "Internal resources are temporarily unavailable",
            SERVER,
        ),
        (RcptTo, 550, "5.1.1 User Unknown", NO_SUCH),
        (
            MailFrom,
            554,
            "5.7.1 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
            OURS,
        ),
        (
            Greeting,
            554,
            "Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi",
            OURS,
        ),
        (Body, 550, "5.7.0 Local Policy Violation", OURS),
        (
            Body,
            550,
            "permanent failure for one or more recipients (a@b.example:blocked)",
            OURS,
        ),
        (
            Body,
            550,
            "permanent failure for one or more recipients (a@b.example:550 5.1.1 User \
          unknown)",
            NO_SUCH,
        ),
    ]);
}
