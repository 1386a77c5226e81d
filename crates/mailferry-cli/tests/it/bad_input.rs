//! Nothing that is read makes the command panic, hang or send half of something.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use crate::capture::Capture;
use crate::session::{GOOD, Service, Session, finish};

/// An input that holds no message is one failure, with a reason and exit code 3, and nothing is sent.
fn check(name: &str, content: &[u8], words: &str) {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("input", content);
    let from_file = session.run(["send", "input"]);
    assert_eq!((from_file.code, from_file.stdout.as_str()), (3, ""), "{name}: {from_file}");
    assert!(from_file.stderr.contains(words), "{name}: {from_file}");
    assert!(from_file.stderr.starts_with("error: input"), "{name}: {from_file}");
    let from_stdin = session.pipe(content, ["send", "--json", "-"]);
    assert_eq!((from_stdin.code, from_stdin.stderr.as_str()), (3, ""), "{name}: {from_stdin}");
    for object in from_stdin.objects() {
        assert_eq!(object["error"]["retry"], "never", "{name}: {object}");
    }
    assert!(server.received().is_empty(), "{name}");
}

#[test]
fn of_every_kind() {
    let zeroes = vec![0; 70_000];
    let deep = "[".repeat(100_000);
    let deep_and_closed = format!("{{\"merge_data\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_over_lines = format!("{{\n{}\n", "\"a\": {\n".repeat(50_000));
    for (name, content, words) in [
        ("empty", &b""[..], "it is empty"),
        ("blank", b" \n\t\n\r\n", "it is empty"),
        ("a BOM alone", b"\xef\xbb\xbf", "it is empty"),
        ("cut off", &GOOD.as_bytes()[..50], "ends too early"),
        ("cut off in the middle of a letter", b"{\"subject\": \"\xc3", "ends too early"),
        ("cut off over several lines", b"{\n\"to\":\n", "ends too early"),
        ("deep", deep.as_bytes(), "ends too early"),
        ("deep and closed", deep_and_closed.as_bytes(), "nested more than 127 deep"),
        ("deep over lines", deep_over_lines.as_bytes(), "ends too early"),
        ("binary", b"\x7fELF\x02\x01\x01\0\0\0\n\0\0\xff\n", "not JSON"),
        ("zeroes", zeroes.as_slice(), "not JSON"),
        ("not UTF-8", b"{\"subject\": \"\xff\xff\"}", "not JSON"),
        ("UTF-16", b"\xff\xfe{\0}\0", "UTF-16"),
        ("a list", b"[{\"to\": []}]", "a message is a JSON object, and this is a list"),
        ("a number", b"42", "a message is a JSON object"),
        ("only closed", b"}\n}\n}\n", "not JSON"),
        ("text", b"Dear Ann,\nthank you.\n", "not JSON"),
    ] {
        check(name, content, words);
    }
}

#[test]
fn of_files_that_cannot_be_read() {
    let session = Session::sending_to("http://127.0.0.1:1/v1/");
    for (path, words) in [("missing.json", "No such file"), (".", "directory"), ("missing/", "cannot be read")] {
        for command in [&["send"][..], &["send", "--dry-run"], &["check"]] {
            let done = session.run(command.iter().chain(&[path]));
            assert_eq!(done.code, 3, "{done}");
            assert!(format!("{}{}", done.stdout, done.stderr).contains(words), "{done}");
        }
    }
}

#[test]
fn of_a_message_longer_than_can_be_held() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url);
    let mut child = session.command(["send", "--json", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let chunk = vec![b'x'; 1 << 20];
        input.write_all(b"{\"text\": \"").unwrap();
        for _ in 0..257 {
            input.write_all(&chunk).unwrap();
        }
        input.write_all(b"\"}\n").unwrap();
        input.write_all(GOOD.as_bytes()).unwrap();
    });
    let done = finish(child);
    writer.join().unwrap();
    let objects = done.objects();
    assert_eq!(objects.len(), 2, "{done}");
    assert!(objects[0]["error"]["message"].as_str().unwrap().contains("longer than 256 MiB"), "{done}");
    assert_eq!(objects[1]["status"][0], "queued");
}

#[test]
fn of_a_wrong_token() {
    let service = Service::start();
    let session = Session::bare()
        .env("MAILERSEND_API_URL", service.emulator.url())
        .env("MAILERSEND_API_TOKEN", "mlsn.wrong")
        .file("message.json", GOOD);
    let done = session.run(["send", "message.json"]);
    assert_eq!((done.code, done.stdout.as_str()), (4, ""), "{done}");
    assert!(done.stderr.contains("MAILERSEND_API_TOKEN") && !done.stderr.contains("mlsn.wrong"), "{done}");
}

#[test]
fn of_a_reader_that_goes_away() {
    let server = Capture::accepting();
    let lines = format!("{GOOD}\n").repeat(200);
    let session = Session::sending_to(&server.url).file("many.jsonl", lines);
    let mut child = session.command(["send", "--json", "many.jsonl"]).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let done = finish(child);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""), "not all was sent, and nothing needs to be said: {done}");
    assert!(server.received().len() < 200, "what cannot be reported is not sent");
}

#[cfg(target_os = "linux")]
#[test]
fn of_an_output_that_takes_nothing() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("many.jsonl", format!("{GOOD}\n{GOOD}\n"));
    for args in [
        &["send", "--json", "many.jsonl"][..],
        &["send", "many.jsonl"],
        &["send", "--dry-run", "many.jsonl"],
        &["check", "many.jsonl"],
        &["config"],
        &["config", "--json"],
        &["demo"],
        &["completions", "bash"],
        &["--help"],
        &["emulate", "--listen", "127.0.0.1:0"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let done = finish(session.command(args).stdout(full).spawn().unwrap());
        done.check(1, "", "error: standard output cannot be written: No space left on device\n");
    }
    assert_eq!(server.received().len(), 2, "each run stops at the first result that cannot be told");
}
