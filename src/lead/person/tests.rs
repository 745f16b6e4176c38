//! Tests of `person.rs` and its casing.

use super::*;

#[track_caller]
fn check(raw: &str, full: &str, first: &str) {
    let found = parse(raw, "").unwrap_or_else(|err| panic!("{raw:?}: {err:#}"));
    assert_eq!(
        (found.full.as_str(), found.first.as_str()),
        (full, first),
        "{raw:?}"
    );
    let again = parse(&found.full, "").unwrap_or_else(|err| panic!("again {raw:?}: {err:#}"));
    assert_eq!(again, found, "a mended name stays as it is");
}

#[test]
fn a_good_name_is_left_as_it_is() {
    for (name, first) in [
        ("Ada Vey", "Ada"),
        ("Zoë Quistgård", "Zoë"),
        ("Aisling O'Hara", "Aisling"),
        ("Kaia d'Aubrecourt", "Kaia"),
        ("Greta Da Rochafell", "Greta"),
        ("Håkon van der Zwaluw", "Håkon"),
        ("Dmitri Mc Tavern", "Dmitri"),
        ("Farid Okonjo-Vale", "Farid"),
        ("Mary Jane Vey", "Mary"),
        ("O’Curly", "O’Curly"),
        ("Kim Le", "Kim"),
        ("JJ Vey", "JJ"),
        ("Ada DeVey", "Ada"),
        ("de Vries", "de Vries"),
        ("Abdul Rahman Vey", "Abdul Rahman"),
        ("Abdul Vey", "Abdul"),
        ("Анна Вымышленова", "Анна"),
        ("Ελένη Παπαδοπουλίδου", "Ελένη"),
        ("فاطمة الزهرانية", "فاطمة"),
        ("דנה כהןסון", "דנה"),
        ("प्रिया शर्मावत", "प्रिया"),
        ("山田 太郎丸", "山田 太郎丸"),
        ("李小雲", "李小雲"),
        ("李", "李"),
        ("김 민준", "김 민준"),
        ("Christopher Null", "Christopher"),
        ("Jack Ma", "Jack"),
        ("Phil Vey", "Phil"),
        ("Hi Dao", "Hi"),
    ] {
        check(name, name, first);
    }
}

#[test]
fn titles_and_degrees_are_no_part_of_a_name() {
    check("Dr. Ada VEY", "Ada Vey", "Ada");
    check("Prof. Dr. med. dent. Ada Vey", "Ada Vey", "Ada");
    check("Dr.Ada Vey", "Ada Vey", "Ada");
    check("Prof.Dr.Ada Vey", "Ada Vey", "Ada");
    check("Dipl.-Ing. Ada Vey", "Ada Vey", "Ada");
    check("mr ada vey", "Ada Vey", "Ada");
    check("Ada Vey, PhD", "Ada Vey", "Ada");
    check("Ada Vey Ph.D., MBA", "Ada Vey", "Ada");
    check("Ada Vey MD", "Ada Vey", "Ada");
    check("Ada Vey, CEO", "Ada Vey", "Ada");
    check("Ada Vey | CEO at Quill", "Ada Vey", "Ada");
    check("Ada Vey - Quill Studio", "Ada Vey", "Ada");
    check("Tom Vey jr", "Tom Vey Jr.", "Tom");
    check("Tom Vey, III.", "Tom Vey III", "Tom");
    check(
        "dr. PROF. Ing. Karl-Heinz von und zu Tannen-Ähre III.",
        "Karl-Heinz von und zu Tannen-Ähre III",
        "Karl-Heinz",
    );
    check("Herr Vey", "Vey", "Vey");
}

#[test]
fn capitals_are_mended_where_there_is_only_one_case() {
    check("ada vey", "Ada Vey", "Ada");
    check("ADA VEY", "Ada Vey", "Ada");
    check("jane", "Jane", "Jane");
    check("Ada VEY", "Ada Vey", "Ada");
    check("ada Vey", "Ada Vey", "Ada");
    check("JAN VAN DER BERG", "Jan van der Berg", "Jan");
    check("maria de la cruz", "Maria de la Cruz", "Maria");
    check("van nguyen", "Van Nguyen", "Van");
    check("KIM LE", "Kim Le", "Kim");
    check("AISLING O'HARA", "Aisling O'Hara", "Aisling");
    check("sa'id vey", "Sa'id Vey", "Sa'id");
    check("ST. JOHN VEY", "St. John Vey", "St. John");
    check("PETR VLK", "Petr Vlk", "Petr");
    check("Jan v.d. Berg", "Jan v.d. Berg", "Jan");
    check(
        "MARY-JANE O'NEIL-MCVEY",
        "Mary-Jane O'Neil-McVey",
        "Mary-Jane",
    );
    check("AHMED AL-VEY", "Ahmed Al-Vey", "Ahmed");
    check("ROSS MCDONALD", "Ross McDonald", "Ross");
    check("ross macdonald", "Ross MacDonald", "Ross");
    check("ANA MACIAS", "Ana Macias", "Ana");
    check("karl-heinz vey", "Karl-Heinz Vey", "Karl-Heinz");
    check("İBRAHİM VEY", "İbrahim Vey", "İbrahim");
    check("ΕΛΕΝΗ ΠΑΠΠΟΣ", "Ελενη Παππος", "Ελενη");
    check("NG WEI", "Ng Wei", "Ng");
    check("JFK VEY", "JFK Vey", "JFK");
}

#[test]
fn slips_are_mended() {
    check("  Ada \t Vey\n", "Ada Vey", "Ada");
    check("🦊 Ada Vey 🚀", "Ada Vey", "Ada");
    check("Zero\u{200b}Width Vey", "ZeroWidth Vey", "ZeroWidth");
    check("Ｊａｎｅ 𝐕𝐞𝐲", "Jane Vey", "Jane");
    check("Vey, Ada", "Ada Vey", "Ada");
    check("VAN DER BERG, Jan", "Jan van der Berg", "Jan");
    check("Vey, Ada, PhD", "Ada Vey", "Ada");
    check("Robert “Bob” Vey", "Robert Vey", "Robert");
    check("Robert (Bob) Vey", "Robert Vey", "Robert");
    check("O’Curly “Quotes”", "O’Curly Quotes", "O’Curly");
    check("ada.vey", "Ada Vey", "Ada");
    check("ada_vey", "Ada Vey", "Ada");
    check("O&#39;Hara Vey", "O'Hara Vey", "O'Hara");
    check("Ada O`Hara", "Ada O'Hara", "Ada");
}

#[test]
fn titles_of_many_countries_are_known() {
    for title in [
        "Univ.-Prof. Dr.",
        "PD Dr.",
        "Priv.-Doz. Dr.",
        "Dr. h.c. mult.",
        "Dr med",
        "Dipl.-Kfm.",
        "Prof.ssa",
        "Sig.ra",
        "Avv.",
        "Srª",
        "Lic.",
        "Mevr.",
        "Fru",
        "Me",
        "Engr.",
        "Smt",
        "Dato'",
        "CA",
        "CPA",
        "г-н",
        "д-р",
        "κ.",
    ] {
        check(&format!("{title} Ada Vey"), "Ada Vey", "Ada");
    }
    check("山田太郎様", "山田太郎", "山田太郎");
    check("王小明 先生", "王小明", "王小明");
    // Names that look like titles.
    check("JD Vey", "JD Vey", "JD");
    check("Dato Vey", "Dato Vey", "Dato");
    check("Doc Vey", "Doc Vey", "Doc");
}

#[test]
fn degrees_behind_a_name_are_known_by_their_list_or_their_shape() {
    for degrees in [
        ", CSPO",
        ", XQZB, CSSBB",
        ", M.Sc.",
        ", B.A.",
        ", P.Eng",
        ", Ph.D",
        ", MA",
        ", SHRM-SCP, GPHR",
        ", PMP®",
        " LL.M.",
        " P.E.",
        " MEd",
        " PhD MBA",
        " mba",
        ", Ing.",
        ", Attorney at Law",
    ] {
        check(&format!("Ada Vey{degrees}"), "Ada Vey", "Ada");
    }
    check("ADA LYRA VEY RPH", "Ada Lyra Vey", "Ada");
    // Names that look like degrees.
    check("Jack Ma", "Jack Ma", "Jack");
    check("ADA EDD", "Ada Edd", "Ada");
    check("Ma, Jack", "Jack Ma", "Jack");
    check("Van Beek, JJ", "JJ Van Beek", "JJ");
    check("Vey Stern, Mary-Jane", "Mary-Jane Vey Stern", "Mary-Jane");
}

#[test]
fn what_profiles_write_around_a_name_is_taken_off() {
    for raw in [
        "Ada Vey (she/her)",
        "Ada Vey she/her/hers",
        "Ada Vey (She/Her), MBA",
        "Ada Vey (she/h",
        "Ada 'Addie' Vey",
        "Ada ‘Addie’ Vey, PhD",
        "Ada 'The Quill' Vey",
        "Ada «Addie» Vey",
        "Ada Vey (née Stern)",
        "Ada Vey née Stern",
        "Ada Vey, geb. Stern",
        "~*Ada Vey*~",
        "Ada Vey -",
        "Ada Vey .",
        "Ada Vey at Quill",
        "Ada Vey @ Quill",
        "Ada Vey - Quill GmbH",
        "Ada Vey (Quill LLC) [hiring]",
        "Ada Vey | ada@quill.example",
    ] {
        check(raw, "Ada Vey", "Ada");
    }
    #[track_caller]
    fn at(raw: &str, company: &str, full: &str) {
        let found = parse(raw, company).unwrap_or_else(|err| panic!("{raw:?}: {err:#}"));
        assert_eq!(found.full, full, "{raw:?}");
    }
    at("Ada Vey, Quill", "Quill GmbH", "Ada Vey");
    at("Ada Vey, Quill Ltd.", "Quill", "Ada Vey");
    at("Ada Vey of Quill", "Quill", "Ada Vey");
    at("Vey, Ada", "Quill", "Ada Vey");
    at("Ada von Quill", "Quill", "Ada von Quill");
    check("Ada Vey 3rd", "Ada Vey III", "Ada");
}

#[test]
fn an_initial_is_no_greeting() {
    check("J. Vey", "J. Vey", "J. Vey");
    check("J.Vey", "J. Vey", "J. Vey");
    check("j vey", "J Vey", "J Vey");
    check("J. Robert Vey", "J. Robert Vey", "Robert");
    check("J.R.R. Vey", "J.R.R. Vey", "J.R.R. Vey");
    check("Ada M. Vey", "Ada M. Vey", "Ada");
    check("Wm. Vey", "Wm. Vey", "Wm. Vey");
    check("Md Karim Vey", "Md Karim Vey", "Karim");
    check("St. John Vey", "St. John Vey", "St. John");
    check("J. van der Vey", "J. van der Vey", "J. van der Vey");
}

#[test]
fn what_is_no_name_is_refused() {
    #[track_caller]
    fn refused(raw: &str, problem: &str) {
        let err = parse(raw, "").expect_err(raw).to_string();
        assert!(err.contains(problem), "{raw:?}: {err}");
    }
    for raw in [
        "null",
        "N/A",
        "test",
        "Test User",
        "unknown",
        "-",
        "???",
        "First Last",
        "xxx",
    ] {
        refused(raw, "placeholder");
    }
    for raw in [
        "LinkedIn Member",
        "Facebook User",
        "Private Profile",
        "To Whom It May Concern",
        "Hello World",
    ] {
        refused(raw, "placeholder");
    }
    for raw in ["Hiring Manager", "The Owner", "Team Quill", "Our Team"] {
        refused(raw, "a function");
    }
    refused("Ada and Tom Vey", "two persons");
    refused("ADA AND TOM", "two persons");
    refused("Ada und Tom Vey", "two persons");
    refused("Ada et Tom", "two persons");
    refused("CEO | Quill", "a function");
    refused("{{first_name}} {{last_name}}", "unfilled template");
    refused("[Name]", "unfilled template");
    refused("[Ada]", "placeholder");
    refused("=HYPERLINK(\"http://evil.example\",\"click\")", "formula");
    refused("Bobby'); DROP TABLE leads;--", "expected letters");
    refused("<b>Ada</b>", "markup");
    refused("ada@quill.example", "e-mail address");
    refused("https://quill.example/ada", "web address");
    refused("quill.com", "web address");
    refused("Quill GmbH", "name of a company");
    refused("Quill Freight Pty Ltd", "name of a company");
    refused("Sales Team", "a function");
    refused("Info", "a function");
    refused("CEO", "a function");
    refused("Marketing Manager", "a function");
    refused("Head of Sales", "a function");
    refused("RTL \u{202e}yeV\u{202c} Name", "reading direction");
    refused("J", "only an initial");
    refused("J. K.", "only an initial");
    refused("Dr.", "only a title");
    refused("Mrs", "only a title");
    refused("Ada3 Vey", "expected letters, found `3`");
    refused("Ada & Tom Vey", "expected letters, found `&`");
    refused("Ada / Tom", "expected letters, found `/`");
    refused("Аda Vey", "two scripts");
    refused("Ada, Tom, Kim", "found a list");
    refused(&"Ada ".repeat(9), "at most 8 words");
    refused(&"ab".repeat(41), "at most 80 characters");
    refused("Please enable JavaScript", "error page");
}
