//! The folder in which an account keeps what it sent: whether a mail of ours stands there, and
//! under which Message-ID.
//!
//! Purpose: evidence about a mail that was handed over and never answered for. Invariants: the
//! folder is opened with EXAMINE and only headers are fetched, with PEEK; *surely absent* is said
//! only after every header since the mail's first attempt was read here, because servers differ in
//! what they find by SEARCH HEADER, and only where the folder is known to keep copies.

use std::collections::BTreeSet;

use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, Days, TimeDelta, Utc};
use imap::{Connection, Session};
use imap_proto::NameAttribute;
use mail_parser::MessageParser;

use super::imap_reading::join;
use super::{Deadlines, ImapSettings, OpenError, imap_session};

/// The word that stands for the folder the server says keeps what was sent.
pub const AUTO: &str = "auto";

/// So many headers are fetched at once.
const BATCH_MAX: usize = 500;
/// In a folder with more mails than this since the day in question nobody looks.
const MAILS_MAX: usize = 200_000;
/// So many mails are looked for by name, one search each, before all headers are read.
const SEARCHES_MAX: usize = 20;
/// A Message-ID is not longer.
const ID_CHARS_MAX: usize = 500;

/// A witness left at most this long before the mail in doubt.
const AROUND: TimeDelta = TimeDelta::hours(1);

/// Absence proves nothing for longer: people and retention rules tidy folders.
const PROVES_FOR: TimeDelta = TimeDelta::days(14);

/// The headers that say which mail it is. Microsoft keeps our Message-ID in its own one when it
/// writes another.
const HEADERS: &str = "MESSAGE-ID X-OUTREACH-KEY X-MICROSOFT-ORIGINAL-MESSAGE-ID";

/// A mail to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its Message-ID as we chose it, without angle brackets.
    pub message_id: String,
    /// Its X-Outreach-Key.
    pub outreach_key: String,
}

/// What a look into the folder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The folder's name.
    pub folder: String,
    /// For each mail asked for, in order: the Message-ID of its copy, without angle brackets (`""`
    /// if the copy has none); none when there is no copy.
    pub copies: Vec<Option<String>>,
}

/// Whether a mail in doubt was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentEvidence {
    /// Its copy is there.
    Found {
        /// The Message-ID under which it really went out.
        message_id: String,
    },
    /// It surely never left.
    SurelyAbsent,
    /// Nobody can say; why.
    CouldNotLook(String),
}

/// Another mail of the same sender that the same server took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// When it left.
    pub sent_at: DateTime<Utc>,
    /// Whether its copy stands in the folder.
    pub has_copy: bool,
}

/// What a look proves about a mail that was handed over at an instant. Without its copy it is
/// surely absent only if the server had `settle_minutes` to store one, and did store one of a mail
/// that left about then or later.
pub fn weigh(
    copy: Option<&str>,
    handed_over_at: DateTime<Utc>,
    witnesses: &[Witness],
    settle_minutes: u32,
    now: DateTime<Utc>,
) -> SentEvidence {
    if let Some(message_id) = copy {
        let message_id = message_id.to_string();
        return SentEvidence::Found { message_id };
    }
    if now < handed_over_at + TimeDelta::minutes(settle_minutes.into()) {
        let why = format!("it left less than {settle_minutes} minutes ago");
        return SentEvidence::CouldNotLook(why);
    }
    if now > handed_over_at + PROVES_FOR {
        let days = PROVES_FOR.num_days();
        let why = format!("it left more than {days} days ago, its copy may have been tidied away");
        return SentEvidence::CouldNotLook(why);
    }
    let speaks = |witness: &Witness| witness.sent_at >= handed_over_at - AROUND && witness.has_copy;
    if !witnesses.iter().any(speaks) {
        let why = "the folder holds no other mail of this sender from about then or later, so its \
                   absence proves nothing";
        return SentEvidence::CouldNotLook(why.to_string());
    }
    SentEvidence::SurelyAbsent
}

/// Looks for mails in a folder of the account, or in the one with the special use `\Sent`
/// (RFC 6154) for [`AUTO`]. `since` is the earliest instant at which one of them may have left.
pub fn look(
    settings: &ImapSettings,
    folder: &str,
    since: DateTime<Utc>,
    wanted: &[Wanted],
) -> Result<Look, OpenError> {
    look_within(settings, folder, since, wanted, Deadlines::default())
}

/// The same with other deadlines.
pub fn look_within(
    settings: &ImapSettings,
    folder: &str,
    since: DateTime<Utc>,
    wanted: &[Wanted],
    deadlines: Deadlines,
) -> Result<Look, OpenError> {
    let (mut session, folder) = open(settings, folder, deadlines)?;
    let found = read(&mut session, since, wanted);
    if let Err(err) = session.logout() {
        tracing::debug!("no orderly end of the IMAP session: {err}");
    }
    let copies = found
        .with_context(|| format!("cannot look into the folder `{folder}`"))
        .map_err(OpenError::Unreachable)?;
    Ok(Look { folder, copies })
}

/// Opens the folder and says what is there, for `doctor`.
pub fn check(settings: &ImapSettings, folder: &str) -> Result<String, OpenError> {
    let (mut session, folder) = open(settings, folder, Deadlines::default())?;
    if let Err(err) = session.logout() {
        tracing::debug!("no orderly end of the IMAP session: {err}");
    }
    Ok(format!("what was sent is looked for in `{folder}`"))
}

/// A session with the folder opened read-only, and the folder's name.
fn open(
    settings: &ImapSettings,
    folder: &str,
    deadlines: Deadlines,
) -> Result<(Session<Connection>, String), OpenError> {
    let mut session = imap_session::open(settings, deadlines)?;
    if folder != AUTO {
        imap_session::examine(&mut session, settings, folder)?;
        return Ok((session, folder.to_string()));
    }
    let name = special_use(&mut session).map_err(OpenError::Unreachable)?;
    let name = name.ok_or_else(|| {
        OpenError::Refused(anyhow!(
            "SENT_FOLDER: expected a folder that IMAP server {}:{} marks as the one for sent mail, \
             found none; name the folder",
            settings.host,
            settings.port
        ))
    })?;
    imap_session::examine(&mut session, settings, &name)?;
    Ok((session, name))
}

/// The folder that is marked as the one for sent mail.
fn special_use(session: &mut Session<Connection>) -> anyhow::Result<Option<String>> {
    let names = session
        .list(None, Some("*"))
        .context("the server does not list its folders")?;
    let is_sent = |attributes: &[NameAttribute<'_>]| attributes.contains(&NameAttribute::Sent);
    let marked = names.iter().find(|name| is_sent(name.attributes()));
    Ok(marked.map(|name| name.name().to_string()))
}

/// For each wanted mail the Message-ID of its copy, if there is one.
fn read(
    session: &mut Session<Connection>,
    since: DateTime<Utc>,
    wanted: &[Wanted],
) -> anyhow::Result<Vec<Option<String>>> {
    // The server compares days, in a zone of its own.
    let day = since.checked_sub_days(Days::new(1)).unwrap_or(since);
    let since = format!("SINCE {}", day.format("%-d-%b-%Y"));
    let mut copies: Vec<Option<String>> = vec![None; wanted.len()];
    if wanted.len() <= SEARCHES_MAX {
        let mut hits = BTreeSet::new();
        for one in wanted {
            // A server that does not know the search only makes us read more.
            hits.extend(search_for(session, &since, one).unwrap_or_default());
        }
        fetch(
            session,
            &hits.into_iter().collect::<Vec<_>>(),
            wanted,
            &mut copies,
        )?;
    }
    if copies.iter().all(Option::is_some) {
        return Ok(copies);
    }
    let uids = session.uid_search(&since);
    let uids = uids.with_context(|| format!("the server did not answer `UID SEARCH {since}`"))?;
    ensure!(
        uids.len() <= MAILS_MAX,
        "expected at most {MAILS_MAX} mails there since {}, found {}",
        day.format("%Y-%m-%d"),
        uids.len()
    );
    let mut uids: Vec<u32> = uids.into_iter().collect();
    uids.sort_unstable();
    fetch(session, &uids, wanted, &mut copies)?;
    Ok(copies)
}

fn search_for(
    session: &mut Session<Connection>,
    since: &str,
    wanted: &Wanted,
) -> anyhow::Result<Vec<u32>> {
    let Wanted {
        message_id,
        outreach_key,
    } = wanted;
    let is_plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_graphic() && !"\"\\".contains(c))
    };
    ensure!(
        is_plain(message_id) && is_plain(outreach_key),
        "not to be searched for"
    );
    let query = format!(
        "{since} OR HEADER X-Outreach-Key \"{outreach_key}\" HEADER Message-ID \"{message_id}\""
    );
    Ok(session.uid_search(query)?.into_iter().collect())
}

/// Reads the headers of mails and notes which of the wanted they are.
fn fetch(
    session: &mut Session<Connection>,
    uids: &[u32],
    wanted: &[Wanted],
    copies: &mut [Option<String>],
) -> anyhow::Result<()> {
    let query = format!("(UID BODY.PEEK[HEADER.FIELDS ({HEADERS})])");
    for batch in uids.chunks(BATCH_MAX) {
        let answer = session
            .uid_fetch(join(batch.iter().copied()), &query)
            .context("the server did not hand out headers")?;
        let asked: BTreeSet<u32> = batch.iter().copied().collect();
        let mut handed_out = BTreeSet::new();
        for mail in answer.iter() {
            let (Some(uid), Some(header)) = (mail.uid, mail.header()) else {
                continue;
            };
            if asked.contains(&uid) && handed_out.insert(uid) {
                note_copy(header, wanted, copies);
            }
        }
        // One that was not handed out could be the very mail.
        let missing = asked.len() - handed_out.len();
        ensure!(
            missing == 0,
            "the server did not hand out {missing} headers"
        );
    }
    Ok(())
}

/// Notes which of the wanted mails a header belongs to.
fn note_copy(header: &[u8], wanted: &[Wanted], copies: &mut [Option<String>]) {
    let Some(parsed) = MessageParser::default().parse_headers(header) else {
        return;
    };
    let value = |name: &str| {
        let raw = parsed.header_raw(name).unwrap_or_default();
        let plain = |c: &char| !c.is_control() && !c.is_whitespace() && !"<>".contains(*c);
        raw.chars()
            .filter(plain)
            .take(ID_CHARS_MAX)
            .collect::<String>()
    };
    let (id, key) = (value("Message-ID"), value("X-Outreach-Key"));
    let original = value("X-Microsoft-Original-Message-ID");
    for (one, copy) in wanted.iter().zip(copies) {
        let is_key = !key.is_empty() && key == one.outreach_key;
        let is_id = |found: &String| !found.is_empty() && *found == one.message_id;
        let is_it = is_key || is_id(&id) || is_id(&original);
        if is_it && copy.is_none() {
            *copy = Some(id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_445_600 + minute * 60, 0).unwrap()
    }

    /// A mail handed over at minute 0, looked for at `now`; `witnesses` are minutes, those whose
    /// copy is there with a `+`.
    #[track_caller]
    fn check_weight(copy: Option<&str>, now: i64, witnesses: &str, expected: &str) {
        let witness = |word: &str| Witness {
            sent_at: at(word.trim_end_matches('+').parse().unwrap()),
            has_copy: word.ends_with('+'),
        };
        let witnesses: Vec<Witness> = witnesses.split_whitespace().map(witness).collect();
        let found = match weigh(copy, at(0), &witnesses, 15, at(now)) {
            SentEvidence::Found { message_id } => format!("found {message_id}"),
            SentEvidence::SurelyAbsent => "absent".to_string(),
            SentEvidence::CouldNotLook(why) => why,
        };
        let is_right = found == expected || expected == "?" && found.contains("proves nothing");
        assert!(is_right, "expected {expected}, found {found}");
    }

    #[test]
    fn only_a_folder_that_keeps_copies_proves_absence_and_only_after_a_while() {
        check_weight(Some("a@b.example"), 0, "", "found a@b.example");
        check_weight(None, 14, "5+", "it left less than 15 minutes ago");
        check_weight(None, 15, "5+", "absent");
        check_weight(None, 15, "-60+", "absent");
        check_weight(None, 15, "-61+", "?");
        check_weight(None, 20_000, "", "?");
        check_weight(None, 20_000, "-10 -5 0 5 40", "?");
        check_weight(None, 20_000, "-10 -5 0 5 19999+", "absent");
        let tidied = "it left more than 14 days ago, its copy may have been tidied away";
        check_weight(None, 20_161, "-5+ 5+", tidied);
        check_weight(Some("late@b.example"), 90_000, "", "found late@b.example");
    }

    #[test]
    fn a_header_is_known_by_key_by_id_or_by_the_id_it_once_had() {
        let wanted = [Wanted {
            message_id: "k1@ours.example".to_string(),
            outreach_key: "k1".to_string(),
        }];
        let copy = |header: &str| {
            let mut copies = [None];
            note_copy(header.as_bytes(), &wanted, &mut copies);
            copies[0].clone()
        };
        let found = |id: &str| Some(id.to_string());
        for (header, expected) in [
            (
                "Message-ID: <k1@ours.example>\r\n\r\n",
                found("k1@ours.example"),
            ),
            (
                "message-id:\r\n <k1@ours.example>\r\n\r\n",
                found("k1@ours.example"),
            ),
            (
                "Message-ID: <x@relay>\r\nX-Outreach-Key: k1\r\n\r\n",
                found("x@relay"),
            ),
            ("X-Outreach-Key: k1\r\n\r\n", found("")),
            (
                "X-Microsoft-Original-Message-ID: <k1@ours.example>\r\n\
                 Message-ID: <AM0@eurprd.example>\r\n\r\n",
                found("AM0@eurprd.example"),
            ),
            ("Message-ID: <k1@ours.example.evil>\r\n\r\n", None),
            ("X-Outreach-Key: k11\r\n\r\n", None),
            ("Subject: k1\r\n\r\n", None),
            ("\r\n", None),
            ("Message-ID: <>\r\nX-Outreach-Key:\r\n\r\n", None),
            ("", None),
            ("\u{0}\u{1}:::", None),
        ] {
            assert_eq!(copy(header), expected, "{header:?}");
        }
        let long = format!(
            "Message-ID: <{}>\r\nX-Outreach-Key: k1\r\n\r\n",
            "y".repeat(9_000)
        );
        assert_eq!(copy(&long).unwrap().len(), ID_CHARS_MAX);
    }
}
