//! The whole life of campaigns over the real protocols: Airtable, a language model, SMTP and IMAP on
//! loopback, the real binary, and days that pass because the test says so.

mod consequences;
mod days;
mod freshness;
mod jobs;
mod model;
mod people;
mod replayed;
mod returned;
mod shown;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use crate::world::airtable::{self, Airtable};
use crate::world::dovecot::{self, Dovecot};
use crate::world::llm::{self, Llm};
use crate::world::smtp::{Options, Smtp, Tls};
use crate::world::wire::Wire;
use crate::world::{Outcome, Running, World};

/// Who writes, and where opt-outs go.
const FROM: &str = "ada@ourco.example";
const OPT_OUTS: &str = "stop@ourco.example";
const POSTAL: &str = "Our Co, 1 Example Street, Springfield, IL 62701";

/// A Monday night, and the days on which an undisturbed campaign speaks. Long past, because Dovecot
/// stamps what is delivered with the machine's own clock.
const NIGHT: &str = "2025-03-03T02:00:00Z";
const HOOK: &str = "2025-03-03T10:00:00Z";
const PROOF: &str = "2025-03-06T12:00:00Z";
const FOMO: &str = "2025-03-10T14:00:00Z";

/// How the two mail protocols are protected.
struct Protection {
    smtp: (Tls, &'static str),
    login: bool,
    imap: &'static str,
}

const STARTTLS_AND_LOGIN: Protection = Protection {
    smtp: (Tls::Offered, "starttls"),
    login: true,
    imap: "tls",
};

const TLS_WITHOUT_LOGIN: Protection = Protection {
    smtp: (Tls::Always, "tls"),
    login: false,
    imap: "starttls",
};

/// The program between an Airtable base, a model, an SMTP server and, unless Dovecot is left out, an
/// IMAP server.
struct Life {
    world: World,
    airtable: Airtable,
    llm: Llm,
    smtp: Smtp,
    wire: Option<Wire>,
    dovecot: Option<Dovecot>,
}

/// A mail the SMTP server took.
struct Sent {
    to: String,
    step: String,
    raw: String,
}

impl Life {
    /// With every counterpart; none where Dovecot is not installed.
    fn whole(protection: &Protection) -> Option<Life> {
        if !dovecot::is_installed() {
            return None;
        }
        let mut life = Life::without_mailbox();
        let dovecot = Dovecot::start(&life.world.path(""));
        let (user, password) = ("sales", "swordfish % \"quoted\"");
        let login = protection
            .login
            .then(|| (user.to_string(), password.to_string()));
        let (tls, mode) = protection.smtp;
        life.smtp = Smtp::start_with(Options {
            tls,
            identity: Some(dovecot.identity()),
            login,
            mechanisms: "",
            ..Options::default()
        });
        let wire = Wire::to(match protection.imap {
            "tls" => dovecot.tls_port,
            _ => dovecot.plain_port,
        });
        let ca_file = dovecot.ca_file();
        let settings = [
            ("SMTP_PORT", &*life.smtp.port().to_string()),
            ("SMTP_TLS", mode),
            ("SMTP_USERNAME", if protection.login { user } else { "" }),
            (
                "SMTP_PASSWORD",
                if protection.login { password } else { "" },
            ),
            ("TLS_CA_FILE", ca_file.to_str().unwrap()),
            ("IMAP_SERVER", "127.0.0.1"),
            ("IMAP_PORT", &*wire.port().to_string()),
            ("IMAP_TLS", protection.imap),
            ("IMAP_USERNAME", dovecot::USER),
            ("IMAP_PASSWORD", dovecot::PASSWORD),
        ];
        for (name, value) in settings {
            life.world.set_env(name, value);
        }
        (life.wire, life.dovecot) = (Some(wire), Some(dovecot));
        Some(life)
    }

    /// With plain SMTP and no inbox that could be read.
    fn without_mailbox() -> Life {
        let (airtable, llm, smtp) = (Airtable::start(), Llm::start(), Smtp::start());
        // Each stage keeps to the rate by itself; two in one second together may not.
        airtable.allow_any_rate();
        let world = World::new()
            .env("AIRTABLE_API_URL", airtable.url())
            .env("AIRTABLE_API_KEY", airtable::API_KEY)
            .env("AIRTABLE_BASE_ID", airtable::BASE_ID)
            .env("OPENAI_BASE_URL", llm.url())
            .env("OPENAI_API_KEY", llm::KEY)
            .env("SMTP_SERVER", "127.0.0.1")
            .env("SMTP_PORT", smtp.port().to_string())
            .env("SMTP_TLS", "none")
            .env("FROM_EMAIL", FROM)
            .env("FROM_NAME", "Ada Byron")
            .env("UNSUBSCRIBE_MAILTO", OPT_OUTS)
            .env("POSTAL_ADDRESS", POSTAL);
        Life {
            world,
            airtable,
            llm,
            smtp,
            wire: None,
            dovecot: None,
        }
    }

    /// With plain SMTP and a Maildir as inbox: for what does not depend on the protocols.
    fn plain() -> Life {
        let mut life = Life::without_mailbox();
        life.world.set_env("INBOX_DIR", "post");
        life
    }

    /// A lead in the base; the answer is the record's id.
    fn lead(&self, name: &str, email: &str, company: &str) -> String {
        self.lead_with(name, email, company, &[])
    }

    fn lead_with(&self, name: &str, email: &str, company: &str, more: &[(&str, &str)]) -> String {
        let cells = [
            ("Full Name", name),
            ("Email", email),
            ("Company", company),
            ("Job Title", "Head of Operations"),
            ("Email_Confidence_Level", "Real"),
            ("Engagement_Status", "Auto-Send"),
            ("Business_Type", "Logistics"),
            (
                "Company_Description",
                "Refrigerated freight for bakeries, planned a week ahead.",
            ),
        ];
        self.airtable.insert(&[&cells, more].concat())
    }

    /// Moves the base's clock and starts the program at the same instant.
    #[track_caller]
    fn start(&self, now: &str, args: &[&str]) -> Running {
        let at: DateTime<Utc> = now.parse().unwrap();
        self.airtable.set_now(at);
        self.world.at(now).spawn(args)
    }

    #[track_caller]
    fn run(&self, now: &str, args: &[&str]) -> Outcome {
        self.start(now, args).wait()
    }

    /// Runs a job or stage that must succeed.
    #[track_caller]
    fn ok(&self, now: &str, args: &[&str]) -> Outcome {
        self.run(now, args).exits(0)
    }

    /// Puts a mail into the inbox, whatever it is.
    fn receive(&self, raw: &str) {
        let raw = raw.replace('\n', "\r\n");
        match &self.dovecot {
            Some(dovecot) => drop(dovecot.deliver(raw.as_bytes())),
            None => self.world.drop_mail(raw),
        }
    }

    /// Everything the SMTP server took, in order.
    fn sent(&self) -> Vec<Sent> {
        let kept = self.smtp.kept();
        let sent = kept.iter().map(|kept| {
            let raw = String::from_utf8(kept.raw.clone()).unwrap();
            let key = header(&raw, "X-Outreach-Key");
            Sent {
                to: kept.to.join(","),
                step: key.split_once('.').expect("a key").1.to_string(),
                raw,
            }
        });
        sent.collect()
    }

    /// The steps that reached an address, in order.
    fn steps_to(&self, email: &str) -> Vec<String> {
        let sent = self.sent().into_iter().filter(|sent| sent.to == email);
        sent.map(|sent| sent.step).collect()
    }

    /// A step's mail to an address.
    #[track_caller]
    fn mail(&self, email: &str, step: &str) -> Sent {
        let mut found = self.sent().into_iter();
        found
            .find(|sent| sent.to == email && sent.step == step)
            .unwrap_or_else(|| panic!("no {step} to {email}"))
    }

    /// A cell of the base as text, `""` when it is empty.
    fn cell(&self, record: &str, column: &str) -> String {
        match self.airtable.field(record, column) {
            None => String::new(),
            Some(Json::String(text)) => text,
            Some(other) => other.to_string(),
        }
    }

    /// Demands what cells of a record show.
    #[track_caller]
    fn shows(&self, record: &str, expected: &[(&str, &str)]) {
        for (column, value) in expected {
            assert_eq!(self.cell(record, column), *value, "{record} {column}");
        }
    }

    /// The first row of a query of the ledger, its values joined by `|`.
    #[track_caller]
    fn row(&self, query: &str) -> String {
        let rows = self.world.sql(query);
        rows.first().map_or("none".to_string(), |row| row.join("|"))
    }
}

/// The value of a header, unfolded; `""` when there is none.
fn header(raw: &str, name: &str) -> String {
    let head = raw.split("\r\n\r\n").next().unwrap_or_default();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or(String::new(), |(_, value)| value.to_string())
}

/// An answer somebody typed to a mail of ours, from wherever.
fn reply(to: &Sent, from: &str, date: &str, text: &str) -> String {
    let id = header(&to.raw, "Message-ID");
    let subject = header(&to.raw, "Subject");
    let number = id.len() + text.len();
    format!(
        "From: <{from}>\nTo: <{FROM}>\nSubject: Re: {subject}\nDate: {date}\n\
         Message-ID: <{number}.{from}>\nIn-Reply-To: {id}\nReferences: {id}\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n\n\
         On Mon, 3 Mar 2025 at 10:00, Ada Byron <{FROM}> wrote:\n> Hi,\n> we wrote you something.\n\
         > If this is not for you, reply \"no thanks\" and we will not write again.\n"
    )
}

/// A report that a mail of ours could not be delivered (RFC 3464).
fn bounce(of: &Sent, date: &str) -> String {
    let to = &of.to;
    let why = format!("Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <{to}>: User unknown");
    report(of, date, &format!("Action: failed\n{why}"))
}

/// A report about a mail of ours with these fields about its recipient.
fn report(of: &Sent, date: &str, fields: &str) -> String {
    let (to, id, key) = (
        &of.to,
        header(&of.raw, "Message-ID"),
        header(&of.raw, "X-Outreach-Key"),
    );
    let number: u32 = (date.to_owned() + fields).bytes().map(u32::from).sum();
    format!(
        "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: {FROM}\n\
         Subject: Undelivered Mail Returned to Sender\nDate: {date}\n\
         Message-ID: <{key}.{number}@mx.example>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; \
         boundary=\"dsn1\"\n\n--dsn1\nContent-Type: text/plain\n\nThe mail could not be delivered.\n\n\
         --dsn1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; {to}\n{fields}\n\n\
         --dsn1\nContent-Type: text/rfc822-headers\n\nFrom: {FROM}\nTo: {to}\nMessage-ID: {id}\n\
         X-Outreach-Key: {key}\n\n--dsn1--\n"
    )
}

/// An absence notice, as Gmail's responder sends it.
fn absence(of: &Sent, date: &str, text: &str) -> String {
    let (from, id) = (&of.to, header(&of.raw, "Message-ID"));
    format!(
        "From: <{from}>\nTo: {FROM}\nSubject: Out of office Re: {}\nDate: {date}\n\
         Message-ID: <away.{from}>\nIn-Reply-To: {id}\nReferences: {id}\n\
         Auto-Submitted: auto-replied\nPrecedence: bulk\nX-Autoreply: yes\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n",
        header(&of.raw, "Subject")
    )
}
