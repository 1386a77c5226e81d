//! What webhooks are told, how it is signed, and how often it is repeated.

use std::time::Duration;

use mailferry_emulator::{
    Builder, DeliveryResult, Emulator, Pausing, Reaction, Retries, SuppressionList, Webhook, WebhookVersion,
};
use serde_json::{Value, json};

use crate::client::{get, post, raw, send, started};
use crate::receiver::{Answer, Receiver, hmac};

const STEP: Duration = Duration::from_secs(2);

/// An emulator with one webhook, and who receives it.
async fn listening(
    set_up: impl FnOnce(Builder) -> Builder,
    webhook: impl FnOnce(Webhook) -> Webhook,
) -> (Emulator, Receiver) {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| set_up(builder).webhook(webhook(Webhook::new(&receiver.url)))).await;
    (emulator, receiver)
}

async fn pass(emulator: &Emulator, by: Duration) {
    emulator.clock().advance(by);
    emulator.settled().await;
}

fn escaped(url: &str) -> String {
    url.replace('/', "\\/")
}

#[tokio::test]
async fn version_1_is_told_in_the_recorded_words() {
    let (emulator, receiver) = listening(|builder| builder, |webhook| webhook.version(WebhookVersion::V1)).await;
    send(&emulator, &json!({"subject": "Grüße / 😀", "tags": ["tag1"]})).await;
    emulator.settled().await;
    let (email, activity) = (&emulator.emails()[0], &emulator.activities()[1]);
    let domain = emulator.domain_id("example.com");
    let recipient = receiver.events()[0]["data"]["email"]["recipient"]["id"].as_str().unwrap().to_owned();
    assert_eq!((recipient.len(), &recipient[..8]), (24, "69a40e20"));
    let expected = format!(
        concat!(
            r#"{{"type":"activity.sent","domain_id":"{domain}","created_at":"2026-03-01T10:00:00.000000Z","#,
            r#""webhook_id":"{webhook}","url":"{url}","#,
            r#""data":{{"object":"activity","id":"{activity}","type":"sent","created_at":"2026-03-01T10:00:00.000000Z","#,
            r#""email":{{"object":"email","id":"{email}","created_at":"2026-03-01T10:00:00.000000Z","#,
            r#""from":"shop@example.com","subject":"Gr\u00fc\u00dfe \/ \ud83d\ude00","status":"sent","#,
            r#""tags":["tag1"],"headers":null,"#,
            r#""message":{{"object":"message","id":"{message}","created_at":"2026-03-01T10:00:00.000000Z"}},"#,
            r#""recipient":{{"object":"recipient","id":"{recipient}","email":"ann@example.org","#,
            r#""created_at":"2026-03-01T10:00:00.000000Z"}}}},"morph":null,"template_id":""}}}}"#,
        ),
        domain = domain,
        webhook = emulator.webhooks()[0].id(),
        url = escaped(&receiver.url),
        activity = activity.id,
        email = email.id(),
        message = email.message_id(),
        recipient = recipient,
    );
    assert_eq!(receiver.posted()[0].text(), expected);
}

#[tokio::test]
async fn version_2_is_told_in_the_recorded_words() {
    let (emulator, receiver) = listening(|builder| builder, |webhook| webhook).await;
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    let (email, activity) = (&emulator.emails()[0], &emulator.activities()[1]);
    let expected = format!(
        concat!(
            r#"{{"type":"activity.sent","created_at":"2026-03-01T10:00:00.000000Z","#,
            r#""data":{{"id":"{activity}","domain_id":"{domain}","message_id":"{message}","email_id":"{email}","#,
            r#""type":"sent","subject":"Hello","recipient":"ann@example.org","tags":null,"meta":[]}},"#,
            r#""webhook_id":"{webhook}"}}"#,
        ),
        activity = activity.id,
        domain = emulator.domain_id("example.com"),
        message = email.message_id(),
        email = email.id(),
        webhook = emulator.webhooks()[0].id(),
    );
    assert_eq!(receiver.posted()[0].text(), expected);
}

#[tokio::test]
async fn bodies_are_signed_as_they_are() {
    let (emulator, receiver) = listening(|builder| builder, |webhook| webhook.secret("s3cret")).await;
    send(&emulator, &json!({"subject": "a/b ü"})).await;
    emulator.settled().await;
    let posted = &receiver.posted()[0];
    assert!(posted.head.starts_with("POST /hooks/a?b=c HTTP/1.1\r\n"), "{}", posted.head);
    assert_eq!(posted.header("content-type"), Some("application/json"));
    assert_eq!(posted.header("signature"), Some(hmac("s3cret", &posted.body).as_str()));
    assert_eq!(emulator.webhook_deliveries()[0].signature, hmac("s3cret", &posted.body));
    assert_eq!(emulator.webhook_deliveries()[0].body, posted.body);
}

/// What version 1 has under `morph` and version 2 under `meta`, as written, after `type`, of each event.
#[rustfmt::skip] // a table: one line an event
const DETAILS: &[(&str, &str, &str, &str)] = &[
    ("delivered@example.org", "activity.delivered", r"null", r"[]"),
    ("soft-bounce@example.org", "activity.soft_bounced", r#"{"object":"recipient_bounce","reason":"Unknown reason"}"#, r#"{"bounce_reason":"Mailbox full","bounce_code":452,"bounce_type":"soft"}"#),
    ("bounce@example.org", "activity.hard_bounced", r#"{"object":"recipient_bounce","reason":"Unknown reason"}"#, r#"{"bounce_reason":"The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.","bounce_code":34,"bounce_type":"hard"}"#),
    ("deferred@example.org", "activity.deferred", r"null", r"[]"),
    ("complaint@example.org", "activity.spam_complaint", r#"{"object":"spam_complaint","reason":null}"#, r"[]"),
    ("unsubscribe@example.org", "activity.unsubscribed", r#"{"object":"recipient_unsubscribe","reason":"option_3","readable_reason":"I get too many emails"}"#, r#"{"unsubscribe_reason":"NO_LONGER_WANT"}"#),
    ("open@example.org", "activity.opened", r#"{"object":"open","id":"ID","created_at":"2026-03-01T10:00:04.000000Z","ip":"127.0.0.1"}"#, r#"{"ip":"127.0.0.1","country":"US","user_agent":"AGENT","device_type":"desktop","browser":"Chrome"}"#),
    ("open@example.org", "activity.opened_unique", r#"{"object":"open","id":"ID","created_at":"2026-03-01T10:00:04.000000Z","ip":"127.0.0.1"}"#, r#"{"ip":"127.0.0.1","country":"US","user_agent":"AGENT","device_type":"desktop","browser":"Chrome"}"#),
    ("click@example.org", "activity.clicked", r#"{"object":"click","id":"ID","created_at":"2026-03-01T10:00:06.000000Z","ip":"127.0.0.1","url":"https:\/\/shop.example\/?a=1"}"#, r#"{"ip":"127.0.0.1","country":"US","user_agent":"AGENT","device_type":"desktop","browser":"Chrome","url":"https:\/\/shop.example\/?a=1"}"#),
    ("click@example.org", "activity.clicked_unique", r#"{"object":"click","id":"ID","created_at":"2026-03-01T10:00:06.000000Z","ip":"127.0.0.1","url":"https:\/\/shop.example\/?a=1"}"#, r#"{"ip":"127.0.0.1","country":"US","user_agent":"AGENT","device_type":"desktop","browser":"Chrome","url":"https:\/\/shop.example\/?a=1"}"#),
];

/// Nobody opens surveys by their address; a reaction does.
#[tokio::test]
async fn surveys_are_told() {
    for (reaction, event, meta) in [
        (Reaction::OpenSurvey, "activity.survey_opened", "[]"),
        (
            Reaction::SubmitSurvey,
            "activity.survey_submitted",
            r#"{"surveys":[{"question_id":1,"survey_id":1,"answer":"test","is_last_question":true}]}"#,
        ),
    ] {
        let (emulator, receiver) = listening(|builder| builder, |webhook| webhook.events([event])).await;
        let old = emulator.register_webhook(Webhook::new(&receiver.url).events([event]).version(WebhookVersion::V1));
        send(&emulator, &json!({})).await;
        emulator.react(emulator.emails()[0].id(), reaction).unwrap();
        emulator.settled().await;
        let mut posted = receiver.posted();
        posted.sort_by_key(|posted| posted.text().contains(old.id()));
        assert!(posted[0].text().contains(&format!("\"meta\":{meta}}}")), "{}", posted[0].text());
        let word = event.trim_start_matches("activity.");
        assert!(posted[1].text().contains(&format!("\"type\":\"{word}\"")), "{}", posted[1].text());
        assert_eq!((receiver.types(), receiver.count()), (vec![event.to_owned(); 2], 2));
        assert_eq!(emulator.activities().last().unwrap().kind.name(), word);
    }
}

#[tokio::test]
async fn every_activity_has_its_details() {
    for (address, event, morph, meta) in DETAILS {
        let receiver = Receiver::start().await;
        let webhook = |version| Webhook::new(&receiver.url).events([*event]).version(version);
        let both = |builder: Builder| builder.webhook(webhook(WebhookVersion::V1)).webhook(webhook(WebhookVersion::V2));
        let emulator = started(both).await;
        let link = "<a href=\"https://shop.example/?a=1\">Shop</a>";
        send(&emulator, &json!({"to": [{"email": address}], "html": link})).await;
        pass(&emulator, STEP * 5).await;
        let mut posted = receiver.posted();
        assert_eq!(posted.len(), 2, "{event}: one event each");
        posted.sort_by_key(|posted| !posted.text().contains("\"morph\""));
        let word = event.trim_start_matches("activity.");
        let (old, new) = (posted[0].text(), posted[1].text());
        assert!(
            old.contains(&format!("\"type\":\"{word}\"")) && new.contains(&format!("\"type\":\"{word}\"")),
            "{old}"
        );
        let value: Value = serde_json::from_str(old).unwrap();
        let id = value["data"]["morph"]["id"].as_str().unwrap_or("none");
        let expected = format!("\"morph\":{},\"template_id\":\"\"}}}}", morph.replace("ID", id));
        assert!(old.ends_with(&expected), "{event}: {old}");
        let status = if word.ends_with("bounced") {
            "rejected"
        } else if word == "deferred" {
            "sent"
        } else {
            "delivered"
        };
        assert_eq!(value["data"]["email"]["status"], status, "{event}");
        let value: Value = serde_json::from_str(new).unwrap();
        let agent = value["data"]["meta"]["user_agent"].as_str().unwrap_or("none").replace('/', "\\/");
        assert!(new.contains(&format!("\"tags\":null,\"meta\":{}}}", meta.replace("AGENT", &agent))), "{event}: {new}");
    }
}

#[tokio::test]
async fn the_suppressed_are_told_of() {
    let (emulator, receiver) = listening(|builder| builder, |webhook| webhook.events(["activity.suppressed"])).await;
    emulator.suppress(SuppressionList::OnHold, "ann@example.org");
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    let event = &receiver.events()[0];
    assert_eq!(event["data"]["meta"], json!({"suppression_reason": "on_hold"}));
    assert_eq!(event["data"]["type"], "suppressed");
}

#[tokio::test]
async fn events_come_in_order_and_one_at_a_time() {
    let (emulator, receiver) = listening(|builder| builder, |webhook| webhook).await;
    for _ in 0..5 {
        send(&emulator, &json!({"to": [{"email": "click@example.org"}]})).await;
    }
    emulator.settled().await;
    assert_eq!(receiver.types(), ["activity.sent"; 5], "nobody is told that an email is queued");
    pass(&emulator, STEP * 5).await;
    let kinds = ["delivered", "opened", "opened_unique", "clicked", "clicked_unique"];
    let expected: Vec<String> = kinds[..1]
        .repeat(5)
        .into_iter()
        .chain(kinds[1..3].repeat(5))
        .chain(kinds[3..].repeat(5))
        .map(|kind| format!("activity.{kind}"))
        .collect();
    assert_eq!(receiver.types()[5..], expected);
    let ids: std::collections::BTreeSet<_> = receiver.events().iter().map(|e| e["data"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 30, "each activity has an id of its own");
}

#[tokio::test]
async fn webhooks_hear_of_their_events_and_domains_only() {
    let (emulator, receiver) =
        listening(|builder| builder, |webhook| webhook.events(["activity.delivered"]).domain("Shop.example")).await;
    send(&emulator, &json!({})).await;
    send(&emulator, &json!({"from": {"email": "a@shop.example"}, "subject": "mine"})).await;
    pass(&emulator, STEP).await;
    let heard: Vec<_> = receiver.events().iter().map(|event| event["data"]["subject"].clone()).collect();
    assert_eq!(heard, ["mine"]);
}

#[tokio::test]
async fn failures_are_repeated_by_the_clock() {
    let (emulator, receiver) =
        listening(|builder| builder.webhook_retries(Retries::twice()), |webhook| webhook.events(["activity.sent"]))
            .await;
    receiver.then(Answer::Status(500));
    receiver.then(Answer::Nothing);
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.count(), 1);
    pass(&emulator, Duration::from_secs(9)).await;
    assert_eq!(receiver.count(), 1);
    pass(&emulator, Duration::from_secs(1)).await;
    assert_eq!(receiver.count(), 2);
    pass(&emulator, Duration::from_secs(99)).await;
    assert_eq!(receiver.count(), 2);
    pass(&emulator, Duration::from_secs(1)).await;
    assert_eq!(receiver.count(), 3);
    pass(&emulator, Duration::from_hours(99)).await;
    assert_eq!(receiver.count(), 3, "the third was answered");
    assert_eq!(receiver.posted()[0].body, receiver.posted()[2].body, "the same body is posted again");
    let deliveries = emulator.webhook_deliveries();
    let log: Vec<_> = deliveries.iter().map(|d| (d.attempt, d.again_at.map(|at| at.to_string()))).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(log, [(1, at("2026-03-01T10:00:10Z")), (2, at("2026-03-01T10:01:50Z")), (3, None)]);
    assert_eq!(deliveries[0].result, DeliveryResult::Answered(500));
    assert!(matches!(&deliveries[1].result, DeliveryResult::Unanswered(reason) if !reason.is_empty()));
    assert!(deliveries[2].result.is_success());
}

#[tokio::test]
async fn repetitions_end() {
    let (emulator, receiver) =
        listening(|builder| builder.webhook_retries(Retries::twice()), |webhook| webhook.events(["activity.sent"]))
            .await;
    receiver.always(Answer::Status(503));
    send(&emulator, &json!({})).await;
    for _ in 0..5 {
        pass(&emulator, Duration::from_hours(1)).await;
    }
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn refusals_are_final() {
    for (status, count) in [(400, 1), (404, 1), (410, 1), (429, 2), (302, 2), (500, 2), (204, 1), (299, 1)] {
        let retries = Retries::after([Duration::from_secs(1)]);
        let (emulator, receiver) =
            listening(|builder| builder.webhook_retries(retries), |webhook| webhook.events(["activity.sent"])).await;
        receiver.then(Answer::Status(status));
        send(&emulator, &json!({})).await;
        emulator.settled().await;
        pass(&emulator, Duration::from_secs(1)).await;
        assert_eq!(receiver.count(), count, "{status}");
    }
}

/// Takes three seconds of real time, as no clock can be moved on the wire.
#[tokio::test]
async fn a_receiver_that_says_nothing_has_failed() {
    let hasty = |builder: Builder| builder.webhook_timeout(Duration::from_millis(20));
    let (emulator, receiver) = listening(hasty, |webhook| webhook.events(["activity.sent"])).await;
    receiver.always(Answer::Silence);
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    let result = emulator.webhook_deliveries()[0].result.clone();
    assert_eq!(result, DeliveryResult::Unanswered("no answer within 0.02 seconds".to_owned()));
    assert!(emulator.webhook_deliveries()[0].again_at.is_some());
}

#[tokio::test]
async fn what_waits_is_capped() {
    let receiver = Receiver::start().await;
    let memory = mailferry_emulator::Memory { count: 4, bytes: 1_000_000 };
    let emulator = started(|builder| builder.memory(memory).webhook(Webhook::new(&receiver.url))).await;
    receiver.always(Answer::Status(500));
    for _ in 0..20 {
        send(&emulator, &json!({})).await;
        emulator.settled().await;
    }
    assert_eq!(receiver.count(), 20);
    assert_eq!((emulator.dropped().deliveries, emulator.webhook_deliveries().len()), (16, 4));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_no_stop_for_others() {
    let receiver = Receiver::start().await;
    let gone = Webhook::new("http://127.0.0.1:1/").events(["activity.sent"]);
    let emulator = started(|builder| builder.webhook(gone).webhook(Webhook::new(&receiver.url))).await;
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.types(), ["activity.sent"]);
    let failed: Vec<_> = emulator.webhook_deliveries().into_iter().filter(|d| !d.result.is_success()).collect();
    assert_eq!((failed.len(), failed[0].receiver.as_str()), (1, emulator.webhooks()[0].id()));
}

#[tokio::test]
async fn a_webhook_that_is_down_is_paused() {
    let pausing = Pausing { failures: 3, within: Duration::from_mins(10) };
    let (emulator, receiver) = listening(
        |builder| builder.webhook_pausing(pausing).webhook_retries(Retries::none()),
        |webhook| webhook.events(["activity.sent"]),
    )
    .await;
    receiver.always(Answer::Status(500));
    for minutes in [0, 9, 2] {
        emulator.clock().advance(Duration::from_mins(minutes));
        send(&emulator, &json!({})).await;
        emulator.settled().await;
    }
    assert!(emulator.webhooks()[0].is_enabled(), "the first failure is too long ago to count");
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert!(!emulator.webhooks()[0].is_enabled());
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.count(), 4, "a paused webhook hears nothing");
}

#[tokio::test]
async fn events_of_the_account_are_told_in_the_documented_words() {
    let events = [
        "bulk_email.completed",
        "maintenance.start",
        "maintenance.end",
        "recipient.on_hold_added",
        "recipient.on_hold_removed",
    ];
    let (emulator, receiver) =
        listening(|builder| builder, |webhook| webhook.events(events).domain("example.com")).await;
    let webhook = emulator.webhooks()[0].id().to_owned();
    let domain = emulator.domain_id("example.com");
    emulator.set_maintenance(true);
    emulator.set_maintenance(true);
    emulator.set_maintenance(false);
    emulator.suppress(SuppressionList::OnHold, "eve@example.org");
    emulator.suppress(SuppressionList::OnHold, "eve@example.org");
    let body = json!({"all": true}).to_string();
    crate::client::call(&emulator, "DELETE", "/v1/suppressions/on-hold-list", &body).await;
    let answer = post(&emulator, "/v1/bulk-email", &json!([crate::client::message(&json!({})), {}])).await.json();
    pass(&emulator, STEP).await;
    let status = get(&emulator, &format!("/v1/bulk-email/{}", answer["bulk_email_id"].as_str().unwrap())).await.json();
    let told: Vec<String> = receiver.posted().iter().map(|posted| posted.text().to_owned()).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    let event = |kind: &str, at: &str, data: &str| {
        format!(r#"{{"type":"{kind}","created_at":"{at}","data":{data},"webhook_id":"{webhook}"}}"#)
    };
    let maintained = format!(r#"{{"domain_id":"{domain}"}}"#);
    assert_eq!(told[0], event("maintenance.start", "2026-03-01 10:00:00", &maintained));
    assert_eq!(told[1], event("maintenance.end", "2026-03-01 10:00:00", &maintained));
    let held = r#"{"email":"eve@example.org","on_hold_until":"2026-03-04T10:00:00.000000Z"}"#;
    assert_eq!(told[2], event("recipient.on_hold_added", "2026-03-01T10:00:00.000000Z", held));
    assert_eq!(told[3], event("recipient.on_hold_removed", "2026-03-01T10:00:00.000000Z", held));
    let done: Value = serde_json::from_str(&told[4]).unwrap();
    let mut expected = status["data"].clone();
    for times in ["created_at", "updated_at"] {
        expected.as_object_mut().unwrap().remove(times);
    }
    assert_eq!((&done["type"], &done["data"]), (&json!("bulk_email.completed"), &expected));
    assert_eq!((&done["data"]["state"], &done["data"]["validation_errors_count"]), (&json!("completed"), &json!(1)));
}

#[tokio::test]
async fn other_events_of_the_account_are_announced() {
    let (emulator, receiver) =
        listening(|builder| builder, |webhook| webhook.events(["sender_identity.verified"]).domain("example.com"))
            .await;
    assert!(emulator.announce("sender_identity.verified", &json!({"email": "a/b@example.com"})));
    assert!(emulator.announce("email_single.verified", &json!({})), "nobody wants to hear of this one");
    assert!(!emulator.announce("activity.sent", &json!({})) && !emulator.announce("nonsense", &json!({})));
    emulator.settled().await;
    let start = r#"{"type":"sender_identity.verified","created_at":"2026-03-01 10:00:00","#;
    let expected =
        format!(r#"{start}"data":{{"email":"a\/b@example.com"}},"webhook_id":"{}"}}"#, emulator.webhooks()[0].id());
    let told: Vec<_> = receiver.posted().iter().map(|posted| posted.text().to_owned()).collect();
    assert_eq!(told, [expected]);
}

#[tokio::test]
async fn deliveries_are_shown_and_sent_again() {
    let (emulator, receiver) =
        listening(|builder| builder.webhook_retries(Retries::none()), |webhook| webhook.events(["activity.sent"]))
            .await;
    receiver.then(Answer::Status(500));
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    let shown = get(&emulator, "/_emulator/webhooks/deliveries").await.json();
    let first = &shown[0];
    assert_eq!((&first["number"], &first["attempt"], &first["status"]), (&json!(0), &json!(1), &json!(500)));
    assert_eq!(first["body"], json!(receiver.posted()[0].text()));
    assert_eq!(
        (&first["event"], &first["error"], &first["again_at"]),
        (&json!("activity.sent"), &json!(null), &json!(null))
    );
    let again = async |number: &str| {
        let path = format!("/_emulator/webhooks/deliveries/{number}/resend");
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        raw(emulator.address(), &head, b"").await.unwrap().status
    };
    assert_eq!((again("1").await, again("x").await, again("0").await), (404, 404, 202));
    emulator.settled().await;
    assert_eq!(receiver.posted()[0].body, receiver.posted()[1].body);
    assert!(emulator.webhook_deliveries()[1].result.is_success());
    assert!(emulator.resend_delivery(1) && !emulator.resend_delivery(2));
    emulator.settled().await;
    assert_eq!(receiver.count(), 3);
    let webhooks = get(&emulator, "/_emulator/webhooks").await.json();
    assert_eq!(webhooks[0]["secret"], json!(emulator.webhooks()[0].secret()));
}

#[tokio::test]
async fn secrets_are_never_shown_by_accident() {
    let (emulator, receiver) = listening(|builder| builder, |webhook| webhook.secret("hidden-secret")).await;
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    let webhook = Webhook::new("http://user:pass-word@localhost/").secret("hidden-secret");
    let builder = Emulator::builder().webhook(webhook.clone());
    for shown in [
        format!("{webhook:?}"),
        format!("{builder:?}"),
        format!("{emulator:?}"),
        format!("{:?}", emulator.webhooks()),
        format!("{:?}", emulator.webhook_deliveries()),
    ] {
        assert!(!shown.contains("hidden-secret") && !shown.contains("pass-word"), "{shown}");
    }
    assert!(!receiver.posted()[0].head.contains("hidden-secret"));
}

#[tokio::test]
async fn a_password_in_the_url_is_basic_auth() {
    let receiver = Receiver::start().await;
    let url = receiver.url.replace("http://", "http://user:pass@");
    let emulator = started(|builder| builder.webhook(Webhook::new(url))).await;
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.posted()[0].header("authorization"), Some("Basic dXNlcjpwYXNz"));
}

#[tokio::test]
async fn webhooks_registered_later_hear_of_what_is_later() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    let webhook = emulator.register_webhook(Webhook::new(&receiver.url));
    assert!(webhook.secret().len() == 32 && webhook.secret().bytes().all(|b| b.is_ascii_alphanumeric()));
    pass(&emulator, STEP).await;
    assert_eq!(receiver.types(), ["activity.delivered"]);
    emulator.react(emulator.emails()[0].id(), Reaction::Open).unwrap();
    emulator.settled().await;
    assert_eq!(receiver.types().len(), 3);
    emulator.reset();
    assert!(emulator.webhook_deliveries().is_empty());
    assert_eq!(emulator.webhooks().len(), 1, "what was registered stays");
}

/// With the machine's clock nothing has to be moved: what is due is posted by itself.
#[tokio::test]
async fn time_passes_by_itself() {
    let receiver = Receiver::start().await;
    let builder = Emulator::builder().delivery_delay(Duration::from_millis(50)).token(crate::client::TOKEN);
    let emulator = builder.webhook(Webhook::new(&receiver.url)).start().await.unwrap();
    send(&emulator, &json!({})).await;
    until(|| receiver.count() == 2).await;
    assert_eq!(receiver.types(), ["activity.sent", "activity.delivered"]);
}

/// The first webhook there is may come when something is on its way already; it need not be asked for anything else.
#[tokio::test]
async fn the_first_webhook_may_come_late() {
    // A machine that cannot register in between is given more time.
    for delay in [100, 1_000, 10_000].map(Duration::from_millis) {
        let late = Receiver::start().await;
        let builder = Emulator::builder().delivery_delay(delay).token(crate::client::TOKEN);
        let emulator = builder.start().await.unwrap();
        send(&emulator, &json!({})).await;
        emulator.register_webhook(Webhook::new(&late.url).events(["activity.delivered"]));
        if emulator.clock().now() >= emulator.messages()[0].created_at + delay {
            continue;
        }
        until(|| late.count() == 1).await;
        assert_eq!(late.types(), ["activity.delivered"]);
        return;
    }
    panic!("no webhook could be registered before the delivery");
}

async fn until(done: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(tokio::time::Instant::now() < deadline, "nothing was posted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
