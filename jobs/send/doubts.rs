//! Doubts: messages that were handed over and never answered for, resolved by evidence.
//!
//! Nothing here sends. A doubt ends in *sent* when the mail is seen where the sender keeps its
//! copies, in *due once more* when it surely never arrived, and otherwise stays for a person.
//! Looking into the Sent folder also tells the Message-ID under which a mail really went out.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use outreach::config::{Config, Sender};
use outreach::ledger::{HandedOver, Ledger, Letter};
use outreach::mailbox;
use outreach::mailbox::sent::{self, SentEvidence, Wanted, Witness};
use outreach::mailer::{Evidence, Mailer};
use outreach::oauth::{self, TokenSource};
use outreach::plan;
use secrecy::SecretString;

use super::consequence::moves_after;
use crate::exit;
use crate::run::{Job, Summary};

/// Mails that left longer ago are not looked for to learn their Message-IDs.
const LEARNS_FOR: TimeDelta = TimeDelta::days(3);
/// So many of them are looked for in one run.
const LEARNED_MAX: u32 = 200;
/// So many other mails are looked for, to see whether the folder keeps copies at all.
const WITNESSES_MAX: u32 = 5;

/// Resolves a sender's doubts by evidence, where any can be had. A file that is in the Maildir was
/// delivered, one that is not there never was; of a mail that went to an SMTP server the Sent
/// folder may keep a copy.
pub async fn settle(
    ledger: &mut Ledger,
    mailer: &Mailer,
    (config, sender): (&Config, &Sender),
    job: &Job,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let settings = config.hours();
    let now = job.clock.now();
    let here = mailer.place();
    let letters = own_letters(ledger, config, sender)?;
    let folder = SentFolder::of(config, sender, here.clone());
    let mut seen = match (mailer, &folder) {
        (Mailer::Smtp(_), Some(folder)) => folder.look_for(ledger, &letters, now).await?,
        _ => BTreeMap::new(),
    };
    let mut open = 0;
    for letter in &letters {
        let evidence = match mailer {
            _ if letter.left_before => {
                Evidence::CouldNotLook("it left once before and came back".to_string())
            }
            _ if letter.mailer != here => Evidence::CouldNotLook("it went elsewhere".to_string()),
            Mailer::Maildir(_) => mailer.evidence(&letter.outreach_key),
            Mailer::Smtp(_) => match seen.remove(&letter.id) {
                Some(SentEvidence::Found { .. }) => Evidence::Found,
                Some(SentEvidence::SurelyAbsent) => Evidence::Absent,
                Some(SentEvidence::CouldNotLook(why)) => Evidence::CouldNotLook(why),
                None => mailer.evidence(&letter.outreach_key),
            },
        };
        match apply(ledger, letter, &evidence, (mailer, &settings), now)? {
            true => summary.count("doubts_settled"),
            false => open += 1,
        }
    }
    summary.add("waiting_in_doubt", open);
    summary.needs_person |= open > 0;
    Ok(())
}

/// The messages in doubt of a sender. Those of nobody we know any more are the first one's, so that
/// they are not forgotten.
fn own_letters(ledger: &Ledger, config: &Config, sender: &Sender) -> anyhow::Result<Vec<Letter>> {
    let address = sender.address.as_str();
    let is_first = config
        .senders
        .first()
        .is_some_and(|first| first.address == sender.address);
    let mut letters = ledger.letters()?;
    letters.retain(|letter| {
        let is_nobodys = config.sender(&letter.sender).is_none();
        letter.state == "in_doubt" && (letter.sender == address || is_first && is_nobodys)
    });
    Ok(letters)
}

/// Settles a doubt as the evidence says; false when it says nothing.
fn apply(
    ledger: &mut Ledger,
    letter: &Letter,
    evidence: &Evidence,
    (mailer, settings): (&Mailer, &plan::Settings),
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let place = match mailer {
        Mailer::Maildir(_) => "Maildir",
        Mailer::Smtp(_) => "Sent folder",
    };
    match evidence {
        Evidence::Found => {
            let sent_at = letter.claimed_at.unwrap_or(now);
            let moves = moves_after(&letter.itinerary, letter.number, sent_at, settings);
            ledger.settle_as_sent(letter, &moves, &format!("the mail is in the {place}"), now)?;
        }
        Evidence::Absent => {
            ledger.put_back(
                letter.id,
                now,
                &format!("the mail is not in the {place}"),
                now,
            )?;
        }
        Evidence::CouldNotLook(_) => return Ok(false),
    }
    Ok(true)
}

/// Where a sender's server keeps what was sent.
struct SentFolder<'a> {
    mailbox: &'a mailbox::Settings,
    folder: &'a str,
    sender: &'a str,
    place: String,
    settle_minutes: u32,
}

impl SentFolder<'_> {
    /// The sender's, if one is configured.
    fn of<'a>(config: &Config, sender: &'a Sender, place: String) -> Option<SentFolder<'a>> {
        let folder = sender.sent_folder.as_deref()?;
        Some(SentFolder {
            mailbox: &sender.mailbox,
            folder,
            sender: sender.address.as_str(),
            place,
            settle_minutes: config.sent_settle_minutes,
        })
    }

    /// What the folder says of each message in doubt, by row id. Keeps what is learned on the way.
    async fn look_for(
        &self,
        ledger: &mut Ledger,
        letters: &[Letter],
        now: DateTime<Utc>,
    ) -> anyhow::Result<BTreeMap<i64, SentEvidence>> {
        let letters: Vec<&Letter> = letters
            .iter()
            .filter(|letter| letter.mailer == self.place && letter.claimed_at.is_some())
            .collect();
        let stored_by = now - TimeDelta::minutes(self.settle_minutes.into());
        let young = (now - LEARNS_FOR, stored_by);
        let mut others = ledger.to_learn(self.sender, &self.place, young, LEARNED_MAX)?;
        for letter in &letters {
            let from = letter.claimed_at.unwrap_or(now) - TimeDelta::hours(1);
            let witnesses = ledger.handed_over(self.sender, &self.place, from, WITNESSES_MAX)?;
            others.extend(witnesses.into_iter().filter(|one| one.sent_at <= stored_by));
        }
        others.sort_by_key(|one| (one.sent_at, one.message));
        others.dedup_by_key(|one| one.message);
        if letters.is_empty() && others.is_empty() {
            return Ok(BTreeMap::new());
        }
        let copies = match self.copies(&letters, &others).await {
            Ok(copies) => copies,
            Err(why) => {
                tracing::warn!(
                    "cannot look for what was sent from `{}`: {why}",
                    self.sender
                );
                return could_not_look(ledger, &letters, &why, now);
            }
        };
        let (of_letters, of_others) = copies.split_at(letters.len().min(copies.len()));
        let witnesses: Vec<Witness> = others
            .iter()
            .zip(of_others)
            .map(|(one, copy)| Witness {
                sent_at: one.sent_at,
                has_copy: copy.is_some(),
            })
            .collect();
        let mut looks: Vec<(i64, Result<String, String>)> = Vec::new();
        for (one, copy) in others.iter().zip(of_others) {
            let found = copy
                .clone()
                .ok_or_else(|| "no copy in the Sent folder".to_string());
            looks.push((one.message, found));
        }
        let mut answers = BTreeMap::new();
        for (letter, copy) in letters.iter().zip(of_letters) {
            let handed_over_at = letter.claimed_at.unwrap_or(now);
            let minutes = self.settle_minutes;
            let answer = sent::weigh(copy.as_deref(), handed_over_at, &witnesses, minutes, now);
            looks.push((letter.id, in_words(&answer)));
            answers.insert(letter.id, answer);
        }
        ledger.keep_looks(&looks, now)?;
        Ok(answers)
    }

    /// For each message the Message-ID of its copy, if the folder has one: first the letters, then
    /// the others.
    async fn copies(
        &self,
        letters: &[&Letter],
        others: &[HandedOver],
    ) -> Result<Vec<Option<String>>, String> {
        let of_letters = letters.iter().map(|letter| Wanted {
            message_id: letter.message_id.clone(),
            outreach_key: letter.outreach_key.clone(),
        });
        let of_others = others.iter().map(|one| Wanted {
            message_id: one.message_id.clone(),
            outreach_key: one.outreach_key.clone(),
        });
        let wanted: Vec<Wanted> = of_letters.chain(of_others).collect();
        let first_tries = letters.iter().filter_map(|letter| {
            let tried_at = letter.dated_at.or(letter.claimed_at);
            tried_at.min(letter.claimed_at)
        });
        let since = first_tries
            .chain(others.iter().map(|one| one.sent_at))
            .min();
        let Some(since) = since else {
            return Ok(Vec::new());
        };
        let with_token;
        let settings = match self.mailbox.oauth() {
            Some(oauth) => {
                with_token = self.mailbox.with_token(token(oauth).await?);
                &with_token
            }
            None => self.mailbox,
        };
        let mailbox::Settings::Imap(imap) = settings else {
            return Err("it is not kept on a mail server".to_string());
        };
        match sent::look(imap, self.folder, since, &wanted) {
            Ok(look) => Ok(look.copies),
            Err(error) => Err(exit::line(&anyhow::Error::new(error))),
        }
    }
}

/// An access token for the account, or in words why there is none.
async fn token(oauth: &oauth::Settings) -> Result<SecretString, String> {
    let source = TokenSource::new(oauth.clone()).map_err(|error| exit::line(&error))?;
    let token = source.token().await;
    token.map_err(|error| exit::line(&anyhow::Error::new(error)))
}

/// Notes of each message that nobody could look for it.
fn could_not_look(
    ledger: &mut Ledger,
    letters: &[&Letter],
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<BTreeMap<i64, SentEvidence>> {
    let answers: BTreeMap<i64, SentEvidence> = letters
        .iter()
        .map(|letter| (letter.id, SentEvidence::CouldNotLook(why.to_string())))
        .collect();
    let looks: Vec<_> = answers
        .iter()
        .map(|(id, answer)| (*id, in_words(answer)))
        .collect();
    ledger.keep_looks(&looks, now)?;
    Ok(answers)
}

/// What a look came to, for whoever reads the list of letters.
fn in_words(answer: &SentEvidence) -> Result<String, String> {
    match answer {
        SentEvidence::Found { message_id } => Ok(message_id.clone()),
        SentEvidence::SurelyAbsent => Err("surely not in the Sent folder".to_string()),
        SentEvidence::CouldNotLook(why) => Err(why.clone()),
    }
}
