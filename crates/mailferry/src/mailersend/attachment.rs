//! Attachments as MailerSend takes them: always under a file name, whose extension alone decides the type.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};

use super::body::Writer;
use crate::message::{Attachment, Content, Opened};
use crate::transport::{Error, ErrorKind};

/// Extensions that MailerSend takes, from its email API page (December 2025). Whether case matters is not documented;
/// it is taken not to.
pub(crate) const EXTENSIONS: &[&str] = &[
    "txt", "csv", "log", "css", "ics", "xml", "jpg", "jpe", "jpeg", "gif", "png", "bmp", "psd", "tif", "tiff", "svg",
    "indd", "ai", "eps", "doc", "docx", "rtf", "odt", "ott", "pdf", "pub", "pages", "mobi", "epub", "mp3", "m4a",
    "m4v", "wma", "ogg", "flac", "wav", "aif", "aifc", "aiff", "mp4", "mov", "avi", "mkv", "mpeg", "mpg", "wmv", "xls",
    "xlsx", "ods", "numbers", "odp", "ppt", "pptx", "pps", "key", "zip", "vcf", "eml", "p7c", "p7m", "p7s", "pgp",
    "asc", "sig",
];

/// The name it is sent under; made up from the type when it has none.
pub(crate) fn filename(attachment: &Attachment) -> Cow<'_, str> {
    match attachment.filename() {
        Some(name) => name.into(),
        None => format!("attachment.{}", extension_for(&attachment.media_type())).into(),
    }
}

/// The usual extension of a media type, or `bin`.
fn extension_for(media_type: &str) -> &'static str {
    let essence = essence(media_type);
    match essence.as_str() {
        // Where the table's first choice is not the one people and MailerSend know.
        "audio/mpeg" => "mp3",
        "video/quicktime" => "mov",
        "image/jpg" => "jpg",
        "image/tiff" => "tiff",
        "application/octet-stream" => "bin",
        other => mime2ext::mime2ext(other).unwrap_or("bin"),
    }
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The extension of a file name, in lower case.
pub(crate) fn extension(filename: &str) -> Option<String> {
    let (stem, extension) = filename.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// Writes one attachment.
pub(crate) fn write(out: &mut Writer, attachment: &Attachment, opened: &Opened) -> Result<(), Error> {
    push(out, b"{\"filename\":", &filename(attachment))?;
    let disposition = if attachment.is_inline() { "inline" } else { "attachment" };
    push(out, b",\"disposition\":", disposition)?;
    if let Some(id) = attachment.content_id().filter(|_| attachment.is_inline()) {
        push(out, b",\"id\":", id)?;
    }
    out.text().extend_from_slice(b",\"content\":\"");
    match opened {
        Opened::Bytes(bytes) => out.base64(&utf8(attachment, bytes)),
        Opened::File { path, length, .. } => out.base64_file(path.clone(), *length),
    }
    out.text().extend_from_slice(b"\"}");
    Ok(())
}

fn push(out: &mut Writer, name: &[u8], value: &str) -> Result<(), Error> {
    out.text().extend_from_slice(name);
    serde_json::to_writer(out.text(), value)
        .map_err(|cause| Error::new(ErrorKind::Serialization, "an attachment cannot be written").caused_by(cause))
}

/// Whether text must be converted before it is sent: MailerSend keeps no charset, and readers take UTF-8.
pub(crate) fn foreign_charset(attachment: &Attachment) -> Option<&'static Encoding> {
    let media_type = attachment.content_type.as_deref()?;
    if !essence(media_type).starts_with("text/") {
        return None;
    }
    let label = media_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    // An unknown charset leaves the bytes as they are: whoever made them may know better. ASCII is UTF-8, and what it is
    // not is more probably UTF-8 than the Windows code page that browsers read it as.
    if label.eq_ignore_ascii_case("us-ascii") || label.eq_ignore_ascii_case("ascii") {
        return None;
    }
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != UTF_8)
}

fn utf8(attachment: &Attachment, bytes: &Bytes) -> Bytes {
    match foreign_charset(attachment) {
        Some(encoding) => match encoding.decode(bytes).0 {
            Cow::Borrowed(_) => bytes.clone(),
            Cow::Owned(text) => text.into(),
        },
        None => bytes.clone(),
    }
}

/// Whether the content must be in memory before it can be written: its length changes.
pub(crate) fn needs_conversion(attachment: &Attachment) -> bool {
    matches!(attachment.content, Content::File(_)) && foreign_charset(attachment).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ATT-03, ATT-04, ATT-05, ATT-08
    #[test]
    fn a_missing_name_is_made_up_from_the_type() {
        let cases = [
            ("text/plain", "txt"),
            ("text/html", "html"),
            ("text/csv", "csv"),
            ("image/png", "png"),
            ("image/jpeg", "jpg"),
            ("application/pdf", "pdf"),
            ("application/octet-stream", "bin"),
            ("message/rfc822", "eml"),
            ("application/json", "json"),
            ("text/calendar", "ics"),
            ("application/zip", "zip"),
            ("audio/mpeg", "mp3"),
            ("video/mp4", "mp4"),
            ("image/svg+xml", "svg"),
            ("image/webp", "webp"),
            ("application/msword", "doc"),
            ("Text/Plain; charset=utf-8", "txt"),
            ("application/x-unheard-of", "bin"),
        ];
        for (media_type, extension) in cases {
            let attachment = Attachment::unnamed(media_type, "");
            assert_eq!(filename(&attachment), format!("attachment.{extension}"), "{media_type}");
        }
        assert_eq!(filename(&Attachment::bytes("", "")), "attachment.bin");
    }

    /// ATT-11, ATT-12
    #[test]
    fn text_is_converted_to_utf8() {
        let cases: [(&str, &[u8], &[u8]); 6] = [
            ("text/plain; charset=US-ASCII", "pièce".as_bytes(), "pièce".as_bytes()),
            ("text/plain; charset=iso-8859-1", b"pi\xe8ce", "pièce".as_bytes()),
            ("text/plain; charset=\"UTF-16LE\"", b"p\0i\0\xe8\0c\0e\0", "pièce".as_bytes()),
            ("text/plain; charset=x-klingon", b"\xe8", b"\xe8"),
            ("text/plain; charset=utf-8", b"\xe8", b"\xe8"),
            ("application/pdf; charset=iso-8859-1", b"\xe8", b"\xe8"),
        ];
        for (media_type, raw, expected) in cases {
            let attachment = Attachment::unnamed(media_type, raw.to_vec());
            assert_eq!(utf8(&attachment, &raw.to_vec().into()), expected, "{media_type}");
        }
    }
}
