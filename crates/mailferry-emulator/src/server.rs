//! The listening socket, and HTTP on each connection.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fault::{Fault, FaultOn};
use crate::inspection::{self, Asked};
use crate::intake::{HttpLimits, turn_away};
use crate::live::{Area, Changes};
use crate::reply::{Reply, Sent};
use crate::request::{Request, bearer};
use crate::service::{Service, State, refuse};
use crate::wire::{Answer, Wire};

/// Bodies from this size on are worked through beside the threads that serve connections.
const LARGE: usize = 256 * 1024;
/// The most bytes of a head, and of an answer that waits in a connection beyond the piece that is being sent.
const BUFFER: usize = 64 * 1024;
/// How many who are turned away are told why at once.
const TOLD: usize = 64;
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// The connection ends without an answer.
#[derive(Debug)]
struct Gone(&'static str);

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Gone {}

/// Serves until `stop` changes or its sender is dropped, then lets running answers finish.
pub(crate) async fn run(listener: TcpListener, service: Arc<Service>, mut stop: watch::Receiver<()>) {
    let most = service.settings.http_limits.connections;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match service.intake.connection() {
                    Some(place) => {
                        let serving = connection(stream, peer.ip(), Arc::clone(&service), stop.clone());
                        connections.spawn(async {
                            serving.await;
                            drop(place);
                        });
                    }
                    None if connections.len() < most.saturating_add(TOLD) => {
                        connections.spawn(turn_away(stream, most));
                    }
                    None => {}
                },
                Err(error) => {
                    // Out of file descriptors, most likely: it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Whoever takes longer is cut off when `connections` is dropped.
    let _ = tokio::time::timeout(GOODBYE_WITHIN, finished).await;
}

async fn connection(stream: TcpStream, peer: IpAddr, service: Arc<Service>, mut stop: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    let HttpLimits { head, answer, .. } = service.settings.http_limits;
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Wire::new(stream, Arc::clone(&reset), answer));
    let respond = service_fn(move |request: hyper::Request<Incoming>| {
        let (parts, body) = request.into_parts();
        respond(Arc::clone(&service), peer, Arc::clone(&reset), parts, body)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(BUFFER);
    let mut connection = pin!(http.serve_connection(io, respond));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn respond(
    service: Arc<Service>,
    peer: IpAddr,
    reset: Arc<AtomicBool>,
    parts: Parts,
    body: Incoming,
) -> Result<Response<Answer>, Gone> {
    if !inspection::is_health(parts.uri.path()) {
        service.keeping.ready().await;
    }
    let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if inspection::is_its(&target) {
        if inspection::is_live(parts.method.as_str(), &target) {
            return listen(&service, peer, &target, authorization.as_deref(), &parts.headers);
        }
        let (body, room) = match service.intake.read(body, &parts.headers).await {
            Ok(read) => read,
            Err(reason) => return response(&reason.reply().ok_or(Gone("the body ended early"))?.into(), Answer::whole),
        };
        let answer = move || {
            let headers = owned(&parts.headers);
            let token = authorization.as_deref().and_then(bearer);
            let method = parts.method.as_str();
            let peer = Some(peer);
            let asked = Asked { method, target: &target, token, headers: &headers, body: &body, peer };
            let reply = inspection::answer(&service, &asked);
            drop(room);
            mark(&mut service.state().changes, method, &target, reply.status);
            reply
        };
        // What is shown may be long, and looked for among ten thousand mails.
        return response(&beside(answer).await.into(), Answer::whole);
    }
    let mut request = Request {
        number: 0,
        at: service.clock.now(),
        method: parts.method.to_string(),
        target,
        headers: Arc::new(headers(&parts.headers).collect()),
        authorization,
        body: Bytes::new(),
        status: None,
        answer: None,
        fault: None,
        message_ids: Vec::new(),
    };
    let fault = {
        let mut state = service.state();
        let fault = state.faults.meet(FaultOn::request(request.method(), request.path()));
        if fault.is_some() {
            state.changes.touch(Area::Faults);
        }
        fault
    };
    request.fault = fault;
    if fault == Some(Fault::Reset) {
        service.state().remember(&mut request);
        reset.store(true, Ordering::Relaxed);
        return Err(Gone("reset on purpose"));
    }
    let (body, room) = match service.intake.read(body, &parts.headers).await {
        Ok(read) => read,
        Err(reason) => {
            let number = service.state().remember(&mut request);
            let reply = reason.reply().ok_or(Gone("the body ended early"))?;
            return response(&answered(&service, number, reply), Answer::whole);
        }
    };
    request.body = body;
    let number = service.state().remember(&mut request);
    let reply = match fault {
        Some(fault @ (Fault::Status(_) | Fault::RateLimit | Fault::DailyQuota | Fault::CreateLimit)) => {
            failure(&service, fault, &request)
        }
        _ => process(&service, request).await,
    };
    drop(room);
    if let Some(Fault::Slow(by)) = fault {
        tokio::time::sleep(by).await;
    }
    if fault == Some(Fault::AnswerLost) {
        return Err(Gone("closed without an answer on purpose"));
    }
    // Nobody shall take it for the service's own answer.
    let reply = if let Some(fault) = fault { reply.with("x-emulator-fault", fault) } else { reply };
    response(
        &answered(&service, number, reply),
        if fault == Some(Fault::Truncated) { Answer::cut } else { Answer::whole },
    )
}

/// Marks what a request has changed.
fn mark(changes: &mut Changes, method: &str, target: &str, status: u16) {
    if !matches!(method, "GET" | "HEAD")
        && (200..300).contains(&status)
        && let Some(area) = Area::changed_by(target)
    {
        changes.touch(area);
    }
}

/// Writes down what the request `number` is answered with.
fn answered(service: &Service, number: u64, reply: Reply) -> Arc<Sent> {
    let sent = Arc::new(Sent::from(reply));
    let mut state = service.state();
    // Each request counts against the account's limits.
    state.changes.touch(Area::Account);
    let State { requests, changes, .. } = &mut *state;
    if let Some(request) = requests.get_mut(number) {
        mark(changes, &request.method, &request.target, sent.status);
        request.status = Some(sent.status);
        request.answer = Some(Arc::clone(&sent));
        requests.grow(number, sent.weight());
        changes.touch(Area::Requests);
    }
    sent
}

async fn process(service: &Arc<Service>, request: Request) -> Reply {
    if request.body.len() < LARGE {
        return service.answer(&request).await;
    }
    let turn = service.intake.turn(request.body.len()).await;
    let (service, runtime) = (Arc::clone(service), tokio::runtime::Handle::current());
    let answer = move || {
        let reply = runtime.block_on(service.answer(&request));
        drop(turn);
        reply
    };
    beside(answer).await
}

/// Works beside the threads that serve connections.
async fn beside(work: impl FnOnce() -> Reply + Send + 'static) -> Reply {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Reply::proxy(500))
}

/// What a fault answers instead of the service.
fn failure(service: &Service, fault: Fault, request: &Request) -> Reply {
    let now = service.clock.now();
    match fault {
        Fault::RateLimit | Fault::Status(429) => service.minute_reached(request.path(), now),
        Fault::DailyQuota => Service::quota_reached(now),
        Fault::CreateLimit => service.creation_reached(now),
        Fault::Status(400) => refuse("body.syntax", &[]),
        Fault::Status(401) => refuse("auth.token", &[]),
        Fault::Status(403) => refuse("auth.scope", &[]),
        Fault::Status(404) => refuse("path.unknown", &[]),
        Fault::Status(408) => refuse("service.timeout", &[]),
        Fault::Status(421) => refuse("service.maintenance", &[]),
        Fault::Status(status @ 200..=299) => Reply::empty(status),
        Fault::Status(status @ 300..=399) => Reply::empty(status).with("location", &service.url),
        Fault::Status(status @ 402..=499) => Reply::sentence(status, "The request was refused."),
        Fault::Status(status @ 500..=599) => Reply::proxy(status),
        _ => Reply::proxy(500),
    }
}

/// Names and values as they may be shown.
fn headers(headers: &HeaderMap) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    headers.iter().map(|(name, value)| {
        let hidden = name == AUTHORIZATION;
        (name.as_str(), if hidden { "[hidden]".into() } else { String::from_utf8_lossy(value.as_bytes()) })
    })
}

fn owned(parts: &HeaderMap) -> Vec<(String, String)> {
    headers(parts).map(|(name, value)| (name.to_owned(), value.into_owned())).collect()
}

/// Answers somebody who listens for as long as they do.
fn listen(
    service: &Service,
    peer: IpAddr,
    target: &str,
    authorization: Option<&str>,
    parts: &HeaderMap,
) -> Result<Response<Answer>, Gone> {
    let (token, headers) = (authorization.and_then(bearer), owned(parts));
    let asked = Asked { method: "GET", target, token, headers: &headers, body: &[], peer: Some(peer) };
    match inspection::listen(service, &asked) {
        Ok(listener) => Response::builder()
            .header("content-type", "text/event-stream")
            .header("cache-control", "no-store")
            .header("x-accel-buffering", "no")
            .body(Answer::live(listener))
            .map_err(|_| Gone("the answer is not HTTP")),
        Err(refused) => response(&refused.into(), Answer::whole),
    }
}

fn response(sent: &Sent, answer: fn(Bytes) -> Answer) -> Result<Response<Answer>, Gone> {
    http(sent, answer).ok_or(Gone("the answer is not HTTP"))
}

fn http(sent: &Sent, answer: fn(Bytes) -> Answer) -> Option<Response<Answer>> {
    let mut response = Response::new(answer(sent.body.clone()));
    *response.status_mut() = StatusCode::from_u16(sent.status).ok()?;
    let headers = response.headers_mut();
    headers.reserve(sent.headers.len());
    for (name, value) in &sent.headers {
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}

/// Binds `address` for [`run`].
pub(crate) async fn bind(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
