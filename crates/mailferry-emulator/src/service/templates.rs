//! `GET /v1/templates` and `GET /v1/templates/{id}`: the templates that the emulator was told of.

use jiff::Timestamp;
use serde::Serialize;

use super::state::StoredEmail;
use super::{Service, State, not_found};
use crate::clock::object_time;
use crate::lifecycle::ActivityKind;
use crate::message::EmailStatus;
use crate::reply::Reply;
use crate::request::Request;
use crate::settings::Template;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// The emulator does not know a template's content: it is an HTML template called "Template" without variables.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    description: Option<()>,
    r#type: &'static str,
    image_path: Option<()>,
    variables: Variables,
    created_at: String,
    category: Option<()>,
    categories: [(); 0],
}

/// `personalization` without entries is a list (recorded).
#[derive(Serialize)]
struct Variables {
    variables: [(); 0],
    personalization: [(); 0],
}

#[derive(Serialize)]
struct Detailed<'a> {
    #[serde(flatten)]
    shown: Shown<'a>,
    domain: Option<()>,
    template_stats: Stats,
}

#[derive(Serialize)]
struct Stats {
    total: usize,
    queued: usize,
    sent: usize,
    rejected: usize,
    delivered: usize,
    opened: usize,
    open_rate: usize,
    clicked: usize,
    click_rate: usize,
    unsubscribed: usize,
    unsubscribe_rate: usize,
    complained: usize,
    complain_rate: usize,
    last_email_sent_at: Option<String>,
}

impl Service {
    /// None unless [some are named](crate::Builder::templates): an emulator that takes any id cannot list them.
    pub(super) fn templates(&self, request: &Request, now: Timestamp) -> Reply {
        let (page, _) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let since = *state.templates_since.get_or_insert(now);
        let templates = self.settings.templates.iter().flatten();
        self.paged(templates.map(|template| show(template, since)), &page, "templates")
    }

    pub(super) fn template(&self, id: &str, now: Timestamp) -> Reply {
        let mut state = self.caught_up(now);
        let since = *state.templates_since.get_or_insert(now);
        let Some(template) = self.settings.templates.iter().flatten().find(|template| template.id == id) else {
            return not_found();
        };
        let data = Detailed { shown: show(template, since), domain: None, template_stats: stats(&state, id) };
        Reply::json(200, &Data { data })
    }
}

fn show(template: &Template, since: Timestamp) -> Shown<'_> {
    Shown {
        id: &template.id,
        name: template.subject.as_deref().unwrap_or("Template"),
        description: None,
        r#type: "gh",
        image_path: None,
        variables: Variables { variables: [], personalization: [] },
        created_at: object_time(since),
        category: None,
        categories: [],
    }
}

/// Rates are whole percents of what was delivered (UNCERTAIN).
fn stats(state: &State, id: &str) -> Stats {
    let of_template = state.messages.iter().filter(|stored| stored.message.template_id.as_deref() == Some(id));
    let statuses: Vec<EmailStatus> =
        of_template.flat_map(|stored| stored.emails.iter()).map(StoredEmail::status).collect();
    let count = |status| statuses.iter().filter(|known| **known == status).count();
    let (queued, sent) = (count(EmailStatus::Queued), count(EmailStatus::Sent));
    let (rejected, delivered) = (count(EmailStatus::Rejected), count(EmailStatus::Delivered));
    let its = || state.activities.iter().filter(|a| a.letter.sheet.template_id.as_deref() == Some(id));
    let happened = |kind| its().filter(|activity| activity.kind == kind).count();
    let rate = |count: usize| count.saturating_mul(100).checked_div(delivered).unwrap_or(0);
    let (opened, clicked) = (happened(ActivityKind::OpenedUnique), happened(ActivityKind::ClickedUnique));
    let (unsubscribed, complained) = (happened(ActivityKind::Unsubscribed), happened(ActivityKind::SpamComplaint));
    let last = its().filter(|activity| activity.kind == ActivityKind::Sent).map(|activity| activity.at).max();
    Stats {
        total: statuses.len(),
        queued,
        sent,
        rejected,
        delivered,
        opened,
        open_rate: rate(opened),
        clicked,
        click_rate: rate(clicked),
        unsubscribed,
        unsubscribe_rate: rate(unsubscribed),
        complained,
        complain_rate: rate(complained),
        last_email_sent_at: last.map(object_time),
    }
}
