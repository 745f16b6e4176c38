//! What is checked of each sender: the way its mail goes, and where its answers are read.

use anyhow::Context;
use outreach::config::{Config, Sender};
use outreach::mailbox::{self, Mailbox};
use outreach::mailer::{self, Deadlines, Mailer};
use outreach::oauth::TokenSource;

use super::Finding;

/// Checks every sender, and every inbox once.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let is_one = config.senders.len() == 1;
    let whose = |senders: Vec<&str>| (!is_one).then(|| senders.join(", "));
    let mut findings = Vec::new();
    for sender in &config.senders {
        findings.push(Finding {
            what: "mail",
            of: whose(vec![sender.address.as_str()]),
            result: check_mail(sender).await,
        });
    }
    for sender in &config.senders {
        if let Some(folder) = &sender.sent_folder {
            findings.push(Finding {
                what: "sent",
                of: whose(vec![sender.address.as_str()]),
                result: check_sent(&sender.mailbox, folder).await,
            });
        }
    }
    for mailbox in config.mailboxes() {
        let account = mailbox.account();
        let is_read_for = |sender: &&Sender| sender.mailbox.account() == account;
        let readers = config.senders.iter().filter(is_read_for);
        let readers: Vec<&str> = readers.map(|sender| sender.address.as_str()).collect();
        let of = match readers.is_empty() {
            true => Some(format!("shared, {}", name_of(&mailbox))),
            false => whose(readers),
        };
        for result in check_inbox(&mailbox).await {
            let of = of.clone();
            let what = "inbox";
            findings.push(Finding { what, of, result });
        }
    }
    findings
}

fn name_of(mailbox: &mailbox::Settings) -> String {
    match mailbox {
        mailbox::Settings::Maildir(dir) => dir.display().to_string(),
        mailbox::Settings::Imap(imap) => imap.username.clone(),
    }
}

async fn check_mail(sender: &Sender) -> anyhow::Result<String> {
    if let mailer::Settings::Maildir(dir) = &sender.mailer
        && !dir.exists()
    {
        let mut above = dir.ancestors().skip(1);
        // A path without a folder lies in the working directory.
        let nearest = above.find(|path| path.as_os_str().is_empty() || path.exists());
        let shown = dir.display();
        if let Some(file) = nearest.filter(|path| path.is_file()) {
            let file = file.display();
            anyhow::bail!("OUTBOX_DIR: expected a folder above `{shown}`, found a file `{file}`");
        }
        return Ok(format!(
            "`{shown}` does not exist yet; the first send makes it a Maildir"
        ));
    }
    let domain = sender.address.domain();
    Mailer::open_with(&sender.mailer, domain, Deadlines::brief())?
        .check()
        .await
}

/// What is to be said of each folder, or once of all.
async fn check_inbox(settings: &mailbox::Settings) -> Vec<anyhow::Result<String>> {
    let looked = match signed_in(settings).await {
        Ok(settings) => Mailbox::check(&settings),
        Err(error) => vec![Err(error)],
    };
    let said = |result: anyhow::Result<String>| result.context("cannot read the inbox");
    looked.into_iter().map(said).collect()
}

/// Looks whether the folder is there in which mails in doubt are looked for.
async fn check_sent(settings: &mailbox::Settings, folder: &str) -> anyhow::Result<String> {
    match signed_in(settings).await? {
        mailbox::Settings::Imap(imap) => Ok(mailbox::sent::check(&imap, folder)?),
        mailbox::Settings::Maildir(_) => {
            anyhow::bail!("SENT_FOLDER: expected an IMAP server, found an inbox in a folder")
        }
    }
}

/// The settings, with a token where one is needed to sign in.
async fn signed_in(settings: &mailbox::Settings) -> anyhow::Result<mailbox::Settings> {
    Ok(match settings.oauth() {
        Some(oauth) => settings.with_token(TokenSource::new(oauth.clone())?.token().await?),
        None => settings.clone(),
    })
}
