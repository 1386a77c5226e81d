//! Opening the file: whether it is ours, whether nobody else has it, and what version it is of.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::batch::Batch;
use super::error::{DataError, Kind};
use super::tables::{self, Marks};

/// The file, its connection, and the lock that keeps others out.
pub(super) struct File {
    path: PathBuf,
    options: SqliteConnectOptions,
    /// `None` after a failure: what the connection is in the middle of, nobody knows.
    connection: Option<SqliteConnection>,
    _lock: fs::File,
}

impl File {
    pub(super) async fn open(path: &Path) -> Result<Self, DataError> {
        check_place(path)?;
        let is_new = make(path)?;
        let lock = lock(path).await?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_secs(2))
            .journal_mode(SqliteJournalMode::Wal)
            // When the power fails the last changes may be lost, as they are in a kill; the file stays whole.
            .synchronous(SqliteSynchronous::Normal)
            .pragma("journal_size_limit", (64_u64 << 20).to_string())
            .disable_statement_logging();
        let mut file = Self { path: path.to_owned(), options, connection: None, _lock: lock };
        file.prepare(is_new).await?;
        Ok(file)
    }

    /// Makes the tables in a new file, and looks whether an old one is ours and can be written to.
    async fn prepare(&mut self, is_new: bool) -> Result<(), DataError> {
        let path = self.path.clone();
        let failed = |cause| DataError::sqlite(&path, cause);
        let connection = self.connection().await?;
        let marks = tables::marks(connection).await.map_err(failed)?;
        let is_empty = marks == Marks { application: 0, version: 0, tables: 0 };
        if is_new || is_empty {
            return tables::create(connection).await.map_err(failed);
        }
        if marks.application != tables::APPLICATION {
            return Err(DataError::new(Kind::SomethingElse, &path, ""));
        }
        if marks.version > tables::VERSION {
            let detail = format!("its tables are of version {}, known is {}", marks.version, tables::VERSION);
            return Err(DataError::new(Kind::Newer, &path, detail));
        }
        tables::try_to_write(connection).await.map_err(failed)?;
        // Mails that nobody remembers may have left something behind.
        tables::sweep(connection).await.map_err(failed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, DataError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(|cause| DataError::sqlite(&self.path, cause))?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Writes all of it, or nothing.
    pub(super) async fn write(&mut self, batch: &Batch) -> Result<(), DataError> {
        let written = tables::write(self.connection().await?, batch).await;
        if written.is_err() {
            self.connection = None;
        }
        written.map_err(|cause| DataError::sqlite(&self.path, cause))
    }

    /// Leaves a tidy file, without the write-ahead log.
    pub(super) async fn close(mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let swept = tables::sweep(&mut connection).await;
        if let Err(error) = swept.and(connection.close().await) {
            tracing::warn!(%error, "the emulator's file was not closed properly");
        }
    }
}

/// SQLite says no more than that it cannot open the file.
fn check_place(path: &Path) -> Result<(), DataError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(DataError::new(Kind::NoFolder, path, ""));
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(DataError::new(Kind::NotAFile, path, "it is a folder")),
        Ok(found) if !found.is_file() => Err(DataError::new(Kind::NotAFile, path, "")),
        _ => Ok(()),
    }
}

/// Makes a missing file, for its owner alone: there are secrets and people's addresses in it. SQLite gives the files beside
/// it the same rights. `false` when it was there.
fn make(path: &Path) -> Result<bool, DataError> {
    match private().create_new(true).open(path) {
        Ok(_) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(DataError::io(path, &cause)),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// How often a lock is tried, and how long is waited in between: for an emulator that is about to end.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(50);

/// Keeps a second emulator out. The system takes the lock back when the process ends, however it ends.
async fn lock(path: &Path) -> Result<fs::File, DataError> {
    // One file has one lock, by whichever link it is opened.
    let whole = path.canonicalize().map_err(|cause| DataError::io(path, &cause))?;
    let mut beside = OsString::from(whole);
    beside.push("-lock");
    let mut file = private().create(true).truncate(false).open(&beside).map_err(|cause| DataError::io(path, &cause))?;
    let mut tried = file.try_lock();
    for _ in 0..TRIES {
        if !matches!(tried, Err(TryLockError::WouldBlock)) {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
        tried = file.try_lock();
    }
    match tried {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.take(20).read_to_string(&mut holder);
            let detail = match (read, holder.trim().parse::<u32>()) {
                (Ok(_), Ok(process)) => format!("the emulator of process {process}"),
                _ => "another emulator".to_owned(),
            };
            return Err(DataError::new(Kind::Occupied, path, detail));
        }
        Err(TryLockError::Error(cause)) => return Err(DataError::io(path, &cause)),
    }
    // For the message above, and for people. Without it the lock is as good.
    let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = noted {
        tracing::debug!(%error, "the lock does not say whose it is");
    }
    Ok(file)
}
