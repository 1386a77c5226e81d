//! Header fields: found in the bytes, unfolded, and read as people mean them.

use std::borrow::Cow;
use std::fmt;

use super::boundary::Boundaries;
use super::{date, mailbox, media, word};

/// Names that may follow a broken line and still be the header's, not the body's.
const WELL_KNOWN: [&str; 24] = [
    "bcc",
    "cc",
    "content-disposition",
    "content-id",
    "content-transfer-encoding",
    "content-type",
    "date",
    "delivered-to",
    "dkim-signature",
    "from",
    "in-reply-to",
    "list-id",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "precedence",
    "received",
    "references",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "auto-submitted",
];

/// One header field.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    name: &'a str,
    value: &'a [u8],
}

impl<'a> Header<'a> {
    /// The name, as written.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The value as it came: still folded and encoded, without the blanks before it and the line end after it.
    pub fn raw(&self) -> &'a [u8] {
        self.value
    }

    /// The value for people: unfolded, encoded words decoded, bytes that are no UTF-8 replaced by `U+FFFD`.
    ///
    /// A list of addresses is written anew, without comments; so is a date that can be read, and what follows the type
    /// in `Content-Type` and `Content-Disposition`.
    pub fn value(&self) -> String {
        let text = self.unfolded();
        let name = self.name.to_ascii_lowercase();
        match name.strip_prefix("resent-").unwrap_or(&name) {
            "from" | "to" | "cc" | "bcc" | "reply-to" | "sender" => mailbox::List::parse(&text).to_string(),
            "date" | "orig-date" => match date::parse(&text) {
                Some(at) => date::format(&at),
                None => text.into_owned(),
            },
            "content-type" | "content-disposition" => media::Fields::parse(&text).to_string(),
            "message-id" | "mime-version" | "content-transfer-encoding" => text.into_owned(),
            _ => word::decode(&text),
        }
    }

    /// The value on one line.
    pub(super) fn unfolded(&self) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(self.value);
        if text.contains(['\r', '\n']) { Cow::Owned(text.replace(['\r', '\n'], "")) } else { text }
    }
}

impl fmt::Debug for Header<'_> {
    /// Without its value: mails are private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("name", &self.name).field("bytes", &self.value.len()).finish()
    }
}

/// The header fields of a part, in order.
#[derive(Clone)]
pub struct Headers<'a> {
    scanner: Scanner<'a>,
}

impl<'a> Headers<'a> {
    pub(super) fn new(block: &'a [u8]) -> Self {
        Self { scanner: Scanner::new(block, 0) }
    }

    /// The fields of one name, whatever its case.
    pub(super) fn named(self, name: &str) -> impl Iterator<Item = Header<'a>> {
        self.filter(move |header| header.name.eq_ignore_ascii_case(name))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.scanner.next(None)
    }
}

impl fmt::Debug for Headers<'_> {
    /// Those that are still to come, without their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// What was wrong with a block of header fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Oddities {
    /// Lines were left out: a continuation of nothing, a line without colon amid fields, a field without name.
    pub(super) skipped: bool,
    /// The fields ended without an empty line.
    pub(super) no_blank_line: bool,
}

/// Walks over the header fields at the start of a part.
#[derive(Clone)]
pub(super) struct Scanner<'a> {
    data: &'a [u8],
    at: usize,
    started: bool,
    seen: bool,
    done: bool,
    pub(super) oddities: Oddities,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, started: false, seen: false, done: false, oddities: Oddities::default() }
    }

    /// Where the body starts, once there are no more fields.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next field; a line that ends the part ends the fields too.
    pub(super) fn next(&mut self, boundaries: Option<&Boundaries>) -> Option<Header<'a>> {
        while !self.done && self.at < self.data.len() {
            let (line, next) = line_at(self.data, self.at);
            let first = !std::mem::replace(&mut self.started, true);
            if line.is_empty() {
                self.at = next;
                break;
            }
            if boundaries.is_some_and(|boundaries| boundaries.hit(line).is_some()) {
                self.oddities.no_blank_line = true;
                break;
            }
            if line.starts_with(b"From ") && (first || self.seen) {
                // The envelope line of a mailbox file.
                self.at = next;
            } else if line.starts_with(b" ") || line.starts_with(b"\t") {
                self.oddities.skipped = true;
                self.at = next;
            } else if let Some((name, colon)) = field_name(line) {
                let start = self.at + colon + 1;
                let (end, next) = self.continued(start, next);
                self.at = next;
                if name.is_empty() {
                    self.oddities.skipped = true;
                    continue;
                }
                self.seen = true;
                return Some(Header { name, value: trim(self.data.get(start..end).unwrap_or_default()) });
            } else if self.seen && self.is_field_ahead(next) {
                self.oddities.skipped = true;
                self.at = next;
            } else {
                self.oddities.no_blank_line = true;
                break;
            }
        }
        self.done = true;
        None
    }

    /// The end of a field's text, and the start of what follows its continuation lines.
    fn continued(&self, start: usize, mut next: usize) -> (usize, usize) {
        while matches!(self.data.get(next), Some(b' ' | b'\t')) {
            next = line_at(self.data, next).1;
        }
        (next.max(start), next)
    }

    fn is_field_ahead(&self, at: usize) -> bool {
        let (line, _) = line_at(self.data, at);
        field_name(line).is_some_and(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name.starts_with("x-") || WELL_KNOWN.contains(&name.as_str())
        })
    }
}

/// The line that starts at `at`, without its end, and where the next one starts. Line feed, carriage return and both
/// end a line.
pub(super) fn line_at(data: &[u8], at: usize) -> (&[u8], usize) {
    let rest = data.get(at..).unwrap_or_default();
    let Some(length) = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r') else {
        return (rest, data.len());
    };
    let ending = if rest.get(length..length + 2) == Some(b"\r\n") { 2 } else { 1 };
    (rest.get(..length).unwrap_or_default(), at + length + ending)
}

/// The name before the colon, and where the colon is. Blanks between them are forgiven.
fn field_name(line: &[u8]) -> Option<(&str, usize)> {
    let length = line.iter().position(|&byte| byte == b':' || !byte.is_ascii_graphic())?;
    let (name, rest) = line.split_at(length);
    let blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
    if rest.get(blanks) != Some(&b':') {
        return None;
    }
    Some((std::str::from_utf8(name).ok()?, length + blanks))
}

fn trim(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(value.len());
    let value = value.get(start..).unwrap_or_default();
    let end = value.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(block: &str, expected: &[(&str, &str)]) {
        let fields: Vec<_> = Headers::new(block.as_bytes()).map(|header| (header.name(), header.value())).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(fields, expected, "{block:?}");
    }

    /// MIM-07 MIM-29
    #[test]
    fn fields_are_found_among_oddities() {
        check("A: 1\r\nB: 2\r\n\r\nC: 3", &[("A", "1"), ("B", "2")]);
        check("A: 1\nB:\n\tx\n y\n", &[("A", "1"), ("B", "x y")]);
        check("A: 1\rB: 2\r\rbody", &[("A", "1"), ("B", "2")]);
        check(" lead\nA: 1\n", &[("A", "1")]);
        check("From ann Mon Jun  2\nA: 1\n", &[("A", "1")]);
        check("A : 1\n: x\n y\nB\t: 2\n", &[("A", "1"), ("B", "2")]);
        check("A: 1\nno colon\nSubject: s\n", &[("A", "1"), ("Subject", "s")]);
        check("A: 1\nDear Ann,\nnote: this\n", &[("A", "1")]);
        check("no colon\nSubject: s\n", &[]);
        check("\nA: 1\n", &[]);
        check("", &[]);
        check("A:", &[("A", "")]);
    }

    /// MIM-04 MIM-06 MIM-09
    #[test]
    fn values_are_written_for_people() {
        for (line, expected) in [
            ("To: ann@x.example (Ann), \"Lee\" <b@x.example>", "ann@x.example, Lee <b@x.example>"),
            ("To: B@x; c@x", "B@x"),
            ("Date: 2 Jun 2025 10:00 GMT", "Mon, 02 Jun 2025 10:00:00 +0000"),
            ("Date: tomorrow", "tomorrow"),
            ("Content-Type: TEXT/Plain; Charset=UTF-8", "TEXT/Plain; Charset=\"UTF-8\""),
            ("Content-Type: text", "text"),
            ("Content-Transfer-Encoding: BASE64 (comment)", "BASE64 (comment)"),
            ("X-Any: =?utf-8?q?=C5=BE?=\r\n =?utf-8?q?lu?= end", "žlu end"),
        ] {
            let value = Headers::new(line.as_bytes()).next().map(|header| header.value());
            assert_eq!(value.as_deref(), Some(expected), "{line:?}");
        }
        let latin1 = Headers::new(b"Subject: caf\xe9").next().map(|header| header.value());
        assert_eq!(latin1.as_deref(), Some("caf\u{fffd}"));
    }
}
