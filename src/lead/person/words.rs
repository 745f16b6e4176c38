//! The words that stand around a name: titles, degrees, offices, and what is written where nobody's
//! name is known. All in lower case and without dots, as [`super::bare`] gives them.

/// Forms of address and titles before a name.
pub(super) const TITLES: &[&str] = &[
    "dr",
    "dra",
    "drs",
    "dr-ing",
    "prof",
    "profa",
    "profssa",
    "professor",
    "univ-prof",
    "priv-doz",
    "ing",
    "engr",
    "mr",
    "mrs",
    "ms",
    "mx",
    "miss",
    "mister",
    "sir",
    "dame",
    "rev",
    "reverend",
    "herr",
    "herrn",
    "frau",
    "dhr",
    "mevr",
    "mevrouw",
    "fru",
    "fröken",
    "me",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "mademoiselle",
    "maître",
    "señor",
    "señora",
    "señorita",
    "sra",
    "srta",
    "doña",
    "dña",
    "lic",
    "licda",
    "dott",
    "dottssa",
    "avv",
    "sig",
    "sigra",
    "signor",
    "signora",
    "mgr",
    "mudr",
    "judr",
    "phdr",
    "rndr",
    "shri",
    "smt",
    "datuk",
    "dato'",
    "dato’",
    "sayın",
    "rabbi",
    "sheikh",
    "г-н",
    "г-жа",
    "д-р",
    "господин",
    "госпожа",
    "الدكتور",
    "الدكتورة",
    "المهندس",
];

/// Titles only when written with a dot: without it each may be a name or a part of one.
pub(super) const DOTTED_TITLES: &[&str] = &[
    "adv", "ar", "arch", "arq", "bc", "capt", "cav", "col", "doc", "eng", "er", "fr", "gen",
    "geom", "hon", "hr", "ir", "lt", "mag", "maj", "mw", "sgt", "sr", "sri", "κ",
];

/// Ranks that are titles only before a title: `PD Dr. Vey`.
pub(super) const RANKS: [&str; 5] = ["ao", "apl", "em", "pd", "tit"];

/// What follows a German doctor's title with a dot.
pub(super) const FACULTIES: &[&str] = &[
    "agr", "dent", "habil", "hc", "h", "c", "ing", "iur", "jur", "med", "mult", "nat", "oec",
    "phil", "pol", "rer", "techn", "theol", "vet",
];

/// The faculties that are nobody's name, so that they need no dot.
pub(super) const PLAIN_FACULTIES: [&str; 5] = ["habil", "hc", "iur", "med", "mult"];

/// Degrees that stand before a name where they are used as a title, in capitals.
pub(super) const LEADING_DEGREES: [&str; 7] = ["ca", "cfa", "cma", "cpa", "cs", "mba", "phd"];

/// Degrees, licences and honours after a name.
pub(super) const HONOURS: &[&str] = &[
    "aca", "acca", "acma", "aia", "aphr", "aprn", "ba", "bba", "bcom", "beng", "bfa", "bs", "bsc",
    "bsn", "btech", "ca", "caia", "cams", "cbap", "cbe", "ccim", "cebs", "cfa", "cfe", "cfp",
    "cgma", "chfc", "chrl", "chrp", "cipm", "cipp", "cisa", "cism", "cissp", "cma", "cpa", "cpcu",
    "cphr", "cpim", "crisc", "cscp", "csm", "cspo", "dba", "dds", "dmd", "dnp", "dphil", "dpt",
    "dvm", "ea", "edd", "emba", "esq", "esquire", "fbcs", "fca", "fcca", "fcipd", "fnp", "frics",
    "frm", "frsa", "gphr", "itil", "jd", "lcsw", "leed", "llb", "llm", "lmft", "ma", "mba", "mbcs",
    "mbe", "mcipd", "md", "med", "meng", "mfa", "mha", "mpa", "mph", "mphil", "mpp", "mrics", "ms",
    "msc", "msn", "msw", "mtech", "np", "obe", "pe", "pgmp", "pharmd", "phd", "phr", "pmp", "psyd",
    "rn", "rph", "shrm-cp", "shrm-scp", "sphr",
];

/// Honours that are nobody's name, so that their case does not matter.
pub(super) const PLAIN_HONOURS: [&str; 14] = [
    "bsc", "cfa", "cissp", "cpa", "dphil", "emba", "esq", "esquire", "mba", "msc", "phd", "pharmd",
    "pmp", "psyd",
];

/// Words of an office that stand after a comma (`Ada Vey, CEO`).
pub(super) const OFFICES: &[&str] = &[
    "advisor",
    "analyst",
    "assistant",
    "attorney",
    "ceo",
    "cfo",
    "chairman",
    "chief",
    "chro",
    "cio",
    "ciso",
    "cmo",
    "coach",
    "coo",
    "consultant",
    "coordinator",
    "cro",
    "cto",
    "developer",
    "directeur",
    "director",
    "engineer",
    "evp",
    "executive",
    "founder",
    "co-founder",
    "cofounder",
    "geschäftsführer",
    "geschäftsführerin",
    "gründer",
    "head",
    "inhaber",
    "investor",
    "lawyer",
    "manager",
    "officer",
    "owner",
    "partner",
    "president",
    "realtor",
    "recruiter",
    "specialist",
    "svp",
    "vp",
    "vice",
];

/// Words that only narrow an office down: `The Owner`, `Hiring Manager`.
pub(super) const OFFICE_DETAILS: [&str; 14] = [
    "the",
    "our",
    "of",
    "and",
    "hiring",
    "store",
    "human",
    "resources",
    "product",
    "project",
    "account",
    "regional",
    "senior",
    "business",
];

/// What networks and forms write where nobody's name is known.
pub(super) const NOBODY: [&str; 16] = [
    "linkedin member",
    "linkedin user",
    "facebook user",
    "instagram user",
    "private profile",
    "private member",
    "deactivated user",
    "name unavailable",
    "name hidden",
    "out of network",
    "to whom it may concern",
    "hello world",
    "dear sir",
    "dear madam",
    "dear customer",
    "valued customer",
];

/// Words before the name somebody was born with, small.
pub(super) const BORN: [&str; 6] = ["née", "nee", "né", "geb", "geborene", "roz"];

/// What people write for their pronouns, between strokes: `she/her`.
pub(super) const PRONOUNS: [&str; 27] = [
    "he", "him", "his", "she", "her", "hers", "they", "them", "theirs", "ze", "zir", "xe", "xem",
    "any", "all", "er", "ihm", "sie", "ihr", "il", "lui", "elle", "iel", "él", "ella", "hen",
    "lei",
];

/// Given names cut short, as they are written in Bengal and Malaysia: no more of a greeting than an
/// initial.
pub(super) const SHORTENED: [&str; 4] = ["md", "mohd", "muhd", "mst"];

/// First words that are only half of a given name: `Abdul Rahman`.
pub(super) const COMPOUND_STARTS: &[&str] =
    &["abd", "abdel", "abdul", "abu", "st", "عبد", "أبو", "ابو"];

/// Forms of address behind a Japanese or Chinese name.
pub(super) const EAST_ASIAN_TITLES: [&str; 6] = ["先生", "女士", "小姐", "さん", "様", "氏"];
