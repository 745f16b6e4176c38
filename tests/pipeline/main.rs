//! The program as a whole: the real binary, run as an operator runs it, against counterparts that
//! speak the real protocols on loopback; and the rules of the tree that no compiler checks.
//!
//! [`world`] is the stage: a folder, an environment, the counterparts. Every other module is about
//! one stage or one promise. Nothing here leaves 127.0.0.1, waits for the clock or replaces code of
//! ours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_macros,
    reason = "a failing test should panic where it fails"
)]

mod airtable;
mod classify;
mod commands;
mod demo;
mod evidence;
mod export;
mod hearing;
mod inbound;
mod inbox;
mod judge;
mod kills;
mod life;
mod mailbox;
mod mailer;
mod model;
mod operator;
mod planning;
mod report;
mod review;
mod sending;
mod serve;
mod sync;
mod systemd;
mod templates;
mod tidy;
mod tracking;
mod trouble;
mod twice;
#[allow(
    dead_code,
    reason = "a counterpart offers whole protocols, tests use what they need of them"
)]
mod world;
