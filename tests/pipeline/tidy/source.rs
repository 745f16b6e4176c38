//! The files of the tree, and what of a Rust file is code.

use std::fs;
use std::path::Path;

/// A file of the tree.
#[derive(Clone)]
pub struct Source {
    /// Its path from the root of the tree, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A made-up file, for proving a rule.
    pub fn new(path: &str, text: &str) -> Source {
        Source {
            path: path.to_string(),
            text: text.to_string(),
        }
    }

    /// Whether the whole file is test code: `tests.rs` beside the module it tests, or under
    /// `tests/`.
    pub fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs")
    }

    /// The code: comments and literals blanked, lines kept where they are.
    pub fn code(&self) -> String {
        split_comments(&self.text).0
    }

    /// The comments: everything else blanked, lines kept where they are.
    pub fn comments(&self) -> String {
        split_comments(&self.text).1
    }

    /// The code that ships: [`Source::code`] with everything under `#[cfg(test)]` blanked.
    pub fn shipped(&self) -> String {
        if self.is_test() {
            String::new()
        } else {
            split_tests(&self.code()).0
        }
    }

    /// The code that only tests: the other half of [`Source::shipped`].
    pub fn tested(&self) -> String {
        let code = self.code();
        if self.is_test() {
            code
        } else {
            split_tests(&code).1
        }
    }
}

/// A file that must exist.
#[track_caller]
pub fn read(path: &str) -> Source {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    let text = text.unwrap_or_else(|err| panic!("`{path}`: {err}"));
    Source {
        path: path.to_string(),
        text,
    }
}

/// All files below a folder with an extension, by path; none when there is no such folder.
pub fn folder(name: &str, extension: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(entries) = fs::read_dir(root.join(name)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut files = Vec::new();
    for path in names.iter().map(|file| format!("{name}/{file}")) {
        if root.join(&path).is_dir() {
            files.extend(folder(&path, extension));
        } else if path.ends_with(&format!(".{extension}")) {
            files.push(read(&path));
        }
    }
    files
}

/// Code and comments apart: in the first half comments and literals are blanked, in the second all
/// but comments; newlines stay in both.
fn split_comments(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_in_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let is_comment = rest.starts_with("//") || rest.starts_with("/*");
        let n = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if is_comment => block_comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if !is_in_word => raw_string(rest).unwrap_or(0),
            '\'' => character(rest).unwrap_or(0),
            _ => 0,
        };
        let (piece, after) = rest.split_at(n.max(first.len_utf8()));
        let lines = piece.chars().filter(|c| *c == '\n');
        if n == 0 {
            code.push(first);
            comments.extend(lines);
        } else {
            // A blank keeps what stood on both sides apart.
            code.push(' ');
            code.extend(lines.clone());
            if is_comment {
                comments.push_str(piece)
            } else {
                comments.extend(lines)
            }
        }
        rest = after;
    }
    (code, comments)
}

/// The length of a block comment, those inside it included.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match (rest.starts_with(b"/*"), rest.starts_with(b"*/")) {
            (true, _) => (depth, at) = (depth + 1, at + 2),
            (_, true) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a string literal with escapes, quotes included.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string (`r"…"`, `br#"…"#`), if one begins here.
fn raw_string(text: &str) -> Option<usize> {
    let marks = text.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let n_hashes = marks.len() - marks.trim_start_matches('#').len();
    let inside = marks[n_hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(n_hashes));
    let n_inside = inside.find(&end)?;
    Some(text.len() - inside.len() + n_inside + end.len())
}

/// The length of a character literal, if this quote begins one and not a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let closing = match first {
        '\\' => chars.skip(1).find(|(_, c)| *c == '\''),
        _ => chars.next().filter(|(_, c)| *c == '\''),
    };
    closing.map(|(at, _)| at + 1)
}

/// Code apart into what ships and what is under `#[cfg(test)]`, lines kept where they are. It
/// relies on rustfmt: an item ends with a `;`, or with a `}` indented like its first line.
fn split_tests(code: &str) -> (String, String) {
    let (mut shipped, mut tested) = (String::new(), String::new());
    // The indentation of the test item we are in, and whether its own first line has come.
    let mut item: Option<(&str, bool)> = None;
    for line in code.lines() {
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        if item.is_none() && words.starts_with("#[cfg(test)]") {
            item = Some((indent, false));
        }
        let (ours, others) = if item.is_some() {
            (&mut tested, &mut shipped)
        } else {
            (&mut shipped, &mut tested)
        };
        ours.push_str(line);
        ours.push('\n');
        others.push('\n');
        if let Some((outer, has_begun)) = &mut item {
            let is_end = *outer == indent && *has_begun && words.starts_with('}');
            let is_whole = !*has_begun && words.ends_with([';', '}']) && !words.starts_with("#[");
            *has_begun |= !words.starts_with("#[") && !words.is_empty();
            if is_end || is_whole {
                item = None;
            }
        }
    }
    (shipped, tested)
}

mod tests {
    use super::*;

    #[test]
    fn code_literals_and_comments_are_told_apart() {
        let table = [
            ("a // b \"c\"\nd", "a  \nd", "// b \"c\"\n"),
            ("a /* b /* c\n*/ d */ e", "a  \n e", "/* b /* c\n*/ d */"),
            ("f(\"x // \\\" y\", z)", "f( , z)", ""),
            ("let s = r#\"a \" // b\"#;", "let s =  ;", ""),
            ("b\"x\" br\"y\" expr\"z\"", "b    expr ", ""),
            ("'\"' 'a 'static '\\'' b'\\n'", "  'a 'static   b ", ""),
            ("\"one\ntwo\" three // é", " \n three  ", "\n// é"),
        ];
        for (text, code, comments) in table {
            assert_eq!(
                split_comments(text),
                (code.to_string(), comments.to_string()),
                "{text}"
            );
        }
    }

    #[test]
    fn test_items_are_told_apart_and_lines_keep_their_numbers() {
        let text = "use a;\n#[cfg(test)]\nuse b;\nfn c() {\n}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    \
                    fn d() {\n    }\n}\nfn e() {}\n#[cfg(test)]\nmod tests;\nfn f() {}\n";
        let (shipped, tested) = split_tests(text);
        assert_eq!(shipped.lines().count(), text.lines().count());
        let words = |code: &str| code.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&shipped), "use a; fn c() { } fn e() {} fn f() {}");
        assert_eq!(
            words(&tested),
            "#[cfg(test)] use b; #[cfg(test)] #[allow(x)] mod tests { fn d() { } } \
             #[cfg(test)] mod tests;"
        );
    }
}
