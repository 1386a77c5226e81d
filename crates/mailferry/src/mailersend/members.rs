//! The members of a request, each overlaid with what `esp_extra` says of it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::attachment;
use super::body::{Segment, Writer};
use super::escape::write_string;
use super::json::{write, write_mailbox};
use crate::address::Mailbox;
use crate::defaults::merge_deep;
use crate::message::{Attachment, Opened};
use crate::transport::Error;

/// `{email, name?}`, as senders and recipients are written.
#[derive(Serialize)]
pub(super) struct Recipient<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> From<&'a Mailbox> for Recipient<'a> {
    fn from(mailbox: &'a Mailbox) -> Self {
        Self { email: mailbox.address().to_ascii(), name: mailbox.name() }
    }
}

pub(super) fn recipients(mailboxes: &[Mailbox]) -> Vec<Recipient<'_>> {
    mailboxes.iter().map(Recipient::from).collect()
}

/// The members of the object, each overlaid with what `esp_extra` says of it.
pub(super) struct Members<'e> {
    pub(super) writer: Writer,
    pub(super) extra: &'e mut Map<String, Value>,
}

impl Members<'_> {
    pub(super) fn some(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.member(name, &value);
        }
    }

    pub(super) fn text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(text) if !self.extra.contains_key(name) => self.put(name, |out| write_string(out, text)),
            value => self.some(name, value),
        }
    }

    pub(super) fn mailbox(&mut self, name: &str, value: Option<&Mailbox>) {
        match value {
            Some(mailbox) if !self.extra.contains_key(name) => self.put(name, |out| write_mailbox(out, mailbox)),
            value => self.some(name, value.map(Recipient::from)),
        }
    }

    pub(super) fn filled<T: Serialize>(&mut self, name: &str, values: &[T]) {
        if !values.is_empty() {
            self.member(name, values);
        }
    }

    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        match self.extra.remove(name) {
            None => self.write(name, value),
            Some(Value::Object(over)) => match json!(value) {
                Value::Object(mut merged) => {
                    merge_deep(&mut merged, &over);
                    self.write(name, &merged);
                }
                _ => self.write(name, &over),
            },
            Some(over) => self.write(name, &over),
        }
    }

    fn write(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.put(name, |out| write(out, value));
    }

    fn put(&mut self, name: &str, value: impl FnOnce(&mut Vec<u8>)) {
        let out = self.writer.text();
        write_string(out, name);
        out.push(b':');
        value(out);
        out.push(b',');
    }

    pub(super) fn attachments(&mut self, attachments: &[(&Attachment, &Opened)]) -> Result<(), Error> {
        if attachments.is_empty() || self.extra.contains_key("attachments") {
            return Ok(());
        }
        self.writer.text().extend_from_slice(b"\"attachments\":[");
        for (index, (attachment, opened)) in attachments.iter().enumerate() {
            if index > 0 {
                self.writer.text().push(b',');
            }
            attachment::write(&mut self.writer, attachment, opened)?;
        }
        self.writer.text().extend_from_slice(b"],");
        Ok(())
    }

    /// Adds the members that the message has nothing of. `personalization` is the message's own when it has any.
    pub(super) fn finish(mut self, personalized: bool) -> Vec<Segment> {
        if personalized {
            self.extra.remove("personalization");
        }
        for (name, value) in std::mem::take(self.extra) {
            self.write(&name, &value);
        }
        self.writer.segments()
    }
}
