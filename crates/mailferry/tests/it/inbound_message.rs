//! Mails that arrived, as an application sees them: made by hand, with parts of every kind.

use mailferry::inbound::{InboundMessage, NotText, OnError};
use mailferry::message::Problem;
use mailferry::{Attachment, InvalidMessage};
use serde_json::json;

/// MIM-33 MIM-34
#[test]
fn a_message_is_made_by_hand() {
    let inner = "From: b@x.example\r\nSubject: inner\r\n\r\n=_ =__\r\n--mixed=_\r\n";
    let message = InboundMessage::builder()
        .raw_headers("Received: from a\r\n by b\r\nSubject: replaced\r\nContent-Type: text/html\r\n\r\nignored: body")
        .from("Jörg <joerg@x.example>")
        .to("a@x.example")
        .to("\"Lee, Ann\" <ann@x.example>")
        .cc("c@x.example")
        .bcc("d@x.example")
        .reply_to("r@x.example")
        .subject("Žluť")
        .header("X-Dup", "1")
        .header("X-Dup", "2")
        .text("text\r\n--mixed=_\n")
        .html("<img src=\"cid:logo@x\">")
        .attachment(Attachment::bytes("ž\r\n \".txt", &b"\0\xff"[..]).content_type("text/plain; charset=latin1"))
        .attachment(Attachment::bytes("logo.png", &b"\x89PNG"[..]).with_content_id("<logo@x>"))
        .attachment(Attachment::message("inner.eml", inner))
        .envelope_sender("")
        .envelope_recipient("a@x.example")
        .build()
        .unwrap();
    assert_eq!(message.from().unwrap().to_string(), "Jörg <joerg@x.example>");
    assert_eq!(message.to().len(), 2);
    assert_eq!((message.cc().len(), message.bcc().len(), message.reply_to().len()), (1, 1, 1));
    assert_eq!(message.header_all("subject"), ["Žluť"]);
    assert_eq!(message.header_all("x-dup"), ["1", "2"]);
    assert_eq!(message.header("Received").as_deref(), Some("from a by b"));
    assert_eq!(message.text().as_deref(), Some("text\r\n--mixed=_\n"));
    assert_eq!(message.html().as_deref(), Some("<img src=\"cid:logo@x\">"));
    let names: Vec<_> = message.attachments().map(|part| part.file_name().unwrap()).collect();
    assert_eq!(names, ["ž  \".txt", "inner.eml"]);
    assert_eq!(&message.attachments().next().unwrap().bytes()[..], b"\0\xff");
    assert_eq!(message.inline("logo@x").unwrap().bytes().len(), 4);
    assert_eq!(message.attached_messages().next().unwrap().raw(), inner);
    assert_eq!(message.envelope_sender.as_deref(), Some(""));
    assert_eq!(message.envelope_recipients, ["a@x.example"]);
    let types: Vec<_> = message.parts().map(|part| part.content_type()).collect();
    assert_eq!(
        types.join(" "),
        "multipart/mixed multipart/related multipart/alternative text/plain text/html image/png text/plain message/rfc822 text/plain"
    );
    assert_eq!(message.problems(), []);

    let empty = InboundMessage::builder().build().unwrap();
    assert_eq!((empty.from(), empty.subject(), empty.text(), empty.html()), (None, None, None, None));
}

/// MIM-33
#[test]
fn header_injection_is_refused() {
    let error = |builder: mailferry::inbound::InboundMessageBuilder| -> InvalidMessage { builder.build().unwrap_err() };
    let builder = InboundMessage::builder;
    for (builder, path) in [
        (builder().subject("a\r\nBcc: x@y"), "subject"),
        (builder().from("a@b\n"), "from"),
        (builder().header("X", "a\rb"), "headers.X"),
        (builder().header("X\r\nY", "a"), "headers.X\\r\\nY"),
        (builder().header("X:", "a"), "headers.X:"),
        (builder().header("", "a"), "headers."),
        (builder().header("Content-Type", "text/html"), "headers.Content-Type"),
        (builder().from("a@b").header("From", "c@d"), "headers.From"),
        (builder().header("Subject", "a").header("subject", "b"), "headers.subject"),
        (builder().attachment(Attachment::bytes("a", &b""[..]).content_type("a/b\r\nX: y")), "attachments[0]"),
        (builder().attachment(Attachment::bytes("a", &b""[..]).with_content_id("a\nb")), "attachments[0]"),
        (builder().attachment(Attachment::file("Cargo.toml")), "attachments[0]"),
    ] {
        let problems = error(builder);
        assert_eq!(problems.problems().iter().map(Problem::path).collect::<Vec<_>>(), [path]);
    }
    assert_eq!(builder().header("Subject", "by header").build().unwrap().subject().as_deref(), Some("by header"));
}

/// MIM-32
#[tokio::test]
async fn a_mail_is_read_from_bytes_text_and_file() {
    let path = std::env::temp_dir().join(format!("mailferry-inbound-{}.eml", std::process::id()));
    std::fs::write(&path, b"Subject: s\n\ncaf\xe9").unwrap();
    let message = InboundMessage::from_file(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(message.text().as_deref(), Some("café"));
    assert!(InboundMessage::from_file(&path).await.is_err());
    assert_eq!(InboundMessage::from_text("Subject: s\n\ncafé").text().as_deref(), Some("café"));
    assert_eq!(format!("{message:?}"), "InboundMessage { bytes: 16, parts: 1, .. }");
}

/// MIM-14
#[test]
fn an_attached_mail_keeps_its_text_to_itself() {
    let mail = |outer: &str, inner: &str| {
        InboundMessage::from_text(format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: {outer}\r\n\r\nouter\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: {inner}\r\n\r\ninner\r\n--b--\r\n"
        ))
    };
    let message = mail("text/html", "text/plain");
    assert_eq!((message.html().as_deref(), message.text()), (Some("outer"), None));
    let message = mail("text/plain", "text/html");
    assert_eq!((message.text().as_deref(), message.html()), (Some("outer"), None));
    let digest = InboundMessage::from_text(
        "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: 1\r\n\r\none\r\n--b\r\n\r\nSubject: 2\r\n\r\ntwo\r\n--b--\r\n",
    );
    assert_eq!((digest.text(), digest.html()), (None, None));
    let subjects: Vec<_> = digest.attached_messages().map(|one| one.subject().unwrap()).collect();
    assert_eq!(subjects, ["1", "2"]);
}

/// MIM-19 MIM-22 MIM-26 MIM-28
#[test]
fn encoded_mails_are_opened_and_their_files_left_inside() {
    let raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogaW5uZXINCg0KdGV4dA==\r\n\
        --b\r\nContent-Type: message/delivery-status\r\n\r\nStatus: 5.1.1\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: two\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment; filename=in.pdf\r\n\r\n%PDF\r\n--b--\r\n";
    let message = InboundMessage::from_text(raw);
    let subjects: Vec<_> = message.attached_messages().map(|one| one.subject().unwrap()).collect();
    assert_eq!(subjects, ["inner", "two"]);
    let types: Vec<_> = message.attachments().map(|part| part.content_type()).collect();
    assert_eq!(types, ["message/rfc822", "message/delivery-status", "message/rfc822", "application/pdf"]);
    assert_eq!(message.text(), None);
}

/// INB-10
#[test]
fn what_was_encoded_has_kept_its_charset() {
    let inner = b"Content-Type: text/plain; charset=iso-8859-2\r\n\r\n\xc5\xbe";
    let mail = |encoding: &str, content: &str| {
        let head = format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        let mail = InboundMessage::from_text(head + content).attached_messages().next().unwrap();
        mail.text().unwrap()
    };
    assert_eq!(mail("base64", &base64_simd::STANDARD.encode_to_string(inner)), "Ĺž");
    assert_eq!(mail("8bit", std::str::from_utf8(inner).unwrap()), "ž");
}

#[test]
fn debug_has_nothing_of_what_is_in_a_mail() {
    let message = InboundMessage::from_text("Subject: secret\r\nTo: ann@x.example\r\n\r\nsecret");
    let header = message.headers().next().unwrap();
    let shown = format!("{message:?} {:?} {header:?} {:?}", message.parts().next(), message.headers());
    assert!(!shown.contains("secret") && !shown.contains("ann") && !shown.contains("115"), "{shown}");
    assert!(shown.contains("Subject"), "{shown}");
}

/// MIM-16 MIM-27
#[test]
fn text_is_decoded_as_asked() {
    let latin1 = InboundMessage::from_bytes(&b"\r\ncaf\xe9"[..]);
    let part = latin1.parts().next().unwrap();
    assert_eq!(part.text(), "café");
    assert_eq!(part.decode(None, OnError::Replace).as_deref(), Ok("caf\u{fffd}"));
    assert_eq!(part.decode(None, OnError::Ignore).as_deref(), Ok("caf"));
    assert_eq!(part.decode(Some("iso-8859-1"), OnError::Strict).as_deref(), Ok("café"));
    let error: NotText = part.decode(None, OnError::Strict).unwrap_err();
    assert_eq!(error.to_string(), "not text in the charset `us-ascii`");
    let error = part.decode(Some("x-klingon"), OnError::Strict).unwrap_err();
    assert_eq!(error.to_string(), "the charset `x-klingon` is not known");
}

/// MIM-20 MIM-21
#[test]
fn of_equal_content_ids_the_last_counts() {
    let part = |id: &str, text: &str| {
        format!("--b\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\nContent-ID: {id}\r\n\r\n{text}\r\n")
    };
    let parts = part("<a@x>", "1") + &part("a@x", "2") + &part("\"<b@x>\"", "3") + &part("<>", "4");
    let message = InboundMessage::from_text(format!("Content-Type: multipart/related; boundary=b\r\n\r\n{parts}--b--"));
    let map = message.content_id_map();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["a@x", "b@x"]);
    assert_eq!((&map["a@x"].bytes()[..], &message.inline("a@x").unwrap().bytes()[..]), (&b"2"[..], &b"2"[..]));
    assert_eq!(message.inlines().count(), 4);
    assert!(message.inline("c@x").is_none());
}

/// MIM-37
#[test]
fn who_it_says_and_who_sent_it_are_both_told() {
    let mut message = InboundMessage::from_text("From: ceo@app.example\r\n\r\n");
    message.envelope_sender = Some("x@spam.example".to_owned());
    let json = message.to_json();
    assert_eq!(
        (&json["from"]["email"], &json["envelope_sender"]),
        (&json!("ceo@app.example"), &json!("x@spam.example"))
    );
}

#[test]
fn json_has_every_member_that_is_promised() {
    let message = InboundMessage::builder()
        .from("Ann <ann@x.example>")
        .to("inbox@app.example")
        .subject("s")
        .header("Date", "Mon, 2 Jun 2025 10:00:00 +0200")
        .text("text")
        .attachment(Attachment::bytes("a.csv", &b"abc"[..]).content_type("text/csv; charset=utf-8"))
        .attachment(Attachment::bytes("l.png", &b""[..]).with_content_id("l@x"))
        .envelope_sender("b@x.example")
        .envelope_recipient("inbox@app.example")
        .build()
        .unwrap();
    assert_eq!(
        message.to_json(),
        json!({
            "envelope_sender": "b@x.example",
            "envelope_recipients": ["inbox@app.example"],
            "from": {"email": "ann@x.example", "name": "Ann"},
            "to": [{"email": "inbox@app.example", "name": null}],
            "cc": [],
            "bcc": [],
            "reply_to": [],
            "subject": "s",
            "date": "2025-06-02T10:00:00+02:00",
            "text": "text",
            "html": null,
            "attachments": [
                {
                    "filename": "l.png", "content_type": "image/png", "charset": null, "content_id": "l@x",
                    "inline": true, "size": 0,
                    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                },
                {
                    "filename": "a.csv", "content_type": "text/csv", "charset": "utf-8", "content_id": null,
                    "inline": false, "size": 3,
                    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                },
            ],
            "headers": [
                ["From", "Ann <ann@x.example>"],
                ["To", "inbox@app.example"],
                ["Subject", "s"],
                ["Date", "Mon, 02 Jun 2025 10:00:00 +0200"],
                ["MIME-Version", "1.0"],
                ["Content-Type", "multipart/mixed; boundary=\"mixed=_\""],
            ],
            "spf": null,
            "dkim": null,
            "problems": [],
        })
    );
}
