//! A page read by a real tokenizer of HTML, strictly: what browsers would mend is a complaint.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "link"];

/// An element with what it is in and what is in it.
#[derive(Debug)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The place of the element it stands in.
    pub parent: Option<usize>,
    /// All text within it, its white space as it is.
    pub text: String,
}

/// A page: its elements in the order in which they begin.
#[derive(Debug, Default)]
pub struct Page {
    /// The elements.
    pub elements: Vec<Element>,
    /// What is wrong with the markup.
    pub complaints: Vec<String>,
}

#[derive(Default)]
struct Reader {
    page: RefCell<Page>,
    open: RefCell<Vec<usize>>,
}

/// Reads a page.
pub fn parse(html: &str) -> Page {
    let tokenizer = Tokenizer::new(
        Reader::default(),
        TokenizerOpts {
            exact_errors: true,
            ..TokenizerOpts::default()
        },
    );
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let Reader { page, open } = tokenizer.sink;
    let mut page = page.into_inner();
    for at in open.into_inner() {
        let name = &page.elements[at].name;
        page.complaints.push(format!("`{name}` is never closed"));
    }
    page
}

impl Page {
    /// All elements of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        let elements = self.elements.iter();
        elements.filter(move |element| element.name == name)
    }

    /// The elements right within one.
    pub fn within(&self, parent: &Element) -> Vec<&Element> {
        let at = self.elements.iter().position(|e| std::ptr::eq(e, parent));
        let elements = self.elements.iter();
        elements.filter(|element| element.parent == at).collect()
    }
}

impl Element {
    /// An attribute, "" when it is not there.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl Reader {
    fn start(&self, tag: &Tag) -> TokenSinkResult<()> {
        let (mut page, mut open) = (self.page.borrow_mut(), self.open.borrow_mut());
        if tag.had_duplicate_attributes {
            page.complaints
                .push(format!("`{}` has an attribute twice", tag.name));
        }
        let attributes = tag.attrs.iter();
        let attributes = attributes.map(|a| (a.name.local.to_string(), a.value.to_string()));
        let element = Element {
            name: tag.name.to_string(),
            attributes: attributes.collect(),
            parent: open.last().copied(),
            text: String::new(),
        };
        let is_in_svg = open.iter().any(|at| page.elements[*at].name == "svg");
        let raw = match element.name.as_str() {
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" if !is_in_svg => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        };
        if !tag.self_closing && !VOID.contains(&element.name.as_str()) {
            open.push(page.elements.len());
        }
        page.elements.push(element);
        raw
    }

    fn end(&self, tag: &Tag) {
        let (mut page, mut open) = (self.page.borrow_mut(), self.open.borrow_mut());
        let innermost = open.pop().map(|at| page.elements[at].name.clone());
        if innermost.as_deref() != Some(&*tag.name) {
            let found = format!("expected the end of {innermost:?}, found `{}`", tag.name);
            page.complaints.push(found);
        }
    }
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => return self.start(&tag),
                TagKind::EndTag => self.end(&tag),
            },
            Token::CharacterTokens(text) => {
                let mut page = self.page.borrow_mut();
                for at in self.open.borrow().iter() {
                    page.elements[*at].text.push_str(&text);
                }
            }
            Token::ParseError(error) => {
                let complaint = format!("line {line}: {error}");
                self.page.borrow_mut().complaints.push(complaint);
            }
            Token::NullCharacterToken => {
                let complaint = format!("line {line}: a null character");
                self.page.borrow_mut().complaints.push(complaint);
            }
            Token::DoctypeToken(_) | Token::CommentToken(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

#[test]
fn what_a_browser_would_mend_is_a_complaint() {
    let check = |html: &str, expected: usize| {
        let found = parse(html).complaints;
        assert_eq!(found.len(), expected, "{html}: {found:?}");
    };
    check("<p class=\"a\">x</p>", 0);
    check("<p>x", 1);
    check("<p><b>x</p></b>", 2);
    check("<p id=\"a\" id=\"b\">x</p>", 2);
    check("<p title=\"a\"b\">x</p>", 2);
    check("<svg><rect x=\"1\"/></svg>", 0);
    check("<style>a>b{}</style>", 0);
}
