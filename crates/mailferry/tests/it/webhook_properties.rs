//! Whatever is posted, the answer is a documented one, and nothing panics.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mailferry::event::Event;
use mailferry::mailersend::{reread, sign};
use mailferry::webhook::{Answer, Endpoints, Receiver as _};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

const SECRET: &str = "a secret";
const TRACKING: &str = "mailersend/tracking";

fn endpoints() -> Endpoints {
    let endpoints = Endpoints::new().receiver(mailferry::mailersend::Webhook::new(SECRET).unwrap());
    #[cfg(feature = "inbound")]
    let endpoints = endpoints.receiver(mailferry::mailersend::Inbound::new(SECRET).unwrap());
    endpoints
}

fn post(path: &str, body: &[u8]) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("Signature", sign(body, SECRET).parse().unwrap());
    endpoints().answer(&Method::POST, &format!("/{path}"), &headers, body)
}

/// Looks that an answer is one that is documented, and that all of its events can be shown and read again.
fn check(path: &str, answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!([200, 400, 404, 405, 413, 500].contains(&answer.status.as_u16()), "{answer:?}");
    prop_assert_eq!(answer.error.is_none(), answer.status == 200);
    prop_assert!(answer.status == 200 || answer.events.is_empty());
    prop_assert!(answer.events.len() <= 1);
    for event in &answer.events {
        let again = reread(path, event.raw().clone()).unwrap();
        prop_assert_eq!(event.to_json(), again.to_json());
        prop_assert!(event.to_json()["event_type"].is_string());
    }
    Ok(())
}

/// JSON as it may come: any type, numbers of any size, some words that mean something.
fn value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("sent"),
        Just("hard_bounced"),
        Just("suppressed"),
        Just("unsubscribed"),
        Just("recipient_bounce"),
        Just("2026-10-03T22:33:06Z"),
        Just("2026-10-03 22:33:06"),
        Just("9999-12-31T23:59:59-23:59"),
        Just(""),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::from)),
        word.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name(), inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names of members that are looked for, and others.
fn name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 24] = [
        "type",
        "object",
        "data",
        "created_at",
        "id",
        "email",
        "morph",
        "message",
        "message_id",
        "email_id",
        "recipient",
        "tags",
        "meta",
        "reason",
        "readable_reason",
        "url",
        "bounce_code",
        "bounce_reason",
        "suppression_reason",
        "raw",
        "sender",
        "recipients",
        "rcptTo",
        "unsubscribe_reason",
    ];
    prop_oneof![4 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn kind() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => proptest::sample::select(&[
            "activity.sent", "activity.clicked", "activity.soft_bounced", "activity.unsubscribed",
            "activity.spam_complaint", "activity.suppressed", "activity.", "activity", "inbound.message",
            "maintenance.start", "webhook.test",
        ][..]).prop_map(Value::from),
        1 => value(),
    ]
}

fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(TRACKING), Just("mailersend/inbound")]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// TRK-14, TRK-15
    #[test]
    fn any_json_is_answered(path in path(), kind in kind(), data in value(), at in value(), version_1 in any::<bool>()) {
        let data = if version_1 { json!({"type": kind, "email": {"message": data, "recipient": data}, "morph": data}) } else { data };
        let body = json!({"type": kind, "data": data, "created_at": at}).to_string();
        check(path, &post(path, body.as_bytes()))?;
    }

    /// A whole activity with one member of any value: it is always told, and by the right name.
    #[test]
    fn any_value_degrades_its_member_alone(name in name(), value in value()) {
        let mut data = Map::new();
        data.insert("id".to_owned(), "act".into());
        let told = name == "id";
        data.insert(name, value);
        let body = json!({"type": "activity.delivered", "data": data, "webhook_id": "hook"}).to_string();
        let answer = post(TRACKING, body.as_bytes());
        check(TRACKING, &answer)?;
        let [Event::Tracking(event)] = &answer.events[..] else { panic!("{answer:?}") };
        prop_assert!(told || event.event_id.as_deref() == Some("act"));
    }

    #[test]
    fn any_bytes_are_answered(path in path(), mut body in vec(any::<u8>(), 0..200), is_object in any::<bool>()) {
        if is_object {
            body.splice(0..0, *b"{\"type\":\"activity.sent\",\"x\":");
            body.push(b'}');
        }
        let answer = post(path, &body);
        check(path, &answer)?;
        if std::str::from_utf8(&body).is_err() {
            prop_assert_ne!(answer.status, 200);
        }
    }

    /// Whole bodies with a few bytes changed, left out or doubled.
    #[test]
    fn mutilated_bodies_are_answered(path in path(), cuts in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..8)) {
        let mut body = json!({
            "type": if path == TRACKING { "activity.clicked" } else { "inbound.message" }, "created_at": "2026-10-03T22:33:06.000000Z",
            "data": {
                "id": "a\u{1}é", "tags": ["x", null], "meta": {"url": "https://a.example", "bounce_code": 1.5e300},
                "raw": "From: a@b.example\r\n\r\nHi", "recipients": {"rcptTo": [{"email": "a@b.example"}]},
            },
        }).to_string().into_bytes();
        for (place, byte, what) in cuts {
            if body.is_empty() { break; }
            let place = place.index(body.len());
            match what {
                0 => body[place] = byte,
                1 => { body.remove(place); }
                _ => body.insert(place, body[place]),
            }
        }
        check(path, &post(path, &body))?;
    }

    /// WHK-08, WHK-16: any headers, any method, any path.
    #[test]
    fn any_request_is_answered(
        method in prop_oneof![4 => Just("POST".to_owned()), 1 => "[A-Z]{1,8}"],
        path in prop_oneof![4 => Just("/mailersend/tracking".to_owned()), 1 => any::<String>()],
        names in vec(prop_oneof![Just("signature"), Just("authorization"), Just("content-length"), Just("x")], 0..5),
        values in vec(vec(any::<u8>(), 0..80), 5),
        body in vec(any::<u8>(), 0..100),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in names.iter().zip(&values) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        let endpoints = endpoints().basic_auth(["ann:one"]).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = endpoints.answer(&method, &path, &headers, &body);
        prop_assert!(answer.events.is_empty(), "nobody could have signed that");
        check(TRACKING, &answer)?;
    }

    /// A signature is good for its own body alone.
    #[test]
    fn a_signature_fits_one_body(body in vec(any::<u8>(), 0..60), other in vec(any::<u8>(), 0..60), secret in "\\PC{1,40}") {
        prop_assume!(!secret.trim().is_empty());
        let webhook = mailferry::mailersend::Webhook::new(secret.as_str()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("Signature", sign(&body, &secret).parse().unwrap());
        let is_wrong = |body: &[u8]| matches!(webhook.receive(&headers, body), Err(mailferry::webhook::Error::WrongSignature(_)));
        prop_assert!(!is_wrong(&body));
        prop_assert_eq!(is_wrong(&other), body != other);
    }
}

/// Shapes that could cost more than their length.
fn shapes(length: usize) -> [String; 7] {
    [
        format!("\"{}\"", "\\u00e9".repeat(length / 6)),
        format!("{}{}", "[".repeat(length / 2), "]".repeat(length / 2)),
        format!("{}1{}", "{\"id\":".repeat(length / 7), "}".repeat(length / 7)),
        format!("[{}1]", "1,".repeat(length / 2)),
        "1".repeat(length),
        format!("1.{}e-30", "7".repeat(length)),
        format!("{}e-{length}", "7".repeat(length)),
    ]
}

#[track_caller]
fn is_taken(member: &str, shape: &str) {
    let endpoints = endpoints().body_limit(TRACKING, 64 << 20);
    let body = format!(r#"{{"type":"activity.sent","data":{{"id":"a","{member}":{shape}}}}}"#);
    let mut headers = HeaderMap::new();
    headers.insert("Signature", sign(body.as_bytes(), SECRET).parse().unwrap());
    let answer = endpoints.answer(&Method::POST, "/mailersend/tracking", &headers, body.as_bytes());
    assert_eq!((answer.status.as_u16(), answer.events[0].event_id()), (200, Some("a")));
}

#[test]
fn a_long_member_is_skipped() {
    for shape in shapes(200_000) {
        for member in ["x", "recipient", "tags", "meta", "email"] {
            is_taken(member, &shape);
        }
    }
}

#[test]
fn a_body_of_50_megabytes_is_answered() {
    let [text, lists, ..] = shapes(50 << 20);
    is_taken("recipient", &text);
    is_taken("meta", &lists);
}
