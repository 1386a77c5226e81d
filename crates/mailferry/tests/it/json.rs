//! The interchange form: frozen, read back as it was written, and strict about everything else.

use mailferry::message::{Attachment, Key, SendAt};
use mailferry::{Mailbox, Message};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A message with every key, as it is written. Files, queues and other languages hold this form: it may be added to,
/// and nothing in it may change.
#[test]
fn every_key_is_written_as_ever() {
    let message = Message::builder()
        .from("Shop <orders@shop.example>")
        .envelope_sender("bounces@shop.example")
        .to("Ann Lee <ann@example.com>")
        .to("bob@bücher.example")
        .cc(("Lee, Bob", "cc@example.com"))
        .bcc("bcc@example.com")
        .reply_to("help@shop.example")
        .subject("Shipped: \"42\"")
        .text("On its way.\r\n")
        .html("<p>é</p>")
        .header("X-Z", "1")
        .header("In-Reply-To", "<id@shop.example>")
        .attach(Attachment::file("invoices/42.pdf"))
        .attach(Attachment::text("a.csv", "a,b").content_type("text/csv"))
        .attach(Attachment::bytes("logo.png", "png").with_content_id("<logo>"))
        .attach(Attachment::unnamed("image/png", ""))
        .send_at(SendAt::unix(1_898_809_567).unwrap())
        .tag("receipt")
        .metadata("order", 42)
        .track_opens(true)
        .track_clicks(false)
        .template_id("tpl")
        .merge_data("ann@example.com", "name", "Ann")
        .merge_global_data("site", json!({"url": "https://shop.example"}))
        .merge_header("ann@example.com", "X-For", "Ann")
        .merge_metadata("ann@example.com", "n", 1.5)
        .esp_extra("settings", json!({"track_content": true}))
        .build()
        .unwrap();
    let expected = concat!(
        r#"{"from":{"email":"orders@shop.example","name":"Shop"},"envelope_sender":"bounces@shop.example","#,
        r#""to":[{"email":"ann@example.com","name":"Ann Lee"},"bob@bücher.example"],"#,
        r#""cc":[{"email":"cc@example.com","name":"Lee, Bob"}],"bcc":["bcc@example.com"],"#,
        r#""reply_to":["help@shop.example"],"subject":"Shipped: \"42\"","text":"On its way.\r\n","html":"<p>é</p>","#,
        r#""template_id":"tpl","headers":{"X-Z":"1","In-Reply-To":"<id@shop.example>"},"attachments":["#,
        r#"{"filename":"42.pdf","path":"invoices/42.pdf"},"#,
        r#"{"content":"YSxi","content_type":"text/csv","filename":"a.csv"},"#,
        r#"{"content":"cG5n","content_id":"logo","filename":"logo.png","inline":true},"#,
        r#"{"content":"","content_type":"image/png"}],"#,
        r#""send_at":"2030-03-03T23:06:07Z","tags":["receipt"],"track_opens":true,"track_clicks":false,"#,
        r#""metadata":{"order":42},"merge_global_data":{"site":{"url":"https://shop.example"}},"#,
        r#""esp_extra":{"settings":{"track_content":true}},"merge_data":{"ann@example.com":{"name":"Ann"}},"#,
        r#""merge_headers":{"ann@example.com":{"X-For":"Ann"}},"merge_metadata":{"ann@example.com":{"n":1.5}}}"#,
    );
    assert_eq!(message.to_json(), expected);
    assert_eq!(Message::from_json(expected.as_bytes()).unwrap(), message);
    let keys = serde_json::from_str::<Value>(expected).unwrap();
    assert_eq!(keys.as_object().unwrap().len(), Key::ALL.len(), "a key is missing above");
}

/// DEF-24: unset, cleared and empty are three things, and survive.
#[test]
fn unset_cleared_and_empty_survive() {
    assert_eq!(Message::default().to_json(), "{}");
    for key in Key::ALL {
        let cleared = format!("{{\"{key}\":null}}");
        let message = Message::from_json(cleared.as_bytes()).unwrap();
        assert_eq!(message, Message::builder().without(*key).build().unwrap());
        assert_eq!(message.to_json(), cleared);
    }
    for empty in [r#"{"tags":[]}"#, r#"{"subject":""}"#, r#"{"merge_data":{}}"#, r#"{"headers":{}}"#, r#"{"to":[]}"#] {
        assert_eq!(Message::from_json(empty.as_bytes()).unwrap().to_json(), empty);
    }
}

/// Other ways of writing the same.
#[test]
fn forms_that_are_read() {
    let read = |fields: Value| Message::from_json(fields.to_string().as_bytes()).unwrap();
    assert_eq!(
        read(json!({"to": ["a@x.example, Bee <b@x.example>"]})),
        read(json!({"to": ["a@x.example", {"email": "b@x.example", "name": "Bee"}]}))
    );
    assert_eq!(read(json!({"from": {"email": "a@x.example", "name": ""}})), read(json!({"from": "a@x.example"})));
    assert_eq!(read(json!({"from": {"email": "a@x.example", "name": null}})), read(json!({"from": "a@x.example"})));
    assert_eq!(read(json!({"send_at": 1_898_809_567})), read(json!({"send_at": "2030-03-04T05:06:07+06:00"})));
    assert_eq!(read(json!({"headers": {"X": 1, "Y": null}})), read(json!({"headers": {"X": "1"}})));
    let attachment = json!({"attachments": [{"filename": null, "content": "", "content_id": null, "inline": null}]});
    assert_eq!(read(attachment), read(json!({"attachments": [{"content": ""}]})));
}

/// Unknown keys are named, with the nearest known one; a repeated key is a mistake at any depth.
#[test]
fn unknown_and_repeated_keys() {
    for (json, path, remedy) in [
        (r#"{"form": "a@x.example"}"#, "form", "did you mean `from`?"),
        (r#"{"Subject": "x"}"#, "Subject", "did you mean `subject`?"),
        (r#"{"reply-to": []}"#, "reply-to", "did you mean `reply_to`?"),
        (r#"{"body": "x"}"#, "body", "known keys: from, to, "),
        (r#"{"attachments": [{"contents": ""}]}"#, "attachments[0].contents", "did you mean `content`?"),
        (r#"{"tags": [], "tags": []}"#, "tags", "keep one of them"),
        (r#"{"headers": {"X": "1", "X": "2"}}"#, "headers.X", "keep one of them"),
        (r#"{"merge_data": {"a@x.example": {}, "a@x.example": {}}}"#, "merge_data.a@x.example", "keep one of them"),
        (r#"{"esp_extra": {"a": 1, "a": 2}}"#, "esp_extra.a", "keep one of them"),
        (r#"{"esp_extra": {"a": {"b.c": [1, {"d": 1, "d": 2}]}}}"#, "esp_extra.a.b.c[1].d", "keep one of them"),
        (
            r#"{"merge_headers": {"a@x.example": {"X": "1", "X": "2"}}}"#,
            "merge_headers.a@x.example.X",
            "keep one of them",
        ),
        (
            r#"{"merge_data": {"a@x.example": {"a": {"b": {}, "b": {}}}}}"#,
            "merge_data.a@x.example.a.b",
            "keep one of them",
        ),
        (r#"{"to": [{"email": "a@x.example", "email": "b@x.example"}]}"#, "to[0].email", "keep one of them"),
    ] {
        let error = Message::from_json(json.as_bytes()).unwrap_err();
        let problem = &error.problems()[0];
        assert_eq!(problem.path(), path, "{json}");
        assert!(problem.remedy().starts_with(remedy), "{json}: {problem}");
    }
}

/// ADR-12: every mistake is told, each with its own place.
#[test]
fn every_mistake_is_told() {
    let json = r#"{"from": "x", "to": ["ok@x.example", "bad", 1], "tags": [7], "sbject": "", "headers": {"a b": "1"}, "send_at": ""}"#;
    let error = Message::from_json(json.as_bytes()).unwrap_err();
    let paths: Vec<_> = error.problems().iter().map(mailferry::message::Problem::path).collect();
    assert_eq!(paths, ["from", "to[1]", "to[2]", "tags[0]", "sbject", "headers.a b", "send_at"]);
}

fn mailboxes() -> impl Strategy<Value = Vec<Mailbox>> {
    let name = prop::option::of("[ -~àŽ日🐎]{0,12}");
    let address = prop_oneof![
        "[a-zA-Z0-9!#+]{1,8}@[a-zA-Z]{1,8}\\.example",
        "[a-zé]{1,4}@(bücher|例え)\\.example",
        Just("\"a b\"@x.example".into())
    ];
    prop::collection::vec((name, address), 0..4).prop_map(|list| {
        list.into_iter().map(|(name, address)| Mailbox::new(name, address.parse().unwrap()).unwrap()).collect()
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn attachments() -> impl Strategy<Value = Attachment> {
    let text = || prop::option::of("[ -~é<>]{0,10}");
    (prop::option::of("[a-z/.]{1,12}"), prop::collection::vec(any::<u8>(), 0..9), text(), text(), text(), any::<bool>())
        .prop_map(|(path, content, name, kind, id, inline)| {
            let mut attachment = match path {
                Some(path) => Attachment::file(path),
                None => Attachment::bytes("", content),
            };
            if let Some(name) = name {
                attachment = attachment.named(name);
            }
            if let Some(kind) = kind {
                attachment = attachment.content_type(kind);
            }
            match id {
                Some(id) => attachment.with_content_id(id),
                None if inline => attachment.inline(),
                None => attachment,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the builder makes is read back as it was written.
    #[test]
    fn a_message_survives(
        from in mailboxes(), to in mailboxes(), cc in mailboxes(),
        (subject, text) in ("[^\r\n\0]{0,20}", prop::option::of(any::<String>())),
        headers in prop::collection::vec(("[!-9;-~é]{1,8}", "[^\r\n\0]{0,12}"), 0..5),
        attachments in prop::collection::vec(attachments(), 0..3),
        send_at in prop::option::of(-60_000_000_000_i64..250_000_000_000),
        tags in prop::collection::vec("[^\r\n\0]{0,8}", 0..4),
        (data, by_recipient) in (values(), values()),
        switches in prop::collection::vec(prop::option::of(any::<bool>()), 2),
        cleared in prop::sample::subsequence(Key::ALL.to_vec(), 0..4),
    ) {
        let mut builder = Message::builder().from(from).to(to).cc(cc).subject(subject);
        if let Some(text) = text {
            builder = builder.text(text.clone()).html(text);
        }
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        for attachment in attachments {
            builder = builder.attach(attachment);
        }
        if let Some(seconds) = send_at {
            builder = builder.send_at(SendAt::unix(seconds).unwrap());
        }
        for tag in tags {
            builder = builder.tag(tag);
        }
        builder = builder.merge_global_data("k", data.clone()).merge_data("Any key", "k", by_recipient).esp_extra("k", data);
        if let Some(on) = switches[0] {
            builder = builder.track_opens(on);
        }
        if let Some(on) = switches[1] {
            builder = builder.track_clicks(on);
        }
        for key in cleared {
            builder = builder.without(key);
        }
        let message = builder.build().unwrap();
        let json = message.to_json();
        let read = Message::from_json(json.as_bytes()).unwrap();
        prop_assert_eq!(&read, &message, "{}", json);
        prop_assert_eq!(read.to_json(), json);
    }

    /// Any bytes, and any JSON, are a message or an error.
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), value in values(), key in prop::sample::select(Key::ALL.to_vec())) {
        let _ = Message::from_json(&bytes);
        let _ = Message::from_json(value.to_string().as_bytes());
        if let Ok(message) = Message::from_json(json!({key.as_str(): value}).to_string().as_bytes()) {
            prop_assert_eq!(Message::from_json(message.to_json().as_bytes()).unwrap(), message);
        }
    }
}
