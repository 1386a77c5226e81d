//! Looking, without standing in anybody's way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row as _};

use super::{Result, count, date, micros, small};
use crate::inbox::{Attempt, Entry, EntryId, HandlerStats, Page, Progress, Selection, State, Stats};

/// Connections that only read.
#[derive(Debug, Clone)]
pub(crate) struct Reader(pub(super) SqlitePool);

const ENTRY: &str = "SELECT e.id, e.source, e.event_id, e.kind, e.service_kind, e.occurred_at, e.received_at, e.size, \
                     NOT EXISTS (SELECT 1 FROM mailferry_inbox_body b WHERE b.entry_id = e.id) AS pruned \
                     FROM mailferry_inbox e WHERE TRUE";

impl Reader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }

    pub(crate) async fn list(&self, selection: &Selection, page: &Page) -> Result<Vec<Entry>> {
        let mut query = QueryBuilder::new(ENTRY);
        push_entry_terms(&mut query, selection);
        push_progress_terms(&mut query, selection);
        if let Some(after) = page.after {
            query.push(" AND e.id < ").push_bind(after.0);
        }
        query.push(" ORDER BY e.id DESC LIMIT ").push_bind(page.limit.min(Page::LONGEST).get());
        let mut snapshot = self.0.begin().await?;
        let rows = query.build().fetch_all(&mut *snapshot).await?;
        let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
        if let (Some(latest), Some(oldest)) = (entries.first(), entries.last()) {
            let rows = sqlx::query(
                "SELECT p.entry_id, h.name, p.state, p.attempts, p.since, p.due, p.last_error \
                 FROM mailferry_inbox_progress p JOIN mailferry_inbox_handler h ON h.id = p.handler_id \
                 WHERE p.entry_id BETWEEN ?1 AND ?2 ORDER BY p.entry_id, h.name",
            );
            // One entry at a time when they are far apart; together when they are neighbours.
            let together = latest.id.0 - oldest.id.0 < 2 * i64::from(Page::LONGEST.get());
            let mut found: BTreeMap<i64, Vec<Progress>> = BTreeMap::new();
            if together {
                for row in rows.bind(oldest.id.0).bind(latest.id.0).fetch_all(&mut *snapshot).await? {
                    found.entry(row.try_get(0)?).or_default().push(progress(&row)?);
                }
            } else {
                for entry in &entries {
                    for row in progress_of(&mut snapshot, entry.id).await? {
                        found.entry(entry.id.0).or_default().push(row);
                    }
                }
            }
            for entry in &mut entries {
                entry.handlers = found.remove(&entry.id.0).unwrap_or_default();
            }
        }
        Ok(entries)
    }

    /// Among which numbers the entries are.
    pub(crate) async fn numbers(&self) -> Result<Range<i64>> {
        let (first, end) = sqlx::query_as(
            "SELECT (SELECT coalesce(min(id), 0) FROM mailferry_inbox), \
             (SELECT coalesce(max(id) + 1, 0) FROM mailferry_inbox)",
        )
        .fetch_one(&self.0)
        .await?;
        Ok(first..end)
    }

    pub(crate) async fn attempts(&self, id: EntryId) -> Result<Vec<Attempt>> {
        let rows: Vec<(String, i64, i64, i64, String)> = sqlx::query_as(
            "SELECT h.name, a.number, a.started_at, a.ended_at, a.error FROM mailferry_inbox_attempt a \
             JOIN mailferry_inbox_handler h ON h.id = a.handler_id WHERE a.entry_id = ?1 ORDER BY a.id",
        )
        .bind(id.0)
        .fetch_all(&self.0)
        .await?;
        let attempts = rows.into_iter().map(|(handler, number, started, ended, error)| Attempt {
            handler,
            number: small(number),
            started_at: date(started),
            ended_at: date(ended),
            error,
        });
        Ok(attempts.collect())
    }

    /// Where it came in, and its bytes unless they were pruned. `None` when there is no such entry.
    pub(crate) async fn body(&self, id: EntryId) -> Result<Option<(String, Option<Bytes>)>> {
        let row: Option<(String, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT source, body FROM mailferry_inbox LEFT JOIN mailferry_inbox_body ON entry_id = id WHERE id = ?1",
        )
        .bind(id.0)
        .fetch_optional(&self.0)
        .await?;
        Ok(row.map(|(source, body)| (source, body.map(Bytes::from))))
    }

    /// When the first of these handlers' pending entries is due.
    pub(crate) async fn next_due(&self, handlers: &[(i64, usize)]) -> Result<Option<SystemTime>> {
        let mut earliest: Option<i64> = None;
        for (handler, _) in handlers {
            let due: Option<i64> = sqlx::query_scalar(
                "SELECT min(due) FROM mailferry_inbox_progress WHERE handler_id = ?1 AND state = 'pending'",
            )
            .bind(handler)
            .fetch_one(&self.0)
            .await?;
            earliest = [earliest, due].into_iter().flatten().min();
        }
        Ok(earliest.map(|due| date(due).into()))
    }

    pub(crate) async fn stats(&self, now: SystemTime) -> Result<Stats> {
        let mut snapshot = self.0.begin().await?;
        let (entries, bodies): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM mailferry_inbox), (SELECT count(*) FROM mailferry_inbox_body)",
        )
        .fetch_one(&mut *snapshot)
        .await?;
        let kinds: Vec<(String, i64)> =
            sqlx::query_as("SELECT kind, count(*) FROM mailferry_inbox GROUP BY kind ORDER BY count(*) DESC, kind")
                .fetch_all(&mut *snapshot)
                .await?;
        let names: Vec<(i64, String, i64)> =
            sqlx::query_as("SELECT id, name, behind FROM mailferry_inbox_handler ORDER BY name")
                .fetch_all(&mut *snapshot)
                .await?;
        let counts: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT handler_id, state, count(*) FROM mailferry_inbox_progress GROUP BY handler_id, state",
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut handlers = Vec::with_capacity(names.len());
        for (id, handler, behind) in names {
            let counted = |state: State| {
                let found = counts.iter().find(|(of, word, _)| *of == id && word == state.as_str());
                found.map_or(0, |(_, _, number)| count(*number))
            };
            let oldest: Option<i64> = sqlx::query_scalar(
                "SELECT min(e.received_at) FROM mailferry_inbox_progress p JOIN mailferry_inbox e ON e.id = p.entry_id \
                 WHERE p.state IN ('pending', 'claimed') AND p.state <> 'done' AND p.handler_id = ?1",
            )
            .bind(id)
            .fetch_one(&mut *snapshot)
            .await?;
            // What it is still to be given of what was stored before it.
            let (ahead, first): (i64, Option<i64>) = sqlx::query_as(
                "SELECT count(*), min(e.received_at) FROM mailferry_inbox_body b \
                 JOIN mailferry_inbox e ON e.id = b.entry_id WHERE b.entry_id < ?1",
            )
            .bind(behind)
            .fetch_one(&mut *snapshot)
            .await?;
            let oldest = oldest.into_iter().chain(first).min();
            let waited = oldest.map_or(0, |oldest| micros(now).saturating_sub(oldest).max(0));
            handlers.push(HandlerStats {
                pending: counted(State::Pending) + count(ahead),
                claimed: counted(State::Claimed),
                done: counted(State::Done),
                dead: counted(State::Dead),
                oldest: oldest.map(date),
                lag: Duration::from_micros(waited.unsigned_abs()),
                handler,
            });
        }
        let kinds = kinds.into_iter().map(|(kind, number)| (kind, count(number))).collect();
        Ok(Stats { entries: count(entries), bodies: count(bodies), kinds, handlers })
    }
}

async fn progress_of(connection: &mut super::Connection, id: EntryId) -> Result<Vec<Progress>> {
    let rows = sqlx::query(
        "SELECT p.entry_id, h.name, p.state, p.attempts, p.since, p.due, p.last_error \
         FROM mailferry_inbox_progress p JOIN mailferry_inbox_handler h ON h.id = p.handler_id \
         WHERE p.entry_id = ?1 ORDER BY h.name",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    rows.iter().map(progress).collect()
}

/// What a selection asks of the entry itself; it is called `e`.
pub(super) fn push_entry_terms(query: &mut QueryBuilder<Sqlite>, selection: &Selection) {
    if let Some(id) = selection.id {
        query.push(" AND e.id = ").push_bind(id.0);
    }
    if let Some(kind) = &selection.kind {
        query.push(" AND (e.kind = ").push_bind(kind.clone());
        query.push(" OR e.service_kind = ").push_bind(kind.clone()).push(")");
    }
    if let Some(from) = selection.from {
        query.push(" AND e.received_at >= ").push_bind(from.unix_micros());
    }
    if let Some(until) = selection.until {
        query.push(" AND e.received_at < ").push_bind(until.unix_micros());
    }
}

/// What a selection asks of the handlers.
fn push_progress_terms(query: &mut QueryBuilder<Sqlite>, selection: &Selection) {
    if selection.state.is_none() && selection.handler.is_none() {
        return;
    }
    // What is not done is little, and has an index; of what is done, nearly every entry is one.
    let through_index = selection.state.filter(|state| *state != State::Done);
    query.push(if through_index.is_some() {
        " AND e.id IN (SELECT p.entry_id FROM mailferry_inbox_progress p WHERE TRUE"
    } else {
        " AND EXISTS (SELECT 1 FROM mailferry_inbox_progress p WHERE p.entry_id = e.id"
    });
    if let Some(state) = selection.state {
        query.push(" AND p.state = ").push_bind(state.as_str());
    }
    if through_index.is_some() {
        // Lets the planner see that the partial index will do.
        query.push(" AND p.state <> 'done'");
    }
    if let Some(handler) = &selection.handler {
        query.push(" AND p.handler_id IN (SELECT id FROM mailferry_inbox_handler WHERE name = ");
        query.push_bind(handler.clone()).push(")");
    }
    query.push(")");
}

fn entry(row: &SqliteRow) -> Result<Entry> {
    Ok(Entry {
        id: EntryId(row.try_get(0)?),
        source: row.try_get(1)?,
        event_id: row.try_get(2)?,
        kind: row.try_get(3)?,
        service_kind: row.try_get(4)?,
        occurred_at: row.try_get::<Option<i64>, _>(5)?.map(date),
        received_at: date(row.try_get(6)?),
        size: count(row.try_get(7)?),
        pruned: row.try_get(8)?,
        handlers: Vec::new(),
    })
}

fn progress(row: &SqliteRow) -> Result<Progress> {
    let word: String = row.try_get(2)?;
    let state = State::from_word(&word).unwrap_or(State::Dead);
    let due: i64 = row.try_get(5)?;
    Ok(Progress {
        handler: row.try_get(1)?,
        state,
        attempts: small(row.try_get(3)?),
        since: date(row.try_get(4)?),
        due: (state == State::Pending).then(|| date(due)),
        last_error: row.try_get(6)?,
    })
}
