//! What is answered, before it becomes HTTP.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json;

/// A status, headers and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// A reply as it was sent, for the log: what is large in it is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    #[serde(with = "crate::codec::bytes")]
    pub(crate) body: Bytes,
}

impl Sent {
    /// Roughly how much memory it takes, for the cap.
    pub(crate) fn weight(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        128_usize.saturating_add(headers).saturating_add(self.body.len())
    }
}

impl From<Reply> for Sent {
    fn from(reply: Reply) -> Self {
        let Reply { status, headers, body } = reply;
        let headers = headers.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        Self { status, headers, body: body.into() }
    }
}

#[derive(Serialize)]
struct Sentence<'a> {
    message: &'a str,
}

impl Reply {
    /// Compact JSON, as MailerSend answers successes, 401 and 422.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        Self::typed(status, "application/json", json::compact(value))
    }

    /// One sentence. Refusals of the framework are spread over lines (recorded for 404 and 429; for 403 and the rest
    /// UNCERTAIN), those of the vendor's own code are not.
    pub(crate) fn sentence(status: u16, message: &str) -> Self {
        let message = Sentence { message };
        match status {
            401 | 422 => Self::json(status, &message),
            _ => Self::typed(status, "application/json", json::pretty(&message)),
        }
    }

    /// An empty body, which MailerSend labels as HTML (facts sheet 1.2, recorded).
    pub(crate) fn empty(status: u16) -> Self {
        Self::typed(status, "text/html; charset=UTF-8", Vec::new())
    }

    /// No content, and no label for it (facts sheet 1.2, recorded).
    pub(crate) fn nothing() -> Self {
        Self { status: 204, headers: vec![("cache-control", "no-cache, private".to_owned())], body: Vec::new() }
    }

    /// What a proxy in front of the service says when the service does not answer.
    pub(crate) fn proxy(status: u16) -> Self {
        let name = match status {
            502 => "Bad Gateway",
            503 => "Service Temporarily Unavailable",
            504 => "Gateway Time-out",
            _ => "Internal Server Error",
        };
        let page = format!(
            "<html>\r\n<head><title>{status} {name}</title></head>\r\n<body>\r\n<h1>{status} {name}</h1>\r\n</body>\r\n</html>\r\n"
        );
        Self { status, headers: vec![("content-type", "text/html".to_owned())], body: page.into_bytes() }
    }

    fn typed(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers =
            vec![("content-type", content_type.to_owned()), ("cache-control", "no-cache, private".to_owned())];
        Self { status, headers, body }
    }

    pub(crate) fn with<V: Display>(self, name: &'static str, value: V) -> Self {
        let mut headers = self.headers;
        headers.push((name, value.to_string()));
        Self { headers, ..self }
    }
}
