//! Why the file cannot be used.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why what the emulator remembers cannot be read from its file, or written to it.
#[derive(Debug)]
pub struct DataError {
    kind: Kind,
    path: PathBuf,
    /// What else there is to say.
    detail: String,
    cause: Option<sqlx::Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NoFolder,
    NotAFile,
    NotADatabase,
    SomethingElse,
    Newer,
    Unreadable,
    Broken,
    ReadOnly,
    Full,
    Occupied,
    Other,
}

// Primary result codes of SQLite, <https://sqlite.org/rescode.html>.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOTADB: i32 = 26;
/// An I/O error that is a refused write: a limit of the process on the size of files ends so.
const IOERR_WRITE: i32 = 778;

impl DataError {
    pub(super) fn new(kind: Kind, path: &Path, detail: impl Into<String>) -> Self {
        Self { kind, path: path.to_owned(), detail: detail.into(), cause: None }
    }

    pub(super) fn sqlite(path: &Path, cause: sqlx::Error) -> Self {
        let code: Option<i32> = match &cause {
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse().ok()),
            _ => None,
        };
        let kind = match (code.map(|code| code & 0xff), code) {
            (Some(BUSY | LOCKED), _) => Kind::Occupied,
            (Some(READONLY), _) => Kind::ReadOnly,
            (Some(CORRUPT), _) => Kind::Broken,
            (Some(FULL), _) | (_, Some(IOERR_WRITE)) => Kind::Full,
            (Some(NOTADB), _) => Kind::NotADatabase,
            _ => Kind::Other,
        };
        Self { kind, path: path.to_owned(), detail: String::new(), cause: Some(cause) }
    }

    pub(super) fn io(path: &Path, cause: &io::Error) -> Self {
        let kind = match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Kind::Full,
            _ => Kind::Other,
        };
        Self::new(kind, path, cause.to_string())
    }

    /// What is wrong, without the name of the file.
    pub(crate) fn reason(&self) -> String {
        let what = match self.kind {
            Kind::NoFolder => "its folder does not exist",
            Kind::NotAFile => "this is no file",
            Kind::NotADatabase => "this is not a database of SQLite",
            Kind::SomethingElse => "this is a database of something else",
            Kind::Newer => "a newer version of the emulator wrote this file",
            Kind::Unreadable => "this version cannot read what is in this file",
            Kind::Broken => "this file is broken",
            Kind::ReadOnly => "this file cannot be written to",
            Kind::Full => "there is no room on the disk",
            Kind::Occupied => "something else uses this file",
            Kind::Other => "this file cannot be used",
        };
        match (self.detail.as_str(), &self.cause) {
            ("", Some(cause)) if self.kind == Kind::Other => format!("{what}: {cause}"),
            ("", _) => what.to_owned(),
            (detail, _) => format!("{what}: {detail}"),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            Kind::NoFolder => "make the folder, or name a file in one that exists",
            Kind::NotAFile | Kind::NotADatabase | Kind::SomethingElse => {
                "name a file of the emulator, or one that does not exist yet"
            }
            Kind::Newer => "use that version, or name another file",
            Kind::Unreadable => "use the version that wrote it, or name another file",
            Kind::Broken => "put back a copy of it, or move it away and begin a new one",
            Kind::ReadOnly => "give the emulator the right to write to the file and its folder, or name another file",
            Kind::Full => "make room on the disk, or let the emulator remember less",
            Kind::Occupied => "end the other emulator, or give each a file of its own",
            Kind::Other => "check the file, or name another one",
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason())
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl From<DataError> for io::Error {
    fn from(error: DataError) -> Self {
        let kind = match error.kind {
            Kind::NoFolder => io::ErrorKind::NotFound,
            Kind::NotAFile => io::ErrorKind::IsADirectory,
            Kind::NotADatabase | Kind::SomethingElse | Kind::Newer | Kind::Unreadable | Kind::Broken => {
                io::ErrorKind::InvalidData
            }
            Kind::ReadOnly => io::ErrorKind::PermissionDenied,
            Kind::Full => io::ErrorKind::StorageFull,
            Kind::Occupied => io::ErrorKind::ResourceBusy,
            Kind::Other => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
