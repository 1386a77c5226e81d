//! The suppression lists: adding, reading, deleting.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::query::{json_body, note};
use super::{Service, State, invalid, not_found};
use crate::clock::object_time;
use crate::live::Area;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{BLOCKLIST, DELETE, Facts, LIST, examine};
use crate::settings::AccountState;
use crate::suppression::{Entry, SuppressionList, Whom, pattern};

/// More are not kept, so that a long run of bounces ends somewhere.
const MOST_ENTRIES: usize = 100_000;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Domain {
    id: String,
    name: String,
    created_at: String,
    updated_at: String,
}

/// An entry as its list shows it; the shapes differ (facts sheet 8.3).
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Block {
        id: String,
        r#type: &'static str,
        pattern: String,
        domain: Option<Domain>,
        created_at: String,
        updated_at: String,
    },
    /// A block that was just added comes without its domain.
    NewBlock {
        id: String,
        r#type: &'static str,
        pattern: String,
        created_at: String,
        updated_at: String,
    },
    Bounce {
        id: String,
        reason: &'static str,
        created_at: String,
        recipient: Recipient,
    },
    Complaint {
        id: String,
        created_at: String,
        recipient: Recipient,
    },
    /// Also the on-hold list, whose shape is UNCERTAIN.
    Unsubscribe {
        id: String,
        reason: Option<()>,
        readable_reason: Option<()>,
        recipient: Recipient,
        created_at: String,
    },
}

/// `deleted_at` is an empty text, not null (recorded). `domain` is null for what
/// [`Emulator::suppress`](crate::Emulator::suppress) added for all domains, which MailerSend cannot do.
#[derive(Serialize)]
struct Recipient {
    id: String,
    email: String,
    created_at: String,
    updated_at: String,
    deleted_at: &'static str,
    domain: Option<Domain>,
}

impl Service {
    pub(super) fn suppressions(&self, list: &str, request: &Request) -> Reply {
        let Some(list) = SuppressionList::from_name(list) else { return not_found() };
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let state = self.state();
        let wanted = query.get("domain_id").and_then(Value::as_str);
        let wanted_name = wanted.and_then(|id| state.domain_name(id));
        let entries = state.entries.iter().rev().filter(|entry| {
            entry.list == list && (wanted.is_none() || entry.domain.as_deref().is_some_and(|d| Some(d) == wanted_name))
        });
        let path = format!("suppressions/{}", list.name());
        self.paged(entries.map(|entry| show(&state, entry, true)), &page, &path)
    }

    pub(super) fn suppress(&self, list: &str, request: &Request, now: Timestamp) -> Reply {
        let Some(list) = SuppressionList::from_name(list) else { return not_found() };
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let table = if list == SuppressionList::Blocklist { BLOCKLIST } else { LIST };
        let findings = examine(table, &root, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let texts = |name: &str| -> Vec<String> {
            let items = root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let domain = root.get("domain_id").and_then(Value::as_str).and_then(|id| state.domain_name(id));
        let domain = domain.map(str::to_owned);
        let mut wanted: Vec<Whom> = texts("recipients").into_iter().map(Whom::Exact).collect();
        if list == SuppressionList::Blocklist {
            wanted.extend(texts("patterns").into_iter().filter_map(|text| {
                let expression = pattern(&text)?;
                Some(Whom::Pattern(text, expression))
            }));
        }
        let added: Vec<Entry> =
            wanted.into_iter().map(|whom| state.suppress(list, whom, domain.clone(), now)).collect();
        let shown: Vec<Shown> = added.iter().map(|entry| show(&state, entry, false)).collect();
        Reply::json(201, &Data { data: shown })
    }

    pub(super) fn unsuppress(&self, list: &str, request: &Request, now: Timestamp) -> Reply {
        let Some(list) = SuppressionList::from_name(list) else { return not_found() };
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let known: Vec<&str> = state.entries.iter().filter(|e| e.list == list).map(|e| e.id.as_str()).collect();
        let findings = examine(DELETE, &root, &self.facts(&state, now, &known));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let all = root.get("all").and_then(Value::as_bool) == Some(true);
        let ids: Vec<&str> =
            root.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let domain_id = root.get("domain_id").and_then(Value::as_str);
        let domain = domain_id.and_then(|id| state.domain_name(id)).map(str::to_owned);
        let stays = |entry: &Entry| {
            let chosen = all || ids.contains(&entry.id.as_str());
            let elsewhere = domain_id.is_some() && entry.domain != domain;
            entry.list != list || !chosen || elsewhere
        };
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut state.entries).into_iter().partition(stays);
        state.entries = kept;
        state.changes.touch(Area::Suppressions);
        for entry in gone.iter().filter(|entry| entry.list == SuppressionList::OnHold) {
            state.on_hold(&self.settings, "recipient.on_hold_removed", entry, now);
        }
        Reply::json(200, &[(); 0])
    }

    pub(super) fn facts<'a>(&'a self, state: &'a State, now: Timestamp, entries: &'a [&'a str]) -> Facts<'a> {
        Facts {
            settings: &self.settings,
            account: AccountState::Active,
            allowance: state.terms.allowance,
            now,
            rendering: None,
            files: &[],
            entries,
            domains: &state.domains,
            identities: &state.identities,
        }
    }
}

impl State {
    /// Puts `whom` on `list`. Whoever is on it stays on it with the old date (facts sheet 8.2, recorded).
    pub(crate) fn suppress(
        &mut self,
        list: SuppressionList,
        whom: Whom,
        domain: Option<String>,
        now: Timestamp,
    ) -> Entry {
        let same = |entry: &&Entry| {
            let kind = matches!(entry.whom, Whom::Exact(_)) == matches!(whom, Whom::Exact(_));
            entry.list == list && kind && entry.domain == domain && entry.whom.text().eq_ignore_ascii_case(whom.text())
        };
        if let Some(entry) = self.entries.iter().find(same) {
            return entry.clone();
        }
        let (id, recipient_id) = (self.ids.object(now), self.ids.object(now));
        let entry = Entry { id, recipient_id, list, whom, domain, reason: None, created_at: now };
        if self.entries.len() < MOST_ENTRIES {
            self.entries.push(entry.clone());
            self.changes.touch(Area::Suppressions);
        }
        entry
    }
}

/// `listed`: the blocklist shows the domain when it is read, and leaves the key out when it was added to.
fn show(state: &State, entry: &Entry, listed: bool) -> Shown {
    let Entry { id, recipient_id, list, whom, domain, reason, created_at } = entry;
    let (id, created_at) = (id.clone(), object_time(*created_at));
    let domain = domain.as_ref().map(|name| Domain {
        id: state.domains.iter().find(|(_, known)| known == name).map(|(id, _)| id.clone()).unwrap_or_default(),
        name: name.clone(),
        created_at: created_at.clone(),
        updated_at: created_at.clone(),
    });
    if *list == SuppressionList::Blocklist {
        let r#type = if matches!(whom, Whom::Exact(_)) { "exact" } else { "pattern" };
        let pattern = whom.text().to_owned();
        let updated_at = created_at.clone();
        return if listed {
            Shown::Block { id, r#type, pattern, domain, created_at, updated_at }
        } else {
            Shown::NewBlock { id, r#type, pattern, created_at, updated_at }
        };
    }
    let recipient = Recipient {
        id: recipient_id.clone(),
        email: whom.text().to_owned(),
        created_at: created_at.clone(),
        updated_at: created_at.clone(),
        deleted_at: "",
        domain,
    };
    match list {
        SuppressionList::HardBounces => {
            Shown::Bounce { id, reason: reason.unwrap_or("Unknown reason"), created_at, recipient }
        }
        SuppressionList::SpamComplaints => Shown::Complaint { id, created_at, recipient },
        SuppressionList::Blocklist | SuppressionList::Unsubscribes | SuppressionList::OnHold => {
            Shown::Unsubscribe { id, reason: None, readable_reason: None, recipient, created_at }
        }
    }
}
