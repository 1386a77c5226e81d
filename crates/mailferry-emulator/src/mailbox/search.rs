//! One page of the mailbox: from where, how much, and what.

use std::fmt;

use serde::Serialize;

use super::messages::Place;
use super::query::Query;
use super::row::Row;
use crate::inspection::Asked;
use crate::service::{Service, StoredMessage};

/// How many emails a page may have.
const MOST_ROWS: usize = 200;
const ROWS: usize = 50;
/// How many messages are looked at before the state is let go again.
const AT_ONCE: usize = 256;

/// What is asked of the mailbox.
pub(crate) struct Question {
    query: Query,
    /// Only emails below this one.
    before: Place,
    limit: usize,
}

/// A question that cannot be answered, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongQuestion(String);

impl fmt::Display for WrongQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A page of rows, newest first. `next` is the cursor of the page below it, if there is one; `total` counts all emails
/// that are remembered, found or not.
#[derive(Serialize)]
pub(crate) struct Page {
    rows: Vec<Row>,
    next: Option<String>,
    total: usize,
    problems: Vec<String>,
}

impl Question {
    pub(crate) fn read(service: &Service, asked: &Asked<'_>) -> Result<Self, WrongQuestion> {
        let last = |name: &str| asked.parameters(name).pop().filter(|value| !value.is_empty());
        let query = Query::parse(&last("q").unwrap_or_default(), service.clock.now());
        let before = last("before").map(|cursor| {
            let wrong = || WrongQuestion("\"before\" takes the cursor of a row, or what \"next\" said.".to_owned());
            cursor.parse().map_err(|()| wrong())
        });
        let limit = last("limit").map(|limit| {
            let limit = limit.parse().ok().filter(|limit| (1..=MOST_ROWS).contains(limit));
            limit.ok_or_else(|| WrongQuestion(format!("\"limit\" takes a number from 1 to {MOST_ROWS}.")))
        });
        Ok(Self { query, before: before.transpose()?.unwrap_or(Place::TOP), limit: limit.transpose()?.unwrap_or(ROWS) })
    }
}

impl Service {
    /// Walks from the newest email until the page is full.
    pub(crate) fn mailbox(&self, question: &Question) -> Page {
        let Question { query, before, limit } = question;
        let mut total = self.caught_up(self.clock.now()).messages.emails();
        let mut rows = Vec::new();
        let mut next = None;
        let mut from = Some(before.message);
        'pages: while let Some(number) = from {
            // Looked at without holding the state: others send meanwhile.
            let some: Vec<(u64, StoredMessage)> = {
                let state = self.state();
                total = state.messages.emails();
                state
                    .messages
                    .back_from(number)
                    .take(AT_ONCE)
                    .map(|(number, stored)| (number, stored.clone()))
                    .collect()
            };
            from = some.last().and_then(|(oldest, _)| oldest.checked_sub(1));
            for (message, stored) in &some {
                for (position, email) in stored.emails.iter().enumerate().rev() {
                    let place = Place { message: *message, position };
                    if place >= *before || !query.finds(stored, email) {
                        continue;
                    }
                    if rows.len() >= *limit {
                        next = rows.last().map(|row: &Row| row.cursor.clone());
                        break 'pages;
                    }
                    rows.push(Row::new(place, stored, email));
                }
            }
        }
        Page { rows, next, total, problems: query.problems().to_vec() }
    }
}
