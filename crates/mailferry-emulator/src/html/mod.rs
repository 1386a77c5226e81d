//! HTML as browsers read it: its pieces, the attributes of tags, and the characters that are written by name.
//!
//! Links are found with it, images that came with a mail, and words to be searched. Nothing is made safe by it: that is
//! the business of the headers under which a mail is shown.

mod entities;
mod foreign;
mod tokens;

pub(crate) use self::entities::{in_attribute, in_text};
pub(crate) use self::tokens::{Attribute, Tag, Token, tokens};
