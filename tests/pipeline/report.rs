//! The report: what its figures are, and what they cost.

mod html;
mod large;
mod year;
