//! What well-known mail providers publish about sending through them.
//!
//! The figures are ceilings of the provider, for all of an account's mail together; a campaign
//! stays far below them.

use crate::tls::TlsMode;

/// How a provider wants us to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetLogin {
    /// A password made for one application, which needs two-step verification.
    AppPassword,
    /// Access tokens of Google ([`crate::oauth::GOOGLE_TOKEN_URL`]).
    GoogleOAuth,
    /// Access tokens of Microsoft ([`crate::oauth::microsoft_token_url`]).
    MicrosoftOAuth,
}

/// A provider's server and its published limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Host name.
    pub host: &'static str,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// Ways to log in, the one to prefer first.
    pub logins: &'static [PresetLogin],
    /// Recipients a day.
    pub recipients_per_day_max: u32,
    /// Recipients a minute. None where none is published.
    pub recipients_per_minute_max: Option<u32>,
    /// Connections at once. None where none is published.
    pub connections_max: Option<u32>,
    /// Mails over one connection. None where none is published.
    pub messages_per_connection_max: Option<u32>,
}

const PRESETS: [Preset; 4] = [
    // Google Workspace. Limits: https://support.google.com/a/answer/166852 (trial accounts 500).
    // Server: https://support.google.com/a/answer/176600. The account's own password is refused:
    // https://support.google.com/a/answer/14114704.
    Preset {
        name: "google",
        host: "smtp.gmail.com",
        port: 587,
        tls: TlsMode::StartTls,
        logins: &[PresetLogin::GoogleOAuth, PresetLogin::AppPassword],
        recipients_per_day_max: 2_000,
        recipients_per_minute_max: None,
        connections_max: None,
        messages_per_connection_max: None,
    },
    // Gmail without Workspace. Limits: https://support.google.com/mail/answer/22839.
    Preset {
        name: "gmail",
        host: "smtp.gmail.com",
        port: 587,
        tls: TlsMode::StartTls,
        logins: &[PresetLogin::GoogleOAuth, PresetLogin::AppPassword],
        recipients_per_day_max: 500,
        recipients_per_minute_max: None,
        connections_max: None,
        messages_per_connection_max: None,
    },
    // Exchange Online. Limits: https://learn.microsoft.com/office365/servicedescriptions/
    // exchange-online-service-description/exchange-online-limits#sending-limits-1. Connections:
    // https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements.
    // Submission must be allowed for the mailbox, and passwords go away.
    Preset {
        name: "microsoft365",
        host: "smtp.office365.com",
        port: 587,
        tls: TlsMode::StartTls,
        logins: &[PresetLogin::MicrosoftOAuth],
        recipients_per_day_max: 10_000,
        recipients_per_minute_max: Some(30),
        connections_max: Some(3),
        messages_per_connection_max: None,
    },
    // Personal accounts. Limits: https://support.microsoft.com/office/
    // sending-limits-in-outlook-com-279ee200-594c-40f0-9ec8-bb6af7735c2e. Subscribers may write to
    // 5,000 a day, but only to 1,000 whom they never wrote to before, as leads are; accounts
    // without a subscription to fewer, which is not published.
    Preset {
        name: "outlook.com",
        host: "smtp-mail.outlook.com",
        port: 587,
        tls: TlsMode::StartTls,
        logins: &[PresetLogin::MicrosoftOAuth],
        recipients_per_day_max: 1_000,
        recipients_per_minute_max: None,
        connections_max: None,
        messages_per_connection_max: None,
    },
];

/// Other names people have for them.
const ALIASES: [(&str, &str); 6] = [
    ("google-workspace", "google"),
    ("google-free", "gmail"),
    ("gmail.com", "gmail"),
    ("office365", "microsoft365"),
    ("exchange-online", "microsoft365"),
    ("outlook", "outlook.com"),
];

/// The preset of this name, in any case.
pub fn preset(name: &str) -> Option<Preset> {
    let name = name.trim().to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, name)| name);
    PRESETS.into_iter().find(|preset| preset.name == name)
}

/// The names that [`preset`] knows, for an error that lists them.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.into_iter().map(|preset| preset.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_alias_leads_to_a_protected_server() {
        for name in preset_names().chain(ALIASES.map(|(alias, _)| alias)) {
            let preset = preset(name).unwrap_or_else(|| panic!("{name}"));
            assert!(preset.tls != TlsMode::None && preset.host.contains('.'));
            assert!(!preset.logins.is_empty());
        }
        let shown = |name| preset(name).map(|preset| preset.name);
        assert_eq!(shown(" Google "), Some("google"));
        assert_eq!(shown("google-free"), Some("gmail"));
        assert_eq!(shown("OFFICE365"), Some("microsoft365"));
        assert_eq!(shown("smtp.gmail.com"), None);
        assert_eq!(shown(""), None);
        assert!(
            ALIASES
                .iter()
                .all(|(alias, _)| !preset_names().any(|name| name == *alias))
        );
    }
}
