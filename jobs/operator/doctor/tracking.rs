//! What is said of the addresses in our mails.

use outreach::config::Config;

use super::Finding;

/// What our mails lead to, and what counting costs; none where they lead nowhere.
pub(super) fn check(config: &Config) -> Option<Finding> {
    let url = config.public_url.as_ref()?;
    let mut lines = vec![format!("mails offer one click to opt out, under `{url}`")];
    let tracked = config.tracked;
    if tracked.is_nothing() {
        lines.push("opens and clicks are not counted, and mails are plain text".to_string());
    }
    if tracked.opens {
        lines.push(
            "TRACK_OPENS: every mail is HTML with a hidden picture, which filters hold against \
             mail from strangers; most opens it counts are those of programs"
                .to_string(),
        );
    }
    if tracked.clicks {
        lines.push(
            "TRACK_CLICKS: mails with links are HTML whose links lead elsewhere than they say, \
             which filters take for phishing"
                .to_string(),
        );
    }
    if tracked.opens || tracked.clicks {
        lines.push(
            "where people must be asked before that, you have to have asked them".to_string(),
        );
    }
    Some(Finding {
        what: "tracking",
        of: None,
        result: Ok(lines.join("\n")),
    })
}
