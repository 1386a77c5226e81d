//! The account's domains.

use serde_json::{Value, json};

use super::super::{MailerSend, builder};
use super::Raw;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Pages, Record};
use crate::datetime::DateTime;
use crate::transport::Error;

const READ: &str = "`domains_read` or `domains_full`";
const WRITE: &str = "`domains_full`";

/// Which domain something belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainName {
    /// MailerSend's id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl DomainName {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let fields = Fields::of(value);
        value.is_object().then(|| Self { id: fields.word("id"), name: fields.word("name") })
    }
}

/// A domain to send from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Domain {
    /// MailerSend's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether MailerSend sends from it.
    pub is_verified: Option<bool>,
    /// Whether its DNS records are in order.
    pub is_dns_active: Option<bool>,
    /// Whether its SPF record is in order.
    pub spf: Option<bool>,
    /// Whether its DKIM record is in order.
    pub dkim: Option<bool>,
    /// Whether its messages are taken and held back.
    pub send_paused: Option<bool>,
    /// How many messages are held back.
    pub held_back: Option<u64>,
    /// When it was added.
    pub created_at: Option<DateTime>,
    raw: Raw,
}

impl Domain {
    /// The object as it came; `domain_settings` has what can be set.
    pub fn raw(&self) -> &Value {
        &self.raw.0
    }
}

impl Record for Domain {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        Self {
            id: fields.word("id"),
            name: fields.word("name"),
            is_verified: fields.flag("is_verified"),
            is_dns_active: fields.flag("is_dns_active"),
            spf: fields.flag("spf"),
            dkim: fields.flag("dkim"),
            send_paused: fields.object("domain_settings").flag("send_paused"),
            held_back: fields.count("not_queued_messages_count"),
            created_at: fields.date("created_at"),
            raw: Raw(raw),
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Asks about domains: see [`MailerSend::domains`].
#[derive(Debug, Clone, Copy)]
pub struct Domains<'m>(&'m MailerSend);

impl MailerSend {
    /// The account's domains.
    pub fn domains(&self) -> Domains<'_> {
        Domains(self)
    }
}

impl Domains<'_> {
    /// All of them, or those that are verified, or are not.
    pub fn list(&self, verified: Option<bool>) -> Pages<Domain> {
        Pages::new(self.0, Question::get("domains").scope(READ).query_some("verified", verified))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<Domain, Error> {
        let question = Question::get(format!("domains/{}", path_id("domain_id", id)?)).scope(READ);
        Ok(Domain::read(self.0.ask_data(&question).await?))
    }

    /// The one with this name, whatever its case and encoding: looked for in the list, a request for each hundred of
    /// them.
    ///
    /// # Errors
    ///
    /// As MailerSend answers.
    pub async fn named(&self, name: &str) -> Result<Option<Domain>, Error> {
        let key = |name: &str| builder::domain_key(name).unwrap_or_else(|| name.trim().to_ascii_lowercase());
        let wanted = key(name);
        let mut domains = self.list(None);
        while let Some(domain) = domains.next().await {
            let domain = domain?;
            if key(&domain.name) == wanted {
                return Ok(Some(domain));
            }
        }
        Ok(None)
    }

    /// Holds back what is sent from a domain, or lets it go. Safe to repeat.
    ///
    /// # Errors
    ///
    /// As with [`get`](Self::get).
    pub async fn set_send_paused(&self, id: &str, paused: bool) -> Result<Domain, Error> {
        let path = format!("domains/{}/settings", path_id("domain_id", id)?);
        let question = Question::put(path, json!({"send_paused": paused})).scope(WRITE);
        Ok(Domain::read(self.0.ask_data(&question).await?))
    }
}
