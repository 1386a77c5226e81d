//! Messages that are to be sent later.

use std::fmt;

use serde_json::Value;

use super::super::MailerSend;
use super::DomainName;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Pages, Record};
use crate::datetime::DateTime;
use crate::transport::Error;

const SCOPE: &str = "`email_full`";

/// A message that is to be sent later, or was.
#[derive(Clone)]
#[non_exhaustive]
pub struct Schedule {
    /// The message's id.
    pub message_id: String,
    /// Its subject.
    pub subject: Option<String>,
    /// When it is to be sent.
    pub send_at: Option<DateTime>,
    /// `scheduled`, `sent`, `error`, and whatever comes later.
    pub status: String,
    /// What went wrong.
    pub status_message: Option<String>,
    /// When it was taken.
    pub created_at: Option<DateTime>,
    /// The domain that sends it; told by [`Schedules::get`] only.
    pub domain: Option<DomainName>,
    raw: Value,
}

impl Schedule {
    /// The object as it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl Record for Schedule {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        Self {
            message_id: fields.text("message_id").unwrap_or_else(|| fields.object("message").word("id")),
            subject: fields.text("subject"),
            send_at: fields.date("send_at"),
            status: fields.word("status"),
            status_message: fields.text("status_message"),
            created_at: fields.date("created_at"),
            domain: DomainName::read(fields.value("domain")),
            raw,
        }
    }

    fn id(&self) -> &str {
        &self.message_id
    }
}

impl fmt::Debug for Schedule {
    /// Leaves out the subject.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("message_id", &self.message_id)
            .field("send_at", &self.send_at)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Asks about messages that are to be sent later: see [`MailerSend::schedules`].
#[derive(Debug, Clone, Copy)]
pub struct Schedules<'m>(&'m MailerSend);

impl MailerSend {
    /// The messages that are to be sent later.
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules(self)
    }
}

impl Schedules<'_> {
    /// All of them, or those of a domain, or with a status: `scheduled`, `sent`, `error`.
    pub fn list(&self, domain_id: Option<&str>, status: Option<&str>) -> Pages<Schedule> {
        let question = Question::get("message-schedules").scope(SCOPE);
        Pages::new(self.0, question.query_some("domain_id", domain_id).query_some("status", status))
    }

    /// One of them, by its message's id.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, message_id: &str) -> Result<Schedule, Error> {
        Ok(Schedule::read(self.0.ask_data(&Question::get(path(message_id)?).scope(SCOPE)).await?))
    }

    /// Takes a message back before it is sent: safe to repeat.
    ///
    /// # Errors
    ///
    /// Also status 404 when it was sent, is about to be, or was taken back before.
    pub async fn cancel(&self, message_id: &str) -> Result<(), Error> {
        self.0.ask(&Question::delete(path(message_id)?, None).scope(SCOPE)).await.map(drop)
    }
}

fn path(message_id: &str) -> Result<String, Error> {
    Ok(format!("message-schedules/{}", path_id("message_id", message_id)?))
}
