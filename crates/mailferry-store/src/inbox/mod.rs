//! The inbox: what came is on the disk before it is acknowledged.

mod entry;
mod error;
mod handle;
mod key;
mod policy;

pub use entry::{Accepted, Attempt, Entry, EntryId, HandlerStats, Page, Progress, Pruned, Retention, Selection, Stats};
pub use error::{Error, ErrorKind};
pub use handle::{Inbox, InboxBuilder, Reread};
pub use policy::{Policy, State};

pub(crate) use entry::Arrival;
pub(crate) use policy::{Next, Outcome, next};
