//! `mailferry check`: what would be refused, without a network.

use std::borrow::Cow;
use std::io;

use mailferry::mailersend::BatchSendMode;
use mailferry::message::Key;
use mailferry::transport::{Error, ErrorKind, Feature, Finding};
use mailferry::{Attachment, Mailer, MailerSend, Message};
use serde::Serialize;

use crate::args::{CheckArgs, Global};
use crate::config::{self, Found as Settings};
use crate::exit::Exit;
use crate::input;
use crate::log;
use crate::output::{ERROR, FAINT, Failure, HEADING, OK, Output, WARNING, printable};
use crate::report::Found;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: CheckArgs, output: &mut Output) -> Result<Exit, Failure> {
    let settings = config::load(global, &args.settings)?;
    log::start(false, output.colors_errors())?;
    let checker = Checker::new(&settings)?;
    let mut worst = Exit::Done;
    let mut messages = input::messages(input::sources(args.input)?)?;
    while let Some(item) = messages.recv().await {
        let findings = match item.message {
            Ok(message) => checker.findings(&message).await?,
            Err(error) => of_error(&error),
        };
        if findings.iter().any(Finding::is_limit) {
            worst = Exit::Refused;
        }
        print(&item.place.to_string(), &findings, output)?;
    }
    Ok(worst)
}

/// Three transports, since the first thing that cannot be sent at all would hide all the rest.
struct Checker {
    mailer: Mailer,
    /// As configured, but that nothing is ignored.
    strict: MailerSend,
    /// Without what MailerSend cannot do.
    lenient: MailerSend,
    /// The same with a batch mode, for messages that lack one. In this one the limits are the wider ones.
    with_mode: MailerSend,
    ignores_unsupported: bool,
}

impl Checker {
    fn new(settings: &Settings) -> Result<Self, Error> {
        let (_, mailer) = settings.mailer_without_token()?;
        let with = |ignore| settings.builder().map(|builder| builder.ignore_unsupported_features(ignore));
        Ok(Self {
            mailer,
            strict: with(false)?.build()?,
            lenient: with(true)?.build()?,
            with_mode: with(true)?.batch_send_mode(BatchSendMode::UseBulkEmail).build()?,
            ignores_unsupported: settings.is_on("IGNORE_UNSUPPORTED_FEATURES"),
        })
    }

    async fn findings(&self, message: &Message) -> Result<Vec<Finding>, Error> {
        let mut message = self.mailer.prepare(message)?;
        if !message.has_recipients() {
            let text = "the message has no recipients, so nothing would be sent";
            return Ok(vec![Finding::advice("to", text, "name somebody in to, cc or bcc")]);
        }
        let mut all: Vec<Finding> = Vec::new();
        let mut transport = &self.strict;
        loop {
            let error = match transport.check(&message).await {
                Ok(findings) => {
                    all.extend(findings);
                    break;
                }
                Err(error) => error,
            };
            all.extend(of_error(&error).into_iter().map(|finding| self.judged(finding, &error)));
            // Each of these happens once at most: what was in the way is gone the next time.
            let unreadable = unreadable_attachments(&error);
            if !unreadable.is_empty() {
                message = Cow::Owned(without_content(&message, &unreadable)?);
            } else if error.kind() == ErrorKind::Unsupported && std::ptr::eq(transport, &raw const self.strict) {
                let lacks_mode = error.features().contains(&Feature::BatchWithoutMode);
                transport = if lacks_mode { &self.with_mode } else { &self.lenient };
            } else {
                break;
            }
        }
        all.sort_by_key(|finding| !finding.is_limit());
        Ok(all)
    }

    /// What is left out on purpose is nothing to refuse the message for.
    fn judged(&self, finding: Finding, error: &Error) -> Finding {
        let needs_mode = error.features().contains(&Feature::BatchWithoutMode) && finding.path() == "merge_data";
        if error.kind() == ErrorKind::Unsupported && self.ignores_unsupported && !needs_mode {
            return Finding::advice(finding.path(), "MailerSend cannot do this, and it will be left out", "");
        }
        finding
    }
}

/// The places of the attachments that cannot be read.
fn unreadable_attachments(error: &Error) -> Vec<usize> {
    let place = |path: &str| path.strip_prefix("attachments[")?.strip_suffix(']')?.parse().ok();
    error.problems().iter().filter_map(|problem| place(problem.path())).collect()
}

/// The message with other content in these attachments: their names, and all the others, can still be looked at.
fn without_content(message: &Message, places: &[usize]) -> Result<Message, Error> {
    let mut builder = message.clone().edit().without(Key::Attachments);
    for (place, attachment) in message.attachments().iter().enumerate() {
        builder = builder.attach(if places.contains(&place) {
            Attachment::bytes(attachment.filename().unwrap_or_default(), "?")
        } else {
            attachment.clone()
        });
    }
    Ok(builder.build()?)
}

/// What an error says, each thing by itself.
fn of_error(error: &Error) -> Vec<Finding> {
    let remedy = error.remedy().unwrap_or_default();
    let features = error.features().iter().map(|feature| {
        let (path, text) = unsupported(feature);
        Finding::limit(path, text, remedy)
    });
    let problems =
        error.problems().iter().map(|problem| Finding::limit(problem.path(), problem.text(), problem.remedy()));
    let found: Vec<_> = features.chain(problems).chain(error.preflight().iter().cloned()).collect();
    if found.is_empty() { vec![Finding::limit("message", error.to_string(), remedy)] } else { found }
}

/// Which field asks for what MailerSend cannot do.
fn unsupported(feature: &Feature) -> (String, String) {
    let path = match feature {
        Feature::MultipleFrom => "from".to_owned(),
        Feature::MultipleReplyTo => "reply_to".to_owned(),
        Feature::SpoofedTo => "headers.To".to_owned(),
        Feature::Header(name) => format!("headers.{}", name.escape_debug()),
        Feature::EnvelopeSender => "envelope_sender".to_owned(),
        Feature::Metadata => "metadata".to_owned(),
        Feature::MergeMetadata => "merge_metadata".to_owned(),
        Feature::MergeHeaders => "merge_headers".to_owned(),
        Feature::BatchWithoutMode => {
            let text = "several recipients have data of their own, and nothing says how to send to them";
            return ("merge_data".to_owned(), text.to_owned());
        }
        _ => "message".to_owned(),
    };
    (path, format!("MailerSend does not support {feature}"))
}

#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    findings: Vec<Found<'a>>,
    input: &'a str,
}

fn print(place: &str, findings: &[Finding], output: &mut Output) -> io::Result<()> {
    let ok = !findings.iter().any(Finding::is_limit);
    if output.json {
        return output.object(&Checked { ok, findings: findings.iter().map(Found::new).collect(), input: place });
    }
    let (style, verdict) = if ok { (OK, "ok") } else { (ERROR, "would be refused") };
    output.line(format_args!("{HEADING}{place}:{HEADING:#} {style}{verdict}{style:#}"))?;
    for finding in findings {
        let (style, word) = if finding.is_limit() { (ERROR, "error") } else { (WARNING, "warning") };
        output.line(format_args!(
            "  {style}{word}:{style:#} `{}`: {}",
            printable(finding.path()),
            printable(finding.text())
        ))?;
        if !finding.remedy().is_empty() {
            output.line(format_args!("         {FAINT}{}{FAINT:#}", finding.remedy()))?;
        }
    }
    Ok(())
}
