//! Folders that go away, events, and waiting for something to become true.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mailferry::{Event, mailersend};
use mailferry_store::sqlx::ConnectOptions as _;
use mailferry_store::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use mailferry_store::{Entry, Inbox, Page, Policy, Selection, Worker};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A folder of its own, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("mailferry-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn inbox(&self) -> PathBuf {
        self.0.join("inbox.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) const TRACKING: &str = "mailersend/tracking";

/// A webhook's body of version 2.
pub(crate) fn body(word: &str, id: &str) -> String {
    format!(
        r#"{{"type":"activity.{word}","created_at":"2026-10-03T22:33:06.000000Z","data":{{"id":"{id}","domain_id":"d1","message_id":"m1","email_id":"e1","type":"{word}","subject":"S","recipient":"ann@example.com","tags":null,"meta":[]}},"webhook_id":"w1"}}"#
    )
}

pub(crate) fn read(body: impl Into<Bytes>) -> Event {
    mailersend::reread(TRACKING, body.into()).unwrap()
}

pub(crate) fn event(word: &str, id: &str) -> Event {
    read(body(word, id))
}

/// Stores delivered events with these ids.
pub(crate) async fn deliver(inbox: &Inbox, ids: impl IntoIterator<Item = String>) {
    for id in ids {
        inbox.accept(TRACKING, &[event("delivered", &id)]).await.unwrap();
    }
}

pub(crate) async fn all(inbox: &Inbox) -> Vec<Entry> {
    let page = Page { limit: Page::LONGEST, after: None };
    inbox.list(&Selection::default(), &page).await.unwrap()
}

/// Tries again without delay.
pub(crate) fn eager(max_attempts: u32) -> Policy {
    Policy {
        max_attempts: max_attempts.try_into().unwrap(),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        spread: false,
    }
}

/// A worker that runs until it is stopped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), mailferry_store::Error>>,
}

impl Running {
    pub(crate) fn start(worker: Worker) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(worker.run(async {
            drop(stopped.await);
        }));
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap().unwrap();
    }
}

/// Waits until something is true, and fails when that takes unreasonably long.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    for _ in 0..2400 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never happened: {what}");
}

/// Waits until no handler has anything left to do.
pub(crate) async fn until_settled(inbox: &Inbox) {
    until("everything is handled or dead", || async {
        let stats = inbox.stats().await.unwrap();
        !stats.handlers.is_empty() && stats.handlers.iter().all(|handler| handler.pending + handler.claimed == 0)
    })
    .await;
}

/// A connection of the application's own to the same file.
pub(crate) async fn connect(folder: &Folder) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.inbox()).connect().await.unwrap()
}
