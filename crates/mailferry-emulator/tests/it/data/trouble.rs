//! A file that cannot be written for a while, and a file that is still being read.

use std::time::{Duration, Instant};

use mailferry_emulator::Emulator;
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::Folder;
use crate::client::{get, send};

async fn keeping(emulator: &Emulator) -> Value {
    get(emulator, "/_emulator/health").await.json()["data"].clone()
}

/// Waits until health says so.
async fn until(emulator: &Emulator, state: &str) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let keeping = keeping(emulator).await;
        if keeping["state"] == state {
            return keeping;
        }
        assert!(Instant::now() < deadline, "{keeping}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said_and_caught_up_with() {
    let folder = Folder::new();
    let emulator = folder.started(|builder| builder).await;
    assert_eq!(keeping(&emulator).await, json!({"state": "kept", "since": null, "trouble": null}));
    let mut other = folder.connect().await;
    let writing = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    send(&emulator, &json!({"subject": "First"})).await;
    let keeping = until(&emulator, "failing").await;
    assert_eq!(keeping["trouble"], "something else uses this file");
    assert_eq!(keeping["since"], crate::client::START);
    // It goes on in memory.
    assert_eq!(send(&emulator, &json!({"subject": "Second"})).await.status, 202);
    assert_eq!(get(&emulator, "/_emulator/ready").await.status, 200);
    assert_eq!(emulator.emails().len(), 2);
    writing.rollback().await.unwrap();
    until(&emulator, "kept").await;
    send(&emulator, &json!({"subject": "Third"})).await;
    emulator.shutdown().await;

    let emulator = folder.started(|builder| builder).await;
    let subjects: Vec<_> = emulator.emails().iter().map(|email| email.subject().to_owned()).collect();
    assert_eq!(subjects, ["First", "Second", "Third"]);
    emulator.shutdown().await;
}

#[tokio::test]
async fn without_a_file_nothing_is_said_of_one() {
    let emulator = crate::client::started(|builder| builder).await;
    assert_eq!(keeping(&emulator).await, Value::Null);
    let ready = get(&emulator, "/_emulator/ready").await;
    assert_eq!((ready.status, ready.json()), (200, json!({"status": "ready"})));
}
