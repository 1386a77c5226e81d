//! HTML in pieces, as a browser would cut it: tags, text between them, and what is neither.
//!
//! It follows the HTML standard's tokenizer, and as much of its tree as tells where tags are none: in raw text, in
//! comments, and in what only looks like raw text because it stands in a drawing.

use std::ops::Range;

use super::foreign::Foreign;

/// One piece. All pieces together are the document again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Between tags, with its entities.
    Text(&'a str),
    /// `<a href=…>`
    Open(Tag<'a>),
    /// `</a>`
    Close { name: &'a str, raw: &'a str },
    /// The content of an element that holds no tags: a style, a script, a title.
    Raw { name: &'a str, raw: &'a str },
    /// A comment, a document type, or a tag that never ends.
    Other(&'a str),
}

impl<'a> Token<'a> {
    /// As it was written.
    pub(crate) fn raw(&self) -> &'a str {
        match self {
            Token::Text(raw) | Token::Other(raw) | Token::Close { raw, .. } | Token::Raw { raw, .. } => raw,
            Token::Open(tag) => tag.raw,
        }
    }
}

/// An opening tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    /// Everything between the name and the end.
    inside: &'a str,
    pub(crate) raw: &'a str,
}

/// One attribute of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a str,
    /// Without its quotes, with its entities.
    pub(crate) value: Option<&'a str>,
    /// As it was written.
    pub(crate) raw: &'a str,
    /// Where the value stands in the tag, quotes included; empty behind the name when there is none.
    pub(crate) place: Range<usize>,
}

/// Elements whose content holds no tags. Scripts do not run here, so that `noscript` is not among them.
const RAW: &[&str] = &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"];

/// The pieces of `html`.
pub(crate) fn tokens(html: &str) -> Tokens<'_> {
    Tokens { rest: html, raw: None, foreign: Foreign::default() }
}

pub(crate) struct Tokens<'a> {
    rest: &'a str,
    /// The element whose content comes next, if it holds no tags.
    raw: Option<&'a str>,
    foreign: Foreign<'a>,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            let raw = self.cut(end_of_raw(self.rest, name));
            if !raw.is_empty() {
                return Some(Token::Raw { name, raw });
            }
        }
        if self.rest.is_empty() {
            return None;
        }
        let text = self.cut(start_of_markup(self.rest));
        Some(if text.is_empty() { self.markup() } else { Token::Text(text) })
    }
}

impl<'a> Tokens<'a> {
    /// Takes `at` bytes off the rest.
    fn cut(&mut self, at: usize) -> &'a str {
        let (piece, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        piece
    }

    /// What starts with `<`.
    fn markup(&mut self) -> Token<'a> {
        let Some(after) = self.rest.strip_prefix('<') else { return Token::Other(self.cut(usize::MAX)) };
        if after.starts_with("!--") {
            return Token::Other(self.cut(end_of_comment(self.rest)));
        }
        if after.starts_with("![CDATA[") && self.foreign.has_cdata() {
            let end = self.rest.find("]]>").map_or(self.rest.len(), |at| at.saturating_add(3));
            return Token::Other(self.cut(end));
        }
        let (is_close, after) = after.strip_prefix('/').map_or((false, after), |after| (true, after));
        if !after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let end = self.rest.find('>').map_or(self.rest.len(), |at| at.saturating_add(1));
            return Token::Other(self.cut(end));
        }
        let name_length = after.find(|c: char| is_space(c) || matches!(c, '/' | '>')).unwrap_or(after.len());
        let (name, after) = after.split_at(name_length);
        let Some(inside) = inside_of_tag(after) else { return Token::Other(self.cut(usize::MAX)) };
        let length = self.rest.len().saturating_sub(after.len()).saturating_add(inside.len()).saturating_add(1);
        let raw = self.cut(length);
        if is_close {
            self.foreign.closed(name);
            return Token::Close { name, raw };
        }
        let tag = Tag { name, inside, raw };
        if self.foreign.opened(&tag) {
            self.raw = RAW.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
        }
        Token::Open(tag)
    }
}

impl<'a> Tag<'a> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> {
        let (tag, mut rest) = (*self, self.inside);
        std::iter::from_fn(move || {
            let (Written { name, value, quotes, raw }, after) = attribute(rest)?;
            rest = after;
            let end = tag.raw.len().saturating_sub(1).saturating_sub(after.len());
            let start = end.saturating_sub(value.map_or(0, str::len).saturating_add(quotes));
            Some(Attribute { name, value, raw, place: start..end })
        })
    }

    /// Whether its slash is one, and not the end of a value.
    pub(crate) fn closes_itself(&self) -> bool {
        let last = self.attributes().last();
        self.inside.ends_with('/') && last.is_none_or(|last| last.place.end < self.raw.len().saturating_sub(1))
    }
}

/// An attribute as it is found.
struct Written<'a> {
    name: &'a str,
    value: Option<&'a str>,
    /// How many bytes of it are quotes around the value.
    quotes: usize,
    raw: &'a str,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// Where the next `<` is that begins something: one before a space or a digit is text.
fn start_of_markup(html: &str) -> usize {
    let begins = |(at, _): &(usize, &str)| {
        let after = html.get(at.saturating_add(1)..).unwrap_or_default();
        after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?' | '/'))
    };
    html.match_indices('<').find(begins).map_or(html.len(), |(at, _)| at)
}

fn end_of_comment(html: &str) -> usize {
    // `<!-->` and `<!--->` are whole comments.
    let inside = html.get(4..).unwrap_or_default();
    for short in [">", "->"] {
        if inside.starts_with(short) {
            return 4_usize.saturating_add(short.len());
        }
    }
    let ends = |(at, _): &(usize, &str)| {
        let before = inside.get(..*at).unwrap_or_default();
        before.ends_with("--") || before.ends_with("--!")
    };
    inside.match_indices('>').find(ends).map_or(html.len(), |(at, _)| at.saturating_add(5))
}

/// Where the content of the element `name` ends.
fn end_of_raw(html: &str, name: &str) -> usize {
    match name {
        "plaintext" => html.len(),
        "script" => end_of_script(html),
        _ => html.match_indices("</").map(|(at, _)| at).find(|at| is_tag(html, *at, "</", name)).unwrap_or(html.len()),
    }
}

/// A script in a comment in a script is a part of it, with its end tag.
fn end_of_script(html: &str) -> usize {
    let (mut in_comment, mut in_script) = (false, false);
    let starts = |at: usize, what: &str| html.get(at..).is_some_and(|rest| rest.starts_with(what));
    for (at, _) in html.match_indices(['<', '>']) {
        if starts(at, ">") {
            if html.get(..at).is_some_and(|before| before.ends_with("--")) {
                (in_comment, in_script) = (false, false);
            }
        } else if starts(at, "<!--") {
            in_comment = true;
        } else if is_tag(html, at, "</", "script") {
            if !in_script {
                return at;
            }
            in_script = false;
        } else if in_comment && is_tag(html, at, "<", "script") {
            in_script = true;
        }
    }
    html.len()
}

/// Whether a tag that begins with `start` and is called `name` is at `at`.
fn is_tag(html: &str, at: usize, start: &str, name: &str) -> bool {
    let after = html.get(at..).and_then(|rest| rest.strip_prefix(start)).unwrap_or_default();
    let (found, after) = after.split_at_checked(name.len()).unwrap_or_default();
    found.eq_ignore_ascii_case(name) && after.starts_with(|c: char| is_space(c) || matches!(c, '/' | '>'))
}

/// What is inside of a tag, from behind its name to its `>`; none when it never ends.
fn inside_of_tag(after_name: &str) -> Option<&str> {
    let mut rest = after_name;
    loop {
        rest = rest.trim_start_matches(|c: char| is_space(c) || c == '/');
        if rest.starts_with('>') {
            return after_name.get(..after_name.len().saturating_sub(rest.len()));
        }
        let (_, after) = attribute(rest)?;
        rest = after;
    }
}

/// The first attribute, and what is behind it.
fn attribute(text: &str) -> Option<(Written<'_>, &str)> {
    let text = text.trim_start_matches(|c: char| is_space(c) || c == '/');
    if text.is_empty() || text.starts_with('>') {
        return None;
    }
    let ends = |c: char| is_space(c) || matches!(c, '/' | '>' | '=');
    // A name may start with `=`.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let length = text.get(first..)?.find(ends).map_or(text.len(), |at| at.saturating_add(first));
    let (name, after) = text.split_at(length);
    let raw = |rest: &str| text.get(..text.len().saturating_sub(rest.len())).unwrap_or(text);
    let Some(value) = after.trim_start_matches(is_space).strip_prefix('=') else {
        return Some((Written { name, value: None, quotes: 0, raw: raw(after) }, after));
    };
    let value = value.trim_start_matches(is_space);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, rest, quotes) = if let Some(quote) = quote {
        let (value, rest) = value.get(1..)?.split_once(quote)?;
        (value, rest, 2)
    } else {
        let (value, rest) = value.split_at(value.find(|c| is_space(c) || c == '>').unwrap_or(value.len()));
        (value, rest, 0)
    };
    Some((Written { name, value: Some(value), quotes, raw: raw(rest) }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each piece with a letter for its kind.
    fn check(html: &str, expected: &[&str]) {
        let cut: Vec<String> = tokens(html)
            .map(|token| {
                let kind = match token {
                    Token::Text(_) => 't',
                    Token::Open(_) => 'o',
                    Token::Close { .. } => 'c',
                    Token::Raw { .. } => 'r',
                    Token::Other(_) => '!',
                };
                format!("{kind} {}", token.raw())
            })
            .collect();
        assert_eq!(cut, expected, "{html}");
    }

    #[test]
    fn documents_are_cut_as_browsers_cut_them() {
        check("a<b>c</b>d", &["t a", "o <b>", "t c", "c </b>", "t d"]);
        check("1 < 2 <3", &["t 1 < 2 <3"]);
        check("<!DOCTYPE html><p>", &["! <!DOCTYPE html>", "o <p>"]);
        check(
            "<!-- <b> -->x<!-->y<!--->z<!-- --!>!",
            &["! <!-- <b> -->", "t x", "! <!-->", "t y", "! <!--->", "t z", "! <!-- --!>", "t !"],
        );
        check("<a title='>'>x", &["o <a title='>'>", "t x"]);
        check("<a x=\">\" / b=c>x", &["o <a x=\">\" / b=c>", "t x"]);
        check("<style>a>b{}</p></STYLE >x", &["o <style>", "r a>b{}</p>", "c </STYLE >", "t x"]);
        check("<script>'</scripty>'</script>", &["o <script>", "r '</scripty>'", "c </script>"]);
        check("<title></title>x", &["o <title>", "c </title>", "t x"]);
        check("<plaintext></plaintext>", &["o <plaintext>", "r </plaintext>"]);
        check("x<a href='y", &["t x", "! <a href='y"]);
        check("</ x>y<?z>", &["! </ x>", "t y", "! <?z>"]);
        check("", &[]);
    }

    #[test]
    fn attributes_are_found() {
        let check = |html: &str, expected: &[(&str, Option<&str>)]| {
            let Some(Token::Open(tag)) = tokens(html).next() else { panic!("{html} is no tag") };
            let found: Vec<_> = tag.attributes().map(|attribute| (attribute.name, attribute.value)).collect();
            assert_eq!(found, expected, "{html}");
        };
        check("<a>", &[]);
        check("<a href=x>", &[("href", Some("x"))]);
        check("<a href = 'x y' TITLE=\"'\" b>", &[("href", Some("x y")), ("TITLE", Some("'")), ("b", None)]);
        check("<img/src=x/onerror=y>", &[("src", Some("x/onerror=y"))]);
        check("<img src='x'onerror=y>", &[("src", Some("x")), ("onerror", Some("y"))]);
        check("<a =x=y>", &[("=x", Some("y"))]);
        check("<a x=>", &[("x", Some(""))]);
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_document(html in "(<|>|/|!|-|=|'|\"| |a|b|style|script|é|<a |</|<!--|-->){0,60}") {
            let joined: String = tokens(&html).map(|token| token.raw()).collect();
            prop_assert_eq!(joined, html.clone());
            for token in tokens(&html) {
                if let Token::Open(tag) = token {
                    let _ = tag.attributes().count();
                }
            }
        }
    }
}
