//! The interchange form: one message as a JSON object, for files, queues and other languages.
//!
//! Written by hand and frozen by tests: it is a format, not a mirror of the struct.

mod node;
mod read;
mod write;

use super::{InvalidMessage, Message};

pub(crate) use node::Node;
pub(crate) use read::{closest, from_node};

impl Message {
    /// Reads one message in the interchange form.
    ///
    /// A missing key is an unset field, and `null` a [cleared](super::MessageBuilder::without) one. A path in
    /// `attachments` is kept as it is and read when the message is sent.
    ///
    /// ```
    /// use mailferry::Message;
    ///
    /// let message = Message::from_json(br#"{"from": "a@shop.example", "to": ["Ann <ann@example.com>"], "text": "Hi"}"#)?;
    /// assert_eq!(message.to().len(), 1);
    ///
    /// let error = Message::from_json(br#"{"form": "a@shop.example", "to": ["nobody"]}"#).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `from`?"));
    /// assert_eq!(error.problems().len(), 2);
    /// # Ok::<(), mailferry::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] names every mistake with its place: text that is not JSON, unknown and repeated keys, values
    /// of the wrong type, and everything that [`build`](super::MessageBuilder::build) refuses.
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidMessage> {
        from_node(Node::parse(json)?)
    }

    /// Writes the message in the interchange form. Attached bytes are written as base64, attached files as their path.
    pub fn to_json(&self) -> String {
        write::to_json(self)
    }
}
