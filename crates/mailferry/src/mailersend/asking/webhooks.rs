//! Webhooks as MailerSend keeps them: where it posts what happens.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::MailerSend;
use super::ask::{Question, path_id};
use super::fields::{Fields, take_secret};
use super::page::{Pages, Record};
use super::{DomainName, Raw};
use crate::datetime::DateTime;
use crate::secret::Secret;
use crate::transport::Error;

const SCOPE: &str = "`webhooks_full`";

const REFUSED: &str = "see which field it is; for the URL: no other webhook may have it, and its receiver must run and \
                       answer the `webhook.test` that MailerSend posts to it first with 2xx";

/// A webhook.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Webhook {
    /// MailerSend's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// What is posted: `activity.delivered`, `maintenance.start`.
    pub events: Vec<String>,
    /// Whether it posts: false when it was switched off, or MailerSend paused it because it failed too often. A webhook
    /// just made may not tell.
    pub enabled: Option<bool>,
    /// The form of what is posted, 1 or 2. UNCERTAIN whether the API tells it.
    pub version: Option<u64>,
    /// What it signs with.
    pub secret: Option<Secret>,
    /// The domain whose mails it tells of.
    pub domain: Option<DomainName>,
    /// When it was made.
    pub created_at: Option<DateTime>,
    /// When it was changed last.
    pub updated_at: Option<DateTime>,
    raw: Raw,
}

impl Webhook {
    /// The object as it came, without the secret.
    pub fn raw(&self) -> &Value {
        &self.raw.0
    }
}

impl Record for Webhook {
    fn read(mut raw: Value) -> Self {
        let secret = take_secret(&mut raw, &["secret", "signing_secret"]);
        let fields = Fields::of(&raw);
        Self {
            id: fields.word("id"),
            name: fields.word("name"),
            url: fields.word("url"),
            events: fields.texts("events"),
            enabled: fields.flag("enabled"),
            version: fields.count("version"),
            secret,
            domain: DomainName::read(fields.value("domain")),
            created_at: fields.date("created_at"),
            updated_at: fields.date("updated_at"),
            raw: Raw(raw),
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// What a webhook is to be. What is not set stays as it is; of a new one MailerSend chooses it.
#[derive(Debug, Clone, Default, Serialize)]
#[must_use = "it is not saved until it is handed to `create` or `update`"]
pub struct WebhookSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u8>,
}

impl WebhookSettings {
    /// Nothing set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A name of at most 50 characters. Needed by a new one.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where to post: at most 191 characters, and not what another webhook has. Needed by a new one.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// What to post, instead of what was: `activity.delivered`. Needed by a new one, at least one.
    pub fn events<E: Into<String>>(mut self, events: impl IntoIterator<Item = E>) -> Self {
        self.events = Some(events.into_iter().map(Into::into).collect());
        self
    }

    /// Whether to post.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// In which form to post, 1 or 2. Form 1 ends on 2026-12-01.
    pub fn version(mut self, version: u8) -> Self {
        self.version = Some(version);
        self
    }
}

/// Asks about webhooks: see [`MailerSend::webhooks`].
#[derive(Debug, Clone, Copy)]
pub struct Webhooks<'m>(&'m MailerSend);

impl MailerSend {
    /// The account's webhooks.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }
}

impl Webhooks<'_> {
    /// Those of a domain.
    pub fn list(&self, domain_id: &str) -> Pages<Webhook> {
        Pages::new(self.0, Question::get("webhooks").scope(SCOPE).query("domain_id", domain_id))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<Webhook, Error> {
        Ok(Webhook::read(self.0.ask_data(&Question::get(path(id)?).scope(SCOPE)).await?))
    }

    /// Makes one for a domain. MailerSend posts a ping to the URL first, and saves nothing unless it is answered 2xx;
    /// the ping is signed with a secret that everybody knows, for the webhook's own is made with it.
    ///
    /// # Errors
    ///
    /// A refusal is [`Rejected`](crate::transport::ErrorKind::Rejected) with the fields. Not safe to repeat when the
    /// answer was lost, although the URL can be taken only once.
    pub async fn create(&self, domain_id: &str, settings: &WebhookSettings) -> Result<Webhook, Error> {
        let mut body = json!(settings);
        body["domain_id"] = domain_id.into();
        let question = Question::create("webhooks", body).scope(SCOPE).refused(REFUSED);
        Ok(Webhook::read(self.0.ask_data(&question).await?))
    }

    /// Changes what is set. A new URL is pinged as with [`create`](Self::create). Safe to repeat.
    ///
    /// # Errors
    ///
    /// As with `create`, and as with [`get`](Self::get).
    pub async fn update(&self, id: &str, settings: &WebhookSettings) -> Result<Webhook, Error> {
        let question = Question::put(path(id)?, json!(settings)).scope(SCOPE).refused(REFUSED);
        Ok(Webhook::read(self.0.ask_data(&question).await?))
    }

    /// Deletes one. Safe to repeat: what is gone is a 404.
    ///
    /// # Errors
    ///
    /// As with [`get`](Self::get).
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.0.ask(&Question::delete(path(id)?, None).scope(SCOPE)).await.map(drop)
    }
}

fn path(id: &str) -> Result<String, Error> {
    Ok(format!("webhooks/{}", path_id("webhook_id", id)?))
}
