//! MailerSend: everything that knows one of its words.

mod attachment;
mod batch;
mod body;
mod budget;
mod builder;
mod bulk;
mod client;
mod error_code;
mod escape;
mod options;
mod payload;
mod preflight;
mod response;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;

use crate::clock::Clock;
use crate::message::{Attachment, InvalidMessage, Message, Opened, Problem};
use crate::secret::Secret;
use crate::transport::{
    Error, ErrorKind, Finding, RecipientStatus, Retry, SendStatus, Sending, Status, Transport, mask,
};

use batch::Batch;
use client::{Call, Client};
use options::Options;
use payload::Payload;

pub use builder::MailerSendBuilder;
pub use bulk::{BulkState, BulkStatus, BulkWait};
pub use options::BatchSendMode;

const NAME: &str = "MailerSend";

/// Sends through MailerSend's HTTP API.
///
/// One value holds a connection pool and may be shared; clones share the pool. A message is sent at most once: no
/// request is repeated unless MailerSend said that it accepted nothing, and only to finish a bulk send that is partly
/// accepted.
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
    token: Option<Secret>,
    tokens: BTreeMap<String, Secret>,
    options: Options,
    clock: Clock,
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
        let opened = open(message).await?;
        let payload = payload::payload(message, &opened, &self.options, self.clock.unix())?;
        let token = self.token_for(message, &payload)?;
        let mut requests = Vec::new();
        for batch in payload.batches() {
            let Call { method, url, headers, body } = self.call(&payload, &batch, token)?;
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
        let opened = open(message).await?;
        let options = Options { preflight: crate::transport::Preflight::Warn, ..self.options.clone() };
        Ok(payload::payload(message, &opened, &options, self.clock.unix())?.warnings)
    }

    /// Asks for the state of a bulk send, by its id with or without the `bulk:` in front.
    ///
    /// # Errors
    ///
    /// As MailerSend answers: an unknown id is [`ErrorKind::Rejected`] with status 404.
    pub async fn bulk_status(&self, id: &str) -> Result<BulkStatus, Error> {
        let id = bulk::bare_id(id);
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            let text = "not the id of a bulk send: it has letters and digits only";
            return Err(InvalidMessage::new(vec![Problem::new("bulk_email_id", text, "")]).into());
        }
        let token = self.token.as_ref().or_else(|| self.tokens.values().next()).ok_or_else(builder::no_token)?;
        let url = self.client.url(&format!("bulk-email/{id}"))?;
        let call = Client::call(Method::GET, url, token, None)?;
        let response = self.client.send(call).await.map_err(asked)?;
        if !response.is_success() {
            return Err(asked(response::refusal(response, self.clock.unix())));
        }
        BulkStatus::read(response).map_err(asked)
    }

    /// Asks for the state of a bulk send until it is final, ever more rarely, and within the rate limit. A 429, a 5xx
    /// or a lost answer is asked again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] when it is not final in time, which says nothing about the send; else as
    /// [`bulk_status`](Self::bulk_status).
    pub async fn bulk_wait(&self, id: &str, wait: BulkWait) -> Result<BulkStatus, Error> {
        let deadline = tokio::time::Instant::now() + wait.at_most;
        let mut attempt = 0;
        loop {
            let (outcome, pause) = match self.bulk_status(id).await {
                Ok(status) if status.state.is_final() => return Ok(status),
                Ok(status) => {
                    let pause = budget::poll_after(attempt, status.rate(), self.clock.unix());
                    (format!("is `{}`", status.state.as_str()), pause)
                }
                Err(error) => match error.retry() {
                    Retry::Safe(after) => {
                        let usual = budget::poll_after(attempt, error.rate(), self.clock.unix());
                        (format!("could not be asked for: {error}"), after.unwrap_or(usual).max(usual))
                    }
                    Retry::Never | Retry::Ambiguous => return Err(error),
                },
            };
            if tokio::time::Instant::now() + pause > deadline {
                let text = format!("after {} s the bulk send {outcome}", wait.at_most.as_secs());
                return Err(Error::new(ErrorKind::Timeout, text)
                    .with_retry(Retry::Safe(Some(pause)))
                    .with_remedy("ask again later: nothing was sent by asking"));
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// The token for a message: its own, or that of the From domain or the nearest domain above, or the general one.
    fn token_for<'t>(&'t self, message: &Message, payload: &'t Payload<'_>) -> Result<&'t Secret, Error> {
        if let Some(token) = &payload.token {
            return Ok(token);
        }
        if let Some(from) = message.from().first().filter(|_| !self.tokens.is_empty()) {
            let domain = from.address().to_ascii().rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
            let mut domain = domain.as_str();
            loop {
                if let Some(token) = self.tokens.get(domain) {
                    return Ok(token);
                }
                match domain.split_once('.') {
                    Some((_, parent)) => domain = parent,
                    None => break,
                }
            }
        }
        self.token.as_ref().ok_or_else(builder::no_token)
    }

    fn call(&self, payload: &Payload<'_>, batch: &Batch, token: &Secret) -> Result<Call, Error> {
        let url = self.client.endpoint(payload.endpoint);
        Client::call(Method::POST, url, token, Some(payload.body(batch)))
    }

    async fn deliver(&self, message: &Message) -> Result<SendStatus, Error> {
        if !message.has_recipients() {
            return Ok(SendStatus::default());
        }
        let opened = open(message).await?;
        let payload = payload::payload(message, &opened, &self.options, self.clock.unix())?;
        for warning in &payload.warnings {
            tracing::warn!(path = mask(warning.path()), "{}", warning.text());
        }
        let token = self.token_for(message, &payload)?;
        let mut all = SendStatus::default();
        let batches = payload.batches();
        for (index, batch) in batches.iter().enumerate() {
            let to = payload.addresses(batch);
            match self.post(message, &payload, batch, &to, token, index == 0).await {
                Ok(status) if index == 0 => all = status,
                Ok(status) => all.join(status),
                Err(error) if index == 0 => return Err(error),
                Err(error) => return Err(half_sent(error, all, message, &to)),
            }
            let pause = budget::pause(all.rate(), self.clock.unix());
            if !pause.is_zero() && index + 1 < batches.len() {
                tokio::time::sleep(pause).await;
            }
        }
        all.set_dropped(payload.dropped);
        all.set_warnings(payload.warnings);
        Ok(all)
    }

    /// Posts one request. Only when earlier requests of the same message were accepted is a refusal waited out: then
    /// the message cannot be sent again as a whole.
    async fn post(
        &self,
        message: &Message,
        payload: &Payload<'_>,
        batch: &Batch,
        to: &[crate::address::Address],
        token: &Secret,
        first: bool,
    ) -> Result<SendStatus, Error> {
        let mut attempt = 0;
        loop {
            let answer = match self.client.send(self.call(payload, batch, token)?).await {
                Ok(response) => response::send_status(message, to, response, self.clock.unix()),
                Err(error) => Err(error),
            };
            let error = match answer {
                Err(error) if !first => error,
                settled => return settled,
            };
            match budget::repeat_after(error.retry(), attempt) {
                Some(wait) => {
                    tracing::info!(seconds = wait.as_secs(), "waiting to go on with a bulk send");
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                None => return Err(error),
            }
        }
    }
}

/// Opens the attachments, so that what cannot be read is known before anything is sent.
async fn open(message: &Message) -> Result<Vec<Opened>, Error> {
    let mut opened = Vec::with_capacity(message.attachments().len());
    let mut problems = Vec::new();
    for (index, attachment) in message.attachments().iter().enumerate() {
        match open_one(attachment).await {
            Ok(content) => opened.push(content),
            Err(cause) => {
                let path = format!("attachments[{index}]");
                let file = attachment.path().map(|path| path.display().to_string()).unwrap_or_default();
                problems.push(Problem::new(path, format!("{file:?} cannot be read: {cause}"), "check the path"));
            }
        }
    }
    if problems.is_empty() { Ok(opened) } else { Err(InvalidMessage::new(problems).into()) }
}

async fn open_one(attachment: &Attachment) -> std::io::Result<Opened> {
    match (attachment.open().await?, attachment.path()) {
        // Converted text has another length, which must be known beforehand.
        (Opened::File { .. }, Some(path)) if attachment::needs_conversion(attachment) => {
            Ok(Opened::Bytes(tokio::fs::read(path).await?.into()))
        }
        (opened, _) => Ok(opened),
    }
}

/// An error in asking, which repeats nothing: it may always be asked again, unless it was refused.
fn asked(error: Error) -> Error {
    match error.retry() {
        Retry::Ambiguous => error.with_retry(Retry::Safe(None)),
        Retry::Never | Retry::Safe(_) => error,
    }
}

/// The error of a bulk send of which a part was accepted: who has it, who has it not, and who may have it. Sending
/// the whole again would send twice.
fn half_sent(error: Error, mut accepted: SendStatus, message: &Message, in_doubt: &[crate::address::Address]) -> Error {
    let doubtful = error.retry() == Retry::Ambiguous;
    for mailbox in message.to() {
        let address = mailbox.address();
        if accepted.recipient(address.as_str()).is_none() {
            let unknown = doubtful && in_doubt.contains(address);
            let status = if unknown { Status::Unknown } else { Status::Failed };
            accepted.set(address.clone(), RecipientStatus::new(status, None::<String>));
        }
    }
    error
        .with_retry(Retry::Ambiguous)
        .with_remedy("part of the message was accepted: send again only to the recipients whose status is `failed`")
        .with_status(accepted)
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
            .field("tokens", &self.tokens.keys().collect::<Vec<_>>())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The time a request may take unless told otherwise, as in Anymail.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
