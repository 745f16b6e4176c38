use super::*;

/// What is read of a text: value, kind, bound and noun of each quantity.
#[track_caller]
fn check(text: &str, expected: &str) {
    check_in(Tongue::English, text, expected);
}

#[track_caller]
fn check_in(tongue: Tongue, text: &str, expected: &str) {
    let found: Vec<String> = quantities(text, tongue).iter().map(shown).collect();
    assert_eq!(found.join("; "), expected, "{text}");
}

fn shown(quantity: &Quantity<'_>) -> String {
    let bound = match quantity.bound {
        Bound::Exact => "",
        Bound::Over => ">",
        Bound::Under => "<",
        Bound::About => "~",
        Bound::Several => "s",
    };
    let kind = match quantity.kind {
        Kind::Count => "",
        Kind::Percent => "%",
        Kind::Times => "x",
    };
    let value = (quantity.value * 100.0).round() / 100.0;
    format!("{bound}{value}{kind} {}", quantity.nouns[0])
        .trim()
        .to_string()
}

#[test]
fn digits_with_units_and_scales() {
    check(
        "runs 1,200 sites and 3.2 million searches",
        "1200 sites; 3200000 searches",
    );
    check(
        "$1.2bn in assets, 50k members, £620 million",
        "1200000000 in; 50000 members; 620000000",
    );
    check("cuts it by 25-40% in tests", "25% in; 40% in");
    check("from 11 to 6 per cent, 10x faster", "11%; 6%; 10x faster");
    check("a 3 times higher rate, 3 times a day", "3x higher; 3 times");
    check("2 dozen vans", "24 vans");
}

#[test]
fn worded_numbers_of_any_size() {
    check("twelve hundred agreements", "1200 agreements");
    check("seventy-two thousand visitors", "72000 visitors");
    check("three thousand four hundred casks", "3400 casks");
    check("two hundred and ten volunteers", "210 volunteers");
    check("six and a half thousand pounds", "6500 pounds");
    check("two and a half million", "2500000");
    check("half a million and half a dozen", "500000; 6");
    check("a quarter of a million birds", "250000 birds");
    check("a hundred and twenty chairs", "120 chairs");
    check("six seven; a dozen clinics", "6 seven; 7; 12 clinics");
    check("nine or ten", "9; 10");
}

#[test]
fn shares_are_percentages() {
    check("two thirds of guests", "66.67% guests");
    check(
        "nine in ten contractors, one out of four",
        "90% contractors; 25%",
    );
    check("3 out of 4 buyers", "75% buyers");
    check("one student in five, one site in every ten", "20%; 10%");
    check("a third of the returns", "33.33% the");
    check("a third more of them", "33.33% more");
    check("errors fall by a third with us", "33.33% with");
    check("orders grew by a quarter in may", "25% in");
    check("brings quotes down by half, and", "50%");
    check("halved its no-shows", "50% its");
    check("cut its delays in half", "50%");
    check("quote twice as fast as", "2x as");
}

#[test]
fn rhetoric_is_no_share() {
    check("a third option, the third of june", "");
    check("half of its job, half the battle, half past", "");
    check(
        "a quarter of an hour; this quarter of the year",
        "0.25 hour",
    );
    check("doubled back, twice the work", "");
    check("a highway that slips by a quarter", "");
    check("solved in half the rooms", "");
    check("three in ten minutes", "3 in; 10 minutes");
    check("one order in three systems", "1 order; 3 systems");
    check("half an hour, a half-hour call", "0.5 hour; 0.5 hour");
}

#[test]
fn approximators_give_the_bound() {
    check("more than 300 machines", ">300 machines");
    check("over four hundred thousand trees", ">400000 trees");
    check("a good forty vans, 300+ sites", ">40 vans; >300 sites");
    check("nearly 400, up to twelve people", "<400; <12 people");
    check("close to five decades", "~50 years");
    check("some 40,000 people, about a dozen", "~40000 people; ~12");
    check(
        "dozens of carriers, hundreds of shops",
        "s24 carriers; s100 shops",
    );
    check("over $620 million", ">620000000");
}

#[test]
fn other_languages() {
    let check = |text, expected| check_in(Tongue::Any, text, expected);
    check(
        "siebenundzwanzig länder, über 2.900 haushalte",
        "27 länder; >2900 haushalte",
    );
    check(
        "58.000 zähler und 14 % weniger",
        "58000 zähler; 14% weniger",
    );
    check("plus de 6 millions de boîtes", ">6000000 de");
    check(
        "vingt-cinq salariés, quatre-vingts ateliers",
        "25 salariés; 80 ateliers",
    );
    check("treinta y cinco países, 14 por ciento", "35 países; 14%");
    check("un tiers des retours, zwei drittel", "33.33% des; 66.67%");
    check("fast vierzig jahre, rund 30 prozent", "<40 jahre; ~30%");
}

#[track_caller]
fn check_cover(data: &str, said: &str, expected: bool) {
    let facts = quantities(data, Tongue::Any);
    let said_all = quantities(said, Tongue::English);
    let covered = said_all.iter().all(|said| is_covered(said, &facts));
    assert!(!said_all.is_empty(), "{said}");
    assert_eq!(covered, expected, "{data}: {said}");
}

#[test]
fn a_true_number_may_be_rounded() {
    for (data, said) in [
        ("310 excavators", "more than 300 machines"),
        ("412,000 trees", "more than four hundred thousand trees"),
        ("3.2 million searches", "three million searches"),
        ("420 bars", "over 400 bars"),
        ("£6,500", "six and a half thousand pounds"),
        ("1,200 agreements", "twelve hundred agreements"),
        ("50k members", "fifty thousand members"),
        ("twelve clinics", "12 clinics, a dozen clinics"),
        ("one in five pupils", "20% of pupils"),
        ("33 % of guests", "a third of the guests"),
        ("since 1998", "for more than twenty-five years"),
        ("founded in 1978", "close to five decades"),
        ("chartered in 1934", "ninety years, more than ninety years"),
        ("64 years of trade", "since 1962"),
        ("58,300 visitors", "nearly 60,000 visitors"),
        ("240 partners", "hundreds of partners"),
        ("99.98% uptime", "the other 0.02"),
    ] {
        check_cover(data, said, true);
    }
}

#[test]
fn a_wrong_number_is_not_rounded() {
    for (data, said) in [
        ("1,200 agreements", "twelve thousand agreements"),
        ("310 excavators", "more than 320 machines"),
        ("310 excavators", "nearly 300 machines"),
        ("310 excavators", "340 machines"),
        ("11 vets", "12 vets"),
        ("86 vans", "90 vans"),
        ("1,234 sites", "1,243 sites"),
        ("14% less", "15% less"),
        ("50% less", "50 vans"),
        ("since 1998", "close to forty years"),
        ("since 1998", "more than thirty-five years"),
        ("64 vans", "hundreds of vans"),
        ("20%", "one in four"),
        ("3.2 million", "more than four million"),
        ("9 sites", "nine in ten sites"),
    ] {
        check_cover(data, said, false);
    }
}
