//! MailerSend's older syntax, `{$name}`, and how it is written in the newer one.

use std::ops::Range;

use super::expression::is_variable;

/// One `{$name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token<'a> {
    /// Without its braces and its dollar sign.
    pub name: &'a str,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

/// Every token of the simple syntax in `source`, in order.
///
/// A name has letters, digits and `_`, and starts with a letter (MailerSend's help pages); `{$` before anything else is
/// ordinary text.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::twig::simple_tokens;
///
/// let names: Vec<&str> = simple_tokens("Hi {$name}, {$9} {$first-name} {$city }").map(|token| token.name).collect();
/// assert_eq!(names, ["name"]);
/// ```
pub fn simple_tokens(source: &str) -> impl Iterator<Item = Token<'_>> {
    tokens_in(source, 0..source.len())
}

pub(super) fn tokens_in(source: &str, range: Range<usize>) -> impl Iterator<Item = Token<'_>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        loop {
            let start = at.checked_add(source.get(at..range.end)?.find("{$")?)?;
            at = start.checked_add(2)?;
            let rest = source.get(at..range.end)?;
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let name = rest.get(..length)?;
            if name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
                && rest.as_bytes().get(length) == Some(&b'}')
            {
                at = at.checked_add(length)?.checked_add(1)?;
                return Some(Token { name, range: start..at });
            }
        }
    })
}

/// A text in the advanced syntax, and what became of it on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// The text, which says the same to every reader once `variables` have become `personalization`.
    pub text: String,
    /// What is written differently now, in order.
    pub changes: Vec<Change>,
    /// What could not be written differently and was left, in order.
    pub left: Vec<Left>,
}

/// One piece that is written differently.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Its line, from 1.
    pub line: usize,
    /// How it was written.
    pub from: String,
    /// How it is written now.
    pub to: String,
}

/// One token that cannot be a variable of the advanced syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Its line, from 1.
    pub line: usize,
    /// How it is written.
    pub token: String,
    /// Why it was left.
    pub reason: String,
}

/// What is done with braces that mean nothing to the simple syntax and something to the advanced one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Braces {
    /// They were text and stay text: they are quoted. `{{unsubscribe}}` is left, which MailerSend fills in.
    #[default]
    Quote,
    /// They are tags of the advanced syntax already.
    Keep,
}

/// Rewrites `{$name}` as `{{ name }}`.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::twig::{Braces, to_advanced};
///
/// let converted = to_advanced("Hi {$name}, {$} and {{ are text", Braces::Quote);
/// assert_eq!(converted.text, "Hi {{ name }}, {$} and {{ '{{' }} are text");
/// ```
pub fn to_advanced(source: &str, braces: Braces) -> Converted {
    let mut converter = Converter {
        source,
        braces,
        converted: Converted { text: String::with_capacity(source.len()), changes: Vec::new(), left: Vec::new() },
        line: 1,
        counted: 0,
    };
    let mut at = 0;
    for token in simple_tokens(source) {
        let written = source.get(token.range.clone()).unwrap_or_default();
        let line = converter.line_of(token.range.start);
        if is_variable(token.name) {
            converter.literal(at..token.range.start, true);
            let to = format!("{{{{ {} }}}}", token.name);
            converter.converted.text.push_str(&to);
            converter.converted.changes.push(Change { line, from: written.to_owned(), to });
        } else {
            converter.literal(at..token.range.end, false);
            let reason = format!("`{}` is a word of the advanced syntax, and cannot name a variable there", token.name);
            converter.converted.left.push(Left { line, token: written.to_owned(), reason });
        }
        at = token.range.end;
    }
    converter.literal(at..source.len(), false);
    converter.converted
}

struct Converter<'a> {
    source: &'a str,
    braces: Braces,
    converted: Converted,
    line: usize,
    /// How far lines are counted.
    counted: usize,
}

impl Converter<'_> {
    fn line_of(&mut self, at: usize) -> usize {
        let between = self.source.get(self.counted..at).unwrap_or_default();
        self.line = self.line.saturating_add(between.bytes().filter(|byte| *byte == b'\n').count());
        self.counted = at.max(self.counted);
        self.line
    }

    /// Text that is no token, and whether a tag will follow it at once.
    fn literal(&mut self, range: Range<usize>, before_tag: bool) {
        let text = self.source.get(range.clone()).unwrap_or_default();
        if self.braces == Braces::Keep {
            self.converted.text.push_str(text);
            return;
        }
        let mut rest = text;
        while let Some(found) = rest.find('{') {
            let (before, from) = rest.split_at_checked(found).unwrap_or((rest, ""));
            self.converted.text.push_str(before);
            let length = match from.as_bytes().get(1) {
                Some(b'{') => system_token(from).map_or(2, |length| {
                    self.converted.text.push_str(from.get(..length).unwrap_or_default());
                    rest = from.get(length..).unwrap_or_default();
                    0
                }),
                Some(b'%' | b'#') => 2,
                None if before_tag => 1,
                _ => {
                    self.converted.text.push('{');
                    rest = from.get(1..).unwrap_or_default();
                    0
                }
            };
            if length > 0 {
                let quoted = from.get(..length).unwrap_or_default();
                let to = format!("{{{{ '{quoted}' }}}}");
                let line = self.line_of(range.end.saturating_sub(from.len()));
                self.converted.text.push_str(&to);
                self.converted.changes.push(Change { line, from: quoted.to_owned(), to });
                rest = from.get(length..).unwrap_or_default();
            }
        }
        self.converted.text.push_str(rest);
    }
}

/// How long the token is that `text` starts with and that MailerSend fills in, whatever the syntax.
fn system_token(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("{{")?.trim_start_matches(' ').strip_prefix("unsubscribe")?;
    let rest = inner.trim_start_matches(' ').strip_prefix("}}")?;
    text.len().checked_sub(rest.len())
}
