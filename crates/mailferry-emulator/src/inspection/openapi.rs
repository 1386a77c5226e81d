//! The description of what is emulated.

use super::Asked;
use crate::openapi;
use crate::reply::Reply;
use crate::service::Service;

/// The answer to `GET /_emulator/openapi.json`.
pub(super) fn answer(_: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    matches!((asked.method, parts), ("GET", ["openapi.json"])).then(|| Reply::json(200, &openapi::document()))
}
