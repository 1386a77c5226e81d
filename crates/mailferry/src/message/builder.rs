//! Describing a message, and learning everything that is wrong with it at once.

use serde_json::Value;

use super::Message;
use super::attachment::Attachment;
use super::field::{Field, Key};
use super::headers::{is_name, is_value};
use super::invalid::{InvalidMessage, Problem, breaks_line};
use super::send_at::{InvalidSendAt, SendAt};
use crate::address::{Address, InvalidAddress, Mailbox};

/// Describes a message field by field; [`build`](MessageBuilder::build) makes it, or names every mistake.
///
/// Setters of lists add to what is there; the others replace it. No setter fails: a mistake is kept and reported by
/// `build`.
///
/// ```
/// use mailferry::Message;
///
/// let error = Message::builder()
///     .from("orders@shop.example")
///     .to("ann@example.com")
///     .to("Lee, Bob <bob@example.com>")
///     .subject("Shipped\r\nBcc: everyone@example.com")
///     .build()
///     .unwrap_err();
/// let places: Vec<_> = error.problems().iter().map(|problem| problem.path()).collect();
/// assert_eq!(places, ["to[1]", "subject"]);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder makes no message until `build` is called"]
pub struct MessageBuilder {
    pub(super) message: Message,
    pub(super) problems: Vec<Problem>,
}

impl From<Message> for MessageBuilder {
    fn from(message: Message) -> Self {
        Self { message, problems: Vec::new() }
    }
}

/// What the address setters accept: text in RFC 5322's form (also several addresses, or a group), an [`Address`], a
/// [`Mailbox`], a `(name, address)` pair, or a list of mailboxes.
pub trait IntoMailboxes {
    /// The mailboxes meant.
    ///
    /// # Errors
    ///
    /// When an address is malformed.
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress>;
}

impl IntoMailboxes for &str {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Mailbox::parse_list(self)
    }
}

impl IntoMailboxes for String {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Mailbox::parse_list(&self)
    }
}

impl IntoMailboxes for &String {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Mailbox::parse_list(self)
    }
}

impl IntoMailboxes for Mailbox {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Ok(vec![self])
    }
}

impl IntoMailboxes for &Mailbox {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Ok(vec![self.clone()])
    }
}

impl IntoMailboxes for Address {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Ok(vec![Mailbox::from(self)])
    }
}

impl IntoMailboxes for Vec<Mailbox> {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        Ok(self)
    }
}

impl<N: Into<String>, A: AsRef<str>> IntoMailboxes for (N, A) {
    fn into_mailboxes(self) -> Result<Vec<Mailbox>, InvalidAddress> {
        let (name, address) = self;
        Ok(vec![Mailbox::new(Some(name.into()), address.as_ref().parse()?)?])
    }
}

/// The one mailbox of a list.
pub(super) fn single(mut mailboxes: Vec<Mailbox>) -> Result<Mailbox, InvalidAddress> {
    match mailboxes.pop() {
        Some(only) if mailboxes.is_empty() => Ok(only),
        last => {
            mailboxes.extend(last);
            let text = mailboxes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Err(InvalidAddress::several(&text, mailboxes.len()))
        }
    }
}

impl MessageBuilder {
    /// Sets the sender. An empty list is none.
    pub fn from(mut self, sender: impl IntoMailboxes) -> Self {
        self.message.from = Field::Unset;
        let mut with = self.mailboxes(Key::From, sender);
        if with.message.from().is_empty() {
            with.message.from = Field::Unset;
        }
        with
    }

    /// Adds a primary recipient, or several.
    pub fn to(self, recipient: impl IntoMailboxes) -> Self {
        self.mailboxes(Key::To, recipient)
    }

    /// Adds recipients of a copy.
    pub fn cc(self, recipient: impl IntoMailboxes) -> Self {
        self.mailboxes(Key::Cc, recipient)
    }

    /// Adds recipients of a hidden copy.
    pub fn bcc(self, recipient: impl IntoMailboxes) -> Self {
        self.mailboxes(Key::Bcc, recipient)
    }

    /// Adds an address that answers go to.
    pub fn reply_to(self, address: impl IntoMailboxes) -> Self {
        self.mailboxes(Key::ReplyTo, address)
    }

    /// Sets the address that bounces go to. Exactly one.
    pub fn envelope_sender(mut self, address: impl IntoMailboxes) -> Self {
        match address.into_mailboxes().and_then(single) {
            Ok(mailbox) => self.message.envelope_sender = Field::Set(mailbox),
            Err(cause) => self.problems.push(Problem::address(Key::EnvelopeSender.as_str(), &cause)),
        }
        self
    }

    /// Sets the subject line.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        if breaks_line(&subject) {
            self.problems.push(Problem::line_break(Key::Subject.as_str()));
        }
        self.message.subject = Field::Set(subject);
        self
    }

    /// Sets the plain text body.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.message.text = Field::Set(text.into());
        self
    }

    /// Sets the HTML body.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.message.html = Field::Set(html.into());
        self
    }

    /// Sets an extra header; one of the same name is replaced.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.check_header(Key::Headers.as_str(), &name, &value);
        self.message.headers.update(|headers| headers.set(name, value));
        self
    }

    /// Adds an attachment or inline part.
    pub fn attach(mut self, attachment: Attachment) -> Self {
        let index = self.message.attachments().len();
        attachment.problems(&format!("{}[{index}]", Key::Attachments), &mut self.problems);
        self.message.attachments.update(|attachments| attachments.push(attachment));
        self
    }

    /// Sets when the service is to send it.
    pub fn send_at(mut self, when: impl Into<SendAt>) -> Self {
        self.message.send_at = Field::Set(when.into());
        self
    }

    /// Sets when the service is to send it, as text: RFC 3339, a date and time, or a date.
    pub fn send_at_text(mut self, when: &str) -> Self {
        match when.parse() {
            Ok(when) => self.message.send_at = Field::Set(when),
            Err(InvalidSendAt) => self.bad_send_at(),
        }
        self
    }

    pub(super) fn bad_send_at(&mut self) {
        let text = InvalidSendAt.to_string();
        self.problems.push(Problem::new(Key::SendAt.as_str(), text, ""));
    }

    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        if breaks_line(&tag) {
            self.problems.push(Problem::line_break(format!("{}[{}]", Key::Tags, self.message.tags().len())));
        }
        self.message.tags.update(|tags| tags.push(tag));
        self
    }

    /// Sets one value to be returned with every event about this message.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.message.metadata.update(|metadata| drop(metadata.insert(key.into(), value.into())));
        self
    }

    /// Switches open tracking on or off.
    pub fn track_opens(mut self, track: bool) -> Self {
        self.message.track_opens = Field::Set(track);
        self
    }

    /// Switches click tracking on or off.
    pub fn track_clicks(mut self, track: bool) -> Self {
        self.message.track_clicks = Field::Set(track);
        self
    }

    /// Uses a template stored at the service.
    pub fn template_id(mut self, id: impl Into<String>) -> Self {
        self.message.template_id = Field::Set(id.into());
        self
    }

    /// Sets a template value of one recipient, named by the bare address. This makes the message a batch: every `to`
    /// recipient is meant to get a mail of their own.
    pub fn merge_data(mut self, address: impl Into<String>, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.message.merge_data.update(|merge_data| {
            merge_data.entry(address.into()).or_default().insert(key.into(), value.into());
        });
        self
    }

    /// Sets a template value of all recipients.
    pub fn merge_global_data(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.message.merge_global_data.update(|data| drop(data.insert(key.into(), value.into())));
        self
    }

    /// Sets a header of one recipient.
    pub fn merge_header(
        mut self,
        address: impl Into<String>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let (address, name, value) = (address.into(), name.into(), value.into());
        self.check_header(&format!("{}.{}", Key::MergeHeaders, address.escape_debug()), &name, &value);
        self.message.merge_headers.update(|headers| {
            headers.entry(address).or_default().insert(name, value.into());
        });
        self
    }

    /// Sets metadata of one recipient.
    pub fn merge_metadata(
        mut self,
        address: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<Value>,
    ) -> Self {
        self.message.merge_metadata.update(|metadata| {
            metadata.entry(address.into()).or_default().insert(key.into(), value.into());
        });
        self
    }

    /// Sets one of the service's own parameters; a nested object replaces what was set under the same key.
    pub fn esp_extra(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.message.esp_extra.update(|extra| drop(extra.insert(key.into(), value.into())));
        self
    }

    /// Clears a field and switches its default off: the message has none, whatever the mailer's defaults say.
    ///
    /// For `subject` together with `template_id` it says that the template's own subject is meant.
    pub fn without(mut self, key: Key) -> Self {
        let message = &mut self.message;
        match key {
            Key::From => message.from = Field::Cleared,
            Key::To => message.to = Field::Cleared,
            Key::Cc => message.cc = Field::Cleared,
            Key::Bcc => message.bcc = Field::Cleared,
            Key::Subject => message.subject = Field::Cleared,
            Key::ReplyTo => message.reply_to = Field::Cleared,
            Key::Headers => message.headers = Field::Cleared,
            Key::Text => message.text = Field::Cleared,
            Key::Html => message.html = Field::Cleared,
            Key::Attachments => message.attachments = Field::Cleared,
            Key::EnvelopeSender => message.envelope_sender = Field::Cleared,
            Key::Metadata => message.metadata = Field::Cleared,
            Key::SendAt => message.send_at = Field::Cleared,
            Key::Tags => message.tags = Field::Cleared,
            Key::TrackClicks => message.track_clicks = Field::Cleared,
            Key::TrackOpens => message.track_opens = Field::Cleared,
            Key::TemplateId => message.template_id = Field::Cleared,
            Key::MergeData => message.merge_data = Field::Cleared,
            Key::MergeGlobalData => message.merge_global_data = Field::Cleared,
            Key::MergeHeaders => message.merge_headers = Field::Cleared,
            Key::MergeMetadata => message.merge_metadata = Field::Cleared,
            Key::EspExtra => message.esp_extra = Field::Cleared,
        }
        self
    }

    /// Makes the message.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] names every mistake made, each with its place.
    pub fn build(self) -> Result<Message, InvalidMessage> {
        if self.problems.is_empty() { Ok(self.message) } else { Err(InvalidMessage::new(self.problems)) }
    }

    fn check_header(&mut self, at: &str, name: &str, value: &str) {
        let path = || format!("{at}.{}", name.escape_debug());
        if !is_name(name) {
            let remedy = "a name has no spaces, colons or control characters";
            self.problems.push(Problem::new(path(), "not a header name", remedy));
        }
        if !is_value(value) {
            self.problems.push(Problem::line_break(path()));
        }
    }

    fn mailboxes(mut self, key: Key, given: impl IntoMailboxes) -> Self {
        match given.into_mailboxes() {
            Ok(found) => match self.list(key) {
                Field::Set(list) => list.extend(found),
                none => *none = Field::Set(found),
            },
            Err(cause) => {
                let path = if key == Key::From { key.to_string() } else { format!("{key}[{}]", self.items(key)) };
                self.problems.push(Problem::address(path, &cause));
            }
        }
        self
    }

    /// How many items a list has got so far, the refused ones included.
    fn items(&mut self, key: Key) -> usize {
        let refused =
            self.problems.iter().filter(|problem| problem.path().split('[').next() == Some(key.as_str())).count();
        self.list(key).get().map_or(0, Vec::len) + refused
    }

    pub(super) fn list(&mut self, key: Key) -> &mut Field<Vec<Mailbox>> {
        match key {
            Key::To => &mut self.message.to,
            Key::Cc => &mut self.message.cc,
            Key::Bcc => &mut self.message.bcc,
            Key::ReplyTo => &mut self.message.reply_to,
            _ => &mut self.message.from,
        }
    }
}
