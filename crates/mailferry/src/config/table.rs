//! The table of settings: the one place where their names are.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name: the environment variable's, with or without `MAILFERRY_` in front.
    pub name: &'static str,
    pub(super) lower: &'static str,
    /// What holds when it is not set, in words.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether its value must not be shown.
    pub secret: bool,
}

impl Setting {
    /// The setting of this name.
    pub fn named(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Its key in the settings file: `time_zone`, `mailersend.api_token`.
    pub fn key(&self) -> String {
        match self.lower.strip_prefix("mailersend_") {
            Some("api_tokens") => "mailersend.tokens".to_owned(),
            Some(rest) => format!("mailersend.{rest}"),
            None => self.lower.to_owned(),
        }
    }
}

macro_rules! settings {
    ($($name:literal, $lower:literal, $default:literal, $secret:literal, $meaning:literal;)*) => {
        /// Every setting.
        pub const SETTINGS: &[Setting] =
            &[$(Setting { name: $name, lower: $lower, default: $default, meaning: $meaning, secret: $secret }),*];
    };
}

settings! {
    "MAILERSEND_API_TOKEN", "mailersend_api_token", "(none: needed for sending)", true,
        "the API token";
    "MAILERSEND_API_TOKENS", "mailersend_api_tokens", "(none)", true,
        "further tokens by the domain of the sender: `shop.example=mlsn.…,blog.example=mlsn.…`";
    "MAILERSEND_API_URL", "mailersend_api_url", "https://api.mailersend.com/v1/", false,
        "the base URL of the API";
    "MAILERSEND_BATCH_SEND_MODE", "mailersend_batch_send_mode", "(none: refuse to guess)", false,
        "how data by recipient is sent to several: `use-bulk-email` or `expose-to-list`";
    "MAILERSEND_CUSTOM_HEADERS", "mailersend_custom_headers", "false", false,
        "whether the account's plan allows other headers than In-Reply-To and Precedence";
    "MAILERSEND_SIGNING_SECRET", "mailersend_signing_secret", "(none)", true,
        "the secrets that tracking webhooks are signed with, separated by commas";
    "MAILERSEND_INBOUND_SECRET", "mailersend_inbound_secret", "(none)", true,
        "the secrets that inbound routes are signed with, separated by commas";
    "MAILERSEND_SEND_DEFAULTS", "mailersend_send_defaults", "(none)", false,
        "message fields for MailerSend, each in place of the one in SEND_DEFAULTS";
    "WEBHOOK_SECRET", "webhook_secret", "(none)", true,
        "`user:password` pairs for basic authentication in front of webhooks, separated by commas";
    "SEND_DEFAULTS", "send_defaults", "(none)", false,
        "message fields that are combined with those of every message: a table in the file, JSON in the environment";
    "IGNORE_UNSUPPORTED_FEATURES", "ignore_unsupported_features", "false", false,
        "send without what the service cannot do, instead of refusing";
    "IGNORE_RECIPIENT_STATUS", "ignore_recipient_status", "false", false,
        "count a message as sent even if the service refused every recipient";
    "DEBUG_API_REQUESTS", "debug_api_requests", "false", false,
        "log every request and answer whole, without the token";
    "REQUESTS_TIMEOUT", "requests_timeout", "30", false,
        "seconds to wait for a connection and for each piece of the answer; a pair sets them apart; `none` waits forever";
    "PREFLIGHT", "preflight", "refuse", false,
        "what to do when a message breaks a documented limit: `refuse`, `warn` or `off`";
    "TIME_ZONE", "time_zone", "UTC", false,
        "the zone of dates without one, by its IANA name";
    "REDIRECT_ALL_TO", "redirect_all_to", "(none)", false,
        "send every message to this address alone";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree() {
        for setting in SETTINGS {
            assert_eq!(setting.name.to_lowercase(), setting.lower);
        }
        assert_eq!(Setting::named("MAILERSEND_API_TOKENS").unwrap().key(), "mailersend.tokens");
        assert_eq!(Setting::named("TIME_ZONE").unwrap().key(), "time_zone");
    }
}
