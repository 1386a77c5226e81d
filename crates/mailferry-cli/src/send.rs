//! `mailferry send`: messages, one after the other.

use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mailferry::transport::{Error, ErrorKind, SendStatus};
use mailferry::{Mailer, MailerSend, Message, Transport as _};

use crate::args::{Global, InputArgs, MessageArgs, SendArgs};
use crate::config;
use crate::dry_run;
use crate::exit::Exit;
use crate::input::{self, Item, Place, Source};
use crate::log;
use crate::message;
use crate::output::{FAINT, Failure, HEADING, Output, status_style};
use crate::report::Sent;
use crate::signals::Signals;

/// Sends that take longer than this are accompanied by a progress bar.
const LONG: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) async fn run(global: &Global, args: SendArgs, output: &mut Output) -> Result<Exit, Failure> {
    let found = config::load(global, &args.settings)?;
    let debug = found.debugs_requests();
    log::start(debug, output.colors_errors())?;
    let sources = sources(args.input)?;
    let (transport, mailer) = if args.dry_run { found.mailer_without_token()? } else { found.mailer()? };
    let progress = Progress::new(&sources, debug);
    let counts = Counts::default();
    let signals = Signals::new()?;
    Sender { transport, mailer, dry_run: args.dry_run, output, progress, counts, headed: false }
        .run(sources, signals)
        .await
}

/// Where the messages are, as the arguments say.
pub(crate) fn sources(input: InputArgs) -> Result<Vec<Source>, Error> {
    let InputArgs { files, message } = input;
    match (files.is_empty(), message == MessageArgs::default()) {
        (false, true) => Ok(files.into_iter().map(Source::new).collect()),
        (true, false) => Ok(vec![Source::Flags(Box::new(message::from_flags(message)?))]),
        (true, true) => Err(Error::new(ErrorKind::Config, "there is no message to work on")
            .with_remedy("name a file, `-` for standard input, or flags such as --to")),
        (false, false) => Err(Error::new(ErrorKind::Config, "a file and flags both describe a message")
            .with_remedy("name files, or use flags such as --to, but not both")),
    }
}

/// The messages of all sources, as they come.
pub(crate) fn messages(sources: Vec<Source>) -> Result<tokio::sync::mpsc::Receiver<Item>, Failure> {
    input::messages(sources).map_err(|cause| Failure::System("no thread can be started", cause))
}

struct Sender<'o> {
    transport: MailerSend,
    mailer: Mailer,
    dry_run: bool,
    output: &'o mut Output,
    progress: Progress,
    counts: Counts,
    /// Whether the table of results has its heading.
    headed: bool,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    to_nobody: u64,
    failed: u64,
}

impl Counts {
    fn all(&self) -> u64 {
        self.sent + self.to_nobody + self.failed
    }
}

impl Sender<'_> {
    async fn run(mut self, sources: Vec<Source>, mut signals: Signals) -> Result<Exit, Failure> {
        let mut worst = Exit::Done;
        let mut messages = messages(sources)?;
        let mut stopped = false;
        while !stopped {
            let item = tokio::select! {
                item = messages.recv() => item,
                () = signals.next() => {
                    stopped = true;
                    continue;
                }
            };
            let Some(Item { place, bytes, message }) = item else { break };
            let outcome = {
                let mut work = pin!(self.one(&place, message));
                loop {
                    tokio::select! {
                        outcome = &mut work => break outcome,
                        // What is on its way is waited for, unless it is asked a second time.
                        () = signals.next() => if stopped { return Ok(Exit::Unknown) } else { stopped = true },
                    }
                }
            };
            if let Err(failure) = outcome {
                let Failure::Error(error) = failure else { return Err(failure) };
                worst = worst.max(Exit::of(&error));
                self.failed(&place, &error)?;
            }
            self.progress.advance(bytes, self.counts.all());
        }
        self.progress.end();
        self.summary(stopped);
        Ok(if stopped { worst.max(Exit::Other) } else { worst })
    }

    async fn one(&mut self, place: &Place, message: Result<Message, Error>) -> Result<(), Failure> {
        let message = message?;
        if self.dry_run { self.show(place, &message).await } else { self.send(place, &message).await }
    }

    async fn show(&mut self, place: &Place, message: &Message) -> Result<(), Failure> {
        let message = self.mailer.prepare(message)?;
        if !message.has_recipients() {
            self.nobody(place);
            return Ok(());
        }
        for request in self.transport.requests(&message).await? {
            let output = &mut *self.output;
            self.progress.aside(|| dry_run::print(&request, output))?;
        }
        self.counts.sent += 1;
        Ok(())
    }

    async fn send(&mut self, place: &Place, message: &Message) -> Result<(), Failure> {
        let status = self.mailer.send(message).await?;
        if status.is_empty() {
            self.nobody(place);
        } else {
            self.counts.sent += 1;
        }
        let Self { output, progress, headed, .. } = self;
        progress
            .aside(|| if output.json { output.object(&Sent::new(&status)) } else { tell(&status, headed, output) })?;
        Ok(())
    }

    fn nobody(&mut self, place: &Place) {
        self.counts.to_nobody += 1;
        let output = &mut *self.output;
        self.progress
            .aside(|| output.warning(format_args!("{place}: nothing was sent: the message has no recipients")));
    }

    fn failed(&mut self, place: &Place, error: &Error) -> io::Result<()> {
        self.counts.failed += 1;
        let Self { output, progress, headed, .. } = self;
        progress.aside(|| {
            if let Some(status) = error.send_status().filter(|_| !output.json) {
                table(status, headed, output)?;
            }
            output.failure(Some(&place.to_string()), error)
        })
    }

    fn summary(&mut self, stopped: bool) {
        let Counts { sent, to_nobody, failed } = self.counts;
        if stopped {
            self.output.warning("stopped before the end");
        }
        if self.output.json || (self.counts.all() < 2 && !stopped) {
            return;
        }
        let mut parts = vec![format!("{sent} {}", if self.dry_run { "shown" } else { "sent" })];
        if to_nobody > 0 {
            parts.push(format!("{to_nobody} without recipients"));
        }
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        self.output.say(format_args!("{} messages: {}", self.counts.all(), parts.join(", ")));
    }
}

/// A result for people.
fn tell(status: &SendStatus, headed: &mut bool, output: &mut Output) -> io::Result<()> {
    table(status, headed, output)?;
    for warning in status.warnings() {
        output.warning(warning);
    }
    for dropped in status.dropped() {
        output.warning(format_args!("sent without {dropped}, which the service cannot do"));
    }
    if status.is_paused() {
        output.warning("sending is paused for this domain: the message waits until it is resumed");
    }
    for bulk in status.bulk() {
        output.help(format_args!("to learn what becomes of it: mailferry bulk wait {}", bulk.id));
    }
    Ok(())
}

/// One row for each recipient: rows are printed as they come, so what may be of any width stands last.
pub(crate) fn table(status: &SendStatus, headed: &mut bool, output: &mut Output) -> io::Result<()> {
    if !*headed && !status.is_empty() {
        *headed = true;
        output.line(format_args!("{HEADING}{:8}  {:29}  {}{HEADING:#}", "STATUS", "MESSAGE ID", "RECIPIENT"))?;
    }
    for (address, recipient) in status.recipients() {
        let style = status_style(recipient.status);
        let id = recipient.message_id.as_deref().unwrap_or("-");
        let word = recipient.status;
        output.line(format_args!("{style}{word:8}{style:#}  {FAINT}{id:29}{FAINT:#}  {address}"))?;
    }
    Ok(())
}

/// A progress bar on standard error, when that is a terminal and it takes long.
struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: bool,
}

impl Progress {
    fn new(sources: &[Source], hidden: bool) -> Self {
        let total: Option<u64> = sources.iter().map(Source::length).sum();
        let bar = match total {
            Some(total) => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()),
            None => ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
        };
        let form = if total.is_some() { "{bar:30} {percent}%  {msg}  {elapsed}" } else { "{spinner} {msg}  {elapsed}" };
        let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), started: Instant::now(), shown: hidden }
    }

    /// Writes something without the bar in between.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    fn advance(&mut self, bytes: u64, messages: u64) {
        if !self.shown && self.started.elapsed() > LONG {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(format!("{messages} messages"));
        self.bar.inc(bytes);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
