//! Mail that comes in: the routes that catch it, and the webhook that tells about it.

mod compose;
mod filter;
pub(crate) mod form;
mod headers;
mod mail;
mod payload;
mod receive;
mod route;

pub use self::compose::InboundMail;
pub use self::filter::{Combine, Comparer};
pub(crate) use self::filter::{Filter, Filters, Subject};
pub(crate) use self::headers::{Headers, Person, decoded as text_of, people};
pub(crate) use self::mail::{Content, File};
pub(crate) use self::receive::Inbound;
pub use self::receive::{NotReceived, Received, ReceivedMessage};
pub(crate) use self::route::{Forward, INBOUND_HOST, Route};
pub use self::route::{InboundRoute, RouteKey};
