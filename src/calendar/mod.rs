//! Days and hours where the lead lives: zones, business days, holidays, the send window.
//!
//! Purpose: answer "is this a decent hour of a business day there?", "when is the next one?" and
//! "where is there?".
//! Invariant: every function is pure; zone rules are bundled, never read from the machine, so two
//! machines plan alike. The tables beside the code are written by `data/generate.py`.
//! This module does not know campaigns or limits.

mod closing;
mod country;
mod holidays;
mod place;
mod window;
mod zone;

pub use closing::ClosingDays;
pub use country::{country_code, country_name};
pub use holidays::{day_off, holiday, is_business_day, next_business_day};
pub use place::{Place, is_city, place_key, place_of};
pub use window::Window;
pub use zone::Zone;
