//! A text from HTML, for readers whose mail program shows no HTML.

/// Elements that begin and end on lines of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];
/// Elements with an empty line before and after them.
const PARAGRAPHS: &[&str] = &["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"];
/// Elements of which nothing is shown.
const HIDDEN: &[&str] = &["head", "script", "style", "template", "title"];

/// After so many signs that begin nothing, the rest is no HTML.
const MOST_MISTAKES: usize = 1_000;

/// The text of `html`: blocks are lines, items of lists begin with a dash, links have their address behind them, and tags
/// of the limited Twig stay where they are. How MailerSend does it is UNCERTAIN.
pub(crate) fn text_of(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    // Each sign that begins nothing may have been followed to the end of the HTML.
    let mut mistakes = 0_usize;
    while let Some(at) = rest.find(['<', '{', '&']).filter(|_| mistakes < MOST_MISTAKES) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        writer.words(before);
        rest = if let Some(tag) = twig_tag(from) {
            writer.keep(tag);
            from.get(tag.len()..)
        } else if let Some(comment) = from.strip_prefix("<!--") {
            comment.split_once("-->").map(|(_, after)| after)
        } else if let Some((tag, after)) = element(from) {
            Some(writer.element(tag, after))
        } else if let Some((text, length)) = entity(from) {
            writer.keep(&text);
            from.get(length..)
        } else {
            mistakes = mistakes.saturating_add(usize::from(!from.starts_with('&')));
            let length = from.chars().next().map_or(1, char::len_utf8);
            writer.words(from.get(..length).unwrap_or_default());
            from.get(length..)
        }
        .unwrap_or_default();
    }
    writer.words(rest);
    writer.finish()
}

#[derive(Default)]
struct Writer {
    text: String,
    /// Whether whitespace was met that is not written yet.
    space: bool,
    /// How many line breaks are due before the next word.
    breaks: usize,
    /// The addresses of links that are open.
    links: Vec<Option<String>>,
}

impl Writer {
    fn words(&mut self, text: &str) {
        for (place, word) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            self.space |= place > 0;
            if !word.is_empty() {
                self.keep(word);
            }
        }
    }

    fn keep(&mut self, text: &str) {
        if self.breaks > 0 && !self.text.is_empty() {
            (0..self.breaks).for_each(|_| self.text.push('\n'));
        } else if self.space && !self.text.is_empty() && !self.text.ends_with(['\n', ' ']) {
            self.text.push(' ');
        }
        (self.space, self.breaks) = (false, 0);
        self.text.push_str(text);
    }

    /// Goes past an element's tag, and past all of an element that is not shown.
    fn element<'a>(&mut self, tag: &'a str, after: &'a str) -> &'a str {
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let name = name.as_str();
        if HIDDEN.contains(&name) && !closes {
            return past(after, name);
        }
        if name == "br" {
            self.breaks = self.breaks.saturating_add(1).min(2);
        } else if BLOCKS.contains(&name) {
            self.breaks = self.breaks.max(if PARAGRAPHS.contains(&name) { 2 } else { 1 });
        }
        match (name, closes) {
            ("td" | "th", true) => self.space = true,
            ("li", false) => {
                self.keep("-");
                self.space = true;
            }
            ("a", false) => self.links.push(attribute(tag, "href")),
            ("a", true) => {
                let link = self.links.pop().flatten();
                if let Some(link) = link.filter(|link| !link.starts_with('#') && !self.text.ends_with(link.as_str())) {
                    self.space = true;
                    self.keep(&format!("({link})"));
                }
            }
            ("img", false) => {
                if let Some(text) = attribute(tag, "alt").filter(|text| !text.trim().is_empty()) {
                    self.words(&text);
                }
            }
            _ => {}
        }
        after
    }

    fn finish(self) -> String {
        let text: Vec<&str> = self.text.lines().map(str::trim_end).collect();
        let text = text.join("\n");
        let text = text.trim();
        if text.is_empty() { String::new() } else { format!("{text}\n") }
    }
}

fn twig_tag(text: &str) -> Option<&str> {
    let end = match text.get(..2)? {
        "{{" => "}}",
        "{%" => "%}",
        "{#" => "#}",
        _ => return None,
    };
    text.get(..text.find(end)?.checked_add(2)?)
}

/// The inside of the tag that `text` starts with, and what follows it. A `>` in quotes or in a tag of Twig is no end.
fn element(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let first = inner.chars().next()?;
    if !first.is_ascii_alphabetic() && !matches!(first, '/' | '!' | '?') {
        return None;
    }
    let mut quote = None;
    let mut at = 0;
    // After a tag that never ends there may be thousands; none is looked for again.
    let mut has_tags = true;
    while let Some(c) = inner.get(at..)?.chars().next() {
        if has_tags && matches!(inner.get(at..at.saturating_add(2)), Some("{{" | "{%" | "{#")) {
            if let Some(tag) = inner.get(at..).and_then(twig_tag) {
                at = at.checked_add(tag.len())?;
                continue;
            }
            has_tags = false;
        }
        match (quote, c) {
            (None, '>') => return Some((inner.get(..at)?, inner.get(at.checked_add(1)?..)?)),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        at = at.checked_add(c.len_utf8())?;
    }
    None
}

/// What follows the end of the element called `name`, or nothing when it never ends.
fn past<'a>(text: &'a str, name: &str) -> &'a str {
    let mut ends = text.match_indices("</");
    let end = ends.find(|(at, _)| {
        let word = text.get(at.saturating_add(2)..).and_then(|rest| rest.get(..name.len()));
        word.is_some_and(|word| word.eq_ignore_ascii_case(name))
    });
    let after = end.and_then(|(at, _)| text.get(at..)?.split_once('>'));
    after.map_or("", |(_, after)| after)
}

/// The value of an attribute, in quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let found = lower.match_indices(name).find_map(|(at, _)| {
        let starts =
            at.checked_sub(1).and_then(|before| tag.as_bytes().get(before)).is_some_and(u8::is_ascii_whitespace);
        let value = tag.get(at.checked_add(name.len())?..)?.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| starts && matches!(quote, '"' | '\''))?;
        value.get(1..)?.split_once(quote).map(|(value, _)| value)
    })?;
    Some(decoded(found)).filter(|value| !value.is_empty())
}

fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, _)) = rest.split_once('&') {
        decoded.push_str(before);
        rest = rest.get(before.len()..).unwrap_or_default();
        let (character, length) = entity(rest).unwrap_or_else(|| ("&".to_owned(), 1));
        decoded.push_str(&character);
        rest = rest.get(length..).unwrap_or_default();
    }
    decoded + rest
}

/// The character that `text` starts with the name of, and how long the name is.
fn entity(text: &str) -> Option<(String, usize)> {
    /// The longest name that is looked for, with its signs.
    const LONGEST: usize = 12;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let (name, length) = (text.get(..end)?.strip_prefix('&')?, end.checked_add(1)?);
    let character = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" => " ",
        "copy" => "©",
        "reg" => "®",
        "euro" => "€",
        "ndash" => "–",
        "mdash" => "—",
        "hellip" => "…",
        "middot" => "·",
        "bull" => "•",
        "lsquo" => "‘",
        "rsquo" => "’",
        "ldquo" => "“",
        "rdquo" => "”",
        "laquo" => "«",
        "raquo" => "»",
        "zwnj" | "shy" => "",
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => digits.parse().ok(),
            };
            return Some((char::from_u32(code?)?.to_string(), length));
        }
    };
    Some((character.to_owned(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_readable_as_text() {
        let check = |html: &str, expected: &str| assert_eq!(text_of(html), expected, "{html}");
        check("", "");
        check("<p>Hi  {{ name|upper }},</p>\n<p>it &amp; you&#33;</p>", "Hi {{ name|upper }},\n\nit & you!\n");
        check("a<br>b<br/><br>c", "a\nb\n\nc\n");
        check("<ul><li>one</li><li>two</li></ul>x", "- one\n- two\n\nx\n");
        check("<a href=\"https://x.example/?a=1&amp;b=2\">Here</a>.", "Here (https://x.example/?a=1&b=2).\n");
        check("<a href='https://x.example'>https://x.example</a> <a href='#top'>up</a>", "https://x.example up\n");
        check("<head><title>no</title></head><style>p > a {}</style><script>if (a < b) {}</script>x", "x\n");
        check("<p title='a > b'>{% if a < b %}yes{% endif %}</p>", "{% if a < b %}yes{% endif %}\n");
        check("<a href=\"{{ url|default('a>b') }}\">go</a>", "go ({{ url|default('a>b') }})\n");
        check("<img alt='Our logo' src=x><td>1</td><td>2</td>", "Our logo1 2\n");
        check("<!-- {{ no }} -->1 < 2 & 3 &unknown; <3", "1 < 2 & 3 &unknown; <3\n");
        check("<p>open <b", "open <b\n");
        let open = format!("<a {}", "{{".repeat(200_000));
        assert_eq!(text_of(&open).len(), open.len() + 1);
    }

    proptest::proptest! {
        #[test]
        fn any_html_ends_well(parts in proptest::collection::vec(proptest::sample::select(&[
            "<", ">", "</", "p", "a href=", "\"", "'", "{{", "}}", "{%", "&", "&amp;", ";", "#x", "<!--", "-->", "style", " ", "ä", "=",
            "<a href='x'>", "</a>", "<li>", "\n",
        ]), 0..40)) {
            let _ = text_of(&parts.concat());
        }
    }
}
