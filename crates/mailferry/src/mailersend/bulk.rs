//! What became of a bulk send: MailerSend looks at it later, so it is asked.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::asking::{self, Question};
use super::client::Token;
use super::response::{BULK_PREFIX, unreadable};
use super::{MailerSend, budget, builder};
use crate::address::Address;
use crate::transport::{BulkSend, Error, ErrorKind, Rate, RecipientStatus, Response, Retry, SendStatus, Status};

/// How far MailerSend has come with a bulk send.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkState {
    /// Not looked at yet.
    Queued,
    /// Every object has been accepted or refused.
    Completed,
    /// Another word. Only the two above have been seen, and `failed` would be as final as `completed`.
    Other(String),
}

impl BulkState {
    /// MailerSend's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Queued => "queued",
            Self::Completed => "completed",
            Self::Other(word) => word,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed) || self.as_str() == "failed"
    }
}

/// The state of a bulk send, from `GET /v1/bulk-email/{id}`.
#[derive(Clone)]
pub struct BulkStatus {
    /// MailerSend's id of the bulk send.
    pub id: String,
    /// How far it has come.
    pub state: BulkState,
    /// Recipients of all objects together, copies included.
    pub total: u64,
    /// How many of them are on a suppression list.
    pub suppressed_count: u64,
    /// How many objects were refused.
    pub error_count: u64,
    /// The messages made of it, in MailerSend's order: one for each object that was accepted.
    pub message_ids: Vec<String>,
    /// What was wrong with refused objects: by the object's place in the request, by the path of the field.
    pub problems: BTreeMap<usize, BTreeMap<String, Vec<String>>>,
    suppressed: Value,
    response: Response,
    rate: Rate,
}

impl fmt::Debug for BulkStatus {
    /// Leaves out what may name people: suppressed recipients and the sentences about wrong fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkStatus")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("total", &self.total)
            .field("suppressed_count", &self.suppressed_count)
            .field("error_count", &self.error_count)
            .field("message_ids", &self.message_ids)
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}

/// How long to ask for a bulk send's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkWait {
    /// Give up after this.
    pub at_most: Duration,
}

impl Default for BulkWait {
    /// Ten minutes. MailerSend names no time; one object was seen to take a second.
    fn default() -> Self {
        Self { at_most: Duration::from_mins(10) }
    }
}

impl MailerSend {
    /// Asks for the state of a bulk send, by its id with or without the `bulk:` in front.
    ///
    /// Only the account that sent it knows it. With several tokens, each is asked with in turn: the general one first. A
    /// message that brought its own token in `esp_extra` must be asked for by a `MailerSend` with that token.
    ///
    /// # Errors
    ///
    /// As MailerSend answers: an unknown id is [`ErrorKind::Rejected`] with status 404.
    pub async fn bulk_status(&self, id: &str) -> Result<BulkStatus, Error> {
        self.bulk_status_within(id, self.asking_patience).await
    }

    async fn bulk_status_within(&self, id: &str, patience: Duration) -> Result<BulkStatus, Error> {
        let id = asking::path_id("bulk_email_id", bare_id(id))?;
        let question = Question::get(format!("bulk-email/{id}")).scope("email_full");
        let mut outcome = Err(builder::no_token());
        let mut asked: Vec<&Token> = Vec::new();
        for token in self.token.iter().chain(self.tokens.values()) {
            if asked.iter().any(|known| known.is(token)) {
                continue;
            }
            asked.push(token);
            outcome = match self.ask_within(&question, token, patience).await {
                Ok(response) => BulkStatus::read(response).map_err(|error| question.explain(error)),
                Err(error) => Err(error),
            };
            let unknown = outcome.as_ref().err().and_then(Error::status).is_some_and(|status| status == 404);
            if !unknown {
                break;
            }
        }
        outcome
    }

    /// Asks for the state of a bulk send until it is final, ever more rarely, and within the rate limit. A 429, a 5xx
    /// or a lost answer is asked again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] when it is not final in time, which says nothing about the send; else as
    /// [`bulk_status`](Self::bulk_status).
    pub async fn bulk_wait(&self, id: &str, wait: BulkWait) -> Result<BulkStatus, Error> {
        let begun = tokio::time::Instant::now();
        let mut attempt = 0;
        loop {
            let patience = self.asking_patience.min(wait.at_most.saturating_sub(begun.elapsed()));
            let (outcome, pause) = match self.bulk_status_within(id, patience).await {
                Ok(status) if status.state.is_final() => return Ok(status),
                Ok(status) => {
                    let pause = budget::poll_after(attempt, status.rate(), self.clock.unix());
                    (format!("is `{}`", status.state.as_str()), pause)
                }
                Err(error) => match error.retry() {
                    Retry::Safe(after) => {
                        let usual = budget::poll_after(attempt, error.rate(), self.clock.unix());
                        (format!("could not be asked for: {error}"), after.unwrap_or(usual).max(usual))
                    }
                    Retry::Never | Retry::Ambiguous => return Err(error),
                },
            };
            // No sum of instants, which overflows where somebody means "for ever".
            if begun.elapsed().saturating_add(pause) > wait.at_most {
                let text = format!("after {} s the bulk send {outcome}", wait.at_most.as_secs());
                return Err(Error::new(ErrorKind::Timeout, text)
                    .with_retry(Retry::Safe(Some(pause)))
                    .with_remedy(asking::ASK_AGAIN));
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }
}

impl BulkStatus {
    pub(crate) fn read(response: Response) -> Result<Self, Error> {
        let rate = super::response::rate(&response);
        let Some(Value::Object(mut body)) = response.json() else {
            return Err(unreadable("its body is not a JSON object", response));
        };
        let Some(Value::Object(mut data)) = body.remove("data") else {
            return Err(unreadable("its body has no object `data`", response));
        };
        let count = |name: &str| data.get(name).and_then(Value::as_u64).unwrap_or(0);
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            id: text("id"),
            state: match text("state").as_str() {
                "queued" => BulkState::Queued,
                "completed" => BulkState::Completed,
                other => BulkState::Other(other.to_owned()),
            },
            total: count("total_recipients_count"),
            suppressed_count: count("suppressed_recipients_count"),
            error_count: count("validation_errors_count"),
            message_ids: data.get("messages_id").map(message_ids).unwrap_or_default(),
            problems: data.get("validation_errors").map(problems).unwrap_or_default(),
            suppressed: data.remove("suppressed_recipients").unwrap_or_default(),
            response,
            rate,
        })
    }

    /// The addresses MailerSend reports as suppressed. The form of the report is not documented, so every text in it
    /// that is an address counts.
    pub fn suppressed(&self) -> Vec<Address> {
        let mut found = Vec::new();
        collect_addresses(&self.suppressed, &mut found);
        found
    }

    /// MailerSend's answer as it came.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// What the answer said about rate and quota.
    pub fn rate(&self) -> &Rate {
        &self.rate
    }

    /// What is now known of the recipients of a send: `queued` with the message's id, `rejected` when suppressed,
    /// `failed` when the object was refused. A send that has not come to its end, or to another one than `completed`,
    /// leaves the rest `unknown`, and so do the recipients of copies, who get one with every object.
    ///
    /// Message ids come without saying whose they are. They are taken to be in the order of the accepted objects, and
    /// only when there are exactly as many as those; otherwise the recipients stay without an id.
    #[must_use]
    pub fn resolve(&self, sent: &SendStatus) -> SendStatus {
        let mut resolved = sent.clone();
        let Some(bulk) = sent.bulk().iter().find(|bulk| bulk.id == self.id) else { return resolved };
        if !self.state.is_final() {
            return resolved;
        }
        for (address, status) in self.outcomes(bulk) {
            if status.status != Status::Queued || self.state == BulkState::Completed {
                resolved.set(address, status);
            }
        }
        resolved
    }

    /// What became of each `to` recipient of a bulk request.
    fn outcomes(&self, bulk: &BulkSend) -> Vec<(Address, RecipientStatus)> {
        let suppressed: HashSet<_> = self.suppressed().iter().map(|address| address.key().into_owned()).collect();
        let is_suppressed = |address: &Address| suppressed.contains(address.key().as_ref());
        let accepted = |index: &usize, address: &Address| !self.problems.contains_key(index) && !is_suppressed(address);
        let objects = || bulk.recipients.iter().enumerate();
        let expected = objects().filter(|(index, address)| accepted(index, address)).count();
        let mut ids = if self.message_ids.len() == expected { self.message_ids.as_slice() } else { &[] }.iter();
        objects()
            .map(|(index, address)| {
                let status = if self.problems.contains_key(&index) {
                    RecipientStatus::new(Status::Failed, None::<String>)
                } else if is_suppressed(address) {
                    RecipientStatus::new(Status::Rejected, None::<String>)
                } else {
                    RecipientStatus::new(Status::Queued, ids.next())
                };
                (address.clone(), status)
            })
            .collect()
    }
}

/// A bulk send's id, with or without the prefix that a message id of it has.
pub(crate) fn bare_id(id: &str) -> &str {
    id.strip_prefix(BULK_PREFIX).unwrap_or(id)
}

/// Message ids, which were seen as null, and are documented as an array and as a text that looks like a list
/// (`['a', 'b']`).
fn message_ids(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(message_ids).collect(),
        Value::String(text) => text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// Validation errors, keyed `message.0` by the place of the object.
fn problems(value: &Value) -> BTreeMap<usize, BTreeMap<String, Vec<String>>> {
    let mut problems = BTreeMap::new();
    for (key, fields) in value.as_object().into_iter().flatten() {
        let Some(index) = key.rsplit('.').next().and_then(|index| index.parse().ok()) else { continue };
        let fields = fields.as_object().into_iter().flatten();
        problems.insert(index, fields.map(|(path, texts)| (path.clone(), super::response::sentences(texts))).collect());
    }
    problems
}

fn collect_addresses(value: &Value, found: &mut Vec<Address>) {
    match value {
        Value::String(text) => found.extend(text.parse::<Address>()),
        Value::Array(items) => items.iter().for_each(|item| collect_addresses(item, found)),
        Value::Object(members) => {
            for (key, value) in members {
                found.extend(key.parse::<Address>());
                collect_addresses(value, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(data: &Value) -> BulkStatus {
        BulkStatus::read(Response::new(200, Vec::new(), json!({"data": data}).to_string())).unwrap()
    }

    fn sent(id: &str, to: &[&str]) -> SendStatus {
        let recipients: Vec<Address> = to.iter().map(|address| address.parse().unwrap()).collect();
        let mut sent = SendStatus::default();
        for address in &recipients {
            sent.set(address.clone(), RecipientStatus::new(Status::Unknown, Some(format!("bulk:{id}"))));
        }
        sent.push_bulk(BulkSend { id: id.to_owned(), recipients });
        sent
    }

    /// BAT-09
    #[test]
    fn an_outcome_is_mapped_back_to_recipients() {
        let status = status(&json!({
            "id": "b1", "state": "completed", "total_recipients_count": 4,
            "suppressed_recipients_count": 1, "suppressed_recipients": {"m9": ["Bob@two.example"]},
            "validation_errors_count": 1,
            "validation_errors": {"message.2": {"to.0.email": ["The to.0.email must be a valid email address. #MS42208"]}},
            "messages_id": ["m1", "m4"],
        }));
        let resolved =
            status.resolve(&sent("b1", &["ann@one.example", "bob@two.example", "c@three.example", "d@four.example"]));
        let expected = [
            ("ann@one.example", Status::Queued, Some("m1")),
            ("bob@two.example", Status::Rejected, None),
            ("c@three.example", Status::Failed, None),
            ("d@four.example", Status::Queued, Some("m4")),
        ];
        for (address, status, id) in expected {
            assert_eq!(resolved.recipient(address), Some(&RecipientStatus::new(status, id)), "{address}");
        }
    }

    #[test]
    fn a_bulk_send_that_failed_queued_nobody() {
        let status = status(&json!({
            "id": "b1", "state": "failed", "validation_errors": {"message.1": {"to.0.email": ["No."]}},
        }));
        let resolved = status.resolve(&sent("b1", &["a@one.example", "b@two.example"]));
        let words: Vec<_> = resolved.recipients().map(|(_, recipient)| recipient.status).collect();
        assert_eq!(words, [Status::Unknown, Status::Failed]);
    }

    #[test]
    fn ids_that_cannot_be_told_apart_are_not_guessed() {
        let status = status(&json!({"id": "b1", "state": "completed", "messages_id": ["m1"]}));
        let resolved = status.resolve(&sent("b1", &["a@one.example", "b@two.example"]));
        assert!(
            resolved
                .recipients()
                .all(|(_, recipient)| *recipient == RecipientStatus::new(Status::Queued, None::<String>))
        );
    }

    #[test]
    fn message_ids_are_read_in_every_documented_form() {
        for (value, expected) in [
            (json!(null), vec![]),
            (json!("['61487a14608b1d0b4d506633']"), vec!["61487a14608b1d0b4d506633"]),
            (json!(["a1", "b2"]), vec!["a1", "b2"]),
            (json!("a1,b2"), vec!["a1", "b2"]),
        ] {
            assert_eq!(message_ids(&value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_under_way_stays_unknown() {
        let status = status(&json!({"id": "b1", "state": "queued", "messages_id": null}));
        let resolved = status.resolve(&sent("b1", &["a@one.example"]));
        assert_eq!(resolved.recipient("a@one.example").unwrap().status, Status::Unknown);
    }
}
