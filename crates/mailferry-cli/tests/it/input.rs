//! One message or many, in files and on standard input.

use crate::capture::Capture;
use crate::session::{GOOD, Session, Transcript};

const PRETTY: &str = "{\n  \"from\": \"shop@example.com\",\n  \"to\": [\n    {\"email\": \"ann@example.com\"}\n  ],\n  \"subject\": \"Hi }\\\" {\",\n  \"text\": \"Hello\"\n}";

fn outcomes(done: &Transcript) -> Vec<String> {
    let outcome = |object: serde_json::Value| match object["error"]["kind"].as_str() {
        Some(kind) => format!("{kind} at {}", object["input"].as_str().unwrap()),
        None => "sent".to_owned(),
    };
    done.objects().into_iter().map(outcome).collect()
}

fn check(content: &str, expected: &[&str]) {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("in", content);
    let from_file = outcomes(&session.run(["send", "--json", "in"]));
    assert_eq!(from_file, expected, "{content}");
    let from_stdin = outcomes(&session.pipe(content.as_bytes(), ["send", "--json", "-"]));
    let expected: Vec<_> = expected.iter().map(|text| text.replace(" at in", " at standard input")).collect();
    assert_eq!(from_stdin, expected, "{content}");
}

#[test]
fn the_content_says_whether_it_is_one_message_or_many() {
    check(GOOD, &["sent"]);
    check(&format!("\n\n {GOOD}\n\n"), &["sent"]);
    check(&format!("\u{feff}{GOOD}\r\n{GOOD}\r\n"), &["sent", "sent"]);
    check(&format!("{GOOD}\n\n{GOOD}"), &["sent", "sent"]);
    check(PRETTY, &["sent"]);
    check(&format!("{PRETTY}\n{PRETTY}{PRETTY} {GOOD}\n"), &["sent", "sent", "sent", "sent"]);
    check(&format!("\u{feff}\n{PRETTY}"), &["sent"]);
}

#[test]
fn a_bad_line_does_not_keep_the_others() {
    let cut = &GOOD[..60];
    check(
        &format!("{GOOD}\n{cut}\n[]\n{GOOD}\n"),
        &["sent", "invalid_message at in, line 2", "invalid_message at in, line 3", "sent"],
    );
    check(&format!("\n{cut}\n\n{GOOD}\n"), &["invalid_message at in, line 2", "sent"]);
    check(&format!("not JSON\n{GOOD}\n"), &["invalid_message at in, line 1", "sent"]);
    check(&format!("{GOOD}\n{cut}"), &["sent", "invalid_message at in, line 2"]);
}

#[test]
fn of_values_over_several_lines_a_wrong_one_does_not_keep_the_others() {
    let wrong = PRETTY.replace("\"text\"", "\"texd\"");
    check(&format!("{PRETTY}\n{wrong}\n{PRETTY}"), &["sent", "invalid_message at in, line 9", "sent"]);
    // After what is not JSON nobody knows where the next message begins.
    check(&format!("{PRETTY}\n{{\"a\": 'b'\n}}\n{PRETTY}"), &["sent", "invalid_message at in, line 9"]);
    check(&format!("{PRETTY}\n]"), &["sent", "invalid_message at in, line 9"]);
}

#[test]
fn the_place_of_a_mistake_is_that_in_the_file() {
    let session = Session::sending_to("http://127.0.0.1:1/")
        .file("a.jsonl", "{}\n{\"to\": \n")
        .file("b.json", "{\n  \"to\": [,]\n}");
    let done = session.run(["check", "a.jsonl", "b.json"]);
    for words in ["`line 2, column 6`: the JSON ends too early", "`line 2, column 10`: not JSON that can be read"] {
        assert!(done.stdout.contains(words), "{words}: {done}");
    }
}

#[test]
fn several_files_are_read_in_turn() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("a.json", GOOD).file("b.jsonl", format!("{GOOD}\n{GOOD}\n"));
    let done = session.pipe(GOOD.as_bytes(), ["send", "a.json", "missing.json", "-", "b.jsonl"]);
    assert_eq!(done.code, 3, "{done}");
    assert_eq!(done.stdout.lines().count(), 1 + 4 * 2, "{done}");
    let error = "error: missing.json: cannot be read: No such file or directory\n";
    assert!(done.stderr.starts_with(error), "{done}");
    assert!(done.stderr.ends_with("5 messages: 4 sent, 1 failed\n"), "{done}");
}

#[test]
fn many_messages_give_as_many_results_in_order() {
    let server = Capture::accepting();
    let lines: String = (0..300).map(|n| GOOD.replace("zoe@", &format!("zoe{n}@")) + "\n").collect();
    let session = Session::sending_to(&server.url).file("many.jsonl", lines);
    let done = session.run(["send", "--json", "many.jsonl"]);
    assert_eq!(done.code, 0, "{done}");
    for (n, object) in done.objects().iter().enumerate() {
        assert!(object["recipients"].get(format!("zoe{n}@example.com")).is_some(), "{n}: {object}");
    }
    assert_eq!((done.objects().len(), server.received().len()), (300, 300));
}
