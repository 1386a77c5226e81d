//! Why a webhook's request was not taken.

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;

/// Why a request was not taken, and what to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing at this path.
    NotFound,
    /// Only POST, HEAD and OPTIONS are answered.
    MethodNotAllowed,
    /// The body is longer than this many bytes.
    TooLarge(usize),
    /// The user and password in front of the endpoint are missing or wrong.
    Unauthenticated,
    /// There is no signature.
    Unsigned,
    /// The signature is not one of our secrets'; the setting to check.
    WrongSignature(&'static str),
    /// The signature is right, and the body is not what it should be: why.
    Unreadable(Cow<'static, str>),
    /// The body is meant for another endpoint: what to change.
    WrongEndpoint(Cow<'static, str>),
    /// The endpoint cannot be served without this setting.
    Unconfigured(&'static str),
    /// What the body told was not handled.
    Unhandled,
}

impl Error {
    /// What to answer.
    ///
    /// An answer of 4xx other than 429 is final for MailerSend, which then does not send the event again; those that a
    /// change of our settings would mend are therefore 500.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unauthenticated | Self::Unsigned | Self::WrongSignature(_) | Self::Unreadable(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::WrongEndpoint(_) | Self::Unconfigured(_) | Self::Unhandled => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no webhook endpoint at this path"),
            Self::MethodNotAllowed => f.write_str("a webhook endpoint takes POST, HEAD and OPTIONS only"),
            Self::TooLarge(limit) => write!(f, "the body is longer than {limit} bytes"),
            Self::Unauthenticated => f.write_str("missing or wrong user and password (check WEBHOOK_SECRET)"),
            Self::Unsigned => f.write_str("webhook called without signature"),
            Self::WrongSignature(setting) => write!(f, "webhook called with incorrect signature (check {setting})"),
            Self::Unreadable(why) => write!(f, "a signed body that cannot be read: {why}"),
            Self::WrongEndpoint(why) => f.write_str(why),
            Self::Unconfigured(setting) => write!(f, "the endpoint needs {setting}, which is not set"),
            Self::Unhandled => f.write_str("the event was not handled"),
        }
    }
}

impl std::error::Error for Error {}
