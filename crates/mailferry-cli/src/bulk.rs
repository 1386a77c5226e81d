//! `mailferry bulk`: what became of a bulk send.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use mailferry::InvalidAddress;
use mailferry::mailersend::{BulkStatus, BulkWait};
use mailferry::transport::{BulkSend, Error, ErrorKind, RecipientStatus, SendStatus, Status};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::args::{BulkArgs, BulkCommand, BulkId, Global};
use crate::config;
use crate::exit::Exit;
use crate::log;
use crate::output::{Failure, HEADING, Output, io_text, printable};
use crate::report::Recipient;
use crate::table;

/// What was wrong with one object, by the path of the field.
type Problems = BTreeMap<String, Vec<String>>;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: BulkArgs, output: &mut Output) -> Result<Exit, Failure> {
    let (id, timeout) = match args.command {
        BulkCommand::Status(id) => (id, None),
        BulkCommand::Wait { id, timeout } => (id, Some(Duration::from_secs(timeout))),
    };
    let BulkId { id, sent, settings } = id;
    let found = config::load(global, &settings)?;
    log::start(found.debugs_requests(), output.colors_errors())?;
    let (transport, _) = found.mailer()?;
    let id = id.strip_prefix("bulk:").unwrap_or(&id);
    let sent = sent.map(|path| sent_before(&path, id)).transpose()?;
    let asked = match timeout {
        None => transport.bulk_status(id).await,
        Some(at_most) => transport.bulk_wait(id, BulkWait { at_most }).await,
    };
    let status = asked.map_err(|error| match error.status() {
        Some(404) => error.with_remedy("check the id: with this token MailerSend knows no such bulk send"),
        _ => error,
    })?;
    let outcome = Outcome::new(&status, &sent.unwrap_or_default());
    if output.json {
        output.object(&outcome)?;
    } else {
        tell(&outcome, output)?;
    }
    Ok(if !status.state.is_final() {
        Exit::Later
    } else if status.error_count > 0 || !status.problems.is_empty() || status.state.as_str() == "failed" {
        Exit::RefusedByService
    } else {
        Exit::Done
    })
}

/// What is known of a bulk send, and of whom it went to.
#[derive(Serialize)]
pub(crate) struct Outcome<'a> {
    bulk_id: &'a str,
    state: &'a str,
    total: u64,
    suppressed: u64,
    errors: u64,
    recipients: Recipients<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    message_ids: &'a [String],
    /// By the place of the object, when nobody said whose it is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    problems: BTreeMap<usize, &'a Problems>,
}

impl<'a> Outcome<'a> {
    /// What the status says, of the recipients of `sent` and of those it names itself.
    pub(crate) fn new(status: &'a BulkStatus, sent: &SendStatus) -> Self {
        let mut resolved = status.resolve(sent);
        let objects = sent.bulk().iter().find(|bulk| bulk.id == status.id).map_or(&[][..], |bulk| &bulk.recipients);
        let owner = |index: &usize| objects.get(*index).map(|address| address.key().into_owned());
        let (mut by_address, mut problems) = (BTreeMap::new(), BTreeMap::new());
        for (index, fields) in &status.problems {
            match owner(index) {
                Some(key) => drop(by_address.insert(key, fields)),
                None => drop(problems.insert(*index, fields)),
            }
        }
        for address in status.suppressed() {
            if resolved.recipient(address.as_str()).is_none() {
                resolved.set(address, RecipientStatus::new(Status::Rejected, None::<String>));
            }
        }
        Self {
            bulk_id: &status.id,
            state: status.state.as_str(),
            total: status.total,
            suppressed: status.suppressed_count,
            errors: status.error_count,
            recipients: Recipients { status: resolved, problems: by_address },
            message_ids: &status.message_ids,
            problems,
        }
    }
}

/// Recipients in the order of the message, each with what was wrong.
struct Recipients<'a> {
    status: SendStatus,
    problems: BTreeMap<String, &'a Problems>,
}

#[derive(Serialize)]
struct Known<'a> {
    #[serde(flatten)]
    recipient: Recipient<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<&'a Problems>,
}

impl Serialize for Recipients<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.status.recipients().map(|(address, status)| {
            let problems = self.problems.get(address.key().as_ref()).copied();
            (address.as_str(), Known { recipient: Recipient::new(status), problems })
        }))
    }
}

/// An outcome for people.
pub(crate) fn tell(outcome: &Outcome<'_>, output: &mut Output) -> io::Result<()> {
    let Outcome { bulk_id, state, total, suppressed, errors, recipients, message_ids, problems } = outcome;
    output.line(format_args!(
        "{HEADING}bulk {}: {}{HEADING:#} ({total} recipients, {suppressed} suppressed, {errors} refused)",
        printable(bulk_id),
        printable(state)
    ))?;
    for (address, known) in recipients.status.recipients() {
        table::row(address, known, output)?;
        if let Some(fields) = recipients.problems.get(address.key().as_ref()) {
            tell_problems(fields, output)?;
        }
    }
    if recipients.status.is_empty() {
        for id in *message_ids {
            output.line(format_args!("message {}", printable(id)))?;
        }
    }
    for (index, fields) in problems {
        output.line(format_args!("message {} of the request was refused:", index + 1))?;
        tell_problems(fields, output)?;
    }
    if recipients.status.is_empty() {
        output.help("to see whose message is whose, name the results of `mailferry send --json`: --sent FILE");
    }
    Ok(())
}

fn tell_problems(fields: &Problems, output: &mut Output) -> io::Result<()> {
    for (path, texts) in fields {
        output.line(format_args!("          {}: {}", printable(path), printable(&texts.join(" "))))?;
    }
    Ok(())
}

/// The part of a result line that tells who was in a bulk send.
#[derive(Deserialize)]
struct Line {
    #[serde(default, deserialize_with = "in_order")]
    recipients: Vec<(String, LineRecipient)>,
    #[serde(default)]
    bulk: Vec<LineBulk>,
}

#[derive(Deserialize)]
struct LineRecipient {
    message_id: Option<String>,
}

#[derive(Deserialize)]
struct LineBulk {
    id: String,
    recipients: Vec<String>,
}

/// The members of an object as they stand there.
fn in_order<'de, D: Deserializer<'de>>(object: D) -> Result<Vec<(String, LineRecipient)>, D::Error> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, LineRecipient)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("recipients by address")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(entry) = entries.next_entry()? {
                all.push(entry);
            }
            Ok(all)
        }
    }
    object.deserialize_map(Members)
}

/// The send that a file of results tells about.
fn sent_before(path: &Path, id: &str) -> Result<SendStatus, Error> {
    let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let wrong = |text: String| {
        Error::new(ErrorKind::Config, format!("{name} {text}")).with_remedy("name a file that `send --json` printed")
    };
    let unreadable = |cause: io::Error| wrong(format!("cannot be read: {}", io_text(&cause))).caused_by(cause);
    let mut input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
    };
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        if input.read_until(b'\n', &mut text).map_err(unreadable)? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_slice(&text)
            .map_err(|cause| wrong(format!("is no list of results: line {number}: {}", words(&cause))))?;
        if let Some(bulk) = line.bulk.iter().find(|bulk| bulk.id == id) {
            return send_status(bulk, &line.recipients)
                .map_err(|cause| wrong(format!("is no list of results: line {number}: {cause}")));
        }
    }
    Err(wrong(format!("does not tell of a bulk send {id}")))
}

/// What a parser says, without a place in a line that may be very long.
fn words(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The status as it was after the send, of those whom this bulk request was for: its objects, and copies.
fn send_status(bulk: &LineBulk, all: &[(String, LineRecipient)]) -> Result<SendStatus, InvalidAddress> {
    let mut status = SendStatus::default();
    let id = format!("bulk:{}", bulk.id);
    for (address, recipient) in all {
        if recipient.message_id.as_ref() == Some(&id) {
            status.set(address.parse()?, RecipientStatus::new(Status::Unknown, Some(&id)));
        }
    }
    let recipients = bulk.recipients.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    status.push_bulk(BulkSend { id: bulk.id.clone(), recipients });
    Ok(status)
}
