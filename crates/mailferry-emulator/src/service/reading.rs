//! `GET /v1/messages` and `GET /v1/messages/{id}`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::page::Page;
use super::state::{State, StoredEmail, StoredMessage};
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
struct ApiEmail {
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

/// The shape that is embedded in messages; what a real domain would have verified is always verified here.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the shape is MailerSend's")]
pub(super) struct Domain {
    id: String,
    name: String,
    dkim: bool,
    spf: bool,
    tracking: bool,
    is_verified: bool,
    is_cname_verified: bool,
    is_dns_active: bool,
    is_cname_active: bool,
    is_tracking_allowed: bool,
    has_not_queued_messages: bool,
    not_queued_messages_count: usize,
    domain_settings: DomainSettings,
    created_at: String,
    updated_at: String,
    totals: [(); 0],
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is MailerSend's")]
struct DomainSettings {
    send_paused: bool,
    track_clicks: bool,
    track_opens: bool,
    track_unsubscribe: bool,
    track_content: bool,
    custom_tracking_enabled: bool,
    precedence_bulk: bool,
    ignore_duplicated_recipients: bool,
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
        let mut there = state.messages.iter().filter(|stored| stored.message.created_at <= now);
        let Some(stored) = there.find(|stored| stored.message.id == id) else { return not_found() };
        let emails = stored.emails.iter().map(|email| api_email(stored, email)).collect();
        let domain = self.domain(&state, &stored.message);
        Reply::json(200, &Data { data: Detailed { listed: listed(&stored.message), emails, domain } })
    }

    fn domain(&self, state: &State, message: &Message) -> Domain {
        let name = message.from.as_ref().map_or_else(String::new, |from| domain_of(&from.email).to_string());
        self.domain_called(state, &name, message.created_at)
    }

    /// The domain `name`, as if it had been registered at `since`.
    pub(super) fn domain_called(&self, state: &State, name: &str, since: Timestamp) -> Domain {
        let paused = state.is_paused(name);
        let from_here =
            |stored: &&StoredMessage| stored.message.from.as_ref().is_some_and(|from| *domain_of(&from.email) == *name);
        let held = if paused { state.messages.iter().filter(from_here).count() } else { 0 };
        Domain {
            id: id::domain(name),
            name: name.to_owned(),
            dkim: true,
            spf: true,
            tracking: false,
            is_verified: true,
            is_cname_verified: true,
            is_dns_active: true,
            is_cname_active: true,
            is_tracking_allowed: true,
            has_not_queued_messages: held > 0,
            not_queued_messages_count: held,
            domain_settings: DomainSettings {
                send_paused: paused,
                track_clicks: true,
                track_opens: true,
                track_unsubscribe: false,
                track_content: false,
                custom_tracking_enabled: false,
                precedence_bulk: false,
                ignore_duplicated_recipients: self.settings.ignore_duplicates,
            },
            created_at: object_time(since),
            updated_at: object_time(since),
            totals: [],
        }
    }
}

fn listed(message: &Message) -> Listed {
    let at = object_time(message.created_at);
    Listed { id: message.id.clone(), created_at: at.clone(), updated_at: at }
}

fn api_email(stored: &StoredMessage, email: &StoredEmail) -> ApiEmail {
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
