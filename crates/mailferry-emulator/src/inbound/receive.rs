//! What becomes of a mail that comes in: which routes take it, and what is told to whom.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::compose::{Composed, InboundMail};
use super::mail::{Content, Mail};
use super::payload::{self, About};
use super::route::{Forward, InboundRoute, Route, RouteKey};
use crate::json;
use crate::live::Area;
use crate::log::Log;
use crate::rules::is_supported;
use crate::service::{Service, State};
use crate::settings::Memory;
use crate::webhooks::delivery::{Notice, Parcel, Receiver};

/// The largest attachment that is taken, in bytes: as for mail that is sent (for mail that comes in UNCERTAIN).
const MOST_ATTACHMENT: usize = 25 * 1024 * 1024;

/// The longest mail that is taken, in bytes of the text that the webhook carries: bytes that are no UTF-8 become three
/// there, and six more in its JSON.
const MOST_TEXT: usize = 40 * 1024 * 1024;

/// The routes, and what came in by them.
pub(crate) struct Inbound {
    pub(crate) routes: Vec<Route>,
    pub(crate) log: Log<ReceivedMessage>,
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    messages: Vec<ReceivedMessage>,
    unrouted: Vec<String>,
}

/// What one route got of a mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedMessage {
    id: String,
    route_id: String,
    sender: String,
    recipients: Vec<String>,
    at: Timestamp,
    raw: Arc<str>,
}

impl Received {
    /// One for each route that took it.
    pub fn messages(&self) -> &[ReceivedMessage] {
        &self.messages
    }

    /// Recipients whom no route wanted it for.
    pub fn unrouted(&self) -> &[String] {
        &self.unrouted
    }
}

impl ReceivedMessage {
    /// Its id, `data.id` of the webhook.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the route that took it.
    pub fn route_id(&self) -> &str {
        &self.route_id
    }

    /// The envelope's sender; empty for a bounce.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// The envelope's recipients that the route caught.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// When it came, by the emulator's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The whole mail, as the webhook tells it.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    pub(crate) fn weight(&self) -> usize {
        1024 + self.raw.len() + self.recipients.iter().map(String::len).sum::<usize>()
    }
}

impl fmt::Debug for ReceivedMessage {
    /// Without the mail, which may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, route_id, sender, recipients, at, raw } = self;
        f.debug_struct("ReceivedMessage")
            .field("id", id)
            .field("route_id", route_id)
            .field("sender", sender)
            .field("recipients", recipients)
            .field("at", at)
            .field("raw", &raw.len())
            .finish()
    }
}

/// Why a mail was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotReceived {
    /// No route listens for any of its recipients.
    NoRoute,
    /// The routes that listen for its recipients have filters that it does not pass.
    Unwanted,
    /// It has a file of a kind that MailerSend does not take.
    AttachmentType,
    /// It has a file of more than 25 MB.
    AttachmentSize,
    /// As text, as the webhook carries it, it has more than 40 MiB.
    TooLarge,
    /// The email that it should answer is not remembered.
    NoEmail,
}

impl NotReceived {
    /// The word in `inbound_message.rejected`, for those that are announced.
    fn reason(self) -> Option<&'static str> {
        match self {
            Self::AttachmentType => Some("unsupported_attachment_type"),
            Self::AttachmentSize => Some("attachment_size_exceeded"),
            Self::NoRoute | Self::Unwanted | Self::TooLarge | Self::NoEmail => None,
        }
    }
}

impl fmt::Display for NotReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoute => "no inbound route listens for this recipient",
            Self::Unwanted => "no inbound route wants this mail",
            Self::AttachmentType => "the mail has an attachment of an unsupported type",
            Self::AttachmentSize => "the mail has an attachment that is too large",
            Self::TooLarge => "the mail is too large",
            Self::NoEmail => "the email to answer is not there",
        })
    }
}

impl Error for NotReceived {}

/// `data` of `inbound_forward.failed`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the shape is MailerSend's")]
struct Failed<'a> {
    domain_id: Option<&'a str>,
    inbound_id: &'a str,
    inbound_message_id: &'a str,
}

/// `data` of `inbound_message.rejected`; all keys are UNCERTAIN, `reason` is in another project's tests.
#[derive(Serialize)]
struct Rejected<'a> {
    domain_id: Option<&'a str>,
    inbound_id: &'a str,
    inbound_message_id: &'a str,
    reason: &'static str,
}

/// A route with those of the recipients that it caught.
struct Taken {
    route: Route,
    recipients: Vec<String>,
    message_id: String,
}

impl Inbound {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { routes: Vec::new(), log: Log::new(memory) }
    }

    /// Routes in the order in which they are asked: by priority, then by age.
    fn in_order(&self) -> Vec<&Route> {
        let mut routes: Vec<&Route> = self.routes.iter().collect();
        routes.sort_by_key(|route| route.priority);
        routes
    }

    /// Whether any route listens for `recipient`.
    pub(crate) fn listens_for(&self, recipient: &str) -> bool {
        self.routes.iter().any(|route| route.catches(recipient))
    }
}

impl State {
    /// Adds a route; its events are those of its own domain, if it has one.
    pub(crate) fn add_route(&mut self, route: InboundRoute) -> RouteKey {
        let domain_id = route.domain.clone().map(|name| self.domain_id(&name));
        let route = Route::new(route, domain_id, &mut self.ids);
        let key = route.key();
        self.inbound.routes.push(route);
        self.changes.touch(Area::Routes);
        key
    }
}

impl Service {
    /// Takes a mail: each recipient's goes to the first route that catches the address and wants the mail (UNCERTAIN:
    /// MailerSend does not say what several routes do).
    pub(crate) fn receive(&self, sender: &str, recipients: &[String], raw: &[u8]) -> Result<Received, NotReceived> {
        let mail = Mail::new(sender, raw);
        if mail.raw.len() > MOST_TEXT {
            return Err(NotReceived::TooLarge);
        }
        let content = mail.content();
        let now = self.clock.now();
        let (taken, unrouted) = self.routed(&mail, recipients, now)?;
        let rejected = reject(&content);
        if let Some((why, reason)) = rejected.and_then(|why| Some((why, why.reason()?))) {
            for taken in &taken {
                let data = Rejected {
                    domain_id: taken.route.domain_id.as_deref(),
                    inbound_id: &taken.route.id,
                    inbound_message_id: &taken.message_id,
                    reason,
                };
                self.announce(&self.notice("inbound_message.rejected", &taken.route, json::compact(&data)), now);
            }
            return Err(why);
        }
        let raw: Arc<str> = mail.raw.as_str().into();
        let mut messages = Vec::with_capacity(taken.len());
        for Taken { route, recipients, message_id } in taken {
            for forward in &route.forwards {
                let Forward::Webhook { id, url, secret } = forward else { continue };
                let about = About {
                    inbound_id: &route.id,
                    url,
                    message_id: &message_id,
                    recipients: &recipients,
                    received_at: now,
                    posted_at: now,
                };
                // Written without holding the state: a mail may be large.
                let body = Bytes::from(payload::body(&mail, &content, &about));
                let failed = Failed {
                    domain_id: route.domain_id.as_deref(),
                    inbound_id: &route.id,
                    inbound_message_id: &message_id,
                };
                let if_lost = self.notice("inbound_forward.failed", &route, json::compact(&failed));
                let parcel = Parcel {
                    receiver: Receiver::Forward(id.clone()),
                    kind: "inbound.message".to_owned(),
                    url: url.clone(),
                    secret: secret.clone(),
                    body,
                    retries: self.settings.inbound_retries.clone(),
                    if_lost: Some(if_lost),
                    about: None,
                };
                let State { outbox, faults, .. } = &mut *self.state();
                outbox.push(parcel, now, faults);
            }
            let sender = mail.sender.clone();
            let (id, route_id, raw) = (message_id, route.id, Arc::clone(&raw));
            let message = ReceivedMessage { id, route_id, sender, recipients, at: now, raw };
            let mut state = self.state();
            state.inbound.log.push(message.clone(), message.weight());
            state.changes.touch(Area::Inbound);
            drop(state);
            messages.push(message);
        }
        self.dispatch.wake();
        Ok(Received { messages, unrouted })
    }

    /// Takes a mail that is put together here.
    pub(crate) fn receive_mail(&self, mail: InboundMail) -> Result<Received, NotReceived> {
        let now = self.clock.now();
        let id = self.state().ids.object(now);
        let Composed { sender, recipients, raw } = mail.compose(&id, now);
        self.receive(&sender, &recipients, &raw)
    }

    /// Takes what the reader of the email `id` answers: to where answers were asked for, else to its sender, and when no
    /// route listens for that, to the address of the first route.
    pub(crate) fn reply(&self, id: &str, text: String) -> Result<Received, NotReceived> {
        let email = self.email(id).ok_or(NotReceived::NoEmail)?;
        let message = email.message();
        let to = message.reply_to.as_ref().or(message.from.as_ref());
        let to = to.map(|mailbox| mailbox.email.clone()).unwrap_or_default();
        let listening = {
            let state = self.state();
            let first = state.inbound.in_order().first().map(|route| route.address.clone());
            if state.inbound.listens_for(&to) { to.clone() } else { first.unwrap_or_default() }
        };
        // What the delivered email's Message-ID was (facts sheet 9.1, recorded).
        let original = format!("<{id}@mailersend.net>");
        let mail = InboundMail::new(&email.recipient().email, to)
            .envelope_recipients([listening])
            .subject(format!("Re: {}", email.subject()))
            .header("In-Reply-To", &original)
            .header("References", &original)
            .text(text);
        self.receive_mail(mail)
    }

    /// Who takes the mail for whom, and for whom nobody does.
    fn routed(
        &self,
        mail: &Mail,
        recipients: &[String],
        now: Timestamp,
    ) -> Result<(Vec<Taken>, Vec<String>), NotReceived> {
        let (mut taken, mut unrouted): (Vec<Taken>, Vec<String>) = (Vec::new(), Vec::new());
        let mut is_caught = false;
        let mut state = self.state();
        let routes: Vec<(Route, bool)> = state
            .inbound
            .in_order()
            .into_iter()
            .filter(|route| recipients.iter().any(|recipient| route.catches(recipient)))
            .map(|route| (route.clone(), route.wants(&mail.headers, &mail.sender)))
            .collect();
        for recipient in recipients {
            let mut catching = routes.iter().filter(|(route, _)| route.catches(recipient)).peekable();
            is_caught |= catching.peek().is_some();
            let Some((route, _)) = catching.find(|(_, wants)| *wants) else {
                unrouted.push(recipient.clone());
                continue;
            };
            match taken.iter_mut().find(|taken| taken.route.id == route.id) {
                Some(taken) => taken.recipients.push(recipient.clone()),
                None => taken.push(Taken {
                    route: route.clone(),
                    recipients: vec![recipient.clone()],
                    message_id: state.ids.object(now),
                }),
            }
        }
        match (taken.is_empty(), is_caught) {
            (true, false) => Err(NotReceived::NoRoute),
            (true, true) => Err(NotReceived::Unwanted),
            (false, _) => Ok((taken, unrouted)),
        }
    }

    fn notice(&self, kind: &'static str, route: &Route, data: Vec<u8>) -> Notice {
        let state = self.state();
        let domain = route.domain_id.as_deref().and_then(|id| state.domain_name(id)).map(str::to_owned);
        Notice { kind, domain, data }
    }

    fn announce(&self, notice: &Notice, now: Timestamp) {
        self.state().announce(&self.settings, notice, now);
        self.dispatch.wake();
    }
}

/// Why a mail with these files is not taken, if so.
fn reject(content: &Content) -> Option<NotReceived> {
    let files = &content.files;
    if files.iter().any(|file| !is_supported(&file.name)) {
        Some(NotReceived::AttachmentType)
    } else if files.iter().any(|file| file.content.len() > MOST_ATTACHMENT) {
        Some(NotReceived::AttachmentSize)
    } else {
        None
    }
}
