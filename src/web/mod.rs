//! What `serve` answers over HTTP: pictures that tell of opens, links, one-click opt-outs, and on
//! another address its health.
//!
//! Invariants: nothing is answered before what it says is kept; a request that cannot be read
//! changes nothing; a link leads where the stored text says, never where the request says; every
//! wait, queue and length is bounded. This module does not know what an event leads to: it hands
//! each to a [`Queue`] and waits for the word of whoever holds the ledger.

mod connections;
mod figures;
mod limits;
mod pages;
mod posted;
mod queue;
mod site;
mod watch;
mod ways;

pub use axum::Router;
pub use connections::serve;
pub use figures::Figures;
pub use limits::is_nearby;
pub use queue::{Answer, Queue, Work};
pub use site::Site;
pub use watch::{Health, Watch};
