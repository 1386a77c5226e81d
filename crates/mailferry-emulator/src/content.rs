//! From the JSON of a message to the message.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::message::{Attachment, Mailbox, Message, Role, Via};
use crate::rendering::Rendering;
use crate::rules::{decode, unix};

/// A recipient's place and address.
pub(crate) type Recipient = (Role, Mailbox);

/// The lists of recipients, in the order in which they are asked.
pub(crate) const LISTS: [(&str, Role); 3] = [("to", Role::To), ("cc", Role::Cc), ("bcc", Role::Bcc)];

/// Everybody that a message is for, in the order `to`, `cc`, `bcc`.
pub(crate) fn recipients(root: &Value) -> Vec<Recipient> {
    LISTS
        .into_iter()
        .flat_map(|(list, role)| mailboxes(root, list).into_iter().map(move |mailbox| (role, mailbox)))
        .collect()
}

/// The message that a valid `root` asks for, which was rendered so; its id and who is left out are filled in by the caller.
pub(crate) fn read(mut root: Value, rendering: &Rendering, now: Timestamp) -> Message {
    let template = rendering.template.known();
    let string = |name: &str| root.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let list = |name: &str| root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let template_from = || template?.from.clone().map(|email| Mailbox { email, name: None });
    let template_subject = || template?.content("subject").map(|subject| subject.as_ref().to_owned());
    // A message's tags are in place of the template's (facts sheet 3.1, documented).
    let tags: Vec<String> = list("tags").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let template_tags = || template.map(|template| template.tags.clone()).unwrap_or_default();
    let header = |item: &Value| Some((item.get("name")?.as_str()?.to_owned(), item.get("value")?.as_str()?.to_owned()));
    let mut message = Message {
        id: String::new(),
        via: Via::default(),
        bulk_email_id: None,
        created_at: now,
        from: root.get("from").and_then(mailbox).or_else(template_from),
        reply_to: root.get("reply_to").and_then(mailbox),
        to: mailboxes(&root, "to"),
        cc: mailboxes(&root, "cc"),
        bcc: mailboxes(&root, "bcc"),
        subject: string("subject").or_else(template_subject),
        text: rendering.text.clone(),
        html: rendering.html.clone(),
        template_id: string("template_id"),
        tags: if tags.is_empty() { template_tags() } else { tags },
        headers: list("headers").iter().filter_map(header).collect(),
        attachments: list("attachments").iter().filter_map(attachment).collect(),
        send_at: root.get("send_at").and_then(unix).and_then(|seconds| Timestamp::from_second(seconds).ok()),
        paused: false,
        suppressed: Vec::new(),
        request: Value::Null,
    };
    for file in root.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten() {
        // The decoded bytes are kept beside; the text would be a third larger again.
        file.as_object_mut().map(|file| file.remove("content"));
    }
    for field in ["text", "html"] {
        root.as_object_mut().map(|root| root.remove(field));
    }
    message.request = root;
    message
}

fn mailboxes(root: &Value, list: &str) -> Vec<Mailbox> {
    root.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(mailbox).collect()
}

fn mailbox(value: &Value) -> Option<Mailbox> {
    let email = value.get("email")?.as_str()?.to_owned();
    let name = value.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    Some(Mailbox { email, name })
}

fn attachment(value: &Value) -> Option<Attachment> {
    let string = |name: &str| value.get(name).and_then(Value::as_str);
    Some(Attachment {
        filename: string("filename")?.to_owned(),
        // A missing disposition counts as `attachment` (facts sheet 3.1, UNCERTAIN).
        inline: string("disposition") == Some("inline"),
        id: string("id").map(str::to_owned),
        content: Bytes::from(decode(string("content")?)?),
    })
}

/// The domain of an address, in lower case.
pub(crate) fn domain_of(email: &str) -> Arc<str> {
    email.rsplit_once('@').map_or_else(|| "".into(), |(_, domain)| domain.to_ascii_lowercase().into())
}
