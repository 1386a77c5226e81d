//! A mail's HTML as a document that can be shown in a frame.
//!
//! What keeps it harmless are the [headers](policy) that it is served with: nothing in it runs, sends, frames or asks
//! other machines for anything. What is [changed](document) in it is what a mail program changes: links open elsewhere,
//! and images that came with the mail are found.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::html::{Attribute, Tag, Token, in_attribute, tokens};
use crate::message::Attachment;
use crate::service::decode;

/// Addresses that are no link to anywhere: they would run, or be a page of their own.
const NOWHERE: &[&str] = &["javascript:", "vbscript:", "data:", "blob:", "file:", "about:", "view-source:"];

/// What the document may do. `host` is where its own images are; with `remote`, images, styles, fonts and media of others
/// are shown, too.
pub(crate) fn policy(host: &str, remote: bool) -> String {
    // A frame without an origin has no `'self'` to some browsers, so that it is named; but only if it is a name.
    let is_name =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
    let own = if is_name { format!(" http://{host} https://{host}") } else { String::new() };
    let others = if remote { " http: https:" } else { "" };
    format!(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'{others}; \
         img-src 'self' data:{own}{others}; font-src data:{others}; media-src data:{others}; form-action 'none'; \
         base-uri 'none'; frame-ancestors 'self'"
    )
}

/// `html` with links that open elsewhere and images from `url`, which says where the file at a position is.
pub(crate) fn document(html: &str, files: &[Attachment], url: impl Fn(usize) -> String) -> String {
    let inside = |text| found(text, files, &url);
    let mut out = String::with_capacity(html.len().saturating_add(64));
    let mut begun = false;
    for token in tokens(html) {
        let is_before = match token {
            Token::Other(_) => true,
            Token::Text(text) => text.trim().is_empty(),
            Token::Open(_) | Token::Close { .. } | Token::Raw { .. } => false,
        };
        if !begun && !is_before {
            // Behind the document type, without which browsers show it as they did in 1999.
            out.push_str("<base target=\"_blank\">");
            begun = true;
        }
        match token {
            Token::Open(tag) if is_left_out(&tag) => {}
            Token::Open(tag) => out.push_str(&opened(&tag, &inside)),
            Token::Raw { name: "style", raw } => out.push_str(&inside(raw)),
            Token::Raw { raw, .. } | Token::Text(raw) | Token::Other(raw) | Token::Close { raw, .. } => {
                out.push_str(raw);
            }
        }
    }
    out
}

/// Where links lead is decided here, and nobody is led on by themselves.
fn is_left_out(tag: &Tag<'_>) -> bool {
    tag.is("base")
        || (tag.is("meta") && tag.attributes().any(|one| one.name.eq_ignore_ascii_case("http-equiv")))
        || (tag.is("link") && !is_style(tag))
}

/// Whether a `<link>` is a style and nothing else. No policy keeps browsers from a `preconnect`, which tells its host
/// that the mail is read.
fn is_style(link: &Tag<'_>) -> bool {
    let rel = link.attributes().find(|one| one.name.eq_ignore_ascii_case("rel")).and_then(|one| one.value);
    rel.is_some_and(|rel| in_attribute(rel).trim().eq_ignore_ascii_case("stylesheet"))
}

fn opened<'a>(tag: &Tag<'a>, inside: &impl Fn(&'a str) -> Cow<'a, str>) -> Cow<'a, str> {
    let is_link = ["a", "area", "form"].iter().any(|name| tag.is(name));
    let leads_nowhere = |one: &Attribute<'_>| is_address(one.name) && one.value.is_some_and(leads_nowhere);
    let has_cid = |one: &Attribute<'_>| one.value.is_some_and(has_cid);
    if !is_link && !tag.attributes().any(|one| leads_nowhere(&one) || has_cid(&one)) {
        return Cow::Borrowed(tag.raw);
    }
    let is = |one: &Attribute<'_>, name: &str| one.name.eq_ignore_ascii_case(name);
    let mut out = format!("<{}", tag.name);
    for one in tag.attributes() {
        let is_decided = is_link && (is(&one, "target") || is(&one, "rel"));
        if is_decided || (is_address(one.name) && one.value.is_some_and(self::leads_nowhere)) {
            continue;
        }
        match one.value.filter(|value| self::has_cid(value)) {
            Some(value) => {
                let _ = write!(out, " {}=\"{}\"", one.name, inside(value).replace('"', "&quot;"));
            }
            // Without quotes, what comes next would be taken for the value.
            None if one.value == Some("") => {
                let _ = write!(out, " {}=\"\"", one.name);
            }
            None => {
                let _ = write!(out, " {}", one.raw);
            }
        }
    }
    if is_link {
        out.push_str(" target=\"_blank\" rel=\"noopener noreferrer\"");
    }
    out.push_str(if tag.closes_itself() { " />" } else { ">" });
    Cow::Owned(out)
}

/// Whether an attribute says where something leads.
fn is_address(name: &str) -> bool {
    ["href", "xlink:href", "action", "formaction"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a link with this value leads nowhere, as a browser would read it.
fn leads_nowhere(value: &str) -> bool {
    let address: String =
        in_attribute(value).chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(32).collect();
    let address = address.to_ascii_lowercase();
    NOWHERE.iter().any(|scheme| address.starts_with(scheme))
}

fn has_cid(text: &str) -> bool {
    text.as_bytes().windows(4).any(|window| window.eq_ignore_ascii_case(b"cid:"))
}

/// `text` with the addresses of the files that its `cid:` links mean.
fn found<'a>(text: &'a str, files: &[Attachment], url: impl Fn(usize) -> String) -> Cow<'a, str> {
    if !has_cid(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.as_bytes().windows(4).position(|window| window.eq_ignore_ascii_case(b"cid:")) {
        let (before, link) = rest.split_at(at);
        let (scheme, link) = link.split_at(4);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '(' | ',' | '<' | '>');
        let (id, tail) = link.split_at(link.find(ends).unwrap_or(link.len()));
        out.push_str(before);
        if let Some(position) = position(id, files) {
            out.push_str(&url(position));
        } else {
            out.push_str(scheme);
            out.push_str(id);
        }
        rest = tail;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn position(id: &str, files: &[Attachment]) -> Option<usize> {
    let plain = in_attribute(id);
    // A plus is a plus in these addresses (RFC 2392).
    let id = decode(&plain.replace('+', "%2B"));
    let is = |file: &Attachment, id: &str| file.id.as_deref() == Some(id);
    files.iter().position(|file| is(file, &id)).or_else(|| files.iter().position(|file| is(file, &plain)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn files() -> Vec<Attachment> {
        let file = |id: &str| Attachment {
            filename: "a.png".to_owned(),
            inline: true,
            id: Some(id.to_owned()),
            content: Bytes::new(),
        };
        vec![file("logo"), file("a+b c@x.example")]
    }

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(document(html, &files(), |position| format!("files/{position}")), expected, "{html}");
    }

    const BASE: &str = "<base target=\"_blank\">";
    const AWAY: &str = "target=\"_blank\" rel=\"noopener noreferrer\"";

    #[test]
    fn links_open_elsewhere() {
        check("<p>x", &format!("{BASE}<p>x"));
        check("<!DOCTYPE html>\n<html>", &format!("<!DOCTYPE html>\n{BASE}<html>"));
        check(
            "<a href='http://x.example/?a=1&amp;b'>",
            &format!("{BASE}<a href='http://x.example/?a=1&amp;b' {AWAY}>"),
        );
        check("<A TARGET=_top rel=opener HREF=x>", &format!("{BASE}<A HREF=x {AWAY}>"));
        check("<base href='http://evil.example/'><BASE target=_self>", BASE);
        check("<a href=>", &format!("{BASE}<a href=\"\" {AWAY}>"));
        check("<a id href= />", &format!("{BASE}<a id href= / {AWAY}>"));
    }

    #[test]
    fn nothing_leads_to_a_script() {
        for address in [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "java&#10;script:alert(1)",
            "&#106;avascript&#58;alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>",
            &format!("{}javascript:alert(1)", "&#32;".repeat(2_000)),
            "vbscript:x",
        ] {
            check(&format!("<a href=\"{address}\">x</a>"), &format!("{BASE}<a {AWAY}>x</a>"));
        }
        check("<svg><a xlink:href=\"javascript:x\">", &format!("{BASE}<svg><a {AWAY}>"));
        check("<form action=javascript:x>", &format!("{BASE}<form {AWAY}>"));
        check("<button formaction='javascript:x' id=b>", &format!("{BASE}<button id=b>"));
        check(
            "<meta http-equiv=refresh content='0;url=x'><META HTTP-EQUIV='Set-Cookie'><meta charset=x>",
            &format!("{BASE}<meta charset=x>"),
        );
    }

    #[test]
    fn nobody_is_told_that_the_mail_is_read() {
        check(
            "<link rel=preconnect href=//x><LINK REL='stylesheet dns-prefetch' href=//x><link href=//x rel><link \
             rel=&#112;refetch href=//x><link rel=x rel=stylesheet href=//x><link rel=StyleSheet href=//x>",
            &format!("{BASE}<link rel=StyleSheet href=//x>"),
        );
    }

    #[test]
    fn images_of_the_mail_are_found() {
        check("<img src=cid:logo>", &format!("{BASE}<img src=\"files/0\">"));
        check("<img alt='\"' src='CID:logo' />", &format!("{BASE}<img alt='\"' src=\"files/0\" />"));
        check("<img src='cid:a+b%20c@x.example'>", &format!("{BASE}<img src=\"files/1\">"));
        check(
            "<td background=cid:logo style='background:url(cid:logo) red'>",
            &format!("{BASE}<td background=\"files/0\" style=\"background:url(files/0) red\">"),
        );
        check(
            "<style>p{background:url('cid:logo')}</style>",
            &format!("{BASE}<style>p{{background:url('files/0')}}</style>"),
        );
        check("<img src=cid:unknown>", &format!("{BASE}<img src=\"cid:unknown\">"));
        check("Write cid:logo", &format!("{BASE}Write cid:logo"));
        check("<img src='data:image/png;base64,AA=='>", &format!("{BASE}<img src='data:image/png;base64,AA=='>"));
    }

    #[test]
    fn the_policy_names_only_names() {
        let check = |host, expected: bool| {
            assert_eq!(policy(host, false).contains(&format!("http://{host}")), expected, "{host}");
        };
        check("localhost:8025", true);
        check("127.0.0.1", true);
        check("[::1]:8025", false);
        check("x; script-src *", false);
        assert!(!policy("", false).contains("http"));
        assert!(policy("", true).contains("img-src 'self' data: http: https:;"));
        assert!(!policy("x", true).contains("script-src") && policy("x", true).contains("default-src 'none'"));
    }

    proptest! {
        /// Whatever stands in it, it is read to its end, and nothing grows without bounds.
        #[test]
        fn any_mail_is_a_document(html in "(<|>|/|=|'|\"| |a|href|href=|>|target=|<svg>|javascript:|cid:|logo|style|base|meta|&#106;|é|<a |<style>|</style>|<!--){0,60}") {
            let shown = document(&html, &files(), |position| format!("files/{position}"));
            prop_assert!(shown.len() <= html.len() * 60 + 64);
            let mut bases = 0;
            for token in tokens(&shown) {
                let Token::Open(tag) = token else { continue };
                bases += usize::from(tag.is("base"));
                prop_assert!(!tag.attributes().any(|one| is_address(one.name) && one.value.is_some_and(leads_nowhere)));
                let target = tag.attributes().find(|one| one.name.eq_ignore_ascii_case("target"));
                let leads = ["a", "area", "form", "base"].iter().any(|name| tag.is(name));
                prop_assert!(!leads || target.is_some_and(|one| one.value == Some("_blank")), "{}", tag.raw);
            }
            prop_assert!(bases <= 1);
        }
    }
}
