//! The verdict about one SMTP conversation.
//!
//! Purpose: from the phase a conversation had reached and what the server said (or that it fell
//! silent), decide whether the message is accepted, may be tried again, is refused, or is in doubt.
//! Invariant: silence or a cut after the body was handed over is *in doubt*, never *deferred*
//! (RFC 5321 section 6.1, RFC 1047). This module opens no connection.

pub mod cause;
mod patience;
mod refusal;

pub use patience::{Patience, patience};

/// How far an SMTP conversation had come. Ordered: a later phase is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Name look-up, TCP and TLS.
    Connect,
    /// The greeting and EHLO, STARTTLS included.
    Greeting,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, before the 354.
    Data,
    /// The body and the final dot were (perhaps partly) handed over.
    Body,
}

impl Phase {
    /// The word stored with an attempt.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Greeting => "greeting",
            Phase::Auth => "auth",
            Phase::MailFrom => "mail_from",
            Phase::RcptTo => "rcpt_to",
            Phase::Data => "data",
            Phase::Body => "body",
        }
    }
}

/// What the server answered (RFC 5321 section 4.2; the enhanced code of RFC 3463 is part of the
/// text).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The text of all lines joined by a space, without control characters, at most 500 characters.
    pub text: String,
}

impl Reply {
    /// A reply with its text made fit to be stored and shown.
    pub fn new(code: u16, text: &str) -> Reply {
        Reply {
            code,
            text: clean(text),
        }
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.text.is_empty() {
            return write!(f, "{}", self.code);
        }
        write!(f, "{} {}", self.code, self.text)
    }
}

/// The longest text of a stranger we keep, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// A stranger's words on one line: runs of white space and control characters become one space, and
/// what exceeds [`TEXT_CHARS_MAX`] is cut.
fn clean(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(TEXT_CHARS_MAX).collect()
}

/// The verdict of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server took responsibility (2yz after the final dot), or the file is in the Maildir.
    Accepted {
        /// The server's words, kept as evidence.
        reply: String,
    },
    /// Surely not taken; a later attempt may succeed.
    Deferred {
        /// How far it came.
        phase: Phase,
        /// The server's words or the network error.
        reply: String,
        /// Who has to wait.
        blame: Blame,
    },
    /// Surely refused for good.
    Rejected {
        /// How far it came.
        phase: Phase,
        /// The server's words.
        reply: String,
        /// Whom the refusal is about.
        blame: Blame,
    },
    /// The body was handed over and no answer came: it may have been taken.
    InDoubt {
        /// What happened instead of an answer.
        reply: String,
    },
}

impl Delivery {
    /// The word stored with an attempt and used in counts.
    pub fn label(&self) -> &'static str {
        match self {
            Delivery::Accepted { .. } => "accepted",
            Delivery::Deferred { .. } => "deferred",
            Delivery::Rejected { .. } => "rejected",
            Delivery::InDoubt { .. } => "in_doubt",
        }
    }

    /// The server's words, or what happened instead of them.
    pub fn reply(&self) -> &str {
        match self {
            Delivery::Accepted { reply }
            | Delivery::Deferred { reply, .. }
            | Delivery::Rejected { reply, .. }
            | Delivery::InDoubt { reply } => reply,
        }
    }

    /// How far the conversation came. The end of it for a mail accepted or in doubt.
    pub fn phase(&self) -> Phase {
        match self {
            Delivery::Deferred { phase, .. } | Delivery::Rejected { phase, .. } => *phase,
            Delivery::Accepted { .. } | Delivery::InDoubt { .. } => Phase::Body,
        }
    }
}

/// Whom a refusal is about; decides its consequence. Only a *rejected* message has the final
/// consequence named here: with *deferred* it says who has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The address: no such mailbox or host. The lead's campaign stops, the address is suppressed.
    Recipient,
    /// Us: login, policy, reputation, quota. The stage ends; no lead suffers for it.
    Sender,
    /// This very message (too large, content refused).
    Message,
    /// Nobody can say: the message is put aside, and a person is asked.
    Unknown,
    /// The connection or the server's own state; the next message would meet it too.
    Server,
}

impl Blame {
    /// The word stored with an attempt. What is unknown uses up the message's tries, like what is
    /// about the message.
    pub fn as_str(self) -> &'static str {
        match self {
            Blame::Recipient => "recipient",
            Blame::Sender => "sender",
            Blame::Message | Blame::Unknown => "message",
            Blame::Server => "server",
        }
    }
}

/// The verdict of a conversation that ended in `phase`, either with the server's `reply` to what
/// was last said, or without one, for the reason `error`.
pub fn judge(phase: Phase, reply: Option<&Reply>, error: &str) -> Delivery {
    let Some(reply) = reply else {
        let reply = clean(error);
        return match phase {
            Phase::Body => Delivery::InDoubt { reply },
            _ => Delivery::Deferred {
                phase,
                reply,
                blame: Blame::Server,
            },
        };
    };
    let words = reply.to_string();
    match (phase, reply.code) {
        (Phase::Body, 250) => Delivery::Accepted { reply: words },
        (_, 400..=499) => Delivery::Deferred {
            phase,
            reply: words,
            blame: refusal::wait(phase, reply),
        },
        (_, 500..=599) => match refusal::judge(phase, reply) {
            refusal::Refusal::Final(blame) => Delivery::Rejected {
                phase,
                reply: words,
                blame,
            },
            refusal::Refusal::Passing(blame) => Delivery::Deferred {
                phase,
                reply: words,
                blame,
            },
        },
        // Any other answer belongs to another question: the two sides lost step, so after the body
        // nobody can say what it was the answer to.
        (Phase::Body, _) => Delivery::InDoubt {
            reply: format!("unexpected reply: {words}"),
        },
        _ => Delivery::Deferred {
            phase,
            reply: format!("unexpected reply: {words}"),
            blame: Blame::Server,
        },
    }
}

#[cfg(test)]
mod tests;
