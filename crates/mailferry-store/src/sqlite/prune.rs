//! Taking away what is old.

use super::{Connection, Result};
use crate::writer::Operation;

/// Takes away some of what is old; there may be more when the limit is reached.
pub(crate) struct Prune {
    /// Bodies of entries stored before.
    pub(crate) bodies_before: i64,
    /// Whole entries stored before.
    pub(crate) entries_before: i64,
    pub(crate) limit: u32,
}

/// Bodies and entries that were taken away.
pub(crate) type Taken = (u64, u64);

impl Operation for Prune {
    type Output = Taken;

    async fn run(&mut self, connection: &mut Connection) -> Result<Taken> {
        let entries = sqlx::query(
            "DELETE FROM mailferry_inbox WHERE id IN (SELECT id FROM mailferry_inbox e WHERE received_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM mailferry_inbox_progress WHERE entry_id = e.id AND state <> 'done') \
             ORDER BY id LIMIT ?2)",
        )
        .bind(self.entries_before)
        .bind(self.limit)
        .execute(&mut *connection)
        .await?;
        let bodies = sqlx::query(
            "DELETE FROM mailferry_inbox_body WHERE entry_id IN (SELECT b.entry_id FROM mailferry_inbox_body b \
             JOIN mailferry_inbox e ON e.id = b.entry_id WHERE e.received_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM mailferry_inbox_progress p WHERE p.entry_id = e.id AND p.state <> 'done') \
             ORDER BY b.entry_id LIMIT ?2)",
        )
        .bind(self.bodies_before)
        .bind(self.limit)
        .execute(connection)
        .await?;
        Ok((bodies.rows_affected(), entries.rows_affected()))
    }
}
