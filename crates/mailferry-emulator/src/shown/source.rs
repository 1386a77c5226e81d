//! The whole mail as it would be sent to one reader.

use super::head::headers;
use super::media_type;
use crate::message::Attachment;
use crate::mime::{self, File};
use crate::service::{StoredEmail, StoredMessage};
use crate::tracking::Dressed;

/// The mail of `email`'s reader, `dressed` as it is delivered: text and HTML to choose from, images with the HTML, files
/// beside (RFC 2046, 5.1).
pub(crate) fn source(stored: &StoredMessage, email: &StoredEmail, dressed: &Dressed) -> String {
    let mut mail = String::new();
    for header in headers(stored, email, &dressed.headers) {
        mime::line(&mut mail, header.name, &header.written());
    }
    mime::line(&mut mail, "MIME-Version", "1.0");

    let (inline, beside): (Vec<_>, Vec<_>) =
        stored.message.attachments.iter().partition(|file| file.inline && dressed.html.is_some());
    let parts = |files: Vec<&Attachment>| files.into_iter().map(|file| mime::file(&part(file))).collect::<Vec<_>>();
    let html = dressed.html.as_ref().map(|html| {
        let html = mime::body("html", html);
        mime::multipart("related", &email.id, std::iter::once(html).chain(parts(inline)).collect())
    });
    let text = dressed.text.as_ref().or(html.is_none().then_some(const { &String::new() }));
    let bodies = text.map(|text| mime::body("plain", text)).into_iter().chain(html).collect();
    let body = mime::multipart("alternative", &email.id, bodies);
    mail.push_str(&mime::multipart("mixed", &email.id, std::iter::once(body).chain(parts(beside)).collect()));
    mail
}

fn part(file: &Attachment) -> File<'_> {
    File {
        name: &file.filename,
        content_type: media_type::of(&file.filename, &file.content),
        content_id: file.id.as_deref(),
        is_inline: file.inline,
        content: &file.content,
    }
}
