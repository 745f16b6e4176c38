//! The ground the two mail adapters share: how a connection is protected, and by which authorities.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::Context;
use native_tls::{Certificate, TlsConnector};
use regex::Regex;

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain connection upgraded by STARTTLS before anything else (RFC 3207, RFC 9051 section
    /// 6.2.1); a server that does not offer it is an error, never a reason to go on in the clear.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// No protection; the configuration allows it to loopback addresses only.
    None,
}

impl TlsMode {
    /// The word used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            TlsMode::StartTls => "starttls",
            TlsMode::Tls => "tls",
            TlsMode::None => "none",
        }
    }
}

/// The most that is read of a file of authorities; all of a system's are a fiftieth of it.
const PEM_BYTES_MAX: u64 = 10_000_000;

/// The certificates of `TLS_CA_FILE` (PEM, one or several), trusted besides the system's.
pub fn authorities(ca_file: &PathBuf) -> anyhow::Result<Vec<Certificate>> {
    let mut pem = Vec::new();
    File::open(ca_file)
        .and_then(|file| file.take(PEM_BYTES_MAX).read_to_end(&mut pem))
        .with_context(|| format!("TLS_CA_FILE: cannot read `{}`", ca_file.display()))?;
    let certificates = Certificate::stack_from_pem(&pem).with_context(|| {
        format!(
            "TLS_CA_FILE: expected PEM certificates in `{}`",
            ca_file.display()
        )
    })?;
    anyhow::ensure!(
        !certificates.is_empty(),
        "TLS_CA_FILE: expected PEM certificates in `{}`, found none",
        ca_file.display()
    );
    Ok(certificates)
}

/// A connector that trusts the system's authorities and those of `TLS_CA_FILE`, at TLS 1.2 or
/// later.
pub fn connector(ca_file: Option<&PathBuf>) -> anyhow::Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(native_tls::Protocol::Tlsv12));
    if let Some(ca_file) = ca_file {
        for certificate in authorities(ca_file)? {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().context("cannot set up TLS")
}

/// What went wrong, for people: OpenSSL's reasons without its codes and places in its source.
pub fn words(error: &native_tls::Error) -> String {
    plain(&error.to_string())
}

fn plain(error: &str) -> String {
    static ENTRY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // code : library : function : reason : file : line
        Regex::new(r"error:[0-9A-Fa-f]+:[^:]*:[^:]*:([^:]*):[^:]*:\d+:?").ok()
    });
    match &*ENTRY {
        Some(entry) => entry.replace_all(error, "$1").into_owned(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &str, expected: &str) {
        assert_eq!(plain(error), expected);
    }

    #[test]
    fn only_the_reason_of_an_error_is_told() {
        check(
            "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:\
             ../ssl/record/ssl3_record.c:350:",
            "wrong version number",
        );
        check(
            "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify \
             failed:../ssl/statem/statem_clnt.c:1889: (self-signed certificate)",
            "certificate verify failed (self-signed certificate)",
        );
        check("unexpected EOF", "unexpected EOF");
    }
}
