//! Handlers whose effect is in the inbox's own file.

use mailferry::Event;
use mailferry::webhook::Handling;
use sqlx::SqliteConnection;

/// Does something with events within the inbox's transaction, to tables of the application in the same file. What it
/// does and the mark that the event is handled are written together: its effect happens exactly once, whenever the
/// process ends.
///
/// It must do nothing else that matters: a file that it writes or a request that it makes is not taken back when the
/// transaction is. While it runs nothing else can be written and no event acknowledged; therefore it is given a short
/// time ([`Worker::transaction_limit`](crate::Worker::transaction_limit)), and should only write. It may open
/// transactions within (`Connection::begin`), and must not end the one it is given.
///
/// Every function of this form is one:
///
/// ```
/// use mailferry::Event;
/// use mailferry::webhook::Handling;
/// use mailferry_store::sqlx::{self, SqliteConnection};
///
/// fn count<'a>(transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a> {
///     Box::pin(async move {
///         sqlx::query("INSERT INTO seen (word, times) VALUES (?1, 1) ON CONFLICT (word) DO UPDATE SET times = times + 1")
///             .bind(event.word())
///             .execute(transaction)
///             .await?;
///         Ok(())
///     })
/// }
/// # fn is_one(_: impl mailferry_store::TransactionHandler) {}
/// # is_one(count);
/// ```
pub trait TransactionHandler: Send + Sync {
    /// Handles one event. After an error everything it wrote is taken back, and it is called again later.
    fn handle<'a>(&'a self, transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a>;
}

impl<F> TransactionHandler for F
where
    F: for<'a> Fn(&'a mut SqliteConnection, &'a Event) -> Handling<'a> + Send + Sync,
{
    fn handle<'a>(&'a self, transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a> {
        self(transaction, event)
    }
}
