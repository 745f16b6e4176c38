//! How a text sounds, by the lead's Tone field.
//!
//! Purpose: the register of a tone, its greeting, and its contractions.
//! Invariant: only words that may always be contracted are, and never inside a fact of the lead.
//! This module does not know the parts of a template file.

/// The registers that template files may keep variants for. A tone of none of them hears the
/// brand's own voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    /// Friendly, Casual.
    Warm,
    /// Formal, Professional.
    Formal,
    /// Bold.
    Bold,
}

impl Register {
    /// The register of a tone as people write it.
    pub(super) fn parse(tone: &str) -> Option<Register> {
        match tone.trim().to_lowercase().as_str() {
            "friendly" | "casual" | "warm" => Some(Register::Warm),
            "formal" | "professional" => Some(Register::Formal),
            "bold" => Some(Register::Bold),
            _ => None,
        }
    }
}

/// The word before the name. `Dear` is kept for Formal alone; Professional is the tone of the
/// office, not of the letter.
pub(super) fn greeting(tone: &str) -> &'static str {
    match tone.trim().to_lowercase().as_str() {
        "formal" => "Dear",
        "professional" => "Hello",
        _ => "Hi",
    }
}

/// What is said and what is spoken. None of them can end a clause, where a contraction would be
/// wrong (`that is where it's` …).
const SPOKEN: [(&str, &str); 13] = [
    ("I would ", "I'd "),
    ("I will ", "I'll "),
    ("I have been ", "I've been "),
    ("do not ", "don't "),
    ("does not ", "doesn't "),
    ("did not ", "didn't "),
    ("will not ", "won't "),
    ("would not ", "wouldn't "),
    ("is not ", "isn't "),
    ("are not ", "aren't "),
    ("cannot ", "can't "),
    ("let us ", "let's "),
    ("Let us ", "Let's "),
];

/// The source of a template in spoken language; what stands in `{{ … }}` or `{% … %}` stays.
pub(super) fn spoken(source: &str) -> String {
    let mut spoken = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (plain, code) = rest.split_at(at);
        let close = if code.starts_with("{{") { "}}" } else { "%}" };
        let end = code.find(close).map_or(code.len(), |end| end + close.len());
        let (code, after) = code.split_at(end);
        spoken.push_str(&contract(plain));
        spoken.push_str(code);
        rest = after;
    }
    spoken.push_str(&contract(rest));
    spoken
}

fn contract(plain: &str) -> String {
    let mut text = plain.to_string();
    for (long, short) in SPOKEN {
        let starts = text.match_indices(long).map(|(at, _)| at);
        let whole = starts.filter(|at| {
            let before = text.get(..*at).unwrap_or_default().chars().next_back();
            !before.is_some_and(char::is_alphanumeric)
        });
        let mut places: Vec<usize> = whole.collect();
        places.reverse();
        for at in places {
            text.replace_range(at..at + long.len(), short);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spoken_is_contracted_and_facts_are_not() {
        for (source, expected) in [
            ("I would be glad, I will not.", "I'd be glad, I'll not."),
            ("{We|They} do not add", "{We|They} don't add"),
            ("undo not a thing", "undo not a thing"),
            (
                "that is not so {{ do not touch }} let us go",
                "that isn't so {{ do not touch }} let's go",
            ),
            ("{% if do not %}I would {{ x", "{% if do not %}I'd {{ x"),
            ("as I would.", "as I would."),
        ] {
            assert_eq!(spoken(source), expected, "{source}");
        }
    }

    #[test]
    fn tones_have_registers_and_greetings() {
        for (tone, register, word) in [
            (" Bold ", Some(Register::Bold), "Hi"),
            ("casual", Some(Register::Warm), "Hi"),
            ("FORMAL", Some(Register::Formal), "Dear"),
            ("Professional", Some(Register::Formal), "Hello"),
            ("{{ tone }}", None, "Hi"),
            ("", None, "Hi"),
        ] {
            assert_eq!(
                (Register::parse(tone), greeting(tone)),
                (register, word),
                "{tone}"
            );
        }
    }
}
