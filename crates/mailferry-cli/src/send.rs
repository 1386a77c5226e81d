//! `mailferry send`: messages, one after the other.

use std::io;
use std::pin::pin;

use mailferry::transport::{Error, SendStatus, Status};
use mailferry::{Mailer, MailerSend, Message, Transport as _};

use crate::args::{Global, SendArgs};
use crate::config;
use crate::dry_run;
use crate::exit::Exit;
use crate::input::{self, Item, Place, Source};
use crate::log;
use crate::output::{self, Failure, Output, printable};
use crate::progress::Progress;
use crate::report::Sent;
use crate::signals::Signals;
use crate::table;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: SendArgs, output: &mut Output) -> Result<Exit, Failure> {
    let found = config::load(global, &args.settings)?;
    let debug = found.debugs_requests();
    log::start(debug, output.colors_errors())?;
    let sources = input::sources(args.input)?;
    let (transport, mailer) = if args.dry_run { found.mailer_without_token()? } else { found.mailer()? };
    let progress = Progress::new(&sources, debug);
    let counts = Counts::default();
    let signals = Signals::new()?;
    Sender { transport, mailer, dry_run: args.dry_run, output, progress, counts, headed: false }
        .run(sources, signals)
        .await
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
        let mut messages = input::messages(sources)?;
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
                        () = signals.next() => {
                            if stopped {
                                return Ok(Exit::Unknown);
                            }
                            stopped = true;
                            output::tell_of_stopping();
                        }
                    }
                }
            };
            let exit = match outcome {
                Ok(exit) => exit,
                Err(Failure::Error(error)) => {
                    self.failed(&place, &error)?;
                    Exit::of(&error)
                }
                Err(failure) => return Err(failure),
            };
            worst = worst.max(exit);
            self.progress.advance(bytes, self.counts.all());
        }
        self.progress.end();
        self.summary(stopped);
        Ok(if stopped { worst.max(Exit::Other) } else { worst })
    }

    async fn one(&mut self, place: &Place, message: Result<Message, Error>) -> Result<Exit, Failure> {
        let message = message?;
        if self.dry_run { self.show(place, &message).await } else { self.send(place, &message).await }
    }

    async fn show(&mut self, place: &Place, message: &Message) -> Result<Exit, Failure> {
        let message = self.mailer.prepare(message)?;
        if !message.has_recipients() {
            self.nobody(place);
            return Ok(Exit::Done);
        }
        for request in self.transport.requests(&message).await? {
            let output = &mut *self.output;
            self.progress.aside(|| dry_run::print(&request, output))?;
        }
        self.counts.sent += 1;
        Ok(Exit::Done)
    }

    async fn send(&mut self, place: &Place, message: &Message) -> Result<Exit, Failure> {
        let status = self.mailer.send(message).await?;
        // Accepted, and yet there is neither an id nor a reason: not an answer of MailerSend's.
        let doubtful = status.statuses().contains(&Status::Failed);
        if status.is_empty() {
            self.nobody(place);
        } else if doubtful {
            self.counts.failed += 1;
        } else {
            self.counts.sent += 1;
        }
        let Self { output, progress, headed, .. } = self;
        progress.aside(|| {
            if output.json { output.object(&Sent::new(&status)) } else { tell(&status, headed, output) }?;
            if doubtful {
                output.warning(format_args!("{place}: the answer was a success, but gave no message id"));
                output.help("look the message up at MailerSend before sending it again, and check MAILERSEND_API_URL");
            }
            Ok::<_, io::Error>(())
        })?;
        Ok(if doubtful { Exit::Unknown } else { Exit::Done })
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
                table::print(status, headed, output)?;
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
    table::print(status, headed, output)?;
    for warning in status.warnings() {
        output.warning(printable(&warning.to_string()));
    }
    for dropped in status.dropped() {
        output.warning(format_args!("sent without {dropped}, which the service cannot do"));
    }
    if status.is_paused() {
        output.warning("sending is paused for this domain: the message waits until it is resumed");
    }
    for bulk in status.bulk() {
        output.help(format_args!("to learn what becomes of it: mailferry bulk wait {}", printable(&bulk.id)));
    }
    Ok(())
}
