//! Which mails a question finds.

use super::plain::plain;
use super::query::{Condition, Mark, Needle, Part, Query};
use crate::message::{EmailStatus, Mailbox};
use crate::service::{StoredEmail, StoredMessage};
use crate::shown::image;

impl Query {
    /// Whether everything that is asked for holds for the email.
    pub(super) fn finds(&self, stored: &StoredMessage, email: &StoredEmail) -> bool {
        self.terms.iter().all(|term| term.condition.holds(stored, email) != term.negated)
    }
}

impl Condition {
    fn holds(&self, stored: &StoredMessage, email: &StoredEmail) -> bool {
        let message = &stored.message;
        let ids = || [&email.id, &message.id].into_iter().chain(&message.bulk_email_id).map(String::as_str);
        match self {
            Self::Words(needle) => has_words(needle, stored, email),
            Self::To(needle) => names(needle, &email.recipient),
            Self::From(needle) => message.from.as_ref().is_some_and(|from| names(needle, from)),
            Self::Subject(needle) => needle.is_in(&email.rendered.subject),
            Self::Tag(needle) => message.tags.iter().any(|tag| needle.is(tag)),
            Self::Template(needle) => message.template_id.as_deref().is_some_and(|id| needle.is(id)),
            Self::Id(needle) => ids().any(|id| needle.is_in(id)),
            Self::Status(any) => any.contains(&email.status()),
            Self::Via(via) => message.via == *via,
            Self::Has(part) => part.is_of(stored, email),
            Self::Is(mark) => mark.is_on(email),
            Self::Before(at) => message.created_at < *at,
            Self::After(at) => message.created_at >= *at,
            Self::Nothing => false,
        }
    }
}

impl Part {
    fn is_of(self, stored: &StoredMessage, email: &StoredEmail) -> bool {
        let message = &stored.message;
        match self {
            Self::Attachment => !message.attachments.is_empty(),
            Self::Image => message.attachments.iter().any(|file| image::kind(&file.content).is_some()),
            Self::Html => email.rendered.html.is_some(),
            Self::Text => email.rendered.text.is_some(),
            Self::Tag => !message.tags.is_empty(),
            Self::Template => message.template_id.is_some(),
            Self::Warning => email.warnings() > 0,
        }
    }
}

impl Mark {
    fn is_on(self, email: &StoredEmail) -> bool {
        let course = email.letter.course();
        match self {
            Self::Opened => course.opened,
            Self::Clicked => course.clicked,
            Self::Unsubscribed => course.unsubscribed,
            Self::Complained => course.complained,
            Self::Held => course.held,
            Self::Scheduled => email.letter.sheet.send_at.is_some() && course.status == EmailStatus::Queued,
        }
    }
}

fn names(needle: &Needle, mailbox: &Mailbox) -> bool {
    needle.is_in(&mailbox.email) || mailbox.name.as_deref().is_some_and(|name| needle.is_in(name))
}

/// What is short comes first: the text of a mail may be two megabytes long.
fn has_words(needle: &Needle, stored: &StoredMessage, email: &StoredEmail) -> bool {
    let message = &stored.message;
    let rendered = &email.rendered;
    needle.is_in(&rendered.subject)
        || names(needle, &email.recipient)
        || message.from.as_ref().is_some_and(|from| names(needle, from))
        || message.tags.iter().any(|tag| needle.is_in(tag))
        || message.attachments.iter().any(|file| needle.is_in(&file.filename))
        || rendered.text.as_deref().is_some_and(|text| needle.is_in(text))
        || rendered.html.as_deref().is_some_and(|html| needle.is_in(&plain(html)))
}
