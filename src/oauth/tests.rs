use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const REFRESH: &str = "1//refresh-4711";
const SECRET: &str = "client-secret-0815";

fn settings(port: u16) -> Settings {
    Settings {
        token_url: format!("http://127.0.0.1:{port}/token"),
        client_id: "client id&x".to_string(),
        client_secret: Some(SecretString::from(SECRET.to_string())),
        refresh_token: SecretString::from(REFRESH.to_string()),
        refresh_token_file: None,
        ca_file: None,
        scope: Some("https://mail.google.com/".to_string()),
    }
}

/// A token endpoint that gives these answers, one a request, and returns the requests.
async fn endpoint(answers: Vec<(u16, String)>) -> (TokenSource, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !is_whole(&request) {
                assert!(socket.read_buf(&mut request).await.unwrap() > 0);
            }
            requests.push(String::from_utf8(request).unwrap());
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nlocation: /x\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
        requests
    });
    (TokenSource::new(settings(port)).unwrap(), serving)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    body.len() == length.unwrap_or(0)
}

fn granted(token: &str, more: &str) -> (u16, String) {
    let body = format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"{more}}}");
    (200, body)
}

fn block<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

fn text(token: Result<SecretString, TokenError>) -> String {
    token.unwrap().expose_secret().to_string()
}

#[test]
fn one_request_serves_many_and_says_what_the_standard_wants() {
    block(async {
        let (source, serving) = endpoint(vec![granted("t1", ",\"expires_in\":3600")]).await;
        let source = Arc::new(source);
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let source = Arc::clone(&source);
                tokio::spawn(async move { text(source.token().await) })
            })
            .collect();
        for one in asked {
            assert_eq!(one.await.unwrap(), "t1");
        }
        let requests = serving.await.unwrap();
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /token HTTP/1.1\r\n"), "{head}");
        let kind = "content-type: application/x-www-form-urlencoded";
        assert!(head.to_ascii_lowercase().contains(kind), "{head}");
        assert_eq!(
            body,
            "grant_type=refresh_token&refresh_token=1%2F%2Frefresh-4711&client_id=client+id%26x\
             &client_secret=client-secret-0815&scope=https%3A%2F%2Fmail.google.com%2F"
        );
    });
}

#[test]
fn a_token_about_to_expire_is_renewed_and_a_newer_refresh_token_used() {
    block(async {
        let answers = vec![
            granted("t1", ",\"expires_in\":60,\"refresh_token\":\"r2\""),
            granted("t2", ",\"expires_in\":\"3599\""),
        ];
        let (source, serving) = endpoint(answers).await;
        assert_eq!(text(source.token().await), "t1");
        assert_eq!(text(source.token().await), "t2", "the minute was over");
        assert_eq!(text(source.token().await), "t2");
        let requests = serving.await.unwrap();
        assert!(requests[1].contains("&refresh_token=r2&"), "{requests:?}");
    });
}

#[test]
fn a_refused_token_is_replaced_once_for_all() {
    block(async {
        let answers = vec![
            granted("t1", ",\"expires_in\":3600"),
            granted("t2", ",\"expires_in\":3600"),
        ];
        let (source, serving) = endpoint(answers).await;
        let first = source.token().await.unwrap();
        assert_eq!(text(source.another(&first).await), "t2");
        assert_eq!(text(source.another(&first).await), "t2");
        assert_eq!(text(source.token().await), "t2");
        assert_eq!(serving.await.unwrap().len(), 2);
    });
}

#[track_caller]
fn check(status: u16, body: &str, expected: &str) {
    let error = block(async {
        let (source, _serving) = endpoint(vec![(status, body.to_string())]).await;
        source.token().await.unwrap_err()
    });
    let kind = match error {
        TokenError::Again(_) => "again",
        TokenError::Configuration(_) => "configuration",
    };
    let found = format!("{kind}: {error}");
    assert!(found.starts_with(expected), "{found}");
    for secret in [REFRESH, SECRET, "t0ken"] {
        assert!(!found.contains(secret), "{found}");
    }
    assert!(!found.contains(char::is_control), "{found:?}");
}

#[test]
fn refusals_are_told_apart() {
    check(
        400,
        "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been\\r\\nrevoked.\"}",
        "configuration: no access token: the endpoint said 400 `invalid_grant` `Token has been \
         revoked.`; a person must sign in again",
    );
    check(
        400,
        "{\"error\":\"interaction_required\",\"error_description\":\"AADSTS50076\"}",
        "configuration: no access token: the endpoint said 400 `interaction_required` \
         `AADSTS50076`; a person must sign in",
    );
    check(
        401,
        &format!(
            "{{\"error\":\"invalid_client\",\"error_description\":\"bad {SECRET} {REFRESH}\"}}"
        ),
        "configuration: no access token: the endpoint said 401 `invalid_client` `bad [secret] \
         [secret]`; check the application's settings",
    );
    check(
        404,
        "<html>",
        "configuration: no access token: the endpoint said 404;",
    );
    check(
        302,
        "",
        "configuration: no access token: the endpoint said 302;",
    );
    check(
        429,
        "slow down",
        "again: no access token: the endpoint said 429",
    );
    check(503, "", "again: no access token: the endpoint said 503");
    check(
        400,
        "{\"error\":\"temporarily_unavailable\"}",
        "again: no access token: the endpoint said 400 `temporarily_unavailable`",
    );
}

#[test]
fn an_answer_that_is_no_token_is_an_error() {
    check(
        200,
        "<html>sign in to the wi-fi</html>",
        "again: no access token: expected a token",
    );
    check(200, "", "again: no access token: expected a token as JSON");
    check(
        200,
        "{\"token_type\":\"Bearer\"}",
        "again: no access token: expected a token",
    );
    check(
        200,
        &granted("", "").1,
        "configuration: no access token: expected a bearer",
    );
    check(
        200,
        &granted("t0ken\\u0001auth=x", "").1,
        "configuration: no access token: expected",
    );
    let mac = "{\"access_token\":\"t0ken\",\"token_type\":\"mac\"}";
    check(
        200,
        mac,
        "configuration: no access token: expected a bearer token",
    );
    check(
        200,
        &"x".repeat(70_000),
        "again: no access token: the answer is too long",
    );
}

#[test]
fn an_endpoint_that_is_away_is_a_reason_to_wait() {
    block(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let source = TokenSource::new(settings(port)).unwrap();
        let error = source.token().await.unwrap_err();
        assert!(matches!(error, TokenError::Again(_)), "{error}");
        assert!(!format!("{source:?}").contains(REFRESH));
    });
}

#[test]
fn an_absurd_lifetime_overflows_nothing() {
    for lifetime in ["18446744073709551615", "-1", "null", "\"soon\"", "1e300"] {
        block(async {
            let more = format!(",\"expires_in\":{lifetime}");
            let (source, _serving) = endpoint(vec![granted("t1", &more)]).await;
            assert_eq!(text(source.token().await), "t1", "{lifetime}");
            assert_eq!(text(source.token().await), "t1", "{lifetime}");
        });
    }
}

#[test]
fn secrets_travel_protected_or_not_at_all() {
    let new = |url: &str| {
        let token_url = url.to_string();
        TokenSource::new(Settings {
            token_url,
            ..settings(1)
        })
    };
    for url in [
        GOOGLE_TOKEN_URL,
        &microsoft_token_url("common"),
        "http://localhost:1/token",
        "http://[::1]:1/token",
    ] {
        assert!(new(url).is_ok(), "{url}");
    }
    for url in [
        "http://oauth2.googleapis.com/token",
        "http://127.0.0.1.evil.example/token",
        "http://localhost.evil.example/token",
        "ftp://127.0.0.1/",
        "token",
        "",
    ] {
        let error = new(url).unwrap_err().to_string();
        assert!(
            error.starts_with("token URL: expected an address"),
            "{error}"
        );
    }
}

/// Asks for a token with the settings a run starts with; the answer is the refresh token it used.
fn used(file: &Path, newer: &str) -> String {
    block(async {
        let more = format!(",\"refresh_token\":\"{newer}\"");
        let (mut source, serving) = endpoint(vec![granted("t1", &more)]).await;
        source.settings.refresh_token_file = Some(file.to_path_buf());
        assert_eq!(text(source.token().await), "t1");
        let request = serving.await.unwrap().remove(0);
        let (_, after) = request.split_once("&refresh_token=").unwrap();
        let (token, _) = after.split_once('&').unwrap();
        token.replace("%2F", "/")
    })
}

#[test]
fn a_refresh_token_that_is_replaced_is_kept_in_its_file_for_the_next_run() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("refresh"), dir.path().join("link"));
    std::fs::write(&file, format!("{REFRESH}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(used(&file, "r2"), REFRESH);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "r2\n");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(used(&link, "r3"), "r2");
    assert_eq!(used(&file, "r3"), "r3");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 2, "nothing half written is left behind");
    // A file that went away, or is empty, takes nothing from a run that has its token.
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(used(&file, "r4"), REFRESH);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(used(&file, "r5"), REFRESH);
    assert!(!file.exists());
}
