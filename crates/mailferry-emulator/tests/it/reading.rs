//! What the API tells about emails, schedules, recipients, templates and domains.

use std::time::Duration;

use mailferry_emulator::{Emulator, Reaction, Template};
use serde_json::{Value, json};

use crate::client::{call, get, post, send, started};

/// The clock's start in Unix seconds.
const NOW: i64 = 1_772_359_200;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// What stands before what, in the text of an object.
#[track_caller]
fn in_order(text: &str, names: &[&str]) {
    let mut at = 0;
    for name in names {
        let found = text[at..].find(&format!("\"{name}\":"));
        at += found.unwrap_or_else(|| panic!("{name} is not behind the others in {text}"));
    }
}

/// The subjects of the emails that a question finds.
async fn found(emulator: &Emulator, question: &str) -> Vec<String> {
    let domain = emulator.domain_id("example.com");
    let (from, to) = (NOW - 10, emulator.clock().now().as_second());
    let path = format!("/v1/emails?domain_id={domain}&date_from={from}&date_to={to}{question}");
    let answer = get(emulator, &path).await;
    assert_eq!(answer.status, 200, "{question}: {}", answer.text());
    let rows = answer.json()["data"].as_array().unwrap().clone();
    rows.iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn emails_are_found() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"subject": "First order", "tags": ["a", "b"]})).await;
    send(
        &emulator,
        &json!({"subject": "Second", "to": [{"email": "bob@example.org"}], "template_id": "0r83ql3jjz4zw1jm"}),
    )
    .await;
    send(&emulator, &json!({"subject": "Third", "send_at": NOW + 3600})).await;
    send(&emulator, &json!({"subject": "Elsewhere", "from": {"email": "a@other.example"}})).await;
    emulator.clock().advance(Duration::from_secs(10));
    let id = emulator.emails()[0].id().to_owned();
    emulator.react(&id, Reaction::Open).unwrap();
    emulator.clock().advance(Duration::from_secs(1));
    let message = emulator.emails()[1].message_id().to_owned();
    for (question, subjects) in [
        ("", vec!["Third", "Second", "First order"]),
        ("&status[]=delivered", vec!["Second", "First order"]),
        ("&status[]=queued&status[]=rejected", vec!["Third"]),
        ("&interaction[]=opened", vec!["First order"]),
        ("&interaction[]=no_interaction", vec!["Third", "Second"]),
        ("&interaction[]=clicked", vec![]),
        ("&recipient_email=BOB@example.org", vec!["Second"]),
        (&format!("&message_id={message}"), vec!["Second"]),
        ("&template_id=0r83ql3jjz4zw1jm", vec!["Second"]),
        ("&subject=ORD", vec!["First order"]),
        ("&tag=b", vec!["First order"]),
        ("&tag=bb", vec![]),
        ("&limit=10&page=2", vec![]),
    ] {
        assert_eq!(found(&emulator, question).await, subjects, "{question}");
    }
    let domain = emulator.domain_id("example.com");
    let path =
        format!("/v1/emails?domain_id={domain}&date_from=2026-03-01+09:59:59&date_to=2026-03-01%2010:00:01&limit=1000");
    let answer = get(&emulator, &path).await;
    assert_eq!((answer.status, &answer.json()["meta"]["per_page"]), (200, &json!(1000)), "{}", answer.text());
    let row = &answer.json()["data"][2];
    assert_eq!((&row["interaction"], &row["suppression_reason"]), (&json!(["opened"]), &json!(null)));
    assert_eq!((&row["domain_id"], &row["text"]), (&json!(domain), &json!(null)));
    assert!(row["to"].as_str().unwrap().ends_with("@example.org") && row["recipient"].is_null(), "{row}");
}

#[tokio::test]
async fn one_email_shows_what_happened() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"tags": ["a"]})).await;
    emulator.clock().advance(Duration::from_secs(2));
    let id = emulator.emails()[0].id().to_owned();
    let answer = get(&emulator, &format!("/v1/email/{id}")).await;
    let data = &answer.json()["data"];
    let names = [
        "id",
        "from",
        "to",
        "subject",
        "text",
        "html",
        "template_id",
        "domain_id",
        "message_id",
        "status",
        "tags",
        "interaction",
        "suppression_reason",
        "created_at",
        "updated_at",
        "headers",
        "recipient",
        "activity",
    ];
    in_order(answer.text(), &names);
    assert_eq!((&data["id"], &data["status"], &data["text"]), (&json!(id), &json!("delivered"), &json!(null)));
    let types: Vec<&Value> = data["activity"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(types, ["delivered", "sent", "queued"]);
    assert_eq!((&data["to"], &data["recipient"]["deleted_at"]), (&json!("ann@example.org"), &json!("")));
    assert_eq!(get(&emulator, "/v1/email/67618140bf85c862710f2c5a").await.status, 404);
}

#[tokio::test]
async fn schedules_are_shown_and_taken_back() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let late = send(&emulator, &json!({"subject": "Late", "send_at": NOW + 3600})).await;
    let soon = send(&emulator, &json!({"subject": "Soon", "send_at": NOW + 60})).await;
    let (late, soon) = (late.header("x-message-id").unwrap(), soon.header("x-message-id").unwrap());
    let subjects = async |question: &str| {
        let page = get(&emulator, &format!("/v1/message-schedules{question}")).await.json();
        let rows = page["data"].as_array().unwrap().clone();
        assert_eq!(page["meta"]["total"], rows.len());
        rows.iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(subjects("").await, ["Soon", "Late"]);
    let shown = get(&emulator, &format!("/v1/message-schedules/{soon}")).await;
    let created = "2026-03-01T10:00:00.000000Z";
    let expected = format!(
        concat!(
            r#"{{"data":{{"message_id":"{soon}","subject":"Soon","send_at":"2026-03-01T10:01:00.000000Z","status":"scheduled","#,
            r#""status_message":null,"created_at":"{created}","domain":{{"id":"{domain}","name":"example.com","#,
        ),
        soon = soon,
        created = created,
        domain = emulator.domain_id("example.com"),
    );
    assert!(shown.text().starts_with(&expected), "{}", shown.text());
    let dates = json!({"id": soon, "created_at": created, "updated_at": created});
    assert_eq!(shown.json()["data"]["message"], dates);

    emulator.clock().advance(Duration::from_mins(1));
    assert_eq!(subjects("?status=sent").await, ["Soon"]);
    assert_eq!(subjects("?status=scheduled").await, ["Late"]);
    assert_eq!(subjects("?status=error").await, [""; 0]);
    assert_eq!(subjects(&format!("?domain_id={}", emulator.domain_id("x.example"))).await, [""; 0]);

    let sentence = "{\n    \"message\": \"This message is scheduled to be sent shortly or has already been sent, it's not \
                    possible to delete it.\"\n}";
    for id in [soon, "67618140bf85c862710f2c5a"] {
        let refused = call(&emulator, "DELETE", &format!("/v1/message-schedules/{id}"), "").await;
        assert_eq!((refused.status, refused.text()), (404, sentence));
        assert!(refused.header("x-apiquota-remaining").is_some());
    }
    let deleted = call(&emulator, "DELETE", &format!("/v1/message-schedules/{late}"), "").await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    emulator.clock().advance(Duration::from_hours(2));
    assert!(emulator.emails().iter().all(|email| email.subject() != "Late"));
    let sent = emulator.activities().into_iter().filter(|activity| activity.message_id == late);
    assert_eq!(sent.filter(|activity| activity.kind.name() != "queued").count(), 0, "it was never sent");
    assert_eq!(get(&emulator, &format!("/v1/message-schedules/{late}")).await.status, 404);
}

#[tokio::test]
async fn recipients_are_listed_by_address() {
    let emulator = started(|builder| builder).await;
    let to = json!([{"email": "Zoe@example.org"}, {"email": "bob@example.org"}]);
    send(&emulator, &json!({"to": to})).await;
    send(&emulator, &json!({"from": {"email": "a@other.example"}, "to": [{"email": "eve@example.org"}]})).await;
    let (domain, other) = (emulator.domain_id("example.com"), emulator.domain_id("other.example"));
    let addresses = async |path: &str| {
        let page = get(&emulator, path).await.json();
        page["data"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(addresses("/v1/recipients").await, ["bob@example.org", "eve@example.org", "zoe@example.org"]);
    assert_eq!(addresses(&format!("/v1/recipients?domain_id={other}")).await, ["eve@example.org"]);
    let path = format!("/v1/domains/{domain}/recipients");
    assert_eq!(addresses(&path).await, ["bob@example.org", "zoe@example.org"]);
    let page = get(&emulator, &path).await.json();
    assert_eq!(page["meta"]["path"], json!(format!("{}domains/{domain}/recipients", emulator.url())));
    assert_eq!(get(&emulator, "/v1/domains/0r83ql3jjz4zw1jm/recipients").await.status, 404);

    let bob = &page["data"][0];
    let path = format!("/v1/recipients/{}", bob["id"].as_str().unwrap());
    let shown = get(&emulator, &path).await;
    let data = &shown.json()["data"];
    in_order(shown.text(), &["id", "email", "created_at", "updated_at", "deleted_at", "emails", "domain"]);
    assert_eq!((&data["deleted_at"], &data["domain"]["name"]), (&json!(""), &json!("example.com")));
    assert_eq!((data["emails"].as_array().unwrap().len(), &data["emails"][0]["subject"]), (1, &json!("Hello")));
    let deleted = call(&emulator, "DELETE", &path, "").await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!(get(&emulator, &path).await.status, 404);
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 404);
    assert_eq!(addresses("/v1/recipients").await, ["eve@example.org", "zoe@example.org"]);
}

#[tokio::test]
async fn templates_are_those_it_was_told_of() {
    let emulator = started(|builder| builder).await;
    assert_eq!(get(&emulator, "/v1/templates").await.json()["data"], json!([]));
    let id = "0r83ql3jjz4zw1jm";
    let template = Template::new(id).subject("Welcome").from("shop@example.com");
    let emulator = started(|builder| builder.templates([template])).await;
    let listed = get(&emulator, "/v1/templates").await;
    let row = concat!(
        r#"{"id":"0r83ql3jjz4zw1jm","name":"Welcome","description":null,"type":"gh","image_path":null,"#,
        r#""variables":{"variables":[],"personalization":[]},"created_at":"2026-03-01T10:00:00.000000Z","#,
        r#""category":null,"categories":[]}"#,
    );
    assert!(listed.text().starts_with(&format!("{{\"data\":[{row}],\"links\"")), "{}", listed.text());
    send(&emulator, &json!({"template_id": id, "text": null})).await;
    emulator.clock().advance(Duration::from_secs(10));
    emulator.react(emulator.emails()[0].id(), Reaction::Open).unwrap();
    let stats = get(&emulator, &format!("/v1/templates/{id}")).await.json()["data"]["template_stats"].clone();
    assert_eq!((&stats["total"], &stats["delivered"], &stats["opened"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&stats["open_rate"], &stats["clicked"]), (&json!(100), &json!(0)));
    assert_eq!(stats["last_email_sent_at"], "2026-03-01T10:00:00.000000Z");
    assert_eq!(get(&emulator, "/v1/templates/7nxe3yjmeq28vp0k").await.status, 404);
}

#[tokio::test]
async fn domains_are_shown() {
    let emulator = started(|builder| builder.verified_domains(["example.com"])).await;
    send(&emulator, &json!({})).await;
    emulator.clock().advance(Duration::from_secs(5));
    let (id, other) = (emulator.domain_id("example.com"), emulator.domain_id("other.example"));
    let listed = get(&emulator, "/v1/domains").await;
    in_order(
        listed.text(),
        &[
            "id",
            "name",
            "dkim",
            "spf",
            "tracking",
            "is_verified",
            "is_cname_verified",
            "is_dns_active",
            "is_cname_active",
            "is_tracking_allowed",
            "domain_stats",
            "has_not_queued_messages",
            "not_queued_messages_count",
            "domain_settings",
            "send_paused",
            "track_clicks",
            "track_opens",
            "track_opens_pixel_on_top",
            "track_unsubscribe",
            "track_unsubscribe_html",
            "track_unsubscribe_html_enabled",
            "track_unsubscribe_plain",
            "track_unsubscribe_plain_enabled",
            "track_content",
            "custom_tracking_enabled",
            "custom_tracking_subdomain",
            "return_path_subdomain",
            "inbound_routing_enabled",
            "inbound_routing_subdomain",
            "precedence_bulk",
            "ignore_duplicated_recipients",
            "show_dmarc",
            "created_at",
            "updated_at",
            "totals",
        ],
    );
    let listed = listed.json();
    assert_eq!((&listed["meta"]["total"], &listed["data"][0]["totals"]), (&json!(2), &json!([])));
    let stats = json!({"total": 1, "queued": 0, "sent": 0, "rejected": 0, "delivered": 1});
    assert_eq!(listed["data"][0]["domain_stats"], stats);
    let names = async |question: &str| {
        let page = get(&emulator, &format!("/v1/domains?{question}")).await.json();
        page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names("verified=1").await, names("verified=0").await),
        (vec!["example.com".to_owned()], vec!["other.example".to_owned()])
    );
    let one = get(&emulator, &format!("/v1/domains/{id}")).await.json();
    let totals = json!({"sent": 1, "delivered": 1, "hard_bounced": 0, "soft_bounced": 0});
    assert_eq!((&one["data"]["totals"], &one["data"]["is_verified"]), (&totals, &json!(true)));
    let html = "<p>Click here to <a href=\"{{unsubscribe}}\">unsubscribe</a></p>";
    assert_eq!(one["data"]["domain_settings"]["track_unsubscribe_html"], html);

    let dns = get(&emulator, &format!("/v1/domains/{id}/dns-records")).await.json()["data"].clone();
    assert_eq!(keys(&dns), ["custom_tracking", "dkim", "id", "inbound_routing", "return_path", "spf"]);
    let inbound =
        json!({"hostname": "inbound.example.com", "type": "MX", "value": "inbound.mailersend.net", "priority": "10"});
    assert_eq!(dns["inbound_routing"], inbound);
    assert_eq!(dns["dkim"]["hostname"], "mlsend2._domainkey.example.com");
    let verified = get(&emulator, &format!("/v1/domains/{id}/verify")).await;
    let expected = concat!(
        r#"{"message":"The domain is verified.","data":{"dkim":true,"spf":true,"mx":true,"tracking":true,"#,
        r#""cname":true,"rp_cname":true}}"#,
    );
    assert_eq!(verified.text(), expected);
    assert_eq!(get(&emulator, &format!("/v1/domains/{other}/verify")).await.json()["data"]["spf"], false);
    for path in ["", "/dns-records", "/verify"] {
        assert_eq!(get(&emulator, &format!("/v1/domains/0r83ql3jjz4zw1jm{path}")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn domains_come_and_go() {
    let emulator = started(|builder| builder).await;
    let created = post(&emulator, "/v1/domains", &json!({"name": "New.example", "return_path_subdomain": "rp"})).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let data = &created.json()["data"];
    assert_eq!((&data["name"], &data["dkim"], &data["totals"]), (&json!("new.example"), &json!(null), &json!([])));
    assert_eq!(data["domain_settings"]["return_path_subdomain"], "rp");
    let again = post(&emulator, "/v1/domains", &json!({"name": "new.example"})).await;
    assert_eq!(again.json()["errors"]["name"][0], "The name has already been taken.");
    for name in [json!(null), json!("x"), json!(7), json!("a b.example")] {
        assert_eq!(post(&emulator, "/v1/domains", &json!({"name": name})).await.status, 422, "{name}");
    }
    let path = format!("/v1/domains/{}", data["id"].as_str().unwrap());
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 204);
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 404);
    assert_eq!(get(&emulator, "/v1/domains").await.json()["meta"]["total"], 0);
}

#[tokio::test]
async fn a_paused_domain_really_pauses() {
    let emulator = started(|builder| builder).await;
    let path = format!("/v1/domains/{}/settings", emulator.domain_id("example.com"));
    let put = async |body: Value| call(&emulator, "PUT", &path, &body.to_string()).await;
    let paused = put(json!({"send_paused": true, "track_opens": false, "custom_tracking_subdomain": "t"})).await;
    assert_eq!(paused.status, 200, "{}", paused.text());
    let settings = &paused.json()["data"]["domain_settings"];
    assert_eq!((&settings["send_paused"], &settings["track_opens"]), (&json!(true), &json!(false)));
    assert_eq!((&settings["custom_tracking_subdomain"], &settings["track_clicks"]), (&json!("t"), &json!(true)));
    let sent = send(&emulator, &json!({})).await;
    assert_eq!((sent.status, sent.header("x-send-paused")), (202, Some("true")));
    emulator.clock().advance(Duration::from_hours(1));
    let held = get(&emulator, "/v1/domains").await.json()["data"][0].clone();
    assert_eq!((&held["has_not_queued_messages"], &held["not_queued_messages_count"]), (&json!(true), &json!(1)));
    assert_eq!(held["domain_stats"]["queued"], 1);
    let resumed = put(json!({"send_paused": false})).await.json();
    assert_eq!(resumed["data"]["domain_settings"]["track_opens"], false, "what is not named stays");
    emulator.clock().advance(Duration::from_hours(1));
    let done = get(&emulator, "/v1/domains").await.json()["data"][0].clone();
    assert_eq!((&done["not_queued_messages_count"], &done["domain_stats"]["delivered"]), (&json!(0), &json!(1)));
    let wrong = put(json!({"send_paused": "yes"})).await;
    assert_eq!(wrong.json()["errors"]["send_paused"][0], "The send paused field must be true or false.");
}
