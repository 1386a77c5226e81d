//! Handing entries to handlers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mailferry::Event;
use mailferry::webhook::Handling;
use mailferry_store::sqlx::{self, SqliteConnection};
use mailferry_store::{Inbox, Page, Selection, State};

use crate::support::{Folder, Running, all, connect, deliver, eager, until_settled};

#[tokio::test]
async fn every_handler_gets_every_entry() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, (0..10).map(|number| format!("early{number}"))).await;
    let calls = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let count = |index: usize| {
        let calls = calls.clone();
        move |_event: Event| {
            calls[index].fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        }
    };
    let worker = Running::start(inbox.worker().handler("one", count(0)).handler("two", count(1)));
    deliver(&inbox, (0..100).map(|number| format!("late{number}"))).await;
    until_settled(&inbox).await;
    worker.stop().await;
    assert_eq!([110, 110], [calls[0].load(Ordering::Relaxed), calls[1].load(Ordering::Relaxed)]);
    for entry in all(&inbox).await {
        let done: Vec<_> = entry.handlers.iter().map(|progress| (progress.handler.as_str(), progress.state)).collect();
        assert_eq!(done, [("one", State::Done), ("two", State::Done)]);
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_dead() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, ["a1".to_owned(), "a2".to_owned()]).await;
    let worker = inbox.worker().policy(eager(3)).handler("picky", |event: Event| async move {
        if event.event_id() == Some("a1") { Ok(()) } else { Err("not this one".into()) }
    });
    let worker = Running::start(worker);
    until_settled(&inbox).await;
    worker.stop().await;
    let dead = Selection { state: Some(State::Dead), ..Selection::default() };
    let [entry] = &inbox.list(&dead, &Page::default()).await.unwrap()[..] else { panic!("one is dead") };
    let progress = &entry.handlers[0];
    assert_eq!((progress.attempts, progress.last_error.as_deref()), (3, Some("not this one")));
    let attempts = inbox.attempts(entry.id).await.unwrap();
    let told: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.error.as_str())).collect();
    assert_eq!(told, [(1, "not this one"), (2, "not this one"), (3, "not this one")]);
}

fn count<'a>(transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a> {
    Box::pin(async move {
        sqlx::query("INSERT INTO effects (event) VALUES (?1)").bind(event.event_id()).execute(transaction).await?;
        Ok(())
    })
}

#[tokio::test]
async fn a_transaction_handler_writes_to_the_same_file() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let mut tables = connect(&folder).await;
    sqlx::query("CREATE TABLE effects (event TEXT)").execute(&mut tables).await.unwrap();
    deliver(&inbox, (0..300).map(|number| format!("a{number}"))).await;
    let worker = Running::start(inbox.worker().transaction_handler("count", count));
    until_settled(&inbox).await;
    worker.stop().await;
    let effects: i64 = sqlx::query_scalar("SELECT count(*) FROM effects").fetch_one(&mut tables).await.unwrap();
    assert_eq!(effects, 300);
}
