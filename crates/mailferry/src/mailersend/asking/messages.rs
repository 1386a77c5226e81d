//! Messages as they were taken: one for each request, with a mail for each recipient.

use serde_json::Value;

use super::super::MailerSend;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Pages, Record};
use super::{DomainName, Email, Raw};
use crate::datetime::DateTime;
use crate::transport::Error;

const SCOPE: &str = "`email_full`, `activity_read` or `activity_full`";

/// A message that was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SentMessage {
    /// The id, as the status of the send had it.
    pub id: String,
    /// When it was taken.
    pub created_at: Option<DateTime>,
    /// When it changed last.
    pub updated_at: Option<DateTime>,
    /// Its mails, one for each recipient; told by [`Messages::get`] only.
    pub emails: Vec<Email>,
    /// The domain that sent it; told by [`Messages::get`] only.
    pub domain: Option<DomainName>,
    raw: Raw,
}

impl SentMessage {
    /// The object as it came.
    pub fn raw(&self) -> &Value {
        &self.raw.0
    }
}

impl Record for SentMessage {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        Self {
            id: fields.word("id"),
            created_at: fields.date("created_at"),
            updated_at: fields.date("updated_at"),
            emails: fields.items("emails").into_iter().cloned().map(Email::read).collect(),
            domain: DomainName::read(fields.value("domain")),
            raw: Raw(raw),
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Asks about messages: see [`MailerSend::messages`].
#[derive(Debug, Clone, Copy)]
pub struct Messages<'m>(&'m MailerSend);

impl MailerSend {
    /// The messages that were sent.
    pub fn messages(&self) -> Messages<'_> {
        Messages(self)
    }
}

impl Messages<'_> {
    /// All of them, or those of a domain, in no certain order.
    pub fn list(&self, domain_id: Option<&str>) -> Pages<SentMessage> {
        Pages::new(self.0, Question::get("messages").scope(SCOPE).query_some("domain_id", domain_id))
    }

    /// One message with its mails.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<SentMessage, Error> {
        let question = Question::get(format!("messages/{}", path_id("message_id", id)?)).scope(SCOPE);
        Ok(SentMessage::read(self.0.ask_data(&question).await?))
    }
}
