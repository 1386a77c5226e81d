//! Mails as they are shown: whatever is in them, nothing of it runs, and nothing is asked of other machines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::MimeHeaders as _;
use mailferry_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Answer, TOKEN, get, raw, send, started};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06";

/// Sends a mail with some fields, and gives the id of its email.
async fn sent(emulator: &Emulator, changes: &Value) -> String {
    assert_eq!(send(emulator, changes).await.status, 202);
    emulator.emails().last().unwrap().id().to_owned()
}

async fn show(emulator: &Emulator, id: &str, what: &str) -> Answer {
    get(emulator, &format!("/_emulator/emails/{id}/{what}")).await
}

fn file(name: &str, content: &[u8], disposition: &str, id: Option<&str>) -> Value {
    json!({"filename": name, "content": STANDARD.encode(content), "disposition": disposition, "id": id})
}

/// What a policy says about one kind of thing.
fn directive<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let policy = answer.header("content-security-policy").unwrap();
    let found = policy.split(';').map(str::trim).find_map(|part| part.strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name} in {policy}")).trim()
}

/// Everything hostile is the browser's to refuse: what matters is that it is told to.
#[tokio::test]
async fn hostile_html_is_shown_under_a_policy_that_lets_it_do_nothing() {
    let emulator = started(|builder| builder).await;
    for hostile in [
        "<script>parent.alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<form action=http://evil.example/><input name=a><button>Go</button></form>",
        "<iframe src=http://evil.example/></iframe>",
        "<object data=http://evil.example/></object><embed src=http://evil.example/>",
        "<style>body{position:fixed;inset:0;z-index:9999;background:url(http://evil.example/)}</style>",
        "<link rel=stylesheet href=http://evil.example/>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    ] {
        let id = sent(&emulator, &json!({"html": hostile})).await;
        for query in ["", "?raw=1", "?remote=1"] {
            let answer = show(&emulator, &id, &format!("html{query}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(directive(&answer, "sandbox"), "allow-popups allow-popups-to-escape-sandbox");
            for nothing in ["default-src", "form-action", "base-uri"] {
                assert_eq!(directive(&answer, nothing), "'none'", "{hostile}");
            }
            let policy = answer.header("content-security-policy").unwrap();
            for never in ["script-src", "frame-src", "connect-src", "object-src", "unsafe-eval", "allow-scripts", "*"] {
                assert!(!policy.contains(never), "{policy}");
            }
            let images = directive(&answer, "img-src");
            assert_eq!(images.ends_with("http: https:"), query == "?remote=1", "{images}");
            assert!(images.starts_with("'self' data: http://localhost https://localhost"), "{images}");
        }
    }
}

#[tokio::test]
async fn nothing_leads_the_reader_on() {
    let emulator = started(|builder| builder).await;
    let html = "<!doctype html><html><head><base href=http://evil.example/><meta http-equiv=refresh content='0;url=http://evil.example/'>\
                </head><body><a href='java&#115;cript:alert(1)'>a</a><a href='http://shop.example/' target=_top>b</a></body></html>";
    let settings = json!({"track_clicks": false, "track_opens": false});
    let id = sent(&emulator, &json!({"html": html, "settings": settings})).await;
    let shown = show(&emulator, &id, "html").await;
    assert_eq!(
        shown.text(),
        "<!doctype html><base target=\"_blank\"><html><head></head><body>\
         <a target=\"_blank\" rel=\"noopener noreferrer\">a</a>\
         <a href='http://shop.example/' target=\"_blank\" rel=\"noopener noreferrer\">b</a></body></html>"
    );
}

#[tokio::test]
async fn links_are_those_of_the_delivered_mail_unless_told_otherwise() {
    let emulator = started(|builder| builder).await;
    let id = sent(&emulator, &json!({"html": "<a href=\"https://shop.example/\">Shop</a>"})).await;
    let shown = show(&emulator, &id, "html").await;
    assert!(shown.text().contains(&format!("href=\"/_emulator/t/click/{id}/0\"")), "{}", shown.text());
    assert!(shown.text().contains(&format!("/_emulator/t/open/{id}.gif")), "{}", shown.text());
    let raw = show(&emulator, &id, "html?raw=1").await;
    assert!(raw.text().contains("https://shop.example/") && !raw.text().contains("/_emulator/"), "{}", raw.text());
    let source = show(&emulator, &id, "source").await;
    assert!(source.text().contains(&format!("{}_emulator/t/click/{id}/0", emulator.url().trim_end_matches("v1/"))));
    assert!(!show(&emulator, &id, "source?raw=1").await.text().contains("_emulator"));
}

#[tokio::test]
async fn images_of_a_mail_are_shown_and_nothing_else_is() {
    let emulator = started(|builder| builder).await;
    let bomb = [&PNG[..16], &[0, 1, 0, 0, 0, 1, 0, 0]].concat();
    let files = json!([
        file("logo.png", PNG, "inline", Some("logo")),
        file("bomb.png", &bomb, "inline", Some("bomb")),
        file("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "inline", Some("svg")),
        file("page.txt", b"<script>alert(1)</script>", "attachment", None),
        file("cut.png", &PNG[..10], "inline", Some("cut")),
    ]);
    let html = "<img src=\"cid:logo\"><img src='CID:svg'><div style=\"background:url(cid:bomb)\">";
    let id = sent(&emulator, &json!({"html": html, "attachments": files})).await;
    let shown = show(&emulator, &id, "html?raw=1").await;
    for position in [0, 2, 1] {
        assert!(shown.text().contains(&format!("attachments/{position}?inline=1")), "{}", shown.text());
    }
    let image = show(&emulator, &id, "attachments/0?inline=1").await;
    assert_eq!((image.status, image.header("content-type"), &image.body[..]), (200, Some("image/png"), PNG));
    assert_eq!(image.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(image.header("x-content-type-options"), Some("nosniff"));
    for (position, status, words) in [
        (1, 422, "4294967296 pixels"),
        (2, 415, "Only PNG, GIF, JPEG and WebP"),
        (3, 415, "Only PNG, GIF, JPEG and WebP"),
        (4, 422, "does not say how large"),
        (5, 404, "no such attachment"),
    ] {
        let answer = show(&emulator, &id, &format!("attachments/{position}?inline=1")).await;
        assert_eq!(answer.status, status, "{position}");
        assert!(answer.json()["message"].as_str().unwrap().contains(words), "{}", answer.text());
    }
    let download = show(&emulator, &id, "attachments/2").await;
    assert_eq!(download.header("content-type"), Some("application/octet-stream"));
    assert_eq!(download.header("content-disposition"), Some("attachment; filename=\"picture.svg\""));
}

#[tokio::test]
async fn the_source_is_the_mail_that_one_reader_gets() {
    let emulator = started(|builder| builder).await;
    let changes = json!({
        "subject": "Grüße, {{ name }}",
        "text": "Hello {{ name }}",
        "html": "<p>Hello {{ name }}</p><img src=\"cid:logo\">",
        "to": [{"email": "ann@example.org", "name": "Änn"}, {"email": "bob@example.org"}],
        "bcc": [{"email": "hidden@example.org"}],
        "headers": [{"name": "X-Order", "value": "42"}],
        "attachments": [file("logo.png", PNG, "inline", Some("logo")), file("Größe.csv", b"a;b", "attachment", None)],
        "personalization": [{"email": "ann@example.org", "data": {"name": "Ann"}}, {"email": "bob@example.org", "data": {"name": "Bob"}}],
        "settings": {"track_clicks": false, "track_opens": false},
    });
    assert_eq!(send(&emulator, &changes).await.status, 202);
    let emails = emulator.emails();
    let bob = emails.iter().find(|email| email.recipient().email == "bob@example.org").unwrap();
    let answer = show(&emulator, bob.id(), "source").await;
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert!(!answer.text().contains("hidden@example.org"), "{}", answer.text());
    assert!(answer.text().is_ascii() && answer.text().lines().all(|line| line.len() < 1_000));

    // Read by something that did not write it.
    let mail = mail_parser::MessageParser::default().parse(answer.text()).unwrap();
    let name = |address: &mail_parser::Address<'_>| address.first().unwrap().name().map(str::to_owned);
    assert_eq!(mail.subject(), Some("Grüße, Bob"));
    assert_eq!(mail.message_id(), Some(&*format!("{}@mailersend.net", bob.id())));
    assert_eq!(
        (name(mail.from().unwrap()), name(mail.to().unwrap())),
        (Some("Shop".to_owned()), Some("Änn".to_owned()))
    );
    assert_eq!(mail.header("X-Order").and_then(|value| value.as_text()), Some("42"));
    assert_eq!(mail.body_text(0).unwrap().trim_end(), "Hello Bob");
    assert_eq!(mail.body_html(0).unwrap().trim_end(), "<p>Hello Bob</p><img src=\"cid:logo\">");
    let files: Vec<_> =
        mail.attachments().map(|part| (part.attachment_name(), part.content_id(), part.contents())).collect();
    assert_eq!(files, [(Some("logo.png"), Some("logo"), PNG), (Some("Größe.csv"), None, &b"a;b"[..])]);
    let kinds: Vec<_> = answer.text().lines().filter(|line| line.starts_with("Content-Type: multipart/")).collect();
    let kinds: Vec<_> = kinds.iter().map(|line| line.split(['/', ';']).nth(1).unwrap()).collect();
    assert_eq!(kinds, ["mixed", "alternative", "related"]);
    let text = show(&emulator, bob.id(), "text").await;
    assert_eq!((text.text(), text.header("content-type")), ("Hello Bob", Some("text/plain; charset=utf-8")));
}

#[tokio::test]
async fn headers_cannot_be_put_in() {
    let emulator = started(|builder| builder).await;
    let to = json!([{"email": "ann@example.org", "name": "Ann\r\nBcc: eve@example.org"}]);
    let changes =
        json!({"to": to, "subject": "Hi\r\nX-Evil: 1", "headers": [{"name": "X-A", "value": "1\r\nX-Evil: 1"}]});
    let id = sent(&emulator, &changes).await;
    let source = show(&emulator, &id, "source").await;
    assert!(
        !source.text().lines().any(|line| line.starts_with("X-Evil") || line.starts_with("Bcc")),
        "{}",
        source.text()
    );
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let emulator = started(|builder| builder).await;
    let id = sent(&emulator, &json!({})).await;
    assert_eq!(show(&emulator, &id, "html").await.json()["message"], "The email has no HTML, only text.");
    let html = sent(&emulator, &json!({"text": null, "html": "<p>x"})).await;
    assert_eq!(show(&emulator, &html, "text").await.status, 404);
    for what in ["html", "text", "source", "attachments/0"] {
        assert_eq!(show(&emulator, "67618140bf85c862710f2c5a", what).await.status, 404, "{what}");
    }
}

/// A frame that nothing is trusted in sends no cookie, but its images have to be there.
#[tokio::test]
async fn images_are_shown_to_readers_on_other_machines() {
    let emulator = started(|builder| builder.listen(([0, 0, 0, 0], 0).into())).await;
    let address = (std::net::Ipv4Addr::LOCALHOST, emulator.address().port()).into();
    let ask = async |path: &str, token: &str| {
        let head = format!(
            "GET /_emulator/emails/{path} HTTP/1.1\r\nhost: box.example\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        raw(address, &head, b"").await.unwrap()
    };
    let changes = json!({"html": "<img src=cid:a>", "attachments": [file("a.png", PNG, "inline", Some("a")), file("b.png", PNG, "inline", Some("b"))]});
    let body = crate::client::message(&changes).to_string();
    let head = crate::client::head("POST", "/v1/email", TOKEN, body.len());
    assert_eq!(raw(address, &head, body.as_bytes()).await.unwrap().status, 202);
    let id = emulator.emails()[0].id().to_owned();
    assert_eq!(ask(&format!("{id}/html"), "").await.status, 401);
    let shown = ask(&format!("{id}/html?raw=1"), TOKEN).await;
    let (_, rest) = shown.text().split_once("src=\"").unwrap();
    let (url, _) = rest.split_once('"').unwrap();
    assert_eq!(ask(&format!("{id}/{url}"), "").await.status, 200, "{url}");
    for other in
        [url.replace("attachments/0", "attachments/1"), "attachments/0?inline=1".to_owned(), "attachments/0".to_owned()]
    {
        assert_eq!(ask(&format!("{id}/{other}"), "").await.status, 401, "{other}");
    }
}

#[tokio::test]
async fn a_large_mail_is_shown() {
    let emulator = started(|builder| builder).await;
    let html = format!("<table>{}</table>", "<tr><td><a href=x>é</a><img src=cid:x>".repeat(40_000));
    let object = json!({"html": html});
    let id = sent(&emulator, &object).await;
    let shown = show(&emulator, &id, "html?raw=1").await;
    assert_eq!((shown.status, shown.text().matches("<a href=x target=").count()), (200, 40_000));
    let unclosed = sent(&emulator, &json!({"html": "<a href='".repeat(100_000)})).await;
    assert_eq!(show(&emulator, &unclosed, "html").await.status, 200);
    let comments = sent(&emulator, &json!({"html": "<!-- ".repeat(100_000) + &"<!---->".repeat(100_000)})).await;
    assert_eq!(show(&emulator, &comments, "html?raw=1").await.status, 200);
}
