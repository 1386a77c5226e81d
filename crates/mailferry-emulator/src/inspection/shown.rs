//! What is in a mail: its HTML as a document of its own, its text, its source, and its files.

use super::{Asked, mailbox};
use crate::message::Attachment;
use crate::reply::Reply;
use crate::service::{Service, StoredMessage};
use crate::shown::document::{document, policy};
use crate::shown::image::{self, MOST_PIXELS};
use crate::shown::source::source;
use crate::tracking::Dressed;

/// For whatever is not meant to be a page: nothing in it runs or is asked for.
const INERT: &str = "default-src 'none'; sandbox";

/// The answer, when the request is about what is in a mail.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["emails", id, "html"]) => html(service, asked, id),
        ("GET", ["emails", id, "text"]) => match worn(service, asked, id).map(|(_, dressed)| dressed.text) {
            Some(Some(text)) => plain(text),
            Some(None) => Reply::sentence(404, "The email has no text, only HTML."),
            None => mailbox::unknown(),
        },
        ("GET", ["emails", id, "source"]) => match worn(service, asked, id) {
            Some((stored, dressed)) => {
                let email = stored.emails.iter().find(|email| email.id == *id);
                email.map_or_else(mailbox::unknown, |email| plain(source(&stored, email, &dressed)))
            }
            None => mailbox::unknown(),
        },
        ("GET", ["emails", id, "attachments", position]) => file(service, asked, id, position),
        _ => return None,
    })
}

/// Whether the request is for an image of a mail, by an address that a document of this process had for it. A frame that
/// nothing is trusted in sends no cookies.
pub(super) fn is_sealed(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> bool {
    let ("GET", ["emails", id, "attachments", position]) = (asked.method, parts) else { return false };
    let seal = service.sessions.seal(&format!("{id}/{position}"));
    let said = asked.parameters("inline").pop();
    seal.zip(said).is_some_and(|(seal, said)| service.sessions.is_same(&seal, &said))
}

/// The message of the email `id`, and the email as it is delivered; with `raw=1` as it was sent.
fn worn(service: &Service, asked: &Asked<'_>, id: &str) -> Option<(StoredMessage, Dressed)> {
    let (stored, mut dressed) = service.worn(id, &service.at_home(""))?;
    if asked.is_on("raw") {
        let email = stored.emails.iter().find(|email| email.id == id)?;
        dressed.html = email.rendered.html.as_deref().map(str::to_owned);
        dressed.text = email.rendered.text.as_deref().map(str::to_owned);
    }
    Some((stored, dressed))
}

fn html(service: &Service, asked: &Asked<'_>, id: &str) -> Reply {
    // Links and the pixel lead to wherever the document was asked for.
    let Some((stored, dressed)) = service.worn(id, "") else { return mailbox::unknown() };
    let Some(email) = stored.emails.iter().find(|email| email.id == id) else { return mailbox::unknown() };
    let raw = email.rendered.html.as_deref().filter(|_| asked.is_on("raw"));
    let Some(html) = raw.or(dressed.html.as_deref()) else {
        return Reply::sentence(404, "The email has no HTML, only text.");
    };
    let url = |position: usize| {
        let seal = service.sessions.seal(&format!("{id}/{position}")).filter(|_| service.is_exposed);
        format!("attachments/{position}?inline={}", seal.as_deref().unwrap_or("1"))
    };
    let shown = document(html, &stored.message.attachments, url);
    let host = asked.header("host").unwrap_or_default();
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", policy(host, asked.is_on("remote"))),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-dns-prefetch-control", "off".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    Reply { status: 200, headers, body: shown.into_bytes() }
}

fn plain(text: String) -> Reply {
    Reply { status: 200, headers: inert("text/plain; charset=utf-8"), body: text.into_bytes() }
}

fn file(service: &Service, asked: &Asked<'_>, id: &str, position: &str) -> Reply {
    let found = service.email(id);
    let file = found.as_ref().and_then(|email| email.message().attachments.get(position.parse::<usize>().ok()?));
    let Some(file) = file else { return Reply::sentence(404, "The emulator has no such attachment.") };
    if asked.parameters("inline").is_empty() { download(file) } else { inline(file) }
}

/// Never shown as what it says it is: a browser would run it.
fn download(file: &Attachment) -> Reply {
    let mut headers = inert("application/octet-stream");
    headers.push(("content-disposition", disposition(&file.filename)));
    Reply { status: 200, headers, body: file.content.to_vec() }
}

/// An image for the frame in which its mail is shown.
fn inline(file: &Attachment) -> Reply {
    let Some(kind) = image::kind(&file.content) else {
        let words = "Only PNG, GIF, JPEG and WebP images are shown inside of mails. Download it instead.";
        return Reply::sentence(415, words);
    };
    let pixels = image::size(&file.content).map(|(width, height)| u64::from(width).saturating_mul(height.into()));
    match pixels {
        Some(pixels) if pixels <= MOST_PIXELS => {
            Reply { status: 200, headers: inert(kind.media_type()), body: file.content.to_vec() }
        }
        Some(pixels) => {
            let words =
                format!("The image has {pixels} pixels; more than {MOST_PIXELS} are not shown. Download it instead.");
            Reply::sentence(422, &words)
        }
        None => Reply::sentence(422, "The image does not say how large it is, and is not shown. Download it instead."),
    }
}

fn inert(content_type: &str) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", content_type.to_owned()),
        ("content-security-policy", INERT.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ]
}

/// Under which name a browser saves a file: in ASCII for old ones, in full for the others (RFC 6266, RFC 8187).
fn disposition(name: &str) -> String {
    // Names are not paths, and a header ends where its line does.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let plain: String = name
        .chars()
        .map(|c| if (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let full: String = name
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_safely() {
        let check = |name, expected: &str| assert_eq!(disposition(name), expected, "{name}");
        check("invoice 1.pdf", "attachment; filename=\"invoice 1.pdf\"");
        check("Größe.csv", "attachment; filename=\"Gr__e.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv");
        check("a\"; x=\"b.txt", "attachment; filename=\"a_; x=_b.txt\"; filename*=UTF-8''a%22%3B%20x%3D%22b.txt");
        check("a\r\nset-cookie: b.txt", "attachment; filename=\"aset-cookie: b.txt\"");
        check("../../etc/passwd.txt", "attachment; filename=\"passwd.txt\"");
        check("c:\\x\\y.txt", "attachment; filename=\"y.txt\"");
    }
}
