//! Which source counts, and what a source that cannot be used says.

use std::ffi::OsString;

use super::super::sources::{ENV_FILE_BYTES_MAX, SECRET_BYTES_MAX, Sources, default_env_file};
use super::super::variables;

fn find(sources: &Sources, name: &str) -> String {
    match sources.find(variables::find(name).unwrap()) {
        Ok(Some(found)) => format!("{} from {}", found.text, found.origin),
        Ok(None) => "unset".to_string(),
        Err(problem) => problem.to_string(),
    }
}

#[track_caller]
fn check(text: &str, vars: &[(&str, &str)], name: &str, expected: &str) {
    assert_eq!(
        find(&Sources::of_text(text, vars), name),
        expected,
        "{text:?} {vars:?}"
    );
}

#[test]
fn the_environment_goes_before_the_file_and_empty_means_unset() {
    check("", &[], "SMTP_PORT", "unset");
    check("\nSMTP_PORT=1", &[], "SMTP_PORT", "1 from .env:2");
    check(
        "SMTP_PORT=1",
        &[("SMTP_PORT", "2")],
        "SMTP_PORT",
        "2 from environment",
    );
    check(
        "SMTP_PORT=1",
        &[("SMTP_PORT", "")],
        "SMTP_PORT",
        "1 from .env:1",
    );
    check(
        "SMTP_PORT=' '",
        &[("SMTP_PORT", "\t")],
        "SMTP_PORT",
        "unset",
    );
    check(
        "",
        &[("SMTP_PORT", " 2\n")],
        "SMTP_PORT",
        "2 from environment",
    );
    check(
        "SMTP_PASSWORD=' a b '",
        &[],
        "SMTP_PASSWORD",
        " a b  from .env:1",
    );
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    write("good", b"pass word\r\n");
    write("empty", b"\n");
    write("latin1", b"p\xe4ss");
    write(
        "huge",
        &vec![b'x'; usize::try_from(SECRET_BYTES_MAX).unwrap() + 1],
    );
    let found = |name: &str| {
        find(
            &Sources::only([("SMTP_PASSWORD_FILE", path(name))]),
            "SMTP_PASSWORD",
        )
    };
    let place = "SMTP_PASSWORD_FILE (environment)";
    assert_eq!(
        found("good"),
        format!("pass word from file {}", path("good"))
    );
    assert_eq!(
        found("empty"),
        format!(
            "{place}: expected a secret in `{}`, found nothing",
            path("empty")
        )
    );
    assert_eq!(
        found("latin1"),
        format!(
            "{place}: expected UTF-8 text in `{}`, found other bytes",
            path("latin1")
        )
    );
    assert_eq!(
        found("huge"),
        format!(
            "{place}: expected at most 65536 bytes in `{}`, found more",
            path("huge")
        )
    );
    let missing = found("missing");
    assert!(
        missing.starts_with(&format!("{place}: cannot read `")),
        "{missing}"
    );
    assert!(found("").starts_with(&format!("{place}: cannot read `")));
}

#[test]
fn a_secret_and_its_file_are_not_both_taken() {
    let vars = [
        ("IMAP_PASSWORD_FILE", "/nowhere"),
        ("IMAP_PORT_FILE", "/nowhere"),
    ];
    check(
        "IMAP_PASSWORD=hunter2",
        &vars,
        "IMAP_PASSWORD",
        "IMAP_PASSWORD (.env:1): expected either IMAP_PASSWORD or IMAP_PASSWORD_FILE, found \
         both (IMAP_PASSWORD_FILE is from environment); remove one",
    );
    check("", &vars, "IMAP_PORT", "unset");
}

#[test]
fn credentials_serve_secrets_only_and_come_last() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("SMTP_PASSWORD", "one\n"),
        ("SMTP_PORT", "1"),
        ("IMAP_PASSWORD", ""),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let credentials = dir.path().display().to_string();
    let vars = [("CREDENTIALS_DIRECTORY", credentials.as_str())];
    let expected = format!("one from credential {credentials}/SMTP_PASSWORD");
    check("", &vars, "SMTP_PASSWORD", &expected);
    check(
        "SMTP_PASSWORD=two",
        &vars,
        "SMTP_PASSWORD",
        "two from .env:1",
    );
    check("", &vars, "SMTP_PORT", "unset");
    check("", &vars, "IMAP_PASSWORD", "unset");
    check("", &vars, "OPENAI_API_KEY", "unset");
    check(
        &format!("CREDENTIALS_DIRECTORY={credentials}"),
        &[],
        "SMTP_PASSWORD",
        "unset",
    );
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_a_problem_of_that_variable() {
    use std::os::unix::ffi::OsStringExt;
    let vars = ["SMTP_SERVER", "PATH"].map(|name| (name, OsString::from_vec(vec![0xff, b'a'])));
    let sources = Sources::only(vars);
    assert_eq!(
        find(&sources, "SMTP_SERVER"),
        "SMTP_SERVER (environment): expected UTF-8 text, found other bytes"
    );
    assert_eq!(sources.names().len(), 1);
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("my.env");
    let error = |bytes: Option<&[u8]>| {
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let shown = path.display().to_string();
        let err = Sources::gather(Some(&path), std::iter::empty()).unwrap_err();
        format!("{err:#}").replace(&shown, "my.env")
    };
    assert!(error(None).starts_with("--env-file: cannot read `my.env`: No such file"));
    let utf16 = b"A=1\r\n\xff\xfeA\0=\x001\0";
    assert_eq!(
        error(Some(utf16)),
        "--env-file: my.env:2: expected UTF-8 text, found other bytes; save the file as UTF-8"
    );
    let huge = vec![b'#'; usize::try_from(ENV_FILE_BYTES_MAX).unwrap() + 1];
    assert_eq!(
        error(Some(&huge)),
        "--env-file: expected at most 1048576 bytes in `my.env`, found more"
    );
    assert!(Sources::gather(Some(dir.path()), std::iter::empty()).is_err());
}

#[test]
fn the_default_file_may_be_missing_or_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    assert!(
        default_env_file(&dir.path().join(".env"))
            .unwrap()
            .is_none()
    );
    assert!(default_env_file(dir.path()).unwrap().is_none());
    std::fs::write(dir.path().join(".env"), "SMTP_PORT=1").unwrap();
    let file = default_env_file(&dir.path().join(".env")).unwrap().unwrap();
    assert_eq!(file.assignments.len(), 1);
}

#[test]
fn debug_shows_names_and_no_values() {
    let sources = Sources::of_text("SMTP_PASSWORD=hunter2", &[("OPENAI_API_KEY", "hunter2")]);
    let debug = format!("{sources:?}");
    assert!(
        debug.contains("SMTP_PASSWORD") && debug.contains("OPENAI_API_KEY"),
        "{debug}"
    );
    assert!(!debug.contains("hunter2"), "{debug}");
}
