//! Where the links of a mail's HTML stand, found as a browser's tokenizer would find them.

use std::ops::Range;

use crate::html::{Tag, Token, in_attribute, tokens};

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

/// Reads all of `html` once.
pub(super) fn scan(html: &str) -> Scan {
    let mut scan = Scan { bottom: html.len(), ..Scan::default() };
    let (mut at, mut has_body) = (0_usize, false);
    let mut last_end = None;
    for token in tokens(html) {
        let start = at;
        at = start.saturating_add(token.raw().len());
        match token {
            Token::Open(tag) if tag.is("body") || tag.is("html") => {
                if !has_body {
                    scan.top = at;
                }
                has_body |= tag.is("body");
            }
            Token::Open(tag) if tag.is("a") || tag.is("area") => scan.links.extend(link(&tag, start)),
            Token::Close { name, .. } => {
                let is = |known: &str| name.eq_ignore_ascii_case(known);
                if is("body") || (is("html") && last_end.is_none()) {
                    last_end = Some(start);
                } else if is("head") && !has_body {
                    scan.top = at;
                }
            }
            Token::Other(raw) if scan.top == 0 && is_doctype(raw) => scan.top = at,
            Token::Open(_) | Token::Other(_) | Token::Raw { .. } | Token::Text(_) => {}
        }
    }
    scan.bottom = last_end.unwrap_or(html.len()).max(scan.top);
    scan
}

fn is_doctype(raw: &str) -> bool {
    raw.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) && raw.ends_with('>')
}

/// Where `tag`, which stands at `start`, leads, if that is a web address.
fn link(tag: &Tag<'_>, start: usize) -> Option<Link> {
    let href = tag.attributes().find(|one| one.name.eq_ignore_ascii_case("href"))?;
    let url = in_attribute(href.value?);
    // As browsers leave them out.
    let url = url.trim_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
    let (scheme, rest) = url.split_once(':')?;
    let is_web = ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    // A mail is nowhere itself, so that browsers need no slashes, and take the wrong ones.
    let rest = rest.trim_start_matches(['/', '\\']);
    if !is_web || rest.is_empty() {
        return None;
    }
    let place = href.place;
    let value = start.saturating_add(place.start)..start.saturating_add(place.end);
    Some(Link { value, url: format!("{scheme}://{rest}") })
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
        check(
            "<a href='HTTP:\\\\a.example/x'><a href='https:b.example'>",
            &["HTTP://a.example/x", "https://b.example"],
        );
        check("<a href='http&colon;//a.example/&#x80;'>", &["http://a.example/€"]);
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
        check("<a href=http://><a href='https:/\\/'><a \0href=http://a.example><a\0 href=http://a.example>", &[]);
        check("<script><!--<script></script><a href=http://a.example>--></script>", &[]);
        check("<svg><![CDATA[<a href=http://a.example>]]></svg>", &[]);
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
            "<svg><style>",
            "<svg><title><b>",
            "<svg><p><style></style>",
            "<svg/><style></style>",
            "<svg><g x=/><style>",
            "<svg></svg><style><!--</style>",
            "<svg><desc><style><!--</style>",
            "<svg><desc><p></svg><style><!--</style>",
            "<svg><desc></svg><style><!--</style>",
            "<math><style>",
            "<math><mi><style><!--</style>",
            "<math><annotation-xml><svg><style>",
            "<math><annotation-xml encoding=TEXT&sol;html><style><!--</style>",
            "<svg><![CDATA[<!--]]>",
            "<![CDATA[<!--><",
            "<script><!--<script></script><!--</script>--></script>",
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

    /// What is whole, and what only looks as if something began in it.
    const WHOLE: &[&str] = &[
        "<!-- <a> -->",
        "<!-->",
        "<!--->",
        "<!-- <!-- --!>",
        "<![CDATA[ <style>",
        "<?style>",
        "<!a '>",
        "</ '>",
        "</>",
        "< style",
        "\0<\0a",
        "<STYLE>a{content:'<!--'}</style >",
        "<script>'<!--<script></script><style>--></script/>",
        "<title><svg></title\n>",
        "<textarea></textareas><!--</TEXTAREA>",
        "<svg><style></svg>",
        "<svg><title><textarea></textarea></title><xmp></svg>",
        "<svg><![CDATA[</svg><!-- <style>]]></svg>",
        "<SVG><p>",
        "<math><mi><style></math></style></mi></math>",
        "<math><style><desc><title></math>",
        "<p x=\"'><style>\" y='\"><!--' z=a\"b>",
        "<p/x=/'/<!--/>",
        "<p = = '<!--'>",
        "é&lt!--",
    ];

    proptest::proptest! {
        #[test]
        fn nothing_hides_a_link(before in proptest::collection::vec(proptest::sample::select(WHOLE), 0..12)) {
            let html = before.concat() + "<A/hReF=http&colon;//a.example/x>";
            let scan = scan(&html);
            proptest::prop_assert_eq!(scan.links.len(), 1);
            proptest::prop_assert_eq!(html.get(scan.links[0].value.clone()), Some("http&colon;//a.example/x"));
        }

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
