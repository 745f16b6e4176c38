//! Exit codes, and the failures that lead to them.

use outreach::airtable::ApiError;
use outreach::ledger;

/// How the program ends. systemd, scripts and people tell the outcomes apart by these codes. The
/// order is from harmless to grave: a job of several stages ends with its gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: it ran; nothing to do is included.
    Done,
    /// 3: it ran, but some leads failed or need a person. The counts say which.
    Partial,
    /// 75: try again later; an upstream is down, or another run of the stage holds its lock.
    Again,
    /// 78: the configuration does not allow it.
    Config,
    /// 2: the command line does not make sense.
    Usage,
    /// 1: an unexpected failure, most likely our bug.
    Unexpected,
}

impl Exit {
    /// The number the process exits with (75 and 78 as in sysexits.h).
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Unexpected => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::Again => 75,
            Exit::Config => 78,
        }
    }

    /// The outcome as a run's row and `--json` name it.
    pub fn outcome(self) -> &'static str {
        match self {
            Exit::Done => "ok",
            Exit::Partial => "partial",
            Exit::Again => "again",
            Exit::Config | Exit::Usage | Exit::Unexpected => "failed",
        }
    }
}

/// An error as one line, without `error: `.
pub fn line(error: &anyhow::Error) -> String {
    let words = ledger::in_words(error);
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A failure that ends a command, with the code it ends with.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What happened.
    pub error: anyhow::Error,
}

impl Failure {
    /// An upstream is down or busy: later it may work.
    pub fn again(error: impl Into<anyhow::Error>) -> Failure {
        Failure {
            exit: Exit::Again,
            error: error.into(),
        }
    }

    /// The configuration has to be mended first.
    pub fn config(error: impl Into<anyhow::Error>) -> Failure {
        Failure {
            exit: Exit::Config,
            error: error.into(),
        }
    }

    /// A file or folder of the configuration cannot be used.
    pub fn of_file(error: anyhow::Error) -> Failure {
        let exit = Failure::file_exit(&error);
        Failure { exit, error }
    }

    /// The code for it: a full disk is a matter of time, and so is a busy ledger met on the way.
    pub fn file_exit(error: &anyhow::Error) -> Exit {
        use std::io::{self, ErrorKind};
        let is_full = error.chain().any(|cause| {
            let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            matches!(
                kind,
                Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
            )
        });
        match ledger::trouble(error) {
            Some(ledger::Trouble::Later) => Exit::Again,
            None if is_full => Exit::Again,
            Some(ledger::Trouble::Unusable) | None => Exit::Config,
        }
    }

    /// The command line asks for something that does not exist or does not go together.
    pub fn usage(error: impl Into<anyhow::Error>) -> Failure {
        Failure {
            exit: Exit::Usage,
            error: error.into(),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        let exit = match ledger::trouble(&error) {
            Some(ledger::Trouble::Later) => Exit::Again,
            Some(ledger::Trouble::Unusable) => Exit::Config,
            None => Exit::Unexpected,
        };
        Failure { exit, error }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        match error {
            ApiError::Sink(error) => Failure::from(error),
            ApiError::Unreachable(_) | ApiError::QuotaExhausted(_) => Failure::again(error),
            ApiError::Refused(_) | ApiError::Config(_) | ApiError::Columns(_) => {
                Failure::config(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_ends_with_the_gravest_code_of_its_stages() {
        let from_harmless_to_grave = [
            Exit::Done,
            Exit::Partial,
            Exit::Again,
            Exit::Config,
            Exit::Usage,
            Exit::Unexpected,
        ];
        assert!(from_harmless_to_grave.is_sorted());
        let codes = from_harmless_to_grave.map(Exit::code);
        assert_eq!(codes, [0, 3, 75, 78, 2, 1]);
        let outcomes = from_harmless_to_grave.map(Exit::outcome);
        let failed = "failed";
        assert_eq!(outcomes, ["ok", "partial", "again", failed, failed, failed]);
    }
}
