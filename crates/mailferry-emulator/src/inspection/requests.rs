//! Which requests the API has seen, and what it answered.

use serde::Serialize;

use super::Asked;
use crate::reply::{Reply, Sent};
use crate::request::Request;
use crate::service::Service;

/// How many requests a page may have.
const MOST_ROWS: usize = 200;

/// `body` is text when it is UTF-8, and null when it is not; `size` is always that of the bytes.
#[derive(Serialize)]
struct ShownRequest<'a> {
    number: u64,
    at: String,
    method: &'a str,
    target: &'a str,
    headers: &'a [(String, String)],
    size: usize,
    body: Option<&'a str>,
    status: Option<u16>,
    /// As it is written in a flag.
    fault: Option<String>,
    message_ids: &'a [String],
}

/// A request with its answer: null when there was none, or not yet.
#[derive(Serialize)]
struct Answered<'a> {
    #[serde(flatten)]
    request: ShownRequest<'a>,
    answer: Option<ShownAnswer<'a>>,
}

#[derive(Serialize)]
struct ShownAnswer<'a> {
    status: u16,
    headers: Vec<(&'a str, &'a str)>,
    size: usize,
    body: Option<&'a str>,
}

/// The answer, when the request is about requests.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["requests"]) => requests(service, asked),
        ("GET", ["requests", number]) => request(service, number),
        _ => return None,
    })
}

/// All of them; or with `limit` the newest, or those before `before`. The newest stands last. Without `body=true`, pages
/// leave bodies to those who ask for one request.
fn requests(service: &Service, asked: &Asked<'_>) -> Reply {
    let last = |name: &str| asked.parameters(name).pop().filter(|value| !value.is_empty());
    let number = |name: &str| last(name).map(|text| text.parse::<u64>()).transpose();
    let (Ok(before), Ok(limit)) = (number("before"), number("limit")) else {
        return Reply::sentence(400, "\"before\" takes the number of a request, \"limit\" how many are wanted.");
    };
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX).min(MOST_ROWS));
    let is_whole = (before, limit) == (None, None) || last("body").as_deref() == Some("true");
    let newest = before.map_or(Some(u64::MAX), |before| before.checked_sub(1));
    let mut requests: Vec<Request> = {
        let state = service.state();
        let found = newest.into_iter().flat_map(|newest| state.requests.up_to(newest).rev());
        found.map(|(_, request)| request.clone()).take(limit.unwrap_or(usize::MAX)).collect()
    };
    requests.reverse();
    let show = |request| {
        let shown = show(request);
        if is_whole { shown } else { ShownRequest { body: None, ..shown } }
    };
    Reply::json(200, &requests.iter().map(show).collect::<Vec<_>>())
}

fn request(service: &Service, number: &str) -> Reply {
    let found = number.parse().ok().and_then(|number| service.state().requests.get(number).cloned());
    let Some(request) = found else { return Reply::sentence(404, "The emulator remembers no such request.") };
    let answer = request.answer.as_deref().map(|Sent { status, headers, body }| ShownAnswer {
        status: *status,
        headers: headers.iter().map(|(name, value)| (&**name, value.as_str())).collect(),
        size: body.len(),
        body: std::str::from_utf8(body).ok(),
    });
    Reply::json(200, &Answered { request: show(&request), answer })
}

fn show(request: &Request) -> ShownRequest<'_> {
    ShownRequest {
        number: request.number(),
        at: request.at().to_string(),
        method: request.method(),
        target: request.target(),
        headers: request.headers(),
        size: request.body().len(),
        body: std::str::from_utf8(request.body()).ok(),
        status: request.status(),
        fault: request.fault().map(|fault| fault.to_string()),
        message_ids: request.message_ids(),
    }
}
