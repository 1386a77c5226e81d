//! Webhooks and their deliveries, under the inspection's path.

use serde::Serialize;

use super::Asked;
use crate::reply::Reply;
use crate::service::Service;
use crate::webhooks::{Delivery, DeliveryResult, RegisteredWebhook};

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
pub(crate) struct ShownDelivery {
    number: u64,
    receiver: String,
    event: String,
    url: String,
    body: Option<String>,
    signature: String,
    attempt: u32,
    at: String,
    status: Option<u16>,
    error: Option<String>,
    again_at: Option<String>,
    /// As it is written in a flag.
    fault: Option<String>,
    email_id: Option<String>,
    activity_id: Option<String>,
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
    let shown: Vec<ShownDelivery> = deliveries.into_iter().map(ShownDelivery::from).collect();
    Reply::json(200, &shown)
}

impl From<Delivery> for ShownDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery {
            number,
            receiver,
            event,
            url,
            body,
            signature,
            attempt,
            at,
            result,
            again_at,
            fault,
            email_id,
            activity_id,
        } = delivery;
        let (status, error) = match result {
            DeliveryResult::Answered(status) => (Some(status), None),
            DeliveryResult::Unanswered(reason) => (None, Some(reason)),
        };
        let body = std::str::from_utf8(&body).ok().map(str::to_owned);
        let (at, again_at) = (at.to_string(), again_at.map(|at| at.to_string()));
        let fault = fault.map(|fault| fault.to_string());
        Self {
            number,
            receiver,
            event,
            url,
            body,
            signature,
            attempt,
            at,
            status,
            error,
            again_at,
            fault,
            email_id,
            activity_id,
        }
    }
}

fn resend(service: &Service, number: &str) -> Reply {
    if number.parse().is_ok_and(|number| service.resend(number)) {
        Reply { status: 202, headers: Vec::new(), body: Vec::new() }
    } else {
        Reply::sentence(404, "The emulator has no such delivery.")
    }
}
