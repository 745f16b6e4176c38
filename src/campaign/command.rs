//! What people ask for in Campaign_Command, and whether it can be done.
//!
//! The decision rests on nothing but the campaign's standing, so that the same word in the same
//! situation always gets the same answer. Answers are fragments that fit after `Campaign_Command
//! Pause, 2 Mar 09:12: `.

use super::{CampaignState, StopReason};

/// The longest unknown word that is repeated to people, in characters.
const WORD_CHARS_MAX: usize = 40;

/// A word of Campaign_Command that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Hold the campaign until a person says Resume.
    Pause,
    /// Let a paused campaign go on, whoever paused it.
    Resume,
    /// End the campaign.
    Stop,
    /// Let a campaign in review go, with the texts the base shows.
    Approve,
    /// Have the texts written anew; a person looks at the new ones.
    Regenerate,
}

/// What the base showed a person of the texts when they said Approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Every subject and body of the ledger.
    Same,
    /// At least one text is another.
    Other,
    /// At least one text is not shown at all.
    Nothing,
}

/// Where a campaign stands, as far as a command depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The campaign's id, which the operator's commands take.
    pub campaign_id: String,
    /// Its state.
    pub state: CampaignState,
    /// Why it was stopped, if it was.
    pub stop_reason: Option<StopReason>,
    /// Whether its pause is a person's already.
    pub is_held_by_person: bool,
    /// Whether any of its mails left or was ever claimed for sending.
    pub has_left: bool,
    /// Why the lead's fields do not pass the data check; none when they do.
    pub bad_data: Option<String>,
    /// What the person saw of the texts.
    pub seen: Seen,
}

/// What becomes of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is carried out; the words say what came of it.
    CarryOut(&'static str),
    /// Nothing is done; the words say why.
    Answer(String),
}

impl Command {
    /// Every command.
    pub const ALL: [Command; 5] = [
        Command::Pause,
        Command::Resume,
        Command::Stop,
        Command::Approve,
        Command::Regenerate,
    ];

    /// The word, as the column's option spells it.
    pub fn label(self) -> &'static str {
        match self {
            Command::Pause => "Pause",
            Command::Resume => "Resume",
            Command::Stop => "Stop",
            Command::Approve => "Approve",
            Command::Regenerate => "Regenerate",
        }
    }

    /// The command a cell asks for; none for any other word.
    pub fn parse(text: &str) -> Option<Command> {
        let word = text.trim();
        Self::ALL
            .into_iter()
            .find(|command| command.label().eq_ignore_ascii_case(word))
    }

    /// Whether the command can be carried out on a campaign, and what to tell whoever asked.
    pub fn ruling(self, standing: &Standing) -> Ruling {
        if !standing.state.is_open() {
            return Ruling::Answer(format!(
                "not done: the campaign has ended, {}",
                end(standing)
            ));
        }
        match self {
            Command::Pause => pause(standing),
            Command::Resume => resume(standing),
            Command::Stop => Ruling::CarryOut("stopped"),
            Command::Approve => approve(standing),
            Command::Regenerate => regenerate(standing),
        }
    }
}

/// A cell of Campaign_Command as it is kept and compared: the label of a known command, any other
/// word on one line and cut at 40 characters, `""` for an empty cell.
pub fn command_word(cell: &str) -> String {
    if let Some(command) = Command::parse(cell) {
        return command.label().to_string();
    }
    let line = crate::lead::one_line(cell).replace('`', "'");
    match line.char_indices().nth(WORD_CHARS_MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// The answer to a word that is no command, as [`command_word`] keeps it.
pub fn unknown_word(word: &str) -> String {
    let labels = Command::ALL.map(Command::label);
    let (last, others) = labels.split_last().unwrap_or((&"", &[]));
    format!("expected {} or {last}, found `{word}`", others.join(", "))
}

fn answer(words: &str) -> Ruling {
    Ruling::Answer(words.to_string())
}

fn pause(standing: &Standing) -> Ruling {
    match standing.state {
        CampaignState::Active => Ruling::CarryOut("paused"),
        CampaignState::Paused if standing.is_held_by_person => answer("it is paused already"),
        // Otherwise it would go on by itself, against the person's word.
        CampaignState::Paused => Ruling::CarryOut("paused; only a person lets it go on now"),
        CampaignState::Draft => {
            answer("not needed: nothing leaves before its new texts are written and approved")
        }
        _ => answer("not needed: nothing leaves before a person approves the texts"),
    }
}

fn resume(standing: &Standing) -> Ruling {
    match (standing.state, &standing.bad_data) {
        (CampaignState::Paused, Some(why)) => {
            Ruling::Answer(format!("not resumed: the lead fails the data check, {why}"))
        }
        (CampaignState::Paused, None) => Ruling::CarryOut("resumed"),
        (CampaignState::Draft, _) => answer("not needed: it waits for its new texts"),
        (CampaignState::Review, _) => answer("not resumed: it waits in review, say Approve"),
        _ => answer("not needed: it is active"),
    }
}

fn approve(standing: &Standing) -> Ruling {
    match standing.state {
        CampaignState::Review => {}
        CampaignState::Draft => return answer("not approved: its new texts are not written yet"),
        CampaignState::Paused => return answer("not needed: it is paused, say Resume"),
        _ => return answer("not needed: it is active"),
    }
    match (standing.seen, &standing.bad_data) {
        (_, Some(why)) => Ruling::Answer(format!(
            "not approved: the lead fails the data check, {why}"
        )),
        (Seen::Same, None) => Ruling::CarryOut("approved with the texts shown here"),
        (Seen::Other, None) => answer(
            "not approved: the texts shown here are not the ones to be sent; read them again when \
             they have been brought up to date",
        ),
        (Seen::Nothing, None) => Ruling::Answer(format!(
            "not approved: the texts are not all shown here; read them with `outreach review show \
             {id}`, then say `outreach review approve {id}`",
            id = standing.campaign_id
        )),
    }
}

fn regenerate(standing: &Standing) -> Ruling {
    match standing.state {
        CampaignState::Draft => answer("not needed: it waits for its new texts already"),
        _ if standing.has_left => answer(
            "not written anew: a mail of it has left or was on its way, and the rest belongs to it",
        ),
        _ => Ruling::CarryOut("its texts will be written anew and wait in review"),
    }
}

/// How a campaign ended.
fn end(standing: &Standing) -> &'static str {
    match (standing.state, standing.stop_reason) {
        (CampaignState::Responded, _) => "the lead answered",
        (CampaignState::Completed, _) => "every mail was sent",
        (_, Some(reason)) => reason.sentence(),
        (_, None) => "for a reason not kept",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: CampaignState) -> Standing {
        Standing {
            campaign_id: "c1".to_string(),
            state,
            stop_reason: None,
            is_held_by_person: false,
            has_left: false,
            bad_data: None,
            seen: Seen::Same,
        }
    }

    #[track_caller]
    fn check(command: Command, standing: &Standing, expected: &str) {
        let found = match command.ruling(standing) {
            Ruling::CarryOut(words) => format!("+ {words}"),
            Ruling::Answer(words) => words,
        };
        assert_eq!(found, expected, "{command:?} of {standing:?}");
    }

    #[test]
    fn a_word_is_known_in_any_case_and_nothing_else_is() {
        for command in Command::ALL {
            let loud = format!(" {}\n", command.label().to_uppercase());
            assert_eq!(Command::parse(&loud), Some(command));
            assert_eq!(command_word(&loud), command.label());
        }
        for other in ["", "Paused", "Pause, Stop", "ＰＡＵＳＥ", "stop!"] {
            assert_eq!(Command::parse(other), None, "{other}");
        }
    }

    #[test]
    fn an_unknown_word_is_repeated_short_and_on_one_line() {
        let found = |cell: &str| unknown_word(&command_word(cell));
        let expected = "expected Pause, Resume, Stop, Approve or Regenerate, found";
        assert_eq!(found("Foo"), format!("{expected} `Foo`"));
        assert_eq!(found("a\r\nb\u{202e} `c`"), format!("{expected} `a b 'c'`"));
        let long = found(&"ä".repeat(50_000));
        assert_eq!(long, format!("{expected} `{}…`", "ä".repeat(40)));
        assert_eq!(command_word(" \u{200b}\n"), "");
    }

    #[test]
    fn pause_holds_what_runs_and_takes_over_the_programs_own_pauses() {
        let mut paused = standing(CampaignState::Paused);
        check(Command::Pause, &standing(CampaignState::Active), "+ paused");
        check(
            Command::Pause,
            &paused,
            "+ paused; only a person lets it go on now",
        );
        paused.is_held_by_person = true;
        check(Command::Pause, &paused, "it is paused already");
        check(
            Command::Pause,
            &standing(CampaignState::Review),
            "not needed: nothing leaves before a person approves the texts",
        );
    }

    #[test]
    fn resume_lifts_any_pause_but_that_of_bad_data() {
        let mut paused = standing(CampaignState::Paused);
        check(Command::Resume, &paused, "+ resumed");
        paused.is_held_by_person = true;
        check(Command::Resume, &paused, "+ resumed");
        paused.bad_data = Some("no name".to_string());
        let why = "not resumed: the lead fails the data check, no name";
        check(Command::Resume, &paused, why);
        for (state, why) in [
            (CampaignState::Active, "not needed: it is active"),
            (
                CampaignState::Review,
                "not resumed: it waits in review, say Approve",
            ),
            (
                CampaignState::Draft,
                "not needed: it waits for its new texts",
            ),
        ] {
            check(Command::Resume, &standing(state), why);
        }
    }

    #[test]
    fn approval_needs_the_very_texts_that_will_be_sent() {
        let mut review = standing(CampaignState::Review);
        check(
            Command::Approve,
            &review,
            "+ approved with the texts shown here",
        );
        review.seen = Seen::Other;
        let Ruling::Answer(why) = Command::Approve.ruling(&review) else {
            panic!("other texts were approved");
        };
        assert!(why.contains("not the ones to be sent"), "{why}");
        review.seen = Seen::Nothing;
        let Ruling::Answer(why) = Command::Approve.ruling(&review) else {
            panic!("unseen texts were approved");
        };
        assert!(why.contains("`outreach review approve c1`"), "{why}");
        review.seen = Seen::Same;
        review.bad_data = Some("no name".to_string());
        let why = "not approved: the lead fails the data check, no name";
        check(Command::Approve, &review, why);
        for state in [
            CampaignState::Draft,
            CampaignState::Active,
            CampaignState::Paused,
        ] {
            let ruling = Command::Approve.ruling(&standing(state));
            assert!(matches!(ruling, Ruling::Answer(_)), "{state:?}");
        }
    }

    #[test]
    fn texts_are_written_anew_only_before_the_first_mail() {
        for state in [
            CampaignState::Review,
            CampaignState::Active,
            CampaignState::Paused,
        ] {
            let mut standing = standing(state);
            check(
                Command::Regenerate,
                &standing,
                "+ its texts will be written anew and wait in review",
            );
            assert!(state.may_become(CampaignState::Draft), "{state:?}");
            standing.has_left = true;
            let ruling = Command::Regenerate.ruling(&standing);
            assert!(matches!(ruling, Ruling::Answer(_)), "{state:?}");
        }
        check(
            Command::Regenerate,
            &standing(CampaignState::Draft),
            "not needed: it waits for its new texts already",
        );
    }

    #[test]
    fn every_open_campaign_can_be_stopped_and_an_ended_one_says_how_it_ended() {
        for state in CampaignState::ALL {
            for command in Command::ALL {
                let ruling = command.ruling(&standing(state));
                let is_answered = matches!(ruling, Ruling::Answer(_));
                assert!(is_answered || state.is_open(), "{command:?} of {state:?}");
                let next = match command {
                    Command::Pause => CampaignState::Paused,
                    Command::Resume | Command::Approve => CampaignState::Active,
                    Command::Stop => CampaignState::Stopped,
                    Command::Regenerate => CampaignState::Draft,
                };
                let may = state == next || state.may_become(next);
                assert!(is_answered || may, "{command:?} of {state:?}");
                if command == Command::Stop {
                    assert_eq!(is_answered, !state.is_open(), "{state:?}");
                }
            }
        }
        let mut stopped = standing(CampaignState::Stopped);
        stopped.stop_reason = Some(StopReason::Bounced);
        check(
            Command::Resume,
            &stopped,
            "not done: the campaign has ended, the address does not accept mail",
        );
        check(
            Command::Stop,
            &standing(CampaignState::Responded),
            "not done: the campaign has ended, the lead answered",
        );
        check(
            Command::Regenerate,
            &standing(CampaignState::Completed),
            "not done: the campaign has ended, every mail was sent",
        );
    }
}
