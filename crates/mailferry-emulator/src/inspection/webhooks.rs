//! Webhooks and their deliveries, under the inspection's path.

use serde::Serialize;

use super::Asked;
use crate::reply::Reply;
use crate::service::Service;
use crate::webhooks::{DeliveryResult, RegisteredWebhook};

/// The secret is shown, as MailerSend's API shows it.
#[derive(Serialize)]
pub(super) struct ShownWebhook<'a> {
    id: &'a str,
    url: &'a str,
    name: &'a str,
    events: &'a [String],
    enabled: bool,
    version: u8,
    domain: Option<&'a str>,
    secret: &'a str,
}

/// `body` is null when it is no UTF-8, which only a forward of an inbound route could be.
#[derive(Serialize)]
struct ShownDelivery<'a> {
    number: u64,
    receiver: &'a str,
    event: &'a str,
    url: &'a str,
    body: Option<&'a str>,
    signature: &'a str,
    attempt: u32,
    at: String,
    status: Option<u16>,
    error: Option<&'a str>,
    again_at: Option<String>,
    /// As it is written in a flag.
    fault: Option<String>,
    email_id: Option<&'a str>,
    activity_id: Option<&'a str>,
}

/// The answer, when the request is about webhooks.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["webhooks"]) => webhooks(service),
        ("GET", ["webhooks", "deliveries"]) => deliveries(service, asked),
        ("POST", ["webhooks", "deliveries", number, "resend"]) => resend(service, number),
        _ => return None,
    })
}

fn webhooks(service: &Service) -> Reply {
    let state = service.state();
    let shown: Vec<ShownWebhook<'_>> = state.webhooks.iter().map(show).collect();
    Reply::json(200, &shown)
}

pub(super) fn show(webhook: &RegisteredWebhook) -> ShownWebhook<'_> {
    ShownWebhook {
        id: &webhook.id,
        url: &webhook.url,
        name: &webhook.name,
        events: &webhook.events,
        enabled: webhook.enabled,
        version: webhook.version.number(),
        domain: webhook.domain.as_deref(),
        secret: &webhook.secret,
    }
}

/// `?webhook=` (or a forward's id), `email=`, `before=` a number and `limit=` leave out others; the newest are last.
fn deliveries(service: &Service, asked: &Asked<'_>) -> Reply {
    let (mut before, mut limit) = (None, None);
    for (name, value) in [("before", &mut before), ("limit", &mut limit)] {
        let Some(text) = asked.parameters(name).pop() else { continue };
        let Ok(number) = text.parse::<u64>() else {
            return Reply::sentence(400, &format!("{name} is a number."));
        };
        *value = Some(number);
    }
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let (receiver, email) = (asked.parameters("webhook").pop(), asked.parameters("email").pop());
    let deliveries = service.state().outbox.some_deliveries(receiver.as_deref(), email.as_deref(), before, limit);
    let shown: Vec<ShownDelivery<'_>> = deliveries
        .iter()
        .map(|delivery| ShownDelivery {
            number: delivery.number,
            receiver: &delivery.receiver,
            event: &delivery.event,
            url: &delivery.url,
            body: std::str::from_utf8(&delivery.body).ok(),
            signature: &delivery.signature,
            attempt: delivery.attempt,
            at: delivery.at.to_string(),
            status: match &delivery.result {
                DeliveryResult::Answered(status) => Some(*status),
                DeliveryResult::Unanswered(_) => None,
            },
            error: match &delivery.result {
                DeliveryResult::Answered(_) => None,
                DeliveryResult::Unanswered(reason) => Some(reason),
            },
            again_at: delivery.again_at.map(|at| at.to_string()),
            fault: delivery.fault.map(|fault| fault.to_string()),
            email_id: delivery.email_id.as_deref(),
            activity_id: delivery.activity_id.as_deref(),
        })
        .collect();
    Reply::json(200, &shown)
}

fn resend(service: &Service, number: &str) -> Reply {
    if number.parse().is_ok_and(|number| service.resend(number)) {
        Reply { status: 202, headers: Vec::new(), body: Vec::new() }
    } else {
        Reply::sentence(404, "The emulator has no such delivery.")
    }
}
