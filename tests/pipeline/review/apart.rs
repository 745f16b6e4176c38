//! Nobody gets what another lead of the run, or a colleague before, got.

use outreach::copy::Draft;
use outreach::copy::likeness::{LIKENESS_MAX, Shingles};
use serde_json::Value;

use super::*;
use crate::world::llm::{self, Llm};

/// Templates that have but one way to say it.
const ONE_WAY: &str = r#"
[parts.hook_subject]
any = ["A thought about how {{ company }} is found"]
[parts.hook_body]
any = ["""
I spent some time with what {{ company }} says about itself, and one thing stayed with me: the work sounds more considered than the way it is introduced. Somebody who arrives with a concrete need has to piece together for themselves why you would be the right choice.

We help teams close that gap quietly, without changing what they do. Would it be useful if I sent over the two observations I wrote down?"""]
[parts.proof_subject]
any = ["What a clearer path could mean at {{ company }}"]
[parts.proof_body]
any = ["""
A short follow-up to my earlier note. What usually makes the difference is not more attention but less detour: each service described in the words customers use, the next step visible wherever a reader happens to stop, and one person who owns the answer.

For {{ company }} I would begin with the service your customers ask about most, because that page carries the first impression. If you like, I can outline how such a start might look. Is that worth a brief exchange?"""]
[parts.fomo_subject]
any = ["Leaving this with you and {{ company }}"]
[parts.fomo_body]
any = ["""
This is my last message on the subject. Firms in your field are rethinking how they present their work, and those that move with care tend to set the expectations others are measured by later.

If the question matters to {{ company }} this season, I am glad to share what I noted down. If the timing is wrong, no reply is needed. Shall I send the outline?"""]
"#;

/// A lead of no trade that any template is for.
fn plain(name: &str, email: &str, company: &str) -> LeadRow {
    let bare = [
        "Business_Type",
        "Company_Description",
        "Top_Services",
        "Website_Insights",
    ];
    let row = lead(name, email, company);
    bare.into_iter()
        .fold(row, |row, column| row.with(column, ""))
}

fn one_way(rows: &[LeadRow]) -> World {
    let world = with_leads(rows).env("TEMPLATES_DIR", "texts");
    world.write("texts/general.toml", ONE_WAY);
    world
}

/// State, reason and first issue of each campaign, oldest first.
fn campaigns(world: &World) -> Vec<Vec<String>> {
    world.sql(
        "SELECT state, coalesce(hold_reason, ''), coalesce(quality_issues ->> '$[0].code', '')
         FROM campaigns ORDER BY id",
    )
}

const BORIS: &str = "boris@birch.example";

#[test]
fn strangers_of_one_run_do_not_get_one_text() {
    let cora = plain("Cora Fern", "cora@cedar.example", "Cedar Works");
    let rows = [
        plain("Ada Elm", "ada@alder.example", "Alder"),
        plain("Boris Oak", BORIS, "Birch"),
        cora,
    ];
    let world = one_way(&rows);
    let outcome = world.at(NIGHT).run(&["nightly"]).exits(0);
    assert!(outcome.stdout.contains("2 review"), "{}", outcome.stdout);
    let first = campaign(&world, "ada@alder.example");
    let why = format!("too close to the texts of {first}");
    let go = ["active", "", ""];
    let waits = ["review", why.as_str(), "too_similar"];
    assert_eq!(campaigns(&world), [go, waits, waits]);
    let id = campaign(&world, BORIS);
    let shown = world.run(&["review", "show", &id]).exits(0).stdout;
    assert!(
        shown.contains(&format!("waits: {why}\n  ! major too_similar: `{first}`")),
        "{shown}"
    );
    // It passes but for that, and is still not among those approved unread.
    let all = ["review", "approve", "--all", "--yes"];
    assert!(
        world
            .run(&all)
            .exits(3)
            .stdout
            .starts_with("no campaign was approved")
    );
    ok(&world, NIGHT, &format!("review approve {id}"));
    // Another run is another matter: these are strangers.
    world.write_leads(&[plain("Dora Ash", "dora@dune.example", "Dune Works")]);
    ok(&world, NIGHT, "pull, generate");
    assert_eq!(world.campaign_state("dora@dune.example"), "active");
}

#[test]
fn colleagues_do_not_get_one_text_whenever_it_is_written() {
    let world = one_way(&[plain("Boris Oak", BORIS, "Birch")]);
    ok(&world, NIGHT, "nightly");
    let first = campaign(&world, BORIS);
    let why = format!("too close to the texts of {first}");
    for (name, email, company) in [
        ("Dora Ash", "dora@mail.birch.example", "Birch Holding"),
        ("Edda Yew", "edda@elsewhere.example", "BIRCH"),
    ] {
        world.write_leads(&[plain(name, email, company)]);
        ok(&world, "2026-03-04T01:00:00Z", "pull, generate");
        assert_eq!(campaigns(&world).pop().unwrap()[1], why, "{email}");
    }
    // What a person rejected nobody receives.
    let world = one_way(&[plain("Boris Oak", BORIS, "Birch")]).env("REQUIRE_APPROVAL", "true");
    ok(&world, NIGHT, "nightly");
    ok(
        &world,
        NIGHT,
        &format!("review reject {}", campaign(&world, BORIS)),
    );
    world.write_leads(&[plain("Dora Ash", "dora@birch.example", "Birch")]);
    ok(&world, "2026-03-04T01:00:00Z", "pull, generate");
    assert_eq!(
        campaigns(&world).pop().unwrap()[1],
        "REQUIRE_APPROVAL is on"
    );
}

#[test]
fn the_built_in_writer_finds_other_words_for_a_whole_company() {
    let names = [
        "Ada", "Boris", "Cora", "Dora", "Edda", "Finn", "Greta", "Hugo", "Ida", "Jon",
    ];
    let rows = names.map(|name| {
        let email = format!("{}@birch.example", name.to_lowercase());
        lead(&format!("{name} Oak"), &email, "Birch Freight")
    });
    let world = with_leads(&rows);
    ok(&world, NIGHT, "nightly");
    let all: Vec<Shingles> = names
        .iter()
        .map(|name| {
            let rows = world.sql(&format!(
                "SELECT m.step, m.subject, t.body FROM messages m
                 JOIN message_texts t ON t.message_id = m.id
                 JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
                 WHERE l.full_name = '{name} Oak' AND c.state = 'active' ORDER BY m.number"
            ));
            let drafts = rows.into_iter().map(|row| Draft {
                step: row[0].clone(),
                subject: row[1].clone(),
                body: row[2].clone(),
            });
            Shingles::of(&drafts.collect::<Vec<_>>(), [*name, "Oak", "Birch Freight"])
        })
        .collect();
    for (number, one) in all.iter().enumerate() {
        assert_ne!(
            *one,
            Shingles::default(),
            "every one was written and may go"
        );
        for other in &all[..number] {
            let likeness = one.likeness(other);
            assert!(likeness <= LIKENESS_MAX, "{likeness}");
        }
    }
}

/// A model that says the same to everybody, and the writers of the campaigns there are.
fn with_model(rows: &[LeadRow]) -> (Llm, World) {
    let llm = Llm::start();
    let mut world = with_leads(rows).env("LLM_CONCURRENCY", "1");
    world.set_env("OPENAI_BASE_URL", &llm.url());
    world.set_env("OPENAI_API_KEY", llm::KEY);
    ok(&world, NIGHT, "pull");
    (llm, world)
}

const WRITERS: &str = "SELECT state, substr(writer, 1, instr(writer, ':') - 1) FROM campaigns
                       ORDER BY id";

#[test]
fn a_model_that_says_the_same_to_strangers_is_not_paid_for_saying_it_again() {
    let boris = lead("Boris Oak", BORIS, "Birch");
    let (llm, world) = with_model(&[ada(), boris]);
    let counts = world.at(NIGHT).run(&["generate", "--json"]).exits(0).json();
    assert_eq!(counts["counts"]["fell_back_to_templates"], 1);
    assert_eq!(
        world.sql(WRITERS),
        [["active", "model"], ["active", "template"]]
    );
    assert_eq!(llm.requests().len(), 2);
    let tokens = world.sql("SELECT count(*) FROM campaigns WHERE tokens > 0");
    assert_eq!(
        tokens,
        [["2"]],
        "what it cost is kept, whoever wrote in the end"
    );
}

#[test]
fn a_model_is_asked_once_more_for_the_sake_of_a_colleague() {
    let dora = lead("Dora Ash", "dora@engines.example", "Analytical Engines");
    let (llm, world) = with_model(&[ada(), dora]);
    ok(&world, NIGHT, "generate");
    assert_eq!(
        world.sql(WRITERS),
        [["active", "model"], ["active", "template"]]
    );
    let asked = llm.requests();
    assert_eq!(asked.len(), 3);
    let prompt: Value = asked[2].clone();
    let prompt = crate::world::llm::campaign::prompt(&prompt);
    assert!(prompt.contains("turned these texts down"), "{prompt}");
    // The second answer costs as well.
    let cost = "SELECT max(tokens) >= 2 * min(tokens) FROM campaigns";
    assert_eq!(world.sql(cost), [["1"]]);

    // Should the model give up before it answered again, what it said first is not paid for twice.
    let dora = lead("Dora Ash", "dora@engines.example", "Analytical Engines");
    let (llm, world) = with_model(&[ada(), dora]);
    ok(&world, NIGHT, "generate --limit 1");
    llm.fail([llm::Fault::Fenced, llm::Fault::InsufficientQuota]);
    world.at(NIGHT).run(&["generate"]).exits(75);
    assert_eq!(world.sql(WRITERS), [["active", "model"]]);
    let n_before = llm.requests().len();
    ok(&world, NIGHT, "generate");
    assert_eq!(
        llm.requests().len(),
        n_before + 1,
        "only the second question"
    );
    assert_eq!(
        world.sql(WRITERS),
        [["active", "model"], ["active", "template"]]
    );
}
