//! Receivers under their paths: what a web server has to do to serve them, without a web server.

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};

use super::basic_auth::BasicAuth;
use super::{Error, Handler, Receiver};
use crate::event::Event;
use crate::secret::Secret;
use crate::transport;

/// The methods that an endpoint answers.
const ALLOW: &str = "POST, HEAD, OPTIONS";

/// Bodies above this length are read on a thread of their own, so that others do not wait for it.
const LONG: usize = 64 << 10;

/// What to answer a request, and what it told.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status. The body of the answer is empty.
    pub status: StatusCode,
    /// The value of the header `Allow`, when there is to be one.
    pub allow: Option<&'static str>,
    /// What the request told: one event, or none for a ping and for all that was refused.
    pub events: Vec<Event>,
    /// Why it was refused.
    pub error: Option<Error>,
}

impl Answer {
    fn ok(events: Vec<Event>) -> Self {
        Self { status: StatusCode::OK, allow: None, events, error: None }
    }

    /// Refuses a request, and says so in the log.
    fn refused(path: &str, error: Error) -> Self {
        match error {
            // Anybody may ask for anything.
            Error::NotFound | Error::MethodNotAllowed => tracing::debug!(path, "{error}"),
            _ => tracing::error!(path, "{error}"),
        }
        let allow = (error == Error::MethodNotAllowed).then_some(ALLOW);
        Self { status: error.status(), allow, events: Vec::new(), error: Some(error) }
    }
}

/// Receivers with their paths and what stands in front of them. Clones are cheap and share everything.
///
/// The paths are those of the receivers below a prefix, with or without a slash at the end. A web framework asks with
/// [`admit`](Self::admit), reads the body, and gives it to the [`Endpoint`]; whoever has the body already asks with
/// [`answer`](Self::answer).
///
/// ```
/// use http::{HeaderMap, Method};
/// use mailferry::mailersend::Webhook;
/// use mailferry::webhook::Endpoints;
///
/// let webhook = Webhook::new("the webhook's signing secret")?;
/// let body = br#"{"type":"activity.sent","data":{"id":"6ac182b3"}}"#;
/// let mut headers = HeaderMap::new();
/// headers.insert("Signature", webhook.sign(body).parse()?);
///
/// let endpoints = Endpoints::new().receiver(webhook).prefix("/hooks");
/// let answer = endpoints.answer(&Method::POST, "/hooks/mailersend/tracking", &headers, body);
/// assert_eq!((answer.status.as_u16(), answer.events.len()), (200, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Endpoints(Arc<Parts>);

#[derive(Debug, Clone, Default)]
struct Parts {
    prefix: String,
    routes: Vec<Route>,
    guard: BasicAuth,
}

#[derive(Clone)]
struct Route {
    path: &'static str,
    limit: usize,
    receiver: Result<Arc<dyn Receiver>, Error>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("path", &self.path).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Endpoints {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn changed(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Serves a receiver at its path, in the place of any that was there.
    #[must_use]
    pub fn receiver(self, receiver: impl Receiver + 'static) -> Self {
        let (path, limit) = (receiver.path(), receiver.body_limit());
        self.route(Route { path, limit, receiver: Ok(Arc::new(receiver)) })
    }

    /// Answers 500 to every request at a path, since this setting is missing. The service then sends again what it has
    /// to tell, and the setting can still be made.
    #[must_use]
    pub fn unconfigured(self, path: &'static str, setting: &'static str) -> Self {
        tracing::warn!(path, setting, "an endpoint cannot be served, since a setting is missing");
        self.route(Route { path, limit: 0, receiver: Err(Error::Unconfigured(setting)) })
    }

    fn route(self, route: Route) -> Self {
        self.changed(|parts| {
            parts.routes.retain(|known| known.path != route.path);
            parts.routes.push(route);
        })
    }

    /// Puts a path in front of those of the receivers: `/hooks`. Slashes at its ends do not matter.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        self.changed(|parts| {
            parts.prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        })
    }

    /// Asks for basic authentication with one of these `user:password` pairs, before anything else is looked at. No
    /// pair at all asks for nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](transport::ErrorKind::Config) when a pair has no colon or no password.
    pub fn basic_auth<S: Into<Secret>>(mut self, pairs: impl IntoIterator<Item = S>) -> Result<Self, transport::Error> {
        let guard = &mut Arc::make_mut(&mut self.0).guard;
        pairs.into_iter().try_for_each(|pair| guard.add(&pair.into()))?;
        Ok(self)
    }

    /// How many bytes a body may have at the path of a receiver that is there already, instead of what that says itself
    /// ([`Receiver::body_limit`]). The path is the [receiver's own](Receiver::path), without the prefix; slashes at its
    /// ends do not matter.
    #[must_use]
    pub fn body_limit(self, path: &str, bytes: usize) -> Self {
        let path = path.trim_matches('/');
        self.changed(|parts| {
            for route in parts.routes.iter_mut().filter(|route| route.path == path) {
                route.limit = bytes;
            }
        })
    }

    /// The paths that are served, without a slash at the end.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.0.routes.iter().map(|route| format!("{}/{}", self.0.prefix, route.path))
    }

    /// Looks at a request before its body is read: which endpoint it is for.
    ///
    /// # Errors
    ///
    /// The answer, when the body does not matter any more: to HEAD, OPTIONS and everything that is refused.
    pub fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<Endpoint, Answer> {
        let refused = |error| Err(Answer::refused(path, error));
        let Some(route) = self.find(path) else { return refused(Error::NotFound) };
        let receiver = match &route.receiver {
            Ok(receiver) => receiver,
            Err(error) => return refused(error.clone()),
        };
        match *method {
            Method::POST => {}
            Method::HEAD => return Err(Answer::ok(Vec::new())),
            Method::OPTIONS => return Err(Answer { allow: Some(ALLOW), ..Answer::ok(Vec::new()) }),
            _ => return refused(Error::MethodNotAllowed),
        }
        if !self.0.guard.admits(headers) {
            return refused(Error::Unauthenticated);
        }
        if let Err(error) = receiver.precheck(headers) {
            return refused(error);
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > route.limit)) {
            return refused(Error::TooLarge(route.limit));
        }
        Ok(Endpoint { receiver: Arc::clone(receiver), limit: route.limit })
    }

    /// Answers a whole request. What it told is for the caller to handle.
    pub fn answer(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
        match self.admit(method, path, headers) {
            Ok(endpoint) => endpoint.answer(headers, body),
            Err(answer) => answer,
        }
    }

    fn find(&self, path: &str) -> Option<&Route> {
        let path = path.strip_prefix(self.0.prefix.as_str())?.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        self.0.routes.iter().find(|route| route.path == path)
    }
}

/// The endpoint that a request is for, once everything but its body was looked at.
#[derive(Debug, Clone)]
pub struct Endpoint {
    receiver: Arc<dyn Receiver>,
    limit: usize,
}

impl Endpoint {
    /// How many bytes the body may have. Reading more is of no use: the answer is [`too_large`](Self::too_large).
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The answer to a body that is longer.
    pub fn too_large(&self) -> Answer {
        Answer::refused(self.receiver.path(), Error::TooLarge(self.limit))
    }

    /// Verifies a body and reads it.
    pub fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Answer {
        if body.len() > self.limit {
            return self.too_large();
        }
        match self.receiver.receive(headers, body) {
            Ok(events) => Answer::ok(events),
            Err(error) => Answer::refused(self.receiver.path(), error),
        }
    }

    /// As [`answer`](Self::answer); a long body is read on a thread for blocking work where there is a tokio runtime.
    pub async fn receive(&self, headers: &HeaderMap, body: Bytes) -> Answer {
        if body.len() <= LONG {
            return self.answer(headers, &body);
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let (endpoint, headers) = (self.clone(), headers.clone());
                let reading = runtime.spawn_blocking(move || endpoint.answer(&headers, &body));
                // Reading does not panic; the runtime is going down.
                reading.await.unwrap_or_else(|_| Answer::refused(self.receiver.path(), Error::Unhandled))
            }
            Err(_) => self.answer(headers, &body),
        }
    }

    /// As [`receive`](Self::receive), and has the events handled one after the other. The first that fails ends it: the
    /// answer is 500, and the service will send all of them again.
    pub async fn handle(&self, headers: &HeaderMap, body: Bytes, handler: &dyn Handler) -> Answer {
        let mut answer = self.receive(headers, body).await;
        // Events do not lie in this future, which is moved on its way: they are large.
        let begin = |event: Event| (event.word(), event.event_id().map(str::to_owned), handler.handle(event));
        for (word, id, handling) in mem::take(&mut answer.events).into_iter().map(begin) {
            if let Err(cause) = handling.await {
                tracing::error!(event = word, event_id = id, %cause, "the handler of an event failed");
                return Answer::refused(self.receiver.path(), Error::Unhandled);
            }
        }
        answer
    }
}
