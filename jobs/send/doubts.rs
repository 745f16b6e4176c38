//! Doubts: messages that were handed over and never answered, resolved by evidence.
//!
//! Nothing here sends. A doubt ends in *sent* when the mail is seen where the sender keeps its
//! copies, in *due once more* when it surely never arrived, and otherwise stays for a person.

use outreach::config::{Config, Sender};
use outreach::ledger::Ledger;
use outreach::mailer::{Evidence, Mailer};

use super::consequence::moves_after;
use crate::run::{Job, Summary};

/// Resolves a sender's doubts by evidence, where any can be had: a file that is in the Maildir was
/// delivered, one that is not there never was.
pub fn settle(
    ledger: &mut Ledger,
    mailer: &Mailer,
    (config, sender): (&Config, &Sender),
    job: &Job,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let settings = config.limits(sender);
    let here = mailer.place();
    let now = job.clock.now();
    let mut open = 0;
    for letter in ledger.letters()? {
        if letter.state != "in_doubt" {
            continue;
        }
        let evidence = match letter.mailer == here {
            true => mailer.evidence(&letter.outreach_key),
            false => Evidence::CouldNotLook("it went elsewhere".to_string()),
        };
        match evidence {
            Evidence::Found => {
                let sent_at = letter.claimed_at.unwrap_or(now);
                let moves = moves_after(&letter.itinerary, letter.number, sent_at, &settings);
                ledger.settle_as_sent(&letter, &moves, "the mail is in the Maildir", now)?;
                summary.count("doubts_settled");
            }
            Evidence::Absent => {
                ledger.put_back(letter.id, now, "the mail is not in the Maildir", now)?;
                summary.count("doubts_settled");
            }
            Evidence::CouldNotLook(_) => open += 1,
        }
    }
    summary.add("waiting_in_doubt", open);
    summary.needs_person |= open > 0;
    Ok(())
}
