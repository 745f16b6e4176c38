//! The connections of a run, each a task that owns its connection; together they live on a thread
//! of their own, so that talking to servers and writing to the ledger go on at the same time.
//!
//! A connection is handed mails that are claimed on disk, and answers with their verdicts. It knows
//! neither the ledger nor the rules.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail};
use outreach::delivery::Delivery;
use outreach::mailer::{Connection, Mailer, Outgoing};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How the mails handed to a connection ended.
pub struct Answer {
    /// The connection.
    pub connection: usize,
    /// A verdict for each mail, in their order.
    pub deliveries: Vec<Delivery>,
}

/// What a task hands mails over with.
pub enum Hand {
    /// Files in a Maildir, many together.
    Folder(Mailer),
    /// A connection to a server.
    Server(Connection),
}

impl Hand {
    async fn deliver(&mut self, mails: &[Outgoing]) -> Vec<Delivery> {
        match self {
            Hand::Folder(mailer) => mailer.deliver_batch(mails).await,
            Hand::Server(connection) => {
                let mut deliveries = Vec::with_capacity(mails.len());
                for mail in mails {
                    deliveries.push(connection.deliver(mail).await);
                }
                deliveries
            }
        }
    }

    async fn close(self) {
        match self {
            Hand::Folder(mailer) => mailer.close().await,
            Hand::Server(connection) => connection.close().await,
        }
    }
}

/// Mails for a connection, by its number.
pub type Work = (usize, Vec<Outgoing>);

/// The connections, by their numbers from 0.
pub struct Connections {
    /// What a turn hands over goes together: every message wakes the thread.
    work: UnboundedSender<Vec<Work>>,
    answers: Receiver<Answer>,
    thread: JoinHandle<()>,
}

impl Connections {
    /// Starts the thread. Nothing is connected before the first mail.
    pub fn start(hands: Vec<Hand>) -> anyhow::Result<Connections> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the asynchronous runtime of the connections")?;
        let (answer, answers) = channel();
        let (work, turns) = unbounded_channel();
        let mut gives = Vec::with_capacity(hands.len());
        let mut tasks = Vec::with_capacity(hands.len());
        for (connection, hand) in hands.into_iter().enumerate() {
            let (give, mails) = unbounded_channel();
            gives.push(give);
            tasks.push(serve(connection, hand, mails, answer.clone()));
        }
        let thread = std::thread::Builder::new().name("connections".to_string());
        let all = async move {
            let mut running: JoinSet<()> = tasks.into_iter().collect();
            running.spawn(distribute(turns, gives));
            // One that ends early is our bug; then all end, and nobody waits for its answer.
            while let Some(Ok(())) = running.join_next().await {}
        };
        let thread = thread
            .spawn(move || runtime.block_on(all))
            .context("cannot start the thread of the connections")?;
        Ok(Connections {
            work,
            answers,
            thread,
        })
    }

    /// Hands mails over. A connection gets the next ones when it has answered for the last.
    pub fn hand_over(&self, work: Vec<Work>) -> anyhow::Result<()> {
        let given = self.work.send(work).ok();
        given.context("the connections ended unexpectedly")
    }

    /// Waits for an answer, but not longer than `patience`, and takes all that are there.
    pub fn answers(&self, patience: Duration, into: &mut Vec<Answer>) -> anyhow::Result<()> {
        match self.answers.recv_timeout(patience) {
            Ok(answer) => into.push(answer),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("the connections ended unexpectedly"),
        }
        into.extend(self.answers.try_iter());
        Ok(())
    }

    /// Takes leave of the servers.
    pub fn close(self) {
        drop(self.work);
        let _ = self.thread.join(); // A panic there was told when it happened.
    }
}

/// Gives each connection its part of what a turn hands over.
async fn distribute(
    mut turns: UnboundedReceiver<Vec<Work>>,
    gives: Vec<UnboundedSender<Vec<Outgoing>>>,
) {
    while let Some(turn) = turns.recv().await {
        for (connection, mails) in turn {
            // A connection that ended takes all others with it.
            let _ = gives.get(connection).map(|give| give.send(mails));
        }
    }
}

/// Serves one connection until no more mails can come.
async fn serve(
    connection: usize,
    mut hand: Hand,
    mut mails: UnboundedReceiver<Vec<Outgoing>>,
    answer: Sender<Answer>,
) {
    while let Some(mails) = mails.recv().await {
        let deliveries = hand.deliver(&mails).await;
        let answered = Answer {
            connection,
            deliveries,
        };
        if answer.send(answered).is_err() {
            break; // Nobody could record it; the message stays in doubt.
        }
    }
    hand.close().await;
}
