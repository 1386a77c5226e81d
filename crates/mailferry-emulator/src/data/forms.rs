//! In which form entries are written: as JSON, so that people can look at them with SQLite's own tools.
//!
//! Types are taken apart without `..`: a field that is added does not compile until it has its place here. A field that an
//! older file does not have needs `#[serde(default)]`.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::inbound::ReceivedMessage;
use crate::lifecycle::{ActivityKind, Detail, Letter, Occurrence};
use crate::message::{Mailbox, Message, Rendered, Role};
use crate::request::Request;
use crate::service::{Bulk, StoredEmail, StoredMessage};
use crate::warning::Warning;
use crate::webhooks::{Posted, Waiting};

/// What one row is about, before it is JSON. Copying it costs little: texts and bytes are shared.
pub(super) enum Content {
    Message(StoredMessage),
    Bulk(Bulk),
    Request(Request),
    Activity(Happened),
    Delivery(Posted),
    Waiting(Waiting),
    Received(ReceivedMessage),
}

impl Content {
    pub(super) fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::Message(stored) => serde_json::to_string(&Mail::of(stored)),
            Self::Bulk(bulk) => serde_json::to_string(bulk),
            Self::Request(request) => serde_json::to_string(request),
            Self::Activity(happened) => serde_json::to_string(happened),
            Self::Delivery(posted) => serde_json::to_string(posted),
            Self::Waiting(waiting) => serde_json::to_string(waiting),
            Self::Received(message) => serde_json::to_string(message),
        }
    }
}

/// A message with its emails. Readers who read the same share it here, too.
#[derive(Serialize, Deserialize)]
pub(super) struct Mail {
    message: Arc<Message>,
    request: Option<u64>,
    texts: Vec<Arc<str>>,
    emails: Vec<Reader>,
}

/// Texts by their position.
#[derive(Serialize, Deserialize)]
struct Reader {
    id: String,
    recipient: Mailbox,
    role: Role,
    subject: usize,
    text: Option<usize>,
    html: Option<usize>,
    warnings: Arc<[Warning]>,
}

impl Mail {
    fn of(stored: &StoredMessage) -> Self {
        let StoredMessage { message, emails, request } = stored;
        let (mut texts, mut positions) = (Vec::new(), HashMap::new());
        let mut position = |text: &Arc<str>| {
            *positions.entry(Arc::clone(text)).or_insert_with(|| {
                texts.push(Arc::clone(text));
                texts.len().saturating_sub(1)
            })
        };
        let reader = |email: &StoredEmail| {
            let StoredEmail { id, recipient, role, rendered, letter: _ } = email;
            let Rendered { subject, text, html, warnings } = rendered;
            Reader {
                id: id.clone(),
                recipient: recipient.clone(),
                role: *role,
                subject: position(subject),
                text: text.as_ref().map(&mut position),
                html: html.as_ref().map(&mut position),
                warnings: Arc::clone(warnings),
            }
        };
        let emails = emails.iter().map(reader).collect();
        Self { message: Arc::clone(message), request: *request, texts, emails }
    }

    /// With each email's letter. `None` when something that it names is missing.
    pub(super) fn stored(self, letters: &HashMap<String, Arc<Letter>>) -> Option<StoredMessage> {
        let Self { message, request, texts, emails } = self;
        let text = |position: usize| texts.get(position).map(Arc::clone);
        let email = |reader: Reader| {
            let Reader { id, recipient, role, subject, text: plain, html, warnings } = reader;
            let rendered = Rendered {
                subject: text(subject)?,
                text: plain.map_or(Some(None), |position| text(position).map(Some))?,
                html: html.map_or(Some(None), |position| text(position).map(Some))?,
                warnings,
            };
            let letter = Arc::clone(letters.get(&id)?);
            Some(StoredEmail { id, recipient, role, rendered, letter })
        };
        let emails = emails.into_iter().map(email).collect::<Option<_>>()?;
        Some(StoredMessage { message, emails, request })
    }
}

/// An activity, but for its letter, which others have too.
#[derive(Serialize, Deserialize)]
pub(super) struct Happened {
    serial: u64,
    at: Timestamp,
    kind: ActivityKind,
    detail: Detail,
    previous: Option<u64>,
}

impl Happened {
    pub(super) fn of(occurrence: &Occurrence) -> Self {
        let Occurrence { serial, at, kind, letter: _, detail, previous } = occurrence;
        Self { serial: *serial, at: *at, kind: *kind, detail: detail.clone(), previous: *previous }
    }

    pub(super) fn occurrence(self, letter: Arc<Letter>) -> Occurrence {
        let Self { serial, at, kind, detail, previous } = self;
        Occurrence { serial, at, kind, letter, detail, previous }
    }
}
