//! Endpoints as an axum application serves them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail a test as tests themselves do")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::routing::{any, get};
use http::{Request, Response, StatusCode};
use mailferry::event::Event;
use mailferry::mailersend::Webhook;
use mailferry::transport::BoxError;
use mailferry::webhook::Endpoints;
use mailferry_axum::{Events, router};
use tower::ServiceExt as _;

const BODY: &str = r#"{"type":"activity.delivered","data":{"id":"act-1"}}"#;

fn webhook() -> Webhook {
    Webhook::new("tracking-secret").unwrap()
}

fn endpoints() -> Endpoints {
    Endpoints::new().receiver(webhook())
}

/// What a handler was given.
type Seen = Arc<Mutex<Vec<String>>>;

/// A handler that remembers the events it was given, and fails when told to.
fn handler(seen: &Seen, fails: bool) -> impl mailferry::webhook::Handler + use<> {
    let seen = Arc::clone(seen);
    move |event: Event| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().unwrap().push(event.word().to_owned());
            if fails { Err::<(), BoxError>("no".into()) } else { Ok(()) }
        }
    }
}

fn post(path: &str, body: &str) -> Request<Body> {
    let signature = webhook().sign(body.as_bytes());
    Request::post(path).header("Signature", signature).body(Body::from(body.to_owned())).unwrap()
}

async fn ask(app: Router, request: Request<Body>) -> Response<Body> {
    app.oneshot(request).await.unwrap()
}

/// WHK-01, WHK-05
#[tokio::test]
async fn an_event_is_handled_before_it_is_answered() {
    let seen = Seen::default();
    let app: Router = router(endpoints(), handler(&seen, false));
    for path in ["/mailersend/tracking", "/mailersend/tracking/"] {
        let answer = ask(app.clone(), post(path, BODY)).await;
        assert_eq!(answer.status(), 200);
        assert!(axum::body::to_bytes(answer.into_body(), 1).await.unwrap().is_empty());
        assert_eq!(seen.lock().unwrap().drain(..).collect::<Vec<_>>(), ["delivered"]);
    }
    for (request, status) in [
        (post("/mailersend/Tracking", BODY), 404),
        (post("/mailersend/inbound", BODY), 404),
        (post("/", BODY), 404),
        (Request::post("/mailersend/tracking").body(Body::from(BODY)).unwrap(), 400),
        (post("/mailersend/tracking", "[]"), 400),
        (post("/mailersend/tracking", r#"{"type":"inbound.message"}"#), 500),
    ] {
        assert_eq!(ask(app.clone(), request).await.status(), status);
    }
    assert!(seen.lock().unwrap().is_empty());
}

/// WHK-02, WHK-03
#[tokio::test]
async fn other_methods_have_their_answers() {
    let app: Router = router(endpoints(), handler(&Seen::default(), false));
    for (method, status, allow) in
        [("HEAD", 200, false), ("OPTIONS", 200, true), ("GET", 405, true), ("PUT", 405, true), ("DELETE", 405, true)]
    {
        let request = Request::builder().method(method).uri("/mailersend/tracking").body(Body::empty()).unwrap();
        let answer = ask(app.clone(), request).await;
        assert_eq!(answer.status(), status, "{method}");
        let allowed = answer.headers().get("Allow").map(|value| value.to_str().unwrap());
        assert_eq!(allowed, allow.then_some("POST, HEAD, OPTIONS"), "{method}");
    }
}

/// WHK-19
#[tokio::test]
async fn a_handler_that_fails_is_answered_500() {
    let seen = Seen::default();
    let app: Router = router(endpoints(), handler(&seen, true));
    assert_eq!(ask(app, post("/mailersend/tracking", BODY)).await.status(), 500);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

/// WHK-18
#[tokio::test]
async fn a_long_body_is_refused_whether_its_length_is_told_or_not() {
    let app: Router = router(endpoints().body_limit("mailersend/tracking", 100), handler(&Seen::default(), false));
    let long = format!("{BODY}{}", " ".repeat(100));
    let mut told = post("/mailersend/tracking", &long);
    told.headers_mut().insert("Content-Length", long.len().into());
    for request in [told, post("/mailersend/tracking", &long)] {
        assert_eq!(ask(app.clone(), request).await.status(), 413);
    }
    assert_eq!(ask(app, post("/mailersend/tracking", BODY)).await.status(), 200);
}

#[tokio::test]
async fn the_routes_fit_into_an_application() {
    let seen = Seen::default();
    let app = Router::new()
        .route("/", get(async |State(answer): State<&'static str>| answer))
        .nest("/nested", router(endpoints(), handler(&seen, false)))
        .merge(router(endpoints().prefix("/prefix"), handler(&seen, false)))
        .with_state("hello");
    for path in ["/nested/mailersend/tracking", "/nested/mailersend/tracking/", "/prefix/mailersend/tracking"] {
        assert_eq!(ask(app.clone(), post(path, BODY)).await.status(), 200, "{path}");
    }
    assert_eq!(seen.lock().unwrap().len(), 3);
    assert_eq!(ask(app, Request::get("/").body(Body::empty()).unwrap()).await.status(), 200);
}

#[derive(Clone)]
struct App {
    seen: Seen,
    endpoints: Endpoints,
}

impl FromRef<App> for Endpoints {
    fn from_ref(app: &App) -> Self {
        app.endpoints.clone()
    }
}

#[tokio::test]
async fn events_are_extracted_beside_the_state() {
    async fn hook(State(app): State<App>, Events(events): Events) -> StatusCode {
        app.seen.lock().unwrap().extend(events.iter().map(|event| event.word().to_owned()));
        StatusCode::ACCEPTED
    }
    let seen = Seen::default();
    let state = App { seen: Arc::clone(&seen), endpoints: endpoints() };
    let app = Router::new().route("/mailersend/tracking", any(hook)).with_state(state);
    for (request, status) in [
        (post("/mailersend/tracking", BODY), 202),
        (post("/mailersend/tracking", &format!("{BODY}{}", " ".repeat(100_000))), 202),
        (post("/mailersend/tracking", r#"{"type":"webhook.test"}"#), 202),
        (post("/mailersend/tracking", &format!("{BODY}{}", " ".repeat(2 << 20))), 413),
        (Request::post("/mailersend/tracking").body(Body::from(BODY)).unwrap(), 400),
        (Request::head("/mailersend/tracking").body(Body::empty()).unwrap(), 200),
        (Request::get("/mailersend/tracking").body(Body::empty()).unwrap(), 405),
    ] {
        assert_eq!(ask(app.clone(), request).await.status(), status);
    }
    assert_eq!(*seen.lock().unwrap(), ["delivered", "delivered"]);
}
