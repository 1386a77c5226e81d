//! Whether a tag stands in a drawing or a formula: there, browsers read `<style>` and `<title>` as tags with tags in them.

use super::tokens::Tag;

/// Deeper ones are not followed; browsers give up there, too.
const DEEPEST: usize = 512;

/// Start tags of HTML that end a drawing or a formula around them (HTML standard, 13.2.6.5).
const ENDING: &[&str] = &[
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];
/// Elements of HTML that hold nothing, and so are not open.
const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
];

/// Which language an element is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Html,
    Svg,
    /// An element of SVG with HTML in it.
    SvgAroundHtml,
    Math,
    /// An element of `MathML` with HTML in it.
    MathAroundHtml,
    /// `<annotation-xml>`: only a drawing in it is not of `MathML`.
    MathAroundSvg,
}

impl Kind {
    fn holds_html(self) -> bool {
        matches!(self, Self::Html | Self::SvgAroundHtml | Self::MathAroundHtml)
    }
}

/// The elements that are open, from the outermost drawing or formula on.
#[derive(Default)]
pub(super) struct Foreign<'a> {
    open: Vec<(Kind, &'a str)>,
}

impl<'a> Foreign<'a> {
    fn kind(&self) -> Kind {
        self.open.last().map_or(Kind::Html, |(kind, _)| *kind)
    }

    /// Takes note of an opening tag; whether it is one of HTML.
    pub(super) fn opened(&mut self, tag: &Tag<'a>) -> bool {
        let is_among = |names: &[&str]| names.iter().any(|name| tag.is(name));
        let has = |name: &str| tag.attributes().any(|one| one.name.eq_ignore_ascii_case(name));
        if !self.kind().holds_html()
            && (is_among(ENDING) || (tag.is("font") && ["color", "face", "size"].into_iter().any(has)))
        {
            self.leave();
        }
        let around = self.kind();
        let starts_drawing = tag.is("svg") && (around.holds_html() || around == Kind::MathAroundSvg);
        let kind = match around {
            _ if starts_drawing => Kind::Svg,
            // Two elements of `MathML` may stand between its words.
            Kind::MathAroundHtml if is_among(&["mglyph", "malignmark"]) => Kind::Math,
            _ if around.holds_html() && tag.is("math") => Kind::Math,
            _ if around.holds_html() => Kind::Html,
            Kind::Svg if is_among(&["foreignobject", "desc", "title"]) => Kind::SvgAroundHtml,
            Kind::Svg => Kind::Svg,
            _ if is_among(&["mi", "mo", "mn", "ms", "mtext"]) => Kind::MathAroundHtml,
            _ if tag.is("annotation-xml") => annotation(tag),
            _ => Kind::Math,
        };
        let is_html = kind == Kind::Html;
        let is_empty = if is_html { is_among(VOID) } else { tag.closes_itself() };
        let is_followed = !is_html || !self.open.is_empty();
        if is_followed && !is_empty && self.open.len() < DEEPEST {
            self.open.push((kind, tag.name));
        }
        is_html
    }

    pub(super) fn closed(&mut self, name: &str) {
        if matches!(self.kind(), Kind::Svg | Kind::Math | Kind::MathAroundSvg)
            && ["p", "br"].into_iter().any(|known| known.eq_ignore_ascii_case(name))
        {
            self.leave();
        }
        // Behind HTML that is still open, tags of what is around it close nothing.
        let is_html = self.kind() == Kind::Html;
        let within = self.open.iter().enumerate().rev().take_while(|(_, (kind, _))| (*kind == Kind::Html) == is_html);
        let mut its = within.filter(|(_, (_, known))| known.eq_ignore_ascii_case(name));
        if let Some(at) = its.next().map(|(at, _)| at) {
            self.open.truncate(at);
        }
    }

    /// Closes everything up to where HTML may stand.
    fn leave(&mut self) {
        let at = self.open.iter().rposition(|(kind, _)| kind.holds_html());
        self.open.truncate(at.map_or(0, |at| at.saturating_add(1)));
    }

    /// Whether `<![CDATA[` begins a text here, and no comment.
    pub(super) fn has_cdata(&self) -> bool {
        !self.open.is_empty() && self.kind() != Kind::Html
    }
}

/// Such an annotation holds HTML when it says so.
fn annotation(tag: &Tag<'_>) -> Kind {
    let encoding = tag.attributes().find(|one| one.name.eq_ignore_ascii_case("encoding")).and_then(|one| one.value);
    let is_html = ["text/html", "application/xhtml+xml"]
        .into_iter()
        .any(|html| encoding.is_some_and(|encoding| super::in_attribute(encoding).eq_ignore_ascii_case(html)));
    if is_html { Kind::MathAroundHtml } else { Kind::MathAroundSvg }
}
