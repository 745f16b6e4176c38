//! A child process under a deadline: how it is stopped, and how it ended.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Far above what any run of a test takes; only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(120);

/// A started process. Dropped while it runs, it is killed: no failing test leaves one behind.
pub struct Running {
    pid: u32,
    label: String,
    ended: Receiver<std::io::Result<Output>>,
    output: Option<Output>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Outcome {
    /// The command line, for messages.
    pub label: String,
    /// The exit code, or the negative number of the signal that ended it.
    pub code: i32,
    /// Everything it wrote to stdout.
    pub stdout: String,
    /// Everything it wrote to stderr.
    pub stderr: String,
}

impl Running {
    /// Starts a command and collects what it writes.
    #[track_caller]
    pub fn start(mut command: Command) -> Running {
        let label = format!("{command:?}");
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child: Child = child.unwrap_or_else(|err| panic!("cannot start {label}: {err}"));
        let (sender, ended) = mpsc::channel();
        let pid = child.id();
        // The thread ends with the process, which Drop makes sure of.
        thread::spawn(move || sender.send(child.wait_with_output()));
        Running {
            pid,
            label,
            ended,
            output: None,
        }
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        if self.output.is_none() {
            self.output = self
                .ended
                .try_recv()
                .ok()
                .map(|output| output.expect("cannot wait"));
        }
        self.output.is_none()
    }

    /// Waits so long for its end; true when it came.
    pub fn ends_within(&mut self, patience: Duration) -> bool {
        if self.output.is_none() {
            let ended = self.ended.recv_timeout(patience).ok();
            self.output = ended.map(|output| output.expect("cannot wait"));
        }
        self.output.is_some()
    }

    /// SIGKILL, as from the kernel that is out of memory: nothing of the process runs any more.
    #[track_caller]
    pub fn kill(mut self) -> Outcome {
        self.signal("KILL");
        self.wait()
    }

    /// SIGTERM, as from `systemctl stop`; the process may finish what it has in hand.
    pub fn terminate(&mut self) {
        self.signal("TERM");
    }

    /// Waits for the end.
    #[track_caller]
    pub fn wait(self) -> Outcome {
        let label = self.label.clone();
        self.wait_within(DEADLINE)
            .unwrap_or_else(|| panic!("{label}: still running, killed"))
    }

    /// Waits for the end, or kills it at the deadline and says `None`.
    pub fn wait_within(mut self, deadline: Duration) -> Option<Outcome> {
        let output = match self.output.take() {
            Some(output) => output,
            None => match self.ended.recv_timeout(deadline) {
                Ok(output) => output.expect("cannot wait"),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("{}: nobody waited", self.label),
            },
        };
        // Known to be reaped: Drop must not signal a process number somebody else may have by now.
        self.output = Some(output.clone());
        let status = output.status;
        let code = status
            .code()
            .unwrap_or_else(|| -status.signal().unwrap_or(0));
        Some(Outcome {
            label: self.label.clone(),
            code,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn signal(&mut self, name: &str) {
        if self.is_running() {
            // The shell's own `kill`: neither unsafe code nor another package. It fails only when
            // the process ended a moment ago, which waiting for it then tells.
            let kill = format!("kill -{name} {}", self.pid);
            Command::new("sh")
                .args(["-c", &kill])
                .stderr(Stdio::null())
                .status()
                .expect("no sh");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal("KILL");
    }
}

impl Outcome {
    /// Demands an exit code; otherwise shows everything there is to know.
    #[track_caller]
    pub fn exits(self, code: i32) -> Outcome {
        let Outcome {
            label,
            code: found,
            stdout,
            stderr,
        } = &self;
        assert_eq!(
            *found, code,
            "{label}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }

    /// Demands a text on stderr.
    #[track_caller]
    pub fn complains(self, text: &str) -> Outcome {
        let Outcome { label, stderr, .. } = &self;
        assert!(
            stderr.contains(text),
            "{label}: expected `{text}` on stderr, found\n{stderr}"
        );
        self
    }

    /// Demands a text on stdout.
    #[track_caller]
    pub fn says(self, text: &str) -> Outcome {
        let Outcome { label, stdout, .. } = &self;
        assert!(
            stdout.contains(text),
            "{label}: expected `{text}` on stdout, found\n{stdout}"
        );
        self
    }

    /// The one JSON value on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| {
            panic!(
                "{}: expected one JSON value, {err}\n{}\n{}",
                self.label, self.stdout, self.stderr
            )
        })
    }
}

mod tests {
    use super::*;

    /// Ten minutes are for ever here: the process is always ended by the test.
    const HANG: &str = "exec sleep 600";

    fn shell(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        Running::start(command)
    }

    #[test]
    fn an_outcome_tells_code_and_both_streams_apart() {
        let outcome = shell("echo '{\"sent\": 3}'; echo 'error: no' >&2; exit 75").wait();
        assert_eq!(outcome.json()["sent"], 3);
        outcome.complains("no").exits(75);
    }

    #[test]
    #[should_panic(expected = "error: the reason")]
    fn a_wrong_code_shows_what_the_program_said() {
        shell("echo 'error: the reason' >&2; exit 1")
            .wait()
            .exits(0);
    }

    #[test]
    fn a_killed_process_is_told_by_its_signal() {
        assert_eq!(shell(HANG).kill().code, -9);
    }

    #[test]
    fn a_terminated_process_may_finish_its_work() {
        let folder = tempfile::tempdir().unwrap();
        // Opening a named pipe for reading blocks until the script, its trap set, opens the other
        // end.
        let ready = folder.path().join("ready");
        let made = Command::new("mkfifo").arg(&ready).status().unwrap();
        assert!(made.success());
        let script = format!(
            "sleep 600 >/dev/null 2>&1 & trap 'kill $!; echo tidied; exit 7' TERM
             echo > {}; wait",
            ready.display()
        );
        let mut running = shell(&script);
        std::fs::read(&ready).unwrap();
        running.terminate();
        let outcome = running.wait_within(DEADLINE).expect("it ends by itself");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (7, "tidied\n"));
    }

    #[test]
    fn a_hanging_process_is_killed_at_the_deadline() {
        let running = shell(HANG);
        let pid = running.pid;
        assert!(running.wait_within(Duration::from_millis(1)).is_none());
        // Killed by Drop, and reaped by the waiting thread soon after: signal 0 only asks.
        let gone = format!("while kill -0 {pid} 2>/dev/null; do :; done");
        assert!(
            Command::new("sh")
                .args(["-c", &gone])
                .status()
                .unwrap()
                .success()
        );
    }
}
