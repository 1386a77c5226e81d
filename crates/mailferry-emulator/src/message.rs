//! What the emulator was asked to send, and what each recipient would read.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json;
use crate::warning::Warning;

/// An address with the name shown beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Mailbox {
    /// The address, as it was sent.
    pub email: String,
    /// The name, if any was sent.
    pub name: Option<String>,
}

/// In which list a recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// `to`.
    To,
    /// `cc`.
    Cc,
    /// `bcc`.
    Bcc,
}

/// How far an email has come, in MailerSend's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EmailStatus {
    /// Accepted, and waiting: for its `send_at`, for its domain to be resumed, or for its bulk request.
    Queued,
    /// Handed to the recipient's mail server.
    Sent,
    /// Taken by the recipient's mail server.
    Delivered,
    /// Refused by the recipient's mail server: it bounced.
    Rejected,
}

/// How a message was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Via {
    /// `POST /v1/email`.
    #[default]
    Api,
    /// An object of `POST /v1/bulk-email`.
    Bulk,
    /// The port that [sends by SMTP](crate::Builder::submission).
    Smtp,
}

/// A file that travels with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// The name it was sent with.
    pub filename: String,
    /// Whether it is shown inside the message.
    pub inline: bool,
    /// What `cid:` links in the HTML call it.
    pub id: Option<String>,
    /// Its bytes, decoded.
    #[serde(with = "crate::codec::bytes")]
    pub content: Bytes,
}

/// Someone who was not written to, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suppressed {
    /// The address, as it was sent.
    pub email: String,
    /// The name, if any was sent.
    pub name: Option<String>,
    /// MailerSend's words for the lists that the address is on.
    #[serde(deserialize_with = "crate::codec::words::deserialize")]
    pub reasons: Vec<&'static str>,
}

/// One accepted message: what was asked for, before personalization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// What the answer's `x-message-id` said, or the finished bulk request lists.
    pub id: String,
    /// How it was handed over.
    pub via: Via,
    /// The bulk request it was part of.
    pub bulk_email_id: Option<String>,
    /// When it was accepted, or its bulk request processed, by the emulator's clock.
    pub created_at: Timestamp,
    /// The sender, or the template's.
    pub from: Option<Mailbox>,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
    /// The visible recipients, suppressed ones included.
    pub to: Vec<Mailbox>,
    /// The recipients of copies, suppressed ones included.
    pub cc: Vec<Mailbox>,
    /// The hidden recipients, suppressed ones included.
    pub bcc: Vec<Mailbox>,
    /// The subject as sent, or the template's.
    pub subject: Option<String>,
    /// The text as sent. Emails that show it unchanged share it.
    pub text: Option<Arc<str>>,
    /// The HTML as sent. Emails that show it unchanged share it.
    pub html: Option<Arc<str>>,
    /// The stored template to use.
    pub template_id: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Headers beyond those that other fields make, in the order sent.
    pub headers: Vec<(String, String)>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// When it is due, if not at once.
    pub send_at: Option<Timestamp>,
    /// Whether its domain was paused when it was accepted.
    pub paused: bool,
    /// Who was left out.
    pub suppressed: Vec<Suppressed>,
    /// What has no field here of the JSON object that was sent, or would have been sent in place of a mail: `settings`,
    /// `personalization`, `variables` and so on. All of it is the body of its [`Request`](crate::Request).
    pub request: Value,
}

/// What one recipient gets to read of a [`Message`].
#[derive(Clone, Debug, PartialEq)]
pub struct Email {
    pub(crate) id: String,
    pub(crate) recipient: Mailbox,
    pub(crate) role: Role,
    pub(crate) status: EmailStatus,
    pub(crate) rendered: Rendered,
    pub(crate) message: Arc<Message>,
}

/// The parts of a message that personalization changes, for one reader.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Rendered {
    pub(crate) subject: Arc<str>,
    pub(crate) text: Option<Arc<str>>,
    pub(crate) html: Option<Arc<str>>,
    /// What people should know about how it came to be.
    pub(crate) warnings: Arc<[Warning]>,
}

impl Email {
    /// Its own id: 24 hex digits, different from the message's.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the message it belongs to.
    pub fn message_id(&self) -> &str {
        &self.message.id
    }

    /// Who reads it.
    pub fn recipient(&self) -> &Mailbox {
        &self.recipient
    }

    /// In which list the reader stands.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How far it had come when it was asked for.
    pub fn status(&self) -> EmailStatus {
        self.status
    }

    /// The subject that this reader sees; empty when only an unknown template has one.
    pub fn subject(&self) -> &str {
        &self.rendered.subject
    }

    /// The text that this reader sees.
    pub fn text(&self) -> Option<&str> {
        self.rendered.text.as_deref()
    }

    /// The HTML that this reader sees.
    pub fn html(&self) -> Option<&str> {
        self.rendered.html.as_deref()
    }

    /// What its sender probably did not mean: variables without a value, tags that stay as they are.
    pub fn warnings(&self) -> &[Warning] {
        &self.rendered.warnings
    }

    /// Everything that all readers of the message share.
    pub fn message(&self) -> &Message {
        &self.message
    }
}

impl Message {
    /// Everybody it is for, in the order `to`, `cc`, `bcc`.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = (Role, &Mailbox)> {
        self.to
            .iter()
            .map(|mailbox| (Role::To, mailbox))
            .chain(self.cc.iter().map(|mailbox| (Role::Cc, mailbox)))
            .chain(self.bcc.iter().map(|mailbox| (Role::Bcc, mailbox)))
    }

    /// Roughly how much memory it takes, for the cap.
    pub(crate) fn weight(&self) -> usize {
        let text = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let files: usize = self.attachments.iter().map(|file| file.content.len()).sum();
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let people: usize = self.recipients().map(|(_, mailbox)| 128 + mailbox.email.len()).sum();
        let subject = self.subject.as_ref().map_or(0, String::len);
        1024 + people
            + files
            + headers
            + 2 * subject
            + text(&self.text)
            + text(&self.html)
            + json::weight(&self.request)
    }
}
