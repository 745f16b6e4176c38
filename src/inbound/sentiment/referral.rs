//! Whom an answer names in the writer's place.
//!
//! Purpose: a name and an address, as far as the words give them. Invariant: neither the writer's
//! own address nor one of ours is ever taken for somebody else's.

use std::sync::LazyLock;

use regex::Regex;

use super::super::kind::Referral;
use crate::words::folding::{cut, fold, one_line, pattern};

/// The longest name that is kept, in characters.
const NAME_CHARS_MAX: usize = 80;

/// The person named in a reply's own words; `copied` are the addresses in copy, and `known` those
/// that are nobody new.
pub(in super::super) fn named(text: &str, copied: &[String], known: &[String]) -> Referral {
    let name = name_in(text);
    let written = addresses_in(text).find(|address| !known.contains(address));
    let address = written.or_else(|| {
        let first = fold(&name);
        let first = first.split(' ').next().filter(|word| word.len() > 1)?;
        let fits = |address: &&String| address.contains(first) && !known.contains(address);
        copied.iter().find(fits).cloned()
    });
    Referral { name, address }
}

/// The addresses in a text, lower case.
fn addresses_in(text: &str) -> impl Iterator<Item = String> + '_ {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200})\.[A-Za-z]{2,24}")
    });
    let found = ADDRESS.find_iter(cut(text, 8_000)).take(10);
    found.map(|address| {
        address
            .as_str()
            .trim_matches(['.', '\'', '-'])
            .to_lowercase()
    })
}

/// The capitalised words after "contact", "copied", "wenden Sie sich an" and their like.
fn name_in(text: &str) -> String {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?:{INTRODUCTIONS})[ \n]+(?:{BETWEEN})*(?P<name>{ONE_NAME}(?:[ \n]{ONE_NAME}){{0,3}})"
        ))
    });
    static HANDLES: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?P<name>{ONE_NAME}(?: {ONE_NAME}){{0,2}}){} (?:{HANDLES_IT})",
            r"(?: \([^)]{0,60}\)|,[^.,]{0,60},)?"
        ))
    });
    let text = cut(text, 8_000);
    let found = NAME.captures(text).or_else(|| HANDLES.captures(text));
    let name = found.and_then(|found| found.name("name"));
    let name = name.map_or("", |name| name.as_str());
    let is_name = !NO_NAMES.contains(&name.split(' ').next().unwrap_or_default());
    let name = if is_name { name } else { "" };
    one_line(name.trim_end_matches(['.', '-', '\'']), NAME_CHARS_MAX)
}

const ONE_NAME: &str = r"\p{Lu}[\p{L}\p{M}'’-]*";
/// What may stand between the introduction and the name: titles and roles.
const BETWEEN: &str = concat!(
    r"(?:Mr|Mrs|Ms|Dr|Herrn?|Frau|M|Mme|Monsieur|Madame|Sr|Sra|Sig|Dott|Dhr|Mevr|Prof)\.?[ \n]+|",
    r"(?:directly|to|with|our|my|the|a|an|in|at|of|for|who|is|director|manager|head|lead|new|",
    r"colleague|boss|coworker|partner|assistant|team|mail|email|on|it|that|your|ihnen|",
    r"unsere?[nm]?|",
    r"meine?[nm]?|den|die|der|bitte|kollegen|kollegin|chef|mon|ma|notre|le|la|collegue|collègue|",
    r"mi|el|",
    r"nuestr[oa]|companer[oa]|compañer[oa]|mio|mia|nostr[oa]|il|collega|mijn|onze|de|het|meu|",
    r"minha|",
    r"o|a|colega)[ \n,]+|",
    r"(?:Kollegen|Kollegin|Kollege|Chef|Chefin|Leiter|Leiterin|Geschäftsführer|Einkauf)[ \n,]+|",
    r"(?:IT|HR|CEO|CTO|CFO|COO|CMO|VP|Head|Director|Sales|Marketing|Operations|Procurement)[ \n,]+"
);
const INTRODUCTIONS: &str = concat!(
    r"(?i:contact|reach out to|reach|speak (?:to|with)|talk (?:to|with)|write to|email|e-mail|ask|",
    r"get in touch with|connect (?:you )?with|direct (?:this|your \w+|it) to|try|copied|copying|",
    r"cc'?e?d|cc'?ing|in cc|on copy|in copy|looped in|looping in|loop in|adding|added|",
    r"introduc(?:e|ing)|",
    r"forwarded (?:this|it|your \w+|you)(?: on| along)? to|passed (?:this|it|your \w+)(?: on|",
    r" along)? to|",
    r"forwarding (?:this|it|your \w+) to|passing (?:this|it|your \w+)(?: on| along)? to|",
    r"right person is|person to (?:talk|speak) to is|in charge is|responsible is|",
    r"wenden sie sich(?: bitte| direkt)* an|kontaktieren sie|schreiben sie|sprechen sie|",
    r"zuständig ist|ansprechpartner(?:in)? ist|weitergeleitet an|leite\b.{0,30} an|",
    r"contactez|adressez-vous à|voyez avec|écrivez à|transmis à|transfère à|copie|",
    r"contacte (?:con|a)|contactar (?:con|a)|hable con|hablar con|escriba a|diríjase a|copio a|",
    r"reenviado a|contatti|contattare|contattate|scriva a|si rivolga a|parlare con|inoltrato a|",
    r"copia|",
    r"contact op met|contacteer|mail naar|doorgestuurd (?:naar|aan)|spreken met|",
    r"fale com|falar com|contate|contacte|entre em contato com|encaminhei (?:para|a|ao|à))"
);
const HANDLES_IT: &str = concat!(
    r"handles|is (?:responsible|in charge|the (?:right|best|one|person))|takes care|looks after|",
    r"would be|will be|manages|runs|leads|who handles|can help|took over|is now|has taken|",
    r"ist (?:zuständig|dafür|hierfür|verantwortlich)|kümmert sich|übernimmt|s'occupe|",
    r"est (?:en charge|responsable)|se encarga|es (?:el|la) responsable|si occupa|è (?:il|",
    r"la) responsabile|",
    r"gaat (?:hierover|daarover)|is verantwoordelijk|é (?:o|a) responsável|cuida"
);
/// Capitalised words that begin sentences and name nobody.
const NO_NAMES: [&str; 26] = [
    "I", "The", "Our", "My", "He", "She", "They", "It", "This", "That", "We", "You", "Who",
    "There", "Please", "Sie", "Er", "Ihnen", "Das", "Il", "Elle", "El", "Ella", "Thanks", "Re",
    "Me",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, address: &str) {
        let copied = vec!["maria.rossi@lead.example".to_string()];
        let known = vec![
            "bob@lead.example".to_string(),
            "ada@ourco.example".to_string(),
        ];
        let found = named(text, &copied, &known);
        assert_eq!(
            (found.name.as_str(), found.address.as_deref().unwrap_or("")),
            (name, address),
            "{text}"
        );
    }

    #[test]
    fn the_person_named_is_found_with_the_address() {
        check(
            "Please contact Jane Doe at Jane.Doe@Lead.example.",
            "Jane Doe",
            "jane.doe@lead.example",
        );
        check(
            "I've copied Maria, who handles this.",
            "Maria",
            "maria.rossi@lead.example",
        );
        check("Talk to our head of IT, Tom Hanks", "Tom Hanks", "");
        check(
            "Bitte wenden Sie sich an meine Kollegin Frau Müller (mueller@lead.example).",
            "Müller",
            "mueller@lead.example",
        );
        check("Contactez mon collègue Luc Besson", "Luc Besson", "");
        check("Hable con Ana García", "Ana García", "");
        check("Carol Smith is responsible for this.", "Carol Smith", "");
        check("Write to me at bob@lead.example", "", "");
        check("I am not the right person.", "", "");
        check("Try info@lead.example", "", "info@lead.example");
    }
}
