//! The listening socket, and HTTP on each connection.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fault::{Fault, FaultOn};
use crate::inspection::{self, Asked};
use crate::reply::{Reply, Sent};
use crate::request::{Request, bearer};
use crate::service::{Service, refuse};
use crate::wire::{Answer, Wire};

/// The largest body that is read, in bytes: above the 50 MB that a bulk request may have.
pub(crate) const MOST_BYTES: usize = 60 * 1024 * 1024;
/// Bodies from this size on are worked through beside the threads that serve connections.
const LARGE: usize = 64 * 1024;
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
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
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer.ip(), Arc::clone(&service), stop.clone()));
                }
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
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Wire::new(stream, Arc::clone(&reset)));
    let respond = service_fn(move |request: hyper::Request<Incoming>| {
        let (parts, body) = request.into_parts();
        respond(Arc::clone(&service), peer, Arc::clone(&reset), parts, body)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
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
    let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if inspection::is_its(&target) {
        let Some(body) = read(body, &parts.headers).await? else {
            let reply = refuse("body.size", &[("limit", MOST_BYTES.to_string())]).with("connection", "close");
            return response(&reply.into(), Answer::whole);
        };
        let answer = move || {
            let headers = headers(&parts.headers);
            let token = authorization.as_deref().and_then(bearer);
            let method = parts.method.as_str();
            let peer = Some(peer);
            inspection::answer(
                &service,
                &Asked { method, target: &target, token, headers: &headers, body: &body, peer },
            )
        };
        // What is shown may be long, and looked for among ten thousand mails.
        return response(&beside(answer).await.into(), Answer::whole);
    }
    let mut request = Request {
        number: 0,
        at: service.clock.now(),
        method: parts.method.to_string(),
        target,
        headers: headers(&parts.headers).into(),
        authorization,
        body: Bytes::new(),
        status: None,
        answer: None,
        fault: None,
        message_ids: Vec::new(),
    };
    let fault = service.state().faults.meet(FaultOn::request(request.method(), request.path()));
    request.fault = fault;
    if fault == Some(Fault::Reset) {
        remember(&service, &mut request);
        reset.store(true, Ordering::Relaxed);
        return Err(Gone("reset on purpose"));
    }
    let Some(body) = read(body, &parts.headers).await? else {
        let number = remember(&service, &mut request);
        let reply = refuse("body.size", &[("limit", MOST_BYTES.to_string())]).with("connection", "close");
        return response(&answered(&service, number, reply), Answer::whole);
    };
    request.body = body;
    let number = remember(&service, &mut request);
    let reply = match fault {
        Some(fault @ (Fault::Status(_) | Fault::RateLimit | Fault::DailyQuota | Fault::CreateLimit)) => {
            failure(&service, fault, &request)
        }
        _ => process(&service, request).await,
    };
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

/// Writes the request down, and numbers it.
fn remember(service: &Service, request: &mut Request) -> u64 {
    let weight = request.weight();
    let mut state = service.state();
    request.number = state.requests.next();
    state.requests.push(request.clone(), weight)
}

/// Writes down what the request `number` is answered with.
fn answered(service: &Service, number: u64, reply: Reply) -> Arc<Sent> {
    let sent = Arc::new(Sent::from(reply));
    let mut state = service.state();
    if let Some(request) = state.requests.get_mut(number) {
        request.status = Some(sent.status);
        request.answer = Some(Arc::clone(&sent));
        state.requests.grow(number, sent.weight());
    }
    sent
}

async fn process(service: &Arc<Service>, request: Request) -> Reply {
    if request.body.len() < LARGE {
        return service.answer(&request).await;
    }
    let (service, runtime) = (Arc::clone(service), tokio::runtime::Handle::current());
    beside(move || runtime.block_on(service.answer(&request))).await
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

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value =
                if name == AUTHORIZATION { "[hidden]".into() } else { String::from_utf8_lossy(value.as_bytes()) };
            (name.to_string(), value.into_owned())
        })
        .collect()
}

/// The whole body, or `None` when it is larger than [`MOST_BYTES`].
async fn read(mut body: Incoming, headers: &HeaderMap) -> Result<Option<Bytes>, Gone> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MOST_BYTES) {
        return Ok(None);
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| Gone("the body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > MOST_BYTES {
            return Ok(None);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Some(bytes.freeze()))
}

fn response(sent: &Sent, answer: fn(Bytes) -> Answer) -> Result<Response<Answer>, Gone> {
    let Sent { status, headers, body } = sent;
    let mut builder = Response::builder().status(*status);
    for (name, value) in headers {
        builder = builder.header(*name, value);
    }
    builder.body(answer(body.clone())).map_err(|_| Gone("the answer is not HTTP"))
}

/// Binds `address` for [`run`].
pub(crate) async fn bind(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
