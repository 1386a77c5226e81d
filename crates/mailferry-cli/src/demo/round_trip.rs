//! What comes back: webhooks that tell what became of a mail, and a reply.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mailferry::event::TrackingEvent;
use mailferry::mailersend::{Inbound, Webhook};
use mailferry::transport::{Error, SendStatus};
use mailferry::webhook::Endpoints;
use mailferry::{Event, EventKind, MailerSend, Message, Transport as _};
use mailferry_emulator::{Emulator, InboundMail, InboundRoute};
use mailferry_store::{Inbox, Page, Selection};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::inbox::explained;
use crate::output::{FAINT, Failure, HEADING, Output, printable};
use crate::report::Sent;
use crate::{event_text, table};

use super::scene::{ANSWERED, DOMAIN, FOLLOWED, REPLY, REPLY_PICTURE, Scene};
use super::{heading, shown};

/// Each thing happens to a mail so long after the one before, by the emulator's clock, which need not wait for it.
pub(super) const STEP: Duration = Duration::from_secs(2);

/// How many things can happen to a mail: sent, delivered, opened, clicked.
const STEPS: u32 = 4;

/// What is told of a mail that was followed.
#[derive(Serialize)]
struct Followed<'a> {
    scene: &'static str,
    message: Option<&'a RawValue>,
    result: Sent<'a>,
    events: Vec<Value>,
    /// The same message once more.
    again: Sent<'a>,
}

/// What is told of the reply.
#[derive(Serialize)]
struct Answered {
    scene: &'static str,
    event: Value,
    reply_text: Option<String>,
}

/// A server for webhooks and inbound mail, and its inbox.
pub(super) struct Receiving {
    inbox: Inbox,
    folder: Folder,
    /// Ends the server when it is dropped.
    running: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// A folder that is there for a while.
struct Folder(PathBuf);

impl Folder {
    /// One that nobody else has.
    fn new() -> io::Result<Self> {
        let (parent, process) = (std::env::temp_dir(), std::process::id());
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for number in 0..100 {
            let path = parent.join(format!("mailferry-demo-{process}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => taken = cause,
                Err(cause) => return Err(cause),
            }
        }
        Err(taken)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Receiving {
    /// Starts to receive what the emulator tells from now on.
    pub(super) async fn start(emulator: &Emulator) -> Result<Self, Failure> {
        let no_folder = |cause| Failure::System("there is no place for temporary files", cause);
        let folder = Folder::new().map_err(no_folder)?;
        let inbox = Inbox::open(folder.0.join("inbox.db")).await.map_err(|cause| stored(&cause))?;
        let no_port = |cause| Failure::System("nothing can listen at 127.0.0.1", cause);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(no_port)?;
        let url = format!("http://{}", listener.local_addr().map_err(no_port)?);
        let webhook = emulator.register_webhook(mailferry_emulator::Webhook::new(format!("{url}/mailersend/tracking")));
        let route = InboundRoute::to(format!("{url}/mailersend/inbound")).domain(DOMAIN);
        let route = emulator.add_inbound_route(route);
        let endpoints =
            Endpoints::new().receiver(Webhook::new(webhook.secret())?).receiver(Inbound::new(route.secret())?);
        let router = mailferry_axum::router(endpoints, inbox.clone());
        let (running, ended) = oneshot::channel::<()>();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            let _ = ended.await;
        });
        let server = tokio::spawn(async {
            let _ = server.await;
        });
        Ok(Self { inbox, folder, running, server })
    }

    /// Shows what becomes of a mail to each of its recipients.
    pub(super) async fn follow(
        &self,
        number: usize,
        emulator: &Emulator,
        transport: &MailerSend,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let Scene { title, shows, .. } = FOLLOWED;
        let json = FOLLOWED.message();
        let message = Message::from_json(json.as_bytes()).map_err(Error::from)?;
        if !output.json {
            heading(number, title, shows, output)?;
            shown(FOLLOWED.shown, output)?;
        }
        let status = transport.send(&message).await?;
        if !output.json {
            table::print(&status, &mut true, output)?;
        }
        for _ in 0..STEPS {
            emulator.clock().advance(STEP);
            emulator.settled().await;
        }
        let events = self.events_of(&status).await?;
        // Who bounced is on a suppression list by now.
        let again = transport.send(&message).await?;
        if !output.json {
            output.line("")?;
            for line in stories(&status, &events) {
                output.line(line)?;
            }
            output.line("\nThe same again: who bounced is suppressed.")?;
            return Ok(table::print(&again, &mut true, output)?);
        }
        let one_line: String = json.lines().map(str::trim_start).collect();
        Ok(output.object(&Followed {
            scene: title,
            message: serde_json::from_str(&one_line).ok(),
            result: Sent::new(&status),
            events: events.into_iter().map(|event| Event::Tracking(event).to_json()).collect(),
            again: Sent::new(&again),
        })?)
    }

    /// The events of a send, in the order of its recipients, and of what can happen to each.
    async fn events_of(&self, status: &SendStatus) -> Result<Vec<TrackingEvent>, Failure> {
        let mut found = Vec::new();
        for event in self.events(None).await? {
            let Event::Tracking(event) = event else { continue };
            let is_ours = status.recipients().any(|(_, recipient)| recipient.message_id == event.message_id);
            if is_ours {
                found.push(event);
            }
        }
        let place = |event: &TrackingEvent| {
            let recipient = event.recipient.as_deref().unwrap_or_default();
            status.recipients().position(|(address, _)| address.as_str() == recipient)
        };
        found.sort_by_key(|event| {
            let rank = EventKind::ALL.iter().position(|kind| *kind == event.kind);
            (place(event), event.timestamp.map(|at| at.unix_micros()), rank, event.service_kind.clone())
        });
        Ok(found)
    }

    /// What is in the inbox, the latest first.
    async fn events(&self, kind: Option<&str>) -> Result<Vec<Event>, Failure> {
        let selection = Selection { kind: kind.map(str::to_owned), ..Selection::default() };
        let page = Page { limit: Page::LONGEST, after: None };
        let mut events = Vec::new();
        for entry in self.inbox.list(&selection, &page).await.map_err(|cause| stored(&cause))? {
            events.extend(self.inbox.event(entry.id).await.map_err(|cause| stored(&cause))?);
        }
        Ok(events)
    }

    /// Shows what a recipient answers.
    pub(super) async fn answer(&self, number: usize, emulator: &Emulator, output: &mut Output) -> Result<(), Failure> {
        let (scene, shows) = ANSWERED;
        let (file, content) = REPLY_PICTURE;
        let reply = InboundMail::new("Clara <click@example.com>", format!("orders@{DOMAIN}"))
            .subject("Re: New lanterns")
            .text(REPLY)
            .attachment(file, "image/png", content);
        emulator.receive_mail(reply).map_err(|cause| Failure::System("no mail comes in", io::Error::other(cause)))?;
        emulator.settled().await;
        let event = self.events(Some(EventKind::Inbound.as_str())).await?.pop();
        let Some(Event::Inbound(event)) = event else {
            return Err(Failure::System("no mail came in", io::ErrorKind::NotFound.into()));
        };
        let message = &event.message;
        let reply_text = message.reply_text();
        if output.json {
            let event = Event::Inbound(event).to_json();
            return Ok(output.object(&Answered { scene, event, reply_text })?);
        }
        heading(number, scene, shows, output)?;
        let named =
            |all: Vec<mailferry::inbound::Mailbox>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        output.line(format_args!("  │ From: {}", printable(&named(message.from_all()))))?;
        output.line(format_args!("  │ To: {}", printable(&named(message.to()))))?;
        output.line(format_args!("  │ Subject: {}", printable(&message.subject().unwrap_or_default())))?;
        let whole = message.text().unwrap_or_default();
        for line in reply_text.as_deref().unwrap_or_default().trim_end().lines() {
            output.line(format_args!("  │ {}", printable(line)))?;
        }
        let quoted = whole.lines().filter(|line| line.starts_with('>')).count();
        output.line(format_args!("  │ {FAINT}[quoted lines left out: {quoted}]{FAINT:#}"))?;
        for part in message.attachments() {
            let (name, size) = (part.file_name().unwrap_or_default(), part.bytes().len());
            output.line(format_args!("  │ [{}, {size} bytes, {}]", printable(&name), part.content_type()))?;
        }
        Ok(())
    }

    /// Ends the server, and takes everything off the disk.
    pub(super) async fn end(self) {
        let Self { inbox, folder, running, server } = self;
        drop(running);
        // It has the inbox, too, and nobody posts any more.
        let _ = tokio::time::timeout(STEP, server).await;
        inbox.close().await;
        drop(folder);
    }
}

/// What happened to the mail of each recipient, in a line.
fn stories(status: &SendStatus, events: &[TrackingEvent]) -> Vec<String> {
    let mut lines = Vec::new();
    for (address, _) in status.recipients() {
        let its = |event: &&TrackingEvent| event.recipient.as_deref() == Some(address.as_str());
        // First opens and clicks are told twice, the second time in a word of MailerSend's alone.
        let known = events.iter().filter(its).filter(|event| event.kind != EventKind::Unknown);
        let story: Vec<_> = known.map(happening).collect();
        let line = format!("{HEADING}{:18}{HEADING:#}  {}", address.as_str(), story.join(", "));
        lines.push(line);
    }
    lines
}

fn happening(event: &TrackingEvent) -> String {
    let (style, word) = (event_text::style(event.kind.as_str()), event.kind);
    let detail = match (&event.bounce, &event.click_url) {
        (Some(bounce), _) => format!(" ({})", bounce.kind),
        (None, Some(url)) => format!(" {}", printable(url)),
        (None, None) => String::new(),
    };
    format!("{style}{word}{style:#}{detail}")
}

fn stored(cause: &mailferry_store::Error) -> Failure {
    explained(cause, Path::new("the inbox"))
        .with_remedy("check the folder for temporary files, which TMPDIR names")
        .into()
}
