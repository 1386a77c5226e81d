//! `mailferry check`: what would be refused, without a network.

use std::io;

use mailferry::mailersend::BatchSendMode;
use mailferry::message::Key;
use mailferry::transport::{Error, ErrorKind, Feature, Finding};
use mailferry::{Mailer, MailerSend, Message};
use serde::Serialize;

use crate::args::{CheckArgs, Global};
use crate::config::{self, Found as Settings};
use crate::exit::Exit;
use crate::log;
use crate::output::{ERROR, FAINT, Failure, HEADING, OK, Output, WARNING};
use crate::report::Found;
use crate::send::{messages, sources};

/// Runs the command.
pub(crate) async fn run(global: &Global, args: CheckArgs, output: &mut Output) -> Result<Exit, Failure> {
    let settings = config::load(global, &args.settings)?;
    log::start(false, output.colors_errors())?;
    let checker = Checker::new(&settings)?;
    let mut worst = Exit::Done;
    let mut messages = messages(sources(args.input)?)?;
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
        let message = self.mailer.prepare(message)?;
        let mut all = Vec::new();
        if !message.has_recipients() {
            let text = "the message has no recipients, so nothing would be sent";
            all.push(Finding::advice("to", text, "name somebody in to, cc or bcc"));
        }
        let error = match self.strict.check(&message).await {
            Ok(findings) => return Ok(sorted(all, findings)),
            Err(error) => error,
        };
        if !matches!(
            error.kind(),
            ErrorKind::Unsupported | ErrorKind::InvalidMessage | ErrorKind::InvalidAddress | ErrorKind::Serialization
        ) {
            return Err(error);
        }
        all.extend(of_error(&error).into_iter().map(|finding| self.judged(finding, &error)));
        let transport =
            if error.features().contains(&Feature::BatchWithoutMode) { &self.with_mode } else { &self.lenient };
        let rest = match transport.check(&message).await {
            // An attachment cannot be read: what else is there to say?
            Err(again) if again.problems().iter().any(|problem| problem.path().starts_with("attachments[")) => {
                let without = message.into_owned().edit().without(Key::Attachments).build();
                all.extend(of_error(&again));
                transport.check(&without.map_err(Error::from)?).await
            }
            other => other,
        };
        Ok(sorted(all, rest.unwrap_or_else(|error| of_error(&error))))
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

/// Each finding once, those that refuse the message first.
fn sorted(mut all: Vec<Finding>, more: Vec<Finding>) -> Vec<Finding> {
    for finding in more {
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all.sort_by_key(|finding| !finding.is_limit());
    all
}

/// What an error says, each thing by itself.
fn of_error(error: &Error) -> Vec<Finding> {
    let remedy = error.remedy().unwrap_or_default();
    let features = error.features().iter().map(|feature| {
        let (path, text) = unsupported(feature);
        Finding::limit(path, text, remedy)
    });
    let problems = error.problems().iter().map(|problem| Finding::limit(problem.path(), problem.text(), problem.remedy()));
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
    match ok {
        true => output.line(format_args!("{HEADING}{place}:{HEADING:#} {OK}ok{OK:#}"))?,
        false => output.line(format_args!("{HEADING}{place}:{HEADING:#} {ERROR}would be refused{ERROR:#}"))?,
    }
    for finding in findings {
        let (style, word) = if finding.is_limit() { (ERROR, "error") } else { (WARNING, "warning") };
        output.line(format_args!("  {style}{word}:{style:#} `{}`: {}", finding.path(), finding.text()))?;
        if !finding.remedy().is_empty() {
            output.line(format_args!("         {FAINT}{}{FAINT:#}", finding.remedy()))?;
        }
    }
    Ok(())
}
