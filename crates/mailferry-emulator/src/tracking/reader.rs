//! Who opened or clicked, as far as a request tells.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// More of what a program calls itself is not kept.
const MOST: usize = 500;

/// Somebody's program and address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reader {
    pub(crate) ip: String,
    pub(crate) user_agent: String,
}

impl Reader {
    pub(crate) fn new(ip: Option<IpAddr>, user_agent: &str) -> Self {
        let ip = ip.map_or_else(|| "127.0.0.1".to_owned(), |ip| ip.to_canonical().to_string());
        Self { ip, user_agent: user_agent.chars().take(MOST).collect() }
    }

    /// `desktop`, `mobile` or `tablet`. Only the first is known of MailerSend (facts sheet 6.5); the others are
    /// UNCERTAIN.
    pub(crate) fn device(&self) -> &'static str {
        let is = |word: &str| self.user_agent.contains(word);
        if is("iPad") || is("Tablet") || (is("Android") && !is("Mobile")) {
            "tablet"
        } else if is("Mobi") || is("iPhone") || is("Android") {
            "mobile"
        } else {
            "desktop"
        }
    }

    /// The name of the browser; what it is for a program that names none is UNCERTAIN.
    pub(crate) fn browser(&self) -> &'static str {
        // Browsers name those that they are like, too: the one that says most about itself counts.
        const NAMES: &[(&str, &str)] = &[
            ("Edg", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox/", "Firefox"),
            ("FxiOS/", "Firefox"),
            ("Thunderbird/", "Thunderbird"),
            ("Chrome/", "Chrome"),
            ("Chromium/", "Chrome"),
            ("CriOS/", "Chrome"),
            ("Safari/", "Safari"),
        ];
        let found = NAMES.iter().find(|(word, _)| self.user_agent.contains(word));
        found.map_or("Unknown", |(_, name)| name)
    }

    pub(crate) fn weight(&self) -> usize {
        self.ip.len().saturating_add(self.user_agent.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart() {
        let check = |agent: &str, expected| {
            let reader = Reader::new(None, agent);
            assert_eq!((reader.device(), reader.browser()), expected, "{agent}");
        };
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        check(&format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/141.0 Safari/537.36"), ("desktop", "Chrome"));
        check(
            &format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/141.0 Safari/537.36 Edg/141.0"),
            ("desktop", "Edge"),
        );
        check("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", ("desktop", "Firefox"));
        check("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile/15E148 Safari/604.1", ("mobile", "Safari"));
        check("Mozilla/5.0 (Linux; Android 15; Tablet) Chrome/141.0 Safari/537.36", ("tablet", "Chrome"));
        check("curl/8.14", ("desktop", "Unknown"));
    }

    #[test]
    fn addresses_are_written_shortly_and_names_are_cut() {
        let reader = Reader::new(Some("::ffff:192.0.2.7".parse().unwrap()), &"é".repeat(MOST + 1));
        assert_eq!((reader.ip.as_str(), reader.user_agent.chars().count()), ("192.0.2.7", MOST));
    }
}
