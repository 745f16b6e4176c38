//! What a variable accepts, in words and in numbers.

use std::fmt;

use crate::mailer;

/// The kind of value a variable holds. Its `Display` is what an error says was expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number within bounds, of something.
    Whole {
        /// The least value.
        min: u32,
        /// The greatest value.
        max: u32,
        /// What is counted: `days`; empty for a bare number.
        unit: &'static str,
    },
    /// A decimal number within bounds.
    Decimal {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// `true` or `false`, with the usual synonyms.
    YesNo,
    /// One of some words, in any case.
    Choice(&'static [&'static str]),
    /// One line of text.
    Line,
    /// A text of one or several lines.
    Lines,
    /// Names of folders of a mailbox.
    Folders,
    /// A path, relative to the working directory.
    Path,
    /// A host name or an IP address.
    Host,
    /// A name in the DNS.
    Name,
    /// An `https` address, `http` to this machine only.
    Url,
    /// Where to listen: an IP address and a port.
    Listen,
    /// One e-mail address.
    Address,
    /// An IANA time zone.
    Zone,
    /// The hours of a day.
    Window,
    /// A country.
    Country,
    /// The id of an Airtable base.
    BaseId,
    /// A mail provider whose servers are known.
    Provider,
    /// What a model's tokens cost.
    Price,
    /// A password, key or token.
    Secret,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Whole { min, max, unit: "" } => {
                write!(f, "a whole number from {min} to {max}")
            }
            Kind::Whole { min, max, unit } => {
                write!(f, "a whole number of {unit} from {min} to {max}")
            }
            Kind::Decimal { min, max } => write!(f, "a number from {min} to {max}"),
            Kind::YesNo => f.write_str("true or false"),
            Kind::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Kind::Line => f.write_str("one line of text, at most 200 characters"),
            Kind::Lines => f.write_str("a text of at most 500 characters"),
            Kind::Folders => f.write_str("names of folders such as INBOX, Junk"),
            Kind::Path => f.write_str("a path"),
            Kind::Host => f.write_str("a host name or IP address without scheme and port"),
            Kind::Name => f.write_str("a name in the DNS such as example.com"),
            Kind::Url => {
                f.write_str("an address such as https://host/path (http only to loopback)")
            }
            Kind::Listen => f.write_str("an IP address and a port such as 127.0.0.1:8025"),
            Kind::Address => f.write_str("an e-mail address such as name@company.com"),
            Kind::Zone => f.write_str("an IANA time zone such as Europe/Berlin"),
            Kind::Window => f.write_str("hours of a day such as 09:00-17:00"),
            Kind::Country => f.write_str("a country such as US or Germany"),
            Kind::BaseId => f.write_str("the id of a base, `app` and letters or digits"),
            Kind::Provider => {
                let names: Vec<&str> = mailer::preset_names().collect();
                write!(f, "one of {}", names.join(", "))
            }
            Kind::Price => {
                f.write_str("dollars for a million tokens read and written such as 2.50/10.00")
            }
            Kind::Secret => f.write_str("one line of text without control characters"),
        }
    }
}
