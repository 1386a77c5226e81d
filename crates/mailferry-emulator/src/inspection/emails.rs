//! What was sent, as each recipient reads it.

use serde::Serialize;
use serde_json::Value;

use super::Asked;
use crate::message::{Attachment, Email, Message, Suppressed, Via};
use crate::reply::Reply;
use crate::service::{Service, StoredMessage};

#[derive(Serialize)]
struct ShownEmail<'a> {
    id: &'a str,
    message_id: &'a str,
    via: Via,
    bulk_email_id: Option<&'a str>,
    recipient: &'a crate::message::Mailbox,
    role: crate::message::Role,
    status: crate::message::EmailStatus,
    subject: &'a str,
    text: Option<&'a str>,
    html: Option<&'a str>,
    from: Option<&'a crate::message::Mailbox>,
    reply_to: Option<&'a crate::message::Mailbox>,
    to: &'a [crate::message::Mailbox],
    cc: &'a [crate::message::Mailbox],
    template_id: Option<&'a str>,
    tags: &'a [String],
    headers: &'a [(String, String)],
    attachments: Vec<ShownFile<'a>>,
    suppressed: &'a [Suppressed],
    send_at: Option<String>,
    created_at: String,
    request: &'a Value,
}

#[derive(Serialize)]
struct ShownFile<'a> {
    filename: &'a str,
    inline: bool,
    id: Option<&'a str>,
    size: usize,
    url: String,
}

/// The answer, when the request is about emails.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    match (asked.method, parts) {
        ("GET", ["emails"]) => Some(emails(service)),
        _ => None,
    }
}

fn emails(service: &Service) -> Reply {
    let emails = service.emails();
    let shown: Vec<_> = emails.iter().map(show_email).collect();
    Reply::json(200, &shown)
}

fn show_email(email: &Email) -> ShownEmail<'_> {
    let Message {
        id,
        via,
        bulk_email_id,
        created_at,
        from,
        reply_to,
        to,
        cc,
        bcc: _, // hidden from readers
        subject: _,
        text: _,
        html: _, // each reader's own are shown
        template_id,
        tags,
        headers,
        attachments,
        send_at,
        paused: _, // its effect is in the status
        suppressed,
        request,
    } = email.message();
    ShownEmail {
        id: email.id(),
        message_id: id,
        via: *via,
        bulk_email_id: bulk_email_id.as_deref(),
        recipient: email.recipient(),
        role: email.role(),
        status: email.status(),
        subject: email.subject(),
        text: email.text(),
        html: email.html(),
        from: from.as_ref(),
        reply_to: reply_to.as_ref(),
        to,
        cc,
        template_id: template_id.as_deref(),
        tags,
        headers,
        attachments: attachments.iter().enumerate().map(|(i, file)| show_file(email.id(), i, file)).collect(),
        suppressed,
        send_at: send_at.map(|at| at.to_string()),
        created_at: created_at.to_string(),
        request,
    }
}

fn show_file<'a>(email: &str, position: usize, file: &'a Attachment) -> ShownFile<'a> {
    ShownFile {
        filename: &file.filename,
        inline: file.inline,
        id: file.id.as_deref(),
        size: file.content.len(),
        url: format!("/_emulator/emails/{email}/attachments/{position}"),
    }
}

impl Service {
    /// Every remembered email, oldest first, with its status as of now.
    pub(crate) fn emails(&self) -> Vec<Email> {
        let state = self.caught_up(self.clock.now());
        state.messages.iter().flat_map(StoredMessage::emails).collect()
    }

    /// The email with this id, with its status as of now.
    pub(crate) fn email(&self, id: &str) -> Option<Email> {
        let state = self.caught_up(self.clock.now());
        state.messages.email(id).map(|found| found.email.shown(&found.stored.message))
    }
}
