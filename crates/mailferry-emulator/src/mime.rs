//! Mail as it is written: headers, texts and files (RFC 2045 to 2047, RFC 5322).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The longest line that mail may have, without its end.
const LONGEST_LINE: usize = 998;

/// A file to be written into a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) content_type: &'a str,
    /// What `cid:` links call it.
    pub(crate) content_id: Option<&'a str>,
    pub(crate) is_inline: bool,
    pub(crate) content: &'a [u8],
}

/// Writes a header's line, unless nothing is left of its name. Control characters, line breaks above all, become spaces.
pub(crate) fn line(to: &mut String, name: &str, value: &str) {
    let name: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != ':').collect();
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if !name.is_empty() {
        let _ = write!(to, "{name}: {value}\r\n");
    }
}

/// A time as mail writes it (RFC 5322, 3.3).
pub(crate) fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A list of names and addresses.
pub(crate) fn mailboxes<'a>(people: impl Iterator<Item = (Option<&'a str>, &'a str)>) -> String {
    let person = |(name, email): (Option<&str>, &str)| match name {
        Some(name) if name.is_ascii() => format!("\"{}\" <{email}>", name.replace(['"', '\\'], "")),
        Some(name) => format!("{} <{email}>", words(name)),
        None => email.to_owned(),
    };
    people.map(person).collect::<Vec<_>>().join(", ")
}

/// The words of a header: those beyond ASCII as encoded words of at most 75 characters (RFC 2047).
pub(crate) fn words(text: &str) -> String {
    const MOST: usize = 45;
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.floor_char_boundary(MOST));
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
        rest = tail;
    }
    words.join(" ")
}

/// A text part with its headers.
pub(crate) fn body(subtype: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n");
    let fits = text.split("\r\n").all(|line| line.len() <= LONGEST_LINE);
    let (encoding, content) = if fits { ("8bit", text) } else { ("base64", folded(&STANDARD.encode(text))) };
    format!("Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n")
}

/// A file with its headers.
pub(crate) fn file(file: &File<'_>) -> String {
    let File { name, content_type, content_id, is_inline, content } = file;
    let mut part = String::new();
    let name = words(&name.replace(['"', '\\'], "_"));
    line(&mut part, "Content-Type", &format!("{content_type}; name=\"{name}\""));
    let disposition = if *is_inline { "inline" } else { "attachment" };
    line(&mut part, "Content-Disposition", &format!("{disposition}; filename=\"{name}\""));
    if let Some(content_id) = content_id {
        line(&mut part, "Content-ID", &format!("<{content_id}>"));
    }
    line(&mut part, "Content-Transfer-Encoding", "base64");
    part.push_str("\r\n");
    part.push_str(&folded(&STANDARD.encode(content)));
    part
}

/// Parts with what holds them together; a single one needs nothing. `id` makes the boundary, and is in no text.
pub(crate) fn multipart(subtype: &str, id: &str, mut parts: Vec<String>) -> String {
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    let boundary = format!("{subtype}-{id}");
    let mut text = format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(text, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(text, "--{boundary}--\r\n");
    text
}

/// Base64 in lines of 76 characters.
fn folded(base64: &str) -> String {
    let mut lines = String::with_capacity(base64.len() + base64.len() / 38);
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.floor_char_boundary(76));
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = tail;
    }
    lines
}
