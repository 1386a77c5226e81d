//! MailerSend's two endpoints: one for webhooks, one for mails that arrive.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;

#[cfg(feature = "inbound")]
use super::inbound;
use super::signature::{Secrets, Verified};
use super::webhook;
use crate::event::Event;
use crate::secret::Secret;
use crate::transport;
use crate::webhook::{Error, Receiver};

/// Where an activity that was asked for comes from.
const ACTIVITY: &str = "mailersend/activity";

const SIGNING_SECRET: &str = "MAILERSEND_SIGNING_SECRET";
#[cfg(feature = "inbound")]
const INBOUND_SECRET: &str = "MAILERSEND_INBOUND_SECRET";

/// How long a mail with its attachments may be, as JSON: MailerSend takes mails of 25 MB, and sends them twice over.
#[cfg(feature = "inbound")]
const INBOUND_LIMIT: usize = 64 << 20;

/// Receives MailerSend's webhooks: what became of mails, and everything about the account. Versions 1 and 2 of the
/// payload are read alike.
///
/// The ping that MailerSend sends before it keeps a webhook is answered and makes no event.
///
/// ```
/// use http::HeaderMap;
/// use mailferry::mailersend::Webhook;
/// use mailferry::webhook::Receiver;
/// use mailferry::{Event, EventKind};
///
/// let webhook = Webhook::new("the webhook's signing secret")?;
/// let body = br#"{"type":"activity.delivered","created_at":"2026-10-03T22:33:06.000000Z",
///     "data":{"id":"6ac182b3","message_id":"6ac1829c","recipient":"ann@example.com"}}"#;
/// let mut headers = HeaderMap::new();
/// headers.insert("Signature", webhook.sign(body).parse()?);
///
/// let events = webhook.receive(&headers, body)?;
/// let [Event::Tracking(event)] = &events[..] else { panic!("one event") };
/// assert_eq!((event.kind, event.recipient.as_deref()), (EventKind::Delivered, Some("ann@example.com")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Webhook {
    secrets: Secrets,
}

impl Webhook {
    pub(crate) const PATH: &str = "mailersend/tracking";

    /// Verifies with the secret that MailerSend shows beside the webhook.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](transport::ErrorKind::Config) when it is empty.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, transport::Error> {
        Ok(Self { secrets: Secrets::new(&secret.into(), SIGNING_SECRET)? })
    }

    /// Takes signatures made with further secrets, too: of other webhooks, or of one whose secret is being changed.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_secrets<S: Into<Secret>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Result<Self, transport::Error> {
        secrets.into_iter().try_for_each(|secret| self.secrets.add(&secret.into()))?;
        Ok(self)
    }

    /// The value of the header `Signature` for a body, by the first secret: for tests.
    pub fn sign(&self, body: &[u8]) -> String {
        self.secrets.sign(body)
    }
}

impl Receiver for Webhook {
    fn path(&self) -> &'static str {
        Self::PATH
    }

    fn precheck(&self, headers: &HeaderMap) -> Result<(), Error> {
        Secrets::is_signed(headers)
    }

    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Event>, Error> {
        let verified = self.secrets.verify(headers, body)?;
        Ok(webhook::event(&verified)?.into_iter().collect())
    }
}

/// Receives mails that MailerSend forwards from an inbound route.
///
/// A route's secret is another one than a webhook's, and MailerSend makes a new one when the route's URL is changed.
#[cfg(feature = "inbound")]
#[derive(Debug, Clone)]
pub struct Inbound {
    secrets: Secrets,
}

#[cfg(feature = "inbound")]
impl Inbound {
    pub(crate) const PATH: &str = "mailersend/inbound";

    /// Verifies with the secret that MailerSend shows beside the route's forward.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](transport::ErrorKind::Config) when it is empty.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, transport::Error> {
        Ok(Self { secrets: Secrets::new(&secret.into(), INBOUND_SECRET)? })
    }

    /// Takes signatures made with further secrets, too: of other routes, or of one whose secret is being changed.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_secrets<S: Into<Secret>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Result<Self, transport::Error> {
        secrets.into_iter().try_for_each(|secret| self.secrets.add(&secret.into()))?;
        Ok(self)
    }

    /// The value of the header `Signature` for a body, by the first secret: for tests.
    pub fn sign(&self, body: &[u8]) -> String {
        self.secrets.sign(body)
    }
}

#[cfg(feature = "inbound")]
impl Receiver for Inbound {
    fn path(&self) -> &'static str {
        Self::PATH
    }

    fn body_limit(&self) -> usize {
        INBOUND_LIMIT
    }

    fn precheck(&self, headers: &HeaderMap) -> Result<(), Error> {
        Secrets::is_signed(headers)
    }

    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Event>, Error> {
        mail(&self.secrets.verify(headers, body)?).map(|event| event.into_iter().collect())
    }
}

#[cfg(feature = "inbound")]
fn mail(verified: &Verified) -> Result<Option<Event>, Error> {
    match webhook::other_than_inbound(verified)? {
        None => Ok(Some(Event::Inbound(Box::new(inbound::read(verified.body())?)))),
        Some(webhook::Misplaced::Ping) => Ok(None),
        Some(webhook::Misplaced::Other(error)) => Err(error),
    }
}

/// Reads a body again that was verified when it was received, and kept since: by an inbox, for instance. `source` says
/// where it came from: the path of the [`Receiver`], which is `mailersend/tracking` or `mailersend/inbound`, or
/// `mailersend/activity` for what a [backfill](super::MailerSend::backfill) found.
///
/// Nothing is verified here. Never call it with bytes from the network: anybody can make those.
///
/// # Errors
///
/// [`Error::Unreadable`] when the body is not one that this source gives events for, and [`Error::NotFound`] for a
/// source that there is not.
pub fn reread(source: &str, body: Bytes) -> Result<Event, Error> {
    let verified = Verified::earlier(body);
    let event = match source {
        Webhook::PATH => webhook::event(&verified)?,
        #[cfg(feature = "inbound")]
        Inbound::PATH => mail(&verified)?,
        ACTIVITY => Some(webhook::activity(verified.body().clone())?),
        _ => return Err(Error::NotFound),
    };
    event.ok_or(Error::Unreadable(Cow::Borrowed("it is a ping, which is no event")))
}
