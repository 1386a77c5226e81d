//! JSON as MailerSend writes it (facts sheet 9.3, recorded).
//!
//! Successes, 401 and 422 are compact with `\/` and `\uXXXX`; what its framework answers by itself (404, 429) is
//! spread over lines with four spaces, and its slashes are not escaped.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// `value` on one line, slashes and everything beyond ASCII escaped.
pub(crate) fn compact(value: &impl Serialize) -> Vec<u8> {
    write(value, Escaping { inner: CompactFormatter, slashes: true })
}

/// `value` over several lines, indented by four spaces, escaped in the same way but for slashes, which stay as they are.
pub(crate) fn pretty(value: &impl Serialize) -> Vec<u8> {
    write(value, Escaping { inner: PrettyFormatter::with_indent(b"    "), slashes: false })
}

/// Roughly how much memory `value` takes beside itself, for the cap.
pub(crate) fn weight(value: &Value) -> usize {
    /// An allocation more than what is in it.
    const EACH: usize = 16;
    /// Objects are trees, whose nodes have room for eleven members and are half full when there are several.
    const NODE: usize = 640;
    const MEMBERS: usize = 11;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => EACH + text.len(),
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + size_of_val(items.as_slice()) + EACH,
        Value::Object(members) => {
            let nodes =
                if members.len() <= MEMBERS { members.len().min(1) } else { members.len().div_ceil(MEMBERS / 2) };
            members.iter().map(|(name, value)| EACH + name.len() + weight(value)).sum::<usize>() + nodes * (NODE + EACH)
        }
    }
}

/// Whether `body` would take no more than so many times its size, or a fixed room, once it is read: seven bytes are enough
/// for an object, which takes a hundred times as much. No message that would be accepted comes near it.
pub(crate) fn is_bounded(body: &[u8]) -> bool {
    const ROOM: usize = 256 * 1024 * 1024;
    const OBJECT: usize = 700;
    const ITEM: usize = 40;
    if body.len().saturating_mul(OBJECT / 7) <= ROOM {
        return true;
    }
    let (mut taken, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b'{' if !in_text => taken = taken.saturating_add(OBJECT),
            b',' | b'[' if !in_text => taken = taken.saturating_add(ITEM),
            _ => {}
        }
    }
    taken <= ROOM
}

fn write(value: &impl Serialize, formatter: impl Formatter) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing into memory cannot fail, and none of our types refuses to be serialized.
    if value.serialize(&mut serializer).is_err() {
        bytes.clear();
        bytes.extend_from_slice(b"null");
    }
    bytes
}

struct Escaping<F> {
    inner: F,
    slashes: bool,
}

impl<F> Escaping<F> {
    fn fragment<W: ?Sized + io::Write>(&self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut escaped = Vec::with_capacity(fragment.len());
        let mut rest = fragment;
        loop {
            let is_special = |byte: u8| (self.slashes && byte == b'/') || !byte.is_ascii();
            let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
            let (plain, special) = rest.split_at(plain);
            escaped.extend_from_slice(plain.as_bytes());
            let mut special = special.chars();
            match special.next() {
                Some('/') => escaped.extend_from_slice(b"\\/"),
                Some(found) => {
                    for unit in found.encode_utf16(&mut [0; 2]) {
                        escaped.extend_from_slice(&escape(*unit));
                    }
                }
                None => return writer.write_all(&escaped),
            }
            rest = special.as_str();
        }
    }
}

/// Written by hand, because a mail may be nothing but letters that need it, some ten million of them.
fn escape(unit: u16) -> [u8; 6] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let [high, low] = unit.to_be_bytes();
    [b'\\', b'u', digit(high >> 4), digit(high & 0xf), digit(low >> 4), digit(low & 0xf)]
}

impl<F: Formatter> Formatter for Escaping<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        self.fragment(writer, fragment)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_objects_in_great_number_are_too_much() {
        let bounded = |item: &str, count: usize| is_bounded(format!("[{}0]", item.repeat(count)).as_bytes());
        assert!(bounded("{\"\":0},", 300_000));
        assert!(!bounded("{\"\":0},", 400_000));
        assert!(bounded("1,", 5_000_000));
        assert!(!bounded("1,", 8_000_000));
        assert!(bounded("\"{{{,,,[[[\\\"{{{{{{{{{{{{\",", 2_000_000), "within texts nothing counts");
    }

    #[test]
    fn escapes_as_recorded() {
        let value = serde_json::json!({"a": "Milojević </p> \"q\" 😀\n"});
        assert_eq!(String::from_utf8(compact(&value)).unwrap(), r#"{"a":"Milojevi\u0107 <\/p> \"q\" \ud83d\ude00\n"}"#);
    }

    #[test]
    fn spreads_over_lines_as_recorded() {
        let value = serde_json::json!({"message": "The route v1/x could not be found."});
        let expected = "{\n    \"message\": \"The route v1/x could not be found.\"\n}";
        assert_eq!(String::from_utf8(pretty(&value)).unwrap(), expected);
    }
}
