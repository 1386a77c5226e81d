//! Results as JSON: the contract that scripts rely on.

use std::collections::BTreeMap;

use mailferry::Address;
use mailferry::transport::{
    BulkSend, Error, Finding, MessageId, Rate, RecipientStatus, Response, Retry, SendStatus, Status,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What became of one message.
#[derive(Debug, Serialize)]
pub(crate) struct Sent<'a> {
    status: Vec<&'static str>,
    message_id: Ids<'a>,
    recipients: Recipients<'a>,
    dropped: Vec<String>,
    rate: Limits,
    response: Option<Answer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bulk: Vec<Bulk<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Found<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
}

impl<'a> Sent<'a> {
    pub(crate) fn new(status: &'a SendStatus) -> Self {
        Self {
            status: status.statuses().into_iter().map(Status::as_str).collect(),
            message_id: Ids(status.message_id()),
            recipients: Recipients(status),
            dropped: status.dropped().iter().map(ToString::to_string).collect(),
            rate: Limits::new(status.rate()),
            response: status.response().map(Answer::new),
            bulk: status.bulk().iter().map(Bulk::new).collect(),
            warnings: status.warnings().iter().map(Found::new).collect(),
            paused: status.is_paused(),
        }
    }
}

/// The id, a list of several, or null.
#[derive(Debug)]
struct Ids<'a>(MessageId<'a>);

impl Serialize for Ids<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            MessageId::None => serializer.serialize_none(),
            MessageId::One(id) => id.serialize(serializer),
            MessageId::Many(ids) => ids.serialize(serializer),
        }
    }
}

/// Recipients in the message's order, which a JSON value would sort.
#[derive(Debug)]
struct Recipients<'a>(&'a SendStatus);

impl Serialize for Recipients<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.recipients().map(|(address, status)| (address.as_str(), Recipient::new(status))))
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Recipient<'a> {
    status: &'static str,
    message_id: Option<&'a str>,
}

impl<'a> Recipient<'a> {
    pub(crate) fn new(status: &'a RecipientStatus) -> Self {
        Self { status: status.status.as_str(), message_id: status.message_id.as_deref() }
    }
}

#[derive(Debug, Serialize)]
struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Limits {
    fn new(rate: &Rate) -> Self {
        Self { limit: rate.limit, remaining: rate.remaining, retry_after: rate.retry_after.map(|wait| wait.as_secs()) }
    }
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    status: u16,
    headers: BTreeMap<&'a str, String>,
    body: Value,
}

impl<'a> Answer<'a> {
    fn new(response: &'a Response) -> Self {
        let mut headers: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in response.headers() {
            headers
                .entry(name)
                .and_modify(|all| {
                    all.push_str(", ");
                    all.push_str(value);
                })
                .or_insert_with(|| value.to_owned());
        }
        let text = || Value::from(String::from_utf8_lossy(response.body()));
        Self { status: response.status(), headers, body: response.json().unwrap_or_else(text) }
    }
}

/// A bulk request: what `bulk status --sent` needs to know.
#[derive(Debug, Serialize)]
struct Bulk<'a> {
    id: &'a str,
    recipients: Vec<&'a str>,
}

impl<'a> Bulk<'a> {
    fn new(bulk: &'a BulkSend) -> Self {
        Self { id: &bulk.id, recipients: bulk.recipients.iter().map(Address::as_str).collect() }
    }
}

/// A pre-flight finding.
#[derive(Debug, Serialize)]
pub(crate) struct Found<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    pub(crate) remedy: &'a str,
    pub(crate) severity: &'static str,
}

impl<'a> Found<'a> {
    pub(crate) fn new(finding: &'a Finding) -> Self {
        Self {
            path: finding.path(),
            text: finding.text(),
            remedy: finding.remedy(),
            severity: if finding.is_limit() { "error" } else { "warning" },
        }
    }
}

/// Why something failed; with what is known of the recipients all the same.
#[derive(Debug, Serialize)]
pub(crate) struct Failed<'a> {
    error: Failing<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a str>,
    #[serde(flatten)]
    sent: Option<Sent<'a>>,
}

#[derive(Debug, Serialize)]
struct Failing<'a> {
    kind: &'static str,
    message: String,
    retry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
}

impl<'a> Failed<'a> {
    /// `place` says which of several messages it was.
    pub(crate) fn new(place: Option<&'a str>, error: &'a Error) -> Self {
        let mut fields: BTreeMap<&str, Vec<&str>> = error
            .fields()
            .iter()
            .map(|(path, texts)| (path.as_str(), texts.iter().map(String::as_str).collect()))
            .collect();
        let problems = error.problems().iter().map(|problem| (problem.path(), problem.text()));
        let findings = error.preflight().iter().map(|finding| (finding.path(), finding.text()));
        for (path, text) in problems.chain(findings) {
            fields.entry(path).or_default().push(text);
        }
        let retry_after = match error.retry() {
            Retry::Safe(after) => after.map(|wait| wait.as_secs()),
            Retry::Never | Retry::Ambiguous => None,
        };
        Self {
            error: Failing {
                kind: error.kind().as_str(),
                message: error.to_string(),
                retry: error.retry().as_str(),
                retry_after,
                http_status: error.status(),
                code: error.code(),
                remedy: error.remedy(),
                fields,
                features: error.features().iter().map(ToString::to_string).collect(),
            },
            input: place,
            sent: error.send_status().map(Sent::new),
        }
    }
}
