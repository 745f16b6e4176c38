//! What is counted together: a tally and how long its answers took, and the shares made of both.

use super::facts::{Fate, Message};
use super::{Figures, Rate, Spread, Tally};
use crate::inbound::ResponseType;

/// Campaigns or messages counted together.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub tally: Tally,
    /// How long each reply took.
    pub seconds: Vec<u32>,
}

/// What answers are divided by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Per {
    /// Campaigns that reached somebody.
    Reached,
    /// Messages delivered.
    Delivered,
}

/// How a campaign ended, as far as figures go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answer {
    pub tally: Tally,
    /// How long a reply took, when both ends are known.
    pub seconds: Option<u32>,
}

impl Answer {
    /// The counts of an answer of this kind; automatic answers and bounces are none.
    pub(super) fn of(response: Option<ResponseType>) -> Tally {
        use ResponseType::{
            AutoReply, Bounced, Interested, Later, Neutral, NotInterested, Referral, Unsubscribed,
        };
        let mut tally = Tally::default();
        match response {
            Some(Interested | Referral) => (tally.replied, tally.positive) = (1, 1),
            Some(NotInterested) => (tally.replied, tally.negative) = (1, 1),
            Some(Later | Neutral) => tally.replied = 1,
            Some(Unsubscribed) => tally.opt_outs = 1,
            Some(AutoReply | Bounced) | None => {}
        }
        tally
    }
}

impl Group {
    pub(super) fn add(&mut self, tally: &Tally) {
        self.tally.add(tally);
    }

    pub(super) fn answered(&mut self, answer: &Answer) {
        self.tally.add(&answer.tally);
        self.seconds.extend(answer.seconds);
    }

    pub(super) fn merge(&mut self, other: Group) {
        self.tally.add(&other.tally);
        self.seconds.extend(other.seconds);
    }

    pub(super) fn figures(mut self, per: Per) -> Figures {
        let tally = self.tally;
        let all = match per {
            Per::Reached => tally.reached,
            Per::Delivered => tally.delivered,
        };
        Figures {
            tally,
            open_rate: Rate::new(tally.opened, tally.open_tracked),
            click_rate: Rate::new(tally.clicked, tally.click_tracked),
            bounce_rate: Rate::new(tally.bounced, tally.sent),
            reply_rate: Rate::new(tally.replied, all),
            positive_rate: Rate::new(tally.positive, all),
            opt_out_rate: Rate::new(tally.opt_outs, all),
            time_to_reply: spread(&mut self.seconds),
        }
    }
}

impl Tally {
    /// Adds what another counted.
    pub(super) fn add(&mut self, other: &Tally) {
        self.reached += other.reached;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.bounced += other.bounced;
        self.in_doubt += other.in_doubt;
        self.open_tracked += other.open_tracked;
        self.opened += other.opened;
        self.click_tracked += other.click_tracked;
        self.clicked += other.clicked;
        self.machine_opens = self.machine_opens.saturating_add(other.machine_opens);
        self.machine_clicks = self.machine_clicks.saturating_add(other.machine_clicks);
        self.replied += other.replied;
        self.positive += other.positive;
        self.negative += other.negative;
        self.opt_outs += other.opt_outs;
        self.complaints += other.complaints;
    }

    /// What one message counts for by itself, answers left out. What happened to a message is only
    /// counted of delivered ones: a picture asked for in a mail that came back was no reader's.
    pub(super) fn of_message(message: &Message) -> Tally {
        let mut tally = Tally {
            complaints: u64::from(message.is_complained_about),
            ..Tally::default()
        };
        match message.fate {
            Fate::Unsent => {}
            Fate::InDoubt => tally.in_doubt = 1,
            Fate::Sent {
                has_bounced: true, ..
            } => (tally.sent, tally.bounced) = (1, 1),
            Fate::Sent {
                has_bounced: false, ..
            } => {
                (tally.sent, tally.delivered) = (1, 1);
                tally.open_tracked = u64::from(message.tracks_opens);
                tally.click_tracked = u64::from(message.tracks_clicks);
                tally.opened = u64::from(message.opens > 0);
                tally.clicked = u64::from(message.clicks > 0);
                tally.machine_opens = message.machine_opens;
                tally.machine_clicks = message.machine_clicks;
            }
        }
        tally
    }
}

/// Sorts the values and says how they spread; none of nothing.
fn spread(seconds: &mut [u32]) -> Option<Spread> {
    seconds.sort_unstable();
    let n = seconds.len();
    let at = |place: usize| seconds.get(place).map(|s| u64::from(*s));
    Some(Spread {
        n: n as u64,
        median_seconds: at(n.saturating_sub(1) / 2)?,
        p90_seconds: at((n * 9).div_ceil(10).saturating_sub(1))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_values_that_occurred() {
        #[track_caller]
        fn check(values: &[u32], expected: Option<(u64, u64)>) {
            let found = spread(&mut values.to_vec());
            let expected = expected.map(|(median_seconds, p90_seconds)| Spread {
                n: values.len() as u64,
                median_seconds,
                p90_seconds,
            });
            assert_eq!(found, expected, "{values:?}");
        }
        check(&[], None);
        check(&[7], Some((7, 7)));
        check(&[9, 1], Some((1, 9)));
        check(&[3, 1, 2], Some((2, 3)));
        check(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], Some((5, 9)));
        check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], Some((6, 10)));
        check(
            &[u32::MAX; 20],
            Some((u64::from(u32::MAX), u64::from(u32::MAX))),
        );
    }
}
