//! The report: what its figures are, and what they cost.

mod large;
mod year;
