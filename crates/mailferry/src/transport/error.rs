//! Why a message did not leave, and whether it may be sent again.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use super::{Feature, Finding, Rate, Response, SendStatus};
use crate::message::{InvalidMessage, Key, Problem};

/// Any error, as a cause.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Whether a message that was not sent may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// No: the same message would be refused again, or was accepted.
    Never,
    /// Yes: nothing was accepted. After this time, when the service named one.
    Safe(Option<Duration>),
    /// Not without asking first: the service may have accepted it, and sending again may send twice.
    Ambiguous,
}

impl Retry {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Safe(_) => "safe",
            Self::Ambiguous => "ambiguous",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What went wrong. Each says whether the message may be sent again; [`Error::retry`] is exact.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$variant),*];

            /// The word for it, as the command prints it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(ErrorKind::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A setting is missing or wrong. Never: nothing was sent.
    Config = "config",
    /// An address is malformed. Never: nothing was sent.
    InvalidAddress = "invalid_address",
    /// The message is wrong, or breaks a documented limit of the service. Never: nothing was sent.
    InvalidMessage = "invalid_message",
    /// The message asks for what the service cannot do. Never: nothing was sent.
    Unsupported = "unsupported",
    /// Data cannot be written as the service wants it. Never: nothing was sent.
    Serialization = "serialization",
    /// The service refused every recipient. Never.
    Refused = "refused",
    /// The service does not accept the token, or not for this. Never.
    Unauthorized = "unauthorized",
    /// The service refused the request (4xx, or a redirection). Never.
    Rejected = "rejected",
    /// Too many requests in this minute. Safe, after the stated wait.
    RateLimited = "rate_limited",
    /// Too many requests today. Safe, after the quota's reset.
    Quota = "quota",
    /// The service is down for maintenance. Safe, later.
    Maintenance = "maintenance",
    /// The service failed while it had the request (5xx). Ambiguous.
    Server = "server",
    /// No connection could be made. Safe: nothing was sent.
    Connect = "connect",
    /// The request was sent and no answer came in time. Ambiguous.
    Timeout = "timeout",
    /// The request was sent, and its answer was cut off or cannot be understood. Ambiguous.
    Unreadable = "unreadable",
    /// A pre-send hook stopped the message. Never: nothing was sent.
    Cancelled = "cancelled",
    /// A hook failed. Never: a failing pre-send hook sent nothing, and before a post-send hook the message was sent.
    Hook = "hook",
}

/// Why a message did not leave.
///
/// `Display` is one line for logs: addresses that the service repeats are masked in it, and no body and no token is in
/// it. [`fields`](Error::fields) and [`response`](Error::response) have the service's words unchanged.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    text: String,
    retry: Retry,
    details: Details,
}

/// What may be known beside the kind.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) response: Option<Response>,
    pub(crate) rate: Rate,
    pub(crate) code: Option<String>,
    pub(crate) meaning: Option<&'static str>,
    pub(crate) remedy: Option<String>,
    pub(crate) fields: BTreeMap<String, Vec<String>>,
    pub(crate) features: Vec<Feature>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) status: Option<Box<SendStatus>>,
    pub(crate) source: Option<BoxError>,
}

impl Error {
    /// An error of a kind, with a text that says what was wrong and where: lower case, no full stop, no addresses.
    /// It may be retried as the kind's description says.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        let retry = match kind {
            ErrorKind::RateLimited | ErrorKind::Quota | ErrorKind::Maintenance | ErrorKind::Connect => {
                Retry::Safe(None)
            }
            ErrorKind::Server | ErrorKind::Timeout | ErrorKind::Unreadable => Retry::Ambiguous,
            _ => Retry::Never,
        };
        Self(Box::new(Inner { kind, text: text.into(), retry, details: Details::default() }))
    }

    /// A message that asks for what `service` cannot do: all of it.
    pub fn unsupported(service: &str, features: Vec<Feature>) -> Self {
        let names: Vec<_> = features.iter().map(ToString::to_string).collect();
        let mut error = Self::new(ErrorKind::Unsupported, format!("{service} does not support {}", names.join(", ")));
        error.0.details.features = features;
        error
    }

    /// A message that breaks documented limits: all of them.
    pub fn findings(findings: Vec<Finding>) -> Self {
        let texts: Vec<_> = findings.iter().map(|finding| mask(&finding.to_string())).collect();
        let mut error = Self::new(ErrorKind::InvalidMessage, texts.join("; "));
        error.0.details.findings = findings;
        error
    }

    /// A message that `status` says was refused for every recipient.
    pub fn refused(status: SendStatus) -> Self {
        let text = "all message recipients were rejected or invalid";
        let mut error = Self::new(ErrorKind::Refused, text);
        error.0.details.response = status.response().cloned();
        error.0.details.rate = status.rate().clone();
        error.0.details.remedy =
            Some("take the addresses off the service's suppression lists, or leave them out".to_owned());
        error.0.details.status = Some(Box::new(status));
        error
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<BoxError>) -> Self {
        self.0.details.source = Some(cause.into());
        self
    }

    /// Says how the message may be sent again, where the kind is too coarse.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.details.remedy = Some(remedy.into());
        self
    }

    /// Adds what is known of the recipients all the same.
    #[must_use]
    pub fn with_status(mut self, status: SendStatus) -> Self {
        self.0.details.status = Some(Box::new(status));
        self
    }

    pub(crate) fn with_details(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(&mut self.0.details);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the message may be sent again.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The HTTP status, when there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.response().map(Response::status)
    }

    /// The service's answer, when there was one.
    pub fn response(&self) -> Option<&Response> {
        self.0.details.response.as_ref()
    }

    /// What the answer said about rate and quota.
    pub fn rate(&self) -> &Rate {
        &self.0.details.rate
    }

    /// The service's error code (`MS42209`), when it gave one.
    pub fn code(&self) -> Option<&str> {
        self.0.details.code.as_deref()
    }

    /// What the code means, when it is a published one.
    pub fn meaning(&self) -> Option<&str> {
        self.0.details.meaning
    }

    /// What to do about it.
    pub fn remedy(&self) -> Option<&str> {
        self.0.details.remedy.as_deref()
    }

    /// The service's complaints by the path of the field in the request (`to.0.email`), in its own words.
    pub fn fields(&self) -> &BTreeMap<String, Vec<String>> {
        &self.0.details.fields
    }

    /// What the service cannot do, for [`ErrorKind::Unsupported`].
    pub fn features(&self) -> &[Feature] {
        &self.0.details.features
    }

    /// The documented limits that the message breaks, for [`ErrorKind::InvalidMessage`].
    pub fn preflight(&self) -> &[Finding] {
        &self.0.details.findings
    }

    /// Every mistake in the message itself, for [`ErrorKind::InvalidMessage`] and [`ErrorKind::InvalidAddress`].
    pub fn problems(&self) -> &[Problem] {
        &self.0.details.problems
    }

    /// What is known of the recipients all the same: that they were refused, or which of them were accepted before a
    /// message of several requests failed. In the latter case those not accepted are `failed`.
    pub fn send_status(&self) -> Option<&SendStatus> {
        self.0.details.status.as_deref()
    }
}

impl From<InvalidMessage> for Error {
    fn from(invalid: InvalidMessage) -> Self {
        let kind = if invalid.has_invalid_address() { ErrorKind::InvalidAddress } else { ErrorKind::InvalidMessage };
        // Only a problem that is about an address may quote one.
        let text =
            |problem: &Problem| if problem.is_address() { problem.to_string() } else { mask(&problem.to_string()) };
        let texts: Vec<_> = invalid.problems().iter().map(text).collect();
        Self::new(kind, texts.join("; ")).with_details(|details| details.problems = invalid.into_problems())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, text, retry, details } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("text", text)
            .field("retry", retry)
            .field("response", &details.response)
            .field("code", &details.code)
            .field("source", &details.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.details.source.as_ref().map(|source| &**source as _)
    }
}

/// Replaces every address in a text that will be logged: a service's sentence, or one with a path such as
/// `merge_data.ann@example.com`, of which the field's name stays.
pub(crate) fn mask(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '`' | '\'' | '"' | '<' | '>' | '(' | ')' | ',' | ';');
    let mut masked = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends) {
        let word = piece.trim_end_matches(ends);
        if word.contains('@') {
            if let Some((field, _)) = word.split_once('.').filter(|(field, _)| Key::from_str(field).is_ok()) {
                masked.push_str(field);
                masked.push('.');
            }
            masked.push_str("<address>");
            masked.push_str(&piece[word.len()..]);
        } else {
            masked.push_str(piece);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    /// ADR-23
    #[test]
    fn addresses_are_masked() {
        assert_eq!(mask("ann@example.com is duplicated in\tthe list. "), "<address> is duplicated in\tthe list. ");
        assert_eq!(mask("no address"), "no address");
        assert_eq!(mask("`merge_data.ann@example.com`: wants"), "`merge_data.<address>`: wants");
        assert_eq!(mask("Ann <ann@example.com>, \"b@c.d\"."), "Ann <<address>>, \"<address>\".");
    }
}
