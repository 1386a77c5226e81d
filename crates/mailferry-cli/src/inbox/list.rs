//! `mailferry inbox list`

use std::io;
use std::num::NonZeroU32;

use mailferry_store::{Entry, Page, Progress, Selection, State};
use serde::Serialize;

use super::args::ListArgs;
use super::{Opened, selection};
use crate::event_text::{cut, style, time};
use crate::exit::Exit;
use crate::output::{FAINT, Failure, HEADING, Output};

/// The widths of what stands first.
const ID: usize = 6;
const TIME: usize = 19;
const KIND: usize = 14;
/// What is left of a line.
const REST: usize = 80 - ID - TIME - KIND - 6;

/// Lists entries.
pub(super) async fn run(opened: &Opened<'_>, args: &ListArgs, output: &mut Output) -> Result<Exit, Failure> {
    let selection = Selection { state: args.state.map(State::from), ..selection(&args.which) };
    let mut table = Table::default();
    let mut entries = Entries::new(opened, &selection);
    let mut left = args.limit.get();
    while let Some(page) = entries.next(left).await? {
        for entry in &page {
            table.row(entry, output)?;
        }
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
    }
    if table.rows == 0 && !output.json {
        output.say("nothing of that kind is in the inbox");
    } else if left == 0 && entries.next(1).await?.is_some() && !output.json {
        output.say(format_args!("there are more: --limit {}", u64::from(args.limit.get()) * 10));
    }
    Ok(Exit::Done)
}

/// Entries that match, page by page.
pub(super) struct Entries<'a> {
    opened: &'a Opened<'a>,
    selection: &'a Selection,
    page: Page,
}

impl<'a> Entries<'a> {
    pub(super) fn new(opened: &'a Opened<'a>, selection: &'a Selection) -> Self {
        Self { opened, selection, page: Page::default() }
    }

    /// The next ones, at most so many; `None` when there are no more, or none are wanted.
    pub(super) async fn next(&mut self, most: u32) -> Result<Option<Vec<Entry>>, Failure> {
        let Some(limit) = NonZeroU32::new(most) else { return Ok(None) };
        self.page.limit = limit.min(Page::LONGEST);
        let answer = self.opened.inbox.list(self.selection, &self.page).await;
        let entries = self.opened.answer(answer)?;
        let Some(last) = entries.last() else { return Ok(None) };
        self.page.after = Some(last.id);
        Ok(Some(entries))
    }
}

/// Entries, one a line.
#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: u64,
}

impl Table {
    pub(super) fn row(&mut self, entry: &Entry, output: &mut Output) -> io::Result<()> {
        self.rows += 1;
        if output.json {
            return output.object(&Listed::new(entry));
        }
        if self.rows == 1 {
            output.line(format_args!(
                "{HEADING}{:>ID$}  {:TIME$}  {:KIND$}  {}{HEADING:#}",
                "ID", "RECEIVED (UTC)", "EVENT", "STATE"
            ))?;
        }
        let style = style(&entry.kind);
        // The service's word where it says more: `soft_bounced`, `opened_unique`.
        let word = if entry.service_kind.len() <= KIND && !entry.service_kind.is_empty() {
            &entry.service_kind
        } else {
            &entry.kind
        };
        output.line(format_args!(
            "{:>ID$}  {FAINT}{}{FAINT:#}  {style}{:KIND$}{style:#}  {}",
            entry.id.get(),
            time(Some(entry.received_at)),
            cut(word, KIND),
            cut(&states(entry), REST)
        ))
    }
}

/// How far the handlers are that are not done, in few words.
fn states(entry: &Entry) -> String {
    if entry.handlers.is_empty() {
        return "no handler".to_owned();
    }
    let open: Vec<_> = entry.handlers.iter().filter(|progress| progress.state != State::Done).map(state).collect();
    if open.is_empty() { "done".to_owned() } else { open.join(", ") }
}

fn state(progress: &Progress) -> String {
    let Progress { handler, state, attempts, .. } = progress;
    let word = state.as_str();
    match (state, attempts) {
        (State::Pending, 1..) | (State::Dead, _) => format!("{handler} {word} ({attempts} failed)"),
        _ => format!("{handler} {word}"),
    }
}

/// An entry for scripts.
#[derive(Serialize)]
pub(super) struct Listed<'a> {
    id: i64,
    event_type: &'a str,
    service_kind: &'a str,
    timestamp: Option<String>,
    event_id: Option<&'a str>,
    #[serde(flatten)]
    kept: Kept<'a>,
}

impl<'a> Listed<'a> {
    fn new(entry: &'a Entry) -> Self {
        Self {
            id: entry.id.get(),
            event_type: &entry.kind,
            service_kind: &entry.service_kind,
            timestamp: entry.occurred_at.map(|at| at.to_string()),
            event_id: entry.event_id.as_deref(),
            kept: Kept::new(entry),
        }
    }
}

/// What the inbox knows of an event that the event itself does not.
#[derive(Serialize)]
pub(super) struct Kept<'a> {
    source: &'a str,
    received_at: String,
    size: u64,
    pruned: bool,
    handlers: Vec<Handled<'a>>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        Self {
            source: &entry.source,
            received_at: entry.received_at.to_string(),
            size: entry.size,
            pruned: entry.pruned,
            handlers: entry.handlers.iter().map(Handled::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct Handled<'a> {
    handler: &'a str,
    state: &'static str,
    attempts: u32,
    since: String,
    due: Option<String>,
    last_error: Option<&'a str>,
}

impl<'a> Handled<'a> {
    fn new(progress: &'a Progress) -> Self {
        Self {
            handler: &progress.handler,
            state: progress.state.as_str(),
            attempts: progress.attempts,
            since: progress.since.to_string(),
            due: progress.due.map(|at| at.to_string()),
            last_error: progress.last_error.as_deref(),
        }
    }
}
