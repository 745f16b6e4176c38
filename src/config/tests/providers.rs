//! Providers by name, and the limits they publish.

use super::super::*;
use super::senders::{Case, smtp};

const GOOGLE: &str = "PROVIDER=Google\nFROM_EMAIL=a@x.example\nPOSTAL_ADDRESS=1 Way\n\
                      SMTP_USERNAME=a@x.example\nSMTP_PASSWORD=p\n";

fn places(text: &str) -> String {
    let (config, _) = Config::load(&Sources::of_text(text, &[])).unwrap();
    let mailbox = config.senders[0].mailbox.folders().remove(0).name;
    format!("{}, {mailbox}", smtp(&config.senders[0]))
}

#[test]
fn a_provider_stands_for_its_servers_unless_they_are_named() {
    let account = "a@x.example@smtp.gmail.com:587 starttls";
    for (text, expected) in [
        ("", "imap:a@x.example@imap.gmail.com:993/INBOX"),
        ("INBOX_DIR=in", "maildir:in"),
        (
            "IMAP_USERNAME=b\nIMAP_PASSWORD=q\nIMAP_PORT=1993",
            "imap:b@imap.gmail.com:1993/INBOX",
        ),
    ] {
        let found = places(&format!("{GOOGLE}{text}"));
        assert_eq!(found, format!("{account}, {expected}"), "{text}");
    }
    let own = places(&format!(
        "{GOOGLE}SMTP_SERVER=relay.x.example\nINBOX_DIR=in"
    ));
    assert_eq!(own, "a@x.example@relay.x.example:587 starttls, maildir:in");
    let sources = Sources::of_text(GOOGLE, &[]);
    let (config, _) = Config::load(&sources).unwrap();
    let described = config.describe(&sources);
    let server = described.iter().find(|row| row.name == "SMTP_SERVER");
    let server = server.map(|row| (row.value.as_str(), row.source.as_str()));
    assert_eq!(server, Some(("smtp.gmail.com", "provider google")));
    let problems = Config::load(&Sources::of_text("PROVIDER=acme", &[])).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "PROVIDER (.env:1): expected one of google, gmail, microsoft365, outlook.com, found `acme`"
    );
}

#[test]
fn a_senders_own_provider_goes_before_what_the_environment_names() {
    let toml = "
[[sender]]
address = \"a@one.example\"
provider = \"microsoft365\"
smtp_username = \"a@one.example\"
oauth_refresh_token = \"r\"
oauth_client_id = \"app\"
[[sender]]
address = \"b@two.example\"
smtp_server = \"smtp.two.example\"
inbox_dir = \"bobs\"
[[sender]]
address = \"c@three.example\"
";
    let shared = GOOGLE.replace("FROM_EMAIL=a@x.example\nPOSTAL_ADDRESS=1 Way\n", "");
    let case = Case::new(toml).env(&shared);
    let (config, warnings) = case.load();
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
            "a@one.example@smtp.office365.com:587 starttls, \
             imap:a@one.example@outlook.office365.com:993/INBOX",
            "a@x.example@smtp.two.example:587 starttls, maildir:bobs",
            "a@x.example@smtp.gmail.com:587 starttls, imap:a@x.example@imap.gmail.com:993/INBOX",
        ]
    );
    let mailer::Settings::Smtp(mailer::SmtpSettings {
        login: mailer::Login::OAuth { oauth, .. },
        ..
    }) = &config.senders[0].mailer
    else {
        panic!("{:?}", config.senders[0].mailer)
    };
    let url = "https://login.microsoftonline.com/common/oauth2/v2.0/token";
    assert_eq!(oauth.token_url, url);
}

#[test]
fn a_limit_above_what_a_provider_publishes_is_warned_about() {
    let env = "SMTP_USERNAME=a\nSMTP_PASSWORD=p\nPROVIDER=microsoft365\nSMTP_CONNECTIONS=4\n\
               MIN_GAP_SECONDS=1\n";
    let toml = "[[sender]]\naddress = \"a@x.example\"\ndaily_limit = 10001\n";
    Case::new(toml).env(env).warns(&[
        "senders.toml: sender 1 (a@x.example): daily_limit: is above the 10000 recipients a day \
         that microsoft365 publishes",
        "MIN_GAP_SECONDS (.env:7): allows more than the 30 a minute that microsoft365 publishes",
        "SMTP_CONNECTIONS (.env:6): is above the 3 at once that microsoft365 publishes",
    ]);
    let toml = "[[sender]]\naddress = \"a@x.example\"\ndaily_limit = 10000\n";
    let env = env.replace("=4", "=3").replace("=1\n", "=2\n");
    Case::new(toml).env(&env).warns(&[]);
}
