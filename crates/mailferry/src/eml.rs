//! A message as the mail it would roughly become, in RFC 5322's form: for eyes and mail programs, not for sending.

use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};

use crate::address::Mailbox;
use crate::message::{Attachment, Message};

/// Writes a message as a mail: line ends are CRLF, text is UTF-8, and attached files are read now.
///
/// What has no place in a mail (hidden copies, tags, template, merge data, schedule) is in headers that begin with
/// `X-Mailferry-`; `esp_extra` is left out, since it may hold a token.
///
/// # Errors
///
/// When an attached file cannot be read.
///
/// ```
/// use std::time::SystemTime;
/// use mailferry::{Attachment, Message, eml};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let question = Message::builder().from("ann@example.com").subject("Why?").text("I wonder.").build()?;
/// let raw = eml::render(&question, "question-1@example.com", SystemTime::UNIX_EPOCH).await?;
/// assert!(raw.starts_with(b"Message-ID: <question-1@example.com>\r\n"));
/// let forwarded = Attachment::message("question.eml", raw);
/// # let _ = forwarded;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn render(message: &Message, message_id: &str, date: SystemTime) -> io::Result<Vec<u8>> {
    let mut parts = Vec::with_capacity(message.attachments().len());
    for attachment in message.attachments() {
        parts.push((attachment, attachment.read().await?));
    }
    let seconds = match date.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    };
    let mut mail =
        MessageBuilder::new().header("Message-ID", MessageId::new(message_id)).header("Date", Date::new(seconds));
    for (name, list) in
        [("From", message.from()), ("To", message.to()), ("Cc", message.cc()), ("Reply-To", message.reply_to())]
    {
        if !list.is_empty() {
            mail = mail.header(name, addresses(list));
        }
    }
    if let Some(subject) = message.subject() {
        mail = mail.subject(subject);
    }
    for (name, value) in message.headers().into_iter().flat_map(crate::message::Headers::iter) {
        mail = mail.header(name, HeaderType::Text(Text::new(value)));
    }
    for (name, value) in unwritten(message) {
        mail = mail.header(name, HeaderType::Text(Text::new(value)));
    }
    mail.body(body(message, parts)).write_to_vec()
}

/// A header's list. The writer puts addresses down as they are, so they are given in ASCII.
fn addresses(list: &[Mailbox]) -> HeaderType<'_> {
    let one = |mailbox: &Mailbox| {
        Address::new_address(mailbox.name().map(str::to_owned), mailbox.address().to_ascii().to_owned())
    };
    Address::new_list(list.iter().map(one).collect()).into()
}

fn unwritten(message: &Message) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    if !message.bcc().is_empty() {
        let list: Vec<_> = message.bcc().iter().map(|mailbox| mailbox.address().to_ascii()).collect();
        headers.push(("X-Mailferry-Bcc", list.join(", ")));
    }
    if let Some(sender) = message.envelope_sender() {
        headers.push(("X-Mailferry-Envelope-Sender", sender.address().to_ascii().to_owned()));
    }
    if let Some(when) = message.send_at() {
        headers.push(("X-Mailferry-Send-At", when.to_string()));
    }
    if !message.tags().is_empty() {
        headers.push(("X-Mailferry-Tags", message.tags().join(", ")));
    }
    if let Some(id) = message.template_id() {
        // Like any text that was given, it must not become a header of its own.
        headers.push(("X-Mailferry-Template-Id", id.escape_debug().to_string()));
    }
    if let Some(data) = message.merge_global_data() {
        headers.push(("X-Mailferry-Merge-Global-Data", json(data)));
    }
    if let Some(data) = message.merge_data() {
        headers.push(("X-Mailferry-Merge-Data", json(data)));
    }
    if let Some(data) = message.metadata() {
        headers.push(("X-Mailferry-Metadata", json(data)));
    }
    headers
}

fn json(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

/// Text and HTML as alternatives, inline parts with the HTML they are shown in, attachments beside them.
fn body<'m>(message: &'m Message, parts: Vec<(&'m Attachment, Bytes)>) -> MimePart<'m> {
    let (inline, attached): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(attachment, _)| attachment.is_inline());
    let text = message.text().map(|text| MimePart::new("text/plain", BodyPart::Text(text.into())));
    let html = message.html().map(|html| MimePart::new("text/html", BodyPart::Text(html.into())));
    let mut inline: Vec<_> = inline.iter().map(|(attachment, content)| part(attachment, content)).collect();
    let html = html.map(|html| {
        if inline.is_empty() {
            return html;
        }
        let related = std::iter::once(html).chain(inline.drain(..)).collect::<Vec<_>>();
        MimePart::new("multipart/related", related)
    });
    let readable = match (text, html) {
        (Some(text), Some(html)) => MimePart::new("multipart/alternative", vec![text, html]),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => MimePart::new("text/plain", BodyPart::Text("".into())),
    };
    let beside: Vec<_> =
        inline.into_iter().chain(attached.iter().map(|(attachment, content)| part(attachment, content))).collect();
    if beside.is_empty() {
        return readable;
    }
    MimePart::new("multipart/mixed", std::iter::once(readable).chain(beside).collect::<Vec<_>>())
}

fn part<'a>(attachment: &Attachment, content: &Bytes) -> MimePart<'a> {
    let part = MimePart::new(attachment.media_type(), BodyPart::Binary(content.to_vec().into()));
    match attachment.content_id().filter(|_| attachment.is_inline()) {
        Some(id) => part.inline().cid(id.to_owned()),
        None if attachment.is_inline() => part.inline(),
        None => part.attachment(attachment.filename().unwrap_or("attachment.bin").to_owned()),
    }
}
