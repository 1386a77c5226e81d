//! `/v1/domains/{id}/smtp-users`: who may send by SMTP.
//!
//! The object's shape is in hand-written fixtures of the vendor's SDKs only (facts sheet 8.3): UNCERTAIN.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::page::Page;
use super::query::{json_body, note};
use super::{Service, State, invalid, not_found, refuse};
use crate::clock::object_time;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{SMTP_USER, examine, is_true};

/// More are refused as MailerSend refuses what comes too fast; where its own limit is, is UNCERTAIN.
const MOST_USERS: usize = 1_000;
/// Where MailerSend's relay is (DOC-SMTP, documented).
const RELAY: (&str, u16) = ("smtp.mailersend.net", 587);

/// The users that were registered by the API, oldest first.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct SmtpUsers(Vec<SmtpUser>);

#[derive(Serialize, Deserialize)]
struct SmtpUser {
    id: String,
    domain_id: String,
    name: String,
    username: String,
    password: String,
    enabled: bool,
    /// When somebody last logged in.
    accessed_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    username: &'a str,
    password: &'a str,
    enabled: bool,
    accessed_at: Option<String>,
    server: String,
    port: u16,
    domain_id: &'a str,
}

impl SmtpUsers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is such a user who is enabled.
    pub(crate) fn log_in(&mut self, username: &str, password: &str, now: Timestamp) -> bool {
        let fits = |user: &&mut SmtpUser| user.enabled && user.username == username && user.password == password;
        let Some(user) = self.0.iter_mut().find(fits) else { return false };
        user.accessed_at = Some(now);
        true
    }

    /// Forgets the users of a domain.
    pub(crate) fn forget(&mut self, domain_id: &str) {
        self.0.retain(|user| user.domain_id != domain_id);
    }

    fn of_domain(&self, domain_id: &str) -> impl Iterator<Item = &SmtpUser> {
        self.0.iter().filter(move |user| user.domain_id == domain_id)
    }

    /// The user that a path ends with, of the domain before it.
    fn at(&mut self, path: &str) -> Option<&mut SmtpUser> {
        let mut segments = path.trim_end_matches('/').rsplit('/');
        let (id, _, domain_id) = (segments.next()?, segments.next()?, segments.next()?);
        self.0.iter_mut().find(|user| user.id == id && user.domain_id == domain_id)
    }
}

impl Service {
    pub(super) fn smtp_users(&self, domain_id: &str, request: &Request) -> Reply {
        let (page, _): (Page, Value) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let state = self.state();
        if state.domain_name(domain_id).is_none() {
            return not_found();
        }
        let shown = state.smtp_users.of_domain(domain_id).map(|user| self.show_user(user));
        self.paged(shown, &page, &format!("domains/{domain_id}/smtp-users"))
    }

    pub(super) fn smtp_user(&self, path: &str) -> Reply {
        let mut state = self.state();
        let found = state.smtp_users.at(path);
        found.map_or_else(not_found, |user| Reply::json(200, &Data { data: self.show_user(user) }))
    }

    pub(super) fn add_smtp_user(&self, domain_id: &str, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let Some(domain) = state.domain_name(domain_id).map(str::to_owned) else { return not_found() };
        let findings = examine(SMTP_USER, &root, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        if state.smtp_users.0.len() >= MOST_USERS {
            return refuse("create.too_many", &[]);
        }
        let State { ids, smtp_users, .. } = &mut *state;
        let user = SmtpUser {
            id: ids.hashid(),
            domain_id: domain_id.to_owned(),
            name: root.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            username: format!("MS_{}@{domain}", ids.user()),
            password: ids.password(),
            enabled: enabled(&root).unwrap_or(true),
            accessed_at: None,
        };
        let reply = Reply::json(201, &Data { data: self.show_user(&user) });
        smtp_users.0.push(user);
        reply
    }

    pub(super) fn change_smtp_user(&self, path: &str, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let Some(known) = state.smtp_users.at(path) else { return not_found() };
        let mut wanted = Map::from_iter([("name".to_owned(), Value::from(known.name.as_str()))]);
        wanted.extend(root.as_object().cloned().unwrap_or_default());
        let wanted = Value::Object(wanted);
        let findings = examine(SMTP_USER, &wanted, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let Some(user) = state.smtp_users.at(path) else { return not_found() };
        if let Some(name) = wanted.get("name").and_then(Value::as_str) {
            name.clone_into(&mut user.name);
        }
        user.enabled = enabled(&wanted).unwrap_or(user.enabled);
        Reply::json(200, &Data { data: self.show_user(user) })
    }

    pub(super) fn delete_smtp_user(&self, path: &str) -> Reply {
        let mut state = self.state();
        let Some(id) = state.smtp_users.at(path).map(|user| user.id.clone()) else { return not_found() };
        state.smtp_users.0.retain(|user| user.id != id);
        Reply::nothing()
    }

    /// Where this emulator sends, so that nobody who follows the answer logs in at MailerSend.
    fn show_user<'a>(&self, user: &'a SmtpUser) -> Shown<'a> {
        let SmtpUser { id, domain_id, name, username, password, enabled, accessed_at } = user;
        let here = self.settings.submission_address;
        let (server, port) = here.map_or((RELAY.0.to_owned(), RELAY.1), |at| (at.ip().to_string(), at.port()));
        let accessed_at = accessed_at.map(object_time);
        Shown { id, name, username, password, enabled: *enabled, accessed_at, server, port, domain_id }
    }
}

fn enabled(root: &Value) -> Option<bool> {
    root.get("enabled").filter(|value| !value.is_null()).map(is_true)
}
