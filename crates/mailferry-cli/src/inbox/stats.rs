//! `mailferry inbox stats`, `prune` and `forget`.

use std::collections::BTreeMap;
use std::io;

use mailferry_store::{HandlerStats, Retention, Stats};
use serde::Serialize;
use serde_json::json;

use super::age::span;
use super::args::{ForgetArgs, PruneArgs};
use super::replay::unknown;
use super::{Opened, shown};
use crate::event_text::style;
use crate::exit::Exit;
use crate::output::{Failure, HEADING, Output, printable};

/// `mailferry inbox stats`
pub(super) async fn show(opened: &Opened<'_>, output: &mut Output) -> Result<Exit, Failure> {
    let stats = opened.answer(opened.inbox.stats().await)?;
    if output.json {
        output.object(&Counted::new(&stats))?;
    } else {
        output.line(format_args!(
            "{}: entries {}, with their bodies {}",
            shown(opened.path),
            stats.entries,
            stats.bodies
        ))?;
        tell(&stats, output)?;
    }
    Ok(Exit::Done)
}

fn tell(stats: &Stats, output: &mut Output) -> io::Result<()> {
    if !stats.kinds.is_empty() {
        output.line("")?;
        output.line(format_args!("{HEADING}{:14}  {:>9}{HEADING:#}", "EVENT", "ENTRIES"))?;
    }
    for (kind, number) in &stats.kinds {
        let style = style(kind);
        output.line(format_args!("{style}{kind:14}{style:#}  {number:>9}"))?;
    }
    if !stats.handlers.is_empty() {
        output.line("")?;
        output.line(format_args!(
            "{HEADING}{:14}  {:>9}  {:>7}  {:>9}  {:>7}  {:>7}{HEADING:#}",
            "HANDLER", "PENDING", "CLAIMED", "DONE", "DEAD", "BEHIND"
        ))?;
    }
    for HandlerStats { handler, pending, claimed, done, dead, oldest, lag, .. } in &stats.handlers {
        let behind = if oldest.is_some() { span(*lag) } else { "-".to_owned() };
        let handler = printable(handler);
        output.line(format_args!("{handler:14}  {pending:>9}  {claimed:>7}  {done:>9}  {dead:>7}  {behind:>7}"))?;
    }
    if stats.handlers.iter().any(|handler| handler.dead > 0) {
        output.help("see what was given up: mailferry inbox list --state dead; try it again: inbox replay --dead");
    }
    Ok(())
}

/// Counts for scripts.
#[derive(Serialize)]
struct Counted<'a> {
    entries: u64,
    bodies: u64,
    kinds: BTreeMap<&'a str, u64>,
    handlers: Vec<CountedHandler<'a>>,
}

#[derive(Serialize)]
struct CountedHandler<'a> {
    handler: &'a str,
    pending: u64,
    claimed: u64,
    done: u64,
    dead: u64,
    oldest: Option<String>,
    lag: u64,
}

impl<'a> Counted<'a> {
    fn new(stats: &'a Stats) -> Self {
        let handlers = stats.handlers.iter().map(|handler| CountedHandler {
            handler: &handler.handler,
            pending: handler.pending,
            claimed: handler.claimed,
            done: handler.done,
            dead: handler.dead,
            oldest: handler.oldest.map(|at| at.to_string()),
            lag: handler.lag.as_secs(),
        });
        Self {
            entries: stats.entries,
            bodies: stats.bodies,
            kinds: stats.kinds.iter().map(|(kind, number)| (kind.as_str(), *number)).collect(),
            handlers: handlers.collect(),
        }
    }
}

/// `mailferry inbox prune`
pub(super) async fn prune(opened: &Opened<'_>, args: &PruneArgs, output: &mut Output) -> Result<Exit, Failure> {
    let retention = Retention { bodies: args.bodies.0, entries: args.entries.0 };
    let pruned = opened.answer(opened.inbox.prune(retention).await)?;
    if output.json {
        output.object(&json!({ "bodies": pruned.bodies, "entries": pruned.entries }))?;
    } else {
        output.line(format_args!("taken away: {} bodies, {} entries", pruned.bodies, pruned.entries))?;
    }
    Ok(Exit::Done)
}

/// `mailferry inbox forget`
pub(super) async fn forget(opened: &Opened<'_>, args: &ForgetArgs, output: &mut Output) -> Result<Exit, Failure> {
    let ForgetArgs { handler } = args;
    if !opened.answer(opened.inbox.remove_handler(handler).await)? {
        let stats = opened.answer(opened.inbox.stats().await)?;
        return Err(unknown(handler, stats.handlers.iter().map(|known| known.handler.as_str())).into());
    }
    if output.json {
        output.object(&json!({ "forgotten": handler }))?;
    } else {
        output.line(format_args!("forgotten: {}", printable(handler)))?;
    }
    Ok(Exit::Done)
}
