//! How much `serve` answers, how fast, and what of it a kill loses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::*;

/// Leads, with three messages each that have left.
const LEADS: usize = 10_000;

/// Threads that ask, each over connections of its own that stay open.
const CLIENTS: usize = 4;
const CONNECTIONS: usize = 16;

/// The program, asked by `CLIENTS` threads over `CONNECTIONS` connections each: on each the next
/// request leaves when the answer to the last one came.
struct Load {
    address: String,
    /// Whole requests of different messages, pictures and links in turn.
    requests: Arc<Vec<(i64, String)>>,
    next: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

/// What a client saw.
#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    answered: Vec<i64>,
    refused: u64,
}

impl Load {
    fn client(&self) -> Seen {
        let mut seen = Seen::default();
        let connect = || {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            BufReader::new(stream)
        };
        let mut open: Vec<_> = (0..CONNECTIONS).map(|_| connect()).collect();
        'asking: while !self.over.load(Ordering::Relaxed) {
            let mut asked = Vec::with_capacity(CONNECTIONS);
            for stream in &mut open {
                let n = self.next.fetch_add(1, Ordering::Relaxed) as usize;
                let (message, raw) = &self.requests[n % self.requests.len()];
                asked.push((*message, Instant::now()));
                if stream.get_mut().write_all(raw.as_bytes()).is_err() {
                    break 'asking;
                }
            }
            for (stream, (message, at)) in open.iter_mut().zip(asked) {
                let Some(reply) = read_reply(stream, true) else {
                    break 'asking; // Killed.
                };
                seen.waits.push(at.elapsed());
                match reply.status {
                    200 | 302 => seen.answered.push(message),
                    _ => seen.refused += 1,
                }
            }
        }
        seen
    }
}

/// A world whose ledger holds many mails that left, and the requests of all of them.
fn crowded() -> (World, Vec<(i64, String)>) {
    let world = sent();
    let copies = format!(
        "PRAGMA synchronous = OFF; BEGIN;
         CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS
             (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < {LEADS} + 9) SELECT i FROM n;
         INSERT INTO leads (id, record_id, source, fields, fingerprint, email, full_name, company,
             verdict, first_read_at, changed_at)
         SELECT i, 'rec' || i, 'file', fields, fingerprint,
             'lead' || i || '@firm' || i || '.example', full_name, company, verdict,
             first_read_at, changed_at
         FROM n, leads l WHERE l.id = 1;
         INSERT INTO campaigns (id, campaign_id, lead_id, company, state, sequence, writer,
             quality_score, zone, zone_reason, country, created_at, updated_at)
         SELECT i, 'c' || i, i, company, 'active', sequence, writer, quality_score, zone,
             zone_reason, country, created_at, updated_at
         FROM n, campaigns c WHERE c.id = 1;
         INSERT INTO messages (campaign_id, number, step, subject, state, sent_at, claimed_at,
             outreach_key, sender, recipient)
         SELECT i, number, step, subject, 'sent', unixepoch('{MONDAY}'), unixepoch('{MONDAY}'),
             'k' || i || '.' || number, 'team@ours.example',
             'lead' || i || '@firm' || i || '.example'
         FROM n, messages m WHERE m.campaign_id = 1;
         INSERT INTO message_texts (message_id, body)
         SELECT m.id, t.body FROM messages m, message_texts t
         WHERE m.campaign_id >= 10 AND t.message_id = 1;
         COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    );
    write(&world, &copies);
    let keys = keys(&world);
    let ids = world.sql("SELECT id FROM messages WHERE campaign_id >= 10 ORDER BY id");
    let n_messages = ids.len();
    // Neighbours in time are no neighbours in the file.
    let requests = (0..2 * n_messages).map(|n| {
        let id: i64 = ids[n * 7_919 % n_messages][0].parse().unwrap();
        let purpose = if n < n_messages { Purpose::Open } else { CLICK };
        (id, request("GET", &path(&keys, purpose, id), "", ""))
    });
    let mut requests: Vec<_> = requests.collect();
    let clicks = requests.split_off(n_messages);
    // Two pictures for every link.
    let mixed = requests
        .chunks(2)
        .zip(clicks)
        .flat_map(|(pictures, click)| pictures.iter().cloned().chain([click]).collect::<Vec<_>>());
    let mixed = mixed.collect();
    (world, mixed)
}

#[test]
fn it_answers_many_at_once_and_a_kill_loses_nothing() {
    let seconds = std::env::var("MEASURE_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let (world, requests) = crowded();
    // At the machine's own time: what is asked again within seconds has to be seen as that.
    let script = "exec \"$0\" \"$@\" >said";
    let running = world.spawn_through(&["sh", "-c", script], &["serve"]);
    let deadline = Instant::now() + PATIENCE;
    let address = loop {
        let said = std::fs::read_to_string(world.path("said")).unwrap_or_default();
        if let Some((_, rest)) = said.split_once(" on ") {
            if let Some((address, _)) = rest.split_once(", health") {
                break address.to_string();
            }
        }
        assert!(Instant::now() < deadline, "it does not listen");
    };
    let load = Load {
        address,
        requests: Arc::new(requests),
        next: Arc::default(),
        over: Arc::default(),
    };
    let started = Instant::now();
    let span = Duration::from_secs(seconds.unwrap_or(2));
    let (mut running, mut took) = (Some(running), span);
    let seen: Vec<Seen> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| load.client()))
            .collect();
        // Waits by waiting for the end of what should not end.
        let ended = running.as_mut().unwrap().ends_within(span);
        assert!(!ended, "it ended by itself");
        took = started.elapsed();
        running.take().unwrap().kill();
        load.over.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let mut waits: Vec<Duration> = seen.iter().flat_map(|seen| seen.waits.clone()).collect();
    waits.sort();
    let share = |share: f64| waits[(share * (waits.len() - 1) as f64) as usize];
    let rate = waits.len() as f64 / took.as_secs_f64();
    let refused: u64 = seen.iter().map(|seen| seen.refused).sum();
    println!(
        "\nserve, {} connections, {} messages: {rate:.0} requests/s for {:.0} s; p50 {:.1} ms, \
         p99 {:.1} ms, p99.9 {:.1} ms, worst {:.1} ms; {refused} refused",
        CLIENTS * CONNECTIONS,
        3 * LEADS,
        took.as_secs_f64(),
        share(0.5).as_secs_f64() * 1e3,
        share(0.99).as_secs_f64() * 1e3,
        share(0.999).as_secs_f64() * 1e3,
        share(1.0).as_secs_f64() * 1e3,
    );
    let mut answered = std::collections::BTreeMap::<i64, u64>::new();
    for message in seen.iter().flat_map(|seen| &seen.answered) {
        *answered.entry(*message).or_default() += 1;
    }
    let kept: std::collections::BTreeMap<i64, u64> = world
        .sql("SELECT message_id, count(*) FROM engagements GROUP BY 1")
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap()))
        .collect();
    let lost = answered
        .iter()
        .filter(|(message, n)| kept.get(message).unwrap_or(&0) < n);
    assert_eq!(
        lost.count(),
        0,
        "messages of which an answered request is not kept"
    );
    let (n_answered, n_kept) = (answered.values().sum::<u64>(), kept.values().sum::<u64>());
    println!("{n_answered} answered, {n_kept} kept after the kill");
    assert_eq!(refused, 0);
    if seconds.is_some() {
        assert!(
            rate >= 3_000.0,
            "{rate:.0} requests a second, wanted: 3,000"
        );
        assert!(
            share(0.99) <= Duration::from_millis(50),
            "p99 {:?}, wanted: 50 ms",
            share(0.99)
        );
    }
}
