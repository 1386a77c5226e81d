//! The bodies of webhooks, byte for byte as MailerSend writes them.

use jiff::Timestamp;

use super::registry::RegisteredWebhook;
use crate::clock::{micro_time, sentence_time};
use crate::json;

/// What is posted to a URL before it is taken (facts sheet 6.1).
pub(crate) fn ping(now: Timestamp) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct Ping {
        r#type: &'static str,
        message: &'static str,
        created_at: String,
    }
    json::compact(&Ping { r#type: "webhook.test", message: "This is a ping test message", created_at: micro_time(now) })
}

/// An event of the account around its `data`, which is compact JSON already.
///
/// Only `type`, `created_at` and `data` are documented; `webhook_id`, and the order, are those of version 2 (UNCERTAIN).
/// The time has no zone but for the on-hold events (facts sheet 6.6).
pub(super) fn account(kind: &str, data: &[u8], webhook: &RegisteredWebhook, now: Timestamp) -> Vec<u8> {
    let created_at = if kind.starts_with("recipient.on_hold") { micro_time(now) } else { sentence_time(now) };
    let mut body = Vec::with_capacity(data.len().saturating_add(128));
    for (before, text) in [("{\"type\":", kind), (",\"created_at\":", &created_at)] {
        body.extend_from_slice(before.as_bytes());
        body.extend_from_slice(&json::compact(&text));
    }
    body.extend_from_slice(b",\"data\":");
    body.extend_from_slice(data);
    body.extend_from_slice(b",\"webhook_id\":");
    body.extend_from_slice(&json::compact(&webhook.id));
    body.push(b'}');
    body
}
