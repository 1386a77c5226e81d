//! A file, or standard input, as a whole.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use mailferry::transport::{Error, ErrorKind, Retry};

use crate::output::{io_text, printable};

/// Reads it all; `what` it is has to be no longer than `limit` bytes.
pub(crate) fn read(path: &Path, what: &str, limit: usize) -> Result<Vec<u8>, Error> {
    let name = name(path);
    let bytes = read_up_to(path, limit as u64 + 1).map_err(|cause| {
        let remedy = match cause.kind() {
            io::ErrorKind::NotFound => "check the path; it is relative to the current directory",
            io::ErrorKind::IsADirectory => "name a file in it",
            _ => "check the path and its permissions",
        };
        unreadable(format!("{name} cannot be read: {}", io_text(&cause))).with_remedy(remedy).caused_by(cause)
    })?;
    if bytes.len() > limit {
        return Err(unreadable(format!("{name} is longer than the {limit} bytes that {what} may have"))
            .with_remedy(format!("give {what} alone")));
    }
    Ok(bytes)
}

/// What it is called in errors.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { printable(&path.display().to_string()) }
}

/// Something that was given and cannot be read, however often that is tried.
pub(crate) fn unreadable(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unreadable, text).with_retry(Retry::Never)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
