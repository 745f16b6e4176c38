//! SIGKILL of `send` with eight connections, at every step of their conversations and at any instant,
//! while the server fails in every way: no mail is handed over twice, and in doubt is exactly what
//! the server may have taken without our knowing.

use std::collections::BTreeMap;

use super::*;
use crate::world::smtp::{At, Fault, Rule, Smtp};

const CONNECTIONS: usize = 8;

/// Where a kill or a fault strikes.
const STEPS: [At; 8] = [
    At::Connect,
    At::Greeting,
    At::Ehlo,
    At::MailFrom,
    At::RcptTo,
    At::Data,
    At::BodyStart,
    At::Body,
];

/// Repeatable chance: the generator of Park and Miller.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        usize::try_from(self.0).unwrap() % n
    }

    fn fault(&mut self) -> Rule {
        // What makes doubts is asked for more often than the rest.
        let at = match self.below(3) {
            0 => At::Body,
            _ => STEPS[self.below(STEPS.len())],
        };
        let fault = match (at, self.below(4)) {
            (At::Connect, _) | (_, 0) => Fault::HangUp,
            (At::RcptTo, 1) => Fault::Reply(550, "5.1.1 no such user"),
            (At::BodyStart, _) => Fault::HangUp,
            (_, 2) => Fault::Reply(451, "4.3.0 try again later"),
            _ => Fault::Reply(450, "4.2.0 greylisted"),
        };
        let rule = Rule::new(at, fault).times(1);
        match self.below(2) {
            0 if matches!(fault, Fault::HangUp) => rule.keeping(),
            _ => rule,
        }
    }
}

/// The crowd over eight connections to this server; what is put off is due two minutes later.
fn crowd_over(smtp: &Smtp, n: usize) -> World {
    crowd(n)
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .env("SMTP_CONNECTIONS", CONNECTIONS.to_string())
        .env("RETRY_DELAY_MINUTES", "1")
        .env("MAX_DELIVERY_ATTEMPTS", "20")
        .env("LOG_LEVEL", "error")
}

/// The instant of a round, two minutes after the one before.
fn instant_of(round: usize) -> String {
    let start = chrono::DateTime::parse_from_rfc3339(MONDAY).unwrap();
    let minutes = i64::try_from(round).unwrap() * 2;
    (start + chrono::Duration::minutes(minutes)).to_rfc3339()
}

/// Lets a sender go on that was held: how it fared is not what is tested here.
fn release_senders(world: &World) {
    write(world, "DELETE FROM switches");
}

/// Kills `n_kills` runs over `n` messages, then lets the rest leave, and looks at everything.
fn disturb(n: usize, n_kills: usize, seed: u64) {
    let smtp = Smtp::start();
    let mut world = crowd_over(&smtp, n);
    world.set_env("QUEUE_BATCH_SIZE", "16");
    let mut chance = Chance(seed);
    let (mut killed, mut round) = (0, 0);
    while killed < n_kills {
        for _ in 0..chance.below(2) {
            smtp.fail(chance.fault());
        }
        if round % 2 == 0 {
            // The server falls silent somewhere, so that the run is there to be killed.
            let at = STEPS[round / 2 % STEPS.len()];
            // A connection is greeted once and kept, then takes one mail after the other.
            let most = if at < At::MailFrom { 3 } else { 10 };
            let before = chance.below(most);
            let silence = Rule::new(at, Fault::Silence).after(before).times(1);
            smtp.fail(match chance.below(2) {
                0 => silence.keeping(),
                _ => silence,
            });
            let nth = smtp.n_reached(at) + 1 + before;
            let mut send = world.at(instant_of(round)).spawn(&["send"]);
            while smtp.n_reached(at) < nth && !send.ends_within(Duration::from_micros(200)) {}
            killed += usize::from(send.kill().code == -9);
        } else {
            let mut send = world.at(instant_of(round)).spawn(&["send"]);
            send.ends_within(Duration::from_millis(chance.below(90) as u64));
            killed += usize::from(send.kill().code == -9);
        }
        smtp.heal();
        smtp.release();
        round += 1;
        assert!(
            round < 2 * n_kills + 50,
            "only {killed} runs were there to be killed"
        );
        let sending = count(&world, "state = 'sending'");
        assert!(
            sending <= CONNECTIONS,
            "{sending} were claimed for {CONNECTIONS} connections"
        );
        release_senders(&world);
        if count(&world, "number = 1 AND state IN ('scheduled', 'deferred')") == 0 {
            break;
        }
    }
    println!("{killed} kills in {round} rounds");
    assert!(
        killed * 2 >= n_kills,
        "only {killed} kills before everything had left"
    );
    world.set_env("QUEUE_BATCH_SIZE", "100000");
    for _ in 0..20 {
        world.at(instant_of(round)).run(&["send"]);
        release_senders(&world);
        round += 30;
    }
    look_at_everything(&smtp, &world, n, killed);
}

fn look_at_everything(smtp: &Smtp, world: &World, n: usize, killed: usize) {
    let mut taken = BTreeMap::<String, usize>::new();
    for kept in smtp.kept() {
        *taken.entry(kept.to[0].clone()).or_default() += 1;
    }
    let twice: Vec<_> = taken.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "taken more than once: {twice:?}");

    let ends = "state IN ('sent', 'dead', 'skipped', 'in_doubt')";
    assert_eq!(
        count(world, &format!("number = 1 AND {ends}")),
        n,
        "every Hook has its end"
    );
    let sent = world.sql("SELECT recipient FROM messages WHERE state = 'sent'");
    for row in &sent {
        assert!(
            taken.contains_key(&row[0]),
            "{} is sent, but nobody took it",
            row[0]
        );
    }
    let doubts = world.sql(
        "SELECT m.recipient, coalesce(a.outcome, 'lost') FROM messages m
         JOIN attempts a ON a.message_id = m.id AND a.number = m.attempts
         WHERE m.state = 'in_doubt'",
    );
    let answered = smtp.answered();
    for row in &doubts {
        let (to, outcome) = (&row[0], row[1].as_str());
        // Of what a run lived to see, only what the server never answered is in doubt.
        let is_lost = outcome == "lost" || (outcome == "in_doubt" && !answered.contains(to));
        assert!(is_lost, "{to} was answered, yet it is in doubt ({outcome})");
    }
    let lost = doubts.iter().filter(|row| row[1] == "lost").count();
    assert!(
        lost <= killed * CONNECTIONS,
        "{lost} lost by {killed} kills"
    );
    let known: usize = sent.len() + doubts.len();
    let unknown = taken.keys().filter(|to| {
        let is = |rows: &[Vec<String>]| rows.iter().any(|row| row[0] == **to);
        !is(&sent) && !is(&doubts)
    });
    assert_eq!(
        unknown.count(),
        0,
        "everything taken is sent or in doubt, of {known}"
    );
    println!(
        "{} sent, {} in doubt ({lost} of them lost by a kill)",
        sent.len(),
        doubts.len()
    );
}

#[test]
fn no_kill_makes_a_mail_leave_twice_and_in_doubt_is_only_what_lost_its_answer() {
    let n_kills = std::env::var("MEASURE_KILLS");
    let n_kills = n_kills.map_or(60, |n| n.parse().expect("MEASURE_KILLS: a number"));
    disturb(n_kills * 20, n_kills, 20_260_302);
}
