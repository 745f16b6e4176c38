//! Where people reach us, and what is counted of our mails.

use url::Url;

use super::checks::require;
use super::reader::Reader;
use super::sender;
use crate::mailer;
use crate::tracking::Tracked;

/// Addresses in mails stand on one line, in headers and in people's mail programs.
const ADDRESS_LEN_MAX: usize = 300;

/// The address under which `serve` is reached. What leaves this machine needs one that others can
/// reach: plain http is for trying things out, and RFC 8058 section 3.1 wants https.
pub(super) fn read_public_url(reader: &mut Reader, read: Option<&sender::Read>) -> Option<Url> {
    let name = "PUBLIC_URL";
    let text = reader.url(name)?;
    let url = Url::parse(&text).ok()?;
    if text.len() > ADDRESS_LEN_MAX {
        let found = text.len();
        let message =
            format!("expected at most {ADDRESS_LEN_MAX} characters, found `{found}` of them");
        reader.problem(name, message);
    }
    let mut senders = read.into_iter().flat_map(|read| &read.senders);
    let away = senders.find_map(|sender| match &sender.mailer {
        mailer::Settings::Smtp(smtp) if !mailer::is_loopback(&smtp.host) => Some(&smtp.host),
        _ => None,
    });
    if let Some(host) = away.filter(|_| url.scheme() == "http") {
        let message = format!(
            "expected an https address, because mails go to `{host}` and their readers cannot \
             reach this machine by `{text}`"
        );
        reader.problem(name, message);
    }
    Some(url)
}

/// What is counted, which needs an address to lead to.
pub(super) fn read_tracked(reader: &mut Reader) -> Tracked {
    let tracked = Tracked {
        opens: reader.yes("TRACK_OPENS"),
        clicks: reader.yes("TRACK_CLICKS"),
    };
    for (name, is_on) in [
        ("TRACK_OPENS", tracked.opens),
        ("TRACK_CLICKS", tracked.clicks),
    ] {
        if is_on {
            require(reader, "PUBLIC_URL", name);
        }
    }
    tracked
}
