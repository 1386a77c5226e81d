//! Stored templates: where they come from, and what is known of them.

mod folder;
mod plain;
mod store;
mod stored;
mod template;

pub(crate) use self::folder::Folder;
pub(crate) use self::plain::text_of;
pub(crate) use self::store::{Chosen, Store};
pub(crate) use self::stored::{Source, Stored};
pub use self::template::Template;
