//! Which language a lead is written to, where the writer can.
//!
//! Purpose: a language for a country, and how a mail in a language begins.
//! Invariant: a country gets a language only if nearly everybody does business in it there; in
//! doubt it is English, which asks less of the reader than the wrong one of two.
//! This module does not know the lead; what people said of it goes before.

/// The language of business in a country (ISO 3166 alpha-2), in English; none where it is English
/// or where there are several.
pub fn of_country(code: &str) -> Option<&'static str> {
    let language = match code {
        "DE" | "AT" | "LI" => "German",
        "FR" | "MC" => "French",
        "ES" | "MX" | "AR" | "CO" | "CL" | "PE" | "EC" | "UY" | "PY" | "BO" | "VE" | "CR"
        | "GT" | "HN" | "NI" | "PA" | "SV" | "DO" => "Spanish",
        "PT" | "BR" => "Portuguese",
        "IT" | "SM" => "Italian",
        _ => return None,
    };
    Some(language)
}

/// How a mail in a language opens, as the prompt says it.
pub(super) fn greeting(language: &str) -> &'static str {
    let folded = language.trim().to_lowercase();
    let is = |names: &[&str]| names.iter().any(|name| folded == *name);
    if is(&["german", "deutsch", "de"]) {
        "`Hallo <first_name>,`"
    } else if is(&["french", "français", "francais", "fr"]) {
        "`Bonjour <first_name>,`"
    } else if is(&["spanish", "español", "espanol", "es"]) {
        "`Hola <first_name>,`"
    } else if is(&["portuguese", "português", "portugues", "pt"]) {
        "`Olá <first_name>,`"
    } else if is(&["italian", "italiano", "it"]) {
        "`Ciao <first_name>,`"
    } else {
        "`Hi <first_name>,`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, language: Option<&str>, opens: &str) {
        assert_eq!(of_country(code), language, "{code}");
        let greeting = greeting(of_country(code).unwrap_or_default());
        assert!(greeting.starts_with(&format!("`{opens} ")), "{greeting}");
    }

    #[test]
    fn one_language_where_there_is_one_and_english_elsewhere() {
        check("DE", Some("German"), "Hallo");
        check("BR", Some("Portuguese"), "Olá");
        check("MX", Some("Spanish"), "Hola");
        check("FR", Some("French"), "Bonjour");
        check("IT", Some("Italian"), "Ciao");
        for several in ["CH", "BE", "CA", "US", "IN", "SE", "", "de"] {
            check(several, None, "Hi");
        }
        assert_eq!(greeting(" Deutsch "), "`Hallo <first_name>,`");
    }
}
