//! News: nothing is told of the lead or of others that nobody told us.
//!
//! Purpose: awards, funding, posts, hires and customers that stand in no data are invented, however
//! plainly they are told.
//! Invariant: what the lead's data or the brand's claims speak of may be spoken of. What many do
//! (`most carriers`, `teams getting ahead`) is experience, what an unnamed one did is a claim.
//! This module does not judge figures; see [`super::figures`].

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::names::is_common;
use super::reading::{Case, Reading};
use super::screen::SCREEN;
use super::{Issue, Severity, issue, phrases};
use crate::calendar::is_city;
use crate::copy::text::{fold, words};

/// Up to so many words of any kind.
const FEW: &str = "(?:[^ .!?\n]+ ){0,4}?";

/// What happens to a company that others hear of.
const EVENT: &str = "fund(?:ing|raise|raising)|investment|series [a-f]|acquisition|merger|ipo|\
     award|prize|medal|expansion|launch|rebrand|relaunch|podcast|webinar|keynote|interview|article|\
     blog|posts?|promotion|appointment|hires?|hiring|anniversary|partnership|press release|\
     (?:funding|seed|financing|investment) round|talk|panel|episode|newsletter|milestone|\
     nomination";

/// News of the company that its data does not tell: what machines invent to sound informed. `event`
/// is what the data would have to speak of.
static NEWS: LazyLock<Regex> = LazyLock::new(|| phrases::pattern(&news(), true));

fn news() -> String {
    let mask = super::reading::MASK;
    let you = format!("(?:your|the company's|{mask}'s)");
    let fresh = "recent|latest|newest|fresh|upcoming|new";
    let seen = "saw|read|noticed|heard|loved|enjoyed|watched|liked|spotted|came across|followed|\
                listened to|admired|caught";
    let published = "articles?|posts?|interviews?|podcasts?|talks?|webinars?|announcements?|news|\
                     keynotes?|episodes?|panels?|presentations?|speech|columns?|linkedin";
    let done = "raised|acquired|launched|announced|appointed|merged|secured|rebranded|took over|\
                hired an?|opened (?:a|your|the) (?:[a-z-]+ )?(?:office|site|branch|store|shop|\
                plant|warehouse|depot|clinic|school|hotel|showroom)";
    let patterns = [
        format!("{you} (?:{fresh}) (?:[a-z0-9-]+ ){{0,2}}(?P<e1>{EVENT})"),
        format!("{you} (?:[a-z0-9-]+ ){{0,2}}(?P<e2>promotion|appointment|funding round|award)"),
        "congrat(?:s|ulations)(?: to (?:[^ ]+ ){0,3}?[^ ]+)? on \
         (?P<e3>[^.!?,;\n]{3,60})"
            .to_string(),
        "congratulate (?:you|the team) (?:on|for) (?P<e4>[^.!?,;\n]{3,60})".to_string(),
        format!(
            "(?:i|we)(?:'ve)? (?:just |recently |also |really )?(?:{seen}) (?:about )?{you} \
             (?:[a-z0-9-]+ ){{0,3}}?(?P<e5>{published})"
        ),
        format!("since you (?:have )?(?:recently )?(?P<e6>{done})"),
        format!("now that you(?: have|'ve) (?:just |recently )?(?P<e7>{done})"),
        format!(
            "(?:you|{mask})(?: have|'ve| has)? (?:just|recently|only just) (?P<e8>{done})"
        ),
        "(?:since|after|upon|from) (?:being |having been )?(?:named|voted|crowned|shortlisted|\
         nominated|awarded|winning|recogni[sz]ed|ranked) (?P<e9>)"
            .to_string(),
        format!(
            "(?:you|{mask}|team|company|house)[^.!?\n]{{0,40}} (?:named|voted|crowned|awarded|\
             shortlisted for|nominated for|won|received|collected|took home) {FEW}\
             (?P<e10>of the year|awards?|prizes?|medals?|troph(?:y|ies))"
        ),
        format!(
            "(?:last|this) year's (?:[^ .!?\n]+ ){{0,5}}?(?P<e16>awards?|prizes?|medals?)|{you} \
             (?:[^ .!?\n]+ ){{0,3}}?(?P<e17>award|prize|medal)s?|(?P<e18>award|prize|medal)s? \
             (?:that )?you (?:won|received|collected|took)"
        ),
        // German, French, Spanish, Italian.
        "(?:herzlichen )?(?:glückwunsch|gratulation|gratuliere(?: ihnen)?) (?:zu|zum|zur) \
         (?:[^ .!?\n]+ ){0,2}?(?P<e11>\\p{L}{5,})"
            .to_string(),
        "(?:félicitations?|bravo) (?:pour|à l'occasion de) (?:[^ .!?\n]+ ){0,2}?(?P<e12>\\p{L}{4,})"
            .to_string(),
        "(?:felicitarles?|felicitaciones|enhorabuena|felicidades) por (?:[^ .!?\n]+ ){0,2}?\
         (?P<e13>\\p{L}{5,})"
            .to_string(),
        "complimenti per (?:[^ .!?\n]+ ){0,2}?(?P<e14>\\p{L}{5,})".to_string(),
        "(?:ihren?|votre|su|vuestro) (?:[^ .!?\n]+ ){0,2}?(?P<e15>beitrag auf linkedin|\
         linkedin-beitrag|publication sur linkedin|post linkedin|publicación en linkedin)"
            .to_string(),
    ];
    patterns.join("|")
}

/// The event in a longer phrase.
static HAPPENED: LazyLock<Regex> = LazyLock::new(|| phrases::pattern(EVENT, true));

/// How many events the pattern names.
const N_EVENTS: usize = 18;

/// A customer of ours that nobody named: one, with a place or a time or a likeness to the reader.
static PEER: LazyLock<Regex> = LazyLock::new(|| phrases::pattern(&peer(), true));

fn peer() -> String {
    let one = "(?:a|an|one|another)";
    let alike = "like (?:you|yours)|your size|in your (?:area|region|city|town|street|trade|\
                 country|valley)|(?:near|not far from) you|of your size|last (?:year|month|spring|\
                 summer|autumn|winter|quarter|week)|this (?:year|spring|summer|winter)|around the \
                 corner|next door|down the road|in (?:19|20)[0-9]{2}";
    let doing = "did|built|set up|put|made|installed|rolled out|delivered|introduced|implemented|\
                 solved|fixed|automated|connected";
    let result = "halved|cut|doubled|tripled|saved|reduced|slashed|grew|raised|won back|recovered|\
                  gained|eliminated|now \\p{L}+s";
    let patterns = [
        format!(
            "(?:we|our team)(?:'ve| have)? (?:recently |just |already )?(?:{doing}) \
             (?:[^ .!?\n]+ ){{0,4}}?for {one} [^.!?\n]{{3,60}}?(?:{alike})"
        ),
        format!(
            "(?:we|our team)(?:'ve| have)? (?:recently |just |already )?(?:helped|supported|\
             worked with) {one} [^.!?\n]{{3,60}}?(?:{alike})"
        ),
        "one of (?:our|your) (?:[a-z-]+ )?(?:clients|customers|users|partners|neighbou?rs|peers|\
         competitors|rivals),? [^.!?\n]{0,40}?(?:halved|cut|doubled|saved|reduced|made|put|did|\
         grew|raised|stopped|moved|switched|now|has|went|uses|used)"
            .to_string(),
        format!(
            "{one} (?:[^ .!?\n]+ ){{1,5}}(?:{result}) [^.!?\n]{{3,60}} (?:with us|with our|after \
             we|once we|using our|thanks to (?:us|our))"
        ),
    ];
    patterns.join("|")
}

/// The patterns of news and of peers: most texts have neither.
pub(super) fn patterns() -> Vec<(String, bool)> {
    vec![(news(), true), (peer(), true)]
}

/// The rule of this file.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let text = reading.folded.as_str();
    let has = |at: usize| reading.sifted.has(SCREEN.news + at, text);
    let told = has(0).then(|| {
        let mut all = NEWS.captures_iter(text);
        let news = all.find(|captures| !is_known(case, captures))?;
        Some(news.get(0)?.as_str())
    });
    if let Some(words) = told.flatten() {
        let hint = "the lead's data tells of no such thing: leave it out";
        let code = "invented_claim";
        issues.push(issue(code, Severity::Blocker, reading.step, words, hint));
        return;
    }
    let mut peers = has(1).then(|| PEER.find_iter(text)).into_iter().flatten();
    let peer = peers.find(|found| !is_claimed(case, found.as_str()));
    let peer = peer
        .map(|found| found.as_str())
        .or_else(|| peer_in_a_city(case, reading))
        .or_else(|| work_elsewhere(case, reading));
    if let Some(words) = peer {
        let hint = "tell of no customer that the brand's allowed claims do not name";
        let code = "invented_claim";
        issues.push(issue(code, Severity::Major, reading.step, words, hint));
    }
}

/// Whether the lead's data speaks of the event. A stem is enough: `funded` tells of a `funding`.
fn is_known(case: &Case<'_>, captures: &Captures<'_>) -> bool {
    let event = (1..=N_EVENTS).find_map(|n| captures.name(&format!("e{n}")));
    let event = event.map_or("", |event| event.as_str());
    let said = captures.get(0).map_or("", |said| said.as_str());
    if event.is_empty() {
        const HONOURS: [&str; 9] = [
            "award",
            "winn",
            "won ",
            "priz",
            "medal",
            "of the year",
            "voted",
            "shortlist",
            "rank",
        ];
        // A person called Winner has won nothing yet.
        let lead = case.lead;
        let told = fold(&format!("{} {}", lead.description, lead.insights));
        return HONOURS.iter().any(|stem| told.contains(stem));
    }
    let has_stem = |word: &str| {
        let stem: String = word.chars().take(4).collect();
        case.lead_data.contains(&stem)
    };
    // `the 40th anniversary` follows from a year of the data.
    let is_age = event == "anniversary" || words(said).any(|word| word == "years");
    let of_age = is_age && case.lead_data.contains(|c: char| c.is_ascii_digit());
    // `congratulations on the 92%`: a figure is judged as one.
    if words(event).any(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        return true;
    }
    // Of `your dairy award` the data has to tell of the award.
    if let Some(happened) = HAPPENED.find(event) {
        return of_age || has_stem(happened.as_str());
    }
    let mut content = words(event)
        .filter(|word| word.chars().count() >= 4)
        .peekable();
    of_age || (content.peek().is_some() && content.any(has_stem))
}

/// Whether an approved claim speaks of the same: half of the longer words of what is said.
pub(super) fn is_claimed(case: &Case<'_>, said: &str) -> bool {
    case.brand.claims.iter().any(|claim| {
        let claim = fold(&claim.text);
        let mut content = words(said).filter(|word| word.len() >= 5).peekable();
        let is_there = |word: &str| {
            let stem: String = word.chars().take(5).collect();
            claim.contains(&stem)
        };
        content.peek().is_some()
            && content.clone().filter(|w| is_there(w)).count() * 2 >= content.count()
    })
}

/// `A dental group in Leeds … with us`: one company at a place the data does not name, and us.
fn peer_in_a_city<'a>(case: &Case<'_>, reading: &'a Reading<'_>) -> Option<&'a str> {
    let mut sentences = reading
        .masked
        .lines()
        .flat_map(|line| line.split_inclusive(['.', '?', '!']));
    sentences.find(|sentence| {
        let all: Vec<&str> = words(sentence).collect();
        let ours = all
            .iter()
            .any(|word| matches!(fold(word).as_str(), "us" | "our" | "we" | "we've" | "ours"));
        ours && all.windows(2).enumerate().any(|(at, pair)| {
            let [place, city] = pair else { return false };
            let before = all.get(at.saturating_sub(5)..at).unwrap_or_default();
            let one = before
                .iter()
                .any(|word| matches!(fold(word).as_str(), "a" | "an" | "one" | "another"));
            *place == "in"
                && one
                && city.starts_with(char::is_uppercase)
                && !case.known.has(&fold(city))
                && is_city(city)
        })
    })
}

/// `Our work in the Aegean`: work of ours at a place or for somebody that nobody named.
fn work_elsewhere<'a>(case: &Case<'_>, reading: &'a Reading<'_>) -> Option<&'a str> {
    static WORK: LazyLock<Regex> = LazyLock::new(|| {
        let work = "work|projects?|pilots?|clients?|customers?|case stud(?:y|ies)|engagements?";
        let who = "(?:[a-z]+ ){0,5}?";
        phrases::pattern(
            &format!(
                "(?i:our (?:[a-z]+ )?(?:{work})) (?:with|at|in|for|of|on|along|around|across) {who}\
                 (?P<name>\\p{{Lu}}\\p{{Ll}}{{2,}})(?: (?P<next>\\p{{Ll}}+))?"
            ),
            true,
        )
    });
    if !reading.is_english || !reading.folded.contains("our ") {
        return None;
    }
    let mut all = WORK.captures_iter(&reading.masked);
    let found = all.find(|captures| {
        let part = |name| captures.name(name).map_or("", |part| part.as_str());
        let (name, next) = (fold(part("name")), part("next"));
        // `our work with Belgian growers` tells of many.
        let is_adjective = ["an", "ish", "ese", "ch", "ic"]
            .iter()
            .any(|end| name.ends_with(end))
            && next.ends_with('s')
            && !matches!(next, "is" | "was" | "has" | "shows");
        !case.known.has(&name) && !is_common(&name) && !is_adjective
    })?;
    found.get(0).map(|found| found.as_str())
}
