//! Who may use whom: main, then stages and operator, then surface, adapters and core; never back,
//! never sideways.

use super::source::Source;

/// Values in, values out. Among themselves they use only those declared above them.
const CORE: [&str; 12] = [
    "words",
    "lead",
    "campaign",
    "calendar",
    "copy",
    "plan",
    "delivery",
    "breaker",
    "inbound",
    "changeset",
    "tracking",
    "metrics",
];

/// One outside thing each; they use the core and the ground they share.
const ADAPTERS: [&str; 6] = [
    "ledger",
    "airtable",
    "leads_file",
    "writer",
    "mailer",
    "mailbox",
];

/// What adapters share. It uses nothing else of ours.
const GROUND: [&str; 2] = ["tls", "oauth"];

/// What is handed down by `main`, and what shows things to people.
const SURFACE: [&str; 4] = ["config", "clock", "report", "web"];

/// The stages; they meet only in the ledger.
const STAGES: [&str; 6] = ["pull", "generate", "schedule", "send", "scan", "push"];

/// What would make the core impure, and what to do instead.
const IMPURE: [(&str, &str); 11] = [
    ("std::fs", "take the text as a value"),
    ("std::io", "take and give values"),
    ("std::env", "take the setting as a value"),
    ("std::net", "connections belong to an adapter"),
    ("std::process", "processes belong to the surface"),
    ("std::thread", "concurrency belongs to the stages"),
    ("std::time::SystemTime", "take `now` as a value"),
    ("std::time::Instant", "take `now` as a value"),
    ("Utc::now", "take `now` as a value"),
    ("tokio", "the core is synchronous"),
    ("async fn", "the core is synchronous"),
];

/// Crates that only some modules may name, so that what they speak (SQL, SMTP codes, …) stays
/// there.
const RESERVED: [(&str, &[&str]); 9] = [
    ("rusqlite", &["ledger"]),
    ("reqwest", &["airtable", "writer", "oauth"]),
    ("lettre", &["mailer"]),
    ("imap", &["mailbox"]),
    ("imap_proto", &["mailbox"]),
    ("native_tls", &["tls", "mailer", "mailbox"]),
    ("tokio_native_tls", &["mailer"]),
    ("axum", &["web"]),
    ("hyper", &["web"]),
];

/// The modules in the order `lib.rs` declares them.
pub fn declared(lib: &Source) -> Vec<String> {
    let code = lib.shipped();
    let names = code
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_string).collect()
}

/// Complaints about a file of the library; `order` is that of [`declared`].
pub fn of_library(file: &Source, order: &[String]) -> Vec<String> {
    let path = module_path(&file.path);
    let Some(user) = path.first().copied() else {
        return Vec::new();
    };
    let known = CORE.iter().chain(&ADAPTERS).chain(&SURFACE).chain(&GROUND);
    if !known.into_iter().any(|name| *name == user) {
        return vec![format!(
            "{}: expected a module of a known layer, found `{user}`",
            file.path
        )];
    }
    let code = file.shipped();
    let mut complaints = Vec::new();
    let mut complain = |at: usize, why: String| {
        let line = code[..at].matches('\n').count() + 1;
        complaints.push(format!("{}:{line}: {why}", file.path));
    };
    for (at, used) in own_modules(&code, "crate::", path.len()) {
        if let Err(why) = may_use(user, &used, order) {
            complain(at, format!("`{user}` uses `{used}`: {why}"));
        }
    }
    for (at, name, allowed) in reserved(&code) {
        if !allowed.contains(&user) {
            complain(
                at,
                format!(
                    "`{user}` uses `{name}`, which belongs to {}",
                    allowed.join(", ")
                ),
            );
        }
    }
    if CORE.contains(&user) {
        for (token, instead) in IMPURE {
            for at in mentions(&code, token) {
                complain(at, format!("`{token}` in the core: {instead}"));
            }
        }
        for at in std_group(&code) {
            complain(
                at,
                "`use std::{…}` in the core: one line per item, so that it can be read".into(),
            );
        }
    }
    complaints
}

/// Complaints about a file of the binary.
pub fn of_binary(file: &Source) -> Vec<String> {
    let path = module_path(&file.path);
    let code = file.shipped();
    let mut complaints = Vec::new();
    let mut complain = |at: usize, why: String| {
        let line = code[..at].matches('\n').count() + 1;
        complaints.push(format!("{}:{line}: {why}", file.path));
    };
    if let Some(user) = path.first().filter(|name| STAGES.contains(name)) {
        for (at, used) in own_modules(&code, "crate::", path.len()) {
            if used != *user && (STAGES.contains(&used.as_str()) || used == "operator") {
                complain(
                    at,
                    format!("`{user}` uses `{used}`: stages meet only in the ledger"),
                );
            }
        }
    }
    for (at, name, allowed) in reserved(&code) {
        complain(
            at,
            format!(
                "`{name}` outside the library, it belongs to {}",
                allowed.join(", ")
            ),
        );
    }
    complaints
}

/// `src/ledger/leads.rs` is `[ledger, leads]`, `src/lib.rs` is the root.
fn module_path(path: &str) -> Vec<&str> {
    let inner = path.split_once('/').map_or("", |(_, inner)| inner);
    let names = inner.strip_suffix(".rs").unwrap_or(inner).split('/');
    names
        .filter(|name| !["lib", "main", "mod"].contains(name))
        .collect()
}

fn may_use(user: &str, used: &str, order: &[String]) -> Result<(), &'static str> {
    let (is_core, is_ground) = (CORE.contains(&used), GROUND.contains(&used));
    let place = |name: &str| order.iter().position(|declared| declared == name);
    if user == used {
        return Ok(());
    }
    if CORE.contains(&user) {
        return match (is_core, place(used) < place(user)) {
            (true, true) => Ok(()),
            (true, false) => Err("`lib.rs` declares it further down"),
            (false, _) => Err("the core uses only the core"),
        };
    }
    if GROUND.contains(&user) && GROUND.contains(&used) {
        return Ok(());
    }
    if GROUND.contains(&user) {
        return Err("the shared ground uses nothing of ours");
    }
    if ADAPTERS.contains(&user) {
        return if is_core || is_ground {
            Ok(())
        } else {
            Err("an adapter uses only the core")
        };
    }
    match used {
        "clock" => Ok(()),
        _ if is_core || is_ground || ADAPTERS.contains(&used) => Ok(()),
        _ => Err("the surface is handed down by `main`, not sideways"),
    }
}

/// The top-level modules a text names by `crate::` or by enough `super::`, with the place of each.
/// A group (`crate::{a, b::C}`) names several.
fn own_modules(code: &str, root: &str, depth: usize) -> Vec<(usize, String)> {
    let upward = "super::".repeat(depth);
    let mut found: Vec<(usize, String)> = Vec::new();
    for prefix in [root, upward.as_str()] {
        for at in places(code, prefix) {
            let is_longer = prefix == upward && code[at + prefix.len()..].starts_with("super::");
            if !prefix.is_empty() && !is_longer {
                let names = first_names(&code[at + prefix.len()..]);
                found.extend(names.into_iter().map(|name| (at, name)));
            }
        }
    }
    // Types and macros of the root are no modules.
    found.retain(|(_, name)| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

/// The first names of a path or of each path of a group.
fn first_names(text: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = text.strip_prefix('{') else {
        return vec![name(text)];
    };
    let mut depth = 0;
    let mut names = vec![name(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Where a text begins as a path of its own, not as the tail of a longer one.
fn places(code: &str, text: &str) -> Vec<usize> {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let found = code.match_indices(text).map(|(at, _)| at);
    found
        .filter(|at| !code[..*at].ends_with(is_inside))
        .collect()
}

/// Where a whole word or path is named.
fn mentions(code: &str, token: &str) -> Vec<usize> {
    let is_whole = |at: &usize| {
        let next = code[at + token.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
    };
    places(code, token).into_iter().filter(is_whole).collect()
}

fn std_group(code: &str) -> Vec<usize> {
    places(code, "std::{")
}

type Reserved = (usize, &'static str, &'static [&'static str]);

fn reserved(code: &str) -> Vec<Reserved> {
    let mut found = Vec::new();
    for (name, allowed) in RESERVED {
        let paths = places(code, &format!("{name}::"));
        found.extend(paths.into_iter().map(|at| (at, name, allowed)));
    }
    found
}

mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: &[&str]) {
        let lib = "pub mod lead;\npub mod campaign;\npub mod copy;\npub mod tls;\npub mod ledger;\n\
                   pub mod mailer;\npub mod config;\n";
        let order = declared(&Source::new("src/lib.rs", lib));
        let file = Source::new(path, text);
        let found = if path.starts_with("src/") {
            of_library(&file, &order)
        } else {
            of_binary(&file)
        };
        assert_eq!(found, expected, "{path}\n{text}");
    }

    #[test]
    fn directions_that_are_allowed() {
        check(
            "src/copy/prompt.rs",
            "use crate::lead::Lead;\nuse super::Draft;\nuse regex::Regex;",
            &[],
        );
        check(
            "src/ledger/leads.rs",
            "use rusqlite::params;\nuse crate::{lead::Lead, tls};",
            &[],
        );
        check(
            "src/config/mod.rs",
            "use crate::mailer;\nuse std::env;\nuse crate::clock::Clock;",
            &[],
        );
        check(
            "src/mailbox/mod.rs",
            "mod imap;\nfn f() { imap::open() }",
            &[],
        );
        check("src/lib.rs", "pub mod ledger;", &[]);
        check("jobs/main.rs", "use crate::{pull, push};", &[]);
        check(
            "jobs/send.rs",
            "use crate::run::Summary;\nuse outreach::mailer::Mailer;",
            &[],
        );
        check("jobs/operator/demo.rs", "use crate::send;", &[]);
        // Comments, strings and tests bind nobody.
        let text = "//! See [`crate::ledger`].\nfn f() { g(\"crate::ledger\") }\n#[cfg(test)]\n\
                    mod tests {\n    use std::fs;\n    use crate::ledger::Ledger;\n}\n";
        check("src/lead/mod.rs", text, &[]);
    }

    #[test]
    fn the_core_uses_only_the_core_above_it() {
        let why = "the core uses only the core";
        let expected = [
            format!("src/lead/check.rs:1: `lead` uses `ledger`: {why}"),
            format!("src/lead/check.rs:3: `lead` uses `config`: {why}"),
            "src/lead/check.rs:3: `lead` uses `copy`: `lib.rs` declares it further down"
                .to_string(),
            format!("src/lead/check.rs:7: `lead` uses `tls`: {why}"),
        ];
        let text = "use crate::ledger::Ledger;\nuse super::{Lead, Reject};\nuse crate::{\n    \
                    config::{Config, Sources},\n    copy::Draft,\n};\nfn f() { super::super::tls::g() }";
        check(
            "src/lead/check.rs",
            text,
            &expected.each_ref().map(String::as_str),
        );
    }

    #[test]
    fn the_core_reads_no_file_and_no_clock() {
        let text = "use std::fs;\nuse std::{env, io};\nasync fn f() {}\nfn g() { Utc::now(); }\n\
                    use lettre::Address;\nfn h() { my_tokio(); std::fmt::write(); }";
        check(
            "src/campaign/state.rs",
            text,
            &[
                "src/campaign/state.rs:5: `campaign` uses `lettre`, which belongs to mailer",
                "src/campaign/state.rs:1: `std::fs` in the core: take the text as a value",
                "src/campaign/state.rs:4: `Utc::now` in the core: take `now` as a value",
                "src/campaign/state.rs:3: `async fn` in the core: the core is synchronous",
                "src/campaign/state.rs:2: `use std::{…}` in the core: one line per item, so that it \
                 can be read",
            ],
        );
    }

    #[test]
    fn no_adapter_uses_another_or_the_surface() {
        check(
            "src/mailer/smtp.rs",
            "use crate::ledger::Ledger;\nfn f(c: &crate::config::Config) {}",
            &[
                "src/mailer/smtp.rs:1: `mailer` uses `ledger`: an adapter uses only the core",
                "src/mailer/smtp.rs:2: `mailer` uses `config`: an adapter uses only the core",
            ],
        );
        check(
            "src/tls.rs",
            "use crate::lead::Lead;",
            &["src/tls.rs:1: `tls` uses `lead`: the shared ground uses nothing of ours"],
        );
        check(
            "src/config/load.rs",
            "use crate::web::Web;\nuse rusqlite::Connection;",
            &[
                "src/config/load.rs:1: `config` uses `web`: the surface is handed down by `main`, \
                 not sideways",
                "src/config/load.rs:2: `config` uses `rusqlite`, which belongs to ledger",
            ],
        );
        check(
            "src/utils.rs",
            "",
            &["src/utils.rs: expected a module of a known layer, found `utils`"],
        );
    }

    #[test]
    fn no_stage_uses_another() {
        check(
            "jobs/send.rs",
            "use crate::scan;\nuse super::operator::status;\nfn f() { rusqlite::open() }",
            &[
                "jobs/send.rs:1: `send` uses `scan`: stages meet only in the ledger",
                "jobs/send.rs:2: `send` uses `operator`: stages meet only in the ledger",
                "jobs/send.rs:3: `rusqlite` outside the library, it belongs to ledger",
            ],
        );
    }
}
