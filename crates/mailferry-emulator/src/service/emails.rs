//! `GET /v1/emails` and `GET /v1/email/{id}`, which MailerSend has had since 2026.
//!
//! Their JSON is that of the examples in the tests of the vendor's Ruby SDK (2026-08), which were written by hand.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::page::Page;
use super::query::query;
use super::recipients::{Recipient, recipient};
use super::state::{StoredEmail, StoredMessage};
use super::{Service, State, invalid, not_found};
use crate::clock::object_time;
use crate::id;
use crate::lifecycle::ActivityKind;
use crate::message::EmailStatus;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{EMAILS, examine, moment_of};

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// `text` and `html` are null in lists, and without content tracking.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    text: Option<()>,
    html: Option<()>,
    /// An empty text when there is none, as elsewhere (INFERRED).
    template_id: &'a str,
    domain_id: String,
    message_id: &'a str,
    status: EmailStatus,
    tags: Option<&'a [String]>,
    interaction: Interactions,
    suppression_reason: Option<()>,
    created_at: String,
    updated_at: String,
    headers: Option<Vec<Header<'a>>>,
}

#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Detailed<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    recipient: Recipient,
    /// Newest first.
    activity: Vec<Happened>,
}

#[derive(Serialize)]
struct Happened {
    id: String,
    r#type: &'static str,
    created_at: String,
}

/// What a reader did, in the words of the filter.
#[derive(Clone, Default, Serialize)]
struct Interactions(BTreeSet<&'static str>);

impl Interactions {
    /// Whether the filter's word fits.
    fn include(&self, word: &str) -> bool {
        self.0.contains(word) || (word == "no_interaction" && self.0.is_empty())
    }
}

impl Service {
    /// Newest first.
    pub(super) fn emails_sent(&self, request: &Request, now: Timestamp) -> Reply {
        let query = query(request);
        let state = self.caught_up(now);
        let findings = examine(EMAILS, &query, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return invalid(&findings);
        }
        let interactions = interactions(&state);
        let interactions_of = |email: &StoredEmail| interactions.get(&*email.id).cloned().unwrap_or_default();
        let wanted = |stored: &StoredMessage, email: &StoredEmail| {
            is_wanted(&query, &state, stored, email, &interactions_of(email))
        };
        let rows = state.messages.iter().rev().filter(|stored| stored.message.created_at <= now);
        let rows = rows.flat_map(|stored| stored.emails.iter().rev().map(move |email| (stored, email)));
        let rows = rows.filter(|(stored, email)| wanted(stored, email));
        self.paged(rows.map(|(stored, email)| row(stored, email, interactions_of(email))), &Page::of(&query), "emails")
    }

    pub(super) fn email_sent(&self, id: &str, now: Timestamp) -> Reply {
        let state = self.caught_up(now);
        let there = state.messages.iter().filter(|stored| stored.message.created_at <= now);
        let mut emails = there.flat_map(|stored| stored.emails.iter().map(move |email| (stored, email)));
        let Some((stored, email)) = emails.find(|(_, email)| email.id == id) else { return not_found() };
        let interactions = interactions(&state).remove(id).unwrap_or_default();
        let its = state.activities.iter().rev().filter(|activity| activity.letter.email_id == id);
        let activity = its
            .map(|activity| Happened {
                id: activity.id(),
                r#type: activity.kind.name(),
                created_at: object_time(activity.at),
            })
            .collect();
        let recipient = recipient(&email.recipient.email, &email.letter.contact);
        Reply::json(200, &Data { data: Detailed { row: row(stored, email, interactions), recipient, activity } })
    }
}

/// What readers did, by the email's id.
fn interactions(state: &State) -> HashMap<&str, Interactions> {
    let mut all: HashMap<&str, Interactions> = HashMap::new();
    for activity in state.activities.iter() {
        let word = match activity.kind {
            ActivityKind::Opened | ActivityKind::OpenedUnique => "opened",
            ActivityKind::Clicked | ActivityKind::ClickedUnique => "clicked",
            ActivityKind::Unsubscribed => "unsubscribed",
            ActivityKind::SpamComplaint => "complained",
            _ => continue,
        };
        all.entry(activity.letter.email_id.as_str()).or_default().0.insert(word);
    }
    all
}

fn is_wanted(
    query: &Value,
    state: &State,
    stored: &StoredMessage,
    email: &StoredEmail,
    interactions: &Interactions,
) -> bool {
    let message = &stored.message;
    let text = |name: &str| query.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let list = |name: &str| query.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    let moment = |name: &str| query.get(name).and_then(moment_of);
    let status = status_word(email);
    text("domain_id").and_then(|id| state.domain_name(id)) == Some(&*email.letter.sheet.domain)
        && moment("date_from").is_none_or(|from| message.created_at >= from)
        && moment("date_to").is_none_or(|to| message.created_at.as_second() <= to.as_second())
        && list("status").is_none_or(|list| list.contains(&status))
        && list("interaction")
            .is_none_or(|list| list.iter().filter_map(Value::as_str).any(|word| interactions.include(word)))
        && text("recipient_email").is_none_or(|address| email.recipient.email.eq_ignore_ascii_case(address))
        && text("message_id").is_none_or(|id| message.id == id)
        && text("template_id").is_none_or(|id| message.template_id.as_deref() == Some(id))
        && text("subject").is_none_or(|part| email.rendered.subject.to_lowercase().contains(&part.to_lowercase()))
        && text("tag").is_none_or(|tag| message.tags.iter().any(|known| known == tag))
}

fn status_word(email: &StoredEmail) -> Value {
    serde_json::to_value(email.status()).unwrap_or_default()
}

fn row<'a>(stored: &'a StoredMessage, email: &'a StoredEmail, interaction: Interactions) -> Row<'a> {
    let message = &stored.message;
    let at = object_time(message.created_at);
    let headers = || message.headers.iter().map(|(name, value)| Header { name, value }).collect();
    Row {
        id: &email.id,
        from: message.from.as_ref().map_or("", |from| &from.email),
        to: &email.recipient.email,
        subject: &email.rendered.subject,
        text: None,
        html: None,
        template_id: message.template_id.as_deref().unwrap_or_default(),
        domain_id: id::domain(&email.letter.sheet.domain),
        message_id: &message.id,
        status: email.status(),
        tags: (!message.tags.is_empty()).then_some(&message.tags),
        interaction,
        suppression_reason: None,
        created_at: at.clone(),
        updated_at: at,
        headers: (!message.headers.is_empty()).then(headers),
    }
}
