//! The wish not to be written to again, in a person's own words.
//!
//! Purpose: find it without the keyword (`take me off`) and not find the keyword without the wish
//! (`don't stop`, `we remove duplicates`, `you can unsubscribe from our newsletter`). Invariant:
//! only the person's own words are judged, never what the mail quotes. A false opt-out silences a
//! lead, a missed one breaks the law: a phrase counts when it is a request about the writer's own
//! address. A bare `no thanks` is a refusal
//! of the offer, and an opt-out only below our own footer, which promises to understand it so.

use std::sync::LazyLock;

use crate::words::folding::fold;
use crate::words::{Found, Words};

/// A wish to be left alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The words that say so.
    pub text: String,
    /// Whether they speak for the whole company.
    pub for_company: bool,
}

/// The request in folded text to be left alone, if there is one.
pub(super) fn request_in(folded: &str) -> Option<Request> {
    static REQUESTS: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_requests.txt")));
    if is_bare(folded) {
        return Some(Request {
            text: folded.to_string(),
            for_company: false,
        });
    }
    let is_meant = |found: &Found| {
        !is_reversed(folded, found) && !is_passing(folded, found) && !is_aside(folded, found)
    };
    let found = REQUESTS.find_all(folded).find(is_meant)?;
    Some(Request {
        for_company: is_for_company(folded, &found),
        text: found.text,
    })
}

/// Whether the mail is nothing but the words our footer asks for, and quotes that footer.
pub(super) fn is_promised(folded: &str, quoted: &str) -> bool {
    static PROMISED: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_promised.txt")));
    folded.len() < 80 && PROMISED.is_match(folded) && {
        let quoted = fold(quoted);
        quoted.contains("reply \"no thanks\"") || quoted.contains("we will not write again")
    }
}

/// Whether the request, or the sentence around it, is about everybody at the writer's company.
fn is_for_company(folded: &str, found: &Found) -> bool {
    static COMPANY: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_company.txt")));
    let after = folded.get(found.start..).unwrap_or_default();
    let own = after.get(found.text.len()..).unwrap_or_default();
    let rest = own.split(['.', '!', '?', ';']).next().unwrap_or_default();
    let sentence = format!("{}{}{rest}", sentence_before(folded, found), found.text);
    COMPANY.is_match(&sentence)
}

/// Whether the words are about something else than writing to people: `remove the second
/// attachment`, `stop by our office`.
fn is_aside(folded: &str, found: &Found) -> bool {
    static ASIDE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_aside.txt")));
    let rest = folded.get(found.start..).unwrap_or_default();
    ASIDE.is_match(rest) || ASIDE.is_match(sentence_before(folded, found).trim_start())
}

/// A mail or a subject that is nothing but the keyword.
pub(super) fn is_bare(folded: &str) -> bool {
    static BARE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_bare.txt")));
    folded.len() < 80 && BARE.is_match(folded)
}

/// Whether the words before turn the request round (`don't stop …`) or make it somebody else's
/// (`we remove …`). A request that is itself a negation cannot be turned round.
fn is_reversed(folded: &str, found: &Found) -> bool {
    static REVERSALS: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_reversals.txt")));
    static NEGATIONS: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_negations.txt")));
    REVERSALS.is_match(sentence_before(folded, found)) && !NEGATIONS.is_match(&found.text)
}

/// Whether the words only hold for a while (`don't contact me until May`) or ask back: a pause or
/// a question, not an opt-out.
fn is_passing(folded: &str, found: &Found) -> bool {
    static WHILE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/optout_passing.txt")));
    let after = folded.get(found.end..).unwrap_or_default();
    WHILE.is_match(after) || sentence_before(folded, found).contains("why did you ")
}

fn sentence_before<'a>(folded: &'a str, found: &Found) -> &'a str {
    let before = folded.get(..found.start).unwrap_or_default();
    before
        .rsplit(['.', '!', '?', ';', ':'])
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let found = request_in(&fold(text));
        assert_eq!(found.is_some(), expected, "{text}: {found:?}");
    }

    #[test]
    fn a_wish_is_understood_with_and_without_the_keyword() {
        for text in [
            "Unsubscribe",
            "STOP",
            "unsubscribe please.",
            "Hi Ada, please remove me.",
            "Please take me off your list",
            "Remove me from this list",
            "Take me off.",
            "No more of these, please.",
            "Stop emailing me",
            "please stop sending these",
            "Do not contact me again.",
            "Don't email me anymore!",
            "never write to me again",
            "I'd like to unsubscribe",
            "How do I unsubscribe?",
            "Please unsubscribe me",
            "Kindly remove my email address from your database",
            "leave me alone",
            "I do not want to receive any more mails from you",
            "Please delete my data.",
            "Bitte nehmen Sie mich aus Ihrem Verteiler.",
            "Lassen Sie das bitte.",
            "Keine weiteren Mails bitte",
            "Bitte keine E-Mails mehr.",
            "Ich möchte nicht mehr kontaktiert werden",
            "Schreiben Sie mir nicht mehr.",
            "Ne m'écrivez plus.",
            "Merci de me désinscrire",
            "Retirez-moi de votre liste",
            "Je ne souhaite plus recevoir vos messages",
            "Désabonnez-moi svp",
            "Por favor, denme de baja",
            "No me escriba más",
            "Elimíneme de su lista",
            "Cancellatemi dalla lista",
            "Non scrivetemi più",
            "Non desidero più ricevere mail",
            "Haal mij van de lijst",
            "Stuur mij geen mails meer",
            "Graag uitschrijven.",
            "Remova-me da lista",
            "Não me envie mais e-mails",
            "Pare de enviar isso",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn a_request_may_speak_for_a_company() {
        for (text, expected) in [
            ("Please remove our company from your list.", true),
            ("Do not contact anyone at Lead Ltd again.", true),
            ("Stop emailing our employees.", true),
            ("Nobody here wants these emails.", true),
            ("Bitte löschen Sie unsere Domain aus Ihrer Datenbank.", true),
            ("Merci de ne plus contacter notre société.", true),
            ("Our company is small. Remove me from your list.", false),
            ("Unsubscribe", false),
        ] {
            let found = request_in(&fold(text));
            assert_eq!(
                found.map(|request| request.for_company),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn no_thanks_is_a_request_only_below_the_promise() {
        let footer = "If this is not for you, reply \"no thanks\" and we will not write again.";
        assert!(is_promised(&fold("No thanks!"), footer));
        assert!(!is_promised(&fold("No thanks!"), "Hello Bob"));
        assert!(!is_promised(
            &fold("No thanks, we have a supplier."),
            footer
        ));
    }

    #[test]
    fn the_keyword_without_the_wish_is_none() {
        for text in [
            "Please don't stop sending these, I like them",
            "Don't unsubscribe me!",
            "We remove duplicates from our lists every week.",
            "You can unsubscribe from our newsletter below.",
            "Could you stop by our office on Monday?",
            "Don't hesitate to contact me.",
            "We could not stop laughing. Call me.",
            "What is your unsubscribe rate?",
            "Please do not contact me until May.",
            "Not interested at the moment, thanks.",
            "No, thanks, we already have a supplier.",
            "To unsubscribe, click the link.",
            "How do you remove stains from steel?",
            "Interested! Please send me more.",
            "Ihre Lösung entfernt Dubletten?",
            "Wir lassen uns das gern zeigen.",
            "I never contact anyone on Fridays; call me Monday.",
            "Ne tardez pas à m'écrire",
            "No me importa esperar, cuénteme más",
            "Non vedo l'ora",
            "Stuur mij graag meer informatie",
            "Não tem problema, me envie mais detalhes",
            "",
        ] {
            check(text, false);
        }
    }
}
