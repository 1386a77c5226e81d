//! Endpoints without a web server: paths, methods, what stands in front, and what is answered.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use mailferry::config::Sources;
use mailferry::event::{AccountEvent, Event};
use mailferry::mailersend::Webhook;
use mailferry::transport::ErrorKind;
use mailferry::webhook::{Answer, Endpoints, Error, Handler, Handling, Receiver};

use crate::secrets::Recorder;

const BODY: &[u8] = br#"{"type":"activity.sent","data":{"id":"act-1"}}"#;
const PATH: &str = "/mailersend/tracking";

fn webhook() -> Webhook {
    Webhook::new("tracking-secret").unwrap()
}

fn signed(body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Signature", webhook().sign(body).parse().unwrap());
    headers
}

fn with_basic_auth(mut headers: HeaderMap, pair: &str) -> HeaderMap {
    headers.insert("Authorization", format!("Basic {}", STANDARD.encode(pair)).parse().unwrap());
    headers
}

fn post(endpoints: &Endpoints, path: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
    endpoints.answer(&Method::POST, path, headers, body)
}

/// WHK-01, WHK-22: the path names the service.
#[test]
fn paths_are_exact_but_for_the_last_slash() {
    let endpoints = |prefix| Endpoints::new().receiver(webhook()).prefix(prefix);
    for (prefix, path, status) in [
        ("", "/mailersend/tracking", 200),
        ("", "/mailersend/tracking/", 200),
        ("/", "/mailersend/tracking", 200),
        ("anymail", "/anymail/mailersend/tracking", 200),
        ("/anymail/", "/anymail/mailersend/tracking/", 200),
        ("/a/b", "/a/b/mailersend/tracking", 200),
        ("", "/mailersend/tracking//", 404),
        ("", "mailersend/tracking", 404),
        ("", "//mailersend/tracking", 404),
        ("", "/MailerSend/tracking", 404),
        ("", "/mailersend/inbound", 404),
        ("", "/mailersend/tracking/x", 404),
        ("", "/", 404),
        ("", "", 404),
        ("/anymail", "/mailersend/tracking", 404),
        ("/anymail", "/anymailmailersend/tracking", 404),
        ("/anymail", "/ANYMAIL/mailersend/tracking", 404),
    ] {
        let answer = post(&endpoints(prefix), path, &signed(BODY), BODY);
        assert_eq!(answer.status, status, "{prefix:?} {path:?}");
        assert_eq!(answer.events.len(), usize::from(status == 200));
    }
}

/// WHK-02, WHK-03
#[test]
fn other_methods_are_answered_without_checks_or_refused() {
    let endpoints = Endpoints::new().receiver(webhook()).basic_auth(["ann:one"]).unwrap();
    for (method, status, allow) in [
        (Method::HEAD, 200, false),
        (Method::OPTIONS, 200, true),
        (Method::GET, 405, true),
        (Method::PUT, 405, true),
        (Method::PATCH, 405, true),
        (Method::DELETE, 405, true),
        (Method::TRACE, 405, true),
        (Method::CONNECT, 405, true),
        (Method::from_bytes(b"post").unwrap(), 405, true),
    ] {
        let answer = endpoints.answer(&method, PATH, &HeaderMap::new(), b"");
        assert_eq!(answer.status, status, "{method}");
        assert_eq!(answer.allow, allow.then_some("POST, HEAD, OPTIONS"), "{method}");
        assert!(answer.events.is_empty());
        assert_eq!(endpoints.answer(&method, "/", &HeaderMap::new(), b"").status, 404, "{method}");
    }
}

/// WHK-04: nor any other header but the signature.
#[test]
fn the_content_type_does_not_matter() {
    let endpoints = Endpoints::new().receiver(webhook());
    for kind in ["application/json", "application/x-www-form-urlencoded", "nonsense", ""] {
        let mut headers = signed(BODY);
        headers.insert("Content-Type", kind.parse().unwrap());
        assert_eq!(post(&endpoints, PATH, &headers, BODY).status, 200, "{kind}");
    }
}

/// WHK-12, WHK-13, WHK-14
#[test]
fn basic_authentication_comes_before_the_signature() {
    let endpoints = Endpoints::new().receiver(webhook()).basic_auth(["ann:one", "bob:two"]).unwrap();
    let mut wrong = HeaderMap::new();
    wrong.insert("Signature", "0".parse().unwrap());
    for (headers, error) in [
        (with_basic_auth(signed(BODY), "ann:one"), None),
        (with_basic_auth(signed(BODY), "bob:two"), None),
        (signed(BODY), Some(Error::Unauthenticated)),
        (with_basic_auth(signed(BODY), "ann:two"), Some(Error::Unauthenticated)),
        (HeaderMap::new(), Some(Error::Unauthenticated)),
        (with_basic_auth(HeaderMap::new(), "ann:one"), Some(Error::Unsigned)),
        (with_basic_auth(wrong, "ann:one"), Some(Error::WrongSignature("MAILERSEND_SIGNING_SECRET"))),
    ] {
        let answer = post(&endpoints, PATH, &headers, BODY);
        assert_eq!((answer.status.as_u16(), answer.events.len()), if error.is_none() { (200, 1) } else { (400, 0) });
        assert_eq!(answer.error, error);
    }
}

/// What is logged by the second of two runs, as the first one may be silent beside other tests.
async fn logged<F: Future<Output = ()>>(run: impl Fn() -> F) -> String {
    let log = Arc::<Mutex<String>>::default();
    let guard = tracing::subscriber::set_default(Recorder(Arc::clone(&log)));
    run().await;
    tracing::callsite::rebuild_interest_cache();
    log.lock().unwrap().clear();
    run().await;
    drop(guard);
    std::mem::take(&mut *log.lock().unwrap())
}

/// WHK-06, WHK-07, WHK-12: each refusal is an error in the log, and shows no secret.
#[tokio::test]
async fn refusals_are_logged() {
    let mut unsigned = with_basic_auth(HeaderMap::new(), "ann:hush");
    let mut wrong = unsigned.clone();
    wrong.insert("Signature", mailferry::mailersend::sign(BODY, "quiet").parse().unwrap());
    let guarded = || Endpoints::new().receiver(webhook()).basic_auth(["ann:hush"]).unwrap();
    for (headers, said) in [
        (&HeaderMap::new(), "WEBHOOK_SECRET"),
        (&unsigned, "without signature"),
        (&wrong, "incorrect signature (check MAILERSEND_SIGNING_SECRET)"),
    ] {
        let log = logged(async || {
            post(&guarded(), PATH, headers, BODY);
        });
        let log = log.await;
        assert!(log.contains("level=ERROR") && log.contains(said) && log.contains("mailersend/tracking"), "{log}");
        for secret in ["hush", "quiet", "tracking-secret", "YW5uOmh1c2g", "act-1"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
    let ping = br#"{"type":"webhook.test"}"#;
    unsigned.extend(signed(ping));
    let log = logged(async || {
        assert_eq!(post(&guarded(), PATH, &unsigned, ping).status, 200);
    });
    let log = log.await;
    assert!(log.contains("level=INFO") && log.contains("tested the URL"), "{log}");

    let log = logged(async || {
        let endpoint = Endpoints::new().receiver(Several(1)).admit(&Method::POST, "/several", &wrong).unwrap();
        endpoint.handle(&wrong, bytes::Bytes::new(), &FailsAt("0", Mutex::default())).await;
    });
    assert!(log.await.contains("the handler of an event failed"));
}

/// WHK-18
#[test]
fn a_long_body_is_refused_before_it_is_read() {
    let mut long = BODY.to_vec();
    long.resize(1 << 20, b' ');
    let endpoints = Endpoints::new().receiver(webhook());
    assert_eq!(post(&endpoints, PATH, &signed(&long), &long).status, 200);
    long.push(b' ');
    let answer = post(&endpoints, PATH, &signed(&long), &long);
    assert_eq!((answer.status.as_u16(), answer.error), (413, Some(Error::TooLarge(1 << 20))));

    let mut headers = signed(BODY);
    headers.insert("Content-Length", "99999999999999999999".parse().unwrap());
    assert!(endpoints.admit(&Method::POST, PATH, &headers).is_ok(), "no length that a body could have");
    headers.insert("Content-Length", "1048577".parse().unwrap());
    assert_eq!(endpoints.admit(&Method::POST, PATH, &headers).unwrap_err().status, 413);

    let endpoints = endpoints.body_limit("mailersend/tracking", 2 << 20);
    assert_eq!(post(&endpoints, PATH, &signed(&long), &long).status, 200);
    let endpoints = endpoints.body_limit("/mailersend/tracking/", 10);
    assert_eq!(post(&endpoints, PATH, &signed(BODY), BODY).status, 413);
}

/// WHK-23: what is told twice is told twice; `event_id` says that it is the same.
#[test]
fn a_repeated_request_makes_the_same_event_again() {
    let endpoints = Endpoints::new().receiver(webhook());
    let [first, second] = [0, 1].map(|_| post(&endpoints, PATH, &signed(BODY), BODY).events.remove(0));
    assert_eq!((first.event_id(), first.word()), (second.event_id(), second.word()));
    assert_eq!(first.event_id(), Some("act-1"));
}

/// Tells the events that it was made with, for any body.
#[derive(Debug)]
struct Several(usize);

impl Receiver for Several {
    fn path(&self) -> &'static str {
        "several"
    }

    fn receive(&self, _: &HeaderMap, _: &[u8]) -> Result<Vec<Event>, Error> {
        Ok((0..self.0).map(|number| Event::Account(AccountEvent::new(number.to_string()))).collect())
    }
}

/// Fails at one event, and remembers all that it was given.
struct FailsAt(&'static str, Mutex<Vec<String>>);

impl Handler for FailsAt {
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move {
            let Event::Account(event) = event else { return Err("another event".into()) };
            self.1.lock().unwrap().push(event.name.clone());
            if event.name == self.0 { Err("no".into()) } else { Ok(()) }
        })
    }
}

/// WHK-19, WHK-24, TRK-06: one after another, each handed over before the answer; the first failure ends it.
#[tokio::test]
async fn a_failing_handler_makes_the_service_send_again() {
    let endpoints = Endpoints::new().receiver(Several(4));
    let headers = HeaderMap::new();
    for body in [vec![], vec![b' '; 100_000]] {
        for (fails, status, seen) in [("none", 200, 4), ("0", 500, 1), ("2", 500, 3)] {
            let handler = FailsAt(fails, Mutex::default());
            let endpoint = endpoints.admit(&Method::POST, "/several", &headers).unwrap();
            let answer = endpoint.handle(&headers, body.clone().into(), &handler).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.error, (status == 500).then_some(Error::Unhandled));
            let names: Vec<_> = (0..seen).map(|number: usize| number.to_string()).collect();
            assert_eq!(*handler.1.lock().unwrap(), names);
        }
    }
}

#[tokio::test]
async fn an_async_function_is_a_handler() {
    async fn handle(event: Event) -> Result<(), mailferry::transport::BoxError> {
        if event.event_id() == Some("act-1") { Ok(()) } else { Err("another".into()) }
    }
    let endpoints = Endpoints::new().receiver(webhook());
    let endpoint = endpoints.admit(&Method::POST, PATH, &signed(BODY)).unwrap();
    assert_eq!(endpoint.limit(), 1 << 20);
    assert_eq!(endpoint.handle(&signed(BODY), BODY.into(), &handle).await.status, 200);
}

/// WHK-09, WHK-10, WHK-11, WHK-21
#[test]
fn endpoints_come_from_settings() {
    let signing = "MAILERSEND_SIGNING_SECRET";
    let with = |values: &[(&str, &str)]| {
        let sources = values.iter().fold(Sources::new(), |sources, (name, value)| sources.set(*name, *value));
        sources.load().unwrap().endpoints()
    };
    let error = with(&[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains(signing), "{error}");
    assert!(with(&[("WEBHOOK_SECRET", "a:b")]).is_err());

    let endpoints = with(&[(signing, "newer, tracking-secret"), ("WEBHOOK_SECRET", "")]).unwrap();
    assert_eq!(post(&endpoints, PATH, &signed(BODY), BODY).status, 200);
    let endpoints = with(&[(signing, "tracking-secret"), ("WEBHOOK_SECRET", "ann:one,bob:two")]).unwrap();
    assert_eq!(post(&endpoints, PATH, &with_basic_auth(signed(BODY), "bob:two"), BODY).status, 200);
    assert_eq!(post(&endpoints, PATH, &signed(BODY), BODY).status, 400);

    for (name, value) in
        [(signing, ""), (signing, "a,,b"), (signing, "a,"), ("WEBHOOK_SECRET", "ann"), ("WEBHOOK_SECRET", "ann:one,")]
    {
        let error = with(&[(signing, "good"), (name, value)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(name) && !shown.contains("ann"), "{shown}");
    }
}

/// WHK-09, WHK-11: each endpoint has its own secret, and without it says which setting is missing.
#[cfg(feature = "inbound")]
#[test]
fn an_endpoint_without_secret_answers_500() {
    use mailferry::mailersend::{Inbound, sign};

    let settings = Sources::new().set("MAILERSEND_INBOUND_SECRET", "inbound-secret").load().unwrap();
    let endpoints = settings.endpoints().unwrap();
    for method in [Method::POST, Method::HEAD] {
        let answer = endpoints.answer(&method, PATH, &signed(BODY), BODY);
        assert_eq!(answer.status, 500, "{method}");
        assert!(answer.error.unwrap().to_string().contains("MAILERSEND_SIGNING_SECRET"));
    }
    let mail = br#"{"type":"inbound.message","data":{"raw":"From: a@b.example\r\n\r\n"}}"#;
    let mut headers = HeaderMap::new();
    headers.insert("Signature", sign(mail, "inbound-secret").parse().unwrap());
    assert_eq!(post(&endpoints, "/mailersend/inbound", &headers, mail).status, 200);
    let answer = post(&endpoints, "/mailersend/inbound", &signed(mail), mail);
    assert_eq!(answer.error, Some(Error::WrongSignature("MAILERSEND_INBOUND_SECRET")));
    assert_eq!(Inbound::new("x").unwrap().body_limit(), 64 << 20);
}

#[cfg(feature = "toml")]
#[test]
fn secrets_may_be_lists_in_the_file() {
    let text =
        "webhook_secret = [\"ann:one\", \"bob:t,wo\"]\n[mailersend]\nsigning_secret = [\"old\", \"tracking-secret\"]";
    let endpoints = Sources::new().file("mailferry.toml", text).load().unwrap().endpoints().unwrap();
    assert_eq!(post(&endpoints, PATH, &with_basic_auth(signed(BODY), "bob:t,wo"), BODY).status, 200);
    for wrong in ["signing_secret = []", "signing_secret = 3", "signing_secret = [\"\"]", "signing_secret = [1]"] {
        let settings = Sources::new().file("mailferry.toml", format!("[mailersend]\n{wrong}")).load().unwrap();
        assert_eq!(settings.endpoints().unwrap_err().kind(), ErrorKind::Config, "{wrong}");
    }
}
