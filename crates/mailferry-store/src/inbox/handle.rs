//! `Inbox`: opening it, storing, asking, replaying, pruning.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mailferry::webhook::{Handler, Handling};
use mailferry::{Clock, Event, webhook};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Accepted, Arrival, Attempt, Entry, EntryId, Error, ErrorKind, Page, Pruned, Retention, Selection, Stats};
use crate::lock::WorkerLock;
use crate::sqlite::{self, Accept, Opening, Prune, Reader, RemoveHandler, Replay};
use crate::worker::Worker;
use crate::writer::{Limits, Writer};

/// Reads stored bytes again: where they came in, and the bytes of one event.
pub type Reread = fn(source: &str, body: Bytes) -> Result<Event, webhook::Error>;

/// Events that survive the process.
///
/// What [`accept`](Self::accept) returned for is on the disk, once, however often it is told; a [`Worker`] then hands it
/// to handlers until they are done with it. Clones share one file and one writing task; the task ends when the last is
/// gone.
#[derive(Clone)]
pub struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    writer: Writer,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
    reader: Reader,
    clock: Clock,
    reread: Reread,
    /// Wakes the worker when there is something to do.
    arrived: Arc<Notify>,
}

/// How an inbox is opened.
#[derive(Debug, Clone)]
#[must_use]
pub struct InboxBuilder {
    opening: Opening,
    clock: Clock,
    reread: Reread,
    limits: Limits,
}

impl InboxBuilder {
    /// Whether a missing file is made; it is unless told otherwise. The folder is never made.
    pub fn create(mut self, create: bool) -> Self {
        self.opening.create = create;
        self
    }

    /// How many bytes the file may have, in steps of 4096. What does not fit is refused with [`ErrorKind::Full`]. The
    /// write-ahead log beside it is not counted.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.opening.max_size = Some(bytes);
        self
    }

    /// How long to wait for another process that writes; 2 seconds unless told otherwise.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.opening.busy = timeout;
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How stored bytes are read again, for a [`Receiver`](webhook::Receiver) of your own.
    pub fn reread(mut self, reread: Reread) -> Self {
        self.reread = reread;
        self
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// As [`Inbox::open`].
    pub async fn open(self) -> Result<Inbox, Error> {
        let mut opening = self.opening;
        // SQLite takes some names for something else than files: `:memory:`, `file:…`.
        opening.path = std::path::absolute(&opening.path)
            .map_err(|cause| Error::at(ErrorKind::Missing, &opening.path, "this is not a path", cause))?;
        let (connection, reader) = sqlite::open(&opening).await?;
        let (writer, task) = Writer::start(connection, self.limits);
        Ok(Inbox {
            shared: Arc::new(Shared {
                path: opening.path,
                writer,
                task: std::sync::Mutex::new(Some(task)),
                reader,
                clock: self.clock,
                reread: self.reread,
                arrived: Arc::new(Notify::new()),
            }),
        })
    }
}

impl Inbox {
    /// Opens the inbox in this file, which is made when it is missing; its tables are brought up to date.
    ///
    /// Several processes may have it open; one of them may run a [`Worker`]. The file must be on a local disk.
    ///
    /// # Errors
    ///
    /// When the folder is missing, the file is something else, broken, of a newer version, cannot be written to, or is
    /// locked for more than two seconds. [`Error::kind`] tells.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder(path).open().await
    }

    /// The same, with more to say.
    pub fn builder(path: impl AsRef<Path>) -> InboxBuilder {
        InboxBuilder {
            opening: Opening {
                path: path.as_ref().to_owned(),
                create: true,
                max_size: None,
                busy: Duration::from_secs(2),
            },
            clock: Clock::system(),
            reread: mailferry::mailersend::reread,
            limits: Limits::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Stores events that were verified, and returns when they are on the disk: all of them, or none.
    ///
    /// `source` is the path of the endpoint they came in at, [`Receiver::path`](webhook::Receiver::path). An event that
    /// was stored before is not stored again. Calls that wait at the same time share one sync of the disk; when more
    /// wait than can be written, they wait longer.
    ///
    /// # Errors
    ///
    /// When they could not be stored; then the service should be told, so that it sends them again.
    pub async fn accept(&self, source: &str, events: &[Event]) -> Result<Vec<Accepted>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let arrivals = events.iter().map(|event| Arrival::new(source, event)).collect();
        let accepted = self.shared.writer.write(Accept { arrivals, now: self.shared.clock.now() }).await?;
        self.shared.arrived.notify_one();
        Ok(accepted)
    }

    /// A handler for an endpoint: it stores, so that the endpoint acknowledges what is on the disk.
    ///
    /// `Inbox` is itself a [`Handler`], for MailerSend's endpoints; this one is for a
    /// [`Receiver`](webhook::Receiver) of your own.
    pub fn handler(&self, source: &str) -> impl Handler + Clone + use<> {
        Stores { inbox: self.clone(), source: source.to_owned() }
    }

    /// A worker that hands what is stored to handlers.
    pub fn worker(&self) -> Worker {
        Worker::new(self.clone())
    }

    /// A page of the entries that match, the latest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn list(&self, selection: &Selection, page: &Page) -> Result<Vec<Entry>, Error> {
        Ok(self.shared.reader.list(selection, page).await?)
    }

    /// One entry.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn get(&self, id: EntryId) -> Result<Option<Entry>, Error> {
        let selection = Selection { id: Some(id), ..Selection::default() };
        Ok(self.list(&selection, &Page::default()).await?.pop())
    }

    /// The calls with this entry that did not end well, in order.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn attempts(&self, id: EntryId) -> Result<Vec<Attempt>, Error> {
        Ok(self.shared.reader.attempts(id).await?)
    }

    /// The bytes of an entry as the service sent them; `None` when there is no such entry or its body was pruned.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn body(&self, id: EntryId) -> Result<Option<Bytes>, Error> {
        Ok(self.shared.reader.body(id).await?.and_then(|(_, body)| body))
    }

    /// The event of an entry, read again from its bytes; `None` when there is no such entry.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or the bytes cannot: they were pruned, or are of a newer version.
    pub async fn event(&self, id: EntryId) -> Result<Option<Event>, Error> {
        match self.shared.reader.body(id).await? {
            Some((source, body)) => self.read_again(&source, body).map(Some),
            None => Ok(None),
        }
    }

    /// How much there is, and how far it is. It looks at every entry: about a second for some millions.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn stats(&self) -> Result<Stats, Error> {
        Ok(self.shared.reader.stats(self.shared.clock.now()).await?)
    }

    /// Makes entries pending again, with all their attempts before them; a running worker finds them within a second.
    /// Returns how many calls of handlers that makes.
    ///
    /// Done and dead entries are replayed, unless the selection names a state; what is pending or being called stays as
    /// it is, and what was pruned cannot be replayed. When the selection names a handler, but no state, the handler also
    /// gets those entries that were never its to do.
    ///
    /// # Errors
    ///
    /// When it could not be written down; what was replayed before stays so.
    pub async fn replay(&self, selection: &Selection) -> Result<u64, Error> {
        const STEP: i64 = 5000;
        let numbers = match selection.id {
            Some(EntryId(id)) => id..id.saturating_add(1),
            None => self.shared.reader.numbers().await?,
        };
        let now = self.shared.clock.now();
        let mut replayed = 0;
        for ids in steps(numbers, STEP) {
            replayed += self.shared.writer.write(Replay { selection: selection.clone(), ids, now }).await?;
        }
        self.shared.arrived.notify_one();
        Ok(replayed)
    }

    /// Takes away what is older than it need be kept. What is pending or dead is kept.
    ///
    /// # Errors
    ///
    /// When it could not be written; what was taken away before stays so.
    pub async fn prune(&self, retention: Retention) -> Result<Pruned, Error> {
        const STEP: i64 = 500;
        let now = sqlite::micros(self.shared.clock.now());
        let before = |age: Duration| now.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
        let mut pruned = Pruned::default();
        for ids in steps(self.shared.reader.numbers().await?, STEP) {
            let step = Prune {
                ids,
                bodies_before: before(retention.bodies),
                entries_before: before(retention.entries.max(retention.bodies)),
            };
            let (bodies, entries) = self.shared.writer.write(step).await?;
            pruned.bodies += bodies;
            pruned.entries += entries;
        }
        Ok(pruned)
    }

    /// Forgets a handler that there is no more, and what it had left to do. Returns whether it was known. A worker that
    /// runs it meanwhile does not call it any more.
    ///
    /// # Errors
    ///
    /// When a worker runs this inbox ([`ErrorKind::Occupied`]): it may have that handler, which would be given nothing
    /// any more. Or when it could not be written down.
    pub async fn remove_handler(&self, name: &str) -> Result<bool, Error> {
        let _lock = WorkerLock::take(self.path())?;
        self.shared.writer.write(RemoveHandler(name.to_owned())).await
    }

    /// Writes what waits and closes the file, when this is the last clone. Otherwise, nothing.
    pub async fn close(self) {
        let Some(shared) = Arc::into_inner(self.shared) else { return };
        let Shared { writer, task, reader, .. } = shared;
        // The last to close tidies up, which only the writer can.
        reader.close().await;
        drop(writer);
        let task = task.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(Err(cause)) = match task {
            Some(task) => Some(task.await),
            None => None,
        } {
            tracing::warn!(cause = &cause as &dyn std::error::Error, "the inbox was not closed properly");
        }
    }

    pub(crate) fn read_again(&self, source: &str, body: Option<Bytes>) -> Result<Event, Error> {
        let body = body.ok_or_else(|| Error::new(ErrorKind::Unreadable, "the stored event was pruned"))?;
        (self.shared.reread)(source, body)
            .map_err(|cause| Error::caused(ErrorKind::Unreadable, "the stored event cannot be read again", cause))
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.shared.writer
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(crate) fn arrived(&self) -> &Notify {
        &self.shared.arrived
    }
}

impl Handler for Inbox {
    /// Stores the event; returns when it is on the disk.
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move {
            self.accept(source_of(&event), &[event]).await?;
            Ok(())
        })
    }
}

/// A range in ranges of that length.
fn steps(numbers: Range<i64>, length: i64) -> impl Iterator<Item = Range<i64>> {
    let mut from = numbers.start;
    std::iter::from_fn(move || {
        let step = from..numbers.end.min(from.saturating_add(length));
        from = step.end;
        (!step.is_empty()).then_some(step)
    })
}

/// The endpoint an event comes in at, whose reader is then to read it again.
fn source_of(event: &Event) -> &'static str {
    match event {
        Event::Inbound(_) => "mailersend/inbound",
        _ => "mailersend/tracking",
    }
}

#[derive(Clone)]
struct Stores {
    inbox: Inbox,
    source: String,
}

impl Handler for Stores {
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move {
            self.inbox.accept(&self.source, &[event]).await?;
            Ok(())
        })
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("path", &self.shared.path).finish_non_exhaustive()
    }
}
