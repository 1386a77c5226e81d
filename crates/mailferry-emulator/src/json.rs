//! JSON as MailerSend writes it (facts sheet 9.3, recorded).
//!
//! Successes, 401 and 422 are compact with `\/` and `\uXXXX`; what its framework answers by itself (404, 429) is
//! spread over lines with four spaces, and its slashes are not escaped.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// `value` on one line, slashes and everything beyond ASCII escaped.
pub(crate) fn compact(value: &impl Serialize) -> Vec<u8> {
    write(value, Escaping { inner: CompactFormatter, slashes: true })
}

/// `value` over several lines, indented by four spaces, escaped in the same way but for slashes, which stay as they are.
pub(crate) fn pretty(value: &impl Serialize) -> Vec<u8> {
    write(value, Escaping { inner: PrettyFormatter::with_indent(b"    "), slashes: false })
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
        let mut plain = 0;
        for (at, found) in fragment.char_indices().filter(|(_, c)| (self.slashes && *c == '/') || !c.is_ascii()) {
            writer.write_all(fragment.as_bytes().get(plain..at).unwrap_or_default())?;
            let mut escaped = String::new();
            if found == '/' {
                escaped.push_str("\\/");
            } else {
                for unit in found.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            writer.write_all(escaped.as_bytes())?;
            plain = at.saturating_add(found.len_utf8());
        }
        writer.write_all(fragment.as_bytes().get(plain..).unwrap_or_default())
    }
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
