//! Attachments and inline parts.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry::Message;
use mailferry::message::Attachment;
use mailferry::transport::{ErrorKind, Retry, Transport};
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::support::{basic, body, builder, lenient};

fn with(attachment: Attachment) -> Message {
    basic(json!({})).edit().attach(attachment).build().unwrap()
}

async fn sent(attachment: Attachment) -> Value {
    body(&with(attachment)).await["attachments"][0].clone()
}

/// A file of the test's own, which is removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("mailferry-it-{}-{}", std::process::id(), name.replace('.', "-")));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), content).unwrap();
        Self(folder.join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// ATT-01, ATT-20: name, base64 and disposition; no type, and the bytes unchanged.
#[tokio::test]
async fn an_attachment_has_a_name_and_its_bytes() {
    let expected =
        json!({"filename": "list.csv", "disposition": "attachment", "content": STANDARD.encode("name\r\nZoë\r\n")});
    assert_eq!(sent(Attachment::text("list.csv", "name\r\nZoë\r\n")).await, expected);
    assert_eq!(sent(Attachment::bytes("list.csv", "name\r\nZoë\r\n")).await, expected);
}

/// ATT-01: several stay in order.
#[tokio::test]
async fn attachments_stay_in_order() {
    let message = basic(json!({}))
        .edit()
        .attach(Attachment::text("b.txt", "1"))
        .attach(Attachment::text("a.txt", "2"))
        .build()
        .unwrap();
    let sent = body(&message).await;
    let names: Vec<_> = sent["attachments"].as_array().unwrap().iter().map(|one| one["filename"].clone()).collect();
    assert_eq!(names, ["b.txt", "a.txt"]);
}

/// ATT-22: a file is read when the message is sent, in whatever size.
#[tokio::test]
async fn a_file_is_read_when_it_is_sent() {
    for size in [0, 5, 40_000, 300_001] {
        let content: Vec<u8> = (0..size).map(|byte: u32| byte.to_le_bytes()[0]).collect();
        let file = Scratch::new("report.pdf", b"not yet");
        let message = with(Attachment::file(&file.0));
        std::fs::write(&file.0, &content).unwrap();
        let attachment = &body(&message).await["attachments"][0];
        assert_eq!(attachment["filename"], "report.pdf");
        assert_eq!(STANDARD.decode(attachment["content"].as_str().unwrap()).unwrap(), content);
    }
}

/// A file is streamed, and its length announced.
#[tokio::test]
async fn a_file_is_sent_with_its_length() {
    let file = Scratch::new("large.pdf", &vec![b'x'; 3_000_001]);
    let server = Capture::accepting().await;
    lenient().api_url(server.url()).build().unwrap().send(&with(Attachment::file(&file.0))).await.unwrap();
    let request = server.only();
    assert_eq!(request.header("content-length").unwrap(), request.body.len().to_string());
    assert_eq!(request.header("transfer-encoding"), None);
    let content = request.json()["attachments"][0]["content"].as_str().unwrap().to_owned();
    assert_eq!(STANDARD.decode(content).unwrap(), vec![b'x'; 3_000_001]);
}

/// A file that becomes shorter while it is sent stops the request, which nobody can have accepted.
#[tokio::test]
async fn a_file_that_becomes_shorter_stops_the_request() {
    let file = Scratch::new("shrinks.pdf", b"");
    let open = std::fs::OpenOptions::new().write(true).open(&file.0).unwrap();
    // More than any socket holds, so that the end is not yet read when the server begins.
    open.set_len(200_000_000).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        open.set_len(1_000_000).unwrap();
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    });
    let error = lenient().api_url(url).build().unwrap().send(&with(Attachment::file(&file.0))).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::InvalidMessage, Retry::Never), "{error}");
    assert!(error.to_string().contains("shorter") && error.remedy().is_some(), "{error}");
    drop(server.await.unwrap());
}

/// ATT-11: a text file in another charset is converted, too.
#[tokio::test]
async fn a_text_file_is_converted_to_utf8() {
    let file = Scratch::new("piece.txt", b"pi\xe8ce");
    let attachment = sent(Attachment::file(&file.0).content_type("text/plain; charset=iso-8859-1")).await;
    assert_eq!(attachment["content"], STANDARD.encode("pièce"));
}

/// Text that has to be converted has to be in memory, and not in any amount.
#[tokio::test]
async fn a_huge_text_file_is_not_converted() {
    let file = Scratch::new("huge.txt", b"");
    std::fs::OpenOptions::new().write(true).open(&file.0).unwrap().set_len((64 << 20) + 1).unwrap();
    let attachment = Attachment::file(&file.0).content_type("text/plain; charset=iso-8859-1");
    let error = lenient().build().unwrap().requests(&with(attachment)).await.unwrap_err();
    assert_eq!(error.problems()[0].path(), "attachments[0]");
    assert!(error.to_string().contains("64 MiB"), "{error}");
}

/// ATT-13, ATT-14, ATT-15: bytes are never decoded unless they are text in a declared charset.
#[tokio::test]
async fn bytes_stay_bytes() {
    for content_type in
        ["text/plain", "text/plain; charset=utf-8", "application/x-thing", "application/json; charset=latin1"]
    {
        let attachment = sent(Attachment::bytes("t.dat", &b"\xff\xe8\x00"[..]).content_type(content_type)).await;
        assert_eq!(attachment["content"], STANDARD.encode(b"\xff\xe8\x00"), "{content_type}");
    }
    assert_eq!(
        sent(Attachment::text("t.dat", "日本").content_type("application/x-thing")).await["content"],
        STANDARD.encode("日本")
    );
}

/// ATT-06, ATT-08: an inline part has an id without angle brackets and a name.
#[tokio::test]
async fn inline_parts() {
    let png = b"\x89PNG\r\n\x1a\n";
    let expected =
        json!({"filename": "attachment.png", "disposition": "inline", "id": "logo@x", "content": STANDARD.encode(png)});
    assert_eq!(sent(Attachment::unnamed("image/png", &png[..]).with_content_id("<logo@x>")).await, expected);
    let image = Attachment::inline_image(&png[..]).unwrap();
    let id = image.content_id().unwrap().to_owned();
    let attachment = sent(image).await;
    assert_eq!((&attachment["id"], &attachment["filename"]), (&json!(id), &json!("image.png")));
}

/// ATT-09, ATT-10: a Content-ID makes a part inline unless it is said to be none.
#[tokio::test]
async fn a_content_id_makes_a_part_inline_unless_denied() {
    let read = |inline: Value| {
        let mut attachment = json!({"filename": "a.png", "content": "", "content_id": "<c@x>"});
        if !inline.is_null() {
            attachment["inline"] = inline;
        }
        basic(json!({"attachments": [attachment]}))
    };
    for (inline, disposition, id) in
        [(json!(null), "inline", Some("c@x")), (json!(true), "inline", Some("c@x")), (json!(false), "attachment", None)]
    {
        let attachment = &body(&read(inline)).await["attachments"][0];
        assert_eq!(attachment["disposition"], disposition);
        assert_eq!(attachment.get("id").and_then(Value::as_str), id);
    }
}

/// ATT-16: a mail travels as it is.
#[tokio::test]
async fn an_attached_mail_is_not_changed() {
    let raw = b"Subject: \xe8\nX: 1\r\n\r\nbody\n";
    let attachment = sent(Attachment::message("mail.eml", &raw[..])).await;
    assert_eq!((&attachment["filename"], &attachment["content"]), (&json!("mail.eml"), &json!(STANDARD.encode(raw))));
}

/// ATT-17: a name may be Unicode, and may not break a line.
#[tokio::test]
async fn file_names() {
    assert_eq!(sent(Attachment::text("Žluťoučký kůň.txt", "x")).await["filename"], "Žluťoučký kůň.txt");
    for name in ["a\rb.txt", "a\nb.txt", "a\0b.txt"] {
        let error = Message::builder()
            .attach(Attachment::text("ok.txt", ""))
            .attach(Attachment::text(name, ""))
            .build()
            .unwrap_err();
        assert_eq!(error.problems()[0].path(), "attachments[1].filename");
    }
}

/// ATT-04, ATT-18: a type that the name does not have is advice, for the name decides.
#[tokio::test]
async fn a_type_that_does_not_fit_the_name_is_advice() {
    let message = with(Attachment::text("data.txt", "a,b").content_type("text/csv"));
    let findings = builder().build().unwrap().check(&message).await.unwrap();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.path(), "attachments[0]");
    assert!(!finding.is_limit());
    assert!(finding.text().contains("text/csv") && finding.text().contains("text/plain"), "{finding}");
}

/// ATT-19: an empty one is sent empty where no limit is looked at.
#[tokio::test]
async fn an_empty_attachment_is_empty() {
    assert_eq!(sent(Attachment::text("e.txt", "")).await["content"], "");
}

/// Every file that cannot be read is named at once, before anything is sent.
#[tokio::test]
async fn files_that_cannot_be_read_are_all_named() {
    let message = basic(json!({"attachments": [
        {"path": "/nonexistent/a.pdf"}, {"filename": "b.txt", "content": ""}, {"path": std::env::temp_dir()},
    ]}));
    let error = lenient().build().unwrap().requests(&message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidMessage);
    let paths: Vec<_> = error.problems().iter().map(mailferry::message::Problem::path).collect();
    assert_eq!(paths, ["attachments[0]", "attachments[2]"]);
    assert!(error.to_string().contains("/nonexistent/a.pdf"), "{error}");
}
