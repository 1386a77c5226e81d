//! Mails as Django Anymail 15.1 was recorded to read them: this library reads them likewise, or better where the
//! recorded result is a bug or an accident.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use mailferry::InboundMessage;
use mailferry::inbound::{Mailbox, OnError, Part};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/inbound")
}

fn load(name: &str) -> InboundMessage {
    let path = folder().join(format!("recorded/{name}.eml"));
    InboundMessage::from_bytes(std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display())))
}

fn flags() -> BTreeMap<String, String> {
    serde_json::from_str(&std::fs::read_to_string(folder().join("flags.json")).unwrap()).unwrap()
}

fn cases() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder().join("recorded")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".eml").map(str::to_owned)).collect()
}

/// MIM-01 MIM-03 MIM-05 MIM-07 MIM-11 MIM-12 MIM-13 MIM-19 MIM-20 MIM-23 MIM-29 MIM-31 MIM-35
#[test]
fn recorded_mails_come_out_as_recorded() {
    let (cases, flags) = (cases(), flags());
    let mut wrong = Vec::new();
    let mut run = 0;
    for name in cases.iter().filter(|name| !flags.contains_key(*name)) {
        let path = folder().join(format!("recorded/{name}.expected.json"));
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for (what, ours) in observed(&load(name)) {
            let recorded = recorded(&expected, what);
            if ours != recorded {
                let difference = format!("{name} {what}:\n  ours     {ours}\n  recorded {recorded}");
                wrong.push(difference.chars().take(2_000).collect::<String>());
            }
        }
        run += 1;
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
    assert!(run > 25, "only {run} mails were read");
}

/// Every flagged mail has a test below that says what is done instead.
#[test]
fn flagged_mails_are_tested_one_by_one() {
    let tests = include_str!("inbound_recorded.rs");
    for (name, reason) in flags().into_iter().filter(|(name, _)| cases().contains(name)) {
        assert!(tests.contains(&format!("load(\"{name}\")")), "no test is about {name}: {reason}");
    }
}

/// What is compared, by its key in the recording.
fn observed(message: &InboundMessage) -> Vec<(&'static str, Value)> {
    let from: Vec<Value> = message.from_all().iter().map(mailbox).collect();
    let from = match <[Value; 1]>::try_from(from) {
        Ok([one]) => one,
        Err(list) if list.is_empty() => Value::Null,
        Err(list) => list.into(),
    };
    let list = |mailboxes: Vec<Mailbox>| mailboxes.iter().map(mailbox).collect::<Value>();
    let cids: BTreeMap<_, _> = message.content_id_map().into_iter().map(|(id, part)| (id, part.index())).collect();
    vec![
        ("from_email", from),
        ("to", list(message.to())),
        ("cc", list(message.cc())),
        ("bcc", list(message.bcc())),
        ("reply_to", list(message.reply_to())),
        ("subject", json!(message.subject())),
        (
            "date",
            message.date().map_or(Value::Null, |at| json!({"iso": at.to_string(), "aware": at.offset().is_some()})),
        ),
        ("text", message.text().map_or(Value::Null, text)),
        ("html", json!(message.html())),
        ("attachments", message.attachments().map(file).collect()),
        ("inlines", message.inlines().map(file).collect()),
        ("content_id_map", json!(cids)),
        ("headers", message.headers().map(|header| json!([header.name(), header.value()])).collect()),
        ("tree", message.parts().next().map_or(Value::Null, tree)),
        ("envelope_sender", json!(message.envelope_sender)),
        ("envelope_recipient", json!(message.envelope_recipients.first())),
        ("stripped_text", json!(message.stripped_text)),
        ("stripped_html", json!(message.stripped_html)),
        ("spam_detected", json!(message.spam_detected)),
        ("spam_score", json!(message.spam_score)),
    ]
}

fn text(text: String) -> Value {
    if text.len() > 10_000 { sha256(text.as_bytes()).into() } else { text.into() }
}

fn mailbox(mailbox: &Mailbox) -> Value {
    json!([mailbox.name.as_deref().unwrap_or_default(), mailbox.email])
}

fn file(part: Part<'_>) -> Value {
    let content = part.bytes();
    json!({
        "walk_index": part.index(),
        "content_type": part.content_type(),
        "filename": part.file_name(),
        "charset": part.charset(),
        "disposition": part.disposition(),
        "content_id": part.content_id(),
        "is_attachment": part.is_attachment(),
        "is_inline": part.is_inline(),
        "size": content.len(),
        "sha256": sha256(&content),
        "content_text": part.decode(None, OnError::Replace).unwrap(),
        "safe_name": part.file_name().map(|_| part.safe_file_name()),
    })
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
    digest.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Nested as deep as the recordings are.
fn tree(part: Part<'_>) -> Value {
    let mut node = json!({
        "content_type": part.content_type(),
        "disposition": part.disposition(),
        "filename": part.file_name(),
    });
    let parts: Vec<Value> = part.children().map(tree).collect();
    if !parts.is_empty() {
        node["parts"] = parts.into();
    }
    node
}

/// The recorded value, in the shape of ours.
fn recorded(expected: &Value, what: &str) -> Value {
    let value = &expected[what];
    match what {
        "from_email" if value.is_object() => address(value),
        "from_email" | "to" | "cc" | "bcc" | "reply_to" => match value.as_array() {
            Some(list) => list.iter().map(address).collect(),
            None => value.clone(),
        },
        "attachments" | "inlines" => value.as_array().unwrap().iter().map(recorded_file).collect(),
        "tree" => recorded_tree(value),
        // A long text is recorded by its digest.
        "text" if value.is_object() => value["sha256"].clone(),
        _ => value.clone(),
    }
}

fn address(value: &Value) -> Value {
    json!([value["display_name"], value["addr_spec"]])
}

fn recorded_file(value: &Value) -> Value {
    let content_id = value["content_id"].as_str().map(|id| id.trim_matches(['<', '>']));
    let mut file = json!({
        "content_id": content_id,
        "size": value["content"]["size"],
        "sha256": value["content"]["sha256"],
        "safe_name": value["uploaded_file"]["name"],
    });
    for key in [
        "walk_index",
        "content_type",
        "filename",
        "charset",
        "disposition",
        "is_attachment",
        "is_inline",
        "content_text",
    ] {
        file[key] = value[key].clone();
    }
    file
}

fn recorded_tree(value: &Value) -> Value {
    let mut node = value.clone();
    let object = node.as_object_mut().unwrap();
    object.remove("defects");
    if let Some(parts) = object.get_mut("parts") {
        *parts = parts.as_array().unwrap().iter().map(recorded_tree).collect();
    }
    node
}

fn emails(mailboxes: Vec<Mailbox>) -> Vec<String> {
    mailboxes.iter().map(ToString::to_string).collect()
}

/// MIM-16 MIM-17
#[test]
fn texts_of_unknown_charsets_are_guessed() {
    assert_eq!(load("charset-unknown").text().as_deref(), Some("Qapla'\r\n"));
    assert_eq!(load("charset-unknown-8bit").text().as_deref(), Some("café\r\n"));
    assert_eq!(load("charset-missing-8bit-latin1").text().as_deref(), Some("café\r\n"));
    let problems: Vec<_> = load("charset-unknown").problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["part 0: an unknown charset, another one guessed"]);
}

/// MIM-26 MIM-28
#[test]
fn attached_mails_keep_their_bytes() {
    let message = load("rfc822-attachment");
    let part = message.attachments().next().unwrap();
    let raw = b"From: Origin <orig@two.example>\r\nTo: ann@one.example\r\nSubject: Inner message\r\n\
        Date: Mon, 02 Jun 2025 10:00:00 +0200\r\nMessage-ID: <s1@one.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\nInner t\xc4\x9blo\r\n";
    assert_eq!(&part.bytes()[..], &raw[..]);
    assert_eq!((part.file_name().as_deref(), part.is_multipart()), (Some("fwd.eml"), false));
    let inner: Vec<_> = message.attached_messages().collect();
    assert_eq!(inner.len(), 1);
    assert_eq!(inner[0].raw(), &part.bytes());
    assert_eq!(inner[0].subject().as_deref(), Some("Inner message"));
    assert_eq!(inner[0].text().as_deref(), Some("Inner tělo\r\n"));
    assert_eq!(message.text().as_deref(), Some("Plain part\r\n"));

    let global = load("message-global").attached_messages().next().unwrap();
    assert_eq!(global.from().unwrap().email, "jörg@bücher.example");
    assert_eq!(global.subject().as_deref(), Some("žluť"));
    assert_eq!(global.text().as_deref(), Some("tělo\r\n"));
}

/// MIM-21 MIM-22
#[test]
fn parts_without_a_disposition_are_not_lost() {
    let message = load("cid-no-disposition");
    let inline = message.inline("<nodisp@x>").unwrap();
    assert_eq!((inline.content_type().as_str(), inline.bytes().len()), ("image/png", 72));
    assert!(inline.is_inline() && !inline.is_attachment() && message.attachments().next().is_none());

    let message = load("disposition-case");
    let names: Vec<_> = message.attachments().map(|part| part.file_name().unwrap()).collect();
    assert_eq!(names, ["Up.PDF", "z", "z"]);
    assert_eq!(message.inlines().count(), 1);
}

/// MIM-13
#[test]
fn only_the_first_text_is_the_text() {
    let message = load("alternative-two-text");
    assert_eq!(message.text().as_deref(), Some("Plain part\r\n"));
    let texts: Vec<_> = message.parts().filter(|part| part.main_type() == "text").map(|part| part.text()).collect();
    assert_eq!(texts, ["Plain part\r\n", "Second text\r\n"]);
}

/// MIM-01 MIM-02
#[test]
fn broken_addresses_are_passed_over() {
    for message in [load("hdr-from-local-only"), load("hdr-from-null-path")] {
        assert_eq!((message.from(), message.to()), (None, vec![]));
        assert_eq!(message.subject().as_deref(), Some("s"));
        assert_eq!(message.problems().len(), 1);
    }
    let message = load("hdr-to-undisclosed");
    assert_eq!(message.to(), []);
    assert_eq!(emails(message.cc()), ["b@x.example", "C <c@x.example>"]);
    assert_eq!(message.header("To").as_deref(), Some("undisclosed-recipients:;"));
    let message = load("hdr-from-comment");
    assert_eq!(message.from(), Some(Mailbox::new(None, "ann@one.example")));
    assert_eq!(emails(message.to()), ["bob@two.example"]);
}

/// MIM-15 MIM-18
#[test]
fn transfer_encodings_are_undone_however_they_are_named() {
    assert_eq!(load("cte-case-comment").text().as_deref(), Some("hi there"));
    assert_eq!(load("cte-uuencode").text().as_deref(), Some("hello"));
    assert_eq!(load("plain-bom").text().as_deref(), Some("With BOM\r\n"));
    let message = load("broken-base64-junk");
    assert_eq!(&message.attachments().next().unwrap().bytes()[..], b"\0\x01\x02\x03\x04");
    assert_eq!(message.problems().len(), 1);
}

/// MIM-24
#[test]
fn file_names_are_whole() {
    for (message, name) in
        [(load("filename-unquoted-space"), "my file.pdf"), (load("filename-rfc2047-two-words"), "very long name.pdf")]
    {
        assert_eq!(message.attachments().next().unwrap().file_name().as_deref(), Some(name));
    }
}

/// MIM-06 MIM-29
#[test]
fn broken_headers_lose_only_themselves() {
    let subject = load("hdr-encoded-word-broken").subject();
    assert_eq!(subject.as_deref(), Some("bad=ZZ \u{fffd}abc =?utf-8?x?abc?=  =?utf-8?q?unterminated"));
    let message = load("hdr-no-colon");
    assert_eq!(message.subject().as_deref(), Some("s"));
    assert_eq!(message.text().as_deref(), Some("body\r\n"));
    assert_eq!(message.problems().len(), 1);
}

/// MIM-08
#[test]
fn a_date_without_a_zone_has_no_offset() {
    let date = load("date-03").date().unwrap();
    assert_eq!((date.to_string().as_str(), date.offset()), ("2025-06-02T10:00:00", None));
}

/// MIM-11
#[test]
fn empty_and_twofold_parts_are_parts() {
    let message = load("empty-parts");
    assert_eq!((message.text().as_deref(), message.html()), (Some(""), None));
    assert_eq!(
        message.parts().map(|part| part.content_type()).collect::<Vec<_>>().join(" "),
        "multipart/mixed text/plain text/plain text/plain"
    );
    let message = load("appledouble");
    let files: Vec<_> = message.parts().filter(|part| part.is_attachment() || part.is_inline()).collect();
    assert_eq!(files.iter().map(|part| part.bytes().len()).collect::<Vec<_>>(), [4, 3]);
}
