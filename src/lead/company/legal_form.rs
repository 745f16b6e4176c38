//! Legal forms at the end (or the start) of a company name.

/// Legal forms without their dots, lower case; several words are joined by a space. Sources: the
/// ISO 20275 list of entity legal forms, the forms common in the countries our leads live in.
const LEGAL_FORMS: &[&str] = &[
    "a/s",
    "ab",
    "ad",
    "aş",
    "ag",
    "aktiengesellschaft",
    "aps",
    "as",
    "asa",
    "berhad",
    "bhd",
    "bv",
    "bvba",
    "cjsc",
    "co",
    "co kg",
    "co ltd",
    "company limited",
    "corp",
    "corporation",
    "coöp",
    "cv",
    "dd",
    "doo",
    "dooel",
    "e v",
    "eg",
    "eirl",
    "eireli",
    "ek",
    "eurl",
    "ev",
    "fz-llc",
    "fzco",
    "fze",
    "gbr",
    "gesmbh",
    "gk",
    "gmbh",
    "gmbh & co kg",
    "gmbh & cokg",
    "gmbh & co",
    "gmbh & co kgaa",
    "ag & co kg",
    "ag & co kgaa",
    "ug & co kg",
    "ggmbh",
    "hf",
    "inc",
    "incorporated",
    "jsc",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "limited",
    "llc",
    "lllp",
    "llp",
    "lp",
    "ltd",
    "ltd & co kg",
    "ltd şti",
    "ltd sti",
    "ltda",
    "ltée",
    "mbh",
    "nv",
    "nyrt",
    "ohg",
    "ojsc",
    "oü",
    "oy",
    "oy ab",
    "oyj",
    "pa",
    "partg",
    "partg mbb",
    "pc",
    "pjsc",
    "plc",
    "pllc",
    "private limited",
    "pte",
    "pte ltd",
    "pty",
    "pty limited",
    "pty ltd",
    "(pty) ltd",
    "pvt",
    "pvt ltd",
    "s de rl",
    "s de rl de cv",
    "sa",
    "sa de cv",
    "sac",
    "sapi de cv",
    "sarl",
    "sas",
    "sasu",
    "scs",
    "sdn bhd",
    "se",
    "sia",
    "sl",
    "slp",
    "slu",
    "snc",
    "sp j",
    "sp k",
    "sp z oo",
    "sp z o o",
    "sp zoo",
    "spółka z oo",
    "spa",
    "spol s ro",
    "spzoo",
    "srl",
    "srls",
    "sro",
    "stiftung & co kg",
    "sà rl",
    "sàrl",
    "tbk",
    "ug",
    "ug (haftungsbeschränkt)",
    "uab",
    "vof",
    "zrt",
    "ооо",
    "оао",
    "зао",
    "пао",
    "ао",
    "asbl",
    "bv/srl",
    "bv & co kg",
    "cvba",
    "dmcc",
    "e k",
    "ehf",
    "eood",
    "eu",
    "fz llc",
    "gmbh & co ohg",
    "hb",
    "i/s",
    "k/s",
    "kb",
    "ks",
    "lda",
    "limitada",
    "nv/sa",
    "ood",
    "opc private limited",
    "p/s",
    "psc",
    "sa/nv",
    "san ve tic aş",
    "san ve tic ltd şti",
    "sca",
    "sci",
    "se & co kg",
    "se & co kgaa",
    "selarl",
    "srl unipersonale",
    "tic aş",
    "tic ltd şti",
    "unipersonale",
    "vos",
    "vzw",
    "wll",
];

/// Forms that are also words or names: they count only in capitals or with dots (`S.p.A.`, not
/// `Spa`).
const NEEDS_CAPITALS: &[&str] = &[
    "ab", "ag", "as", "asa", "cv", "dd", "eg", "ek", "ev", "gk", "hf", "kg", "kk", "lp", "nv",
    "pa", "pc", "sa", "sac", "sas", "scs", "se", "sia", "sl", "spa", "ug", "bv", "ао", "ad", "eu",
    "hb", "kb", "ks", "psc", "sca", "sci", "vos", "wll", "e k",
];

/// Forms that stand in front, as they are written.
const LEADING_FORMS: [&str; 13] = [
    "ООО", "ОАО", "ЗАО", "ПАО", "АО", "ТОО", "ТОВ", "ИП", "ФОП", "OOO", "PT", "PT.", "UAB",
];

/// What introduces the name a company trades under.
const TRADING_AS: [&str; 5] = [
    " dba ",
    " d/b/a ",
    " t/a ",
    " trading as ",
    " doing business as ",
];

/// What introduces the company behind a company.
const BELONGS_TO: [&str; 4] = [", a ", ", an ", ", part of ", ", formerly "];

/// Forms that no person's name ends in.
const NEVER_A_NAME: [&str; 12] = [
    "inc",
    "incorporated",
    "llc",
    "llp",
    "ltd",
    "gmbh",
    "plc",
    "corp",
    "corporation",
    "pty ltd",
    "limited",
    "co kg",
];

/// Forms of Japan, China and Korea, written without a space.
const JOINED_FORMS: [&str; 11] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "(株)",
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "주식회사",
    "(주)",
    "유한회사",
    "(有)",
];

/// The name without its legal form, brackets or slogan at its end: `Ostrich & Finch Media` of
/// `Ostrich & Finch Media, Inc. (UK) – We print`; of a company that trades under another name, that
/// one. Never empty: a name that is all legal form stays as it is.
pub(in crate::lead) fn short(name: &str) -> String {
    let bare = [" - ", " – ", " — "]
        .iter()
        .chain(&BELONGS_TO)
        .fold(traded(name), |rest, mark| {
            rest.split_once(mark).map_or(rest, |(head, _)| head)
        });
    let mut words: Vec<&str> = without_joined_form(bare.trim())
        .split_whitespace()
        .collect();
    if let [first, _, ..] = words.as_slice()
        && LEADING_FORMS.contains(first)
    {
        words.remove(0);
    }
    // Every round takes a word off, so that the words bound the rounds.
    while let Some(kept) = form_taken_off(&words) {
        words.truncate(kept);
    }
    let short = words.join(" ");
    let short = short.trim_end_matches([',', ' ', '-', '–', '&']);
    let quotes = [('«', '»'), ('„', '“'), ('"', '"')];
    let unquoted = |(open, close): &(char, char)| short.strip_prefix(*open)?.strip_suffix(*close);
    let short = quotes.iter().find_map(unquoted).unwrap_or(short);
    if short.chars().any(char::is_alphanumeric) {
        short.to_string()
    } else {
        name.to_string()
    }
}

/// The name a company trades under where the text says so, else all of it.
fn traded(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    let start = TRADING_AS
        .iter()
        .find_map(|mark| lower.find(mark).map(|at| at + mark.len()));
    start.and_then(|at| name.get(at..)).unwrap_or(name)
}

/// Whether a text ends in a legal form that no person's name ends in.
pub(in crate::lead) fn has_legal_form(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    (1..=2).any(|n| {
        let Some(at) = words.len().checked_sub(n).filter(|at| *at > 0) else {
            return false;
        };
        NEVER_A_NAME.contains(&form_of(words.get(at..).unwrap_or_default()).as_str())
    })
}

/// How many words stay when one legal form, or a closing bracket's text, is taken off the end; None
/// when there is nothing to take off.
fn form_taken_off(words: &[&str]) -> Option<usize> {
    for n in (1..=5).rev() {
        let Some(kept) = words.len().checked_sub(n).filter(|kept| *kept > 0) else {
            continue;
        };
        let (head, tail) = words.split_at_checked(kept)?;
        let form = form_of(tail);
        if !LEGAL_FORMS.contains(&form.as_str()) {
            continue;
        }
        let raw = tail.join(" ");
        let bare = raw.trim_end_matches(',');
        let marked = !bare.chars().any(char::is_lowercase) || bare.contains('.') || bare == "SpA";
        let is_form = !NEEDS_CAPITALS.contains(&form.as_str()) || marked;
        // `Tiffany & Co.` and `The Bread Co.` are names; `Freight Co.` is a name and its form.
        let last = head
            .last()
            .map(|word| word.to_lowercase())
            .unwrap_or_default();
        let is_joined = matches!(last.as_str(), "&" | "and" | "und" | "et" | "y" | "e" | "+");
        let begins_the = head
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("the"));
        let belongs = is_joined || (begins_the && (form == "co" || kept == 1));
        if is_form && !belongs {
            return Some(kept);
        }
    }
    let last = words.last()?;
    let opened = words.iter().rposition(|word| word.starts_with('('))?;
    (last.ends_with(')') && opened > 0).then_some(opened)
}

/// Words as [`LEGAL_FORMS`] writes them: `gmbh & co kg` of `GmbH und Co. KG`.
fn form_of(words: &[&str]) -> String {
    let words = words.iter().map(|word| match *word {
        "und" | "and" | "+" => "&",
        word => word,
    });
    words
        .collect::<Vec<_>>()
        .join(" ")
        .replace(['.', ','], "")
        .to_lowercase()
}

fn without_joined_form(name: &str) -> &str {
    for form in JOINED_FORMS {
        let rest = name
            .strip_prefix(form)
            .or_else(|| name.strip_suffix(form))
            .map(str::trim);
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            return rest;
        }
    }
    name
}
