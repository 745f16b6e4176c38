//! Files: tables for other programs, and the page.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{LATER, change, json, world};
use crate::world::World;

fn rows(world: &World, name: &str) -> Vec<BTreeMap<String, String>> {
    let table = world.read(name);
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn every_table_is_written_and_agrees_with_the_document() {
    let world = world();
    world.write("tables/mine.csv", "mine");
    world.write("tables/steps.csv", "old");
    let args = ["report", "--csv", "tables", "--html", "page.html"];
    let outcome = world.at(LATER).run(&args).exits(0);
    assert_eq!(outcome.stdout, "11 tables: tables\npage: page.html\n");
    assert_eq!(
        fs::read_dir(world.path("tables")).unwrap().count(),
        12,
        "no draft is left"
    );
    assert_eq!(world.read("tables/mine.csv"), "mine");
    let report = json(&world, &[]);
    let steps = rows(&world, "tables/steps.csv");
    assert_eq!(steps.len(), report["steps"].as_array().unwrap().len());
    let hook = &report["steps"][0]["figures"];
    for name in ["sent", "delivered", "bounced", "replied", "positive"] {
        assert_eq!(steps[0][name], hook["tally"][name].to_string(), "{name}");
    }
    let share: f64 = steps[0]["reply_rate_share"].parse().unwrap();
    assert!((share - hook["reply_rate"]["share"].as_f64().unwrap()).abs() < 1e-6);
    assert_eq!(rows(&world, "tables/totals.csv")[0]["generated_at"], LATER);
    let mode = fs::metadata(world.path("page.html"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777 & !0o044, 0o600, "{mode:o}");
    assert!(world.read("page.html").contains("<h1"));
}

#[test]
fn with_json_stdout_is_the_document_alone() {
    let world = world();
    let args = ["report", "--json", "--csv", "a/b"];
    let outcome = world.at(LATER).run(&args).exits(0);
    assert_eq!(outcome.json(), json(&world, &[]));
    assert_eq!(outcome.stderr, "11 tables: a/b\n");
}

#[test]
fn no_text_of_a_lead_becomes_a_formula() {
    let world = world();
    change(
        &world,
        "INSERT OR REPLACE INTO campaign_traits
         SELECT id, '=HYPERLINK(\"http://evil.example\",\"x\")', '-1', '', '＝1', 'Real'
         FROM campaigns",
    );
    world.at(LATER).run(&["report", "--csv", "t"]).exits(0);
    let segments = rows(&world, "t/segments.csv");
    let value = |dimension: &str| {
        let row = segments.iter().find(|row| row["dimension"] == dimension);
        row.unwrap()["value"].clone()
    };
    assert_eq!(
        value("industry"),
        "'=HYPERLINK(\"http://evil.example\",\"x\")"
    );
    assert_eq!(
        (value("company_size"), value("tone")),
        ("'-1".into(), "'＝1".into())
    );
    for entry in fs::read_dir(world.path("t")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for row in rows(&world, &format!("t/{name}")) {
            let formula = row
                .values()
                .find(|cell| cell.starts_with(['=', '+', '-', '@']));
            assert_eq!(formula, None, "{name}");
        }
    }
}
