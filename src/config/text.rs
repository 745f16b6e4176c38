//! Texts that stand for hosts, addresses on the web and lines, and why one does not.

use super::problem::is_unprintable;
use crate::mailer;

/// Why a text is not of its kind.
pub(super) enum Misfit {
    /// It is not what the kind says.
    Plain,
    /// It is not, and these words say what is particular about it.
    Because(String),
    /// A sentence that already says what was expected and found.
    Said(String),
    /// It must not be repeated, since it may hold a password; these words say what was found.
    Unspeakable(&'static str),
}

pub(super) fn parse_line(text: &str) -> Result<String, Misfit> {
    if text.chars().any(is_unprintable) || text.chars().nth(200).is_some() {
        return Err(Misfit::Plain);
    }
    Ok(text.to_string())
}

/// Names between commas, each one line; a name with a comma in it stands in double quotes.
pub(super) fn parse_folders(text: &str) -> Result<Vec<String>, Misfit> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((name, after)) => (name, after.trim_start()),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                rest.split_at_checked(end).ok_or(Misfit::Plain)?
            }
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(Misfit::Because("a name is empty".to_string()));
        }
        names.push(parse_line(name)?);
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => {
                return Err(Misfit::Because(
                    "no comma after a name in quotes".to_string(),
                ));
            }
        };
    }
    match names.is_empty() {
        true => Err(Misfit::Plain),
        false => Ok(names),
    }
}

/// A name as [`parse_folders`] reads it back; none for one that it cannot.
pub(super) fn folder_in_list(name: &str) -> Option<String> {
    let name = name.trim();
    match name.contains('"') {
        true => None,
        false if name.contains(',') => Some(format!("\"{name}\"")),
        false => Some(name.to_string()),
    }
}

/// A host name (RFC 1123, with the underscores that exist in practice) or an IP address, the latter
/// also in brackets.
pub(super) fn parse_host(text: &str) -> Option<String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return Some(bare.to_string());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = text.len() <= 253 && text.trim_end_matches('.').split('.').all(is_label);
    fits.then(|| text.to_string())
}

/// The address without a slash at its end. What would be lost when paths are added to it (a query,
/// a fragment) or leak into a log (a password) is refused.
pub(super) fn parse_url(text: &str) -> Result<String, Misfit> {
    let because = |words: &str| Misfit::Because(words.to_string());
    if text.contains('@') {
        return Err(Misfit::Unspeakable(
            "one with a user name or password in it",
        ));
    }
    let url = url::Url::parse(text).map_err(|err| Misfit::Because(err.to_string()))?;
    let host = url.host_str().ok_or(Misfit::Plain)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(because("it has a query or a fragment"));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match url.scheme() {
        "https" => {}
        "http" if mailer::is_loopback(bare) => {}
        "http" => return Err(because("http would show the key to everyone on the way")),
        _ => return Err(Misfit::Plain),
    }
    Ok(url.as_str().trim_end_matches('/').to_string())
}
