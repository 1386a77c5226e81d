//! `/v1/inbound`: the routes that mail comes in by.

use serde::Serialize;
use serde_json::Value;

use super::query::{json_body, note};
use super::{Service, State, invalid, not_found, refuse};
use crate::inbound::{Combine, Comparer, Filter, Filters, Forward, INBOUND_HOST, InboundRoute, Route, Subject};
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{INBOUND, INBOUND_DOMAIN, examine, is_true, number};
use crate::webhooks::delivery::Receiver;

/// More are refused as MailerSend refuses them; where its own limit is, is UNCERTAIN.
pub(crate) const MOST_ROUTES: usize = 1_000;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// As recorded in 2024 (facts sheet 7.1); `id` of a forward is in models of the vendor's SDKs only.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    address: &'a str,
    domain: Option<&'a str>,
    dns_checked_at: Option<()>,
    enabled: bool,
    filters: Vec<ShownFilter<'a>>,
    forwards: Vec<ShownForward<'a>>,
    priority: u32,
    #[serde(rename = "mxValues")]
    mx_values: Mx,
    catch_type: &'static str,
    match_type: &'static str,
}

#[derive(Serialize)]
struct ShownFilter<'a> {
    r#type: &'static str,
    key: Option<&'a str>,
    comparer: Option<&'static str>,
    value: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownForward<'a> {
    r#type: &'static str,
    value: &'a str,
    secret: Option<&'a str>,
}

#[derive(Serialize)]
struct Mx {
    priority: &'static str,
    target: &'static str,
}

impl Service {
    pub(super) fn inbound_routes(&self, request: &Request) -> Reply {
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let wanted = query.get("domain_id").and_then(Value::as_str);
        let state = self.state();
        let of_domain = |route: &&Route| wanted.is_none_or(|wanted| route.domain_id.as_deref() == Some(wanted));
        let routes: Vec<Shown<'_>> = state.inbound.routes.iter().filter(of_domain).map(show).collect();
        self.counted(routes.into_iter(), &page, "inbound")
    }

    pub(super) fn inbound_route(&self, id: &str) -> Reply {
        let state = self.state();
        let found = state.inbound.routes.iter().find(|route| route.id == id);
        found.map_or_else(not_found, |route| Reply::json(200, &Data { data: show(route) }))
    }

    pub(super) fn create_inbound_route(&self, request: &Request) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let facts = self.facts(&state, self.clock.now(), &[]);
        let mut findings = examine(INBOUND_DOMAIN, &root, &facts);
        findings.append(examine(INBOUND, &root, &facts));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        if state.inbound.routes.len() >= MOST_ROUTES {
            return refuse("create.too_many", &[]);
        }
        let domain_id = root.get("domain_id").and_then(Value::as_str).map(str::to_owned);
        let mut route = Route::new(InboundRoute::to(String::new()), domain_id, &mut state.ids);
        route.forwards.clear();
        read(&mut route, &root, &mut state);
        let reply = Reply::json(201, &Data { data: show(&route) });
        state.inbound.routes.push(route);
        reply
    }

    pub(super) fn change_inbound_route(&self, id: &str, request: &Request) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let Some(mut route) = state.inbound.routes.iter().find(|route| route.id == id).cloned() else {
            return not_found();
        };
        let findings = examine(INBOUND, &root, &self.facts(&state, self.clock.now(), &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        read(&mut route, &root, &mut state);
        let reply = Reply::json(200, &Data { data: show(&route) });
        let stays: Vec<Receiver> = route.forwards.iter().filter_map(receiver).collect();
        if let Some(known) = state.inbound.routes.iter_mut().find(|known| known.id == id) {
            let before = std::mem::replace(known, route).forwards;
            for gone in before.iter().filter_map(receiver).filter(|receiver| !stays.contains(receiver)) {
                state.outbox.forget(&gone);
            }
        }
        reply
    }

    pub(super) fn delete_inbound_route(&self, id: &str) -> Reply {
        if self.state().delete_route(id) { Reply::nothing() } else { not_found() }
    }
}

impl State {
    /// Deletes a route and what waits to be posted by it; `false` when there is none with this id.
    pub(crate) fn delete_route(&mut self, id: &str) -> bool {
        let Some(position) = self.inbound.routes.iter().position(|route| route.id == id) else { return false };
        let route = self.inbound.routes.remove(position);
        for receiver in route.forwards.iter().filter_map(receiver) {
            self.outbox.forget(&receiver);
        }
        true
    }
}

fn receiver(forward: &Forward) -> Option<Receiver> {
    match forward {
        Forward::Webhook { id, .. } => Some(Receiver::Forward(id.clone())),
        Forward::Email { .. } => None,
    }
}

/// Makes `route` what the valid `root` says. What it does not say stays as it is.
fn read(route: &mut Route, root: &Value, state: &mut State) {
    let text = |name: &str| root.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(name) = text("name") {
        route.name = name;
    }
    if let Some(enabled) = root.get("domain_enabled") {
        let domain = text("inbound_domain").filter(|_| is_true(enabled));
        route.domain = domain.map(|domain| domain.to_ascii_lowercase());
    }
    if let Some(priority) = root.get("inbound_priority").and_then(number).and_then(|number| number.try_into().ok()) {
        route.priority = priority;
    }
    filters(&mut route.catch, root, "catch_filter", "catch_type");
    filters(&mut route.matching, root, "match_filter", "match_type");
    if let Some(forwards) = root.get("forwards").and_then(Value::as_array) {
        route.forwards = forwards.iter().filter_map(|item| forward(item, &route.forwards, state)).collect();
    }
}

fn filters(filters: &mut Filters, root: &Value, group: &str, combine: &str) {
    if let Some(combine) = root.get(combine).and_then(Value::as_str).and_then(Combine::from_name) {
        filters.combine = combine;
    }
    let Some(group) = root.get(group) else { return };
    if let Some(subject) = group.get("type").and_then(Value::as_str).and_then(Subject::from_name) {
        filters.subject = subject;
    }
    let items = group.get("filters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    filters.items = items.iter().filter_map(filter).collect();
}

fn filter(item: &Value) -> Option<Filter> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let key = text("key").filter(|key| !key.is_empty()).map(str::to_owned);
    Some(Filter { key, comparer: Comparer::from_name(text("comparer")?)?, value: text("value")?.to_owned() })
}

/// A URL that was there before keeps its secret; a new one gets a new one (facts sheet 7.2).
fn forward(item: &Value, known: &[Forward], state: &mut State) -> Option<Forward> {
    let value = item.get("value")?.as_str()?;
    let same = known.iter().find(|forward| forward.value() == value && forward.kind() == item["type"]);
    if let Some(same) = same {
        return Some(same.clone());
    }
    let value = value.to_owned();
    Some(if item["type"] == "email" {
        Forward::Email { address: value }
    } else {
        Forward::Webhook { id: state.ids.hashid(), url: value, secret: state.ids.secret() }
    })
}

fn show(route: &Route) -> Shown<'_> {
    let Route { id, domain_id: _, name, address, domain, enabled, priority, catch, matching, forwards } = route;
    let mut shown = show_filters(catch);
    if matching.subject == Subject::AnyMail || matching.items.is_empty() {
        // `match_all` is listed, `catch_all` is not (recorded).
        shown.push(ShownFilter { r#type: matching.subject.name(), key: None, comparer: None, value: None });
    } else {
        shown.extend(show_filters(matching));
    }
    Shown {
        id,
        name,
        address,
        domain: domain.as_deref(),
        dns_checked_at: None,
        enabled: *enabled,
        filters: shown,
        forwards: forwards.iter().map(show_forward).collect(),
        priority: *priority,
        mx_values: Mx { priority: "10", target: INBOUND_HOST },
        catch_type: catch.combine.name(),
        match_type: matching.combine.name(),
    }
}

fn show_filters(filters: &Filters) -> Vec<ShownFilter<'_>> {
    let Filters { subject, items, combine: _ } = filters;
    if matches!(subject, Subject::AnyRecipient | Subject::AnyMail) {
        return Vec::new();
    }
    items
        .iter()
        .map(|Filter { key, comparer, value }| ShownFilter {
            r#type: subject.name(),
            key: key.as_deref(),
            comparer: Some(comparer.name()),
            value: Some(value),
        })
        .collect()
}

fn show_forward(forward: &Forward) -> ShownForward<'_> {
    let secret = match forward {
        Forward::Webhook { secret, .. } => Some(secret.as_str()),
        Forward::Email { .. } => None,
    };
    ShownForward { r#type: forward.kind(), value: forward.value(), secret }
}
