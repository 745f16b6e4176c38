//! The queue between those who ask and the one who holds the ledger.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::oneshot;
use url::Url;

use super::figures::Figures;
use crate::ledger::{Heard, Kept};

/// What is said about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is kept, with all that follows from it, or known to be about nothing.
    Kept(Kept),
    /// It is not kept: the ledger is locked or the disk full, or too much is asked.
    Unkept {
        /// Where a click goes on to, where that could be read.
        leads_to: Option<Url>,
    },
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Work {
    /// The request.
    pub heard: Heard,
    /// Where the answer goes; whoever asked may have left.
    pub answer: oneshot::Sender<Answer>,
}

/// The end of those who ask.
#[derive(Clone, Debug)]
pub struct Queue {
    sender: SyncSender<Work>,
    figures: Figures,
}

impl Queue {
    /// A queue of so many places, and the end of the one who answers. It ends when every copy of
    /// the queue is gone.
    pub fn new(places: usize, figures: Figures) -> (Queue, Receiver<Work>) {
        let (sender, receiver) = sync_channel(places);
        (Queue { sender, figures }, receiver)
    }

    /// Hands a request over and waits for its answer. A full queue is answered at once.
    pub async fn ask(&self, heard: Heard) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.figures.queue.inc();
        if self.sender.try_send(Work { heard, answer }).is_err() {
            self.figures.queue.dec();
            return Answer::Unkept { leads_to: None };
        }
        let unkept = Answer::Unkept { leads_to: None };
        answered.await.unwrap_or(unkept)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::tracking::token::Purpose;

    #[tokio::test]
    async fn a_full_queue_says_so_at_once_and_a_dead_one_too() {
        let (queue, receiver) = Queue::new(1, Figures::default());
        let heard = Heard {
            purpose: Purpose::Open,
            message: 1,
            method: "GET".to_string(),
            user_agent: String::new(),
            is_prefetch: false,
            at: DateTime::UNIX_EPOCH,
        };
        let first = tokio::spawn({
            let (queue, heard) = (queue.clone(), heard.clone());
            async move { queue.ask(heard).await }
        });
        while queue.figures.queue.get() == 0 {
            tokio::task::yield_now().await;
        }
        let unkept = Answer::Unkept { leads_to: None };
        assert_eq!(queue.ask(heard.clone()).await, unkept);
        let work = receiver.recv().unwrap();
        work.answer.send(Answer::Kept(Kept::Gone)).unwrap();
        assert_eq!(first.await.unwrap(), Answer::Kept(Kept::Gone));
        drop(receiver);
        assert_eq!(queue.ask(heard).await, unkept);
    }
}
