//! `mailferry check`.

use serde_json::{Value, json};

use crate::session::{GOOD, Session};

#[test]
fn a_good_message_is_ok_without_a_token() {
    let session = Session::bare().file("message.json", GOOD);
    session.run(["check", "message.json"]).check(0, "message.json: ok\n", "");
    let line = "{\"ok\":true,\"findings\":[],\"input\":\"message.json\"}\n";
    session.run(["check", "--json", "message.json"]).check(0, line, "");
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let message = r#"{
        "from": "shop@example.com", "to": ["ann@example.com", "bob@example.com"], "cc": ["x@example.com", "X@example.com"],
        "subject": "Hi", "text": "Hello", "send_at": "2020-01-01", "tags": ["a", "b", "c", "d", "e", "f"],
        "metadata": {"a": 1}, "envelope_sender": "b@example.com", "headers": {"X-A": "1"},
        "attachments": [{"path": "missing.pdf"}],
        "merge_data": {"ann@example.com": {"a.b": 1}, "nobody@example.com": {}}
    }"#;
    let session = Session::bare().file("message.json", message);
    let done = session.run(["check", "--json", "message.json"]);
    assert_eq!((done.code, done.stderr.as_str()), (3, ""), "{done}");
    let object = done.object();
    assert_eq!(object["ok"], false);
    let mut paths: Vec<_> =
        object["findings"].as_array().unwrap().iter().map(|found| found["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "attachments[0]",
            "cc[1]",
            "envelope_sender",
            "headers.X-A",
            "merge_data",
            "merge_data.ann@example.com.a.b",
            "merge_data.nobody@example.com",
            "metadata",
            "send_at",
            "tags",
        ]
    );
    assert!(
        object["findings"].as_array().unwrap().iter().all(|found| found["severity"] == "error" && found["text"] != "")
    );
}

#[test]
fn each_message_has_its_answer() {
    let lines = format!(
        "{GOOD}\n{{\"to\": [\"nobody\"]}}\n{}\n",
        GOOD.replace("\"Hello\"", "\"Hello\", \"template_id\": \"t1\"")
    );
    let session = Session::bare().file("many.jsonl", lines);
    let done = session.run(["check", "many.jsonl"]);
    let expected = "many.jsonl, line 1: ok\n\
        many.jsonl, line 2: would be refused\n\
        \u{20} error: `to[0]`: invalid email address 'nobody': there is no @ in it\n\
        many.jsonl, line 3: ok\n\
        \u{20} warning: `template_id`: makes MailerSend ignore text and html\n\
        \u{20}        leave them out\n";
    done.check(3, expected, "");
}

#[test]
fn settings_matter() {
    let message = r#"{"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi", "text": "Hello",
        "metadata": {"a": 1}, "headers": {"X-A": "1"}}"#;
    let session = Session::bare().file("message.json", message);
    let paths = |args: &[&str]| {
        let done = session.run(["check", "--json", "message.json"].iter().chain(args));
        let found: Vec<Value> = done.object()["findings"].as_array().unwrap().clone();
        let found = found.iter().map(|found| json!([found["path"], found["severity"]])).collect::<Vec<_>>();
        (done.code, Value::from(found))
    };
    assert_eq!(paths(&[]), (3, json!([["headers.X-A", "error"], ["metadata", "error"]])));
    assert_eq!(paths(&["--custom-headers"]), (3, json!([["metadata", "error"]])));
    let ignoring = paths(&["--ignore-unsupported-features"]);
    assert_eq!(ignoring, (0, json!([["headers.X-A", "warning"], ["metadata", "warning"]])));
}

#[test]
fn nobody_to_send_to_is_a_warning() {
    let session = Session::bare().file("message.json", r#"{"from": "shop@example.com"}"#);
    let done = session.run(["check", "message.json"]);
    assert!(done.code == 0 && done.stdout.contains("warning: `to`: the message has no recipients"), "{done}");
}

#[test]
fn an_attachment_that_cannot_be_read_hides_no_other() {
    let message = r#"{
        "from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi", "text": "Hello",
        "attachments": [{"path": "missing.pdf"}, {"path": "tool.exe"}, {"path": "."}, {"path": "empty.csv"}]
    }"#;
    let session = Session::bare().file("message.json", message).file("tool.exe", "MZ").file("empty.csv", "");
    let done = session.run(["check", "--json", "message.json"]);
    assert_eq!(done.code, 3, "{done}");
    let object = done.object();
    let found: Vec<_> =
        object["findings"].as_array().unwrap().iter().map(|found| found["path"].as_str().unwrap()).collect();
    for place in 0..4 {
        assert!(found.contains(&format!("attachments[{place}]").as_str()), "{place}: {done}");
    }
}
