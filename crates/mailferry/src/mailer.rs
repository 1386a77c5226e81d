//! What happens to every message on its way out, whatever transport carries it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::address::Mailbox;
use crate::config::Settings;
use crate::defaults::Defaults;
use crate::message::{InvalidMessage, Message};
use crate::transport::{BoxError, Error, ErrorKind, SendStatus, Sending, Transport};

/// Why a pre-send hook does not let a message go.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stop {
    /// The message is not to be sent. No error for the hook: a decision.
    Cancel,
    /// The hook made a message that is not valid.
    Invalid(InvalidMessage),
    /// The hook failed.
    Failed(BoxError),
}

impl From<InvalidMessage> for Stop {
    fn from(invalid: InvalidMessage) -> Self {
        Self::Invalid(invalid)
    }
}

type BeforeSend = Arc<dyn Fn(Message, &str) -> Result<Message, Stop> + Send + Sync>;
type AfterSend = Arc<dyn Fn(&Message, &SendStatus, &str) -> Result<(), BoxError> + Send + Sync>;

/// Defaults, hooks and redirection around a [`Transport`], of which it is one itself.
///
/// In this order: pre-send hooks, each of which may change or cancel the message; defaults; redirection; the send;
/// post-send hooks; then, if the service refused every recipient, an error.
///
/// ```
/// use mailferry::memory::MemoryTransport;
/// use mailferry::{Defaults, Mailer, Message, Transport};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sent = MemoryTransport::new();
/// let mailer = Mailer::builder(sent.clone())
///     .defaults(Defaults::new(Message::builder().from("orders@shop.example").build()?))
///     .before_send(|message, _service| Ok(message.edit().tag("shop").build()?))
///     .build();
/// mailer.send(&Message::builder().to("ann@example.com").subject("Hi").text("Hello").build()?).await?;
/// assert_eq!(sent.only().tags(), ["shop"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Mailer {
    transport: Arc<dyn Transport>,
    defaults: Defaults,
    before: Vec<BeforeSend>,
    after: Vec<AfterSend>,
    redirect: Option<Mailbox>,
    ignore_recipient_status: bool,
}

impl Mailer {
    /// A mailer that adds nothing yet.
    pub fn builder(transport: impl Transport + 'static) -> MailerBuilder {
        MailerBuilder(Self {
            transport: Arc::new(transport),
            defaults: Defaults::default(),
            before: Vec::new(),
            after: Vec::new(),
            redirect: None,
            ignore_recipient_status: false,
        })
    }

    /// The message that would be handed to the transport: changed by the pre-send hooks, with the defaults, redirected.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cancelled`], [`ErrorKind::Hook`], [`ErrorKind::InvalidAddress`] or [`ErrorKind::InvalidMessage`]
    /// when a pre-send hook stops it.
    pub fn prepare<'m>(&self, message: &'m Message) -> Result<Cow<'m, Message>, Error> {
        let mut message = Cow::Borrowed(message);
        for hook in &self.before {
            message = Cow::Owned(hook(message.into_owned(), self.transport.name()).map_err(stopped)?);
        }
        if self.defaults != Defaults::default() {
            message = Cow::Owned(self.defaults.apply(&message));
        }
        // A mailer around this one may have redirected it before hooks and defaults added somebody here.
        if let Some(target) = self.redirect.clone().or_else(|| message.redirected.clone()) {
            message = Cow::Owned(message.into_owned().redirect(&target));
        }
        Ok(message)
    }

    async fn deliver(&self, message: &Message) -> Result<SendStatus, Error> {
        let message = self.prepare(message)?;
        if !message.has_recipients() {
            return Ok(SendStatus::default());
        }
        let status = self.transport.send(&message).await?;
        let mut failure = None;
        for hook in &self.after {
            if let Err(cause) = hook(&message, &status, self.transport.name()) {
                tracing::error!(error = %cause, "a post-send hook failed");
                failure.get_or_insert(cause);
            }
        }
        if status.is_refused() && !self.ignore_recipient_status {
            let refused = Error::refused(status);
            return Err(match failure {
                Some(cause) => refused.caused_by(cause),
                None => refused,
            });
        }
        match failure {
            Some(cause) => Err(Error::new(ErrorKind::Hook, "the message was sent, and a post-send hook failed")
                .caused_by(cause)
                .with_status(status)),
            None => Ok(status),
        }
    }
}

fn stopped(stop: Stop) -> Error {
    match stop {
        Stop::Cancel => Error::new(ErrorKind::Cancelled, "a pre-send hook cancelled the message"),
        Stop::Invalid(invalid) => invalid.into(),
        Stop::Failed(cause) => Error::new(ErrorKind::Hook, "a pre-send hook failed; nothing was sent").caused_by(cause),
    }
}

impl Transport for Mailer {
    fn name(&self) -> &str {
        self.transport.name()
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        Box::pin(self.deliver(message))
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("transport", &self.transport)
            .field("before", &self.before.len())
            .field("after", &self.after.len())
            .field("redirect", &self.redirect.is_some())
            .field("ignore_recipient_status", &self.ignore_recipient_status)
            .finish_non_exhaustive()
    }
}

/// Puts a [`Mailer`] together.
#[derive(Debug, Clone)]
#[must_use = "a builder makes no mailer until `build` is called"]
pub struct MailerBuilder(Mailer);

impl MailerBuilder {
    /// Sets what is filled into every message.
    pub fn defaults(mut self, defaults: Defaults) -> Self {
        self.0.defaults = defaults;
        self
    }

    /// Adds a hook that is called with every message, and the service's name, before anything else happens to it. It
    /// may change the message, cancel it ([`Stop::Cancel`]) or fail. Hooks run in the order added; the first that
    /// stops a message ends it.
    pub fn before_send(
        mut self,
        hook: impl Fn(Message, &str) -> Result<Message, Stop> + Send + Sync + 'static,
    ) -> Self {
        self.0.before.push(Arc::new(hook));
        self
    }

    /// Adds a hook that is called after every send that the service answered, with the message as sent, its status and
    /// the service's name; also when all recipients were refused. All hooks run, even when one fails; the first
    /// failure is returned as [`ErrorKind::Hook`], though the message was sent.
    pub fn after_send(
        mut self,
        hook: impl Fn(&Message, &SendStatus, &str) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.0.after.push(Arc::new(hook));
        self
    }

    /// Sends every message to this address alone, for systems that must not write to real people. See
    /// `REDIRECT_ALL_TO` in [`config`](crate::config).
    pub fn redirect_all_to(mut self, target: impl Into<Option<Mailbox>>) -> Self {
        self.0.redirect = target.into();
        self
    }

    /// Whether a message that is refused for every recipient counts as sent.
    pub fn ignore_recipient_status(mut self, ignore: bool) -> Self {
        self.0.ignore_recipient_status = ignore;
        self
    }

    /// Takes over whatever the settings say: defaults, redirection, and whether refusals count. What they do not set
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a value that is wrong.
    pub fn settings(mut self, settings: &Settings) -> Result<Self, Error> {
        if let Some(defaults) = settings.defaults()? {
            self.0.defaults = defaults;
        }
        if let Some(target) = settings.redirect()? {
            self.0.redirect = Some(target);
        }
        if let Some(ignore) = settings.switch("IGNORE_RECIPIENT_STATUS")? {
            self.0.ignore_recipient_status = ignore;
        }
        Ok(self)
    }

    /// Makes the mailer.
    pub fn build(self) -> Mailer {
        self.0
    }
}
