//! Mailboxes of functions, told from those of persons by the part before the `@`.

/// Mailboxes of functions. RFC 2142 names the technical ones; the rest is what companies print on
/// their pages, in the languages our leads come from.
const ROLES: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administration",
    "administracion",
    "administrator",
    "ads",
    "advertising",
    "anfrage",
    "api",
    "billing",
    "biuro",
    "bonjour",
    "booking",
    "bookings",
    "bounce",
    "bounces",
    "buchhaltung",
    "business",
    "careers",
    "ciao",
    "comercial",
    "commercial",
    "compliance",
    "contact",
    "contacto",
    "contactus",
    "contato",
    "customercare",
    "customerservice",
    "customersupport",
    "datenschutz",
    "devops",
    "donotreply",
    "dpo",
    "editor",
    "einkauf",
    "empfang",
    "enquiries",
    "enquiry",
    "everyone",
    "facturacion",
    "feedback",
    "finance",
    "ftp",
    "gdpr",
    "general",
    "hallo",
    "hello",
    "help",
    "helpdesk",
    "hi",
    "hola",
    "hostmaster",
    "hr",
    "humanresources",
    "info",
    "information",
    "infos",
    "inquiries",
    "inquiry",
    "invoice",
    "invoices",
    "it",
    "jobs",
    "kontakt",
    "kundenservice",
    "legal",
    "list",
    "listserv",
    "mail",
    "mailbox",
    "mailerdaemon",
    "management",
    "marketing",
    "media",
    "news",
    "newsletter",
    "noc",
    "noreply",
    "notifications",
    "office",
    "operations",
    "ops",
    "order",
    "orders",
    "partners",
    "partnerships",
    "payroll",
    "personal",
    "post",
    "postmaster",
    "pr",
    "presse",
    "press",
    "privacy",
    "procurement",
    "purchasing",
    "reception",
    "recepcion",
    "recruiting",
    "recruitment",
    "rechnung",
    "root",
    "sales",
    "secretary",
    "security",
    "service",
    "services",
    "shop",
    "spam",
    "staff",
    "subscribe",
    "support",
    "team",
    "tech",
    "techsupport",
    "unsubscribe",
    "usenet",
    "uucp",
    "ventas",
    "verkauf",
    "vertrieb",
    "web",
    "webmaster",
    "www",
];

/// Words that only narrow a function down: `sales.emea`, `support-team`.
const ROLE_DETAILS: [&str; 22] = [
    "team",
    "desk",
    "dept",
    "department",
    "us",
    "usa",
    "uk",
    "eu",
    "emea",
    "apac",
    "dach",
    "de",
    "fr",
    "es",
    "it",
    "global",
    "international",
    "online",
    "europe",
    "center",
    "centre",
    "group",
];

/// Whether a local part names a function (`support`, `No-Reply`, `sales.emea`, `info2`), so that
/// there is no person to write to. A tag (`info+web`) does not hide it.
pub fn is_role(local: &str) -> bool {
    let local = local.to_lowercase();
    let base = local
        .split_once('+')
        .map_or(local.as_str(), |(base, _)| base);
    let base = base.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_separator = |c: char| matches!(c, '.' | '-' | '_' | '&');
    let joined = base.replace(is_separator, "");
    if ROLES.contains(&joined.as_str()) {
        return true;
    }
    let mut words = base.split(is_separator).filter(|word| !word.is_empty());
    words.next().is_some_and(|first| ROLES.contains(&first))
        && words.all(|word| ROLES.contains(&word) || ROLE_DETAILS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_from_persons() {
        for role in [
            "support",
            "Sales",
            "INFO",
            "no-reply",
            "noreply",
            "no_reply",
            "do-not-reply",
            "info2",
            "info+web",
            "sales.emea",
            "support-team",
            "customer.service",
            "mailer-daemon",
            "Kontakt",
        ] {
            assert!(is_role(role), "{role}");
        }
        for person in [
            "ada",
            "ada.support",
            "salesman",
            "infante",
            "hello.kitty",
            "it.crowd",
            "",
            "+",
            "42",
        ] {
            assert!(!is_role(person), "{person}");
        }
    }
}
