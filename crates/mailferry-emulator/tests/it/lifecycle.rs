//! What happens to emails once they are accepted: by their address, by a rule, or by hand.

use std::time::Duration;

use mailferry_emulator::{Email, EmailStatus, Emulator, Outcome, Reaction, ReactionError, SuppressionList};
use serde_json::json;

use crate::client::{call, get, post, raw, send, started};

const STEP: Duration = Duration::from_secs(2);

fn to(address: &str) -> serde_json::Value {
    json!({"to": [{"email": address}]})
}

/// What has happened so far, in order.
fn happened(emulator: &Emulator) -> Vec<&'static str> {
    emulator.activities().iter().map(|activity| activity.kind.name()).collect()
}

fn status(emulator: &Emulator) -> EmailStatus {
    emulator.emails().last().map(Email::status).unwrap()
}

async fn suppressed(emulator: &Emulator, list: &str) -> Vec<String> {
    let page = get(emulator, &format!("/v1/suppressions/{list}")).await.json();
    let entries = page["data"].as_array().unwrap().iter();
    entries.map(|entry| entry["recipient"]["email"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn addresses_have_outcomes() {
    use EmailStatus::{Delivered, Rejected};
    let cases: [(&str, &[&str], EmailStatus, Option<&str>); 9] = [
        ("ann@example.org", &["delivered"], Delivered, None),
        ("delivered@example.org", &["delivered"], Delivered, None),
        ("soft-bounce@example.org", &["soft_bounced"], Rejected, None),
        ("Bounce+7@example.org", &["hard_bounced"], Rejected, Some("hard-bounces")),
        ("deferred@example.org", &["deferred", "delivered"], Delivered, None),
        ("complaint@example.org", &["delivered", "spam_complaints"], Delivered, Some("spam-complaints")),
        ("unsubscribe@example.org", &["delivered", "unsubscribed"], Delivered, Some("unsubscribes")),
        ("open@example.org", &["delivered", "opened", "opened_unique"], Delivered, None),
        ("click@example.org", &["delivered", "opened", "opened_unique", "clicked", "clicked_unique"], Delivered, None),
    ];
    for (address, expected, last, list) in cases {
        let emulator = started(|builder| builder).await;
        send(&emulator, &to(address)).await;
        assert_eq!(happened(&emulator), ["queued", "sent"], "{address}");
        assert_eq!(status(&emulator), EmailStatus::Sent, "{address}");
        emulator.clock().advance(STEP * 5);
        assert_eq!(happened(&emulator)[2..], *expected, "{address}");
        assert_eq!(status(&emulator), last, "{address}");
        for known in ["hard-bounces", "spam-complaints", "unsubscribes"] {
            let expected = if list == Some(known) { vec![address.to_owned()] } else { Vec::new() };
            assert_eq!(suppressed(&emulator, known).await, expected, "{address} on {known}");
        }
    }
}

/// What MailerSend puts no pixel and no redirection into, it hears nothing of.
#[tokio::test]
async fn what_is_not_tracked_is_not_noticed() {
    let clicking = |settings: &serde_json::Value| json!({"to": [{"email": "click@example.org"}], "settings": settings});
    let emulator = started(|builder| builder).await;
    let path = format!("/v1/domains/{}/settings", emulator.domain_id("example.com"));
    let noticed = async |settings: serde_json::Value| {
        send(&emulator, &clicking(&settings)).await;
        emulator.clock().advance(STEP * 5);
        let id = emulator.emails().last().unwrap().id().to_owned();
        emulator.react(&id, Reaction::Open).unwrap();
        emulator.react(&id, Reaction::Click("https://shop.example/".to_owned())).unwrap();
        let of_it = emulator.activities().into_iter().filter(|activity| activity.email_id == id);
        let names = of_it.map(|activity| activity.kind.name());
        (
            names.clone().any(|name| name.starts_with("opened")),
            names.into_iter().any(|name| name.starts_with("clicked")),
        )
    };
    assert_eq!(noticed(json!(null)).await, (true, true));
    assert_eq!(noticed(json!({"track_opens": false, "track_clicks": null})).await, (false, true));
    assert_eq!(noticed(json!({"track_opens": 1, "track_clicks": "0"})).await, (true, false));
    call(&emulator, "PUT", &path, r#"{"track_opens":false,"track_clicks":false}"#).await;
    assert_eq!(noticed(json!({})).await, (false, false));
    assert_eq!(noticed(json!({"track_clicks": true})).await, (false, true), "the message decides before its domain");
}

#[tokio::test]
async fn steps_come_one_delay_after_another() {
    let emulator = started(|builder| builder.delivery_delay(Duration::from_mins(1))).await;
    send(&emulator, &to("click@example.org")).await;
    emulator.clock().advance(Duration::from_secs(90));
    assert_eq!(happened(&emulator), ["queued", "sent", "delivered"]);
    emulator.clock().advance(Duration::from_hours(1));
    let times: Vec<String> = emulator.activities().iter().map(|activity| activity.at.to_string()).collect();
    let minute = |minute| format!("2026-03-01T10:0{minute}:00Z");
    assert_eq!(times, [0, 0, 1, 2, 2, 3, 3].map(minute), "they happened when they were due, not when looked at");
    for activity in emulator.activities() {
        assert_eq!(activity.id.len(), 24);
        assert_eq!(activity.id[..8], format!("{:08x}", activity.at.as_second()));
    }
}

#[tokio::test]
async fn what_is_due_happens_in_order() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &to("first@example.org")).await;
    emulator.clock().advance(Duration::from_secs(1));
    send(&emulator, &to("second@example.org")).await;
    emulator.clock().advance(Duration::from_mins(1));
    let order: Vec<_> = emulator.activities().iter().map(|a| (a.kind.name(), a.recipient.clone())).collect();
    let expected = [("queued", "first"), ("sent", "first"), ("queued", "second"), ("sent", "second")];
    let expected = expected.into_iter().chain([("delivered", "first"), ("delivered", "second")]);
    assert_eq!(order, expected.map(|(kind, name)| (kind, format!("{name}@example.org"))).collect::<Vec<_>>());
}

#[tokio::test]
async fn rules_decide_before_addresses() {
    let rules = |builder: mailferry_emulator::Builder| {
        builder.outcome("*@gone.example", Outcome::HardBounced).outcome("open@example.org", Outcome::SoftBounced)
    };
    let emulator = started(rules).await;
    send(&emulator, &json!({"to": [{"email": "Ann@gone.example"}, {"email": "open@example.org"}]})).await;
    emulator.clock().advance(STEP);
    assert_eq!(happened(&emulator)[4..], ["hard_bounced", "soft_bounced"]);
    emulator.set_outcome("bob@example.org", Outcome::Deferred);
    send(&emulator, &to("BOB@example.org")).await;
    emulator.clock().advance(STEP);
    assert_eq!(happened(&emulator).last(), Some(&"deferred"));

    let emulator = started(|builder| builder.scripted_addresses(false)).await;
    send(&emulator, &to("bounce@example.org")).await;
    emulator.clock().advance(STEP);
    assert_eq!(status(&emulator), EmailStatus::Delivered);
}

#[tokio::test]
async fn a_bounce_suppresses_the_next_mail() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &to("bounce@example.org")).await;
    emulator.clock().advance(STEP);
    let answer = send(&emulator, &to("bounce@example.org")).await;
    assert_eq!(answer.json()["warnings"][0]["recipients"][0]["reasons"], json!(["hard_bounced"]));
    assert_eq!(happened(&emulator).last(), Some(&"suppressed"));
    let entry = get(&emulator, "/v1/suppressions/hard-bounces").await.json()["data"][0].clone();
    assert!(entry["reason"].as_str().unwrap().starts_with("The email account that you tried to reach"), "{entry}");
    assert_eq!(
        (&entry["created_at"], &entry["recipient"]["domain"]["name"]),
        (&json!("2026-03-01T10:00:02.000000Z"), &json!("example.com"))
    );
    let elsewhere = json!({"to": [{"email": "bounce@example.org"}], "from": {"email": "a@other.example"}});
    assert!(send(&emulator, &elsewhere).await.header("x-message-id").is_some(), "it is of one domain only");
}

#[tokio::test]
async fn the_suppressed_have_one_activity() {
    let emulator = started(|builder| builder).await;
    emulator.suppress(SuppressionList::Blocklist, "eve@example.org");
    send(&emulator, &json!({"cc": [{"email": "eve@example.org"}]})).await;
    emulator.clock().advance(STEP);
    let of_eve: Vec<_> = emulator.activities().into_iter().filter(|a| a.recipient == "eve@example.org").collect();
    assert_eq!(of_eve.iter().map(|activity| activity.kind.name()).collect::<Vec<_>>(), ["suppressed"]);
    assert_eq!(of_eve[0].message_id, emulator.messages()[0].id);
}

#[tokio::test]
async fn schedules_and_pauses_hold_everything_back() {
    let emulator = started(|builder| builder).await;
    emulator.pause_domain("example.com");
    send(&emulator, &json!({"send_at": 1_772_359_200 + 3600})).await;
    send(&emulator, &json!({})).await;
    emulator.clock().advance(Duration::from_mins(30));
    assert_eq!(happened(&emulator), ["queued", "queued"]);
    emulator.resume_domain("example.com");
    assert_eq!(happened(&emulator), ["queued", "queued", "sent"]);
    emulator.clock().advance(Duration::from_hours(1));
    let activities = emulator.activities();
    let times: Vec<_> = activities.iter().map(|activity| activity.at.strftime("%T").to_string()).collect();
    assert_eq!(times, ["10:00:00", "10:00:00", "10:30:00", "10:30:02", "11:00:00", "11:00:02"]);
}

/// Nobody has looked since it was sent; what was due before the pause has happened nevertheless.
#[tokio::test]
async fn a_pause_is_not_for_what_was_due_before() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"send_at": 1_772_359_200 + 60})).await;
    emulator.clock().advance(Duration::from_mins(1));
    emulator.pause_domain("example.com");
    emulator.set_outcome("ann@example.org", Outcome::SoftBounced);
    emulator.clock().advance(STEP);
    assert_eq!(happened(&emulator), ["queued", "sent", "delivered"]);
}

#[tokio::test]
async fn bulk_emails_begin_when_the_request_is_done() {
    let emulator = started(|builder| builder.bulk_delay(Duration::from_mins(1))).await;
    post(&emulator, "/v1/bulk-email", &json!([crate::client::message(&to("open@example.org"))])).await;
    assert!(happened(&emulator).is_empty());
    emulator.clock().advance(Duration::from_mins(2));
    assert_eq!(happened(&emulator), ["queued", "sent", "delivered", "opened", "opened_unique"]);
    assert_eq!(emulator.activities()[0].at.to_string(), "2026-03-01T10:01:00Z");
}

#[tokio::test]
async fn people_and_servers_react_by_hand() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let id = emulator.emails()[0].id().to_owned();
    emulator.react(&id, Reaction::Open).unwrap();
    emulator.react(&id, Reaction::Open).unwrap();
    emulator.react(&id, Reaction::Click("https://shop.example/".to_owned())).unwrap();
    emulator.clock().advance(STEP);
    let expected = ["queued", "sent", "delivered", "opened", "opened_unique", "opened", "clicked", "clicked_unique"];
    assert_eq!(happened(&emulator), expected, "it is delivered once, before it is opened");
    assert_eq!(emulator.react(&id, Reaction::HardBounce), Err(ReactionError::Delivered));
    emulator.react(&id, Reaction::Complain).unwrap();
    emulator.react(&id, Reaction::Unsubscribe).unwrap();
    assert_eq!(suppressed(&emulator, "spam-complaints").await, ["ann@example.org"]);
    assert_eq!(suppressed(&emulator, "unsubscribes").await, ["ann@example.org"]);
}

#[tokio::test]
async fn a_reaction_replaces_the_script() {
    for (reaction, then, last) in [
        (Reaction::SoftBounce, vec!["soft_bounced"], EmailStatus::Rejected),
        (Reaction::HardBounce, vec!["hard_bounced"], EmailStatus::Rejected),
        (Reaction::Deliver, vec!["delivered"], EmailStatus::Delivered),
        (Reaction::Defer, vec!["deferred", "delivered"], EmailStatus::Delivered),
    ] {
        let emulator = started(|builder| builder).await;
        send(&emulator, &to("complaint@example.org")).await;
        let id = emulator.emails()[0].id().to_owned();
        emulator.react(&id, reaction.clone()).unwrap();
        emulator.clock().advance(STEP * 5);
        assert_eq!(happened(&emulator)[2..], then, "{reaction:?}");
        assert_eq!(status(&emulator), last, "{reaction:?}");
    }
}

#[tokio::test]
async fn some_reactions_come_too_early_or_too_late() {
    let emulator = started(|builder| builder).await;
    assert_eq!(emulator.react("nobody", Reaction::Open), Err(ReactionError::Unknown));
    send(&emulator, &json!({"send_at": 1_772_359_200 + 3600})).await;
    let id = emulator.emails()[0].id().to_owned();
    assert_eq!(emulator.react(&id, Reaction::Deliver), Err(ReactionError::NotSent));
    emulator.clock().advance(Duration::from_hours(1));
    emulator.react(&id, Reaction::SoftBounce).unwrap();
    assert_eq!(emulator.react(&id, Reaction::Open), Err(ReactionError::Rejected));
    assert_eq!(happened(&emulator), ["queued", "sent", "soft_bounced"]);
}

#[tokio::test]
async fn reactions_are_asked_for_over_http() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let id = emulator.emails()[0].id().to_owned();
    let ask = async |path: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        raw(emulator.address(), &head, b"").await.unwrap().status
    };
    assert_eq!(ask(&format!("/_emulator/emails/{id}/open")).await, 204);
    assert_eq!(ask(&format!("/_emulator/emails/{id}/click?url=https%3A%2F%2Fa.example%2F%3Fb")).await, 204);
    assert_eq!(ask(&format!("/_emulator/emails/{id}/bounce")).await, 409);
    assert_eq!(ask(&format!("/_emulator/emails/{id}/click")).await, 404, "a click needs its URL");
    assert_eq!(ask(&format!("/_emulator/emails/{id}/frown")).await, 404);
    assert_eq!(ask("/_emulator/emails/nobody/open").await, 404);
    let shown = get(&emulator, "/_emulator/activities").await.json();
    let kinds: Vec<_> = shown.as_array().unwrap().iter().map(|shown| shown["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, happened(&emulator));
    assert_eq!(shown[0]["email_id"], json!(id));
}

#[tokio::test]
async fn a_reset_stops_everything() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &to("bounce@example.org")).await;
    emulator.reset();
    emulator.clock().advance(STEP);
    assert!(happened(&emulator).is_empty());
    assert!(suppressed(&emulator, "hard-bounces").await.is_empty());
}

#[tokio::test]
async fn activities_are_capped() {
    let memory = mailferry_emulator::Memory { count: 2, bytes: 1_000_000 };
    let emulator = started(|builder| builder.memory(memory)).await;
    send(&emulator, &json!({})).await;
    let id = emulator.emails()[0].id().to_owned();
    for _ in 0..50 {
        emulator.react(&id, Reaction::Open).unwrap();
    }
    assert_eq!(happened(&emulator), ["opened"; 20], "ten for each message");
}
