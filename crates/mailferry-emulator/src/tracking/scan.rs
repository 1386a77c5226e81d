//! Where the links of a mail's HTML stand, found as a browser's tokenizer would find them.

use std::ops::Range;

use super::entities;

/// What a mail's HTML is changed at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) links: Vec<Link>,
    /// Where what is to be read first can be put: in the body, or where it would begin.
    pub(super) top: usize,
    /// Where what is to be read last can be put: before the last `</body>` or `</html>`, or at the end.
    pub(super) bottom: usize,
}

/// A link to a web address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Where its value stands, quotes included.
    pub(super) value: Range<usize>,
    /// Where it leads, without character references and what browsers leave out.
    pub(super) url: String,
}

struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    /// The first `href`: where its value stands, and the value.
    href: Option<(Range<usize>, &'a str)>,
    end: usize,
}

/// Elements whose content is text whatever it looks like.
const TEXT_ONLY: &[&str] = &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// Reads all of `html` once.
pub(super) fn scan(html: &str) -> Scan {
    let mut scan = Scan { bottom: html.len(), ..Scan::default() };
    let (mut at, mut has_body) = (0, false);
    let mut last_end = None;
    while let Some(open) = find(html, at, "<") {
        let rest = html.get(open..).unwrap_or_default();
        if rest.starts_with("<!") || rest.starts_with("<?") {
            let is_doctype = rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype"));
            let Some(end) = declaration_end(html, open) else { break };
            if is_doctype && scan.top == 0 {
                scan.top = end;
            }
            at = end;
            continue;
        }
        match Tag::read(html, open) {
            Read::Text => at = open.saturating_add(1),
            Read::Nothing(end) => at = end,
            Read::Unfinished => break,
            Read::Tag(tag) => {
                at = tag.end;
                let is = |name: &str| tag.name.eq_ignore_ascii_case(name);
                if tag.is_end {
                    if is("body") || (is("html") && last_end.is_none()) {
                        last_end = Some(open);
                    } else if is("head") && !has_body {
                        scan.top = tag.end;
                    }
                    continue;
                }
                if is("body") && !has_body {
                    has_body = true;
                    scan.top = tag.end;
                } else if is("html") && !has_body {
                    scan.top = tag.end;
                } else if is("plaintext") {
                    break;
                } else if TEXT_ONLY.iter().any(|name| is(name)) {
                    let Some(end) = text_end(html, tag.end, tag.name) else { break };
                    at = end;
                } else if is("a") || is("area") {
                    scan.links.extend(tag.link());
                }
            }
        }
    }
    scan.bottom = last_end.unwrap_or(html.len()).max(scan.top);
    scan
}

fn find(html: &str, from: usize, what: &str) -> Option<usize> {
    Some(from.saturating_add(html.get(from..)?.find(what)?))
}

/// The end of the comment or declaration at `open`.
fn declaration_end(html: &str, open: usize) -> Option<usize> {
    let after = |at: usize, by: usize| Some(at.saturating_add(by));
    let rest = html.get(open..)?;
    let Some(inside) = rest.strip_prefix("<!--") else { return after(find(html, open, ">")?, 1) };
    for short in [">", "->"] {
        if inside.starts_with(short) {
            return after(open, 4_usize.saturating_add(short.len()));
        }
    }
    let ends = inside.match_indices("--").find_map(|(at, _)| {
        let behind = inside.get(at.saturating_add(2)..)?;
        let by = if behind.starts_with('>') {
            3
        } else if behind.starts_with("!>") {
            4
        } else if behind.starts_with("->") {
            // Three dashes: the first belongs to the comment.
            4
        } else {
            return None;
        };
        Some(at.saturating_add(by))
    });
    after(open, ends?.saturating_add(4))
}

/// The end of the end tag that ends the text of the element called `name`.
fn text_end(html: &str, from: usize, name: &str) -> Option<usize> {
    let rest = html.get(from..)?;
    let close = rest.match_indices("</").map(|(at, _)| from.saturating_add(at)).find(|at| {
        let behind = html.get(at.saturating_add(2)..).unwrap_or_default();
        let is_name = behind.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
        let next = behind.as_bytes().get(name.len());
        is_name && next.is_some_and(|byte| is_space(*byte) || matches!(byte, b'/' | b'>'))
    })?;
    Some(find(html, close, ">")?.saturating_add(1))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

enum Read<'a> {
    Tag(Tag<'a>),
    /// A `<` that is only that.
    Text,
    /// Something that is left out, up to here.
    Nothing(usize),
    /// It has no end, and with it all that follows is left out.
    Unfinished,
}

impl<'a> Tag<'a> {
    fn read(html: &'a str, open: usize) -> Read<'a> {
        let bytes = html.as_bytes();
        let byte = |at: usize| bytes.get(at).copied();
        let is_end = byte(open.saturating_add(1)) == Some(b'/');
        let start = open.saturating_add(if is_end { 2 } else { 1 });
        match byte(start) {
            Some(first) if first.is_ascii_alphabetic() => {}
            Some(_) if is_end => {
                return find(html, start, ">").map_or(Read::Unfinished, |end| Read::Nothing(end.saturating_add(1)));
            }
            Some(_) => return Read::Text,
            None => return Read::Unfinished,
        }
        let until = |from: usize, stop: fn(u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            from.saturating_add(rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len()))
        };
        let mut at = until(start, |byte| is_space(byte) || matches!(byte, b'/' | b'>'));
        let name = html.get(start..at).unwrap_or_default();
        let mut href = None;
        loop {
            at = until(at, |byte| !is_space(byte) && byte != b'/');
            match byte(at) {
                None => return Read::Unfinished,
                Some(b'>') => return Read::Tag(Tag { name, is_end, href, end: at.saturating_add(1) }),
                Some(_) => {}
            }
            let key = at;
            // A name may begin with `=`, but holds no other.
            at = until(at.saturating_add(1), |byte| is_space(byte) || matches!(byte, b'/' | b'>' | b'='));
            let key = html.get(key..at).unwrap_or_default();
            let sign = until(at, |byte| !is_space(byte));
            if byte(sign) != Some(b'=') {
                at = sign;
                continue;
            }
            let from = until(sign.saturating_add(1), |byte| !is_space(byte));
            let quote = byte(from).filter(|byte| matches!(byte, b'"' | b'\''));
            let inside = from.saturating_add(quote.iter().len());
            let stop: fn(u8) -> bool = match quote {
                Some(b'"') => |byte| byte == b'"',
                Some(_) => |byte| byte == b'\'',
                None => |byte| is_space(byte) || byte == b'>',
            };
            let close = until(inside, stop);
            let (value, end) = (inside..close, close.saturating_add(quote.iter().len()));
            if href.is_none() && key.eq_ignore_ascii_case("href") {
                href = html.get(value).map(|value| (from..end, value));
            }
            at = end;
        }
    }

    /// Where it leads, if that is a web address.
    fn link(self) -> Option<Link> {
        let (value, raw) = self.href?;
        let url = entities::decoded(raw);
        let url = url.trim_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
        let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        (begins("http://") || begins("https://")).then_some(Link { value, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[&str]) {
        let scan = scan(html);
        let urls: Vec<&str> = scan.links.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(urls, expected, "{html}");
        for link in &scan.links {
            assert!(
                html.get(link.value.clone()).is_some_and(|value| value.to_ascii_lowercase().contains("ttp")),
                "{html}"
            );
        }
    }

    #[test]
    fn links_are_found_however_they_are_written() {
        check(r#"<a href="https://a.example/?b=1&amp;c=2">x</a>"#, &["https://a.example/?b=1&c=2"]);
        check("<A class=x HREF = 'HTTP://a.example/' >", &["HTTP://a.example/"]);
        check("<a href=https://a.example/x>y</a>", &["https://a.example/x"]);
        check("<a\nhref=\"\thttps://a.\nexample/ \">", &["https://a.example/"]);
        check("<map><area shape=rect href=\"http://a.example\"/></map>", &["http://a.example"]);
        check("<a href='https&#58;//a.example/&#x3f;q'>", &["https://a.example/?q"]);
        check("<a href=http://one.example href=http://two.example>", &["http://one.example"]);
        check("<a title='>' data-href='http://no.example' href='http://a.example'>", &["http://a.example"]);
        check("<a/href=http://a.example><a =x href=http://b.example>", &["http://a.example", "http://b.example"]);
    }

    #[test]
    fn what_is_no_link_is_left_alone() {
        check("<a href='mailto:a@b.example'><a href='tel:+49'><a href='#top'><a href='cid:x'>", &[]);
        check("<a href='javascript:alert(1)//http://x'><a href='/x'><a href='//x.example'><a href=''><a href>", &[]);
        check("<link href='http://a.example'><base href='http://a.example'><img src='http://a.example'>", &[]);
        check("<abbr href='http://a.example'></a href='http://a.example'>", &[]);
        check("<!-- <a href='http://a.example'> --><!--[if mso]><a href='http://b.example'><![endif]-->", &[]);
        check("<style>a:after{content:\"<a href='http://a.example'>\"}</style>", &[]);
        check("<SCRIPT>'<a href=\"http://a.example\">'</scripty></SCRIPT >", &[]);
        check("<title><a href='http://a.example'></title><textarea><a href='http://a.example'></textarea>", &[]);
        check("href='http://a.example' 1 < 2 <3 <a", &[]);
        check("<plaintext><a href='http://a.example'>", &[]);
    }

    #[test]
    fn reading_goes_on_behind_what_is_left_alone() {
        let link = "<a href='http://a.example'>";
        for before in [
            "<!-- -- > -->",
            "<!-->",
            "<!--->",
            "<!-- --!>",
            "<!-- --->",
            "<!doctype html>",
            "<?xml ?>",
            "<![if !mso]>",
            "</>",
            "</ x>",
            "< a",
            "<style></style\n>",
            "<title></TITLE>",
            "<p x='<!--'>",
        ] {
            check(&format!("{before}{link}"), &["http://a.example"]);
        }
        for before in ["<!-- --", "<!--", "<p x='", "<style>", "<p ", "<!x"] {
            check(&format!("{before}{link}"), &[]);
        }
    }

    #[test]
    fn top_and_bottom_are_in_the_body() {
        let check = |html: &str, top: &str, bottom: &str| {
            let scan = scan(html);
            assert_eq!((&html[scan.top..], &html[scan.bottom..]), (top, bottom), "{html}");
        };
        check("<html><head></head><body class=x>a</body></html>", "a</body></html>", "</body></html>");
        check("<!doctype html><p>a</p>", "<p>a</p>", "");
        check("<html><head><title>t</title></head>a</html>", "a</html>", "</html>");
        check("<body>a<!-- </body> --></BODY ></html> ", "a<!-- </body> --></BODY ></html> ", "</BODY ></html> ");
        check("a", "a", "");
        check("</body><body>a", "a", "a");
        check("", "", "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(html in "[<>/!a\"'= \\-\u{e9}hrefHTP:x&#;]{0,60}") {
            let scan = scan(&html);
            proptest::prop_assert!(scan.top <= scan.bottom && html.is_char_boundary(scan.top) && html.is_char_boundary(scan.bottom));
            let mut last = 0;
            for link in scan.links {
                proptest::prop_assert!(link.value.start >= last && html.get(link.value.clone()).is_some());
                last = link.value.end;
            }
        }
    }
}
