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

async fn accept(connection: &mut Connection, arrival: &Arrival, now: i64) -> Result<Accepted> {
    let inserted = sqlx::query(
        "INSERT INTO mailferry_inbox (key, source, event_id, kind, service_kind, occurred_at, received_at, size) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO NOTHING",
    )
    .bind(arrival.key.as_bytes())
    .bind(&arrival.source)
    .bind(arrival.event_id.as_deref())
    .bind(arrival.kind)
    .bind(&arrival.service_kind)
    .bind(arrival.occurred_at)
    .bind(now)
    .bind(i64::try_from(arrival.body.len()).unwrap_or(i64::MAX))
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        let id: i64 = sqlx::query_scalar("SELECT id FROM mailferry_inbox WHERE key = ?1")
            .bind(arrival.key.as_bytes())
            .fetch_one(connection)
            .await?;
        return Ok(Accepted::Repeated(EntryId(id)));
    }
    let id = inserted.last_insert_rowid();
    sqlx::query("INSERT INTO mailferry_inbox_body (entry_id, body) VALUES (?1, ?2)")
        .bind(id)
        .bind(&arrival.body[..])
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO mailferry_inbox_progress (entry_id, handler_id, state, due, since) \
         SELECT ?1, id, 'pending', ?2, ?2 FROM mailferry_inbox_handler",
    )
    .bind(id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(Accepted::Stored(EntryId(id)))
}
