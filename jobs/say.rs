//! What goes to stdout and stderr for people and programs, without ever panicking.
//!
//! A reader that has seen enough (`outreach queue | head`) closes the pipe: the work goes on and
//! ends with its own exit code. Any other failure to write, a full disk behind a redirection for
//! example, is remembered, and `main` turns a success into a failure: whoever reads the file must
//! not take a part for the whole.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

/// The first failure to write, if there was one.
static FAILURE: OnceLock<std::io::Error> = OnceLock::new();

/// Writes a line to stdout, like `println!`.
macro_rules! say {
    () => { say!("") };
    ($($words:tt)*) => { $crate::say::to_stdout(format_args!($($words)*)) };
}

/// Writes a line to stderr, like `eprintln!`.
macro_rules! complain {
    ($($words:tt)*) => { $crate::say::to_stderr(format_args!($($words)*)) };
}

/// See [`say!`].
pub fn to_stdout(words: Arguments<'_>) {
    let written = writeln!(std::io::stdout().lock(), "{words}");
    if let Err(err) = written
        && err.kind() != ErrorKind::BrokenPipe
    {
        let _ = FAILURE.set(err); // Only the first one is told.
    }
}

/// See [`complain!`].
pub fn to_stderr(words: Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{words}"); // Nowhere left to complain.
}

/// Why something could not be written to stdout.
pub fn failure() -> Option<&'static std::io::Error> {
    let _ = std::io::stdout().flush().map_err(|err| {
        if err.kind() != ErrorKind::BrokenPipe {
            let _ = FAILURE.set(err);
        }
    });
    FAILURE.get()
}
