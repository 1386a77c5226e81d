//! What MailerSend tells: bodies of both versions, as documented and as seen, become the same events.

use http::HeaderMap;
use mailferry::event::{Bounce, BounceKind, Event, EventKind, RejectReason, TrackingEvent};
use mailferry::mailersend::{Webhook, reread};
use mailferry::webhook::{Error, Receiver};
use serde_json::{Value, json};

const AT: &str = "2026-10-03T22:33:06.000000Z";

fn receive_bytes(body: &[u8]) -> Result<Vec<Event>, Error> {
    let webhook = Webhook::new("tracking-secret").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("signature", webhook.sign(body).parse().unwrap());
    webhook.receive(&headers, body)
}

/// The one event in a body.
#[track_caller]
fn event(body: impl AsRef<[u8]>) -> Event {
    let body = body.as_ref();
    let mut events = receive_bytes(body).unwrap();
    assert_eq!(events.len(), 1);
    let event = events.remove(0);
    assert_eq!(&event.raw()[..], body, "the body is kept as it came");
    event
}

#[track_caller]
fn tracking(body: &Value) -> TrackingEvent {
    match event(body.to_string()) {
        Event::Tracking(event) => event,
        other => panic!("{other:?}"),
    }
}

/// Everything but the bytes, which differ between versions.
fn normalized(body: &Value) -> TrackingEvent {
    let mut event = tracking(body);
    event.raw = bytes::Bytes::new();
    event
}

fn v1(kind: &str, status: &str, morph: Value) -> Value {
    json!({
        "type": format!("activity.{kind}"), "domain_id": "dom", "created_at": "2026-10-03T22:33:26.520507Z",
        "webhook_id": "hook", "url": "https://app.example/hook",
        "data": {
            "object": "activity", "id": "act", "type": kind, "created_at": AT,
            "email": {
                "object": "email", "id": "eml", "created_at": AT, "from": "shop@mail.example", "subject": "Hello",
                "status": status, "tags": ["a", "b"], "headers": null,
                "message": {"object": "message", "id": "msg", "created_at": AT},
                "recipient": {"object": "recipient", "id": "rcp", "email": "ann@one.example", "created_at": AT},
            },
            "morph": morph, "template_id": "",
        },
    })
}

/// As the documentation had it: the address under `email`, no `webhook_id`, and odd words in `data.type`.
fn v2_documented(kind: &str, data_kind: &str, meta: Value) -> Value {
    json!({
        "type": format!("activity.{kind}"), "created_at": AT,
        "data": {
            "id": "act", "account_id": "acc", "domain_id": "dom", "message_id": "msg", "email_id": "eml",
            "type": data_kind, "subject": "Hello", "email": "ann@one.example", "tags": ["a", "b"], "meta": meta,
        },
    })
}

/// As it was seen: the address under `recipient`, and a list where an object would be empty.
fn v2_seen(kind: &str, meta: Value) -> Value {
    json!({
        "type": format!("activity.{kind}"), "created_at": AT,
        "data": {
            "id": "act", "domain_id": "dom", "message_id": "msg", "email_id": "eml", "type": kind,
            "subject": "Hello", "recipient": "ann@one.example", "tags": ["a", "b"], "meta": meta,
        },
        "webhook_id": "hook",
    })
}

fn expected(kind: EventKind, word: &str) -> TrackingEvent {
    let mut event = TrackingEvent::new(kind, word);
    event.timestamp = AT.parse().ok();
    event.event_id = Some("act".to_owned());
    event.message_id = Some("msg".to_owned());
    event.email_id = Some("eml".to_owned());
    event.recipient = Some("ann@one.example".to_owned());
    event.tags = vec!["a".to_owned(), "b".to_owned()];
    event
}

/// TRK-01, TRK-03, TRK-08, TRK-09, TRK-10, TRK-13: every type, in every form.
#[test]
fn all_versions_give_the_same_event_for_the_same_happening() {
    let reason = "The email account that you tried to reach does not exist.";
    let no_longer = "I no longer want to receive these emails";
    let unknown = EventKind::Unknown;
    let plain = [
        ("sent", EventKind::Sent),
        ("delivered", EventKind::Delivered),
        ("deferred", unknown),
        ("survey_opened", unknown),
        ("survey_submitted", unknown),
        ("queued", unknown),
        ("something_new", unknown),
    ];
    for (word, kind) in plain {
        let expected = expected(kind, word);
        assert_eq!(normalized(&v1(word, word, Value::Null)), expected, "{word}");
        for meta in [json!([]), json!({}), Value::Null] {
            assert_eq!(normalized(&v2_documented(word, "delivered", meta.clone())), expected, "{word}");
            assert_eq!(normalized(&v2_seen(word, meta)), expected, "{word}");
        }
    }

    for (word, kind, length) in [("hard_bounced", BounceKind::Hard, "hard"), ("soft_bounced", BounceKind::Soft, "soft")]
    {
        let mut bounced = expected(EventKind::Bounced, word);
        bounced.reject_reason = Some(RejectReason::Bounced);
        bounced.description = Some(reason.to_owned());
        bounced.bounce = Some(Bounce { kind, code: None });
        let morph = json!({"object": "recipient_bounce", "reason": reason});
        assert_eq!(normalized(&v1(word, "rejected", morph)), bounced, "{word}");
        bounced.bounce = Some(Bounce { kind, code: Some("550".to_owned()) });
        for code in [json!(550), json!("550")] {
            let meta = json!({"bounce_reason": reason, "bounce_code": code, "bounce_type": length});
            assert_eq!(normalized(&v2_documented(word, "rejected", meta.clone())), bounced, "{word}");
            assert_eq!(normalized(&v2_seen(word, meta)), bounced, "{word}");
        }
    }

    for (word, kind) in [
        ("opened", EventKind::Opened),
        ("opened_unique", unknown),
        ("clicked", EventKind::Clicked),
        ("clicked_unique", unknown),
    ] {
        let url = if word.starts_with("clicked") { json!("https://shop.example/a?b=c") } else { Value::Null };
        let mut opened = expected(kind, word);
        opened.ip = Some("10.0.0.1".to_owned());
        opened.click_url = url.as_str().map(str::to_owned);
        let morph = json!({"object": "click", "id": "x", "created_at": AT, "ip": "10.0.0.1", "url": url});
        assert_eq!(normalized(&v1(word, "delivered", morph)), opened, "{word}");
        // What version 1 does not tell.
        opened.country = Some("US".to_owned());
        opened.user_agent = Some("Mozilla/5.0".to_owned());
        let meta = json!({
            "ip": "10.0.0.1", "country": "US", "user_agent": "Mozilla/5.0", "device_type": "desktop",
            "browser": "Chrome", "url": url,
        });
        assert_eq!(normalized(&v2_documented(word, "delivered", meta.clone())), opened, "{word}");
        assert_eq!(normalized(&v2_seen(word, meta)), opened, "{word}");
    }

    let mut unsubscribed = expected(EventKind::Unsubscribed, "unsubscribed");
    unsubscribed.reject_reason = Some(RejectReason::Unsubscribed);
    unsubscribed.description = Some(no_longer.to_owned());
    let morph = json!({"object": "recipient_unsubscribe", "reason": "NO_LONGER_WANT", "readable_reason": no_longer});
    assert_eq!(normalized(&v1("unsubscribed", "delivered", morph)), unsubscribed);
    let meta = json!({"unsubscribe_reason": "NO_LONGER_WANT"});
    assert_eq!(normalized(&v2_documented("unsubscribed", "delivered", meta.clone())), unsubscribed);
    assert_eq!(normalized(&v2_seen("unsubscribed", meta)), unsubscribed);

    let mut complained = expected(EventKind::Complained, "spam_complaint");
    complained.reject_reason = Some(RejectReason::Spam);
    for morph in [json!({"object": "spam_complaint", "reason": null}), json!({"object": "spam_complaint"})] {
        assert_eq!(normalized(&v1("spam_complaint", "delivered", morph)), complained);
    }
    for word in ["spam_complaint", "spam_complaints"] {
        assert_eq!(normalized(&v2_documented(word, "spam_complaints", json!([]))), complained);
        assert_eq!(normalized(&v2_documented(word, "delivered", Value::Null)), complained);
        assert_eq!(normalized(&v2_seen(word, json!([]))), complained);
    }

    for (word, reason) in [
        ("on_hold", RejectReason::Blocked),
        ("blocklisted", RejectReason::Blocked),
        ("hard_bounced", RejectReason::Bounced),
        ("spam_complaint", RejectReason::Spam),
        ("unsubscribed", RejectReason::Unsubscribed),
        ("because", RejectReason::Other),
    ] {
        let mut suppressed = expected(EventKind::Rejected, "suppressed");
        suppressed.reject_reason = Some(reason);
        suppressed.description = Some(word.to_owned());
        let meta = json!({"suppression_reason": word});
        assert_eq!(normalized(&v1("suppressed", "rejected", json!({"reason": word}))), suppressed);
        assert_eq!(normalized(&v2_documented("suppressed", "rejected", meta.clone())), suppressed);
        assert_eq!(normalized(&v2_seen("suppressed", meta)), suppressed);
    }
}

/// TRK-01: version 1 is known by its own word, whatever the envelope says.
#[test]
fn version_1_goes_by_the_type_within() {
    for (word, kind) in [(json!("Sent"), "Sent"), (json!(""), ""), (Value::Null, ""), (json!(3), "")] {
        let mut body = v1("sent", "sent", Value::Null);
        body["data"]["type"] = word;
        assert_eq!(normalized(&body), expected(EventKind::Unknown, kind));
    }
}

/// TRK-05
#[test]
fn times_are_read_as_they_are_written() {
    for (text, read) in [
        (json!("2025-06-07T08:09:10.123456Z"), Some("2025-06-07T08:09:10.123456+00:00")),
        (json!("2025-06-07T08:09:10+02:00"), Some("2025-06-07T08:09:10+02:00")),
        (json!("2025-06-07T08:09:10"), Some("2025-06-07T08:09:10+00:00")),
        (json!("2025-06-07 08:09:10"), Some("2025-06-07T08:09:10+00:00")),
        (json!("2025-06-07"), Some("2025-06-07T00:00:00+00:00")),
        (json!("2025-02-30T08:09:10Z"), None),
        (json!("soon"), None),
        (json!(""), None),
        (json!(1_749_283_750), None),
        (Value::Null, None),
        (json!({}), None),
    ] {
        let mut body = v1("sent", "sent", Value::Null);
        body["data"]["created_at"] = text.clone();
        assert_eq!(tracking(&body).timestamp.map(|at| at.to_string()).as_deref(), read, "{text}");
        let mut body = v2_seen("sent", json!([]));
        body["created_at"] = text.clone();
        assert_eq!(tracking(&body).timestamp.map(|at| at.to_string()).as_deref(), read, "{text}");
    }
}

/// TRK-04, TRK-07, TRK-11, TRK-15: what is missing or of another type is not known, and the rest is.
#[test]
fn a_wrong_type_degrades_its_field_alone() {
    let wrong = ["null", "true", "12", "-1.5", "1e999", "\"\"", "\"text\"", "[]", "[[1]]", "{}", "{\"id\":{\"a\":[]}}"];
    let bodies = [
        v1(
            "clicked",
            "delivered",
            json!({"object": "click", "ip": "10.0.0.1", "url": "https://a.example", "reason": "r"}),
        ),
        v2_documented(
            "hard_bounced",
            "rejected",
            json!({"bounce_reason": "r", "bounce_code": 1, "bounce_type": "hard"}),
        ),
        v2_seen("clicked", json!({"ip": "10.0.0.1", "country": "US", "user_agent": "u", "url": "https://a.example"})),
    ];
    let mut tried = 0;
    for body in bodies {
        let whole = Event::Tracking(normalized(&body)).to_json();
        for path in paths(&body) {
            for value in wrong {
                let mut changed = body.clone();
                *changed.pointer_mut(&path).unwrap() = json!("\u{1}HERE");
                let text = changed.to_string().replace("\"\\u0001HERE\"", value);
                let event = event(&text);
                tried += 1;
                if ["/type", "/data", "/data/type", "/data/email"].contains(&path.as_str()) {
                    continue;
                }
                let Event::Tracking(event) = event else { panic!("{text}") };
                assert_eq!(event.service_kind, whole["service_kind"], "{text}");
                if path.matches('/').count() == 2 && path != "/data/created_at" {
                    assert_eq!(
                        event.timestamp.map(|at| at.to_string()).as_deref(),
                        whole["timestamp"].as_str(),
                        "{text}"
                    );
                }
            }
            let mut changed = body.clone();
            let (parent, name) = path.rsplit_once('/').unwrap();
            if let Some(parent) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
                parent.remove(name).unwrap();
                event(changed.to_string());
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

/// The JSON pointers of everything in a value.
fn paths(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        let members: Vec<_> = match value {
            Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        open.extend(members.into_iter().map(|(key, value)| (format!("{path}/{key}"), value)));
        if !path.is_empty() {
            found.push(path);
        }
    }
    found
}

/// TRK-07
#[test]
fn tags_are_a_list_of_texts() {
    for (tags, read) in [
        (Value::Null, vec![]),
        (json!([]), vec![]),
        (json!("a"), vec![]),
        (json!({}), vec![]),
        (json!(["a", 1, null, ["b"], "c"]), vec!["a", "c"]),
    ] {
        let mut body = v2_seen("sent", json!([]));
        body["data"]["tags"] = tags;
        assert_eq!(tracking(&body).tags, read);
    }
}

/// TRK-09, TRK-11
#[test]
fn a_reason_is_what_people_can_read() {
    for (morph, description, reason) in [
        (
            json!({"object": "recipient_unsubscribe", "reason": "option_3", "readable_reason": "Too many"}),
            Some("Too many"),
            Some("unsubscribed"),
        ),
        (
            json!({"object": "recipient_unsubscribe", "reason": "option_3", "readable_reason": ""}),
            Some("option_3"),
            Some("unsubscribed"),
        ),
        (json!({"object": "mystery", "reason": "because"}), Some("because"), None),
        (json!({"reason": "because"}), Some("because"), None),
        (json!({"object": ["recipient_bounce"], "reason": "because"}), Some("because"), None),
        (json!({"object": "recipient_bounce"}), None, Some("bounced")),
        (json!([]), None, None),
        (json!("recipient_bounce"), None, None),
        (Value::Null, None, None),
    ] {
        let event = tracking(&v1("unsubscribed", "delivered", morph.clone()));
        assert_eq!(event.description.as_deref(), description, "{morph}");
        assert_eq!(event.reject_reason.map(RejectReason::as_str), reason, "{morph}");
    }
}

/// TRK-12
#[test]
fn unicode_unknown_members_and_repeated_keys_pass() {
    let text = r#"{"type":"activity.opened","type":"activity.sent","x":{"y":[1e5,{}]},"created_at":"2026-10-03T22:33:06Z",
        "data":{"id":"first"},"data":{"id":"\u010d\ud83d\ude00\/","tags":["old"],"tags":["\ud83d","é"],"recipient":"čáp@one.example"}}"#;
    let Event::Tracking(event) = event(text) else { panic!() };
    assert_eq!(event.kind, EventKind::Sent);
    assert_eq!(event.event_id.as_deref(), Some("č😀/"));
    assert_eq!(event.tags, ["\u{fffd}", "é"]);
    assert_eq!(event.recipient.as_deref(), Some("čáp@one.example"));
}

/// TRK-15: what is not about one mail is taken, and keeps its word.
#[test]
fn events_of_the_account_keep_their_word_and_data() {
    let at = "2025-08-05 22:27:14";
    for (name, data) in [
        (
            "sender_identity.verified",
            json!({"object": "sender_identity", "id": "0123456789abcdef", "email": "a@b.example"}),
        ),
        ("maintenance.start", json!({"domain_id": "d"})),
        ("maintenance.end", json!({"domain_id": "d"})),
        ("inbound_forward.failed", json!({"domain_id": "d", "inbound_id": "i", "inbound_message_id": "m"})),
        ("inbound_message.rejected", json!({"reason": "attachment_size_exceeded"})),
        ("email_list.verified", json!({"id": "l", "statistics": {"valid": 1}})),
        ("bulk_email.completed", json!({"id": "b", "state": "completed", "messages_id": ["m"]})),
        ("recipient.on_hold_added", json!({"email": "ann@one.example", "on_hold_until": at})),
        ("recipient.on_hold_removed", json!({"email": "ann@one.example"})),
        ("email_list.created", Value::Null),
        ("activity", json!([])),
        ("something.new", json!("x")),
    ] {
        let Event::Account(event) = event(json!({"type": name, "created_at": at, "data": data}).to_string()) else {
            panic!("{name}")
        };
        assert_eq!((event.name.as_str(), &event.data), (name, &data));
        assert_eq!(event.event_id.as_deref(), data["id"].as_str());
        assert_eq!(event.timestamp.unwrap().to_string(), "2025-08-05T22:27:14+00:00");
    }
    let odd = json!({"object": "email_single.verified", "data": {"id": "e", "result": "valid"}});
    let Event::Account(event) = event(odd.to_string()) else { panic!() };
    assert_eq!((event.name.as_str(), event.data["result"].as_str()), ("email_single.verified", Some("valid")));
}

/// TRK-15: nothing tells what it is.
#[test]
fn a_body_without_type_is_taken() {
    let Event::Account(unnamed) = event("{}") else { panic!() };
    assert_eq!((unnamed.name.as_str(), unnamed.data), ("", Value::Null));
    let Event::Tracking(event) = event(r#"{"data":{"type":"delivered","id":"a"}}"#) else { panic!() };
    assert_eq!(event.kind, EventKind::Delivered);
}

/// TRK-14
#[test]
fn a_signed_body_that_is_no_object_is_unreadable() {
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"{",
        b"{}}",
        b"[]",
        b"null",
        b"1e999",
        b"\"text\"",
        b"{\"a\":\"\xff\"}",
        b"\xef\xbb\xbf{}",
        b"{\"type\":NaN}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let error = receive_bytes(body).unwrap_err();
        assert!(matches!(error, Error::Unreadable(_)), "{error:?}");
        assert_eq!(error.status(), 400);
    }
}

#[test]
fn what_is_nested_deeply_costs_nothing() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let objects = "{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000);
    for nested in [deep, objects] {
        for place in ["data", "x"] {
            let text = format!(r#"{{"type":"activity.sent","{place}":{nested}}}"#);
            assert!(matches!(event(&text), Event::Tracking(event) if event.kind == EventKind::Sent));
            let text = format!(r#"{{"type":"maintenance.start","{place}":{nested}}}"#);
            assert!(matches!(event(&text), Event::Account(event) if event.data == Value::Null));
        }
    }
}

/// TRK-16
#[test]
fn an_inbound_mail_is_told_where_it_belongs() {
    let error = receive_bytes(br#"{"type":"inbound.message","data":{"raw":"From: a@b.example\r\n\r\n"}}"#).unwrap_err();
    assert_eq!(error.status(), 500);
    let text = error.to_string();
    assert!(text.contains("inbound route") && text.contains("mailersend/inbound"), "{text}");
}

#[test]
fn the_ping_is_answered_and_is_no_event() {
    let body = br#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-03-27T07:24:20.577080Z"}"#;
    assert!(receive_bytes(body).unwrap().is_empty(), "signed with the real secret");
    let webhook = Webhook::new("tracking-secret").unwrap();
    let mut headers = HeaderMap::new();
    let published = mailferry::mailersend::sign(body, "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G");
    headers.insert("Signature", published.parse().unwrap());
    assert!(webhook.receive(&headers, body).unwrap().is_empty());
    assert!(webhook.receive(&headers, br#"{"type":"activity.sent"}"#).is_err());
}

#[test]
fn a_kept_body_is_read_again() {
    let body = v2_seen("delivered", json!([])).to_string();
    let Event::Tracking(again) = reread("mailersend/tracking", body.clone().into()).unwrap() else { panic!() };
    assert_eq!(again, tracking(&v2_seen("delivered", json!([]))));
    assert_eq!(reread("mailersend/elsewhere", body.into()).unwrap_err(), Error::NotFound);
    assert!(reread("mailersend/tracking", r#"{"type":"webhook.test"}"#.into()).is_err());
}

#[cfg(feature = "inbound")]
mod inbound {
    use mailferry::mailersend::Inbound;

    use super::*;

    fn receive(body: &Value) -> Result<Vec<Event>, Error> {
        let inbound = Inbound::new("inbound-secret").unwrap();
        let body = body.to_string();
        let mut headers = HeaderMap::new();
        headers.insert("signature", inbound.sign(body.as_bytes()).parse().unwrap());
        inbound.receive(&headers, body.as_bytes())
    }

    #[test]
    fn a_mail_that_arrived_is_an_event() {
        let raw = "From: a@b.example\r\n\r\nHello\r\n";
        let body = json!({"type": "inbound.message", "data": {"id": "in", "created_at": AT, "raw": raw}});
        let events = receive(&body).unwrap();
        let [Event::Inbound(event)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((event.event_id.as_deref(), &event.message.raw()[..]), (Some("in"), raw.as_bytes()));
        assert_eq!(event.raw, body.to_string());
        assert!(matches!(reread("mailersend/inbound", event.raw.clone()), Ok(Event::Inbound(_))));
    }

    /// INB-09
    #[test]
    fn a_tracking_webhook_is_told_where_it_belongs() {
        for (body, word) in [
            (json!({"type": "activity.sent", "data": {}}), "activity.sent"),
            (json!({"type": "x".repeat(10_000)}), "xxx"),
            (json!({"data": {}}), "without type"),
        ] {
            let error = receive(&body).unwrap_err();
            assert_eq!(error.status(), 500);
            let text = error.to_string();
            assert!(text.contains(word) && text.contains("mailersend/tracking") && text.len() < 400, "{text}");
        }
        assert_eq!(receive(&json!([])).unwrap_err().status(), 400);
        assert!(receive(&json!({"type": "webhook.test"})).unwrap().is_empty());
    }
}
