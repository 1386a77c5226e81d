//! What the service does to a mail on its way.

use std::fmt::Write;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::scan::{Link, scan};
use super::visit::PATH;
use crate::lifecycle::{Letter, Tracking};
use crate::message::Message;
use crate::rules::is_true;

/// What a domain adds at the end of its mails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Footers {
    pub(crate) html: Option<String>,
    pub(crate) text: Option<String>,
}

/// What one email is dressed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outfit<'a> {
    /// Where the links lead: `http://127.0.0.1:1234`, without a slash at the end, or nothing for links that stay where
    /// they are shown.
    pub(crate) base: &'a str,
    pub(crate) email_id: &'a str,
    pub(crate) tracking: &'a Tracking,
    /// The message's own `list_unsubscribe`.
    pub(crate) list_unsubscribe: Option<&'a str>,
    /// The message's own `precedence_bulk`, or that of its domain.
    pub(crate) precedence_bulk: bool,
}

/// An email as its recipient gets it, with what MailerSend adds to what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dressed {
    /// The HTML, with redirected links, the pixel that notices openings, and the domain's footer, as far as these are
    /// switched on.
    pub html: Option<String>,
    /// The text, with the domain's footer if it is switched on.
    pub text: Option<String>,
    /// The headers that the service adds, in this order: `Message-ID`, and where they apply `List-Unsubscribe`,
    /// `List-Unsubscribe-Post` and `Precedence`.
    pub headers: Vec<(&'static str, String)>,
}

impl<'a> Outfit<'a> {
    /// That of the email of this `letter` and `message`.
    pub(crate) fn new(base: &'a str, letter: &'a Letter, message: &'a Message) -> Self {
        let field = |name: &str| message.request.get(name).filter(|value| !value.is_null());
        let tracking = &letter.sheet.tracking;
        Self {
            base,
            email_id: &letter.email_id,
            tracking,
            list_unsubscribe: field("list_unsubscribe")
                .and_then(|value| value.as_str())
                .filter(|text| !text.is_empty()),
            precedence_bulk: field("precedence_bulk").map_or(tracking.precedence_bulk, is_true),
        }
    }

    fn unsubscribe(&self) -> String {
        let Self { base, email_id, .. } = self;
        format!("{base}{PATH}/unsubscribe/{email_id}")
    }

    fn pixel(&self) -> String {
        let Self { base, email_id, .. } = self;
        let base = attribute(base);
        format!(
            "<img src=\"{base}{PATH}/open/{email_id}.gif\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\">"
        )
    }

    fn click(&self, number: usize) -> String {
        let Self { base, email_id, .. } = self;
        format!("\"{}{PATH}/click/{email_id}/{number}\"", attribute(base))
    }
}

/// The mail with this HTML and text as its reader gets it.
///
/// A domain's footers are added to what has no unsubscribe link of its own (UNCERTAIN). The service's `List-Unsubscribe`
/// is there when the mail offers to unsubscribe and brings none itself (UNCERTAIN).
pub(crate) fn dressed(html: Option<&str>, text: Option<&str>, outfit: &Outfit<'_>) -> Dressed {
    let footers = outfit.tracking.footers.as_deref();
    let unsubscribe = outfit.unsubscribe();
    let footer = |own: Option<&str>, footer: Option<&String>| {
        own.filter(|own| !offers_to_unsubscribe(own)).and(footer).map(|footer| told(footer, &unsubscribe))
    };
    let html_footer = footer(html, footers.and_then(|footers| footers.html.as_ref()));
    let text_footer = footer(text, footers.and_then(|footers| footers.text.as_ref()));
    let offers =
        html_footer.is_some() || text_footer.is_some() || html.into_iter().chain(text).any(offers_to_unsubscribe);

    let mut headers = vec![("Message-ID", format!("<{}@mailersend.net>", outfit.email_id))];
    let own = outfit.list_unsubscribe.map(|value| told(value, &unsubscribe));
    if let Some(value) = own.or_else(|| offers.then(|| format!("<{unsubscribe}>"))) {
        // One click works by HTTP only (RFC 8058).
        let by_http = value.to_ascii_lowercase().contains("<http");
        headers.push(("List-Unsubscribe", value));
        if by_http {
            headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
    }
    if outfit.precedence_bulk {
        headers.push(("Precedence", "bulk".to_owned()));
    }
    Dressed {
        html: html.map(|html| dressed_html(html, html_footer, outfit)),
        text: text.map(|text| {
            let text = told(text, &unsubscribe);
            text_footer.map_or_else(|| text.clone(), |footer| format!("{}\n\n{footer}\n", text.trim_end()))
        }),
        headers,
    }
}

fn dressed_html(html: &str, footer: Option<String>, outfit: &Outfit<'_>) -> String {
    let scan = scan(html);
    let tracking = outfit.tracking;
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    if tracking.clicks {
        let links = scan.links.iter().enumerate();
        edits.extend(links.map(|(number, link)| (link.value.clone(), outfit.click(number))));
    }
    edits.extend(footer.map(|footer| (scan.bottom..scan.bottom, footer)));
    if tracking.opens {
        let at = if tracking.pixel_on_top { scan.top } else { scan.bottom };
        edits.push((at..at, outfit.pixel()));
    }
    // Stable: at the bottom the pixel stays behind the footer.
    edits.sort_by_key(|(range, _)| range.start);

    let unsubscribe = attribute(&outfit.unsubscribe());
    let mut out = String::with_capacity(html.len().saturating_add(256));
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(&told(html.get(at..range.start).unwrap_or_default(), &unsubscribe));
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(&told(html.get(at..).unwrap_or_default(), &unsubscribe));
    out
}

/// Where the link `number` of `html` leads, for whoever clicks it.
pub(super) fn target(html: &str, number: usize, unsubscribe: &str) -> Option<String> {
    let Link { url, value: _ } = scan(html).links.into_iter().nth(number)?;
    let told = told(&url, unsubscribe);
    let mut target = String::with_capacity(told.len());
    for byte in told.bytes() {
        // A header holds neither spaces nor what is not ASCII; browsers read both forms alike.
        if byte.is_ascii_graphic() {
            target.push(char::from(byte));
        } else {
            let _ = write!(target, "%{byte:02X}");
        }
    }
    Some(target)
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

/// Where the next word for the unsubscribe link stands: `{{unsubscribe}}` with or without spaces, or as it was until
/// 2024, `{$unsubscribe}` (facts sheet 5.1).
fn word(text: &str) -> Option<Range<usize>> {
    text.match_indices('{').find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let new = || {
            let inside = rest.strip_prefix("{{")?.trim_start_matches([' ', '\t']);
            inside.strip_prefix("unsubscribe")?.trim_start_matches([' ', '\t']).strip_prefix("}}")
        };
        let behind = rest.strip_prefix("{$unsubscribe}").or_else(new)?;
        Some(at..text.len().saturating_sub(behind.len()))
    })
}

fn offers_to_unsubscribe(text: &str) -> bool {
    word(text).is_some()
}

/// The text with `url` in place of the words for the unsubscribe link.
fn told(text: &str, url: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = word(rest) {
        out.push_str(rest.get(..found.start).unwrap_or_default());
        out.push_str(url);
        rest = rest.get(found.end..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const PIXEL: &str =
        "<img src=\"http://e/_emulator/t/open/7.gif\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\">";

    fn tracking() -> Tracking {
        Tracking { opens: true, clicks: true, ..Tracking::default() }
    }

    fn outfit(tracking: &Tracking) -> Outfit<'_> {
        Outfit { base: "http://e", email_id: "7", tracking, list_unsubscribe: None, precedence_bulk: false }
    }

    #[track_caller]
    fn html(html: &str, tracking: &Tracking) -> String {
        dressed(Some(html), None, &outfit(tracking)).html.unwrap()
    }

    #[test]
    fn links_lead_through_the_emulator() {
        let sent =
            "<body><a href='https://a.example'>a</a> <a href=mailto:x>m</a> <a id=b href=http://b.example>b</a></body>";
        assert_eq!(
            html(sent, &tracking()),
            format!(
                "<body><a href=\"http://e/_emulator/t/click/7/0\">a</a> <a href=mailto:x>m</a> \
                 <a id=b href=\"http://e/_emulator/t/click/7/1\">b</a>{PIXEL}</body>"
            )
        );
        assert_eq!(html(sent, &Tracking::default()), sent);
        let on_top = Tracking { clicks: false, pixel_on_top: true, ..tracking() };
        assert_eq!(html(sent, &on_top), sent.replace("<body>", &format!("<body>{PIXEL}")));
    }

    #[test]
    fn the_words_for_unsubscribing_become_a_link() {
        let sent = "<a href=\"{{ unsubscribe }}\">x</a><a href='{$unsubscribe}'>y</a>{{unsubscribed}}{{{unsubscribe}}";
        let url = "http://e/_emulator/t/unsubscribe/7";
        let quiet = Tracking::default();
        assert_eq!(
            html(sent, &quiet),
            format!("<a href=\"{url}\">x</a><a href='{url}'>y</a>{{{{unsubscribed}}}}{{{url}")
        );
        let text = dressed(None, Some("Bye: {{unsubscribe}}"), &outfit(&quiet));
        assert_eq!(text.text.unwrap(), format!("Bye: {url}"));
        let post = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
        assert_eq!(text.headers[1..], [("List-Unsubscribe", format!("<{url}>")), post]);
        assert_eq!(target("<a href='http://a/?u={{unsubscribe}}&amp;ä= '>", 0, "U").unwrap(), "http://a/?u=U&%C3%A4=");
        assert_eq!(target("<a href='http://a/'>", 1, "U"), None);
    }

    #[test]
    fn footers_come_before_the_pixel_and_only_where_nothing_else_offers_to_unsubscribe() {
        let footers =
            Footers { html: Some("<p>{{unsubscribe}}</p>".to_owned()), text: Some("U {{unsubscribe}}".to_owned()) };
        let tracking = Tracking { footers: Some(Arc::new(footers)), ..tracking() };
        let url = "http://e/_emulator/t/unsubscribe/7";
        assert_eq!(html("<body>x</body>", &tracking), format!("<body>x<p>{url}</p>{PIXEL}</body>"));
        assert_eq!(html("x{$unsubscribe}", &tracking), format!("x{url}{PIXEL}"));
        let both = dressed(None, Some("Hello\n"), &outfit(&tracking));
        assert_eq!(both.text.unwrap(), format!("Hello\n\nU {url}\n"));
    }

    #[test]
    fn headers_are_those_that_apply() {
        let quiet = Tracking::default();
        let plain = dressed(None, Some("x"), &outfit(&quiet));
        assert_eq!(plain.headers, [("Message-ID", "<7@mailersend.net>".to_owned())]);
        let own = Outfit { list_unsubscribe: Some("<mailto:a@b.example>"), precedence_bulk: true, ..outfit(&quiet) };
        let headers = dressed(None, Some("{{unsubscribe}}"), &own).headers;
        assert_eq!(
            headers[1..],
            [("List-Unsubscribe", "<mailto:a@b.example>".to_owned()), ("Precedence", "bulk".to_owned())]
        );
    }
}
