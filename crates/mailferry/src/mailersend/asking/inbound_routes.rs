//! Inbound routes: which mails that arrive go where.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::MailerSend;
use super::ask::{Question, path_id};
use super::fields::{Fields, take_secret};
use super::page::{Pages, Record};
use crate::datetime::DateTime;
use crate::secret::Secret;
use crate::transport::Error;

const SCOPE: &str = "`inbounds_full`";

/// Where a route hands mails on to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Forward {
    /// `webhook` or `email`.
    pub kind: String,
    /// The URL or the address.
    pub value: String,
    /// What a webhook is signed with; not the secret of any other webhook. A new URL gets a new one.
    pub secret: Option<Secret>,
}

impl fmt::Debug for Forward {
    /// Leaves out the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").field("kind", &self.kind).field("secret", &self.secret).finish_non_exhaustive()
    }
}

/// An inbound route.
#[derive(Clone)]
#[non_exhaustive]
pub struct InboundRoute {
    /// MailerSend's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The address at MailerSend that mails may be forwarded to.
    pub address: Option<String>,
    /// The domain it takes mails for, where it has one of its own.
    pub domain: Option<String>,
    /// When that domain's DNS was looked at last.
    pub dns_checked_at: Option<DateTime>,
    /// Whether it hands anything on.
    pub enabled: Option<bool>,
    /// Where mails go.
    pub forwards: Vec<Forward>,
    /// The domain's MX records must have this one: its preference and its host.
    pub mx: Option<(u64, String)>,
    raw: Value,
}

impl InboundRoute {
    /// The object as it came, without the secrets. Its filters are in it.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl Record for InboundRoute {
    fn read(mut raw: Value) -> Self {
        let mut forwards = Vec::new();
        let list = match raw.get_mut("forwards") {
            Some(Value::Array(list)) => list.iter_mut().collect(),
            Some(Value::Object(list)) => list.values_mut().collect(),
            _ => Vec::new(),
        };
        for forward in list {
            let secret = take_secret(forward, &["secret", "signing_secret"]);
            let fields = Fields::of(forward);
            forwards.push(Forward { kind: fields.word("type"), value: fields.word("value"), secret });
        }
        let fields = Fields::of(&raw);
        let mx = fields.object("mxValues");
        Self {
            id: fields.word("id"),
            name: fields.word("name"),
            address: fields.text("address"),
            domain: fields.text("domain"),
            dns_checked_at: fields.date("dns_checked_at"),
            enabled: fields.flag("enabled"),
            forwards,
            mx: mx.count("priority").zip(mx.text("target")),
            raw,
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for InboundRoute {
    /// Leaves out the addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundRoute")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("domain", &self.domain)
            .field("enabled", &self.enabled)
            .field("forwards", &self.forwards)
            .finish_non_exhaustive()
    }
}

/// A condition of a filter.
#[derive(Debug, Clone, Serialize)]
pub struct Condition {
    /// `equal`, `not-equal`, `contains`, `not-contains`, `starts-with`, `not-starts-with`, `ends-with` or
    /// `not-ends-with`.
    pub comparer: String,
    /// What to compare with: at most 191 characters.
    pub value: String,
    /// Which header, for [`Matching::Header`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Which recipients a route takes mails for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Catching {
    /// Any.
    All,
    /// Those that meet the conditions, at most five.
    Recipient(Vec<Condition>),
}

/// Which mails a route hands on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Matching {
    /// Any.
    All,
    /// Those whose sender meets the conditions, at most five.
    Sender(Vec<Condition>),
    /// Those whose sender's domain does.
    Domain(Vec<Condition>),
    /// Those of which a header does.
    Header(Vec<Condition>),
}

/// What an inbound route is to be. MailerSend wants all of it with every change.
#[derive(Debug, Clone)]
#[must_use = "it is not saved until it is handed to `create` or `update`"]
pub struct InboundRouteSettings {
    body: Value,
}

impl InboundRouteSettings {
    /// A route that takes every mail, with a name of at most 191 characters.
    pub fn new(name: impl Into<String>) -> Self {
        let name: String = name.into();
        let body = json!({
            "name": name,
            "domain_enabled": false,
            "catch_filter": {"type": "catch_all"},
            "match_filter": {"type": "match_all"},
            "forwards": [],
        });
        Self { body }
    }

    /// Takes mails for a domain of its own, whose MX record of this preference (0 to 100) points to MailerSend.
    pub fn own_domain(mut self, domain: impl Into<String>, preference: u8) -> Self {
        self.body["domain_enabled"] = true.into();
        self.body["inbound_domain"] = domain.into().into();
        self.body["inbound_priority"] = preference.into();
        self
    }

    /// Posts mails to a URL. At most five forwards, each to another place.
    pub fn forward_to_url(self, url: impl Into<String>) -> Self {
        self.forward("webhook", &url.into())
    }

    /// Sends mails on to an address.
    pub fn forward_to_address(self, address: impl Into<String>) -> Self {
        self.forward("email", &address.into())
    }

    fn forward(mut self, kind: &str, value: &str) -> Self {
        if let Some(forwards) = self.body["forwards"].as_array_mut() {
            forwards.push(json!({"type": kind, "value": value}));
        }
        self
    }

    /// Which recipients to take mails for, and whether all conditions must hold or one.
    pub fn catching(mut self, catching: Catching, all: bool) -> Self {
        self.body["catch_filter"] = match catching {
            Catching::All => json!({"type": "catch_all"}),
            Catching::Recipient(filters) => json!({"type": "catch_recipient", "filters": filters}),
        };
        self.body["catch_type"] = combined(all);
        self
    }

    /// Which mails to hand on, and whether all conditions must hold or one.
    pub fn matching(mut self, matching: Matching, all: bool) -> Self {
        self.body["match_filter"] = match matching {
            Matching::All => json!({"type": "match_all"}),
            Matching::Sender(filters) => json!({"type": "match_sender", "filters": filters}),
            Matching::Domain(filters) => json!({"type": "match_domain", "filters": filters}),
            Matching::Header(filters) => json!({"type": "match_header", "filters": filters}),
        };
        self.body["match_type"] = combined(all);
        self
    }
}

fn combined(all: bool) -> Value {
    if all { "all" } else { "one" }.into()
}

/// Asks about inbound routes: see [`MailerSend::inbound_routes`].
#[derive(Debug, Clone, Copy)]
pub struct InboundRoutes<'m>(&'m MailerSend);

impl MailerSend {
    /// Where mails that arrive go.
    pub fn inbound_routes(&self) -> InboundRoutes<'_> {
        InboundRoutes(self)
    }
}

impl InboundRoutes<'_> {
    /// All of them, or those of a domain.
    pub fn list(&self, domain_id: Option<&str>) -> Pages<InboundRoute> {
        Pages::new(self.0, Question::get("inbound").scope(SCOPE).query_some("domain_id", domain_id))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<InboundRoute, Error> {
        Ok(InboundRoute::read(self.0.ask_data(&Question::get(path(id)?).scope(SCOPE)).await?))
    }

    /// Makes one for a domain.
    ///
    /// # Errors
    ///
    /// A refusal is [`Rejected`](crate::transport::ErrorKind::Rejected) with the fields. Not safe to repeat when the
    /// answer was lost: there may be two routes then.
    pub async fn create(&self, domain_id: &str, settings: &InboundRouteSettings) -> Result<InboundRoute, Error> {
        let mut body = settings.body.clone();
        body["domain_id"] = domain_id.into();
        Ok(InboundRoute::read(self.0.ask_data(&Question::create("inbound", body).scope(SCOPE)).await?))
    }

    /// Makes one what the settings say. Safe to repeat. A new URL gets a new secret.
    ///
    /// # Errors
    ///
    /// As with [`create`](Self::create) and [`get`](Self::get).
    pub async fn update(&self, id: &str, settings: &InboundRouteSettings) -> Result<InboundRoute, Error> {
        let question = Question::put(path(id)?, settings.body.clone()).scope(SCOPE);
        Ok(InboundRoute::read(self.0.ask_data(&question).await?))
    }

    /// Deletes one. Safe to repeat: what is gone is a 404.
    ///
    /// # Errors
    ///
    /// As with [`get`](Self::get).
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.0.ask(&Question::delete(path(id)?, None).scope(SCOPE)).await.map(drop)
    }
}

fn path(id: &str) -> Result<String, Error> {
    Ok(format!("inbound/{}", path_id("inbound_id", id)?))
}
