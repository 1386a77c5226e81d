//! Mail that comes in by HTTP, and what routes have taken.

use super::Asked;
use crate::inbound::form;
use crate::reply::Reply;
use crate::service::Service;

/// The answer, when the request is about inbound mail.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("POST", ["inbound"]) => form::receive(service, asked),
        ("POST", ["emails", id, "reply"]) => form::reply(service, id, asked),
        ("GET", ["inbound"]) => form::list(service),
        ("GET", ["inbound", id]) => form::raw(service, id),
        _ => return None,
    })
}
