//! Asking MailerSend instead of being told: what became of mails, and everything the account has.
//!
//! Each kind of thing has a method of [`MailerSend`](super::MailerSend) that leads to its questions:
//!
//! | method | about | token's scope |
//! |---|---|---|
//! | `activities()` | what became of mails | `activity_read` |
//! | `emails()` | mails, one for each recipient | `activity_read` or `email_full` |
//! | `messages()` | messages as they were taken | `activity_read` or `email_full` |
//! | `schedules()` | messages for later | `email_full` |
//! | `suppressions(list)` | whom MailerSend does not send to | `suppressions_read`, `suppressions_full` |
//! | `recipients()` | whom it has sent to | `recipients_read`, `recipients_full` |
//! | `templates()` | templates | `templates_full` |
//! | `webhooks()` | where it posts events | `webhooks_full` |
//! | `inbound_routes()` | where mails that arrive go | `inbounds_full` |
//! | `domains()` | domains | `domains_read`, `domains_full` |
//! | `api_quota()` | how many requests are left | none |
//! | `backfill(…)` | events that no webhook told | `activity_read`, `domains_read` |
//! | `checkup(…)` | whether all that is set up as it should be | whatever is to be looked at |
//!
//! Every question goes through one budget for each token. It knows the documented limits of a minute, learns from the
//! answers what really is left, and waits rather than be refused, first come first served, but never longer than
//! [`asking_patience`](super::MailerSendBuilder::asking_patience). What is refused as too much is asked again within
//! it. What is sent waits for nothing, as ever, and is counted.
//!
//! Errors are those of sending, except that a question whose answer was lost may be asked again: nothing is sent by
//! asking. Where that is not so, the method says it.
//!
//! Objects are read leniently: what is missing or odd is left out, words that are not known are kept, and `raw()` has
//! the whole object, only without secrets. Their `Debug` leaves out what names people.

mod activity;
mod ask;
mod backfill;
mod checkup;
mod domains;
mod emails;
mod fields;
mod flow;
mod inbound_routes;
mod items;
mod messages;
mod page;
mod quota;
mod recipients;
mod schedules;
mod suppressions;
mod templates;
mod turn;
mod webhooks;
mod windows;

use std::fmt;

use serde_json::Value;

use crate::datetime::DateTime;

pub use activity::{Activities, Activity, ActivityFilter};
pub use backfill::{Backfill, Gap, GapReason};
pub use checkup::{Checkup, CheckupOptions, Diagnosis, Level};
pub use domains::{Domain, DomainName, Domains};
pub use emails::{Email, EmailFilter, Emails};
pub use inbound_routes::{Catching, Condition, Forward, InboundRoute, InboundRouteSettings, InboundRoutes, Matching};
pub use messages::{Messages, SentMessage};
pub use page::{Pages, Record};
pub use quota::ApiQuota;
pub use recipients::{Recipient, Recipients};
pub use schedules::{Schedule, Schedules};
pub use suppressions::{Suppression, SuppressionList, Suppressions};
pub use templates::{Template, Templates};
pub use webhooks::{Webhook, WebhookSettings, Webhooks};

pub(super) use ask::{ASK_AGAIN, PATIENCE, Question, path_id};
pub(super) use turn::Lines;

/// An object as it came, which may name people.
#[derive(Clone)]
struct Raw(Value);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A time from one second to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    fn new(from: impl Into<DateTime>, to: impl Into<DateTime>) -> Self {
        Self { from: from.into().unix_seconds(), to: to.into().unix_seconds() }
    }

    fn ask(self, question: Question) -> Question {
        question.query("date_from", self.from).query("date_to", self.to)
    }
}
