//! Tests of `person.rs` and its casing.

use super::*;

#[track_caller]
fn check(raw: &str, full: &str, first: &str) {
    let found = parse(raw).unwrap_or_else(|err| panic!("{raw:?}: {err:#}"));
    assert_eq!(
        (found.full.as_str(), found.first.as_str()),
        (full, first),
        "{raw:?}"
    );
    let again = parse(&found.full).unwrap_or_else(|err| panic!("again {raw:?}: {err:#}"));
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
        let err = parse(raw).expect_err(raw).to_string();
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
        "[Name]",
    ] {
        refused(raw, "placeholder");
    }
    refused("{{first_name}} {{last_name}}", "unfilled template");
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
