//! What a message is: one description in normalized words, whatever service carries it.

mod attachment;
mod builder;
mod field;
mod headers;
mod invalid;
mod json;
mod send_at;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::address::{Address, Mailbox};

pub use attachment::{Attachment, InvalidImage};
pub(crate) use attachment::{Content, Opened};
pub use builder::{IntoMailboxes, MessageBuilder};
pub(crate) use field::Field;
pub use field::Key;
pub use headers::Headers;
pub use invalid::{InvalidMessage, Problem};
pub(crate) use json::{Node, closest, from_node};
pub use send_at::{InvalidSendAt, SendAt, TimeZone, UnknownTimeZone};

/// A JSON object: the values behind the variables of a template, metadata, or a service's own extras.
pub type Data = Map<String, Value>;

/// Data for single recipients, by address.
///
/// A key is a bare address (`ann@example.com`); it belongs to the recipient with the same natural address, so case and
/// the spelling of an international domain do not matter.
pub type ByRecipient = BTreeMap<String, Data>;

/// A message: who it is from, who it is for, what it says, and how it is to be sent.
///
/// A `Message` is made by its [builder](Message::builder) or read from the interchange form
/// ([`Message::from_json`]); both report every mistake at once. Once made it is valid: no address is malformed and no
/// header can be injected. Whether a *service* can express it is the transport's to say.
///
/// Every field is in one of three states: unset (a mailer's default applies), set (alone or combined with the
/// default), or cleared ([`MessageBuilder::without`]: no default, please).
///
/// ```
/// use mailferry::Message;
///
/// let message = Message::builder()
///     .from("Shop <orders@shop.example>")
///     .to("Ann Lee <ann@example.com>")
///     .subject("Your order has shipped")
///     .text("It is on its way.")
///     .build()?;
/// assert_eq!(message.to()[0].name(), Some("Ann Lee"));
/// # Ok::<(), mailferry::message::InvalidMessage>(())
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Message {
    pub(crate) from: Field<Vec<Mailbox>>,
    pub(crate) envelope_sender: Field<Mailbox>,
    pub(crate) to: Field<Vec<Mailbox>>,
    pub(crate) cc: Field<Vec<Mailbox>>,
    pub(crate) bcc: Field<Vec<Mailbox>>,
    pub(crate) reply_to: Field<Vec<Mailbox>>,
    pub(crate) subject: Field<String>,
    pub(crate) text: Field<String>,
    pub(crate) html: Field<String>,
    pub(crate) headers: Field<Headers>,
    pub(crate) attachments: Field<Vec<Attachment>>,
    pub(crate) send_at: Field<SendAt>,
    pub(crate) tags: Field<Vec<String>>,
    pub(crate) metadata: Field<Data>,
    pub(crate) track_opens: Field<bool>,
    pub(crate) track_clicks: Field<bool>,
    pub(crate) template_id: Field<String>,
    pub(crate) merge_data: Field<ByRecipient>,
    pub(crate) merge_global_data: Field<Data>,
    pub(crate) merge_headers: Field<ByRecipient>,
    pub(crate) merge_metadata: Field<ByRecipient>,
    pub(crate) esp_extra: Field<Data>,
    /// Where a mailer has redirected it: a transport must then refuse every other way to name a recipient, and a mailer
    /// further in redirects what it adds itself to the same address.
    pub(crate) redirected: Option<Mailbox>,
}

impl Message {
    /// Starts an empty message.
    pub fn builder() -> MessageBuilder {
        MessageBuilder::default()
    }

    /// Takes the message apart again, to change it: `message.edit().tag("retry").build()?`.
    pub fn edit(self) -> MessageBuilder {
        <MessageBuilder as From<Message>>::from(self)
    }

    /// The visible senders. More than one is legal mail, though few services accept it.
    pub fn from(&self) -> &[Mailbox] {
        list(&self.from)
    }

    /// The address bounces go to, when it is not the sender's.
    pub fn envelope_sender(&self) -> Option<&Mailbox> {
        self.envelope_sender.get()
    }

    /// The primary recipients.
    pub fn to(&self) -> &[Mailbox] {
        list(&self.to)
    }

    /// The recipients of a copy.
    pub fn cc(&self) -> &[Mailbox] {
        list(&self.cc)
    }

    /// The recipients of a copy that nobody else sees.
    pub fn bcc(&self) -> &[Mailbox] {
        list(&self.bcc)
    }

    /// Every recipient: `to`, then `cc`, then `bcc`, each in the message's order.
    pub fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to().iter().chain(self.cc()).chain(self.bcc())
    }

    /// Where answers go.
    pub fn reply_to(&self) -> &[Mailbox] {
        list(&self.reply_to)
    }

    /// The subject line.
    pub fn subject(&self) -> Option<&str> {
        self.subject.get().map(String::as_str)
    }

    /// The plain text body.
    pub fn text(&self) -> Option<&str> {
        self.text.get().map(String::as_str)
    }

    /// The HTML body.
    pub fn html(&self) -> Option<&str> {
        self.html.get().map(String::as_str)
    }

    /// The extra headers, in order; `None` when the message has none.
    pub fn headers(&self) -> Option<&Headers> {
        self.headers.get()
    }

    /// The attachments and inline parts, in order.
    pub fn attachments(&self) -> &[Attachment] {
        list(&self.attachments)
    }

    /// When the service is to send it; `None` for at once.
    pub fn send_at(&self) -> Option<SendAt> {
        self.send_at.get().copied()
    }

    /// Words to group messages by in the service's statistics.
    pub fn tags(&self) -> &[String] {
        list(&self.tags)
    }

    /// Data to be returned with every event about this message.
    pub fn metadata(&self) -> Option<&Data> {
        self.metadata.get()
    }

    /// Whether opens are tracked; `None` leaves it to the account.
    pub fn track_opens(&self) -> Option<bool> {
        self.track_opens.get().copied()
    }

    /// Whether clicks are tracked; `None` leaves it to the account.
    pub fn track_clicks(&self) -> Option<bool> {
        self.track_clicks.get().copied()
    }

    /// The template stored at the service.
    pub fn template_id(&self) -> Option<&str> {
        self.template_id.get().map(String::as_str)
    }

    /// Template values of single recipients. Setting it, even to nothing, makes the message a batch.
    pub fn merge_data(&self) -> Option<&ByRecipient> {
        self.merge_data.get()
    }

    /// Template values of all recipients.
    pub fn merge_global_data(&self) -> Option<&Data> {
        self.merge_global_data.get()
    }

    /// Headers of single recipients.
    pub fn merge_headers(&self) -> Option<&ByRecipient> {
        self.merge_headers.get()
    }

    /// Metadata of single recipients.
    pub fn merge_metadata(&self) -> Option<&ByRecipient> {
        self.merge_metadata.get()
    }

    /// The service's own parameters, in its own words.
    pub fn esp_extra(&self) -> Option<&Data> {
        self.esp_extra.get()
    }

    /// Whether every `to` recipient is to get a message of their own: true as soon as any data, header or metadata is
    /// given by recipient.
    pub fn is_batch(&self) -> bool {
        self.merge_data.is_set() || self.merge_headers.is_set() || self.merge_metadata.is_set()
    }

    /// Whether anybody would receive this message.
    pub fn has_recipients(&self) -> bool {
        self.recipients().next().is_some()
    }

    /// Sends every copy to `target` alone: each `to`, `cc` and `bcc` recipient becomes one `to`, and of the data by
    /// recipient only that of the first `to` is kept, under the new address. Headers that name recipients go, too: a
    /// service may obey them.
    pub(crate) fn redirect(mut self, target: &Mailbox) -> Self {
        let Some(first) = self.recipients().next().map(|mailbox| mailbox.address().clone()) else {
            return self;
        };
        for by_recipient in [&mut self.merge_data, &mut self.merge_headers, &mut self.merge_metadata] {
            if let Field::Set(entries) = by_recipient {
                let kept = std::mem::take(entries).into_iter().find(|(key, _)| is_for(key, &first));
                entries.extend(kept.map(|(_, data)| (target.address().as_str().to_owned(), data)));
            }
        }
        if let Field::Set(headers) = &mut self.headers {
            headers.retain(|name| !names_recipients(name));
        }
        if let Field::Set(entries) = &mut self.merge_headers {
            for headers in entries.values_mut() {
                headers.retain(|name, _| !names_recipients(name));
            }
        }
        self.to = Field::Set(vec![target.clone()]);
        self.cc = Field::Cleared;
        self.bcc = Field::Cleared;
        self.redirected = Some(target.clone());
        self
    }
}

/// Whether a header says who gets the mail.
pub(crate) fn names_recipients(header: &str) -> bool {
    ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"].iter().any(|name| header.eq_ignore_ascii_case(name))
}

/// Whether a key of data by recipient means this address.
pub(crate) fn is_for(key: &str, address: &Address) -> bool {
    key == address.as_str() || key == address.to_ascii() || key.parse::<Address>().is_ok_and(|key| key.matches(address))
}

impl fmt::Debug for Message {
    /// The interchange form, without the content of attachments and the values of `esp_extra`, of which one may be a
    /// token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.clone();
        shown.attachments = Field::Unset;
        shown.esp_extra = match shown.esp_extra {
            Field::Set(extra) => Field::Set(extra.into_iter().map(|(key, _)| (key, "…".into())).collect()),
            other => other,
        };
        write!(f, "Message({}, attachments: {:?})", shown.to_json(), self.attachments())
    }
}

fn list<T>(field: &Field<Vec<T>>) -> &[T] {
    field.get().map_or(&[], Vec::as_slice)
}
