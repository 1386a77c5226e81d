//! The mailbox over HTTP: its list, its search, one email with everything, and taking mails out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{Emulator, Memory, Reaction, SuppressionList, Webhook};
use serde_json::{Value, json};

use crate::client::{call, get, post, send, started};

async fn ask(emulator: &Emulator, path: &str) -> Value {
    let answer = get(emulator, &format!("/_emulator/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// The subjects of a page.
fn subjects(page: &Value) -> Vec<&str> {
    page["rows"].as_array().unwrap().iter().map(|row| row["subject"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_row_says_what_a_list_needs() {
    let emulator = started(|builder| builder).await;
    let file = json!([{"filename": "a.txt", "content": STANDARD.encode("x"), "disposition": "attachment"}]);
    let text = "Dear Ann,\r\n\r\nyour order has shipped.";
    send(&emulator, &json!({"attachments": file, "tags": ["orders"], "text": text})).await;
    let page = ask(&emulator, "mailbox").await;
    let email = &emulator.emails()[0];
    assert_eq!(
        page,
        json!({
            "rows": [{
                "id": email.id(),
                "cursor": "0-0",
                "message_id": email.message_id(),
                "at": "2026-03-01T10:00:00Z",
                "from": {"email": "shop@example.com", "name": "Shop"},
                "recipient": {"email": "ann@example.org", "name": "Ann"},
                "role": "to",
                "subject": "Hello",
                "snippet": "Dear Ann, your order has shipped.",
                "status": "sent",
                "interactions": [],
                "held": false,
                "tags": ["orders"],
                "attachments": 1,
                "template_id": null,
                "send_at": null,
                "warnings": 0,
                "via": "api",
            }],
            "next": null,
            "total": 1,
            "problems": [],
        })
    );
}

#[tokio::test]
async fn rows_follow_what_happens() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    emulator.pause_domain("example.com");
    post(&emulator, "/v1/bulk-email", &json!([crate::client::message(&json!({"subject": "Held"}))])).await;
    let email = emulator.emails()[0].id().to_owned();
    for reaction in [Reaction::Open, Reaction::Click("https://a.example".to_owned()), Reaction::Complain] {
        emulator.react(&email, reaction).unwrap();
    }
    emulator.clock().advance(Duration::from_secs(1));
    let page = ask(&emulator, "mailbox").await;
    let shown = |row: usize, field: &str| page["rows"][row][field].clone();
    assert_eq!(subjects(&page), ["Held", "Hello"]);
    assert_eq!((shown(0, "held"), shown(0, "status"), shown(0, "via")), (json!(true), json!("queued"), json!("bulk")));
    assert_eq!(shown(1, "interactions"), json!(["opened", "clicked", "complained"]));
    assert_eq!((shown(1, "held"), shown(1, "status")), (json!(false), json!("delivered")));
    emulator.resume_domain("example.com");
    assert_eq!(ask(&emulator, "mailbox").await["rows"][0]["held"], false);
}

#[tokio::test]
async fn pages_stay_right_while_mails_come_and_go() {
    let emulator = started(|builder| builder.memory(Memory { count: 10, bytes: 10_000_000 })).await;
    let send_as = async |subject: u32| send(&emulator, &json!({"subject": subject.to_string()})).await;
    for subject in 0..10 {
        send_as(subject).await;
    }
    let first = ask(&emulator, "mailbox?limit=4").await;
    assert_eq!((subjects(&first), &first["total"]), (vec!["9", "8", "7", "6"], &json!(10)));
    // Three new ones come, and the three oldest are forgotten.
    for subject in 10..13 {
        send_as(subject).await;
    }
    let next = |page: &Value| format!("mailbox?limit=4&before={}", page["next"].as_str().unwrap());
    let second = ask(&emulator, &next(&first)).await;
    assert_eq!((subjects(&second), &second["next"]), (vec!["5", "4", "3"], &Value::Null));
    // The row below which the page starts may itself be gone.
    let row = first["rows"][1]["id"].as_str().unwrap();
    assert_eq!(call(&emulator, "DELETE", &format!("/_emulator/mailbox/{row}"), "").await.status, 204);
    let cursor = first["rows"][1]["cursor"].as_str().unwrap();
    assert_eq!(subjects(&ask(&emulator, &format!("mailbox?limit=2&before={cursor}")).await), ["7", "6"]);
}

#[tokio::test]
async fn recipients_have_a_row_each() {
    let emulator = started(|builder| builder).await;
    emulator.suppress(SuppressionList::Unsubscribes, "bob@example.org");
    let to = json!([{"email": "ann@example.org"}, {"email": "bob@example.org"}, {"email": "cy@example.org"}]);
    send(&emulator, &json!({"to": to, "bcc": [{"email": "dee@example.org"}]})).await;
    let page = ask(&emulator, "mailbox?limit=2").await;
    let recipient = |row: usize| page["rows"][row]["recipient"]["email"].as_str().unwrap().to_owned();
    assert_eq!((recipient(0), recipient(1)), ("dee@example.org".to_owned(), "cy@example.org".to_owned()));
    let rest = ask(&emulator, &format!("mailbox?before={}", page["next"].as_str().unwrap())).await;
    assert_eq!(rest["rows"][0]["recipient"]["email"], "ann@example.org");
    assert_eq!(rest["rows"].as_array().unwrap().len(), 1);

    let detail = ask(&emulator, &format!("mailbox/{}", page["rows"][0]["id"].as_str().unwrap())).await;
    let shown: Vec<_> = detail["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|who| (who["email"].as_str().unwrap(), who["role"].as_str().unwrap(), who["reasons"].clone()))
        .collect();
    assert_eq!(
        shown,
        [
            ("ann@example.org", "to", json!([])),
            ("bob@example.org", "to", json!(["unsubscribed"])),
            ("cy@example.org", "to", json!([])),
            ("dee@example.org", "bcc", json!([])),
        ]
    );
    assert_eq!(
        (&detail["recipients"][1]["email_id"], &detail["recipients"][1]["status"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(detail["recipients"][3]["email_id"], detail["id"]);
    assert!(detail["headers"].as_array().unwrap().iter().all(|header| !header[1].as_str().unwrap().contains("dee@")));
}

#[tokio::test]
async fn the_search_finds() {
    let emulator = started(|builder| builder).await;
    let file =
        json!([{"filename": "Invoice.pdf", "content": STANDARD.encode("%PDF-1.7"), "disposition": "attachment"}]);
    send(&emulator, &json!({"subject": "First", "tags": ["welcome"], "text": "Grüße aus Köln"})).await;
    emulator.clock().advance(Duration::from_hours(24));
    let to = json!([{"email": "bounced@example.net", "name": "Bob"}]);
    send(&emulator, &json!({"subject": "Second", "to": to, "attachments": file})).await;
    let html = "<style>b{color:red}</style><p>An <b>over</b>due&nbsp;bill</p>";
    send(&emulator, &json!({"subject": "Third", "text": null, "html": html})).await;
    emulator.clock().advance(Duration::from_secs(10));
    emulator.react(emulator.emails()[2].id(), Reaction::Open).unwrap();
    let id = emulator.emails()[0].message_id().to_owned();
    let check = async |q: &str, expected: &[&str]| {
        let page = ask(&emulator, &format!("mailbox?q={q}")).await;
        assert_eq!(subjects(&page), expected, "{q}");
        assert_eq!((&page["total"], &page["problems"]), (&json!(3), &json!([])), "{q}");
    };
    check("", &["Third", "Second", "First"]).await;
    check("GR%C3%9C%C3%9FE", &["First"]).await;
    check("overdue+bill", &["Third"]).await;
    check("%22overdue+bill%22", &["Third"]).await;
    check("color", &[]).await;
    check("to:bob", &["Second"]).await;
    check("-to:bob", &["Third", "First"]).await;
    check("from:shop+subject:d", &["Third", "Second"]).await;
    check("tag:welcome", &["First"]).await;
    check("tag:wel", &[]).await;
    check("status:rejected", &["Second"]).await;
    check("status:delivered", &["Third", "First"]).await;
    check("has:attachment", &["Second"]).await;
    check("invoice.PDF", &["Second"]).await;
    check("is:opened", &["Third"]).await;
    check("has:html", &["Third"]).await;
    check("before:2026-03-02", &["First"]).await;
    check("after:2026-03-02", &["Third", "Second"]).await;
    check("before:12h", &["First"]).await;
    check("via:bulk", &[]).await;
    check(&format!("id:{id}"), &["First"]).await;
    let wrong = ask(&emulator, "mailbox?q=status:lost").await;
    assert_eq!(subjects(&wrong), <[&str; 0]>::default());
    assert!(wrong["problems"][0].as_str().unwrap().contains("it takes queued, sent"), "{wrong}");
    let page = ask(&emulator, "mailbox?q=subject:d&limit=1").await;
    let rest = ask(&emulator, &format!("mailbox?q=subject:d&before={}", page["next"].as_str().unwrap())).await;
    assert_eq!((subjects(&page), subjects(&rest)), (vec!["Third"], vec!["Second"]));
}

#[tokio::test]
async fn wrong_questions_are_refused_in_words() {
    let emulator = started(|builder| builder).await;
    for (question, words) in [
        ("limit=0", "a number from 1 to 200"),
        ("limit=201", "a number from 1 to 200"),
        ("limit=x", "a number from 1 to 200"),
        ("before=x", "the cursor of a row"),
        ("before=1-", "the cursor of a row"),
    ] {
        let answer = get(&emulator, &format!("/_emulator/mailbox?{question}")).await;
        assert_eq!(answer.status, 400, "{question}");
        assert!(answer.json()["message"].as_str().unwrap().contains(words), "{question}: {}", answer.text());
    }
    for path in ["mailbox/nothing", "mailbox/67618140bf85c862710f2c5a"] {
        assert_eq!(get(&emulator, &format!("/_emulator/{path}")).await.status, 404, "{path}");
        assert_eq!(call(&emulator, "DELETE", &format!("/_emulator/{path}"), "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_email_is_shown_with_everything() {
    let emulator = started(|builder| builder).await;
    let webhook = emulator.register_webhook(Webhook::new("http://127.0.0.1:9/").events(["activity.sent"]));
    let png = STANDARD.encode(b"\x89PNG\r\n\x1a\n");
    let changes = json!({
        "reply_to": {"email": "help@example.com"},
        "cc": [{"email": "cy@example.org"}],
        "html": "<img src=cid:logo>",
        "attachments": [{"filename": "logo.png", "content": png, "disposition": "inline", "id": "logo"}],
        "headers": [{"name": "X-Order", "value": "42"}],
        "in_reply_to": "a@b.example",
        "references": ["a@b.example", "c@d.example"],
        "settings": {"track_opens": false},
    });
    assert_eq!(send(&emulator, &changes).await.status, 202);
    emulator.settled().await;
    let id = emulator.emails()[0].id().to_owned();
    let detail = ask(&emulator, &format!("mailbox/{id}")).await;
    assert_eq!(detail["id"], json!(id));
    assert_eq!(
        (&detail["has_text"], &detail["has_html"], &detail["warnings"]),
        (&json!(true), &json!(true), &json!([]))
    );
    assert_eq!(detail["reply_to"]["email"], "help@example.com");
    assert_eq!((&detail["to"][0]["name"], &detail["cc"][0]["email"]), (&json!("Ann"), &json!("cy@example.org")));
    assert_eq!(detail["settings"], json!({"track_opens": false}));
    assert_eq!(detail["tracking"], json!({"opens": false, "clicks": true}));
    assert_eq!(
        detail["files"],
        json!([{
            "filename": "logo.png", "inline": true, "id": "logo", "size": 8, "content_type": "image/png",
            "url": format!("/_emulator/emails/{id}/attachments/0"),
        }])
    );
    assert_eq!(
        detail["headers"],
        json!([
            ["From", "Shop <shop@example.com>"],
            ["To", "Ann <ann@example.org>"],
            ["Cc", "cy@example.org"],
            ["Reply-To", "help@example.com"],
            ["Subject", "Hello"],
            ["Date", "Sun, 01 Mar 2026 10:00:00 +0000"],
            ["Message-ID", format!("<{id}@mailersend.net>")],
            ["In-Reply-To", "<a@b.example>"],
            ["References", "<a@b.example> <c@d.example>"],
            ["X-Order", "42"],
        ])
    );
    let delivery = &detail["deliveries"][0];
    assert_eq!((&delivery["receiver"], &delivery["event"]), (&json!(webhook.id()), &json!("activity.sent")));
    assert!(delivery["error"].is_string());
    let at = "2026-03-01T10:00:00Z";
    let happened = |kind: &str, deliveries: &Value| json!({"at": at, "kind": kind, "url": null, "reason": null, "deliveries": deliveries});
    let numbers = json!([delivery["number"]]);
    assert_eq!(detail["timeline"], json!([happened("queued", &json!([])), happened("sent", &numbers)]));
    assert_eq!(detail["planned"], json!([{"at": "2026-03-01T10:00:02Z", "kind": "delivered"}]));

    emulator.clock().advance(Duration::from_secs(2));
    emulator.react(&id, Reaction::Click("https://a.example/x".to_owned())).unwrap();
    let detail = ask(&emulator, &format!("mailbox/{id}")).await;
    let kinds: Vec<_> =
        detail["timeline"].as_array().unwrap().iter().map(|step| (step["kind"].clone(), step["url"].clone())).collect();
    let url = json!("https://a.example/x");
    let none = Value::Null;
    assert_eq!(
        kinds,
        [("queued", &none), ("sent", &none), ("delivered", &none), ("clicked", &url), ("clicked_unique", &url)]
            .map(|(kind, url)| (json!(kind), url.clone()))
    );
    assert_eq!(detail["planned"], json!([]));
}

#[tokio::test]
async fn what_is_planned_is_shown_until_it_is_not() {
    let emulator = started(|builder| builder).await;
    let send_at = "2026-03-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let to = json!([{"email": "click@example.org"}]);
    send(&emulator, &json!({"to": to, "send_at": send_at.as_second()})).await;
    let id = emulator.emails()[0].id().to_owned();
    let detail = ask(&emulator, &format!("mailbox/{id}")).await;
    assert_eq!(detail["planned"], json!([{"at": "2026-03-01T12:00:00Z", "kind": "sent"}]));
    assert_eq!((&detail["send_at"], &detail["status"]), (&json!("2026-03-01T12:00:00Z"), &json!("queued")));
    assert_eq!(subjects(&ask(&emulator, "mailbox?q=is:scheduled").await), ["Hello"]);
    emulator.clock().advance(Duration::from_hours(2));
    let detail = ask(&emulator, &format!("mailbox/{id}")).await;
    assert_eq!(
        detail["planned"],
        json!([
            {"at": "2026-03-01T12:00:02Z", "kind": "delivered"},
            {"at": null, "kind": "opened"},
            {"at": null, "kind": "clicked"},
        ])
    );
}

#[tokio::test]
async fn mails_are_taken_out() {
    let emulator = started(|builder| builder).await;
    let to = json!([{"email": "ann@example.org"}, {"email": "cy@example.org"}]);
    send(&emulator, &json!({"to": to, "subject": "Two"})).await;
    send(&emulator, &json!({"subject": "One"})).await;
    let ids: Vec<_> = emulator.emails().iter().map(|email| email.id().to_owned()).collect();
    assert_eq!(call(&emulator, "DELETE", &format!("/_emulator/mailbox/{}", ids[0]), "").await.status, 204);
    let page = ask(&emulator, "mailbox").await;
    assert_eq!((subjects(&page), &page["total"]), (vec!["One"], &json!(1)));
    assert_eq!(get(&emulator, &format!("/_emulator/mailbox/{}", ids[1])).await.status, 404);
    // What was taken out is delivered to nobody.
    emulator.clock().advance(Duration::from_secs(5));
    assert_eq!(emulator.activities().iter().filter(|activity| activity.kind.name() == "delivered").count(), 1);
    assert_eq!(call(&emulator, "DELETE", "/_emulator/mailbox", "").await.status, 204);
    assert_eq!(ask(&emulator, "mailbox").await["total"], 0);
    assert_eq!(emulator.dropped().messages, 0);
    assert_eq!(emulator.requests().len(), 2);
}
