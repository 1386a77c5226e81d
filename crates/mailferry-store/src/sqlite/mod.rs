//! All SQL, and everything that is SQLite's.

mod accept;
mod deliveries;
mod open;
mod progress;
mod prune;
mod read;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use mailferry::DateTime;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, SqliteTransaction};

use crate::inbox::ErrorKind;

pub(crate) use accept::Accept;
pub(crate) use deliveries::note_delivery;
pub(crate) use open::{Opening, open};
pub(crate) use progress::{CatchUp, Claim, Claimed, Recover, Register, RemoveHandler, Replay, Settle, settle};
pub(crate) use prune::Prune;
pub(crate) use read::Reader;

pub(crate) type Connection = SqliteConnection;
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What the database said, before it is known to whom it is told.
#[derive(Debug)]
pub(crate) struct Failure(sqlx::Error);

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

// Primary result codes of SQLite, <https://sqlite.org/rescode.html>.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;
/// An I/O error that is a refused write: a limit of the process on the size of files ends so.
const IOERR_WRITE: i32 = 778;

impl Failure {
    fn code(&self) -> Option<i32> {
        let sqlx::Error::Database(error) = &self.0 else { return None };
        error.code()?.parse().ok()
    }

    fn primary(&self) -> Option<i32> {
        self.code().map(|code| code & 0xff)
    }

    /// Whether it may be the fault of one of several that were written together.
    pub(crate) fn concerns_one(&self) -> bool {
        !matches!(self.primary(), Some(BUSY | LOCKED | READONLY | CORRUPT | CANTOPEN | NOTADB))
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match (self.primary(), self.code()) {
            (Some(BUSY | LOCKED), _) => ErrorKind::Busy,
            (Some(READONLY), _) => ErrorKind::ReadOnly,
            (Some(CORRUPT), _) => ErrorKind::Corrupt,
            (Some(FULL), _) | (_, Some(IOERR_WRITE)) => ErrorKind::Full,
            (Some(NOTADB), _) => ErrorKind::NotADatabase,
            (Some(CANTOPEN | IOERR), _) => ErrorKind::Other,
            _ if matches!(self.0, sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) => ErrorKind::Closed,
            _ => ErrorKind::Other,
        }
    }
}

impl From<Failure> for crate::inbox::Error {
    fn from(failure: Failure) -> Self {
        let kind = failure.kind();
        let message = match kind {
            ErrorKind::Busy => "the inbox is locked: another process has been writing to it for too long",
            ErrorKind::ReadOnly => "the inbox cannot be written to",
            ErrorKind::Corrupt => "the inbox's file is broken",
            ErrorKind::Full => "the inbox is full: there is no room on the disk, or none that it may take",
            ErrorKind::NotADatabase => "the inbox's file is not a database of SQLite",
            ErrorKind::Closed => "the inbox is closed",
            _ => "the inbox's database failed",
        };
        Self::caused(kind, message, failure.0)
    }
}

/// The one connection that writes.
#[derive(Debug)]
pub(crate) struct Pen {
    options: SqliteConnectOptions,
    connection: Option<Connection>,
    /// Whether a transaction was begun and not committed.
    spoilt: bool,
}

impl Pen {
    fn new(options: SqliteConnectOptions, connection: Connection) -> Self {
        Self { options, connection: Some(connection), spoilt: false }
    }

    /// Begins a transaction, which has the right to write from its beginning: one that took it later would fail at once
    /// when another process has written meanwhile, however long it may wait.
    pub(crate) async fn begin(&mut self) -> Result<Writing<'_>> {
        // After some errors SQLite has ended the transaction itself, and the driver does not know.
        if let Some(spoilt) = self.connection.take_if(|_| self.spoilt) {
            close(spoilt).await;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        self.spoilt = true;
        let connection = self.connection.insert(connection);
        match connection.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => Ok(Writing { transaction, spoilt: &mut self.spoilt }),
            Err(error) => Err(error.into()),
        }
    }

    /// Leaves a tidy file: without the write-ahead log, when nobody else has it open.
    pub(crate) async fn close(self) {
        if let Some(connection) = self.connection {
            close(connection).await;
        }
    }
}

async fn close(connection: Connection) {
    if let Err(cause) = connection.close().await {
        tracing::warn!(cause = &cause as &dyn std::error::Error, "the inbox was not closed properly");
    }
}

/// A transaction.
#[derive(Debug)]
pub(crate) struct Writing<'c> {
    transaction: SqliteTransaction<'c>,
    spoilt: &'c mut bool,
}

impl Writing<'_> {
    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.transaction
    }

    /// Returns when it is on the disk.
    pub(crate) async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        *self.spoilt = false;
        Ok(())
    }
}

/// A part of a transaction that can be taken back alone. Whoever is given the connection may have left a transaction of
/// its own open: it ends with the part, and as the driver does not know that, the whole cannot be committed.
pub(crate) struct Part<'c>(&'c mut Connection);

impl<'c> Part<'c> {
    pub(crate) async fn begin(connection: &'c mut Connection) -> Result<Self> {
        sqlx::query("SAVEPOINT mailferry_part").execute(&mut *connection).await?;
        Ok(Self(connection))
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.0
    }

    pub(crate) async fn keep(self) -> Result<()> {
        sqlx::query("RELEASE mailferry_part").execute(self.0).await?;
        Ok(())
    }

    pub(crate) async fn take_back(self) -> Result<()> {
        sqlx::query("ROLLBACK TO mailferry_part; RELEASE mailferry_part").execute(self.0).await?;
        Ok(())
    }
}

/// Ends what a connection is computing. Dropping its future alone would leave it computing, and everybody waiting.
#[derive(Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// So many steps of SQLite's machine are done before it looks.
    const STEPS: i32 = 1000;

    pub(crate) async fn of(connection: &mut Connection) -> Result<Self> {
        let now = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&now);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(Self::STEPS, move || !seen.load(Ordering::Relaxed));
        Ok(Self(now))
    }

    pub(crate) fn set(&self, interrupt: bool) {
        self.0.store(interrupt, Ordering::Relaxed);
    }
}

/// Microseconds since 1970, as times are stored; the nearest that there is.
pub(crate) fn micros(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, i64::wrapping_neg),
    }
}

fn date(micros: i64) -> DateTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let time = if micros < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) };
    DateTime::from(time.unwrap_or(epoch))
}

/// A column that counts or measures.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}
