//! Mails written by hand: from a form, a test, or as an answer to something that was sent.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::headers::{Person, people};

/// The longest line that mail may have, without its end.
const LONGEST_LINE: usize = 998;

/// A mail to be received, put together from its parts.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::{Emulator, InboundMail, InboundRoute};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let emulator = Emulator::start().await?;
/// let route = emulator.add_inbound_route(InboundRoute::to("http://127.0.0.1:9/inbound"));
/// let mail = InboundMail::new("Ann <ann@example.org>", route.address()).subject("Help").text("Where is my order?");
/// let received = emulator.receive_mail(mail)?;
/// assert_eq!(received.messages()[0].recipients(), [route.address()]);
/// # Ok(())
/// # }
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct InboundMail {
    from: String,
    to: String,
    cc: String,
    sender: Option<String>,
    recipients: Option<Vec<String>>,
    subject: String,
    text: Option<String>,
    html: Option<String>,
    headers: Vec<(String, String)>,
    files: Vec<Attached>,
}

#[derive(Clone, Debug)]
struct Attached {
    name: String,
    content_type: String,
    content_id: Option<String>,
    content: Bytes,
}

/// A mail with its envelope.
pub(crate) struct Composed {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) raw: Vec<u8>,
}

impl InboundMail {
    /// A mail from `from` to `to`, both as in the headers: one address, or several with names and commas.
    pub fn new(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            to: to.into(),
            cc: String::new(),
            sender: None,
            recipients: None,
            subject: String::new(),
            text: None,
            html: None,
            headers: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Who gets a copy, as in the header.
    pub fn cc(mut self, cc: impl Into<String>) -> Self {
        self.cc = cc.into();
        self
    }

    /// The envelope's sender, empty for a bounce. Without it, it is the address in `From`.
    pub fn envelope_sender(mut self, sender: impl Into<String>) -> Self {
        self.sender = Some(sender.into());
        self
    }

    /// The envelope's recipients. Without them, they are the addresses in `To` and `Cc`.
    pub fn envelope_recipients<S: Into<String>>(mut self, recipients: impl IntoIterator<Item = S>) -> Self {
        self.recipients = Some(recipients.into_iter().map(Into::into).collect());
        self
    }

    /// The subject, in any language.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The HTML.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// One more header. Line breaks become spaces.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A file.
    pub fn attachment(
        mut self,
        name: impl Into<String>,
        content_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let (name, content_type, content) = (name.into(), content_type.into(), content.into());
        self.files.push(Attached { name, content_type, content_id: None, content });
        self
    }

    /// A file shown inside the HTML, where `cid:` links call it `content_id`.
    pub fn inline(
        mut self,
        name: impl Into<String>,
        content_type: impl Into<String>,
        content_id: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let (name, content_type, content) = (name.into(), content_type.into(), content.into());
        self.files.push(Attached { name, content_type, content_id: Some(content_id.into()), content });
        self
    }

    /// Writes it down. `id` makes the message id and the boundaries.
    pub(crate) fn compose(self, id: &str, now: Timestamp) -> Composed {
        let Self { from, to, cc, sender, recipients, subject, text, html, headers, files } = self;
        let address = |person: Person| person.email;
        let (from_people, to_people, cc_people) = (people(&from), people(&to), people(&cc));
        let mut head = String::new();
        for (name, value) in [("From", listed(&from_people)), ("To", listed(&to_people)), ("Cc", listed(&cc_people))] {
            if !value.is_empty() {
                line(&mut head, name, &value);
            }
        }
        line(&mut head, "Subject", &encoded(&subject));
        let date = now.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        line(&mut head, "Date", &date);
        line(&mut head, "Message-ID", &format!("<{id}@mailferry.test>"));
        for (name, value) in headers {
            let name: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != ':').collect();
            if !name.is_empty() {
                line(&mut head, &name, &encoded(&value));
            }
        }
        line(&mut head, "MIME-Version", "1.0");

        let mut bodies: Vec<String> = Vec::new();
        bodies.extend(text.or_else(|| html.is_none().then(String::new)).map(|text| body("plain", &text)));
        bodies.extend(html.map(|html| body("html", &html)));
        let mut content = multipart("alternative", &format!("alternative-{id}"), bodies);
        if !files.is_empty() {
            let parts = std::iter::once(content).chain(files.into_iter().map(Attached::write)).collect();
            content = multipart("mixed", &format!("mixed-{id}"), parts);
        }
        head.push_str(&content);
        Composed {
            sender: sender.unwrap_or_else(|| from_people.into_iter().next().map(address).unwrap_or_default()),
            recipients: recipients.unwrap_or_else(|| to_people.into_iter().chain(cc_people).map(address).collect()),
            raw: head.into_bytes(),
        }
    }
}

impl Attached {
    fn write(self) -> String {
        let Self { name, content_type, content_id, content } = self;
        let mut part = String::new();
        let name = encoded(&name.replace(['"', '\\'], "_"));
        line(&mut part, "Content-Type", &format!("{content_type}; name=\"{name}\""));
        let disposition = if content_id.is_some() { "inline" } else { "attachment" };
        line(&mut part, "Content-Disposition", &format!("{disposition}; filename=\"{name}\""));
        if let Some(content_id) = content_id {
            line(&mut part, "Content-ID", &format!("<{content_id}>"));
        }
        line(&mut part, "Content-Transfer-Encoding", "base64");
        part.push_str("\r\n");
        part.push_str(&folded(&STANDARD.encode(content)));
        part
    }
}

/// A header's line. Control characters, line breaks above all, become spaces.
fn line(to: &mut String, name: &str, value: &str) {
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = write!(to, "{name}: {value}\r\n");
}

fn listed(people: &[Person]) -> String {
    let person = |person: &Person| match &person.name {
        Some(name) if name.is_ascii() => format!("\"{}\" <{}>", name.replace(['"', '\\'], ""), person.email),
        Some(name) => format!("{} <{}>", encoded(name), person.email),
        None => person.email.clone(),
    };
    people.iter().map(person).collect::<Vec<_>>().join(", ")
}

/// The words of a header: those beyond ASCII as encoded words of at most 75 characters (RFC 2047).
fn encoded(text: &str) -> String {
    const MOST: usize = 45;
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.floor_char_boundary(MOST));
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
        rest = tail;
    }
    words.join(" ")
}

/// A text part with its headers.
fn body(subtype: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n");
    let fits = text.split("\r\n").all(|line| line.len() <= LONGEST_LINE);
    let (encoding, content) = if fits { ("8bit", text) } else { ("base64", folded(&STANDARD.encode(text))) };
    format!("Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n")
}

fn multipart(subtype: &str, boundary: &str, mut parts: Vec<String>) -> String {
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    let mut text = format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(text, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(text, "--{boundary}--\r\n");
    text
}

/// Base64 in lines of 76 characters.
fn folded(base64: &str) -> String {
    let mut lines = String::with_capacity(base64.len() + base64.len() / 38);
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.floor_char_boundary(76));
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = tail;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::mail::Mail;

    fn composed(mail: InboundMail) -> Composed {
        mail.compose("67618140bf85c862710f2c5a", "2026-03-01T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_small_mail_is_small() {
        let mail = InboundMail::new("Ann <ann@x.test>", "Bob <bob@y.test>, eve@y.test").cc("cc@y.test");
        let composed = composed(mail.subject("Hello").text("Hi\nthere").header("X-Odd:\n", "a\r\nBcc: b"));
        let expected = "From: \"Ann\" <ann@x.test>\r\nTo: \"Bob\" <bob@y.test>, eve@y.test\r\nCc: cc@y.test\r\n\
                        Subject: Hello\r\nDate: Sun, 01 Mar 2026 10:00:00 +0000\r\n\
                        Message-ID: <67618140bf85c862710f2c5a@mailferry.test>\r\nX-Odd: a  Bcc: b\r\n\
                        MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
                        Content-Transfer-Encoding: 8bit\r\n\r\nHi\r\nthere\r\n";
        assert_eq!(String::from_utf8(composed.raw).unwrap(), expected);
        assert_eq!(
            (composed.sender.as_str(), composed.recipients),
            ("ann@x.test", vec!["bob@y.test".to_owned(), "eve@y.test".to_owned(), "cc@y.test".to_owned()])
        );
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let long = "long ".repeat(1_000);
        let subject = "Grüße an alle, die das hier lesen können, und an die anderen auch: 日本語";
        let mail = InboundMail::new("Jörg <j@x.test>", "b@y.test").subject(subject).text(&long).html("<p>ä</p>");
        let mail = mail.attachment("Straße.csv", "text/csv", b"a;\xe4\r\nb".to_vec());
        let mail = mail.inline("p.png", "image/png", "pic", b"\x89PNG".to_vec()).envelope_sender("");
        let composed = composed(mail);
        assert!(composed.raw.split(|byte| *byte == b'\n').all(|line| line.len() < 1_000));
        let mail = Mail::new(&composed.sender, &composed.raw);
        let content = mail.content();
        assert_eq!(content.text.as_deref().map(str::trim_end), Some(long.trim_end()));
        assert_eq!(content.html.as_deref().map(str::trim_end), Some("<p>ä</p>"));
        assert_eq!(super::super::headers::decoded(mail.headers.first("subject").unwrap()), subject);
        assert_eq!(people(mail.headers.first("from").unwrap())[0].name.as_deref(), Some("Jörg"));
        let files: Vec<_> = content.files.iter().map(|file| (&*file.name, file.disposition, &*file.content)).collect();
        assert_eq!(files, [("Straße.csv", "attachment", &b"a;\xe4\r\nb"[..]), ("p.png", "inline", &b"\x89PNG"[..])]);
        assert_eq!(content.files[1].content_id.as_deref(), Some("pic"));
        assert_eq!(mail.headers.first("X-Envelope-From"), Some("<>"));
    }
}
