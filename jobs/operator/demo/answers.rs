//! The answers that some of the invented leads send, as raw mails in the inbox's Maildir.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use mail_parser::MessageParser;

/// What a lead does once a certain step's mail has arrived.
struct Reaction {
    /// The lead's address.
    to: &'static str,
    /// The step whose mail it reacts to.
    step: &'static str,
    /// Hours later.
    after_hours: i64,
    /// From whom it comes, as a From header.
    from: &'static str,
    /// What is sent.
    kind: Kind,
}

enum Kind {
    /// A person typed this.
    Words(&'static str),
    /// An absence notice (RFC 3834).
    Absence(&'static str),
    /// A delivery failure (RFC 3464).
    Bounce,
}

const REACTIONS: [Reaction; 6] = [
    Reaction {
        to: "marcus.obi@harbourline.example",
        step: "hook",
        after_hours: 5,
        from: "Marcus Obi <marcus.obi@harbourline.example>",
        kind: Kind::Words(
            "Hi,\n\nwell timed, and yes, I am interested.\nCould you do a call on Thursday at \
             ten?\n\nBest,\nMarcus",
        ),
    },
    Reaction {
        to: "johanna.reiter@wanderlicht.example",
        step: "proof",
        after_hours: 3,
        from: "Johanna Reiter <johanna.reiter@wanderlicht.example>",
        kind: Kind::Words(
            "Hello,\n\nthank you, but not now. We are in the middle of a migration, please get \
             back to me in autumn.\n\nJohanna Reiter",
        ),
    },
    Reaction {
        to: "amelia.stroud@stroudvale.example",
        step: "hook",
        after_hours: 3,
        from: "Amelia Stroud <amelia.stroud@stroudvale.example>",
        kind: Kind::Words(
            "Please take me off your list and do not write to me again.\n\nA. Stroud",
        ),
    },
    Reaction {
        to: "sofia.delgado@clinicadelgado.example",
        step: "hook",
        after_hours: 1,
        from: "Sofía Delgado <sofia.delgado@clinicadelgado.example>",
        kind: Kind::Absence(
            "Thank you for your message. I am out of the office until 7 April 2026 and will read \
             your mail when I am back.\n\nSofía Delgado",
        ),
    },
    Reaction {
        to: "daniel.brooks@cedarpath.example",
        step: "hook",
        after_hours: 1,
        from: "Mail Delivery System <MAILER-DAEMON@mx.cedarpath.example>",
        kind: Kind::Bounce,
    },
    Reaction {
        to: "hannah.lindqvist@norrsken-energi.example",
        step: "hook",
        after_hours: 26,
        from: "Erik Berg <erik.berg@norrsken-energi.example>",
        kind: Kind::Words(
            "Hi,\n\nHannah passed your note on to me, I look after this here. Sounds interesting, \
             please send me two times for next week.\n\nErik Berg\nNorrsken Energi AB",
        ),
    },
];

/// The answers under way, and which mails were seen already.
pub struct Script {
    dir: PathBuf,
    seen: HashSet<String>,
    due: Vec<(DateTime<Utc>, String)>,
    delivered: u32,
}

impl Script {
    /// A script for the demo's folder.
    pub fn new(dir: &Path) -> Script {
        Script {
            dir: dir.to_path_buf(),
            seen: HashSet::new(),
            due: Vec::new(),
            delivered: 0,
        }
    }

    /// Puts the answers that have become due into the inbox.
    pub fn deliver_due(&mut self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let (due, later) = self.due.drain(..).partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(DateTime<Utc>, String)> = due;
        for (_, raw) in due {
            self.delivered += 1;
            let name = format!("{:03}.answer.example", self.delivered);
            let path = self.dir.join("inbox/new").join(name);
            std::fs::write(&path, raw.replace('\n', "\r\n"))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(())
    }

    /// Looks at the mails that left since the last time, and lets their recipients react.
    pub fn read_outbox(&mut self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let folder = self.dir.join("outbox/new");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return Ok(());
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !self.seen.contains(&name) {
                names.push(name);
            }
        }
        names.sort();
        for name in names {
            let raw = std::fs::read(folder.join(&name))?;
            self.react(&raw, now);
            self.seen.insert(name);
        }
        Ok(())
    }

    fn react(&mut self, raw: &[u8], now: DateTime<Utc>) {
        let Some(mail) = MessageParser::default().parse(raw) else {
            return;
        };
        let to = mail
            .to()
            .and_then(|to| to.first())
            .and_then(|to| to.address())
            .unwrap_or_default();
        let key = mail
            .header_raw("X-Outreach-Key")
            .unwrap_or_default()
            .trim()
            .to_string();
        let step = key.rsplit_once('.').map_or("", |(_, step)| step);
        for reaction in &REACTIONS {
            if reaction.to.eq_ignore_ascii_case(to) && reaction.step == step {
                let at = now + Duration::hours(reaction.after_hours);
                self.due
                    .push((at, compose(reaction, &mail, at, self.due.len())));
            }
        }
    }
}

/// The raw answer, quoting what it answers as mail programs do.
fn compose(
    reaction: &Reaction,
    mail: &mail_parser::Message<'_>,
    at: DateTime<Utc>,
    n: usize,
) -> String {
    let id = mail.message_id().unwrap_or_default();
    let subject = mail.subject().unwrap_or_default();
    let date = at.to_rfc2822();
    let text = mail.body_text(0).unwrap_or_default().replace("\r\n", "\n");
    let quoted = text
        .lines()
        .map(|line| format!("> {line}\n"))
        .collect::<String>();
    let from = reaction.from;
    let own_id = format!("<{}.{n}.{}@demo.example>", at.timestamp(), reaction.step);
    let head = format!(
        "From: {from}\nTo: 4Runr Team <team@4runr.example>\nDate: {date}\nMessage-ID: {own_id}\n\
         MIME-Version: 1.0\n"
    );
    let plain = "Content-Type: text/plain; charset=utf-8\n";
    match &reaction.kind {
        Kind::Words(words) => format!(
            "{head}Subject: Re: {subject}\nIn-Reply-To: <{id}>\nReferences: <{id}>\n{plain}\n\
             {words}\n\nOn Monday, 4Runr Team <team@4runr.example> wrote:\n{quoted}"
        ),
        Kind::Absence(words) => format!(
            "{head}Subject: Automatic reply: {subject}\nIn-Reply-To: <{id}>\n\
             Auto-Submitted: auto-replied\n{plain}\n{words}\n"
        ),
        Kind::Bounce => format!(
            "Return-Path: <>\n{head}Subject: Undelivered Mail Returned to Sender\n\
             Auto-Submitted: auto-replied\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\n\n\
             --b1\n{plain}\nYour message could not be delivered: the mailbox does not exist.\n\n\
             --b1\nContent-Type: message/delivery-status\n\n\
             Reporting-MTA: dns; mx.cedarpath.example\n\n\
             Final-Recipient: rfc822; {to}\nOriginal-Recipient: rfc822; {to}\nAction: failed\n\
             Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user here\n\n\
             --b1\nContent-Type: text/rfc822-headers\n\n\
             Message-ID: <{id}>\nSubject: {subject}\n\n--b1--\n",
            to = reaction.to
        ),
    }
}
