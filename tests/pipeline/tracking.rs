//! What leads from our mails back to us: the way out, and pictures and links only where they are
//! wanted.

mod retention;

use outreach::ledger::Ledger;
use outreach::tracking::token::{Purpose, Token};

use crate::world::smtp::{At, Fault, Rule, Smtp};
use crate::world::{Mail, World, lead};

/// The night before the Hooks: a Monday, before the window opens.
const NIGHT: &str = "2026-03-02T05:00:00Z";
/// All Hooks are due.
const MONDAY: &str = "2026-03-02T10:00:00Z";

const ADA: &str = "ada@engines.example";
const URL: &str = "https://mail.ours.example/t";
const LINK: &str = "https://engines.example/report?a=1&b=2";

/// A world with these settings and one lead, planned.
fn planned(settings: &[(&str, &str)]) -> World {
    let ada = lead("Ada Lovelace", ADA, "Analytical Engines").with("Timezone", "UTC");
    let world = World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("POSTAL_ADDRESS", "4 Runner Road, Springfield")
        .env("OUTBOX_DIR", "outbox")
        .env("INBOX_DIR", "inbox")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0")
        .leads_csv(&[ada]);
    let world = settings
        .iter()
        .fold(world, |world, (name, value)| world.env(name, value));
    world.at(NIGHT).run(&["nightly"]).exits(0);
    world
}

/// Writes into the ledger behind the program's back.
fn write(world: &World, sql: &str) {
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    ledger.execute_batch(sql).unwrap();
}

/// The text of the Hook gets a link at its end.
fn add_a_link(world: &World) {
    write(
        world,
        &format!("UPDATE message_texts SET body = body || char(10) || 'See {LINK}.'"),
    );
}

fn sent(world: &World) -> Mail {
    world.at(MONDAY).run(&["send"]).exits(0);
    let mut mails = world.maildir_files();
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

fn html(mail: &Mail) -> Option<String> {
    let parsed = mail_parser::MessageParser::default()
        .parse(&mail.raw)
        .unwrap();
    let has_html = parsed.parts.iter().any(|part| part.is_text_html());
    has_html.then(|| parsed.body_html(0).unwrap().replace("\r\n", "\n"))
}

/// What was kept of what can be counted of the Hook.
fn tracked(world: &World) -> String {
    let sql = "SELECT tracked FROM messages WHERE number = 1";
    world.sql(sql).remove(0).remove(0)
}

/// What the tokens after this beginning of an address say, in order.
#[track_caller]
fn tokens(world: &World, text: &str, beginning: &str) -> Vec<Token> {
    let now = "2026-03-02T11:00:00Z".parse().unwrap();
    let mut ledger = Ledger::open(&world.path("campaigns.db"), now).unwrap();
    let keys = ledger.signing_keys(now).unwrap();
    let found = text.split(beginning).skip(1);
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let letters = found.map(|rest| rest.split(|c| !is_letter(c)).next().unwrap());
    letters
        .map(|letters| {
            keys.read(letters)
                .unwrap_or_else(|| panic!("`{letters}`: {text}"))
        })
        .collect()
}

fn token(world: &World, purpose: Purpose) -> Token {
    let sql = "SELECT id FROM messages WHERE number = 1";
    let message = world.sql(sql)[0][0].parse().unwrap();
    Token { purpose, message }
}

#[test]
fn without_an_address_mails_lead_nowhere() {
    let world = planned(&[]);
    let mail = sent(&world);
    let raw = String::from_utf8(mail.raw.clone()).unwrap();
    assert!(
        !raw.contains("http") && !raw.contains("List-Unsubscribe-Post"),
        "{raw}"
    );
    assert!(
        mail.header("List-Unsubscribe").starts_with("<mailto:"),
        "{raw}"
    );
    assert!(
        mail.header("Content-Type").starts_with("text/plain"),
        "{raw}"
    );
    assert_eq!(tracked(&world), "0");
    assert_eq!(world.sql("SELECT count(*) FROM signing_keys"), [["0"]]);
}

#[test]
fn every_mail_offers_the_way_out_and_nothing_that_was_not_asked_for() {
    for more in [
        &[][..],
        &[("TRACK_OPENS", "false"), ("TRACK_CLICKS", "no")][..],
    ] {
        let world = planned(&[&[("PUBLIC_URL", URL)], more].concat());
        add_a_link(&world);
        let mail = sent(&world);
        let raw = String::from_utf8(mail.raw.clone()).unwrap();
        let header = mail.header("List-Unsubscribe").replace("\r\n", "");
        let (url, mailto) = header
            .split_once(">, <mailto:team@ours.example")
            .expect(&header);
        assert!(
            url.starts_with(&format!("<{URL}/u/")) && !mailto.is_empty(),
            "{header}"
        );
        assert_eq!(
            mail.header("List-Unsubscribe-Post"),
            "List-Unsubscribe=One-Click"
        );
        let way_out = token(&world, Purpose::OptOut);
        assert_eq!(tokens(&world, &header, "/u/"), [way_out]);
        let text = mail.text();
        assert_eq!(
            tokens(&world, &text, &format!("with one click: {URL}/u/")),
            [way_out]
        );
        // Nothing counts: no HTML at all, no picture, and the link as it was written.
        assert!(
            mail.header("Content-Type").starts_with("text/plain"),
            "{raw}"
        );
        assert!(text.contains(&format!("See {LINK}.\n")), "{text}");
        for word in ["html", "<img", ".gif", "/o/", "/c/"] {
            assert!(!raw.contains(word), "`{word}`: {raw}");
        }
        assert_eq!(tracked(&world), "0");
        assert!(
            !raw.contains("example/t/u/ada") && !header.contains("engines"),
            "{raw}"
        );
    }
}

#[test]
fn a_picture_is_added_only_to_count_opens() {
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_OPENS", "true")]);
    add_a_link(&world);
    let mail = sent(&world);
    let html = html(&mail).expect("the picture needs HTML");
    let open = token(&world, Purpose::Open);
    assert_eq!(
        tokens(&world, &html, &format!("<img src=\"{URL}/o/")),
        [open]
    );
    assert!(
        html.contains(".gif\" width=\"1\" height=\"1\" alt=\"\">"),
        "{html}"
    );
    let link = LINK.replace('&', "&amp;");
    assert!(
        html.contains(&format!("See <a href=\"{link}\">{link}</a>.")),
        "{html}"
    );
    let way_out = token(&world, Purpose::OptOut);
    assert_eq!(
        tokens(&world, &html, &format!("Or <a href=\"{URL}/u/")),
        [way_out]
    );
    assert_eq!(tracked(&world), "1");
    let text = mail.text();
    assert!(!text.contains("/o/") && text.contains(LINK), "{text}");
}

#[test]
fn links_lead_over_us_only_to_count_clicks() {
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_CLICKS", "true")]);
    add_a_link(&world);
    let mail = sent(&world);
    let html = html(&mail).expect("other links need HTML");
    let click = token(&world, Purpose::Click { link: 0 });
    assert_eq!(
        tokens(&world, &html, &format!("<a href=\"{URL}/c/")),
        [click]
    );
    assert!(
        !html.contains("<img") && !html.contains("href=\"https://engines"),
        "{html}"
    );
    assert_eq!(tracked(&world), "2");
    let text = mail.text();
    assert!(
        !text.contains("/c/") && text.contains(&format!("See {LINK}.")),
        "{text}"
    );

    // A text without links cannot tell, and stays a text.
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_CLICKS", "true")]);
    let mail = sent(&world);
    assert!(mail.header("Content-Type").starts_with("text/plain"));
    assert_eq!(tracked(&world), "0");

    let both = [
        ("PUBLIC_URL", URL),
        ("TRACK_CLICKS", "true"),
        ("TRACK_OPENS", "true"),
    ];
    let world = planned(&both);
    add_a_link(&world);
    sent(&world);
    assert_eq!(tracked(&world), "3");
}

#[test]
fn the_html_says_what_the_text_says() {
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_OPENS", "true")]);
    let mail = sent(&world);
    let tags = regex::Regex::new("<[^<>]*>").unwrap();
    let html = html(&mail).unwrap();
    let words = tags
        .replace_all(&html, " ")
        .replace("&#39;", "'")
        .replace("&quot;", "\"");
    let words = words.replace("&amp;", "&").replace("&nbsp;", " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    let text = mail.text();
    let (text, _) = text.split_once("Or let us know").unwrap();
    let text: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words[..text.len()], text[..]);
}

/// A world whose first try is put off by the server, which keeps what it saw.
fn put_off(settings: &[(&str, &str)]) -> (Smtp, World) {
    let smtp = Smtp::start();
    let world = planned(&[&[("PUBLIC_URL", "https://ours.example")], settings].concat());
    add_a_link(&world);
    let world = world
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none");
    let later = Fault::Reply(451, "4.3.0 try again later");
    smtp.fail(Rule::new(At::Body, later).times(1).keeping());
    world.at(MONDAY).run(&["send"]);
    assert_eq!(world.state(ADA, "hook"), "deferred");
    (smtp, world)
}

#[test]
fn a_second_try_is_the_same_mail_although_another_key_signs_by_then() {
    let (smtp, world) = put_off(&[("TRACK_OPENS", "true"), ("TRACK_CLICKS", "true")]);
    write(
        &world,
        "UPDATE signing_keys SET created_at = created_at - 90 * 86400",
    );
    world.at("2026-03-02T12:00:00Z").run(&["send"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(world.sql("SELECT count(*) FROM signing_keys"), [["2"]]);
    let kept = smtp.kept();
    assert_eq!(kept.len(), 2);
    let texts = kept.iter().map(|kept| String::from_utf8_lossy(&kept.raw));
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("multipart/alternative"), "{}", texts[0]);
    assert_eq!(tracked(&world), "3");
}

#[test]
fn what_is_switched_off_between_two_tries_is_off() {
    let (smtp, mut world) = put_off(&[("TRACK_OPENS", "true"), ("TRACK_CLICKS", "true")]);
    assert_eq!(tracked(&world), "3");
    world.set_env("TRACK_OPENS", "");
    world.set_env("TRACK_CLICKS", "");
    world.at("2026-03-02T12:00:00Z").run(&["send"]).exits(0);
    let raw = String::from_utf8(smtp.kept().pop().unwrap().raw).unwrap();
    assert!(
        raw.contains("Content-Type: text/plain") && !raw.contains("<img"),
        "{raw}"
    );
    assert_eq!(tracked(&world), "0");

    // What was off when it was first tried stays off.
    let (smtp, mut world) = put_off(&[]);
    world.set_env("TRACK_OPENS", "true");
    world.at("2026-03-02T12:00:00Z").run(&["send"]).exits(0);
    let kept = smtp.kept();
    assert_eq!(kept[0].raw, kept[1].raw);
    assert_eq!(tracked(&world), "0");
}

#[test]
fn a_dry_run_signs_nothing() {
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_OPENS", "true")]);
    let dry = world
        .at(MONDAY)
        .run(&["send", "--dry-run", "--json"])
        .exits(0);
    assert_eq!(dry.json()["counts"]["accepted"], 1);
    assert_eq!(world.sql("SELECT count(*) FROM signing_keys"), [["0"]]);
}

#[test]
fn our_footer_in_an_answer_asks_for_nothing() {
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_OPENS", "true")]);
    let ours = sent(&world);
    // As programs do that quote without a mark, and put nothing between.
    let answer = format!(
        "From: Ada <{ADA}>\r\nTo: team@ours.example\r\nSubject: Re: {}\r\nIn-Reply-To: {}\r\n\
         Message-ID: <1@engines.example>\r\n\r\nSounds good, call me on Tuesday.\r\n\r\n{}",
        ours.header("Subject"),
        ours.header("Message-ID"),
        ours.text().replace('\n', "\r\n")
    );
    world.drop_mail(answer);
    world.at("2026-03-02T12:00:00Z").run(&["scan"]).exits(0);
    assert_eq!(world.sql("SELECT kind FROM inbound"), [["human_reply"]]);
    assert_eq!(world.campaign_state(ADA), "responded");
    assert_eq!(world.sql("SELECT count(*) FROM suppressions"), [["0"]]);
}

#[test]
fn the_check_says_what_counting_costs() {
    let said = |settings: &[(&str, &str)]| {
        let world = planned(settings);
        let outcome = world.at(MONDAY).run(&["doctor"]);
        let from = outcome
            .stdout
            .find("ok    tracking ")
            .unwrap_or(outcome.stdout.len());
        outcome.stdout[from..].to_string()
    };
    assert_eq!(said(&[]), "");
    let quiet = said(&[("PUBLIC_URL", URL)]);
    assert!(
        quiet.contains("opens and clicks are not counted"),
        "{quiet}"
    );
    let opens = said(&[("PUBLIC_URL", URL), ("TRACK_OPENS", "true")]);
    assert!(opens.contains("TRACK_OPENS"), "{opens}");
}
