//! What `serve` answers over HTTP: pictures that tell of opens, links, one-click opt-outs, and on
//! another address its health.
//!
//! Invariant: nothing is answered before what it says is kept; a request that cannot be read
//! changes nothing. This module does not know what an event leads to.
