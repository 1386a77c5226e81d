//! What became of mails, as the activity API tells it.

use std::fmt;

use serde_json::Value;

use super::super::MailerSend;
use super::super::budget::Group;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Limits, Pages, Record};
use super::{Email, Span};
use crate::datetime::DateTime;
use crate::transport::Error;

const SCOPE: &str = "`activity_read` or `activity_full`";

/// Pages of the list (probed 2026-10).
pub(super) const LIMITS: Limits = Limits { most: 100, last: 1_000 };

/// Something that became of a mail.
#[derive(Clone)]
#[non_exhaustive]
pub struct Activity {
    /// MailerSend's id, the same that webhooks have.
    pub id: String,
    /// What happened, in this API's word: `delivered`, `soft_bounced`, `spam_complaints`.
    pub kind: String,
    /// When it happened.
    pub created_at: Option<DateTime>,
    /// When it changed last.
    pub updated_at: Option<DateTime>,
    /// The mail.
    pub email: Email,
    raw: Value,
}

impl Activity {
    /// The object as it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl Record for Activity {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        Self {
            id: fields.word("id"),
            kind: fields.word("type"),
            created_at: fields.date("created_at"),
            updated_at: fields.date("updated_at"),
            email: Email::read(fields.value("email").clone()),
            raw,
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Activity {
    /// Leaves out what names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("created_at", &self.created_at)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Which activities to list.
#[derive(Clone, Debug)]
#[must_use = "a filter asks nothing"]
pub struct ActivityFilter {
    span: Span,
    events: Vec<String>,
}

impl ActivityFilter {
    /// Every activity of this time, of which `to` must not be in the future. How far back there are any depends on the
    /// account's plan: 1 to 30 days.
    pub fn between(from: impl Into<DateTime>, to: impl Into<DateTime>) -> Self {
        Self::of(Span::new(from, to))
    }

    pub(super) fn of(span: Span) -> Self {
        Self { span, events: Vec::new() }
    }

    /// Of this kind, or another that is added: `queued`, `sent`, `delivered`, `soft_bounced`, `hard_bounced`,
    /// `deferred`, `opened`, `opened_unique`, `clicked`, `clicked_unique`, `unsubscribed`, `spam_complaints`,
    /// `survey_opened`, `survey_submitted`, `suppressed`. MailerSend refuses some of them on smaller plans.
    pub fn event(mut self, kind: impl Into<String>) -> Self {
        self.events.push(kind.into());
        self
    }
}

/// Asks about activities: see [`MailerSend::activities`].
#[derive(Debug, Clone, Copy)]
pub struct Activities<'m>(&'m MailerSend);

impl MailerSend {
    /// What became of mails.
    pub fn activities(&self) -> Activities<'_> {
        Activities(self)
    }
}

impl Activities<'_> {
    /// The activities of a domain, newest first. MailerSend allows ten pages a minute, together with emails, and 1,000
    /// pages of up to 100 in all.
    pub fn list(&self, domain_id: &str, filter: &ActivityFilter) -> Pages<Activity> {
        Pages::limited(self.0, question(domain_id, filter), LIMITS)
    }

    /// One activity.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<Activity, Error> {
        let question = Question::get(format!("activities/{}", path_id("activity_id", id)?)).scope(SCOPE);
        Ok(Activity::read(self.0.ask_data(&question).await?))
    }
}

pub(super) fn question(domain_id: &str, filter: &ActivityFilter) -> Result<Question, Error> {
    let path = format!("activity/{}", path_id("domain_id", domain_id)?);
    let question = filter.span.ask(Question::get(path).scope(SCOPE).group(Group::Activity));
    Ok(filter.events.iter().fold(question, |question, event| question.query("event[]", event)))
}
