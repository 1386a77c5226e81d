//! Mails that arrived, taken apart.
//!
//! Everything in an inbound message is a stranger's: the sender may be forged, types and file names may lie, a date may
//! be of any year. What is here reads it without trusting it.
//!
//! ```
//! use mailferry::InboundMessage;
//!
//! let message = InboundMessage::from_bytes(&b"From: Ann Lee <ann@example.com>\r\n\
//!     Subject: =?utf-8?q?Dobr=C3=BD_den?=\r\n\
//!     \r\n\
//!     Hello.\r\n"[..]);
//! assert_eq!(message.from().unwrap().email, "ann@example.com");
//! assert_eq!(message.subject().as_deref(), Some("Dobrý den"));
//! assert_eq!(message.text().as_deref(), Some("Hello.\r\n"));
//! ```

mod boundary;
mod builder;
mod charset;
mod claims;
mod date;
mod file_name;
mod header;
mod hints;
mod json;
mod mailbox;
mod media;
mod part;
mod problem;
mod reply;
mod thread;
mod transfer;
mod tree;
mod word;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::datetime::DateTime;

pub use builder::InboundMessageBuilder;
pub use header::{Header, Headers};
pub use hints::Hints;
pub use mailbox::Mailbox;
pub use part::{NotText, OnError, Part};
pub use problem::{Problem, ProblemKind};
pub use reply::strip_quotes;

use tree::{Kind, Tree};

/// A mail that arrived.
///
/// Reading one never fails: what is broken degrades the part that it is in, and is listed in
/// [`problems`](Self::problems). Content is decoded when it is asked for. A clone shares the bytes.
///
/// Memory: the bytes themselves, some hundred bytes for each part (up to 100,000), and whatever an accessor returns.
#[derive(Clone)]
pub struct InboundMessage {
    raw: Bytes,
    tree: Arc<Tree>,
    /// Whether the bytes were text when we got them, so that what is not encoded is UTF-8 whatever it says.
    is_unicode: bool,
    /// Who sent it, as the sending server said; empty for a bounce, `None` when nobody said.
    pub envelope_sender: Option<String>,
    /// To whom it was sent, as the sending server said.
    pub envelope_recipients: Vec<String>,
    /// What the service found when it checked SPF, in its own word.
    pub spf: Option<String>,
    /// Whether the service found the DKIM signature good.
    pub dkim: Option<bool>,
    /// Whether the service calls it spam.
    pub spam_detected: Option<bool>,
    /// How much the service thinks it spam, in its own scale.
    pub spam_score: Option<f64>,
    /// The text without quotes and signature, as the service has it.
    pub stripped_text: Option<String>,
    /// The HTML without quotes and signature, as the service has it.
    pub stripped_html: Option<String>,
}

impl InboundMessage {
    /// Reads a mail from the bytes that came over the wire.
    pub fn from_bytes(raw: impl Into<Bytes>) -> Self {
        let raw = raw.into();
        let tree = Arc::new(Tree::parse(&raw));
        Self {
            raw,
            tree,
            is_unicode: false,
            envelope_sender: None,
            envelope_recipients: Vec::new(),
            spf: None,
            dkim: None,
            spam_detected: None,
            spam_score: None,
            stripped_text: None,
            stripped_html: None,
        }
    }

    /// Reads a mail that was made text on its way, in JSON for instance: content that is not encoded is UTF-8 now,
    /// whatever charset it names.
    pub fn from_text(text: impl Into<String>) -> Self {
        let mut message = Self::from_bytes(text.into());
        message.is_unicode = true;
        message
    }

    /// Reads a mail from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn from_file(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self::from_bytes(tokio::fs::read(path).await?))
    }

    /// The bytes it was read from.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// All parts in tree order: the mail itself first, each part before those in it. Attached mails are gone into,
    /// unless they are encoded.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        (0..self.tree.nodes.len()).filter_map(|index| Part::new(self, index))
    }

    /// The header fields of the mail, in order, with repeats.
    pub fn headers(&self) -> Headers<'_> {
        Headers::new(self.tree.nodes.first().and_then(|root| self.raw.get(root.headers.clone())).unwrap_or_default())
    }

    /// The value of the first header field of a name, whatever its case; decoded, see [`Header::value`].
    pub fn header(&self, name: &str) -> Option<String> {
        self.first(name).map(|header| header.value())
    }

    /// The values of all header fields of a name, whatever its case; decoded, see [`Header::value`].
    pub fn header_all(&self, name: &str) -> Vec<String> {
        self.headers().named(name).map(|header| header.value()).collect()
    }

    /// The value of the first header field of a name as it came, see [`Header::raw`].
    pub fn header_raw(&self, name: &str) -> Option<&[u8]> {
        self.first(name).map(|header| header.raw())
    }

    fn first(&self, name: &str) -> Option<Header<'_>> {
        self.headers().named(name).next()
    }

    /// Who it says it is from: the first address of `From`. `None` when there is none that can be read.
    pub fn from(&self) -> Option<Mailbox> {
        self.from_all().into_iter().next()
    }

    /// Everyone it says it is from.
    pub fn from_all(&self) -> Vec<Mailbox> {
        self.mailboxes("From")
    }

    /// To whom it says it is; the mail may have been sent to others: see
    /// [`envelope_recipients`](Self::envelope_recipients).
    pub fn to(&self) -> Vec<Mailbox> {
        self.mailboxes("To")
    }

    /// Who it says has a copy.
    pub fn cc(&self) -> Vec<Mailbox> {
        self.mailboxes("Cc")
    }

    /// Who has a copy without the others' knowledge, when the sender forgot to take the header out.
    pub fn bcc(&self) -> Vec<Mailbox> {
        self.mailboxes("Bcc")
    }

    /// Where it asks replies to go.
    pub fn reply_to(&self) -> Vec<Mailbox> {
        self.mailboxes("Reply-To")
    }

    /// The addresses in all header fields of a name, up to 100,000; what is no address is passed over.
    pub fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        let headers = self.headers().named(name);
        let mailboxes = headers.flat_map(|header| mailbox::List::parse(&header.unfolded()).into_mailboxes());
        mailboxes.take(mailbox::MAX_ITEMS).collect()
    }

    /// The subject, decoded. `None` without one; it may be empty.
    pub fn subject(&self) -> Option<String> {
        self.header("Subject")
    }

    /// When it says it was written. `None` without a date that can be read.
    pub fn date(&self) -> Option<DateTime> {
        date::parse(&self.first("Date")?.unfolded())
    }

    /// The plain text: the first `text/plain` part that is no attachment. An attached mail's text is not the mail's.
    pub fn text(&self) -> Option<String> {
        self.body("text/plain").map(|part| part.text())
    }

    /// The HTML: the first `text/html` part that is no attachment, as the sender wrote it: not to be shown without
    /// being cleaned.
    pub fn html(&self) -> Option<String> {
        self.body("text/html").map(|part| part.text())
    }

    fn body(&self, content_type: &str) -> Option<Part<'_>> {
        let mut index = 0;
        while let Some(part) = Part::new(self, index) {
            let is_open = part.kind() != Kind::Message;
            if is_open && part.essence() == content_type && part.declared() != Some("attachment") {
                return Some(part);
            }
            index = if is_open { index + 1 } else { part.end() };
        }
        None
    }

    /// The files beside the text, in tree order, those of attached mails included: see [`Part::is_attachment`].
    pub fn attachments(&self) -> impl Iterator<Item = Part<'_>> {
        self.parts().filter(Part::is_attachment)
    }

    /// The parts to be shown within the text, in tree order: see [`Part::is_inline`].
    pub fn inlines(&self) -> impl Iterator<Item = Part<'_>> {
        self.parts().filter(Part::is_inline)
    }

    /// The parts that HTML can show as `cid:…`, by Content-ID. Of those with the same the last one counts.
    pub fn content_id_map(&self) -> BTreeMap<String, Part<'_>> {
        self.inlines().filter_map(|part| Some((part.content_id()?, part))).collect()
    }

    /// The part that HTML calls `cid:…`, without or with angle brackets.
    pub fn inline(&self, content_id: &str) -> Option<Part<'_>> {
        let bare = content_id.trim().trim_start_matches('<').trim_end_matches('>');
        self.inlines().filter(|part| part.content_id().as_deref() == Some(bare)).last()
    }

    /// The mails attached to it, not those attached to them.
    pub fn attached_messages(&self) -> impl Iterator<Item = InboundMessage> {
        let mut index = 0;
        std::iter::from_fn(move || {
            while let Some(part) = Part::new(self, index) {
                let message = part.message();
                index = if message.is_some() { part.end() } else { index + 1 };
                if message.is_some() {
                    return message;
                }
            }
            None
        })
    }

    /// What was broken, and which part it degraded. Finding out takes decoding every part.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.tree.problems.clone();
        for part in self.parts() {
            problems.extend(part.problems().map(|kind| Problem { part: part.index(), kind }));
        }
        problems.sort_by_key(|problem| problem.part);
        problems
    }
}

impl fmt::Debug for InboundMessage {
    /// Without what is in it: mails are private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMessage")
            .field("bytes", &self.raw.len())
            .field("parts", &self.tree.nodes.len())
            .finish_non_exhaustive()
    }
}
