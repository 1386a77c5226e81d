//! Inbound routes: which there are, new ones, and those that go.

use serde::{Deserialize, Serialize};

use super::webhook_changes::postable;
use super::{Asked, done};
use crate::inbound::{Filter, Filters, Forward, InboundRoute, Route};
use crate::reply::Reply;
use crate::service::{MOST_ROUTES, Service};

/// What `POST inbound/routes` takes. Without `domain` it listens only at the address that is made up for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    url: String,
    domain: Option<String>,
    name: Option<String>,
    priority: Option<u32>,
    secret: Option<String>,
}

/// The secrets are shown, as MailerSend's API shows them.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    address: &'a str,
    domain: Option<&'a str>,
    enabled: bool,
    priority: u32,
    forwards: Vec<ShownForward<'a>>,
    /// The conditions that a mail is held against.
    filters: Vec<ShownFilter<'a>>,
}

/// `id` is what its deliveries are listed by.
#[derive(Serialize)]
struct ShownForward<'a> {
    r#type: &'static str,
    id: Option<&'a str>,
    value: &'a str,
    secret: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownFilter<'a> {
    r#type: &'static str,
    key: Option<&'a str>,
    comparer: &'static str,
    value: &'a str,
}

/// The answer, when the request is about inbound routes.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["inbound", "routes"]) => list(service),
        ("POST", ["inbound", "routes"]) => add(service, asked).unwrap_or_else(|refused| refused),
        ("DELETE", ["inbound", "routes", id]) => {
            if service.state().delete_route(id) {
                done()
            } else {
                Reply::sentence(404, "The emulator has no such inbound route.")
            }
        }
        _ => return None,
    })
}

fn list(service: &Service) -> Reply {
    let state = service.state();
    let shown: Vec<Shown<'_>> = state.inbound.routes.iter().map(show).collect();
    Reply::json(200, &shown)
}

fn add(service: &Service, asked: &Asked<'_>) -> Result<Reply, Reply> {
    let New { url, domain, name, priority, secret } = asked.form()?;
    let mut route = InboundRoute::to(postable(url)?).priority(priority.unwrap_or_default());
    if let Some(domain) = domain.filter(|domain| !domain.trim().is_empty()) {
        route = route.domain(domain.trim());
    }
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        route = route.name(name);
    }
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        route = route.secret(secret);
    }
    let mut state = service.state();
    if state.inbound.routes.len() >= MOST_ROUTES {
        return Err(Reply::sentence(422, "There are too many inbound routes: delete some first."));
    }
    let added = state.add_route(route);
    let found = state.inbound.routes.iter().find(|route| route.id == added.id());
    Ok(found.map_or_else(done, |route| Reply::json(201, &show(route))))
}

fn show(route: &Route) -> Shown<'_> {
    let Route { id, domain_id: _, name, address, domain, enabled, priority, catch, matching, forwards } = route;
    Shown {
        id,
        name,
        address,
        domain: domain.as_deref(),
        enabled: *enabled,
        priority: *priority,
        forwards: forwards.iter().map(show_forward).collect(),
        filters: show_filters(catch).chain(show_filters(matching)).collect(),
    }
}

fn show_forward(forward: &Forward) -> ShownForward<'_> {
    let (id, secret) = match forward {
        Forward::Webhook { id, url: _, secret } => (Some(id.as_str()), Some(secret.as_str())),
        Forward::Email { .. } => (None, None),
    };
    ShownForward { r#type: forward.kind(), id, value: forward.value(), secret }
}

fn show_filters(filters: &Filters) -> impl Iterator<Item = ShownFilter<'_>> {
    filters.items.iter().map(|Filter { key, comparer, value }| ShownFilter {
        r#type: filters.subject.name(),
        key: key.as_deref(),
        comparer: comparer.name(),
        value,
    })
}
