//! Which webhooks there are, and which of them want to hear of an event.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::body;
use super::delivery::{Notice, Parcel, Receiver};
use super::outbox::Answered;
use crate::live::Area;
use crate::service::State;
use crate::settings::Settings;

/// Every event that a webhook can be registered for (facts sheet 6.2; `email_list.created` recorded in 2026).
pub(crate) const EVENTS: &[&str] = &[
    "activity.sent",
    "activity.delivered",
    "activity.soft_bounced",
    "activity.hard_bounced",
    "activity.deferred",
    "activity.opened",
    "activity.opened_unique",
    "activity.clicked",
    "activity.clicked_unique",
    "activity.unsubscribed",
    "activity.spam_complaint",
    "activity.suppressed",
    "activity.survey_opened",
    "activity.survey_submitted",
    "sender_identity.verified",
    "maintenance.start",
    "maintenance.end",
    "inbound_forward.failed",
    "inbound_message.rejected",
    "email_single.verified",
    "email_list.verified",
    "email_list.created",
    "bulk_email.completed",
    "recipient.on_hold_added",
    "recipient.on_hold_removed",
];

/// In which of its two forms the service tells of activities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum WebhookVersion {
    /// The older one, with the whole email inside.
    V1,
    /// The lighter one of 2025, which MailerSend recommends.
    #[default]
    V2,
}

impl WebhookVersion {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        [Self::V1, Self::V2].into_iter().find(|version| u64::from(version.number()) == number)
    }
}

/// When a webhook that fails is paused until somebody enables it again.
///
/// Documented until 2025: 20 failures within 24 hours, which is the default. In 2026 the documentation says "down too
/// long" and no number, so this is UNCERTAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pausing {
    /// So many failed attempts…
    pub failures: u16,
    /// … within this time.
    pub within: Duration,
}

impl Default for Pausing {
    fn default() -> Self {
        Self { failures: 20, within: Duration::from_hours(24) }
    }
}

/// A webhook to be registered without asking the API, and without the ping that comes with it.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::{Webhook, WebhookVersion};
///
/// let webhook = Webhook::new("http://127.0.0.1:8000/mailersend/tracking")
///     .events(["activity.delivered", "activity.hard_bounced"])
///     .version(WebhookVersion::V1)
///     .domain("shop.example");
/// ```
#[must_use]
#[derive(Clone)]
pub struct Webhook {
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) events: Vec<String>,
    pub(crate) version: WebhookVersion,
    pub(crate) domain: Option<String>,
    pub(crate) secret: Option<String>,
}

impl Webhook {
    /// A webhook at `url` that hears of everything that happens in the account, in version 2.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: "Webhook".to_owned(),
            events: EVENTS.iter().map(|event| (*event).to_owned()).collect(),
            version: WebhookVersion::default(),
            domain: None,
            secret: None,
        }
    }

    /// Hears only of `events`, in MailerSend's words: `activity.sent`…
    pub fn events<S: Into<String>>(self, events: impl IntoIterator<Item = S>) -> Self {
        Self { events: events.into_iter().map(Into::into).collect(), ..self }
    }

    /// Is told in this form.
    pub fn version(self, version: WebhookVersion) -> Self {
        Self { version, ..self }
    }

    /// Hears only of mail from `domain`. MailerSend has no other webhooks; by default it is all domains.
    pub fn domain(self, domain: impl AsRef<str>) -> Self {
        Self { domain: Some(domain.as_ref().to_ascii_lowercase()), ..self }
    }

    /// Signs with `secret` instead of one made up.
    pub fn secret(self, secret: impl Into<String>) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }

    /// Is called `name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl fmt::Debug for Webhook {
    /// Without its secret, and without its URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, name, events, version, domain, secret: _ } = self;
        f.debug_struct("Webhook")
            .field("name", name)
            .field("events", events)
            .field("version", version)
            .field("domain", domain)
            .finish_non_exhaustive()
    }
}

/// What becomes different of a webhook; `None` stays as it is.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) url: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) events: Option<Vec<String>>,
    pub(crate) version: Option<WebhookVersion>,
    pub(crate) enabled: Option<bool>,
}

/// A webhook that the account has.
#[derive(Clone, Serialize, Deserialize)]
pub struct RegisteredWebhook {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) events: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) version: WebhookVersion,
    pub(crate) secret: String,
    /// The name of its domain; `None`: all of them.
    pub(crate) domain: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// When deliveries failed lately.
    pub(crate) failures: VecDeque<Timestamp>,
}

impl RegisteredWebhook {
    /// Its id, of sixteen characters.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where events are posted to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What events are signed with.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// In which form it is told.
    pub fn version(&self) -> WebhookVersion {
        self.version
    }

    /// Whether it is told of events: not when it was switched off, or failed too often.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether it is what `webhook` would become, if it were not there already.
    pub(crate) fn is_as(&self, webhook: &Webhook) -> bool {
        let Webhook { url, name: _, events, version, domain, secret } = webhook;
        self.url == *url
            && self.events == *events
            && self.version == *version
            && self.domain == *domain
            && secret.as_ref().is_none_or(|secret| self.secret == *secret)
    }

    pub(crate) fn wants(&self, event: &str, domain: Option<&str>) -> bool {
        let domains = self.domain.as_deref().zip(domain);
        self.enabled
            && domains.is_none_or(|(mine, its)| mine == its)
            && self.events.iter().any(|wanted| wanted == event)
    }

    pub(crate) fn receiver(&self) -> Receiver {
        Receiver::Webhook(self.id.clone())
    }

    pub(crate) fn parcel(&self, event: &str, body: Vec<u8>, settings: &Settings) -> Parcel {
        Parcel {
            receiver: self.receiver(),
            kind: event.to_owned(),
            url: self.url.clone(),
            secret: self.secret.clone(),
            body: Bytes::from(body),
            retries: settings.webhook_retries.clone(),
            if_lost: None,
            about: None,
        }
    }
}

impl fmt::Debug for RegisteredWebhook {
    /// Without its secret, and without its URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredWebhook")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Adds a webhook, which is enabled.
    pub(crate) fn register(&mut self, webhook: Webhook, now: Timestamp) -> RegisteredWebhook {
        let Webhook { url, name, events, version, domain, secret } = webhook;
        if let Some(domain) = &domain {
            self.domain_id(domain);
        }
        let (id, made_up) = (self.ids.hashid(), self.ids.secret());
        let registered = RegisteredWebhook {
            id,
            url,
            name,
            events,
            enabled: true,
            version,
            secret: secret.unwrap_or(made_up),
            domain,
            created_at: now,
            updated_at: now,
            failures: VecDeque::new(),
        };
        self.webhooks.push(registered.clone());
        self.changes.touch(Area::Webhooks);
        registered
    }

    /// Changes a webhook; `None` when there is none with this id. What waits for it goes to its new URL, and nothing waits
    /// for one that is switched off.
    pub(crate) fn change_webhook(&mut self, id: &str, change: Change, now: Timestamp) -> Option<RegisteredWebhook> {
        let Self { webhooks, outbox, .. } = self;
        let webhook = webhooks.iter_mut().find(|webhook| webhook.id == id)?;
        let Change { url, name, events, version, enabled } = change;
        if let Some(url) = url {
            outbox.redirect(&webhook.receiver(), &url);
            webhook.url = url;
        }
        if let Some(name) = name {
            webhook.name = name;
        }
        if let Some(events) = events {
            webhook.events = events;
        }
        if let Some(version) = version {
            webhook.version = version;
        }
        if let Some(enabled) = enabled {
            webhook.enabled = enabled;
            webhook.failures.clear();
            if !enabled {
                outbox.forget(&webhook.receiver());
            }
        }
        webhook.updated_at = now;
        Some(webhook.clone())
    }

    /// Deletes a webhook and what waits for it; `false` when there is none with this id.
    pub(crate) fn delete_webhook(&mut self, id: &str) -> bool {
        let Self { webhooks, outbox, .. } = self;
        let Some(position) = webhooks.iter().position(|webhook| webhook.id == id) else { return false };
        outbox.forget(&webhooks.remove(position).receiver());
        true
    }

    /// Posts an event of the account to everyone who wants to hear of it.
    pub(crate) fn announce(&mut self, settings: &Settings, notice: &Notice, now: Timestamp) {
        let Self { webhooks, outbox, faults, .. } = self;
        for webhook in webhooks.iter().filter(|webhook| webhook.wants(notice.kind, notice.domain.as_deref())) {
            let body = body::account(notice.kind, &notice.data, webhook, now);
            outbox.push(webhook.parcel(notice.kind, body, settings), now, faults);
        }
    }

    /// Takes note of an attempt: a webhook that fails too often is paused, and nothing waits for it any longer.
    pub(crate) fn note_delivery(&mut self, settings: &Settings, answered: &Answered, now: Timestamp) {
        let Receiver::Webhook(id) = &answered.receiver else { return };
        let webhook = self.webhooks.iter_mut().find(|webhook| webhook.id == *id);
        let is_listening = webhook.is_some_and(|webhook| {
            if let Some(pausing) = settings.webhook_pausing.filter(|_| answered.failed) {
                webhook.failed(pausing, now);
            }
            webhook.enabled
        });
        if answered.failed {
            // It may have been paused.
            self.changes.touch(Area::Webhooks);
        }
        if !is_listening {
            self.outbox.forget(&answered.receiver);
        }
    }
}

impl RegisteredWebhook {
    fn failed(&mut self, pausing: Pausing, now: Timestamp) {
        let recent = |at: &Timestamp| crate::clock::later(*at, pausing.within) > now;
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|at| !recent(at)) {
            self.failures.pop_front();
        }
        if self.failures.len() >= usize::from(pausing.failures) {
            self.enabled = false;
            self.updated_at = now;
            self.failures.clear();
        }
    }
}
