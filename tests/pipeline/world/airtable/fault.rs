//! What goes wrong with calls: as a test says, or at random from a seed.

use super::{Call, HTML, ITERATOR_GONE, RATE_LIMIT, RATE_LIMIT_OLD};

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer instead of the right one; nothing is done.
    Answer { status: u16, body: String },
    /// As `Answer`, with a `Retry-After` in seconds.
    AnswerLater {
        status: u16,
        body: String,
        retry_after: u64,
    },
    /// It is done, but half of the JSON is lost.
    CutJson,
    /// It is done, but the connection ends without an answer.
    HangUpAfter,
    /// It is done, but a proxy answers 502 with a page of its own.
    HtmlAfter,
    /// Nothing is done, and the connection is reset.
    ResetBefore,
    /// Nothing is done and nothing is said until the client gives up.
    Silence,
}

impl Fault {
    fn answer(status: u16, body: &str) -> Fault {
        Fault::Answer {
            status,
            body: body.to_string(),
        }
    }

    fn later(status: u16, body: &str, retry_after: u64) -> Fault {
        Fault::AnswerLater {
            status,
            body: body.to_string(),
            retry_after,
        }
    }
}

/// Faults in an order that only its seed decides.
pub struct Chance {
    state: u64,
    per_mille: u64,
}

impl Chance {
    pub fn new(seed: u64, per_mille: u64) -> Chance {
        Chance {
            // The generator would stay at zero for ever.
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            per_mille,
        }
    }

    /// What is to go wrong with a call, if anything.
    pub fn fault(&mut self, call: Call, is_further_page: bool) -> Option<Fault> {
        if self.below(1_000) >= self.per_mille {
            return None;
        }
        const BUSY: &str = r#"{"error":{"type":"RETRIABLE_ERROR"}}"#;
        let seconds = self.below(2);
        Some(match self.below(15) {
            // The likeliest: a write may be half of all calls, and its answer is what matters.
            0..=2 => Fault::HangUpAfter,
            3 | 4 => Fault::CutJson,
            5 => Fault::HtmlAfter,
            6 => Fault::answer(502, HTML),
            7 => Fault::answer(429, RATE_LIMIT),
            8 => Fault::answer(429, RATE_LIMIT_OLD),
            9 => Fault::later(429, RATE_LIMIT, seconds),
            10 => Fault::later(429, RATE_LIMIT_OLD, seconds),
            11 => Fault::answer(500, "{}"),
            12 => Fault::later(503, BUSY, seconds),
            13 if call == Call::List && is_further_page => Fault::answer(422, ITERATOR_GONE),
            13 => Fault::answer(503, BUSY),
            _ => Fault::ResetBefore,
        })
    }

    /// A number below another (Marsaglia's xorshift with 64 bits).
    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % limit
    }
}
