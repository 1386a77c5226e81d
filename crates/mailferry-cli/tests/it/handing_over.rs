//! `mailferry webhook listen` hands events to a URL and to a program.

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::Value;

use crate::capture::{Answer, Capture};
use crate::listener::{Listener, happened, session, until};
use crate::session::Session;

/// The counts of one handler.
fn counts(session: &Session, handler: &str) -> Value {
    let stats = session.run(["inbox", "stats", "--json"]).object();
    let handlers = stats["handlers"].as_array().unwrap();
    handlers.iter().find(|counted| counted["handler"] == handler).unwrap_or(&Value::Null).clone()
}

/// Waits until a handler has so many events in a state.
fn wait_for(session: &Session, handler: &str, state: &str, number: u64) {
    let counted = || counts(session, handler);
    until(state, || (counted()[state] == number).then_some(()), || counted().to_string());
}

/// A program that the tests bring along.
fn script(session: &Session, text: &str) -> PathBuf {
    let path = session.path("handle");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// The program's process, once it has written it down.
fn pid(session: &Session) -> Option<String> {
    let pid = std::fs::read_to_string(session.path("pid")).ok()?;
    pid.ends_with('\n').then(|| pid.trim().to_owned())
}

/// Sends a signal. Whether the process was there.
fn signal(signal: &str, pid: &str) -> bool {
    std::process::Command::new("kill").args([signal, pid]).output().unwrap().status.success()
}

#[test]
fn a_url_is_sent_the_contracts_object() {
    let server = Capture::answering([Answer::Http(204, &[], "")]);
    let session = session();
    let listener = Listener::start(&session, &["--json", "--forward", &format!("{}?key=hush", server.url)]);
    listener.wait_for("?(hidden)");
    for body in [happened("opened", "1"), happened("clicked", "1")] {
        assert_eq!(listener.client().track(&body), 200);
    }
    wait_for(&session, "forward", "done", 2);
    let received = server.received();
    for (request, word) in received.iter().zip(["opened", "clicked"]) {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/?key=hush"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.json()["event_type"], word, "{}", session.run(["inbox", "list", "--json"]));
        assert_eq!(request.json(), listener.object());
    }
    let keys: Vec<_> = received.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    assert!(keys.len() == 2 && keys[0] != keys[1] && keys[0].len() == 64, "{keys:?}");
}

#[test]
fn a_url_that_does_not_answer_yet_gets_the_event_later() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let session = session();
    let listener = Listener::start(&session, &["--forward", &format!("http://{address}/?key=hush")]);
    assert_eq!(listener.client().track(&happened("sent", "1")), 200);
    // Showing it does not wait for it.
    assert!(listener.line().starts_with("TIME") && listener.line().contains("sent"));
    listener.wait_for("a handler failed handler=\"forward\" entry=1 attempt=1");
    wait_for(&session, "forward", "pending", 1);
    wait_for(&session, "print", "done", 1);
    let shown = session.run(["inbox", "show", "--json", "1"]).object();
    let attempt = &shown["inbox"]["attempts"][0];
    assert_eq!(attempt["handler"], "forward");
    assert!(attempt["error"].as_str().unwrap().to_lowercase().contains("refused"), "{attempt}");
    let server = Capture::at(address, [Answer::Http(200, &[], "")]);
    wait_for(&session, "forward", "done", 1);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn what_is_refused_too_often_is_given_up_until_it_is_replayed() {
    let server = Capture::answering([
        Answer::Http(500, &[], ""),
        Answer::Http(302, &[("location", "http://127.0.0.1:1/")], ""),
        Answer::Http(200, &[], ""),
    ]);
    let session = session();
    let listener = Listener::start(&session, &["--json", "--attempts", "1", "--forward", &server.url]);
    for id in ["1", "2"] {
        listener.client().track(&happened("sent", id));
    }
    wait_for(&session, "forward", "dead", 2);
    let errors: Vec<_> = ["1", "2"]
        .iter()
        .map(|id| session.run(["inbox", "show", "--json", id]).object()["inbox"]["attempts"][0]["error"].clone())
        .collect();
    assert_eq!(errors, ["answered with 500 Internal Server Error", "answered with 302 Found"]);
    session.run(["inbox", "replay", "--dead"]).check(0, "to be handed over again: 2\n", "");
    wait_for(&session, "forward", "done", 2);
    wait_for(&session, "print", "done", 2);
    let keys: Vec<_> =
        server.received().iter().map(|request| request.header("idempotency-key").unwrap().to_owned()).collect();
    assert_eq!((&keys[0], &keys[1]), (&keys[2], &keys[3]), "an event keeps its key");
}

#[cfg(unix)]
#[test]
fn a_program_reads_the_event() {
    let session = session();
    let program = script(&session, "cat >> seen.jsonl; echo told; echo \"$1\" >> args");
    let listener = Listener::start(&session, &["--json", "--", program.to_str().unwrap(), "a 'b' $c"]);
    for id in ["1", "2"] {
        listener.client().track(&happened("sent", id));
    }
    wait_for(&session, "program", "done", 2);
    let expected: String = (0..2).flat_map(|_| [listener.line(), "\n".to_owned()]).collect();
    assert_eq!(std::fs::read_to_string(session.path("seen.jsonl")).unwrap(), expected);
    assert_eq!(std::fs::read_to_string(session.path("args")).unwrap(), "a 'b' $c\na 'b' $c\n");
    // What it says is not mixed with the events.
    listener.wait_for("told");
    assert_eq!(listener.stop().1, Vec::<String>::new());
}

#[test]
fn a_handler_that_runs_is_not_forgotten() {
    let session = session();
    let listener = Listener::start(&session, &["--json"]);
    let refused = session.run(["inbox", "forget", "print"]);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(refused.stderr.contains("a worker runs this inbox already"), "{refused}");
    listener.client().track(&happened("sent", "1"));
    assert_eq!(listener.object()["event_type"], "sent");
    listener.stop();
    assert_eq!(session.run(["inbox", "forget", "print"]).code, 0);
}

#[cfg(unix)]
#[test]
fn a_program_that_fails_is_run_again() {
    let session = session();
    // It does not read, and fails the first time.
    let program = script(&session, "if mkdir once 2>/dev/null; then exit 3; fi");
    let listener = Listener::start(&session, &["--", program.to_str().unwrap()]);
    listener.client().track(&happened("sent", "1"));
    listener.wait_for("ended with exit status: 3");
    // It is said before it is written down.
    wait_for(&session, "program", "pending", 1);
    let shown = session.run(["inbox", "show", "1"]);
    assert!(shown.stdout.contains("pending, again at"), "{shown}");
    assert!(shown.stdout.contains("program 1") && shown.stdout.contains("exit status: 3"), "{shown}");
    let listed = session.run(["inbox", "list"]);
    assert!(listed.stdout.contains("program pending (1 failed)"), "{listed}");
    wait_for(&session, "program", "done", 1);
}

#[cfg(unix)]
#[test]
fn a_program_that_takes_too_long_is_killed() {
    let session = session();
    let program = script(&session, "echo $$ > pid; exec sleep 1000");
    let args = ["--timeout", "1", "--attempts", "1", "--", program.to_str().unwrap()];
    let listener = Listener::start(&session, &args);
    listener.client().track(&happened("sent", "1"));
    wait_for(&session, "program", "dead", 1);
    let pid = pid(&session).unwrap();
    until("its end", || (!signal("-0", &pid)).then_some(()), || pid.clone());
    let shown = session.run(["inbox", "show", "--json", "1"]).object();
    assert!(shown["inbox"]["attempts"][0]["error"].as_str().unwrap().contains("longer than"), "{shown}");
}

#[test]
fn a_url_that_never_answers_is_given_up() {
    let server = Capture::answering([Answer::Silence]);
    let session = session();
    let listener = Listener::start(&session, &["--timeout", "1", "--attempts", "1", "--forward", &server.url]);
    listener.client().track(&happened("sent", "1"));
    wait_for(&session, "forward", "dead", 1);
    let listed = session.run(["inbox", "list", "--state", "dead"]);
    assert!(listed.stdout.contains("forward dead (1 failed)"), "{listed}");
    let stats = session.run(["inbox", "stats"]);
    assert!(stats.stderr.contains("inbox replay --dead"), "{stats}");
}

#[cfg(unix)]
#[test]
fn several_are_handed_over_at_once_when_asked() {
    let session = session();
    // Each waits for the others.
    let program = script(&session, "touch begun.$$; until test $(ls begun.* | wc -l) -ge 3; do sleep 0.05; done");
    let listener = Listener::start(&session, &["--parallel", "3", "--", program.to_str().unwrap()]);
    for id in ["1", "2", "3"] {
        listener.client().track(&happened("sent", id));
    }
    wait_for(&session, "program", "done", 3);
}

#[cfg(unix)]
#[test]
fn a_program_may_finish_at_the_end() {
    let session = session();
    let program = script(&session, "touch begun; until test -e go; do sleep 0.05; done; touch finished");
    let listener = Listener::start(&session, &["--", program.to_str().unwrap()]);
    listener.client().track(&happened("sent", "1"));
    until("the program", || session.path("begun").exists().then_some(()), || listener.said());
    listener.signal("-INT");
    listener.wait_for("stopping");
    std::fs::write(session.path("go"), "").unwrap();
    assert_eq!(listener.ended().0, 0);
    assert!(session.path("finished").exists());
    assert_eq!(counts(&session, "program")["done"], 1);
}

#[cfg(unix)]
#[test]
fn a_second_signal_does_not_wait() {
    let session = session();
    let program = script(&session, "echo $$ > pid; exec sleep 1000");
    let listener = Listener::start(&session, &["--", program.to_str().unwrap()]);
    listener.client().track(&happened("sent", "1"));
    until("the program", || pid(&session), || listener.said());
    listener.signal("-INT");
    listener.wait_for("stopping");
    listener.signal("-INT");
    let (code, _, said) = listener.ended();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("done at the next start"), "{said}");
    let pid = pid(&session).unwrap();
    until("its end", || (!signal("-0", &pid)).then_some(()), || pid.clone());
}

#[cfg(unix)]
#[test]
fn what_was_not_handed_over_is_at_the_next_start() {
    let session = session();
    let program = script(&session, "test -e ready || { echo $$ > pid; exec sleep 1000; }; cat >> seen.jsonl");
    let args = ["--json", "--", program.to_str().unwrap()];
    let first = Listener::start(&session, &args);
    for id in ["1", "2", "3"] {
        assert_eq!(first.client().track(&happened("sent", id)), 200);
    }
    until("the program", || pid(&session), || first.said());
    first.kill();
    // A power failure would have ended that, too.
    signal("-KILL", &pid(&session).unwrap());
    std::fs::write(session.path("ready"), "").unwrap();
    let second = Listener::start(&session, &args);
    wait_for(&session, "program", "done", 3);
    drop(second);
    let seen = std::fs::read_to_string(session.path("seen.jsonl")).unwrap();
    let mut ids: Vec<_> = seen
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    assert_eq!(ids, ["1", "2", "3"]);
}

#[test]
fn a_new_receiver_gets_what_is_there_unless_told_otherwise() {
    let session = session();
    let first = Listener::start(&session, &["--json"]);
    first.client().track(&happened("sent", "1"));
    assert_eq!(first.object()["event_id"], "1");
    assert_eq!(first.stop().0, 0);
    for (from_now, expected) in [(true, vec!["2"]), (false, vec!["1", "2", "3"])] {
        let server = Capture::answering([Answer::Http(200, &[], "")]);
        let flags = if from_now { &["--from-now"][..] } else { &[] };
        let args = [&["--json", "--forward", &server.url], flags].concat();
        let listener = Listener::start(&session, &args);
        let last = expected.last().unwrap();
        listener.client().track(&happened("sent", last));
        wait_for(&session, "forward", "done", expected.len() as u64);
        let mut ids: Vec<_> =
            server.received().iter().map(|request| request.json()["event_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        assert_eq!(ids, expected);
        assert_eq!(listener.stop().0, 0);
        let forgotten = session.run(["inbox", "forget", "forward"]);
        forgotten.check(0, "forgotten: forward\n", "");
    }
}
