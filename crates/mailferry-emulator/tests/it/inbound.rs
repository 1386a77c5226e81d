//! Inbound routes: how they are kept, which mail they take, and what they are told byte for byte.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{Comparer, Emulator, InboundMail, InboundRoute, NotReceived, Retries, Webhook};
use serde_json::{Value, json};

use crate::client::{Answer, TOKEN, call, get, post, raw, send, started};
use crate::receiver::{Answer as Reaction, Receiver, hmac};

const MAIL: &str = "Received: from a.example by b.example\r\n\tfor <help@in.example>; Fri, 3 Mar 2023 18:22:04 -0800\r\n\
Received: from c.example\r\n\
From: =?UTF-8?Q?J=C3=B6rg?= <joerg@y.test>\r\n\
To: Help <help@in.example>, other@z.test\r\n\
Cc: copy@z.test\r\n\
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= / hello\r\n\
Date: Fri, 3 Mar 2023 18:22:03 -0800\r\n\
Message-ID: <1@y.test>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=m\r\n\
\r\n\
--m\r\n\
Content-Type: multipart/related; boundary=r\r\n\
\r\n\
--r\r\n\
Content-Type: multipart/alternative; boundary=a\r\n\
\r\n\
--a\r\n\
Content-Type: text/plain; charset=iso-8859-1\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
Gr=FC=DFe\r\n\
--a\r\n\
Content-Type: text/html; charset=utf-8\r\n\
\r\n\
<img src=\"cid:pic\">\r\n\
--a--\r\n\
--r\r\n\
Content-Type: image/png; name=a.png\r\n\
Content-Disposition: inline; filename=a.png\r\n\
Content-ID: <pic>\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
iVBORw0KGgo=\r\n\
--r--\r\n\
--m\r\n\
Content-Type: text/csv; charset=iso-8859-1; name=d.csv\r\n\
Content-Disposition: attachment; filename=d.csv\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
a;=E4\r\n\
--m--\r\n";

/// An emulator with one route for all of `in.example`, and who receives its mail.
async fn routed(route: impl FnOnce(InboundRoute) -> InboundRoute) -> (Emulator, Receiver) {
    let receiver = Receiver::start().await;
    let route = route(InboundRoute::to(&receiver.url).domain("in.example").secret("inbound-secret"));
    (started(|builder| builder.inbound_route(route)).await, receiver)
}

async fn ask(emulator: &Emulator, path: &str, headers: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost:1\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    raw(emulator.address(), &head, body).await.unwrap()
}

async fn form(emulator: &Emulator, form: &Value) -> Answer {
    ask(emulator, "/_emulator/inbound", "content-type: application/json\r\n", form.to_string().as_bytes()).await
}

/// As PHP writes a text into JSON.
fn escaped(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap().replace('/', "\\/");
    text.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect()
}

#[tokio::test]
async fn the_webhook_is_told_byte_for_byte() {
    let (emulator, receiver) = routed(|route| route).await;
    let taken = emulator.receive(MAIL, "bounce@y.test", ["help@in.example", "ALL@in.example"]).unwrap();
    emulator.settled().await;
    let posted = receiver.posted();
    assert_eq!(posted.len(), 1);
    let expected = format!(
        concat!(
            r#"{{"type":"inbound.message","inbound_id":"{route}","url":{url},"created_at":"2026-03-01T10:00:00.000000Z","#,
            r#""data":{{"object":"message","id":"{id}","recipients":{{"rcptTo":[{{"email":"help@in.example"}},{{"email":"ALL@in.example"}}],"#,
            r#""to":{{"raw":"Help <help@in.example>, other@z.test","data":[{{"email":"help@in.example","name":"Help"}},{{"email":"other@z.test","name":null}}]}},"#,
            r#""cc":{{"raw":"copy@z.test","data":[{{"email":"copy@z.test","name":null}}]}}}},"#,
            r#""from":{{"email":"joerg@y.test","name":"J\u00f6rg","raw":"=?UTF-8?Q?J=C3=B6rg?= <joerg@y.test>"}},"#,
            r#""sender":{{"email":"bounce@y.test"}},"subject":"Gr\u00fc\u00dfe \/ hello","date":"Fri, 3 Mar 2023 18:22:03 -0800","#,
            r#""headers":{{"X-Envelope-From":"<bounce@y.test>","Received":["from a.example by b.example\r\n\tfor <help@in.example>; Fri, 3 Mar 2023 18:22:04 -0800","from c.example"],"#,
            r#""From":"=?UTF-8?Q?J=C3=B6rg?= <joerg@y.test>","To":"Help <help@in.example>, other@z.test","Cc":"copy@z.test","#,
            r#""Subject":"=?UTF-8?Q?Gr=C3=BC=C3=9Fe?= \/ hello","Date":"Fri, 3 Mar 2023 18:22:03 -0800","Message-ID":"<1@y.test>","#,
            r#""MIME-Version":"1.0","Content-Type":"multipart\/mixed; boundary=m"}},"#,
            r#""text":"Gr\u00fc\u00dfe","html":"<img src=\"cid:pic\">","raw":{raw},"#,
            r#""attachments":[{{"file_name":"a.png","content_type":"image\/png","content_disposition":"inline","content_id":"pic","size":8,"content":"iVBORw0KGgo="}},"#,
            r#"{{"file_name":"d.csv","content_type":"text\/csv","content_disposition":"attachment","size":3,"content":"YTvk"}}],"#,
            r#""spf_check":{{"code":"+","value":null}},"dkim_check":false,"created_at":"2026-03-01T10:00:00.000000Z"}}}}"#,
        ),
        route = emulator.inbound_routes()[0].id(),
        url = escaped(&receiver.url),
        id = taken.messages()[0].id(),
        raw = escaped(&format!("X-Envelope-From: <bounce@y.test>\r\n{MAIL}")),
    );
    assert_eq!(String::from_utf8(posted[0].body.clone()).unwrap(), expected);
    assert_eq!(posted[0].header("signature"), Some(hmac("inbound-secret", &posted[0].body).as_str()));
    assert_eq!(posted[0].header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn mails_without_much_are_told_too() {
    let (emulator, receiver) = routed(|route| route).await;
    emulator.receive("X: y\n\nbare\nlines\rends", "", ["a@in.example"]).unwrap();
    emulator.receive(b"", "a@b.test\r\nX-Evil: 1", ["a@in.example"]).unwrap();
    emulator.receive(b"Subject: \xff\r\n\r\n\xff", "", ["a@in.example"]).unwrap();
    emulator.settled().await;
    let events = receiver.events();
    let data = &events[0]["data"];
    assert_eq!(data["raw"], "X-Envelope-From: <>\r\nX: y\r\n\r\nbare\r\nlines\r\nends");
    assert_eq!(data["sender"], json!({"email": ""}));
    assert_eq!(data["recipients"], json!({"rcptTo": [{"email": "a@in.example"}]}));
    assert_eq!(data["from"], json!({"email": null, "name": null, "raw": null}));
    assert_eq!((&data["subject"], &data["date"], &data["html"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!((&data["text"], &data["attachments"]), (&json!("bare\r\nlines\r\nends"), &json!([])));
    assert_eq!(events[1]["data"]["headers"], json!({"X-Envelope-From": "<a@b.testX-Evil: 1>"}));
    assert_eq!(events[2]["data"]["raw"], "X-Envelope-From: <>\r\nSubject: \u{fffd}\r\n\r\n\u{fffd}");
}

/// An attached mail is a file, and its text is not this mail's.
#[tokio::test]
async fn an_attached_mail_is_a_file() {
    let (emulator, receiver) = routed(|route| route).await;
    let mail = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nouter\r\n--b\r\n\
                Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--b--\r\n";
    emulator.receive(mail, "a@b.test", ["a@in.example"]).unwrap();
    emulator.settled().await;
    let data = &receiver.events()[0]["data"];
    assert_eq!(data["text"], "outer");
    let file = &data["attachments"][0];
    assert_eq!((&file["file_name"], &file["content_type"]), (&json!("message.eml"), &json!("message/rfc822")));
    assert!(STANDARD.decode(file["content"].as_str().unwrap()).unwrap().starts_with(b"Subject: in\r\n\r\ninner"));
}

#[tokio::test]
async fn routes_catch_and_want() {
    let mail = "From: Ann <ann@shop.test>\r\nX-Kind: order\r\nX-Kind: urgent\r\n\r\nhi";
    let check = async |route: fn(InboundRoute) -> InboundRoute, to: &str, expected: Result<(), NotReceived>| {
        let emulator = started(|builder| builder.inbound_route(route(InboundRoute::to("http://127.0.0.1:1/")))).await;
        let result = emulator.receive(mail, "env@else.test", [to]).map(|_| ());
        assert_eq!(result, expected, "{:?} {to}", route(InboundRoute::to("")));
    };
    let (taken, nobody, unwanted) = (Ok(()), Err(NotReceived::NoRoute), Err(NotReceived::Unwanted));
    check(|route| route.domain("In.Example"), "x@IN.example", taken).await;
    check(|route| route.domain("in.example"), "x@sub.in.example", nobody).await;
    check(|route| route, "x@in.example", nobody).await;
    let catching = |route: InboundRoute| route.domain("in.example").catch_recipient(Comparer::StartsWith, "help");
    check(catching, "HELP+1@in.example", taken).await;
    check(catching, "sales@in.example", nobody).await;
    let wanting = |route: InboundRoute| route.domain("in.example").match_header("x-kind", Comparer::Equal, "urgent");
    check(wanting, "a@in.example", taken).await;
    let unwanting =
        |route: InboundRoute| route.domain("in.example").match_header("x-kind", Comparer::NotEqual, "order");
    check(unwanting, "a@in.example", unwanted).await;
    check(both, "a@in.example", unwanted).await;
    check(|route| both(route).any_filter(), "a@in.example", taken).await;
}

fn both(route: InboundRoute) -> InboundRoute {
    let route = route.domain("in.example").match_header("x-kind", Comparer::Equal, "order");
    route.match_header("x-none", Comparer::Contains, "a")
}

#[tokio::test]
async fn several_routes_are_asked_by_priority() {
    let receiver = Receiver::start().await;
    let route = |name: &str| InboundRoute::to(&receiver.url).name(name).domain("in.example");
    let emulator = started(|builder| {
        let urgent = route("urgent").priority(1).match_header("X-Kind", Comparer::Equal, "urgent");
        let help = route("help").priority(2).catch_recipient(Comparer::StartsWith, "help@");
        builder.inbound_route(route("rest").priority(9)).inbound_route(urgent).inbound_route(help)
    })
    .await;
    let ids: Vec<String> = emulator.inbound_routes().iter().map(|route| route.id().to_owned()).collect();
    let (rest, urgent, help) = (&ids[0], &ids[1], &ids[2]);
    let routes = |mail: &str, to: &[&str]| -> Vec<(String, Vec<String>)> {
        let taken = emulator.receive(mail, "", to.iter().copied()).unwrap();
        taken.messages().iter().map(|m| (m.route_id().to_owned(), m.recipients().to_vec())).collect()
    };
    let to = ["help@in.example", "a@in.example", "b@in.example", "c@elsewhere.test"];
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(routes("X-Kind: urgent\r\n\r\n", &to), [(urgent.clone(), texts(&to[..3]))]);
    assert_eq!(routes("X-Kind: no\r\n\r\n", &to), [(help.clone(), texts(&to[..1])), (rest.clone(), texts(&to[1..3]))]);
    let unrouted = emulator.receive("", "", to).unwrap();
    assert_eq!(unrouted.unrouted(), ["c@elsewhere.test"]);
}

#[tokio::test]
async fn files_of_other_kinds_are_rejected_and_announced() {
    let (emulator, receiver) = routed(|route| route).await;
    let events = Receiver::start().await;
    emulator.register_webhook(Webhook::new(&events.url));
    let mail = || InboundMail::new("a@b.test", "x@in.example");
    let rejected = emulator.receive_mail(mail().attachment("a.exe", "application/x-msdownload", "MZ"));
    assert_eq!(rejected, Err(NotReceived::AttachmentType));
    let large = mail().attachment("a.txt", "text/plain", vec![b'x'; 25 * 1024 * 1024 + 1]);
    assert_eq!(emulator.receive_mail(large), Err(NotReceived::AttachmentSize));
    emulator.settled().await;
    assert_eq!((receiver.count(), emulator.received().len()), (0, 0));
    let told: Vec<_> = events.events();
    let reasons: Vec<&Value> = told.iter().map(|event| &event["data"]["reason"]).collect();
    assert_eq!(reasons, ["unsupported_attachment_type", "attachment_size_exceeded"]);
    assert_eq!(told[0]["type"], "inbound_message.rejected");
    assert_eq!(told[0]["data"]["inbound_id"], emulator.inbound_routes()[0].id());
}

/// INB-12: what cannot be posted is lost, and only an event tells of it.
#[tokio::test]
async fn a_failed_forward_is_announced_and_not_repeated() {
    let (emulator, receiver) = routed(|route| route).await;
    let events = Receiver::start().await;
    emulator.register_webhook(Webhook::new(&events.url));
    receiver.then(Reaction::Status(500));
    let id = emulator.receive("", "", ["a@in.example"]).unwrap().messages()[0].id().to_owned();
    emulator.settled().await;
    emulator.clock().advance(Duration::from_hours(100));
    emulator.settled().await;
    assert_eq!(receiver.count(), 1);
    let data = json!({
        "domain_id": emulator.domain_id("in.example"),
        "inbound_id": emulator.inbound_routes()[0].id(),
        "inbound_message_id": id,
    });
    let told = events.events();
    assert_eq!((told.len(), &told[0]["type"], &told[0]["data"]), (1, &json!("inbound_forward.failed"), &data));
}

#[tokio::test]
async fn repetitions_can_be_asked_for() {
    let receiver = Receiver::start().await;
    let route = InboundRoute::to(&receiver.url).domain("in.example");
    let emulator = started(|builder| builder.inbound_route(route).inbound_retries(Retries::twice())).await;
    receiver.then(Reaction::Nothing);
    emulator.receive("", "", ["a@in.example"]).unwrap();
    emulator.settled().await;
    emulator.clock().advance(Duration::from_secs(10));
    emulator.settled().await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn a_form_is_received() {
    let (emulator, receiver) = routed(|route| route).await;
    let answer = form(
        &emulator,
        &json!({
            "from": "Ann <ann@y.test>", "to": ["Help <help@in.example>", "x@elsewhere.test"], "subject": "Grüße",
            "text": "hi", "html": "<p>hi</p>", "headers": [{"name": "X-Kind", "value": "a"}],
            "attachments": [
                {"filename": "a.txt", "content": "aGk=", "content_type": "text/plain"},
                {"filename": "p.png", "content": "aGk=", "content_type": "image/png", "content_id": "p"},
            ],
        }),
    )
    .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["unrouted"], json!(["x@elsewhere.test"]));
    emulator.settled().await;
    let data = &receiver.events()[0]["data"];
    assert_eq!((&data["id"], &data["subject"]), (&answer.json()["messages"][0]["id"], &json!("Grüße")));
    assert_eq!((&data["headers"]["X-Kind"], data["attachments"].as_array().unwrap().len()), (&json!("a"), 2));

    let refused = form(&emulator, &json!({"from": "a@b.test", "to": "x@elsewhere.test"})).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("no inbound route listens"), "{}", refused.text());
    assert_eq!(form(&emulator, &json!({"from": "a@b.test"})).await.status, 400);
    let broken = json!({"from": "a", "to": "a@in.example", "attachments": [{"filename": "f", "content": "?"}]});
    assert_eq!(form(&emulator, &broken).await.status, 400);
}

#[tokio::test]
async fn a_raw_mail_is_received_and_listed() {
    let (emulator, receiver) = routed(|route| route).await;
    let path = "/_emulator/inbound?from=a%2Bb@y.test&to=help@in.example&to=c@in.example";
    let answer = ask(&emulator, path, "content-type: message/rfc822\r\n", b"Subject: x\n\nhi").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    emulator.settled().await;
    assert_eq!(receiver.events()[0]["data"]["sender"]["email"], "a+b@y.test");
    let listed = get(&emulator, "/_emulator/inbound").await.json();
    assert_eq!(listed, answer.json()["messages"]);
    assert_eq!(listed[0]["recipients"], json!(["help@in.example", "c@in.example"]));
    let id = listed[0]["id"].as_str().unwrap();
    let shown = get(&emulator, &format!("/_emulator/inbound/{id}")).await;
    assert_eq!(shown.text(), "X-Envelope-From: <a+b@y.test>\r\nSubject: x\r\n\r\nhi");
    assert_eq!(shown.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(get(&emulator, "/_emulator/inbound/none").await.status, 404);
    let lost = ask(&emulator, "/_emulator/inbound", "content-type: message/rfc822\r\n", b"").await;
    assert_eq!(lost.status, 400);
}

#[tokio::test]
async fn web_pages_of_others_cannot_post() {
    let (emulator, _receiver) = routed(|route| route).await;
    let body = json!({"from": "a@b.test", "to": "a@in.example"}).to_string();
    let check = async |headers: &str, expected| {
        let answer = ask(&emulator, "/_emulator/inbound", headers, body.as_bytes()).await;
        assert_eq!(answer.status, expected, "{headers}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    };
    let json = "content-type: application/json\r\n";
    check(json, 202).await;
    check(&format!("{json}origin: http://localhost:1\r\n"), 202).await;
    check(&format!("{json}origin: http://evil.example\r\n"), 403).await;
    check(&format!("{json}origin: null\r\n"), 403).await;
    // What a form or a script may send without asking first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        check(&format!("content-type: {kind}\r\n"), 415).await;
    }
    // A name that leads to this machine, in a page of that name.
    let head = format!(
        "POST /_emulator/inbound HTTP/1.1\r\nhost: evil.example:1\r\norigin: http://evil.example:1\r\n{json}connection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    assert_eq!(raw(emulator.address(), &head, body.as_bytes()).await.unwrap().status, 403);
}

#[tokio::test]
async fn other_machines_need_a_token() {
    let emulator = started(|builder| builder.listen(([0, 0, 0, 0], 0).into())).await;
    let address = (std::net::Ipv4Addr::LOCALHOST, emulator.address().port()).into();
    let status = async |token: &str| {
        let head = format!(
            "POST /_emulator/inbound HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n"
        );
        raw(address, &head, b"{}").await.unwrap().status
    };
    assert_eq!((status("mlsn.wrong").await, status(TOKEN).await), (401, 400));
}

#[tokio::test]
async fn a_reader_answers() {
    let (emulator, receiver) = routed(|route| route).await;
    send(&emulator, &json!({"subject": "Order", "reply_to": {"email": "help@in.example"}})).await;
    send(&emulator, &json!({})).await;
    let ids: Vec<String> = emulator.emails().iter().map(|email| email.id().to_owned()).collect();
    let path = format!("/_emulator/emails/{}/reply", ids[0]);
    let answer = ask(&emulator, &path, "content-type: application/json\r\n", br#"{"text":"Thanks"}"#).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    emulator.settled().await;
    let data = &receiver.events()[0]["data"];
    assert_eq!((&data["subject"], &data["from"]["email"]), (&json!("Re: Order"), &json!("ann@example.org")));
    assert_eq!(data["recipients"]["rcptTo"], json!([{"email": "help@in.example"}]));
    let original = format!("<{}@mailersend.net>", ids[0]);
    assert_eq!((&data["headers"]["In-Reply-To"], &data["headers"]["References"]), (&json!(original), &json!(original)));
    // Nothing listens for the sender, so the route's own address is written to.
    let answered = emulator.reply(&ids[1], "Hello").unwrap();
    assert_eq!(answered.messages()[0].recipients(), [emulator.inbound_routes()[0].address()]);
    assert!(answered.messages()[0].raw().contains("To: shop@example.com\r\n"));
    assert_eq!(emulator.reply("none", "x"), Err(NotReceived::NoEmail));
    let lost = ask(&emulator, "/_emulator/emails/none/reply", "content-type: application/json\r\n", br#"{"text":""}"#);
    assert_eq!(lost.await.status, 404);
}

fn route(emulator: &Emulator, changes: &Value) -> Value {
    crate::route_rules::route(&emulator.domain_id("example.com"), changes)
}

#[tokio::test]
async fn routes_are_kept_by_the_api() {
    let emulator = started(|builder| builder).await;
    let changes = json!({
        "domain_enabled": true, "inbound_domain": "In.Example", "inbound_priority": 7,
        "catch_filter": {"type": "catch_recipient", "filters": [{"comparer": "equal", "value": "a@in.example"}]},
        "match_filter": {"type": "match_header", "filters": [{"comparer": "contains", "value": "v", "key": "X"}]},
        "catch_type": "one",
        "forwards": [{"type": "webhook", "value": "http://127.0.0.1:1/a"}, {"type": "email", "value": "a@b.test"}],
    });
    let created = post(&emulator, "/v1/inbound", &route(&emulator, &changes)).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let data = &created.json()["data"];
    let (id, address) = (data["id"].as_str().unwrap(), data["address"].as_str().unwrap());
    let secret = data["forwards"][0]["secret"].as_str().unwrap();
    assert_eq!((id.len(), secret.len()), (16, 32));
    assert!(address.len() == 20 + 23 && address.ends_with("@inbound.mailersend.net"), "{address}");
    let expected = format!(
        concat!(
            r#"{{"data":{{"id":"{}","name":"Support","address":"{}","domain":"in.example","dns_checked_at":null,"enabled":true,"#,
            r#""filters":[{{"type":"catch_recipient","key":null,"comparer":"equal","value":"a@in.example"}},"#,
            r#"{{"type":"match_header","key":"X","comparer":"contains","value":"v"}}],"#,
            r#""forwards":[{{"type":"webhook","value":"http:\/\/127.0.0.1:1\/a","secret":"{}"}},"#,
            r#"{{"type":"email","value":"a@b.test","secret":null}}],"priority":7,"#,
            r#""mxValues":{{"priority":"10","target":"inbound.mailersend.net"}},"catch_type":"one","match_type":"all"}}}}"#,
        ),
        id, address, secret
    );
    assert_eq!(created.text(), expected);
    let path = format!("/v1/inbound/{id}");
    assert_eq!(get(&emulator, &path).await.text(), expected);

    // A URL that stays keeps its secret, another one gets another.
    let forwards = json!([
        {"type": "webhook", "value": "http://127.0.0.1:1/b"}, {"type": "webhook", "value": "http://127.0.0.1:1/a"},
    ]);
    let body = route(&emulator, &json!({"name": "New", "forwards": forwards})).to_string();
    let put = call(&emulator, "PUT", &path, &body).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let put = put.json();
    let data = &put["data"];
    assert_eq!((&data["name"], &data["domain"], &data["address"]), (&json!("New"), &json!(null), &json!(address)));
    assert_eq!(data["forwards"][1]["secret"], json!(secret));
    assert_ne!(data["forwards"][0]["secret"], json!(secret));
    assert!(data["filters"].as_array().unwrap().iter().any(|filter| filter["type"] == "match_all"));

    let deleted = call(&emulator, "DELETE", &path, "").await;
    assert_eq!((deleted.status, deleted.body.len(), deleted.header("content-type")), (204, 0, None));
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(call(&emulator, method, &path, "{}").await.status, 404, "{method}");
    }
}

#[tokio::test]
async fn routes_are_listed_with_totals() {
    let emulator = started(|builder| builder).await;
    let empty = get(&emulator, "/v1/inbound").await.json();
    assert_eq!(
        (&empty["data"], &empty["meta"]["last_page"], &empty["meta"]["total"]),
        (&json!([]), &json!(1), &json!(0))
    );
    for i in 0..12 {
        let body = route(&emulator, &json!({"name": format!("Route {i}")}));
        assert_eq!(post(&emulator, "/v1/inbound", &body).await.status, 201);
    }
    let page = get(&emulator, "/v1/inbound?limit=10&page=2").await.json();
    let url = |page: u8| json!(format!("{}inbound?page={page}", emulator.url()));
    assert_eq!(page["links"], json!({"first": url(1), "last": url(2), "prev": url(1), "next": null}));
    let links = json!([
        {"url": url(1), "label": "&laquo; Previous", "page": 1, "active": false},
        {"url": url(1), "label": "1", "page": 1, "active": false},
        {"url": url(2), "label": "2", "page": 2, "active": true},
        {"url": null, "label": "Next &raquo;", "page": null, "active": false},
    ]);
    let path = format!("{}inbound", emulator.url());
    let meta = json!({
        "current_page": 2, "from": 11, "last_page": 2, "links": links, "path": path, "per_page": 10, "to": 12, "total": 12,
    });
    assert_eq!(page["meta"], meta);
    let elsewhere = get(&emulator, &format!("/v1/inbound?domain_id={}", emulator.domain_id("x.example"))).await.json();
    assert_eq!(elsewhere["meta"]["total"], 0);
}
