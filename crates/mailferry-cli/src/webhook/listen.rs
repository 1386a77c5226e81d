//! `mailferry webhook listen`: endpoints, an inbox behind them, and whoever gets the events.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use mailferry::transport::{Error, ErrorKind};
use mailferry::webhook::{Endpoints, Handler, Receiver};
use mailferry_store::{EntryId, Inbox, Page, Policy, Selection, Since, Worker};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinHandle};

use super::announce::{Announcement, Endpoint};
use super::args::ListenArgs;
use super::forward::Forward;
use super::print::{self, Printer};
use super::program::{Ended, Program};
use crate::args::{Global, SettingArgs};
use crate::exit::Exit;
use crate::inbox::explained;
use crate::output::{Failure, Output, io_text};
use crate::signals::Signals;
use crate::{config, emulate, log};

/// The names of handlers.
const PRINT: &str = "print";
const FORWARD: &str = "forward";
const PROGRAM: &str = "program";

/// How long open requests and handlers may take at the end.
const GRACE: Duration = Duration::from_secs(10);

/// Runs until it is told to end.
pub(super) async fn run(global: &Global, args: ListenArgs, output: &mut Output) -> Result<Exit, Failure> {
    let settings = config::load(global, &SettingArgs::default())?.settings;
    let address = address(&args)?;
    let prefix = prefix(&args.prefix)?;
    let (handlers, ended) = Handlers::new(&args)?;
    let endpoints = settings.endpoints()?.prefix(&prefix);
    // From here on: which endpoints cannot be served is said below.
    log::start_serving(output.colors_errors())?;
    let shown = [
        endpoint("webhooks", &prefix, "MAILERSEND_SIGNING_SECRET", settings.webhook()?.as_ref()),
        endpoint("mails", &prefix, "MAILERSEND_INBOUND_SECRET", settings.inbound()?.as_ref()),
    ];
    let mut signals = Signals::new()?;
    let listener = bind(address).await?;
    let address = listener.local_addr().map_err(|cause| Failure::System("the address cannot be told", cause))?;
    let (printer, broken) = print::start(global)?;
    let inbox = if args.no_inbox { None } else { Some(open(&args).await?) };
    let latest = match &inbox {
        Some(inbox) => latest(inbox).await.map_err(|error| explained(&error, &args.inbox))?,
        None => None,
    };
    let receivers = handlers.shown();
    let (stop, stopped) = watch::channel(Stage::Open);
    let worker = match &inbox {
        Some(inbox) => Some(start(inbox, handlers, printer.clone(), stopped.clone(), &args).await?),
        None => None,
    };
    if !address.ip().is_loopback() {
        output.warning(format_args!("other machines can reach {address}; nothing is encrypted"));
    }
    let inbox_shown = inbox.as_ref().map(|inbox| (inbox.path(), latest));
    Announcement { address, endpoints: &shown, inbox: inbox_shown, receivers: &receivers }.print(output);
    let server = match &inbox {
        Some(inbox) => serve(listener, endpoints, inbox.clone(), stopped),
        None => serve(listener, endpoints, printer, stopped),
    };
    let running = Running { server, worker, ended, broken, stop };
    let done = running.run(&mut signals, output, &args).await;
    if let Some(inbox) = inbox {
        inbox.close().await;
    }
    done
}

/// What is still open: at first all; then no request is taken, and at last no handler is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    NoRequests,
    NoHandlers,
}

/// Waits for a stage.
async fn reached(mut stopped: watch::Receiver<Stage>, stage: Stage) {
    // Nobody there to tell is as good as being told.
    let _ = stopped.wait_for(|now| *now >= stage).await;
}

/// The parts that run beside each other.
struct Running {
    server: JoinHandle<io::Result<()>>,
    worker: Option<JoinHandle<Result<(), mailferry_store::Error>>>,
    /// Of the program that events are handed to.
    ended: Option<Ended>,
    broken: oneshot::Receiver<io::Error>,
    stop: watch::Sender<Stage>,
}

impl Running {
    async fn run(mut self, signals: &mut Signals, output: &mut Output, args: &ListenArgs) -> Result<Exit, Failure> {
        let ended = tokio::select! {
            () = signals.next() => Ok(Exit::Done),
            Ok(cause) = &mut self.broken => Err(Failure::Output(cause)),
            ended = &mut self.server => Err(Failure::System("no requests can be taken", lost(ended))),
            failure = failed(self.worker.as_mut(), args) => Err(failure),
        };
        if ended.is_ok() {
            output.say("stopping when what has begun is done; a second time ends at once");
        }
        let finished = tokio::select! {
            () = self.finish() => true,
            () = signals.next() => false,
        };
        if !finished {
            self.abort().await;
        }
        if ended.is_ok() && !finished {
            output.warning("stopped before the end; what was not done is done at the next start");
            return Ok(Exit::Other);
        }
        ended
    }

    /// Drops what runs. A program is killed with it, and would otherwise outlive us.
    async fn abort(&mut self) {
        const SOON: Duration = Duration::from_secs(1);
        self.server.abort();
        if let Some(worker) = &self.worker {
            worker.abort();
        }
        if let Some(ended) = &mut self.ended {
            let _ = tokio::time::timeout(SOON, ended.wait()).await;
        }
    }

    /// First no more requests, so that what they store can still be handed over.
    async fn finish(&mut self) {
        self.stop.send_replace(Stage::NoRequests);
        if !self.server.is_finished() && tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            tracing::warn!("a request did not end in time and is dropped");
            self.server.abort();
        }
        self.stop.send_replace(Stage::NoHandlers);
        // The worker has a time limit of its own.
        if let Some(worker) = self.worker.as_mut().filter(|worker| !worker.is_finished()) {
            let _ = worker.await;
        }
    }
}

/// Waits for the worker to end by itself, which it only does when it has to.
async fn failed(worker: Option<&mut JoinHandle<Result<(), mailferry_store::Error>>>, args: &ListenArgs) -> Failure {
    match worker {
        None => std::future::pending().await,
        Some(worker) => failure(worker.await, args),
    }
}

/// Why the worker ended.
fn failure(ended: Result<Result<(), mailferry_store::Error>, JoinError>, args: &ListenArgs) -> Failure {
    let cause = match ended {
        Ok(Err(error)) => return explained(&error, &args.inbox).into(),
        Ok(Ok(())) => io::Error::other("the worker ended"),
        Err(cause) => cause.into(),
    };
    Failure::System("events cannot be handed over", cause)
}

fn lost(ended: Result<io::Result<()>, JoinError>) -> io::Error {
    match ended {
        Ok(Err(cause)) => cause,
        Ok(Ok(())) => io::Error::other("the server ended"),
        Err(cause) => cause.into(),
    }
}

fn serve(
    listener: TcpListener,
    endpoints: Endpoints,
    handler: impl Handler + 'static,
    stopped: watch::Receiver<Stage>,
) -> JoinHandle<io::Result<()>> {
    let router = mailferry_axum::router(endpoints, handler);
    let serving = axum::serve(listener, router).with_graceful_shutdown(reached(stopped, Stage::NoRequests));
    tokio::spawn(async move { serving.await })
}

/// Whom events are handed to, besides being shown.
struct Handlers {
    forward: Option<Forward>,
    program: Option<Program>,
}

impl Handlers {
    fn new(args: &ListenArgs) -> Result<(Self, Option<Ended>), Error> {
        let timeout = Duration::from_secs(args.timeout.into());
        let forward = args.forward.as_deref().map(|url| Forward::new(url, timeout)).transpose()?;
        let (program, ended) = Program::new(args.program.clone())?.unzip();
        Ok((Self { forward, program }, ended))
    }

    fn shown(&self) -> Vec<String> {
        let forward = self.forward.as_ref().map(Forward::shown);
        forward.into_iter().chain(self.program.as_ref().map(Program::shown)).collect()
    }

    /// What the inbox knows them by. They stay the same, so that it knows after a restart what each has had.
    fn names(&self) -> Vec<&'static str> {
        let others = [self.forward.as_ref().map(|_| FORWARD), self.program.as_ref().map(|_| PROGRAM)];
        [PRINT].into_iter().chain(others.into_iter().flatten()).collect()
    }

    fn worker(self, inbox: &Inbox, args: &ListenArgs, printer: Printer) -> Worker {
        let since = if args.from_now { Since::Now } else { Since::Beginning };
        let attempts = NonZeroU32::new(args.attempts).unwrap_or(NonZeroU32::MIN);
        let mut worker = inbox
            .worker()
            .policy(Policy { max_attempts: attempts, ..Policy::default() })
            .parallel(args.parallel.into())
            .time_limit(Duration::from_secs(args.timeout.into()))
            .grace(GRACE)
            .handler_since(PRINT, printer, since);
        if let Some(forward) = self.forward {
            worker = worker.handler_since(FORWARD, forward, since);
        }
        if let Some(program) = self.program {
            worker = worker.handler_since(PROGRAM, program, since);
        }
        worker
    }
}

/// Begins to work, and waits until the inbox knows every handler: none is to miss what comes from now on.
async fn start(
    inbox: &Inbox,
    handlers: Handlers,
    printer: Printer,
    stopped: watch::Receiver<Stage>,
    args: &ListenArgs,
) -> Result<JoinHandle<Result<(), mailferry_store::Error>>, Failure> {
    let names = handlers.names();
    let worker = handlers.worker(inbox, args, printer);
    let mut work = Box::pin(worker.run(reached(stopped, Stage::NoHandlers)));
    let known = tokio::select! {
        biased;
        ended = &mut work => return Err(failure(Ok(ended), args)),
        known = knows(inbox, &names) => known,
    };
    known.map_err(|error| explained(&error, &args.inbox))?;
    Ok(tokio::spawn(work))
}

/// Waits until the inbox knows handlers.
async fn knows(inbox: &Inbox, names: &[&str]) -> Result<(), mailferry_store::Error> {
    const SOON: Duration = Duration::from_millis(5);
    loop {
        let known = inbox.stats().await?.handlers;
        if names.iter().all(|name| known.iter().any(|handler| handler.handler == *name)) {
            return Ok(());
        }
        tokio::time::sleep(SOON).await;
    }
}

/// The last entry that is there already.
async fn latest(inbox: &Inbox) -> Result<Option<EntryId>, mailferry_store::Error> {
    let page = Page { limit: NonZeroU32::MIN, after: None };
    Ok(inbox.list(&Selection::default(), &page).await?.first().map(|entry| entry.id))
}

async fn open(args: &ListenArgs) -> Result<Inbox, Error> {
    Inbox::open(&args.inbox).await.map_err(|error| explained(&error, &args.inbox))
}

fn address(args: &ListenArgs) -> Result<SocketAddr, Error> {
    let address = emulate::address(&args.listen)?;
    if !address.ip().is_loopback() && !args.allow_remote {
        let text = format!("at {address} other machines could post to the endpoints, and nothing is encrypted");
        let remedy = "listen at 127.0.0.1 behind a proxy with https, or say that this is meant: --allow-remote";
        return Err(Error::new(ErrorKind::Config, text).with_remedy(remedy));
    }
    Ok(address)
}

/// A path without a slash at its end.
fn prefix(text: &str) -> Result<String, Error> {
    let path = text.trim_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
    if !path.chars().all(is_plain) || path.contains("//") {
        return Err(Error::new(ErrorKind::Config, format!("--prefix: {text:?} cannot stand in a URL's path"))
            .with_remedy("give a path such as /hooks"));
    }
    Ok(if path.is_empty() { String::new() } else { format!("/{path}") })
}

fn endpoint<R: Receiver>(what: &'static str, prefix: &str, setting: &'static str, receiver: Option<&R>) -> Endpoint {
    let path = receiver.map_or_else(String::new, |receiver| format!("{prefix}/{}", receiver.path()));
    Endpoint { what, path, setting, is_active: receiver.is_some() }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|cause| {
        let remedy = match cause.kind() {
            io::ErrorKind::AddrInUse => "end what listens there, or take a free port: --listen 127.0.0.1:0",
            io::ErrorKind::PermissionDenied => "take a port above 1023: --listen 127.0.0.1:2581",
            _ => "check --listen",
        };
        let text = format!("cannot listen at {address}: {}", io_text(&cause));
        Error::new(ErrorKind::Config, text).with_remedy(remedy).caused_by(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_path() {
        for (text, expected) in [("", ""), ("/", ""), ("hooks", "/hooks"), ("/a/b-c/", "/a/b-c"), ("%20", "/%20")] {
            assert_eq!(prefix(text).unwrap(), expected, "{text}");
        }
        for text in ["/{name}", "a b", "a//b", "?a", "#", "ä", "*"] {
            assert!(prefix(text).is_err(), "{text}");
        }
    }
}
