//! Inbound routes: where mail is listened for, and where it goes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::filter::{Combine, Comparer, Filter, Filters, Subject};
use super::headers::Headers;
use crate::content::domain_of;
use crate::id::Ids;

/// The host that made-up inbound addresses are at.
pub(crate) const INBOUND_HOST: &str = "inbound.mailersend.net";

/// An inbound route to be added with [`Emulator::add_inbound_route`](crate::Emulator::add_inbound_route) or
/// [`Builder::inbound_route`](crate::Builder::inbound_route).
///
/// Without anything else it catches all mail to an address made up for it, and wants all of it.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::{Comparer, InboundRoute};
///
/// let route = InboundRoute::to("http://127.0.0.1:8000/mailersend/inbound")
///     .domain("support.example.com")
///     .catch_recipient(Comparer::StartsWith, "help@")
///     .match_header("X-Priority", Comparer::Equal, "1");
/// # let _ = route;
/// ```
#[must_use]
#[derive(Clone)]
pub struct InboundRoute {
    pub(crate) name: String,
    pub(crate) urls: Vec<String>,
    pub(crate) domain: Option<String>,
    pub(crate) priority: u32,
    pub(crate) secret: Option<String>,
    pub(crate) catch: Filters,
    pub(crate) matching: Filters,
}

impl InboundRoute {
    /// A route that posts mail to `url`.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            name: "Inbound".to_owned(),
            urls: vec![url.into()],
            domain: None,
            priority: 0,
            secret: None,
            catch: Filters::any(Subject::AnyRecipient),
            matching: Filters::any(Subject::AnyMail),
        }
    }

    /// Posts to `url` as well, with a secret of its own.
    pub fn and_to(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// The name it is listed with.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Listens for all of `domain`, too, not only for the address that is made up for it.
    pub fn domain(mut self, domain: impl AsRef<str>) -> Self {
        self.domain = Some(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Routes with a lower number are asked first; 0 when nothing is said.
    pub fn priority(mut self, priority: u32) -> Self {
        self.priority = priority;
        self
    }

    /// Signs with `secret` instead of one that is made up. With several URLs, it is the first one's.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Catches only mail whose recipient's address compares so. Several must all hold.
    pub fn catch_recipient(mut self, comparer: Comparer, value: impl Into<String>) -> Self {
        self.catch.subject = Subject::Recipient;
        self.catch.items.push(Filter { key: None, comparer, value: value.into() });
        self
    }

    /// Wants only mail that has a header `name` whose value compares so. Several must all hold.
    pub fn match_header(mut self, name: impl Into<String>, comparer: Comparer, value: impl Into<String>) -> Self {
        self.matching.subject = Subject::Header;
        self.matching.items.push(Filter { key: Some(name.into()), comparer, value: value.into() });
        self
    }

    /// Is content when one of several catching or matching filters holds.
    pub fn any_filter(mut self) -> Self {
        self.catch.combine = Combine::One;
        self.matching.combine = Combine::One;
        self
    }
}

impl fmt::Debug for InboundRoute {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, urls, domain, priority, secret: _, catch, matching } = self;
        f.debug_struct("InboundRoute")
            .field("name", name)
            .field("urls", urls)
            .field("domain", domain)
            .field("priority", priority)
            .field("catch", catch)
            .field("matching", matching)
            .finish_non_exhaustive()
    }
}

/// An inbound route that is there: what a receiver must know about it.
#[derive(Clone)]
pub struct RouteKey {
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) url: String,
    pub(crate) secret: String,
}

impl RouteKey {
    /// Its id: sixteen letters and digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address made up for it. Where a route has a domain, all addresses at that domain reach it, too.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its first URL; empty when mail goes to no URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What posts to its first URL are signed with.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for RouteKey {
    /// Without the secret, and without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, address, url: _, secret: _ } = self;
        f.debug_struct("RouteKey").field("id", id).field("address", address).finish_non_exhaustive()
    }
}

/// Where a route's mail goes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Forward {
    Webhook {
        id: String,
        url: String,
        secret: String,
    },
    /// Listed, but nothing is sent: the emulator sends no mail.
    Email {
        address: String,
    },
}

impl Forward {
    pub(crate) fn value(&self) -> &str {
        match self {
            Self::Webhook { url, .. } => url,
            Self::Email { address } => address,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
        }
    }
}

/// A route of the account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) id: String,
    /// The id of the domain whose events tell about it.
    pub(crate) domain_id: Option<String>,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) domain: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) priority: u32,
    pub(crate) catch: Filters,
    pub(crate) matching: Filters,
    pub(crate) forwards: Vec<Forward>,
}

impl Route {
    pub(crate) fn new(route: InboundRoute, domain_id: Option<String>, ids: &mut Ids) -> Self {
        let InboundRoute { name, urls, domain, priority, mut secret, catch, matching } = route;
        let forwards = urls
            .into_iter()
            .map(|url| Forward::Webhook {
                id: ids.hashid(),
                url,
                secret: secret.take().unwrap_or_else(|| ids.secret()),
            })
            .collect();
        Self {
            id: ids.hashid(),
            domain_id,
            name,
            address: format!("{}@{INBOUND_HOST}", ids.mailbox()),
            domain,
            enabled: true,
            priority,
            catch,
            matching,
            forwards,
        }
    }

    pub(crate) fn key(&self) -> RouteKey {
        let first = self.forwards.iter().find_map(|forward| match forward {
            Forward::Webhook { id: _, url, secret } => Some((url.clone(), secret.clone())),
            Forward::Email { .. } => None,
        });
        let (url, secret) = first.unwrap_or_default();
        RouteKey { id: self.id.clone(), address: self.address.clone(), url, secret }
    }

    /// Whether it is what `route` would become, if it were not there already.
    pub(crate) fn is_as(&self, route: &InboundRoute) -> bool {
        let InboundRoute { name: _, urls, domain, priority, secret, catch, matching } = route;
        self.forwards.iter().map(Forward::value).eq(urls.iter().map(String::as_str))
            && self.domain == *domain
            && self.priority == *priority
            && secret.as_ref().is_none_or(|secret| self.key().secret == *secret)
            && self.catch == *catch
            && self.matching == *matching
    }

    /// Whether mail to `recipient` reaches it.
    pub(crate) fn catches(&self, recipient: &str) -> bool {
        let addressed = recipient.eq_ignore_ascii_case(&self.address)
            || self.domain.as_deref().is_some_and(|domain| *domain_of(recipient) == *domain);
        self.enabled && addressed && self.catch.hold(|_| vec![recipient])
    }

    /// Whether it wants a mail with these headers from this envelope sender.
    pub(crate) fn wants(&self, headers: &Headers, sender: &str) -> bool {
        let from = headers.author().unwrap_or_else(|| sender.to_owned());
        let domain = domain_of(&from);
        self.matching.hold(|key| match (self.matching.subject, key) {
            (Subject::Header, key) => key.map(|key| headers.values(key)).unwrap_or_default(),
            (Subject::Domain, _) => vec![&*domain],
            _ => vec![from.as_str()],
        })
    }
}
