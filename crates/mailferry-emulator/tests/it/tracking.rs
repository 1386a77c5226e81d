//! Mails as their readers get them: what the links in them do, and who hears of it.

use mailferry_emulator::{EmailStatus, Emulator, Reaction, Webhook};
use serde_json::{Value, json};

use crate::client::{Answer, call, get, raw, send, started};
use crate::receiver::Receiver;

const HTML: &str = "<body><p>Hi</p><a href='https://shop.example/?a=1&amp;b=2'>one</a>\
                    <a href=\"https://shop.example/two\">two</a> <a href=\"{{unsubscribe}}\">bye</a></body>";

fn mail() -> Value {
    json!({"html": HTML, "text": "Bye: {{unsubscribe}}"})
}

/// The id of the last email, and its HTML as it is delivered.
fn last(emulator: &Emulator) -> (String, String) {
    let id = emulator.emails().last().unwrap().id().to_owned();
    let html = emulator.delivered_copy(&id).unwrap().html.unwrap();
    (id, html)
}

fn kinds(emulator: &Emulator) -> Vec<&'static str> {
    emulator.activities().iter().map(|activity| activity.kind.name()).collect()
}

/// As somebody's mail program asks: without a token, from a page of somebody else.
async fn follow(emulator: &Emulator, method: &str, url: &str, body: &str) -> Answer {
    let home = emulator.url().trim_end_matches("/v1/");
    let path = url.strip_prefix(home).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: mail.example\r\norigin: https://webmail.example\r\nconnection: close\r\n\
         user-agent: Mozilla/5.0 (iPhone) Version/18.0 Mobile/15E148 Safari/604.1\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    raw(emulator.address(), &head, body.as_bytes()).await.unwrap()
}

/// The value of the first attribute that begins so.
fn value(html: &str, start: &str) -> String {
    let rest = &html[html.find(start).unwrap() + start.len()..];
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_reader_opens_and_clicks() {
    let receiver = Receiver::start().await;
    let emulator =
        started(|builder| builder.webhook(Webhook::new(&receiver.url).events(["activity.clicked", "activity.opened"])))
            .await;
    send(&emulator, &mail()).await;
    let (id, html) = last(&emulator);
    assert_eq!(emulator.emails()[0].html(), Some(HTML), "what tests read stays as it was sent");

    let pixel = follow(&emulator, "GET", &value(&html, "<img src=\""), "").await;
    assert_eq!(
        (pixel.status, pixel.header("content-type"), pixel.header("cache-control")),
        (200, Some("image/gif"), Some("no-store"))
    );
    assert!(pixel.body.starts_with(b"GIF89a"));
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Delivered, "it got there first");
    let first = follow(&emulator, "GET", &value(&html, "<a href=\""), "").await;
    assert_eq!((first.status, first.header("location")), (302, Some("https://shop.example/?a=1&b=2")));
    let second = value(&html, "<a href=\"").replace("/0", "/1");
    assert_eq!(follow(&emulator, "GET", &second, "").await.header("location"), Some("https://shop.example/two"));
    let names = ["queued", "sent", "delivered", "opened", "opened_unique", "clicked", "clicked_unique", "clicked"];
    assert_eq!(kinds(&emulator), names);

    emulator.settled().await;
    let bodies: Vec<Value> = receiver.events();
    let meta = &bodies.iter().find(|body| body["type"] == "activity.clicked").unwrap()["data"]["meta"];
    assert_eq!(meta["url"], "https://shop.example/?a=1&b=2");
    assert_eq!(meta["ip"], "127.0.0.1");
    assert_eq!((&meta["device_type"], &meta["browser"]), (&json!("mobile"), &json!("Safari")));
    assert!(meta["user_agent"].as_str().unwrap().contains("iPhone"));
    assert!(bodies.iter().any(|body| body["type"] == "activity.opened" && body["data"]["email_id"] == *id));
}

#[tokio::test]
async fn unsubscribing_takes_a_button_or_one_click_and_counts_once() {
    let receiver = Receiver::start().await;
    let webhook = Webhook::new(&receiver.url).events(["activity.unsubscribed"]);
    let emulator = started(|builder| builder.webhook(webhook)).await;
    send(&emulator, &mail()).await;
    let id = emulator.emails()[0].id().to_owned();
    let copy = emulator.delivered_copy(&id).unwrap();
    let header = |name: &str| copy.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let url = header("List-Unsubscribe").unwrap().trim_matches(['<', '>']);
    assert_eq!(header("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
    assert_eq!(header("Message-ID"), Some(&*format!("<{id}@mailersend.net>")));
    assert!(copy.html.unwrap().contains(&format!("<a href=\"{url}\">bye</a>")));
    assert_eq!(copy.text.unwrap(), format!("Bye: {url}"));

    let page = follow(&emulator, "GET", url, "").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(page.text().contains("<form method=\"post\">") && page.text().contains("ann@example.org"));
    assert_eq!(kinds(&emulator), ["queued", "sent"], "looking is not unsubscribing");
    for _ in 0..2 {
        assert_eq!(follow(&emulator, "POST", url, "List-Unsubscribe=One-Click").await.status, 200);
    }
    assert!(!follow(&emulator, "GET", url, "").await.text().contains("<form"), "there is nothing left to ask");
    assert_eq!(kinds(&emulator), ["queued", "sent", "delivered", "unsubscribed"]);
    emulator.settled().await;
    assert_eq!(receiver.types(), ["activity.unsubscribed"]);
    let list = get(&emulator, "/v1/suppressions/unsubscribes").await.json();
    assert_eq!(list["data"][0]["recipient"]["email"], "ann@example.org");
    assert!(send(&emulator, &mail()).await.text().contains("ALL_SUPPRESSED"));
}

#[tokio::test]
async fn links_work_only_in_mails_that_got_there() {
    let emulator = started(|builder| builder.paused_domain("example.com")).await;
    send(&emulator, &mail()).await;
    let (id, html) = last(&emulator);
    let (pixel, link) = (value(&html, "<img src=\""), value(&html, "<a href=\""));
    let unsubscribe = pixel.replace("/open/", "/unsubscribe/").replace(".gif", "");
    for rejected in [false, true] {
        if rejected {
            emulator.resume_domain("example.com");
            emulator.react(&id, Reaction::HardBounce).unwrap();
        }
        assert_eq!(follow(&emulator, "GET", &pixel, "").await.status, 200, "a picture has nobody to tell");
        assert_eq!(follow(&emulator, "GET", &link, "").await.status, 409);
        assert_eq!(follow(&emulator, "POST", &unsubscribe, "").await.status, 409);
    }
    assert_eq!(kinds(&emulator), ["queued", "sent", "hard_bounced"]);
    for (method, url, status) in [
        ("GET", link.replace(&id, "69a40e200123456789abcdef"), 404),
        ("GET", pixel.replace(&id, "69a40e200123456789abcdef"), 404),
        ("GET", link.replace("/0", "/2"), 404),
        ("GET", link.replace("/0", "/-1"), 404),
        ("GET", link.replace("/0", "/https:%2F%2Fevil.example"), 404),
        ("GET", pixel.replace(".gif", ".png"), 404),
        ("POST", link.clone(), 405),
        ("DELETE", unsubscribe.clone(), 405),
        ("GET", unsubscribe.replace("/unsubscribe/", "/elsewhere/"), 404),
    ] {
        assert_eq!(follow(&emulator, method, &url, "").await.status, status, "{method} {url}");
    }
}

#[tokio::test]
async fn a_reader_needs_no_token_where_everybody_else_does() {
    let emulator = started(|builder| builder.listen("0.0.0.0:0".parse().unwrap())).await;
    send(&emulator, &mail()).await;
    let (_, html) = last(&emulator);
    assert_eq!(follow(&emulator, "GET", &value(&html, "<a href=\""), "").await.status, 302);
    let emails = format!("{}/_emulator/emails", emulator.url().trim_end_matches("/v1/"));
    assert_eq!(follow(&emulator, "GET", &emails, "").await.status, 401);
}

#[tokio::test]
async fn domains_say_what_is_added() {
    let emulator = started(|builder| builder).await;
    let copy = async |settings: Value, changes: Value| {
        let path = format!("/v1/domains/{}/settings", emulator.domain_id("example.com"));
        assert_eq!(call(&emulator, "PUT", &path, &settings.to_string()).await.status, 200);
        send(&emulator, &changes).await;
        emulator.delivered_copy(emulator.emails().last().unwrap().id()).unwrap()
    };
    let plain = json!({"html": "<body><a href='http://a.example'>a</a></body>", "text": "Hello"});
    let footers = json!({"track_unsubscribe": true, "track_unsubscribe_html_enabled": true,
        "track_unsubscribe_plain_enabled": true, "track_opens": false, "track_clicks": false, "precedence_bulk": true});
    let with = copy(footers, plain.clone()).await;
    assert!(with.html.unwrap().starts_with("<body><a href='http://a.example'>a</a><p>Click here to <a href=\"http://"));
    assert!(with.text.unwrap().starts_with("Hello\n\nClick here to unsubscribe: http://"));
    assert!(with.headers.contains(&("Precedence", "bulk".to_owned())));
    let without = copy(json!({"track_unsubscribe": false, "precedence_bulk": false}), plain.clone()).await;
    assert_eq!(without.html.as_deref(), plain["html"].as_str());
    assert_eq!((without.text.as_deref(), without.headers.len()), (Some("Hello"), 1));
    let top = copy(json!({"track_opens": true, "track_opens_pixel_on_top": true}), plain.clone()).await;
    assert!(top.html.unwrap().starts_with("<body><img src="));
    let mut own = plain;
    own["precedence_bulk"] = json!(true);
    own["list_unsubscribe"] = json!("<https://shop.example/bye>");
    own["settings"] = json!({"track_opens": false, "track_clicks": true});
    let own = copy(json!({}), own).await;
    assert!(own.html.unwrap().starts_with("<body><a href=\"http://127.0.0.1:"));
    let headers: Vec<_> = own.headers[1..].iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        headers,
        [
            "List-Unsubscribe: <https://shop.example/bye>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Precedence: bulk"
        ]
    );
}

/// The word for the link is the service's own, and no variable that is missing.
#[tokio::test]
async fn personalized_mails_keep_the_word_for_unsubscribing() {
    let emulator = started(|builder| builder).await;
    let data = json!([{"email": "ann@example.org", "data": {"name": "Ann"}}]);
    send(&emulator, &json!({"html": "{{name}}: {{ unsubscribe }}", "personalization": data})).await;
    let (id, html) = last(&emulator);
    assert!(html.starts_with("Ann: http://127.0.0.1:") && html.contains(&format!("/unsubscribe/{id}")), "{html}");
}
