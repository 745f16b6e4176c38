//! The ground the two mail adapters share: how a connection is protected, and by which authorities.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use native_tls::{Certificate, TlsConnector};

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
