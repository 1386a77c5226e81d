//! The page about the emulator, and the transcribed answers, say what the emulator does.

use std::fs;
use std::path::{Path, PathBuf};

use mailferry_emulator::{Certainty, rules};
use serde_json::{Value, json};

use crate::client::{get, head, message, raw, started};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_lists_every_rule_as_it_is() {
    let page = fs::read_to_string(root().join("docs/emulator.md")).unwrap();
    let rows: Vec<String> = rules()
        .map(|rule| {
            let certainty = match rule.certainty {
                Certainty::Recorded => "recorded",
                Certainty::Documented => "documented",
                Certainty::Inferred => "inferred",
                _ => "uncertain",
            };
            let field = if rule.field.is_empty() { String::new() } else { format!("`{}`", rule.field) };
            let code = rule.code.unwrap_or_default();
            format!(
                "| `{}` | {field} | {} | {code} | {} | {} | {certainty} |",
                rule.id, rule.status, rule.sentence, rule.source
            )
        })
        .collect();
    let listed: Vec<&str> = page.lines().filter(|line| rows.iter().any(|row| row == line)).collect();
    assert_eq!(listed, rows, "the table of rules should be:\n{}\n", rows.join("\n"));
}

/// One transcribed exchange: where it is from, what was asked, what was answered.
fn fixtures() -> Vec<(String, Value)> {
    let folder = root().join("fixtures/mailersend/responses");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), value)
    };
    let fixtures: Vec<_> = files.into_iter().map(read).collect();
    assert!(fixtures.len() >= 8, "the folder has lost its files");
    fixtures
}

/// The parts of a body that differ from answer to answer, made equal.
fn settled(body: &str) -> String {
    let mut settled = String::new();
    let mut word = String::new();
    for c in body.chars().chain(['\0']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let is_id = word.len() == 24 && word.bytes().all(|b| b.is_ascii_hexdigit());
        settled.push_str(if is_id { "<id>" } else { &word });
        word.clear();
        if c != '\0' {
            settled.push(c);
        }
    }
    settled
}

#[tokio::test]
async fn transcribed_answers_are_given() {
    for (name, fixture) in fixtures() {
        assert!(fixture["origin"].as_str().is_some_and(|origin| !origin.is_empty()), "{name} has no origin");
        let emulator = started(|builder| builder.bulk_delay(std::time::Duration::ZERO)).await;
        for entry in fixture["suppressed"].as_array().into_iter().flatten() {
            let list = mailferry_emulator::SuppressionList::from_name(entry["list"].as_str().unwrap()).unwrap();
            emulator.suppress(list, entry["email"].as_str().unwrap());
        }
        if fixture["paused"] == json!(true) {
            emulator.pause_domain("example.com");
        }
        let request = &fixture["request"];
        let path = request["path"].as_str().unwrap();
        let mut body = request["body"].clone();
        if request["complete"] == json!(true) {
            body = message(&body);
        }
        let token = request["token"].as_str().unwrap_or_else(|| emulator.token());
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let head = head(request["method"].as_str().unwrap(), path, token, text.len());
        let mut answer = raw(emulator.address(), &head, text.as_bytes()).await.unwrap();
        if let Some(then) = request["then"].as_str() {
            let id = answer.json()["bulk_email_id"].as_str().unwrap().to_owned();
            answer = get(&emulator, &then.replace("{id}", &id)).await;
        }
        let expected = &fixture["response"];
        assert_eq!(json!(answer.status), expected["status"], "{name}");
        for (header, value) in expected["headers"].as_object().unwrap() {
            match value.as_str() {
                Some(value) => assert_eq!(answer.header(header), Some(value), "{name}: {header}"),
                None if value.is_null() => assert_eq!(answer.header(header), None, "{name}: {header}"),
                None => assert!(answer.header(header).is_some(), "{name}: {header}"),
            }
        }
        if let Some(body) = expected["body"].as_str() {
            assert_eq!(settled(answer.text()), settled(body), "{name}");
        }
        if let Some(body) = expected["includes"].as_object() {
            for (pointer, value) in body {
                assert_eq!(answer.json().pointer(pointer), Some(value), "{name}: {pointer}");
            }
        }
    }
}
