//! Web addresses that may be shown and compared.

use anyhow::{bail, ensure};

use super::{debris, domains, text};

/// Longer addresses keep their host only; in bytes.
const ADDRESS_LEN_MAX: usize = 200;

/// The web address with its scheme, without query and fragment (they track whoever searched, not
/// the company): `https://tern.example/about` of `tern.example/about?utm_source=x`. `""` stays
/// `""`.
pub(super) fn parse(raw: &str) -> anyhow::Result<String> {
    let line = text::one_line(raw);
    if line.is_empty() {
        return Ok(line);
    }
    ensure!(!debris::is_placeholder(&line), "it is a placeholder");
    let (scheme, rest) = match line.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("https".to_string(), line.as_str()),
    };
    ensure!(
        matches!(scheme.as_str(), "http" | "https"),
        "it is no web address"
    );
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    ensure!(!authority.contains('@'), "it names a user");
    let host = match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) => bail!("it is no web address"),
        None => authority,
    };
    let host = domains::parse_host(host)?;
    let path = path.trim_end_matches('/');
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%+,()!".contains(&b);
    let fits = path.bytes().all(is_plain) && path.len() + host.len() < ADDRESS_LEN_MAX;
    let path = if fits && !path.is_empty() {
        format!("/{path}")
    } else {
        String::new()
    };
    Ok(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_normalised_or_refused() {
        #[track_caller]
        fn check(raw: &str, expected: &str) {
            let found = parse(raw).unwrap_or_else(|err| format!("error: {err:#}"));
            assert!(found.starts_with(expected), "{raw}: {found}");
            assert!(
                expected.starts_with("error") || found == expected,
                "{raw}: {found}"
            );
        }
        check("", "");
        check("https://Tern.Example", "https://tern.example");
        check("tern-hq.example/", "https://tern-hq.example");
        check(
            "HTTP://tern.example:8080/a/b?utm_source=x#y",
            "http://tern.example/a/b",
        );
        check("bücherei.example", "https://xn--bcherei-n2a.example");
        check("https://tern.example/<script>", "https://tern.example");
        check(
            &format!("tern.example/{}", "a".repeat(300)),
            "https://tern.example",
        );
        check(
            "javascript:alert(document.domain)",
            "error: it is no web address",
        );
        check(
            "javascript://tern.example/%0aalert(1)",
            "error: it is no web address",
        );
        check("https://user:pw@tern.example", "error: it names a user");
        check("N/A - could not find", "error: it is a placeholder");
        check("http://192.0.2.1/", "error: ");
        check("http://[::1]/", "error: ");
        check("none", "error: ");
        check("tern example", "error: ");
    }
}
