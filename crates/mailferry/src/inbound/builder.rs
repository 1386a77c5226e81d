//! Inbound messages made by hand, for tests of what handles them.

use bytes::Bytes;

use super::InboundMessage;
use super::header::Headers;
use crate::message::{Attachment, Content, InvalidMessage, Problem};

/// Fields that say how the mail is put together, which is the builder's to say.
const STRUCTURE: [&str; 3] = ["content-type", "content-transfer-encoding", "mime-version"];
/// Fields of which a mail has one.
const UNIQUE: [&str; 6] = ["from", "to", "cc", "bcc", "reply-to", "subject"];

/// Makes an [`InboundMessage`] as one that has arrived.
///
/// ```
/// use mailferry::{Attachment, InboundMessage};
///
/// let message = InboundMessage::builder()
///     .from("Ann Lee <ann@example.com>")
///     .to("inbox@app.example")
///     .subject("Receipt")
///     .text("Please find it attached.")
///     .header("X-Priority", "1")
///     .attachment(Attachment::bytes("receipt.pdf", &b"%PDF"[..]))
///     .envelope_sender("bounces@example.com")
///     .build()?;
/// assert_eq!(message.attachments().next().unwrap().file_name().as_deref(), Some("receipt.pdf"));
/// # Ok::<(), mailferry::InvalidMessage>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct InboundMessageBuilder {
    /// Fields of addresses and the subject, in the order of the first of each.
    own: Vec<(&'static str, String)>,
    headers: Vec<(String, String)>,
    raw_headers: Vec<u8>,
    text: Option<String>,
    html: Option<String>,
    attachments: Vec<Attachment>,
    envelope_sender: Option<String>,
    envelope_recipients: Vec<String>,
}

impl InboundMessageBuilder {
    /// An address that it is from, as a header has it; nothing is checked but that it stays on its line.
    pub fn from(self, mailbox: impl Into<String>) -> Self {
        self.listed("From", mailbox.into())
    }

    /// An address that it is to.
    pub fn to(self, mailbox: impl Into<String>) -> Self {
        self.listed("To", mailbox.into())
    }

    /// An address that has a copy.
    pub fn cc(self, mailbox: impl Into<String>) -> Self {
        self.listed("Cc", mailbox.into())
    }

    /// An address that has a copy without the others' knowledge.
    pub fn bcc(self, mailbox: impl Into<String>) -> Self {
        self.listed("Bcc", mailbox.into())
    }

    /// An address for replies.
    pub fn reply_to(self, mailbox: impl Into<String>) -> Self {
        self.listed("Reply-To", mailbox.into())
    }

    fn listed(mut self, name: &'static str, mailbox: String) -> Self {
        match self.own.iter_mut().find(|(own, _)| *own == name) {
            Some((_, list)) => *list = format!("{list}, {mailbox}"),
            None => self.own.push((name, mailbox)),
        }
        self
    }

    /// The subject.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.own.retain(|(name, _)| *name != "Subject");
        self.own.push(("Subject", subject.into()));
        self
    }

    /// Adds a header field; a name may be repeated.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Header fields as they came with some mail. Those that are given otherwise, and those that say how that mail was
    /// put together, are left out; so is everything after an empty line.
    pub fn raw_headers(mut self, block: impl Into<Vec<u8>>) -> Self {
        self.raw_headers = block.into();
        self
    }

    /// The plain text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The HTML.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Adds a file, or a part to be shown within the HTML when it is [inline](Attachment::inline).
    pub fn attachment(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Who sent it, as the sending server would say; empty for a bounce.
    pub fn envelope_sender(mut self, email: impl Into<String>) -> Self {
        self.envelope_sender = Some(email.into());
        self
    }

    /// Adds one to whom it was sent, as the sending server would say.
    pub fn envelope_recipient(mut self, email: impl Into<String>) -> Self {
        self.envelope_recipients.push(email.into());
        self
    }

    /// Makes the message.
    ///
    /// # Errors
    ///
    /// When a header field has a line break in it or a name that is none, when one is given twice of which a mail has
    /// one, or when an attachment is a file that was not read.
    pub fn build(self) -> Result<InboundMessage, InvalidMessage> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(InvalidMessage::new(problems));
        }
        let mut raw = self.head();
        self.write_body(&mut raw);
        let mut message = InboundMessage::from_bytes(raw);
        message.envelope_sender = self.envelope_sender;
        message.envelope_recipients = self.envelope_recipients;
        Ok(message)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, value) in &self.own {
            if breaks_line(value) {
                problems.push(Problem::line_break(name.to_ascii_lowercase()));
            }
        }
        let mut seen: Vec<String> = self.own.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        for (name, value) in &self.headers {
            let path = format!("headers.{}", name.escape_debug());
            let lower = name.to_ascii_lowercase();
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
                problems.push(Problem::new(path, "is not a name", "use letters, digits and dashes"));
            } else if breaks_line(value) {
                problems.push(Problem::line_break(path));
            } else if STRUCTURE.contains(&lower.as_str()) {
                problems.push(Problem::new(path, "is made from the content", "leave it out"));
            } else if UNIQUE.contains(&lower.as_str()) && seen.contains(&lower) {
                problems.push(Problem::new(path, "is there already", "a mail has one: leave one of them out"));
            }
            seen.push(lower);
        }
        for (index, attachment) in self.attachments.iter().enumerate() {
            let path = format!("attachments[{index}]");
            if attachment.content_type.as_deref().is_some_and(breaks_line)
                || attachment.content_id().is_some_and(breaks_line)
            {
                problems.push(Problem::line_break(path));
            } else if content(attachment).is_none() {
                problems.push(Problem::new(path, "is a file that was not read", "give its bytes"));
            }
        }
        problems
    }

    fn head(&self) -> Vec<u8> {
        let mut raw = Vec::new();
        let mut given: Vec<&str> = self.own.iter().map(|(name, _)| *name).collect();
        given.extend(self.headers.iter().map(|(name, _)| name.as_str()));
        given.extend(STRUCTURE);
        for header in Headers::new(&self.raw_headers) {
            if !given.iter().any(|name| name.eq_ignore_ascii_case(header.name())) {
                write_field(&mut raw, header.name(), header.raw());
            }
        }
        for (name, value) in &self.own {
            write_field(&mut raw, name, value.as_bytes());
        }
        for (name, value) in &self.headers {
            write_field(&mut raw, name, value.as_bytes());
        }
        write_field(&mut raw, "MIME-Version", b"1.0");
        raw
    }

    /// Always the same containers: files beside pictures beside texts.
    fn write_body(&self, raw: &mut Vec<u8>) {
        let mark = self.mark();
        let (inlines, files): (Vec<_>, Vec<_>) = self.attachments.iter().partition(|attachment| attachment.is_inline());
        let [mixed, related, alternative] = ["mixed", "related", "alternative"].map(|kind| format!("{kind}{mark}"));
        write_container(raw, "mixed", &mixed);
        write_delimiter(raw, &mixed);
        write_container(raw, "related", &related);
        write_delimiter(raw, &related);
        write_container(raw, "alternative", &alternative);
        for (subtype, text) in [("plain", &self.text), ("html", &self.html)] {
            if let Some(text) = text {
                write_delimiter(raw, &alternative);
                write_field(raw, "Content-Type", format!("text/{subtype}; charset=\"utf-8\"").as_bytes());
                write_base64(raw, text.as_bytes());
            }
        }
        write_end(raw, &alternative);
        for attachment in inlines {
            write_delimiter(raw, &related);
            write_attachment(raw, attachment);
        }
        write_end(raw, &related);
        for attachment in files {
            write_delimiter(raw, &mixed);
            write_attachment(raw, attachment);
        }
        write_end(raw, &mixed);
    }

    /// What makes the boundaries differ from all content. Only attached mails are not encoded.
    fn mark(&self) -> String {
        let mails: Vec<_> =
            self.attachments.iter().filter(|attachment| is_mail(attachment)).filter_map(content).collect();
        let mut mark = String::from("=_");
        while mails.iter().any(|mail| mail.windows(mark.len()).any(|window| window == mark.as_bytes())) {
            mark.push('_');
        }
        mark
    }
}

impl InboundMessage {
    /// Makes a message by hand.
    pub fn builder() -> InboundMessageBuilder {
        InboundMessageBuilder::default()
    }
}

fn breaks_line(text: &str) -> bool {
    text.contains(['\r', '\n', '\0'])
}

fn content(attachment: &Attachment) -> Option<&Bytes> {
    match &attachment.content {
        Content::Bytes(bytes) => Some(bytes),
        Content::File(_) => None,
    }
}

fn is_mail(attachment: &Attachment) -> bool {
    attachment.media_type().to_ascii_lowercase().starts_with("message/")
}

fn write_field(raw: &mut Vec<u8>, name: &str, value: &[u8]) {
    raw.extend_from_slice(name.as_bytes());
    raw.extend_from_slice(b": ");
    raw.extend_from_slice(value);
    raw.extend_from_slice(b"\r\n");
}

fn write_container(raw: &mut Vec<u8>, subtype: &str, boundary: &str) {
    write_field(raw, "Content-Type", format!("multipart/{subtype}; boundary=\"{boundary}\"").as_bytes());
}

fn write_delimiter(raw: &mut Vec<u8>, boundary: &str) {
    raw.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
}

fn write_end(raw: &mut Vec<u8>, boundary: &str) {
    raw.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
}

fn write_base64(raw: &mut Vec<u8>, content: &[u8]) {
    write_field(raw, "Content-Transfer-Encoding", b"base64");
    let encoded = base64_simd::STANDARD.encode_to_string(content);
    for line in encoded.as_bytes().chunks(76) {
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(line);
    }
}

fn write_attachment(raw: &mut Vec<u8>, attachment: &Attachment) {
    write_field(raw, "Content-Type", attachment.media_type().as_bytes());
    let disposition = if attachment.is_inline() { "inline" } else { "attachment" };
    let mut value = disposition.to_owned();
    if let Some(name) = attachment.filename() {
        value.push_str("; filename*=utf-8''");
        value.extend(super::file_name::on_one_line(name).bytes().map(percent));
    }
    write_field(raw, "Content-Disposition", value.as_bytes());
    if let Some(id) = attachment.content_id() {
        write_field(raw, "Content-ID", format!("<{id}>").as_bytes());
    }
    let content = content(attachment).map(Bytes::as_ref).unwrap_or_default();
    if is_mail(attachment) {
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(content);
    } else {
        write_base64(raw, content);
    }
}

/// A byte of a file name as RFC 2231 has it.
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
        return char::from(byte).to_string();
    }
    format!("%{byte:02X}")
}
