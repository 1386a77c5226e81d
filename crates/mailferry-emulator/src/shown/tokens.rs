//! HTML in pieces, as a browser would cut it: tags, text between them, and what is neither.
//!
//! It follows the HTML standard's tokenizer where it matters for finding tags and attributes. Nothing is made safe by it:
//! that is the business of the headers under which a mail is shown.

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

/// An opening tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    /// Everything between the name and the end.
    inside: &'a str,
    pub(crate) raw: &'a str,
}

/// One attribute of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a str,
    /// Without its quotes, with its entities.
    pub(crate) value: Option<&'a str>,
    /// As it was written.
    pub(crate) raw: &'a str,
}

/// Elements whose content holds no tags. Scripts do not run here, so that `noscript` is not among them.
const RAW: &[&str] = &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"];

/// The pieces of `html`.
pub(crate) fn tokens(html: &str) -> Tokens<'_> {
    Tokens { rest: html, raw: None }
}

pub(crate) struct Tokens<'a> {
    rest: &'a str,
    /// The element whose content comes next, if it holds no tags.
    raw: Option<&'a str>,
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
            return Token::Close { name, raw };
        }
        self.raw = RAW.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
        Token::Open(Tag { name, inside, raw })
    }
}

impl<'a> Tag<'a> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> {
        let mut rest = self.inside;
        std::iter::from_fn(move || {
            let (attribute, after) = attribute(rest)?;
            rest = after;
            Some(attribute)
        })
    }
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
    if name == "plaintext" {
        return html.len();
    }
    let closes = |(at, _): &(usize, &str)| {
        let after = html.get(at.saturating_add(2)..).unwrap_or_default();
        let (found, after) = after.split_at_checked(name.len()).unwrap_or_default();
        found.eq_ignore_ascii_case(name) && after.starts_with(|c: char| is_space(c) || matches!(c, '/' | '>'))
    };
    html.match_indices("</").find(closes).map_or(html.len(), |(at, _)| at)
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
fn attribute(text: &str) -> Option<(Attribute<'_>, &str)> {
    let text = text.trim_start_matches(|c: char| is_space(c) || c == '/');
    if text.is_empty() || text.starts_with('>') {
        return None;
    }
    let ends = |c: char| is_space(c) || matches!(c, '/' | '>' | '=');
    // A name may start with `=`.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let length = text.get(first..)?.find(ends).map_or(text.len(), |at| at.saturating_add(first));
    let (name, after) = text.split_at(length);
    let whole = |value, rest: &'_ str| {
        let raw = text.get(..text.len().saturating_sub(rest.len())).unwrap_or(text);
        Attribute { name, value, raw }
    };
    let Some(value) = after.trim_start_matches(is_space).strip_prefix('=') else {
        return Some((whole(None, after), after));
    };
    let value = value.trim_start_matches(is_space);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, rest) = if let Some(quote) = quote {
        value.get(1..)?.split_once(quote)?
    } else {
        value.split_at(value.find(|c| is_space(c) || c == '>').unwrap_or(value.len()))
    };
    Some((whole(Some(value), rest), rest))
}

/// `text` with the entities that are common in mail replaced; what is not known stays as it is.
pub(crate) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let name_length = after.bytes().take(32).position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#');
        let (name, tail) = after.split_at(name_length.unwrap_or(after.len().min(32)).min(after.len()));
        if let Some(found) = entity(name) {
            out.push(found);
            rest = tail.strip_prefix(';').unwrap_or(tail);
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "zwnj" => '\u{200c}',
        "shy" => '\u{ad}',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "euro" => '€',
        "pound" => '£',
        "yen" => '¥',
        "sect" => '§',
        "deg" => '°',
        "middot" => '·',
        "bull" => '•',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "laquo" => '«',
        "raquo" => '»',
        "larr" => '←',
        "rarr" => '→',
        "times" => '×',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "agrave" => 'à',
        "aacute" => 'á',
        "acirc" => 'â',
        "ccedil" => 'ç',
        "egrave" => 'è',
        "eacute" => 'é',
        "ecirc" => 'ê',
        "iacute" => 'í',
        "ntilde" => 'ñ',
        "oacute" => 'ó',
        "ocirc" => 'ô',
        "uacute" => 'ú',
        "aring" => 'å',
        "oslash" => 'ø',
        "aelig" => 'æ',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw<'a>(token: &Token<'a>) -> &'a str {
        match token {
            Token::Text(raw) | Token::Other(raw) | Token::Close { raw, .. } | Token::Raw { raw, .. } => raw,
            Token::Open(tag) => tag.raw,
        }
    }

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
                format!("{kind} {}", raw(&token))
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

    #[test]
    fn entities_are_decoded() {
        let check = |text, expected| assert_eq!(decoded(text), expected);
        check("a &amp; b &lt;&#39;&#x2014;&eacute;", "a & b <'—é");
        check("AT&T &unknown; &", "AT&T &unknown; &");
        check("&#0;&#xFFFFFFFF;&#", "&#0;&#xFFFFFFFF;&#");
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_document(html in "(<|>|/|!|-|=|'|\"| |a|b|style|script|é|<a |</|<!--|-->){0,60}") {
            let joined: String = tokens(&html).map(|token| raw(&token)).collect();
            prop_assert_eq!(joined, html.clone());
            for token in tokens(&html) {
                if let Token::Open(tag) = token {
                    let _ = tag.attributes().count();
                }
            }
        }
    }
}
