//! A message made of flags.

use serde_json::json;

use crate::capture::Capture;
use crate::session::Session;

#[test]
fn every_flag_has_its_place_in_the_request() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url)
        .file("body.html", "<img src='cid:logo.png'>")
        .file("logo.png", b"\x89PNG\r\n\x1a\n1")
        .file("b=c.png", b"\x89PNG\r\n\x1a\n2")
        .file("d.png", b"\x89PNG\r\n\x1a\n3")
        .file("data.csv", "a,b\n");
    let done = session.run([
        "send",
        "--json",
        "--preflight",
        "off",
        "--custom-headers",
        "--batch-send-mode",
        "expose-to-list",
        "--from",
        "Shop <shop@example.com>",
        "--to",
        "Ann Lee <ann@example.com>, Bob <bob@example.com>",
        "--to",
        "cy@example.com",
        "--cc",
        "c@example.com",
        "--bcc",
        "d@example.com",
        "--reply-to",
        "r@example.com",
        "--subject",
        "Hi {{ name }}",
        "--text",
        "Hello",
        "--html-file",
        "body.html",
        "--header",
        "X-Campaign: may: 1",
        "--attach",
        "data.csv",
        "--inline",
        "logo.png",
        "--inline",
        "b=c.png",
        "--inline",
        "d.png=dee",
        "--send-at",
        "1893456000",
        "--tag",
        "a",
        "--tag",
        "b",
        "--track-opens",
        "true",
        "--track-clicks",
        "false",
        "--template",
        "t1",
        "--merge",
        "ann@example.com:name=Ann",
        "--merge",
        "ann@example.com:no=1=2",
        "--merge-global",
        "day=May 15",
        "--esp-extra",
        r#"{"settings": {"track_content": true}}"#,
    ]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let expected = json!({
        "from": {"email": "shop@example.com", "name": "Shop"},
        "to": [{"email": "ann@example.com", "name": "Ann Lee"}, {"email": "bob@example.com", "name": "Bob"},
               {"email": "cy@example.com"}],
        "cc": [{"email": "c@example.com"}],
        "bcc": [{"email": "d@example.com"}],
        "reply_to": {"email": "r@example.com"},
        "subject": "Hi {{ name }}",
        "text": "Hello",
        "html": "<img src='cid:logo.png'>",
        "headers": [{"name": "X-Campaign", "value": "may: 1"}],
        "attachments": [
            {"filename": "data.csv", "content": "YSxiCg==", "disposition": "attachment"},
            {"filename": "logo.png", "content": "iVBORw0KGgox", "disposition": "inline", "id": "logo.png"},
            {"filename": "b=c.png", "content": "iVBORw0KGgoy", "disposition": "inline", "id": "b=c.png"},
            {"filename": "d.png", "content": "iVBORw0KGgoz", "disposition": "inline", "id": "dee"},
        ],
        "send_at": 1_893_456_000,
        "tags": ["a", "b"],
        "settings": {"track_clicks": false, "track_opens": true, "track_content": true},
        "template_id": "t1",
        "personalization": [
            {"email": "ann@example.com", "data": {"day": "May 15", "name": "Ann", "no": "1=2"}},
            {"email": "bob@example.com", "data": {"day": "May 15"}},
            {"email": "cy@example.com", "data": {"day": "May 15"}},
        ],
    });
    assert_eq!(server.received()[0].json(), expected);
}

#[test]
fn text_may_come_from_standard_input() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url);
    let message = ["--from", "shop@example.com", "--to", "ann@example.com", "--subject", "Hi", "--text-file", "-"];
    let done = session.pipe("Grüße\n".as_bytes(), ["send", "--json"].iter().chain(&message));
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(server.received()[0].json()["text"], "Grüße\n");
}

#[test]
fn mistakes_name_the_field() {
    let session = Session::sending_to("http://127.0.0.1:1/v1/").file("binary.txt", b"\xff\xfe\0");
    for (args, code, words) in [
        (&["--to", "nobody"][..], 3, "`to[0]`: invalid email address 'nobody'"),
        (&["--to", "a@example.com\r\nBcc: b@example.com"], 3, "`to[0]`"),
        (&["--subject", "a\nb"], 3, "`subject`: holds a line break"),
        (&["--header", "X Y: 1"], 3, "`headers.X Y`: not a header name"),
        (&["--send-at", "tomorrow"], 3, "`send_at`: not a time"),
        (&["--envelope-sender", "b@example.com"], 3, "envelope_sender"),
        (&["--metadata", "a=b"], 3, "metadata"),
        (&["--attach", "missing.pdf"], 3, "missing.pdf"),
        (&["--inline", "missing.png"], 3, "missing.png"),
        (&["--text-file", "missing.txt"], 3, "missing.txt cannot be read"),
        (&["--text-file", "binary.txt"], 3, "UTF-8"),
        (&["--html-file", "."], 3, "cannot be read"),
        (&["--esp-extra", "{\"api_token\": \"mlsn.not-to-be-printed\"}"], 2, "everyone on this machine can read flags"),
        (&["--esp-extra", "{\"api-token\": \"mlsn.not-to-be-printed\"}"], 2, "set MAILERSEND_API_TOKEN"),
        (&["--esp-extra", "{\"api_token\": \"mlsn.not-to-be-printed"], 2, "not a JSON object"),
    ] {
        let rest = ["--from", "shop@example.com", "--to", "ann@example.com", "--text", "x"];
        let rest = if args[0].starts_with("--text") { &rest[..4] } else { &rest };
        let done = session.run(["send"].iter().chain(args).chain(rest));
        assert_eq!((done.code, done.stdout.as_str()), (code, ""), "{args:?}: {done}");
        assert!(done.stderr.contains(words), "{words}: {done}");
    }
}
