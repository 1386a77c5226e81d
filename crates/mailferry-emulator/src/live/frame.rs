//! What is sent to those who listen (server-sent events, HTML standard 9.2).

use bytes::Bytes;
use serde::Serialize;

use super::changes::{Area, Marks};
use crate::json;
use crate::mailbox::Row;
use crate::service::Service;

/// Some changes, as JSON.
#[derive(Serialize)]
struct Change {
    rows: Vec<Row>,
    removed: Vec<String>,
    reset: bool,
    /// How many emails there are.
    total: usize,
    areas: Vec<Area>,
}

#[derive(Serialize)]
struct Reset {
    reset: bool,
}

#[derive(Serialize)]
struct Hello {
    total: usize,
}

/// A frame without its number, which it gets when it is sent.
pub(super) struct Frame(pub(super) Option<Vec<u8>>);

impl Frame {
    /// The frame as it is sent, as number `number`.
    pub(super) fn numbered(&self, number: u64) -> Bytes {
        match &self.0 {
            Some(data) => event(number, "change", data),
            None => Bytes::from_static(b":\n\n"),
        }
    }
}

impl Service {
    /// A frame of everything that has changed since the last one, if anything has.
    pub(super) fn frame(&self) -> Option<Frame> {
        let (marks, total, emails) = {
            let mut state = self.caught_up(self.clock.now());
            let marks = state.changes.take()?;
            // Whoever asks again for everything needs no rows.
            let places = marks.emails.iter().rev().filter(|_| !marks.reset);
            let found = places.filter_map(|place| Some((*place, state.messages.get(place.message)?.clone())));
            let emails: Vec<_> = found.collect();
            (marks, state.messages.emails(), emails)
        };
        let Marks { emails: _, removed, areas, reset } = marks;
        // Written without holding the state.
        let rows = emails.iter().filter_map(|(place, stored)| {
            let email = stored.emails.get(place.position)?;
            Some(Row::new(*place, stored, email))
        });
        let change = Change { rows: rows.collect(), removed, reset, total, areas: areas.into_iter().collect() };
        Some(Frame(Some(json::compact(&change))))
    }
}

/// What keeps a connection open: a comment, which nobody reads.
pub(super) fn keep_alive() -> Frame {
    Frame(None)
}

/// The first frame: it tells its number, from which a listener who comes back is known to have missed something.
pub(super) fn hello(number: u64, total: usize) -> Bytes {
    event(number, "hello", &json::compact(&Hello { total }))
}

/// For those who have missed something.
pub(super) fn reset(number: u64) -> Bytes {
    event(number, "change", &json::compact(&Reset { reset: true }))
}

/// `data` is JSON on one line.
fn event(number: u64, name: &str, data: &[u8]) -> Bytes {
    let mut event = format!("id: {number}\nevent: {name}\ndata: ").into_bytes();
    event.extend_from_slice(data);
    event.extend_from_slice(b"\n\n");
    event.into()
}
