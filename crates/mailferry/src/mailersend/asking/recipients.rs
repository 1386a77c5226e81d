//! Everybody whom the account ever sent to.

use std::fmt;

use serde_json::Value;

use super::super::MailerSend;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Pages, Record};
use super::{DomainName, Email};
use crate::datetime::DateTime;
use crate::transport::Error;

const SCOPE: &str = "`recipients_read` or `recipients_full`";

/// Somebody whom the account has sent to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Recipient {
    /// MailerSend's id.
    pub id: String,
    /// The address, as MailerSend writes it.
    pub email: String,
    /// When the first mail was sent.
    pub created_at: Option<DateTime>,
    /// When it changed last.
    pub updated_at: Option<DateTime>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime>,
    /// The domain that sent, where it is told.
    pub domain: Option<DomainName>,
    /// The mails, where they are told: by [`Recipients::get`].
    pub emails: Vec<Email>,
    raw: Value,
}

impl Recipient {
    /// The object as it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl Record for Recipient {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        Self {
            id: fields.word("id"),
            email: fields.word("email"),
            created_at: fields.date("created_at"),
            updated_at: fields.date("updated_at"),
            deleted_at: fields.date("deleted_at"),
            domain: DomainName::read(fields.value("domain")),
            emails: fields.items("emails").into_iter().cloned().map(Email::read).collect(),
            raw,
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Recipient {
    /// Leaves out what names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("id", &self.id).field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// Asks about recipients: see [`MailerSend::recipients`].
#[derive(Debug, Clone, Copy)]
pub struct Recipients<'m>(&'m MailerSend);

impl MailerSend {
    /// Whom the account has sent to.
    pub fn recipients(&self) -> Recipients<'_> {
        Recipients(self)
    }
}

impl Recipients<'_> {
    /// All of them, or those of a domain.
    pub fn list(&self, domain_id: Option<&str>) -> Pages<Recipient> {
        Pages::new(self.0, Question::get("recipients").scope(SCOPE).query_some("domain_id", domain_id))
    }

    /// One of them, with the mails that were sent.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<Recipient, Error> {
        Ok(Recipient::read(self.0.ask_data(&Question::get(path(id)?).scope(SCOPE)).await?))
    }

    /// Deletes one: safe to repeat, for what is gone is a 404.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.0.ask(&Question::delete(path(id)?, None).scope("`recipients_full`")).await.map(drop)
    }
}

fn path(id: &str) -> Result<String, Error> {
    Ok(format!("recipients/{}", path_id("recipient_id", id)?))
}
