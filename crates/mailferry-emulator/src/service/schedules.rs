//! `/v1/message-schedules`: messages that are sent later, and taking them back.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::domains::Domain;
use super::page::Page;
use super::query::query;
use super::state::StoredMessage;
use super::{Service, invalid, not_found, refuse};
use crate::clock::object_time;
use crate::content::domain_of;
use crate::message::EmailStatus;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{SCHEDULES, examine};

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// `status_message` without an error: null, UNCERTAIN.
#[derive(Serialize)]
struct Shown {
    message_id: String,
    subject: Option<String>,
    send_at: String,
    status: &'static str,
    status_message: Option<()>,
    created_at: String,
}

#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    shown: Shown,
    domain: Domain,
    message: Dates,
}

#[derive(Serialize)]
struct Dates {
    id: String,
    created_at: String,
    updated_at: String,
}

impl Service {
    /// Newest first (UNCERTAIN).
    pub(super) fn schedules(&self, request: &Request, now: Timestamp) -> Reply {
        if let Err(refused) = self.page(request) {
            return refused;
        }
        let query = query(request);
        let state = self.caught_up(now);
        let findings = examine(SCHEDULES, &query, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return invalid(&findings);
        }
        let text = |name: &str| query.get(name).and_then(Value::as_str);
        let (status, domain) = (text("status"), text("domain_id"));
        let domain_name = domain.map(|id| state.domain_name(id).unwrap_or_default());
        let of_domain = |stored: &StoredMessage| domain_name.is_none_or(|name| *sender_domain(stored) == *name);
        let shown: Vec<Shown> = state
            .messages
            .iter()
            .rev()
            .filter(|stored| of_domain(stored))
            .filter_map(show)
            .filter(|shown| status.is_none_or(|status| status == shown.status))
            .collect();
        self.counted(shown.into_iter(), &Page::of(&query), "message-schedules")
    }

    pub(super) fn schedule(&self, id: &str, now: Timestamp) -> Reply {
        let state = self.caught_up(now);
        let found = state.messages.iter().find(|stored| stored.message.id == id);
        let found = found.and_then(|stored| Some((show(stored)?, sender_domain(stored))));
        let Some((shown, name)) = found else { return not_found() };
        let domain = self.domain_called(&state, &name, now);
        let message = Dates {
            id: shown.message_id.clone(),
            created_at: shown.created_at.clone(),
            updated_at: shown.created_at.clone(),
        };
        Reply::json(200, &Data { data: Detailed { shown, domain, message } })
    }

    /// The message is never sent, and not shown any longer. Whether MailerSend keeps it is UNCERTAIN.
    pub(super) fn delete_schedule(&self, id: &str, now: Timestamp) -> Reply {
        let mut state = self.caught_up(now);
        let is_scheduled = |stored: &StoredMessage| show(stored).is_some_and(|shown| shown.status == "scheduled");
        match state.messages.number_of(id).filter(|(_, stored)| is_scheduled(stored)) {
            Some((number, _)) => {
                let deleted = state.messages.delete(number);
                state.changes.removed(&deleted);
                Reply::nothing()
            }
            None => refuse("schedule.late", &[]),
        }
    }
}

fn sender_domain(stored: &StoredMessage) -> Arc<str> {
    stored.message.from.as_ref().map_or_else(|| "".into(), |from| domain_of(&from.email))
}

/// The schedule of a message that has one. The emulator's schedules never come to an `error`.
fn show(stored: &StoredMessage) -> Option<Shown> {
    let message = &stored.message;
    let send_at = message.send_at?;
    // Also while its domain is paused, although the time has come.
    let waits = stored.emails.iter().all(|email| email.status() == EmailStatus::Queued);
    Some(Shown {
        message_id: message.id.clone(),
        subject: message.subject.clone(),
        send_at: object_time(send_at),
        status: if waits { "scheduled" } else { "sent" },
        status_message: None,
        created_at: object_time(message.created_at),
    })
}
