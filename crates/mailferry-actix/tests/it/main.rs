//! Endpoints as an actix-web application serves them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail a test as tests themselves do")]

use std::sync::{Arc, Mutex};

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use mailferry::event::Event;
use mailferry::mailersend::Webhook;
use mailferry::transport::BoxError;
use mailferry::webhook::{Endpoints, Handler};
use mailferry_actix::{Events, configure};

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
fn handler(seen: &Seen, fails: bool) -> impl Handler + use<> {
    let seen = Arc::clone(seen);
    move |event: Event| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().unwrap().push(event.word().to_owned());
            if fails { Err::<(), BoxError>("no".into()) } else { Ok(()) }
        }
    }
}

fn post(path: &str, body: &str) -> TestRequest {
    let signature = webhook().sign(body.as_bytes());
    TestRequest::post().uri(path).insert_header(("Signature", signature)).set_payload(body.to_owned())
}

/// WHK-01, WHK-05
#[actix_web::test]
async fn an_event_is_handled_before_it_is_answered() {
    let seen = Seen::default();
    let app = init_service(App::new().configure(configure(endpoints(), handler(&seen, false)))).await;
    for path in ["/mailersend/tracking", "/mailersend/tracking/"] {
        let answer = call_service(&app, post(path, BODY).to_request()).await;
        assert_eq!(answer.status(), 200);
        assert!(read_body(answer).await.is_empty());
        assert_eq!(seen.lock().unwrap().drain(..).collect::<Vec<_>>(), ["delivered"]);
    }
    for (request, status) in [
        (post("/mailersend/Tracking", BODY), 404),
        (post("/mailersend/inbound", BODY), 404),
        (post("/", BODY), 404),
        (TestRequest::post().uri("/mailersend/tracking").set_payload(BODY), 400),
        (post("/mailersend/tracking", "[]"), 400),
        (post("/mailersend/tracking", r#"{"type":"inbound.message"}"#), 500),
    ] {
        assert_eq!(call_service(&app, request.to_request()).await.status(), status);
    }
    assert!(seen.lock().unwrap().is_empty());
}

/// WHK-02, WHK-03
#[actix_web::test]
async fn other_methods_have_their_answers() {
    let app = init_service(App::new().configure(configure(endpoints(), handler(&Seen::default(), false)))).await;
    for (method, status, allow) in [
        (Method::HEAD, 200, false),
        (Method::OPTIONS, 200, true),
        (Method::GET, 405, true),
        (Method::PUT, 405, true),
        (Method::DELETE, 405, true),
    ] {
        let request = TestRequest::default().method(method.clone()).uri("/mailersend/tracking");
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status(), status, "{method}");
        let allowed = answer.headers().get("Allow").map(|value| value.to_str().unwrap());
        assert_eq!(allowed, allow.then_some("POST, HEAD, OPTIONS"), "{method}");
    }
}

/// WHK-19
#[actix_web::test]
async fn a_handler_that_fails_is_answered_500() {
    let seen = Seen::default();
    let app = init_service(App::new().configure(configure(endpoints(), handler(&seen, true)))).await;
    assert_eq!(call_service(&app, post("/mailersend/tracking", BODY).to_request()).await.status(), 500);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

/// WHK-18
#[actix_web::test]
async fn a_long_body_is_refused_whether_its_length_is_told_or_not() {
    let endpoints = endpoints().body_limit("mailersend/tracking", 100);
    let app = init_service(App::new().configure(configure(endpoints, handler(&Seen::default(), false)))).await;
    let long = format!("{BODY}{}", " ".repeat(100));
    let told = post("/mailersend/tracking", &long).insert_header(("Content-Length", long.len()));
    for request in [told, post("/mailersend/tracking", &long)] {
        assert_eq!(call_service(&app, request.to_request()).await.status(), 413);
    }
    assert_eq!(call_service(&app, post("/mailersend/tracking", BODY).to_request()).await.status(), 200);
}

#[actix_web::test]
async fn the_services_fit_into_a_scope() {
    let seen = Seen::default();
    let app = App::new()
        .service(web::scope("/nested").configure(configure(endpoints(), handler(&seen, false))))
        .configure(configure(endpoints().prefix("/prefix"), handler(&seen, false)));
    let app = init_service(app).await;
    for path in ["/nested/mailersend/tracking", "/nested/mailersend/tracking/", "/prefix/mailersend/tracking"] {
        assert_eq!(call_service(&app, post(path, BODY).to_request()).await.status(), 200, "{path}");
    }
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[actix_web::test]
async fn events_are_extracted_beside_the_data() {
    async fn hook(seen: web::Data<Mutex<Vec<String>>>, Events(events): Events) -> HttpResponse {
        seen.lock().unwrap().extend(events.iter().map(|event| event.word().to_owned()));
        HttpResponse::Accepted().finish()
    }
    let seen = web::Data::new(Mutex::new(Vec::<String>::new()));
    let app = App::new()
        .app_data(seen.clone())
        .app_data(web::Data::new(endpoints()))
        .route("/mailersend/tracking", web::to(hook));
    let app = init_service(app).await;
    for (request, status) in [
        (post("/mailersend/tracking", BODY), 202),
        (post("/mailersend/tracking", &format!("{BODY}{}", " ".repeat(100_000))), 202),
        (post("/mailersend/tracking", r#"{"type":"webhook.test"}"#), 202),
        (post("/mailersend/tracking", &format!("{BODY}{}", " ".repeat(2 << 20))), 413),
        (TestRequest::post().uri("/mailersend/tracking").set_payload(BODY), 400),
        (TestRequest::default().method(Method::HEAD).uri("/mailersend/tracking"), 200),
        (TestRequest::get().uri("/mailersend/tracking"), 405),
    ] {
        assert_eq!(call_service(&app, request.to_request()).await.status(), status);
    }
    assert_eq!(*seen.lock().unwrap(), ["delivered", "delivered"]);
}
