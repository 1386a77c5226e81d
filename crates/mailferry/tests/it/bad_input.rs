//! Bad input of all kinds: an error that names the place and the remedy, and nothing half sent.

use std::fmt::Write as _;

use mailferry::transport::{Error, Transport};
use mailferry::{Attachment, Message};
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::support::{basic, basic_json, builder};

/// Sends the basic message with these fields, from its JSON on.
async fn attempt(server: &Capture, fields: Value) -> Result<(), Error> {
    let message = Message::from_json(basic_json(fields).to_string().as_bytes())?;
    builder().api_url(server.url()).build()?.send(&message).await?;
    Ok(())
}

/// ADR-14, HDR-14, ATT-17: a line break or NUL is refused wherever it could start a header of its own.
#[tokio::test]
async fn line_breaks_are_refused_everywhere() {
    let server = Capture::accepting().await;
    for c in ["\r", "\n", "\r\n", "\0"] {
        let injected = format!("a{c}Bcc: eve@x.example");
        let name = format!("Ann{c}Lee");
        for (fields, path) in [
            (json!({"subject": injected}), "subject"),
            (json!({"headers": {"X-A": injected}}), "headers.X-A"),
            (json!({"headers": {format!("X{c}A"): "1"}}), "headers.X"),
            (json!({"merge_headers": {"a@x.example": {"X-A": injected}}}), "merge_headers.a@x.example.X-A"),
            (json!({"merge_headers": {"a@x.example": {format!("X{c}A"): "1"}}}), "merge_headers.a@x.example.X"),
            (json!({"tags": ["ok", injected]}), "tags[1]"),
            (json!({"to": [format!("{name} <ann@one.example>")]}), "to[0]"),
            (json!({"to": [format!("\"{name}\" <ann@one.example>")]}), "to[0]"),
            (json!({"cc": [{"email": "ann@one.example", "name": name}]}), "cc[0]"),
            (json!({"bcc": [{"email": format!("ann{c}@one.example")}]}), "bcc[0]"),
            (json!({"from": format!("shop@mail.example{c}")}), "from"),
            (json!({"reply_to": [format!("{c}a@x.example")]}), "reply_to[0]"),
            (json!({"envelope_sender": format!("a@x.example{c}b")}), "envelope_sender"),
            (json!({"attachments": [{"filename": injected, "content": ""}]}), "attachments[0].filename"),
            (
                json!({"attachments": [{"filename": "a", "content_type": injected, "content": ""}]}),
                "attachments[0].content_type",
            ),
            (
                json!({"attachments": [{"filename": "a", "content_id": injected, "content": ""}]}),
                "attachments[0].content_id",
            ),
        ] {
            let error = attempt(&server, fields.clone()).await.unwrap_err();
            let [problem] = error.problems() else { panic!("{fields}: {error}") };
            assert!(problem.path().starts_with(path), "{fields}: {error}");
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "{error:?}");
        }
    }
    assert_eq!(server.connections(), 0);
}

/// Mistakes of all kinds; every one has a place.
#[tokio::test]
async fn mistakes_name_their_place() {
    let server = Capture::accepting().await;
    for (fields, path) in [
        (json!({"to": "ann@one.example"}), "to"),
        (json!({"to": ["good@x.example", "oops"]}), "to[1]"),
        (json!({"to": ["Lee, Ann <ann@one.example>"]}), "to[0]"),
        (json!({"to": [null]}), "to[0]"),
        (json!({"to": [{"name": "Ann"}]}), "to[0].email"),
        (json!({"to": [{"email": "ann@one.example", "nmae": "Ann"}]}), "to[0].nmae"),
        (json!({"to": ["a@✉.example"]}), "to[0]"),
        (json!({"from": ""}), "from"),
        (json!({"from": 1}), "from"),
        (json!({"subject": 7}), "subject"),
        (json!({"html": []}), "html"),
        (json!({"track_opens": "yes"}), "track_opens"),
        (json!({"tags": [1]}), "tags[0]"),
        (json!({"send_at": "soon"}), "send_at"),
        (json!({"attachments": [{}]}), "attachments[0]"),
        (json!({"attachments": [{"path": "a", "content": ""}]}), "attachments[0]"),
        (json!({"attachments": [{"filename": "a.txt", "content": "***"}]}), "attachments[0].content"),
        (json!({"attachments": [{"filename": "a.txt", "content": "YQ"}]}), "attachments[0].content"),
        (json!({"attachments": ["a.txt"]}), "attachments[0]"),
        (json!({"attachments": [{"path": "/nonexistent/a.txt"}]}), "attachments[0]"),
        (json!({"attachmnts": []}), "attachmnts"),
    ] {
        let error = attempt(&server, fields.clone()).await.unwrap_err();
        assert_eq!(error.problems().first().map(mailferry::message::Problem::path), Some(path), "{fields}: {error}");
        assert!(error.to_string().contains(&format!("`{path}`")), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

/// An attachment of 26 MB, from memory or from a file, is refused before anything is sent.
#[tokio::test]
async fn a_large_attachment_is_refused() {
    let server = Capture::accepting().await;
    let path = std::env::temp_dir().join(format!("mailferry-it-{}-large.pdf", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(26_000_000).unwrap();
    for attachment in [Attachment::file(&path), Attachment::bytes("large.pdf", vec![0; 26_000_000])] {
        let message = basic(json!({})).edit().attach(attachment).build().unwrap();
        let error = builder().api_url(server.url()).build().unwrap().send(&message).await.unwrap_err();
        assert_eq!(error.preflight()[0].path(), "attachments[0]");
        assert!(error.to_string().contains("26000000 bytes") && error.to_string().contains("link"), "{error}");
    }
    std::fs::remove_file(path).unwrap();
    assert_eq!(server.connections(), 0);
}

/// A file that goes away between two messages, or shrinks in the middle, half sends nothing.
#[tokio::test]
async fn a_file_that_goes_away_is_named() {
    let server = Capture::accepting().await;
    let path = std::env::temp_dir().join(format!("mailferry-it-{}-gone.pdf", std::process::id()));
    std::fs::write(&path, b"%PDF-").unwrap();
    let message = basic(json!({})).edit().attach(Attachment::file(&path)).build().unwrap();
    let mailersend = builder().api_url(server.url()).build().unwrap();
    mailersend.send(&message).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = mailersend.send(&message).await.unwrap_err();
    assert_eq!(error.problems()[0].path(), "attachments[0]");
    assert_eq!(server.requests().len(), 1);
}

/// JSON that is cut off anywhere, deep, or huge is an error and nothing worse.
#[test]
fn json_that_is_cut_off_deep_or_huge() {
    let whole = basic_json(json!({"headers": {"X": "é"}, "merge_data": {"ann@one.example": {"a": [1, 2.5, null]}}}))
        .to_string();
    for end in 0..whole.len() {
        let error = Message::from_json(&whole.as_bytes()[..end]).unwrap_err();
        assert!(error.problems()[0].path().starts_with("line 1, column "), "{end}: {error}");
    }
    assert!(Message::from_json(whole.as_bytes()).is_ok());
    for deep in ["[", "{\"a\":", "{\"merge_global_data\":{\"a\":["] {
        let error = Message::from_json(deep.repeat(100_000).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("nested more than 127 deep"), "{error}");
    }
    for odd in ["", " ", "null", "[]", "7", "\"x\"", "{} {}", "\u{feff}{}", "{\"subject\": \"\\ud800\"}"] {
        assert_eq!(Message::from_json(odd.as_bytes()).unwrap_err().problems().len(), 1, "{odd:?}");
    }
    assert!(Message::from_json(b"{\"subject\": \"\xff\"}").is_err());
    let mut huge = String::from("{\"to\": [");
    for number in 0..50_000 {
        write!(huge, "\"bad {number}\",").unwrap();
    }
    huge.push_str("\"ann@one.example\"]}");
    assert_eq!(Message::from_json(huge.as_bytes()).unwrap_err().problems().len(), 50_000);
}
