//! Webhooks made, changed, deleted and tried by hand.

use serde::Deserialize;

use super::webhooks::show;
use super::{Asked, done};
use crate::reply::Reply;
use crate::service::{MOST_WEBHOOKS, Service};
use crate::webhooks::delivery::is_postable;
use crate::webhooks::{Change, EVENTS, Webhook, WebhookVersion};

/// What `POST webhooks` takes. Without `events` it hears of all, without `domain` of every domain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    url: String,
    events: Option<Vec<String>>,
    version: Option<u64>,
    domain: Option<String>,
    name: Option<String>,
    secret: Option<String>,
}

/// What `PUT webhooks/{id}` takes: what is not there stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    url: Option<String>,
    name: Option<String>,
    events: Option<Vec<String>>,
    version: Option<u64>,
    enabled: Option<bool>,
}

/// The answer, when the request is about one webhook or a new one.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    let answer = match (asked.method, parts) {
        ("POST", ["webhooks"]) => add(service, asked),
        ("PUT", ["webhooks", id]) => change(service, asked, id),
        ("POST", ["webhooks", id, "ping"]) => {
            if service.ping(id) {
                Ok(Reply { status: 202, headers: Vec::new(), body: Vec::new() })
            } else {
                Err(unknown())
            }
        }
        ("DELETE", ["webhooks", id]) => {
            if service.state().delete_webhook(id) {
                Ok(done())
            } else {
                Err(unknown())
            }
        }
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refused| refused))
}

fn unknown() -> Reply {
    Reply::sentence(404, "The emulator has no such webhook.")
}

fn add(service: &Service, asked: &Asked<'_>) -> Result<Reply, Reply> {
    let New { url, events, version, domain, name, secret } = asked.form()?;
    let mut webhook = Webhook::new(postable(url)?).version(version.map(known_version).transpose()?.unwrap_or_default());
    if let Some(events) = events {
        webhook = webhook.events(known_events(&events)?);
    }
    if let Some(domain) = domain.filter(|domain| !domain.trim().is_empty()) {
        webhook = webhook.domain(domain.trim());
    }
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        webhook = webhook.name(name);
    }
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        webhook = webhook.secret(secret);
    }
    let now = service.clock.now();
    // Nobody hears of what happened before.
    let mut state = service.caught_up(now);
    if state.webhooks.len() >= MOST_WEBHOOKS {
        return Err(Reply::sentence(422, "There are too many webhooks: delete some first."));
    }
    Ok(Reply::json(201, &show(&state.register(webhook, now))))
}

fn change(service: &Service, asked: &Asked<'_>, id: &str) -> Result<Reply, Reply> {
    let Changed { url, name, events, version, enabled } = asked.form()?;
    let change = Change {
        url: url.map(postable).transpose()?,
        name,
        events: events.as_deref().map(known_events).transpose()?,
        version: version.map(known_version).transpose()?,
        enabled,
    };
    let now = service.clock.now();
    let changed = service.caught_up(now).change_webhook(id, change, now);
    changed.map_or_else(|| Err(unknown()), |webhook| Ok(Reply::json(200, &show(&webhook))))
}

/// A URL that something can be posted to.
pub(super) fn postable(url: String) -> Result<String, Reply> {
    if is_postable(&url) {
        return Ok(url);
    }
    Err(Reply::sentence(422, "The URL is none to post to: give one such as http://127.0.0.1:8000/mailersend/tracking."))
}

fn known_version(number: u64) -> Result<WebhookVersion, Reply> {
    WebhookVersion::from_number(number).ok_or_else(|| Reply::sentence(422, "The version is 1 or 2."))
}

/// Each once, in the order of the documentation.
fn known_events(wanted: &[String]) -> Result<Vec<String>, Reply> {
    if let Some(unknown) = wanted.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        let sentence = format!("{unknown:?} is no event: give some of {}.", EVENTS.join(", "));
        return Err(Reply::sentence(422, &sentence));
    }
    if wanted.is_empty() {
        return Err(Reply::sentence(422, "A webhook without events hears of nothing: give one at least."));
    }
    let known = EVENTS.iter().filter(|event| wanted.iter().any(|wanted| wanted == *event));
    Ok(known.map(|event| (*event).to_owned()).collect())
}
