//! How senior a job title is, in the languages our leads come from.
//!
//! Invariant: a title that tells nothing gives `unknown`; the most senior word decides, unless the
//! title is that of somebody who works for its bearer.

/// How much a person has to say, by the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seniority {
    /// Owns the company, or founded it.
    Owner,
    /// Leads the whole, or one part of it for the whole: CEO, managing director, CFO.
    Chief,
    /// Vice president.
    Vp,
    /// Director.
    Director,
    /// Head of a part.
    Head,
    /// Manager, team lead.
    Manager,
    /// Does the work.
    Staff,
    /// The title does not say.
    Unknown,
}

impl Seniority {
    /// All, the most senior first.
    pub const ALL: [Seniority; 8] = [
        Seniority::Owner,
        Seniority::Chief,
        Seniority::Vp,
        Seniority::Director,
        Seniority::Head,
        Seniority::Manager,
        Seniority::Staff,
        Seniority::Unknown,
    ];

    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Seniority::Owner => "owner",
            Seniority::Chief => "chief",
            Seniority::Vp => "vp",
            Seniority::Director => "director",
            Seniority::Head => "head",
            Seniority::Manager => "manager",
            Seniority::Staff => "staff",
            Seniority::Unknown => "unknown",
        }
    }

    /// The seniority in a job title.
    pub fn of(title: &str) -> Seniority {
        let mut words = String::with_capacity(title.len() + 2);
        words.push(' ');
        for word in title.split(|c: char| !c.is_alphanumeric()) {
            if !word.is_empty() {
                words.push_str(&word.to_lowercase());
                words.push(' ');
            }
        }
        let has = |(_, signs): &&Rule| signs.iter().any(|sign| words.contains(sign));
        RULES
            .iter()
            .find(has)
            .map_or(Seniority::Unknown, |(found, _)| *found)
    }
}

/// What a title with one of these words is.
type Rule = (Seniority, &'static [&'static str]);

/// The first that applies decides. A space stands for either end of a word.
const RULES: [Rule; 14] = [
    // Who they were says nothing about who they are.
    (
        Seniority::Unknown,
        &[
            " former ",
            " formerly ",
            " ex ",
            " retired ",
            " ehemalige",
            " ancien ",
            " ancienne ",
        ],
    ),
    // These work for the bearer of the title that follows.
    (
        Seniority::Staff,
        &[
            " assistant to ",
            " assistant of ",
            " executive assistant ",
            " personal assistant ",
            " intern ",
            " trainee ",
            " student ",
            " werkstudent",
            " praktikant",
            " assistenz ",
            " assistent der ",
            " assistentin der ",
            " apprentice ",
            " azubi ",
            " stagiaire ",
            " becario ",
            " becaria ",
            " estagi",
            " assistante d",
            " asistente de ",
            " secretary ",
            " stagista ",
        ],
    ),
    // Owners of anything but the company, and partners of nobody.
    (
        Seniority::Staff,
        &[
            " product owner ",
            " process owner ",
            " data owner ",
            " service owner ",
            " system owner ",
            " risk owner ",
            " business partner ",
        ],
    ),
    (
        Seniority::Manager,
        &[
            " partner manager ",
            " partner success ",
            " partner marketing ",
        ],
    ),
    (Seniority::Head, &[" chief of staff "]),
    (
        Seniority::Owner,
        &[
            " owner ",
            " owners ",
            " founder ",
            " cofounder ",
            " proprietor ",
            " partner ",
            " inhaber ",
            " inhaberin ",
            " gründer ",
            " gründerin ",
            " mitgründer",
            " gesellschafter",
            " fondateur ",
            " fondatrice ",
            " cofondat",
            " propriétaire ",
            " dueño ",
            " dueña ",
            " propietari",
            " fundador ",
            " fundadora ",
            " cofundador",
            " socio ",
            " socia ",
            " sócio ",
            " sócia ",
            " dono ",
            " dona ",
            " proprietári",
            " titolare ",
            " fondatore ",
            " cofondatore ",
            " eigenaar ",
            " eigenaresse ",
            " oprichter ",
            " właściciel",
            " założyciel",
            " współzałożyciel",
        ],
    ),
    (
        Seniority::Vp,
        &[
            " vp ",
            " svp ",
            " evp ",
            " avp ",
            " vice president",
            " vicepresident",
            " vice président",
            " vizepräsident",
            " wiceprezes ",
        ],
    ),
    (
        Seniority::Chief,
        &[
            " ceo ",
            " cfo ",
            " cto ",
            " cio ",
            " coo ",
            " cmo ",
            " cro ",
            " cpo ",
            " cso ",
            " ciso ",
            " chro ",
            " cco ",
            " cdo ",
            " cao ",
            " md ",
            " pdg ",
            " chief ",
            " president ",
            " chairman ",
            " chairwoman ",
            " chairperson ",
            " managing director ",
            " geschäftsführ",
            " geschaeftsfuehr",
            " vorstand",
            " directeur général ",
            " directrice générale ",
            " président ",
            " présidente ",
            " gérant ",
            " gérante ",
            " director general ",
            " directora general ",
            " director ejecutivo ",
            " directora ejecutiva ",
            " consejero delegado ",
            " consejera delegada ",
            " presidente ",
            " presidenta ",
            " diretor geral ",
            " diretora geral ",
            " diretor executivo ",
            " diretora executiva ",
            " amministratore delegato ",
            " amministratrice delegata ",
            " direttore generale ",
            " algemeen directeur ",
            " bestuurder ",
            " prezes ",
            "代表取締役",
            "社長",
        ],
    ),
    (
        Seniority::Director,
        &[
            " director ",
            " directors ",
            " directora ",
            " directeur ",
            " directrice ",
            " diretor ",
            " diretora ",
            "direktor ",
            "direktorin ",
            " direttore ",
            " direttrice ",
            " dyrektor ",
            " general manager ",
            "本部長",
        ],
    ),
    (
        Seniority::Manager,
        &["teamleiter", " chef de projet ", " chef de produit "],
    ),
    (
        Seniority::Head,
        &[
            " head ",
            "leiter ",
            "leiterin ",
            "leitung ",
            " responsable ",
            " responsabile ",
            " jefe ",
            " jefa ",
            " chef ",
            " cheffe ",
            " hoofd ",
            " kierownik ",
            "部長",
        ],
    ),
    (
        Seniority::Manager,
        &[
            " manager ",
            " managerin ",
            " managers ",
            " mgr ",
            " management ",
            " supervisor ",
            " lead ",
            " leader ",
            " gerente ",
            " gestor ",
            " gestora ",
            " encargad",
            " coordinatore ",
            " foreman ",
            " superintendent ",
            " menedżer ",
            " gestionnaire ",
            "課長",
        ],
    ),
    (
        Seniority::Staff,
        &[
            " engineer ",
            " developer ",
            " analyst ",
            " specialist ",
            " consultant ",
            " associate ",
            " representative ",
            " rep ",
            " executive ",
            " assistant ",
            " coordinator ",
            " designer ",
            " architect ",
            " accountant ",
            " advisor ",
            " adviser ",
            " officer ",
            " administrator ",
            " recruiter ",
            " scientist ",
            " editor ",
            " writer ",
            " nurse ",
            " agent ",
            " buyer ",
            " technician ",
            " operator ",
            " planner ",
            " strategist ",
            " marketer ",
            " clerk ",
            " teacher ",
            " researcher ",
            " staff ",
            " employee ",
        ],
    ),
    (
        Seniority::Staff,
        &[
            " referent",
            " sachbearbeiter",
            " mitarbeiter",
            "berater ",
            "beraterin ",
            "entwickler ",
            "entwicklerin ",
            "ingenieur ",
            "ingenieurin ",
            "kaufmann ",
            "kauffrau ",
            " assistent",
            " redakteur",
            " ingénieur",
            " développeu",
            " chargé ",
            " chargée ",
            " conseiller ",
            " conseillère ",
            " assistante ",
            " commercial ",
            " ingenier",
            " analista ",
            " desarrollador",
            " especialista ",
            " asesor",
            " asistente ",
            " técnic",
            " consultor",
            " coordinador",
            " coordenador",
            " engenheir",
            " desenvolvedor",
            " consulente ",
            " impiegat",
            " tecnico ",
            " ingegnere ",
            " medewerker ",
            " adviseur ",
            " specjalista ",
            " inżynier ",
            " asystent",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Seniority, titles: &[&str]) {
        for title in titles {
            assert_eq!(Seniority::of(title), expected, "{title}");
        }
    }

    #[test]
    fn the_most_senior_word_decides() {
        check(
            Seniority::Owner,
            &[
                "Owner/Operator",
                "Founder 🚀",
                "Co-Founder & CEO",
                "co‑founder",
                "Partner — M&A",
                "Managing Partner",
                "Inhaberin",
                "GRÜNDER",
                "Gesellschafter-Geschäftsführer",
                "Fondatrice et Présidente",
                "Dueño",
                "Sócia-gerente",
                "Titolare",
                "Eigenaar",
                "Właścicielka",
            ],
        );
        check(
            Seniority::Chief,
            &[
                "CEO",
                "CTO",
                "Chief Executive Officer",
                "Managing Director",
                "President",
                "Geschäftsführerin",
                "Geschaeftsfuehrer",
                "Directeur Général",
                "PDG",
                "Directora General",
                "Amministratore Delegato",
                "Prezes Zarządu",
                "代表取締役社長",
                "Chairman of the Board",
                "Chief Revenue Officer (CRO)",
            ],
        );
        let vice = [
            "VP, Sales & Marketing",
            "Vice President Finance",
            "SVP",
            "Vice-Président",
        ];
        check(Seniority::Vp, &vice);
        check(
            Seniority::Director,
            &[
                "Directora de Operaciones",
                "Director, Marketing",
                "Directrice commerciale",
                "Vertriebsdirektor",
                "Direttore vendite",
                "Account Director",
                "Deputy Director",
                "Diretor de Vendas",
                "General Manager",
            ],
        );
        check(
            Seniority::Head,
            &[
                "Head of Growth",
                "Leiter Vertrieb",
                "Vertriebsleiterin",
                "Jefa de Compras",
                "Responsable marketing",
                "Hoofd Inkoop",
                "Chief of Staff",
                "営業部長",
            ],
        );
        check(
            Seniority::Manager,
            &[
                "Marketing Manager",
                "IT Lead",
                "Teamleiter Support",
                "Gerente de Ventas",
                "Chef de projet",
                "Partner Manager",
                "Warehouse Supervisor",
                "Assistant Manager",
            ],
        );
        check(
            Seniority::Staff,
            &[
                "Software Engineer",
                "Product Owner",
                "HR Business Partner",
                "Account Executive",
                "Assistant to the CEO",
                "Executive Assistant to the Managing Director",
                "Werkstudentin Marketing",
                "Assistenz der Geschäftsführung",
                "Sachbearbeiter",
                "Unternehmensberater",
                "Chargée de clientèle",
                "Ingeniera de software",
                "Intern, Office of the Founder",
                "Estagiário",
            ],
        );
    }

    #[test]
    fn a_title_that_says_nothing_is_unknown() {
        let long = "x".repeat(100_000);
        check(
            Seniority::Unknown,
            &[
                "",
                " ",
                "🚀",
                "asdf",
                "Former CTO",
                "ex-CEO",
                "Headless",
                "Ceotto",
                "Partnership",
                "n/a",
                "-",
                "\u{0}\u{202e}",
                &long,
            ],
        );
    }

    #[test]
    fn every_word_is_one_of_its_own() {
        let mut words = Seniority::ALL.map(Seniority::as_str).to_vec();
        assert!(Seniority::ALL.is_sorted());
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Seniority::ALL.len());
    }
}
