//! Mails as they are delivered: with redirected links, the pixel, the footers and headers that the service adds.
//!
//! What tests read stays as it was sent. Only what is shown as the reader's copy is dressed, and only by request.

mod dress;
mod page;
mod reader;
mod scan;
mod visit;

pub use self::dress::Dressed;
pub(crate) use self::dress::Footers;
pub(crate) use self::reader::Reader;
pub(crate) use self::visit::answer;
