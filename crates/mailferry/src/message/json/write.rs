//! The interchange form, written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::address::Mailbox;
use crate::message::attachment::{Attachment, Content};
use crate::message::field::{Field, Key};
use crate::message::{ByRecipient, Data, Headers, Message};

/// Writes the set and the cleared fields; an unset one is left out. `redirected` belongs to one send and is no part of
/// the form.
pub(super) fn to_json(message: &Message) -> String {
    let Message {
        from,
        envelope_sender,
        to,
        cc,
        bcc,
        reply_to,
        subject,
        text,
        html,
        headers,
        attachments,
        send_at,
        tags,
        metadata,
        track_opens,
        track_clicks,
        template_id,
        merge_data,
        merge_global_data,
        merge_headers,
        merge_metadata,
        esp_extra,
        redirected: _,
    } = message;
    let mut out = Members::default();
    out.member(Key::From, from, |list| match list.as_slice() {
        [single] => mailbox(single),
        several => several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ").into(),
    });
    out.member(Key::EnvelopeSender, envelope_sender, mailbox);
    for (key, list) in [(Key::To, to), (Key::Cc, cc), (Key::Bcc, bcc), (Key::ReplyTo, reply_to)] {
        out.member(key, list, |list| list.iter().map(mailbox).collect());
    }
    for (key, value) in [(Key::Subject, subject), (Key::Text, text), (Key::Html, html), (Key::TemplateId, template_id)]
    {
        out.member(key, value, |value| value.clone().into());
    }
    out.raw(Key::Headers, headers, ordered);
    out.member(Key::Attachments, attachments, |list| list.iter().map(attachment).collect());
    out.member(Key::SendAt, send_at, |when| when.to_string().into());
    out.member(Key::Tags, tags, |tags| tags.clone().into());
    for (key, switch) in [(Key::TrackOpens, track_opens), (Key::TrackClicks, track_clicks)] {
        out.member(key, switch, |on| (*on).into());
    }
    for (key, data) in
        [(Key::Metadata, metadata), (Key::MergeGlobalData, merge_global_data), (Key::EspExtra, esp_extra)]
    {
        out.member(key, data, |data: &Data| data.clone().into());
    }
    for (key, data) in
        [(Key::MergeData, merge_data), (Key::MergeHeaders, merge_headers), (Key::MergeMetadata, merge_metadata)]
    {
        out.member(key, data, by_recipient);
    }
    out.finish()
}

/// The members of an object, in the order written. A `serde_json` map would sort them, and the order of headers counts.
#[derive(Default)]
struct Members {
    text: String,
}

impl Members {
    fn member<T>(&mut self, key: Key, field: &Field<T>, value: impl Fn(&T) -> Value) {
        self.raw(key, field, |set| value(set).to_string());
    }

    fn raw<T>(&mut self, key: Key, field: &Field<T>, json: impl Fn(&T) -> String) {
        let json = match field {
            Field::Unset => return,
            Field::Cleared => "null".to_owned(),
            Field::Set(value) => json(value),
        };
        push_member(&mut self.text, key.as_str(), &json);
    }

    fn finish(self) -> String {
        format!("{{{}}}", self.text)
    }
}

fn push_member(text: &mut String, key: &str, json: &str) {
    if !text.is_empty() {
        text.push(',');
    }
    text.push_str(&Value::from(key).to_string());
    text.push(':');
    text.push_str(json);
}

fn ordered(headers: &Headers) -> String {
    let mut text = String::new();
    for (name, value) in headers.iter() {
        push_member(&mut text, name, &Value::from(value).to_string());
    }
    format!("{{{text}}}")
}

fn mailbox(mailbox: &Mailbox) -> Value {
    match mailbox.name() {
        Some(name) => json!({"email": mailbox.address().as_str(), "name": name}),
        None => mailbox.address().as_str().into(),
    }
}

fn by_recipient(data: &ByRecipient) -> Value {
    data.iter().map(|(address, data)| (address.clone(), Value::from(data.clone()))).collect::<Map<_, _>>().into()
}

fn attachment(attachment: &Attachment) -> Value {
    let Attachment { filename, content_type, content, inline, content_id } = attachment;
    let mut object = Map::new();
    match content {
        Content::File(path) => object.insert("path".into(), path.to_string_lossy().into()),
        Content::Bytes(bytes) => object.insert("content".into(), STANDARD.encode(bytes).into()),
    };
    for (key, value) in [("filename", filename), ("content_type", content_type), ("content_id", content_id)] {
        if let Some(value) = value {
            object.insert(key.into(), value.clone().into());
        }
    }
    if *inline || content_id.is_some() {
        object.insert("inline".into(), (*inline).into());
    }
    object.into()
}
