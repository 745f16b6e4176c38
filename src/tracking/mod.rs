//! Addresses in our mails that lead back to us, and what a request of one means.
//!
//! Purpose: sign and read the tokens of `serve`, find the links of a text, and tell people from
//! programs. Invariant: a token says which message and what for, and nothing about anybody; without
//! the key none can be made. This module knows neither HTTP nor SQL.

pub mod address;
pub mod agent;
pub mod links;
pub mod token;

/// What can be counted of a mail once it has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// Opens: its HTML has a picture of ours.
    pub opens: bool,
    /// Clicks: the links of its HTML lead over us.
    pub clicks: bool,
}

impl Tracked {
    /// The number the ledger keeps: 1 for opens, 2 for clicks, 3 for both.
    pub fn bits(self) -> u8 {
        u8::from(self.opens) | u8::from(self.clicks) << 1
    }

    /// What a number kept in the ledger says.
    pub fn of_bits(bits: u8) -> Tracked {
        Tracked {
            opens: bits & 1 != 0,
            clicks: bits & 2 != 0,
        }
    }

    /// What of it a text can tell: one without links is never clicked.
    pub fn of_text(self, body: &str) -> Tracked {
        Tracked {
            opens: self.opens,
            clicks: self.clicks && !links::links(body).is_empty(),
        }
    }

    /// What is in both.
    pub fn and(self, other: Tracked) -> Tracked {
        Tracked::of_bits(self.bits() & other.bits())
    }

    /// Whether nothing can be counted.
    pub fn is_nothing(self) -> bool {
        self == Tracked::default()
    }
}
