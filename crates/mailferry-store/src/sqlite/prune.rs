//! Taking away what is old.

use std::ops::Range;

use sqlx::AssertSqlSafe;

use super::{Connection, Result};
use crate::writer::Operation;

/// Takes away what is old, of these numbers only: one step of several, so that what arrives meanwhile need not wait.
pub(crate) struct Prune {
    pub(crate) ids: Range<i64>,
    /// Bodies of entries stored before.
    pub(crate) bodies_before: i64,
    /// Whole entries stored before.
    pub(crate) entries_before: i64,
}

/// Bodies and entries that were taken away.
pub(crate) type Taken = (u64, u64);

/// Entries of some numbers that were stored before some time, and that every handler is done with. A handler that is
/// new may still have to be given them.
const OLD: &str = "SELECT e.id FROM mailferry_inbox e WHERE e.id >= ?1 AND e.id < ?2 AND e.received_at < ?3 \
                   AND NOT EXISTS (SELECT 1 FROM mailferry_inbox_progress p WHERE p.entry_id = e.id AND p.state <> 'done') \
                   AND NOT EXISTS (SELECT 1 FROM mailferry_inbox_handler h WHERE h.behind > e.id)";

impl Operation for Prune {
    type Output = Taken;

    async fn run(&mut self, connection: &mut Connection) -> Result<Taken> {
        let mut take = async |what: String, before: i64| {
            let taken = sqlx::query(AssertSqlSafe(what + " IN (" + OLD + ")"))
                .bind(self.ids.start)
                .bind(self.ids.end)
                .bind(before)
                .execute(&mut *connection)
                .await?;
            Ok::<_, sqlx::Error>(taken.rows_affected())
        };
        let entries = take("DELETE FROM mailferry_inbox WHERE id".to_owned(), self.entries_before).await?;
        let bodies = take("DELETE FROM mailferry_inbox_body WHERE entry_id".to_owned(), self.bodies_before).await?;
        Ok((bodies, entries))
    }
}
