//! `GET /v1/messages` and `GET /v1/messages/{id}`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::domains::Domain;
use super::page::Page;
use super::state::{StoredEmail, StoredMessage};
use super::{Service, not_found};
use crate::clock::object_time;
use crate::content::domain_of;
use crate::id;
use crate::message::{EmailStatus, Message};
use crate::reply::Reply;
use crate::request::Request;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    listed: Listed,
    emails: Vec<ApiEmail>,
    domain: Domain,
}

/// `text` and `html` are null unless content tracking is on, which the emulator does not have; `template_id` is an
/// empty text when there is none (facts sheet 8.3, recorded).
#[derive(Serialize)]
pub(super) struct ApiEmail {
    id: String,
    from: String,
    subject: String,
    text: Option<()>,
    html: Option<()>,
    template_id: String,
    status: EmailStatus,
    tags: Option<Vec<String>>,
    headers: Option<()>,
    created_at: String,
    updated_at: String,
}

impl Service {
    /// Newest first; recordings have no recognizable order.
    pub(super) fn messages(&self, request: &Request, now: Timestamp) -> Reply {
        let (page, query): (Page, Value) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let wanted = query.get("domain_id").and_then(Value::as_str);
        let state = self.state();
        let of_domain = |message: &Message| {
            let domain = message.from.as_ref().map(|from| id::domain(&domain_of(&from.email)));
            wanted.is_none_or(|wanted| domain.as_deref() == Some(wanted))
        };
        let messages = state.messages.iter().rev().map(|stored| &*stored.message);
        let there = messages.filter(|message| message.created_at <= now && of_domain(message));
        self.paged(there.map(listed), &page, "messages")
    }

    pub(super) fn message(&self, id: &str, now: Timestamp) -> Reply {
        let state = self.state();
        let is_there = |stored: &&StoredMessage| stored.message.id == id && stored.message.created_at <= now;
        let Some(stored) = state.messages.iter().find(is_there) else { return not_found() };
        let emails = stored.emails.iter().map(|email| api_email(stored, email)).collect();
        let name = stored.message.from.as_ref().map_or_else(|| "".into(), |from| domain_of(&from.email));
        let listed = listed(&stored.message);
        let domain = self.domain_called(&state, &name, stored.message.created_at);
        Reply::json(200, &Data { data: Detailed { listed, emails, domain } })
    }
}

fn listed(message: &Message) -> Listed {
    let at = object_time(message.created_at);
    Listed { id: message.id.clone(), created_at: at.clone(), updated_at: at }
}

pub(super) fn api_email(stored: &StoredMessage, email: &StoredEmail) -> ApiEmail {
    let message = &stored.message;
    let at = object_time(message.created_at);
    ApiEmail {
        id: email.id.clone(),
        from: message.from.as_ref().map(|from| from.email.clone()).unwrap_or_default(),
        subject: email.rendered.subject.to_string(),
        text: None,
        html: None,
        template_id: message.template_id.clone().unwrap_or_default(),
        status: email.status(),
        tags: (!message.tags.is_empty()).then(|| message.tags.clone()),
        headers: None,
        created_at: at.clone(),
        updated_at: at,
    }
}
