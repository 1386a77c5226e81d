//! Files that are no inbox, and inboxes that somebody else has.

use std::time::Duration;

use mailferry_store::sqlx;
use mailferry_store::{ErrorKind, Inbox};

use crate::support::{Folder, Running, TRACKING, all, connect, event};

async fn refused(inbox: mailferry_store::InboxBuilder) -> (ErrorKind, String) {
    let error = inbox.busy_timeout(Duration::from_millis(50)).open().await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let folder = Folder::new();
    let (kind, message) = refused(Inbox::builder(folder.path().join("none/inbox.db"))).await;
    assert_eq!(kind, ErrorKind::Missing);
    assert!(message.ends_with("/none does not exist"), "{message}");

    let (kind, message) = refused(Inbox::builder(folder.inbox()).create(false)).await;
    assert_eq!(kind, ErrorKind::Missing);
    assert!(message.ends_with("inbox.db: there is no inbox here"), "{message}");

    assert_eq!(refused(Inbox::builder(folder.path())).await.0, ErrorKind::NotADatabase);

    std::fs::write(folder.inbox(), "a text that is long enough to be taken for a header of a database file ".repeat(9))
        .unwrap();
    let (kind, message) = refused(Inbox::builder(folder.inbox())).await;
    assert_eq!(kind, ErrorKind::NotADatabase, "{message}");
    assert!(message.ends_with("inbox.db: this is not a database of SQLite"), "{message}");
    let text = std::fs::read_to_string(folder.inbox()).unwrap();
    assert!(text.starts_with("a text"), "it was written over");
}

#[tokio::test]
async fn a_broken_file_is_an_error() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
    inbox.close().await;
    let mut bytes = std::fs::read(folder.inbox()).unwrap();
    // All but the header of the file.
    bytes[100..].fill(0x5a);
    std::fs::write(folder.inbox(), bytes).unwrap();
    let (kind, message) = refused(Inbox::builder(folder.inbox())).await;
    assert_eq!(kind, ErrorKind::Corrupt, "{message}");
}

#[tokio::test]
async fn an_inbox_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    Inbox::open(folder.inbox()).await.unwrap().close().await;
    let mut tables = connect(&folder).await;
    sqlx::query(
        "INSERT INTO mailferry_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'later', TRUE, x'00', 0)",
    )
    .execute(&mut tables)
    .await
    .unwrap();
    let (kind, message) = refused(Inbox::builder(folder.inbox())).await;
    assert_eq!(kind, ErrorKind::NewerSchema);
    assert!(message.contains("version 999"), "{message}");
}

#[tokio::test]
async fn an_application_may_keep_its_tables_in_the_same_file() {
    let folder = Folder::new();
    let mut tables = connect_new(&folder).await;
    sqlx::query("CREATE TABLE orders (id INTEGER)").execute(&mut tables).await.unwrap();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
    sqlx::query("INSERT INTO orders VALUES (1)").execute(&mut tables).await.unwrap();
}

async fn connect_new(folder: &Folder) -> sqlx::SqliteConnection {
    std::fs::File::create(folder.inbox()).unwrap();
    connect(folder).await
}

#[tokio::test]
async fn a_name_that_sqlite_takes_for_something_else_is_a_file() {
    let folder = Folder::new();
    for name in [":memory:", "file:other.db?mode=memory", "a b#c%20?.db"] {
        let path = folder.path().join(name);
        let inbox = Inbox::open(&path).await.unwrap();
        inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
        inbox.close().await;
        assert!(path.is_file(), "{name}");
        assert_eq!(all(&Inbox::open(&path).await.unwrap()).await.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_somebody_writes_to_is_busy() {
    let folder = Folder::new();
    let inbox = Inbox::builder(folder.inbox()).busy_timeout(Duration::from_millis(50)).open().await.unwrap();
    let mut other = connect(&folder).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    // An inbox that is up to date can be opened, and looked at.
    let looking = Inbox::builder(folder.inbox()).busy_timeout(Duration::from_millis(50)).open().await.unwrap();
    assert_eq!(all(&looking).await, []);
    let error = inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
    assert_eq!(all(&looking).await.len(), 1);
}

#[tokio::test]
async fn one_worker_runs_an_inbox() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let first = Running::start(inbox.worker().handler("one", |_| async { Ok(()) }));
    inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
    crate::support::until_settled(&inbox).await;
    let second = Inbox::open(folder.inbox()).await.unwrap();
    let error = second.worker().run(std::future::ready(())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Occupied);
    assert!(error.to_string().ends_with(&format!("already: process {}", std::process::id())), "{error}");
    let error = second.remove_handler("one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Occupied, "it would be given nothing any more");
    #[cfg(unix)]
    {
        // By whichever name it is opened.
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(folder.inbox(), &link).unwrap();
        let third = Inbox::open(&link).await.unwrap();
        let error = third.worker().run(std::future::ready(())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Occupied);
    }
    first.stop().await;
    assert!(second.remove_handler("one").await.unwrap());
    second.worker().run(std::future::ready(())).await.unwrap();
}

#[tokio::test]
async fn handlers_have_names_of_their_own() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    for names in [["one", "one"], ["", "two"], ["three", "a\nb"]] {
        let [first, second] = names.map(str::to_owned);
        let worker = inbox.worker().handler(first, |_| async { Ok(()) }).handler(second, |_| async { Ok(()) });
        let error = worker.run(std::future::ready(())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Handlers, "{names:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_a_new_inbox() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
    for name in ["inbox.db", "inbox.db-wal", "inbox.db-shm"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
    inbox.close().await;

    // What somebody has changed stays so.
    std::fs::set_permissions(folder.inbox(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "a2")]).await.unwrap();
    assert_eq!((mode(&folder.inbox()), mode(&folder.path().join("inbox.db-wal"))), (0o640, 0o640));
}

#[tokio::test]
async fn a_closed_inbox_is_one_file() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.accept(TRACKING, &[event("sent", "a1")]).await.unwrap();
    assert_eq!(all(&inbox).await.len(), 1);
    inbox.close().await;
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["inbox.db"]);
}
