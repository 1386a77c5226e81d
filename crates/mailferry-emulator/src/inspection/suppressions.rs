//! Who is not written to, on all lists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Asked;
use crate::clock::later;
use crate::reply::Reply;
use crate::service::{HOLD, Service};
use crate::suppression::{Entry, SuppressionList, Whom, pattern};

/// So many are shown at once, unless a `limit` says otherwise.
const SHOWN: usize = 1_000;
const MOST_SHOWN: usize = 10_000;

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    list: &'static str,
    address: &'a str,
    is_pattern: bool,
    domain: Option<&'a str>,
    created_at: String,
    reason: Option<&'static str>,
    /// When somebody who is held back is not any longer.
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    list: String,
    address: String,
    domain: Option<String>,
    #[serde(default)]
    is_pattern: bool,
}

/// The answer, when the request is about suppressions.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["suppressions"]) => list(service, asked),
        ("GET", ["suppressions", "counts"]) => counts(service),
        ("POST", ["suppressions"]) => {
            asked.form().and_then(|added| add(service, added)).unwrap_or_else(|refused| refused)
        }
        ("DELETE", ["suppressions", id]) => {
            if service.take_off(id) {
                Reply { status: 204, headers: Vec::new(), body: Vec::new() }
            } else {
                Reply::sentence(404, "The emulator has no such entry.")
            }
        }
        _ => return None,
    })
}

/// Newest first: those of a `list`, whose address holds `q`.
fn list(service: &Service, asked: &Asked<'_>) -> Reply {
    let first = |name: &str| asked.parameters(name).into_iter().find(|value| !value.is_empty());
    let wanted = match first("list").map(|name| named(&name)).transpose() {
        Ok(wanted) => wanted,
        Err(refused) => return refused,
    };
    let text = first("q").unwrap_or_default().to_lowercase();
    let limit = first("limit").and_then(|limit| limit.parse().ok()).unwrap_or(SHOWN).min(MOST_SHOWN);
    let state = service.caught_up(service.clock.now());
    let found = state.entries.iter().rev().filter(|entry| {
        wanted.is_none_or(|list| list == entry.list) && entry.whom.text().to_lowercase().contains(&text)
    });
    let shown: Vec<Shown<'_>> = found.take(limit).map(show).collect();
    Reply::json(200, &shown)
}

fn counts(service: &Service) -> Reply {
    let state = service.caught_up(service.clock.now());
    let mut counts: BTreeMap<&str, usize> = SuppressionList::ALL.map(|list| (list.name(), 0)).into();
    for entry in &state.entries {
        *counts.entry(entry.list.name()).or_default() += 1;
    }
    Reply::json(200, &counts)
}

fn show(entry: &Entry) -> Shown<'_> {
    let Entry { id, recipient_id: _, list, whom, domain, reason, created_at } = entry;
    let ends = |since: Timestamp| later(since, HOLD).to_string();
    Shown {
        id,
        list: list.name(),
        address: whom.text(),
        is_pattern: matches!(whom, Whom::Pattern(..)),
        domain: domain.as_deref(),
        created_at: created_at.to_string(),
        reason: *reason,
        until: (*list == SuppressionList::OnHold).then(|| ends(*created_at)),
    }
}

fn add(service: &Service, added: Added) -> Result<Reply, Reply> {
    let Added { list, address, domain, is_pattern } = added;
    let list = named(&list)?;
    let address = address.trim().to_owned();
    let wrong = |sentence| Err(Reply::sentence(422, sentence));
    let whom = if is_pattern {
        if list != SuppressionList::Blocklist {
            return wrong("Only the blocklist takes patterns.");
        }
        match pattern(&address).filter(|_| !address.is_empty()) {
            Some(expression) => Whom::Pattern(address, expression),
            None => return wrong("The pattern is no regular expression; .*@example.com is one."),
        }
    } else {
        let is_address = address.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if !is_address || address.len() > 320 || address.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return wrong("Give an address, such as ann@example.com.");
        }
        Whom::Exact(address)
    };
    let domain = domain.map(|domain| domain.trim().to_owned()).filter(|domain| !domain.is_empty());
    let entry = service.put_on(list, whom, domain.as_deref());
    Ok(Reply::json(201, &show(&entry)))
}

fn named(name: &str) -> Result<SuppressionList, Reply> {
    SuppressionList::from_name(name).ok_or_else(|| {
        let names = SuppressionList::ALL.map(SuppressionList::name).join(", ");
        Reply::sentence(422, &format!("The list is one of {names}."))
    })
}
