//! Activities and reactions, under the inspection's path.

use reqwest::Url;
use serde::Serialize;

use super::Asked;
use crate::lifecycle::{Activity, Reaction, ReactionError};
use crate::reply::Reply;
use crate::service::Service;

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    at: String,
    r#type: &'static str,
    email_id: &'a str,
    message_id: &'a str,
    recipient: &'a str,
}

/// The answer, when the request is about activities or makes one.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    match (asked.method, parts) {
        ("GET", ["activities"]) => Some(activities(service)),
        ("POST", ["emails", id, name]) => {
            let reaction = Reaction::from_name(name, url(asked.target))?;
            Some(react(service, id, reaction))
        }
        _ => None,
    }
}

fn activities(service: &Service) -> Reply {
    let activities = service.activities();
    let shown: Vec<Shown<'_>> = activities
        .iter()
        .map(|Activity { id, at, kind, email_id, message_id, recipient }| Shown {
            id,
            at: at.to_string(),
            r#type: kind.name(),
            email_id,
            message_id,
            recipient,
        })
        .collect();
    Reply::json(200, &shown)
}

fn react(service: &Service, id: &str, reaction: Reaction) -> Reply {
    match service.react(id, reaction) {
        Ok(()) => Reply { status: 204, headers: Vec::new(), body: Vec::new() },
        Err(ReactionError::Unknown) => Reply::sentence(404, "The emulator has no such email."),
        Err(error) => Reply::sentence(409, &error.to_string()),
    }
}

/// The `url` of the question.
fn url(target: &str) -> Option<String> {
    let target = Url::parse("http://localhost/").ok()?.join(target).ok()?;
    target.query_pairs().find(|(name, _)| name == "url").map(|(_, url)| url.into_owned())
}

impl Service {
    /// Every activity that is remembered, oldest first.
    pub(crate) fn activities(&self) -> Vec<Activity> {
        let state = self.caught_up(self.clock.now());
        state.activities.iter().map(crate::lifecycle::Occurrence::shown).collect()
    }
}
