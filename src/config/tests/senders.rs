//! The file of several senders.

use std::os::unix::fs::PermissionsExt;

use super::super::*;

/// A file of senders in a folder of its own, and the variables beside it.
pub(super) struct Case {
    dir: tempfile::TempDir,
    env: String,
}

impl Case {
    pub(super) fn new(toml: &str) -> Case {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("senders.toml");
        std::fs::write(&path, toml).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let env = format!("SENDERS_FILE={}\nPOSTAL_ADDRESS=1 Way\n", path.display());
        Case { dir, env }
    }

    pub(super) fn env(mut self, text: &str) -> Case {
        self.env.push_str(text);
        self
    }

    pub(super) fn sources(&self) -> Sources {
        Sources::of_text(&self.env, &[])
    }

    /// A text with the folder's path taken out.
    fn bare(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }

    #[track_caller]
    pub(super) fn load(&self) -> (Config, String) {
        match Config::load(&self.sources()) {
            Ok((config, warnings)) => {
                let warnings: Vec<String> = warnings.iter().map(Warning::to_string).collect();
                (config, self.bare(&warnings.join("\n")))
            }
            Err(problems) => panic!("{problems}"),
        }
    }

    /// Checks all the problems, one a line.
    #[track_caller]
    pub(super) fn fails(&self, expected: &[&str]) {
        let problems = match Config::load(&self.sources()) {
            Ok(_) => String::new(),
            Err(problems) => problems.to_string(),
        };
        assert_eq!(self.bare(&problems), expected.join("\n"));
    }

    #[track_caller]
    pub(super) fn warns(&self, expected: &[&str]) {
        assert_eq!(self.load().1, expected.join("\n"));
    }
}

pub(super) fn smtp(sender: &Sender) -> String {
    match &sender.mailer {
        mailer::Settings::Maildir(dir) => dir.display().to_string(),
        mailer::Settings::Smtp(smtp) => {
            let user = smtp.login.username().unwrap_or_default();
            format!("{user}@{}:{} {}", smtp.host, smtp.port, smtp.tls.as_str())
        }
    }
}

fn password(config: &Config) -> String {
    match config.senders.first().map(|sender| &sender.mailer) {
        Some(mailer::Settings::Smtp(mailer::SmtpSettings {
            login: mailer::Login::Password { password, .. },
            ..
        })) => secrecy::ExposeSecret::expose_secret(password).to_string(),
        other => panic!("{other:?}"),
    }
}

const TWO: &str = "
[[sender]]
address = \"ada@one.example\"
smtp_server = \"smtp.one.example\"
smtp_port = 465
smtp_username = \"ada\"
smtp_password = \"hunter2\"
daily_limit = 20
[[sender]]
address = \"bob@two.example\"
name = \"Bob\"
reply_to = \"answers@two.example\"
hourly_limit = 7
ramp_start = 5
ramp_step = 2
inbox_dir = \"bobs\"
";

#[test]
fn what_a_sender_does_not_name_comes_from_the_environment() {
    let env = "SMTP_SERVER=smtp.all.example\nSMTP_USERNAME=all\nSMTP_PASSWORD=hunter3\n\
               IMAP_SERVER=imap.all.example\nIMAP_USERNAME=all\nIMAP_PASSWORD=hunter3\n\
               FROM_NAME=Team\nDAILY_SEND_LIMIT=40\nUNSUBSCRIBE_MAILTO=stop@all.example\n\
               SENT_FOLDER=Auto";
    let (config, warnings) = Case::new(TWO).env(env).load();
    assert_eq!(warnings, "");
    let [ada, bob] = config.senders.as_slice() else {
        panic!("{:?}", config.senders)
    };
    assert_eq!(smtp(ada), "ada@smtp.one.example:465 tls");
    assert_eq!(smtp(bob), "all@smtp.all.example:587 starttls");
    assert_eq!((ada.name.as_str(), bob.name.as_str()), ("Team", "Bob"));
    assert_eq!(config.team, "Team");
    assert_eq!((ada.limits.daily, bob.limits.daily), (20, 40));
    assert_eq!((ada.limits.hourly, bob.limits.hourly), (None, Some(7)));
    assert_eq!(ada.limits.ramp, None);
    assert_eq!(bob.limits.ramp, Some(plan::Ramp { start: 5, step: 2 }));
    assert_eq!(ada.reply_to, None);
    assert_eq!(
        bob.reply_to.as_ref().map(EmailAddress::as_str),
        Some("answers@two.example")
    );
    assert_eq!(ada.unsubscribe_mailto.as_str(), "stop@all.example");
    let mailboxes: Vec<String> = config.folder_names();
    assert_eq!(
        mailboxes,
        ["imap:all@imap.all.example:993/INBOX", "maildir:bobs"]
    );
    // A sender whose answers come into a Maildir has no account in which copies could be.
    assert_eq!(ada.sent_folder.as_deref(), Some("auto"));
    assert_eq!(bob.sent_folder, None);
    assert!(!ada.mailbox_is_default && !bob.mailbox_is_default);
}

#[test]
fn an_empty_text_takes_away_what_the_environment_says() {
    let toml = "[[sender]]\naddress = \"a@x.example\"\nsmtp_server = \"\"\nreply_to = \"\"\n\
                [[sender]]\naddress = \"b@x.example\"\noutbox_dir = \"bobs\"\n";
    let env = "SMTP_SERVER=smtp.all.example\nREPLY_TO_EMAIL=c@x.example\n";
    let (config, warnings) = Case::new(toml).env(env).load();
    assert_eq!(warnings, "");
    let ways: Vec<String> = config.senders.iter().map(smtp).collect();
    assert_eq!(ways, ["outbox", "bobs"]);
    let reply_to: Vec<bool> = config
        .senders
        .iter()
        .map(|s| s.reply_to.is_some())
        .collect();
    assert_eq!(reply_to, [false, true]);
}

#[test]
fn a_secret_stands_in_a_file_a_variable_or_the_table() {
    let toml = |of_ada: &str| {
        format!(
            "[[sender]]\naddress = \"ada@x.example\"\nsmtp_server = \"smtp.x.example\"\n\
             smtp_username = \"ada\"\n{of_ada}"
        )
    };
    let case = |of_ada: &str| {
        let case = Case::new("");
        std::fs::write(case.dir.path().join("password"), "from a file\n").unwrap();
        std::fs::write(case.dir.path().join("CREDENTIAL"), "from systemd\n").unwrap();
        let dir = case.dir.path().display().to_string();
        let text = toml(of_ada).replace("DIR", &dir);
        std::fs::write(case.dir.path().join("senders.toml"), text).unwrap();
        let vars = "SMTP_PASSWD_ADA=from a variable\nSMTP_PASSWORD=common\n";
        (case.env(vars), dir)
    };
    for (of_ada, expected) in [
        ("smtp_password_file = \"DIR/password\"", "from a file"),
        ("smtp_password_env = \"SMTP_PASSWD_ADA\"", "from a variable"),
        ("smtp_password_env = \"CREDENTIAL\"", "from systemd"),
        ("smtp_password = \" in the table \"", " in the table "),
        ("", "common"),
    ] {
        let (case, dir) = case(of_ada);
        let sources = Sources::of_text(&case.env, &[("CREDENTIALS_DIRECTORY", &dir)]);
        let (config, warnings) = Config::load(&sources).unwrap();
        assert_eq!(password(&config), expected, "{of_ada}");
        // A name like ours is odd unless a table uses it.
        let is_used = of_ada.contains("SMTP_PASSWD_ADA");
        assert_eq!(warnings.is_empty(), is_used, "{warnings:?}");
        let shown = format!("{config:?} {:?}", config.describe(&sources));
        assert!(!shown.contains(expected), "{shown}");
    }
    let place = "senders.toml: sender 1 (ada@x.example)";
    for (of_ada, problem) in [
        (
            "smtp_password = \"hunter2\"\nsmtp_password_file = \"DIR/password\"",
            "smtp_password_file: expected one of smtp_password, smtp_password_file and \
             smtp_password_env, found two",
        ),
        (
            "smtp_password_env = \"hunter2\"",
            "smtp_password_env: expected the name of a variable or credential that is set, found \
             one that is not",
        ),
        (
            "smtp_password_file = \"DIR/none\"",
            "smtp_password_file: cannot read `none`: No such file or directory (os error 2)",
        ),
        (
            "smtp_password = \"hunter\\u0007\"",
            "smtp_password: expected one line of text without control characters, found a control \
             character or a second line in it",
        ),
        (
            "smtp_username_env = \"SMTP_PASSWD_ADA\"",
            "smtp_username_env: is no key of a sender; did you mean smtp_username?",
        ),
    ] {
        case(of_ada).0.fails(&[&format!("{place}: {problem}")]);
    }
}

#[test]
fn a_file_of_passwords_that_others_may_read_is_warned_about() {
    let case = Case::new(TWO);
    case.warns(&[]);
    let path = case.dir.path().join("senders.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    case.warns(&[
        "senders.toml: holds passwords and may be read by others; `chmod 600` it, or let it name \
         files or variables that hold them",
    ]);
}

#[test]
fn a_file_that_cannot_be_used_is_told_without_its_text() {
    let mistake = "senders.toml: expected TOML, found a mistake in line 3:";
    for (toml, expected) in [
        (
            "",
            "senders.toml: expected at least one table [[sender]] or [[mailbox]], found none",
        ),
        (
            "[sender]\naddress = 1",
            "senders.toml: expected nothing but tables [[sender]] and [[mailbox]], found `sender`",
        ),
        (
            "sender = [1]",
            "senders.toml: expected tables [[sender]], found other values",
        ),
        ("\n[[sender]]\nsmtp_password = 'hunter2", mistake),
        ("\n[[sender]]\nhunter2", mistake),
        ("[[sender]]\nname = 'a'\nname = 'hunter2'", mistake),
    ] {
        let case = Case::new(toml);
        let problems = Config::load(&case.sources()).unwrap_err();
        assert!(
            case.bare(&problems.to_string()).starts_with(expected),
            "{problems}"
        );
        assert_eq!(
            (problems.0.len(), problems.to_string().contains("hunter2")),
            (1, false),
            "{problems}"
        );
    }
    let case = Case::new("").env("SENDERS_FILE=/no/such/file");
    case.fails(&[
        "/no/such/file: cannot read `/no/such/file`: No such file or directory (os error 2)",
    ]);
}

#[test]
fn what_senders_share_is_told_once_and_what_has_no_effect_is_said() {
    let toml = "[[sender]]\naddress = \"a@x.example\"\n[[sender]]\naddress = \"b@x.example\"\n";
    Case::new(toml)
        .env("SMTP_SERVER=smtp.x.example\nSMTP_PORT=no\nPOSTAL_ADDRESS=\n")
        .fails(&[
            "SMTP_PORT (.env:4): expected a whole number from 1 to 65535, found `no`",
            "POSTAL_ADDRESS: expected a text of at most 500 characters, because SMTP_SERVER is set \
         (.env:3); found nothing",
        ]);
    let toml =
        toml.replace("\n[", "\nsmtp_server = \"s.example\"\n[") + "smtp_server = \"t.example\"";
    Case::new(&toml).env("POSTAL_ADDRESS=\n").fails(&[
        "POSTAL_ADDRESS: expected a text of at most 500 characters, because a sender's smtp_server \
         is set; found nothing",
    ]);
    let toml = "[[sender]]\naddress = \"a@x.example\"\nsmtp_username = \"a\"\nhourly_limit = 60\n";
    Case::new(toml).env("FROM_EMAIL=c@x.example\nSMTP_PASSWORD=p\n").warns(&[
        "FROM_EMAIL (.env:3): has no effect, because SENDERS_FILE is set",
        "senders.toml: sender 1 (a@x.example): smtp_username: has no effect, because SMTP_SERVER \
         is not set",
        "senders.toml: sender 1 (a@x.example): hourly_limit: has no effect, because \
         DAILY_SEND_LIMIT is 50",
    ]);
}

#[test]
fn a_key_stands_for_each_variable_of_a_sender() {
    for (key, variable) in senders_file::keys() {
        let toml = format!("[[sender]]\naddress = \"a@x.example\"\n{key} = \"marker\\u0007\"\n");
        let toml = if key == "address" {
            toml.replacen("address = \"a@x.example\"", "", 1)
        } else {
            toml
        };
        let case = Case::new(&toml);
        let problems = Config::load(&case.sources()).unwrap_err().to_string();
        let place = format!(": {key}: expected");
        assert!(
            problems.contains(&place),
            "{key} for {}: {problems}",
            variable.name
        );
    }
    assert_eq!(senders_file::keys().count(), senders_file::KEYS.len());
}

#[test]
fn doctor_shows_each_sender_and_the_first_line_stays_readable() {
    let case =
        Case::new(TWO).env("SMTP_SERVER=smtp.one.example\nSMTP_PORT=465\nLEADS_FILE=l.csv\n");
    let sources = case.sources();
    let (config, _) = Config::load(&sources).unwrap();
    assert_eq!(
        config.endpoints(),
        "leads: file l.csv · writer: built-in templates · \
         mail: 2 senders, SMTP smtp.one.example:465 (tls) · inbox: Maildir inbox, Maildir bobs"
    );
    let rows: Vec<String> = config
        .describe(&sources)
        .into_iter()
        .filter(|row| row.group == "Senders")
        .map(|row| case.bare(&format!("{} = {} | {}", row.name, row.value, row.source)))
        .collect();
    assert_eq!(
        rows,
        [
            "ada@one.example: smtp_server = smtp.one.example | senders.toml",
            "ada@one.example: smtp_port = 465 | senders.toml",
            "ada@one.example: smtp_username = ada | senders.toml",
            "ada@one.example: smtp_password = [set] | senders.toml",
            "ada@one.example: daily_limit = 20 | senders.toml",
            "bob@two.example: name = Bob | senders.toml",
            "bob@two.example: reply_to = answers@two.example | senders.toml",
            "bob@two.example: hourly_limit = 7 | senders.toml",
            "bob@two.example: ramp_start = 5 | senders.toml",
            "bob@two.example: ramp_step = 2 | senders.toml",
            "bob@two.example: inbox_dir = bobs | senders.toml",
        ]
    );
    let of = |name: &str| {
        let described = config.describe(&sources);
        described
            .into_iter()
            .find(|row| row.name == name)
            .unwrap()
            .source
    };
    assert_eq!(
        (of("FROM_EMAIL").as_str(), of("SMTP_TLS").as_str()),
        ("unset", "unset")
    );
}

#[test]
fn every_mistake_names_file_sender_and_key() {
    let toml = "
sender_count = 2
[[sender]]
address = \"ada@one.example\"
smtp_server = \"smtp.one.example\"
smtp_port = \"no\"
smtp_tls = \"none\"
smtp_username = \"ada\"
smpt_password = \"hunter2\"
[[sender]]
daily_limit = 0
smtp_password = [\"hunter2\"]
outbox_dir = 7.5
color = \"blue\"
[[sender]]
address = \"Ada@One.example\"
inbox_dir = \"7.5\"
ramp_step = 1
";
    Case::new(toml).fails(&[
        "senders.toml: expected nothing but tables [[sender]] and [[mailbox]], found \
         `sender_count`",
        "senders.toml: sender 1 (ada@one.example): smpt_password: is no key of a sender; did you \
         mean smtp_password?",
        "senders.toml: sender 2: color: is no key of a sender",
        "senders.toml: sender 2: smtp_password: expected one line of text without control \
         characters, found a value of TOML's type array",
        "senders.toml: sender 1 (ada@one.example): smtp_password: expected one line of text \
         without control characters, because smtp_username is set; found nothing",
        "senders.toml: sender 1 (ada@one.example): smtp_port: expected a whole number from 1 to \
         65535, found `no`",
        "senders.toml: sender 1 (ada@one.example): smtp_tls: expected starttls or tls, found \
         `none`, which is only allowed to this machine and not to `smtp.one.example`",
        "senders.toml: sender 2: address: expected an e-mail address such as name@company.com, \
         found nothing",
        "senders.toml: sender 2: daily_limit: expected a whole number of mails from 1 to 1000000, \
         found `0`",
        "senders.toml: sender 3 (Ada@One.example): address: expected an address of its own, found \
         `Ada@one.example` a second time",
        "senders.toml: sender 3 (Ada@One.example): ramp_start: expected a whole number of mails \
         from 1 to 1000000, because ramp_step is set; found nothing",
        "senders.toml: sender 3 (Ada@One.example): inbox_dir: expected another path than another \
         sender's outbox_dir, found the same, `7.5`",
    ]);
}

#[test]
fn the_example_of_the_readme_loads() {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("### Several senders").unwrap();
    let (_, example) = section.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("grace.password"), "hunter2\n").unwrap();
    let example = example.replace("/etc/outreach", &dir.path().display().to_string());
    let (config, warnings) = Case::new(&example).env("ADA_PASSWORD=hunter3\n").load();
    assert_eq!(warnings, "");
    let places: Vec<String> = config
        .senders
        .iter()
        .map(|sender| {
            format!(
                "{}, {}",
                smtp(sender),
                sender.mailbox.folders().remove(0).name
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "ada@outreach.example.com@smtp.gmail.com:587 starttls, \
             imap:ada@outreach.example.com@imap.gmail.com:993/INBOX",
            "grace@smtp.example.com:465 tls, imap:grace@imap.example.com:993/INBOX",
        ]
    );
    assert_eq!(config.senders[0].sent_folder.as_deref(), Some("auto"));
}
