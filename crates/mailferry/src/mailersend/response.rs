//! MailerSend's answer as a status for each recipient, or as an error.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::NAME;
use super::error_code::{self, ErrorCode};
use crate::address::Address;
use crate::message::Message;
use crate::transport::{
    BulkSend, Error, ErrorKind, Quota, Rate, RecipientStatus, Response, Retry, SendStatus, Status, mask,
};

/// What a bulk send's id is prefixed with where a message id is expected, so that nobody takes it for one.
pub(crate) const BULK_PREFIX: &str = "bulk:";

/// Notes in `status` what the answer to a request for the recipients `to` says, with what [`rate`] read of it, and takes
/// them. An error leaves both as they were.
pub(crate) fn record(
    status: &mut SendStatus,
    message: &Message,
    to: &mut Vec<Address>,
    (response, rate): (Response, Rate),
    now: i64,
) -> Result<(), Error> {
    if !response.is_success() {
        return Err(refusal(response, now));
    }
    let answer = match Answer::read(&response) {
        Ok(answer) => answer,
        Err(text) => return Err(unreadable(text, response)),
    };
    let message_id = response.header("x-message-id").filter(|id| !id.is_empty());
    if let (None, Some(bulk_id)) = (message_id, &answer.bulk_id) {
        let unknown = RecipientStatus::new(Status::Unknown, Some(format!("{BULK_PREFIX}{bulk_id}")));
        for address in &*to {
            status.set(address.clone(), unknown.clone());
        }
        status.push_bulk(BulkSend { id: bulk_id.clone(), recipients: std::mem::take(to) });
    } else {
        let usual = if message_id.is_some() { Status::Queued } else { Status::Failed };
        // Copies are sent with every request; they keep the status of the first.
        let first = status.responses().is_empty();
        for address in to.drain(..) {
            status.set(address, RecipientStatus::new(usual, message_id));
        }
        for copy in message.cc().iter().chain(message.bcc()).filter(|_| first) {
            status.set(copy.address().clone(), RecipientStatus::new(usual, message_id));
        }
        for address in answer.suppressed {
            status.set(address, RecipientStatus::new(Status::Rejected, None::<String>));
        }
    }
    // Held back by `send_paused` of the domain; seen on `/email` only.
    if response.header("x-send-paused").is_some_and(|paused| paused.eq_ignore_ascii_case("true")) {
        status.set_paused(true);
    }
    status.push_response(response, rate);
    Ok(())
}

/// Gives the recipients of copies their status after a bulk send. They get one with every request, so the first id
/// stands for all.
pub(crate) fn record_copies(status: &mut SendStatus, message: &Message) {
    let Some(first) = status.bulk().first() else { return };
    let unknown = RecipientStatus::new(Status::Unknown, Some(format!("{BULK_PREFIX}{}", first.id)));
    for mailbox in message.cc().iter().chain(message.bcc()) {
        if status.recipient(mailbox.address().as_str()).is_none() {
            status.set(mailbox.address().clone(), unknown.clone());
        }
    }
}

/// What the body of a success says.
#[derive(Default)]
struct Answer {
    bulk_id: Option<String>,
    suppressed: Vec<Address>,
}

impl Answer {
    fn read(response: &Response) -> Result<Self, String> {
        if !is_json(response) {
            return Ok(Self::default());
        }
        let body: Value = serde_json::from_slice(response.body())
            .map_err(|cause| format!("its body is not the JSON it is said to be: {cause}"))?;
        let Value::Object(body) = body else {
            return Err("its body is not a JSON object".to_owned());
        };
        let filled = |value: &&Value| !matches!(value, Value::Null) && !is_empty(value);
        if body.get("errors").as_ref().is_some_and(filled) {
            return Err("it reports errors, although it accepts the request".to_owned());
        }
        let mut suppressed = Vec::new();
        if let Some(warnings) = body.get("warnings").filter(filled) {
            let Value::Array(warnings) = warnings else {
                return Err("its warnings are no list".to_owned());
            };
            for warning in warnings {
                suppressed.extend(suppressed_by(warning)?);
            }
        }
        let bulk_id = match body.get("bulk_email_id") {
            Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        Ok(Self { bulk_id, suppressed })
    }
}

/// The addresses of a suppression warning. Reasons (`hard_bounced`, `blocklisted`, …) all mean the same here.
fn suppressed_by(warning: &Value) -> Result<Vec<Address>, String> {
    match warning.get("type").and_then(Value::as_str) {
        Some("SOME_SUPPRESSED" | "ALL_SUPPRESSED") => {}
        _ => return Err("it warns of something unknown".to_owned()),
    }
    let Some(Value::Array(recipients)) = warning.get("recipients") else {
        return Err("its warning has no recipients".to_owned());
    };
    recipients
        .iter()
        .map(|recipient| {
            let email = recipient
                .get("email")
                .and_then(Value::as_str)
                .ok_or("its warning has a recipient without an address")?;
            Ok(email.parse().map_err(|_| "a suppressed recipient is not an address")?)
        })
        .collect()
}

/// Whether the media type is JSON, whatever its case and parameters.
fn is_json(response: &Response) -> bool {
    let essence =
        |kind: &str| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json");
    response.header("content-type").is_some_and(essence)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// A success that cannot be understood. The request was obeyed all the same, so it must not be sent again unasked.
pub(crate) fn unreadable(text: impl Into<String>, response: Response) -> Error {
    let text = format!("{NAME} answered {}, and {}", line(response.status()), text.into());
    Error::new(ErrorKind::Unreadable, text)
        .with_remedy("look the message up at MailerSend before sending it again: it was probably accepted")
        .with_details(|details| {
            details.rate = rate(&response);
            details.response = Some(response);
        })
}

/// An answer other than 2xx.
pub(crate) fn refusal(response: Response, now: i64) -> Error {
    let body = Refusal::read(&response);
    let code = body.code();
    let published = code.as_deref().and_then(error_code::published);
    let rate = rate(&response);
    let kind = kind(response.status(), code.as_deref(), &rate);
    let mut text = format!("{NAME} answered {}", line(response.status()));
    if !body.sentence.is_empty() {
        text.push_str(": ");
        text.push_str(&mask(&body.sentence));
    }
    let retry = match kind {
        ErrorKind::RateLimited | ErrorKind::Maintenance => Some(Retry::Safe(rate.retry_after)),
        // Whether a daily 429 has a `retry-after` is not known; its reset is on every answer.
        ErrorKind::Quota => Some(Retry::Safe(rate.retry_after.or_else(|| {
            let left = rate.quota_reset?.saturating_sub(now);
            Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
        }))),
        _ => None,
    };
    let remedy = published.map(|code| code.remedy).or_else(|| usual_remedy(kind, response.status()));
    let mut error = Error::new(kind, text).with_details(|details| {
        details.meaning = published.map(|ErrorCode { meaning, .. }| *meaning);
        details.code = code;
        details.remedy = remedy.map(str::to_owned);
        details.fields = body.fields;
        details.rate = rate;
        details.response = Some(response);
    });
    if let Some(retry) = retry {
        error = error.with_retry(retry);
    }
    error
}

fn kind(status: u16, code: Option<&str>, rate: &Rate) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Unauthorized,
        // MailerSend describes 408 as a failure on its side, so the request may have been obeyed.
        408 => ErrorKind::Timeout,
        421 => ErrorKind::Maintenance,
        429 if code == Some("MS42901") => ErrorKind::Quota,
        // The code is in the documentation; should it be missing, an empty quota tells the two apart.
        429 if code.is_none() && rate.quota == Some(Quota::Left(0)) && rate.remaining != Some(0) => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Server,
        _ => ErrorKind::Rejected,
    }
}

fn usual_remedy(kind: ErrorKind, status: u16) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Unauthorized if status == 401 => "check MAILERSEND_API_TOKEN: it is wrong, or was deleted",
        ErrorKind::Unauthorized => "give the token full access to email, in the API token settings",
        ErrorKind::Quota => "wait for midnight UTC, or upgrade the plan",
        ErrorKind::RateLimited => "wait as long as the answer says",
        ErrorKind::Maintenance => "try again later",
        ErrorKind::Server | ErrorKind::Timeout => "look the message up at MailerSend before sending it again",
        _ if (300..400).contains(&status) => "check MAILERSEND_API_URL: redirections are not followed",
        _ if status == 404 => "check MAILERSEND_API_URL: there is nothing to post to",
        _ => return None,
    })
}

/// What the body of a refusal says, as far as it can be understood.
#[derive(Default)]
struct Refusal {
    sentence: String,
    fields: BTreeMap<String, Vec<String>>,
}

impl Refusal {
    fn read(response: &Response) -> Self {
        // JSON is tried whatever the content type says; a page of HTML from a proxy has nothing to tell.
        let Some(Value::Object(body)) = response.json() else { return Self::default() };
        let fields: BTreeMap<_, _> = match body.get("errors") {
            Some(Value::Object(errors)) => {
                errors.iter().map(|(path, texts)| (path.clone(), sentences(texts))).collect()
            }
            _ => BTreeMap::new(),
        };
        Self { sentence: sentence(&body, &fields), fields }
    }

    /// The code of the sentence, or of the first field that has one.
    fn code(&self) -> Option<String> {
        let of_fields = self.fields.values().flatten().map(String::as_str);
        std::iter::once(self.sentence.as_str()).chain(of_fields).find_map(error_code::in_sentence).map(str::to_owned)
    }
}

/// All field errors with their paths, since `message` names only the first of them; else `message`.
fn sentence(body: &Map<String, Value>, fields: &BTreeMap<String, Vec<String>>) -> String {
    const SHOWN: usize = 5;
    if fields.is_empty() {
        return body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let mut texts: Vec<String> =
        fields.iter().take(SHOWN).map(|(path, texts)| format!("{path}: {}", texts.join(" "))).collect();
    if fields.len() > SHOWN {
        texts.push(format!("and {} more fields", fields.len() - SHOWN));
    }
    texts.join("; ")
}

pub(crate) fn sentences(texts: &Value) -> Vec<String> {
    match texts {
        Value::Array(texts) => {
            texts.iter().map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned)).collect()
        }
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// A status code with its usual name.
fn line(status: u16) -> String {
    match http_reason(status) {
        Some(reason) => format!("{status} ({reason})"),
        None => status.to_string(),
    }
}

fn http_reason(status: u16) -> Option<&'static str> {
    reqwest::StatusCode::from_u16(status).ok()?.canonical_reason()
}

/// What the headers say about rate and quota. None of them is on every answer, and `x-ratelimit-reset` is documented
/// only.
pub(crate) fn rate(response: &Response) -> Rate {
    let number = |name: &str| response.header(name).and_then(|value| value.trim().parse::<i64>().ok());
    let count = |name: &str| number(name).and_then(|value| u64::try_from(value).ok());
    Rate {
        limit: count("x-ratelimit-limit"),
        remaining: count("x-ratelimit-remaining"),
        reset: number("x-ratelimit-reset"),
        // A wait of more than a century is nonsense like any other, and would overflow the caller's clock.
        retry_after: count("retry-after").and_then(|wait| Some(Duration::from_secs(u32::try_from(wait).ok()?.into()))),
        quota: number("x-apiquota-remaining").map(|left| u64::try_from(left).map_or(Quota::Unlimited, Quota::Left)),
        quota_reset: response
            .header("x-apiquota-reset")
            .and_then(|time| time.parse::<jiff::Timestamp>().ok())
            .map(jiff::Timestamp::as_second),
    }
}
