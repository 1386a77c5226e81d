//! MailerSend: everything that knows one of its words.

pub mod asking;
mod attachment;
mod batch;
mod body;
mod budget;
mod builder;
mod bulk;
mod client;
mod error_code;
mod escape;
mod extra;
#[cfg(feature = "inbound")]
mod inbound;
mod json;
mod lenient;
mod members;
mod options;
mod payload;
mod personalization;
mod preflight;
mod receiver;
mod response;
mod send;
mod signature;
mod special;
mod webhook;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::message::Message;
use crate::secret::Secret;
use crate::transport::{Error, ErrorKind, Finding, Sending, Transport};

use client::{Call, Client, Token};
use options::Options;
use payload::Payload;

pub use builder::MailerSendBuilder;
pub use bulk::{BulkState, BulkStatus, BulkWait};
pub use options::BatchSendMode;
#[cfg(feature = "inbound")]
pub use receiver::Inbound;
pub use receiver::{Webhook, reread};
pub use signature::sign;

const NAME: &str = "MailerSend";

/// Sends through MailerSend's HTTP API.
///
/// One value holds a connection pool and what is known of the account's limits, and may be shared; clones share both. A
/// message is sent at most once: its request is not repeated unless MailerSend said that it accepted nothing, and only
/// to finish a bulk send that is partly accepted. Everything that can be asked is in [`asking`].
///
/// ```no_run
/// use mailferry::{Message, MailerSend, Transport};
///
/// # async fn send() -> Result<(), Box<dyn std::error::Error>> {
/// // Not run: it would send a mail.
/// let mailersend = MailerSend::from_env()?; // MAILERSEND_API_TOKEN
/// let message = Message::builder()
///     .from("orders@shop.example")
///     .to("ann@example.com")
///     .subject("Your order has shipped")
///     .text("It is on its way.")
///     .build()?;
/// let status = mailersend.send(&message).await?;
/// println!("{status}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MailerSend {
    client: Client,
    token: Option<Token>,
    tokens: BTreeMap<String, Token>,
    options: Options,
    clock: Clock,
    asking_patience: Duration,
}

/// A request as [`MailerSend::requests`] shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Always `POST`.
    pub method: String,
    /// Where it would be sent.
    pub url: String,
    /// Its headers, without the token: `Authorization` reads `Bearer …`.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

impl MailerSend {
    /// Everything at its default but the token.
    ///
    /// # Errors
    ///
    /// When the token is empty or cannot stand in a header.
    pub fn new(token: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder().token(token).build()
    }

    /// Starts a configuration.
    pub fn builder() -> MailerSendBuilder {
        MailerSendBuilder::default()
    }

    /// The exact requests that [`send`](Transport::send) would make, attachments included, without making them.
    ///
    /// # Errors
    ///
    /// As `send`, as far as it can fail before the network.
    pub async fn requests(&self, message: &Message) -> Result<Vec<Request>, Error> {
        if !message.has_recipients() {
            return Ok(Vec::new());
        }
        let opened = send::open(message).await?;
        let payload = payload::payload(message, &opened, &self.options, self.clock.unix())?;
        let token = self.token_for(&payload)?;
        let mut requests = Vec::new();
        for batch in payload.batches() {
            let Call { method, url, headers, body } = self.call(&payload, &batch, token);
            let headers = headers
                .iter()
                .map(|(name, value)| {
                    let shown = if value.is_sensitive() {
                        "Bearer …".into()
                    } else {
                        String::from_utf8_lossy(value.as_bytes())
                    };
                    (name.as_str().to_owned(), shown.into_owned())
                })
                .collect();
            let body = match body {
                Some(body) => body.collect().await.map_err(|cause| {
                    Error::new(ErrorKind::InvalidMessage, format!("an attachment cannot be read: {cause}"))
                        .caused_by(cause)
                })?,
                None => Bytes::new(),
            };
            requests.push(Request { method: method.to_string(), url: url.to_string(), headers, body });
        }
        Ok(requests)
    }

    /// What the documentation says MailerSend would refuse or change, whatever the pre-flight setting is. Nothing is
    /// sent.
    ///
    /// # Errors
    ///
    /// When the message could not be sent whatever the limits: it asks for what MailerSend cannot do, or an attachment
    /// cannot be read.
    pub async fn check(&self, message: &Message) -> Result<Vec<Finding>, Error> {
        let opened = send::open(message).await?;
        let options = Options { preflight: crate::transport::Preflight::Warn, ..self.options.clone() };
        Ok(payload::payload(message, &opened, &options, self.clock.unix())?.warnings)
    }

    /// The token for a message: its own, or that of the From domain or the nearest domain above, or the general one.
    fn token_for<'t>(&'t self, payload: &'t Payload<'_>) -> Result<&'t Token, Error> {
        if let Some(token) = &payload.token {
            return Ok(token);
        }
        if let Some(sender) = payload.sender.as_deref().filter(|_| !self.tokens.is_empty()) {
            let domain = sender.to_ascii().rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
            if let Some(token) = self.token_of_domain(&domain) {
                return Ok(token);
            }
        }
        self.token.as_ref().ok_or_else(builder::no_token)
    }

    /// The token of a domain in lower case, or of the nearest one above.
    fn token_of_domain(&self, mut domain: &str) -> Option<&Token> {
        loop {
            if let Some(token) = self.tokens.get(domain) {
                return Some(token);
            }
            domain = domain.split_once('.')?.1;
        }
    }
}

impl Transport for MailerSend {
    fn name(&self) -> &str {
        NAME
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        Box::pin(self.deliver(message))
    }
}

impl fmt::Debug for MailerSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailerSend")
            .field("client", &self.client)
            .field("tokens", &self.tokens.len())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The time a request may take unless told otherwise, as in Anymail.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
