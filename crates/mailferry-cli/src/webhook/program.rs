//! Handing events to a program.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;

use mailferry::Event;
use mailferry::transport::{BoxError, Error, ErrorKind};
use mailferry::webhook::{Handler, Handling};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::output::{io_text, printable};

/// A program that is run for each event, and reads it from its standard input.
pub(super) struct Program {
    name: OsString,
    args: Vec<OsString>,
    /// Dropped with the last call.
    _alive: mpsc::Sender<()>,
}

/// Tells when a program is no longer run.
pub(super) struct Ended(mpsc::Receiver<()>);

impl Ended {
    /// Waits until the program was dropped, and with it whatever ran.
    pub(super) async fn wait(&mut self) {
        let _ = self.0.recv().await;
    }
}

impl Program {
    /// The first word is the program. No shell reads the others.
    pub(super) fn new(words: Vec<OsString>) -> Result<Option<(Self, Ended)>, Error> {
        let mut words = words.into_iter();
        let Some(name) = words.next() else { return Ok(None) };
        if !is_there(&name) {
            let text = format!("there is no program {}", shown(&name));
            let remedy = "check the path, and that it may be executed; a script of the shell's own: -- sh -c '…'";
            return Err(Error::new(ErrorKind::Config, text).with_remedy(remedy));
        }
        let (alive, ended) = mpsc::channel(1);
        Ok(Some((Self { name, args: words.collect(), _alive: alive }, Ended(ended))))
    }

    /// Its name, for people.
    pub(super) fn shown(&self) -> String {
        shown(&self.name)
    }

    async fn run(&self, event: &Event) -> Result<(), BoxError> {
        let mut command = Command::new(&self.name);
        command.args(&self.args).stdin(Stdio::piped()).stdout(io::stderr()).kill_on_drop(true);
        // Ctrl-C is for us: the program may finish what it has begun.
        #[cfg(unix)]
        command.process_group(0);
        let failed = |cause: io::Error| format!("{} cannot be run: {}", self.shown(), io_text(&cause));
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            let mut json = serde_json::to_vec(&event.to_json())?;
            json.push(b'\n');
            match stdin.write_all(&json).await {
                Ok(()) => {}
                // It need not read all, or anything.
                Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => {}
                Err(cause) => return Err(failed(cause).into()),
            }
        }
        let status = child.wait().await.map_err(failed)?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.shown()).into()) }
    }
}

impl Handler for Program {
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move { self.run(&event).await })
    }
}

/// Whether the program can be found now: a mistyped name is better told at once than by every event.
fn is_there(name: &OsStr) -> bool {
    let path = Path::new(name);
    if path.components().count() != 1 || path.is_absolute() {
        return exists(path);
    }
    env::var_os("PATH").is_some_and(|folders| env::split_paths(&folders).any(|folder| exists(&folder.join(path))))
}

fn exists(path: &Path) -> bool {
    path.is_file() || path.with_extension(env::consts::EXE_EXTENSION).is_file()
}

fn shown(name: &OsStr) -> String {
    format!("`{}`", printable(&name.display().to_string()))
}
