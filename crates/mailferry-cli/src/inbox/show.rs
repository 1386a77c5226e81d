//! `mailferry inbox show`

use std::io;

use mailferry::Event;
use mailferry_store::{Attempt, Entry, EntryId, ErrorKind, Progress};
use serde::Serialize;
use serde_json::{Value, json};

use super::Opened;
use super::args::ShowArgs;
use super::list::Kept;
use crate::event_text::{self, field, time};
use crate::exit::Exit;
use crate::mail_text::size;
use crate::output::{Failure, HEADING, Output};

/// Shows one entry.
pub(super) async fn run(opened: &Opened<'_>, args: &ShowArgs, output: &mut Output) -> Result<Exit, Failure> {
    let id = EntryId::from(args.id);
    let Some(entry) = opened.answer(opened.inbox.get(id).await)? else { return Err(opened.missing(args.id).into()) };
    if args.raw {
        return match opened.answer(opened.inbox.body(id).await)? {
            Some(body) => Ok(output.write(&body).map(|()| Exit::Done)?),
            None => Err(pruned(args.id).into()),
        };
    }
    let attempts = opened.answer(opened.inbox.attempts(id).await)?;
    let event = match opened.inbox.event(id).await {
        Err(error) if error.kind() == ErrorKind::Unreadable && entry.pruned => None,
        answer => opened.answer(answer)?,
    };
    if output.json {
        output.object(&object(&entry, &attempts, event.as_ref())?)?;
    } else {
        tell(&entry, &attempts, event.as_ref(), output)?;
    }
    Ok(Exit::Done)
}

fn pruned(id: i64) -> mailferry::transport::Error {
    crate::source::unreadable(format!("the body of entry {id} was pruned"))
        .with_remedy("keep bodies for longer: mailferry inbox prune --bodies AGE")
}

#[derive(Serialize)]
struct Stored<'a> {
    id: i64,
    #[serde(flatten)]
    kept: Kept<'a>,
    attempts: Vec<Tried<'a>>,
}

#[derive(Serialize)]
struct Tried<'a> {
    handler: &'a str,
    number: u32,
    started_at: String,
    ended_at: String,
    error: &'a str,
}

/// The event's own object, and what the inbox knows under `inbox`.
fn object(entry: &Entry, attempts: &[Attempt], event: Option<&Event>) -> io::Result<Value> {
    let mut object = match event {
        Some(event) => event.to_json(),
        None => json!({
            "event_type": entry.kind,
            "service_kind": entry.service_kind,
            "timestamp": entry.occurred_at.map(|at| at.to_string()),
            "event_id": entry.event_id,
        }),
    };
    let attempts = attempts.iter().map(|attempt| Tried {
        handler: &attempt.handler,
        number: attempt.number,
        started_at: attempt.started_at.to_string(),
        ended_at: attempt.ended_at.to_string(),
        error: &attempt.error,
    });
    let stored = Stored { id: entry.id.get(), kept: Kept::new(entry), attempts: attempts.collect() };
    object["inbox"] = serde_json::to_value(stored).map_err(io::Error::other)?;
    Ok(object)
}

fn tell(entry: &Entry, attempts: &[Attempt], event: Option<&Event>, output: &mut Output) -> io::Result<()> {
    if let Some(event) = event {
        event_text::details(event, output)?;
    } else {
        output.line(format_args!("{} (its body was pruned)", entry.kind))?;
        field("called", Some(&entry.service_kind), output)?;
        field("event id", entry.event_id.as_deref(), output)?;
    }
    output.line("")?;
    output.line(format_args!("{HEADING}entry {}{HEADING:#}", entry.id.get()))?;
    field("received", Some(&entry.received_at.to_string()), output)?;
    field("at", Some(&entry.source), output)?;
    field("size", Some(&size(entry.size)), output)?;
    for progress in &entry.handlers {
        field(&progress.handler, Some(&far(progress)), output)?;
    }
    if entry.handlers.is_empty() {
        field("handlers", Some("none"), output)?;
    }
    if !attempts.is_empty() {
        output.line("")?;
        output.line(format_args!("{HEADING}failed attempts{HEADING:#}"))?;
    }
    for Attempt { handler, number, started_at, error, .. } in attempts {
        field(&format!("{handler} {number}"), Some(&format!("{}  {error}", time(Some(*started_at)))), output)?;
    }
    Ok(())
}

/// How far a handler is.
fn far(progress: &Progress) -> String {
    let word = progress.state.as_str();
    match progress.due {
        Some(due) if progress.attempts > 0 => format!("{word}, again at {}", time(Some(due))),
        Some(_) => word.to_owned(),
        None => format!("{word} since {}", time(Some(progress.since))),
    }
}
