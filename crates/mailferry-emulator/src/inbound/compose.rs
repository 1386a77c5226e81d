//! Mails written by hand: from a form, a test, or as an answer to something that was sent.

use bytes::Bytes;
use jiff::Timestamp;

use super::headers::{Person, people};
use crate::mime::{self, File};

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
        let listed = |people: &[Person]| mime::mailboxes(people.iter().map(|who| (who.name.as_deref(), &*who.email)));
        let mut head = String::new();
        for (name, value) in [("From", listed(&from_people)), ("To", listed(&to_people)), ("Cc", listed(&cc_people))] {
            if !value.is_empty() {
                mime::line(&mut head, name, &value);
            }
        }
        mime::line(&mut head, "Subject", &mime::words(&subject));
        mime::line(&mut head, "Date", &mime::date(now));
        mime::line(&mut head, "Message-ID", &format!("<{id}@mailferry.test>"));
        for (name, value) in headers {
            mime::line(&mut head, &name, &mime::words(&value));
        }
        mime::line(&mut head, "MIME-Version", "1.0");

        let mut bodies: Vec<String> = Vec::new();
        bodies.extend(text.or_else(|| html.is_none().then(String::new)).map(|text| mime::body("plain", &text)));
        bodies.extend(html.map(|html| mime::body("html", &html)));
        let mut content = mime::multipart("alternative", id, bodies);
        if !files.is_empty() {
            let files = files.iter().map(|file| mime::file(&file.part()));
            content = mime::multipart("mixed", id, std::iter::once(content).chain(files).collect());
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
    fn part(&self) -> File<'_> {
        let Self { name, content_type, content_id, content } = self;
        File { name, content_type, content_id: content_id.as_deref(), is_inline: content_id.is_some(), content }
    }
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
