//! How far each handler is: registering, claiming, settling, replaying.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sqlx::QueryBuilder;
use sqlx::sqlite::Sqlite;

use super::{Connection, Result, micros, read, small};
use crate::inbox::{EntryId, Next, Outcome, Policy, Selection, next};
use crate::worker::{CLAIMED_BYTES, Since};
use crate::writer::Operation;

/// Makes a handler known; what is stored from then on is its to do. Returns its number.
pub(crate) struct Register {
    pub(crate) name: String,
    pub(crate) since: Since,
    pub(crate) now: SystemTime,
}

impl Operation for Register {
    type Output = i64;

    async fn run(&mut self, connection: &mut Connection) -> Result<i64> {
        let now = micros(self.now);
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM mailferry_inbox_handler WHERE name = ?1")
            .bind(&self.name)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(id) = known {
            return Ok(id);
        }
        let registered = sqlx::query(
            "INSERT INTO mailferry_inbox_handler (name, registered_at, behind) \
             VALUES (?1, ?2, CASE WHEN ?3 THEN coalesce((SELECT max(id) + 1 FROM mailferry_inbox), 0) ELSE 0 END)",
        )
        .bind(&self.name)
        .bind(now)
        .bind(self.since == Since::Beginning)
        .execute(connection)
        .await?;
        Ok(registered.last_insert_rowid())
    }
}

/// Gives a handler that is new some of what was stored before, the latest first. Returns whether there is more.
pub(crate) struct CatchUp {
    pub(crate) handler: i64,
    pub(crate) now: SystemTime,
}

/// Entries that are given to it in one transaction, so that what arrives meanwhile need not wait.
const STEP: i64 = 2000;

impl Operation for CatchUp {
    type Output = bool;

    async fn run(&mut self, connection: &mut Connection) -> Result<bool> {
        let behind: i64 = sqlx::query_scalar("SELECT behind FROM mailferry_inbox_handler WHERE id = ?1")
            .bind(self.handler)
            .fetch_optional(&mut *connection)
            .await?
            .unwrap_or(0);
        if behind == 0 {
            return Ok(false);
        }
        // So many that there are, however many were pruned between them.
        let down_to: i64 = sqlx::query_scalar(
            "SELECT coalesce((SELECT entry_id FROM mailferry_inbox_body WHERE entry_id < ?1 \
             ORDER BY entry_id DESC LIMIT 1 OFFSET ?2), 0)",
        )
        .bind(behind)
        .bind(STEP - 1)
        .fetch_one(&mut *connection)
        .await?;
        sqlx::query(
            "INSERT INTO mailferry_inbox_progress (entry_id, handler_id, state, due, since) \
             SELECT entry_id, ?1, 'pending', ?2, ?2 FROM mailferry_inbox_body \
             WHERE entry_id >= ?3 AND entry_id < ?4 ON CONFLICT (entry_id, handler_id) DO NOTHING",
        )
        .bind(self.handler)
        .bind(micros(self.now))
        .bind(down_to)
        .bind(behind)
        .execute(&mut *connection)
        .await?;
        sqlx::query("UPDATE mailferry_inbox_handler SET behind = ?2 WHERE id = ?1")
            .bind(self.handler)
            .bind(down_to)
            .execute(connection)
            .await?;
        Ok(down_to > 0)
    }
}

/// Forgets a handler and what it did. Returns whether it was known.
pub(crate) struct RemoveHandler(pub(crate) String);

impl Operation for RemoveHandler {
    type Output = bool;

    async fn run(&mut self, connection: &mut Connection) -> Result<bool> {
        let removed = sqlx::query("DELETE FROM mailferry_inbox_handler WHERE name = ?1")
            .bind(&self.0)
            .execute(connection)
            .await?;
        Ok(removed.rows_affected() > 0)
    }
}

/// An entry that a handler is to be called with.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) entry: EntryId,
    pub(crate) handler: i64,
    /// The how-manieth attempt it is.
    pub(crate) attempt: u32,
    pub(crate) started: SystemTime,
    pub(crate) source: String,
    /// `None` when it was pruned.
    pub(crate) body: Option<Bytes>,
}

impl Claimed {
    /// What spreads the waits of its attempts.
    pub(crate) fn salt(&self) -> u64 {
        salt(self.entry.0, self.handler)
    }
}

fn salt(entry: i64, handler: i64) -> u64 {
    entry.unsigned_abs() ^ handler.unsigned_abs().rotate_left(48)
}

/// Takes entries that are due, the longest due first, and counts the attempt, before anything is called.
pub(crate) struct Claim {
    /// Handlers, and how many entries each can take.
    pub(crate) handlers: Vec<(i64, usize)>,
    pub(crate) longest_wait: Duration,
    pub(crate) now: SystemTime,
}

impl Operation for Claim {
    type Output = Vec<Claimed>;

    async fn run(&mut self, connection: &mut Connection) -> Result<Vec<Claimed>> {
        let now = micros(self.now);
        let mut claimed = Vec::new();
        for (handler, limit) in &self.handlers {
            // Nothing is ever due so late, unless the clock was ahead when that was decided.
            sqlx::query(
                "UPDATE mailferry_inbox_progress SET due = ?2 \
                 WHERE handler_id = ?1 AND state = 'pending' AND due > ?3",
            )
            .bind(handler)
            .bind(now)
            .bind(latest_due(now, self.longest_wait))
            .execute(&mut *connection)
            .await?;
            let rows: Vec<(i64, i64)> = sqlx::query_as(
                "UPDATE mailferry_inbox_progress SET state = 'claimed', attempts = attempts + 1, since = ?2 \
                 WHERE handler_id = ?1 AND entry_id IN (\
                 SELECT entry_id FROM (SELECT entry_id, sum(size) OVER (ORDER BY due, entry_id) - size AS before FROM (\
                 SELECT entry_id, due, size FROM mailferry_inbox_progress JOIN mailferry_inbox ON id = entry_id \
                 WHERE handler_id = ?1 AND state = 'pending' AND due <= ?2 ORDER BY due, entry_id LIMIT ?3)) \
                 WHERE before < ?4) \
                 RETURNING entry_id, attempts",
            )
            .bind(handler)
            .bind(now)
            .bind(i64::try_from(*limit).unwrap_or(i64::MAX))
            .bind(i64::try_from(CLAIMED_BYTES).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
            for (entry, attempts) in rows {
                let (source, body): (String, Option<Vec<u8>>) = sqlx::query_as(
                    "SELECT source, body FROM mailferry_inbox LEFT JOIN mailferry_inbox_body ON entry_id = id \
                     WHERE id = ?1",
                )
                .bind(entry)
                .fetch_one(&mut *connection)
                .await?;
                claimed.push(Claimed {
                    entry: EntryId(entry),
                    handler: *handler,
                    attempt: small(attempts),
                    started: self.now,
                    source,
                    body: body.map(Bytes::from),
                });
            }
        }
        Ok(claimed)
    }
}

/// Nothing that waits is due later, as long as the clock goes forward.
fn latest_due(now: i64, longest_wait: Duration) -> i64 {
    now.saturating_add(i64::try_from(longest_wait.as_micros()).unwrap_or(i64::MAX))
}

/// Writes down how an attempt ended.
pub(crate) struct Settle {
    pub(crate) claimed: Claimed,
    pub(crate) outcome: Outcome,
    pub(crate) next: Next,
    pub(crate) now: SystemTime,
}

impl Operation for Settle {
    type Output = ();

    async fn run(&mut self, connection: &mut Connection) -> Result<()> {
        settle(connection, &self.claimed, &self.outcome, self.next, self.now).await.map(drop)
    }
}

/// Writes down how an attempt ended; `false` when the claim is not there any more.
pub(crate) async fn settle(
    connection: &mut Connection,
    claimed: &Claimed,
    outcome: &Outcome,
    next: Next,
    now: SystemTime,
) -> Result<bool> {
    let attempt = Attempted {
        entry: claimed.entry.0,
        handler: claimed.handler,
        number: i64::from(claimed.attempt),
        started: micros(claimed.started),
    };
    end(connection, &attempt, outcome, next, micros(now)).await
}

struct Attempted {
    entry: i64,
    handler: i64,
    number: i64,
    started: i64,
}

async fn end(
    connection: &mut Connection,
    attempt: &Attempted,
    outcome: &Outcome,
    next: Next,
    now: i64,
) -> Result<bool> {
    let error = outcome.error();
    // Its number and its beginning make the claim known: one that was given to somebody else has others.
    let updated = sqlx::query(
        "UPDATE mailferry_inbox_progress SET state = ?5, due = ?6, since = ?7, last_error = ?8 \
         WHERE entry_id = ?1 AND handler_id = ?2 AND state = 'claimed' AND attempts = ?3 AND since = ?4",
    )
    .bind(attempt.entry)
    .bind(attempt.handler)
    .bind(attempt.number)
    .bind(attempt.started)
    .bind(next.state.as_str())
    .bind(micros(next.due))
    .bind(now)
    .bind(error)
    .execute(&mut *connection)
    .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(error) = error {
        sqlx::query(
            "INSERT INTO mailferry_inbox_attempt (entry_id, handler_id, number, started_at, ended_at, error) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(attempt.entry)
        .bind(attempt.handler)
        .bind(attempt.number)
        .bind(attempt.started)
        .bind(now)
        .bind(error)
        .execute(connection)
        .await?;
    }
    Ok(true)
}

/// Finds what was in flight when a worker ended without a word. Only who holds the worker's lock may.
pub(crate) struct Recover {
    pub(crate) policy: Policy,
    pub(crate) now: SystemTime,
}

impl Operation for Recover {
    type Output = u64;

    async fn run(&mut self, connection: &mut Connection) -> Result<u64> {
        let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT entry_id, handler_id, attempts, since FROM mailferry_inbox_progress \
             WHERE state = 'claimed' AND state <> 'done'",
        )
        .fetch_all(&mut *connection)
        .await?;
        for &(entry, handler, number, started) in &rows {
            let attempt = Attempted { entry, handler, number, started };
            let outcome = Outcome::Interrupted;
            let next = next(small(number), &outcome, &self.policy, salt(entry, handler), self.now);
            end(connection, &attempt, &outcome, next, micros(self.now)).await?;
        }
        Ok(rows.len() as u64)
    }
}

/// Makes entries pending again, with all their attempts before them. Returns how many calls that makes.
pub(crate) struct Replay {
    pub(crate) selection: Selection,
    /// Of these numbers only: one step of several, so that what arrives meanwhile need not wait.
    pub(crate) ids: Range<i64>,
    pub(crate) now: SystemTime,
}

impl Operation for Replay {
    type Output = u64;

    async fn run(&mut self, connection: &mut Connection) -> Result<u64> {
        let now = micros(self.now);
        let selection = &self.selection;
        // A handler that never had the entry gets it only when it is named, and its state not asked for.
        let added = match &selection.handler {
            Some(handler) if selection.state.is_none() => {
                let mut add = QueryBuilder::new(
                    "INSERT INTO mailferry_inbox_progress (entry_id, handler_id, state, due, since) \
                     SELECT e.id, h.id, 'pending', ",
                );
                add.push_bind(now).push(", ").push_bind(now);
                add.push(
                    " FROM mailferry_inbox e JOIN mailferry_inbox_body b ON b.entry_id = e.id \
                     JOIN mailferry_inbox_handler h ON h.name = ",
                );
                add.push_bind(handler).push(" WHERE TRUE");
                push_ids(&mut add, &self.ids);
                read::push_entry_terms(&mut add, selection);
                add.push(" ON CONFLICT (entry_id, handler_id) DO NOTHING");
                add.build().execute(&mut *connection).await?.rows_affected()
            }
            _ => 0,
        };
        let mut again =
            QueryBuilder::new("UPDATE mailferry_inbox_progress SET state = 'pending', attempts = 0, due = ");
        again.push_bind(now).push(", since = ").push_bind(now);
        again.push(
            " WHERE state IN ('done', 'dead') AND entry_id IN (SELECT e.id FROM mailferry_inbox e \
             JOIN mailferry_inbox_body b ON b.entry_id = e.id WHERE TRUE",
        );
        push_ids(&mut again, &self.ids);
        read::push_entry_terms(&mut again, selection);
        again.push(")");
        if let Some(state) = selection.state {
            again.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(handler) = &selection.handler {
            again.push(" AND handler_id IN (SELECT id FROM mailferry_inbox_handler WHERE name = ");
            again.push_bind(handler).push(")");
        }
        Ok(added + again.build().execute(connection).await?.rows_affected())
    }
}

fn push_ids(query: &mut QueryBuilder<Sqlite>, ids: &Range<i64>) {
    query.push(" AND e.id >= ").push_bind(ids.start).push(" AND e.id < ").push_bind(ids.end);
}
