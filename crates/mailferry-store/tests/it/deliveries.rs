//! What became of each mail, kept by the inbox.

use mailferry::delivery::DeliveryStatus;
use mailferry_store::{Deliveries, Inbox, Selection};

use crate::support::{Folder, Running, TRACKING, body, event, read, until_settled};

#[tokio::test]
async fn the_state_of_each_recipient_is_kept() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    for (word, id) in [("clicked", "a1"), ("delivered", "a2"), ("sent", "a3")] {
        inbox.accept(TRACKING, &[event(word, id)]).await.unwrap();
    }
    let bounced = body("hard_bounced", "b1").replace("ann@example.com", "Bob@Example.com");
    inbox.accept(TRACKING, &[read(bounced)]).await.unwrap();
    let maintenance = r#"{"type":"maintenance.start","created_at":"2026-10-03 22:33:06","data":{"domain_id":"d"}}"#;
    inbox.accept(TRACKING, &[read(maintenance)]).await.unwrap();
    let worker = Running::start(inbox.worker().transaction_handler("deliveries", Deliveries));
    until_settled(&inbox).await;
    // Once more from the beginning changes nothing.
    let before = inbox.deliveries("m1").await.unwrap();
    assert_eq!(inbox.replay(&Selection::default()).await.unwrap(), 5);
    until_settled(&inbox).await;
    worker.stop().await;
    assert_eq!(inbox.deliveries("m1").await.unwrap(), before);

    let names: Vec<_> = before.iter().map(|(recipient, state)| (recipient.as_str(), state.status)).collect();
    let expected = [("ann@example.com", DeliveryStatus::Delivered), ("bob@example.com", DeliveryStatus::HardBounced)];
    assert_eq!(names, expected);
    let ann = inbox.delivery("m1", "Ann@example.com").await.unwrap().unwrap();
    assert!(ann.clicked.is_some() && ann.opened.is_some());
    assert_eq!(inbox.delivery("m2", "ann@example.com").await.unwrap(), None);
    assert_eq!(inbox.stats().await.unwrap().handlers[0].done, 5);
}
