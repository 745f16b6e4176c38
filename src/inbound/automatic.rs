//! Whether a machine answered, and what it said.
//!
//! Purpose: tell absence notices, acknowledgements, tickets and challenges from words a person
//! typed. Rules (RFC 3834 section 5): `Auto-Submitted` and an empty return path decide; every other
//! header and every word is a hint, and hints need agreement, because help desks and Exchange put
//! automatic-looking headers on typed mail, and many absence notices carry no header at all.
//! This module judges only the sender's own words, and a subject only where no answer's `Re:`
//! stands before it.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};

use super::dates;
use super::mime::Mail;
use super::quote::Reply;
use super::responder;
use super::weights::Weights;
use crate::words::Words;
use crate::words::folding::fold;

/// What a machine said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// A person is away for a while.
    Absence,
    /// A person works there no more.
    LeftCompany,
    /// Anything else: received, ticket, challenge, thanks for your interest.
    Acknowledgement,
}

/// How much each word weighs for an absence, for somebody who left, for another notice, and for a
/// person's own words.
static NOTICES: LazyLock<Weights> =
    LazyLock::new(|| Weights::read(include_str!("words/weights_notices.tsv")));

/// With this share of the likelihood the weights say which notice it is where no phrase does; with
/// the others, that a machine wrote (one hint among several), and that somebody left.
const LIKELY: f32 = 0.5;
const MACHINE_LIKELY: f32 = 0.9;
const LEFT_LIKELY: f32 = 0.9;

/// The hints that must come together where nothing decides by itself.
const POINTS_MIN: i32 = 3;

/// Which lists have a word of a folded subject and text.
pub fn signs(folded: &str) -> Vec<&'static str> {
    let lists = [
        ("absence", &ABSENCE),
        ("left", &LEFT),
        ("robot", &ROBOT),
        ("ticket", &TICKET),
        ("thanks", &THANKS),
        ("deputy", &DEPUTY),
        ("access", &ACCESS),
        ("talks", &TALKS),
        ("past", &PAST),
    ];
    let found = lists.into_iter().filter(|(_, list)| list.is_match(folded));
    found.map(|(sign, _)| sign).collect()
}

/// What the weights say of a folded subject and text: how likely a machine wrote it, and which
/// notice it would be.
fn weigh(subject: &str, words: &str) -> (f32, Option<Notice>) {
    let all = format!("{subject} . {words}");
    let weighed = NOTICES.weigh(&all, &signs(&all));
    let likelihood = |class| NOTICES.likelihood(&weighed, class);
    let notices = [
        (likelihood("absence"), Notice::Absence),
        (likelihood("left"), Notice::LeftCompany),
        (likelihood("acknowledgement"), Notice::Acknowledgement),
    ];
    let machine: f32 = notices.iter().map(|(likelihood, _)| likelihood).sum();
    let likeliest = notices.into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b));
    // That somebody left ends their campaign for good.
    let likeliest = likeliest.filter(|(likelihood, notice)| match notice {
        Notice::LeftCompany => *likelihood >= LEFT_LIKELY,
        _ => *likelihood >= LIKELY * machine,
    });
    (machine, likeliest.map(|(_, notice)| notice))
}

/// The verdict, with the hints that led to it.
pub(super) fn judge(mail: &Mail, reply: &Reply) -> Option<(Notice, Vec<String>)> {
    let mut evidence = Vec::new();
    let proof = responder::proof(mail);
    let decisive = proof.is_some();
    evidence.extend(proof.map(|(_, clause)| clause));
    if mail
        .field("auto-submitted")
        .is_some_and(|value| value.to_lowercase().starts_with("no"))
    {
        evidence.push("`Auto-Submitted: no`".to_string());
    }
    let subject = fold(&mail.subject);
    let words = fold(&reply.text);
    let hint = hints(mail, reply, (&subject, &words), decisive);
    let mut points = hint.points(responder::points(mail, &mut evidence));
    let is_bare = |subject: &str| !is_answer_subject(&mail.subject) || SUBJECT.is_match(subject);
    let own_subject = if is_bare(&subject) { &*subject } else { "" };
    let (machine, likeliest) = match decisive || points > 0 {
        true => weigh(own_subject, &words),
        false => (0.0, None),
    };
    if !decisive && machine >= MACHINE_LIKELY && !hint.talks && !hint.quotes {
        points += 2;
        evidence.push("its words together are those of a machine".to_string());
    }
    if !decisive && points < POINTS_MIN {
        return None;
    }
    for (found, words) in [
        (hint.subject, "the subject is that of an automatic reply"),
        (hint.absence, "the words speak of an absence"),
        (hint.left, "the words say that the person left the company"),
        (hint.robot, "the words say that a machine wrote them"),
        (hint.ticket, "the words acknowledge a ticket or request"),
    ] {
        if found {
            evidence.push(words.to_string());
        }
    }
    let is_absent = hint.absence
        || hint.dated && decisive && !hint.ticket
        || ABSENT_SUBJECT.is_match(&subject) && !is_answer_subject(&mail.subject);
    // An absent person's notice may speak of others who left; a leaver's has no day of return.
    let has_left = hint.left && !(is_absent && hint.dated);
    let notice = match (has_left, is_absent) {
        (true, _) => Notice::LeftCompany,
        (false, true) => Notice::Absence,
        (false, false) if hint.ticket || hint.robot => Notice::Acknowledgement,
        (false, false) => likeliest.unwrap_or(Notice::Acknowledgement),
    };
    Some((notice, evidence))
}

/// What the words and the subject hint at.
fn hints(mail: &Mail, reply: &Reply, (subject, words): (&str, &str), decisive: bool) -> Hints {
    let judged = fold(&reply.judged);
    let absence = ABSENCE.is_match(words) && (decisive || !PAST.is_match(&judged));
    let mut hint = Hints {
        absence,
        left: LEFT.is_match(words),
        robot: ROBOT.is_match(words),
        ticket: TICKET.is_match(words) || TICKET_SUBJECT.is_match(subject),
        subject: SUBJECT.is_match(subject),
        thanks: THANKS.is_match(words),
        deputy: DEPUTY.is_match(words),
        access: ACCESS.is_match(words),
        quotes: reply.quoted.len() > 40,
        ..Hints::default()
    };
    if absence || decisive {
        let all = format!("{subject} . {words}");
        let day = |at: DateTime<Utc>| dates::return_day(&all, at.date_naive());
        hint.dated = mail.sent_at.and_then(day).is_some();
    }
    if hint.says_something() || decisive {
        let sentences = Sentences::of(&judged);
        hint.covered = sentences.is_notice_only();
        hint.talks = sentences.talks > 0;
    } else {
        hint.talks = TALKS.is_match(&judged);
    }
    hint
}

/// What the words hint at.
#[derive(Debug, Default)]
struct Hints {
    absence: bool,
    left: bool,
    robot: bool,
    ticket: bool,
    subject: bool,
    thanks: bool,
    deputy: bool,
    access: bool,
    dated: bool,
    covered: bool,
    talks: bool,
    quotes: bool,
}

impl Hints {
    fn says_something(&self) -> bool {
        self.absence || self.left || self.robot || self.ticket
    }

    fn points(&self, headers: i32) -> i32 {
        let mut points = headers;
        let is_said = self.says_something();
        for (found, weight) in [
            (self.subject, 2),
            (self.robot, 2),
            (self.ticket, 2),
            (self.absence, 1),
            (self.left, 2),
            (self.thanks, 1),
            (self.deputy, 1),
            (self.access, 1),
            (self.dated && self.absence, 1),
            (self.covered && is_said, 2),
            (self.talks, -3),
            (self.quotes, -1),
        ] {
            points += if found { weight } else { 0 };
        }
        points
    }
}

/// The sentences of a mail, counted.
#[derive(Debug, Default)]
struct Sentences {
    /// Those with words enough to say something.
    all: usize,
    /// Those no notice has.
    other: usize,
    /// Those in which a person talks to a person.
    talks: usize,
}

impl Sentences {
    fn of(folded: &str) -> Sentences {
        let mut sentences = Sentences::default();
        for sentence in folded.split(['.', '!', '?', ';']).map(str::trim).take(40) {
            let is_notice = [
                &*ABSENCE, &*ACCESS, &*DEPUTY, &*LEFT, &*ROBOT, &*TICKET, &*THANKS,
            ]
            .into_iter()
            .any(|words| words.is_match(sentence));
            let is_talk = TALKS.is_match(sentence);
            let is_conditional = CONDITION.is_match(sentence) || TICKET.is_match(sentence);
            sentences.talks += usize::from(is_talk && !is_conditional);
            if sentence.split(' ').count() > 3 {
                sentences.all += 1;
                sentences.other += usize::from(!is_notice && !COURTESY.is_match(sentence));
            }
        }
        sentences
    }

    /// Whether the mail says nothing that a notice would not.
    fn is_notice_only(&self) -> bool {
        self.talks == 0 && self.all > 0 && (self.other == 0 || self.other == 1 && self.all > 3)
    }
}

/// An absence that is over.
static PAST: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_past.txt")));
/// A condition under which a notice names somebody to call.
static CONDITION: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_condition.txt")));
/// Greetings, thanks and contact details.
static COURTESY: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_courtesy.txt")));
/// Subjects automatic replies begin with; an answer's `Re:` before it makes it an answer.
static SUBJECT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_subject.txt")));
/// Subjects that speak of an absence, wherever in the line.
static ABSENT_SUBJECT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_absent_subject.txt")));
/// A person is not there for a while.
static ABSENCE: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_absence.txt")));
/// A person works there no more.
static LEFT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_left.txt")));
/// A machine says that it is one.
static ROBOT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_robot.txt")));
/// A request was received, a ticket was opened.
static TICKET: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_ticket.txt")));
/// Subjects of ticket systems.
static TICKET_SUBJECT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_ticket_subject.txt")));
/// What notices begin with.
static THANKS: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_thanks.txt")));
/// Somebody else to turn to meanwhile.
static DEPUTY: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_deputy.txt")));
/// Mail is not read now, it will be answered after the return.
static ACCESS: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_access.txt")));
/// A person talking to a person.
static TALKS: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_talks.txt")));

/// Whether an automatic mail shows any sign of answering something: robots that answer nobody
/// (newsletters, monitors) are ordinary mail.
pub(super) fn answers_something(mail: &Mail, reply: &Reply) -> bool {
    let words = fold(&reply.text);
    !mail.answers.is_empty()
        || responder::is_answer(mail)
        || is_answer_subject(&mail.subject)
        || SUBJECT.is_match(&fold(&mail.subject))
        || ABSENCE.is_match(&words)
        || LEFT.is_match(&words)
        || TICKET.is_match(&words)
        || THANKS.is_match(&words)
}

/// Whether a subject begins like an answer's in any of the usual languages.
pub(super) fn is_answer_subject(subject: &str) -> bool {
    static ANSWER: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/automatic_answer_subject.txt")));
    ANSWER.is_match(&fold(subject))
}
