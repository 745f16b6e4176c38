//! Senders that are held until a person releases them.
