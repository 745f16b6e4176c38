//! How long a file, a line and a function may be.

use super::source::Source;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_CHARS_MAX: usize = 100;

/// Everything in a file that is too long.
pub fn complaints(file: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let n_lines = file.text.lines().count();
    if n_lines > FILE_LINES_MAX {
        found.push(format!(
            "{}: {n_lines} lines, at most {FILE_LINES_MAX}",
            file.path
        ));
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        let n_chars = line.chars().count();
        // A single word (an address, a hash) cannot be broken.
        let is_one_word = line.trim_start_matches(['/', '!', ' ']).split(' ').count() == 1;
        if n_chars > LINE_CHARS_MAX && !is_one_word {
            let path = &file.path;
            found.push(format!(
                "{path}:{number}: {n_chars} characters, at most {LINE_CHARS_MAX}"
            ));
        }
    }
    found.extend(long_functions(file));
    found
}

/// Functions that ship and are too long, measured from `fn` to the closing brace, which rustfmt
/// puts below the line the function begins on.
fn long_functions(file: &Source) -> Vec<String> {
    let code = file.shipped();
    let mut found = Vec::new();
    let lines: Vec<&str> = code.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let closing = format!("{indent}}}");
        // A body on the line itself, or a declaration without one, has no brace of its own below.
        let below = if line.ends_with(['}', ';']) {
            None
        } else {
            Some(&lines[at..])
        };
        let end = below.and_then(|below| below.iter().position(|line| line.trim_end() == closing));
        let n_lines = end.map_or(1, |end| end + 1);
        if n_lines > FUNCTION_LINES_MAX {
            let place = format!("{}:{}", file.path, at + 1);
            found.push(format!(
                "{place}: `{name}` has {n_lines} lines, at most {FUNCTION_LINES_MAX}"
            ));
        }
    }
    found
}

/// The name of the function whose signature begins on a line.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start();
    for qualifier in [
        "pub(crate) ",
        "pub(super) ",
        "pub ",
        "const ",
        "async ",
        "unsafe ",
    ] {
        words = words.strip_prefix(qualifier).unwrap_or(words);
    }
    words.strip_prefix("fn ")?.split(['(', '<']).next()
}

mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(
            complaints(&Source::new("src/a.rs", text)),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_long_file_and_a_long_line_are_found() {
        check(&"x\n".repeat(500), &[]);
        check(&"x\n".repeat(501), &["src/a.rs: 501 lines, at most 500"]);
        check(&format!("// {} é\n", "y".repeat(95)), &[]);
        check(
            &format!("\n// {} é\n", "y".repeat(96)),
            &["src/a.rs:2: 101 characters, at most 100"],
        );
        check(&format!("    //! https://{}\n", "y".repeat(100)), &[]);
    }

    #[test]
    fn a_long_function_is_found_unless_it_is_a_test() {
        let function =
            |n: usize, name: &str| format!("fn {name}(\n) {{\n{}}}\n", "    x;\n".repeat(n));
        check(&function(67, "a"), &[]);
        check(
            &function(68, "b"),
            &["src/a.rs:1: `b` has 71 lines, at most 70"],
        );
        let indented = |text: &str| text.replace("\n", "\n    ");
        let method = format!(
            "impl A {{\n    pub async {}}}\n",
            indented(&function(68, "c"))
        );
        check(&method, &["src/a.rs:2: `c` has 71 lines, at most 70"]);
        let short =
            "trait T {\n    fn d(&self);\n    fn e() {}\n}\n".to_string() + &"x;\n".repeat(80);
        check(&short, &[]);
        let test = format!(
            "#[cfg(test)]\nmod tests {{\n    {}}}\n",
            indented(&function(90, "f"))
        );
        check(&test, &[]);
        // A brace in a literal ends nothing.
        let literal = format!(
            "fn g() {{\n    s(r\"\n}}\n\");\n{}}}\n",
            "    x;\n".repeat(70)
        );
        check(&literal, &["src/a.rs:1: `g` has 75 lines, at most 70"]);
    }
}
