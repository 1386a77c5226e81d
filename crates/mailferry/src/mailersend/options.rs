//! What MailerSend is told once and obeys for every message.

use std::fmt;
use std::str::FromStr;

use crate::message::TimeZone;
use crate::secret::Secret;
use crate::transport::Preflight;

/// How a batch, a message with data by recipient, is sent to several `to` recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchSendMode {
    /// Through `/bulk-email`: each gets a mail of their own. MailerSend looks at it later, so every status is
    /// `unknown` until the bulk send is [asked for](super::MailerSend::bulk_status).
    UseBulkEmail,
    /// Through `/email`: statuses are known at once, and everyone sees the whole `to` list.
    ExposeToList,
}

impl BatchSendMode {
    pub(crate) const CHOICES: &'static str = "`use-bulk-email` or `expose-to-list`";

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UseBulkEmail => "use-bulk-email",
            Self::ExposeToList => "expose-to-list",
        }
    }
}

impl fmt::Display for BatchSendMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BatchSendMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "use-bulk-email" => Ok(Self::UseBulkEmail),
            "expose-to-list" => Ok(Self::ExposeToList),
            _ => Err(Self::CHOICES),
        }
    }
}

/// What the payload depends on beside the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) batch_send_mode: Option<BatchSendMode>,
    pub(crate) custom_headers: bool,
    pub(crate) ignore_unsupported_features: bool,
    pub(crate) preflight: Preflight,
    pub(crate) time_zone: TimeZone,
}

/// A token that can stand in a header. What it says is never quoted.
pub(crate) fn check_token(token: &str) -> Result<Secret, &'static str> {
    if token.is_empty() {
        Err("is empty: give the token, or do not set it at all")
    } else if token.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
        Err("holds a line break: take it out")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("holds a character that no token has (a space, a control character or one beyond ASCII)")
    } else {
        Ok(Secret::new(token))
    }
}
