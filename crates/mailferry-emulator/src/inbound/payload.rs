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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sender: &str, raw: &[u8]) -> serde_json::Value {
        let mail = Mail::new(sender, raw);
        let about = About {
            inbound_id: "0r83ql3jjz4zw1jm",
            url: "http://127.0.0.1/",
            message_id: "67618140bf85c862710f2c5a",
            recipients: &["a@in.example".to_owned()],
            received_at: Timestamp::MAX,
            posted_at: Timestamp::MIN,
        };
        serde_json::from_slice(&body(&mail, &mail.content(), &about)).unwrap()
    }

    #[test]
    fn monstrous_mails_are_told() {
        let part = |i: u32| format!("Content-Type: multipart/mixed; boundary=\"b{i}\"\r\n\r\n--b{i}\r\n");
        let nested = (0..3_000).map(part).collect::<Vec<_>>().concat();
        told("", nested.as_bytes());
        let attached = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
        told("", attached.as_bytes());
        let encoded = format!(
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
            STANDARD.encode(attached)
        );
        told("", encoded.as_bytes());
        let headers = "A: b\r\n".repeat(20_000);
        let data = told("", headers.as_bytes());
        assert_eq!(data["data"]["headers"]["A"].as_array().unwrap().len(), 20_000);
        let names = (0..50_000).map(|i| format!("A{i}: b\r\n")).collect::<Vec<_>>().concat();
        assert_eq!(told("", names.as_bytes())["data"]["headers"].as_object().unwrap().len(), 50_001);
        told("", "B".repeat(1 << 20).as_bytes());
        told("", format!("To: {}", "(".repeat(100_000)).as_bytes());
        told("", format!("Subject: {}", "=?UTF-8?Q?".repeat(10_000)).as_bytes());
    }

    const PIECES: &[&[u8]] = &[
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: text/plain; charset=utf-16\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Disposition: inline; filename*=x''%",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-ID: <",
        b"From: ",
        b"To: \"",
        b"\r\n\r\n--b\r\n",
        b"--b--",
        b"=?x?q?=",
        b"\r\n",
        b"\n ",
        b"<a@b>,",
        b"\xff\x00",
    ];

    /// Mails made of the pieces that mails are made of, in places where they do not belong.
    fn nonsense() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
        use proptest::prelude::*;
        let pieces = proptest::sample::select(PIECES);
        let piece = prop_oneof![pieces.prop_map(<[u8]>::to_vec), proptest::collection::vec(any::<u8>(), 0..8)];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest::proptest! {
        #[test]
        fn any_mail_is_told(raw in nonsense(), sender in ".{0,20}") {
            let told = told(&sender, &raw);
            proptest::prop_assert!(told["data"]["raw"].as_str().unwrap().starts_with("X-Envelope-From: <"));
        }
    }
}
