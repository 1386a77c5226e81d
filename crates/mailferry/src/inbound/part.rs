//! The parts of a mail: what each claims to be, and what is in it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::header::{Header, Headers};
use super::problem::ProblemKind;
use super::transfer::Encoding;
use super::tree::{self, Kind, Node};
use super::{InboundMessage, charset, file_name};

/// A part of a mail: its text, a file, or a container of other parts.
///
/// Everything is read from the mail's bytes when it is asked for: decoded content is not kept, so keep what you need
/// twice. All of it is what the sender claims.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    message: &'a InboundMessage,
    node: &'a Node,
    index: usize,
}

/// What to do with bytes that are no text in a charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Put `U+FFFD` in their place.
    #[default]
    Replace,
    /// Leave them out.
    Ignore,
    /// Fail.
    Strict,
}

/// Bytes that are no text in the charset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotText {
    charset: String,
    is_known: bool,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_known {
            write!(f, "not text in the charset `{}`", self.charset)
        } else {
            write!(f, "the charset `{}` is not known", self.charset)
        }
    }
}

impl std::error::Error for NotText {}

impl<'a> Part<'a> {
    pub(super) fn new(message: &'a InboundMessage, index: usize) -> Option<Self> {
        Some(Self { message, node: message.tree.nodes.get(index)?, index })
    }

    pub(super) fn kind(&self) -> Kind {
        self.node.kind
    }

    /// Its place among all parts of the mail, in tree order; the mail itself is 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The parts directly in it; of an attached mail, its root.
    pub fn children(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let (message, end) = (self.message, self.node.end);
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let part = Part::new(message, next).filter(|part| part.index < end)?;
            next = part.node.end;
            Some(part)
        })
    }

    /// Its header fields, in order.
    pub fn headers(&self) -> Headers<'a> {
        Headers::new(self.slice(self.node.headers.clone()))
    }

    /// The value of the first header field of a name, whatever its case; decoded, see [`Header::value`].
    pub fn header(&self, name: &str) -> Option<String> {
        self.first(name).map(|header| header.value())
    }

    fn first(&self, name: &str) -> Option<Header<'a>> {
        self.headers().named(name).next()
    }

    /// The media type in lower case, without parameters: `text/plain` when there is none or none that can be read.
    pub fn content_type(&self) -> String {
        self.essence().to_owned()
    }

    pub(super) fn essence(&self) -> &'a str {
        if self.node.kind == Kind::Text { "text/plain" } else { &self.node.claims.content_type }
    }

    fn is_text(&self) -> bool {
        self.essence().starts_with("text/")
    }

    /// The first half of the type: `text`.
    pub fn main_type(&self) -> String {
        self.essence().split('/').next().unwrap_or_default().to_owned()
    }

    /// The second half of the type: `plain`.
    pub fn subtype(&self) -> String {
        self.essence().split_once('/').map_or_else(String::new, |(_, subtype)| subtype.to_owned())
    }

    /// The charset that it names, in lower case.
    pub fn charset(&self) -> Option<String> {
        self.node.claims.charset.clone()
    }

    /// The disposition in lower case, as it is declared.
    pub fn disposition(&self) -> Option<String> {
        self.node.claims.disposition.clone()
    }

    /// The file name as the sender gives it, line breaks made blanks. It may have a path in it, or be anything else:
    /// see [`safe_file_name`](Self::safe_file_name).
    pub fn file_name(&self) -> Option<String> {
        self.node.claims.file_name.clone()
    }

    /// A name under which the content may be stored: without folders, control characters and signs that a file system
    /// gives a meaning to, neither empty nor longer than 255 bytes.
    ///
    /// Two parts may have the same, and its ending need not tell the truth.
    pub fn safe_file_name(&self) -> String {
        file_name::safe(self.node.claims.file_name.as_deref().unwrap_or_default(), self.essence())
    }

    /// The Content-ID without its angle brackets: what an HTML body calls `cid:…`.
    pub fn content_id(&self) -> Option<String> {
        self.node.claims.content_id.clone()
    }

    /// Whether it is meant as a file beside the text: declared so, or not declared and neither text nor shown within it.
    pub fn is_attachment(&self) -> bool {
        match self.declared() {
            Some("attachment") => true,
            Some("inline") => false,
            _ => self.is_file() && self.node.claims.content_id.is_none(),
        }
    }

    /// Whether it is meant to be shown within the text: declared so, or not declared and with a Content-ID.
    pub fn is_inline(&self) -> bool {
        match self.declared() {
            Some("inline") => true,
            Some("attachment") => false,
            _ => self.is_file() && self.node.claims.content_id.is_some(),
        }
    }

    pub(super) fn declared(&self) -> Option<&'a str> {
        self.node.claims.disposition.as_deref()
    }

    /// Whether its type alone makes it a file.
    fn is_file(&self) -> bool {
        self.node.kind == Kind::Message || !(self.is_multipart() || self.is_text())
    }

    /// Whether it holds other parts.
    pub fn is_multipart(&self) -> bool {
        self.node.kind == Kind::Multipart
    }

    /// All of it as it came, header fields included.
    pub fn raw(&self) -> Bytes {
        self.share(self.node.headers.start..self.node.body.end)
    }

    /// Its body as it came, encoded.
    pub fn raw_body(&self) -> Bytes {
        self.share(self.node.body.clone())
    }

    /// Its content, the transfer encoding undone; of an attached mail, that mail as it came; of a container, all that
    /// is in it. What is not encoded is shared with the mail and costs nothing.
    ///
    /// Broken content is repaired as far as possible: see [`InboundMessage::problems`].
    pub fn bytes(&self) -> Bytes {
        let body = self.slice(self.node.body.clone());
        match self.encoding().decode(body).content {
            Cow::Borrowed(_) => self.raw_body(),
            Cow::Owned(content) => content.into(),
        }
    }

    /// Its content as text in the charset that it names.
    ///
    /// Without one, or with one that is not known, it is taken for UTF-8 if it can be, and else for windows-1252, which
    /// has a letter for most bytes; other content than text is not guessed at. Bytes that are no text are replaced by
    /// `U+FFFD`, and a byte order mark is dropped. Line ends stay as they are.
    pub fn text(&self) -> String {
        self.as_text(&self.bytes()).text
    }

    /// Its content, once decoded, as text.
    fn as_text(&self, content: &[u8]) -> charset::Decoded {
        let label = self.node.claims.charset.as_deref().filter(|_| !self.is_unicode(content));
        charset::decode(content, label, self.is_text())
    }

    /// Its content as text in a charset of yours, or in the one that it names; without either it is UTF-8. Unlike
    /// [`text`](Self::text) it never guesses another one.
    ///
    /// # Errors
    ///
    /// With [`OnError::Strict`], when the charset is not known or does not have all the bytes.
    pub fn decode(&self, charset: Option<&str>, on_error: OnError) -> Result<String, NotText> {
        let content = self.bytes();
        let named = charset.map(str::to_owned).or_else(|| self.charset());
        let label = if charset.is_none() && self.is_unicode(&content) { Some("utf-8".to_owned()) } else { named };
        let decoded = charset::decode(&content, label.as_deref(), false);
        match on_error {
            OnError::Strict if decoded.is_broken || !decoded.is_known => {
                Err(NotText { charset: label.unwrap_or_else(|| "us-ascii".to_owned()), is_known: decoded.is_known })
            }
            OnError::Ignore => Ok(decoded.text.replace(char::REPLACEMENT_CHARACTER, "")),
            _ => Ok(decoded.text),
        }
    }

    /// Whether its bytes were text when we got them, whatever charset it names.
    fn is_unicode(&self, content: &[u8]) -> bool {
        self.message.is_unicode && self.encoding().is_identity() && !content.is_ascii()
    }

    /// The mail that it holds, if it holds one: its bytes as they came, transfer encoding undone.
    pub fn message(&self) -> Option<InboundMessage> {
        if !tree::is_message(self.essence()) {
            return None;
        }
        let mut message = InboundMessage::from_bytes(self.bytes());
        // What was encoded has kept its bytes.
        message.is_unicode = self.message.is_unicode && self.encoding().is_identity();
        Some(message)
    }

    /// The index after that of its last descendant.
    pub(super) fn end(&self) -> usize {
        self.node.end
    }

    /// What is broken in its content.
    pub(super) fn problems(&self) -> impl Iterator<Item = ProblemKind> {
        let mut kinds = Vec::new();
        if matches!(self.node.kind, Kind::Leaf | Kind::Text) {
            let encoding = self.encoding();
            let body = encoding.decode(self.slice(self.node.body.clone()));
            if encoding == Encoding::Unknown {
                kinds.push(ProblemKind::UnknownEncoding);
            } else if body.is_broken {
                kinds.push(ProblemKind::BrokenEncoding);
            }
            if self.is_text() {
                let decoded = self.as_text(&body.content);
                if !decoded.is_known {
                    kinds.push(ProblemKind::UnknownCharset);
                } else if decoded.is_broken {
                    kinds.push(ProblemKind::BrokenText);
                }
            }
        }
        if self.index == 0 {
            if self.first("Date").is_some() && self.message.date().is_none() {
                kinds.push(ProblemKind::InvalidDate);
            }
            if self.first("From").is_some() && self.message.from().is_none() {
                kinds.push(ProblemKind::NoFrom);
            }
        }
        kinds.into_iter()
    }

    pub(super) fn encoding(&self) -> Encoding {
        match self.node.kind {
            Kind::Leaf => self.node.claims.encoding,
            _ => Encoding::Identity,
        }
    }

    fn slice(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        self.message.raw.get(range).unwrap_or_default()
    }

    fn share(&self, range: std::ops::Range<usize>) -> Bytes {
        if range.end <= self.message.raw.len() { self.message.raw.slice(range) } else { Bytes::new() }
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("index", &self.index)
            .field("content_type", &self.essence())
            .field("disposition", &self.declared())
            .finish_non_exhaustive()
    }
}
