//! What the inbox tells of its events, and how to ask for them.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use mailferry::{DateTime, Event};

use super::key::Key;
use super::policy::State;

/// Which entry. Later entries have greater numbers, and no number is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub(crate) i64);

impl EntryId {
    /// As a number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl From<i64> for EntryId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EntryId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What became of an event that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// It is on the disk.
    Stored(EntryId),
    /// It was there already.
    Repeated(EntryId),
}

impl Accepted {
    /// Which entry it is, or was.
    pub fn id(&self) -> EntryId {
        match self {
            Self::Stored(id) | Self::Repeated(id) => *id,
        }
    }
}

/// A stored event, without its body: [`Inbox::event`](crate::Inbox::event) reads that.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Which entry.
    pub id: EntryId,
    /// Where it came in: the endpoint's path.
    pub source: String,
    /// The service's id of the event.
    pub event_id: Option<String>,
    /// The normalized word: [`Event::word`].
    pub kind: String,
    /// The service's own word.
    pub service_kind: String,
    /// When it happened, as the service says.
    pub occurred_at: Option<DateTime>,
    /// When it was stored.
    pub received_at: DateTime,
    /// Bytes of the body.
    pub size: u64,
    /// Whether the body was pruned.
    pub pruned: bool,
    /// How far each handler is with it, by name.
    pub handlers: Vec<Progress>,
}

/// How far one handler is with an entry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The handler's name.
    pub handler: String,
    /// Where it is.
    pub state: State,
    /// How often it was called, since the entry was stored or replayed.
    pub attempts: u32,
    /// When it came into this state.
    pub since: DateTime,
    /// When it is to be called, of the pending.
    pub due: Option<DateTime>,
    /// Why the last call failed.
    pub last_error: Option<String>,
}

/// A call that did not end well.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// The handler's name.
    pub handler: String,
    /// The how-manieth call it was.
    pub number: u32,
    /// When it began.
    pub started_at: DateTime,
    /// When it ended, or was found to have been interrupted.
    pub ended_at: DateTime,
    /// Why it failed.
    pub error: String,
}

/// Which entries. Everything that is given must hold; nothing given means all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// This one.
    pub id: Option<EntryId>,
    /// Of this kind: the normalized word or the service's own.
    pub kind: Option<String>,
    /// With a handler in this state.
    pub state: Option<State>,
    /// With this handler; [`state`](Self::state) then means its state.
    pub handler: Option<String>,
    /// Stored at this time or later.
    pub from: Option<DateTime>,
    /// Stored before this time.
    pub until: Option<DateTime>,
}

/// A page of a list, the latest entry first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many entries at most; 100 unless told otherwise, never more than 1000.
    pub limit: NonZeroU32,
    /// Continues below this entry, the last of the page before.
    pub after: Option<EntryId>,
}

impl Page {
    /// No page is longer.
    pub const LONGEST: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: NonZeroU32::MIN.saturating_add(99), after: None }
    }
}

/// How much there is, and how far it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Entries in all.
    pub entries: u64,
    /// Bodies that are not pruned.
    pub bodies: u64,
    /// Entries by normalized word, the most frequent first.
    pub kinds: Vec<(String, u64)>,
    /// By name.
    pub handlers: Vec<HandlerStats>,
}

/// How far one handler is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HandlerStats {
    /// The handler's name.
    pub handler: String,
    /// To be called.
    pub pending: u64,
    /// Being called.
    pub claimed: u64,
    /// Handled.
    pub done: u64,
    /// Given up.
    pub dead: u64,
    /// When the oldest was stored that is not handled and not given up.
    pub oldest: Option<DateTime>,
    /// How long ago that was: zero when everything is handled.
    pub lag: Duration,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Bodies of entries that every handler is done with. Dead and pending entries keep theirs.
    pub bodies: Duration,
    /// The entries themselves, and with them the memory that the event was seen: one that comes again afterwards is
    /// handled again. Never shorter than [`bodies`](Self::bodies).
    pub entries: Duration,
}

impl Default for Retention {
    /// Bodies 30 days, entries a year.
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self { bodies: 30 * DAY, entries: 365 * DAY }
    }
}

/// What [`Inbox::prune`](crate::Inbox::prune) took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Bodies.
    pub bodies: u64,
    /// Whole entries.
    pub entries: u64,
}

/// An event on its way to the disk.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) key: Key,
    pub(crate) source: String,
    pub(crate) event_id: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) service_kind: String,
    pub(crate) occurred_at: Option<i64>,
    pub(crate) body: bytes::Bytes,
}

impl Arrival {
    pub(crate) fn new(source: &str, event: &Event) -> Self {
        let service_kind = match event {
            Event::Tracking(event) => event.service_kind.clone(),
            Event::Account(event) => event.name.clone(),
            _ => event.word().to_owned(),
        };
        Self {
            key: Key::of(source, event),
            source: source.to_owned(),
            event_id: event.event_id().map(str::to_owned),
            kind: event.word(),
            service_kind,
            occurred_at: event.timestamp().map(|at| at.unix_micros()),
            body: event.raw().clone(),
        }
    }
}
