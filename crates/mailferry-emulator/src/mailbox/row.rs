//! An email as a line of the list.

use serde::Serialize;

use super::messages::Place;
use super::plain::excerpt;
use crate::message::{EmailStatus, Mailbox, Message, Role, Via};
use crate::service::{StoredEmail, StoredMessage};

/// What a list shows of an email.
#[derive(Serialize)]
pub(crate) struct Row {
    id: String,
    pub(super) cursor: String,
    message_id: String,
    at: String,
    from: Option<Mailbox>,
    recipient: Mailbox,
    role: Role,
    subject: String,
    snippet: String,
    status: EmailStatus,
    interactions: Vec<&'static str>,
    held: bool,
    tags: Vec<String>,
    attachments: usize,
    template_id: Option<String>,
    send_at: Option<String>,
    /// How many; none where they are listed themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<usize>,
    via: Via,
}

impl Row {
    pub(crate) fn new(place: Place, stored: &StoredMessage, email: &StoredEmail) -> Self {
        let message: &Message = &stored.message;
        let course = email.letter.course();
        let interactions = [
            (course.opened, "opened"),
            (course.clicked, "clicked"),
            (course.unsubscribed, "unsubscribed"),
            (course.complained, "complained"),
        ];
        Self {
            id: email.id.clone(),
            cursor: place.to_string(),
            message_id: message.id.clone(),
            at: message.created_at.to_string(),
            from: message.from.clone(),
            recipient: email.recipient.clone(),
            role: email.role,
            subject: email.rendered.subject.to_string(),
            snippet: excerpt(&email.rendered),
            status: course.status,
            interactions: interactions.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect(),
            held: course.held,
            tags: message.tags.clone(),
            attachments: message.attachments.len(),
            template_id: message.template_id.clone(),
            send_at: message.send_at.map(|at| at.to_string()),
            warnings: Some(email.warnings()),
            via: message.via,
        }
    }
    /// The same row, for those who list the warnings themselves.
    pub(super) fn without_warnings(self) -> Self {
        Self { warnings: None, ..self }
    }
}
