//! Replaying, pruning, and handlers that come late or go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use mailferry::{Clock, DateTime, Event};
use mailferry_store::sqlx;
use mailferry_store::{Accepted, Inbox, Page, Retention, Selection, Since, State};

use tokio::sync::Semaphore;

use crate::support::{
    Folder, Running, TRACKING, all, body, connect, deliver, eager, event, read, until, until_settled,
};

/// In seconds.
const DAY: u64 = 24 * 60 * 60;

/// Notes the events it is called with.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn handler(&self) -> impl Fn(Event) -> std::future::Ready<Result<(), mailferry::transport::BoxError>> + use<> {
        let notes = self.clone();
        move |event| {
            notes.0.lock().unwrap().push(event.event_id().unwrap_or_default().to_owned());
            std::future::ready(Ok(()))
        }
    }

    fn take(&self) -> Vec<String> {
        let mut taken = std::mem::take(&mut *self.0.lock().unwrap());
        taken.sort();
        taken
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

async fn handle(inbox: &Inbox, notes: &Notes) {
    let worker = Running::start(inbox.worker().handler("notes", notes.handler()));
    until_settled(inbox).await;
    worker.stop().await;
}

#[tokio::test]
async fn entries_are_replayed_by_id_kind_and_time() {
    let folder = Folder::new();
    let notes = Notes::default();
    let inbox = Inbox::builder(folder.inbox()).clock(Clock::fixed(at(1000))).open().await.unwrap();
    inbox.accept(TRACKING, &[event("opened", "a1"), event("soft_bounced", "a2")]).await.unwrap();
    inbox.close().await;
    let inbox = Inbox::builder(folder.inbox()).clock(Clock::fixed(at(2000))).open().await.unwrap();
    let accepted = inbox.accept(TRACKING, &[event("opened", "a3"), event("hard_bounced", "a4")]).await.unwrap();
    handle(&inbox, &notes).await;
    assert_eq!(notes.take(), ["a1", "a2", "a3", "a4"]);

    let kind = |kind: &str| Selection { kind: Some(kind.to_owned()), ..Selection::default() };
    let late = DateTime::from(at(1500));
    for (selection, expected) in [
        (Selection { id: Some(accepted[0].id()), ..Selection::default() }, &["a3"][..]),
        (kind("bounced"), &["a2", "a4"]),
        (kind("soft_bounced"), &["a2"]),
        (Selection { from: Some(late), ..kind("opened") }, &["a3"]),
        (Selection { until: Some(late), ..Selection::default() }, &["a1", "a2"]),
        (Selection { state: Some(State::Dead), ..Selection::default() }, &[]),
        (Selection { handler: Some("notes".to_owned()), ..kind("opened") }, &["a1", "a3"]),
        (Selection { handler: Some("nobody".to_owned()), ..Selection::default() }, &[]),
    ] {
        assert_eq!(inbox.replay(&selection).await.unwrap(), expected.len() as u64, "{selection:?}");
        handle(&inbox, &notes).await;
        assert_eq!(notes.take(), expected, "{selection:?}");
    }
}

#[tokio::test]
async fn many_are_replayed_and_given_to_a_new_handler() {
    const MANY: usize = 6000;
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let events: Vec<Event> = (0..MANY).map(|number| event("sent", &format!("a{number}"))).collect();
    inbox.accept(TRACKING, &events).await.unwrap();
    let worker = Running::start(inbox.worker().transaction_handler("deliveries", mailferry_store::Deliveries));
    until_settled(&inbox).await;
    assert_eq!(inbox.stats().await.unwrap().handlers[0].done, MANY as u64);
    assert_eq!(inbox.replay(&Selection::default()).await.unwrap(), MANY as u64);
    until_settled(&inbox).await;
    worker.stop().await;
}

#[tokio::test]
async fn the_dead_are_replayed_with_all_their_attempts() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, ["a1".to_owned()]).await;
    let fail = |_: Event| async { Err("no".into()) };
    for round in 1..=2 {
        let worker = Running::start(inbox.worker().policy(eager(3)).handler("one", fail));
        until_settled(&inbox).await;
        worker.stop().await;
        let entry = all(&inbox).await.remove(0);
        assert_eq!((entry.handlers[0].state, entry.handlers[0].attempts), (State::Dead, 3));
        assert_eq!(inbox.attempts(entry.id).await.unwrap().len(), 3 * round);
        let dead = Selection { state: Some(State::Dead), ..Selection::default() };
        assert_eq!(inbox.replay(&dead).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_late_handler_chooses_what_it_gets() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, ["a1".to_owned()]).await;
    let (all_of_it, from_now) = (Notes::default(), Notes::default());
    for id in ["b1", "b2"] {
        let worker = inbox.worker().handler_since("all", all_of_it.handler(), Since::Beginning).handler_since(
            "now",
            from_now.handler(),
            Since::Now,
        );
        let worker = Running::start(worker);
        until_settled(&inbox).await;
        deliver(&inbox, [id.to_owned()]).await;
        until_settled(&inbox).await;
        worker.stop().await;
    }
    assert_eq!((all_of_it.take(), from_now.take()), (strings(&["a1", "b1", "b2"]), strings(&["b1", "b2"])));

    // Replayed by name it gets the rest, too.
    let selection = Selection { handler: Some("now".to_owned()), ..Selection::default() };
    assert_eq!(inbox.replay(&selection).await.unwrap(), 3);
    let worker = Running::start(inbox.worker().handler("now", from_now.handler()));
    until_settled(&inbox).await;
    worker.stop().await;
    assert_eq!(from_now.take(), ["a1", "b1", "b2"]);

    assert!(inbox.remove_handler("all").await.unwrap());
    assert!(!inbox.remove_handler("all").await.unwrap());
    let names: Vec<String> = inbox.stats().await.unwrap().handlers.into_iter().map(|stats| stats.handler).collect();
    assert_eq!(names, ["now"]);
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[tokio::test]
async fn old_bodies_are_pruned_and_repetitions_still_known() {
    let folder = Folder::new();
    let open = |day: u64| Inbox::builder(folder.inbox()).clock(Clock::fixed(at(day * DAY))).open();
    let retention = Retention { bodies: Duration::from_secs(30 * DAY), entries: Duration::from_secs(100 * DAY) };
    let notes = Notes::default();

    let inbox = open(0).await.unwrap();
    deliver(&inbox, (0..1200).map(|number| format!("a{number}"))).await;
    handle(&inbox, &notes).await;
    inbox.close().await;
    let inbox = open(40).await.unwrap();
    deliver(&inbox, ["late".to_owned()]).await;
    let pruned = inbox.prune(retention).await.unwrap();
    assert_eq!((pruned.bodies, pruned.entries), (1200, 0));
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.entries, stats.bodies), (1201, 1));
    let again = inbox.accept(TRACKING, &[event("delivered", "a7")]).await.unwrap();
    assert!(matches!(again[..], [Accepted::Repeated(_)]), "{again:?}");
    let entry = inbox.get(again[0].id()).await.unwrap().unwrap();
    assert!(entry.pruned && entry.size > 0);
    assert_eq!(inbox.body(entry.id).await.unwrap(), None);
    assert_eq!(inbox.replay(&Selection { id: Some(entry.id), ..Selection::default() }).await.unwrap(), 0);
    inbox.close().await;

    // What is not handled is kept, however old it is.
    let inbox = open(1000).await.unwrap();
    let pruned = inbox.prune(retention).await.unwrap();
    assert_eq!((pruned.bodies, pruned.entries), (0, 1200));
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.entries, stats.handlers[0].pending), (1, 1));
    assert_eq!(stats.handlers[0].lag, Duration::from_secs(960 * DAY));
    assert_eq!(stats.kinds, [("delivered".to_owned(), 1)]);
    let again = inbox.accept(TRACKING, &[event("delivered", "a7")]).await.unwrap();
    let later = inbox.list(&Selection::default(), &Page::default()).await.unwrap();
    assert!(matches!(again[..], [Accepted::Stored(_)]));
    assert!(again[0].id() > later[1].id, "a number was given twice");
}

/// The worker was killed before a new handler had been given everything.
#[tokio::test]
async fn what_a_new_handler_is_still_to_be_given_is_not_pruned() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, ["a1".to_owned(), "a2".to_owned()]).await;
    let mut tables = connect(&folder).await;
    sqlx::query("INSERT INTO mailferry_inbox_handler (name, registered_at, behind) VALUES ('notes', 0, 2)")
        .execute(&mut tables)
        .await
        .unwrap();
    let everything = Retention { bodies: Duration::ZERO, entries: Duration::ZERO };
    assert_eq!(inbox.prune(everything).await.unwrap().entries, 1);
    let notes = Notes::default();
    handle(&inbox, &notes).await;
    assert_eq!(notes.take(), ["a1"]);
    assert_eq!(inbox.prune(everything).await.unwrap().entries, 1);
}

#[tokio::test]
async fn what_was_stored_while_the_clock_was_ahead_is_handled() {
    let folder = Folder::new();
    let inbox = Inbox::builder(folder.inbox()).clock(Clock::fixed(at(1000 * DAY))).open().await.unwrap();
    let notes = Notes::default();
    handle_none(&inbox, &notes).await;
    deliver(&inbox, ["a1".to_owned()]).await;
    inbox.close().await;
    let inbox = Inbox::builder(folder.inbox()).clock(Clock::fixed(at(DAY))).open().await.unwrap();
    deliver(&inbox, ["a2".to_owned()]).await;
    handle(&inbox, &notes).await;
    assert_eq!(notes.take(), ["a1", "a2"]);
}

/// Makes the handler known.
async fn handle_none(inbox: &Inbox, notes: &Notes) {
    inbox.worker().handler("notes", notes.handler()).run(std::future::ready(())).await.unwrap();
}

#[tokio::test]
async fn great_bodies_are_not_all_read_at_once() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let subject = "x".repeat(20 << 20);
    for id in ["a1", "a2", "a3"] {
        let body = body("sent", id).replace("\"S\"", &format!("\"{subject}\""));
        inbox.accept(TRACKING, &[read(body)]).await.unwrap();
    }
    let (calls, released) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, waited) = (Arc::clone(&calls), Arc::clone(&released));
    let worker = inbox.worker().poll(Duration::from_millis(1)).handler("one", move |_| {
        let (calls, released) = (Arc::clone(&counted), Arc::clone(&waited));
        async move {
            calls.fetch_add(1, Ordering::Relaxed);
            released.acquire().await?.forget();
            Ok(())
        }
    });
    let worker = Running::start(worker);
    until("two are called", || async { calls.load(Ordering::Relaxed) == 2 }).await;
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.handlers[0].claimed, stats.handlers[0].pending), (2, 1));
    released.add_permits(3);
    until_settled(&inbox).await;
    worker.stop().await;
}
