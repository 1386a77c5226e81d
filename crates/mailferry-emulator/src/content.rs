//! From the JSON of a message to the message.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::message::{Attachment, Mailbox, Message, Role, Via};
use crate::rendering::Rendering;
use crate::rules::{decode, unix};
use crate::templates::Stored;

/// The lists of recipients, in the order in which they are asked.
pub(crate) const LISTS: [(&str, Role); 3] = [("to", Role::To), ("cc", Role::Cc), ("bcc", Role::Bcc)];

/// Where everybody stands that a message is for, and their addresses, in the order `to`, `cc`, `bcc`.
pub(crate) fn recipients(root: &Value) -> Vec<(Role, &str)> {
    LISTS
        .into_iter()
        .flat_map(|(list, role)| items(root, list).iter().map(move |item| (role, item)))
        .filter_map(|(role, item)| Some((role, item.get("email")?.as_str()?)))
        .collect()
}

/// The bytes of each attachment, decoded; `None` for one that has none.
pub(crate) fn files(root: &Value) -> Vec<Option<Bytes>> {
    items(root, "attachments").iter().map(|item| decode(item.get("content")?.as_str()?).map(Bytes::from)).collect()
}

fn items<'a>(root: &'a Value, list: &str) -> &'a [Value] {
    root.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The message that a valid `root` asks for, which was rendered so and has these files; its id and who is left out are
/// filled in by the caller.
pub(crate) fn read(root: Value, rendering: &Rendering, files: &[Option<Bytes>], now: Timestamp) -> Message {
    let mut message = Message {
        id: String::new(),
        via: Via::default(),
        bulk_email_id: None,
        created_at: now,
        from: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: None,
        text: rendering.text.clone(),
        html: rendering.html.clone(),
        template_id: None,
        tags: Vec::new(),
        headers: Vec::new(),
        attachments: Vec::new(),
        send_at: None,
        paused: false,
        suppressed: Vec::new(),
        request: Value::Null,
    };
    let mut others = Map::new();
    for (name, value) in members(root) {
        match name.as_str() {
            "from" => message.from = mailbox(value),
            "reply_to" => message.reply_to = mailbox(value),
            "to" => message.to = list(value, mailbox),
            "cc" => message.cc = list(value, mailbox),
            "bcc" => message.bcc = list(value, mailbox),
            "subject" => message.subject = text(value),
            "template_id" => message.template_id = text(value),
            "tags" => message.tags = list(value, string),
            "headers" => message.headers = list(value, header),
            "send_at" => {
                message.send_at = unix(&value).and_then(|seconds| Timestamp::from_second(seconds).ok());
            }
            "attachments" => {
                let described = list(value, Some).into_iter();
                message.attachments = described.zip(files.iter().cloned()).filter_map(attachment).collect();
            }
            "text" | "html" => {}
            _ => {
                others.insert(name, value);
            }
        }
    }
    message.request = Value::Object(others);
    if let Some(template) = rendering.template.known() {
        complete(&mut message, template);
    }
    message
}

/// What the message does not say is said by its stored template. A message's tags are in place of the template's (facts
/// sheet 3.1, documented).
fn complete(message: &mut Message, template: &Stored) {
    if message.from.is_none() {
        message.from = template.from.clone().map(|email| Mailbox { email, name: None });
    }
    if message.subject.is_none() {
        message.subject = template.content("subject").map(|subject| subject.as_ref().to_owned());
    }
    if message.tags.is_empty() {
        message.tags.clone_from(&template.tags);
    }
}

fn members(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

fn list<T>(value: Value, item: fn(Value) -> Option<T>) -> Vec<T> {
    let Value::Array(items) = value else { return Vec::new() };
    items.into_iter().filter_map(item).collect()
}

fn string(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn text(value: Value) -> Option<String> {
    string(value).filter(|text| !text.is_empty())
}

fn mailbox(value: Value) -> Option<Mailbox> {
    let mut members = members(value);
    let email = members.remove("email").and_then(string)?;
    Some(Mailbox { email, name: members.remove("name").and_then(text) })
}

fn header(value: Value) -> Option<(String, String)> {
    let mut members = members(value);
    let mut member = |name| members.remove(name).and_then(string);
    Some((member("name")?, member("value")?))
}

fn attachment((value, content): (Value, Option<Bytes>)) -> Option<Attachment> {
    let mut members = members(value);
    let mut member = |name| members.remove(name).and_then(string);
    Some(Attachment {
        filename: member("filename")?,
        // A missing disposition counts as `attachment` (facts sheet 3.1, UNCERTAIN).
        inline: member("disposition").is_some_and(|disposition| disposition == "inline"),
        id: member("id"),
        content: content?,
    })
}

/// The domain of an address, in lower case.
pub(crate) fn domain_of(email: &str) -> Arc<str> {
    email.rsplit_once('@').map_or_else(|| "".into(), |(_, domain)| domain.to_ascii_lowercase().into())
}
