//! Putting a [`MailerSend`] together, from a program or from settings.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;

use super::client::{Client, Timeouts, Token, http_client};
use super::options::{BatchSendMode, Options, check_token};
use super::{DEFAULT_TIMEOUT, MailerSend, asking};
use crate::address::Address;
use crate::clock::Clock;
use crate::config::Settings;
use crate::message::TimeZone;
use crate::secret::Secret;
use crate::transport::{Error, ErrorKind, Preflight};

const API_URL: &str = "https://api.mailersend.com/v1/";

/// Puts a [`MailerSend`] together.
///
/// ```
/// use mailferry::mailersend::{BatchSendMode, MailerSend};
/// use mailferry::transport::Preflight;
///
/// let mailersend = MailerSend::builder()
///     .token("mlsn.1234")
///     .token_for_domain("news.example", "mlsn.5678")
///     .batch_send_mode(BatchSendMode::UseBulkEmail)
///     .preflight(Preflight::Warn)
///     .build()?;
/// # let _ = mailersend;
/// # Ok::<(), mailferry::transport::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder makes no transport until `build` is called"]
pub struct MailerSendBuilder {
    token: Option<Secret>,
    tokens: Vec<(String, Secret)>,
    api_url: String,
    timeouts: Timeouts,
    asking_patience: Duration,
    debug: bool,
    options: Options,
    clock: Clock,
    http: Option<reqwest::Client>,
    /// What to say when there is no token, if the settings know where they looked.
    missing_token: Option<String>,
}

impl Default for MailerSendBuilder {
    fn default() -> Self {
        Self {
            token: None,
            tokens: Vec::new(),
            api_url: API_URL.to_owned(),
            timeouts: Timeouts { connect: Some(DEFAULT_TIMEOUT), read: Some(DEFAULT_TIMEOUT) },
            asking_patience: asking::PATIENCE,
            debug: false,
            options: Options::default(),
            clock: Clock::system(),
            http: None,
            missing_token: None,
        }
    }
}

impl MailerSendBuilder {
    /// Sets the API token.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets the token for messages from one domain and those below it.
    pub fn token_for_domain(mut self, domain: impl Into<String>, token: impl Into<Secret>) -> Self {
        self.tokens.push((domain.into(), token.into()));
        self
    }

    /// Sets the base URL; `https://api.mailersend.com/v1/` unless set. A missing slash at its end is added.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = url.into();
        self
    }

    /// Sets how a batch is sent to several recipients. Unless it is set, such a message is refused.
    pub fn batch_send_mode(mut self, mode: impl Into<Option<BatchSendMode>>) -> Self {
        self.options.batch_send_mode = mode.into();
        self
    }

    /// Whether the account's plan allows other headers than In-Reply-To and Precedence (Professional and Enterprise,
    /// says the documentation). Off, they are refused.
    pub fn custom_headers(mut self, allowed: bool) -> Self {
        self.options.custom_headers = allowed;
        self
    }

    /// Whether a message goes out without what MailerSend cannot do, instead of being refused. What was left out is in
    /// [`SendStatus::dropped`](crate::transport::SendStatus::dropped).
    pub fn ignore_unsupported_features(mut self, ignore: bool) -> Self {
        self.options.ignore_unsupported_features = ignore;
        self
    }

    /// Sets what to do with messages that break a documented limit.
    pub fn preflight(mut self, preflight: Preflight) -> Self {
        self.options.preflight = preflight;
        self
    }

    /// Sets the zone of dates without one; UTC unless set.
    pub fn time_zone(mut self, zone: TimeZone) -> Self {
        self.options.time_zone = zone;
        self
    }

    /// Sets how long to wait for a connection and then for each piece of the answer; `None` waits forever. 30 seconds
    /// each unless set. While a large request is being sent the second begins anew with each piece that is taken.
    pub fn timeouts(mut self, connect: Option<Duration>, read: Option<Duration>) -> Self {
        self.timeouts = Timeouts { connect, read };
        self
    }

    /// Sets how long a question may wait for MailerSend's limits before it is an error; two minutes unless set. Nothing
    /// that is sent waits for them.
    pub fn asking_patience(mut self, patience: Duration) -> Self {
        self.asking_patience = patience;
        self
    }

    /// Whether every request and answer is logged whole, at level debug and without the token. They hold addresses and
    /// bodies.
    pub fn debug_api_requests(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    /// Uses this HTTP client instead of one of its own. Timeouts, redirects and retries are then the client's: it must
    /// follow no redirect and repeat no request.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Sets where the present time comes from.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes over whatever the settings say.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a value that is wrong.
    pub fn settings(mut self, settings: &Settings) -> Result<Self, Error> {
        let token = |name, token: &str| check_token(token).map_err(|text| settings.wrong(name, text));
        if let Some(text) = settings.text("MAILERSEND_API_TOKEN")? {
            self.token = Some(token("MAILERSEND_API_TOKEN", text)?);
        }
        for (domain, text) in settings.pairs("MAILERSEND_API_TOKENS")? {
            self.tokens.push((domain, token("MAILERSEND_API_TOKENS", &text)?));
        }
        if let Some(url) = settings.text("MAILERSEND_API_URL")? {
            base_url(url).map_err(|text| settings.wrong("MAILERSEND_API_URL", &text))?;
            url.clone_into(&mut self.api_url);
        }
        if let Some(mode) = settings.parsed("MAILERSEND_BATCH_SEND_MODE")? {
            self.options.batch_send_mode = Some(mode);
        }
        if let Some(allowed) = settings.switch("MAILERSEND_CUSTOM_HEADERS")? {
            self.options.custom_headers = allowed;
        }
        if let Some(ignore) = settings.switch("IGNORE_UNSUPPORTED_FEATURES")? {
            self.options.ignore_unsupported_features = ignore;
        }
        if let Some(debug) = settings.switch("DEBUG_API_REQUESTS")? {
            self.debug = debug;
        }
        if let Some([connect, read]) = settings.timeouts("REQUESTS_TIMEOUT")? {
            self.timeouts = Timeouts { connect, read };
        }
        if let Some(preflight) = settings.parsed("PREFLIGHT")? {
            self.options.preflight = preflight;
        }
        if let Some(zone) = settings.text("TIME_ZONE")? {
            self.options.time_zone = zone.parse().map_err(|cause: crate::message::UnknownTimeZone| {
                settings.wrong("TIME_ZONE", &format!("is wrong: {cause}"))
            })?;
        }
        self.missing_token = Some(settings.missing("MAILERSEND_API_TOKEN").to_string());
        Ok(self)
    }

    /// Makes the transport.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there is no token, a token or the URL is wrong, or TLS cannot be set up.
    pub fn build(self) -> Result<MailerSend, Error> {
        let base =
            base_url(&self.api_url).map_err(|text| Error::new(ErrorKind::Config, format!("the API URL {text}")))?;
        let wrong_token = |text| Error::new(ErrorKind::Config, format!("the API token {text}"));
        let general = self.token.map(|token| Token::new(token.expose())).transpose().map_err(wrong_token)?;
        let mut tokens: BTreeMap<String, Token> = BTreeMap::new();
        for (domain, token) in self.tokens {
            let key = domain_key(&domain).ok_or_else(|| {
                // Not quoted: it may be the token, given in the wrong place.
                Error::new(ErrorKind::Config, "a token of its own is given to something that is no domain")
                    .with_remedy("write MAILERSEND_API_TOKENS as `domain=token`")
            })?;
            let own = Token::new(token.expose()).map_err(wrong_token)?;
            // One budget for each token, however many domains it is for.
            let known = general.iter().chain(tokens.values()).find(|known| known.is(&own)).cloned();
            tokens.insert(key, known.unwrap_or(own));
        }
        if general.is_none() && tokens.is_empty() {
            return Err(match self.missing_token {
                Some(text) => Error::new(ErrorKind::Config, text).with_remedy("set it in one of these places"),
                None => no_token(),
            });
        }
        if base.scheme() == "http" && !is_loopback(&base) {
            tracing::warn!(host = base.host_str(), "the token travels unencrypted: use https");
        }
        let (http, timeouts) = if let Some(client) = self.http {
            (client, Timeouts::NONE)
        } else {
            let client = http_client(&base, self.timeouts)
                .map_err(|text| Error::new(ErrorKind::Config, format!("HTTPS cannot be set up: {text}")))?;
            (client, self.timeouts)
        };
        let client = Client::new(http, timeouts, base, self.debug)?;
        Ok(MailerSend {
            client,
            token: general,
            tokens,
            options: self.options,
            clock: self.clock,
            asking_patience: self.asking_patience,
        })
    }
}

impl MailerSend {
    /// As the environment says: at least `MAILERSEND_API_TOKEN`; see [`config`](crate::config).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a variable is missing or wrong.
    pub fn from_env() -> Result<Self, Error> {
        Settings::from_env()?.mailersend()
    }
}

pub(super) fn no_token() -> Error {
    Error::new(ErrorKind::Config, "there is no API token for this message")
        .with_remedy("set MAILERSEND_API_TOKEN, or one for the domain of the sender in MAILERSEND_API_TOKENS")
}

/// The base URL, with a slash at its end.
fn base_url(text: &str) -> Result<Url, String> {
    let mut url: Url = text.parse().map_err(|cause| match cause {
        url::ParseError::RelativeUrlWithoutBase => "wants `https://…` or `http://…`".to_owned(),
        cause => format!("is not a URL: {cause}"),
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err("wants `https://…` or `http://…`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(
            "has a query or a fragment, which would be lost: take everything from `?` or `#` on away".to_owned()
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user or a password: the token is a setting of its own".to_owned());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A domain as it is compared: in its ASCII form and lower case.
pub(super) fn domain_key(domain: &str) -> Option<String> {
    let address: Address = format!("x@{}", domain.trim()).parse().ok()?;
    Some(address.to_ascii().strip_prefix("x@")?.to_ascii_lowercase())
}
