//! The subject of a thread without what mail programs put before it.

/// Prefixes of answers and forwards, as programs of several languages write them, lower case.
const PREFIXES: [&str; 24] = [
    "re", "aw", "antw", "sv", "vs", "rv", "ref", "odp", "ynt", "res", "rif", "r", "fw", "fwd",
    "wg", "tr", "enc", "i", "vl", "doorst", "antwort", "réf", "回复", "答复",
];

/// The subject without leading `Re:`, `AW:`, `Fwd:` and their like, numbered ones (`Re[2]:`)
/// included.
pub fn bare_subject(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((prefix, after)) = rest.split_once([':', '：']) {
        let word = prefix.trim().to_lowercase();
        let word = word
            .trim_end_matches(|c: char| matches!(c, '[' | ']' | '(' | ')') || c.is_ascii_digit());
        if !PREFIXES.contains(&word) {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &str, expected: &str) {
        assert_eq!(bare_subject(subject), expected, "{subject}");
    }

    #[test]
    fn prefixes_of_answers_go_and_nothing_else_does() {
        check(
            "Re: Is Wanderlicht still ahead?",
            "Is Wanderlicht still ahead?",
        );
        check("AW: Re: Freight", "Freight");
        check("RE[2]: Freight", "Freight");
        check("Antw: WG: Freight: what next", "Freight: what next");
        check("Freight: what next", "Freight: what next");
        check("Re:", "");
        check("  Report: Q3 ", "Report: Q3");
        check("", "");
    }
}
