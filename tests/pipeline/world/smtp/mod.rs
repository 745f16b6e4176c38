//! An SMTP server on a loopback port: it speaks the real protocol, keeps what it accepts, and fails
//! exactly where a test tells it to.
//!
//! A test scripts it with [`Rule`]s, waits with [`Smtp::wait_for`] until a conversation has come to
//! a point, kills the client there if it likes, and reads afterwards what the server had got.

mod conversation;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use native_tls::Identity;

/// Where a conversation stands when a rule may strike: a command was read and not yet answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// TCP is up, nothing else: before any TLS handshake.
    Connect,
    /// Before the greeting.
    Greeting,
    Ehlo,
    StartTls,
    /// The command AUTH, before its credentials are looked at.
    Auth,
    MailFrom,
    RcptTo,
    Data,
    /// DATA without a recipient.
    NoRecipient,
    /// 354 was answered, nothing of the body was read.
    BodyStart,
    /// The first line of the body was read.
    InBody,
    /// The whole body and its dot were read: what happens now makes doubts.
    Body,
    Rset,
    Noop,
    Quit,
}

/// What the server does instead of answering properly.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This reply; the conversation goes on. Lines are separated by `\n`.
    Reply(u16, &'static str),
    /// This reply, and the connection is closed.
    Leave(u16, &'static str),
    /// These bytes as they are; the conversation goes on.
    Raw(&'static [u8]),
    /// The connection is closed without a word.
    HangUp,
    /// Nothing, until [`Smtp::release`]; then the conversation goes on as if nothing had been.
    Silence,
}

/// A fault, where it strikes and how often.
#[derive(Clone, Debug)]
pub struct Rule {
    at: At,
    fault: Fault,
    /// How many conversations pass before it strikes, and how many it strikes then.
    before: usize,
    left: usize,
    to: Option<String>,
    keeps: bool,
}

impl Rule {
    /// A fault at every conversation that comes to this point.
    pub fn new(at: At, fault: Fault) -> Rule {
        Rule {
            at,
            fault,
            before: 0,
            left: usize::MAX,
            to: None,
            keeps: false,
        }
    }

    /// Only after so many conversations came to this point.
    pub fn after(mut self, n: usize) -> Rule {
        self.before = n;
        self
    }

    /// Only so many times.
    pub fn times(mut self, n: usize) -> Rule {
        self.left = n;
        self
    }

    /// Only for messages to this recipient; makes sense from [`At::RcptTo`] on.
    pub fn to(mut self, address: &str) -> Rule {
        self.to = Some(address.to_string());
        self
    }

    /// At [`At::Body`]: the message is kept although the answer says otherwise or is missing.
    pub fn keeping(mut self) -> Rule {
        self.keeps = true;
        self
    }
}

/// When the server speaks TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Never; STARTTLS is neither offered nor understood.
    #[default]
    Never,
    /// After STARTTLS.
    Offered,
    /// From the first byte.
    Always,
}

/// What kind of server it is.
#[derive(Clone, Default)]
pub struct Options {
    pub tls: Tls,
    /// The certificate and key, needed unless [`Tls::Never`].
    pub identity: Option<Identity>,
    /// User and password; when given, MAIL is refused before AUTH.
    pub login: Option<(String, String)>,
    /// The AUTH mechanisms offered, `PLAIN LOGIN` when empty.
    pub mechanisms: &'static str,
    /// Further lines of the answer to EHLO.
    pub offers: &'static [&'static str],
    /// Every reply leaves in single bytes, each in a packet of its own.
    pub dribbles: bool,
}

/// A message the server took responsibility for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub from: String,
    pub to: Vec<String>,
    /// The body as it was meant, dots unstuffed, every line ended with CRLF.
    pub raw: Vec<u8>,
    /// The user that had logged in.
    pub user: Option<String>,
    pub over_tls: bool,
}

/// The server; dropping it closes everything and ends its threads.
pub struct Smtp {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    options: Options,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    reached: BTreeMap<At, usize>,
    kept: Vec<Kept>,
    answered: BTreeSet<String>,
    n_bodies: usize,
    n_conversations: usize,
    commands: Vec<String>,
    unread: String,
    n_releases: usize,
    is_stopped: bool,
    sockets: Vec<TcpStream>,
}

/// A rule that struck.
struct Strike {
    fault: Fault,
    keeps: bool,
    /// How many releases there had been: taken when a waiting test learns of the strike, so that
    /// its release is never too early.
    n_releases: usize,
}

/// A test that waits longer than this waits for something that will not happen.
const PATIENCE: Duration = Duration::from_secs(30);

impl Smtp {
    /// A server without TLS and without a login.
    pub fn start() -> Smtp {
        Smtp::start_with(Options::default())
    }

    pub fn start_with(options: Options) -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("cannot bind a loopback port");
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            options,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        });
        let for_acceptor = Arc::clone(&shared);
        let acceptor = thread::spawn(move || for_acceptor.accept(&listener));
        Smtp {
            shared,
            address,
            acceptor: Some(acceptor),
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Adds a rule. Of several that match, the one added first strikes.
    pub fn fail(&self, rule: Rule) {
        self.shared.state().rules.push(rule);
    }

    /// Forgets all rules.
    pub fn heal(&self) {
        self.shared.state().rules.clear();
    }

    /// Lets everything go on that is held by [`Fault::Silence`] at this moment.
    pub fn release(&self) {
        self.shared.state().n_releases += 1;
        self.shared.changed.notify_all();
    }

    /// Waits until a conversation has come to this point at least once.
    #[track_caller]
    pub fn wait_for(&self, at: At) {
        self.wait_for_nth(at, 1);
    }

    /// Waits until conversations have come to this point `n` times in all.
    #[track_caller]
    pub fn wait_for_nth(&self, at: At, n: usize) {
        let is_waiting = |state: &mut State| state.reached.get(&at).copied().unwrap_or(0) < n;
        let state = self.shared.state();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, is_waiting);
        let (state, result) = waited.unwrap();
        assert!(
            !result.timed_out(),
            "nobody came to {at:?} {n} times: {:?}",
            state.commands
        );
    }

    /// How many conversations have come to this point.
    pub fn n_reached(&self, at: At) -> usize {
        self.shared.state().reached.get(&at).copied().unwrap_or(0)
    }

    /// The messages the server took responsibility for, in order.
    pub fn kept(&self) -> Vec<Kept> {
        self.shared.state().kept.clone()
    }

    /// The recipients whose mail got an answer after its body, whatever it was.
    pub fn answered(&self) -> BTreeSet<String> {
        self.shared.state().answered.clone()
    }

    /// How many bodies arrived whole, answered or not: what a recipient might get.
    pub fn bodies_seen(&self) -> usize {
        self.shared.state().n_bodies
    }

    /// How many connections were made.
    pub fn n_conversations(&self) -> usize {
        self.shared.state().n_conversations
    }

    /// What had come and was not read yet when the server last hung up.
    pub fn unread(&self) -> String {
        self.shared.state().unread.clone()
    }

    /// Every command line in the order it came, without the credentials of AUTH.
    pub fn commands(&self) -> Vec<String> {
        self.shared.state().commands.clone()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            state.is_stopped = true;
            for socket in &state.sockets {
                // Closed already, most of them.
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        // Wakes the acceptor, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take()
            && acceptor.join().is_err()
            && !thread::panicking()
        {
            panic!("a thread of the SMTP server panicked");
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn accept(self: Arc<Shared>, listener: &TcpListener) {
        let mut conversations = Vec::new();
        for socket in listener.incoming() {
            let Ok(socket) = socket else { continue };
            {
                let mut state = self.state();
                if state.is_stopped {
                    break;
                }
                state.n_conversations += 1;
                state.sockets.push(socket.try_clone().unwrap());
            }
            let shared = Arc::clone(&self);
            conversations.push(thread::spawn(move || conversation::run(&shared, socket)));
        }
        for conversation in conversations {
            conversation.join().unwrap();
        }
    }

    /// Notes that a conversation came to a point, and returns what strikes there.
    fn reach(&self, at: At, recipients: &[String]) -> Option<Strike> {
        let mut state = self.state();
        *state.reached.entry(at).or_default() += 1;
        let n_releases = state.n_releases;
        let rule = state.rules.iter_mut().find(|rule| {
            let concerns = rule.to.as_ref().is_none_or(|to| recipients.contains(to));
            rule.at == at && rule.left > 0 && concerns
        });
        let strike = rule.and_then(|rule| match rule.before {
            0 => {
                rule.left -= 1;
                let (fault, keeps) = (rule.fault, rule.keeps);
                Some(Strike {
                    fault,
                    keeps,
                    n_releases,
                })
            }
            _ => {
                rule.before -= 1;
                None
            }
        });
        drop(state);
        self.changed.notify_all();
        strike
    }

    /// Blocks until a release that came after the strike; false when the server ends instead.
    fn hold(&self, strike: &Strike) -> bool {
        let is_held =
            |state: &mut State| state.n_releases == strike.n_releases && !state.is_stopped;
        !self
            .changed
            .wait_while(self.state(), is_held)
            .unwrap()
            .is_stopped
    }
}
