//! Mails that were sent, one for each recipient.

use std::fmt;

use serde_json::Value;

use super::super::MailerSend;
use super::super::budget::Group;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Limits, Pages, Record};
use super::{Recipient, Span};
use crate::datetime::DateTime;
use crate::transport::Error;

const SCOPE: &str = "`email_full`, `activity_read` or `activity_full`";

/// Pages of the list: more on each and fewer of them than elsewhere (probed 2026-10).
const LIMITS: Limits = Limits { most: 1_000, last: 100 };

/// A mail to one recipient.
///
/// The form of the list and of a single one are not documented; what is here was recorded as part of other answers, and
/// anything else is in [`raw`](Self::raw).
#[derive(Clone)]
#[non_exhaustive]
pub struct Email {
    /// MailerSend's id of the mail; the header `Message-ID` is made of it.
    pub id: String,
    /// The id of the message it is one of, where it is told.
    pub message_id: Option<String>,
    /// The sender's address.
    pub from: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// `queued`, `sent`, `rejected` or `delivered`, and whatever comes later.
    pub status: String,
    /// The message's tags.
    pub tags: Vec<String>,
    /// The template it was made of.
    pub template_id: Option<String>,
    /// When it was taken.
    pub created_at: Option<DateTime>,
    /// When it changed last.
    pub updated_at: Option<DateTime>,
    /// To whom it went, where that is told.
    pub recipient: Option<Box<Recipient>>,
    raw: Value,
}

impl Email {
    /// The object as it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl Record for Email {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        let recipient = match fields.value("recipient") {
            recipient @ Value::Object(_) => Some(Box::new(Recipient::read(recipient.clone()))),
            // A list has the address alone.
            _ => fields.text("to").map(|to| Box::new(Recipient::read(serde_json::json!({"email": to})))),
        };
        Self {
            id: fields.word("id"),
            message_id: fields.text("message_id").or_else(|| fields.object("message").text("id")),
            from: fields.text("from").or_else(|| fields.object("from").text("email")),
            subject: fields.text("subject"),
            status: fields.word("status"),
            tags: fields.texts("tags"),
            template_id: fields.text("template_id"),
            created_at: fields.date("created_at"),
            updated_at: fields.date("updated_at"),
            recipient,
            raw,
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Email {
    /// Leaves out what names people, and the subject.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("id", &self.id)
            .field("message_id", &self.message_id)
            .field("status", &self.status)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// Which mails to list. Several conditions must all hold.
#[derive(Clone, Debug)]
#[must_use = "a filter asks nothing"]
pub struct EmailFilter {
    span: Span,
    query: Vec<(&'static str, String)>,
}

impl EmailFilter {
    /// Every mail of this time. How far back there are any depends on the account's plan: 1 to 30 days.
    pub fn between(from: impl Into<DateTime>, to: impl Into<DateTime>) -> Self {
        Self { span: Span::new(from, to), query: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With this status, or another that is added: `queued`, `sent`, `rejected`, `delivered`.
    pub fn status(self, status: impl Into<String>) -> Self {
        self.with("status[]", status)
    }

    /// With which this was done, or something else that is added: `opened`, `clicked`, `unsubscribed`, `complained`,
    /// `no_interaction`.
    pub fn interaction(self, interaction: impl Into<String>) -> Self {
        self.with("interaction[]", interaction)
    }

    /// To exactly this address.
    pub fn recipient(self, address: impl Into<String>) -> Self {
        self.with("recipient_email", address)
    }

    /// Of this message.
    pub fn message(self, message_id: impl Into<String>) -> Self {
        self.with("message_id", message_id)
    }

    /// Made of this template.
    pub fn template(self, template_id: impl Into<String>) -> Self {
        self.with("template_id", template_id)
    }

    /// With this in the subject, of at least three characters.
    pub fn subject(self, part: impl Into<String>) -> Self {
        self.with("subject", part)
    }

    /// With exactly this tag.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.with("tag", tag)
    }
}

/// Asks about mails: see [`MailerSend::emails`].
#[derive(Debug, Clone, Copy)]
pub struct Emails<'m>(&'m MailerSend);

impl MailerSend {
    /// The mails that were sent, one for each recipient.
    pub fn emails(&self) -> Emails<'_> {
        Emails(self)
    }
}

impl Emails<'_> {
    /// The mails of a domain, newest first. MailerSend allows ten pages a minute, together with activities, and 100
    /// pages of up to 1,000 in all.
    pub fn list(&self, domain_id: &str, filter: EmailFilter) -> Pages<Email> {
        let EmailFilter { span, query } = filter;
        let question = Question::get("emails").scope(SCOPE).group(Group::Activity).query("domain_id", domain_id);
        let question =
            query.into_iter().fold(span.ask(question), |question, (name, value)| question.query(name, value));
        Pages::limited(self.0, Ok(question), LIMITS)
    }

    /// One mail.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<Email, Error> {
        let question = Question::get(format!("email/{}", path_id("email_id", id)?)).scope(SCOPE);
        Ok(Email::read(self.0.ask_data(&question).await?))
    }
}
