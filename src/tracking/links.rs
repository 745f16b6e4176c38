//! The links of a text, and the text as HTML.
//!
//! Invariant: the same text has the same links in the same order, so that the number of a link is
//! enough to find where it leads: whoever clicks is sent where the mail said, never where the
//! request says. The HTML has the words of the text and nothing else of it that a mail program
//! would act on.

use url::Url;

/// More links than this of one text are not counted: a number has one byte.
pub const LINKS_MAX: usize = 255;

/// Longer ones are left as words: no mail program would follow them.
const LINK_LEN_MAX: usize = 2_000;

/// Part of a text.
enum Piece<'a> {
    Words(&'a str),
    Link { shown: &'a str, url: Url },
}

/// The http and https links of a text, in order; the same one twice counts twice.
pub fn links(body: &str) -> Vec<Url> {
    let pieces = body.lines().flat_map(pieces);
    let urls = pieces.filter_map(|piece| match piece {
        Piece::Link { url, .. } => Some(url),
        Piece::Words(_) => None,
    });
    urls.take(LINKS_MAX).collect()
}

/// The text as HTML: its paragraphs, its line breaks, and its links, each leading where `leads`
/// says: it is asked with their numbers from 0 and what the text says. `pixel` is a picture that
/// nobody sees.
pub fn html(body: &str, leads: impl Fn(u8, &Url) -> Url, pixel: Option<&Url>) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html>\n<body>\n<p>");
    let mut numbers = (0..=u8::MAX).take(LINKS_MAX);
    let mut between = "";
    for line in body.trim_end().lines().skip_while(|line| is_blank(line)) {
        if is_blank(line) {
            between = "</p>\n<p>";
            continue;
        }
        page.push_str(between);
        between = "<br>\n";
        for piece in pieces(line) {
            match piece {
                Piece::Words(words) => push_words(&mut page, words),
                Piece::Link { shown, url } => match numbers.next() {
                    Some(n) => push_link(&mut page, shown, &leads(n, &url)),
                    None => push_words(&mut page, shown),
                },
            }
        }
    }
    page.push_str("</p>\n");
    if let Some(pixel) = pixel {
        page.push_str("<img src=\"");
        push_escaped(&mut page, pixel.as_str());
        page.push_str("\" width=\"1\" height=\"1\" alt=\"\">\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn push_link(page: &mut String, shown: &str, to: &Url) {
    page.push_str("<a href=\"");
    push_escaped(page, to.as_str());
    page.push_str("\">");
    push_escaped(page, shown);
    page.push_str("</a>");
}

/// Words of a line; spaces at its beginning and in rows are kept as the text shows them.
fn push_words(page: &mut String, words: &str) {
    let mut after_space = page.ends_with("<p>") || page.ends_with('\n');
    for c in words.chars() {
        match c {
            ' ' if after_space => page.push_str("&nbsp;"),
            '\t' => page.push_str("&nbsp; &nbsp; "),
            _ => push_escaped(page, c.encode_utf8(&mut [0; 4])),
        }
        after_space = c == ' ';
    }
}

fn push_escaped(page: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            _ => page.push(c),
        }
    }
}

/// A line as words and links; together they are the line.
fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut words_from, mut from) = (0, 0);
    while let Some(start) = next_scheme(line, from) {
        let shown = link_at(line.get(start..).unwrap_or_default());
        from = start + shown.len();
        if let Some(url) = parsed(shown) {
            let words = line.get(words_from..start).unwrap_or_default();
            pieces.extend([Piece::Words(words), Piece::Link { shown, url }]);
            words_from = from;
        }
    }
    pieces.push(Piece::Words(line.get(words_from..).unwrap_or_default()));
    pieces
}

/// Where the next `http://` or `https://` begins, at or after a place. One inside a word is none.
fn next_scheme(line: &str, from: usize) -> Option<usize> {
    let is_inside = |c: char| c.is_alphanumeric() || "+-._/".contains(c);
    let mut from = from;
    loop {
        let at = from + line.get(from..)?.find("://")?;
        let before = line.get(from..at)?;
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next()?;
        let start = at - word.len();
        let is_web = ["http", "https"]
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
        if is_web && !line.get(..start)?.ends_with(is_inside) {
            return Some(start);
        }
        from = at + 3;
    }
}

/// The link that a text begins with: up to a space, a quote or an angle bracket, without what ends
/// the sentence around it.
fn link_at(text: &str) -> &str {
    let is_end = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>\"`{}|\\^\u{201c}\u{201d}\u{201e}\u{ab}\u{bb}".contains(c)
    };
    let end = text.find(is_end).unwrap_or(text.len());
    let mut link = text.get(..end).unwrap_or_default();
    loop {
        let Some(last) = link.chars().next_back() else {
            return link;
        };
        let is_loose = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '\u{2019}' | '\u{2026}' => true,
            ')' => is_unopened(link, '(', ')'),
            ']' => is_unopened(link, '[', ']'),
            _ => false,
        };
        if !is_loose {
            return link;
        }
        link = link.get(..link.len() - last.len_utf8()).unwrap_or_default();
    }
}

/// Whether more brackets are closed than opened: the last one belongs to the sentence.
fn is_unopened(link: &str, open: char, close: char) -> bool {
    link.matches(close).count() > link.matches(open).count()
}

fn parsed(shown: &str) -> Option<Url> {
    if shown.len() > LINK_LEN_MAX {
        return None;
    }
    let url = Url::parse(shown).ok()?;
    // `https://bank.example@evil.example` leads elsewhere than it seems to.
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty());
    (is_plain && is_web).then_some(url)
}

#[cfg(test)]
mod tests;
