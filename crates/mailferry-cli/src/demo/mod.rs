//! `mailferry demo`: everything that matters, without an account.

mod round_trip;
mod scene;

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use mailferry::mailersend::BulkWait;
use mailferry::transport::SendStatus;
use mailferry::{MailerSend, Message, Transport as _};
use mailferry_emulator::{Email, Emulator, SuppressionList};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::bulk::{self, Outcome};
use crate::exit::Exit;
use crate::output::{FAINT, Failure, HEADING, Output};
use crate::report::Sent;
use crate::signals::Signals;
use crate::table;

use round_trip::{Receiving, STEP};
use scene::{SCENES, SUPPRESSED, Scene};

/// What is told of one scene in JSON.
#[derive(Serialize)]
struct Told<'a> {
    scene: &'static str,
    message: Option<&'a RawValue>,
    result: Sent<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk: Option<Outcome<'a>>,
    read: Vec<Read<'a>>,
}

/// What one recipient reads.
#[derive(Serialize)]
struct Read<'a> {
    recipient: &'a str,
    subject: &'a str,
    text: Option<&'a str>,
    html: Option<&'a str>,
    attachments: Vec<&'a str>,
}

impl<'a> Read<'a> {
    fn new(email: &'a Email) -> Self {
        Self {
            recipient: &email.recipient().email,
            subject: email.subject(),
            text: email.text(),
            html: email.html(),
            attachments: email.message().attachments.iter().map(|file| file.filename.as_str()).collect(),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(output: &mut Output) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    tokio::select! {
        // What was put on the disk is taken off it, too.
        () = signals.next() => Ok(Exit::Other),
        ended = play(output) => ended,
    }
}

async fn play(output: &mut Output) -> Result<Exit, Failure> {
    let builder = Emulator::builder().bulk_delay(Duration::from_millis(200)).delivery_delay(STEP);
    let emulator = builder.start().await;
    let emulator = emulator.map_err(|cause| Failure::System("the emulator cannot listen at 127.0.0.1", cause))?;
    emulator.suppress(SuppressionList::HardBounces, SUPPRESSED);
    let transport = MailerSend::builder().token(emulator.token()).api_url(emulator.url()).build()?;
    if !output.json {
        output.line("MailerSend's API, emulated in this process: no account, and no mail goes out.")?;
    }
    let mut stage = Stage { emulator: &emulator, transport, seen: HashSet::new(), headed: false };
    for (index, scene) in SCENES.iter().enumerate() {
        stage.play(index + 1, scene, output).await?;
    }
    let receiving = Receiving::start(&emulator).await?;
    receiving.follow(SCENES.len() + 1, &emulator, &stage.transport, output).await?;
    receiving.answer(SCENES.len() + 2, &emulator, output).await?;
    receiving.end().await;
    if !output.json {
        output.line("")?;
        output.line(format_args!("{HEADING}Next{HEADING:#}"))?;
        output.line("  mailferry emulate             keep the emulator running, and send to it")?;
        output.line("  mailferry webhook listen      receive what becomes of mails, and replies")?;
        output.line("  mailferry send --help         send such messages yourself")?;
        output.line("  export MAILERSEND_API_TOKEN=  and they go out through MailerSend")?;
    }
    emulator.shutdown().await;
    Ok(Exit::Done)
}

/// Begins a scene.
fn heading(number: usize, title: &str, shows: &str, output: &mut Output) -> io::Result<()> {
    let rule = "─".repeat(76_usize.saturating_sub(title.chars().count()));
    output.line(format_args!("\n{HEADING}{number} {title}{HEADING:#} {FAINT}{rule}{FAINT:#}"))?;
    output.line(shows)
}

/// Shows a message.
fn shown(json: &str, output: &mut Output) -> io::Result<()> {
    json.lines().try_for_each(|line| output.line(format_args!("  {FAINT}{line}{FAINT:#}")))
}

struct Stage<'e> {
    emulator: &'e Emulator,
    transport: MailerSend,
    /// The emails of earlier scenes.
    seen: HashSet<String>,
    /// Whether it was said what the columns are.
    headed: bool,
}

impl Stage<'_> {
    async fn play(&mut self, number: usize, scene: &Scene, output: &mut Output) -> Result<(), Failure> {
        let Scene { title, shows, .. } = scene;
        let json = scene.message();
        let one_line: String = json.lines().map(str::trim_start).collect();
        if !output.json {
            heading(number, title, shows, output)?;
            shown(scene.shown, output)?;
        }
        let message = Message::from_json(json.as_bytes()).map_err(mailferry::transport::Error::from)?;
        let status = self.transport.send(&message).await?;
        if !output.json {
            table::print(&status, &mut self.headed, output)?;
        }
        let mut followed = None;
        if let Some(bulk) = status.bulk().first() {
            followed = Some(self.transport.bulk_wait(&bulk.id, BulkWait { at_most: Duration::from_secs(30) }).await?);
        }
        let outcome = followed.as_ref().map(|bulk| Outcome::new(bulk, &status));
        if let Some(outcome) = outcome.as_ref().filter(|_| !output.json) {
            bulk::tell(outcome, output)?;
        }
        let emails: Vec<Email> = self.emulator.emails();
        let new: Vec<&Email> = emails.iter().filter(|email| self.seen.insert(email.id().to_owned())).collect();
        if output.json {
            output.object(&told(title, &one_line, &status, outcome, &new))?;
        } else {
            for email in new {
                mailbox(email, output)?;
            }
        }
        Ok(())
    }
}

fn told<'a>(
    scene: &'static str,
    json: &'a str,
    status: &'a SendStatus,
    bulk: Option<Outcome<'a>>,
    emails: &[&'a Email],
) -> Told<'a> {
    let read = emails.iter().map(|email| Read::new(email)).collect();
    Told { scene, message: serde_json::from_str(json).ok(), result: Sent::new(status), bulk, read }
}

/// What one recipient sees of a mail.
fn mailbox(email: &Email, output: &mut Output) -> io::Result<()> {
    let to: Vec<_> = email.message().to.iter().map(|mailbox| mailbox.email.as_str()).collect();
    output.line(format_args!("  {HEADING}{} reads{HEADING:#}", email.recipient().email))?;
    output.line(format_args!("  │ To: {}", to.join(", ")))?;
    output.line(format_args!("  │ Subject: {}", email.subject()))?;
    for line in email.text().unwrap_or_default().lines() {
        output.line(format_args!("  │ {line}"))?;
    }
    for file in &email.message().attachments {
        let how = match &file.id {
            Some(id) if file.inline => format!("shown in the text by cid:{id}"),
            _ => "attached".to_owned(),
        };
        output.line(format_args!("  │ [{}, {} bytes, {how}]", file.filename, file.content.len()))?;
    }
    Ok(())
}
