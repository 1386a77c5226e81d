//! `mailferry bulk`.

use std::time::Duration;

use mailferry_emulator::SuppressionList;
use serde_json::json;

use crate::session::{Service, Session};

const BATCH: &str = r#"{"from": "shop@example.com", "to": ["zoe@example.com", "gone@example.com", "ann@example.com"],
    "cc": ["copy@example.com"], "subject": "Hi", "text": "Hello", "merge_data": {}}"#;

/// Sends the batch, and keeps the result in a file.
fn sent(service: &Service) -> (Session, String) {
    service.emulator.suppress(SuppressionList::HardBounces, "gone@example.com");
    let session = service.session().env("MAILERSEND_BATCH_SEND_MODE", "use-bulk-email").file("batch.json", BATCH);
    let done = session.run(["send", "--json", "batch.json"]);
    assert_eq!(done.code, 0, "{done}");
    let id = done.object()["bulk"][0]["id"].as_str().unwrap().to_owned();
    std::fs::write(session.path("sent.jsonl"), done.stdout).unwrap();
    (session, id)
}

#[test]
fn outcomes_are_mapped_back_to_recipients() {
    let service = Service::start();
    let (session, id) = sent(&service);
    let done = session.run(["bulk", "wait", "--json", &id, "--sent", "sent.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let object = done.object();
    assert_eq!((object["bulk_id"].as_str(), object["state"].as_str()), (Some(id.as_str()), Some("completed")));
    let places: Vec<_> =
        ["zoe@", "gone@", "ann@", "copy@"].map(|name| done.stdout.find(&format!("\"{name}")).unwrap()).into();
    assert!(places.is_sorted(), "recipients are in the message's order: {done}");
    let recipients = &object["recipients"];
    assert_eq!(recipients["zoe@example.com"]["status"], "queued");
    assert_eq!(recipients["copy@example.com"]["status"], "unknown");
    let known: Vec<_> = service.emulator.emails().iter().map(|email| email.message_id().to_owned()).collect();
    let told = recipients["zoe@example.com"]["message_id"].as_str();
    assert!(told.is_none_or(|id| known.contains(&id.to_owned())), "{object}");
}

#[test]
fn without_the_results_the_ids_are_told() {
    let service = Service::start();
    let (session, id) = sent(&service);
    let done = session.run(["bulk", "status", &format!("bulk:{id}")]);
    assert_eq!(done.code, 0, "{done}");
    assert!(done.stdout.starts_with(&format!("bulk {id}: completed (")), "{done}");
    assert!(done.stderr.is_empty() || done.stderr.contains("--sent FILE"), "{done}");
}

#[test]
fn what_is_under_way_is_to_be_asked_for_later() {
    let service = Service::with(|builder| builder.bulk_delay(Duration::from_hours(1)));
    let (session, id) = sent(&service);
    let status = session.run(["bulk", "status", "--json", &id, "--sent", "sent.jsonl"]);
    assert_eq!((status.code, status.object()["state"].as_str()), (5, Some("queued")), "{status}");
    assert_eq!(status.object()["recipients"]["ann@example.com"]["status"], "unknown");
    let wait = session.run(["bulk", "wait", "--json", &id, "--timeout", "0"]);
    assert_eq!((wait.code, wait.object()["error"]["kind"].as_str()), (5, Some("timeout")), "{wait}");
    assert_eq!(wait.object()["error"]["retry"], "safe");
}

#[test]
fn refused_objects_are_told_by_recipient() {
    let server = crate::capture::Capture::answering([crate::capture::Answer::Http(
        200,
        &[("content-type", "application/json")],
        r#"{"data":{"id":"b1","state":"completed","total_recipients_count":2,"suppressed_recipients_count":0,
            "suppressed_recipients":null,"validation_errors_count":1,"messages_id":["m1"],
            "validation_errors":{"message.1":{"to.0.email":["The to.0.email must be a valid email address. #MS42208"]}}}}"#,
    )]);
    let line = r#"{"recipients":{"b@example.com":{"message_id":"bulk:b1"},"a@example.com":{"message_id":"bulk:b1"}},"bulk":[{"id":"b1","recipients":["b@example.com","a@example.com"]}]}"#;
    let session = Session::sending_to(&server.url).file("sent", format!("{{\"error\":{{}}}}\n\n{line}\n"));
    let done = session.run(["bulk", "status", "--json", "b1", "--sent", "sent"]);
    assert_eq!(done.code, 4, "{done}");
    let problems = json!({"to.0.email": ["The to.0.email must be a valid email address. #MS42208"]});
    let expected = json!({
        "bulk_id": "b1", "state": "completed", "total": 2, "suppressed": 0, "errors": 1, "message_ids": ["m1"],
        "recipients": {
            "b@example.com": {"status": "queued", "message_id": "m1"},
            "a@example.com": {"status": "failed", "message_id": null, "problems": problems},
        },
    });
    assert_eq!(done.object(), expected);
    let people = session.run(["bulk", "status", "b1", "--sent", "sent"]);
    assert!(
        people.stdout.contains("failed    -                              a@example.com\n          to.0.email: "),
        "{people}"
    );
    let without = session.run(["bulk", "status", "--json", "b1"]);
    assert_eq!(without.object()["problems"]["1"], problems);
}

#[test]
fn asking_in_vain_is_no_doubt_about_a_send() {
    use crate::capture::{Answer, Capture};
    for answer in [Answer::Nothing, Answer::Silence, Answer::Http(502, &[], "<html>"), Answer::Http(200, &[], "?")] {
        let server = Capture::answering([answer]);
        let session = Session::sending_to(&server.url).env("REQUESTS_TIMEOUT", "0.3");
        let done = session.run(["bulk", "status", "b1"]);
        assert_eq!((done.code, done.stdout.as_str()), (5, ""), "{done}");
        assert!(done.stderr.contains("help: ask again later: nothing was sent by asking"), "{done}");
    }
}

#[test]
fn mistakes_have_a_remedy() {
    let service = Service::start();
    let (session, id) = sent(&service);
    let session = session.file("no.jsonl", "{}\n").file("bad.jsonl", "{\"recipients\": 1}");
    for (args, code, words) in [
        (&["unknown0000000000000000"][..], 4, "check the id"),
        (&["../messages"], 3, "not one of MailerSend's ids"),
        (&[""], 3, "not one of MailerSend's ids"),
        (&[&id, "--sent", "missing.jsonl"], 2, "missing.jsonl cannot be read: No such file"),
        (&[&id, "--sent", "."], 2, "cannot be read"),
        (&[&id, "--sent", "no.jsonl"], 2, "does not tell of a bulk send"),
        (&[&id, "--sent", "bad.jsonl"], 2, "is no list of results: line 1"),
        (&[&id, "--sent", "batch.json"], 2, "is no list of results: line 1"),
    ] {
        let done = session.run(["bulk", "status"].iter().copied().chain(args.iter().copied()));
        assert_eq!((done.code, done.stdout.as_str()), (code, ""), "{args:?}: {done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("error: "), "{words}: {done}");
    }
}
