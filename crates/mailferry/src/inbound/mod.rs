//! Mails that arrived, taken apart.

use bytes::Bytes;

/// A mail that arrived.
///
/// Reading one never fails: a part that is broken degrades that part.
#[derive(Debug, Clone)]
pub struct InboundMessage {
    raw: Bytes,
    /// Who sent it, as the sending server said; empty for a bounce, `None` when nobody said.
    pub envelope_sender: Option<String>,
    /// To whom it was sent, as the sending server said.
    pub envelope_recipients: Vec<String>,
}

impl InboundMessage {
    /// Reads a mail from the bytes that came over the wire.
    pub fn from_bytes(raw: impl Into<Bytes>) -> Self {
        Self { raw: raw.into(), envelope_sender: None, envelope_recipients: Vec::new() }
    }

    /// The bytes it was read from.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}
