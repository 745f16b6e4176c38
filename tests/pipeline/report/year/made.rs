//! A year of campaigns as the stages would have left it, written row by row from one seed:
//! everything that can become of a campaign, in odd zones and at odd instants, for leads with
//! hostile words.

use rusqlite::{Connection, Transaction, params};

use super::words::{HOSTILE, ODD_INSTANTS, SENDERS, TRADES, WRITERS, ZONES};

/// Where the campaigns' numbers begin, so that they stand beside what real stages wrote.
const FIRST: i64 = 1_000;

/// 29 December 2025, a Monday: the first day of the ISO year 2026, which has 53 weeks.
pub const BEGINS_AT: i64 = 1_766_966_400;

/// Requests before this instant (1 April 2026) are kept by the day only.
const FOLDED_BEFORE: i64 = 1_775_001_600;

const DAY: i64 = 86_400;

const STEPS: [&str; 3] = ["hook", "proof", "fomo"];

/// Numbers that look like chance and are the same every time (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % n) as i64
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What becomes of a campaign.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Draft,
    Review,
    Active,
    Away,
    Completed,
    /// A person answered; the campaign ends.
    Answered(&'static str),
    /// Ticked by a person in the base: nobody knows which mail was answered.
    Ticked,
    OptedOut,
    HardBounce,
    /// The server refused the mail itself.
    Refused,
    InDoubt,
    Complained,
    SoftBounce,
}

fn fate(chance: &mut Chance) -> Fate {
    match chance.below(100) {
        0..3 => Fate::Draft,
        3..6 => Fate::Review,
        6..12 => Fate::Active,
        12..16 => Fate::Away,
        16..50 => Fate::Completed,
        50..56 => Fate::Answered("interested"),
        56..60 => Fate::Answered("referral"),
        60..64 => Fate::Answered("later"),
        64..69 => Fate::Answered("neutral"),
        69..76 => Fate::Answered("not_interested"),
        76..78 => Fate::Ticked,
        78..84 => Fate::OptedOut,
        84..89 => Fate::HardBounce,
        89..92 => Fate::Refused,
        92..95 => Fate::InDoubt,
        95..98 => Fate::Complained,
        _ => Fate::SoftBounce,
    }
}

/// Writes so many campaigns into an open ledger.
pub fn year(ledger: &mut Connection, n_campaigns: i64) {
    let mut chance = Chance(2026);
    let tx = ledger.transaction().unwrap();
    for id in FIRST..FIRST + n_campaigns {
        let one = One::new(&mut chance, id);
        one.write(&tx, &mut chance);
    }
    tx.commit().unwrap();
}

/// One campaign and the step at which its fate is decided.
struct One {
    id: i64,
    fate: Fate,
    /// Counted from 0.
    last: usize,
    starts_at: i64,
    zone: (&'static str, &'static str),
    sender: &'static str,
    writer: &'static str,
    tracked: i64,
}

impl One {
    fn new(chance: &mut Chance, id: i64) -> One {
        let starts_at = match chance.below(12) {
            0 => chance.pick(&ODD_INSTANTS),
            1 => BEGINS_AT + chance.below(364) * DAY + chance.pick(&[0, DAY - 1]),
            _ => BEGINS_AT + chance.below(364 * DAY as u64),
        };
        One {
            id,
            fate: fate(chance),
            last: chance.below(3) as usize,
            starts_at,
            zone: chance.pick(&ZONES),
            sender: chance.pick(&SENDERS),
            writer: chance.pick(&WRITERS),
            tracked: chance.below(4),
        }
    }

    /// When a step leaves: days apart, and not always at the same hour.
    fn leaves_at(&self, step: usize) -> i64 {
        self.starts_at + [0, 3 * DAY + 3_601, 8 * DAY - 1_800][step]
    }

    /// The state of a step's message, and whether it came back.
    fn state(&self, step: usize) -> (&'static str, bool) {
        let is_last = step == self.last;
        let before = step < self.last;
        match self.fate {
            Fate::Draft | Fate::Review => ("drafted", false),
            Fate::Completed => ("sent", false),
            _ if before => ("sent", false),
            Fate::Active | Fate::Away if is_last => ("sent", false),
            Fate::Active => ("scheduled", false),
            Fate::Away => ("drafted", false),
            Fate::HardBounce if is_last => ("sent", true),
            // A refusal at once is noted like a mail that came back, and nothing left.
            Fate::Refused if is_last => ("dead", self.id % 2 == 0),
            Fate::InDoubt if is_last => ("in_doubt", false),
            Fate::InDoubt => ("scheduled", false),
            Fate::SoftBounce if is_last => ("deferred", false),
            Fate::SoftBounce => ("scheduled", false),
            _ if is_last => ("sent", false),
            _ => ("skipped", false),
        }
    }

    /// What is written of its end: state, reason, response, when, and to which step.
    fn end(&self, chance: &mut Chance) -> End {
        let left_at = self.leaves_at(self.last);
        // Clocks differ: some answers seem to be older than the mail.
        let answered_at = Some(left_at + chance.below(9 * DAY as u64) - 600);
        let step = Some(STEPS[self.last]);
        let end = |state, reason, response, at, step| End {
            state,
            reason,
            response,
            at,
            step,
        };
        match self.fate {
            Fate::Draft => end("draft", None, None, None, None),
            Fate::Review => end("review", None, None, None, None),
            Fate::Active | Fate::InDoubt => end("active", None, None, None, None),
            Fate::SoftBounce => end("active", None, Some("auto_reply"), None, None),
            Fate::Away => end("paused", None, Some("auto_reply"), None, None),
            Fate::Completed if self.id % 9 == 0 => {
                end("completed", None, Some("auto_reply"), None, None)
            }
            Fate::Completed => end("completed", None, None, None, None),
            Fate::Answered(response) => end("responded", None, Some(response), answered_at, step),
            Fate::Ticked => end("responded", None, Some("neutral"), answered_at, None),
            Fate::OptedOut => {
                let response = Some("unsubscribed");
                end("stopped", Some("opted_out"), response, answered_at, step)
            }
            Fate::HardBounce => end(
                "stopped",
                Some("bounced"),
                Some("bounced"),
                answered_at,
                step,
            ),
            Fate::Refused => end("stopped", Some("undeliverable"), None, None, None),
            // Some had answered before they complained.
            Fate::Complained if self.id % 3 == 0 => {
                end("responded", None, Some("not_interested"), answered_at, step)
            }
            Fate::Complained => end("stopped", Some("complained"), None, None, None),
        }
    }

    fn write(&self, tx: &Transaction<'_>, chance: &mut Chance) {
        let End {
            state,
            reason,
            response,
            at,
            step,
        } = self.end(chance);
        let lead =
            "INSERT INTO leads (id, record_id, source, fields, fingerprint, email, full_name,
                        company, verdict, reject_reason, first_read_at, changed_at)
                    VALUES (?1, 'rec' || ?1, 'file', '{}', '', 'l' || ?1 || '@firm.example', 'Ada',
                            'Firm', 'rejected', 'contacted_before', 0, 0)";
        tx.execute(lead, [self.id]).unwrap();
        let is_written_to = !matches!(self.fate, Fate::Draft | Fate::Review);
        let has_ended = matches!(state, "responded" | "completed" | "stopped");
        let campaign = "INSERT INTO campaigns (id, campaign_id, lead_id, company, state,
                stop_reason, paused_by, sequence, writer, quality_score, zone, zone_reason, country,
                sender, created_at, updated_at, response_at, response_type, responding_step,
                finished_at)
            VALUES (?1, 'c' || ?1, ?1, 'Firm', ?2, ?3, iif(?2 = 'paused', 'absence', NULL), '{}',
                ?4, 100, ?5, '', ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12)";
        let sender = is_written_to.then_some(self.sender);
        let created_at = self.starts_at - DAY;
        let params = params![
            self.id,
            state,
            reason,
            self.writer,
            self.zone.0,
            self.zone.1,
            sender,
            created_at,
            at,
            response,
            step,
            has_ended.then_some(self.starts_at + 20 * DAY)
        ];
        tx.execute(campaign, params).unwrap();
        self.write_traits(tx, chance);
        for step in 0..3 {
            self.write_message(tx, chance, step);
        }
        self.write_inbound(tx, chance);
    }

    /// Ledgers know no traits of a campaign in a hundred, and no industry of more.
    fn write_traits(&self, tx: &Transaction<'_>, chance: &mut Chance) {
        if chance.one_in(100) {
            return;
        }
        let industry = match chance.below(20) {
            0 | 1 => format!("Trade {}", chance.below(70)),
            2 => chance.pick(&HOSTILE).to_string(),
            3 if chance.one_in(3) => "very long ".repeat(300),
            _ => {
                let spellings = chance.pick(&TRADES);
                chance.pick(spellings).to_string()
            }
        };
        let sql = "INSERT INTO campaign_traits VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let params = params![
            self.id,
            industry,
            chance.pick(&["1-10", "11-50", "51-200", "51 - 200", ""]),
            chance.pick(&[
                "owner", "chief", "vp", "director", "head", "manager", "staff", "unknown"
            ]),
            chance.pick(&[
                "Friendly",
                "friendly",
                "Friendly",
                "Bold",
                "Professional",
                ""
            ]),
            chance.pick(&["Real", "Real", "Pattern"]),
        ];
        tx.execute(sql, params).unwrap();
    }

    fn write_message(&self, tx: &Transaction<'_>, chance: &mut Chance, step: usize) {
        let (state, came_back) = self.state(step);
        let id = self.id * 3 + step as i64;
        let at = self.leaves_at(step);
        let is_dated = !matches!(state, "drafted" | "skipped");
        let has_left = matches!(state, "sent" | "in_doubt" | "dead");
        // Few wordings are common, some are rare, and of some nothing is known.
        let key = |chance: &mut Chance, n: u64| match chance.below(12) {
            0 => None,
            1 => Some(4_000_000_000_000_000_000 + chance.below(400)),
            // Said in every step.
            2 => Some(77),
            _ => Some(1_000 * step as i64 + chance.below(n) * chance.below(3)),
        };
        let sql = "INSERT INTO messages (id, campaign_id, number, step, subject, state,
                       state_reason, due_at, outreach_key, message_id, sender, recipient,
                       attempts, claimed_at, dated_at, sent_at, bounced_at, replied_at,
                       subject_key, opening_key, tracked)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, iif(?6 IN ('skipped', 'dead', 'in_doubt'), 'why',
                           NULL), ?7, ?1 || '.key', ?8, ?9, NULL, ?10, ?11, ?11, ?12, ?13, NULL,
                           ?14, ?15, ?16)";
        let is_empty = chance.one_in(30);
        let params = params![
            id,
            self.id,
            step as i64 + 1,
            STEPS[step],
            if is_empty { "" } else { "About your routes" },
            state,
            is_dated.then_some(at),
            has_left.then(|| format!("{id}@ourco.example")),
            is_dated.then_some(self.sender),
            i64::from(has_left),
            has_left.then_some(at),
            (state == "sent").then_some(at),
            came_back.then_some(at + 60),
            key(chance, 40),
            key(chance, 90),
            if has_left { self.tracked } else { 0 },
        ];
        tx.execute(sql, params).unwrap();
        let text = "INSERT INTO message_texts (message_id, body) VALUES (?1, ?2)";
        let body = if is_empty {
            ""
        } else {
            "Hi Ada,\n\nRoutes wait.\n"
        };
        tx.execute(text, params![id, body]).unwrap();
        if has_left && self.tracked > 0 {
            self.write_requests(tx, chance, id, at);
        }
    }

    /// Requests of people and programs; what serve adds up is added up beside them.
    fn write_requests(&self, tx: &Transaction<'_>, chance: &mut Chance, message: i64, at: i64) {
        for _ in 0..chance.below(5) {
            let kind = match self.tracked {
                1 => "open",
                2 => "click",
                _ => chance.pick(&["open", "open", "click"]),
            };
            let machine = chance.pick(&[None, Some("prefetch"), Some("repeat"), None]);
            let at = at + chance.pick(&[1, 40, DAY, 20 * DAY]) + chance.below(DAY as u64);
            let column = match machine {
                None => format!("{kind}s"),
                Some(_) => format!("machine_{kind}s"),
            };
            let sql = format!("UPDATE messages SET {column} = {column} + 1 WHERE id = ?1");
            tx.execute(&sql, [message]).unwrap();
            request(tx, message, at, kind, machine);
        }
    }

    /// The mails that led to the campaign's end, among some that led to nothing.
    fn write_inbound(&self, tx: &Transaction<'_>, chance: &mut Chance) {
        let message = self.id * 3 + self.last as i64;
        let at = self.leaves_at(self.last) + 3_600;
        let kinds: &[&str] = match self.fate {
            // Away first, back later, and then an answer.
            Fate::Answered(_) if self.id % 4 == 0 => &["out_of_office", "human_reply"],
            Fate::Answered(_) => &["human_reply"],
            Fate::Away => &["out_of_office"],
            Fate::HardBounce => &["bounce_hard"],
            Fate::SoftBounce => &["bounce_soft", "auto_reply"],
            Fate::Complained if self.id % 2 == 0 => &["complaint", "complaint"],
            Fate::Complained => &["complaint"],
            // A click on the way out is no mail.
            Fate::OptedOut if self.id % 2 == 0 => {
                request(tx, message, at, "opt_out", Some("head"));
                request(tx, message, at + 5, "opt_out", None);
                &[]
            }
            Fate::OptedOut => &["unsubscribe"],
            _ => &[],
        };
        for kind in kinds {
            inbound(tx, Some((self.id, message)), at, kind, None);
        }
        match chance.below(60) {
            // A complaint about nobody knows what.
            0 => inbound(tx, None, at, "complaint", None),
            // A person said that it was none after all, or that it was one.
            1 => inbound(tx, Some((self.id, message)), at, "other", Some("complaint")),
            2 => inbound(tx, Some((self.id, message)), at, "complaint", Some("other")),
            _ => {}
        }
    }
}

/// How a campaign ends.
struct End {
    state: &'static str,
    reason: Option<&'static str>,
    response: Option<&'static str>,
    at: Option<i64>,
    step: Option<&'static str>,
}

/// One request of an address in a mail, as it came or folded into its day.
fn request(tx: &Transaction<'_>, message: i64, at: i64, kind: &str, machine: Option<&str>) {
    if at < FOLDED_BEFORE {
        let sql = "INSERT INTO engagement_days VALUES (?1, date(?2, 'unixepoch'), ?3, ?4, 1)
                   ON CONFLICT DO UPDATE SET n = n + 1";
        tx.execute(sql, params![message, at, kind, machine.is_some()])
            .unwrap();
        return;
    }
    let sql = "INSERT INTO engagements (at, message_id, kind, link, machine, agent)
               VALUES (?1, ?2, ?3, iif(?3 = 'click', 0, NULL), ?4, 'other')";
    tx.execute(sql, params![at, message, kind, machine])
        .unwrap();
}

/// A mail that was read, about a campaign and a message of it; `judged` is what the rules had said.
fn inbound(
    tx: &Transaction<'_>,
    about: Option<(i64, i64)>,
    at: i64,
    kind: &str,
    judged: Option<&str>,
) {
    let sql =
        "INSERT INTO inbound (mailbox, uidvalidity, uid, read_at, from_address, subject, kind,
                   message_id, campaign_id, reply_text, headers, evidence, consequence, judged_kind,
                   relabelled_at)
               VALUES ('maildir:year', 1, (SELECT coalesce(max(id), 0) + 1 FROM inbound), ?1, '',
                       '', ?2, ?3, ?4, '', '', '[]', '', ?5, iif(?5 IS NULL, NULL, ?1))";
    let (campaign, message) = about.unzip();
    tx.execute(sql, params![at, kind, message, campaign, judged])
        .unwrap();
}
