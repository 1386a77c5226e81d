//! `POST /v1/email`, and what becomes of a message once it is accepted.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::query::{json_body, note};
use super::state::{State, StoredEmail, StoredMessage};
use super::{Service, invalid};
use crate::content::{self, domain_of};
use crate::lifecycle::{Letter, Sheet};
use crate::mailbox::Place;
use crate::message::{Message, Suppressed, Via};
use crate::plan::Allowance;
use crate::rendering::{self, Rendering};
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{EMAIL, Facts, Findings, Rule, examine};
use crate::settings::AccountState;
use crate::suppression::reasons;

#[derive(Serialize)]
struct Warnings<'a> {
    message: &'static str,
    warnings: [Warning<'a>; 1],
}

/// The two warnings have their text under different keys (facts sheet 3.2; for all suppressed UNCERTAIN).
#[derive(Serialize)]
#[serde(untagged)]
enum Warning<'a> {
    Some { r#type: &'static str, warning: &'static str, recipients: &'a [Suppressed] },
    All { r#type: &'static str, message: &'static str, recipients: &'a [Suppressed] },
}

#[derive(Serialize)]
struct Tested<'a> {
    message_id: &'a str,
}

/// What became of one message.
pub(super) enum Accepted {
    /// It goes to everyone it was for, but for those who are suppressed.
    Sent(Arc<Message>),
    /// Nobody is left to write to.
    Suppressed(Vec<Suppressed>),
}

/// A valid message, rendered, that waits for its recipients to be checked.
pub(super) struct Ready {
    message: Message,
    rendering: Rendering,
    weight: usize,
    /// The number of the request that it came with.
    request: Option<u64>,
}

impl Ready {
    /// The same message, which came with `request`.
    pub(super) fn by(self, request: &Request) -> Self {
        Self { request: Some(request.number), ..self }
    }
}

/// How the account stands, and what it may do.
pub(super) type Standing = (AccountState, Allowance);

impl Service {
    pub(super) fn send(&self, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let standing = self.state().standing();
        let ready = match self.prepare(root, standing, now) {
            Ok(ready) => ready.by(request),
            Err(findings) => return note(request, invalid(&findings)),
        };
        let accepted = accept(&mut self.state(), ready, None);
        match accepted {
            Accepted::Suppressed(recipients) => {
                let r#type = "ALL_SUPPRESSED";
                let message = "All of the recipients provided have been suppressed.";
                warn(Warning::All { r#type, message, recipients: &recipients })
            }
            Accepted::Sent(message) => {
                let reply = if message.suppressed.is_empty() {
                    Reply::empty(202)
                } else {
                    let r#type = "SOME_SUPPRESSED";
                    let warning = "Some of the recipients have been suppressed.";
                    warn(Warning::Some { r#type, warning, recipients: &message.suppressed })
                };
                let reply = reply.with("x-message-id", &message.id);
                if message.paused { reply.with("x-send-paused", true) } else { reply }
            }
        }
    }

    /// Sends a message that somebody tries a template with, and tells its id.
    pub(crate) fn send_test(&self, root: Value, now: Timestamp) -> Reply {
        let standing = self.caught_up(now).standing();
        let ready = match self.prepare(root, standing, now) {
            Ok(ready) => ready,
            Err(findings) => {
                let note = findings.note().map(|note| format!(" ({note})")).unwrap_or_default();
                return Reply::sentence(422, &format!("{}{note}", findings.message()));
            }
        };
        let accepted = accept(&mut self.state(), ready, None);
        drop(self.caught_up(now));
        match accepted {
            Accepted::Sent(message) => Reply::json(201, &Tested { message_id: &message.id }),
            Accepted::Suppressed(_) => Reply::sentence(409, "The recipient is on a suppression list."),
        }
    }

    /// Examines and renders one message.
    pub(super) fn prepare(&self, root: Value, standing: Standing, now: Timestamp) -> Result<Ready, Findings> {
        self.prepare_by(EMAIL, root, standing, now)
    }

    /// Examines one message by these rules, and renders it.
    pub(super) fn prepare_by(
        &self,
        rules: &[Rule],
        root: Value,
        standing: Standing,
        now: Timestamp,
    ) -> Result<Ready, Findings> {
        let (mut account, allowance) = standing;
        if allowance.trial.is_some() {
            account = self.state().terms.standing(account, &root);
        }
        let chosen = self.templates.choose(&root, now);
        let rendering = rendering::render(&root, &self.settings, chosen, allowance.recipients);
        let files = content::files(&root);
        let identities = self.state().identities.clone();
        let facts = Facts {
            settings: &self.settings,
            account,
            allowance,
            now,
            rendering: Some(&rendering),
            files: &files,
            entries: &[],
            domains: &[],
            identities: &identities,
        };
        let findings = examine(rules, &root, &facts);
        if !findings.is_empty() {
            return Err(findings.with_note(rendering.note()));
        }
        let message = content::read(root, &rendering, &files, now);
        let weight = message.weight().saturating_add(rendering.weight());
        Ok(Ready { message, rendering, weight, request: None })
    }
}

impl Ready {
    /// Adds to the message what no rule looks at.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Message)) {
        change(&mut self.message);
        self.weight = self.message.weight().saturating_add(self.rendering.weight());
    }
}

impl State {
    pub(super) fn standing(&self) -> Standing {
        (self.account, self.terms.allowance)
    }
}

/// Leaves out who is suppressed, and keeps one email for everyone else.
pub(super) fn accept(state: &mut State, ready: Ready, bulk: Option<(&str, Timestamp)>) -> Accepted {
    let Ready { mut message, rendering, weight, request } = ready;
    if let Some((bulk, processed_at)) = bulk {
        message.bulk_email_id = Some(bulk.to_owned());
        message.via = Via::Bulk;
        message.created_at = processed_at;
    }
    let now = message.created_at;
    let domain = message.from.as_ref().map_or_else(|| "".into(), |from| domain_of(&from.email));
    state.domain_id(&domain);
    message.paused = state.is_paused(&domain);

    message.id = state.ids.object(now);
    let sheet = Arc::new(Sheet::new(&message, &domain, state.tracking(&domain)));
    let (mut emails, mut suppressed) = (Vec::new(), Vec::new());
    for (position, (role, recipient)) in message.recipients().enumerate() {
        let reasons = reasons(&state.entries, &recipient.email, &domain);
        let recipient = recipient.clone();
        let rendered = rendering.reader(position);
        let id = state.ids.object(now);
        let contact = state.contacts.meet(&domain, &recipient.email, &mut state.ids, now);
        let (subject, sheet) = (Arc::clone(&rendered.subject), Arc::clone(&sheet));
        let letter = Letter::new(id.clone(), recipient.email.clone(), contact, subject, sheet);
        if let Some(reason) = reasons.first() {
            state.agenda.suppressed(&letter, reason);
            suppressed.push(Suppressed { email: recipient.email, name: recipient.name, reasons });
        } else {
            state.agenda.accepted(&letter);
            state.terms.sent(&recipient.email);
            emails.push(StoredEmail { id, recipient, role, rendered, letter });
        }
    }
    if emails.is_empty() {
        return Accepted::Suppressed(suppressed);
    }
    message.suppressed = suppressed;
    let message = Arc::new(message);
    let stored = StoredMessage { message: Arc::clone(&message), emails: emails.into(), request };
    let emails = stored.emails.len();
    let (number, forgotten) = state.messages.push(stored, weight);
    state.changes.removed(&forgotten);
    for position in 0..emails {
        state.changes.email(Place { message: number, position });
    }
    if let Some(request) = request.and_then(|number| state.requests.get_mut(number)) {
        request.message_ids.push(message.id.clone());
    }
    Accepted::Sent(message)
}

fn warn(warning: Warning<'_>) -> Reply {
    Reply::json(202, &Warnings { message: "There are some warnings for your request.", warnings: [warning] })
}
