//! Characters that are written by name or number: `&amp;`, `&#58;`.

use std::borrow::Cow;

/// The names that mail is written with and that may stand without their semicolon.
const BARE: &[(&str, &str)] = &[
    ("amp", "&"),
    ("AMP", "&"),
    ("quot", "\""),
    ("QUOT", "\""),
    ("lt", "<"),
    ("LT", "<"),
    ("gt", ">"),
    ("GT", ">"),
    ("nbsp", "\u{a0}"),
    ("shy", "\u{ad}"),
    ("copy", "©"),
    ("reg", "®"),
    ("pound", "£"),
    ("yen", "¥"),
    ("sect", "§"),
    ("deg", "°"),
    ("middot", "·"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("times", "×"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("agrave", "à"),
    ("aacute", "á"),
    ("acirc", "â"),
    ("ccedil", "ç"),
    ("egrave", "è"),
    ("eacute", "é"),
    ("ecirc", "ê"),
    ("iacute", "í"),
    ("ntilde", "ñ"),
    ("oacute", "ó"),
    ("ocirc", "ô"),
    ("uacute", "ú"),
    ("aring", "å"),
    ("oslash", "ø"),
    ("aelig", "æ"),
];
/// Those that need it: every one that an address may be hidden with, and what else is common. The others stay as they
/// are.
const ENDED: &[(&str, &str)] = &[
    ("Tab", "\t"),
    ("NewLine", "\n"),
    ("excl", "!"),
    ("num", "#"),
    ("dollar", "$"),
    ("percnt", "%"),
    ("apos", "'"),
    ("lpar", "("),
    ("rpar", ")"),
    ("ast", "*"),
    ("midast", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("period", "."),
    ("sol", "/"),
    ("colon", ":"),
    ("semi", ";"),
    ("equals", "="),
    ("quest", "?"),
    ("commat", "@"),
    ("lsqb", "["),
    ("lbrack", "["),
    ("bsol", "\\"),
    ("rsqb", "]"),
    ("rbrack", "]"),
    ("Hat", "^"),
    ("lowbar", "_"),
    ("UnderBar", "_"),
    ("grave", "`"),
    ("lcub", "{"),
    ("lbrace", "{"),
    ("verbar", "|"),
    ("vert", "|"),
    ("rcub", "}"),
    ("rbrace", "}"),
    ("fjlig", "fj"),
    ("zwnj", "\u{200c}"),
    ("trade", "™"),
    ("euro", "€"),
    ("bull", "•"),
    ("hellip", "…"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("larr", "←"),
    ("rarr", "→"),
];
/// What the numbers from 128 to 159 mean: Windows' letters, which were meant when HTML was young.
const WINDOWS: &[char; 32] = &[
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '\u{2dc}', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text that is written as `raw` between tags.
pub(crate) fn in_text(raw: &str) -> Cow<'_, str> {
    decoded(raw, |_| true)
}

/// The value that an attribute has when `raw` is written. There, a name without its semicolon is none when a letter, a
/// digit or `=` follows: it is one of a query.
pub(crate) fn in_attribute(raw: &str) -> Cow<'_, str> {
    decoded(raw, |behind| !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '='))
}

/// `ends` tells whether a name may end without a semicolon before what is behind it.
fn decoded(raw: &str, ends: fn(&str) -> bool) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, reference)) = rest.split_once('&') {
        text.push_str(before);
        let meant = numbered(reference).or_else(|| named(reference, ends));
        let (meant, behind) = meant.unwrap_or((Cow::Borrowed("&"), reference));
        text.push_str(&meant);
        rest = behind;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// What `#58;` or `#x3a;` means, and what follows it.
fn numbered(reference: &str) -> Option<(Cow<'static, str>, &str)> {
    let digits = reference.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |digits| (digits, 16));
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, behind) = digits.split_at_checked(length).filter(|(number, _)| !number.is_empty())?;
    let code = u32::from_str_radix(number, radix).ok().filter(|code| *code != 0);
    let windows = |code: u32| WINDOWS.get(usize::try_from(code.checked_sub(0x80)?).ok()?).copied();
    let meant = code.and_then(|code| windows(code).or_else(|| char::from_u32(code)));
    let meant = meant.unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((Cow::Owned(meant.into()), behind.strip_prefix(';').unwrap_or(behind)))
}

fn named(reference: &str, ends: fn(&str) -> bool) -> Option<(Cow<'static, str>, &str)> {
    // The longest name counts, and one with its semicolon is longer.
    let ended = |(name, meant): &(&str, &'static str)| Some((*meant, reference.strip_prefix(name)?.strip_prefix(';')?));
    let bare = |(name, meant): &(&str, &'static str)| {
        Some((*meant, reference.strip_prefix(name).filter(|behind| ends(behind))?))
    };
    let found = BARE.iter().chain(ENDED).find_map(ended).or_else(|| BARE.iter().find_map(bare));
    found.map(|(meant, behind)| (Cow::Borrowed(meant), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_in_attributes() {
        let check = |raw: &str, expected: &str| assert_eq!(in_attribute(raw), expected, "{raw}");
        check("https://a/?b=1&amp;c=2", "https://a/?b=1&c=2");
        check("?a=1&copy=2&lt=3&amp=4", "?a=1&copy=2&lt=3&amp=4");
        check("a&amp", "a&");
        check("&amp;amp;", "&amp;");
        check("&#104;&#x74;&#X54p&colon;&sol;", "htTp:/");
        check("&#0;&#xD800;&#99999999999999;&#x80;", "\u{fffd}\u{fffd}\u{fffd}€");
        check("&#;&#x;&;&", "&#;&#x;&;&");
        check("&eacute;&Eacut;", "é&Eacut;");
    }

    #[test]
    fn references_are_read_as_in_text() {
        let check = |raw: &str, expected: &str| assert_eq!(in_text(raw), expected, "{raw}");
        check("a &amp; b &lt;&#39;&#x2014;&eacute;", "a & b <'—é");
        check("AT&T &unknown; &", "AT&T &unknown; &");
        check("&copy2026 &ampamp;", "©2026 &amp;");
        check("plain", "plain");
    }
}
