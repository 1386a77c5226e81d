//! `POST /v1/bulk-email` and what `GET /v1/bulk-email/{id}` says about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::query::note;
use super::sending::{Accepted, Ready, accept};
use super::{Service, State, in_ascii, not_found, refuse};
use crate::clock::{later, object_time};
use crate::json;
use crate::lifecycle::Job;
use crate::message::Suppressed;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{Findings, bulk_objects};
use crate::settings::{MessageIds, Settings};
use crate::webhooks::delivery::Notice;

/// A bulk request, worked through.
///
/// It is worked through when it arrives, as the inspection shows at once; the API says so only when it is due.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bulk {
    id: String,
    created_at: Timestamp,
    done_at: Timestamp,
    recipients: usize,
    suppressed: BTreeMap<String, Vec<Suppressed>>,
    errors: BTreeMap<usize, Findings>,
    messages: Vec<String>,
}

#[derive(Serialize)]
struct Started<'a> {
    message: &'static str,
    bulk_email_id: &'a str,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    created_at: String,
    updated_at: String,
}

/// What webhooks are told of a bulk request that is done (facts sheet 6.6, documented), and all but the times of what
/// the API tells.
#[derive(Serialize)]
struct Summary<'a> {
    id: &'a str,
    state: &'static str,
    total_recipients_count: usize,
    suppressed_recipients_count: usize,
    suppressed_recipients: Option<&'a BTreeMap<String, Vec<Suppressed>>>,
    validation_errors_count: usize,
    validation_errors: Option<BTreeMap<String, &'a Findings>>,
    messages_id: Value,
}

impl Service {
    pub(super) fn send_bulk(&self, request: &Request, now: Timestamp) -> Reply {
        let standing = self.state().standing();
        let most = standing.1.bulk_objects;
        let objects = match bulk_objects(request.body(), most) {
            Ok(objects) => objects,
            Err(id) => {
                let reply = refuse(id, &[("limit", most.to_string())]);
                return note(request, reply);
            }
        };
        let done_at = later(now, self.settings.bulk_delay);
        let mut bulk = Bulk {
            id: self.state().ids.object(now),
            created_at: now,
            done_at,
            recipients: 0,
            suppressed: BTreeMap::new(),
            errors: BTreeMap::new(),
            messages: Vec::new(),
        };
        for (position, object) in objects.into_iter().enumerate() {
            bulk.recipients = bulk.recipients.saturating_add(count_recipients(&object));
            // Examined without holding the state, so that other requests are answered meanwhile.
            match self.prepare(object, standing, now) {
                Err(findings) => {
                    bulk.errors.insert(position, findings);
                }
                Ok(ready) => bulk.add(&mut self.state(), ready.by(request)),
            }
        }
        let started = Started { message: "The bulk email is being processed.", bulk_email_id: &bulk.id };
        let reply = bulk.noted(Reply::json(202, &started));
        let weight = 1024_usize.saturating_add(bulk.errors.len().saturating_mul(512));
        let mut state = self.state();
        // After its emails, which are accepted at the same time.
        state.agenda.add(bulk.done_at, Job::Bulk(bulk.id.clone()));
        state.bulks.push(bulk, weight);
        reply
    }

    pub(super) fn bulk_status(&self, id: &str, now: Timestamp) -> Reply {
        let state = self.state();
        let Some(bulk) = state.bulks.iter().find(|bulk| bulk.id == id) else { return not_found() };
        let reply = Reply::json(200, &Data { data: bulk.status(now, self.settings.message_ids) });
        if bulk.is_done(now) { bulk.noted(reply) } else { reply }
    }
}

impl State {
    /// Tells webhooks that the bulk request `id` is done. It may have been of several domains, so all are told.
    pub(crate) fn bulk_done(&mut self, settings: &Settings, id: &str, now: Timestamp) {
        let Some(bulk) = self.bulks.iter().find(|bulk| bulk.id == id) else { return };
        let data = json::compact(&bulk.summary(true, settings.message_ids));
        self.announce(settings, &Notice { kind: "bulk_email.completed", domain: None, data }, now);
    }
}

/// Counts list entries, right or wrong: one of the wrong shape is counted too (facts sheet 4.2, recorded).
fn count_recipients(object: &Value) -> usize {
    ["to", "cc", "bcc"].iter().filter_map(|list| object.get(*list)?.as_array()).map(Vec::len).sum()
}

#[cfg(feature = "data")]
impl Bulk {
    /// When it is done, and its id.
    pub(crate) fn done(&self) -> (Timestamp, &str) {
        (self.done_at, &self.id)
    }
}

impl Bulk {
    fn add(&mut self, state: &mut State, ready: Ready) {
        let (key, suppressed) = match accept(state, ready, Some((&self.id, self.done_at))) {
            Accepted::Sent(message) => {
                self.messages.push(message.id.clone());
                (message.id.clone(), message.suppressed.clone())
            }
            // Keyed by an id that no message has, since none was made. UNCERTAIN.
            Accepted::Suppressed(suppressed) => (state.ids.object(self.done_at), suppressed),
        };
        if !suppressed.is_empty() {
            self.suppressed.insert(key, suppressed);
        }
    }

    /// Tells people, in a header that MailerSend does not have, why the first template failed that did.
    fn noted(&self, reply: Reply) -> Reply {
        let mut notes = self.errors.iter().filter_map(|(position, findings)| Some((position, findings.note()?)));
        match notes.next() {
            Some((position, note)) => reply.with("x-emulator-note", in_ascii(&format!("message.{position}: {note}"))),
            None => reply,
        }
    }

    fn is_done(&self, now: Timestamp) -> bool {
        now >= self.done_at
    }

    fn status(&self, now: Timestamp, form: MessageIds) -> Status<'_> {
        let done = self.is_done(now);
        Status {
            summary: self.summary(done, form),
            created_at: object_time(self.created_at),
            updated_at: object_time(if done { self.done_at } else { self.created_at }),
        }
    }

    fn summary(&self, done: bool, form: MessageIds) -> Summary<'_> {
        let errors: BTreeMap<String, &Findings> = if done {
            self.errors.iter().map(|(position, findings)| (format!("message.{position}"), findings)).collect()
        } else {
            BTreeMap::new()
        };
        let suppressed = Some(&self.suppressed).filter(|suppressed| done && !suppressed.is_empty());
        Summary {
            id: &self.id,
            state: if done { "completed" } else { "queued" },
            total_recipients_count: self.recipients,
            suppressed_recipients_count: suppressed.map_or(0, |by_id| by_id.values().map(Vec::len).sum()),
            suppressed_recipients: suppressed,
            // Objects with errors, not errors: the only recording has one object with two.
            validation_errors_count: errors.len(),
            validation_errors: (!errors.is_empty()).then_some(errors),
            messages_id: if done { self.message_ids(form) } else { Value::Null },
        }
    }

    fn message_ids(&self, form: MessageIds) -> Value {
        if self.messages.is_empty() {
            return Value::Null;
        }
        match form {
            MessageIds::List => self.messages.iter().map(String::as_str).collect(),
            MessageIds::Text => {
                let quoted: Vec<String> = self.messages.iter().map(|id| format!("'{id}'")).collect();
                format!("[{}]", quoted.join(", ")).into()
            }
        }
    }
}
