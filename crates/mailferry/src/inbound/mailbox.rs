//! Addresses of mails that arrived: kept as they are written, since strangers write what they like.

use std::fmt;

use super::word::{self, Word};

/// So many addresses are read of one header, or of several with a name; what follows is left out.
pub(super) const MAX_ITEMS: usize = 100_000;
/// No address has so many words and signs; what follows is no part of it.
const MAX_TOKENS: usize = 10_000;
/// An encoded word has 75 bytes at most (RFC 2047); programs that ignore that stay below this.
const MAX_WORD: usize = 500;

/// A name and an address as a header has them.
///
/// Unlike [`crate::Mailbox`] it is not checked: the domain may be in punycode or in Unicode, the local part may be
/// anything. `mailbox.email.parse::<mailferry::Address>()` tells whether mail can be sent there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mailbox {
    /// The display name, decoded; `None` when there is none.
    pub name: Option<String>,
    /// The address, without the angle brackets.
    pub email: String,
}

impl Mailbox {
    /// An address with a display name, or without.
    pub fn new(name: Option<&str>, email: impl Into<String>) -> Self {
        Self { name: name.filter(|name| !name.is_empty()).map(str::to_owned), email: email.into() }
    }
}

impl fmt::Display for Mailbox {
    /// As a header has it, with quotes round the name where they are needed. Neither is encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_mailbox(f, self.name.as_deref().unwrap_or_default(), &self.email)
    }
}

fn write_mailbox(f: &mut fmt::Formatter<'_>, name: &str, email: &str) -> fmt::Result {
    if name.is_empty() {
        return f.write_str(if email.is_empty() { "<>" } else { email });
    }
    write_phrase(f, name)?;
    write!(f, " <{email}>")
}

fn write_phrase(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if name.contains(['(', ')', '<', '>', '@', ',', ':', ';', '.', '"', '[', ']', '\\']) {
        return write!(f, "\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    f.write_str(name)
}

/// What a header with addresses holds, in order.
#[derive(Debug, Default)]
pub(super) struct List {
    entries: Vec<Entry>,
    count: usize,
}

#[derive(Debug)]
enum Entry {
    One(Item),
    Group(String, Vec<Item>),
}

/// Something between commas: an address, or an attempt at one.
#[derive(Debug)]
struct Item {
    name: String,
    email: String,
    is_valid: bool,
}

impl List {
    /// Reads a header's text on one line. It takes what it can: comments and what cannot be an address are passed over.
    pub(super) fn parse(text: &str) -> Self {
        let mut list = Self::default();
        let mut group: Option<(String, Vec<Item>)> = None;
        let mut tokens: Vec<Token<'_>> = Vec::new();
        let mut skipping = false;
        for token in Tokens(text) {
            if list.count > MAX_ITEMS {
                break;
            }
            match token.kind {
                TokenKind::Special(',') => {
                    list.add(&mut group, Item::read(&tokens));
                    tokens.clear();
                    skipping = false;
                }
                _ if skipping => {}
                TokenKind::Special(';') => {
                    list.add(&mut group, Item::read(&tokens));
                    tokens.clear();
                    // After the end of a group only a comma can follow, and outside of one nothing that is meant.
                    skipping = true;
                    if let Some((name, items)) = group.take() {
                        list.entries.push(Entry::Group(name, items));
                    }
                }
                TokenKind::Special(':') if group.is_none() && is_phrase(&tokens) => {
                    group = Some((phrase(&tokens), Vec::new()));
                    tokens.clear();
                }
                _ if tokens.len() < MAX_TOKENS => tokens.push(token),
                _ => {}
            }
        }
        list.add(&mut group, Item::read(&tokens));
        if let Some((name, items)) = group {
            list.entries.push(Entry::Group(name, items));
        }
        list
    }

    fn add(&mut self, group: &mut Option<(String, Vec<Item>)>, item: Option<Item>) {
        let Some(item) = item else { return };
        self.count += 1;
        match group {
            Some((_, items)) => items.push(item),
            None => self.entries.push(Entry::One(item)),
        }
    }

    /// The addresses, those in groups included.
    pub(super) fn into_mailboxes(self) -> Vec<Mailbox> {
        let items = self.entries.into_iter().flat_map(|entry| match entry {
            Entry::One(item) => vec![item],
            Entry::Group(_, items) => items,
        });
        items.filter(|item| item.is_valid).map(|item| Mailbox::new(Some(&item.name), item.email)).collect()
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match entry {
                Entry::One(item) => write_mailbox(f, &item.name, &item.email)?,
                Entry::Group(name, items) => {
                    write_phrase(f, name)?;
                    f.write_str(":")?;
                    for (index, item) in items.iter().enumerate() {
                        f.write_str(if index > 0 { ", " } else { " " })?;
                        write_mailbox(f, &item.name, &item.email)?;
                    }
                    f.write_str(";")?;
                }
            }
        }
        Ok(())
    }
}

impl Item {
    fn read(tokens: &[Token<'_>]) -> Option<Self> {
        if tokens.is_empty() {
            return None;
        }
        if let Some(open) = tokens.iter().position(|token| token.is('<')) {
            let (name, inside) = tokens.split_at(open);
            let inside = inside.get(1..).unwrap_or_default();
            let end = inside.iter().position(|token| token.is('>')).unwrap_or(inside.len());
            let inside = inside.get(..end).unwrap_or_default();
            // A route (`@relay:`) says nothing today.
            let route = inside.iter().rposition(|token| token.is(':')).map_or(0, |colon| colon + 1);
            let (email, is_valid) = address(inside.get(route..).unwrap_or_default());
            let mut name = phrase(name);
            if tokens.iter().take(open).any(|token| token.is('@')) && name.eq_ignore_ascii_case(&email) {
                name.clear();
            }
            return Some(Self { name, email, is_valid });
        }
        // Without brackets, whatever precedes the address is perhaps a name.
        let at = tokens.iter().position(|token| token.is('@')).unwrap_or(tokens.len());
        let local = tokens.get(..at).unwrap_or_default();
        let start = local.windows(2).rposition(|pair| matches!(pair, [one, two] if !one.is('.') && !two.is('.')));
        let start = if at < tokens.len() { start.map_or(0, |before| before + 1) } else { 0 };
        let (email, is_valid) = address(tokens.get(start..).unwrap_or_default());
        let name = if is_valid { phrase(tokens.get(..start).unwrap_or_default()) } else { String::new() };
        Some(Self { name, email, is_valid })
    }
}

/// An address, and whether it has the two halves that make it one.
fn address(tokens: &[Token<'_>]) -> (String, bool) {
    let mut halves = tokens.splitn(2, |token| token.is('@'));
    let (local, domain) = (halves.next().unwrap_or_default(), halves.next());
    let mut email = local_part(local);
    let Some(domain) = domain else { return (email, false) };
    // What follows the domain with a blank between is no part of it.
    let end =
        domain.windows(2).position(|pair| matches!(pair, [one, two] if two.is_spaced && !one.is('.') && !two.is('.')));
    let domain = domain.get(..end.map_or(domain.len(), |last| last + 1)).unwrap_or_default();
    let is_valid = !email.is_empty() && !domain.is_empty() && !domain.iter().any(|token| token.is('@'));
    email.push('@');
    email.extend(domain.iter().map(|token| token.text));
    (email, is_valid)
}

fn local_part(tokens: &[Token<'_>]) -> String {
    let text: String = tokens.iter().map(Token::content).collect();
    let is_quoted = tokens.iter().any(|token| matches!(token.kind, TokenKind::Quoted));
    let is_plain = text.split('.').all(|atom| {
        !atom.is_empty() && !atom.contains(|char: char| char.is_whitespace() || char.is_control() || is_special(char))
    });
    if is_quoted && !is_plain {
        return format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    text
}

fn is_phrase(tokens: &[Token<'_>]) -> bool {
    !tokens.iter().any(|token| token.is('<') || token.is('@'))
}

/// The words of a display name, decoded. Encoded words that follow one another are one.
fn phrase(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut after_encoded = false;
    let mut encoded = String::new();
    for token in tokens {
        let is_encoded = matches!(token.kind, TokenKind::Encoded);
        if !is_encoded {
            text.push_str(&word::decode(&encoded));
            encoded.clear();
        }
        if token.is_spaced && !(text.is_empty() && encoded.is_empty()) && !(is_encoded && after_encoded) {
            text.push(' ');
        }
        if is_encoded {
            encoded.push_str(token.text);
        } else {
            text.push_str(&token.content());
        }
        after_encoded = is_encoded;
    }
    text.push_str(&word::decode(&encoded));
    text.trim().to_owned()
}

fn is_special(char: char) -> bool {
    matches!(char, '(' | ')' | '<' | '>' | '@' | ',' | ':' | ';' | '.' | '"' | '[' | ']' | '\\')
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: TokenKind,
    /// As written, without the quotes.
    text: &'a str,
    /// Whether blanks or a comment are before it.
    is_spaced: bool,
}

#[derive(Debug, Clone, Copy)]
enum TokenKind {
    Atom,
    Encoded,
    Quoted,
    /// An address of a host: `[127.0.0.1]`.
    Literal,
    Special(char),
}

impl Token<'_> {
    fn is(&self, special: char) -> bool {
        matches!(self.kind, TokenKind::Special(char) if char == special)
    }

    fn content(&self) -> String {
        if !matches!(self.kind, TokenKind::Quoted) {
            return self.text.to_owned();
        }
        let mut text = String::with_capacity(self.text.len());
        let mut chars = self.text.chars();
        while let Some(char) = chars.next() {
            text.extend(if char == '\\' { chars.next() } else { Some(char) });
        }
        if text.contains("=?") { word::decode(&text) } else { text }
    }
}

struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = skip_blanks(self.0);
        let is_spaced = text.len() < self.0.len();
        let first = text.chars().next()?;
        let (kind, token, length) = match first {
            '"' => {
                let inside = text.get(1..).unwrap_or_default();
                let end = end_of(inside, '"');
                (TokenKind::Quoted, inside.get(..end).unwrap_or_default(), end + 2)
            }
            '[' => {
                let length = text.find(']').map_or(text.len(), |end| end + 1);
                (TokenKind::Literal, text.get(..length).unwrap_or_default(), length)
            }
            _ if is_special(first) => (TokenKind::Special(first), text.get(..1).unwrap_or_default(), 1),
            _ => {
                let word = text.starts_with("=?").then(|| Word::at_start(word_candidate(text))).flatten();
                let (kind, length) = if let Some(word) = word {
                    (TokenKind::Encoded, word.length)
                } else {
                    let end = text.find(|char: char| is_special(char) || char.is_whitespace());
                    (TokenKind::Atom, end.unwrap_or(text.len()))
                };
                (kind, text.get(..length).unwrap_or_default(), length)
            }
        };
        self.0 = text.get(length..).unwrap_or_default();
        Some(Token { kind, text: token, is_spaced })
    }
}

/// As much of a text as an encoded word at its start may take: commas and the like may be in it, blanks may not.
fn word_candidate(text: &str) -> &str {
    let start = text.get(..text.floor_char_boundary(MAX_WORD)).unwrap_or_default();
    start.split(char::is_whitespace).next().unwrap_or_default()
}

/// The length up to a closing character, which a backslash before it makes ordinary.
fn end_of(text: &str, closing: char) -> usize {
    let mut chars = text.char_indices();
    while let Some((index, char)) = chars.next() {
        if char == closing {
            return index;
        }
        if char == '\\' {
            chars.next();
        }
    }
    text.len()
}

/// What follows blanks and comments, however these are nested.
fn skip_blanks(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut chars = text.char_indices();
    while let Some((index, char)) = chars.next() {
        match char {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            '\\' if depth > 0 => {
                chars.next();
            }
            _ if depth > 0 || char.is_whitespace() => {}
            _ => return text.get(index..).unwrap_or_default(),
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, mailboxes: &[(&str, &str)], written: &str) {
        assert_eq!(List::parse(text).to_string(), written, "{text:?}");
        let read = List::parse(text).into_mailboxes();
        let read: Vec<_> =
            read.iter().map(|one| (one.name.as_deref().unwrap_or_default(), one.email.as_str())).collect();
        assert_eq!(read, mailboxes, "{text:?}");
    }

    /// MIM-01 MIM-02 MIM-04 MIM-09 MIM-10
    #[test]
    fn addresses_are_taken_as_they_come() {
        check("Ann Lee <a@b.c>, d@e.f", &[("Ann Lee", "a@b.c"), ("", "d@e.f")], "Ann Lee <a@b.c>, d@e.f");
        check("\"Lee, Ann\" <a@b.c>", &[("Lee, Ann", "a@b.c")], "\"Lee, Ann\" <a@b.c>");
        check("=?utf-8?q?Lee=2C_Ann?= <a@b.c>", &[("Lee, Ann", "a@b.c")], "\"Lee, Ann\" <a@b.c>");
        check(
            "=?utf-8?q?J=C3=B6rg?= <jörg@bücher.example>",
            &[("Jörg", "jörg@bücher.example")],
            "Jörg <jörg@bücher.example>",
        );
        check("=?utf-8?q?a?= =?utf-8?q?b?= c <a@b.c>", &[("ab c", "a@b.c")], "ab c <a@b.c>");
        check("\"=?utf-8?q?Lee=2C_Ann?=\" <a@b.c>", &[("Lee, Ann", "a@b.c")], "\"Lee, Ann\" <a@b.c>");
        check("Ann (x (y)) Lee <a@b.c> (z)", &[("Ann Lee", "a@b.c")], "Ann Lee <a@b.c>");
        check("ann@one.example (Ann Lee)", &[("", "ann@one.example")], "ann@one.example");
        check("Dr. Ann <a@b.c>", &[("Dr. Ann", "a@b.c")], "\"Dr. Ann\" <a@b.c>");
        check("\"a\\\"b\" <a@b.c>", &[("a\"b", "a@b.c")], "\"a\\\"b\" <a@b.c>");
        check("A <a @ b . c>", &[("A", "a@b.c")], "A <a@b.c>");
        check("<@r.x:a@b.c>", &[("", "a@b.c")], "a@b.c");
        check("a@[127.0.0.1]", &[("", "a@[127.0.0.1]")], "a@[127.0.0.1]");
        check(
            "\"john doe\"@x.y, \"john.doe\"@x.y",
            &[("", "\"john doe\"@x.y"), ("", "john.doe@x.y")],
            "\"john doe\"@x.y, john.doe@x.y",
        );
        check("Ann <a@b.c", &[("Ann", "a@b.c")], "Ann <a@b.c>");
        check("B@x; c@x, d@x", &[("", "B@x"), ("", "d@x")], "B@x, d@x");
        check("a@b.c, ,", &[("", "a@b.c")], "a@b.c");
        check("ann@one.example <ann@one.example>", &[("", "ann@one.example")], "ann@one.example");
        check(
            "ceo@app.example <x@spam.example>",
            &[("ceo@app.example", "x@spam.example")],
            "\"ceo@app.example\" <x@spam.example>",
        );
        check("undisclosed-recipients:;", &[], "undisclosed-recipients:;");
        check(
            "Team: b@x.example, C <c@x.example>;, d@x",
            &[("", "b@x.example"), ("C", "c@x.example"), ("", "d@x")],
            "Team: b@x.example, C <c@x.example>;, d@x",
        );
        check("Ann a@b.c", &[("Ann", "a@b.c")], "Ann <a@b.c>");
    }

    /// MIM-01 MIM-02
    #[test]
    fn what_is_no_address_is_passed_over() {
        check("root", &[], "root");
        check("<>", &[], "<>");
        check("Someone <>", &[], "Someone <>");
        check("Lee, Ann <a@b.c>", &[("Ann", "a@b.c")], "Lee, Ann <a@b.c>");
        check("@x", &[], "@x");
        check("", &[], "");
        check("a@b@c", &[], "a@b@c");
        check("(((", &[], "");
        check("\"", &[], "\"\"");
    }
}
