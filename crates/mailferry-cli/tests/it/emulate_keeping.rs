//! `mailferry emulate` over its whole life: kept in a file, asked whether it is ready, ended.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::emulate::start;
use crate::session::{Session, finish};

/// What an emulator answers at a path.
fn ask(url: &str, method: &str, path: &str) -> (u16, Value) {
    let address = url.trim_start_matches("http://").trim_end_matches("/v1/");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap_or_default())
}

/// Asks until the answer is as wanted.
fn until(url: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let (_, answer) = ask(url, "GET", path);
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
#[test]
fn mails_are_kept_however_it_ends() {
    let session = Session::bare();
    let args =
        ["--data", "mails.db", "--webhook", "http://127.0.0.1:1/hook", "--inbound-route", "http://127.0.0.1:1/in"];
    let running = start(&session, &args);
    let ready = running.ready.clone();
    assert_eq!(ready["data"], "mails.db");
    assert_eq!(running.session().run(["send", "message.json"]).code, 0);
    let (_, before) = ask(ready["url"].as_str().unwrap(), "GET", "/_emulator/emails");
    assert!(!before.as_array().unwrap().is_empty());
    assert_eq!(running.end("-TERM"), 0);

    let running = start(&session, &args);
    let url = running.ready["url"].as_str().unwrap().to_owned();
    for same in ["token", "webhooks", "inbound_routes"] {
        assert_eq!(running.ready[same], ready[same], "{same}");
    }
    let count = before.as_array().unwrap().len();
    let ids = |emails: &Value| emails.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    let (_, after) = ask(&url, "GET", "/_emulator/emails");
    assert_eq!(ids(&after), ids(&before));
    assert_eq!(running.session().run(["send", "message.json"]).code, 0);
    // What was written is there even when it is killed; until then it may be lost.
    let file = session.path("mails.db-wal");
    let size = || std::fs::metadata(&file).map_or(0, |found| found.len());
    let deadline = Instant::now() + Duration::from_mins(1);
    let (mut last, mut same) = (size(), 0);
    while same < 20 {
        std::thread::sleep(Duration::from_millis(50));
        same = if size() == last && last > 0 { same + 1 } else { 0 };
        last = size();
        assert!(Instant::now() < deadline);
    }
    running.kill();
    let running = start(&session, &args);
    let (_, after) = ask(running.ready["url"].as_str().unwrap(), "GET", "/_emulator/emails");
    assert_eq!(after.as_array().unwrap().len(), count * 2);
    running.end("-TERM");
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_used_is_an_error_with_a_remedy() {
    let session = Session::bare().file("diary.txt", "Dear diary, ".repeat(100));
    let running = start(&session, &["--data", "mails.db"]);
    for (file, words) in [
        ("mails.db", "something else uses this file: the emulator of process "),
        ("diary.txt", "this is not a database of SQLite"),
        ("nowhere/mails.db", "its folder does not exist"),
        (".", "it is a folder"),
    ] {
        let done = session.run(["emulate", "--listen", "127.0.0.1:0", "--data", file]);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        let names = done.stderr.contains("--data") && done.stderr.contains(file);
        assert!(names && done.stderr.contains(words) && done.stderr.contains("help: "), "{done}");
    }
    running.end("-TERM");
}

/// A limit on the size of files is, for the program, a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_does_not_end_it() {
    let session = Session::bare();
    let mut command = Command::new("bash");
    let program = session.command(["emulate"]);
    // The signal of that limit is to be ignored, so that writing fails instead.
    let line = "trap '' XFSZ; ulimit -f 200; exec \"$0\" emulate --json --listen 127.0.0.1:0 --data mails.db";
    command.args(["-c", line]).arg(program.get_program()).current_dir(session.path("."));
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = ready["url"].as_str().unwrap();
    let sender = Session::sending_to(url).env("MAILERSEND_API_TOKEN", ready["token"].as_str().unwrap());
    let large = format!(
        r#"{{"from": "a@b.example", "to": ["c@d.example"], "subject": "x", "text": "{}"}}"#,
        "x".repeat(300_000)
    );
    let sender = sender.file("large.json", large);
    let send = || assert_eq!(sender.run(["send", "large.json"]).code, 0);
    send();
    let health = until(url, "/_emulator/health", |health| health["data"]["state"] == "failing");
    assert_eq!(health["data"]["trouble"], "there is no room on the disk");
    send();
    assert_eq!(ask(url, "GET", "/_emulator/emails").1.as_array().unwrap().len(), 2);
    assert_eq!(ask(url, "GET", "/_emulator/ready").0, 200);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let done = finish(child);
    let said = done.stderr.matches("there is no room on the disk").count();
    assert!(said == 1 && done.stderr.contains("the emulator goes on in memory"), "{done}");
    assert!(done.stderr.contains("make room on the disk"), "{done}");
}

#[cfg(unix)]
#[test]
fn whether_it_is_ready_can_be_asked_without_another_program() {
    let session = Session::bare();
    let running = start(&session, &[]);
    let url = running.ready["url"].as_str().unwrap().to_owned();
    session.run(["emulate", "--check", &url]).check(0, "ready\n", "");
    running.end("-TERM");
    let done = session.run(["emulate", "--check", &url]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done}");
    assert!(done.stderr.contains("is not ready: ") && done.stderr.contains("refused"), "{done}");
    assert_eq!(session.run(["emulate", "--check", "https://127.0.0.1:1"]).code, 2);
    assert_eq!(session.run(["emulate", "--check", &url, "--any-token"]).code, 2);
}

#[test]
fn what_is_emulated_is_printed() {
    let done = Session::bare().run(["emulate", "--print-openapi"]);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((done.code, document["openapi"].as_str()), (0, Some("3.1.0")));
    assert!(document["paths"]["/v1/email"]["post"].is_object());
}

#[cfg(unix)]
#[test]
fn the_token_can_come_from_where_nobody_sees_it() {
    let session = Session::bare().env("MAILFERRY_EMULATOR_TOKEN", "mlsn.from-the-environment");
    let running = start(&session, &[]);
    assert_eq!(running.ready["token"], "mlsn.from-the-environment");
    assert_eq!(running.session().run(["send", "message.json"]).code, 0);
    running.end("-TERM");
    // What is said counts.
    let running = start(&session, &["--token", "mlsn.said"]);
    assert_eq!(running.ready["token"], "mlsn.said");
    running.end("-TERM");
    let done = Session::bare().run(["emulate", "--scope", "email_full"]);
    assert!(done.code == 2 && done.stderr.contains("MAILFERRY_EMULATOR_TOKEN"), "{done}");
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_it_at_once() {
    let session = Session::bare();
    let running = start(&session, &["--fault", "slow=1h"]);
    let address =
        running.ready["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches("/v1/").to_owned();
    // Somebody waits for an answer.
    let mut waiting = TcpStream::connect(&address).unwrap();
    let token = running.ready["token"].as_str().unwrap();
    write!(waiting, "GET /v1/api-quota HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n").unwrap();
    until(running.ready["url"].as_str().unwrap(), "/_emulator/requests", |all| !all.as_array().unwrap().is_empty());
    running.signal("-TERM");
    let deadline = Instant::now() + Duration::from_mins(1);
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < deadline, "it listens on");
    }
    let done = running.ended_by("-TERM");
    assert!(done.code == 1 && done.stderr.contains("ended at once"), "{done}");
}

#[test]
fn how_much_is_remembered_can_be_said() {
    for args in [["--keep", "0"], ["--keep-bytes", "lots"], ["--keep-bytes", "0"]] {
        let done = Session::bare().run(["emulate", "--listen", "127.0.0.1:0"].iter().chain(&args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    }
}

#[cfg(unix)]
#[test]
fn the_oldest_are_forgotten() {
    let session = Session::bare();
    let running = start(&session, &["--keep", "1", "--keep-bytes", "1MiB"]);
    let sender = running.session();
    assert_eq!((sender.run(["send", "message.json"]).code, sender.run(["send", "message.json"]).code), (0, 0));
    let (_, health) = ask(running.ready["url"].as_str().unwrap(), "GET", "/_emulator/health");
    assert_eq!((&health["dropped_messages"], &health["data"]), (&1.into(), &Value::Null));
    running.end("-TERM");
}
