//! What goes wrong with posts to receivers, on purpose.

use std::time::Duration;

use mailferry_emulator::{
    Builder, DeliveryResult, Emulator, Fault, FaultOn, FaultRule, InboundMail, InboundRoute, Retries, Webhook,
};
use serde_json::{Value, json};

use crate::client::{get, post, send, started};
use crate::receiver::{Answer, Receiver, hmac};

const SECRET: &str = "s3cret";

/// An emulator with one webhook that hears of deliveries, and who receives it.
async fn listening(set_up: impl FnOnce(Builder) -> Builder) -> (Emulator, Receiver) {
    let receiver = Receiver::start().await;
    let webhook = Webhook::new(&receiver.url).secret(SECRET).events(["activity.delivered"]);
    let emulator = started(|builder| set_up(builder).webhook(webhook)).await;
    (emulator, receiver)
}

/// Sends a mail with this subject, and lets it be delivered.
async fn deliver(emulator: &Emulator, subject: &str) {
    assert_eq!(send(emulator, &json!({"subject": subject})).await.status, 202);
    pass(emulator, Duration::from_secs(2)).await;
}

async fn pass(emulator: &Emulator, by: Duration) {
    emulator.clock().advance(by);
    emulator.settled().await;
}

/// The subjects of the mails that were told of.
fn subjects(receiver: &Receiver) -> Vec<String> {
    receiver.events().iter().map(|event| event["data"]["subject"].as_str().unwrap().to_owned()).collect()
}

fn faults(emulator: &Emulator) -> Vec<Option<Fault>> {
    emulator.webhook_deliveries().iter().map(|delivery| delivery.fault).collect()
}

#[tokio::test]
async fn duplicated_is_posted_twice_with_the_same_bytes() {
    let (emulator, receiver) = listening(|builder| builder).await;
    emulator.fail_next(Fault::WebhookDuplicated);
    deliver(&emulator, "a").await;
    deliver(&emulator, "b").await;
    assert_eq!(subjects(&receiver), ["a", "a", "b"]);
    let posted = receiver.posted();
    assert_eq!((&posted[0].body, posted[0].header("signature")), (&posted[1].body, posted[1].header("signature")));
    let twice = Some(Fault::WebhookDuplicated);
    assert_eq!(faults(&emulator), [twice, twice, None]);
}

#[tokio::test]
async fn reordered_comes_after_the_next() {
    let (emulator, receiver) = listening(|builder| builder).await;
    emulator.fail_next(Fault::WebhookReordered);
    for subject in ["a", "b", "c"] {
        deliver(&emulator, subject).await;
    }
    assert_eq!(subjects(&receiver), ["b", "a", "c"]);
    assert_eq!(faults(&emulator), [None, Some(Fault::WebhookReordered), None]);
}

#[tokio::test]
async fn several_reordered_wait_for_the_same_and_keep_their_order() {
    let (emulator, receiver) =
        listening(|builder| builder.fault(FaultRule::new(Fault::WebhookReordered).next(2))).await;
    for subject in ["a", "b", "c"] {
        deliver(&emulator, subject).await;
    }
    assert_eq!(subjects(&receiver), ["c", "a", "b"]);
}

#[tokio::test]
async fn reordered_is_not_held_for_ever() {
    let (emulator, receiver) = listening(|builder| builder).await;
    emulator.fail_next(Fault::WebhookReordered);
    deliver(&emulator, "a").await;
    pass(&emulator, Duration::from_secs(59)).await;
    assert_eq!(receiver.count(), 0);
    pass(&emulator, Duration::from_secs(1)).await;
    assert_eq!(subjects(&receiver), ["a"]);
}

/// Another attempt at something older is not the next one.
#[tokio::test]
async fn a_repetition_does_not_end_the_waiting() {
    let (emulator, receiver) =
        listening(|builder| builder.webhook_retries(Retries::after([Duration::from_secs(10)]))).await;
    receiver.then(Answer::Status(500));
    deliver(&emulator, "a").await;
    emulator.fail_next(Fault::WebhookReordered);
    deliver(&emulator, "b").await;
    pass(&emulator, Duration::from_secs(10)).await;
    assert_eq!(subjects(&receiver), ["a", "a"]);
    deliver(&emulator, "c").await;
    assert_eq!(subjects(&receiver), ["a", "a", "c", "b"]);
}

#[tokio::test]
async fn delayed_is_overtaken() {
    let (emulator, receiver) = listening(|builder| builder).await;
    emulator.fail_next(Fault::WebhookDelayed(Duration::from_secs(30)));
    deliver(&emulator, "a").await;
    deliver(&emulator, "b").await;
    assert_eq!(subjects(&receiver), ["b"]);
    pass(&emulator, Duration::from_secs(28)).await;
    assert_eq!(subjects(&receiver), ["b", "a"]);
}

#[tokio::test]
async fn wrongly_signed_once_and_rightly_when_repeated() {
    let (emulator, receiver) =
        listening(|builder| builder.webhook_retries(Retries::after([Duration::from_secs(10)]))).await;
    receiver.then(Answer::Status(500));
    emulator.fail_next(Fault::WebhookWronglySigned);
    deliver(&emulator, "a").await;
    pass(&emulator, Duration::from_secs(10)).await;
    let posted = receiver.posted();
    let is_right = |index: usize| posted[index].header("signature") == Some(&*hmac(SECRET, &posted[index].body));
    assert_eq!((posted.len(), is_right(0), is_right(1)), (2, false, true));
    // The log says what was really sent.
    let logged = emulator.webhook_deliveries();
    assert_eq!(Some(&*logged[0].signature), posted[0].header("signature"));
    assert_eq!(faults(&emulator), [Some(Fault::WebhookWronglySigned), None]);
}

#[tokio::test]
async fn lost_is_not_posted_and_said_to_be() {
    let (emulator, receiver) = listening(|builder| builder).await;
    emulator.fail_next(Fault::WebhookLost);
    deliver(&emulator, "a").await;
    pass(&emulator, Duration::from_hours(100)).await;
    assert_eq!(receiver.count(), 0);
    let logged = &emulator.webhook_deliveries()[0];
    assert_eq!((logged.fault, logged.again_at), (Some(Fault::WebhookLost), None));
    assert_eq!(logged.result, DeliveryResult::Unanswered("not posted, on purpose".to_owned()));
    // By hand it is, whatever is set.
    emulator.add_fault(FaultRule::new(Fault::WebhookLost).share(1.0)).unwrap();
    assert!(emulator.resend_delivery(logged.number));
    emulator.settled().await;
    assert_eq!(subjects(&receiver), ["a"]);
}

#[tokio::test]
async fn posts_and_requests_do_not_meet_each_others_faults() {
    let (emulator, receiver) = listening(|builder| builder).await;
    let inbound = Receiver::start().await;
    let route = emulator.add_inbound_route(InboundRoute::to(&inbound.url));
    emulator.add_fault(FaultRule::new(Fault::WebhookLost).on(FaultOn::Inbound)).unwrap();
    emulator.add_fault(FaultRule::new(Fault::WebhookDuplicated).on(FaultOn::Webhooks)).unwrap();
    deliver(&emulator, "a").await;
    for subject in ["b", "c"] {
        emulator.receive_mail(InboundMail::new("ann@example.com", route.address()).subject(subject)).unwrap();
        emulator.settled().await;
    }
    assert_eq!(subjects(&receiver), ["a", "a"]);
    assert_eq!(subjects(&inbound), ["c"]);
}

#[tokio::test]
async fn deliveries_show_their_faults() {
    let (emulator, _receiver) = listening(|builder| builder).await;
    let wanted = json!({"fault": "webhook_duplicated", "on": "webhooks"});
    assert_eq!(post(&emulator, "/_emulator/faults", &wanted).await.status, 201);
    deliver(&emulator, "a").await;
    deliver(&emulator, "b").await;
    let shown = get(&emulator, "/_emulator/webhooks/deliveries").await.json();
    let shown: Vec<_> = shown.as_array().unwrap().iter().map(|delivery| delivery["fault"].clone()).collect();
    assert_eq!(shown, [json!("webhook_duplicated"), json!("webhook_duplicated"), Value::Null]);
}
