//! A mail that comes in: its envelope, its bytes, and what MailerSend takes out of it.

use bytes::Bytes;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, HeaderName, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::headers::Headers;

/// So deep mails may be attached to mails.
const MOST_NESTED: usize = 100;
/// How deep the parser looks into attached mails that are encoded: three times.
const MOST_ENCODED: usize = 3;

/// A mail from outside.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The envelope's sender; empty for a bounce.
    pub(crate) sender: String,
    /// The whole mail as text with CRLF, under the header that names the envelope's sender.
    pub(crate) raw: String,
    pub(crate) headers: Headers,
}

/// A file of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) disposition: &'static str,
    /// Only of files shown inside the mail (facts sheet 7.2, recorded).
    pub(crate) content_id: Option<String>,
    pub(crate) content: Bytes,
}

/// The parts of a mail that people read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) files: Vec<File>,
}

impl Mail {
    /// Any line ends become CRLF. Bytes that are no UTF-8 become U+FFFD, since the webhook carries the mail as JSON
    /// text (what MailerSend makes of them is UNCERTAIN).
    pub(crate) fn new(sender: &str, raw: &[u8]) -> Self {
        // A line break in the address would be a header of its own.
        let address: String = sender.chars().filter(|c| !c.is_control()).collect();
        let mut text = format!("X-Envelope-From: <{address}>\r\n");
        text.reserve(raw.len());
        let body = String::from_utf8_lossy(raw);
        let mut lines = body.split('\n').peekable();
        while let Some(line) = lines.next() {
            let is_last = lines.peek().is_none();
            let line = if is_last { line } else { line.strip_suffix('\r').unwrap_or(line) };
            for (i, part) in line.split('\r').enumerate() {
                text.push_str(if i == 0 { "" } else { "\r\n" });
                text.push_str(part);
            }
            text.push_str(if is_last { "" } else { "\r\n" });
        }
        let headers = Headers::read(&text);
        Self { sender: sender.to_owned(), raw: text, headers }
    }

    /// What people read of it.
    pub(crate) fn content(&self) -> Content {
        Content::of(self.raw.as_bytes())
    }
}

impl Content {
    /// Takes a mail apart. An attached mail stays a file: its texts are not this mail's. Where mails are attached to
    /// mails [without end](MOST_NESTED), or the parser gives up, no part is found.
    pub(crate) fn of(raw: &[u8]) -> Self {
        // With debug assertions the parser panics at a mail in a multipart that is nothing but another mail.
        std::panic::catch_unwind(|| Self::parts(raw)).unwrap_or_else(|_| {
            tracing::warn!("a mail cannot be taken apart");
            Self::default()
        })
    }

    fn parts(raw: &[u8]) -> Self {
        if is_too_deep(raw, MOST_ENCODED) {
            return Self::default();
        }
        let Some(mail) = MessageParser::default().parse(raw) else { return Self::default() };
        let mut content = Self::default();
        let add = |to: &mut Option<String>, text: &str| to.get_or_insert_default().push_str(text);
        for part in mail.text_bodies() {
            if let PartType::Text(text) = &part.body {
                add(&mut content.text, text);
            }
        }
        for part in mail.html_bodies() {
            if let PartType::Html(html) = &part.body {
                add(&mut content.html, html);
            }
        }
        content.files = mail.attachments().map(|part| file(raw, part)).collect();
        content
    }
}

/// Whether mails are attached to mails deeper than the parser, which recurses over them, has stack for.
fn is_too_deep(raw: &[u8], encoded: usize) -> bool {
    // Nothing encoded is looked into, so that this one does not recurse.
    let parser = MessageParser::new().with_mime_headers().ignore_header(HeaderName::ContentTransferEncoding);
    let Some(mail) = parser.parse(raw) else { return false };
    let mut is_too_deep = false;
    let mut parts: Vec<_> = mail.parts.into_iter().map(|part| (0_usize, part)).collect();
    // Taken apart to the end, because dropping recurses, too.
    while let Some((depth, part)) = parts.pop() {
        is_too_deep |= depth > MOST_NESTED;
        let may_be_mail = part.content_type().is_none_or(|kind| kind.c_type.eq_ignore_ascii_case("message"));
        if !is_too_deep && encoded > 0 && may_be_mail {
            let position = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
            let slice = |from, to| raw.get(position(from)..position(to)).unwrap_or_default();
            let head = slice(part.offset_header, part.offset_body).to_ascii_lowercase();
            let body = slice(part.offset_body, part.offset_end);
            let says = |word: &[u8]| head.windows(word.len()).any(|found| found == word);
            if says(b"content-transfer-encoding") {
                let decoded = [base64_decode(body), quoted_printable_decode(body)];
                is_too_deep = decoded.iter().flatten().any(|decoded| self::is_too_deep(decoded, encoded - 1));
            }
        }
        if let PartType::Message(attached) = part.body {
            parts.extend(attached.parts.into_iter().map(|part| (depth.saturating_add(1), part)));
        }
    }
    is_too_deep
}

fn file(raw: &[u8], part: &MessagePart<'_>) -> File {
    let kind = part.content_type();
    let content_type = match (kind.map(|kind| &*kind.c_type), kind.and_then(|kind| kind.c_subtype.as_deref())) {
        (Some(kind), Some(subtype)) => format!("{kind}/{subtype}").to_ascii_lowercase(),
        _ if part.is_message() => "message/rfc822".to_owned(),
        _ => "application/octet-stream".to_owned(),
    };
    let is_inline = match part.content_disposition() {
        Some(disposition) => disposition.is_inline(),
        None => part.content_id().is_some(),
    };
    let name = part.attachment_name().map_or_else(|| unnamed(&content_type).to_owned(), str::to_owned);
    let content_id = part.content_id().filter(|_| is_inline).map(str::to_owned);
    let content = Bytes::from(decoded(raw, part));
    File { name, content_type, disposition: if is_inline { "inline" } else { "attachment" }, content_id, content }
}

/// What MailerSend calls a file without a name is UNCERTAIN.
fn unnamed(content_type: &str) -> &'static str {
    match content_type {
        "message/rfc822" => "message.eml",
        "text/calendar" => "invite.ics",
        "image/png" => "image.png",
        "image/jpeg" => "image.jpg",
        "image/gif" => "image.gif",
        _ => "attachment.txt",
    }
}

/// The bytes of a part as they were attached: texts must not lose their charset on the way.
fn decoded(raw: &[u8], part: &MessagePart<'_>) -> Vec<u8> {
    if !part.is_text() {
        return part.contents().to_vec();
    }
    let position = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let body = raw.get(position(part.offset_body)..position(part.offset_end)).unwrap_or_default();
    match part.encoding {
        Encoding::None => body.to_vec(),
        Encoding::QuotedPrintable => quoted_printable_decode(body).unwrap_or_else(|| part.contents().to_vec()),
        Encoding::Base64 => base64_decode(body).unwrap_or_else(|| part.contents().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_that_is_only_a_mail_is_no_panic() {
        let raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
                   Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nHello\r\n--b--\r\n";
        let _ = Mail::new("ann@one.example", raw.as_bytes()).content();
        for cut in 0..raw.len() {
            let _ = Mail::new("", &raw.as_bytes()[..cut]).content();
        }
    }

    #[test]
    fn any_line_end_becomes_crlf() {
        let check = |raw: &str, expected: &str| {
            assert_eq!(Mail::new("", raw.as_bytes()).raw, format!("X-Envelope-From: <>\r\n{expected}"), "{raw:?}");
        };
        check("", "");
        check("a", "a");
        check("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd");
        check("\r\r\n\n\r", "\r\n\r\n\r\n\r\n");
        check("\n", "\r\n");
        check("a\r", "a\r\n");
    }
}
