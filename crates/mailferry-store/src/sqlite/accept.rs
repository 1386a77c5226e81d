//! Storing what came.

use super::{Connection, Result, micros};
use crate::inbox::{Accepted, Arrival, EntryId};
use crate::writer::Operation;
use std::time::SystemTime;

/// Stores events; each handler there is has it to do.
pub(crate) struct Accept {
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) now: SystemTime,
}

impl Operation for Accept {
    type Output = Vec<Accepted>;

    async fn run(&mut self, connection: &mut Connection) -> Result<Vec<Accepted>> {
        let now = micros(self.now);
        let mut accepted = Vec::with_capacity(self.arrivals.len());
        for arrival in &self.arrivals {
            accepted.push(accept(connection, arrival, now).await?);
        }
        Ok(accepted)
    }

    fn weight(&self) -> usize {
        self.arrivals.iter().map(|arrival| arrival.body.len()).sum()
    }
}

/// The entry, its body, and what each handler has to do with it; of a repetition, nothing. In one go, because each time
/// that the database's thread is woken costs more than the writing.
///
/// `changes()` is what the insertion before has inserted. Only the numberless `?` are counted on from one to the next.
const ACCEPT: &str = "\
    INSERT INTO mailferry_inbox (key, source, event_id, kind, service_kind, occurred_at, received_at, size) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING; \
    INSERT INTO mailferry_inbox_body (entry_id, body) SELECT last_insert_rowid(), ? WHERE changes() > 0; \
    INSERT INTO mailferry_inbox_progress (entry_id, handler_id, state, due, since) \
    SELECT last_insert_rowid(), id, 'pending', ?, ? FROM mailferry_inbox_handler WHERE changes() > 0";

async fn accept(connection: &mut Connection, arrival: &Arrival, now: i64) -> Result<Accepted> {
    let inserted = sqlx::query(ACCEPT)
        .bind(arrival.key.as_bytes())
        .bind(&arrival.source)
        .bind(arrival.event_id.as_deref())
        .bind(arrival.kind)
        .bind(&arrival.service_kind)
        .bind(arrival.occurred_at)
        .bind(now)
        .bind(i64::try_from(arrival.body.len()).unwrap_or(i64::MAX))
        .bind(&arrival.body[..])
        .bind(now)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    if inserted.rows_affected() > 0 {
        return Ok(Accepted::Stored(EntryId(inserted.last_insert_rowid())));
    }
    let id: i64 = sqlx::query_scalar("SELECT id FROM mailferry_inbox WHERE key = ?1")
        .bind(arrival.key.as_bytes())
        .fetch_one(connection)
        .await?;
    Ok(Accepted::Repeated(EntryId(id)))
}
