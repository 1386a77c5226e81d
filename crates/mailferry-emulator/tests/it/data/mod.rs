//! A file that everything is kept in.

mod crash;
mod going_on;
mod opening;
mod surviving;
mod trouble;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use mailferry_emulator::{Builder, Emulator};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::client::started;

/// A folder that goes when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("mailferry-emulator-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("mails.db")
    }

    /// An emulator on the file, at the usual time and with the usual token.
    pub(crate) async fn started(&self, set_up: impl FnOnce(Builder) -> Builder) -> Emulator {
        started(|builder| set_up(builder.data(self.file()))).await
    }

    /// A second look at the file.
    pub(crate) async fn connect(&self) -> SqliteConnection {
        SqliteConnection::connect(self.file().to_str().unwrap()).await.unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut self.connect().await).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
