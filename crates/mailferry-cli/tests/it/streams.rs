//! A send that goes on for long.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::capture::Capture;
use crate::session::{GOOD, Session, finish};

#[test]
fn each_result_comes_before_the_next_message_is_there() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url);
    let mut child = session.command(["send", "--json", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut results = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        writeln!(input, "{GOOD}").unwrap();
        assert!(results.next().unwrap().unwrap().starts_with("{\"status\":[\"queued\"]"));
    }
    drop(input);
    assert!(results.next().is_none());
    assert_eq!(finish(child).code, 0);
}

#[cfg(unix)]
#[test]
fn an_interrupted_send_finishes_the_message_under_way() {
    let (server, go) = Capture::accepting_when_told();
    let session = Session::sending_to(&server.url).file("many.jsonl", format!("{GOOD}\n").repeat(5));
    let mut child = session.command(["send", "--json", "many.jsonl"]).spawn().unwrap();
    let mut complaints = BufReader::new(child.stderr.take().unwrap()).lines();
    server.arrived.recv().unwrap();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(complaints.next().unwrap().unwrap().contains("stopping when the message under way has its answer"));
    go.send(()).unwrap();
    let done = finish(child);
    assert_eq!((done.code, done.objects().len()), (1, 1), "{done}");
    assert_eq!(done.object()["status"][0], "queued");
    assert_eq!(server.received().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_what_waits_for_a_pipe() {
    let message =
        r#"{"from": "a@example.com", "to": ["b@example.com"], "subject": "Hi", "attachments": [{"path": "pipe"}]}"#;
    let session = Session::sending_to("http://127.0.0.1:1/v1/").file("message.json", message);
    assert!(Command::new("mkfifo").arg(session.path("pipe")).status().unwrap().success());
    let mut child = session.command(["send", "message.json"]).spawn().unwrap();
    // Before the command listens, the first signal ends it, too.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut complaints = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(complaints.next().unwrap().unwrap().contains("a second time ends at once"));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(finish(child).code, 6);
}
