//! What is worth knowing about a lead's address although it need not decide anything.

use super::{EmailAddress, RawLead, ReadField, domains, role, website};

/// Something a person may want to weigh before writing. Flags are read off the record alone,
/// whatever the verdict about it: a role or a throw-away address also rejects the lead, the others
/// never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// The mailbox belongs to a function.
    Role,
    /// The provider's addresses live for minutes.
    Disposable,
    /// Strangers share the domain.
    FreeMail,
    /// The address carries a tag (RFC 5233): `ada+news`.
    Tagged,
    /// The address and the website belong to different registrable domains.
    OtherDomain,
}

impl Flag {
    /// The code shown in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Flag::Role => "role",
            Flag::Disposable => "disposable",
            Flag::FreeMail => "free_mail",
            Flag::Tagged => "tagged",
            Flag::OtherDomain => "other_domain",
        }
    }

    /// What it means, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Flag::Role => "the address belongs to a function, not to a person",
            Flag::Disposable => "the address is a throw-away one",
            Flag::FreeMail => {
                "the address is at a free-mail provider, which says nothing of a company"
            }
            Flag::Tagged => "the address carries a tag, as people give them to forms",
            Flag::OtherDomain => "the address and the website are at different domains",
        }
    }
}

/// The flags of a record, none when it has no valid address.
pub fn flags(raw: &RawLead) -> Vec<Flag> {
    let Ok(email) = EmailAddress::parse(raw.get(ReadField::Email)) else {
        return Vec::new();
    };
    let is_free_mail = domains::is_free_mail(email.domain());
    let website = website::parse(raw.get(ReadField::Website)).unwrap_or_default();
    let is_other_domain = !is_free_mail
        && domain_of(&website).is_some_and(|site| {
            domains::registrable_domain(email.domain()).is_some_and(|own| own != site)
        });
    let found = [
        (Flag::Role, role::is_role(email.local())),
        (Flag::Disposable, domains::is_disposable(email.domain())),
        (Flag::FreeMail, is_free_mail),
        (Flag::Tagged, email.local().contains('+')),
        (Flag::OtherDomain, is_other_domain),
    ];
    let is_set = |(flag, is_set)| if is_set { Some(flag) } else { None };
    found.into_iter().filter_map(is_set).collect()
}

/// The registrable domain of a web address.
fn domain_of(website: &str) -> Option<String> {
    let (_, rest) = website.split_once("://")?;
    domains::registrable_domain(rest.split('/').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::RecordId;

    #[test]
    fn flags_are_read_off_the_record() {
        #[track_caller]
        fn check(email: &str, website: &str, expected: &[Flag]) {
            let fields = [(ReadField::Email, email), (ReadField::Website, website)];
            let raw = RawLead {
                record_id: RecordId::new("recA"),
                fields: fields.map(|(field, text)| (field, text.to_string())).into(),
            };
            assert_eq!(flags(&raw), expected, "{email} {website}");
        }
        check("ada@quill.example", "https://www.quill.example/about", &[]);
        check("ada@mail.quill.example", "quill.example", &[]);
        check("ada@quill.example", "", &[]);
        check("ada@quill.example", "not a website", &[]);
        check("ada@quill.example", "feather.example", &[Flag::OtherDomain]);
        check("ada@gmail.com", "quill.example", &[Flag::FreeMail]);
        check(
            "<info+web@yahoo.co.jp>",
            "",
            &[Flag::Role, Flag::FreeMail, Flag::Tagged],
        );
        check("ada@eu.mailinator.com", "", &[Flag::Disposable]);
        check("noemail", "quill.example", &[]);
    }

    #[test]
    fn flags_have_codes_of_their_own_and_sentences() {
        let all = [
            Flag::Role,
            Flag::Disposable,
            Flag::FreeMail,
            Flag::Tagged,
            Flag::OtherDomain,
        ];
        let mut codes: Vec<&str> = all.iter().map(|flag| flag.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all.len());
        assert!(all.iter().all(|flag| !flag.sentence().ends_with('.')));
    }
}
