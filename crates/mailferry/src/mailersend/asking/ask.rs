//! One question to the API: within the budget, and asked again when there were too many.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

use super::super::body::{Body, Segment};
use super::super::budget::{self, Group, Leave};
use super::super::client::{Client, Token};
use super::super::response::{self, refusal, unreadable};
use super::super::{MailerSend, builder};
use crate::message::{InvalidMessage, Problem};
use crate::transport::{Error, ErrorKind, Response, Retry};

/// How long a question waits for MailerSend's limits unless told otherwise: for two whole minutes of theirs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) const ASK_AGAIN: &str = "ask again later: nothing was sent by asking";

/// What to ask.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    group: Group,
    /// What a token needs for it.
    scope: &'static str,
    /// Whether it changes nothing when it is asked twice.
    repeatable: bool,
    /// What to do about a refusal of its fields.
    refused: Option<&'static str>,
}

impl Question {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            group: Group::Other,
            scope: "",
            repeatable: true,
            refused: None,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Makes something: asked twice, it may be there twice.
    pub(crate) fn create(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(body), repeatable: false, ..Self::new(Method::POST, path) }
    }

    /// Adds to a list on which nothing is twice.
    pub(crate) fn add(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }
    }

    pub(crate) fn put(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, path) }
    }

    pub(crate) fn delete(path: impl Into<String>, body: Option<Value>) -> Self {
        Self { body, ..Self::new(Method::DELETE, path) }
    }

    pub(crate) fn scope(self, scope: &'static str) -> Self {
        Self { scope, ..self }
    }

    pub(crate) fn group(self, group: Group) -> Self {
        Self { group, ..self }
    }

    pub(crate) fn refused(self, remedy: &'static str) -> Self {
        Self { refused: Some(remedy), ..self }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn query_some(self, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// What an error of sending means for a question. Whatever became of one that changes nothing when repeated, it may
    /// be asked again.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let status = error.status();
        let error = match error.retry() {
            Retry::Ambiguous if self.repeatable => error.with_retry(Retry::Safe(None)).with_remedy(ASK_AGAIN),
            Retry::Ambiguous => error.with_remedy("look whether it is there before creating it again"),
            Retry::Never | Retry::Safe(_) => error,
        };
        let lacks_scope = status == Some(403) && error.code().is_none_or(|code| code == "MS40301");
        let remedy: Option<Cow<'static, str>> = match status {
            Some(403) if lacks_scope && !self.scope.is_empty() => {
                Some(format!("give the token the scope {}, in the API token settings", self.scope).into())
            }
            Some(404) => Some("check the id, and that it belongs to the account of the token".into()),
            Some(422) => self.refused.map(Cow::from),
            _ => None,
        };
        match remedy {
            Some(remedy) => error.with_remedy(remedy),
            None => error,
        }
    }
}

impl MailerSend {
    /// The same with the token for this domain, or the nearest one above, as its only one; the general token where
    /// there is none. Questions are asked with the general token unless this is called, since an id does not tell whose
    /// it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there is no token for the domain.
    pub fn for_domain(&self, domain: &str) -> Result<Self, Error> {
        let key = builder::domain_key(domain);
        let own = key.as_deref().and_then(|key| self.token_of_domain(key));
        let token = own.or(self.token.as_ref()).ok_or_else(builder::no_token)?.clone();
        Ok(Self { token: Some(token), tokens: std::collections::BTreeMap::new(), ..self.clone() })
    }

    /// Asks with the general token, or with the first of the domains' where there is none.
    pub(super) async fn ask(&self, question: &Question) -> Result<Response, Error> {
        let token = self.token.as_ref().or_else(|| self.tokens.values().next()).ok_or_else(builder::no_token)?;
        self.ask_within(question, token, self.asking_patience).await
    }

    /// The same, for an answer that is a JSON object.
    pub(super) async fn ask_object(&self, question: &Question) -> Result<Value, Error> {
        let response = self.ask(question).await?;
        match response.json() {
            Some(body @ Value::Object(_)) => Ok(body),
            _ => Err(question.explain(unreadable("its body is not a JSON object", response))),
        }
    }

    /// The same, for what the answer has as `data`, which is an object.
    pub(super) async fn ask_data(&self, question: &Question) -> Result<Value, Error> {
        let response = self.ask(question).await?;
        match response.json() {
            Some(Value::Object(mut body)) if body.get("data").is_some_and(Value::is_object) => {
                Ok(body.remove("data").unwrap_or_default())
            }
            _ => Err(question.explain(unreadable("its body has no object `data`", response))),
        }
    }

    /// Asks within the budget, and again when MailerSend says that there were too many: at most a few times, and not
    /// longer than `patience` in all.
    pub(in super::super) async fn ask_within(
        &self,
        question: &Question,
        token: &Token,
        patience: Duration,
    ) -> Result<Response, Error> {
        let begun = tokio::time::Instant::now();
        let patient = |wait: Duration| begun.elapsed().saturating_add(wait) <= patience;
        let mut attempt = 0;
        loop {
            match token.turn(question.group, &self.clock, patience.saturating_sub(begun.elapsed())).await {
                Leave::Go => {}
                Leave::Wait(wait) => return Err(impatient(wait)),
                Leave::Spent(left) => return Err(spent(left)),
            }
            let error = match self.client.send(self.call_of(question, token)?).await {
                Ok(response) => {
                    let now = self.clock.unix();
                    token.learn(question.group, &response::rate(&response), now);
                    if response.is_success() {
                        return Ok(response);
                    }
                    refusal(response, now)
                }
                Err(error) => error,
            };
            let error = question.explain(error);
            match budget::repeat_after(error.retry(), attempt) {
                Some(wait) if error.kind() == ErrorKind::RateLimited && patient(wait) => {
                    tracing::debug!(seconds = wait.as_secs(), "asking again after too many requests");
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                _ => return Err(error),
            }
        }
    }

    fn call_of(&self, question: &Question, token: &Token) -> Result<super::super::client::Call, Error> {
        let mut url = self.client.url(&question.path)?;
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&question.query);
        }
        let body = question.body.as_ref().map(|body| Body::new(vec![Segment::Plain(Bytes::from(body.to_string()))]));
        Ok(Client::call(question.method.clone(), url, token, body))
    }
}

fn impatient(wait: Duration) -> Error {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let text = format!("the minute's requests are used up for {seconds} s more, longer than a question may wait");
    Error::new(ErrorKind::RateLimited, text)
        .with_retry(Retry::Safe(Some(wait)))
        .with_remedy("ask again then, or raise `asking_patience`")
}

fn spent(left: Duration) -> Error {
    Error::new(ErrorKind::Quota, "the day's requests are used up, as the last answer said")
        .with_retry(Retry::Safe(Some(left)))
        .with_remedy("wait for midnight UTC, or upgrade the plan; asking for the quota itself looks anew")
}

/// An id as a piece of a path, which it must not lead out of.
pub(crate) fn path_id<'i>(field: &'static str, id: &'i str) -> Result<&'i str, Error> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        let text = "not one of MailerSend's ids: they have letters and digits only";
        return Err(InvalidMessage::new(vec![Problem::new(field, text, "")]).into());
    }
    Ok(id)
}
