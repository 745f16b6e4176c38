//! Whom a refusal is about, and whether it is as final as its code claims.
//!
//! Purpose: from what a 4yz or 5yz reply is about (see [`super::cause`], which judges returned mail
//! by the same rules) and from the phase it came in, say who has to wait or is refused.
//! Invariant: what is about us (login, policy, reputation, quota) never blames the recipient and
//! never uses the message up.

use super::cause::{self, Cause};
use super::{Blame, Phase, Reply};

/// A 5yz reply, weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Trying this message again is pointless.
    Final(Blame),
    /// Many servers say 5yz and mean later: quotas, rates, full mailboxes, reputation.
    Passing(Blame),
}

use Refusal::{Final, Passing};

/// What a reply says: its cause, and class and subject of its enhanced code (RFC 3463).
struct Said {
    cause: Cause,
    class: Option<u32>,
    subject: Option<u32>,
}

fn read(reply: &Reply) -> Said {
    let status = cause::status_in(&reply.text);
    let mut numbers = status.iter().flat_map(|status| status.split('.'));
    let mut number = || numbers.next()?.parse().ok();
    Said {
        class: number(),
        subject: number(),
        cause: cause::classify(status.as_deref(), &reply.to_string()),
    }
}

/// Who has to wait after a 4yz reply.
pub(super) fn wait(phase: Phase, reply: &Reply) -> Blame {
    let said = read(reply);
    if phase <= Phase::Auth {
        return before_the_envelope(phase, &said);
    }
    let is_of_recipient = matches!(said.subject, Some(1 | 2));
    match said.cause {
        // A receiver that wants to see us again in a few minutes holds up this message alone.
        Cause::Policy if cause::is_greylisting(&reply.text) => match is_of_recipient {
            true => Blame::Recipient,
            false => Blame::Message,
        },
        Cause::Policy => Blame::Sender,
        // MAIL FROM holds nothing of the recipient.
        Cause::Mailbox | Cause::Full if phase == Phase::MailFrom => Blame::Sender,
        _ if is_of_recipient && phase == Phase::MailFrom => Blame::Sender,
        Cause::Mailbox | Cause::Full => Blame::Recipient,
        _ if is_of_recipient => Blame::Recipient,
        Cause::Size => Blame::Message,
        _ if said.subject == Some(6) => Blame::Message,
        Cause::Network => Blame::Server,
        _ if matches!(said.subject, Some(3..=5)) => Blame::Server,
        // RFC 5321 section 4.2.3: 421, 451 and 452 are the server's own trouble, 450 a mailbox's.
        _ if matches!(reply.code, 421 | 451 | 452) => Blame::Server,
        _ => Blame::Message,
    }
}

/// Whether a 5yz reply is final, and whom it is about.
pub(super) fn judge(phase: Phase, reply: &Reply) -> Refusal {
    let said = read(reply);
    if phase <= Phase::Auth {
        return Passing(before_the_envelope(phase, &said));
    }
    let refusal = match said.cause {
        Cause::Size => Final(Blame::Message),
        // RFC 4954 section 6: 530, 534, 535 and 538 are about the login.
        _ if matches!(reply.code, 530 | 534 | 535 | 538) => Passing(Blame::Sender),
        Cause::Policy => Passing(Blame::Sender),
        // MAIL FROM holds nothing of the recipient and, but for the size, nothing of the message.
        _ if phase == Phase::MailFrom => Passing(Blame::Sender),
        Cause::Mailbox => Final(Blame::Recipient),
        Cause::Full => Passing(Blame::Recipient),
        Cause::Network if matches!(said.subject, Some(1 | 2)) => Passing(Blame::Recipient),
        // What passes is tried again, so long as the message has tries left.
        Cause::Network | Cause::Delay => Passing(Blame::Message),
        Cause::Other if said.subject == Some(6) => Final(Blame::Message),
        Cause::Other => Final(Blame::Unknown),
    };
    match refusal {
        // A server that contradicts itself (550 4.2.1) gets the benefit of the gentler reading.
        Final(blame) if said.class == Some(4) => Passing(blame),
        _ => refusal,
    }
}

/// Blame for a refusal that came before any message was spoken of.
fn before_the_envelope(phase: Phase, said: &Said) -> Blame {
    match said.cause == Cause::Policy || phase == Phase::Auth {
        true => Blame::Sender,
        false => Blame::Server,
    }
}
