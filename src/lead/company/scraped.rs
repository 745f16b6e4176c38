//! What is scraped instead of a company's name: pieces of result pages, profiles and menus.
//!
//! Narrower than [`crate::lead::debris`], which also judges descriptions: there `learn more` and
//! `500+ employees` are honest words, in a name they are not.

use std::sync::LazyLock;

use regex::Regex;

/// Whole names that are the entries of a menu or the titles of pages every site has.
const PAGES: &[&str] = &[
    "home",
    "homepage",
    "home page",
    "about",
    "about us",
    "contact",
    "contact us",
    "search",
    "log in",
    "login",
    "sign in",
    "sign up",
    "menu",
    "images",
    "learn more",
    "read more",
    "see more",
    "show more",
    "privacy policy",
    "skip to content",
    "skip to main content",
    "terms of service",
    "terms of use",
    "untitled",
    "untitled page",
];

/// Words that only result pages and profiles put into a name. The last alternatives name sites
/// behind a dash: `Quill - Wikipedia`.
const PIECES: &str = r"(?ix)
    \b(?:learn|read|see|show|view)\ (?:more|all|profile)\W*(?:next)?$
  | \b\d[\d,.]*[km]?\+?\ (?:connections|followers|employees|results|reviews|likes|jobs)\b
  | ^(?:search\ results|results\ for|showing\ \d|images\ for|videos\ for|welcome\ to)\b
  | ^(?:about|contact)\ us\ [-–—|:·]
  | ^(?:jobs|careers|working)\ at\ | \bnear\ me$ | \bhome\ ?page$ | \bgoogle\ search\b
  | ^(?:top|best)\ \d+\b | ^\d+\ best\b | ^https?\W | ^www\W | \bon\ linkedin$
  | [-–—:·]\ ?(?:linkedin|wikipedia|crunchbase|facebook|instagram|glassdoor|indeed|zoominfo
        |rocketreach|yelp|bloomberg|twitter|youtube|xing|trustpilot|pitchbook|owler|kununu)\b
";

static PIECE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PIECES).ok());

/// First words of a sentence about oneself.
const BEGINNINGS: [&str; 9] = [
    "we are ",
    "we're ",
    "we help ",
    "we provide ",
    "we offer ",
    "i am ",
    "i'm ",
    "our mission ",
    "our company ",
];

/// So many words make such a beginning a sentence; `We Are Feather` may be a name.
const SENTENCE_WORDS_MIN: usize = 5;

/// What a line is instead of a company's name, if anything: the end of the sentence "it is …".
pub(super) fn what(line: &str) -> Option<&'static str> {
    let lower = line.to_lowercase();
    let is_sentence = BEGINNINGS.iter().any(|begin| lower.starts_with(begin))
        && lower.split(' ').count() >= SENTENCE_WORDS_MIN;
    if PAGES.contains(&lower.as_str()) {
        Some("the title of a page")
    } else if is_sentence {
        Some("a sentence")
    } else if PIECE.as_ref().is_some_and(|piece| piece.is_match(line)) {
        Some("a piece of a page of search results")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scraped_pieces_are_told_from_names() {
        // A pattern that does not compile would let everything pass.
        assert!(PIECE.is_some());
        for piece in [
            "Quill Learn more",
            "Quill · Learn more Next",
            "Quill · 500+ connections",
            "Quill - 1,234 followers",
            "Quill 12k followers",
            "Quill on LinkedIn",
            "Quill - Wikipedia",
            "Quill – Crunchbase Company Profile & Funding",
            "Quill: Glassdoor",
            "Search results for Quill",
            "Images for Quill",
            "Welcome to Quill",
            "Contact Us - Quill",
            "Jobs at Quill",
            "Pen makers near me",
            "10 best pens",
            "Top 10 pen makers",
            "http//quill.example",
            "www quill example",
            "Quill Home Page",
        ] {
            assert_eq!(
                what(piece),
                Some("a piece of a page of search results"),
                "{piece}"
            );
        }
        for page in ["Home", "ABOUT US", "Learn more", "Skip to main content"] {
            assert_eq!(what(page), Some("the title of a page"), "{page}");
        }
        let sentence = "We are a leading provider of pens.";
        assert_eq!(what(sentence), Some("a sentence"));
        for name in [
            "LinkedIn",
            "Facebook Ireland Ltd",
            "We Are Feather",
            "Learn More Academy",
            "Home Instead",
            "Contact Energy",
            "Next plc",
            "Quill - Hamburg",
            "7-Eleven",
            "Top Hat Pens",
            "Glassdoor, Inc.",
            "Search Laboratory",
            "Best Western",
            "1-800 Feathers",
        ] {
            assert_eq!(what(name), None, "{name}");
        }
    }
}
