//! The documented limits, each with the place it names, and what the setting makes of them.

use mailferry::mailersend::BatchSendMode::UseBulkEmail;
use mailferry::mailersend::MailerSendBuilder;
use mailferry::transport::{ErrorKind, Preflight, Retry, Transport};
use mailferry::{Attachment, Message};
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::support::{NOW, basic, builder};

fn people(count: usize) -> Value {
    (0..count).map(|number| format!("p{number}@x.example")).collect()
}

fn attached(name: &str, content: &[u8]) -> Message {
    basic(json!({})).edit().attach(Attachment::bytes(name, content.to_vec())).build().unwrap()
}

/// Every limit: a message that breaks it, and the place and the word that the finding names.
fn beyond() -> Vec<(Message, &'static str, &'static str)> {
    let mut cases = Vec::new();
    let mut case = |message, path, word| cases.push((message, path, word));
    case(basic(json!({"from": null})), "from", "is missing");
    case(basic(json!({"to": [], "cc": ["c@x.example"]})), "to", "is empty");
    case(basic(json!({"to": people(51)})), "to", "51 recipients");
    case(basic(json!({"cc": people(11)})), "cc", "11 recipients");
    case(basic(json!({"bcc": people(11)})), "bcc", "11 recipients");
    case(basic(json!({"to": ["ann@one.example", "ANN@one.example"]})), "to[1]", "before");
    case(basic(json!({"cc": ["a@bücher.example", "a@xn--bcher-kva.example"]})), "cc[1]", "before");
    case(basic(json!({"to": ["jörg@x.example"]})), "to[0]", "ASCII");
    case(basic(json!({"from": "jörg@x.example"})), "from", "ASCII");
    case(basic(json!({"reply_to": ["jörg@x.example"]})), "reply_to[0]", "ASCII");
    case(basic(json!({"bcc": [format!("{}@x.example", "a".repeat(65))]})), "bcc[0]", "65 octets");
    case(basic(json!({"to": ["\"Lee, Ann\" <ann@one.example>"]})), "to[0]", "`,`");
    case(basic(json!({"to": ["\"Lee; Ann\" <ann@one.example>"]})), "to[0]", "`;`");
    case(basic(json!({"subject": ""})), "subject", "is missing");
    case(basic(json!({"subject": "", "text": "", "template_id": "tpl"})), "subject", "template");
    case(basic(json!({"subject": "é".repeat(999)})), "subject", "999 characters");
    case(basic(json!({"text": null})), "text", "no content");
    case(basic(json!({"text": "x".repeat((2 << 20) + 1)})), "text", "bytes");
    case(basic(json!({"html": "é".repeat((1 << 20) + 1)})), "html", "bytes");
    case(basic(json!({"tags": ["1", "2", "3", "4", "5", "6"]})), "tags", "6 tags");
    case(basic(json!({"tags": ["a", "é".repeat(192)]})), "tags[1]", "192 characters");
    case(basic(json!({"send_at": NOW - 1})), "send_at", "past");
    case(basic(json!({"send_at": NOW + 72 * 3_600 + 1})), "send_at", "72 hours");
    case(basic(json!({"headers": {"X_Y": "1"}})), "headers.X_Y", "hyphens");
    case(basic(json!({"headers": {"Bcc": "x"}})), "headers.Bcc", "recipient");
    case(basic(json!({"headers": {"In-Reply-To": "x".repeat(999)}})), "headers.In-Reply-To", "999");
    case(basic(json!({"headers": {"List-Unsubscribe": "x".repeat(991)}})), "headers.List-Unsubscribe", "991");
    case(attached("setup.exe", b"x"), "attachments[0]", "`.exe`");
    case(attached("README", b"x"), "attachments[0]", "without an extension");
    case(attached(".pdf", b"x"), "attachments[0]", "without an extension");
    case(attached("a.txt", b""), "attachments[0]", "is empty");
    case(attached("a.txt", &vec![b'x'; 25_000_001]), "attachments[0]", "25000001 bytes");
    case(attached("a.pdf", b"\x89PNG\r\n\x1a\n"), "attachments[0]", "looks like `.png`");
    case(basic(json!({"merge_data": {"zoe@x.example": {}}})), "merge_data.zoe@x.example", "no `to` recipient");
    case(
        basic(json!({"merge_data": {"Ann <ann@one.example>": {}}})),
        "merge_data.Ann <ann@one.example>",
        "no `to` recipient",
    );
    case(basic(json!({"merge_data": {"ann@one.example": {"a.b": 1}}})), "merge_data.ann@one.example.a.b", "dot");
    case(basic(json!({"merge_global_data": {"a.b": 1}})), "merge_global_data.a.b", "dot");
    cases
}

fn transport(preflight: Preflight, server: &Capture) -> MailerSendBuilder {
    builder().api_url(server.url()).custom_headers(true).preflight(preflight)
}

/// UNS-05: each limit is refused before the network, with place and remedy, and is no unsupported feature.
#[tokio::test]
async fn a_limit_is_refused_with_its_place() {
    let server = Capture::accepting().await;
    let mailersend = transport(Preflight::Refuse, &server).build().unwrap();
    for (message, path, word) in beyond() {
        let error = mailersend.send(&message).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::InvalidMessage, Retry::Never), "{path}");
        let [finding] = error.preflight() else { panic!("{path}: {:?}", error.preflight()) };
        assert_eq!(finding.path(), path);
        assert!(finding.text().contains(word) && !finding.remedy().is_empty(), "{path}: {finding}");
        assert!(!error.to_string().contains('@'), "{error}");
        assert_eq!(mailersend.check(&message).await.unwrap(), error.preflight());
    }
    assert_eq!(server.connections(), 0);
}

/// Told to warn, it is sent and the finding listed; switched off, nobody looks.
#[tokio::test]
async fn a_limit_may_be_left_to_the_service() {
    let server = Capture::accepting().await;
    let [warning, off] = [Preflight::Warn, Preflight::Off].map(|mode| transport(mode, &server).build().unwrap());
    for (count, (message, path, _)) in beyond().into_iter().enumerate() {
        let status = warning.send(&message).await.unwrap();
        assert_eq!(status.warnings().iter().map(|finding| finding.path().to_owned()).collect::<Vec<_>>(), [path]);
        assert!(off.send(&message).await.unwrap().warnings().is_empty(), "{path}");
        // The figures of an account may differ, so a check tells them in any mode.
        assert_eq!(off.check(&message).await.unwrap().len(), 1, "{path}");
        assert_eq!(server.requests().len(), 2 * count + 2);
    }
}

/// All limits that a message breaks are told at once.
#[tokio::test]
async fn all_limits_are_told_at_once() {
    let message = basic(json!({"from": null, "tags": ["1", "2", "3", "4", "5", "6"], "send_at": 0, "cc": people(11)}));
    let error = builder().build().unwrap().requests(&message).await.unwrap_err();
    let paths: Vec<_> = error.preflight().iter().map(|finding| finding.path().to_owned()).collect();
    assert_eq!(paths, ["from", "cc", "tags", "send_at"]);
}

/// What is just within a limit is nothing to tell.
#[tokio::test]
async fn what_is_within_the_limits_is_not_found() {
    let mailersend = builder().custom_headers(true).build().unwrap();
    let good = [
        basic(json!({"to": people(50), "cc": people(10), "bcc": people(10)})),
        basic(json!({"subject": "é".repeat(998), "tags": ["1", "2", "3", "4", "é".repeat(191).as_str()]})),
        basic(json!({"text": "x".repeat(2 << 20)})),
        basic(json!({"send_at": NOW})),
        basic(json!({"send_at": NOW + 72 * 3_600})),
        basic(json!({"cc": ["\"Lee, Ann\" <ann@one.example>"]})),
        basic(json!({"merge_data": {"ANN@One.example": {"a": {"b.c": 1}}}})),
        basic(json!({"from": null, "subject": null, "text": null, "template_id": "tpl"})),
        attached("PHOTO.JPG", b"\xff\xd8\xff"),
        attached("sheet.xlsx", b"PK\x03\x04"),
        attached("a.txt", &vec![b'x'; 25_000_000]),
    ];
    for message in good {
        assert_eq!(mailersend.check(&message).await.unwrap(), []);
    }
}

/// In a bulk request each object has one `to`, so neither their number nor a repetition matters.
#[tokio::test]
async fn a_bulk_request_takes_any_number() {
    let message = basic(json!({"to": people(60), "merge_data": {}})).edit().to("p0@x.example").build().unwrap();
    let bulk = builder().batch_send_mode(UseBulkEmail).build().unwrap();
    assert_eq!(bulk.check(&message).await.unwrap(), []);
}

/// And each object must fit into a request.
#[tokio::test]
async fn a_bulk_object_over_the_limit_is_found() {
    let bulk = builder().batch_send_mode(UseBulkEmail).build().unwrap();
    let with = |sizes: &[usize]| {
        let message = basic(json!({"merge_data": {}})).edit();
        let attach = |message: mailferry::message::MessageBuilder, size: &usize| {
            message.attach(Attachment::bytes("a.txt", vec![b'x'; *size]))
        };
        sizes.iter().fold(message, attach).build().unwrap()
    };
    assert_eq!(bulk.check(&with(&[18_000_000, 19_000_000])).await.unwrap(), []);
    let large = with(&[19_000_000, 19_000_000]);
    let findings = bulk.check(&large).await.unwrap();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.path(), finding.is_limit()), ("attachments", true));
    assert_eq!(
        builder().build().unwrap().check(&large).await.unwrap(),
        [],
        "no such limit is documented for one message"
    );
}

/// Advice never stops a message.
#[tokio::test]
async fn advice_does_not_stop_a_message() {
    let server = Capture::accepting().await;
    let message = basic(json!({"template_id": "tpl"}));
    let status = transport(Preflight::Refuse, &server).build().unwrap().send(&message).await.unwrap();
    assert_eq!(status.warnings().len(), 1);
    assert_eq!(status.warnings()[0].path(), "template_id");
}

/// What can never be right is refused whatever the setting says.
#[tokio::test]
async fn mistakes_are_refused_in_any_mode() {
    let server = Capture::accepting().await;
    for mode in [Preflight::Refuse, Preflight::Warn, Preflight::Off] {
        let mailersend = transport(mode, &server).build().unwrap();
        for message in [
            basic(json!({"metadata": {"k": 1}})),
            basic(json!({"headers": {"Reply-To": "nobody"}})),
            basic(json!({"attachments": [{"path": "/nonexistent"}]})),
            basic(json!({"esp_extra": {"api_token": ""}})),
        ] {
            mailersend.send(&message).await.unwrap_err();
            mailersend.check(&message).await.unwrap_err();
        }
    }
    assert_eq!(server.connections(), 0);
}
