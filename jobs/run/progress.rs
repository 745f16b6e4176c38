//! What a person sees of long work: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use super::StageArgs;

/// A progress bar when stderr is a terminal; otherwise a plain line now and then.
pub struct Progress {
    bar: Option<indicatif::ProgressBar>,
    what: &'static str,
    done: u64,
}

impl Progress {
    /// Every so many items a plain line is logged.
    const LINE_EVERY: u64 = 1_000;

    /// Begins; `total` is 0 when it is not known.
    pub fn start(what: &'static str, total: u64, args: &StageArgs) -> Progress {
        let wanted = std::io::stderr().is_terminal() && !args.json;
        let bar = wanted.then(|| {
            let bar = match total {
                0 => indicatif::ProgressBar::new_spinner(),
                _ => indicatif::ProgressBar::new(total),
            };
            bar.set_message(what);
            bar
        });
        Progress { bar, what, done: 0 }
    }

    /// Counts items that are done.
    pub fn advance(&mut self, n: u64) {
        let before = self.done / Self::LINE_EVERY;
        self.done += n;
        match &self.bar {
            Some(bar) => bar.inc(n),
            None if self.done / Self::LINE_EVERY > before => {
                tracing::info!("{}: {} so far", self.what, self.done);
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
