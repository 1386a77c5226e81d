//! The one task that writes: what waits is written together, with one sync of the disk.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::inbox::Error;
use crate::sqlite::{self, Connection, Pen};

/// Something that is written, with what it answers.
pub(crate) trait Operation: Send + 'static {
    type Output: Send + 'static;

    /// Writes. It may be called again when what it was written together with could not be committed.
    fn run(&mut self, connection: &mut Connection) -> impl Future<Output = sqlite::Result<Self::Output>> + Send;

    /// About how many bytes it writes.
    fn weight(&self) -> usize {
        0
    }
}

/// Something that runs within a transaction and takes an unknown time: a call of a transaction handler.
pub(crate) trait Job: Send + 'static {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Boxed<'a, sqlite::Result<()>>;

    /// Tells who waits that it is on the disk, or why it is not.
    fn answer(self: Box<Self>, result: Result<(), Error>);
}

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An operation that waits for its turn, whatever it answers.
trait Waiting: Send {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Boxed<'a, sqlite::Result<()>>;
    fn answer(self: Box<Self>, result: Result<(), Error>);
    fn weight(&self) -> usize;
}

struct Queued<O: Operation> {
    operation: O,
    output: Option<O::Output>,
    reply: oneshot::Sender<Result<O::Output, Error>>,
}

impl<O: Operation> Waiting for Queued<O> {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Boxed<'a, sqlite::Result<()>> {
        Box::pin(async move {
            self.output = Some(self.operation.run(connection).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, result: Result<(), Error>) {
        let Self { output, reply, .. } = *self;
        // Who asked may have gone; what was written stays written.
        drop(reply.send(result.and_then(|()| output.ok_or_else(Error::closed))));
    }

    fn weight(&self) -> usize {
        self.operation.weight()
    }
}

/// How much is written at a time, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Operations that may wait; more wait outside.
    pub(crate) queue: usize,
    /// Operations in one transaction.
    pub(crate) batch: usize,
    /// Bytes in one transaction, unless one operation alone has more.
    pub(crate) bytes: usize,
    /// After this long no further job is begun in the same transaction.
    pub(crate) jobs: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: 1024, batch: 512, bytes: 8 << 20, jobs: Duration::from_millis(20) }
    }
}

/// Where to hand in what is to be written. The task ends when the last of these is gone.
#[derive(Clone)]
pub(crate) struct Writer {
    operations: mpsc::Sender<Box<dyn Waiting>>,
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the task; it ends, and with it the connection, when every `Writer` is gone.
    pub(crate) fn start(pen: Pen, limits: Limits) -> (Self, tokio::task::JoinHandle<()>) {
        let (operations, waiting) = mpsc::channel(limits.queue);
        let (jobs, calls) = mpsc::channel(limits.queue);
        let task = Task { pen, operations: waiting, jobs: calls, limits };
        (Self { operations, jobs }, tokio::spawn(task.run()))
    }

    /// Returns when it is on the disk.
    pub(crate) async fn write<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        let (reply, answer) = oneshot::channel();
        let queued = Box::new(Queued { operation, output: None, reply });
        self.operations.send(queued).await.map_err(|_| Error::closed())?;
        answer.await.map_err(|_| Error::closed())?
    }

    pub(crate) async fn submit(&self, job: Box<dyn Job>) -> Result<(), Error> {
        self.jobs.send(job).await.map_err(|_| Error::closed())
    }
}

struct Task {
    pen: Pen,
    operations: mpsc::Receiver<Box<dyn Waiting>>,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    limits: Limits,
}

impl Task {
    /// Operations and jobs by turns: neither waits for more than one turn of the other.
    async fn run(mut self) {
        let mut jobs_open = true;
        loop {
            tokio::select! {
                biased;
                operation = self.operations.recv() => {
                    // Both senders go together.
                    let Some(operation) = operation else { break };
                    self.write(operation).await;
                    if let Ok(job) = self.jobs.try_recv() {
                        self.call(job).await;
                    }
                }
                job = self.jobs.recv(), if jobs_open => match job {
                    Some(job) => self.call(job).await,
                    None => jobs_open = false,
                },
            }
        }
        self.pen.close().await;
    }

    async fn write(&mut self, first: Box<dyn Waiting>) {
        let mut weight = first.weight();
        let mut batch = vec![first];
        while batch.len() < self.limits.batch && weight < self.limits.bytes {
            let Ok(next) = self.operations.try_recv() else { break };
            weight += next.weight();
            batch.push(next);
        }
        match transaction(&mut self.pen, &mut batch).await {
            Err(error) if batch.len() > 1 && error.concerns_one() => {
                // One of them is to blame, and the others shall not suffer for it.
                for one in batch {
                    let mut alone = [one];
                    let result = transaction(&mut self.pen, &mut alone).await.map_err(Error::from);
                    let [one] = alone;
                    one.answer(result);
                }
            }
            result => {
                let result = result.map_err(Error::from);
                for one in batch {
                    one.answer(result.clone());
                }
            }
        }
    }

    /// Calls handlers in one transaction, until something is to be written or enough time has passed.
    async fn call(&mut self, first: Box<dyn Job>) {
        let mut called = Vec::new();
        let result = self.call_together(first, &mut called).await;
        match result {
            // Also of a single one, which may have to write down how it failed.
            Err(error) if error.concerns_one() => {
                for mut job in called {
                    let result = alone(&mut self.pen, &mut job).await;
                    job.answer(result.map_err(Error::from));
                }
            }
            result => {
                let result = result.map_err(Error::from);
                for job in called {
                    job.answer(result.clone());
                }
            }
        }
    }

    async fn call_together(&mut self, first: Box<dyn Job>, called: &mut Vec<Box<dyn Job>>) -> sqlite::Result<()> {
        let began = Instant::now();
        called.push(first);
        let mut writing = self.pen.begin().await?;
        while let Some(job) = called.last_mut() {
            job.run(writing.connection()).await?;
            if began.elapsed() >= self.limits.jobs || !self.operations.is_empty() {
                break;
            }
            let Ok(next) = self.jobs.try_recv() else { break };
            called.push(next);
        }
        writing.commit().await
    }
}

async fn transaction(pen: &mut Pen, batch: &mut [Box<dyn Waiting>]) -> sqlite::Result<()> {
    let mut writing = pen.begin().await?;
    for one in batch {
        one.run(writing.connection()).await?;
    }
    writing.commit().await
}

async fn alone(pen: &mut Pen, job: &mut Box<dyn Job>) -> sqlite::Result<()> {
    let mut writing = pen.begin().await?;
    job.run(writing.connection()).await?;
    writing.commit().await
}
