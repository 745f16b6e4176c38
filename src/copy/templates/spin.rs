//! Alternatives inside a sentence: `{quiet|small} upgrades`.
//!
//! Purpose: turn such a text into a minijinja template that picks one alternative by a seed.
//! Invariant: what is inside `{{ … }}`, `{% … %}` and `{# … #}` stays as written; alternatives
//! nest.
//! This module does not know where seeds come from.

use std::iter::Peekable;
use std::str::Chars;

use anyhow::{bail, ensure};

use crate::copy::text::hash;

/// The template that picks among the alternatives of `source`. Each place of choice gets a number
/// of its own out of `name`, so that two places do not always choose alike.
pub(super) fn compile(name: &str, source: &str) -> anyhow::Result<String> {
    let mut compiler = Compiler {
        name,
        places: 0,
        chars: source.chars().peekable(),
    };
    let text = compiler.sequence(0)?;
    ensure!(compiler.chars.peek().is_none(), "found `}}` without `{{`");
    Ok(text)
}

struct Compiler<'a> {
    name: &'a str,
    places: u32,
    chars: Peekable<Chars<'a>>,
}

impl Compiler<'_> {
    /// Reads up to the end of the text, or of the alternative when `depth` is above 0.
    fn sequence(&mut self, depth: usize) -> anyhow::Result<String> {
        ensure!(depth <= 4, "expected alternatives at most 4 deep");
        let mut text = String::new();
        while let Some(&c) = self.chars.peek() {
            match c {
                '}' => break,
                '|' if depth > 0 => break,
                '{' => {
                    self.chars.next();
                    match self.chars.peek() {
                        Some(&mark @ ('{' | '%' | '#')) => self.verbatim(mark, &mut text)?,
                        _ => self.choice(depth, &mut text)?,
                    }
                }
                _ => {
                    text.push(c);
                    self.chars.next();
                }
            }
        }
        Ok(text)
    }

    /// Copies `{{ … }}` and its kin, whose first brace has been read.
    fn verbatim(&mut self, mark: char, text: &mut String) -> anyhow::Result<()> {
        let end = if mark == '{' { '}' } else { mark };
        text.push('{');
        text.extend(self.chars.next());
        while let Some(c) = self.chars.next() {
            text.push(c);
            if c == end && self.chars.peek() == Some(&'}') {
                text.extend(self.chars.next());
                return Ok(());
            }
        }
        bail!("expected `{end}}}` after `{{{mark}`, found the end of the text")
    }

    /// Turns `a|b|c}` into branches.
    fn choice(&mut self, depth: usize, text: &mut String) -> anyhow::Result<()> {
        self.places += 1;
        // 48 bits keep the number exact in every number type of the template language.
        let place = hash(&format!("{}#{}", self.name, self.places)) >> 16;
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence(depth + 1)?);
            match self.chars.next() {
                Some('|') => {}
                Some(_) => break,
                None => bail!("expected `}}` after `{{`, found the end of the text"),
            }
        }
        let count = branches.len();
        ensure!(
            count > 1,
            "expected `{{one|other}}`, found `{{{}}}`",
            branches.concat()
        );
        for (branch, number) in branches.iter().zip(0..) {
            let word = if number == 0 { "if" } else { "elif" };
            text.push_str(&format!(
                "{{% {word} pick({place}, {count}) == {number} %}}{branch}"
            ));
        }
        text.push_str("{% endif %}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_become_branches_and_the_rest_stays() {
        let out = compile("n", "A {x|y {{ z }}} b {{ {'k': 1}.k }} {# {a} #}").unwrap();
        assert_eq!(out.matches("pick(").count(), 2);
        assert!(out.starts_with("A {% if pick("), "{out}");
        assert!(
            out.contains("== 1 %}y {{ z }}{% endif %} b {{ {'k': 1}.k }} {# {a} #}"),
            "{out}"
        );
    }

    #[test]
    fn broken_alternatives_are_named() {
        for (source, expected) in [
            ("a } b", "without `{`"),
            ("a {b|c", "the end of the text"),
            ("a {b} c", "found `{b}`"),
            ("a {{ b", "after `{{`"),
            ("{a|{b|{c|{d|{e|f}}}}}", "4 deep"),
        ] {
            let error = format!("{:#}", compile("n", source).expect_err(source));
            assert!(error.contains(expected), "{source}: {error}");
        }
    }
}
