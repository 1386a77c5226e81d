//! Values as JSON, written straight into a request.

use serde::Serialize;
use serde_json::Value;

use super::escape::write_string;
use crate::address::Mailbox;

/// Writes `{email, name?}`.
pub(super) fn write_mailbox(out: &mut Vec<u8>, mailbox: &Mailbox) {
    out.extend_from_slice(b"{\"email\":");
    write_string(out, mailbox.address().to_ascii());
    if let Some(name) = mailbox.name() {
        out.extend_from_slice(b",\"name\":");
        write_string(out, name);
    }
    out.push(b'}');
}

/// Writes members as an object.
pub(super) fn write_object<'a>(out: &mut Vec<u8>, members: impl IntoIterator<Item = (&'a String, &'a Value)>) {
    out.push(b'{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_value(out, value);
    }
    out.push(b'}');
}

/// Writes a value as a serializer does, only that texts take less time: they are most of what is merged.
pub(super) fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => write_string(out, text),
        Value::Object(members) => write_object(out, members),
        other => write(out, other),
    }
}

/// Writes a value as JSON. Nothing that reaches this can fail: keys are strings and numbers are finite.
pub(super) fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}
