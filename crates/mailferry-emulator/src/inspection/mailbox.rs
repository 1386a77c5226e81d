//! The mailbox: the list with its search, one email with everything, and taking mails out.

use super::Asked;
use crate::mailbox::Question;
use crate::reply::Reply;
use crate::service::Service;

/// The answer, when the request is about the mailbox.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["mailbox"]) => list(service, asked),
        ("GET", ["mailbox", id]) => match service.detail(id) {
            Some(detail) => Reply::json(200, &detail),
            None => unknown(),
        },
        ("DELETE", ["mailbox"]) => {
            let mut state = service.state();
            state.messages.delete_all();
            state.changes.reset();
            gone()
        }
        ("DELETE", ["mailbox", id]) => delete(service, id),
        _ => return None,
    })
}

fn list(service: &Service, asked: &Asked<'_>) -> Reply {
    match Question::read(service, asked) {
        Ok(question) => Reply::json(200, &service.mailbox(&question)),
        Err(wrong) => Reply::sentence(400, &wrong.to_string()),
    }
}

/// Takes out the message that the email belongs to, with the emails of all its recipients.
fn delete(service: &Service, id: &str) -> Reply {
    let mut state = service.state();
    let Some(place) = state.messages.place(id) else { return unknown() };
    let deleted = state.messages.delete(place.message);
    state.changes.removed(&deleted);
    gone()
}

fn gone() -> Reply {
    Reply { status: 204, headers: Vec::new(), body: Vec::new() }
}

pub(super) fn unknown() -> Reply {
    Reply::sentence(404, "The emulator has no such email: it may have been deleted, or forgotten for newer ones.")
}
