//! `mailferry events backfill`: events that no webhook told, asked for afterwards.

pub(crate) mod args;

use std::io;
use std::mem;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mailferry::mailersend::asking::{Gap, GapReason};
use mailferry::transport::{Error, ErrorKind};
use mailferry::{Clock, DateTime, Event};
use mailferry_store::{Accepted, Inbox};
use serde::Serialize;

use crate::args::Global;
use crate::config;
use crate::event_text;
use crate::exit::Exit;
use crate::inbox::age::{Age, When};
use crate::inbox::explained;
use crate::log;
use crate::output::{Failure, HEADING, Output, WARNING, printable};
use crate::signals::Signals;

use args::{BackfillArgs, EventsArgs, EventsCommand};

/// Where the inbox reads again what was asked for.
const SOURCE: &str = "mailersend/activity";

/// So many events share one sync of the disk.
const BATCH: usize = 200;

/// An activity shows up to half a minute after it happened, so the time ends a little before the present.
const LATELY: When = When::Ago(Age(Duration::from_mins(1)));

const TICK: Duration = Duration::from_millis(200);

/// Runs the command.
pub(crate) async fn run(global: &Global, args: EventsArgs, output: &mut Output) -> Result<Exit, Failure> {
    let EventsCommand::Backfill(args) = args.command;
    backfill(global, args, output).await
}

async fn backfill(global: &Global, args: BackfillArgs, output: &mut Output) -> Result<Exit, Failure> {
    let BackfillArgs { domain, since, until, inbox, kind, message_ids, settings } = args;
    let found = config::load(global, &settings)?;
    log::start(found.debugs_requests(), output.colors_errors())?;
    let (transport, _) = found.mailer()?;
    let now = Clock::system().now();
    let (since, until) = (since.at(now), until.unwrap_or(LATELY).at(now));
    // What is to come cannot be asked for.
    let until = if until.unix_seconds() > DateTime::from(now).unix_seconds() { now.into() } else { until };
    if since.unix_seconds() >= until.unix_seconds() {
        let (since, until) = (to_the_second(since), to_the_second(until));
        let text = format!("--since is {since}, which is not before --until, {until}");
        return Err(Error::new(ErrorKind::Config, text).with_remedy("give the earlier time as --since").into());
    }
    let inbox = match inbox {
        Some(path) => Some(Inbox::open(&path).await.map_err(|cause| explained(&cause, &path))?),
        None => None,
    };
    let mut events = transport.backfill(&domain, since, until);
    if message_ids {
        events = events.with_message_ids();
    }
    let mut signals = Signals::new()?;
    let mut taken = Taken { kinds: kind, inbox, waiting: Vec::new(), count: Count::default(), reached: since };
    let spinner = Spinner::new(&domain);
    let ended = loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = signals.next() => break Ended::Interrupted,
        };
        match event {
            Some(Ok(event)) => spinner.aside(|| taken.take(event, output))?,
            Some(Err(error)) => break Ended::Failed(error),
            None => break Ended::Done,
        }
        taken.store(BATCH).await?;
        spinner.tell(&taken);
    };
    spinner.end();
    taken.store(1).await?;
    let mut gaps: Vec<Missing> = events.gaps().iter().map(Missing::new).collect();
    if let Ended::Interrupted = ended {
        let (reason, text) = ("interrupted", "the backfill was interrupted".to_owned());
        gaps.push(Missing {
            from: to_the_second(taken.reached),
            to: to_the_second(until),
            reason,
            text,
            exit: Exit::Other,
        });
    }
    let worst = gaps.iter().map(|gap| gap.exit).max().unwrap_or(Exit::Done);
    let Taken { inbox, count: Count { events, passed_over, new }, .. } = taken;
    let is_stored = inbox.is_some();
    if let Some(inbox) = inbox {
        inbox.close().await;
    }
    let summary = Summary {
        domain: &domain,
        since: to_the_second(since),
        until: to_the_second(until),
        events,
        new: is_stored.then_some(new),
        known: is_stored.then_some(events.saturating_sub(new)),
        passed_over,
        gaps,
    };
    summary.print(output)?;
    match ended {
        Ended::Failed(error) => Err(error.into()),
        Ended::Interrupted => Ok(Exit::Other),
        Ended::Done => Ok(worst),
    }
}

/// In UTC: the API knows no finer times.
fn to_the_second(at: DateTime) -> String {
    let seconds = DateTime::from_unix_seconds(at.unix_seconds()).unwrap_or(at).to_string();
    seconds.replace("+00:00", "Z")
}

/// How the walk came to its end.
enum Ended {
    Done,
    Interrupted,
    Failed(Error),
}

/// What was found so far, and where it goes.
struct Taken {
    /// Only these; none is all.
    kinds: Vec<String>,
    inbox: Option<Inbox>,
    /// Events that are not stored yet.
    waiting: Vec<Event>,
    count: Count,
    /// When the latest event happened.
    reached: DateTime,
}

#[derive(Clone, Copy, Default)]
struct Count {
    /// Of the wanted kinds.
    events: u64,
    /// Of the others.
    passed_over: u64,
    /// With an inbox: those that it did not have.
    new: u64,
}

impl Taken {
    /// Counts an event, and prints it or keeps it for the inbox.
    fn take(&mut self, event: Event, output: &mut Output) -> io::Result<()> {
        if let Some(at) = event.timestamp() {
            self.reached = at;
        }
        if !self.wants(&event) {
            self.count.passed_over += 1;
            return Ok(());
        }
        self.count.events += 1;
        if self.inbox.is_some() {
            self.waiting.push(event);
            return Ok(());
        }
        if output.json {
            return output.object(&event.to_json());
        }
        if self.count.events == 1 {
            output.line(event_text::heading())?;
        }
        output.line(event_text::line(&event))
    }

    /// By the normalized word, or the service's own.
    fn wants(&self, event: &Event) -> bool {
        let service_kind = match event {
            Event::Tracking(event) => event.service_kind.as_str(),
            _ => "",
        };
        let is = |kind: &String| kind.eq_ignore_ascii_case(event.word()) || kind.eq_ignore_ascii_case(service_kind);
        self.kinds.is_empty() || self.kinds.iter().any(is)
    }

    /// Stores what waits, once it is so many.
    async fn store(&mut self, from: usize) -> Result<(), Error> {
        let Some(inbox) = self.inbox.as_ref().filter(|_| !self.waiting.is_empty() && self.waiting.len() >= from) else {
            return Ok(());
        };
        let events = mem::take(&mut self.waiting);
        let accepted = inbox.accept(SOURCE, &events).await.map_err(|cause| explained(&cause, inbox.path()))?;
        let new = accepted.iter().filter(|accepted| matches!(accepted, Accepted::Stored(_))).count();
        self.count.new += new as u64;
        Ok(())
    }
}

/// What came of it.
#[derive(Serialize)]
struct Summary<'a> {
    domain: &'a str,
    since: String,
    until: String,
    events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<u64>,
    passed_over: u64,
    gaps: Vec<Missing>,
}

/// A part of the time that nothing is known of.
#[derive(Serialize)]
struct Missing {
    from: String,
    to: String,
    reason: &'static str,
    text: String,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Serialize)]
struct Told<'a> {
    backfill: &'a Summary<'a>,
}

impl Missing {
    fn new(gap: &Gap) -> Self {
        // What MailerSend will not tell, it will not tell later; anything else may be asked again.
        let (reason, exit) = match gap.reason {
            GapReason::Retention => ("retention", Exit::RefusedByService),
            GapReason::TooMany => ("too_many", Exit::RefusedByService),
            GapReason::Refused(_) => ("refused", Exit::RefusedByService),
            GapReason::Stopped => ("stopped", Exit::Later),
            _ => ("failed", Exit::Later),
        };
        Self { from: to_the_second(gap.from), to: to_the_second(gap.to), reason, text: gap.reason.to_string(), exit }
    }
}

impl Summary<'_> {
    fn print(&self, output: &mut Output) -> io::Result<()> {
        if output.json {
            return output.object(&Told { backfill: self });
        }
        let Self { domain, since, until, events, new, known, passed_over, gaps } = self;
        let stored = match (new, known) {
            (Some(new), Some(known)) => format!(": {HEADING}{new} new, {known} known{HEADING:#}"),
            _ => String::new(),
        };
        if new.is_none() && *events > 0 {
            output.line("")?;
        }
        output.line(format_args!("{events} events of {} from {since} to {until}{stored}", printable(domain)))?;
        if *passed_over > 0 {
            output.line(format_args!("{passed_over} events of other kinds were passed over"))?;
        }
        for Missing { from, to, text, .. } in gaps {
            output.line(format_args!("{WARNING}gap:{WARNING:#} {from} to {to}: {}", printable(text)))?;
        }
        Ok(())
    }
}

/// How far a long walk has come, on standard error when that is a terminal.
struct Spinner(ProgressBar);

impl Spinner {
    fn new(domain: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(format!("asking about {}", printable(domain)));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Writes something without the spinner in between.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    fn tell(&self, taken: &Taken) {
        let Taken { count, reached, .. } = taken;
        self.0.set_message(format!("{} events, up to {}", count.events, event_text::time(Some(*reached))));
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}
