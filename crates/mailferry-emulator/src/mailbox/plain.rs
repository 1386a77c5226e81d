//! The words of a mail, without its markup.

use crate::html::{Token, in_text, tokens};
use crate::message::Rendered;

/// How many letters of a mail a list shows.
const EXCERPT: usize = 160;
/// How much of a mail is read for that, in bytes.
const READ: usize = 64 * 1024;

/// The words of `html`, with one space between each.
pub(crate) fn plain(html: &str) -> String {
    let mut words = Words::default();
    for token in tokens(html) {
        match token {
            Token::Text(text) => words.add(&in_text(text)),
            Token::Open(tag) => words.tag(tag.name),
            Token::Close { name, .. } => words.tag(name),
            Token::Raw { name, raw } => {
                if name == "textarea" {
                    words.add(&in_text(raw));
                }
            }
            Token::Other(_) => {}
        }
    }
    words.text
}

/// How the mail begins: its text, or what its HTML says.
pub(crate) fn excerpt(rendered: &Rendered) -> String {
    let begin = |text: &str| text.get(..text.floor_char_boundary(READ)).unwrap_or_default().to_owned();
    let words = match (&rendered.text, &rendered.html) {
        (Some(text), _) if !text.trim().is_empty() => {
            let mut words = Words::default();
            words.add(&begin(text));
            words.text
        }
        (_, Some(html)) => plain(&begin(html)),
        _ => String::new(),
    };
    match words.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default().trim_end()),
        None => words,
    }
}

#[derive(Default)]
struct Words {
    text: String,
    /// Whether a space is due before the next letter.
    space: bool,
}

impl Words {
    fn add(&mut self, text: &str) {
        for c in text.chars() {
            // Mail is padded with letters that cannot be seen, so that lists show nothing else.
            if c.is_whitespace() || c.is_control() {
                self.space = true;
            } else if !matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') {
                if std::mem::take(&mut self.space) && !self.text.is_empty() {
                    self.text.push(' ');
                }
                self.text.push(c);
            }
        }
    }

    fn tag(&mut self, name: &str) {
        const WITHIN_WORDS: &[&str] =
            &["a", "abbr", "b", "big", "code", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"];
        if !WITHIN_WORDS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.space = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_left_out() {
        let check = |html, expected| assert_eq!(plain(html), expected, "{html}");
        check("<p>Hello <b>Ann</b>!</p><p>Bye</p>", "Hello Ann! Bye");
        check("<style>p{}</style><title>T</title><script>x</script>a<br>b<!-- c -->", "a b");
        check("a&nbsp;&zwnj;&nbsp;&amp; b\n\n c", "a & b c");
        check("<img alt=x src=y>1 < 2", "1 < 2");
    }

    #[test]
    fn excerpts_are_short() {
        let check = |text: Option<&str>, html: Option<&str>, expected: &str| {
            let rendered = Rendered { text: text.map(Into::into), html: html.map(Into::into), ..Rendered::default() };
            assert_eq!(excerpt(&rendered), expected);
        };
        check(Some("Hello\r\n\r\nthere"), Some("<p>x"), "Hello there");
        check(Some(" \n"), Some("<p>x</p>"), "x");
        check(None, None, "");
        check(Some(&"é".repeat(200_000)), None, &format!("{}…", "é".repeat(160)));
        check(None, Some(&"<b>ab </b>".repeat(100_000)), &format!("{}…", "ab ".repeat(54)[..160].trim_end()));
    }
}
