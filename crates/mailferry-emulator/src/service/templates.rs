//! `/v1/templates`: the stored templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::domains::Domain;
use super::page::Page;
use super::query::{json_body, note};
use super::state::{StoredEmail, StoredMessage};
use super::{Service, State, in_ascii, invalid, not_found, refuse};
use crate::clock::object_time;
use crate::lifecycle::ActivityKind;
use crate::message::EmailStatus;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{TEMPLATE, examine, is_true};
use crate::templates::{Source, Stored, Template, text_of};

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// As recorded in 2025 (facts sheet 8.3); its content is never told.
#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    description: Option<()>,
    r#type: &'static str,
    image_path: Option<()>,
    variables: Variables,
    created_at: String,
    category: Option<()>,
    categories: Vec<String>,
}

/// Recorded are an empty `variables`, and `personalization` that is a list when it is empty and else has names with empty
/// texts. What `variables` has for the simple syntax is UNCERTAIN.
#[derive(Serialize)]
struct Variables {
    variables: Vec<String>,
    personalization: Personalization,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Personalization {
    None([(); 0]),
    Some(BTreeMap<String, &'static str>),
}

#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    shown: Shown,
    domain: Option<Domain>,
    template_stats: Stats,
}

#[derive(Serialize)]
struct Stats {
    total: usize,
    queued: usize,
    sent: usize,
    rejected: usize,
    delivered: usize,
    opened: usize,
    open_rate: usize,
    clicked: usize,
    click_rate: usize,
    unsubscribed: usize,
    unsubscribe_rate: usize,
    complained: usize,
    complain_rate: usize,
    last_email_sent_at: Option<String>,
}

impl Service {
    /// Those that are stored; others that messages may name are not known. A template without a domain is of all domains.
    pub(super) fn templates(&self, request: &Request, now: Timestamp) -> Reply {
        let (page, query): (Page, Value) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let wanted = query.get("domain_id").and_then(Value::as_str);
        let templates = self.templates.all(now);
        let of_domain = |stored: &&Arc<Stored>| {
            wanted.is_none_or(|wanted| stored.domain_id.as_deref().is_none_or(|domain| domain == wanted))
        };
        self.paged(templates.iter().filter(of_domain).map(|stored| show(stored)), &page, "templates")
    }

    pub(super) fn template(&self, id: &str, now: Timestamp) -> Reply {
        match self.templates.find(id, now) {
            Some(stored) => Reply::json(200, &Data { data: self.detailed(&stored, now) }),
            None => not_found(),
        }
    }

    pub(super) fn create_template(&self, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let findings = examine(TEMPLATE, &root, &self.facts(&self.state(), now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let id = self.state().ids.hashid();
        self.keep(stored(id, &root, now, now), 201, now)
    }

    pub(super) fn change_template(&self, id: &str, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let Some(known) = self.templates.find(id, now) else { return not_found() };
        if known.source != Source::Api {
            return refuse("template.not_api", &[]);
        }
        let root = changed(&known, &root);
        let findings = examine(TEMPLATE, &root, &self.facts(&self.state(), now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        self.keep(stored(known.id.clone(), &root, known.created_at, now), 200, now)
    }

    /// Scheduled messages that name it are not sent any more (facts sheet 3.3, documented).
    pub(super) fn delete_template(&self, id: &str, now: Timestamp) -> Reply {
        if self.remove_template(id, now) { Reply::empty(200) } else { not_found() }
    }

    /// Deletes a template, if there is one.
    pub(crate) fn remove_template(&self, id: &str, now: Timestamp) -> bool {
        let state = self.caught_up(now);
        let is_waiting = |at: Option<Timestamp>| at.is_some_and(|at| at > now);
        let found = self.templates.delete(id, now);
        if found {
            let named = state.messages.iter().filter(|stored| stored.message.template_id.as_deref() == Some(id));
            named.filter(|stored| is_waiting(stored.message.send_at)).for_each(StoredMessage::cancel);
        }
        found
    }

    fn keep(&self, stored: Stored, status: u16, now: Timestamp) -> Reply {
        let id = stored.id.clone();
        if !self.templates.put(stored) {
            return refuse("create.too_many", &[]);
        }
        let Some(stored) = self.templates.find(&id, now) else { return not_found() };
        let reply = Reply::json(status, &Data { data: self.detailed(&stored, now) });
        // MailerSend finds out when it is used, as far as is known.
        match stored.mistakes().first() {
            Some((field, problem)) => reply.with("x-emulator-note", in_ascii(&format!("{field}, {problem}"))),
            None => reply,
        }
    }

    fn detailed(&self, stored: &Stored, now: Timestamp) -> Detailed {
        let state = self.caught_up(now);
        let domain = stored.domain_id.as_deref().and_then(|id| state.domain_name(id));
        let domain = domain.map(|name| self.domain_called(&state, name, stored.created_at));
        Detailed { shown: show(stored), domain, template_stats: stats(&state, &stored.id) }
    }
}

fn show(stored: &Stored) -> Shown {
    let (advanced, simple) = stored.variables();
    let advanced: BTreeMap<String, &'static str> = advanced.into_iter().map(|name| (name, "")).collect();
    Shown {
        id: stored.id.clone(),
        name: stored.title().to_owned(),
        description: None,
        // Made of HTML by hand, and not with one of the editors (facts sheet 8.3, INFERRED).
        r#type: "gh",
        image_path: None,
        variables: Variables {
            variables: simple.into_iter().map(str::to_owned).collect(),
            personalization: if advanced.is_empty() {
                Personalization::None([])
            } else {
                Personalization::Some(advanced)
            },
        },
        created_at: object_time(stored.created_at),
        category: None,
        categories: stored.categories.clone(),
    }
}

/// The template that a valid `root` asks for.
fn stored(id: String, root: &Value, created_at: Timestamp, now: Timestamp) -> Stored {
    let text = |name: &str| root.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let list = |name: &str| {
        let items = root.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let html = text("html").unwrap_or_default();
    let made = || root.get("auto_generate").is_some_and(is_true).then(|| text_of(html));
    let template = Template {
        name: Some(text("name").unwrap_or("Template").to_owned()),
        html: Some(html.to_owned()),
        text: text("text").map(str::to_owned).or_else(made),
        ..Template::new(id)
    };
    let mut stored = Stored::new(template, Source::Api, now);
    stored.domain_id = text("domain_id").map(str::to_owned);
    (stored.categories, stored.tags, stored.created_at) = (list("categories"), list("tags"), created_at);
    stored
}

/// The fields of `known`, with what `root` says instead. A text that was not said is made anew when that is asked for.
fn changed(known: &Stored, root: &Value) -> Value {
    let mut fields = Map::new();
    let makes_text = root.get("auto_generate").is_some_and(is_true);
    for field in ["html", "text"] {
        if let Some(content) = known.content(field).filter(|_| field != "text" || !makes_text) {
            fields.insert(field.to_owned(), content.as_ref().into());
        }
    }
    fields.insert("name".to_owned(), known.title().into());
    fields.insert("domain_id".to_owned(), known.domain_id.clone().into());
    fields.insert("categories".to_owned(), known.categories.as_slice().into());
    fields.insert("tags".to_owned(), known.tags.as_slice().into());
    for (name, value) in root.as_object().into_iter().flatten() {
        fields.insert(name.clone(), value.clone());
    }
    Value::Object(fields)
}

/// Rates are whole percents of what was delivered (UNCERTAIN).
fn stats(state: &State, id: &str) -> Stats {
    let of_template = state.messages.iter().filter(|stored| stored.message.template_id.as_deref() == Some(id));
    let statuses: Vec<EmailStatus> =
        of_template.flat_map(|stored| stored.emails.iter()).map(StoredEmail::status).collect();
    let count = |status| statuses.iter().filter(|known| **known == status).count();
    let (queued, sent) = (count(EmailStatus::Queued), count(EmailStatus::Sent));
    let (rejected, delivered) = (count(EmailStatus::Rejected), count(EmailStatus::Delivered));
    let its = || state.activities.iter().filter(|a| a.letter.sheet.template_id.as_deref() == Some(id));
    let happened = |kind| its().filter(|activity| activity.kind == kind).count();
    let rate = |count: usize| count.saturating_mul(100).checked_div(delivered).unwrap_or(0);
    let (opened, clicked) = (happened(ActivityKind::OpenedUnique), happened(ActivityKind::ClickedUnique));
    let (unsubscribed, complained) = (happened(ActivityKind::Unsubscribed), happened(ActivityKind::SpamComplaint));
    let last = its().filter(|activity| activity.kind == ActivityKind::Sent).map(|activity| activity.at).max();
    Stats {
        total: statuses.len(),
        queued,
        sent,
        rejected,
        delivered,
        opened,
        open_rate: rate(opened),
        clicked,
        click_rate: rate(clicked),
        unsubscribed,
        unsubscribe_rate: rate(unsubscribed),
        complained,
        complain_rate: rate(complained),
        last_email_sent_at: last.map(object_time),
    }
}
