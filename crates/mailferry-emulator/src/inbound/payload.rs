//! The body of the `inbound.message` webhook, byte for byte (facts sheet 7.2, recorded 2023).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

use super::headers::{Headers, decoded, people};
use super::mail::{Content, File, Mail};
use crate::clock::{micro_time, milli_time};
use crate::json;

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    inbound_id: &'a str,
    url: &'a str,
    created_at: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    object: &'static str,
    id: &'a str,
    recipients: Recipients<'a>,
    from: From<'a>,
    sender: Email<'a>,
    subject: Option<String>,
    date: Option<&'a str>,
    headers: &'a Headers,
    text: Option<&'a str>,
    html: Option<&'a str>,
    raw: &'a str,
    attachments: Vec<Attachment<'a>>,
    spf_check: Spf,
    dkim_check: bool,
    created_at: String,
}

/// `cc` like `to`, when there is one: UNCERTAIN.
#[derive(Serialize)]
struct Recipients<'a> {
    #[serde(rename = "rcptTo")]
    rcpt_to: Vec<Email<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<List>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cc: Option<List>,
}

#[derive(Serialize)]
struct Email<'a> {
    email: &'a str,
}

#[derive(Serialize)]
struct List {
    raw: String,
    data: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    email: String,
    name: Option<String>,
}

/// All null without a `From`: UNCERTAIN.
#[derive(Serialize)]
struct From<'a> {
    email: Option<String>,
    name: Option<String>,
    raw: Option<&'a str>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    file_name: &'a str,
    content_type: &'a str,
    content_disposition: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_id: Option<&'a str>,
    size: usize,
    content: String,
}

/// `+` is a pass; no other code is known.
#[derive(Serialize)]
struct Spf {
    code: &'static str,
    value: Option<()>,
}

/// What the body tells beside the mail itself.
pub(crate) struct About<'a> {
    pub(crate) inbound_id: &'a str,
    pub(crate) url: &'a str,
    pub(crate) message_id: &'a str,
    pub(crate) recipients: &'a [String],
    pub(crate) received_at: Timestamp,
    pub(crate) posted_at: Timestamp,
}

/// The body for one forward. Nothing looks at SPF or DKIM here: the recorded pass and the recorded `false` are told.
pub(crate) fn body(mail: &Mail, content: &Content, about: &About<'_>) -> Vec<u8> {
    let Mail { sender, raw, headers } = mail;
    let from = headers.first("from");
    let person = from.and_then(|raw| people(raw).into_iter().next());
    let (email, name) = person.map_or((None, None), |person| (Some(person.email), person.name));
    let data = Data {
        object: "message",
        id: about.message_id,
        recipients: Recipients {
            rcpt_to: about.recipients.iter().map(|email| Email { email }).collect(),
            to: list(headers, "to"),
            cc: list(headers, "cc"),
        },
        from: From { email, name, raw: from },
        sender: Email { email: sender },
        subject: headers.first("subject").map(decoded),
        date: headers.first("date"),
        headers,
        text: content.text.as_deref(),
        html: content.html.as_deref(),
        raw,
        attachments: content.files.iter().map(attachment).collect(),
        spf_check: Spf { code: "+", value: None },
        dkim_check: false,
        created_at: milli_time(about.received_at),
    };
    json::compact(&Envelope {
        r#type: "inbound.message",
        inbound_id: about.inbound_id,
        url: about.url,
        created_at: micro_time(about.posted_at),
        data,
    })
}

fn list(headers: &Headers, name: &str) -> Option<List> {
    let raw = headers.values(name).join(", ");
    let data = people(&raw).into_iter().map(|person| Named { email: person.email, name: person.name }).collect();
    (!raw.is_empty()).then_some(List { raw, data })
}

fn attachment(file: &File) -> Attachment<'_> {
    let File { name, content_type, disposition, content_id, content } = file;
    Attachment {
        file_name: name,
        content_type,
        content_disposition: disposition,
        content_id: content_id.as_deref(),
        size: content.len(),
        content: STANDARD.encode(content),
    }
}
