//! What leads from a mail back to us: the way out that every mail offers where `serve` is reached,
//! and, only if it is asked for, pictures and links that tell of opens and clicks.

use chrono::{DateTime, Utc};
use outreach::config::Config;
use outreach::ledger::{ClaimedMessage, Ledger};
use outreach::tracking::token::Keys;
use outreach::tracking::{Tracked, address, links};
use url::Url;

/// The addresses of a run's mails.
pub struct Tracks<'a> {
    base: &'a Url,
    keys: Keys,
    wanted: Tracked,
}

impl<'a> Tracks<'a> {
    /// None without an address under which `serve` is reached.
    pub fn open(
        ledger: &mut Ledger,
        config: &'a Config,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Tracks<'a>>> {
        let Some(base) = &config.public_url else {
            return Ok(None);
        };
        Ok(Some(Tracks {
            base,
            keys: ledger.signing_keys(now)?,
            wanted: config.tracked,
        }))
    }

    /// What is to be counted.
    pub fn wanted(&self) -> Tracked {
        self.wanted
    }

    /// The way out of a mail and its HTML, which it has only where something is counted.
    pub fn of(&self, message: &ClaimedMessage) -> (Option<Url>, Option<String>) {
        // The same mail once more has the same addresses, whatever key is the newest by then.
        let keys = self.keys.as_of(message.dated_at);
        let opt_out = address::opt_out(self.base, &keys, message.id);
        let Tracked { opens, clicks } = message.tracked;
        if message.tracked.is_nothing() {
            return (Some(opt_out), None);
        }
        let pixel = opens.then(|| address::pixel(self.base, &keys, message.id));
        let leads = |n, url: &Url| match clicks {
            true => address::click(self.base, &keys, message.id, n),
            false => url.clone(),
        };
        let html = links::html(&message.body, leads, pixel.as_ref());
        (Some(opt_out), Some(html))
    }
}
