//! How a [`Report`](crate::metrics::Report) looks: on a terminal, as one page of HTML, as tables
//! for other programs.
//!
//! Invariant: texts of leads are shown, never obeyed: no markup, no formula, nothing that steers a
//! terminal. This module counts nothing.

pub mod html;
