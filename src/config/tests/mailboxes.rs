//! Folders, and mailboxes that are read besides the senders' own.

use super::senders::Case;
use super::*;

const IMAP: &str = "IMAP_SERVER=imap.x.example\nIMAP_USERNAME=ada\nIMAP_PASSWORD=hunter2\n";
const ADA: &str = "imap:ada@imap.x.example:993";

/// The folders that are read with these variables.
#[track_caller]
fn check_folders(value: &str, expected: &[&str]) {
    let (config, warnings) = load(&format!("{IMAP}MONITOR_INBOX_FOLDER={value}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let expected: Vec<String> = expected
        .iter()
        .map(|name| format!("{ADA}/{name}"))
        .collect();
    assert_eq!(config.folder_names(), expected, "{value}");
}

#[test]
fn folders_stand_between_commas_and_each_is_read_once() {
    check_folders("INBOX", &["INBOX"]);
    check_folders("INBOX, Junk", &["INBOX", "Junk"]);
    check_folders("INBOX,[Gmail]/Spam ,Inbox", &["INBOX", "[Gmail]/Spam"]);
    check_folders("Eingang, Entwürfe, Entw&APw-rfe", &["Eingang", "Entwürfe"]);
    check_folders("'\"Offers, new\" , INBOX'", &["Offers, new", "INBOX"]);
    check_folders("INBOX,", &["INBOX"]);
    check_folders("", &["INBOX"]);
    let kind = "expected names of folders such as INBOX, Junk, found";
    for (value, found) in [
        (",", "`,` (a name is empty)"),
        ("INBOX,,Junk", "`INBOX,,Junk` (a name is empty)"),
        ("'\"A\"B'", "`\"A\"B` (no comma after a name in quotes)"),
    ] {
        let place = "MONITOR_INBOX_FOLDER (.env:4)";
        let problem = format!("{place}: {kind} {found}");
        check(&format!("{IMAP}MONITOR_INBOX_FOLDER={value}"), &[&problem]);
    }
    check_warnings(
        "MONITOR_INBOX_FOLDER=Junk",
        &["MONITOR_INBOX_FOLDER (.env:1): has no effect, because IMAP_SERVER is not set"],
    );
}

#[test]
fn the_line_of_every_run_names_all_folders() {
    let (config, _) = load(&format!("{IMAP}MONITOR_INBOX_FOLDER=INBOX, Junk"));
    let line = config.endpoints();
    assert!(
        line.ends_with("inbox: IMAP imap.x.example:993/INBOX, Junk (tls)"),
        "{line}"
    );
}

const SHARED: &str = "
[[mailbox]]
imap_username = \"sales\"
imap_password = \"hunter3\"
monitor_inbox_folder = [\"INBOX\", \"Junk, new\"]
[[mailbox]]
inbox_dir = \"forms\"
[[mailbox]]
imap_server = \"imap.y.example\"
imap_port = 143
imap_username = \"ada\"
";

#[test]
fn a_shared_mailbox_is_read_besides_those_of_the_senders() {
    let sender = "[[sender]]\naddress = \"bob@x.example\"\nimap_username = \"bob\"\n";
    for (toml, of_sender) in [
        (SHARED.to_string(), ADA),
        (format!("{SHARED}{sender}"), "imap:bob@imap.x.example:993"),
    ] {
        let case = Case::new(&toml).env(IMAP);
        let (config, warnings) = case.load();
        assert_eq!(warnings, "");
        let expected = [
            &format!("{of_sender}/INBOX"),
            "imap:sales@imap.x.example:993/INBOX",
            "imap:sales@imap.x.example:993/Junk, new",
            "maildir:forms",
            "imap:ada@imap.y.example:143/INBOX",
        ];
        assert_eq!(config.folder_names(), expected);
        assert_eq!(
            (config.senders.len(), config.shared_mailboxes.len()),
            (1, 3)
        );
        let described = config.describe(&case.sources());
        let of = |name: &str| described.iter().find(|row| row.name == name).unwrap();
        let row = of("sales: monitor_inbox_folder");
        assert_eq!(
            (row.group, &*row.value),
            ("Mailboxes", "INBOX, \"Junk, new\"")
        );
        assert_eq!(of("sales: imap_password").value, "[set]");
        assert_eq!(of("forms: inbox_dir").value, "forms");
        assert!(
            !format!("{described:?} {config:?}").contains("hunter"),
            "a secret is shown"
        );
    }
}

#[test]
fn one_account_named_twice_is_read_once_with_all_its_folders() {
    let toml = "[[mailbox]]\nimap_username = \"ada\"\nmonitor_inbox_folder = \"Junk, INBOX\"";
    let (config, _) = Case::new(toml).env(IMAP).load();
    assert_eq!(
        config.folder_names(),
        [format!("{ADA}/INBOX"), format!("{ADA}/Junk")]
    );
}

#[test]
fn every_mistake_names_file_mailbox_and_key() {
    let toml = "
[[mailbox]]
smtp_server = \"smtp.x.example\"
imap_user = \"sales\"
monitor_inbox_folder = [\"A\", 7]
[[mailbox]]
imap_username = \"sales\"
[[mailbox]]
imap_username = \"help\"
imap_server = \"imap.x.example\"
imap_password = \"x\"
imap_tls = \"none\"
monitor_inbox_folder = [\"A\\\"B\"]
[[mailbox]]
inbox_dir = \"outbox\"
[[mailbox]]
inbox_dir = \"outbox\"
";
    Case::new(toml).fails(&[
        "senders.toml: mailbox 1: imap_user: is no key of a mailbox; did you mean imap_username?",
        "senders.toml: mailbox 1: monitor_inbox_folder: expected names of folders such as INBOX, \
         Junk, found a value of TOML's type array",
        "senders.toml: mailbox 1: smtp_server: is no key of a mailbox; did you mean imap_server?",
        "senders.toml: mailbox 3 (help): monitor_inbox_folder: expected names of folders such as \
         INBOX, Junk, found a value of TOML's type array",
        "senders.toml: mailbox 1: imap_username: expected the user name of an account, or \
         inbox_dir; found neither",
        "senders.toml: mailbox 2 (sales): imap_server: expected a host name or IP address without \
         scheme and port, because imap_username is set; found nothing",
        "senders.toml: mailbox 3 (help): imap_tls: expected starttls or tls, found `none`, which \
         is only allowed to this machine and not to `imap.x.example`",
        "senders.toml: mailbox 5: inbox_dir: expected a mailbox of its own, found the one of a \
         table above",
    ]);
    Case::new("[[mailbox]]\ninbox_dir = \"outbox\"").fails(&[
        "OUTBOX_DIR: expected another path than a mailbox's inbox_dir, found the same, `outbox`",
    ]);
}

#[test]
fn a_shared_mailbox_logs_in_by_token_and_knows_its_tokens_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("refresh");
    std::fs::write(&file, "1//r\n").unwrap();
    let toml = format!(
        "[[mailbox]]\nprovider = \"google\"\nimap_username = \"sales@x.example\"\n\
         oauth_client_id = \"app\"\noauth_refresh_token_file = \"{}\"",
        file.display()
    );
    let (config, warnings) = Case::new(&toml).load();
    assert_eq!(warnings, "");
    let oauth = config.shared_mailboxes[0].oauth().unwrap();
    assert_eq!(oauth.refresh_token_file.as_ref(), Some(&file));
    assert_eq!(
        config.shared_mailboxes[0].account(),
        "imap:sales@x.example@imap.gmail.com:993"
    );
}

#[test]
fn who_judges_and_how_willingly_is_configured() {
    let (config, _) = load("RESPONSE_SENSITIVITY=High\nRESPONSE_CLASSIFIER=LLM\nOPENAI_API_KEY=k");
    assert_eq!(
        (config.sensitivity, config.classifier),
        (Sensitivity::High, Classifier::Model)
    );
    let (config, _) = load("");
    assert_eq!(
        (config.sensitivity, config.classifier),
        (Sensitivity::Normal, Classifier::Rules)
    );
    check(
        "RESPONSE_SENSITIVITY=extreme\nRESPONSE_CLASSIFIER=llm",
        &[
            "RESPONSE_CLASSIFIER (.env:2): expected rules, because OPENAI_API_KEY is not set; \
             found `llm`; set that key, or leave it to the rules",
            "RESPONSE_SENSITIVITY (.env:1): expected one of low, normal, high, found `extreme`",
        ],
    );
}
