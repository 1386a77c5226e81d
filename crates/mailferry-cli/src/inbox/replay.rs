//! `mailferry inbox replay`

use mailferry::transport::{Error, ErrorKind};
use mailferry_store::{Entry, EntryId, Selection, State};
use serde_json::json;

use super::args::{ReplayArgs, WhichArgs};
use super::list::{Entries, Table};
use super::{Opened, selection};
use crate::exit::Exit;
use crate::output::{Failure, Output};

/// Makes entries pending again, or shows which those are.
pub(super) async fn run(opened: &Opened<'_>, args: &ReplayArgs, output: &mut Output) -> Result<Exit, Failure> {
    let selections = selections(opened, args).await?;
    if args.dry_run {
        return show(opened, &selections, output).await;
    }
    let mut calls = 0;
    for selection in &selections {
        calls += opened.answer(opened.inbox.replay(selection).await)?;
    }
    if output.json {
        output.object(&json!({ "replayed": calls }))?;
    } else if calls == 0 {
        output.line("nothing to replay: nothing that matches is done or dead, with its body still there")?;
    } else {
        output.line(format_args!("to be handed over again: {calls}"))?;
    }
    Ok(Exit::Done)
}

/// What the arguments mean: one for all, or one for each entry.
async fn selections(opened: &Opened<'_>, args: &ReplayArgs) -> Result<Vec<Selection>, Failure> {
    let ReplayArgs { ids, which, dead, all, dry_run: _ } = args;
    let WhichArgs { kind, since, until, handler } = which;
    let is_narrow = *dead || kind.is_some() || since.is_some() || until.is_some() || handler.is_some();
    if ids.is_empty() && !is_narrow && !all {
        return Err(Error::new(ErrorKind::Config, "it is not said what to replay")
            .with_remedy("give ids, --kind, --since, --until, --handler or --dead; or all of it: --all")
            .into());
    }
    if let Some(handler) = handler {
        let stats = opened.answer(opened.inbox.stats().await)?;
        if !stats.handlers.iter().any(|known| known.handler == *handler) {
            return Err(unknown(handler, stats.handlers.iter().map(|known| known.handler.as_str())).into());
        }
    }
    let wanted = Selection { state: dead.then_some(State::Dead), ..selection(which) };
    if ids.is_empty() {
        return Ok(vec![wanted]);
    }
    let mut selections = Vec::with_capacity(ids.len());
    for id in ids {
        if opened.answer(opened.inbox.get(EntryId::from(*id)).await)?.is_none() {
            return Err(opened.missing(*id).into());
        }
        selections.push(Selection { id: Some(EntryId::from(*id)), ..wanted.clone() });
    }
    Ok(selections)
}

/// A handler that the inbox does not know.
pub(super) fn unknown<'a>(handler: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<_> = known.collect();
    let remedy = match known.as_slice() {
        [] => "it knows none yet: mailferry webhook listen".to_owned(),
        known => format!("it knows {}", known.join(", ")),
    };
    Error::new(ErrorKind::Config, format!("the inbox knows no handler {handler:?}")).with_remedy(remedy)
}

async fn show(opened: &Opened<'_>, selections: &[Selection], output: &mut Output) -> Result<Exit, Failure> {
    let mut table = Table::default();
    for selection in selections {
        // A handler that is named also gets what was never its to do, and which therefore is not listed as its own.
        let listed =
            Selection { handler: selection.handler.clone().filter(|_| selection.state.is_some()), ..selection.clone() };
        let mut entries = Entries::new(opened, &listed);
        while let Some(page) = entries.next(u32::MAX).await? {
            for entry in page.iter().filter(|entry| is_replayed(entry, selection)) {
                table.row(entry, output)?;
            }
        }
    }
    let entries = if table.rows == 1 { "entry" } else { "entries" };
    output.say(format_args!("{} {entries} would be handed over again", table.rows));
    Ok(Exit::Done)
}

/// Whether a replay of the selection would do something to the entry, which matches but for its states.
fn is_replayed(entry: &Entry, selection: &Selection) -> bool {
    let mut own = entry
        .handlers
        .iter()
        .filter(|progress| selection.handler.as_ref().is_none_or(|handler| progress.handler == *handler));
    let is_over = |state| match selection.state {
        Some(wanted) => state == wanted,
        None => matches!(state, State::Done | State::Dead),
    };
    let is_new = selection.handler.is_some() && selection.state.is_none() && own.clone().next().is_none();
    !entry.pruned && (is_new || own.any(|progress| is_over(progress.state)))
}
