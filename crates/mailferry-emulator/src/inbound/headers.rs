//! The header section of a mail, as it was written.

use std::collections::HashMap;

use mail_parser::{Address, MessageParser};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Headers in the order written, names and values as written; a folded value keeps its line breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, String)>);

/// A mailbox of an address header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) name: Option<String>,
}

impl Headers {
    /// Reads what stands before the first empty line of `raw`, whose lines end with CRLF. Lines that are no headers
    /// are left out.
    pub(crate) fn read(raw: &str) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        // Whether the line before was a header, which this one may go on with.
        let mut open = false;
        for line in raw.split("\r\n") {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut().filter(|_| open) {
                    value.push_str("\r\n");
                    value.push_str(line);
                }
                continue;
            }
            let name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
            let header = line.split_once(':').map(|(name, value)| (name.trim_end(), value));
            open = header.is_some_and(|(found, _)| name(found));
            if let Some((name, value)) = header.filter(|_| open) {
                headers.push((name.to_owned(), value.trim_start_matches([' ', '\t']).to_owned()));
            }
        }
        Self(headers)
    }

    /// Reads the header section of a mail as it came, with lines that end with CRLF or LF. Bytes that are no UTF-8
    /// become U+FFFD: what is not encoded has no charset.
    pub(crate) fn of(raw: &[u8]) -> Self {
        let mut section = String::new();
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            section.push_str(&String::from_utf8_lossy(line));
            section.push_str("\r\n");
        }
        Self::read(&section)
    }

    /// Names and values as written.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of all headers called `name`, in any case.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The address in `From`.
    pub(crate) fn author(&self) -> Option<String> {
        self.first("from").and_then(|raw| people(raw).into_iter().next()).map(|person| person.email)
    }
}

impl Serialize for Headers {
    /// As MailerSend has them (facts sheet 7.2, recorded): an object in which a repeated header is a list.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values: HashMap<String, Vec<&str>> = HashMap::new();
        let mut first: Vec<&str> = Vec::new();
        for (name, value) in &self.0 {
            let values = values.entry(name.to_ascii_lowercase()).or_default();
            if values.is_empty() {
                first.push(name);
            }
            values.push(value);
        }
        let mut map = serializer.serialize_map(Some(first.len()))?;
        for name in first {
            match values.get(&name.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default() {
                [one] => map.serialize_entry(name, one)?,
                several => map.serialize_entry(name, several)?,
            }
        }
        map.end()
    }
}

/// The mailboxes of an address header's value, groups taken apart.
pub(crate) fn people(raw: &str) -> Vec<Person> {
    let header = format!("To: {raw}\r\n\r\n");
    let parsed = MessageParser::default().parse_headers(header.as_bytes());
    let addresses = parsed.as_ref().and_then(|mail| mail.to()).map(Address::iter);
    let person = |found: &mail_parser::Addr<'_>| {
        let email = found.address.as_deref()?.to_owned();
        let name = found.name.as_deref().filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Person { email, name })
    };
    addresses.into_iter().flatten().filter_map(person).collect()
}

/// The text of an unstructured header's value: unfolded, encoded words decoded.
pub(crate) fn decoded(raw: &str) -> String {
    let header = format!("Subject: {raw}\r\n\r\n");
    let parsed = MessageParser::default().parse_headers(header.as_bytes());
    parsed.as_ref().and_then(|mail| mail.subject()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_written() {
        let raw = "A: 1\r\n b\r\nnot a header\r\n lost\r\nB:2\r\na:  3\r\n : x\r\n\r\nC: body\r\n";
        let headers = Headers::read(raw);
        assert_eq!(serde_json::to_string(&headers).unwrap(), r#"{"A":["1\r\n b","3\r\n : x"],"B":"2"}"#);
        assert_eq!(headers.values("b"), ["2"]);
        assert_eq!(Headers::read("").first("a"), None);
    }

    #[test]
    fn people_are_taken_apart() {
        let check = |raw: &str, expected: &[(&str, Option<&str>)]| {
            let found = people(raw);
            let found: Vec<_> = found.iter().map(|person| (person.email.as_str(), person.name.as_deref())).collect();
            assert_eq!(found, expected, "{raw}");
        };
        check("Ann <ann@x.test>, bob@x.test", &[("ann@x.test", Some("Ann")), ("bob@x.test", None)]);
        check("=?UTF-8?Q?J=C3=B6rg?= <j@x.test>", &[("j@x.test", Some("Jörg"))]);
        check("Team: a@x.test, b@x.test;", &[("a@x.test", None), ("b@x.test", None)]);
        check("\"Doe, Jane\"\r\n <jane@x.test>", &[("jane@x.test", Some("Doe, Jane"))]);
        check("", &[]);
    }

    #[test]
    fn subjects_are_decoded() {
        assert_eq!(decoded("=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?UTF-8?Q?_an_alle?="), "Grüße an alle");
        assert_eq!(decoded("plain"), "plain");
        assert_eq!(decoded(""), "");
    }
}
