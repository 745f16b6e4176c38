use proptest::prelude::*;

use super::*;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/131.0.0.0 Safari/537.36";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, \
                      like Gecko) Version/17.4 Safari/605.1.15";
const APPLE_MAIL: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const OUTLOOK: &str = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; \
                       Trident/7.0; .NET4.0C; Microsoft Outlook 16.0.17328; ms-office; MSOffice)";
const GOOGLE: &str = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com \
                      GoogleImageProxy)";

#[test]
fn programs_are_known_by_their_names() {
    #[track_caller]
    fn check(user_agent: &str, expected: &str) {
        assert_eq!(family(user_agent), expected, "{user_agent}");
    }
    check("", "none");
    check(" \t", "none");
    check("Mozilla/5.0", "apple-mail-proxy");
    check("Mozilla/5.0 ", "apple-mail-proxy");
    check("Mozilla/5.0 (", "other");
    check(GOOGLE, "google-image-proxy");
    check(
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "yahoo-mail-proxy",
    );
    check(APPLE_MAIL, "apple-mail");
    check(SAFARI, "safari");
    check(CHROME, "chrome");
    check(&format!("{CHROME} Edg/131.0.0.0"), "edge");
    check(&format!("{CHROME} OPR/116.0.0.0"), "opera");
    check(
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "firefox",
    );
    check(
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
        "thunderbird",
    );
    check(OUTLOOK, "outlook");
    check(
        "Microsoft Office/16.0 (Windows NT 10.0; 16.0.17928; Pro)",
        "outlook",
    );
    check("BarracudaCentral/1.0", "scanner");
    check("proofpoint-urldefense", "scanner");
    check(&CHROME.replace("Safari", "Mimecast Safari"), "scanner");
    check("Google-Safety", "scanner");
    check(
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "scanner",
    );
    check("Slackbot-LinkExpanding 1.0", "scanner");
    check(&CHROME.replace("Chrome", "HeadlessChrome"), "headless");
    check("curl/8.5.0", "program");
    check("python-requests/2.31.0", "program");
    check("Go-http-client/2.0", "program");
    check(
        "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
        "chrome",
    );
    check("Mozilla/4.0", "other");
    check("\u{1f600}\u{0}<script>", "other");
    // Where a name is longer than any program's, only its beginning counts.
    check(&format!("{}curl/8", "x".repeat(600)), "other");
    check(&"é".repeat(100_000), "other");
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

const OPEN: Purpose = Purpose::Open;
const CLICK: Purpose = Purpose::Click { link: 0 };

/// Somebody's browser an hour after the mail left.
fn asked(purpose: Purpose) -> Asked<'static> {
    Asked {
        purpose,
        method: "GET",
        user_agent: CHROME,
        is_prefetch: false,
        at: at(3_600),
        sent_at: Some(at(0)),
        earlier: &[],
    }
}

#[test]
fn people_are_not_taken_for_programs() {
    #[track_caller]
    fn check(purpose: Purpose, user_agent: &str) {
        let asked = Asked {
            user_agent,
            ..asked(purpose)
        };
        assert_eq!(machine(&asked), None, "{purpose:?} {user_agent}");
    }
    for user_agent in [
        CHROME,
        SAFARI,
        APPLE_MAIL,
        OUTLOOK,
        GOOGLE,
        "YahooMailProxy; x",
        "Unheard/1",
    ] {
        check(OPEN, user_agent);
        check(CLICK, user_agent);
    }
}

#[test]
fn programs_are_told_by_name_method_and_hint() {
    #[track_caller]
    fn check(asked: Asked<'_>, expected: &str) {
        assert_eq!(machine(&asked), Some(expected), "{asked:?}");
        let way_out = Asked {
            purpose: Purpose::OptOut,
            ..asked
        };
        assert_eq!(
            machine(&way_out),
            None,
            "a way out is never refused: {asked:?}"
        );
    }
    for purpose in [OPEN, CLICK] {
        let asked = asked(purpose);
        check(
            Asked {
                user_agent: "Mozilla/5.0",
                ..asked
            },
            "prefetch",
        );
        check(
            Asked {
                is_prefetch: true,
                ..asked
            },
            "prefetch",
        );
        check(
            Asked {
                user_agent: "",
                ..asked
            },
            "scanner",
        );
        check(
            Asked {
                user_agent: "curl/8",
                ..asked
            },
            "scanner",
        );
        check(
            Asked {
                user_agent: "HeadlessChrome",
                ..asked
            },
            "scanner",
        );
        check(
            Asked {
                user_agent: "Barracuda",
                sent_at: None,
                ..asked
            },
            "scanner",
        );
        check(
            Asked {
                method: "HEAD",
                ..asked
            },
            "head",
        );
        check(
            Asked {
                method: "head",
                user_agent: "curl/8",
                ..asked
            },
            "head",
        );
    }
}

#[test]
fn what_comes_at_once_is_a_programs() {
    #[track_caller]
    fn check(purpose: Purpose, second: i64, expected: Option<&str>) {
        let asked = Asked {
            at: at(second),
            ..asked(purpose)
        };
        assert_eq!(machine(&asked), expected, "{purpose:?} {second}");
        let unsent = Asked {
            sent_at: None,
            ..asked
        };
        assert_eq!(
            machine(&unsent),
            None,
            "{purpose:?} {second} without a time"
        );
    }
    for (second, open, click) in [
        (-600, Some("too_soon"), Some("too_soon")),
        (0, Some("too_soon"), Some("too_soon")),
        (4, Some("too_soon"), Some("too_soon")),
        (5, None, Some("too_soon")),
        (9, None, Some("too_soon")),
        (10, None, None),
        (i64::from(i32::MAX), None, None),
    ] {
        check(OPEN, second, open);
        check(CLICK, second, click);
    }
}

#[test]
fn many_links_at_once_are_a_programs() {
    #[track_caller]
    fn check(purpose: Purpose, earlier: &[(Purpose, i64)], expected: Option<&str>) {
        let earlier = earlier.iter().map(|(purpose, second)| Engagement {
            purpose: *purpose,
            at: at(3_600 + second),
        });
        let earlier: Vec<Engagement> = earlier.collect();
        let asked = Asked {
            earlier: &earlier,
            ..asked(purpose)
        };
        assert_eq!(machine(&asked), expected, "{earlier:?}");
    }
    let other = Purpose::Click { link: 1 };
    check(CLICK, &[(other, -2)], Some("burst"));
    check(CLICK, &[(OPEN, -30), (other, 0)], Some("burst"));
    // Two processes may write a second apart.
    check(CLICK, &[(other, 1)], Some("burst"));
    check(CLICK, &[(other, -3)], None);
    check(CLICK, &[(CLICK, -1)], None);
    check(CLICK, &[(OPEN, 0)], Some("burst"));
    check(CLICK, &[(OPEN, -1)], None);
    check(CLICK, &[(Purpose::OptOut, 0)], None);
    check(OPEN, &[(other, 0), (OPEN, 0)], None);
}

#[test]
fn browsers_say_when_nobody_asked() {
    for value in [
        "prefetch",
        "Prefetch",
        "prefetch;prerender",
        "prefetch, anonymous",
        "preview",
    ] {
        assert!(says_prefetch(value), "{value}");
    }
    for value in ["", "no-prefetch", "prefetching", "navigate", "\u{0}"] {
        assert!(!says_prefetch(value), "{value}");
    }
}

proptest! {
    #[test]
    fn any_name_has_one_short_family(user_agent in any::<String>()) {
        let family = family(&user_agent);
        let is_plain = |b: u8| b == b'-' || b.is_ascii_lowercase();
        prop_assert!(family.len() <= 20 && family.bytes().all(is_plain));
    }
}
