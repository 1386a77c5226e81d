//! Content types and dispositions: a value and its parameters, RFC 2231 and what mail programs make of it.

use std::collections::HashMap;
use std::fmt;

use super::{charset, word};

/// A value with parameters: `text/plain; charset=utf-8`.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    /// As written, without comments; for a header that is not understood, all of it.
    value: String,
    params: Vec<Param>,
}

#[derive(Debug, Clone)]
struct Param {
    /// As written, without the marks of RFC 2231.
    name: String,
    /// `None` for a name alone.
    value: Option<String>,
}

/// So many bytes of a header are read; a boundary and a file name need no more.
const MAX_LENGTH: usize = 65_536;
/// So many parameters are read, pieces of RFC 2231 counted one by one.
const MAX_PARAMS: usize = 1_000;
/// The section of a parameter that is in one piece.
const WHOLE: usize = usize::MAX;

/// A piece of a parameter: `name*0*=value`.
struct Piece {
    section: usize,
    is_extended: bool,
    text: String,
}

impl Fields {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(MAX_LENGTH)).unwrap_or_default();
        let (value, rest) = split_value(text);
        let mut fields = Self { value, params: Vec::new() };
        let mut pieces: Vec<Vec<Piece>> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for raw in RawParams(rest).take(MAX_PARAMS) {
            let (name, section, is_extended) = split_marks(raw.name);
            if name.is_empty() {
                continue;
            }
            let index = *known.entry(name.to_ascii_lowercase()).or_insert_with(|| {
                fields.params.push(Param { name: name.to_owned(), value: None });
                pieces.push(Vec::new());
                pieces.len() - 1
            });
            let Some(found) = pieces.get_mut(index) else { continue };
            // Of repeated parameters the first counts.
            let is_continuation = section.is_some() && found.first().is_none_or(|piece| piece.section != WHOLE);
            if let Some(text) = raw.value
                && (found.is_empty() || is_continuation)
            {
                found.push(Piece { section: section.unwrap_or(WHOLE), is_extended, text });
            }
        }
        for (param, pieces) in fields.params.iter_mut().zip(pieces) {
            param.value = join(pieces);
        }
        fields
    }

    /// The type in lower case, when there is one: exactly one slash, something on both sides.
    pub(super) fn essence(&self) -> Option<String> {
        let (main, sub) = self.value.split_once('/')?;
        let is_token = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
        };
        (is_token(main) && is_token(sub)).then(|| self.value.to_ascii_lowercase())
    }

    /// The value in lower case; `None` when there is none.
    pub(super) fn word(&self) -> Option<String> {
        (!self.value.is_empty()).then(|| self.value.to_ascii_lowercase())
    }

    /// A parameter, by its name in lower case.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|param| param.name.eq_ignore_ascii_case(name))?.value.as_deref()
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)?;
        for Param { name, value } in &self.params {
            match value {
                Some(value) => write!(f, "; {name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?,
                None => write!(f, "; {name}")?,
            }
        }
        Ok(())
    }
}

/// The value before the parameters, its comments dropped and a slash's blanks closed up; and the rest.
fn split_value(text: &str) -> (String, &str) {
    let (mut value, mut depth, mut end) = (String::new(), 0_usize, text.len());
    for (index, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ';' if depth == 0 => {
                end = index;
                break;
            }
            _ if depth == 0 => value.push(char),
            _ => {}
        }
    }
    let value = value.split('/').map(str::trim).collect::<Vec<_>>().join("/");
    // A parameter may follow without its semicolon: `text/plain charset=utf-8`.
    match value.split_once([' ', '\t']) {
        Some((first, rest)) if rest.contains('=') => {
            let start = text.find(rest.trim()).unwrap_or(end);
            (first.to_owned(), text.get(start..).unwrap_or_default())
        }
        Some((first, _)) if first.contains('/') => (first.to_owned(), text.get(end..).unwrap_or_default()),
        _ => (value, text.get(end..).unwrap_or_default()),
    }
}

struct RawParam<'a> {
    name: &'a str,
    value: Option<String>,
}

/// Parameters one after another, each as written.
struct RawParams<'a>(&'a str);

impl<'a> Iterator for RawParams<'a> {
    type Item = RawParam<'a>;

    fn next(&mut self) -> Option<RawParam<'a>> {
        let text = self.0.trim_start_matches([';', ' ', '\t']);
        if text.is_empty() {
            return None;
        }
        let end = text.find(['=', ';']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let name = name.trim();
        let Some(rest) = rest.strip_prefix('=') else {
            self.0 = rest;
            return Some(RawParam { name, value: None });
        };
        let rest = rest.trim_start();
        let value;
        (value, self.0) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)
        } else {
            let (text, rest) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
            (plain_value(name, text), rest)
        };
        Some(RawParam { name, value: Some(value) })
    }
}

/// A value without quotes. Names of files are written so even when blanks are in them; elsewhere a blank ends it.
fn plain_value(name: &str, text: &str) -> String {
    let text = text.trim_end();
    let bare = name.split('*').next().unwrap_or_default();
    if bare.eq_ignore_ascii_case("filename") || bare.eq_ignore_ascii_case("name") {
        return text.to_owned();
    }
    text.split([' ', '\t', '(']).next().unwrap_or_default().to_owned()
}

/// The inside of a quoted string, and what follows the parameter.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((index, char)) = chars.next() {
        match char {
            '"' => {
                let rest = text.get(index + 1..).unwrap_or_default();
                return (value, rest.find(';').and_then(|at| rest.get(at..)).unwrap_or_default());
            }
            '\\' => value.extend(chars.next().map(|(_, char)| char)),
            _ => value.push(char),
        }
    }
    (value, "")
}

/// `name*1*` is the second piece of `name`, percent-encoded.
fn split_marks(name: &str) -> (&str, Option<usize>, bool) {
    let Some((bare, marks)) = name.split_once('*') else { return (name, None, false) };
    let (section, is_extended) = match marks.strip_suffix('*') {
        Some(section) => (section, true),
        None => (marks, marks.is_empty()),
    };
    match section {
        "" => (bare, None, true),
        _ => match section.parse() {
            Ok(section) => (bare, Some(section), is_extended),
            Err(_) => (name, None, false),
        },
    }
}

fn join(mut pieces: Vec<Piece>) -> Option<String> {
    if pieces.is_empty() {
        return None;
    }
    pieces.sort_by_key(|piece| piece.section);
    pieces.dedup_by_key(|piece| piece.section);
    if !pieces.iter().any(|piece| piece.is_extended) {
        let text: String = pieces.into_iter().map(|piece| piece.text).collect();
        return Some(if text.contains("=?") { word::decode(&text) } else { text });
    }
    let mut label = String::new();
    let mut octets = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if !piece.is_extended {
            octets.extend_from_slice(piece.text.as_bytes());
            continue;
        }
        let mut text = piece.text.as_str();
        if index == 0
            && let Some((declared, rest)) = text.split_once('\'')
            && let Some((_language, rest)) = rest.split_once('\'')
        {
            declared.clone_into(&mut label);
            text = rest;
        }
        octets.extend(unpercent(text));
    }
    Some(charset::decode(&octets, Some(&label), true).text)
}

fn unpercent(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut octets = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        if let Some(octet) = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()) {
            octets.push(octet);
            at += 3;
        } else {
            octets.push(byte);
            at += 1;
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, essence: Option<&str>, name: &str, expected: Option<&str>) {
        let fields = Fields::parse(text);
        assert_eq!(fields.essence().as_deref(), essence, "{text:?}");
        assert_eq!(fields.param(name), expected, "{text:?}");
    }

    /// MIM-30
    #[test]
    fn types_are_read_leniently() {
        check("TEXT/Plain; Charset=UTF-8", Some("text/plain"), "charset", Some("UTF-8"));
        check("text/plain (comment; x); charset=us-ascii (y)", Some("text/plain"), "charset", Some("us-ascii"));
        check("text / plain", Some("text/plain"), "charset", None);
        check("text/plain charset=utf-8", Some("text/plain"), "charset", Some("utf-8"));
        check("text/html; ; charset=utf-8;; =x; foo", Some("text/html"), "charset", Some("utf-8"));
        check("text/plain; charset=a; charset=b", Some("text/plain"), "charset", Some("a"));
        for text in ["", "text", "/plain", "text/", "a/b/c", "some words", "te xt/plain"] {
            check(text, None, "charset", None);
        }
        assert_eq!(
            Fields::parse("text/html; ; charset=utf-8;; =x; foo").to_string(),
            "text/html; charset=\"utf-8\"; foo"
        );
    }

    /// MIM-24
    #[test]
    fn file_names_are_read_however_they_are_written() {
        for (text, expected) in [
            ("attachment; filename=a.pdf", "a.pdf"),
            ("attachment; FILENAME=\"Up.PDF\"", "Up.PDF"),
            ("attachment; filename=my file.pdf; size=3", "my file.pdf"),
            ("attachment; filename=\"=?utf-8?q?very_long?= =?utf-8?q?_name.pdf?=\"", "very long name.pdf"),
            ("attachment; filename*=iso-8859-1'fr'r%E9sum%E9.pdf", "résumé.pdf"),
            ("attachment; filename*0*=utf-8''%C5; filename*1*=%BE; filename*2=\".txt\"", "ž.txt"),
            ("attachment; filename*1=cd; filename*0=ab", "abcd"),
            ("attachment; filename=\"a\\\"b;c.txt\"; x=y", "a\"b;c.txt"),
            ("attachment; filename=\"žluť.txt\"", "žluť.txt"),
            ("attachment; filename=one; filename*=utf-8''two", "one"),
            ("attachment; filename*=x-klingon''%C5%BE", "ž"),
            ("attachment; filename*=%41%4", "A%4"),
        ] {
            assert_eq!(Fields::parse(text).param("filename"), Some(expected), "{text:?}");
        }
    }
}
