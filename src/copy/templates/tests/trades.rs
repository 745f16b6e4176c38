//! Which trade a lead is taken for: rows as people write them, by hand and by machine.

use std::sync::LazyLock;

use crate::copy::quality::tests::lead_with;
use crate::copy::templates::Library;

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::builtin().unwrap());

/// Business type, description and services, and the trade they tell.
const ROWS: [(&str, &str, &str, &str); 155] = [
    // business type, description, services, expected
    ("Logistics", "", "", "logistics"),
    (
        "",
        "Refrigerated less-than-truckload carrier serving dairies.",
        "LTL freight",
        "logistics",
    ),
    (
        "Services",
        "Freight forwarder for exhibition goods",
        "Air freight|Sea freight",
        "logistics",
    ),
    (
        "",
        "Last-mile courier with cargo bikes in Lyon",
        "Parcel delivery",
        "logistics",
    ),
    ("Transportation", "", "Customs clearance", "logistics"),
    (
        "",
        "We run warehouses and a fleet of 40 vans.",
        "Warehousing|Fulfilment",
        "logistics",
    ),
    ("3PL", "", "", "logistics"),
    ("SaaS", "", "", "software"),
    (
        "B2B SaaS",
        "Scheduling software for veterinary practices",
        "Online booking",
        "software",
    ),
    (
        "",
        "Cloud platform for developers",
        "API hosting",
        "software",
    ),
    ("Software company", "", "", "software"),
    ("IT services", "Managed hosting and cloud", "", "software"),
    (
        "",
        "CRM for beekeepers, with an app",
        "Mobile apps",
        "software",
    ),
    (
        "",
        "A data platform and analytics for museums",
        "Data platform|Analytics",
        "software",
    ),
    ("e-commerce", "", "", "ecommerce"),
    (
        "E-commerce",
        "Online shop for spare parts of coffee machines",
        "Spare parts",
        "ecommerce",
    ),
    (
        "",
        "Online store selling handmade ceramics",
        "Webshop",
        "ecommerce",
    ),
    ("Marketplace", "Second-hand climbing gear", "", "ecommerce"),
    ("D2C", "Socks, shipped monthly", "", "ecommerce"),
    (
        "",
        "Online retailer of garden tools and an online shop for seeds",
        "",
        "ecommerce",
    ),
    ("Retail", "", "", "retail"),
    (
        "",
        "Chain of twelve bicycle shops with workshops",
        "Bicycle retail",
        "retail",
    ),
    ("Retailer", "Furniture, three showrooms", "", "retail"),
    (
        "",
        "Fashion boutique shop and two stores",
        "Fashion",
        "retail",
    ),
    ("Supermarket", "", "", "retail"),
    ("", "Franchise of shoe stores", "Shops", "retail"),
    ("Manufacturing", "", "", "manufacturing"),
    (
        "Industrial",
        "Maker of hydraulic presses",
        "Retrofits",
        "manufacturing",
    ),
    (
        "",
        "Manufacturer of sheet metal parts for trains",
        "Laser cutting|Welding",
        "manufacturing",
    ),
    ("Mechanical engineering", "", "", "manufacturing"),
    (
        "",
        "Factory for injection moulding tools",
        "Tooling",
        "manufacturing",
    ),
    ("Machine builder", "Packaging machines", "", "manufacturing"),
    (
        "",
        "Robotics cells for small plants",
        "Robotics",
        "manufacturing",
    ),
    ("Construction", "", "", "construction"),
    (
        "",
        "General contractor for school buildings in timber",
        "Joinery",
        "construction",
    ),
    (
        "",
        "Roofing and plumbing for old houses",
        "Roofing",
        "construction",
    ),
    ("Builder", "", "Renovation", "construction"),
    (
        "Architecture",
        "Studio for housing in timber",
        "",
        "construction",
    ),
    ("HVAC", "", "", "construction"),
    (
        "",
        "Carpentry and joinery workshop",
        "Carpentry",
        "construction",
    ),
    ("Dental practice", "", "", "healthcare"),
    (
        "Services",
        "Outpatient physiotherapy group with nine clinics",
        "Physiotherapy",
        "healthcare",
    ),
    ("Clinic", "", "", "healthcare"),
    (
        "",
        "Care home for sixty people, with its own therapy rooms",
        "Therapy",
        "healthcare",
    ),
    ("Healthcare", "", "", "healthcare"),
    ("", "Veterinary hospital open at night", "", "healthcare"),
    ("Pharmacy", "", "", "healthcare"),
    ("Law firm", "", "", "legal"),
    (
        "Professional",
        "Employment law boutique advising employers",
        "Litigation",
        "legal",
    ),
    (
        "",
        "Solicitors for wills and conveyancing",
        "Probate",
        "legal",
    ),
    ("Kanzlei", "", "", "legal"),
    ("Legal services", "", "", "legal"),
    ("Attorneys", "", "Patent", "legal"),
    ("Notary", "", "", "legal"),
    ("Fintech", "", "", "finance"),
    (
        "",
        "Invoice-financing platform for wholesalers",
        "Invoice financing|Credit",
        "finance",
    ),
    ("Bank", "", "", "finance"),
    ("Financial services", "Leasing for dentists", "", "finance"),
    (
        "",
        "Asset management and treasury advice",
        "Asset management",
        "finance",
    ),
    ("Payments", "", "Payouts", "finance"),
    (
        "",
        "Mortgage lending for young families",
        "Mortgages",
        "finance",
    ),
    ("Insurance", "", "", "insurance"),
    (
        "",
        "Broker specialised in cyber insurance and liability cover",
        "Claims",
        "insurance",
    ),
    ("Insurer", "", "", "insurance"),
    (
        "",
        "Reinsurance and underwriting for storms",
        "Underwriting",
        "insurance",
    ),
    ("Insurtech", "", "", "insurance"),
    ("Insurance broker", "", "Fleet insurance", "insurance"),
    ("Real estate", "", "", "property"),
    (
        "",
        "Manages 3,400 rental flats for pension funds",
        "Property management",
        "property",
    ),
    ("Estate agent", "", "", "property"),
    (
        "",
        "Lettings and block management in Bath",
        "Lettings",
        "property",
    ),
    ("Immobilien", "", "", "property"),
    ("Facility", "", "", "property"),
    ("Travel", "", "", "travel"),
    (
        "",
        "Hotel search for independent boutique hotels",
        "Hotel price comparison",
        "travel",
    ),
    ("Hotel", "", "", "travel"),
    (
        "",
        "Small-group walking holidays, guided tours",
        "Guided tours",
        "travel",
    ),
    ("Hospitality", "", "", "travel"),
    ("Tour operator", "", "", "travel"),
    ("", "Resort with holiday rentals by the lake", "", "travel"),
    ("Education", "", "", "education"),
    (
        "",
        "Evening school that prepares adults for examinations",
        "Courses",
        "education",
    ),
    ("University", "", "", "education"),
    (
        "",
        "Language school for engineers",
        "German classes",
        "education",
    ),
    ("EdTech", "", "", "education"),
    ("E-learning", "", "", "education"),
    ("Academy", "", "", "education"),
    ("Energy", "", "", "energy"),
    (
        "",
        "Plans and operates solar parks with utilities",
        "Solar parks|Grid connection",
        "energy",
    ),
    ("Utility", "", "", "energy"),
    (
        "",
        "Heat pumps and battery storage for terraced houses",
        "Heat pumps",
        "energy",
    ),
    ("Renewables", "", "", "energy"),
    ("", "Wind farm operator", "Wind", "energy"),
    ("Oil", "", "", "energy"),
    ("AgTech", "", "", "agriculture"),
    (
        "",
        "Irrigation planning for orchards",
        "Irrigation planning|Agronomy advice",
        "agriculture",
    ),
    ("Farm", "", "", "agriculture"),
    (
        "",
        "Organic seed supplier to market gardens",
        "Vegetable seeds",
        "agriculture",
    ),
    ("Agriculture", "", "", "agriculture"),
    ("Vineyard", "", "", "agriculture"),
    ("Food", "", "", "food"),
    ("Bakery chain", "", "", "food"),
    (
        "",
        "Roasts single-origin coffee for offices",
        "Coffee",
        "food",
    ),
    ("Restaurant", "", "", "food"),
    (
        "",
        "Bakery with 14 branches, sourdough",
        "Bread|Cakes",
        "food",
    ),
    ("Brewery", "", "", "food"),
    ("Caterer", "Meals for day nurseries", "", "food"),
    ("Cybersecurity", "", "", "security"),
    (
        "",
        "Managed detection and incident response for cities",
        "Managed detection",
        "security",
    ),
    (
        "",
        "Penetration testing for hospitals",
        "Penetration testing|Red teaming",
        "security",
    ),
    ("Information security", "", "", "security"),
    ("SOC", "", "", "security"),
    ("Staffing", "", "", "staffing"),
    (
        "",
        "Staffing company for night-shift nurses",
        "Nurse staffing|Payroll",
        "staffing",
    ),
    ("Recruitment", "", "", "staffing"),
    (
        "",
        "Executive search for family businesses",
        "Executive search",
        "staffing",
    ),
    ("HR", "", "", "staffing"),
    ("Temp agency", "", "", "staffing"),
    ("Agency", "", "", "agency"),
    (
        "",
        "Brand and packaging studio for food start-ups",
        "Packaging design|Branding",
        "agency",
    ),
    ("Marketing agency", "", "", "agency"),
    (
        "",
        "Web design and SEO for museums",
        "SEO|Web design",
        "agency",
    ),
    ("Advertising", "", "", "agency"),
    ("PR", "", "", "agency"),
    ("Nonprofit", "", "", "nonprofit"),
    (
        "",
        "Food bank that rescues groceries with volunteers",
        "Food rescue|Volunteers",
        "nonprofit",
    ),
    ("Charity", "", "", "nonprofit"),
    ("NGO", "", "", "nonprofit"),
    ("Foundation", "", "Fundraising", "nonprofit"),
    ("Food bank", "", "", "nonprofit"),
    ("Consulting firm", "", "", "consulting"),
    (
        "",
        "Management consulting for hospital boards",
        "Interim management",
        "consulting",
    ),
    ("Professional services", "", "", "consulting"),
    ("Accountants", "", "Audit", "consulting"),
    ("Tax advisers", "", "", "consulting"),
    // Ambiguous, empty or nonsense: no trade is better than a wrong one.
    ("", "", "", "general"),
    ("Services", "", "", "general"),
    (
        "Business",
        "Access denied",
        "Consulting|Support|Training",
        "general",
    ),
    ("n/a", "n/a", "n/a", "general"),
    ("GmbH", "", "", "general"),
    ("Company", "We are the best in town", "", "general"),
    ("", "A team of passionate people", "Solutions", "general"),
    ("Other", "Lorem ipsum dolor sit amet", "TBD", "general"),
    ("", "شركة وهمية", "", "general"),
    ("", "404 Not Found", "Home|About|Contact", "general"),
    ("{{ trade }}", "=cmd()", "<b>", "general"),
    ("Private", "Makes church bells", "Bell tuning", "general"),
    ("", "A bit of everything", "Python|Roofing|Bread", "general"),
    ("", "Tern helps invented families.", "", "general"),
    (
        "",
        "Stone walls for country houses",
        "Dry stone walls",
        "general",
    ),
    ("-", ".", ";", "general"),
    ("", "Bread and roofing", "Bread|Roofing", "general"),
    ("", "Insurance for hotels", "", "general"),
    ("", "Things", "Bread|Insurance|Law", "general"),
    ("", "Ein Verlag", "Bücher", "general"),
];

#[test]
fn a_trade_is_told_by_what_people_write() {
    let mut wrong = Vec::new();
    for (label, description, services, expected) in ROWS {
        let lead = lead_with(|lead| {
            lead.company = "Halcyon Works Ltd".into();
            lead.company_short = "Halcyon Works".into();
            lead.business_type = label.into();
            lead.description = description.into();
            lead.services = services
                .split('|')
                .filter(|s| !s.is_empty())
                .map(String::from)
                .collect();
        });
        let found = LIBRARY.trade_of(&lead);
        if found != expected {
            wrong.push(format!(
                "{label} | {description} | {services}: {found}, not {expected}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}\n{}",
        wrong.len(),
        ROWS.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_trade_has_several_rows() {
    let trades: std::collections::BTreeMap<&str, usize> =
        ROWS.iter().fold(Default::default(), |mut counts, row| {
            *counts.entry(row.3).or_default() += 1;
            counts
        });
    assert_eq!(trades.len(), 22);
    assert!(trades.values().all(|rows| *rows >= 5), "{trades:?}");
}
