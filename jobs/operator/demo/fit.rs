//! Text made to fit a column, by characters: the demo's names and words have no wider ones.

/// The text, shortened to a width. A long quotation in backticks gives way first, for the words
/// around it say what matters.
pub fn fit(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_string();
    }
    let over = length - width;
    let mut parts: Vec<String> = text.split('`').map(str::to_string).collect();
    let quoted = parts.iter_mut().skip(1).step_by(2);
    if let Some(quoted) = quoted.max_by_key(|part| part.chars().count()) {
        let kept = quoted.chars().count().saturating_sub(over + 1);
        if kept >= 12 {
            *quoted = cut(quoted, kept);
            return parts.join("`");
        }
    }
    // The closing quotation mark is kept: a quotation that is cut off is still one.
    match text.ends_with('”') {
        true => format!("{}”", cut(text, width.saturating_sub(2))),
        false => cut(text, width.saturating_sub(1)),
    }
}

/// The first characters, up to a word's end where one is near, and an ellipsis.
fn cut(text: &str, kept: usize) -> String {
    let start: String = text.chars().take(kept).collect();
    let whole_words = match start.rsplit_once(' ') {
        Some((words, half)) if half.chars().count() < 12 => words.to_string(),
        _ => start,
    };
    format!(
        "{}…",
        whole_words.trim_end_matches([' ', ',', ';', ':', '—', '–'])
    )
}

/// The text, filled with spaces up to a width.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(fit("Grüße aus Łódź", 14), "Grüße aus Łódź");
    }

    #[test]
    fn a_long_text_ends_at_a_word() {
        assert_eq!(fit("one two three four", 12), "one two…");
        assert_eq!(fit("“one two three four”", 14), "“one two…”");
    }

    #[test]
    fn a_long_quotation_gives_way_to_the_words_around_it() {
        assert_eq!(
            fit(
                "`Lang Optics People also ask What does it do` is no company",
                40
            ),
            "`Lang Optics People…` is no company"
        );
    }
}
