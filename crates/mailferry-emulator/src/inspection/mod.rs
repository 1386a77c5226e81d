//! What people and the mailbox page ask an emulator, under a path that MailerSend does not have.
//!
//! Each area answers for its own paths below `/_emulator` and leaves the others alone.

mod account;
mod activities;
mod emails;
mod faults;
mod health;
mod identities;
mod inbound;
mod mailbox;
mod openapi;
mod requests;
mod routes;
mod session;
mod shown;
mod suppressions;
mod templates;
mod webhook_changes;
mod webhooks;

use std::net::IpAddr;

use serde::de::DeserializeOwned;

pub(crate) use self::webhooks::ShownDelivery;
use crate::live::Listener;
use crate::page;
use crate::reply::Reply;
use crate::service::{Service, decode, refuse};
use crate::tracking;

/// Answers a request whose path below `/_emulator` has these parts, if it is one of its own.
type Area = fn(&Service, &Asked<'_>, &[&str]) -> Option<Reply>;

const AREAS: &[Area] = &[
    openapi::answer,
    mailbox::answer,
    session::answer,
    emails::answer,
    shown::answer,
    requests::answer,
    faults::answer,
    identities::answer,
    activities::answer,
    routes::answer,
    inbound::answer,
    templates::answer,
    webhooks::answer,
    webhook_changes::answer,
    account::answer,
    suppressions::answer,
    forget,
];

/// A request for the inspection.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
    /// Who asks.
    pub(crate) peer: Option<IpAddr>,
}

impl Asked<'_> {
    /// Without the query.
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What the path has below the inspection's.
    fn parts(&self) -> Vec<&str> {
        self.path().split('/').filter(|part| !part.is_empty()).skip(1).collect()
    }

    /// Refuses what a page of somebody else may have made a browser ask.
    fn is_local(&self, service: &Service) -> Result<(), Reply> {
        if !service.is_exposed && !is_local_name(self.header("host")) {
            return Err(strange_name());
        }
        if !matches!(self.method, "GET" | "HEAD") && self.is_foreign() {
            return Err(Reply::sentence(403, "Pages of other origins may not change anything here."));
        }
        Ok(())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Without parameters.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }

    /// The body, where it is labelled as JSON and has the fields that are wanted; else what is wrong with it.
    pub(crate) fn form<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        if self.content_type() != "application/json" {
            return Err(Reply::sentence(415, "Label the body as application/json."));
        }
        let form = serde_json::from_slice(self.body);
        form.map_err(|error| Reply::sentence(400, &format!("The body cannot be read: {error}.")))
    }

    /// Every value of a parameter of the query.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| decode(value)).collect()
    }

    /// Whether a parameter of the query says yes.
    fn is_on(&self, name: &str) -> bool {
        self.parameters(name).last().is_some_and(|value| matches!(value.as_str(), "1" | "true"))
    }

    /// Whether a browser asks for a page of somebody else: that is what `Origin` is for, with everything but GET.
    fn is_foreign(&self) -> bool {
        let host = self.header("host").unwrap_or_default();
        // The same host by HTTPS is a proxy in front of this one.
        let is_own = |origin: &str| {
            let its = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            its.is_some_and(|its| its.eq_ignore_ascii_case(host))
        };
        self.header("origin").is_some_and(|origin| !is_own(origin))
    }
}

/// Whether a request to this `Host` came by a name that a page of somebody else cannot have. A page may lead its own name
/// to this machine, and then ask and read as if it were the emulator's; an address, or a name that only this machine or
/// its network has, it cannot take.
pub(crate) fn is_local_name(host: Option<&str>) -> bool {
    /// Below these, nobody can register anything (RFC 2606, 6761, 6762, 8375; `internal` by ICANN).
    const PRIVATE: &[&str] = &[".localhost", ".internal", ".test", ".local", ".home.arpa"];
    let Some(host) = host else { return true };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    literal.parse::<IpAddr>().is_ok() || !name.contains('.') || PRIVATE.iter().any(|end| name.ends_with(end))
}

/// Told to those who came by another name.
pub(crate) fn strange_name() -> Reply {
    Reply::sentence(403, "Ask by address, by localhost, or by another name that only this network has.")
}

/// Whether `target` is one of the inspection's, or of the page that shows it.
pub(crate) fn is_its(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    page::is_its(path) || path.strip_prefix("/_emulator").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether it is asked whether the emulator runs, which it says also while it reads its file.
pub(crate) fn is_health(path: &str) -> bool {
    matches!(path, "/_emulator/health" | "/_emulator/ready")
}

/// Whether somebody asks to listen.
pub(crate) fn is_live(method: &str, target: &str) -> bool {
    method == "GET" && target.split('?').next() == Some("/_emulator/live")
}

/// Lets somebody who [asks](is_live) listen to what changes.
pub(crate) fn listen(service: &Service, asked: &Asked<'_>) -> Result<Listener, Reply> {
    asked.is_local(service)?;
    if !session::is_open(service, asked) {
        return Err(refuse("auth.token", &[]));
    }
    let listener = service.listen(asked.header("last-event-id"));
    listener.map_err(|reason| Reply::sentence(503, &reason.to_string()).with("retry-after", 5))
}

/// The answer to a request [for the inspection](is_its).
pub(crate) fn answer(service: &Service, asked: &Asked<'_>) -> Reply {
    let (path, parts) = (asked.path(), asked.parts());
    // What stands in a mail is for whoever reads it, from wherever they click.
    if let Some(reply) = tracking::answer(service, asked, &parts) {
        return reply;
    }
    // Whoever asks for the head alone gets that of the same answer.
    let asked = &Asked { method: if asked.method == "HEAD" { "GET" } else { asked.method }, ..*asked };
    if let Some(reply) = health::answer(service, asked, &parts) {
        return reply;
    }
    // The page's own files are no secret, and it has to be there to ask for the token.
    let page = page::answer(asked.method, path, asked.header("if-none-match"));
    if let Err(refused) = asked.is_local(service) {
        return refused;
    }
    if let Some(reply) = page.or_else(|| session::login(service, asked, &parts)) {
        return reply;
    }
    if !session::is_open(service, asked) && !shown::is_sealed(service, asked, &parts) {
        return refuse("auth.token", &[]);
    }
    let answer = AREAS.iter().find_map(|area| area(service, asked, &parts));
    answer.unwrap_or_else(|| Reply::sentence(404, "The emulator has no such inspection."))
}

/// `DELETE /_emulator`.
fn forget(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    if (asked.method, parts) != ("DELETE", &[]) {
        return None;
    }
    service.state().reset();
    Some(done())
}

/// Nothing more is to be said.
fn done() -> Reply {
    Reply { status: 204, headers: Vec::new(), body: Vec::new() }
}
