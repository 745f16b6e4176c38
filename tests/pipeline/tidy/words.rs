//! Words that must be there, and words that must not.

use super::source::Source;

/// A Rust file whose first line is not a module header, or whose header says next to nothing.
pub fn without_header(file: &Source) -> Option<String> {
    let header = file.text.lines().take_while(|line| line.starts_with("//!"));
    // A test file beside its module is explained by the module.
    let n_words_min = if file.is_test() { 0 } else { 4 };
    let n_words = header.flat_map(|line| line[3..].split_whitespace()).count();
    let has_one = file.is_test() || file.text.starts_with("//!");
    (n_words < n_words_min || !has_one).then(|| {
        format!(
            "{}:1: expected a header (`//!`) saying what the file is for",
            file.path
        )
    })
}

/// A migration that does not open with why it exists.
pub fn without_reason(file: &Source) -> Option<String> {
    let comment = file.text.lines().take_while(|line| line.starts_with("--"));
    let n_words = comment
        .flat_map(|line| line[2..].split_whitespace())
        .count();
    (n_words < 5).then(|| format!("{}:1: expected a comment (`--`) saying why", file.path))
}

/// Half-done work: a macro that says so in code, a word that says so in a comment (a literal may
/// hold any of them: the quality gate looks for such leftovers). The words are put together here so
/// that this file does not contain them.
pub fn left_for_later(file: &Source) -> Vec<String> {
    let is_rust = file.path.ends_with(".rs");
    let comments = if is_rust {
        file.comments()
    } else {
        file.text.clone()
    };
    let macros = [
        concat!("to", "do!"),
        concat!("unimpl", "emented!"),
        concat!("dbg", "!"),
    ];
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("for", " now"),
    ];
    let mut found = Vec::new();
    for (text, banned) in [(file.code(), &macros[..]), (comments, &words[..])] {
        for (number, line) in (1..).zip(text.lines()) {
            let banned = banned.iter().filter(|word| has_word(line, word));
            found.extend(
                banned
                    .map(|word| format!("{}:{number}: `{word}`: finish it or drop it", file.path)),
            );
        }
    }
    found
}

/// Tests that wait for the clock instead of a condition, or that nobody runs.
pub fn untrustworthy_tests(file: &Source) -> Vec<String> {
    let code = file.tested();
    let lines = (1..).zip(code.lines());
    let found = lines.filter_map(|(number, line)| {
        if line.contains(concat!("#[", "ignore")) {
            Some((number, "a test that does not run proves nothing"))
        } else if has_word(line, "sleep(") {
            Some((number, "wait on a condition with a deadline"))
        } else {
            None
        }
    });
    found
        .map(|(number, why)| format!("{}:{number}: {why}", file.path))
        .collect()
}

/// Whether a text stands in a line as a word, not as a part of one.
fn has_word(line: &str, word: &str) -> bool {
    // In backticks or quotes it is spoken about, not said.
    let is_inside = |c: char| c.is_alphanumeric() || "_`\"".contains(c);
    line.match_indices(word).any(|(at, _)| {
        let is_open = word.ends_with(['!', '(']) || !line[at + word.len()..].starts_with(is_inside);
        is_open && !line[..at].ends_with(is_inside)
    })
}

mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_header_is_found() {
        let check = |path: &str, text: &str| without_header(&Source::new(path, text));
        assert_eq!(check("src/a.rs", "//! What this file is for.\n"), None);
        assert_eq!(check("src/a/tests.rs", "use super::*;\n"), None);
        let complaint = "src/a.rs:1: expected a header (`//!`) saying what the file is for";
        for text in [
            "",
            "use b;\n//! Too late to be one.\n",
            "//! a\n",
            "/// About the item.\nfn f() {}",
        ] {
            assert_eq!(
                check("src/a.rs", text).as_deref(),
                Some(complaint),
                "{text}"
            );
        }
    }

    #[test]
    fn a_migration_without_a_reason_is_found() {
        let check = |text: &str| without_reason(&Source::new("migrations/2.sql", text));
        assert_eq!(
            check("-- Queue look-ups by due date took seconds.\nCREATE INDEX a;"),
            None
        );
        let complaint = "migrations/2.sql:1: expected a comment (`--`) saying why";
        for text in [
            "",
            "CREATE INDEX a;",
            "-- index\nCREATE INDEX a; -- it was slow without one",
        ] {
            assert_eq!(check(text).as_deref(), Some(complaint), "{text}");
        }
    }

    #[test]
    fn half_done_work_is_found() {
        let check = |text: &str| left_for_later(&Source::new("src/a.rs", text)).join(" ");
        let later = concat!("for", " now");
        let kept = format!(
            "// What holds {later}here else, a `{later}` in quotes, my_{}s!\nlet a = \"{} {later}\";",
            concat!("to", "do"),
            concat!("TO", "DO")
        );
        assert_eq!(check(&kept), "");
        let text = format!("\n{}(\"x\");", concat!("to", "do!"));
        assert_eq!(
            check(&text),
            concat!("src/a.rs:2: `to", "do!`: finish it or drop it")
        );
        let text = format!("f(); // Good enough {later}.");
        assert_eq!(
            check(&text),
            format!("src/a.rs:1: `{later}`: finish it or drop it")
        );
        assert!(check(concat!("let x = dbg", "!(y);")).starts_with("src/a.rs:1: "));
        let sql = Source::new("migrations/1.sql", concat!("SELECT 1; -- FIX", "ME"));
        assert_eq!(left_for_later(&sql).len(), 1);
    }

    #[test]
    fn a_test_that_sleeps_or_rests_is_found() {
        let check =
            |path: &str, text: &str| untrustworthy_tests(&Source::new(path, text)).join(" ");
        let sleeping = "fn f() {\n    thread::sleep(x);\n}\n";
        assert_eq!(check("src/a.rs", sleeping), "", "an adapter may wait");
        let complaint = "tests/a.rs:2: wait on a condition with a deadline";
        assert_eq!(check("tests/a.rs", sleeping), complaint);
        let inside = "#[cfg(test)]\nmod tests {\n    fn f() { sleep(x).await }\n}\n";
        assert_eq!(
            check("src/a.rs", inside),
            "src/a.rs:3: wait on a condition with a deadline"
        );
        let resting = format!("#[test]\n{}]\nfn f() {{}}\n", concat!("#[", "ignore"));
        assert_eq!(
            check("tests/a.rs", &resting),
            "tests/a.rs:2: a test that does not run proves nothing"
        );
        assert_eq!(
            check("tests/a.rs", "// sleep(x)\nnap.asleep();\ns(\"sleep(1)\");"),
            ""
        );
    }
}
