//! What became of a message: the service's word for each recipient, and its answer as it came.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::{Feature, Finding};
use crate::address::Address;
use crate::message::Message;

/// What is known of one recipient after a send. Whether the mail arrived is only ever known from a later event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The service has sent it on to the recipient's mail server.
    Sent,
    /// The service will try to send it.
    Queued,
    /// The address is not valid.
    Invalid,
    /// The service will not send to this recipient, who is on a suppression list.
    Rejected,
    /// The attempt failed for another reason.
    Failed,
    /// Not known yet: ask the service later, or wait for its event.
    Unknown,
}

impl Status {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Queued => "queued",
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the recipient is refused for good.
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::Invalid | Self::Rejected)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The status of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientStatus {
    /// What is known.
    pub status: Status,
    /// The service's id of the message this recipient gets; its events name it. `None` when there is none, as for a
    /// recipient who was refused.
    pub message_id: Option<String>,
}

impl RecipientStatus {
    /// A status with or without an id.
    pub fn new(status: Status, message_id: Option<impl Into<String>>) -> Self {
        Self { status, message_id: message_id.map(Into::into) }
    }
}

/// The id or ids of a sent message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageId<'a> {
    /// No recipient has one.
    None,
    /// All recipients that have an id have this one.
    One(&'a str),
    /// Several, sorted.
    Many(Vec<&'a str>),
}

/// What became of a message.
///
/// ```
/// use mailferry::transport::{RecipientStatus, SendStatus, Status};
///
/// let mut status = SendStatus::default();
/// status.set("Ann@Bücher.example".parse()?, RecipientStatus::new(Status::Queued, Some("id-1")));
/// assert_eq!(status.recipient("ann@xn--bcher-kva.example").unwrap().status, Status::Queued);
/// # Ok::<(), mailferry::address::InvalidAddress>(())
/// ```
#[derive(Clone, Default)]
pub struct SendStatus {
    recipients: Vec<(Address, RecipientStatus)>,
    /// Where each recipient is, by the address's key. Empty up to `FEW` recipients, who are found sooner one by one.
    places: HashMap<String, usize>,
    dropped: Vec<Feature>,
    warnings: Vec<Finding>,
    rate: Rate,
    bulk: Vec<BulkSend>,
    responses: Vec<Response>,
    paused: bool,
}

/// Up to how many recipients no index is kept.
const FEW: usize = 16;

/// One bulk request that a message was sent with.
#[derive(Clone, PartialEq, Eq)]
pub struct BulkSend {
    /// The service's id of the request, without any prefix.
    pub id: String,
    /// The `to` recipient of each object in the request, in its order.
    pub recipients: Vec<Address>,
}

impl fmt::Debug for BulkSend {
    /// Leaves the addresses out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, recipients } = self;
        f.debug_struct("BulkSend").field("id", id).field("recipients", &recipients.len()).finish()
    }
}

impl SendStatus {
    /// The same status for every recipient of a message.
    pub fn uniform(message: &Message, status: Status, message_id: Option<&str>) -> Self {
        let mut all = Self::default();
        for mailbox in message.recipients() {
            all.set(mailbox.address().clone(), RecipientStatus::new(status, message_id));
        }
        all
    }

    /// Sets the status of a recipient. One who is there already, in whatever spelling, keeps place and spelling.
    pub fn set(&mut self, address: Address, status: RecipientStatus) {
        if self.recipients.len() == FEW && self.places.is_empty() {
            let keys = self.recipients.iter().map(|(address, _)| address.key().into_owned());
            self.places = keys.zip(0..).collect();
        }
        let known = if self.recipients.len() < FEW {
            self.place(&address)
        } else {
            match self.places.entry(address.key().into_owned()) {
                Entry::Occupied(place) => Some(*place.get()),
                Entry::Vacant(place) => {
                    place.insert(self.recipients.len());
                    None
                }
            }
        };
        match known.and_then(|place| self.recipients.get_mut(place)) {
            Some((_, known)) => *known = status,
            None => self.recipients.push((address, status)),
        }
    }

    /// Makes room for this many more recipients.
    pub(crate) fn reserve(&mut self, recipients: usize) {
        self.recipients.reserve(recipients);
        if self.recipients.len() + recipients > FEW {
            self.places.reserve(recipients);
        }
    }

    fn place(&self, address: &Address) -> Option<usize> {
        if self.places.is_empty() {
            self.recipients.iter().position(|(known, _)| known.matches(address))
        } else {
            self.places.get(address.key().as_ref()).copied()
        }
    }

    /// Adds what became of other recipients, as of the further requests of one message.
    pub fn join(&mut self, other: SendStatus) {
        let SendStatus { recipients, places: _, dropped, warnings, rate, bulk, responses, paused } = other;
        for (address, status) in recipients {
            self.set(address, status);
        }
        self.dropped.extend(dropped);
        self.warnings.extend(warnings);
        self.rate = rate;
        self.bulk.extend(bulk);
        self.responses.extend(responses);
        self.paused |= paused;
    }

    /// The set of statuses over all recipients; empty when nothing was sent.
    pub fn statuses(&self) -> BTreeSet<Status> {
        self.recipients.iter().map(|(_, recipient)| recipient.status).collect()
    }

    /// The id or ids; recipients without one do not count.
    pub fn message_id(&self) -> MessageId<'_> {
        let ids: BTreeSet<&str> =
            self.recipients.iter().filter_map(|(_, recipient)| recipient.message_id.as_deref()).collect();
        let mut ids: Vec<&str> = ids.into_iter().collect();
        match ids.len() {
            0 => MessageId::None,
            1 => ids.pop().map_or(MessageId::None, MessageId::One),
            _ => MessageId::Many(ids),
        }
    }

    /// Every recipient with their status, in the message's order: `to`, `cc`, `bcc`.
    pub fn recipients(&self) -> impl ExactSizeIterator<Item = (&Address, &RecipientStatus)> {
        self.recipients.iter().map(|(address, status)| (address, status))
    }

    /// The status of one recipient, by any spelling of the address: case and the form of an international domain do
    /// not matter.
    pub fn recipient(&self, address: &str) -> Option<&RecipientStatus> {
        let address: Address = address.parse().ok()?;
        self.recipients.get(self.place(&address)?).map(|(_, status)| status)
    }

    /// Whether no recipient has a status: the message had none, and nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.recipients.is_empty()
    }

    /// Whether the service refused every recipient.
    pub fn is_refused(&self) -> bool {
        !self.recipients.is_empty() && self.recipients.iter().all(|(_, recipient)| recipient.status.is_refused())
    }

    /// What the service cannot express and was left out, because the transport was told to ignore it.
    pub fn dropped(&self) -> &[Feature] {
        &self.dropped
    }

    /// What the pre-flight found and let through.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// What the answer said about rate and quota.
    pub fn rate(&self) -> &Rate {
        &self.rate
    }

    /// The bulk requests the message was sent with; empty for any other send.
    pub fn bulk(&self) -> &[BulkSend] {
        &self.bulk
    }

    /// The service's answer as it came; the last one when the message took several requests.
    pub fn response(&self) -> Option<&Response> {
        self.responses.last()
    }

    /// Every answer, in order.
    pub fn responses(&self) -> &[Response] {
        &self.responses
    }

    /// Whether the service accepted the message and holds it back, because sending is paused for the domain.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Notes what was left out.
    pub fn set_dropped(&mut self, dropped: Vec<Feature>) {
        self.dropped = dropped;
    }

    /// Notes what the pre-flight let through.
    pub fn set_warnings(&mut self, warnings: Vec<Finding>) {
        self.warnings = warnings;
    }

    /// Notes a bulk request.
    pub fn push_bulk(&mut self, bulk: BulkSend) {
        self.bulk.push(bulk);
    }

    /// Notes that the service holds the message back.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Notes an answer and what it says about the rate.
    pub fn push_response(&mut self, response: Response, rate: Rate) {
        self.responses.push(response);
        self.rate = rate;
    }
}

impl fmt::Debug for SendStatus {
    /// Leaves the addresses out, as `Display` does: it ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<_> = self.recipients.iter().map(|(_, recipient)| recipient).collect();
        f.debug_struct("SendStatus")
            .field("recipients", &statuses)
            .field("dropped", &self.dropped)
            .field("warnings", &self.warnings.len())
            .field("rate", &self.rate)
            .field("bulk", &self.bulk)
            .field("responses", &self.responses)
            .field("paused", &self.paused)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SendStatus {
    /// One line for a log: statuses, ids and the number of recipients, without their addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.statuses().into_iter().map(Status::as_str).collect();
        write!(f, "{}", if words.is_empty() { "nothing sent".to_owned() } else { words.join(", ") })?;
        match self.message_id() {
            MessageId::None => {}
            MessageId::One(id) => write!(f, ", id {id}")?,
            MessageId::Many(ids) => write!(f, ", {} ids", ids.len())?,
        }
        match self.recipients.len() {
            0 => Ok(()),
            1 => f.write_str(", 1 recipient"),
            count => write!(f, ", {count} recipients"),
        }
    }
}

/// What a service's answer said about its limits. Every figure is optional: a service may leave any of them out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rate {
    /// Requests allowed a minute.
    pub limit: Option<u64>,
    /// Requests left in this minute.
    pub remaining: Option<u64>,
    /// When the minute's count starts anew, in Unix seconds.
    pub reset: Option<i64>,
    /// How long to wait before the next request.
    pub retry_after: Option<Duration>,
    /// Requests left today.
    pub quota: Option<Quota>,
    /// When the day's count starts anew, in Unix seconds.
    pub quota_reset: Option<i64>,
}

/// How many requests are left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// This many.
    Left(u64),
    /// As many as wanted.
    Unlimited,
}

/// A service's answer as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    /// Names and values, one after the other.
    headers: String,
    /// Where each header's name and value end in `headers`.
    ends: Vec<(usize, usize)>,
    body: Bytes,
}

impl Response {
    /// An answer with these parts. Header values that are not text have been made so, with U+FFFD for what was not.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: impl Into<Bytes>) -> Self {
        Self::with_headers(status, headers.into_iter(), body.into())
    }

    /// The same without a text for each part: an answer is kept with every message sent.
    pub(crate) fn with_headers(
        status: u16,
        headers: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
        body: Bytes,
    ) -> Self {
        /// Bytes of a usual header.
        const USUAL: usize = 48;
        let mut response = Self {
            status,
            headers: String::with_capacity(headers.size_hint().0 * USUAL),
            ends: Vec::with_capacity(headers.size_hint().0),
            body,
        };
        for (name, value) in headers {
            response.headers.push_str(name.as_ref());
            let name = response.headers.len();
            response.headers.push_str(value.as_ref());
            response.ends.push((name, response.headers.len()));
        }
        response
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |from: usize, to: usize| self.headers.get(from..to).unwrap_or_default();
        self.ends.iter().scan(0, move |start, &(name, value)| {
            let header = (text(*start, name), text(name, value));
            *start = value;
            Some(header)
        })
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON, whatever the content type says.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl fmt::Debug for Response {
    /// Leaves headers and body out, since they may name people and repeat secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
