//! The units under `systemd/`: systemd itself accepts them, every line says why it is there, and
//! they start what the program really offers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::world::World;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

/// File names and texts, in order.
fn units() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder()).expect("no folder systemd/");
    let paths = entries.map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    paths
        .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The values a unit gives a setting, in order.
fn values<'u>(unit: &'u str, setting: &str) -> Vec<&'u str> {
    let settings = unit.lines().filter_map(|line| line.split_once('='));
    settings
        .filter(|(name, _)| *name == setting)
        .map(|(_, value)| value)
        .collect()
}

/// The settings of `[Service]` and `[Timer]` without a comment on the line above.
fn without_reason(unit: &str) -> Vec<&str> {
    let mut section = "";
    let mut above = "";
    let mut found = Vec::new();
    for line in unit.lines() {
        let is_setting = !line.starts_with('#') && line.contains('=');
        let has_reason = above.trim_start_matches('#').trim().len() > 2 && above.starts_with('#');
        if line.starts_with('[') {
            section = line;
        } else if is_setting
            && !has_reason
            && ["[Service]", "[Timer]", "[Socket]"].contains(&section)
        {
            found.push(line);
        }
        above = line;
    }
    found
}

/// Copies the units aside, the path of the program replaced by the one just built; none when this
/// machine has no `systemd-analyze`.
fn staged() -> Option<World> {
    let found = Command::new("systemd-analyze")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if found.is_err() {
        eprintln!("systemd-analyze is not installed here: the units are not verified");
        return None;
    }
    let world = World::new();
    for (name, text) in units() {
        let built = env!("CARGO_BIN_EXE_outreach");
        world.write(&name, text.replace("/usr/local/bin/outreach", built));
    }
    Some(world)
}

/// Runs `systemd-analyze` on the staged units; gives success and all it said.
fn analyze(world: &World, args: &[&str]) -> (bool, String) {
    let mut command = Command::new("systemd-analyze");
    let output = command
        .args(args)
        .current_dir(world.path(""))
        .output()
        .expect("cannot run it");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

const VERIFY: [&str; 7] = [
    "verify",
    "--man=no",
    "./outreach@nightly.service",
    "./outreach-nightly.timer",
    "./outreach-hourly.timer",
    "./outreach-serve.service",
    "./outreach-serve.socket",
];

#[test]
fn systemd_accepts_the_units_without_a_word() {
    let Some(world) = staged() else { return };
    assert_eq!(analyze(&world, &VERIFY), (true, String::new()));
    // The same call finds a setting systemd does not know, so its silence means something.
    let service = world
        .read("outreach@.service")
        .replace("ProtectHome=", "ProtectHomes=");
    world.write("outreach@.service", service);
    let (_, said) = analyze(&world, &VERIFY);
    assert!(said.contains("ProtectHomes"), "{said}");
}

#[test]
fn the_service_is_exposed_to_little() {
    let Some(world) = staged() else { return };
    // systemd's own scale goes from 0 to 10 (here times ten); what is left is the network, which we
    // are for. The threshold makes the command fail above it.
    let args = [
        "security",
        "--offline=true",
        "--threshold=15",
        "./outreach@.service",
    ];
    let (is_within, said) = analyze(&world, &args);
    assert!(is_within, "{said}");
    // What strangers talk to has no network but the sockets handed over.
    let args = [
        "security",
        "--offline=true",
        "--threshold=8",
        "./outreach-serve.service",
    ];
    let (is_within, said) = analyze(&world, &args);
    assert!(is_within, "{said}");
}

#[test]
fn every_setting_has_its_reason_above_it() {
    for (name, text) in units() {
        assert_eq!(without_reason(&text), Vec::<&str>::new(), "{name}");
        assert!(
            text.starts_with("# "),
            "{name}: expected a comment on what it is for"
        );
    }
    let unit =
        "[Service]\n# Why.\nUser=a\nUMask=0077\n\n# Far away.\n\nType=b\n#\nX=y\n[Install]\nW=z";
    assert_eq!(without_reason(unit), ["UMask=0077", "Type=b", "X=y"]);
}

#[test]
fn secrets_are_loaded_and_a_missing_one_stops_nothing() {
    let units = units();
    for name in ["outreach@.service", "outreach-serve.service"] {
        check_secrets(&units[name]);
    }
}

fn check_secrets(service: &str) {
    let mut loaded = values(service, "LoadCredential");
    loaded.sort_unstable();
    let secrets = [
        "AIRTABLE_API_KEY",
        "IMAP_PASSWORD",
        "OAUTH_CLIENT_SECRET",
        "OAUTH_REFRESH_TOKEN",
        "OPENAI_API_KEY",
        "SMTP_PASSWORD",
    ];
    // A name, not an absolute path: only then may the file be missing (systemd.exec(5)).
    assert_eq!(
        loaded,
        secrets.map(|name| format!("{name}:outreach.{name}"))
    );
    assert!(
        values(service, "Environment").is_empty(),
        "the environment is for all to see"
    );
}

#[test]
fn the_server_is_handed_both_sockets_and_comes_back_after_a_crash() {
    let units = units();
    let service = &units["outreach-serve.service"];
    assert_eq!(
        values(service, "ExecStart"),
        ["/usr/local/bin/outreach serve"]
    );
    assert_eq!(values(service, "Restart"), ["on-failure"]);
    assert_eq!(values(service, "RestartPreventExitStatus"), ["2 78"]);
    assert_eq!(values(service, "PrivateNetwork"), ["yes"]);
    // The defaults of the settings, in the order in which the program takes them.
    let socket = &units["outreach-serve.socket"];
    let addresses = ["127.0.0.1:8025", "127.0.0.1:9464"];
    assert_eq!(values(socket, "ListenStream"), addresses);
    let outcome = World::new().run(&["doctor", "--config", "--json"]);
    for address in addresses {
        assert!(
            outcome.stdout.contains(&format!("\"{address}\"")),
            "{address}"
        );
    }
}

#[test]
fn the_timers_are_the_retry_and_a_missed_one_never_becomes_a_burst() {
    let units = units();
    let service = &units["outreach@.service"];
    assert!(values(service, "Restart").is_empty());
    assert_eq!(values(service, "ExecStart"), ["/usr/local/bin/outreach %i"]);
    for (job, persistent) in [("nightly", "true"), ("hourly", "false")] {
        let timer = &units[&format!("outreach-{job}.timer")];
        assert_eq!(values(timer, "Unit"), [format!("outreach@{job}.service")]);
        assert_eq!(values(timer, "Persistent"), [persistent], "{job}");
        // The job exists: the unit's command line with one question more.
        World::new().run(&[job, "--help"]).exits(0);
    }
    assert_eq!(
        units.len(),
        5,
        "a new unit needs its rule here: {:?}",
        units.keys()
    );
}
