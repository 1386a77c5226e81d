//! A mail as its reader's program would show it: safely, whatever is in it.

pub(crate) mod head;
#[allow(dead_code, reason = "images are shown next")]
pub(crate) mod image;
pub(crate) mod media_type;
#[allow(dead_code, reason = "attributes are rewritten next")]
pub(crate) mod tokens;
