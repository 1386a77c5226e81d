//! Whether the emulator runs, and whether it can be sent to.

use serde::Serialize;

use super::Asked;
use crate::keeping::ShownKeeping;
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
    /// Null when everything is in memory only.
    data: Option<ShownKeeping>,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
}

/// The answer to `GET /_emulator/health` and `/_emulator/ready`, which everybody may ask.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    match (asked.method, parts) {
        ("GET", ["health"]) => Some(health(service)),
        ("GET", ["ready"]) => Some(ready(service)),
        _ => None,
    }
}

/// 503 until everything that was kept is there again. A file that cannot be written does not make it less ready.
fn ready(service: &Service) -> Reply {
    let (status, word) = if service.keeping.is_ready() { (200, "ready") } else { (503, "loading") };
    Reply::json(status, &Readiness { status: word })
}

fn health(service: &Service) -> Reply {
    let state = service.quietly();
    let health = Health {
        status: "ok",
        emulates: "MailerSend",
        url: service.url.clone(),
        time: service.clock.now().to_string(),
        dropped_messages: state.messages.dropped(),
        dropped_requests: state.requests.dropped(),
        dropped_deliveries: state.outbox.lost(),
        data: service.keeping.shown(),
    };
    Reply::json(200, &health)
}
