//! The account as the mailbox page shows and changes it, and what the changes do.

use std::time::Duration;

use mailferry_emulator::{
    AccountState, Delay, Delays, Email, EmailStatus, Emulator, Plan, Reaction, SuppressionList, Webhook,
};
use serde_json::{Value, json};

use crate::client::{Answer, START, call, get, head, post, raw, send, started};
use crate::receiver::Receiver;

const SECOND: Duration = Duration::from_secs(1);

async fn put(emulator: &Emulator, body: &Value) -> Answer {
    call(emulator, "PUT", "/_emulator/account", &body.to_string()).await
}

fn statuses(emulator: &Emulator) -> Vec<EmailStatus> {
    emulator.emails().iter().map(Email::status).collect()
}

#[tokio::test]
async fn the_account_is_shown_with_what_is_used() {
    let emulator = started(|builder| builder.plan(Plan::Trial)).await;
    send(&emulator, &json!({})).await;
    get(&emulator, "/v1/messages").await;
    let account = get(&emulator, "/_emulator/account").await.json();
    assert_eq!(
        (&account["plan"], &account["state"], &account["maintenance"]),
        (&json!("trial"), &json!("active"), &json!(false))
    );
    assert_eq!(account["quota"], json!({"limit": 100, "used": 2, "resets_at": "2026-03-02T00:00:00Z"}));
    assert_eq!(account["trial"], json!({"emails": 1, "most_emails": 100, "recipients": 1, "most_recipients": 10}));
    let limits = account["limits"].as_array().unwrap();
    let of = |route: &str| limits.iter().find(|limit| limit["route"] == route).cloned().unwrap();
    let minute = "2026-03-01T10:01:00Z";
    assert_eq!(of("POST /v1/email"), json!({"route": "POST /v1/email", "limit": 120, "used": 1, "resets_at": minute}));
    assert_eq!(of("/v1/messages"), json!({"route": "/v1/messages", "limit": 60, "used": 1, "resets_at": minute}));
    assert_eq!(of("POST /v1/bulk-email")["resets_at"], json!(null));
    assert_eq!(account["domains"][0]["name"], "example.com");
    assert_eq!(account["domains"][0]["send_paused"], false);
    assert_eq!((&account["delays"]["sent"], &account["delays"]["delivered"]), (&json!([0, 0]), &json!([2000, 2000])));
    assert_eq!(account["clock"]["now"], START);
    assert_eq!((&account["memory"]["messages"], &account["memory"]["most_messages"]), (&json!(1), &json!(10_000)));
    assert!(account["memory"]["bytes"].as_u64().unwrap() > 1_000);
    emulator.clock().advance(SECOND * 60);
    let later = get(&emulator, "/_emulator/account").await.json();
    assert_eq!(later["limits"][0]["used"], 0, "the minute is over");
}

#[tokio::test]
async fn the_account_is_changed_in_whole_or_not_at_all() {
    let emulator = started(|builder| builder).await;
    let changed = put(
        &emulator,
        &json!({"plan": "Hobby", "state": "suspended", "delays": {"delivered": "1s..3s", "sent": 5, "opened": [9, 7]}}),
    )
    .await;
    assert_eq!(changed.status, 200);
    let account = changed.json();
    assert_eq!((&account["plan"], &account["state"]), (&json!("hobby"), &json!("suspended")));
    assert_eq!(account["delays"]["delivered"], json!([1000, 3000]));
    assert_eq!((&account["delays"]["sent"], &account["delays"]["opened"]), (&json!([5, 5]), &json!([7, 9])));
    assert!(send(&emulator, &json!({})).await.text().contains("#MS40304"));
    for (wrong, status) in [
        (json!({"plan": null, "state": "asleep"}), 422),
        (json!({"plan": "enterprise"}), 422),
        (json!({"state": "active", "delays": {"eaten": 1}}), 422),
        (json!({"state": "active", "delays": {"sent": "soon"}}), 422),
        (json!({"state": "active", "delays": {"sent": -1}}), 400),
        (json!({"maintenance_window": {"start": START, "end": START}}), 422),
        (json!({"maintenance_window": {"start": "now", "end": START}}), 422),
        (json!({"state": "active", "colour": "red"}), 400),
        (json!([]), 400),
    ] {
        let refused = put(&emulator, &wrong).await;
        assert_eq!(refused.status, status, "{wrong}");
        assert!(refused.json()["message"].as_str().is_some_and(|message| message.len() > 20), "{wrong}");
        let now = get(&emulator, "/_emulator/account").await.json();
        assert_eq!((&now["plan"], &now["state"]), (&json!("hobby"), &json!("suspended")), "{wrong}");
    }
    let form = head("PUT", "/_emulator/account", emulator.token(), 2).replace("application/json", "text/plain");
    assert_eq!(raw(emulator.address(), &form, b"{}").await.unwrap().status, 415);
    assert_eq!(put(&emulator, &json!({"plan": null, "state": "active"})).await.json()["plan"], json!(null));
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
}

#[tokio::test]
async fn domains_are_paused_and_the_clock_is_moved() {
    let emulator = started(|builder| builder).await;
    let pause = async |paused: bool| {
        let body = json!({"send_paused": paused}).to_string();
        call(&emulator, "PUT", "/_emulator/domains/Example.com", &body).await.json()
    };
    assert_eq!(pause(true).await["domains"][0]["send_paused"], true);
    assert_eq!(send(&emulator, &json!({})).await.header("x-send-paused"), Some("true"));
    let advanced = post(&emulator, "/_emulator/clock/advance", &json!({"seconds": 3600.5})).await.json();
    assert_eq!(advanced["now"], "2026-03-01T11:00:00.5Z");
    assert_eq!(statuses(&emulator), [EmailStatus::Queued]);
    pause(false).await;
    assert_eq!(statuses(&emulator), [EmailStatus::Sent]);
    post(&emulator, "/_emulator/clock/advance", &json!({"seconds": 2})).await;
    assert_eq!(statuses(&emulator), [EmailStatus::Delivered]);
    for seconds in [json!(-1), json!(1e12)] {
        assert_eq!(post(&emulator, "/_emulator/clock/advance", &json!({"seconds": seconds})).await.status, 422);
    }
    assert_eq!(call(&emulator, "PUT", "/_emulator/domains/a%20b", r#"{"send_paused":true}"#).await.status, 422);
}

#[tokio::test]
async fn a_planned_maintenance_starts_and_ends_by_itself() {
    let receiver = Receiver::start().await;
    let webhook = Webhook::new(&receiver.url).events(["maintenance.start", "maintenance.end"]);
    let emulator = started(|builder| {
        builder
            .maintenance("2026-03-01T10:01:00Z".parse().unwrap(), "2026-03-01T10:02:00Z".parse().unwrap())
            .webhook(webhook)
    })
    .await;
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    emulator.reset();
    emulator.clock().advance(SECOND * 60);
    assert_eq!(send(&emulator, &json!({})).await.status, 421);
    let account = get(&emulator, "/_emulator/account").await.json();
    assert_eq!(
        (&account["maintenance"], &account["maintenance_window"]["end"]),
        (&json!(true), &json!("2026-03-01T10:02:00Z"))
    );
    emulator.clock().advance(SECOND * 60);
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    emulator.settled().await;
    assert_eq!(receiver.types(), ["maintenance.start", "maintenance.end"]);
    assert_eq!(receiver.events()[0]["created_at"], "2026-03-01 10:01:00", "when it began, not when somebody looked");

    let window = |start: &str, end: &str| json!({"maintenance_window": {"start": start, "end": end}});
    put(&emulator, &window("2026-03-01T10:03:00Z", "2026-03-01T10:04:00Z")).await;
    put(&emulator, &window("2026-03-01T10:10:00Z", "2026-03-01T10:11:00Z")).await;
    emulator.clock().advance(SECOND * 90);
    assert_eq!(send(&emulator, &json!({})).await.status, 202, "the second plan is in place of the first");
    put(&emulator, &json!({"maintenance": true})).await;
    assert_eq!(send(&emulator, &json!({})).await.status, 421);
    put(&emulator, &json!({"maintenance": false})).await;
    emulator.clock().advance(SECOND * 420);
    assert_eq!(send(&emulator, &json!({})).await.status, 202, "what was planned is off");
}

#[tokio::test]
async fn every_step_has_a_delay_of_its_own() {
    let second = |count: u32| Delay::from(SECOND * count);
    let delays = Delays {
        sent: second(1),
        delivered: second(10),
        opened: second(100),
        clicked: second(1_000),
        ..Delays::default()
    };
    let emulator = started(|builder| builder.delays(delays)).await;
    send(&emulator, &json!({"to": [{"email": "click@example.org"}]})).await;
    emulator.clock().advance(SECOND * 2_000);
    let times: Vec<i64> =
        emulator.activities().iter().map(|activity| activity.at.as_second() - 1_772_359_200).collect();
    assert_eq!(times, [0, 1, 11, 111, 111, 1_111, 1_111]);
}

#[tokio::test]
async fn a_spread_is_the_same_for_the_same_seed() {
    let times = async || {
        let emulator = started(|builder| builder.delays(Delays::recorded())).await;
        for _ in 0..10 {
            send(&emulator, &json!({})).await;
        }
        emulator.clock().advance(SECOND * 10);
        let delivered = emulator.activities().into_iter().filter(|activity| activity.kind.name() == "delivered");
        delivered.map(|activity| activity.at.duration_since(START.parse().unwrap()).as_millis()).collect::<Vec<_>>()
    };
    let first = times().await;
    assert_eq!(first.len(), 10);
    assert!(first.iter().all(|at| (1_000..=6_000).contains(at)));
    assert!(first.iter().any(|at| *at != first[0]));
    assert_eq!(first, times().await);
}

#[tokio::test]
async fn soft_bounces_in_a_row_hold_somebody_back_for_three_days() {
    let receiver = Receiver::start().await;
    let webhook = Webhook::new(&receiver.url).events(["recipient.on_hold_added", "recipient.on_hold_removed"]);
    let emulator = started(|builder| builder.on_hold_after(2).webhook(webhook)).await;
    let bounce = async |reaction: Reaction| {
        send(&emulator, &json!({})).await;
        emulator.react(emulator.emails().last().unwrap().id(), reaction).unwrap();
    };
    bounce(Reaction::SoftBounce).await;
    bounce(Reaction::Deliver).await;
    bounce(Reaction::SoftBounce).await;
    let list = async || get(&emulator, "/_emulator/suppressions?list=on-hold-list").await.json();
    assert_eq!(list().await, json!([]), "not in a row");
    bounce(Reaction::SoftBounce).await;
    let held = list().await;
    assert_eq!((&held[0]["address"], &held[0]["domain"]), (&json!("ann@example.org"), &json!("example.com")));
    assert_eq!(held[0]["until"], "2026-03-04T10:00:00Z");
    assert!(send(&emulator, &json!({})).await.text().contains("on_hold"));
    emulator.clock().advance(Duration::from_hours(72));
    assert_eq!(send(&emulator, &json!({})).await.text(), "", "the time is over");
    emulator.settled().await;
    assert_eq!(receiver.types(), ["recipient.on_hold_added", "recipient.on_hold_removed"]);
    assert_eq!(receiver.events()[1]["created_at"], "2026-03-04T10:00:00.000000Z");
}

#[tokio::test]
async fn suppressions_are_listed_added_and_deleted() {
    let emulator = started(|builder| builder).await;
    let add = async |body: Value| post(&emulator, "/_emulator/suppressions", &body).await;
    let ann = add(json!({"list": "unsubscribes", "address": "ann@example.org", "domain": "Example.com"})).await;
    assert_eq!(ann.status, 201);
    assert_eq!((&ann.json()["domain"], &ann.json()["created_at"]), (&json!("example.com"), &json!(START)));
    add(json!({"list": "blocklist", "address": ".*@gone.example", "is_pattern": true})).await;
    emulator.suppress(SuppressionList::HardBounces, "bob@example.org");
    let found = async |query: &str| {
        let rows = get(&emulator, &format!("/_emulator/suppressions{query}")).await.json();
        rows.as_array().unwrap().iter().map(|row| row["address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["bob@example.org", ".*@gone.example", "ann@example.org"]);
    assert_eq!(found("?list=blocklist").await, [".*@gone.example"]);
    assert_eq!(found("?q=EXAMPLE.org&limit=1").await, ["bob@example.org"]);
    let counts = get(&emulator, "/_emulator/suppressions/counts").await.json();
    assert_eq!((&counts["unsubscribes"], &counts["on-hold-list"]), (&json!(1), &json!(0)));
    assert!(send(&emulator, &json!({})).await.text().contains("unsubscribed"));
    let elsewhere = json!({"from": {"email": "a@other.example"}});
    assert_eq!(send(&emulator, &elsewhere).await.text(), "", "another domain may still write to her");
    assert!(send(&emulator, &json!({"to": [{"email": "x@gone.example"}]})).await.text().contains("blocklisted"));
    for (wrong, status) in [
        (json!({"list": "friends", "address": "a@b.example"}), 422),
        (json!({"list": "unsubscribes", "address": "a b@c.example"}), 422),
        (json!({"list": "unsubscribes", "address": "@c.example"}), 422),
        (json!({"list": "unsubscribes", "address": ".*", "is_pattern": true}), 422),
        (json!({"list": "blocklist", "address": "(", "is_pattern": true}), 422),
        (json!({"list": "blocklist"}), 400),
    ] {
        assert_eq!(add(wrong.clone()).await.status, status, "{wrong}");
    }
    let path = format!("/_emulator/suppressions/{}", ann.json()["id"].as_str().unwrap());
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 204);
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 404);
    assert_eq!(send(&emulator, &json!({})).await.text(), "");
}

/// The time of a schedule may pass while its domain is paused; it is still a schedule, and can be taken back.
#[tokio::test]
async fn a_schedule_outlives_a_pause() {
    let emulator = started(|builder| builder.paused_domain("example.com")).await;
    let later = json!({"send_at": 1_772_359_200 + 60});
    for _ in 0..2 {
        send(&emulator, &later).await;
    }
    emulator.clock().advance(SECOND * 3_600);
    let list = async || {
        let page = get(&emulator, "/v1/message-schedules").await.json();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["status"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list().await, ["scheduled", "scheduled"]);
    let path = format!("/v1/message-schedules/{}", emulator.messages()[0].id);
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 204);
    emulator.resume_domain("example.com");
    emulator.clock().advance(SECOND * 10);
    assert_eq!(list().await, ["sent"]);
    let sent = emulator.activities().iter().filter(|activity| activity.kind.name() == "sent").count();
    assert_eq!(sent, 1, "what was taken back is never sent");
    let path = format!("/v1/message-schedules/{}", emulator.messages()[0].id);
    let late = call(&emulator, "DELETE", &path, "").await;
    assert_eq!(late.status, 404);
    assert!(late.text().contains("it's not possible to delete it."));
}

#[test]
fn states_are_known_by_name() {
    assert!(AccountState::ALL.iter().all(|state| AccountState::from_name(state.name()) == Some(*state)));
    assert_eq!(AccountState::from_name("IP-not-allowed"), Some(AccountState::IpNotAllowed));
    assert_eq!(AccountState::from_name(""), None);
}
