//! Mail that comes in by HTTP: a form in JSON, a raw mail, or an answer to an email.
//!
//! A web page that somebody has open must not be able to post here: bodies have to be labelled with types that a
//! browser asks about before it sends them from another page, and that is never allowed; and where a browser says
//! which page is asking, it must be the emulator's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::compose::InboundMail;
use super::receive::{NotReceived, Received, ReceivedMessage};
use crate::inspection::Asked;
use crate::reply::Reply;
use crate::service::Service;

/// The fields of the form; `from` and `to` are needed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    from: String,
    to: Addresses,
    cc: Option<Addresses>,
    /// The envelope's, when they differ.
    sender: Option<String>,
    recipients: Option<Vec<String>>,
    #[serde(default)]
    subject: String,
    text: Option<String>,
    html: Option<String>,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

/// What an answer to an email may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    text: String,
}

/// One text with commas, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Addresses {
    Text(String),
    List(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attachment {
    filename: String,
    /// Base64.
    content: String,
    content_type: Option<String>,
    /// Given, the file is shown inside the HTML.
    content_id: Option<String>,
}

#[derive(Serialize)]
struct Taken<'a> {
    messages: Vec<Shown<'a>>,
    unrouted: &'a [String],
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    inbound_id: &'a str,
    sender: &'a str,
    recipients: &'a [String],
    received_at: String,
    size: usize,
}

impl Addresses {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::List(list) => list.join(", "),
        }
    }
}

/// `POST /_emulator/inbound`.
pub(crate) fn receive(service: &Service, asked: &Asked<'_>) -> Reply {
    match asked.content_type() {
        "message/rfc822" => {
            let sender = asked.parameters("from").pop().unwrap_or_default();
            let recipients = asked.parameters("to");
            if recipients.is_empty() {
                return Reply::sentence(400, "The envelope is missing: ?from=…&to=…");
            }
            answer(&service.receive(&sender, &recipients, asked.body))
        }
        "application/json" => match serde_json::from_slice::<Form>(asked.body) {
            Ok(form) => match form.mail() {
                Ok(mail) => answer(&service.receive_mail(mail)),
                Err(name) => Reply::sentence(400, &format!("The content of {name} is not base64.")),
            },
            Err(error) => Reply::sentence(400, &format!("The form cannot be read: {error}.")),
        },
        _ => Reply::sentence(415, "Label the body as application/json or message/rfc822."),
    }
}

/// `POST /_emulator/emails/{id}/reply`.
pub(crate) fn reply(service: &Service, id: &str, asked: &Asked<'_>) -> Reply {
    if asked.content_type() != "application/json" {
        return Reply::sentence(415, "Label the body as application/json.");
    }
    match serde_json::from_slice::<Answer>(asked.body) {
        Ok(Answer { text }) => answer(&service.reply(id, text)),
        Err(error) => Reply::sentence(400, &format!("The answer cannot be read: {error}.")),
    }
}

/// `GET /_emulator/inbound`: what was taken, oldest first.
pub(crate) fn list(service: &Service) -> Reply {
    let messages: Vec<ReceivedMessage> = service.state().inbound.log.iter().cloned().collect();
    Reply::json(200, &messages.iter().map(show).collect::<Vec<_>>())
}

/// `GET /_emulator/inbound/{id}`: the mail itself.
pub(crate) fn raw(service: &Service, id: &str) -> Reply {
    let state = service.state();
    let found = state.inbound.log.iter().find(|message| message.id() == id);
    let Some(message) = found else { return Reply::sentence(404, "The emulator has no such mail.") };
    // Text, whatever it is: a browser must not run it.
    let headers = vec![
        ("content-type", "text/plain; charset=UTF-8".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    Reply { status: 200, headers, body: message.raw().as_bytes().to_vec() }
}

fn answer(result: &Result<Received, NotReceived>) -> Reply {
    match result {
        Ok(received) => {
            let messages = received.messages().iter().map(show).collect();
            Reply::json(202, &Taken { messages, unrouted: received.unrouted() })
        }
        Err(NotReceived::NoEmail) => Reply::sentence(404, "The emulator has no such email."),
        Err(error) => Reply::sentence(422, &format!("Not received: {error}.")),
    }
}

fn show(message: &ReceivedMessage) -> Shown<'_> {
    Shown {
        id: message.id(),
        inbound_id: message.route_id(),
        sender: message.sender(),
        recipients: message.recipients(),
        received_at: message.at().to_string(),
        size: message.raw().len(),
    }
}

impl Form {
    /// The mail, or the name of a file that is not base64.
    fn mail(self) -> Result<InboundMail, String> {
        let Self { from, to, cc, sender, recipients, subject, text, html, headers, attachments } = self;
        let mut mail = InboundMail::new(from, to.text()).subject(subject);
        if let Some(cc) = cc {
            mail = mail.cc(cc.text());
        }
        if let Some(sender) = sender {
            mail = mail.envelope_sender(sender);
        }
        if let Some(recipients) = recipients {
            mail = mail.envelope_recipients(recipients);
        }
        if let Some(text) = text {
            mail = mail.text(text);
        }
        if let Some(html) = html {
            mail = mail.html(html);
        }
        for Header { name, value } in headers {
            mail = mail.header(name, value);
        }
        for Attachment { filename, content, content_type, content_id } in attachments {
            let Ok(content) = STANDARD.decode(content) else { return Err(filename) };
            let content_type = content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            mail = match content_id {
                Some(id) => mail.inline(filename, content_type, id, content),
                None => mail.attachment(filename, content_type, content),
            };
        }
        Ok(mail)
    }
}
