//! Template files of one's own: they are written with, and `doctor` reads them first.

use crate::world::{World, lead};

/// A world with one lead, a keeper of animals, and a template file.
fn zoo(text: &str) -> World {
    let row = lead("Ada Lovelace", "ada@engines.example", "Engines")
        .with("Business_Type", "Zoo")
        .with(
            "Company_Description",
            "Small zoo for animals that were rescued.",
        )
        .with("Top_Services", "Guided walks")
        .with("Website_Insights", "");
    let world = World::new()
        .leads_csv(&[row])
        .env("FROM_EMAIL", "team@sender.example")
        .env("POSTAL_ADDRESS", "1 Example Street")
        .env("TEMPLATES_DIR", "texts");
    world.write("texts/zoo.toml", text);
    world
}

const GOOD: &str = "keywords = [\"zoo\"]\n\n[parts.farewell]\nany = [\n  \
                    \"The lions say goodbye; a reply is welcome whenever it suits.\",\n]\n";

#[test]
fn own_templates_are_written_with() {
    let world = zoo(GOOD);
    let doctor = world.run(&["doctor"]).exits(0).stdout;
    assert!(doctor.contains("ok    texts          brand built in, templates `texts`"));
    assert!(!doctor.contains("template  "), "{doctor}");
    let monday = world.at("2026-03-02T09:00:00Z");
    monday.run(&["pull"]).exits(0);
    monday.run(&["generate"]).exits(0);
    let rows = world.sql("SELECT body FROM message_texts WHERE body LIKE '%lions say goodbye%'");
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[track_caller]
fn check_doctor(text: &str, code: i32, lines: &[&str]) {
    let stdout = zoo(text).run(&["doctor"]).exits(code).stdout;
    for line in lines {
        let found = stdout.lines().any(|said| said.starts_with(line));
        assert!(found, "expected `{line}` in\n{stdout}");
    }
}

#[test]
fn doctor_reads_own_templates_line_by_line() {
    let bad = GOOD.replace(
        "suits.\",\n",
        "suits.\",\n  \"Act now, dear {{ first_name }}.\",\n",
    );
    check_doctor(
        &bad,
        78,
        &["FAIL  template       `zoo.toml` line 6, `farewell/any/2`: pressure `act now`: take"],
    );
    let unused = format!("{GOOD}[parts.roar]\nany = [\"Roar.\"]\n");
    check_doctor(
        &unused,
        0,
        &["ok    template       `zoo.toml` line 8, `roar/any/1`: no step uses it"],
    );
    for (text, said) in [
        (
            GOOD.replace("[parts.farewell]", "[parts.farewell"),
            "line 3: ",
        ),
        (
            GOOD.replace("The lions", "The {lions"),
            "line 5: part `farewell`",
        ),
        (
            GOOD.replace("The lions", "{{ lions }}"),
            "line 5: part `farewell`: `{{ lions }}` is",
        ),
        (
            GOOD.replace("keywords", "keyword"),
            "line 1: unknown field `keyword`",
        ),
    ] {
        let line =
            format!("FAIL  texts          TEMPLATES_DIR: `texts`: template `zoo.toml`: {said}");
        check_doctor(&text, 78, &[line.as_str()]);
    }
}
