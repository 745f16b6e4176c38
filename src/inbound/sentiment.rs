//! What a person wants, by the words they used.
//!
//! Purpose: one of five sentiments from the stripped reply. Rules: a "not now" outweighs a "yes",
//! a referral outweighs a "no", and what a negation covers never counts as a "yes". What fits no
//! rule is neutral. Opt-outs are decided before and elsewhere.

use std::sync::LazyLock;

use super::Sentiment;
use super::words::Words;

/// What the folded reply wants, and the words that say so.
pub(super) fn of(folded: &str) -> (Sentiment, Option<String>) {
    static LATER: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_later.txt")));
    static REFERRAL: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_referral.txt")));
    static NO: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_no.txt")));
    static YES: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_yes.txt")));
    let words = |list: &Words, text: &str| list.find(text).map(|found| found.text);
    let no = words(&NO, folded);
    let yes = words(&YES, &NO.without(folded));
    let referral = words(&REFERRAL, folded);
    if referral.is_some() && (yes.is_none() || no.is_some() || is_redirection(folded)) {
        return (Sentiment::Referral, referral);
    }
    let later = words(&LATER, folded);
    if later.is_some() {
        return (Sentiment::Later, later);
    }
    match (no, yes) {
        (Some(no), _) => (Sentiment::NotInterested, Some(no)),
        (None, Some(yes)) => (Sentiment::Interested, Some(yes)),
        (None, None) => (Sentiment::Neutral, None),
    }
}

/// "I am not the right person": somebody else is meant even if the rest sounds friendly.
fn is_redirection(folded: &str) -> bool {
    static REDIRECTION: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_redirection.txt")));
    REDIRECTION.is_match(folded)
}

#[cfg(test)]
mod tests {
    use super::super::folding::fold;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Sentiment) {
        let (found, words) = of(&fold(text));
        assert_eq!(found, expected, "{text}: {words:?}");
    }

    #[test]
    fn a_yes_is_interest() {
        for text in [
            "Yes, please send me more information.",
            "Sounds good, call me on Monday.",
            "What does it cost?",
            "Let's talk on Tuesday.",
            "I'm interested.",
            "Sure, go ahead",
            "This is well timed. Could you do a call on Thursday at ten?",
            "Klingt interessant, wann passt es Ihnen?",
            "Avec plaisir, appelez-moi.",
            "Me interesa, cuénteme más.",
            "Sono interessato, mi chiami pure.",
            "Klinkt goed, bel me maar.",
            "Tenho interesse? Gostaria de saber mais detalhes.",
        ] {
            check(text, Sentiment::Interested);
        }
    }

    #[test]
    fn a_no_is_never_taken_for_a_yes() {
        for text in [
            "Not interested, thanks.",
            "We are not interested in this.",
            "No thanks, we're all set",
            "We already have a supplier.",
            "We'll pass.",
            "Kein Interesse.",
            "Kein Bedarf, danke",
            "Nous ne sommes pas intéressés.",
            "No nos interesa.",
            "Non siamo interessati.",
            "Geen interesse.",
            "Não tenho interesse.",
        ] {
            check(text, Sentiment::NotInterested);
        }
    }

    #[test]
    fn not_now_outweighs_yes() {
        for text in [
            "Not right now, maybe next quarter.",
            "Interested, but please try again in three months.",
            "Please circle back in Q3",
            "Not interested at the moment.",
            "Momentan nicht, melden Sie sich bitte im Herbst.",
            "Pas pour le moment.",
            "Ahora no, gracias.",
            "Al momento no.",
            "Op dit moment niet.",
            "No momento não.",
            "Please do not contact me until May.",
        ] {
            check(text, Sentiment::Later);
        }
    }

    #[test]
    fn naming_somebody_else_is_a_referral() {
        for text in [
            "I'm not the right person, please contact Jane at jane@example.com.",
            "I have forwarded your mail to our operations lead.",
            "Please reach out to my colleague Bob.",
            "You should talk to our CFO.",
            "Ich bin nicht zuständig, wenden Sie sich an Frau Meier.",
            "Je ne suis pas la bonne personne, contactez ma collègue.",
            "No soy la persona adecuada.",
            "Non sono la persona giusta.",
            "Ik ben niet de juiste persoon.",
            "Não sou a pessoa certa, fale com o diretor.",
        ] {
            check(text, Sentiment::Referral);
        }
    }

    #[test]
    fn the_rest_is_neutral() {
        for text in ["", "Got it.", "Who is this?", "Ada?", "42", "Wer sind Sie?"] {
            check(text, Sentiment::Neutral);
        }
    }
}
