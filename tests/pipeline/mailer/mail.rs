//! What a server and its readers make of the mail: signatures, and addresses outside ASCII.

use std::io::Write;
use std::process::Stdio;

use outreach::mailer::{DkimKey, DkimSettings};
use tempfile::TempDir;

use super::*;

fn openssl(args: &[&str]) -> Vec<u8> {
    let run = Command::new("openssl").args(args).output();
    let run = run.expect("the `openssl` command is needed to make keys");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    run.stdout
}

/// A key in a file and the TXT record that publishes it.
fn key(dir: &TempDir, kind: &str) -> (PathBuf, String) {
    use base64::Engine;
    let path = dir.path().join(format!("{kind}.pem"));
    let file = path.to_str().unwrap();
    openssl(&["genpkey", "-algorithm", kind, "-out", file]);
    let public = openssl(&["pkey", "-in", file, "-pubout", "-outform", "DER"]);
    // RFC 8463 section 4 publishes the bare key, which are the last 32 bytes.
    let public = match kind {
        "ed25519" => &public[public.len() - 32..],
        _ => &public,
    };
    let public = base64::engine::general_purpose::STANDARD.encode(public);
    (
        path,
        format!("v=DKIM1; k={}; p={public}", kind.to_lowercase()),
    )
}

/// What an implementation that is not ours says of the signature.
fn verified(raw: &[u8], record: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mailer/verify_dkim.py");
    let mut python = Command::new("python3")
        .arg(script)
        .args(["s1._domainkey.example.org", record])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to verify signatures");
    python.stdin.take().unwrap().write_all(raw).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "python3-dkim is needed to verify signatures"
    );
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

fn changed(raw: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    assert!(text.contains(from), "{from}: {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_signature_holds_for_others_and_breaks_with_the_mail() {
    let dir = tempfile::tempdir().unwrap();
    for kind in ["RSA", "ed25519"] {
        let (path, record) = key(&dir, kind);
        let smtp = Smtp::start();
        let settings = SmtpSettings {
            dkim: Some(DkimSettings {
                domain: "example.org".to_string(),
                selector: "s1".to_string(),
                key: DkimKey::File(path),
            }),
            ..plain(&smtp)
        };
        let mut client = Client::new(&settings, None);
        let full = Outgoing {
            from_name: "Jürgen \"JJ\" Groß, GmbH".to_string(),
            body: "Grüß Gott,  \n\n.\n\ttab  \n\n\n\nFrom here\n\n\n".to_string(),
            subject: format!("Größe {}", "sehr lang ".repeat(20)),
            unsubscribe_url: Some("https://mail.example.org/u?t=1".parse().unwrap()),
            unsubscribe_mailto: Some(EmailAddress::parse("opt@example.org").unwrap()),
            reply_to: Some(EmailAddress::parse("answers@example.org").unwrap()),
            thread: Some(Thread {
                in_reply_to: "b@example.org".to_string(),
                references: vec!["a@example.org".to_string()],
            }),
            html: Some("<p>Grüß Gott</p>".to_string()),
            ..outgoing(1)
        };
        for mail in [&outgoing(1), &full, &full] {
            let delivery = client.runtime.block_on(client.connection.deliver(mail));
            assert_eq!(summary(&delivery), "body accepted");
        }
        let kept: Vec<Vec<u8>> = smtp.kept().into_iter().map(|kept| kept.raw).collect();
        assert_eq!(kept[1], kept[2], "a second attempt is the same mail");
        assert_eq!(verified(&kept[0], &record), "valid", "{kind}");
        assert_eq!(verified(&kept[1], &record), "valid", "{kind}");
        for (from, to) in [
            ("From: ", "From: eve@example.net\r\nFrom: "),
            ("Subject: ", "Subject: Win!\r\nSubject: "),
            ("example.org/u", "example.net/u"),
            ("List-Unsubscribe=One-Click", "x"),
            ("In-Reply-To: <b", "In-Reply-To: <c"),
            ("=C3=BC", "=C3=A4"),
        ] {
            let evil = changed(&kept[1], from, to);
            assert_eq!(verified(&evil, &record), "invalid", "{kind} {from}");
        }
    }
}

#[test]
fn an_address_outside_ascii_goes_only_where_it_is_taken() {
    let mail = |n| Outgoing {
        to: EmailAddress::parse("josé.ñ@bücherei.example").unwrap(),
        ..outgoing(n)
    };
    for offers in [&["SMTPUTF8"][..], &["PIPELINING", "SMTPUTF8"][..]] {
        let smtp = Smtp::start_with(Options {
            offers,
            ..Options::default()
        });
        let mut client = Client::new(&plain(&smtp), None);
        let delivery = client.runtime.block_on(client.connection.deliver(&mail(1)));
        assert_eq!(summary(&delivery), "body accepted", "{offers:?}");
        let kept = smtp.kept();
        assert_eq!(kept[0].to, ["josé.ñ@xn--bcherei-n2a.example"]);
        assert_eq!(kept[0].raw, compose(&mail(1)).unwrap());
        let asked = format!("MAIL FROM:<{USER}> BODY=8BITMIME SMTPUTF8");
        assert!(smtp.commands().contains(&asked), "{:?}", smtp.commands());
        assert_eq!(summary(&client.deliver(2)), "body accepted");
        let plain = format!("MAIL FROM:<{USER}>");
        assert!(smtp.commands().contains(&plain), "{:?}", smtp.commands());
    }

    let smtp = Smtp::start();
    let mut client = Client::new(&plain(&smtp), None);
    for n in 1..=2 {
        let delivery = client.runtime.block_on(client.connection.deliver(&mail(n)));
        assert_eq!(summary(&delivery), "mail_from rejected Message");
        assert!(delivery.reply().contains("SMTPUTF8"), "{delivery:?}");
        assert!(!delivery.reply().contains("josé"), "{delivery:?}");
    }
    assert_eq!(summary(&client.deliver(3)), "body accepted");
    assert_eq!(
        smtp.n_conversations(),
        1,
        "nothing is wrong with the connection"
    );
    assert_eq!(smtp.n_reached(At::MailFrom), 1);
}

#[test]
fn a_mail_can_be_composed_before_its_turn() {
    let smtp = Smtp::start();
    let mut client = Client::new(&plain(&smtp), None);
    let composed = client.mailer.compose(&outgoing(1)).unwrap();
    let delivery = client
        .runtime
        .block_on(client.connection.deliver_composed(&composed));
    assert_eq!(summary(&delivery), "body accepted");
    assert_eq!(smtp.kept()[0].raw, composed.raw());
    let evil = Outgoing {
        subject: "x\r\ny".to_string(),
        ..outgoing(1)
    };
    let verdict = client.mailer.compose(&evil).unwrap_err();
    assert_eq!(summary(&verdict), "connect rejected Message");
}
