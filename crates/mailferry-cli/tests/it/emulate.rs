//! `mailferry emulate`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};

use serde_json::Value;

use crate::session::{GOOD, Session, finish};

struct Running {
    child: Child,
    ready: Value,
}

fn start(session: &Session, args: &[&str]) -> Running {
    let args = ["emulate", "--json", "--listen", "127.0.0.1:0"].iter().chain(args);
    let mut child = session.command(args).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    Running { child, ready: serde_json::from_str(&line).unwrap() }
}

impl Running {
    fn session(&self) -> Session {
        Session::bare()
            .env("MAILERSEND_API_URL", self.ready["url"].as_str().unwrap())
            .env("MAILERSEND_API_TOKEN", self.ready["token"].as_str().unwrap())
            .file("message.json", GOOD)
    }

    fn end(self, signal: &str) -> i32 {
        let Self { child, ready: _ } = self;
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        finish(child).code
    }
}

#[cfg(unix)]
#[test]
fn it_answers_until_it_is_told_to_end() {
    for signal in ["-INT", "-TERM"] {
        let session = Session::bare();
        let running = start(&session, &["--suppress", "zoe@example.com"]);
        let done = running.session().run(["send", "--json", "message.json"]);
        assert_eq!(done.object()["recipients"]["zoe@example.com"]["status"], "rejected", "{done}");
        assert_eq!(done.object()["recipients"]["ann@example.com"]["status"], "queued");
        assert_eq!(running.end(signal), 0, "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn limits_and_tokens_are_as_told() {
    let session = Session::bare();
    let running = start(&session, &["--limits", "documented", "--quota", "1", "--token", "mlsn.fake"]);
    assert_eq!(running.ready["token"], "mlsn.fake");
    let sender = running.session();
    let first = sender.run(["send", "--json", "message.json"]);
    assert_eq!(first.object()["rate"]["limit"], 120, "{first}");
    let second = sender.run(["send", "--json", "message.json"]);
    assert_eq!((second.code, second.object()["error"]["kind"].as_str()), (5, Some("quota")), "{second}");
    running.end("-TERM");
}

#[cfg(unix)]
#[test]
fn a_used_port_is_an_error_with_a_remedy() {
    let session = Session::bare();
    let running = start(&session, &["--any-token"]);
    let port = running.ready["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches("/v1/").to_owned();
    let done = session.run(["emulate", "--listen", &port]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("Address already in use") && done.stderr.contains("--listen 127.0.0.1:0"), "{done}");
    running.end("-TERM");
}

#[test]
fn other_machines_are_let_in_only_when_said() {
    let session = Session::bare();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let done = session.run(["emulate", "--listen", address]);
        assert_eq!(done.code, 2, "{done}");
        assert!(done.stderr.contains("--allow-remote"), "{done}");
    }
    let done = session.run(["emulate", "--listen", "0.0.0.0:0", "--allow-remote", "--any-token"]);
    assert_eq!(done.code, 2, "{done}");
    assert!(done.stderr.contains("token"), "{done}");
}

#[test]
fn who_lets_others_in_is_told_what_that_means() {
    let session = Session::bare();
    let args = ["emulate", "--json", "--listen", "0.0.0.0:0", "--allow-remote"];
    let mut child = session.command(args).spawn().unwrap();
    let mut warning = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut warning).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(warning.starts_with("warning: other machines can send to 0.0.0.0:"), "{warning}");
}

#[test]
fn wrong_tokens_and_addresses_are_refused() {
    for (args, words) in [
        (["--token", ""], "token"),
        (["--token", "mlsn.a\nmlsn.b"], "line break"),
        (["--token", "mlsn. a"], "space"),
        (["--suppress", "nonsense"], "--suppress"),
    ] {
        let done = Session::bare().run(["emulate", "--listen", "127.0.0.1:0"].iter().chain(&args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("help: "), "{done}");
    }
}

#[test]
fn people_can_paste_what_it_says() {
    let session = Session::bare();
    let mut child = session.command(["emulate", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !said.contains("_emulator/emails") {
        assert_ne!(output.read_line(&mut said).unwrap(), 0, "{said}");
    }
    child.kill().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    assert!(said.contains("  export MAILERSEND_API_URL=http://127.0.0.1:"), "{said}");
    assert!(said.contains("  export MAILERSEND_API_TOKEN=mlsn."), "{said}");
    assert!(said.lines().filter(|line| !line.contains("TOKEN=")).all(|line| line.chars().count() <= 80), "{said}");
}
