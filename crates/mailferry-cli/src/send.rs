//! `mailferry send`: messages, one after the other.

use std::io;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mailferry::transport::{Error, ErrorKind, SendStatus};
use mailferry::{Mailer, MailerSend, Message, Transport as _};

use crate::args::{Global, InputArgs, SendArgs};
use crate::config;
use crate::dry_run;
use crate::exit::Exit;
use crate::input::{self, Item, Source};
use crate::log;
use crate::message;
use crate::output::{FAINT, Failure, HEADING, Output, status_style};
use crate::report::Sent;

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
    let mut sender = Sender { transport, mailer, dry_run: args.dry_run, output, progress, sent: 0, failed: 0 };
    let exit = sender.run(sources).await?;
    Ok(exit)
}

/// Where the messages are, as the arguments say.
pub(crate) fn sources(input: InputArgs) -> Result<Vec<Source>, Error> {
    if let Some(message) = message::from_flags(input.message)? {
        return Ok(vec![Source::Flags(Box::new(message))]);
    }
    if input.files.is_empty() {
        return Err(Error::new(ErrorKind::Config, "there is no message to work on")
            .with_remedy("name a file, `-` for standard input, or flags such as --to"));
    }
    Ok(input.files.into_iter().map(Source::new).collect())
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
    sent: u64,
    failed: u64,
}

impl Sender<'_> {
    async fn run(&mut self, sources: Vec<Source>) -> Result<Exit, Failure> {
        let mut worst = Exit::Done;
        let mut messages = messages(sources)?;
        while let Some(Item { place, bytes, message }) = messages.recv().await {
            let outcome = match message {
                Ok(message) if self.dry_run => self.show(&message).await,
                Ok(message) => self.send(&message).await,
                Err(error) => Err(Failure::Error(error)),
            };
            match outcome {
                Ok(()) => self.sent += 1,
                Err(Failure::Error(error)) => {
                    self.failed += 1;
                    worst = worst.max(Exit::of(&error));
                    let output = &mut *self.output;
                    self.progress.aside(|| output.failure(Some(&place.to_string()), &error))?;
                    if let Some(status) = error.send_status().filter(|_| !output.json) {
                        table(status, true, output)?;
                    }
                }
                Err(broken) => return Err(broken),
            }
            self.progress.advance(bytes, self.sent + self.failed);
        }
        self.progress.end();
        if self.sent + self.failed > 1 && !self.output.json {
            let verb = if self.dry_run { "shown" } else { "sent" };
            self.output.say(format_args!("{} messages {verb}, {} failed", self.sent, self.failed));
        }
        Ok(worst)
    }

    async fn show(&mut self, message: &Message) -> Result<(), Failure> {
        let message = self.mailer.prepare(message)?;
        if !message.has_recipients() {
            nobody(self.output);
            return Ok(());
        }
        for request in self.transport.requests(&message).await? {
            dry_run::print(&request, self.output)?;
        }
        Ok(())
    }

    async fn send(&mut self, message: &Message) -> Result<(), Failure> {
        let status = self.mailer.send(message).await?;
        let first = self.sent == 0;
        let output = &mut *self.output;
        self.progress.aside(|| {
            if status.is_empty() {
                nobody(output);
            }
            if output.json { output.object(&Sent::new(&status)) } else { tell(&status, first, output) }
        })?;
        Ok(())
    }
}

fn nobody(output: &mut Output) {
    output.warning("nothing was sent: the message has no recipients");
}

/// A result for people.
fn tell(status: &SendStatus, first: bool, output: &mut Output) -> io::Result<()> {
    table(status, first, output)?;
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

/// One row for each recipient, `first` with a heading: rows are printed as they come, so what is of any width is last.
pub(crate) fn table(status: &SendStatus, first: bool, output: &mut Output) -> io::Result<()> {
    if first && !status.is_empty() {
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
