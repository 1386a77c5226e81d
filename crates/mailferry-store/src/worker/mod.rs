//! Hands stored events to handlers, when they are due.

mod call;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mailferry::webhook::Handler;
use tokio::task::JoinSet;

use crate::handler::TransactionHandler;
use crate::inbox::{Error, ErrorKind, Inbox, Policy};
use crate::lock::WorkerLock;
use crate::sqlite::{CatchUp, Claim, Claimed, Recover, Register};

use call::{Calling, call_in_transaction, call_outside};

/// Which entries a handler gets that the inbox does not know yet. Of those it knows, it gets every one since it was
/// first registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Since {
    /// Only those that are stored from now on.
    Now,
    /// All whose bodies are still there.
    #[default]
    Beginning,
}

/// Hands the entries of an inbox to handlers.
///
/// Each handler has its own progress, tries and slots, and gets every entry; in which order is not promised, since a
/// failed one comes back later. A handler is called at least once with each entry, and again only when it failed or when
/// the process ended during the call. A [transaction handler](TransactionHandler) has its effect exactly once.
///
/// One worker runs an inbox at a time, in whichever process; a lock beside the file sees to it. Events may be stored by
/// other processes meanwhile.
#[must_use]
pub struct Worker {
    inbox: Inbox,
    handlers: Vec<Registration>,
    policy: Policy,
    parallel: usize,
    limits: CallLimits,
    poll: Duration,
}

struct Registration {
    name: String,
    since: Since,
    handler: Kind,
}

#[derive(Clone)]
enum Kind {
    Outside(Arc<dyn Handler>),
    Transaction(Arc<dyn TransactionHandler>),
}

#[derive(Debug, Clone, Copy)]
struct CallLimits {
    outside: Duration,
    transaction: Duration,
    grace: Duration,
}

/// Entries of one transaction handler that are claimed at a time; they are written together.
const TRANSACTION_WINDOW: usize = 64;
/// Bytes of bodies that a handler is called with at once, unless one alone has more.
pub(crate) const CLAIMED_BYTES: usize = 32 << 20;
/// Whoever shows names has room for that many bytes.
const LONGEST_NAME: usize = 100;

impl Worker {
    pub(crate) fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            handlers: Vec::new(),
            policy: Policy::default(),
            parallel: 8,
            limits: CallLimits {
                outside: Duration::from_mins(1),
                transaction: Duration::from_secs(1),
                grace: Duration::from_secs(10),
            },
            poll: Duration::from_secs(1),
        }
    }

    /// Adds a handler under a name, by which the inbox knows what it has handled. When the name is new to the inbox, the
    /// handler gets everything that is there.
    pub fn handler(self, name: impl Into<String>, handler: impl Handler + 'static) -> Self {
        self.handler_since(name, handler, Since::Beginning)
    }

    /// The same, with a choice of what a handler gets that is new to the inbox.
    pub fn handler_since(self, name: impl Into<String>, handler: impl Handler + 'static, since: Since) -> Self {
        self.add(name.into(), since, Kind::Outside(Arc::new(handler)))
    }

    /// Adds a handler that writes in the inbox's transaction.
    pub fn transaction_handler(self, name: impl Into<String>, handler: impl TransactionHandler + 'static) -> Self {
        self.transaction_handler_since(name, handler, Since::Beginning)
    }

    /// The same, with a choice of what a handler gets that is new to the inbox.
    pub fn transaction_handler_since(
        self,
        name: impl Into<String>,
        handler: impl TransactionHandler + 'static,
        since: Since,
    ) -> Self {
        self.add(name.into(), since, Kind::Transaction(Arc::new(handler)))
    }

    fn add(mut self, name: String, since: Since, handler: Kind) -> Self {
        self.handlers.push(Registration { name, since, handler });
        self
    }

    /// How often a handler that fails is called, and when.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// With how many entries each handler is called at once; 8 unless told otherwise, and fewer while their bodies have
    /// more than 32 MiB together. Transaction handlers are called one after the other, whatever this says.
    pub fn parallel(mut self, calls: usize) -> Self {
        self.parallel = calls.max(1);
        self
    }

    /// How long a handler may take; then its future is dropped, and the attempt has failed. 60 seconds unless told
    /// otherwise.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.outside = limit;
        self
    }

    /// How long a transaction handler may take; 1 second unless told otherwise. Acknowledgements wait for it, and
    /// MailerSend waits 3 seconds for those.
    pub fn transaction_limit(mut self, limit: Duration) -> Self {
        self.limits.transaction = limit;
        self
    }

    /// How long to wait at the end for handlers that are running; 10 seconds unless told otherwise. What is then
    /// dropped counts as interrupted.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// How often to look for what other processes have stored; every second unless told otherwise. What this process
    /// stores is found at once.
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = interval.max(Duration::from_millis(1));
        self
    }

    /// Runs until `shutdown` is ready, then finishes what it has begun.
    ///
    /// What was in flight when an earlier worker ended without a word is called again at once, and counted as an
    /// attempt.
    ///
    /// # Errors
    ///
    /// When another worker runs this inbox, two handlers have one name, or the beginning cannot be written down. Later
    /// trouble with the file is logged, and what could not be done is tried again, unless nothing can be written any
    /// more ([`ErrorKind::Closed`]).
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        check_names(&self.handlers)?;
        let _lock = WorkerLock::take(self.inbox.path())?;
        let inbox = self.inbox.clone();
        let mut running = Running::start(self).await?;
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let wait = running.claim_what_is_due().await?;
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = running.ended() => {}
                () = inbox.arrived().notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        running.finish().await
    }
}

fn check_names(handlers: &[Registration]) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    for Registration { name, .. } in handlers {
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            let message = format!("a handler's name has 1 to {LONGEST_NAME} bytes and no control characters: {name:?}");
            return Err(Error::new(ErrorKind::Handlers, message));
        }
        if !names.insert(name) {
            return Err(Error::new(ErrorKind::Handlers, format!("two handlers have the name {name:?}")));
        }
    }
    Ok(())
}

/// A worker at work.
struct Running {
    worker: Worker,
    /// By the number that the inbox has for each.
    slots: Vec<Slots>,
    calls: JoinSet<Taken>,
    policy: Arc<Policy>,
}

struct Slots {
    handler: i64,
    name: Arc<str>,
    kind: Kind,
    all: usize,
    taken: usize,
    /// Of the bodies that it is being called with.
    bytes: usize,
}

/// What a call takes of its handler's slots.
struct Taken {
    handler: i64,
    bytes: usize,
}

impl Slots {
    /// Of a transaction handler, entries are claimed many at a time: they are written with one sync.
    fn free(&self) -> usize {
        if self.bytes >= CLAIMED_BYTES {
            return 0;
        }
        let free = self.all - self.taken;
        match self.kind {
            Kind::Transaction(_) if free < self.all / 2 => 0,
            _ => free,
        }
    }
}

impl Running {
    async fn start(worker: Worker) -> Result<Self, Error> {
        let now = || worker.inbox.clock().now();
        let mut slots = Vec::with_capacity(worker.handlers.len());
        for Registration { name, since, handler } in &worker.handlers {
            let register = Register { name: name.clone(), since: *since, now: now() };
            let number = worker.inbox.writer().write(register).await?;
            while worker.inbox.writer().write(CatchUp { handler: number, now: now() }).await? {}
            let all = match handler {
                Kind::Outside(_) => worker.parallel,
                Kind::Transaction(_) => TRANSACTION_WINDOW,
            };
            let name = name.as_str().into();
            slots.push(Slots { handler: number, name, kind: handler.clone(), all, taken: 0, bytes: 0 });
        }
        let interrupted = worker.inbox.writer().write(Recover { policy: worker.policy.clone(), now: now() }).await?;
        if interrupted > 0 {
            tracing::warn!(calls = interrupted, "calls of handlers were interrupted and are made again");
        }
        let policy = Arc::new(worker.policy.clone());
        Ok(Self { worker, slots, calls: JoinSet::new(), policy })
    }

    /// Begins as many calls as there is room for, and says how long there is nothing to begin.
    async fn claim_what_is_due(&mut self) -> Result<Duration, Error> {
        let free: Vec<(i64, usize)> =
            self.slots.iter().map(|slots| (slots.handler, slots.free())).filter(|(_, free)| *free > 0).collect();
        if free.is_empty() {
            return Ok(self.worker.poll);
        }
        match self.claim(free).await {
            // This will not mend itself.
            Err(error) if error.kind() == ErrorKind::Closed => Err(error),
            Err(error) => {
                tracing::error!(cause = &error as &dyn std::error::Error, "what is to be handled could not be claimed");
                Ok(self.worker.poll)
            }
            wait => wait,
        }
    }

    async fn claim(&mut self, free: Vec<(i64, usize)>) -> Result<Duration, Error> {
        let due = self.worker.inbox.reader().next_due(&free).await?;
        let now = self.worker.inbox.clock().now();
        let Some(due) = due else { return Ok(self.worker.poll) };
        let wait = due.duration_since(now).unwrap_or_default();
        let longest_wait = self.worker.policy.longest_wait;
        // What is due later than it can be, the claim brings forward.
        if !wait.is_zero() && wait <= longest_wait {
            return Ok(wait.min(self.worker.poll));
        }
        for claimed in self.worker.inbox.writer().write(Claim { handlers: free, longest_wait, now }).await? {
            self.begin(claimed);
        }
        Ok(Duration::ZERO)
    }

    fn begin(&mut self, claimed: Claimed) {
        let taken = Taken { handler: claimed.handler, bytes: claimed.body.as_ref().map_or(0, Bytes::len) };
        let Some(slots) = self.slots.iter_mut().find(|slots| slots.handler == taken.handler) else { return };
        slots.taken += 1;
        slots.bytes += taken.bytes;
        let calling = Calling {
            inbox: self.worker.inbox.clone(),
            policy: Arc::clone(&self.policy),
            handler: Arc::clone(&slots.name),
        };
        let limits = self.worker.limits;
        match slots.kind.clone() {
            Kind::Outside(handler) => self.calls.spawn(async move {
                call_outside(&calling, claimed, handler.as_ref(), limits.outside).await;
                taken
            }),
            Kind::Transaction(handler) => self.calls.spawn(async move {
                call_in_transaction(&calling, claimed, handler, limits.transaction).await;
                taken
            }),
        };
    }

    /// Waits for the end of a call, when there are any, and notes it and others that have ended.
    async fn ended(&mut self) {
        match self.calls.join_next().await {
            Some(ended) => self.note(ended.as_ref().ok()),
            None => std::future::pending().await,
        }
        while let Some(ended) = self.calls.try_join_next() {
            self.note(ended.as_ref().ok());
        }
    }

    fn note(&mut self, ended: Option<&Taken>) {
        let Some(&Taken { handler, bytes }) = ended else { return };
        for slots in self.slots.iter_mut().filter(|slots| slots.handler == handler) {
            slots.taken = slots.taken.saturating_sub(1);
            slots.bytes = slots.bytes.saturating_sub(bytes);
        }
    }

    async fn finish(mut self) -> Result<(), Error> {
        let all = async { while self.calls.join_next().await.is_some() {} };
        if tokio::time::timeout(self.worker.limits.grace, all).await.is_ok() {
            return Ok(());
        }
        tracing::warn!(calls = self.calls.len(), "handlers did not end in time and are dropped");
        self.calls.shutdown().await;
        let now = self.worker.inbox.clock().now();
        self.worker.inbox.writer().write(Recover { policy: self.worker.policy.clone(), now }).await?;
        Ok(())
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.handlers.iter().map(|handler| handler.name.as_str()).collect();
        f.debug_struct("Worker")
            .field("inbox", &self.inbox)
            .field("handlers", &names)
            .field("policy", &self.policy)
            .field("parallel", &self.parallel)
            .field("limits", &self.limits)
            .field("poll", &self.poll)
            .finish()
    }
}
