//! What a person asks.
