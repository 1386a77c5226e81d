//! The only door to the network: requests, and whatever comes back.

use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body as _, Frame, SizeHint};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Method, Url};
use rustls_platform_verifier::BuilderVerifierExt;

use super::asking::Lines;
use super::body::Body;
use super::budget::{Budget, Group, Leave, Now};
use super::options::check_token;
use super::payload::Endpoint;
use crate::transport::{Error, ErrorKind, Rate, Response};

/// Answers beyond this are cut off: none that is documented comes near it.
const MAX_ANSWER: usize = 16 << 20;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("mailferry/", env!("CARGO_PKG_VERSION"), "-mailersend"));

const LOOK_UP: &str = "look the message up at MailerSend before sending it again: it may have been accepted";

/// How long to wait; `None` for as long as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) connect: Option<Duration>,
    /// For each piece of the answer, not for the whole exchange, and while nothing of the request is taken either.
    pub(crate) read: Option<Duration>,
}

impl Timeouts {
    /// Those of a client that has its own.
    pub(crate) const NONE: Self = Self { connect: None, read: None };
}

/// A connection pool for one base URL.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    timeouts: Timeouts,
    base: Url,
    email: Url,
    bulk_email: Url,
    debug: bool,
}

/// A token as requests carry it, with what is left of its limits, which clones share.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    authorization: HeaderValue,
    begun: tokio::time::Instant,
    budget: Arc<Mutex<Budget>>,
    lines: Arc<Lines>,
}

impl Token {
    /// Readies a token; its `Debug` hides it. What is wrong with one is said without it.
    pub(crate) fn new(token: &str) -> Result<Self, &'static str> {
        let token = check_token(token)?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| "holds a character that no header has")?;
        authorization.set_sensitive(true);
        let begun = tokio::time::Instant::now();
        Ok(Self { authorization, begun, budget: Arc::default(), lines: Arc::default() })
    }

    /// Whether both are the same token, and so have the same limits.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.authorization == other.authorization
    }

    /// Where questions line up for the budget.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Asks the budget about one request without taking it.
    pub(crate) fn look(&self, group: Group, unix: i64) -> Leave {
        self.with_budget(unix, |budget, now| budget.look(group, now))
    }

    /// Asks the budget for one request.
    pub(crate) fn take(&self, group: Group, unix: i64) -> Leave {
        self.with_budget(unix, |budget, now| budget.take(group, now))
    }

    /// Tells the budget of one request.
    pub(crate) fn count(&self, group: Group, unix: i64) {
        self.with_budget(unix, |budget, now| budget.count(group, now));
    }

    /// Tells the budget what an answer said.
    pub(crate) fn learn(&self, group: Group, rate: &Rate, unix: i64) {
        self.with_budget(unix, |budget, now| budget.learn(group, rate, now));
    }

    /// Lets the budget forget what is left of the day.
    pub(crate) fn forget_day(&self) {
        self.with_budget(0, |budget, _| budget.forget_day());
    }

    fn with_budget<R>(&self, unix: i64, act: impl FnOnce(&mut Budget, Now) -> R) -> R {
        let now = Now { elapsed: self.begun.elapsed(), unix };
        act(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

/// A request as it would be sent.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
}

/// Makes the client for requests to `base`. Its read timeout is kept by [`Client::send`].
pub(crate) fn http_client(base: &Url, timeouts: Timeouts) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?;
    // Without TLS no certificates are needed, and a machine that has none is to run the emulator all the same.
    let mut tls = if base.scheme() == "https" {
        tls.with_platform_verifier()
            .map_err(|cause| format!("the system's certificates cannot be read: {cause}"))?
            .with_no_client_auth()
    } else {
        tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
    };
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // A redirected POST would become a GET, or carry the token elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        // A repeated request could send twice.
        .retry(reqwest::retry::never());
    if super::builder::is_loopback(base) {
        // A proxy's localhost is another machine.
        builder = builder.no_proxy();
    }
    if let Some(connect) = timeouts.connect {
        builder = builder.connect_timeout(connect);
    }
    builder.build().map_err(|cause| cause.to_string())
}

impl Client {
    pub(crate) fn new(http: reqwest::Client, timeouts: Timeouts, base: Url, debug: bool) -> Result<Self, Error> {
        let [email, bulk_email] = [join(&base, "email")?, join(&base, "bulk-email")?];
        Ok(Self { http, timeouts, base, email, bulk_email, debug })
    }

    /// Where messages are posted.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Url {
        match endpoint {
            Endpoint::Email => self.email.clone(),
            Endpoint::BulkEmail => self.bulk_email.clone(),
        }
    }

    /// The URL of a path under the base URL.
    pub(crate) fn url(&self, path: &str) -> Result<Url, Error> {
        join(&self.base, path)
    }

    /// A request with this token.
    pub(crate) fn call(method: Method, url: Url, token: &Token, body: Option<Body>) -> Call {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(AUTHORIZATION, token.authorization.clone());
        headers.insert(ACCEPT, JSON);
        headers.insert(USER_AGENT, AGENT);
        if body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        Call { method, url, headers, body }
    }

    /// Sends a request once and reads the whole answer.
    pub(crate) async fn send(&self, call: Call) -> Result<Response, Error> {
        let Call { method, url, headers, body } = call;
        if self.debug {
            let length = body.as_ref().map_or(0, |body| body.size_hint().lower());
            let preview = body.as_ref().map(Body::preview).unwrap_or_default();
            // `Authorization` is marked sensitive and prints as such.
            tracing::debug!(%method, %url, ?headers, length, body = preview, "request");
        }
        let progress = Arc::new(Progress::new(body.is_none()));
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(|body| reqwest::Body::wrap(Watched { body, progress: Arc::clone(&progress) }));
        let mut answer = self.execute(request, &progress).await?;
        let status = answer.status().as_u16();
        let mut body = BytesMut::new();
        loop {
            let chunk = match self.timeouts.read {
                Some(read) => match tokio::time::timeout(read, answer.chunk()).await {
                    Ok(chunk) => chunk,
                    Err(elapsed) => return Err(late(answer.url(), elapsed)),
                },
                None => answer.chunk().await,
            };
            match chunk {
                Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER => {
                    return Err(unreadable(answer.url(), status, "is longer than 16 MiB", None));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(cause) if cause.is_timeout() => return Err(failure(cause)),
                Err(cause) => return Err(unreadable(answer.url(), status, "was cut off", Some(cause))),
            }
        }
        let headers =
            answer.headers().iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        let response = Response::with_headers(status, headers, body.freeze());
        if self.debug {
            let headers: Vec<_> = response.headers().collect();
            tracing::debug!(status, ?headers, body = %String::from_utf8_lossy(response.body()), "response");
        } else {
            tracing::debug!(url = %answer.url(), status, "answered");
        }
        Ok(response)
    }

    /// Waits for the head of the answer, for as long as the request is being taken. The client's own read timeout would
    /// begin before the connection is made, and end a large message on a slow line however well it gets on.
    async fn execute(&self, request: reqwest::Request, progress: &Progress) -> Result<reqwest::Response, Error> {
        let place = request.url().clone();
        let answer = self.http.execute(request);
        let Timeouts { connect, read: Some(read) } = self.timeouts else { return answer.await.map_err(failure) };
        let mut answer = pin!(answer);
        let mut wait = read;
        loop {
            let elapsed = match tokio::time::timeout(wait, &mut answer).await {
                Ok(answer) => return answer.map_err(failure),
                Err(elapsed) => elapsed,
            };
            let now = progress.begun.elapsed();
            // Until something is taken the connection is being made, which has a timeout of its own.
            let since = progress.last().unwrap_or_else(|| connect.unwrap_or(now));
            match read.checked_sub(now.saturating_sub(since)) {
                Some(left) if !left.is_zero() => wait = left,
                _ => return Err(late(&place, elapsed)),
            }
        }
    }
}

/// When a piece of a request was last taken.
struct Progress {
    begun: tokio::time::Instant,
    /// In milliseconds since then, and one more; 0 before the first piece.
    taken: AtomicU64,
}

impl Progress {
    /// Of a request that begins now, and of which nothing is to be taken or something is.
    fn new(empty: bool) -> Self {
        Self { begun: tokio::time::Instant::now(), taken: AtomicU64::new(u64::from(empty)) }
    }

    fn note(&self) {
        let passed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.taken.store(passed.saturating_add(1), Ordering::Relaxed);
    }

    fn last(&self) -> Option<Duration> {
        self.taken.load(Ordering::Relaxed).checked_sub(1).map(Duration::from_millis)
    }
}

/// A request's body of which it is noted when a piece is taken.
struct Watched {
    body: Body,
    progress: Arc<Progress>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = Pin::new(&mut self.body).poll_frame(context);
        if piece.is_ready() {
            self.progress.note();
        }
        piece
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn join(base: &Url, path: &str) -> Result<Url, Error> {
    base.join(path).map_err(|cause| {
        Error::new(ErrorKind::Config, format!("no URL can be made of the base and `{path}`")).caused_by(cause)
    })
}

/// No answer: nothing was sent, or nobody knows.
fn failure(cause: reqwest::Error) -> Error {
    let place = cause.url().map(Url::to_string).unwrap_or_default();
    let cause = cause.without_url();
    if cause.is_connect() {
        return Error::new(ErrorKind::Connect, format!("no connection to {place}: {}", root(&cause)))
            .with_remedy("check the network, the proxy settings and MAILERSEND_API_URL")
            .caused_by(cause);
    }
    if let Some(file) = file_error(&cause) {
        // The announced length was not delivered, so nobody can have accepted the request.
        let text = format!("an attachment could not be read to its end: {file}");
        return Error::new(ErrorKind::InvalidMessage, text)
            .with_remedy("do not change or remove a file while it is being sent")
            .caused_by(cause);
    }
    let (kind, what) = if cause.is_timeout() {
        (ErrorKind::Timeout, "no answer in time")
    } else {
        (ErrorKind::Unreadable, "the connection was lost before the answer")
    };
    Error::new(kind, format!("{what} from {place}: {}", root(&cause))).with_remedy(LOOK_UP).caused_by(cause)
}

/// Nothing came in time.
fn late(place: &Url, elapsed: tokio::time::error::Elapsed) -> Error {
    Error::new(ErrorKind::Timeout, format!("no answer in time from {place}")).with_remedy(LOOK_UP).caused_by(elapsed)
}

fn unreadable(place: &Url, status: u16, what: &str, cause: Option<reqwest::Error>) -> Error {
    let error =
        Error::new(ErrorKind::Unreadable, format!("the answer {status} from {place} {what}")).with_remedy(LOOK_UP);
    match cause {
        Some(cause) => error.caused_by(cause.without_url()),
        None => error,
    }
}

/// The innermost cause, which says what happened in the system's words.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The error of our own body among the causes. Sockets fail with `io::Error` too, but not on a request's body.
fn file_error(error: &reqwest::Error) -> Option<String> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(file) =
            inner.downcast_ref::<io::Error>().and_then(|io| io.get_ref()?.downcast_ref::<super::body::FileError>())
        {
            return Some(file.to_string());
        }
        cause = inner.source();
    }
    None
}
