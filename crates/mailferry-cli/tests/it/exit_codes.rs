//! Every exit code.

use crate::capture::{Answer, Capture};
use crate::session::{GOOD, Session, Transcript};

fn send_to(url: &str, args: &[&str]) -> Transcript {
    let session = Session::sending_to(url).file("message.json", GOOD);
    session.run(["send", "--json", "message.json"].iter().chain(args))
}

fn check(answer: Answer, code: i32, kind: &str, retry: &str) {
    let server = Capture::answering([answer]);
    let done = send_to(&server.url, &["--requests-timeout", "0.3"]);
    let error = &done.object()["error"];
    assert_eq!(
        (done.code, error["kind"].as_str(), error["retry"].as_str()),
        (code, Some(kind), Some(retry)),
        "{answer:?}"
    );
    assert_eq!(server.received().len(), 1, "a request is made once: {answer:?}");
}

#[test]
fn of_every_answer() {
    const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
    check(Answer::Http(401, JSON, r#"{"message":"Unauthenticated."}"#), 4, "unauthorized", "never");
    check(Answer::Http(403, JSON, "{}"), 4, "unauthorized", "never");
    check(Answer::Http(404, JSON, "{}"), 4, "rejected", "never");
    check(Answer::Http(302, &[("location", "https://elsewhere.example/")], ""), 4, "rejected", "never");
    check(Answer::Http(421, &[], ""), 5, "maintenance", "safe");
    check(Answer::Http(429, &[], ""), 5, "rate_limited", "safe");
    check(Answer::Http(429, JSON, r#"{"message":"Daily limit reached. #MS42901"}"#), 5, "quota", "safe");
    check(Answer::Http(408, &[], ""), 6, "timeout", "ambiguous");
    check(Answer::Http(500, &[], "<html>"), 6, "server", "ambiguous");
    check(Answer::Http(503, &[], ""), 6, "server", "ambiguous");
    check(Answer::Http(202, JSON, "{\"cut o"), 6, "unreadable", "ambiguous");
    check(Answer::Nothing, 6, "unreadable", "ambiguous");
    check(Answer::Silence, 6, "timeout", "ambiguous");
}

#[test]
fn of_a_closed_port() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    drop(listener);
    let done = send_to(&url, &[]);
    assert_eq!((done.code, done.object()["error"]["kind"].as_str()), (5, Some("connect")), "{done}");
    assert_eq!(done.object()["error"]["retry"], "safe");
}

#[test]
fn of_several_messages_the_highest() {
    let server = Capture::answering([
        Answer::ACCEPTED,
        Answer::Http(500, &[], ""),
        Answer::Http(429, &[], ""),
        Answer::Http(422, &[], ""),
    ]);
    let many = format!("{GOOD}\n{GOOD}\n{{}}\n{GOOD}\n{GOOD}\n").replace("{}", r#"{"to": "x"}"#);
    let session = Session::sending_to(&server.url).file("many.jsonl", many);
    let done = session.run(["send", "--json", "many.jsonl"]);
    let kinds: Vec<_> =
        done.objects().iter().map(|object| object["error"]["kind"].as_str().map(str::to_owned)).collect();
    let kinds: Vec<_> = kinds.iter().map(Option::as_deref).collect();
    assert_eq!(kinds, [None, Some("server"), Some("invalid_message"), Some("rate_limited"), Some("rejected")]);
    assert_eq!(done.code, 6, "{done}");
}

#[test]
fn of_wrong_usage() {
    let session = Session::bare().file("message.json", GOOD);
    for args in [
        &["send"][..],
        &["send", "--no-such-flag"],
        &["no-such-command"],
        &[],
        &["send", "message.json", "--to", "ann@example.com"],
        &["send", "--header", "no colon", "--to", "ann@example.com"],
        &["send", "--merge", "no-equals-sign", "--to", "ann@example.com"],
        &["send", "--metadata", "x", "--to", "ann@example.com"],
        &["send", "--esp-extra", "[]", "--to", "ann@example.com"],
        &["send", "--track-opens", "maybe"],
        &["bulk", "wait", "b1", "--timeout", "soon"],
        &["emulate", "--listen", "nowhere"],
        &["webhook"],
        &["webhook", "parse", "--endpoint", "elsewhere"],
        &["webhook", "sign", "--secret", "x"],
        &["webhook", "listen", "--attempts", "0"],
        &["webhook", "listen", "--timeout", "soon"],
        &["webhook", "listen", "--no-inbox", "--forward", "http://127.0.0.1:1/"],
        &["inbound", "parse"],
        &["inbox"],
        &["inbox", "show", "x"],
        &["inbox", "list", "--state", "lost"],
        &["completions", "cmd"],
    ] {
        let done = session.run(args);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}: {done}");
        assert!(!done.stderr.is_empty(), "{args:?}");
        let json = session.run(args.iter().chain(&["--json"]));
        assert_eq!((json.code, json.stderr.as_str()), (2, ""), "{args:?}: {json}");
        assert_eq!(json.object()["error"]["kind"], "config", "{args:?}");
    }
}

#[test]
fn of_a_success_that_is_none_of_mailersends() {
    for answer in [Answer::Http(200, &[("content-type", "text/html")], "<h1>Log in</h1>"), Answer::Http(202, &[], "")] {
        let server = Capture::answering([answer]);
        let session = Session::sending_to(&server.url).file("message.json", GOOD);
        for args in [&["send", "message.json"][..], &["send", "--json", "message.json"]] {
            let done = session.run(args);
            assert_eq!(done.code, 6, "{done}");
            assert!(done.stdout.contains("failed") && done.stderr.contains("no message id"), "{done}");
        }
    }
}
