//! Only one worker runs an inbox: a lock that the system takes back when the process ends, however it ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::inbox::{Error, ErrorKind};

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(crate) struct WorkerLock(#[expect(dead_code, reason = "the lock is the open file's")] File);

impl WorkerLock {
    /// Takes the lock of the inbox in this file, or says who has it.
    pub(crate) fn take(inbox: &Path) -> Result<Self, Error> {
        let failed = |path: &Path, cause| Error::at(ErrorKind::Other, path, "the worker's lock cannot be taken", cause);
        // One file has one lock, by whichever link it is opened.
        let file = inbox.canonicalize().map_err(|cause| failed(inbox, cause))?;
        let path = beside(&file);
        let failed = |cause| failed(&path, cause);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.take(20).read_to_string(&mut holder);
                let who = match (read, holder.trim().parse::<u32>()) {
                    (Ok(_), Ok(process)) => format!("process {process}"),
                    _ => "another process".to_owned(),
                };
                let message = format!("{}: a worker runs this inbox already: {who}", inbox.display());
                return Err(Error::new(ErrorKind::Occupied, message));
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        // For the message above, and for people. Without it the lock is as good.
        let noted =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(cause) = noted {
            tracing::debug!(cause = &cause as &dyn std::error::Error, "the worker's lock does not say whose it is");
        }
        Ok(Self(file))
    }
}

/// `inbox.db-worker`, as SQLite has `inbox.db-wal`.
fn beside(inbox: &Path) -> PathBuf {
    let mut name = OsString::from(inbox);
    name.push("-worker");
    name.into()
}
