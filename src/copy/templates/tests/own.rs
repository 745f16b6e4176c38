//! Template files of one's own: what is missing in them, and what the gate says about them.

use crate::copy::Brand;
use crate::copy::quality::tests::lead_with;
use crate::copy::templates::Library;
use crate::copy::templates::pen::Pen;
use crate::lead::{Lead, RecordId};

/// The built-in library with a trade `zoo` of one part.
fn zoo(part: &str, variants: &str) -> Library {
    let file = format!("keywords = [\"zoo\"]\n\n[parts.{part}]\n{variants}\n");
    Library::parse([("zoo.toml".to_string(), file)].into_iter()).unwrap()
}

/// The farewells a lead of the zoo may get, over all takes.
fn farewells(library: &Library, lead: &Lead) -> Vec<anyhow::Result<String>> {
    let trade = library.trades.iter().find(|trade| trade.name == "zoo");
    let brand = Brand::builtin("Us");
    let portrait = library.portray(lead, &brand);
    let write = |take| {
        let mut pen = Pen::new(library, trade.unwrap(), &portrait, take);
        pen.draft("fomo", &brand).map(|draft| draft.body)
    };
    (0..24).map(write).collect()
}

#[test]
fn what_is_missing_is_an_error_and_never_a_blank() {
    for source in ["{{ company.size }}", "{{ {}.size }}", "{{ [][0] }}"] {
        let library = zoo("farewell", &format!("any = [\"Bye {source}.\"]"));
        let mut named = 0;
        for body in farewells(&library, &lead_with(|_| {})) {
            let error = format!("{:#}", body.expect_err(source));
            named += usize::from(error.contains("`zoo/farewell/any/1` in line 4"));
        }
        assert!(named > 0, "{source}");
    }
}

#[test]
fn a_campaign_with_a_text_that_cannot_be_filled_is_an_error() {
    let library = zoo(
        "farewell",
        "any = [\"A reply is welcome.\", \"{{ company.size }}\"]",
    );
    let zoo_lead = |n| {
        lead_with(|lead| {
            lead.record_id = RecordId::new(format!("rec{n}"));
            lead.business_type = "Zoo".into();
            (lead.description, lead.services) = (String::new(), Vec::new());
        })
    };
    let brand = Brand::builtin("Us");
    let write = |n| library.write(&zoo_lead(n), &brand, &["hook", "proof", "fomo"]);
    let errors: Vec<String> = (0..24)
        .filter_map(|n| write(n).err())
        .map(|error| format!("{error:#}"))
        .collect();
    assert!((1..24).contains(&errors.len()), "{errors:#?}");
    let named = "template `zoo/farewell/any/2` in line 4 cannot be filled";
    assert!(
        errors.iter().all(|error| error.starts_with(named)),
        "{errors:#?}"
    );
}

#[test]
fn a_variant_is_not_for_leads_without_its_facts() {
    let library = zoo(
        "farewell",
        r#"any = ["Farewell from {{ city }}.", "No city, no door, so a reply is enough."]"#,
    );
    let lead = lead_with(|lead| lead.city.clear());
    let bodies: Vec<String> = farewells(&library, &lead).into_iter().flatten().collect();
    assert!(!bodies.is_empty());
    assert!(bodies.iter().all(|body| body.contains("No city, no door")));
    let bodies: Vec<String> = farewells(&library, &lead_with(|_| {}))
        .into_iter()
        .flatten()
        .collect();
    assert!(
        bodies
            .iter()
            .any(|body| body.contains("Farewell from Chicago."))
    );
}

/// What the check of own files says about one part, each finding by its beginning.
#[track_caller]
fn check(part: &str, variants: &str, expected: &[&str]) {
    let findings = zoo(part, variants).check(&Brand::builtin("Us")).unwrap();
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}, not {expected}");
    }
}

#[test]
fn own_templates_are_read_by_the_gate_variant_by_variant() {
    check(
        "farewell",
        r#"any = ["The lions say goodbye; a reply is welcome."]"#,
        &[],
    );
    check(
        "farewell",
        "any = [\n\"A reply is welcome.\",\n\"Act now, or ask in [Month]!\",\n]",
        &[
            "`zoo.toml` line 6, `farewell/any/2`: placeholder `[Month]`: replace",
            "`zoo.toml` line 6, `farewell/any/2`: pressure `act now`: take the pressure out",
            "`zoo.toml` line 6, `farewell/any/2`: unknown_name `Month`",
        ],
    );
    check(
        "farewell",
        "any = [\"A reply is welcome.\"]\nformal = [\"This saves you 70 percent.\"]",
        &["`zoo.toml` line 5, `farewell/formal/1`: invented_number `70"],
    );
    check(
        "ask",
        "any = [\"{{ question }}\"]\nfinance = [\"Where does it end, as we discussed?\"]",
        &["`zoo.toml` line 5, `ask/finance/1`: pretended_contact `as we discussed`"],
    );
    check(
        "zebra",
        r#"any = ["Stripes."]"#,
        &["`zoo.toml` line 4, `zebra/any/1`: no step uses it"],
    );
    let long = "Word after word after word. ".repeat(40);
    check(
        "farewell",
        &format!("any = [\"{long}\"]"),
        &["`zoo.toml` line 4, `farewell/any/1`: no campaign comes of it: step `fomo`: a body of"],
    );
    check(
        "farewell",
        r#"any = ["Bye {{ company.size }}."]"#,
        &["`zoo.toml` line 4, `farewell/any/1`: no campaign comes of it: "],
    );
}
