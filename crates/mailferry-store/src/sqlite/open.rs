//! Opening the file: the tables are made or brought up to date.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlSafeStr as _};

use super::{Connection, Failure, Pen, Reader};
use crate::inbox::{Error, ErrorKind};

/// Where, and how.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) path: PathBuf,
    pub(crate) create: bool,
    /// Bytes that the file may have.
    pub(crate) max_size: Option<u64>,
    /// How long to wait for another process that writes.
    pub(crate) busy: Duration,
}

const PAGE: u64 = 4096;
const READERS: u32 = 4;

/// In the order of their numbers. What was published is never changed, only added to.
const MIGRATIONS: [(i64, &str, &str); 1] = [(1, "inbox", include_str!("../../migrations/0001_inbox.sql"))];
const MIGRATIONS_TABLE: &str = "mailferry_migrations";

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.to_vec());
    // An application may keep its own tables, and its own migrations, in the same file.
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrator
}

/// A connection that writes, and some that read.
pub(crate) async fn open(opening: &Opening) -> Result<(Pen, Reader), Error> {
    let path = &opening.path;
    check_place(opening)?;
    make(opening)?;
    let shared = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(opening.busy)
        .foreign_keys(true)
        .disable_statement_logging();
    let mut writing = shared
        .clone()
        .create_if_missing(opening.create)
        .journal_mode(SqliteJournalMode::Wal)
        // Each commit waits until the disk has it; `NORMAL` would lose the last ones when the power fails.
        .synchronous(SqliteSynchronous::Full)
        // On Apple's systems an ordinary sync does not reach the disk. Elsewhere it means nothing.
        .pragma("fullfsync", "ON")
        .pragma("journal_size_limit", (64_u64 << 20).to_string());
    if let Some(max_size) = opening.max_size {
        writing = writing.pragma("max_page_count", (max_size / PAGE).max(1).to_string());
    }
    let failed = |failure: Failure| at(path, failure);
    let connection = writing.connect().await.map_err(|error| failed(error.into()))?;
    let mut pen = Pen::new(writing.create_if_missing(false), connection);
    migrate(&mut pen, path).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .connect_with(shared.read_only(true))
        .await
        .map_err(|error| failed(error.into()))?;
    Ok((pen, Reader::new(readers)))
}

/// SQLite says no more than that it cannot open the file.
fn check_place(opening: &Opening) -> Result<(), Error> {
    let path = &opening.path;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message = format!("{}: the folder {} does not exist", path.display(), folder.display());
        return Err(Error::new(ErrorKind::Missing, message));
    }
    if path.is_dir() {
        return Err(Error::new(ErrorKind::NotADatabase, format!("{}: this is a folder", path.display())));
    }
    if !opening.create && !path.exists() {
        return Err(Error::new(ErrorKind::Missing, format!("{}: there is no inbox here", path.display())));
    }
    Ok(())
}

/// Makes a missing file, for its owner alone: there are people's addresses in it. SQLite gives the files beside it the
/// same rights.
fn make(opening: &Opening) -> Result<(), Error> {
    let path = &opening.path;
    if !opening.create || path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    // Never one that is there: closing it would take back the locks that this process has on it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // Somebody else was quicker.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => {
            let kind = match cause.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Full,
                _ => ErrorKind::Other,
            };
            Err(Error::at(kind, path, "this file cannot be made", cause))
        }
    }
}

/// In one transaction, so that of two processes that open a new file at once one waits for the other.
async fn migrate(pen: &mut Pen, path: &Path) -> Result<(), Error> {
    let migrator = migrator();
    let failed = |failure: Failure| at(path, failure);
    if let Some(connection) = &mut pen.connection
        && !is_behind(connection, &migrator, path).await?
    {
        return Ok(());
    }
    let mut writing = pen.begin().await.map_err(failed)?;
    migrator.run(writing.connection()).await.map_err(|cause| {
        let failure = match cause {
            sqlx::migrate::MigrateError::Execute(error) | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => {
                Failure(error)
            }
            other => {
                return Error::at(ErrorKind::Other, path, "the tables cannot be brought up to date", other);
            }
        };
        at(path, failure)
    })?;
    writing.commit().await.map_err(failed)
}

/// Looks without writing, so that a file which is up to date can be opened while another process writes.
async fn is_behind(connection: &mut Connection, migrator: &Migrator, path: &Path) -> Result<bool, Error> {
    let failed = |error: sqlx::Error| at(path, error.into());
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'mailferry_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if tables == 0 {
        return Ok(true);
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM mailferry_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    match found {
        Some(found) if found > known => {
            let message = format!(
                "{}: a newer version has changed this inbox (its tables are of version {found}, known is {known}); use \
                 that version",
                path.display()
            );
            Err(Error::new(ErrorKind::NewerSchema, message))
        }
        Some(found) => Ok(found < known),
        None => Ok(true),
    }
}

fn at(path: &Path, failure: Failure) -> Error {
    let kind = failure.kind();
    let what = match kind {
        ErrorKind::Busy => "locked: another process has been writing to it for too long",
        ErrorKind::ReadOnly => "this inbox cannot be written to",
        ErrorKind::Corrupt => "this inbox is broken",
        ErrorKind::Full => "no room on the disk",
        ErrorKind::NotADatabase => "this is not a database of SQLite",
        _ => "this inbox cannot be opened",
    };
    Error::at(kind, path, what, failure.0)
}
