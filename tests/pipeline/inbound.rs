//! The judgement of mail, over the fixtures in `tests/fixtures/inbound/`.
//!
//! Each `.eml` has a `.json` beside it with the expected verdict; `UPDATE_FIXTURES=1` rewrites
//! them, and the difference is then read by a person. Every mail is judged with both kinds of line
//! ends, and a mutator breaks them in all ways it can think of: nothing may panic.

mod figures;
mod learn;

use std::path::{Path, PathBuf};

use outreach::inbound::{Inbound, Kind, Ours, again, read};
use proptest::prelude::*;
use serde_json::{Value, json};

fn ours() -> Ours {
    Ours {
        addresses: vec!["ada@ourco.example".into(), "stop@ourco.example".into()],
        ..Ours::default()
    }
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inbound");
    let entries = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut mails: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .collect();
    mails.sort();
    assert!(
        mails.len() >= 80,
        "expected at least 80 mails, found {}",
        mails.len()
    );
    mails
}

fn verdict(inbound: &Inbound) -> Value {
    json!({
        "kind": inbound.kind.as_str(),
        "sentiment": inbound.sentiment.map(|sentiment| sentiment.as_str()),
        "bounce": inbound.bounce.as_ref().map(|bounce| json!({
            "kind": bounce.kind,
            "status": bounce.status,
            "recipients": bounce.recipients,
            "reason": bounce.reason,
        })),
        "return_on": inbound.return_on.map(|day| day.to_string()),
        "left_company": inbound.left_company,
        "own": inbound.own,
        "from": inbound.from,
        "subject": inbound.subject,
        "rfc_message_id": inbound.rfc_message_id,
        "sent_at": inbound.sent_at.map(|at| at.to_rfc3339()),
        "reply_text": inbound.reply_text,
        "clues": {
            "message_ids": inbound.clues.message_ids,
            "keys": inbound.clues.keys,
            "recipients": inbound.clues.recipients,
        },
        "rule": inbound.rule,
        "unsure": inbound.unsure,
        "evidence": inbound.evidence,
    })
}

/// The same mail with CRLF line ends; a mail with its own idea of line ends stays as it is.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    if raw.contains(&b'\r') {
        return raw.to_vec();
    }
    raw.iter()
        .flat_map(|&b| {
            if b == b'\n' {
                vec![b'\r', b'\n']
            } else {
                vec![b]
            }
        })
        .collect()
}

#[test]
fn every_mail_is_judged_as_written_down() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let mut wrong = Vec::new();
    for path in fixtures() {
        let raw = std::fs::read(&path).unwrap();
        let found = verdict(&read(&raw, &ours()));
        let expected_path = path.with_extension("json");
        if update {
            let text = serde_json::to_string_pretty(&found).unwrap();
            std::fs::write(&expected_path, text + "\n").unwrap();
        }
        let text = std::fs::read_to_string(&expected_path).unwrap_or_default();
        let expected: Value = serde_json::from_str(&text).unwrap_or_default();
        for (ends, found) in [
            ("LF", found),
            ("CRLF", verdict(&read(&with_crlf(&raw), &ours()))),
        ] {
            if found != expected {
                wrong.push(format!(
                    "{} {ends}\n{found:#}\nexpected {expected:#}",
                    path.display()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_kind_and_language_has_a_mail() {
    let names: Vec<String> = fixtures()
        .iter()
        .map(|path| path.file_stem().unwrap().display().to_string())
        .collect();
    let judged: Vec<Kind> = fixtures()
        .iter()
        .map(|path| read(&std::fs::read(path).unwrap(), &ours()).kind)
        .collect();
    for kind in Kind::ALL {
        assert!(judged.contains(&kind), "no mail is {}", kind.as_str());
    }
    for language in ["_de", "_fr", "_es", "_it", "_nl", "_pt"] {
        for sort in ["human", "optout", "ooo"] {
            let found = names
                .iter()
                .any(|n| n.starts_with(sort) && n.contains(language));
            assert!(found, "no {sort} mail in {language}");
        }
    }
}

#[test]
fn texts_that_come_out_are_bounded_and_hold_no_control_characters() {
    for path in fixtures() {
        let inbound = read(&std::fs::read(&path).unwrap(), &ours());
        assert_clean(&inbound, &path.display().to_string());
    }
}

#[test]
fn what_is_kept_is_enough_to_judge_again() {
    for path in fixtures() {
        let inbound = read(&std::fs::read(&path).unwrap(), &ours());
        let name = path.display();
        assert!(inbound.kept.len() <= 64 << 10, "{name}");
        let judged = again(&inbound.headers, &inbound.kept, &ours());
        assert_eq!(judged, Some(inbound), "{name}");
    }
    assert_eq!(again("From: a@b.example\n", "", &ours()), None);
    assert_eq!(again("", "{", &ours()), None);
}

#[test]
fn what_is_kept_of_a_huge_mail_is_small() {
    let words = "\"Really?\"\n".repeat(2_000_000);
    let raw =
        format!("From: bob@lead.example\nSubject: Re: x\nIn-Reply-To: <a@b>\n\nYes.\n{words}");
    let inbound = read(raw.as_bytes(), &ours());
    assert_eq!(inbound.kind, Kind::HumanReply);
    assert!(inbound.kept.len() <= 64 << 10);
    assert_eq!(
        again(&inbound.headers, &inbound.kept, &ours()),
        Some(inbound)
    );
}

fn assert_clean(inbound: &Inbound, name: &str) {
    let lines = [&inbound.from, &inbound.subject]
        .into_iter()
        .chain(&inbound.evidence);
    let lines = lines
        .chain(&inbound.clues.message_ids)
        .chain(&inbound.clues.recipients);
    for text in lines {
        assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
        assert!(text.chars().count() <= 500, "{name}: {text:?}");
    }
    for text in [&inbound.reply_text, &inbound.headers] {
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{name}: {text:?}"
        );
        assert!(text.len() <= 100_000, "{name}");
    }
}

/// Where to cut, with what, and how: what a mutilation is made of.
type Edit = (prop::sample::Index, u8, u8);

/// A mail broken in all the ways mail gets broken, and some more.
fn mutilated(raw: &[u8], graft: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut raw = raw.to_vec();
    for (place, byte, edit) in edits {
        let at = place.index(raw.len() + 1);
        let end = (at + usize::from(*byte)).min(raw.len());
        match edit {
            0 => raw.insert(at, *byte),
            1 => drop(raw.drain(at..end)),
            2 => raw.truncate(at.max(20)),
            3 => raw
                .splice(at..at, graft.iter().copied().take(400))
                .for_each(drop),
            4 => raw
                .splice(at..end, std::iter::repeat_n(*byte, 50))
                .for_each(drop),
            _ => {
                let piece: Vec<u8> = raw[at..end].to_vec();
                raw.extend(piece);
            }
        }
    }
    raw
}

/// A mail to break, one to take pieces from, and the edits.
fn mutilations() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index, Vec<Edit>)> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..6);
    (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(edit, 0..30),
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_mutilated_mail_makes_it_panic((pick, other, edits) in mutilations()) {
        let mails = fixtures();
        let raw = std::fs::read(&mails[pick.index(mails.len())]).unwrap();
        let graft = std::fs::read(&mails[other.index(mails.len())]).unwrap();
        let inbound = read(&mutilated(&raw, &graft, &edits), &ours());
        assert_clean(&inbound, "mutilated");
        assert_eq!(again(&inbound.headers, &inbound.kept, &ours()), Some(inbound));
    }

    #[test]
    fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        assert_clean(&read(&raw, &ours()), "bytes");
    }
}
