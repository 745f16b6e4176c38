//! What the name of a mail provider stands for: its servers, where its access tokens come from, and
//! the limits it publishes.
//!
//! Whatever is set explicitly goes before it. The limits are the provider's ceilings, not good
//! practice, so they change no limit of ours; one above them is warned about.

use super::reader::Reader;
use crate::mailer::{Preset, PresetLogin};
use crate::oauth;
use crate::plan;

/// The texts of the variables that a provider settles.
pub(super) fn values(preset: &Preset) -> Vec<(&'static str, String)> {
    let mut values = vec![
        ("SMTP_SERVER", preset.host.to_string()),
        ("SMTP_PORT", preset.port.to_string()),
        ("SMTP_TLS", preset.tls.as_str().to_string()),
    ];
    if let Some(messages_max) = preset.messages_per_connection_max {
        values.push(("SMTP_MESSAGES_PER_CONNECTION", messages_max.to_string()));
    }
    // https://support.google.com/mail/answer/7126229 and
    // https://support.microsoft.com/office/8361e398-8af4-4e97-b147-6c6c4ac95353
    let is_google = |login: &PresetLogin| *login == PresetLogin::GoogleOAuth;
    let (imap, token_url) = match preset.logins.iter().any(is_google) {
        true => ("imap.gmail.com", oauth::GOOGLE_TOKEN_URL.to_string()),
        false => (
            "outlook.office365.com",
            oauth::microsoft_token_url("common"),
        ),
    };
    values.push(("OAUTH_TOKEN_URL", token_url));
    for (name, text) in [
        ("IMAP_SERVER", imap),
        ("IMAP_PORT", "993"),
        ("IMAP_TLS", "tls"),
    ] {
        values.push((name, text.to_string()));
    }
    values
}

/// Warns of limits above those that a provider publishes.
pub(super) fn check_limits(
    reader: &mut Reader,
    preset: &Preset,
    limits: &plan::Limits,
    connections: u32,
) {
    let name = preset.name;
    let a_day = preset.recipients_per_day_max;
    if limits.daily > a_day {
        let message = format!("is above the {a_day} recipients a day that {name} publishes");
        reader.warn("DAILY_SEND_LIMIT", &message);
    }
    if let Some(a_minute) = preset.recipients_per_minute_max
        && limits.gap_secs.saturating_mul(a_minute) < 60
    {
        let message = format!("allows more than the {a_minute} a minute that {name} publishes");
        reader.warn("MIN_GAP_SECONDS", &message);
    }
    if let Some(connections_max) = preset.connections_max
        && connections > connections_max
    {
        let message = format!("is above the {connections_max} at once that {name} publishes");
        reader.warn("SMTP_CONNECTIONS", &message);
    }
}
