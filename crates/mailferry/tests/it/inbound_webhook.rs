//! What MailerSend posts when a mail arrives, and the mail that is made of it.

use http::HeaderMap;
use mailferry::Event;
use mailferry::event::InboundEvent;
use mailferry::mailersend::Inbound;
use mailferry::webhook::{Error, Receiver};
use serde_json::{Value, json};

const RAW: &str = "X-Envelope-From: <bounces@y.example>\r\n\
    From: =?utf-8?q?J=C3=B6rg?= <s@y.example>\r\n\
    To: Inbox <to@x.example>\r\n\
    Subject: =?utf-8?q?Dobr=C3=BD_den?=\r\n\
    \r\n\
    Hello.\r\n";

fn receive_bytes(body: &[u8]) -> Result<Vec<Event>, Error> {
    let inbound = Inbound::new("inbound-secret").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("signature", inbound.sign(body).parse().unwrap());
    inbound.receive(&headers, body)
}

fn receive(body: &Value) -> Result<InboundEvent, Error> {
    let event = receive_bytes(body.to_string().as_bytes())?.into_iter().next();
    let Some(Event::Inbound(event)) = event else { panic!("{event:?}") };
    Ok(*event)
}

fn body() -> Value {
    json!({
        "type": "inbound.message",
        "inbound_id": "0000000000000000",
        "created_at": "2023-03-04T02:22:16.417935Z",
        "data": {
            "object": "message",
            "id": "6402ab94e3cf1e1e7a5c2bd5",
            "recipients": {
                "rcptTo": [{"email": "envelope@x.example"}, {"email": "second@x.example"}],
                "to": {"raw": "Inbox <to@x.example>", "data": [{"email": "to@x.example", "name": "Inbox"}]},
            },
            "from": {"email": "s@y.example", "name": "Jörg", "raw": "Jörg <s@y.example>"},
            "sender": {"email": "bounces@y.example"},
            "subject": "Dobrý den",
            "headers": {"Received": ["…", "…"]},
            "text": "Hello.\r\n",
            "html": "",
            "raw": RAW,
            "attachments": [{"file_name": "a.png", "content": "aGVsbG8=", "size": 5}],
            "spf_check": {"code": "+", "value": null},
            "dkim_check": false,
            "created_at": "2023-03-04T02:22:15.525000Z",
        },
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut body = body();
    *body.pointer_mut(path).unwrap() = value;
    body
}

/// INB-01 INB-02 INB-03 INB-04 INB-05 INB-11 WHK-22
#[test]
fn a_posted_mail_is_an_event_with_everything_in_it() {
    let event = receive(&body()).unwrap();
    assert_eq!(event.event_id.as_deref(), Some("6402ab94e3cf1e1e7a5c2bd5"));
    assert_eq!(event.timestamp.unwrap().to_string(), "2023-03-04T02:22:15.525000+00:00");
    assert_eq!(serde_json::from_slice::<Value>(&event.raw).unwrap(), body());
    let message = &event.message;
    assert_eq!(message.envelope_sender.as_deref(), Some("bounces@y.example"));
    assert_eq!(message.envelope_recipients, ["envelope@x.example", "second@x.example"]);
    assert_eq!((message.spf.as_deref(), message.dkim), (Some("+"), Some(false)));
    assert_eq!(message.from().unwrap().to_string(), "Jörg <s@y.example>");
    assert_eq!((message.subject().as_deref(), message.text().as_deref()), (Some("Dobrý den"), Some("Hello.\r\n")));
    assert_eq!(message.header("x-envelope-from").as_deref(), Some("<bounces@y.example>"));
    assert_eq!((message.stripped_text.as_deref(), message.stripped_html.as_deref()), (None, None));
    assert_eq!((message.spam_detected, message.spam_score), (None, None));

    let json = Event::Inbound(Box::new(event)).to_json();
    assert_eq!(json["event_type"], "inbound");
    assert_eq!(json["message"]["envelope_recipients"], json!(["envelope@x.example", "second@x.example"]));
    assert_eq!(json["message"]["from"], json!({"email": "s@y.example", "name": "Jörg"}));
}

/// INB-03 INB-04 INB-08
#[test]
fn who_sent_it_may_be_nobody_in_any_way() {
    let sender = |value| receive(&with("/data/sender", value)).unwrap().message.envelope_sender;
    assert_eq!(sender(json!({"email": ""})).as_deref(), Some(""));
    for nobody in [json!(null), json!({}), json!({"email": null}), json!({"email": 1}), json!([]), json!("x")] {
        assert_eq!(sender(nobody), None);
    }
    let recipients = |value| receive(&with("/data/recipients", value)).unwrap().message.envelope_recipients;
    for nobody in [json!(null), json!({}), json!({"rcptTo": null}), json!({"rcptTo": {}}), json!([]), json!(7)] {
        assert_eq!(recipients(nobody), Vec::<String>::new());
    }
    let some = json!({"rcptTo": [{}, {"email": "a@x.example"}, null, {"email": null}, {"email": "b@x.example"}]});
    assert_eq!(recipients(some), ["a@x.example", "b@x.example"]);
    let check = |value| receive(&with("/data/spf_check", value)).unwrap().message.spf;
    assert_eq!((check(json!("pass")), check(json!(null)), check(json!({}))), (Some("pass".to_owned()), None, None));
}

/// INB-02 INB-05
#[test]
fn ids_and_times_may_be_missing_or_wrong() {
    assert_eq!(receive(&with("/data/id", json!(null))).unwrap().event_id, None);
    for time in [json!(null), json!("2023-02-30T00:00:00Z"), json!("soon"), json!(12), json!({})] {
        assert_eq!(receive(&with("/data/created_at", time)).unwrap().timestamp, None);
    }
}

/// INB-06 INB-07
#[test]
fn a_body_without_a_mail_is_refused_for_good() {
    for raw in [json!(null), json!(""), json!(1), json!(["x"]), json!({})] {
        let error = receive(&with("/data/raw", raw)).unwrap_err();
        assert!(matches!(error, Error::Unreadable(_)) && error.status() == 400, "{error}");
    }
    for data in [json!(null), json!([]), json!("x")] {
        assert_eq!(receive(&with("/data", data)).unwrap_err().status(), 400);
    }
    assert_eq!(receive(&json!({"type": "inbound.message"})).unwrap_err().status(), 400);
    for body in [&b""[..], b"{", b"\xff{}", b"null", b"[]"] {
        assert_eq!(receive_bytes(body).unwrap_err().status(), 400, "{body:?}");
    }
}

/// INB-10
#[test]
fn text_that_came_as_json_is_utf8_whatever_it_says() {
    let text = |fields: &str, text: &str| {
        let raw = format!("From: a@x.example\r\n{fields}\r\n\r\n{text}");
        receive(&with("/data/raw", json!(raw))).unwrap().message.text().unwrap()
    };
    let latin1 = "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: ";
    assert_eq!(text(&format!("{latin1}8bit"), "café"), "café");
    assert_eq!(text(&format!("{latin1}quoted-printable"), "caf=E9"), "café");
    assert_eq!(text(&format!("{latin1}base64"), "Y2Fm6Q=="), "café");
    assert_eq!(text("Content-Type: text/plain; charset=iso-2022-jp", "\u{1b}$B%F\u{1b}(B"), "テ");
}

/// INB-12
#[test]
fn a_body_of_fifty_megabytes_is_read() {
    let content = "QUFB".repeat(4_000_000);
    let raw = format!("{RAW}{content}");
    let mut body = body();
    body["data"]["raw"] = raw.clone().into();
    body["data"]["attachments"] = json!([{"content": content}, {"content": content}]);
    let message = receive(&body).unwrap().message;
    assert_eq!(message.raw().len(), raw.len());
    assert_eq!(message.subject().as_deref(), Some("Dobrý den"));
}
