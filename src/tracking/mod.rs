//! Addresses in our mails that lead back to us, and what a request of one means.
//!
//! Purpose: sign and read the tokens of `serve`, find the links of a text, and tell people from
//! programs. Invariant: a token says which message and what for, and nothing about anybody; without
//! the key none can be made. This module knows neither HTTP nor SQL.

pub mod address;
pub mod agent;
pub mod links;
pub mod token;
