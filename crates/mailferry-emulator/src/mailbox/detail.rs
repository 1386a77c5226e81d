//! One email with everything that is known of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::messages::Place;
use super::row::Row;
use crate::inspection::ShownDelivery;
use crate::lifecycle::{Detail as Reason, Occurrence, Planned};
use crate::message::{Attachment, EmailStatus, Mailbox, Role};
use crate::service::{Service, State, StoredEmail, StoredMessage};
use crate::shown::{head, media_type};
use crate::warning::Warning;
use crate::webhooks::Delivery;

/// How many activities are shown; of more, the newest.
const MOST_ACTIVITIES: usize = 1_000;

/// Everything about an email.
#[derive(Serialize)]
pub(crate) struct Detail {
    #[serde(flatten)]
    row: Row,
    headers: Vec<(String, String)>,
    has_text: bool,
    has_html: bool,
    files: Vec<File>,
    recipients: Vec<Recipient>,
    /// The number of the request that it came with.
    request: Option<u64>,
    timeline: Vec<Happened>,
    deliveries: Vec<ShownDelivery>,
    /// Instead of the row's number of them.
    warnings: Vec<Warning>,
    reply_to: Option<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bulk_email_id: Option<String>,
    settings: Option<Value>,
    tracking: Tracking,
    planned: Vec<Plan>,
}

#[derive(Serialize)]
struct File {
    filename: String,
    inline: bool,
    id: Option<String>,
    size: usize,
    content_type: &'static str,
    url: String,
}

/// Somebody whom the message was for; those who are suppressed got no email, and why.
#[derive(Serialize)]
struct Recipient {
    email_id: Option<String>,
    email: String,
    name: Option<String>,
    role: Role,
    status: Option<EmailStatus>,
    reasons: Vec<&'static str>,
}

#[derive(Serialize)]
struct Happened {
    at: String,
    kind: &'static str,
    url: Option<String>,
    reason: Option<&'static str>,
    /// The numbers of the deliveries that told of it.
    deliveries: Vec<u64>,
}

#[derive(Serialize)]
struct Tracking {
    opens: bool,
    clicks: bool,
}

/// What is to happen: the first at a known time, the rest one delay after another.
#[derive(Serialize)]
struct Plan {
    at: Option<String>,
    kind: &'static str,
}

/// What is taken from the state, to be written down without it.
struct Taken {
    place: Place,
    stored: StoredMessage,
    timeline: Vec<(u64, Occurrence)>,
    deliveries: Vec<(u64, Delivery)>,
}

impl Service {
    /// Everything about the email with this id.
    pub(crate) fn detail(&self, id: &str) -> Option<Detail> {
        let Taken { place, stored, timeline, deliveries } = {
            let state = self.caught_up(self.clock.now());
            let found = state.messages.email(id)?;
            let timeline = timeline(&state, found.email);
            let numbers: Vec<u64> = timeline.iter().map(|(number, _)| *number).collect();
            let deliveries = state.outbox.about(&numbers);
            Taken { place: found.place, stored: found.stored.clone(), timeline, deliveries }
        };
        let email = stored.emails.get(place.position)?;
        let message = &stored.message;
        let mut told: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (activity, delivery) in &deliveries {
            told.entry(*activity).or_default().push(delivery.number);
        }
        let headers = head::headers(&stored, email, &self.dressed(id, &self.at_home(""))?.headers);
        Some(Detail {
            row: Row::new(place, &stored, email).without_warnings(),
            headers: headers.iter().map(|header| (header.name.to_owned(), header.text())).collect(),
            has_text: email.rendered.text.is_some(),
            has_html: email.rendered.html.is_some(),
            files: message.attachments.iter().enumerate().map(|(at, file)| self::file(email, at, file)).collect(),
            recipients: recipients(&stored),
            request: stored.request,
            timeline: timeline
                .iter()
                .map(|(number, occurrence)| happened(occurrence, told.remove(number).unwrap_or_default()))
                .collect(),
            deliveries: deliveries.into_iter().map(|(_, delivery)| delivery.into()).collect(),
            warnings: email.rendered.warnings.to_vec(),
            reply_to: message.reply_to.clone(),
            to: message.to.clone(),
            cc: message.cc.clone(),
            bulk_email_id: message.bulk_email_id.clone(),
            settings: message.request.get("settings").cloned(),
            tracking: Tracking { opens: email.letter.sheet.tracking.opens, clicks: email.letter.sheet.tracking.clicks },
            planned: email.letter.course().planned.map(plans).unwrap_or_default(),
        })
    }
}

/// What happened to an email, oldest first: each activity knows the one before it.
fn timeline(state: &State, email: &StoredEmail) -> Vec<(u64, Occurrence)> {
    let occurrence = |number: u64| Some((number, state.activities.get(number)?.clone()));
    let newest = email.letter.course().latest.and_then(occurrence);
    let back = std::iter::successors(newest, |(_, later)| later.previous.and_then(occurrence));
    let mut timeline: Vec<_> = back.take(MOST_ACTIVITIES).collect();
    timeline.reverse();
    timeline
}

fn happened(occurrence: &Occurrence, deliveries: Vec<u64>) -> Happened {
    let (url, reason) = match &occurrence.detail {
        Reason::None | Reason::Open(..) => (None, None),
        Reason::Click(_, url, _) => (Some(url.clone()), None),
        Reason::Suppressed(reason) => (None, Some(*reason)),
    };
    Happened { at: occurrence.at.to_string(), kind: occurrence.kind.name(), url, reason, deliveries }
}

fn file(email: &StoredEmail, position: usize, file: &Attachment) -> File {
    File {
        filename: file.filename.clone(),
        inline: file.inline,
        id: file.id.clone(),
        size: file.content.len(),
        content_type: media_type::of(&file.filename, &file.content),
        url: format!("/_emulator/emails/{}/attachments/{position}", email.id),
    }
}

/// Everybody the message is for, in its order.
fn recipients(stored: &StoredMessage) -> Vec<Recipient> {
    // Both lists are in the order of the recipients: each recipient is in one of them.
    let mut emails = stored.emails.iter().peekable();
    let mut suppressed = stored.message.suppressed.iter();
    stored
        .message
        .recipients()
        .map(|(role, mailbox)| {
            let email = emails.next_if(|email| email.role == role && email.recipient == *mailbox);
            let reasons = if email.is_none() { suppressed.next().map(|who| who.reasons.clone()) } else { None };
            Recipient {
                email_id: email.map(|email| email.id.clone()),
                email: mailbox.email.clone(),
                name: mailbox.name.clone(),
                role,
                status: email.map(StoredEmail::status),
                reasons: reasons.unwrap_or_default(),
            }
        })
        .collect()
}

fn plans(planned: Planned) -> Vec<Plan> {
    let Planned { at, step, then } = planned;
    let first = Plan { at: Some(at.to_string()), kind: step.name() };
    std::iter::once(first).chain(then.iter().map(|step| Plan { at: None, kind: step.name() })).collect()
}
