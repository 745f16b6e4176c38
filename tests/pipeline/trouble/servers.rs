//! Servers that are not there, that refuse, that speak another protocol or nonsense.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::*;
use crate::mailer::certificate;
use crate::world::airtable::{self, Airtable, Call, Fault};
use crate::world::dovecot::{self, Dovecot};
use crate::world::llm::{self, Llm};
use crate::world::smtp::{Options, Smtp, Tls};

/// Says the same bytes to everybody who connects and to everything they say.
struct Babbler {
    port: u16,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Babbler {
    fn start(words: &'static [u8]) -> Babbler {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                // Whoever hangs up has heard enough.
                std::thread::spawn(move || {
                    let mut heard = [0; 1024];
                    while stream.write_all(words).is_ok() {
                        if !stream.read(&mut heard).is_ok_and(|n| n > 0) {
                            break;
                        }
                    }
                });
            }
        });
        Babbler {
            port,
            is_over,
            thread: Some(thread),
        }
    }
}

impl Drop for Babbler {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.take().map(JoinHandle::join);
    }
}

/// A port on which nobody listens.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

const NONSENSE: [&[u8]; 3] = [
    b"garbage\r\n",
    b"\xff\xfe\0\0\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
];

/// A world that sends over SMTP to this port, its campaign written and due.
fn sending(port: u16, tls: &str) -> World {
    let world = world_of_ada()
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", port.to_string())
        .env("SMTP_TLS", tls)
        .env("FROM_EMAIL", "team@ourco.example")
        .env("POSTAL_ADDRESS", "1 Main St, Springfield");
    world.at("2026-03-02T08:00:00Z").run(&["nightly"]).exits(0);
    world
}

/// What could not be sent is sent once the server is as it should be, and only once.
#[track_caller]
fn sends_later(world: &World) {
    let state = world.state("ada@engines.example", "hook");
    assert!(
        ["scheduled", "deferred"].contains(&state.as_str()),
        "{state}"
    );
    let good = Smtp::start();
    let path = world.path("").to_path_buf();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_outreach"));
    command
        .args(["send", "--now", "2026-03-02T16:30:00Z"])
        .current_dir(path)
        .env_clear();
    command.envs([
        ("LEADS_FILE", "leads.csv"),
        ("SMTP_SERVER", "127.0.0.1"),
        ("SMTP_TLS", "none"),
        ("FROM_EMAIL", "team@ourco.example"),
        ("POSTAL_ADDRESS", "1 Main St, Springfield"),
    ]);
    command.env("SMTP_PORT", good.port().to_string());
    crate::world::Running::start(command).wait().exits(0);
    assert_eq!(good.kept().len(), 1);
    assert_eq!(world.state("ada@engines.example", "hook"), "sent");
}

#[test]
fn smtp_out_of_reach_is_tried_later() {
    let world = sending(closed_port().parse().unwrap(), "none");
    let line = run(&world, "hourly").fails(
        75,
        &["sending stopped at SMTP server 127.0.0.1:", "refused"],
    );
    assert!(line.stdout.contains("1 deferred"), "{}", line.stdout);
    run(&world, "doctor").exits(75).errors();
    sends_later(&world);
}

#[test]
fn smtp_that_speaks_nonsense_gets_nothing() {
    for words in NONSENSE {
        for tls in ["none", "starttls", "tls"] {
            let babbler = Babbler::start(words);
            let world = sending(babbler.port, tls);
            let outcome = run(&world, "send");
            assert!([75, 78].contains(&outcome.code), "{tls}: {outcome:?}");
            assert_eq!(outcome.errors().len(), 1, "{tls}: {outcome:?}");
        }
    }
    let babbler = Babbler::start(NONSENSE[0]);
    sends_later(&{
        let world = sending(babbler.port, "none");
        run(&world, "send").fails(75, &["sending stopped"]);
        world
    });
}

#[test]
fn a_refused_smtp_login_is_a_matter_of_configuration_and_costs_no_lead_a_try() {
    let login = Some(("team".to_string(), "right".to_string()));
    let smtp = Smtp::start_with(Options {
        login,
        ..Options::default()
    });
    let world = sending(smtp.port(), "none")
        .env("SMTP_USERNAME", "team")
        .env("SMTP_PASSWORD", "wrong");
    // More often than MAX_DELIVERY_ATTEMPTS, each after the wait that was told.
    for hour in 10..16 {
        let texts = [
            "sending stopped at SMTP server",
            "535",
            "check SMTP_USERNAME and SMTP_PASSWORD",
        ];
        world
            .at(format!("2026-03-02T{hour}:05:00Z"))
            .run(&["send"])
            .fails(78, &texts);
        // The third time in a row holds the sender, until somebody says that it is mended.
        if [12, 15].contains(&hour) {
            let now = format!("2026-03-02T{hour}:30:00Z");
            world.at(&now).run(&["send"]).exits(3);
            let resume = ["resume", "--sender", "team@ourco.example"];
            world.at(&now).run(&resume).exits(0).says("is released");
        }
    }
    assert_eq!(smtp.bodies_seen(), 0);
    sends_later(&world);
}

#[test]
fn smtp_with_the_wrong_tls_or_an_unknown_authority_is_a_matter_of_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let (ca_file, identity) = certificate(dir.path());
    let options = |tls| Options {
        tls,
        identity: Some(identity.clone()),
        ..Options::default()
    };
    let offered = Smtp::start_with(options(Tls::Offered));
    let always = Smtp::start_with(options(Tls::Always));
    let never = Smtp::start();
    for (port, tls, text) in [
        (offered.port(), "starttls", "TLS_CA_FILE"),
        (always.port(), "tls", "TLS_CA_FILE"),
        (offered.port(), "tls", "SMTP_TLS=starttls"),
        (never.port(), "tls", "SMTP_TLS=starttls"),
        (
            never.port(),
            "starttls",
            "expected the server to offer STARTTLS",
        ),
    ] {
        let world = sending(port, tls);
        run(&world, "send").fails(78, &["sending stopped at SMTP server", text, "SMTP_TLS"]);
        run(&world, "doctor").exits(78).errors();
        sends_later(&world);
    }
    let world = sending(offered.port(), "starttls").env("TLS_CA_FILE", &ca_file);
    run(&world, "send").exits(0);
    for smtp in [&offered, &always, &never] {
        assert!(smtp.bodies_seen() <= 1);
    }
}

/// A world that reads this IMAP server and has a Hook sent, so that an answer would matter.
fn reading(port: u16, tls: &str) -> World {
    world_of_ada()
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", port.to_string())
        .env("IMAP_TLS", tls)
        .env("IMAP_USERNAME", dovecot::USER)
        .env("IMAP_PASSWORD", dovecot::PASSWORD)
}

/// While the inbox cannot be read Hooks leave and follow-ups wait.
#[track_caller]
fn follow_ups_wait(world: &World) {
    run(world, "pull").exits(0);
    run(world, "generate").exits(0);
    run(world, "schedule").exits(0);
    run(world, "send").exits(0);
    assert_eq!(world.maildir_files().len(), 1);
    world.at("2026-03-05T15:00:00Z").run(&["send"]).exits(0);
    assert_eq!(
        world.maildir_files().len(),
        1,
        "nobody knows whether Ada has answered"
    );
}

#[test]
fn imap_out_of_reach_or_babbling_holds_follow_ups_back() {
    let port = closed_port().parse().unwrap();
    let world = reading(port, "none");
    run(&world, "scan").fails(75, &[&format!("IMAP server 127.0.0.1:{port}"), "refused"]);
    follow_ups_wait(&world);
    for words in NONSENSE {
        for tls in ["none", "starttls", "tls"] {
            let babbler = Babbler::start(words);
            let world = reading(babbler.port, tls);
            let outcome = run(&world, "scan");
            assert!([75, 78].contains(&outcome.code), "{tls}: {outcome:?}");
            assert_eq!(outcome.errors().len(), 1, "{tls}: {outcome:?}");
            assert!(
                outcome.errors()[0].contains("IMAP server 127.0.0.1:"),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn imap_login_folder_and_tls_that_do_not_fit_are_a_matter_of_configuration() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let good = || reading(server.tls_port, "tls").env("TLS_CA_FILE", server.ca_file());
    run(&good(), "scan").exits(0);

    let world = good().env("IMAP_PASSWORD", "wrong");
    run(&world, "scan").fails(78, &["IMAP server 127.0.0.1:", "the login of", "failed"]);
    follow_ups_wait(&world);
    let world = good().env("MONITOR_INBOX_FOLDER", "Nowhere");
    run(&world, "scan").fails(78, &["the folder `Nowhere` cannot be opened"]);
    let world = reading(server.tls_port, "tls");
    run(&world, "scan").fails(78, &["no TLS connection", "TLS_CA_FILE"]);
    let world = good().env("IMAP_PORT", server.plain_port.to_string());
    run(&world, "scan").fails(78, &["no TLS connection", "IMAP_TLS"]);
    run(&world, "doctor").exits(78).errors();
    goes_on(&good());
}

/// A world on a base, with one good record.
fn on_base(base: &Airtable) -> World {
    base.allow_any_rate();
    base.insert(&[
        ("Full Name", "Ada Lovelace"),
        ("Email", "ada@engines.example"),
        ("Company", "Engines"),
        ("Email_Confidence_Level", "Real"),
    ]);
    World::new()
        .env("AIRTABLE_API_URL", base.url())
        .env("AIRTABLE_API_KEY", airtable::API_KEY)
        .env("AIRTABLE_BASE_ID", airtable::BASE_ID)
}

#[test]
fn a_base_that_refuses_is_a_matter_of_configuration() {
    let base = Airtable::start();
    let world = on_base(&base).env("AIRTABLE_API_KEY", "patWrong.wrong");
    run(&world, "pull").fails(78, &["AIRTABLE_API_KEY"]);
    run(&world, "nightly").fails(78, &["AIRTABLE_API_KEY"]);
    let world = on_base(&base).env("AIRTABLE_BASE_ID", "appNobodysBase001");
    run(&world, "pull").fails(78, &["AIRTABLE_BASE_ID"]);
    let world = on_base(&base).env("AIRTABLE_TABLE_NAME", "Nowhere");
    run(&world, "pull").fails(78, &["AIRTABLE_TABLE_NAME"]);
    run(&world, "doctor").exits(78).errors();
    let base = Airtable::start();
    base.drop_column("Email");
    let world = on_base(&Airtable::start()).env("AIRTABLE_API_URL", base.url());
    run(&world, "pull").fails(78, &["Email"]);
}

#[test]
fn a_base_that_is_out_of_reach_or_used_up_delays_and_loses_nothing() {
    let base = Airtable::start();
    let world = on_base(&base);
    base.fail(
        Call::List,
        1,
        Fault::Answer {
            status: 429,
            body: airtable::QUOTA.to_string(),
        },
    );
    let until = "nothing is asked of Airtable until 3 Mar 11:00 UTC";
    run(&world, "pull").fails(75, &["monthly API calls are used up", until]);
    let n_calls = base.calls();
    run(&world, "pull").fails(75, &[until]);
    assert_eq!(
        base.calls(),
        n_calls,
        "a base that is used up is left alone"
    );
    // The next day it is tried again.
    let tomorrow = |stage: &str| world.at("2026-03-03T15:00:00Z").run(&[stage]);
    tomorrow("pull").exits(0);
    tomorrow("generate").exits(0);
    base.fail(
        Call::Update,
        1,
        Fault::Answer {
            status: 429,
            body: airtable::QUOTA.to_string(),
        },
    );
    tomorrow("push").fails(75, &["monthly API calls are used up", "4 Mar 11:00 UTC"]);
    goes_on(&world);
    let id = world.sql("SELECT record_id FROM leads").concat().concat();
    assert_eq!(base.field(&id, "Campaign_Status").unwrap(), "Active");
}

#[test]
fn a_model_that_refuses_or_cannot_be_reached_leaves_the_leads_for_later() {
    let model = Llm::start();
    let world = world_of_ada()
        .env("OPENAI_BASE_URL", model.url())
        .env("OPENAI_API_KEY", "sk-wrong");
    run(&world, "pull").exits(0);
    run(&world, "generate").fails(78, &["OPENAI_API_KEY: the server refuses the key"]);
    let closed = format!("http://127.0.0.1:{}/v1", closed_port());
    let world = world
        .env("OPENAI_API_KEY", llm::KEY)
        .env("OPENAI_BASE_URL", closed);
    run(&world, "generate").fails(75, &["the language model"]);
    model.fail([llm::Fault::InsufficientQuota]);
    let world = world.env("OPENAI_BASE_URL", model.url());
    run(&world, "generate").fails(75, &["quota"]);
    assert_eq!(world.campaign_state("ada@engines.example"), "none");
    goes_on(&world);
}
