//! Full disks, handlers that fail, panic, hang or write nonsense.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mailferry::Event;
use mailferry::webhook::Handling;
use mailferry_store::sqlx::{self, Connection as _, SqliteConnection};
use mailferry_store::{ErrorKind, Inbox, Page, Policy, Retention, Selection, State};

use crate::support::{Folder, Running, TRACKING, all, connect, deliver, eager, event, until, until_settled};

#[tokio::test]
async fn a_full_file_refuses_and_takes_again_when_there_is_room() {
    let folder = Folder::new();
    let inbox = Inbox::builder(folder.inbox()).max_size(400 << 10).open().await.unwrap();
    let mut stored = 0;
    let error = loop {
        match inbox.accept(TRACKING, &[event("sent", &format!("a{stored}"))]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100_000, "the limit has no effect");
    };
    assert_eq!(error.kind(), ErrorKind::Full, "{error:?}");
    assert!(stored > 100);
    // Repetitions need no room, and others are not refused together with one that does.
    let (again, new) = (event("sent", "a0"), event("sent", "new"));
    let (again, new) = tokio::join!(
        inbox.accept(TRACKING, std::slice::from_ref(&again)),
        inbox.accept(TRACKING, std::slice::from_ref(&new))
    );
    again.unwrap();
    assert_eq!(new.unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(inbox.stats().await.unwrap().entries, stored);
    inbox.close().await;

    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "new")]).await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().entries, stored + 1);
}

/// Panics when it is asked what it says.
#[derive(Debug)]
struct Babbling;

impl std::fmt::Display for Babbling {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a panic that the test wants")
    }
}

impl std::error::Error for Babbling {}

/// Panics when it is dropped.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("a panic that the test wants")
    }
}

/// Fails in another way for each event, after it has written.
fn troubled<'a>(transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a> {
    Box::pin(async move {
        let id = event.event_id().unwrap_or_default().to_owned();
        sqlx::query("INSERT INTO effects (event) VALUES (?1)").bind(&id).execute(&mut *transaction).await?;
        match id.as_str() {
            "fails" => Err("no".into()),
            "panics" => panic!("a panic that the test wants"),
            "hangs" => std::future::pending().await,
            "shatters" => {
                let _fragile = Fragile;
                std::future::pending().await
            }
            "computes" => {
                let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
                sqlx::query(endless).execute(transaction).await?;
                Ok(())
            }
            "writes" => {
                // Interrupted while it writes, SQLite takes back the whole transaction.
                let endless = "INSERT INTO effects WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                               SELECT 'many' FROM n";
                sqlx::query(endless).execute(transaction).await?;
                Ok(())
            }
            "leaves" => {
                let mut inner = transaction.begin().await?;
                sqlx::query("INSERT INTO effects VALUES ('left')").execute(&mut *inner).await?;
                std::mem::forget(inner);
                Ok(())
            }
            "ends" => {
                sqlx::query("ROLLBACK").execute(transaction).await?;
                Ok(())
            }
            "babbles" => Err(Box::new(Babbling) as _),
            "breaks" => {
                sqlx::query("INSERT INTO nowhere VALUES (1)").execute(transaction).await?;
                Ok(())
            }
            _ => Ok(()),
        }
    })
}

#[tokio::test]
async fn a_transaction_handler_that_fails_leaves_no_effect_and_its_attempts() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let mut tables = connect(&folder).await;
    sqlx::query("CREATE TABLE effects (event TEXT)").execute(&mut tables).await.unwrap();
    let ids = [
        "good", "fails", "panics", "hangs", "shatters", "computes", "writes", "leaves", "ends", "babbles", "breaks",
        "fine",
    ];
    deliver(&inbox, ids.map(str::to_owned)).await;
    let worker = inbox.worker().policy(eager(2)).transaction_limit(Duration::from_millis(100));
    let worker = Running::start(worker.transaction_handler("troubled", troubled));
    until_settled(&inbox).await;
    worker.stop().await;
    let effects: Vec<String> =
        sqlx::query_scalar("SELECT event FROM effects ORDER BY event").fetch_all(&mut tables).await.unwrap();
    assert_eq!(effects, ["fine", "good"]);
    let dead = Selection { state: Some(State::Dead), ..Selection::default() };
    let dead = inbox.list(&dead, &Page::default()).await.unwrap();
    let mut errors = Vec::new();
    for entry in &dead {
        assert_eq!(inbox.attempts(entry.id).await.unwrap().len(), 2, "{entry:?}");
        errors.push((entry.event_id.clone().unwrap(), entry.handlers[0].last_error.clone().unwrap()));
    }
    let expected = [
        ("breaks", "no such table: nowhere"),
        ("babbles", "the handler panicked"),
        ("ends", "no such savepoint"),
        ("leaves", "no such savepoint"),
        ("writes", "the handler took longer than 100ms"),
        ("computes", "the handler took longer than 100ms"),
        ("shatters", "the handler took longer than 100ms"),
        ("hangs", "the handler took longer than 100ms"),
        ("panics", "the handler panicked"),
        ("fails", "no"),
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for ((id, error), (expected_id, expected)) in errors.iter().zip(expected) {
        assert_eq!(id, expected_id);
        assert!(error.contains(expected), "{id}: {error}");
    }
}

#[tokio::test]
async fn events_are_acknowledged_while_transaction_handlers_are_slow() {
    fn slow<'a>(transaction: &'a mut SqliteConnection, _: &'a Event) -> Handling<'a> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            sqlx::query("SELECT 1").execute(transaction).await?;
            Ok(())
        })
    }
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, (0..50).map(|number| format!("a{number}"))).await;
    let worker = Running::start(inbox.worker().transaction_handler("slow", slow));
    let done = || async { inbox.stats().await.unwrap().handlers.first().map_or(0, |handler| handler.done) };
    until("the first is handled", || async { done().await > 0 }).await;
    // Each waits for one call at most, so that these are stored long before the others are handled.
    deliver(&inbox, (0..5).map(|number| format!("b{number}"))).await;
    assert!(done().await < 50, "acknowledgements waited for every call");
    until_settled(&inbox).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_or_hangs_has_failed() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, ["panics", "babbles", "shatters", "hangs", "good"].map(str::to_owned)).await;
    let worker = inbox.worker().parallel(1).policy(eager(1)).time_limit(Duration::from_millis(50)).handler(
        "troubled",
        |event: Event| async move {
            match event.event_id() {
                Some("babbles") => Err(Box::new(Babbling) as _),
                Some("shatters") => {
                    let _fragile = Fragile;
                    std::future::pending().await
                }
                Some("panics") => panic!("a panic that the test wants"),
                Some("hangs") => std::future::pending().await,
                _ => Ok(()),
            }
        },
    );
    let worker = Running::start(worker);
    until_settled(&inbox).await;
    worker.stop().await;
    let states: Vec<_> = all(&inbox).await.into_iter().map(|entry| entry.handlers[0].state).collect();
    assert_eq!(states, [State::Done, State::Dead, State::Dead, State::Dead, State::Dead]);
}

#[tokio::test]
async fn what_cannot_be_read_again_is_dead_and_the_worker_goes_on() {
    let folder = Folder::new();
    let inbox = Inbox::builder(folder.inbox()).open().await.unwrap();
    inbox.accept("unheard/of", &[event("sent", "a1")]).await.unwrap();
    deliver(&inbox, ["a2".to_owned()]).await;
    let worker = Running::start(inbox.worker().handler("one", |_| async { Ok(()) }));
    until_settled(&inbox).await;
    worker.stop().await;
    let [good, bad] = &all(&inbox).await[..] else { panic!("two entries") };
    assert_eq!((good.handlers[0].state, bad.handlers[0].state), (State::Done, State::Dead));
    assert_eq!((bad.handlers[0].attempts, inbox.attempts(bad.id).await.unwrap().len()), (1, 1));
    assert_eq!(inbox.event(bad.id).await.unwrap_err().kind(), ErrorKind::Unreadable);
    inbox.close().await;

    // A version that can read it has it replayed.
    let reread = |_: &str, body| mailferry::mailersend::reread(TRACKING, body);
    let inbox = Inbox::builder(folder.inbox()).reread(reread).open().await.unwrap();
    let dead = Selection { state: Some(State::Dead), ..Selection::default() };
    assert_eq!(inbox.replay(&dead).await.unwrap(), 1);
    let worker = Running::start(inbox.worker().handler("one", |_| async { Ok(()) }));
    until_settled(&inbox).await;
    worker.stop().await;
    assert_eq!(inbox.list(&dead, &Page::default()).await.unwrap(), []);
}

#[tokio::test]
async fn at_the_end_what_runs_is_finished_and_what_hangs_is_interrupted() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    deliver(&inbox, ["slow", "hangs"].map(str::to_owned)).await;
    let shared = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
    let known = Arc::clone(&shared);
    let handler = move |event: Event| {
        let shared = Arc::clone(&known);
        async move {
            let (calls, released) = &*shared;
            calls.fetch_add(1, Ordering::Relaxed);
            if event.event_id() == Some("hangs") {
                std::future::pending::<()>().await;
            }
            until("released", || async { released.load(Ordering::Relaxed) }).await;
            Ok(())
        }
    };
    let policy = Policy { first_wait: Duration::from_hours(1), ..eager(5) };
    let worker =
        Running::start(inbox.worker().policy(policy).grace(Duration::from_millis(300)).handler("one", handler));
    until("both run", || async { shared.0.load(Ordering::Relaxed) == 2 }).await;
    shared.1.store(true, Ordering::Relaxed);
    worker.stop().await;
    let [hangs, slow] = &all(&inbox).await[..] else { panic!("two entries") };
    assert_eq!(slow.handlers[0].state, State::Done);
    let progress = &hangs.handlers[0];
    assert_eq!((progress.state, progress.attempts), (State::Pending, 1));
    assert_eq!(progress.last_error.as_deref(), Some("interrupted before it ended"));
}

/// An inbox that takes no more still hands over what it has.
#[tokio::test]
async fn a_full_inbox_is_handled_and_has_room_when_it_is_pruned() {
    let folder = Folder::new();
    let open = || Inbox::builder(folder.inbox()).max_size(400 << 10).open();
    let inbox = open().await.unwrap();
    let worker = || inbox.worker().transaction_handler("deliveries", mailferry_store::Deliveries);
    let worker = || worker().handler("one", |_| async { Ok(()) });
    worker().run(std::future::ready(())).await.unwrap();
    for number in 0.. {
        let stored = inbox.accept(TRACKING, &[event("sent", &format!("a{number}"))]).await;
        if stored.is_err() {
            break;
        }
    }
    let worker = Running::start(worker());
    until_settled(&inbox).await;
    let old = Retention { bodies: Duration::ZERO, entries: Duration::from_hours(1) };
    assert!(inbox.prune(old).await.unwrap().bodies > 100);
    inbox.accept(TRACKING, &[event("sent", "new")]).await.unwrap();
    worker.stop().await;
}
