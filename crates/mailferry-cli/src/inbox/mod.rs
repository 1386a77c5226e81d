//! `mailferry inbox`: what was received, how far it is, and handing it over again.

pub(crate) mod age;
pub(crate) mod args;
mod list;
mod replay;
mod show;
mod stats;

use std::path::Path;

use mailferry::Clock;
use mailferry::transport::{Error, ErrorKind, Retry};
use mailferry_store::{Inbox, Selection};

use crate::exit::Exit;
use crate::log;
use crate::output::{Failure, Output, printable};
use args::{InboxArgs, InboxCommand, WhichArgs};

pub(crate) use args::USUAL_FILE;

/// Runs the command.
pub(crate) async fn run(args: InboxArgs, output: &mut Output) -> Result<Exit, Failure> {
    let InboxArgs { inbox: path, command } = args;
    log::start(false, output.colors_errors())?;
    let opened = Inbox::builder(&path).create(false).open().await;
    let inbox = opened.map_err(|error| explained(&error, &path))?;
    let opened = Opened { inbox, path: &path };
    let done = match command {
        InboxCommand::List(args) => list::run(&opened, &args, output).await,
        InboxCommand::Show(args) => show::run(&opened, &args, output).await,
        InboxCommand::Replay(args) => replay::run(&opened, &args, output).await,
        InboxCommand::Stats => stats::show(&opened, output).await,
        InboxCommand::Prune(args) => stats::prune(&opened, &args, output).await,
        InboxCommand::Forget(args) => stats::forget(&opened, &args, output).await,
    };
    opened.inbox.close().await;
    done
}

/// An inbox, and what its file is called here.
struct Opened<'a> {
    inbox: Inbox,
    path: &'a Path,
}

impl Opened<'_> {
    /// What the inbox answered, with its errors as those of the command.
    fn answer<T>(&self, answer: Result<T, mailferry_store::Error>) -> Result<T, Error> {
        answer.map_err(|error| explained(&error, self.path))
    }

    fn missing(&self, id: i64) -> Error {
        let text = format!("there is no entry {id} in {}", shown(self.path));
        Error::new(ErrorKind::Config, text).with_remedy("see what there is: mailferry inbox list")
    }
}

fn selection(which: &WhichArgs) -> Selection {
    let now = Clock::system().now();
    Selection {
        kind: which.kind.clone(),
        from: which.since.map(|when| when.at(now)),
        until: which.until.map(|when| when.at(now)),
        handler: which.handler.clone(),
        ..Selection::default()
    }
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// What the inbox says, as an error of the command.
pub(crate) fn explained(error: &mailferry_store::Error, path: &Path) -> Error {
    use mailferry_store::ErrorKind as Kind;
    let text = printable(&error.to_string());
    let path = shown(path);
    let (kind, remedy) = match error.kind() {
        Kind::Missing => {
            (ErrorKind::Config, "name the file: --inbox FILE; `mailferry webhook listen` makes one".to_owned())
        }
        Kind::NotADatabase => (ErrorKind::Config, "name the file of an inbox: --inbox FILE".to_owned()),
        Kind::Corrupt => (ErrorKind::Config, format!("put {path} aside and take up a copy of it")),
        Kind::NewerSchema => (ErrorKind::Config, "use the newer version of mailferry".to_owned()),
        Kind::ReadOnly => {
            (ErrorKind::Config, format!("let {path} and its folder be written to, or take another: --inbox FILE"))
        }
        Kind::Full => (ErrorKind::Config, "make room on the disk: mailferry inbox prune".to_owned()),
        Kind::Occupied => (ErrorKind::Config, "end that one, or take another file: --inbox FILE".to_owned()),
        Kind::Busy => (ErrorKind::Timeout, "try again in a moment".to_owned()),
        Kind::Unreadable => (ErrorKind::Unreadable, "see the bytes: mailferry inbox show --raw ID".to_owned()),
        _ => {
            let remedy = format!("see whether you may read and write {path} and its folder; --verbose shows the cause");
            (ErrorKind::Config, remedy)
        }
    };
    let retry = if kind == ErrorKind::Timeout { Retry::Safe(None) } else { Retry::Never };
    Error::new(kind, text).with_retry(retry).with_remedy(remedy).caused_by(error.clone())
}
