//! Passwords, access tokens, signatures.

use super::super::*;
use super::{SMTP, check, check_warnings, load};

/// How the one sender logs in: `SMTP, IMAP`.
fn logins(text: &str) -> String {
    let sender = load(text).0.senders.remove(0);
    let smtp = match &sender.mailer {
        mailer::Settings::Maildir(_) => "none".to_string(),
        mailer::Settings::Smtp(smtp) => match &smtp.login {
            mailer::Login::None => "none".to_string(),
            mailer::Login::Password { mechanism, .. } => format!("{mechanism:?}"),
            mailer::Login::OAuth { username, oauth } => format!("{username} {}", oauth.token_url),
        },
    };
    let imap = match &sender.mailbox {
        mailbox::Settings::Maildir(_) => "none".to_string(),
        mailbox::Settings::Imap(imap) => match &imap.login {
            mailbox::Login::Password(_) => "password".to_string(),
            mailbox::Login::OAuth(oauth) => oauth.client_id.clone(),
            mailbox::Login::Token(_) => panic!("{imap:?}"),
        },
    };
    format!("{smtp}, {imap}")
}

const OAUTH: &str = "OAUTH_REFRESH_TOKEN=r\nOAUTH_CLIENT_ID=app\n\
                     OAUTH_TOKEN_URL=https://login.example.com/token\n";

#[test]
fn a_login_goes_by_password_or_by_access_token() {
    let imap = "IMAP_SERVER=i\nIMAP_USERNAME=u\n";
    for (text, expected) in [
        ("", "none, none"),
        ("SMTP_USERNAME=u\nSMTP_PASSWORD=p", "Auto, none"),
        (
            "SMTP_USERNAME=u\nSMTP_PASSWORD=p\nSMTP_AUTH=Login",
            "Login, none",
        ),
        (
            "SMTP_USERNAME=u\nSMTP_PASSWORD=p\nSMTP_AUTH=plain",
            "Plain, none",
        ),
        (
            &format!("{OAUTH}SMTP_USERNAME=u"),
            "u https://login.example.com/token, none",
        ),
        (
            &format!("{OAUTH}{imap}SMTP_USERNAME=u\nSMTP_AUTH=xoauth2\nIMAP_AUTH=xoauth2"),
            "u https://login.example.com/token, app",
        ),
        // A relay that knows us by our address, and an inbox that wants a token.
        (&format!("{OAUTH}{imap}"), "none, app"),
        (
            &format!("{OAUTH}{imap}IMAP_PASSWORD=p\nSMTP_USERNAME=u"),
            "u https://login.example.com/token, password",
        ),
        (
            &format!("{OAUTH}{imap}SMTP_USERNAME=u\nSMTP_PASSWORD=p"),
            "Auto, app",
        ),
    ] {
        assert_eq!(logins(&format!("{SMTP}{text}")), expected, "{text}");
    }
}

#[test]
fn what_a_login_lacks_is_named() {
    let line = "expected one line of text, at most 200 characters, because";
    let secret = "expected one line of text without control characters, because";
    check(
        &format!("{SMTP}SMTP_AUTH=xoauth2"),
        &[
            &format!("SMTP_USERNAME: {line} SMTP_AUTH is set (.env:4); found nothing"),
            &format!("OAUTH_REFRESH_TOKEN: {secret} SMTP_AUTH is set (.env:4); found nothing"),
        ],
    );
    check(
        &format!("{SMTP}SMTP_AUTH=plain"),
        &[
            &format!("SMTP_USERNAME: {line} SMTP_AUTH is set (.env:4); found nothing"),
            &format!("SMTP_PASSWORD: {secret} SMTP_AUTH is set (.env:4); found nothing"),
        ],
    );
    check(
        &format!("{SMTP}SMTP_USERNAME=u\nOAUTH_REFRESH_TOKEN=r"),
        &[
            "OAUTH_TOKEN_URL: expected an address such as https://host/path (http only to \
             loopback), because OAUTH_REFRESH_TOKEN is set (.env:5); found nothing",
            &format!("OAUTH_CLIENT_ID: {line} OAUTH_REFRESH_TOKEN is set (.env:5); found nothing"),
        ],
    );
    check(
        &format!("{SMTP}SMTP_USERNAME=u\n{OAUTH}OAUTH_TOKEN_URL=http://login.example.com/token"),
        &[
            "OAUTH_TOKEN_URL (.env:8): expected an address such as https://host/path (http only \
             to loopback), found `http://login.example.com/token` (http would show the key to \
             everyone on the way)",
        ],
    );
    check(
        "IMAP_SERVER=i\nIMAP_USERNAME=u\nIMAP_AUTH=cram-md5\nIMAP_PASSWORD=p",
        &["IMAP_AUTH (.env:3): expected one of auto, password, xoauth2, found `cram-md5`"],
    );
}

#[test]
fn parts_of_a_login_that_nobody_uses_are_said() {
    check_warnings(
        "OAUTH_SCOPE=mail\nSMTP_AUTH=plain\nIMAP_AUTH=auto",
        &[
            "OAUTH_SCOPE (.env:1): has no effect, because OAUTH_REFRESH_TOKEN is not set",
            "SMTP_AUTH (.env:2): has no effect, because SMTP_SERVER is not set",
            "IMAP_AUTH (.env:3): has no effect, because IMAP_SERVER is not set",
        ],
    );
    check_warnings(
        &format!("{SMTP}{OAUTH}SMTP_USERNAME=u\nSMTP_PASSWORD=p"),
        &[
            "OAUTH_REFRESH_TOKEN (.env:4): has no effect, because neither SMTP nor IMAP logs in \
             with it",
        ],
    );
    check_warnings(
        &format!("{SMTP}{OAUTH}SMTP_USERNAME=u\nSMTP_PASSWORD=p\nSMTP_AUTH=xoauth2"),
        &["SMTP_PASSWORD (.env:8): has no effect, because SMTP_AUTH is xoauth2"],
    );
}

#[test]
fn a_signature_needs_a_key_and_a_selector_and_a_domain_that_fits() {
    let key = format!("{SMTP}DKIM_KEY_FILE=dkim.pem\nDKIM_SELECTOR=Mail\n");
    let dkim = |text: &str| {
        let dkim = load(&format!("{key}{text}"))
            .0
            .senders
            .remove(0)
            .dkim
            .unwrap();
        format!(
            "{}._domainkey.{} {}",
            dkim.selector,
            dkim.domain,
            dkim.key_file.display()
        )
    };
    assert_eq!(dkim(""), "mail._domainkey.example.com dkim.pem");
    assert_eq!(
        dkim("DKIM_DOMAIN=X.example.com."),
        "mail._domainkey.x.example.com dkim.pem"
    );
    for fits in ["example.com", "mail.example.com", "com"] {
        check_warnings(&format!("{key}DKIM_DOMAIN={fits}"), &[]);
    }
    for other in ["example.org", "badexample.com"] {
        check_warnings(
            &format!("{key}DKIM_DOMAIN={other}"),
            &[&format!(
                "DKIM_DOMAIN (.env:6): is `{other}`, which receivers do not take for the \
                 sender's `example.com`"
            )],
        );
    }
    check(
        &format!("{SMTP}DKIM_KEY_FILE=dkim.pem"),
        &[
            "DKIM_SELECTOR: expected a name in the DNS such as example.com, because \
             DKIM_KEY_FILE is set (.env:4); found nothing",
        ],
    );
    for bad in ["a b", "a..b", "127.0.0.1", "é"] {
        check(
            &format!("{key}DKIM_DOMAIN={bad}"),
            &[&format!(
                "DKIM_DOMAIN (.env:6): expected a name in the DNS such as example.com, found `{bad}`"
            )],
        );
    }
    check_warnings(
        "DKIM_SELECTOR=s\nDKIM_DOMAIN=d",
        &[
            "DKIM_SELECTOR (.env:1): has no effect, because DKIM_KEY_FILE is not set",
            "DKIM_DOMAIN (.env:2): has no effect, because DKIM_KEY_FILE is not set",
        ],
    );
}
