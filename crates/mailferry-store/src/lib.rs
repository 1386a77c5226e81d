//! Events that survive the process.
//!
//! [`Inbox`] stores what a webhook's endpoint verified, and the endpoint acknowledges what is on the disk. A [`Worker`]
//! then hands it to handlers: again when they fail, and again when the process ended during a call.

mod deliveries;
mod handler;
mod inbox;
mod lock;
#[cfg(doctest)]
mod pages;
mod sqlite;
mod worker;
mod writer;

pub use deliveries::Deliveries;
pub use handler::TransactionHandler;
pub use inbox::{
    Accepted, Attempt, Entry, EntryId, Error, ErrorKind, HandlerStats, Inbox, InboxBuilder, Page, Policy, Progress,
    Pruned, Reread, Retention, Selection, State, Stats,
};
pub use sqlx;
pub use worker::{Since, Worker};
