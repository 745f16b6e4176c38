//! The small pages people see. They name nobody and load nothing.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// A GIF of one transparent pixel.
pub const PIXEL: &[u8; 43] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0\
                               ,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

const STYLE: &str = "body{font:1.05rem/1.55 system-ui,sans-serif;max-width:32rem;\
                     margin:18vh auto 0;padding:0 1.25rem;color:#1c1c1e;background:#fdfdfc}h1{font-size:1.35rem}\
                     button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;\
                     background:#1c1c1e;color:#fff;cursor:pointer}\
                     @media(prefers-color-scheme:dark){body{color:#ececec;background:#18181a}\
                     button{background:#ececec;color:#18181a}}";

/// Only our own style, told by its hash (CSP level 3), and only our own form; no script, no frame.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// A page people may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Asks whether they want out; a program that only looks changes nothing.
    Ask,
    /// They are out.
    Done,
    /// A post that does not say what it wants; the button says it.
    AskAgain,
    /// There is nothing here.
    NotFound,
    /// There was something, and is no more.
    Gone,
    /// It cannot be done now.
    Later,
    /// The same client asked too often.
    TooOften,
    /// The address is too long.
    TooLong,
    /// What was posted is too large.
    TooLarge,
    /// What was posted came too slowly.
    TooSlow,
    /// Another method is needed.
    WrongMethod,
}

impl Page {
    fn status(self) -> StatusCode {
        match self {
            Page::Ask | Page::Done => StatusCode::OK,
            Page::AskAgain => StatusCode::BAD_REQUEST,
            Page::NotFound => StatusCode::NOT_FOUND,
            Page::Gone => StatusCode::GONE,
            Page::Later => StatusCode::SERVICE_UNAVAILABLE,
            Page::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Page::TooLong => StatusCode::URI_TOO_LONG,
            Page::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Page::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Page::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// Title and text.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Page::Ask | Page::AskAgain => (
                "No more e-mails?",
                "Press the button, and we will not write to you again.",
            ),
            Page::Done => (
                "Done",
                "We will not write to you again. You can close this page.",
            ),
            Page::NotFound => ("Nothing here", "This address leads nowhere."),
            Page::Gone => (
                "No longer here",
                "What this address led to is not kept any more.",
            ),
            Page::Later => (
                "One moment",
                "This did not work just now. Please try again in a minute.",
            ),
            Page::TooOften => (
                "One moment",
                "That was too often. Please try again in a minute.",
            ),
            Page::TooLong => (
                "Nothing here",
                "This address is too long to be one of ours.",
            ),
            Page::TooLarge => ("Too much", "More was sent than this page takes."),
            Page::TooSlow => ("Too slow", "What was sent took too long. Please try again."),
            Page::WrongMethod => ("Nothing here", "This address is asked in another way."),
        }
    }

    /// The answer.
    pub fn response(self) -> Response<Body> {
        let (title, text) = self.words();
        // Without `action` a form goes where the page came from, whatever a proxy made of the path.
        let form = match self {
            Page::Ask | Page::AskAgain => {
                "<form method=\"post\"><button name=\"List-Unsubscribe\" value=\"One-Click\">\
                 Stop the e-mails</button></form>\n"
            }
            _ => "",
        };
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{text}</p>\n{form}</html>\n"
        );
        let mut response = answer(self.status(), "text/html; charset=utf-8", html);
        if matches!(self, Page::Later | Page::TooOften) {
            let wait = HeaderValue::from_static("30");
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        response
    }
}

/// The picture. It is shown also where there is nothing to count, so that no mail looks broken.
pub fn pixel(status: StatusCode) -> Response<Body> {
    let mut response = answer(status, "image/gif", &PIXEL[..]);
    // Mail programs on the web show it inside their own pages (the Fetch standard, CORP).
    let name = HeaderName::from_static("cross-origin-resource-policy");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("cross-origin"));
    response
}

/// Any answer, with what keeps browsers, caches and search engines from doing more with it.
pub fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store, max-age=0"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), browsing-topics=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = &*POLICY {
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_gif_of_one_pixel() {
        assert_eq!(PIXEL.len(), 43);
        assert_eq!(&PIXEL[..10], b"GIF89a\x01\0\x01\0");
        assert_eq!(PIXEL[42], b';');
    }

    #[test]
    fn every_page_is_guarded() {
        let pages = [
            Page::Ask,
            Page::Done,
            Page::Gone,
            Page::Later,
            Page::WrongMethod,
        ];
        let all = pages.into_iter().map(Page::response);
        for response in all.chain([pixel(StatusCode::OK)]) {
            let headers = response.headers();
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'; style-src 'sha256-"),
                "{policy}"
            );
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[REFERRER_POLICY], "no-referrer");
            assert!(
                headers[CACHE_CONTROL]
                    .to_str()
                    .unwrap()
                    .starts_with("no-store")
            );
        }
        assert!(Page::Later.response().headers().contains_key(RETRY_AFTER));
    }
}
