//! Files that can be used, and files that cannot.

use std::fs;
use std::io;
use std::path::Path;

use mailferry_emulator::{DataError, Emulator, InboundRoute, Webhook};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::Folder;
use crate::client::send;

#[track_caller]
fn refused(result: io::Result<Emulator>) -> (io::ErrorKind, String, &'static str) {
    let error = result.unwrap_err();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<DataError>()).unwrap();
    (error.kind(), inner.to_string(), inner.remedy())
}

async fn start(path: &Path) -> io::Result<Emulator> {
    Emulator::builder().data(path).start().await
}

#[tokio::test]
async fn what_is_no_file_of_ours_is_refused_and_left_alone() {
    let folder = Folder::new();
    let (path, inside) = (folder.file(), folder.file().parent().unwrap().to_owned());
    let (kind, text, remedy) = refused(start(&inside).await);
    assert_eq!((kind, text.contains("it is a folder")), (io::ErrorKind::IsADirectory, true), "{text}");
    assert!(remedy.contains("name a file"), "{remedy}");
    let (kind, text, _) = refused(start(&inside.join("missing").join("mails.db")).await);
    assert_eq!((kind, text.contains("its folder does not exist")), (io::ErrorKind::NotFound, true), "{text}");

    fs::write(&path, "Dear diary, this is no database at all. ".repeat(200)).unwrap();
    let (kind, text, _) = refused(start(&path).await);
    assert_eq!((kind, text.contains("not a database of SQLite")), (io::ErrorKind::InvalidData, true), "{text}");
    assert!(fs::read_to_string(&path).unwrap().starts_with("Dear diary"));

    fs::remove_file(&path).unwrap();
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE recipes (dish TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let (kind, text, _) = refused(start(&path).await);
    assert_eq!((kind, text.contains("database of something else")), (io::ErrorKind::InvalidData, true), "{text}");
    assert_eq!(folder.count("sqlite_schema").await, 1);
}

#[tokio::test]
async fn files_of_newer_versions_are_refused_and_left_alone() {
    let folder = Folder::new();
    start(&folder.file()).await.unwrap().shutdown().await;
    let mut connection = folder.connect().await;
    sqlx::query(AssertSqlSafe("PRAGMA user_version = 99".to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (kind, text, remedy) = refused(start(&folder.file()).await);
    assert_eq!((kind, remedy), (io::ErrorKind::InvalidData, "use that version, or name another file"));
    assert!(text.contains("newer version") && text.contains("of version 99, known is 1"), "{text}");
}

/// It would otherwise be gone from the file with the next reset.
#[tokio::test]
async fn what_cannot_be_read_is_not_thrown_away() {
    let folder = Folder::new();
    let emulator = folder.started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    emulator.shutdown().await;
    for sql in [
        "UPDATE requests SET body = '{}'",
        "UPDATE activities SET about = 'nobody'",
        "UPDATE messages SET body = replace(body, '\"subject\":0', '\"subject\":7')",
    ] {
        let copy = Folder::new();
        fs::copy(folder.file(), copy.file()).unwrap();
        let mut connection = copy.connect().await;
        let changed = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        assert!(changed.rows_affected() > 0, "{sql}");
        connection.close().await.unwrap();
        let (kind, text, _) = refused(start(&copy.file()).await);
        let table = sql.split(' ').nth(1).unwrap();
        assert!(text.contains(&format!("{table} 0: ")), "{sql}: {text}");
        assert_eq!((kind, copy.count("messages").await), (io::ErrorKind::InvalidData, 1));
    }
}

#[tokio::test]
async fn one_file_is_for_one_emulator() {
    let folder = Folder::new();
    let emulator = folder.started(|builder| builder).await;
    let (kind, text, remedy) = refused(start(&folder.file()).await);
    let who = format!("something else uses this file: the emulator of process {}", std::process::id());
    assert!(kind == io::ErrorKind::ResourceBusy && text.ends_with(&who), "{text}");
    assert!(remedy.contains("end the other emulator"), "{remedy}");
    emulator.shutdown().await;
    start(&folder.file()).await.unwrap().shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    let emulator = folder.started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let mut seen = 0;
    for entry in fs::read_dir(folder.file().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        seen += 1;
    }
    assert!(seen >= 2, "the file and its lock");
    emulator.shutdown().await;
}

/// `--webhook URL` is given each time, and is not one more each time.
#[tokio::test]
async fn settings_are_not_added_again() {
    let folder = Folder::new();
    let (hook, route) = ("http://127.0.0.1:1/hook", "http://127.0.0.1:1/inbound");
    let start = |events: &'static [&'static str]| {
        let webhook = Webhook::new(hook).events(events.iter().copied());
        folder.started(|builder| builder.webhook(webhook).inbound_route(InboundRoute::to(route)))
    };
    let emulator = start(&["activity.sent"]).await;
    let (webhook, key) = (emulator.webhooks()[0].clone(), emulator.inbound_routes()[0].clone());
    emulator.shutdown().await;
    let emulator = start(&["activity.sent"]).await;
    let (webhooks, routes) = (emulator.webhooks(), emulator.inbound_routes());
    assert_eq!((webhooks.len(), webhooks[0].id(), webhooks[0].secret()), (1, webhook.id(), webhook.secret()));
    assert_eq!((routes.len(), routes[0].address(), routes[0].secret()), (1, key.address(), key.secret()));
    assert_eq!(routes[0].url(), route);
    emulator.shutdown().await;
    let emulator = start(&["activity.delivered"]).await;
    assert_eq!(emulator.webhooks().len(), 2, "another webhook");
    emulator.shutdown().await;
}
