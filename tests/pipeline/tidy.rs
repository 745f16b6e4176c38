//! The rules of the tree that neither compiler nor clippy knows, as ordinary tests.
//!
//! One file per family of rules: each is a plain function from text to complaints, proven by texts
//! that break it, and then held against the whole tree here. A complaint names file and line, what
//! was expected and what was found.

mod imports;
mod limits;
mod readme;
mod source;
mod words;

use source::{Source, folder};

#[track_caller]
fn assert_none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

/// The library and the binary.
fn product() -> Vec<Source> {
    [folder("src", "rs"), folder("jobs", "rs")].concat()
}

#[test]
fn the_core_is_pure_and_no_adapter_knows_another() {
    let order = imports::declared(&source::read("src/lib.rs"));
    assert_none(
        folder("src", "rs")
            .iter()
            .flat_map(|file| imports::of_library(file, &order)),
    );
}

#[test]
fn stages_meet_only_in_the_ledger() {
    let files = folder("jobs", "rs");
    assert_none(files.iter().flat_map(imports::of_binary));
}

#[test]
fn files_lines_and_functions_stay_small() {
    assert_none(product().iter().flat_map(limits::complaints));
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    assert_none(product().iter().filter_map(words::without_header));
    let migrations = folder("migrations", "sql");
    assert!(
        !migrations.is_empty(),
        "expected migrations/*.sql, found none"
    );
    assert_none(migrations.iter().filter_map(words::without_reason));
}

#[test]
fn nothing_is_left_for_later() {
    let others = [
        ("migrations", "sql"),
        ("systemd", "service"),
        ("systemd", "timer"),
    ];
    let others = others
        .into_iter()
        .flat_map(|(name, extension)| folder(name, extension));
    let code = product()
        .into_iter()
        .chain(folder("tests", "rs"))
        .chain(others);
    assert_none(code.flat_map(|file| words::left_for_later(&file)));
}

#[test]
fn tests_never_sleep_and_are_never_skipped() {
    let files = [product(), folder("tests", "rs")].concat();
    assert_none(files.iter().flat_map(words::untrustworthy_tests));
}

#[test]
fn the_readme_names_every_command() {
    assert_none(readme::unnamed_commands(
        &source::read("README.md").text,
        &readme::commands(),
    ));
}

#[test]
fn the_readme_names_every_variable() {
    assert_none(readme::unnamed_variables(
        &source::read("README.md").text,
        &readme::variables(),
    ));
}

#[test]
fn the_readme_explains_every_exit_code() {
    assert_none(readme::unexplained_codes(&source::read("README.md").text));
}
