//! `/v1/webhooks`: registering, changing and deleting webhooks.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::domains::Domain;
use super::query::{json_body, note};
use super::{Service, State, invalid, not_found, refuse};
use crate::clock::object_time;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{Findings, WEBHOOK, WEBHOOK_DOMAIN, examine, is_true, number, unanswered};
use crate::webhooks::delivery::Parcel;
use crate::webhooks::{Change, EVENTS, RegisteredWebhook, Retries, Webhook, WebhookVersion, body};

/// What the first request to a URL is signed with, since its own secret does not exist yet: a published constant.
const TEST_KEY: &str = "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G";
/// More are refused as MailerSend refuses those that come too fast; where its own limit is, is UNCERTAIN.
pub(crate) const MOST_WEBHOOKS: usize = 1_000;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// As recorded in 2025 (facts sheet 6.1), with `version` as recorded in 2026.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    url: &'a str,
    events: &'a [String],
    name: &'a str,
    version: u8,
    enabled: Option<bool>,
    /// Null when the webhook is created, and true ever after.
    editable: Option<bool>,
    secret: &'a str,
    created_at: String,
    updated_at: String,
    /// Null for all domains, which MailerSend does not have.
    domain: Option<Domain>,
}

impl Service {
    pub(super) fn webhooks(&self, request: &Request, now: Timestamp) -> Reply {
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let state = self.state();
        let findings = examine(WEBHOOK_DOMAIN, &query, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return invalid(&findings);
        }
        let wanted = query.get("domain_id").and_then(Value::as_str).and_then(|id| state.domain_name(id));
        let of_domain = |webhook: &&RegisteredWebhook| webhook.domain.is_none() || webhook.domain.as_deref() == wanted;
        let shown: Vec<Shown<'_>> =
            state.webhooks.iter().filter(of_domain).map(|webhook| self.show(&state, webhook)).collect();
        self.counted(shown.into_iter(), &page, "webhooks")
    }

    pub(super) fn webhook(&self, id: &str) -> Reply {
        let state = self.state();
        let found = state.webhooks.iter().find(|webhook| webhook.id == id);
        found.map_or_else(not_found, |webhook| Reply::json(200, &Data { data: self.show(&state, webhook) }))
    }

    pub(super) async fn add_webhook(&self, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let findings = self.examine_webhook(&root, None, now);
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        if self.state().webhooks.len() >= MOST_WEBHOOKS {
            return refuse("create.too_many", &[]);
        }
        let url = text(&root, "url").unwrap_or_default();
        if !self.answers(&url, now).await {
            return invalid(&unanswered());
        }
        let mut state = self.state();
        let domain_id = text(&root, "domain_id").unwrap_or_default();
        let mut webhook = Webhook::new(&*url).events(events(&root)).version(version(&root).unwrap_or_default());
        webhook.name = text(&root, "name").unwrap_or_default();
        webhook.domain = state.domain_name(&domain_id).map(str::to_owned);
        let enabled = root.get("enabled").filter(|enabled| !enabled.is_null()).map(is_true);
        let mut registered = state.register(webhook, now);
        if enabled == Some(false) {
            registered.enabled = false;
            if let Some(last) = state.webhooks.last_mut() {
                last.enabled = false;
            }
        }
        let shown = Shown { enabled, editable: None, ..self.show(&state, &registered) };
        Reply::json(201, &Data { data: shown })
    }

    pub(super) async fn change_webhook(&self, id: &str, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let known = self.state().webhooks.iter().find(|webhook| webhook.id == id).cloned();
        let Some(known) = known else { return not_found() };
        let findings = self.examine_webhook(&root, Some(&known), now);
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let url = text(&root, "url").filter(|url| *url != known.url);
        if let Some(url) = &url
            && !self.answers(url, now).await
        {
            return invalid(&unanswered());
        }
        let change = Change {
            url,
            name: text(&root, "name"),
            events: root.get("events").map(|_| events(&root)),
            version: version(&root),
            enabled: root.get("enabled").filter(|enabled| !enabled.is_null()).map(is_true),
        };
        let mut state = self.state();
        // It may have been deleted while its new URL was asked.
        let Some(webhook) = state.change_webhook(id, change, now) else { return not_found() };
        Reply::json(200, &Data { data: self.show(&state, &webhook) })
    }

    pub(super) fn delete_webhook(&self, id: &str) -> Reply {
        if self.state().delete_webhook(id) { Reply::nothing() } else { not_found() }
    }

    /// What is wrong with a new webhook, or with `known` once it is changed.
    fn examine_webhook(&self, root: &Value, known: Option<&RegisteredWebhook>, now: Timestamp) -> Findings {
        let state = self.state();
        let others = state.webhooks.iter().filter(|webhook| known.is_none_or(|known| known.id != webhook.id));
        let taken: Vec<&str> = others.map(|webhook| webhook.url.as_str()).collect();
        let facts = self.facts(&state, now, &taken);
        let mut findings = examine(WEBHOOK, &known.map_or_else(|| root.clone(), |known| changed(known, root)), &facts);
        if known.is_none() {
            findings.append(examine(WEBHOOK_DOMAIN, root, &facts));
        }
        findings
    }

    /// Whether `url` answers the first request to it as it should.
    async fn answers(&self, url: &str, now: Timestamp) -> bool {
        let (ping, within) = (Bytes::from(body::ping(now)), self.settings.webhook_timeout);
        let answer = self.dispatch.poster.post(url, TEST_KEY, ping, within).await;
        matches!(answer, Ok(200..=299))
    }

    /// Posts a ping to the webhook `id` soon, signed as the first request to its URL is; `false` when there is none.
    pub(crate) fn ping(&self, id: &str) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let Some(webhook) = state.webhooks.iter().find(|webhook| webhook.id == id) else { return false };
        let ping = Parcel {
            secret: TEST_KEY.to_owned(),
            retries: Retries::none(),
            ..webhook.parcel("webhook.test", body::ping(now), &self.settings)
        };
        state.outbox.push_surely(ping, now);
        self.wake(&state);
        true
    }

    fn show<'a>(&self, state: &State, webhook: &'a RegisteredWebhook) -> Shown<'a> {
        Shown {
            id: &webhook.id,
            url: &webhook.url,
            events: &webhook.events,
            name: &webhook.name,
            enabled: Some(webhook.enabled),
            editable: Some(true),
            secret: &webhook.secret,
            created_at: object_time(webhook.created_at),
            updated_at: object_time(webhook.updated_at),
            version: webhook.version.number(),
            domain: webhook.domain.as_deref().map(|name| self.domain_called(state, name, webhook.created_at)),
        }
    }
}

/// The fields of `known`, with what `root` says instead.
fn changed(known: &RegisteredWebhook, root: &Value) -> Value {
    let mut fields = Map::new();
    fields.insert("url".to_owned(), known.url.as_str().into());
    fields.insert("name".to_owned(), known.name.as_str().into());
    fields.insert("events".to_owned(), known.events.as_slice().into());
    for (name, value) in root.as_object().into_iter().flatten() {
        fields.insert(name.clone(), value.clone());
    }
    Value::Object(fields)
}

fn text(root: &Value, name: &str) -> Option<String> {
    root.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Each once, so that a webhook stays small however long its list was.
fn events(root: &Value) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    for name in root.get("events").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if EVENTS.contains(&name) && !events.iter().any(|known| known == name) {
            events.push(name.to_owned());
        }
    }
    events
}

fn version(root: &Value) -> Option<WebhookVersion> {
    root.get("version").and_then(number).and_then(WebhookVersion::from_number)
}
