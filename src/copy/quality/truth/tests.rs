//! What is true of the lead and what is not, class by class, through the whole gate.

use super::super::tests::{brand, lead_with};
use super::super::{Judgement, Severity, judge_steps};
use crate::copy::{Brand, Draft};
use crate::lead::Lead;

/// A hook around some sentences that is otherwise without fault.
fn draft(step: &str, text: &str) -> Draft {
    Draft {
        step: step.into(),
        subject: "Where the morning of a carrier goes".into(),
        body: format!(
            "Hi Ada,\n\nThe carriers that dairies stay with are the ones that answer before \
             anybody asks. At Ferrous Freight that is a matter of who sees what, and when. \
             {text}\n\nWould it be useful to compare notes?\n\n— 4Runr Team"
        ),
    }
}

/// The codes of truth that refuse a message.
fn found(judged: &Judgement) -> String {
    const TRUTH: [&str; 8] = [
        "invented_number",
        "invented_claim",
        "contradiction",
        "pretended_contact",
        "wrong_place",
        "wrong_company",
        "company_missing",
        "company_misspelt",
    ];
    let issues = judged.issues.iter();
    let of_truth =
        issues.filter(|issue| TRUTH.contains(&issue.code) && issue.severity > Severity::Minor);
    let mut codes: Vec<&str> = of_truth.map(|issue| issue.code).collect();
    codes.dedup();
    codes.join(" ")
}

fn judged(lead: &Lead, brand: &Brand, text: &str) -> Judgement {
    judge_steps(lead, &[draft("hook", text)], brand, 80, &["hook"])
}

/// Judges a sentence under a description of the lead.
#[track_caller]
fn check(description: &str, text: &str, expected: &str) {
    let lead = lead_with(|lead| lead.description = description.into());
    let judged = judged(&lead, &brand(), text);
    assert_eq!(
        found(&judged),
        expected,
        "{description}: {text}: {judged:#?}"
    );
}

const FLEET: &str = "Refrigerated carrier since 1998 with 310 trailers, 86 vans, three depots in \
                     Leeds, Hull and York, and 1,200 customers; 3.2 million parcels a year. One \
                     driver in five is a woman. 14 % of routes run at night.";

#[test]
fn figures_of_the_data_may_be_told_in_any_form() {
    for text in [
        "More than 300 trailers leave before six.",
        "Three hundred and ten trailers leave before six.",
        "With over three hundred trailers, small things add up.",
        "Some 300 trailers, and one list.",
        "Eighty-six vans make a fleet.",
        "Nearly ninety vans make a fleet.",
        "Twelve hundred customers ask the same question.",
        "Well over a thousand customers ask the same question.",
        "Three million parcels, and then a pause.",
        "3.2m parcels a year leave a trace.",
        "20% of your drivers are women.",
        "One in five of your drivers is a woman.",
        "Fourteen percent of your routes run at night.",
        "For more than twenty-five years you have kept dairies cold.",
        "After a quarter of a century, habits are hard to see.",
        "Close to three decades of night routes teach patience.",
        "Nearly thirty years of night routes teach patience.",
        "Since 1998 the trade has changed twice.",
        "Three depots can act as one.",
        "Two depots rarely see the same morning.",
        "When a second depot covers for the first, who knows?",
    ] {
        check(FLEET, text, "");
    }
}

#[test]
fn figures_that_follow_from_nothing_are_invented() {
    for text in [
        "More than 400 trailers leave before six.",
        "Your 340 trailers leave before six.",
        "Your ninety-six vans make a fleet.",
        "Your forty mechanics know it best.",
        "Twelve thousand customers ask the same question.",
        "Nearly 300 trailers leave before six.",
        "Four million parcels, and then a pause.",
        "Fifteen percent of your routes run at night.",
        "One in four of your drivers is a woman.",
        "After close to forty years, Ferrous Freight knows the roads.",
        "Your five depots can act as one.",
        "Ferrous Freight runs six warehouses, and each has its list.",
        "Since 1989 the trade has changed twice.",
        "Carriers that do so lose a third of their returns.",
        "Carriers that do so win a quarter more orders.",
        "One carrier halved its empty miles.",
        "The ones we set up now plan twice as fast.",
        "Dozens of carriers use our tracker for this already.",
        "Nine in ten carriers find out too late.",
        "Three out of four claims start with a phone call.",
        "Empty miles fall by half within weeks.",
        "Two thirds of the claims come from one gate.",
        "It pays for itself within 3 months.",
        "Response times drop by 40 per cent.",
        "Output tripled, and margins grew 3x.",
    ] {
        check(FLEET, text, "invented_number");
    }
}

#[test]
fn numbers_of_speech_are_free() {
    for text in [
        "Two questions come up again and again.",
        "Would a 20-minute call in the next 2 weeks help?",
        "A quarter of an hour would be enough for it.",
        "Half of the battle is won at the gate.",
        "The other half is knowing which pallet is where.",
        "The second reader trusts the first.",
        "Nobody has ninety seconds to spare at the gate.",
        "A hundred small things decide the morning.",
        "It takes one wrong label in a million.",
        "Dozens of small decisions are made before seven.",
        "Retyping means twice the work for half the trust.",
        "There are forty calls to make, and one person to make them.",
        "Somebody covers 24/7, and 9-to-5 is no help.",
        "A third option is to ask the driver.",
        "In 2026 that will be the rule.",
        "It is ten to six, and the gate opens at 6 am.",
        "Section 21 asks for nothing else.",
        "If thirty orders arrive at once, who decides?",
        "A driver with thirty years behind the wheel knows.",
    ] {
        check(FLEET, text, "");
    }
}

#[test]
fn a_place_is_the_leads_own_or_free() {
    for (text, expected) in [
        ("Your Kraków yard would know it first.", "wrong_place"),
        ("From your base in Antwerp the port is near.", "wrong_place"),
        ("In Oslo, Ferrous Freight could show how.", "wrong_place"),
        ("The teams at your depot in Lisbon know it.", "wrong_place"),
        ("I am keen to learn what works in Gdansk.", "wrong_place"),
        (
            "Ferrous Freight's Rotterdam office would feel it.",
            "wrong_place",
        ),
        (
            "Ferrous Freight, based in Turin, could show how.",
            "wrong_place",
        ),
        ("Your Leeds depot would know it first.", ""),
        ("From your base in York the coast is near.", ""),
        ("Carriers in Hamburg have begun to ask for it.", ""),
        ("A merchant in Oslo notices it on Friday.", ""),
        ("Buyers around Sydney and Perth know this.", ""),
        ("It is true between Rotterdam and Duisburg.", ""),
        ("Your customers in Bristol would notice first.", ""),
        ("The Great Lakes and the Prairies freeze early.", ""),
        ("Your Monday starts in March, as it were.", ""),
    ] {
        check(FLEET, text, expected);
    }
}

#[test]
fn news_of_the_lead_needs_a_source() {
    for text in [
        "Congratulations on your new funding.",
        "Congratulations to the team on the Cold Chain Prize!",
        "Since being named Carrier of the Year, you will have felt it.",
        "Ferrous Freight, fresh from winning the regional award, knows.",
        "I saw your post on LinkedIn about reefers.",
        "I enjoyed your recent podcast on dairies.",
        "Your recent acquisition makes it harder.",
        "Now that you have opened the Spanish office, it matters.",
        "You have just hired a new head of fleet.",
        "Your promotion last month must have been welcome.",
        "Herzlichen Glückwunsch zur Auszeichnung als bester Spediteur.",
        "Permítame felicitarle por el premio Alfa de Oro.",
        "Félicitations pour le prix reçu à Lyon.",
        "Last year's National Logistics Award shows how well it is done.",
        "The prize you won in May is no accident.",
    ] {
        check(FLEET, text, "invented_claim");
    }
    for text in [
        "The award of a contract is decided on paper.",
        "A new office is a new set of habits.",
        "Whoever won the last tender knows this.",
        "Your next hire will ask for it.",
        "I have read your description twice.",
        "Your latest routes run at night.",
    ] {
        check(FLEET, text, "");
    }
}

#[test]
fn an_unnamed_customer_with_a_result_is_a_claim() {
    for text in [
        "We did this for a carrier like you last year.",
        "A dairy group in Lyon stopped its recalls with us.",
        "One of our clients, a haulier, cut its empty miles.",
        "One of your neighbours made it hold with our help.",
        "Last year we helped a family carrier in your region do so.",
        "We built the same thing for another fleet down the road.",
    ] {
        check(FLEET, text, "invented_claim");
    }
    for text in [
        "Most carriers treat it as workload.",
        "Teams getting ahead ask earlier.",
        "We build that layer for carriers, quietly.",
        "We have learned this from fleets of every size.",
        "A carrier like yours has an advantage.",
        "We help a dispatcher see it in time.",
        "One of our habits is to begin small.",
    ] {
        check(FLEET, text, "");
    }
}

#[test]
fn an_acquaintance_that_never_was_is_pretended() {
    for text in [
        "Picking up where we left off in the spring, one thought.",
        "Thank you for stopping by our stand.",
        "Thank you for your kind answer.",
        "Thanks again for the quick reply.",
        "It was a pleasure to sit beside you at the dinner.",
        "You asked me to get back to you once the season began.",
        "Your colleague in dispatch suggested that I write to you.",
        "As agreed on the phone, here is the outline.",
        "Since you downloaded our guide, one more observation.",
        "It was good to hear from you last week.",
        "After our call on Monday I kept thinking.",
        "You may remember me from the fair.",
        "Wie besprochen, sende ich Ihnen die Skizze.",
        "Vielen Dank für Ihre Antwort.",
        "Comme convenu, voici une idée.",
        "Gracias por su respuesta del lunes.",
        "Great to see you at the cold chain fair.",
        "When you visited us in May, you saw it.",
    ] {
        check(FLEET, text, "pretended_contact");
    }
    for text in [
        "It was a pleasure to think about your trade.",
        "It was good to share these thoughts.",
        "It was a pleasure to see how your trade works.",
        "Thank you for reading this far.",
        "If you wish, I can send an outline.",
        "A reply of one line is enough.",
        "Your customers asked for it first.",
        "A driver once told me how it is done.",
        "When you visit a depot at six, you see it.",
        "You will know this better than I do.",
        "Let me know where you stand.",
    ] {
        check(FLEET, text, "");
    }
}

/// Judges a brand's claim as it is told.
#[track_caller]
fn check_claim(claim: &str, text: &str, expected: &str) {
    let lead = lead_with(|lead| lead.description = "Refrigerated carrier.".into());
    let file = format!("## What we do\nX\n## Allowed claims\n- {claim}");
    let brand = Brand::parse(&file, "4Runr Team").unwrap();
    let judged = judged(&lead, &brand, text);
    assert_eq!(found(&judged), expected, "{claim}: {text}: {judged:#?}");
}

#[test]
fn an_allowed_claim_may_be_told_otherwise_but_not_twisted() {
    let half = "Guided quoting cuts incomplete quotes by 50%.";
    check_claim(
        half,
        "Guided quoting brings incomplete quotes down by half.",
        "",
    );
    check_claim(
        half,
        "With guided quoting, incomplete quotes have been halved.",
        "",
    );
    check_claim(
        half,
        "Guided quoting cuts incomplete quotes by fifty per cent.",
        "",
    );
    check_claim(
        half,
        "Guided quoting cuts incomplete quotes by a third.",
        "invented_number",
    );
    check_claim(
        half,
        "Guided quoting raises complete quotes by 50%.",
        "invented_number",
    );
    let share = "Clinics we support lowered no-shows from 11% to 6%.";
    check_claim(
        share,
        "No-shows at the clinics we support fell from 11 to 6 per cent.",
        "",
    );
    check_claim(
        share,
        "No-shows at the clinics we support fell from 11 to 4 per cent.",
        "invented_number",
    );
    let days =
        "For repair yards we have cut the time from enquiry to quote from nine days to four.";
    check_claim(
        days,
        "Repair yards have cut the time from enquiry to quote from nine days to four.",
        "",
    );
    check_claim(
        days,
        "Repair yards have cut the time from enquiry to quote from nine days to two.",
        "invented_number",
    );
    let range = "Lean infrastructure cuts booking friction by 25-40%.";
    check_claim(
        range,
        "Lean infrastructure cuts booking friction by 25 to 40 percent.",
        "",
    );
    check_claim(
        range,
        "Lean infrastructure cuts booking friction by 40-55%.",
        "invented_number",
    );
}

/// Judges three messages that differ in one sentence each.
#[track_caller]
fn check_three(description: &str, texts: [&str; 3], expected: bool) {
    let lead = lead_with(|lead| lead.description = description.into());
    let steps = ["hook", "proof", "fomo"];
    let drafts: Vec<Draft> = steps
        .iter()
        .zip(texts)
        .map(|(step, text)| draft(step, text))
        .collect();
    let judged = judge_steps(&lead, &drafts, &brand(), 80, &steps);
    let found = judged
        .issues
        .iter()
        .any(|issue| issue.code == "contradiction");
    assert_eq!(found, expected, "{texts:?}: {judged:#?}");
}

#[test]
fn messages_count_one_thing_alike() {
    let call = "Would a fifteen-minute call help?";
    check_three(
        FLEET,
        [call, "Perhaps the half hour I suggested helps.", "."],
        true,
    );
    check_three(
        FLEET,
        [call, ".", "The 45 minutes I proposed still stand."],
        true,
    );
    check_three(
        FLEET,
        [call, "The offer of 15 minutes on the phone stands.", "."],
        false,
    );
    check_three(
        FLEET,
        [call, "A quarter of an hour on the phone would do.", "."],
        false,
    );
    check_three(
        FLEET,
        [call, "It takes forty minutes to load a trailer.", "."],
        false,
    );
    let quays = "Chandlery with shops on both quays.";
    check_three(
        quays,
        ["It has two shops.", "With three shops, calm matters.", "."],
        true,
    );
    check_three(
        quays,
        [
            "It has two shops.",
            "Both shops matter.",
            "Two shops, one list.",
        ],
        false,
    );
}
