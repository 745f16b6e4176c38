//! DKIM signatures (RFC 6376) with rsa-sha256 and ed25519-sha256 (RFC 8463).
//!
//! Invariant: the same mail and key give the same signature, so that a second attempt is the same
//! mail. Only for those who send from a server of their own: mail providers sign by themselves.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Whose signature it is, and the key.
#[derive(Clone, Debug)]
pub struct DkimSettings {
    /// The signing domain (`d=`), that of the From address or one above it.
    pub domain: String,
    /// The name under which the public key is published (`s=`).
    pub selector: String,
    /// The private key.
    pub key: DkimKey,
}

/// A private key in PEM, RSA or Ed25519, without a passphrase.
#[derive(Clone, Debug)]
pub enum DkimKey {
    /// The text itself.
    Pem(SecretString),
    /// A file with it.
    File(PathBuf),
}

/// What is signed when it is there (RFC 6376 section 5.4.1, and for the last two RFC 8058 section
/// 4). Those marked are signed once more than they occur, so that nobody can add another one.
const SIGNED: [(&str, bool); 13] = [
    ("from", true),
    ("to", true),
    ("subject", true),
    ("date", true),
    ("message-id", false),
    ("reply-to", false),
    ("in-reply-to", false),
    ("references", false),
    ("mime-version", false),
    ("content-type", false),
    ("content-transfer-encoding", false),
    ("list-unsubscribe", false),
    ("list-unsubscribe-post", false),
];

/// No key is larger.
const PEM_BYTES_MAX: u64 = 64 * 1024;

/// Signs mails.
pub(super) struct Signer {
    domain: String,
    selector: String,
    key: PKey<Private>,
    algorithm: &'static str,
}

impl Signer {
    /// Reads the key.
    pub fn open(settings: &DkimSettings) -> anyhow::Result<Signer> {
        let is_name = |name: &str| {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            (1..=253).contains(&name.len()) && name.bytes().all(is_plain)
        };
        for (what, name) in [
            ("domain", &settings.domain),
            ("selector", &settings.selector),
        ] {
            ensure!(
                is_name(name),
                "DKIM {what}: expected a DNS name, found {name:?}"
            );
        }
        let (pem, place) = match &settings.key {
            DkimKey::Pem(pem) => (pem.clone(), "the setting".to_string()),
            DkimKey::File(path) => {
                let mut pem = String::new();
                File::open(path)
                    .and_then(|file| file.take(PEM_BYTES_MAX).read_to_string(&mut pem))
                    .with_context(|| format!("DKIM key: cannot read `{}`", path.display()))?;
                (SecretString::from(pem), format!("`{}`", path.display()))
            }
        };
        // Without a callback OpenSSL would ask the terminal for a passphrase. Its errors are not
        // shown: they add nothing that a person could mend.
        let parsed = PKey::private_key_from_pem_callback(pem.expose_secret().as_bytes(), |_| {
            Err(ErrorStack::get())
        });
        let Ok(key) = parsed else {
            bail!("DKIM key: expected a private key in PEM without a passphrase in {place}");
        };
        let algorithm = match key.id() {
            // RFC 8301 section 3.2: verifiers refuse shorter ones.
            Id::RSA if key.bits() >= 1024 => "rsa-sha256",
            Id::RSA => bail!(
                "DKIM key: expected at least 1024 bits in {place}, found {}",
                key.bits()
            ),
            Id::ED25519 => "ed25519-sha256",
            _ => bail!("DKIM key: expected an RSA or Ed25519 key in {place}, found another kind"),
        };
        Ok(Signer {
            domain: settings.domain.to_ascii_lowercase(),
            selector: settings.selector.clone(),
            key,
            algorithm,
        })
    }

    /// The mail with its signature in front. Signed at the mail's own date, not now.
    pub fn sign(&self, raw: &[u8], dated_at: DateTime<Utc>) -> anyhow::Result<Vec<u8>> {
        let (head, body) = split(raw);
        let fields = fields(head);
        let mut names = Vec::new();
        let mut signed = Vec::new();
        for (name, is_sealed) in SIGNED {
            // Of several the last one comes first (RFC 6376 section 5.4.2).
            for (_, canonical) in fields.iter().rev().filter(|(found, _)| found == name) {
                names.push(name);
                signed.extend_from_slice(canonical);
                signed.extend_from_slice(b"\r\n");
            }
            if is_sealed {
                names.push(name);
            }
        }
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(body)));
        let mut signature = format!(
            "DKIM-Signature: v=1; a={}; c=relaxed/relaxed; d={};\r\n\ts={}; t={};\r\n\th={};\r\n\
             \tbh={body_hash};\r\n\tb=",
            self.algorithm,
            self.domain,
            self.selector,
            dated_at.timestamp(),
            folded(&names),
        );
        signed.extend_from_slice(&relaxed_field(signature.as_bytes()).1);
        let value = self.value(&signed).context("cannot sign the mail")?;
        for (n, part) in STANDARD.encode(value).as_bytes().chunks(70).enumerate() {
            if n > 0 {
                signature.push_str("\r\n\t ");
            }
            signature.push_str(&String::from_utf8_lossy(part));
        }
        signature.push_str("\r\n");
        Ok([signature.as_bytes(), raw].concat())
    }

    fn value(&self, signed: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        if self.key.id() == Id::ED25519 {
            // RFC 8463 section 3: the hash itself is what is signed.
            let mut signer = openssl::sign::Signer::new_without_digest(&self.key)?;
            return signer.sign_oneshot_to_vec(&Sha256::digest(signed));
        }
        let mut signer = openssl::sign::Signer::new(MessageDigest::sha256(), &self.key)?;
        signer.sign_oneshot_to_vec(signed)
    }
}

/// The names joined by colons, several lines of them.
fn folded(names: &[&str]) -> String {
    let lines: Vec<String> = names.chunks(5).map(|line| line.join(":")).collect();
    lines.join(":\r\n\t ")
}

/// Head and body without the empty line between them.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let empty_line = b"\r\n\r\n";
    let at = raw.windows(4).position(|four| four == empty_line);
    match at.and_then(|at| Some((raw.get(..at + 2)?, raw.get(at + 4..)?))) {
        Some(halves) => halves,
        None => (raw, b""),
    }
}

/// The fields of a head in canonical form, each with its name.
fn fields(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        match fields.last_mut() {
            Some(field) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                field.extend_from_slice(line);
            }
            _ => fields.push(line.to_vec()),
        }
    }
    fields.iter().map(|field| relaxed_field(field)).collect()
}

/// A field's name, and `name:value` as RFC 6376 section 3.4.2 wants it, without the line end.
fn relaxed_field(field: &[u8]) -> (String, Vec<u8>) {
    let at = field.iter().position(|byte| *byte == b':');
    let (name, value) = field.split_at(at.unwrap_or(field.len()));
    let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
    let value = value.strip_prefix(b":").unwrap_or(value);
    let words = value.split(|byte| b" \t\r\n".contains(byte));
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    let mut canonical = format!("{name}:").into_bytes();
    canonical.extend_from_slice(&words.join(&b' '));
    (name, canonical)
}

/// RFC 6376 section 3.4.4: runs of spaces and tabs are one space, none at the end of a line, no
/// empty lines at the end of the mail.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(body.len());
    let mut n_empty = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
        let end = line.iter().rposition(|byte| !is_space(byte));
        let Some(line) = end.and_then(|end| line.get(..=end)) else {
            n_empty += 1;
            continue;
        };
        for _ in 0..std::mem::take(&mut n_empty) {
            canonical.extend_from_slice(b"\r\n");
        }
        let mut was_space = false;
        for byte in line {
            match is_space(byte) {
                true if was_space => {}
                true => canonical.push(b' '),
                false => canonical.push(*byte),
            }
            was_space = is_space(byte);
        }
        canonical.extend_from_slice(b"\r\n");
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376 section 3.4.5's examples, and the edges beside them.
    #[test]
    fn fields_and_bodies_are_made_canonical() {
        let head = b"A: X\r\nB : Y\t\r\n\tZ  \r\n";
        let canonical: Vec<Vec<u8>> = fields(head).into_iter().map(|(_, field)| field).collect();
        assert_eq!(canonical, [b"a:X".to_vec(), b"b:Y Z".to_vec()]);

        #[track_caller]
        fn check(body: &str, expected: &str) {
            let found = String::from_utf8(relaxed_body(body.as_bytes())).unwrap();
            assert_eq!(found, expected, "{body:?}");
        }
        check(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n");
        check("", "");
        check("\r\n\r\n", "");
        check(" \t\r\n", "");
        check("a", "a\r\n");
        check("a\r\n \r\nb", "a\r\n\r\nb\r\n");
    }

    #[test]
    fn a_mail_without_a_body_is_split_too() {
        assert_eq!(split(b"A: x\r\n\r\n"), (&b"A: x\r\n"[..], &b""[..]));
        assert_eq!(split(b"A: x\r\n"), (&b"A: x\r\n"[..], &b""[..]));
        assert_eq!(
            split(b"A: x\r\n\r\nb\r\n\r\nc"),
            (&b"A: x\r\n"[..], &b"b\r\n\r\nc"[..])
        );
    }

    fn settings(key: &str) -> DkimSettings {
        DkimSettings {
            domain: "example.org".to_string(),
            selector: "s1".to_string(),
            key: DkimKey::Pem(SecretString::from(key.to_string())),
        }
    }

    fn pem(key: &PKey<Private>) -> String {
        String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_without_being_shown() {
        #[track_caller]
        fn refused(settings: &DkimSettings, expected: &str) {
            let error = match Signer::open(settings) {
                Ok(_) => panic!("expected a refusal: {expected}"),
                Err(error) => format!("{error:#}"),
            };
            assert!(error.contains(expected), "{error}");
            assert!(
                !error.contains("secret") && !error.contains('\n'),
                "{error}"
            );
        }
        refused(&settings("secret"), "expected a private key in PEM");
        refused(&settings(""), "expected a private key in PEM");
        let short = openssl::rsa::Rsa::generate(768).unwrap();
        let short = PKey::from_rsa(short).unwrap();
        refused(&settings(&pem(&short)), "at least 1024 bits");
        let x25519 = PKey::generate_x25519().unwrap();
        refused(&settings(&pem(&x25519)), "RSA or Ed25519");
        let cipher = openssl::symm::Cipher::aes_128_cbc();
        let locked = short.private_key_to_pem_pkcs8_passphrase(cipher, b"secret");
        let locked = String::from_utf8(locked.unwrap()).unwrap();
        refused(&settings(&locked), "without a passphrase");
        let missing = DkimKey::File("/nonexistent/key.pem".into());
        refused(
            &DkimSettings {
                key: missing,
                ..settings("")
            },
            "cannot read `/nonexistent/key.pem`",
        );
        for name in ["", "a b", "a;d=evil.example", "a\r\nX: y"] {
            let selector = name.to_string();
            refused(
                &DkimSettings {
                    selector,
                    ..settings("")
                },
                "DKIM selector: expected a DNS name",
            );
        }
    }

    #[test]
    fn the_same_mail_has_the_same_signature_and_another_mail_another() {
        let key = PKey::generate_ed25519().unwrap();
        let signer = Signer::open(&settings(&pem(&key))).unwrap();
        let dated_at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let sign = |raw: &[u8]| signer.sign(raw, dated_at).unwrap();
        let raw = b"From: a@example.org\r\nX: y\r\n\r\nHello\r\n";
        assert_eq!(sign(raw), sign(raw));
        assert!(sign(raw).ends_with(raw));
        assert_ne!(
            sign(raw),
            sign(b"From: a@example.org\r\nX: y\r\n\r\nHallo\r\n")
        );
        let text = String::from_utf8(sign(raw)).unwrap();
        assert!(text.contains("h=from:from:to:subject:date;"), "{text}");
        assert!(text.contains(" t=1790000000;"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    }
}
