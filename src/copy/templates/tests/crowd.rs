//! A crowd of invented leads whose data is as good and as bad as people's tables are.
//!
//! Everything is drawn by the lead's number, so a failing number can be looked at again.

use crate::copy::quality::tests::lead_with;
use crate::copy::text::mix;
use crate::lead::{EmailAddress, Lead, RecordId};

/// What leads of one trade write into a table.
struct Kind {
    /// Business type and industry, `type/industry`.
    labels: &'static [&'static str],
    /// From one word to a page, in good and bad English.
    descriptions: &'static [&'static str],
    /// Lists, parted by `|`.
    services: &'static [&'static str],
}

const KINDS: [Kind; 25] = [
    Kind {
        labels: &[
            "Logistics/",
            "/Logistics",
            "Services/Transportation",
            "freight/",
        ],
        descriptions: &[
            "Refrigerated less-than-truckload carrier serving dairies and pharmacies across the Midwest. Runs 86 trailers with live temperature logs.",
            "we move pallets. fast, cheap, on time - since 1987!!",
            "Freight",
            "Family-run haulier with depots in Leeds and Hull.",
            "",
        ],
        services: &[
            "Refrigerated LTL freight|Temperature-controlled warehousing|Last-mile pharmacy delivery",
            "Pallet distribution|Container haulage|Customs clearance",
            "Transport|Warehousing",
            "",
        ],
    },
    Kind {
        labels: &["SaaS/", "B2B SaaS/Software", "/Software"],
        descriptions: &[
            "Scheduling software for veterinary practices: online booking, reminders and treatment-room planning.",
            "We help clinics fill every appointment without phone calls.",
            "The #1 AI-powered cloud platform for everything.",
            "Software",
        ],
        services: &[
            "Online booking|Reminders|Room planning",
            "API integrations|Reporting dashboards|Onboarding",
            "Software development|Support|Consulting",
        ],
    },
    Kind {
        labels: &["e-commerce/E-commerce", "E-commerce/", "/Online retail"],
        descriptions: &[
            "Online shop for spare parts of coffee machines, 14,000 articles in stock, repair videos for most models.",
            "Online store selling handmade ceramics to collectors in nine countries",
            "shop",
        ],
        services: &[
            "Spare parts|Repair guides|B2B supply for repair shops",
            "Handmade tableware|Gift wrapping|Worldwide shipping",
        ],
    },
    Kind {
        labels: &["Retail/Retail", "Retail/", "/Retail"],
        descriptions: &[
            "Chain of twelve bicycle shops with workshops, leasing and test tracks.",
            "Furniture retailer with three showrooms near the motorway.",
            "Since 1962 your friendly store for shoes & more, visit us!",
        ],
        services: &[
            "Bicycle retail|Workshop|Company bike leasing",
            "Kitchen planning|Home delivery|Old furniture removal",
            "Shoes|Bags",
        ],
    },
    Kind {
        labels: &[
            "Industrial/Manufacturing",
            "Manufacturing/",
            "/Mechanical engineering",
        ],
        descriptions: &[
            "Family-owned maker of hydraulic presses for the furniture industry; one hall, 140 people.",
            "Manufacturer of custom sheet metal parts for the rail industry.",
            "Precision turned parts, ISO 9001",
            "",
        ],
        services: &[
            "Hydraulic presses|Retrofits|Spare parts service",
            "Laser cutting|Welding|Powder coating",
            "CNC milling|Assembly",
        ],
    },
    Kind {
        labels: &["Construction/Construction", "Construction/", "/Building"],
        descriptions: &[
            "General contractor for school buildings in timber frame construction; own joinery, fixed-price offers.",
            "Roofing and solar installation for private homes.",
            "We build houses you like. Ask us!",
        ],
        services: &[
            "Timber construction|Project management|Joinery",
            "Roof repair|Gutter cleaning|Loft insulation",
            "Building",
        ],
    },
    Kind {
        labels: &[
            "Services/Healthcare",
            "Dental practice/",
            "/Healthcare",
            "Clinic/",
        ],
        descriptions: &[
            "Outpatient physiotherapy group with nine clinics and its own post-surgery programme for knees and hips; bills all major insurers.",
            "Dental practice for anxious patients in the old town.",
            "Health",
            "Tern Dental is an invented practice that helps invented families.",
        ],
        services: &[
            "Physiotherapy|Post-surgery rehabilitation|Sports medicine",
            "Dental implants|Orthodontics|Teeth whitening",
            "Dental implants",
        ],
    },
    Kind {
        labels: &["Professional/Legal", "Law firm/", "/Legal services"],
        descriptions: &[
            "Employment law boutique advising mid-sized employers on works councils and restructurings.",
            "Solicitors in conveyancing, wills and probate",
            "Law",
        ],
        services: &[
            "Employment law advice|Works council negotiations|Executive contracts",
            "Conveyancing|Wills|Probate",
            "Litigation",
        ],
    },
    Kind {
        labels: &["Fintech/", "SaaS/Fintech", "/Financial services", "Bank/"],
        descriptions: &[
            "Invoice-financing platform for wholesalers. Advances up to 85% of an invoice within one working day.",
            "Asset finance broker for small transport companies",
            "payments made easy",
        ],
        services: &[
            "Invoice financing|Credit checks|Accounting integrations",
            "Equipment leasing|Asset refinancing",
            "Payment processing|Payouts|Fraud monitoring",
        ],
    },
    Kind {
        labels: &["Insurance/Insurance", "Insurance/", "/Insurance"],
        descriptions: &[
            "Broker specialised in cyber and liability cover for tax advisers and notaries.",
            "Independent insurance broker",
            "Insures what others decline.",
        ],
        services: &[
            "Cyber insurance|Professional liability|Claims support",
            "Fleet insurance|Property cover|Risk surveys",
            "Insurance",
        ],
    },
    Kind {
        labels: &[
            "Services/Real estate",
            "Property management/",
            "/Real estate",
        ],
        descriptions: &[
            "Manages 3,400 rental flats for pension funds: letting, maintenance, energy upgrades.",
            "Estate agent for holiday homes on the coast",
            "Real Estate",
        ],
        services: &[
            "Property management|Energy upgrades|Tenant portal",
            "Lettings|Valuations|Block management",
        ],
    },
    Kind {
        labels: &["SaaS/Travel", "Travel/", "/Hospitality", "Hotel/"],
        descriptions: &[
            "Hotel search for independent boutique hotels in southern Europe. Compares rates from 140 booking partners.",
            "Small-group walking holidays in the Balkans and the Caucasus.",
            "Hotel",
        ],
        services: &[
            "Hotel price comparison|Flexible-date calendar|Direct-booking tools for hotels",
            "Guided tours|Airport transfers|Group bookings",
            "Rooms|Breakfast",
        ],
    },
    Kind {
        labels: &["Education/Education", "Education/", "/E-learning"],
        descriptions: &[
            "Evening school that prepares adults for trade examinations; blended courses, 1,200 graduates a year.",
            "Language school for engineers moving to Germany",
            "Courses and more courses and seminars and workshops",
        ],
        services: &[
            "Trade exam courses|Company training|Online tutoring",
            "German classes|Exam preparation|Relocation support",
        ],
    },
    Kind {
        labels: &["Energy/Energy", "Energy/", "/Renewables"],
        descriptions: &[
            "Plans and operates ground-mounted solar parks between 5 and 40 megawatts with municipal utilities as partners.",
            "Heat pump installer for terraced houses",
            "green energy for all",
        ],
        services: &[
            "Solar park planning|Operations and maintenance|Grid connection",
            "Heat pumps|Battery storage|Energy audits",
        ],
    },
    Kind {
        labels: &["AgTech/Agriculture", "AgTech/", "/Farming"],
        descriptions: &[
            "Irrigation planning for orchards with soil sensors and weekly agronomist visits.",
            "Organic seed supplier to market gardens in Denmark and Sweden",
            "Farm",
        ],
        services: &[
            "Irrigation planning|Soil sensors|Agronomy advice",
            "Vegetable seeds|Green manure|Growing advice",
        ],
    },
    Kind {
        labels: &["Food/Food", "Food/", "Bakery chain/", "/Restaurants"],
        descriptions: &[
            "Roasts single-origin coffee for offices and delivers machines, beans and service on subscription.",
            "Bakery with 14 branches, sourdough, no additives",
            "Yummy food!!! Best in town!!!",
        ],
        services: &[
            "Office coffee subscription|Machine service|Barista training",
            "Bread|Cakes|Catering",
        ],
    },
    Kind {
        labels: &[
            "Cybersecurity/Security",
            "Cybersecurity/",
            "/Information security",
        ],
        descriptions: &[
            "Managed detection and response for municipalities and water utilities, staffed around the clock in one control room.",
            "Penetration testing for hospitals",
            "SECURITY SOLUTIONS",
        ],
        services: &[
            "Managed detection|Incident response|Security training",
            "Penetration testing|Red teaming|Phishing simulations",
        ],
    },
    Kind {
        labels: &["Staffing/HR", "Staffing/", "/Recruitment"],
        descriptions: &[
            "Staffing company for night-shift nurses; guarantees cover within six hours in three counties.",
            "Executive search for family businesses in the north of Italy",
            "Jobs",
        ],
        services: &[
            "Nurse staffing|Shift planning|Payroll",
            "Executive search|Leadership assessments",
        ],
    },
    Kind {
        labels: &[
            "Agency/Agency",
            "Agency/",
            "Marketing agency/Marketing",
            "/Advertising",
        ],
        descriptions: &[
            "Brand and packaging studio for food start-ups, from naming to shelf-ready artwork.",
            "Performance marketing agency with a soft spot for museums.",
            "creative.digital.different.",
        ],
        services: &[
            "Packaging design|Brand naming|Print production",
            "Paid search|Landing pages|Email campaigns",
            "SEO|PPC|SMM",
        ],
    },
    Kind {
        labels: &["Nonprofit/Nonprofit", "Nonprofit/", "/Charity"],
        descriptions: &[
            "Food bank network that rescues surplus groceries from 310 shops and supplies 70 kitchens.",
            "Charity running debt advice evenings in six cities",
            "helping",
        ],
        services: &[
            "Food rescue|Logistics|Volunteer programme",
            "Debt advice|Court support|Volunteer training",
        ],
    },
    Kind {
        labels: &[
            "Consulting firm/",
            "Professional services/",
            "/Management consulting",
        ],
        descriptions: &[
            "We help family businesses prepare for the next generation.",
            "Management consultancy for hospital boards.",
            "Consulting",
        ],
        services: &[
            "Succession planning|Interim management",
            "Strategy|Change management|Coaching",
        ],
    },
    Kind {
        labels: &["/", "Business/", "n/a/", "Company/Other"],
        descriptions: &[
            "",
            "Access denied",
            "test",
            "شركة وهمية للخدمات",
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
            "We are a team. Our mission is excellence. We believe in people.",
            "A",
            "=HYPERLINK(\"http://x.example\")",
        ],
        services: &[
            "",
            "Consulting|Support|Training",
            "-|.|;",
            "TBD",
            "All kinds of services",
        ],
    },
    Kind {
        labels: &["Services/", "GmbH/", "Private/"],
        descriptions: &[
            "Bespoke stone walls and gardens for country houses.",
            "Event technology hire for conferences",
            "Makes church organs and looks after old ones.",
            "A two-person studio for acoustic measurements",
        ],
        services: &[
            "Dry stone walls|Garden design|Pond care",
            "Sound systems|Stage lighting|Simultaneous interpreting",
            "Organ tuning",
        ],
    },
    Kind {
        labels: &[
            "Bakery chain/Logistics",
            "Insurance/Construction",
            "SaaS/Education",
        ],
        descriptions: &[
            "A bit of everything, for everyone, everywhere.",
            "",
            "Various",
        ],
        services: &["Consulting|Bread|Roofing|Python", ""],
    },
    Kind {
        labels: &["Kanzlei/", "Transports/", "Immobilier/", "Agricultura/"],
        descriptions: &[
            "Wir beraten mittelständische Unternehmen im Arbeitsrecht.",
            "Entreprise de transport basée à Lyon",
            "",
        ],
        services: &["Beratung|Vertragsprüfung", "Transport frigorifique", ""],
    },
];

const FIRST: [&str; 40] = [
    "Ada",
    "Bao",
    "Chidi",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hana",
    "Ivo",
    "Jonas",
    "Kaia",
    "Łucja",
    "Mara",
    "Nils",
    "Olga",
    "Pía",
    "Quinn",
    "Søren",
    "Tess",
    "Zoë",
    "Will",
    "May",
    "Grant",
    "Rich",
    "Mark",
    "Anne-Marie",
    "Jean-Luc",
    "Mohammed",
    "Priya",
    "Xu",
    "Björn",
    "Émile",
    "Ngozi",
    "Sofía",
    "Tomasz",
    "Ursula",
    "Viktor",
    "Wanjiru",
    "Yusuf",
    "O",
];
const LAST: [&str; 12] = [
    "Okonjo-Vale",
    "Brandt",
    "O'Hara",
    "de Vries",
    "Müller",
    "Nakamura",
    "Silva",
    "Novak",
    "Price",
    "Kaur",
    "Lindqvist",
    "Abara",
];
const NAMES: [&str; 46] = [
    "Halcyon",
    "Ferrous",
    "Larkspur",
    "Quayside",
    "Nimbus",
    "Copperleaf",
    "Ostrich & Finch",
    "Tern",
    "Moonbeam",
    "Blue Kettle",
    "trivago",
    "Act Fast",
    "Brightwater",
    "Onyx",
    "Free Range",
    "Guess",
    "Urgent Care",
    "Last Chance",
    "100% Organic",
    "Éclair",
    "Grüner Wald",
    "eBay-ish",
    "J. B. Stone",
    "4Ever",
    "Zeta",
    "Kestrel",
    "Harbour Lights",
    "The Quiet",
    "Sable",
    "Miller's",
    "Red Brick",
    "Pan-Continental",
    "ACME",
    "Oak",
    "Silver Birch",
    "Northgate",
    "Tidewater",
    "Saffron",
    "Umbra",
    "Wren",
    "Pioneer",
    "Marble Arch",
    "Foxglove",
    "Juniper",
    "Cobalt",
    "Ironbridge",
];
const FORMS: [&str; 22] = [
    "Works",
    "Group",
    "Partners",
    "Collective",
    "House",
    "& Sons",
    "Studio",
    "Union",
    "Lab",
    "Services",
    "Systems",
    "Europe",
    "Brothers",
    "International",
    "Trading",
    "Company",
    "Holdings",
    "Solutions",
    "Associates",
    "North",
    "Network",
    "Bros",
];
const TITLES: [&str; 26] = [
    "CTO",
    "Founder 🚀",
    "VP, Sales & Marketing",
    "Partner — M&A",
    "Directora de Operaciones",
    "",
    "Head of Growth",
    "Managing Director",
    "CFO",
    "Chief Executive Officer",
    "CEO",
    "COO",
    "Head of Marketing",
    "Sales Director",
    "Owner/Operator",
    "Operations Manager",
    "Finance Director",
    "Chief Product Officer",
    "IT Lead",
    "Assistant to the CEO",
    "HR Manager",
    "Geschäftsführer",
    "Co-Founder & CEO",
    "Head of Engineering",
    "Chief of Staff",
    "asdf",
];
const TONES: [&str; 7] = [
    "Bold",
    "Friendly",
    "",
    "Formal",
    "Casual",
    "Professional",
    "funny",
];
const PLACES: [(&str, &str); 14] = [
    ("Leeds", "GB"),
    ("", ""),
    ("Montréal", "CA"),
    ("Chicago", "US"),
    ("", "DE"),
    ("Bilbao", "ES"),
    ("東京", "JP"),
    ("Adelaide", "AU"),
    ("", "US"),
    ("Lyon", "FR"),
    ("St. Gallen", "CH"),
    ("n/a", ""),
    ("são paulo", "BR"),
    ("Dubai", "AE"),
];

/// Draws one of many by the lead's number; `place` keeps the draws of one lead apart.
fn draw<T: Copy>(from: &[T], n: usize, place: u64) -> T {
    let number = mix(mix(n as u64) ^ place);
    from[usize::try_from(number % from.len() as u64).unwrap()]
}

/// The n-th lead of the crowd; no two have a company or an address in common.
pub(super) fn lead(n: usize) -> Lead {
    lead_with(|lead| {
        let kind = &KINDS[n % KINDS.len()];
        let first = draw(&FIRST, n, 1);
        let company = format!(
            "{} {}",
            NAMES[n % NAMES.len()],
            FORMS[(n / NAMES.len()) % FORMS.len()]
        );
        let (label, industry) = draw(kind.labels, n, 2).rsplit_once('/').unwrap();
        let (city, country) = draw(&PLACES, n, 3);
        lead.record_id = RecordId::new(format!("rec{n:05}"));
        lead.email = EmailAddress::parse(&format!("p{n}@company{n}.example")).unwrap();
        lead.first_name = first.into();
        lead.full_name = format!("{first} {}", draw(&LAST, n, 4));
        lead.company = format!("{company} Ltd");
        lead.company_short = company;
        lead.job_title = draw(&TITLES, n, 5).into();
        lead.description = draw(kind.descriptions, n, 6).into();
        let services = draw(kind.services, n, 7);
        lead.services = services
            .split('|')
            .filter(|s| !s.is_empty())
            .map(str::to_string)
            .collect();
        lead.tone = draw(&TONES, n, 8).into();
        lead.business_type = label.into();
        lead.industry = industry.into();
        lead.city = city.into();
        lead.country = country.into();
        lead.website = format!("https://company{n}.example");
        lead.company_size = draw(&["", "11-50", "51-200", "1000+"], n, 9).into();
    })
}
