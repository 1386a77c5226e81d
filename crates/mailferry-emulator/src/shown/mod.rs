//! A mail as its reader's program would show it: safely, whatever is in it.

pub(crate) mod document;
pub(crate) mod head;
pub(crate) mod image;
pub(crate) mod media_type;
pub(crate) mod source;
