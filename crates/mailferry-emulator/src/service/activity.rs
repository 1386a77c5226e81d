//! `GET /v1/activity/{domain_id}` and `GET /v1/activities/{id}`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::page::Page;
use super::query::query;
use super::{Service, invalid, not_found};
use crate::clock::object_time;
use crate::lifecycle::{Letter, Occurrence};
use crate::message::EmailStatus;
use crate::plan::Feature;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{ACTIVITY, PAGE, examine, moment_of};

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// As recorded in 2024 and 2025 (facts sheet 8.3).
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    created_at: String,
    updated_at: String,
    r#type: &'static str,
    email: ShownEmail<'a>,
}

/// `text` and `html` are null unless content tracking is on, which the emulator does not have; `template_id` is an
/// empty text when there is none.
#[derive(Serialize)]
struct ShownEmail<'a> {
    id: &'a str,
    from: &'a str,
    subject: &'a str,
    text: Option<()>,
    html: Option<()>,
    template_id: &'a str,
    status: EmailStatus,
    tags: Option<&'a [String]>,
    created_at: String,
    updated_at: String,
    headers: Option<()>,
    recipient: Recipient<'a>,
}

#[derive(Serialize)]
struct Recipient<'a> {
    id: &'a str,
    email: &'a str,
    created_at: String,
    updated_at: String,
    deleted_at: &'static str,
}

impl Service {
    /// Newest first.
    pub(super) fn activity(&self, domain_id: &str, request: &Request, now: Timestamp) -> Reply {
        let state = self.state();
        let Some(domain) = state.domain_name(domain_id) else { return not_found() };
        let query = query(request);
        let facts = self.facts(&state, now, &[]);
        let mut findings = examine(ACTIVITY, &query, &facts);
        findings.append(examine(PAGE, &query, &facts));
        if !findings.is_empty() {
            return invalid(&findings);
        }
        let moment = |name: &str| query.get(name).and_then(moment_of).unwrap_or(now).as_second();
        // Both ends belong to it, as whole seconds (INFERRED).
        let span = moment("date_from")..=moment("date_to");
        let wanted: Vec<&str> =
            query.get("event").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let is_paid = state.terms.allowance.lacks(Feature::Activities).is_none();
        let found = state.activities.iter().rev().filter(|occurrence| {
            occurrence.letter.sheet.domain == domain
                && (is_paid || !occurrence.kind.is_paid())
                && span.contains(&occurrence.at.as_second())
                && (wanted.is_empty() || wanted.contains(&occurrence.kind.name()))
        });
        self.paged(found.map(show), &Page::of(&query), &format!("activity/{domain_id}"))
    }

    pub(super) fn one_activity(&self, id: &str) -> Reply {
        let state = self.state();
        let found = state.activities.iter().find(|occurrence| occurrence.id() == id);
        found.map_or_else(not_found, |occurrence| Reply::json(200, &Data { data: show(occurrence) }))
    }
}

fn show(occurrence: &Occurrence) -> Shown<'_> {
    let Occurrence { serial: _, at, kind, letter, detail: _, previous: _ } = occurrence;
    let Letter { email_id, recipient, contact, subject, sheet, .. } = &**letter;
    let (at, sent_at, known_at) = (object_time(*at), object_time(sheet.created_at), object_time(contact.created_at));
    Shown {
        id: occurrence.id(),
        created_at: at.clone(),
        updated_at: at,
        r#type: kind.name(),
        email: ShownEmail {
            id: email_id,
            from: &sheet.from,
            subject,
            text: None,
            html: None,
            template_id: sheet.template_id.as_deref().unwrap_or_default(),
            status: letter.course().status,
            tags: Some(sheet.tags.as_slice()).filter(|tags| !tags.is_empty()),
            created_at: sent_at.clone(),
            updated_at: sent_at,
            headers: None,
            recipient: Recipient {
                id: &contact.id,
                email: recipient,
                created_at: known_at.clone(),
                updated_at: known_at,
                deleted_at: "",
            },
        },
    }
}
