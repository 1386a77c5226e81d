//! Why the inbox could not do what it was asked.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use mailferry::transport::BoxError;

/// Why the inbox could not do what it was asked.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    cause: Option<BoxError>,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is not there, or the folder it should be in.
    Missing,
    /// The file is something else than a database of SQLite.
    NotADatabase,
    /// The file is broken.
    Corrupt,
    /// A newer version of this crate has changed the tables.
    NewerSchema,
    /// The file or its folder cannot be written to.
    ReadOnly,
    /// The disk, or what the file may take of it, is full. Nothing of what was to be stored is stored.
    Full,
    /// Another process writes, and did not finish in time. Try again.
    Busy,
    /// Another worker runs this inbox.
    Occupied,
    /// A stored event cannot be read again: it was pruned, or a newer version stored it.
    Unreadable,
    /// The inbox was closed.
    Closed,
    /// Two handlers have the same name, or a name that cannot be one.
    Handlers,
    /// Something else, which the cause tells.
    Other,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), cause: None }))
    }

    pub(crate) fn caused(kind: ErrorKind, message: impl Into<String>, cause: impl Into<BoxError>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), cause: Some(cause.into()) }))
    }

    pub(crate) fn closed() -> Self {
        Self::new(ErrorKind::Closed, "the inbox is closed")
    }

    /// The same, with the file it is about.
    pub(crate) fn at(kind: ErrorKind, path: &Path, what: &str, cause: impl Into<BoxError>) -> Self {
        Self::caused(kind, format!("{}: {what}", path.display()), cause)
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}
