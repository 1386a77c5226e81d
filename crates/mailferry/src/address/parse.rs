//! The parser of address lists: recursive descent over RFC 5322, section 3.4, without the recursion.
//!
//! Everything that ends a word is ASCII, so the parser looks at bytes and cuts only beside them. It looks at each byte
//! at most twice, and counts the depth of nested comments instead of descending into them, so that no text can
//! make it slow or exhaust the stack.

use std::borrow::Cow;

use super::encoded_word::{self, EncodedWord};
use super::{Address, InvalidAddress, Mailbox, Mistake};

const NEEDS_QUOTES: &str = "maybe missing quotes around a display name?";

/// All mailboxes of the text, at least one.
pub(super) fn mailboxes(text: &str) -> Result<Vec<Mailbox>, InvalidAddress> {
    let is_printable = text.bytes().all(|c| matches!(c, b' '..=b'~'));
    if !is_printable && let Some(c) = text.chars().find(|&c| c.is_control() && c != '\t') {
        return Err(InvalidAddress::new(Mistake::ControlCharacter(c), text));
    }
    if text.bytes().all(is_space) {
        return Err(InvalidAddress::new(Mistake::Empty, text));
    }
    Parser { text, position: 0, comments: Vec::new() }.list()
}

/// Whether the character ends an unquoted word of a display name. Dots do not: RFC 5322 calls them obsolete there, and
/// `A.B. Smith` is common.
pub(super) fn ends_phrase(c: char) -> bool {
    matches!(c, '(' | ')' | '<' | '>' | '@' | ',' | ':' | ';' | '"' | '[' | ']')
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    /// The comments of the current entry.
    comments: Vec<String>,
}

enum Entry {
    Mailbox(Mailbox),
    /// The name of a group and its colon have been read; the name began here.
    Group(usize),
}

impl<'a> Parser<'a> {
    fn list(mut self) -> Result<Vec<Mailbox>, InvalidAddress> {
        let mut found = Vec::with_capacity(1);
        loop {
            match self.entry()? {
                Entry::Mailbox(mailbox) => found.push(mailbox),
                Entry::Group(start) => self.group(start, &mut found)?,
            }
            self.skip_comments()?;
            match self.peek() {
                None => return Ok(found),
                Some(b',') => self.position += 1,
                Some(_) => return Err(self.trailing_text()),
            }
        }
    }

    fn group(&mut self, start: usize, found: &mut Vec<Mailbox>) -> Result<(), InvalidAddress> {
        self.skip_comments()?;
        if self.peek() == Some(b';') {
            return Err(InvalidAddress::new(Mistake::EmptyGroup, self.text_from(start)));
        }
        while self.peek().is_some() {
            match self.entry()? {
                Entry::Mailbox(mailbox) => found.push(mailbox),
                Entry::Group(_) => return Err(InvalidAddress::new(Mistake::NestedGroup, self.text_from(start))),
            }
            self.skip_comments()?;
            match self.peek() {
                None => break,
                Some(b',') => self.position += 1,
                Some(b';') => {
                    self.position += 1;
                    return Ok(());
                }
                Some(_) => return Err(self.trailing_text()),
            }
        }
        let error = InvalidAddress::new(Mistake::UnclosedGroup, self.text_from(start));
        let is_mailto = self.text_from(start).get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        Err(if is_mailto { error.with_hint("leave out 'mailto:'") } else { error })
    }

    fn entry(&mut self) -> Result<Entry, InvalidAddress> {
        let entry_start = self.position;
        self.comments.clear();
        self.skip_comments()?;
        let start = self.position;
        if self.comments.is_empty()
            && let Some(address) = self.plain_addr_spec()
        {
            return Ok(Entry::Mailbox(Mailbox::from(address)));
        }
        let phrase = self.phrase()?;
        match self.peek() {
            Some(b'<') => {
                let address = self.angle_addr()?;
                let name = phrase.with_comments(&self.comments);
                Ok(Entry::Mailbox(Mailbox::new(Some(name), address)?))
            }
            Some(b':') => {
                self.position += 1;
                Ok(Entry::Group(start))
            }
            Some(b'@') => {
                self.position = start;
                let address = self.addr_spec()?;
                let name = self.comments.join(" ");
                Ok(Entry::Mailbox(Mailbox::new(Some(name), address)?))
            }
            None | Some(b',' | b';') => Err(self.without_address(entry_start)),
            Some(b')') => Err(InvalidAddress::new(Mistake::UnbalancedParenthesis, self.text_from(entry_start))),
            Some(c) => Err(InvalidAddress::new(Mistake::UnquotedCharacter(c.into()), self.text_from(entry_start))),
        }
    }

    /// The words before `<`, `:` or `@`.
    fn phrase(&mut self) -> Result<Phrase<'a>, InvalidAddress> {
        let mut phrase = Phrase::default();
        loop {
            match self.peek() {
                Some(c) if is_space(c) => self.position += 1,
                Some(b'"') => phrase.push_quoted(&self.quoted_string()?),
                Some(b'(') => self.comment()?,
                Some(c) if !ends_phrase(c.into()) => {
                    phrase.push_atom(self.take_while(|c| !is_space(c) && !ends_phrase(c.into())));
                }
                _ => return Ok(phrase.finished()),
            }
        }
    }

    /// An address in angle brackets. A missing `>` is forgiven, and a source route (`@relay:`) skipped, as the RFC
    /// asks.
    fn angle_addr(&mut self) -> Result<Address, InvalidAddress> {
        let start = self.position;
        self.position += 1;
        self.skip_comments()?;
        if matches!(self.peek(), None | Some(b'>')) {
            return Err(InvalidAddress::new(Mistake::Empty, self.text_from(start)));
        }
        while self.peek() == Some(b'@') {
            let route = self.position;
            self.position += 1;
            self.domain(route)?;
            if self.peek() != Some(b':') {
                return Err(InvalidAddress::new(Mistake::MissingLocalPart, self.entry_from(route)));
            }
            self.position += 1;
            self.skip_comments()?;
        }
        let address = self.addr_spec()?;
        match self.peek() {
            Some(b'>') => self.position += 1,
            None | Some(b',' | b';') => {}
            Some(_) => return Err(self.trailing_text()),
        }
        Ok(address)
    }

    /// The usual case, without an allocation but the address itself: two ASCII dot-atoms and nothing else. `None` leaves
    /// the position alone, and everything that is unusual or wrong to the parser proper.
    fn plain_addr_spec(&mut self) -> Option<Address> {
        let start = self.position;
        let local_part = self.take_while(is_ascii_atext_or_dot).len();
        let at = self.position;
        self.position += 1;
        self.take_while(is_ascii_atext_or_dot);
        let text = self.text.get(start..self.position).unwrap_or_default();
        let is_plain = self.byte(at) == Some(b'@')
            && matches!(self.peek(), None | Some(b',' | b';' | b'>'))
            && !has_misplaced_dot(text);
        if !is_plain {
            self.position = start;
            return None;
        }
        Address::new(text.into(), local_part).ok()
    }

    fn addr_spec(&mut self) -> Result<Address, InvalidAddress> {
        if let Some(address) = self.plain_addr_spec() {
            return Ok(address);
        }
        let start = self.position;
        let mut text = self.local_part(start)?;
        let at = text.len();
        self.position += 1;
        text.push('@');
        text.push_str(&self.domain(start)?);
        Address::new(text.into_boxed_str(), at)
    }

    /// Everything up to the `@`: a dot-atom, with white space allowed round its dots, or one quoted string.
    fn local_part(&mut self, start: usize) -> Result<String, InvalidAddress> {
        let mut local_part = String::new();
        let (mut quoted, mut spaced, mut after_word) = (false, false, false);
        loop {
            self.skip_comments()?;
            match self.peek() {
                Some(b'@') => break,
                Some(b'"' | b'.') if quoted => return Err(self.mistake(Mistake::PartlyQuotedLocalPart, start)),
                Some(b'"') => {
                    if !local_part.is_empty() {
                        return Err(self.mistake(Mistake::PartlyQuotedLocalPart, start));
                    }
                    let content = self.quoted_string()?;
                    if content.contains('\t') {
                        return Err(self.mistake(Mistake::ControlCharacter('\t'), start));
                    }
                    local_part = quoted_local_part(&content);
                    (quoted, after_word) = (true, true);
                }
                Some(b'.') => {
                    if !after_word {
                        return Err(self.mistake(Mistake::MisplacedDot, start));
                    }
                    self.position += 1;
                    local_part.push('.');
                    after_word = false;
                }
                Some(c) if !ends_phrase(c.into()) => {
                    spaced |= after_word;
                    let atom = self.take_while(|c| !is_space(c) && c != b'.' && !ends_phrase(c.into()));
                    if let Some(c) = atom.chars().find(|&c| !is_atext(c)) {
                        return Err(self.mistake(Mistake::InvalidCharacter(c), start));
                    }
                    local_part.push_str(atom);
                    after_word = true;
                }
                Some(c @ (b'[' | b']')) => return Err(self.mistake(Mistake::InvalidCharacter(c.into()), start)),
                _ => return Err(self.mistake(Mistake::MissingAt, start)),
            }
        }
        if quoted && spaced {
            Err(self.mistake(Mistake::PartlyQuotedLocalPart, start))
        } else if spaced {
            Err(self.mistake(Mistake::SpaceInLocalPart, start))
        } else if local_part.is_empty() {
            Err(self.mistake(Mistake::MissingLocalPart, start))
        } else if !after_word {
            Err(self.mistake(Mistake::MisplacedDot, start))
        } else {
            Ok(local_part)
        }
    }

    /// A dot-atom, with white space allowed round its dots, and the comments after it.
    fn domain(&mut self, start: usize) -> Result<Cow<'a, str>, InvalidAddress> {
        self.skip_comments()?;
        let mut domain = Cow::Borrowed("");
        let mut after_word = false;
        loop {
            let piece = match self.peek() {
                Some(b'[') if !after_word => return Err(self.mistake(Mistake::DomainLiteral, start)),
                Some(b'@') => return Err(self.mistake(Mistake::SeveralAts, start)),
                Some(b'.') => {
                    if !after_word {
                        return Err(self.mistake(Mistake::MisplacedDot, start));
                    }
                    after_word = false;
                    self.take_while(|c| c == b'.')
                }
                Some(c) if !ends_phrase(c.into()) && !after_word => {
                    after_word = true;
                    let atom = self.take_while(|c| !is_space(c) && c != b'.' && !ends_phrase(c.into()));
                    if let Some(c) = atom.chars().find(|&c| (c.is_ascii() || c.is_whitespace()) && !is_atext(c)) {
                        return Err(self.mistake(Mistake::InvalidCharacter(c), start));
                    }
                    atom
                }
                _ => break,
            };
            if piece.len() > 1 && piece.starts_with('.') {
                return Err(self.mistake(Mistake::MisplacedDot, start));
            }
            if domain.is_empty() {
                domain = Cow::Borrowed(piece);
            } else {
                domain.to_mut().push_str(piece);
            }
            self.skip_comments()?;
        }
        if domain.is_empty() {
            Err(self.mistake(Mistake::MissingDomain, start))
        } else if !after_word {
            Err(self.mistake(Mistake::MisplacedDot, start))
        } else {
            Ok(domain)
        }
    }

    /// What the quotes enclose, its backslashes taken away.
    fn quoted_string(&mut self) -> Result<Cow<'a, str>, InvalidAddress> {
        let start = self.position;
        self.position += 1;
        let mut content = Cow::Borrowed(self.take_while(|c| !matches!(c, b'"' | b'\\')));
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(content);
                }
                Some(b'\\') if self.byte(self.position + 1).is_some() => {
                    self.position += 1;
                    let escaped = self.rest().chars().next().map_or(0, char::len_utf8);
                    let end = self.position + escaped;
                    content.to_mut().push_str(self.text.get(self.position..end).unwrap_or_default());
                    self.position = end;
                }
                _ => return Err(InvalidAddress::new(Mistake::UnclosedQuote, self.text_from(start))),
            }
            content.to_mut().push_str(self.take_while(|c| !matches!(c, b'"' | b'\\')));
        }
    }

    fn skip_comments(&mut self) -> Result<(), InvalidAddress> {
        loop {
            match self.peek() {
                Some(c) if is_space(c) => self.position += 1,
                Some(b'(') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// Keeps the text of the comment and of those nested in it, without parentheses and backslashes.
    fn comment(&mut self) -> Result<(), InvalidAddress> {
        let start = self.position;
        let mut depth = 0_usize;
        let mut escaped = false;
        let mut comment = String::new();
        for (offset, c) in self.rest().char_indices() {
            match c {
                _ if escaped => {
                    comment.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '(' => depth += 1,
                ')' if depth == 1 => {
                    self.position += offset + 1;
                    self.comments.push(decoded(comment));
                    return Ok(());
                }
                ')' => depth -= 1,
                ',' => return Err(InvalidAddress::new(Mistake::CommaInComment, self.text_from(start))),
                _ => comment.push(c),
            }
        }
        Err(InvalidAddress::new(Mistake::UnbalancedParenthesis, self.text_from(start)))
    }

    /// The entry has words, or nothing at all, and no address.
    fn without_address(&self, entry_start: usize) -> InvalidAddress {
        let written = self.text.get(entry_start..self.position).unwrap_or_default();
        if written.bytes().all(is_space) {
            return InvalidAddress::new(Mistake::EmptyEntry, self.text);
        }
        self.hinted(InvalidAddress::new(Mistake::MissingAt, written))
    }

    /// Something follows the address that is neither the end nor a comma.
    fn trailing_text(&self) -> InvalidAddress {
        let rest = self.rest();
        match self.peek() {
            Some(b';') => InvalidAddress::new(Mistake::Semicolon, self.text.get(..self.position).unwrap_or_default()),
            Some(b')') => InvalidAddress::new(Mistake::UnbalancedParenthesis, rest),
            _ if rest.contains('@') => InvalidAddress::new(Mistake::TrailingText, rest)
                .with_hint("separate addresses with commas, and put quotes around a display name with an @"),
            _ => InvalidAddress::new(Mistake::TrailingText, rest),
        }
    }

    fn mistake(&self, mistake: Mistake, start: usize) -> InvalidAddress {
        self.hinted(InvalidAddress::new(mistake, self.entry_from(start)))
    }

    /// With a comma anywhere, a name that was meant to have quotes is the likeliest reason for half an address.
    fn hinted(&self, error: InvalidAddress) -> InvalidAddress {
        if error.hint().is_none() && self.text.contains(',') { error.with_hint(NEEDS_QUOTES) } else { error }
    }

    /// From `start` to the end of the text.
    fn text_from(&self, start: usize) -> &'a str {
        self.text.get(start..).unwrap_or_default()
    }

    /// From `start` to where the entry probably ends.
    fn entry_from(&self, start: usize) -> &'a str {
        let rest = self.text_from(start);
        let parsed = self.position.saturating_sub(start);
        let end = rest.bytes().skip(parsed).position(|c| matches!(c, b',' | b';' | b'>'));
        end.and_then(|end| rest.get(..parsed + end)).unwrap_or(rest)
    }

    fn rest(&self) -> &'a str {
        self.text_from(self.position)
    }

    fn byte(&self, position: usize) -> Option<u8> {
        self.text.as_bytes().get(position).copied()
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.position)
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let start = self.position;
        while self.peek().is_some_and(&wanted) {
            self.position += 1;
        }
        self.text.get(start..self.position).unwrap_or_default()
    }
}

/// The words of a display name, one space between them.
#[derive(Default)]
struct Phrase<'a> {
    text: String,
    begun: bool,
    /// Encoded words that wait for their neighbours: white space between two of them does not count.
    encoded: Vec<EncodedWord<'a>>,
}

impl<'a> Phrase<'a> {
    fn push_atom(&mut self, word: &'a str) {
        match EncodedWord::parse(word) {
            Some(word) => self.encoded.push(word),
            None => self.push_literal(word),
        }
    }

    /// RFC 2047 allows no encoded words within quotes, so what looks like one is meant literally.
    fn push_quoted(&mut self, content: &str) {
        self.push_literal(content);
    }

    fn push_literal(&mut self, word: &str) {
        self.flush();
        self.push(word);
    }

    fn flush(&mut self) {
        let words = std::mem::take(&mut self.encoded);
        match encoded_word::decode(&words) {
            Some(text) if text.is_empty() => {}
            Some(text) => self.push(&text),
            None => words.iter().for_each(|word| self.push(word.source)),
        }
    }

    fn push(&mut self, word: &str) {
        if self.begun {
            self.text.push(' ');
        }
        self.begun = true;
        self.text.push_str(word);
    }

    fn finished(mut self) -> Self {
        self.flush();
        self
    }

    fn with_comments(self, comments: &[String]) -> String {
        let mut name = self.text;
        if !comments.is_empty() {
            if self.begun {
                name.push(' ');
            }
            name.push('(');
            name.push_str(&comments.join(" "));
            name.push(')');
        }
        name
    }
}

/// A comment whose words may be encoded, too.
fn decoded(comment: String) -> String {
    if !comment.contains("=?") {
        return comment;
    }
    let mut phrase = Phrase::default();
    comment.split([' ', '\t']).filter(|word| !word.is_empty()).for_each(|word| phrase.push_atom(word));
    phrase.finished().text
}

/// The local part that the quoted text stands for, in quotes only if it needs them.
fn quoted_local_part(content: &str) -> String {
    let is_dot_atom = !has_misplaced_dot(content) && content.chars().all(|c| c == '.' || is_atext(c));
    if is_dot_atom || content.is_empty() {
        return content.to_owned();
    }
    let mut quoted = String::with_capacity(content.len() + 2);
    quoted.push('"');
    for c in content.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Whether a dot is at an end, beside another, or beside the `@`.
fn has_misplaced_dot(text: &str) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b'.' | b'@');
    let bytes = text.as_bytes();
    bytes.first().is_none_or(is_mark)
        || bytes.last().is_none_or(is_mark)
        || bytes.array_windows().any(|[one, next]| is_mark(one) && is_mark(next))
}

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t')
}

fn is_ascii_atext_or_dot(c: u8) -> bool {
    // Every byte of every address is looked up here.
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut c = 0_u8;
        while c < 0x80 {
            table[c as usize] = c == b'.' || is_ascii_atext(c);
            c += 1;
        }
        table
    };
    TABLE[usize::from(c)]
}

const fn is_ascii_atext(c: u8) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

/// RFC 6532 adds everything beyond ASCII. What cannot be seen is left out: it gets into an address by copying, and
/// the address then reaches nobody.
fn is_atext(c: char) -> bool {
    match u8::try_from(c) {
        Ok(c) if c.is_ascii() => is_ascii_atext(c),
        _ => {
            !c.is_whitespace()
                && !c.is_control()
                && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
                && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        }
    }
}
