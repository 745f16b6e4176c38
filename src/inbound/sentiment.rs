//! What a person wants, by the words they used.
//!
//! Purpose: one of five sentiments from the stripped reply, and whether it may be an opt-out. All
//! words are weighed together, and with them what the lists of plain phrases found; where the
//! weights say nothing clearly, and at low sensitivity, the phrases decide alone. Their rules: a
//! "not now" outweighs a "yes", a referral outweighs a "no", and what a negation covers never
//! counts as a "yes"; a "no" followed by "but" and a plain "yes" is a "yes". What fits no rule is
//! neutral. Plain opt-outs are decided before and elsewhere.

mod referral;

use std::sync::LazyLock;

use super::Sentiment;
use super::kind::Sensitivity;
use super::weights::{Weighed, Weights};
use crate::words::{Found, Words};

pub(super) use referral::named;

/// A wish, and how it was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// What the person wants.
    pub sentiment: Sentiment,
    /// The words that say so.
    pub found: Option<String>,
    /// The rule, a stable word.
    pub rule: &'static str,
    /// Why a person should look at it, as a clause.
    pub unsure: Option<&'static str>,
}

/// With this likelihood the weights need no phrase to bear them out.
const SURE: f32 = 0.8;
/// With this one they outweigh a phrase.
const CLEAR: f32 = 0.65;

/// How much each word weighs for each wish.
static WISHES: LazyLock<Weights> =
    LazyLock::new(|| Weights::read(include_str!("words/weights_wishes.tsv")));
/// Turns of phrase with a negation that denies nothing.
static HARMLESS: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/sentiment_harmless.txt")));
static LATER: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/sentiment_later.txt")));
static REFERRAL: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/sentiment_referral.txt")));
/// "I am not the right person": somebody else is meant even if the rest sounds friendly.
static REDIRECTION: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/sentiment_redirection.txt")));
static NO: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/sentiment_no.txt")));
/// What nobody says who does not want to hear more.
static PLAIN: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/sentiment_yes_plain.txt")));
static YES: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/sentiment_yes.txt")));
/// What may be courtesy.
static HINT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/sentiment_yes_hint.txt")));
/// Questions about us and not about the offer.
static WHO: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/sentiment_who.txt")));

/// Which lists have a word of the folded reply, where no negation covers it.
pub fn signs(folded: &str) -> Vec<&'static str> {
    let folded = &WHO.without(&HARMLESS.without(folded));
    let rest = NO.blanked(folded);
    let found = [
        ("later", LATER.is_match(folded)),
        ("referral", REFERRAL.is_match(folded)),
        ("redirection", REDIRECTION.is_match(folded)),
        ("no", NO.is_match(folded)),
        ("plain", affirmed(&PLAIN, &rest).is_some()),
        ("yes", affirmed(&YES, &rest).is_some()),
        ("hint", affirmed(&HINT, &rest).is_some()),
    ];
    let found = found.into_iter().filter(|(_, found)| *found);
    found.map(|(sign, _)| sign).collect()
}

/// How likely a sentiment must be for the weights to decide, by sensitivity.
fn likely_enough(sensitivity: Sensitivity) -> Option<f32> {
    match sensitivity {
        Sensitivity::Low => None,
        Sensitivity::Normal => Some(0.5),
        Sensitivity::High => Some(0.35),
    }
}

/// With this likelihood words nobody wrote a rule for are an opt-out, whatever the sensitivity;
/// from the second on a person should look.
const OPT_OUT_LIKELY: f32 = 0.85;
const OPT_OUT_POSSIBLE: f32 = 0.4;

/// What the weights say of a folded reply.
pub(super) struct Weighing {
    weighed: Weighed,
    /// Whether it asks something or sounds interested, by plain words.
    is_open: bool,
}

/// Weighs a folded reply.
pub(super) fn weigh(folded: &str) -> Weighing {
    let signs = signs(folded);
    let is_yes = |sign: &&str| matches!(*sign, "plain" | "yes" | "hint");
    Weighing {
        weighed: WISHES.weigh(folded, &signs),
        is_open: folded.contains('?') || signs.iter().any(is_yes),
    }
}

impl Weighing {
    /// The words of a wish to be left alone that no list has. Who asks something or says yes has
    /// another wish beside it, and a person should look.
    pub(super) fn opt_out(&self) -> Option<String> {
        let likelihood = WISHES.likelihood(&self.weighed, "opt_out");
        (likelihood >= OPT_OUT_LIKELY && !self.is_open).then(|| self.weighed.words.join("…, "))
    }

    /// What the reply wants.
    pub(super) fn wish(&self, folded: &str, sensitivity: Sensitivity) -> Wish {
        let ruled = by_phrases(folded, sensitivity);
        let mut wish = match self.sentiment(sensitivity) {
            Some(sentiment) if self.outweighs(sentiment, &ruled) => Wish {
                sentiment,
                found: Some(self.weighed.words.join("…, ")),
                rule: "weighed",
                unsure: (ruled.found.is_some() && self.weighed.probability < SURE)
                    .then_some("its words point to more than one wish"),
            },
            _ => ruled,
        };
        if WISHES.likelihood(&self.weighed, "opt_out") >= OPT_OUT_POSSIBLE {
            wish.unsure = Some("it may be a wish to be left alone");
        }
        wish
    }

    /// A plain phrase yields to clear weights only, and to "nothing in particular" never.
    fn outweighs(&self, sentiment: Sentiment, ruled: &Wish) -> bool {
        let contradicts = sentiment != ruled.sentiment;
        let is_clear = self.weighed.probability >= CLEAR && sentiment != Sentiment::Neutral;
        contradicts && (ruled.found.is_none() || is_clear)
    }

    fn sentiment(&self, sensitivity: Sensitivity) -> Option<Sentiment> {
        let enough = likely_enough(sensitivity)?;
        let class = WISHES.classes.get(self.weighed.class)?;
        (self.weighed.probability >= enough).then(|| Sentiment::parse(class))?
    }
}

/// What the plain phrases of a folded reply want.
fn by_phrases(folded: &str, sensitivity: Sensitivity) -> Wish {
    let folded = &WHO.without(&HARMLESS.without(folded));
    let no = NO.find(folded);
    let rest = NO.blanked(folded);
    let plain = affirmed(&PLAIN, &rest);
    let yes = match sensitivity {
        Sensitivity::Low => affirmed(&PLAIN, &rest),
        Sensitivity::Normal => affirmed(&YES, &rest).or_else(|| affirmed(&PLAIN, &rest)),
        Sensitivity::High => affirmed(&YES, &rest)
            .or_else(|| affirmed(&PLAIN, &rest))
            .or_else(|| affirmed(&HINT, &rest)),
    };
    let referral = REFERRAL.find(folded);
    let is_redirection = REDIRECTION.is_match(folded);
    if let Some(referral) = referral.filter(|_| yes.is_none() || no.is_some() || is_redirection) {
        let unsure = (plain.is_some() && !is_redirection)
            .then_some("it names somebody else and sounds interested as well");
        return wish(Sentiment::Referral, referral, "referral", unsure);
    }
    if let Some(later) = LATER.find(folded) {
        let is_firm = no.as_ref().is_some_and(|no| is_firm(folded, no, &later));
        let unsure = is_firm.then_some("it says no and names a later time");
        return wish(Sentiment::Later, later, "later", unsure);
    }
    let both = "it says yes as well as no";
    match (no, yes, plain) {
        (Some(no), _, Some(plain)) if turns(folded, &no, &plain) => {
            wish(Sentiment::Interested, plain, "yes_after_no", Some(both))
        }
        (Some(no), _, plain) => wish(Sentiment::NotInterested, no, "no", plain.map(|_| both)),
        (None, Some(yes), _) => wish(Sentiment::Interested, yes, "yes", None),
        (None, None, _) => denied_or_neutral(&rest, sensitivity),
    }
}

fn wish(
    sentiment: Sentiment,
    found: Found,
    rule: &'static str,
    unsure: Option<&'static str>,
) -> Wish {
    Wish {
        sentiment,
        found: Some(found.text),
        rule,
        unsure,
    }
}

/// A "yes" that a negation covers is a weak "no".
fn denied_or_neutral(rest: &str, sensitivity: Sensitivity) -> Wish {
    let denied = PLAIN.find(rest).or_else(|| YES.find(rest));
    match denied.filter(|_| sensitivity != Sensitivity::Low) {
        Some(denied) if !rest.ends_with('?') => wish(
            Sentiment::NotInterested,
            denied,
            "denied_yes",
            Some("a denial decides"),
        ),
        _ => Wish {
            sentiment: Sentiment::Neutral,
            found: None,
            rule: "no_wish",
            unsure: None,
        },
    }
}

/// The first match that no negation in the same clause covers.
fn affirmed(words: &Words, text: &str) -> Option<Found> {
    static BEFORE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_denied_before.txt")));
    static AFTER: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_denied_after.txt")));
    let clause = |c: char| matches!(c, '.' | '!' | '?' | ';' | ':' | ',' | '(' | ')');
    words.find_all(text).find(|found| {
        let before = text.get(..found.start).unwrap_or_default();
        let after = text.get(found.end..).unwrap_or_default();
        let before = before.rsplit(clause).next().unwrap_or_default();
        let after = after.split(clause).next().unwrap_or_default();
        !BEFORE.is_match(before) && !AFTER.is_match(after)
    })
}

/// Whether a "but" stands between a "no" and a "yes".
fn turns(folded: &str, no: &Found, yes: &Found) -> bool {
    static BUT: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/sentiment_but.txt")));
    let between = folded.get(no.end..yes.start).unwrap_or_default();
    yes.start > no.end && BUT.is_match(between)
}

/// Whether a "no" stands apart from the words of time that would soften it.
fn is_firm(folded: &str, no: &Found, later: &Found) -> bool {
    let (start, end) = (no.end.min(later.end), no.start.max(later.start));
    let between = folded.get(start..end).unwrap_or_default();
    between.contains(['.', '!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::folding::fold;

    fn of(folded: &str, sensitivity: Sensitivity) -> Wish {
        weigh(folded).wish(folded, sensitivity)
    }

    #[track_caller]
    fn check(text: &str, expected: Sentiment) {
        let wish = of(&fold(text), Sensitivity::Normal);
        assert_eq!(wish.sentiment, expected, "{text}: {wish:?}");
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
    fn wishes_are_understood_in_many_wordings() {
        let table: [(Sentiment, &[&str]); 5] = [
            (Sentiment::Interested, INTERESTED),
            (Sentiment::NotInterested, DECLINED),
            (Sentiment::Later, LATER_ON),
            (Sentiment::Referral, REFERRED),
            (Sentiment::Neutral, NEUTRAL),
        ];
        let texts = table
            .into_iter()
            .flat_map(|(sentiment, texts)| texts.iter().map(move |text| (sentiment, *text)));
        let wrong: Vec<String> = texts
            .map(|(sentiment, text)| (sentiment, text, of(&fold(text), Sensitivity::Normal)))
            .filter(|(sentiment, _, wish)| wish.sentiment != *sentiment)
            .map(|(sentiment, text, wish)| format!("{text}: {wish:?}, expected {sentiment:?}"))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    const INTERESTED: &[&str] = &[
        "Could you send over some pricing?",
        "How does it integrate with SAP?",
        "Happy to hop on a call. Tuesday works.",
        "Do you ship to Spain as well?",
        "Don't hesitate to call me.",
        "Why not, send me a deck.",
        "I can't wait to hear more!",
        "My number is +44 20 7946 0000, ring me after lunch.",
        "Let's set something up for next week.",
        "Wie funktioniert das genau?",
        "Gern, passt Ihnen Dienstag?",
        "Pouvez-vous m'envoyer une documentation ?",
        "D'accord, mardi à 10h.",
        "¿Cuánto cuesta?",
        "Perfecto, hablamos el martes.",
        "Quanto costa?",
        "Va bene, sentiamoci martedì.",
        "Prima, bel me dinsdag.",
        "Combinado, pode ser terça.",
        "Quanto custa?",
    ];
    const DECLINED: &[&str] = &[
        "No.",
        "Nope",
        "Thanks but we handle this in-house.",
        "We're good, thanks.",
        "This doesn't apply to us.",
        "I'll pass.",
        "We are not looking for a new supplier.",
        "Unfortunately this is not something we need.",
        "Wir haben bereits einen Partner.",
        "Das passt für uns nicht.",
        "Ce n'est pas pour nous.",
        "Nous ne donnerons pas suite.",
        "No encaja con nosotros.",
        "Non fa per noi.",
        "Wij hebben al een leverancier.",
        "Não se aplica a nós.",
        "No thanks",
        "Nein danke",
    ];
    const LATER_ON: &[&str] = &[
        "Reach out in September.",
        "Maybe next year.",
        "We are in a hiring freeze, try us in Q2.",
        "Too busy right now.",
        "Bitte melden Sie sich nach den Ferien.",
        "Derzeit kein Bedarf.",
        "À la rentrée peut-être.",
        "Vuelva a escribirme en otoño.",
        "Risentiamoci a settembre.",
        "Neem volgend jaar contact op.",
        "Fale comigo no próximo trimestre.",
    ];
    const REFERRED: &[&str] = &[
        "Jane Doe handles this.",
        "Please talk to my boss instead.",
        "Not my department, sorry.",
        "Dafür ist Frau Meier zuständig.",
        "Voyez avec mon collègue Luc.",
        "La persona adecuada es Ana.",
        "Deve parlare con il direttore.",
        "U moet bij mijn collega zijn.",
        "O responsável é o João.",
    ];
    const NEUTRAL: &[&str] = &[
        "?",
        "Who is this?",
        "How did you get my address?",
        "Received.",
        "Thanks.",
        "Danke für die Nachricht.",
        "Are you a bot?",
    ];

    #[test]
    fn the_rest_is_neutral() {
        for text in ["", "Got it.", "Who is this?", "Ada?", "42", "Wer sind Sie?"] {
            check(text, Sentiment::Neutral);
        }
    }
}
