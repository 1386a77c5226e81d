//! Which requests the API has seen.

use serde::Serialize;

use super::Asked;
use crate::reply::Reply;
use crate::request::Request;
use crate::service::Service;

/// `body` is text when it is UTF-8, and null when it is not; `size` is always that of the bytes.
#[derive(Serialize)]
struct ShownRequest<'a> {
    at: String,
    method: &'a str,
    target: &'a str,
    headers: &'a [(String, String)],
    size: usize,
    body: Option<&'a str>,
    status: Option<u16>,
    /// As it is written in a flag.
    fault: Option<String>,
}

/// The answer, when the request is about requests.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    matches!((asked.method, parts), ("GET", ["requests"])).then(|| requests(service))
}

fn requests(service: &Service) -> Reply {
    let requests: Vec<Request> = service.state().requests.iter().cloned().collect();
    let shown: Vec<_> = requests
        .iter()
        .map(|request| ShownRequest {
            at: request.at().to_string(),
            method: request.method(),
            target: request.target(),
            headers: request.headers(),
            size: request.body().len(),
            body: std::str::from_utf8(request.body()).ok(),
            status: request.status(),
            fault: request.fault().map(|fault| fault.to_string()),
        })
        .collect();
    Reply::json(200, &shown)
}
