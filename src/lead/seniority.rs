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
        words.push('_');
        for word in title.split(|c: char| !c.is_alphanumeric()) {
            if !word.is_empty() {
                words.push_str(&word.to_lowercase());
                words.push('_');
            }
        }
        let has = |(_, signs): &&Rule| signs.split(' ').any(|sign| words.contains(sign));
        RULES
            .iter()
            .find(has)
            .map_or(Seniority::Unknown, |(found, _)| *found)
    }
}

/// What a title with one of these words is.
type Rule = (Seniority, &'static str);

/// The first that applies decides. `_` stands for either end of a word.
const RULES: [Rule; 14] = [
    // Who they were says nothing about who they are.
    (
        Seniority::Unknown,
        "_former_ _formerly_ _ex_ _retired_ _ehemalige _ancien_ _ancienne_",
    ),
    // These work for the bearer of the title that follows.
    (
        Seniority::Staff,
        "_assistant_to_ _assistant_of_ _executive_assistant_ _personal_assistant_ _intern_ \
         _trainee_ _student_ _werkstudent _praktikant _assistenz_ _assistent_der_ \
         _assistentin_der_ _apprentice_ _azubi_ _stagiaire_ _becario_ _becaria_ _estagi \
         _assistante_d _asistente_de_ _secretary_ _stagista_",
    ),
    // Owners of anything but the company, and partners of nobody.
    (
        Seniority::Staff,
        "_product_owner_ _process_owner_ _data_owner_ _service_owner_ _system_owner_ \
         _risk_owner_ _business_partner_",
    ),
    (
        Seniority::Manager,
        "_partner_manager_ _partner_success_ _partner_marketing_",
    ),
    (Seniority::Head, "_chief_of_staff_"),
    (
        Seniority::Owner,
        "_owner_ _owners_ _founder_ _cofounder_ _proprietor_ _partner_ _inhaber_ _inhaberin_ \
         _gründer_ _gründerin_ _mitgründer _gesellschafter _fondateur_ _fondatrice_ _cofondat \
         _propriétaire_ _dueño_ _dueña_ _propietari _fundador_ _fundadora_ _cofundador _socio_ \
         _socia_ _sócio_ _sócia_ _dono_ _dona_ _proprietári _titolare_ _fondatore_ \
         _cofondatore_ _eigenaar_ _eigenaresse_ _oprichter_ _właściciel _założyciel \
         _współzałożyciel",
    ),
    (
        Seniority::Vp,
        "_vp_ _svp_ _evp_ _avp_ _vice_president _vicepresident _vice_président _vizepräsident \
         _wiceprezes_",
    ),
    (
        Seniority::Chief,
        "_ceo_ _cfo_ _cto_ _cio_ _coo_ _cmo_ _cro_ _cpo_ _cso_ _ciso_ _chro_ _cco_ _cdo_ _cao_ \
         _md_ _pdg_ _chief_ _president_ _chairman_ _chairwoman_ _chairperson_ \
         _managing_director_ _geschäftsführ _geschaeftsfuehr _vorstand _directeur_général_ \
         _directrice_générale_ _président_ _présidente_ _gérant_ _gérante_ \
         _director_general_ _directora_general_ _director_ejecutivo_ _directora_ejecutiva_ \
         _consejero_delegado_ _consejera_delegada_ _presidente_ _presidenta_ \
         _diretor_geral_ _diretora_geral_ _diretor_executivo_ _diretora_executiva_ \
         _amministratore_delegato_ \
         _amministratrice_delegata_ _direttore_generale_ _algemeen_directeur_ _bestuurder_ \
         _prezes_ 代表取締役 社長",
    ),
    (
        Seniority::Director,
        "_director_ _directors_ _directora_ _directeur_ _directrice_ _diretor_ _diretora_ \
         direktor_ direktorin_ _direttore_ _direttrice_ _dyrektor_ _general_manager_ 本部長",
    ),
    (
        Seniority::Manager,
        "teamleiter _chef_de_projet_ _chef_de_produit_",
    ),
    (
        Seniority::Head,
        "_head_ leiter_ leiterin_ leitung_ _responsable_ _responsabile_ _jefe_ _jefa_ _chef_ \
         _cheffe_ _hoofd_ _kierownik_ 部長",
    ),
    (
        Seniority::Manager,
        "_manager_ _managerin_ _managers_ _mgr_ _management_ _supervisor_ _lead_ _leader_ \
         _gerente_ _gestor_ _gestora_ _encargad _coordinatore_ _foreman_ _superintendent_ \
         _menedżer_ _gestionnaire_ 課長",
    ),
    (
        Seniority::Staff,
        "_engineer_ _developer_ _analyst_ _specialist_ _consultant_ _associate_ \
         _representative_ _rep_ _executive_ _assistant_ _coordinator_ _designer_ _architect_ \
         _accountant_ _advisor_ _adviser_ _officer_ _administrator_ _recruiter_ _scientist_ \
         _editor_ _writer_ _nurse_ _agent_ _buyer_ _technician_ _operator_ _planner_ \
         _strategist_ _marketer_ _clerk_ _teacher_ _researcher_ _staff_ _employee_",
    ),
    (
        Seniority::Staff,
        "_referent _sachbearbeiter _mitarbeiter berater_ beraterin_ entwickler_ entwicklerin_ \
         ingenieur_ ingenieurin_ kaufmann_ kauffrau_ _assistent _redakteur _ingénieur \
         _développeu _chargé_ _chargée_ _conseiller_ _conseillère_ _assistante_ _commercial_ \
         _ingenier _analista_ _desarrollador _especialista_ _asesor _asistente_ _técnic \
         _consultor _coordinador _coordenador _engenheir _desenvolvedor _consulente_ _impiegat \
         _tecnico_ _ingegnere_ _medewerker_ _adviseur_ _specjalista_ _inżynier_ _asystent",
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
