//! Sender identities, and the link in the mail that verifies one.

use serde::Serialize;

use super::{Asked, done};
use crate::reply::Reply;
use crate::service::{Identity, Service};

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    email: &'a str,
    verified: bool,
}

/// The answer, when the request is about sender identities.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    match (asked.method, parts) {
        ("GET", ["identities"]) => Some(list(service)),
        ("POST", ["identities", id, "verify"]) => Some(if service.verify_identity(id) {
            done()
        } else {
            Reply::sentence(404, "The emulator has no such sender identity.")
        }),
        _ => None,
    }
}

fn list(service: &Service) -> Reply {
    let state = service.state();
    Reply::json(200, &state.identities.iter().map(show).collect::<Vec<_>>())
}

fn show(identity: &Identity) -> Shown<'_> {
    Shown { id: &identity.id, email: &identity.email, verified: identity.is_verified }
}
