//! Whether the emulator runs.

use serde::Serialize;

use super::Asked;
use crate::reply::Reply;
use crate::service::Service;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    emulates: &'static str,
    url: String,
    time: String,
    dropped_messages: u64,
    dropped_requests: u64,
    dropped_deliveries: u64,
}

/// The answer to `GET /_emulator/health`, which everybody may ask.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    matches!((asked.method, parts), ("GET", ["health"])).then(|| health(service))
}

fn health(service: &Service) -> Reply {
    let state = service.state();
    let health = Health {
        status: "ok",
        emulates: "MailerSend",
        url: service.url.clone(),
        time: service.clock.now().to_string(),
        dropped_messages: state.messages.dropped(),
        dropped_requests: state.requests.dropped(),
        dropped_deliveries: state.outbox.lost(),
    };
    Reply::json(200, &health)
}
