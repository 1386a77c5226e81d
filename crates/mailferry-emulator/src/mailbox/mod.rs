//! The mailbox: what was sent, as each recipient reads it, found quickly and shown a page at a time.
//!
//! [`Messages`] remembers and indexes. [`query`] is the language of the search, [`matching`] what it finds, [`row`] and
//! [`detail`] what is shown of an email. Those who look take clones of what they look at, which share everything, and
//! let the state go: sending does not wait for a search.

mod detail;
mod matching;
mod messages;
mod plain;
mod query;
mod row;
mod search;

pub(crate) use self::messages::{Messages, Place};
pub(crate) use self::row::Row;
pub(crate) use self::search::Question;
