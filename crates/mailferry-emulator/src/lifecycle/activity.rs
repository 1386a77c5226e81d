//! One email as its activities know it, and the activities.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agenda::Step;
use super::contact::Contact;
use crate::codec::Word;
use crate::id;
use crate::message::{EmailStatus, Message};
use crate::rules::is_true;
use crate::tracking::{Footers, Reader};

/// What happened to an email, in MailerSend's words (facts sheet 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ActivityKind {
    /// It was accepted.
    Queued,
    /// It was handed to the recipient's mail server.
    Sent,
    /// The recipient's mail server took it.
    Delivered,
    /// The recipient's mail server refused it for now, and it was given up.
    SoftBounced,
    /// The recipient's mail server refused it for good.
    HardBounced,
    /// The recipient's mail server asked to try later.
    Deferred,
    /// It was opened.
    Opened,
    /// It was opened for the first time.
    OpenedUnique,
    /// A link in it was clicked.
    Clicked,
    /// A link in it was clicked for the first time.
    ClickedUnique,
    /// The recipient wants no more mail.
    Unsubscribed,
    /// The recipient called it spam.
    SpamComplaint,
    /// The survey in it was opened.
    SurveyOpened,
    /// The survey in it was answered.
    SurveySubmitted,
    /// It was not sent, because the recipient is on a suppression list.
    Suppressed,
}

impl ActivityKind {
    /// The word of the activity API: `spam_complaints` in the plural, everything else as in webhooks.
    pub fn name(self) -> &'static str {
        match self {
            Self::SpamComplaint => "spam_complaints",
            Self::Queued => "queued",
            Self::Sent
            | Self::Delivered
            | Self::SoftBounced
            | Self::HardBounced
            | Self::Deferred
            | Self::Opened
            | Self::OpenedUnique
            | Self::Clicked
            | Self::ClickedUnique
            | Self::Unsubscribed
            | Self::SurveyOpened
            | Self::SurveySubmitted
            | Self::Suppressed => self.event().map_or("", |event| event.trim_start_matches("activity.")),
        }
    }

    /// The event of the webhook that tells of it; nobody is told that an email is queued.
    pub fn event(self) -> Option<&'static str> {
        Some(match self {
            Self::Queued => return None,
            Self::Sent => "activity.sent",
            Self::Delivered => "activity.delivered",
            Self::SoftBounced => "activity.soft_bounced",
            Self::HardBounced => "activity.hard_bounced",
            Self::Deferred => "activity.deferred",
            Self::Opened => "activity.opened",
            Self::OpenedUnique => "activity.opened_unique",
            Self::Clicked => "activity.clicked",
            Self::ClickedUnique => "activity.clicked_unique",
            Self::Unsubscribed => "activity.unsubscribed",
            Self::SpamComplaint => "activity.spam_complaint",
            Self::SurveyOpened => "activity.survey_opened",
            Self::SurveySubmitted => "activity.survey_submitted",
            Self::Suppressed => "activity.suppressed",
        })
    }
}

impl ActivityKind {
    /// Whether only larger plans hear of it (facts sheet 6.2, 8.2).
    pub(crate) fn is_paid(self) -> bool {
        matches!(self, Self::Deferred | Self::Suppressed)
    }
}

/// One thing that happened to one email.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Its id: 24 hex digits, of which the first eight are its time.
    pub id: String,
    /// When it happened, by the emulator's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: ActivityKind,
    /// The id of the email.
    pub email_id: String,
    /// The id of the message that the email belongs to.
    pub message_id: String,
    /// The address of its recipient.
    pub recipient: String,
}

/// What all emails of one message have in common.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sheet {
    pub(crate) message_id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) send_at: Option<Timestamp>,
    pub(crate) from: String,
    pub(crate) domain: String,
    pub(crate) template_id: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// The first link of its text, for those who click.
    pub(crate) link: Option<String>,
    pub(crate) tracking: Tracking,
}

/// What the service can find out about readers, and what it adds to mails for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Tracking {
    pub(crate) opens: bool,
    pub(crate) clicks: bool,
    pub(crate) pixel_on_top: bool,
    pub(crate) precedence_bulk: bool,
    pub(crate) footers: Option<Arc<Footers>>,
}

impl Tracking {
    /// That of a message's `settings`, where they say something; else that of its domain.
    fn of(message: &Message, domain: Self) -> Self {
        let settings = message.request.get("settings");
        let setting = |name| settings.and_then(|settings| settings.get(name)).filter(|value| !value.is_null());
        Self {
            opens: setting("track_opens").map_or(domain.opens, is_true),
            clicks: setting("track_clicks").map_or(domain.clicks, is_true),
            ..domain
        }
    }
}

impl Sheet {
    pub(crate) fn new(message: &Message, domain: &str, tracking: Tracking) -> Self {
        Self {
            tracking: Tracking::of(message, tracking),
            message_id: message.id.clone(),
            created_at: message.created_at,
            send_at: message.send_at,
            from: message.from.as_ref().map(|from| from.email.clone()).unwrap_or_default(),
            domain: domain.to_owned(),
            template_id: message.template_id.clone(),
            tags: message.tags.clone(),
            headers: message.headers.clone(),
            link: message.html.as_deref().and_then(first_link),
        }
    }

    fn weight(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        let tags = self.tags.iter().map(String::len);
        let names = [self.from.len(), self.domain.len()].into_iter();
        let texts = [&self.template_id, &self.link].into_iter().flatten().map(String::len);
        headers.chain(tags).chain(names).chain(texts).fold(256, usize::saturating_add)
    }
}

/// Where the first `href` with a web address leads to.
fn first_link(html: &str) -> Option<String> {
    let links = html.match_indices("href=").filter_map(|(at, word)| html.get(at.saturating_add(word.len())..));
    let mut urls = links.filter_map(|rest| {
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.split(quote).nth(1)
    });
    urls.find(|url| url.starts_with("http://") || url.starts_with("https://")).map(|url| url.replace("&amp;", "&"))
}

/// One email as activities tell of it. It outlives its message while activities remember it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) email_id: String,
    pub(crate) recipient: String,
    pub(crate) contact: Contact,
    pub(crate) subject: Arc<str>,
    pub(crate) sheet: Arc<Sheet>,
    course: Mutex<Course>,
}

/// How far a letter has come. Only ever changed under the lock of the state.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each may be true, whatever the others are")]
pub(crate) struct Course {
    pub(crate) status: EmailStatus,
    pub(crate) opened: bool,
    pub(crate) clicked: bool,
    pub(crate) unsubscribed: bool,
    pub(crate) complained: bool,
    /// Whether it waits for its domain to be resumed.
    pub(crate) held: bool,
    /// What happens next, if nothing comes in between.
    pub(crate) planned: Option<Planned>,
    /// The number of its newest activity.
    pub(crate) latest: Option<u64>,
    /// Counts how often its plan was changed; jobs of an older plan do nothing.
    pub(crate) plan: u32,
}

/// A step that stands in the agenda, and the steps after it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) at: Timestamp,
    pub(crate) step: Step,
    #[serde(deserialize_with = "super::outcome::rest")]
    pub(crate) then: &'static [Step],
}

impl Letter {
    pub(crate) fn new(
        email_id: String,
        recipient: String,
        contact: Contact,
        subject: Arc<str>,
        sheet: Arc<Sheet>,
    ) -> Arc<Self> {
        let course = Course {
            status: EmailStatus::Queued,
            opened: false,
            clicked: false,
            unsubscribed: false,
            complained: false,
            held: false,
            planned: None,
            latest: None,
            plan: 0,
        };
        Arc::new(Self { email_id, recipient, contact, subject, sheet, course: Mutex::new(course) })
    }

    pub(crate) fn course(&self) -> Course {
        *self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Course)) {
        change(&mut self.course.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Nothing that was planned for it happens any more.
    pub(crate) fn cancel(&self) {
        self.change(|course| {
            course.plan = course.plan.wrapping_add(1);
            course.planned = None;
            course.held = false;
        });
    }

    /// Roughly how much memory it takes. Each counts its sheet, which several share.
    pub(super) fn weight(&self) -> usize {
        256_usize.saturating_add(self.recipient.len() + self.subject.len()).saturating_add(self.sheet.weight())
    }
}

/// What is known about an activity beyond its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Detail {
    None,
    /// The id of the opening itself, and who it was, if a link tells.
    Open(u64, Option<Arc<Reader>>),
    Click(u64, String, Option<Arc<Reader>>),
    /// Why the recipient is suppressed.
    Suppressed(#[serde(deserialize_with = "crate::codec::word::deserialize")] Word),
}

/// An activity as it is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Occurrence {
    pub(crate) serial: u64,
    pub(crate) at: Timestamp,
    pub(crate) kind: ActivityKind,
    pub(crate) letter: Arc<Letter>,
    pub(crate) detail: Detail,
    /// The number of the same email's activity before it.
    pub(crate) previous: Option<u64>,
}

impl Occurrence {
    pub(crate) fn id(&self) -> String {
        id::object(self.at, self.serial)
    }

    pub(crate) fn shown(&self) -> Activity {
        Activity {
            id: self.id(),
            at: self.at,
            kind: self.kind,
            email_id: self.letter.email_id.clone(),
            message_id: self.letter.sheet.message_id.clone(),
            recipient: self.letter.recipient.clone(),
        }
    }

    /// Roughly how much memory it takes, for the cap: each counts its letter, which several share.
    pub(crate) fn weight(&self) -> usize {
        let reader = |reader: &Option<Arc<Reader>>| reader.as_ref().map_or(0, |reader| reader.weight());
        let detail = match &self.detail {
            Detail::Open(_, who) => reader(who),
            Detail::Click(_, url, who) => url.len().saturating_add(reader(who)),
            Detail::None | Detail::Suppressed(_) => 0,
        };
        self.letter.weight().saturating_add(detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_link_is_found() {
        let check = |html, expected: Option<&str>| assert_eq!(first_link(html).as_deref(), expected, "{html}");
        check(
            "<a href=\"https://a.example/?b=1&amp;c=2\">x</a><a href='http://d.example'>",
            Some("https://a.example/?b=1&c=2"),
        );
        check("<a href=\"mailto:a@b.example\"><a class=x href='http://d.example/'>", Some("http://d.example/"));
        check("<a href=https://a.example>", None);
        check("href=", None);
        check("", None);
    }
}
