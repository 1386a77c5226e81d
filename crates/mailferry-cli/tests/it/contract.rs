//! The JSON that scripts rely on, to the letter.

use crate::capture::{Answer, Capture};
use crate::session::{GOOD, Session};

const JSON: (&str, &str) = ("content-type", "application/json");

fn send(answer: Answer, message: &str, code: i32) -> String {
    let server = Capture::answering([answer]);
    let session = Session::sending_to(&server.url).file("message.json", message);
    let done = session.run(["send", "--json", "message.json"]);
    assert_eq!((done.code, done.stderr.as_str()), (code, ""), "{done}");
    done.stdout
}

#[test]
fn accepted() {
    let answer = Answer::Http(
        202,
        &[("x-message-id", "6717"), ("x-ratelimit-limit", "120"), ("x-ratelimit-remaining", "119")],
        "",
    );
    let expected = r#"{"status":["queued"],"message_id":"6717","recipients":{"zoe@example.com":{"status":"queued","message_id":"6717"},"ann@example.com":{"status":"queued","message_id":"6717"}},"dropped":[],"rate":{"limit":120,"remaining":119},"response":{"status":202,"headers":{"connection":"close","content-length":"0","x-message-id":"6717","x-ratelimit-limit":"120","x-ratelimit-remaining":"119"},"body":""}}"#;
    assert_eq!(send(answer, GOOD, 0), format!("{expected}\n"));
}

#[test]
fn accepted_but_for_one() {
    let body = r#"{"message":"There are some warnings for your request.","warnings":[{"type":"SOME_SUPPRESSED","warning":"Some of the recipients have been suppressed.","recipients":[{"email":"ZOE@example.com","name":null,"reasons":["hard_bounced"]}]}]}"#;
    let answer = Answer::Http(202, &[JSON, ("x-message-id", "6717"), ("x-send-paused", "true")], body);
    let expected = format!(
        r#"{{"status":["queued","rejected"],"message_id":"6717","recipients":{{"zoe@example.com":{{"status":"rejected","message_id":null}},"ann@example.com":{{"status":"queued","message_id":"6717"}}}},"dropped":[],"rate":{{}},"response":{{"status":202,"headers":{{"connection":"close","content-length":"{}","content-type":"application/json","x-message-id":"6717","x-send-paused":"true"}},"body":{body}}},"paused":true}}"#,
        body.len()
    );
    // The body is JSON, not text, and its keys may come in another order.
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let line = send(answer, GOOD, 0);
    assert_eq!(parse(&line), parse(&expected));
    assert!(line.starts_with(r#"{"status":["queued","rejected"],"message_id":"6717","recipients":{"zoe@"#), "{line}");
}

#[test]
fn in_bulk() {
    let message = r#"{"from": "shop@example.com", "to": ["zoe@example.com", "ann@example.com"], "cc": ["mia@example.com"],
        "subject": "Hi", "text": "Hello", "merge_data": {}, "esp_extra": {"batch-send-mode": "use-bulk-email"}}"#;
    let answer = Answer::Http(202, &[JSON], r#"{"bulk_email_id":"b1"}"#);
    let expected = r#"{"status":["unknown"],"message_id":"bulk:b1","recipients":{"zoe@example.com":{"status":"unknown","message_id":"bulk:b1"},"ann@example.com":{"status":"unknown","message_id":"bulk:b1"},"mia@example.com":{"status":"unknown","message_id":"bulk:b1"}},"dropped":[],"rate":{},"response":{"status":202,"headers":{"connection":"close","content-length":"22","content-type":"application/json"},"body":{"bulk_email_id":"b1"}},"bulk":[{"id":"b1","recipients":["zoe@example.com","ann@example.com"]}]}"#;
    assert_eq!(send(answer, message, 0), format!("{expected}\n"));
}

#[test]
fn refused_for_every_recipient() {
    let body = r#"{"warnings":[{"type":"ALL_SUPPRESSED","recipients":[{"email":"zoe@example.com"},{"email":"ann@example.com"}]}]}"#;
    let line = send(Answer::Http(202, &[JSON, ("x-message-id", "6717")], body), GOOD, 4);
    let expected = r#"{"error":{"kind":"refused","message":"all message recipients were rejected or invalid","retry":"never","http_status":202,"remedy":"take the addresses off the service's suppression lists, or leave them out"},"input":"message.json","status":["rejected"],"message_id":null,"recipients":{"zoe@example.com":{"status":"rejected","message_id":null},"ann@example.com":{"status":"rejected","message_id":null}},"#;
    assert!(line.starts_with(expected), "{line}");
}

#[test]
fn refused_by_the_service() {
    let body = r#"{"message":"The to.0.email must be a valid email address. #MS42209","errors":{"to.0.email":["The to.0.email must be a valid email address. #MS42209"]}}"#;
    let line = send(Answer::Http(422, &[JSON], body), GOOD, 4);
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    let error = &object["error"];
    assert_eq!(error["kind"], "rejected");
    assert_eq!(error["retry"], "never");
    assert_eq!(error["http_status"], 422);
    assert_eq!(error["code"], "MS42209");
    assert_eq!(error["fields"]["to.0.email"][0], "The to.0.email must be a valid email address. #MS42209");
    assert!(error["remedy"].is_string(), "{error}");
    assert!(error.get("features").is_none(), "what is not known is left out: {error}");
}

#[test]
fn to_be_tried_again() {
    let line = send(Answer::Http(429, &[JSON, ("retry-after", "12")], r#"{"message":"Too Many Attempts."}"#), GOOD, 5);
    assert!(line.starts_with(r#"{"error":{"kind":"rate_limited","message":"#), "{line}");
    assert!(line.contains(r#""retry":"safe","retry_after":12,"http_status":429,"#), "{line}");
}

#[test]
fn unsupported() {
    let message = r#"{"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi", "text": "Hello",
        "metadata": {"order": "1"}, "envelope_sender": "bounces@example.com"}"#;
    let line = send(Answer::ACCEPTED, message, 3);
    assert!(line.contains(r#""features":["envelope_sender","metadata"]}"#), "{line}");
}

#[test]
fn what_was_left_out_is_listed() {
    let server = Capture::accepting();
    let message = r#"{"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi", "text": "Hello",
        "metadata": {"order": "1"}, "headers": {"X-Campaign": "may"}}"#;
    let session = Session::sending_to(&server.url).file("message.json", message);
    let done = session.run(["send", "--json", "--ignore-unsupported-features", "message.json"]);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(done.object()["dropped"].to_string(), r#"["extra header `X-Campaign`","metadata"]"#);
    assert_eq!(server.received()[0].json().get("headers"), None);
}

#[test]
fn invalid_fields_are_told_by_path() {
    let message = r#"{"from": "shop@example.com", "to": ["nobody", "ann@example.com"], "subjekt": "Hi"}"#;
    let line = send(Answer::ACCEPTED, message, 3);
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(object["error"]["kind"], "invalid_address");
    let paths: Vec<_> = object["error"]["fields"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["subjekt", "to[0]"]);
}

fn parse(body: &str, endpoint: &str) -> String {
    let settings = [("MAILERSEND_SIGNING_SECRET", "tracking-secret"), ("MAILERSEND_INBOUND_SECRET", "inbound-secret")];
    let session = settings.iter().fold(Session::bare(), |session, (name, value)| session.env(name, value));
    let signature = mailferry::mailersend::sign(body.as_bytes(), &format!("{endpoint}-secret"));
    let args = ["webhook", "parse", "--json", "--endpoint", endpoint, "--signature", &signature];
    let done = session.pipe(body.as_bytes(), args);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    done.stdout
}

#[test]
fn a_tracking_event() {
    let body = r#"{"type":"activity.hard_bounced","created_at":"2026-10-03T22:33:06.000000Z","data":{"id":"6ac182b3","message_id":"6ac1829c","recipient":"ann@example.com"}}"#;
    let expected = format!(
        r#"{{"bounce":{{"code":null,"type":"hard"}},"click_url":null,"country":null,"description":null,"email_id":null,"esp_event":{},"event_id":"6ac182b3","event_type":"bounced","ip":null,"message_id":"6ac1829c","metadata":{{}},"mta_response":null,"recipient":"ann@example.com","reject_reason":"bounced","service_kind":"hard_bounced","tags":[],"timestamp":"2026-10-03T22:33:06+00:00","user_agent":null}}"#,
        r#"{"created_at":"2026-10-03T22:33:06.000000Z","data":{"id":"6ac182b3","message_id":"6ac1829c","recipient":"ann@example.com"},"type":"activity.hard_bounced"}"#
    );
    assert_eq!(parse(body, "tracking"), format!("{expected}\n"));
}

#[test]
fn an_account_event() {
    let body = r#"{"type":"maintenance.start","created_at":"2026-10-03T22:33:06.000000Z","data":{"note":"soon"}}"#;
    let expected = r#"{"data":{"note":"soon"},"event_id":null,"event_type":"account","name":"maintenance.start","timestamp":"2026-10-03T22:33:06+00:00"}"#;
    assert_eq!(parse(body, "tracking"), format!("{expected}\n"));
}

#[test]
fn an_inbound_event() {
    let body = r#"{"type":"inbound.message","data":{"id":"in-1","created_at":"2026-10-03T22:33:06Z","raw":"From: Bob <bob@b.example>\r\nSubject: Hi\r\n\r\nHello","sender":{"email":"bob@b.example"},"recipients":{"rcptTo":[{"email":"shop@a.example"}]}}}"#;
    let expected = r#"{"event_id":"in-1","event_type":"inbound","message":{"attachments":[],"bcc":[],"cc":[],"date":null,"dkim":null,"envelope_recipients":["shop@a.example"],"envelope_sender":"bob@b.example","from":{"email":"bob@b.example","name":"Bob"},"headers":[["From","Bob <bob@b.example>"],["Subject","Hi"]],"html":null,"problems":[],"reply_to":[],"spf":null,"subject":"Hi","text":"Hello","to":[]},"timestamp":"2026-10-03T22:33:06+00:00"}"#;
    assert_eq!(parse(body, "inbound"), format!("{expected}\n"));
}
