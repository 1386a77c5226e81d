//! An inbound message as JSON: a contract of the command and of the events.

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::{InboundMessage, Mailbox, Part};

/// Parts within parts have the same bytes in them: no more is hashed than the mail's size this many times.
const MAX_HASHED: usize = 16;

impl InboundMessage {
    /// The message as JSON, as `mailferry inbound parse` prints it: content of files is left out, its size in bytes and
    /// its SHA-256 are given. Attached mails are files. Every part is decoded for this.
    ///
    /// The digest is null for files that hold one another more than 16 deep.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
        set("envelope_sender", json!(self.envelope_sender));
        set("envelope_recipients", json!(self.envelope_recipients));
        set("from", self.from().as_ref().map_or(Value::Null, mailbox));
        for (key, mailboxes) in
            [("to", self.to()), ("cc", self.cc()), ("bcc", self.bcc()), ("reply_to", self.reply_to())]
        {
            set(key, mailboxes.iter().map(mailbox).collect());
        }
        set("subject", json!(self.subject()));
        set("date", json!(self.date().map(|at| at.to_string())));
        set("text", json!(self.text()));
        set("html", json!(self.html()));
        let mut left = self.raw().len().saturating_mul(MAX_HASHED);
        let files = self.parts().filter(|part| part.is_attachment() || part.is_inline());
        set("attachments", files.map(|part| file(part, &mut left)).collect());
        set("headers", self.headers().map(|header| json!([header.name(), header.value()])).collect());
        set("spf", json!(self.spf));
        set("dkim", json!(self.dkim));
        set("problems", self.problems().iter().map(|problem| Value::from(problem.to_string())).collect());
        Value::Object(object)
    }
}

fn mailbox(mailbox: &Mailbox) -> Value {
    json!({"email": mailbox.email, "name": mailbox.name})
}

/// `left` is how many bytes may still be hashed.
fn file(part: Part<'_>, left: &mut usize) -> Value {
    let content = part.bytes();
    let sha256 = left.checked_sub(content.len()).map(|rest| {
        *left = rest;
        hex(digest(&SHA256, &content).as_ref())
    });
    json!({
        "filename": part.file_name(),
        "content_type": part.content_type(),
        "charset": part.charset(),
        "content_id": part.content_id(),
        "inline": part.is_inline(),
        "size": content.len(),
        "sha256": sha256,
    })
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
