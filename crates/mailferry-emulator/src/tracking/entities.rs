//! Character references in the values of attributes.

use std::borrow::Cow;

/// The named references that links are written with. The other two thousand stand for letters that no URL holds as
/// such, and are left as they are.
const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("AMP", "&"),
    ("quot", "\""),
    ("QUOT", "\""),
    ("apos", "'"),
    ("lt", "<"),
    ("LT", "<"),
    ("gt", ">"),
    ("GT", ">"),
    ("colon", ":"),
    ("sol", "/"),
    ("bsol", "\\"),
    ("quest", "?"),
    ("equals", "="),
    ("num", "#"),
    ("percnt", "%"),
    ("plus", "+"),
    ("comma", ","),
    ("semi", ";"),
    ("period", "."),
    ("commat", "@"),
    ("excl", "!"),
    ("dollar", "$"),
    ("lpar", "("),
    ("rpar", ")"),
    ("lowbar", "_"),
    ("nbsp", "\u{a0}"),
    ("Tab", "\t"),
    ("NewLine", "\n"),
];
/// Those that may come without their semicolon, unless a letter, a digit or `=` follows.
const BARE: &[&str] = &["amp", "AMP", "quot", "QUOT", "lt", "LT", "gt", "GT", "nbsp"];

/// The value that is written as `raw`.
pub(super) fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, reference)) = rest.split_once('&') {
        text.push_str(before);
        let meant = numbered(reference).or_else(|| named(reference));
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
    let meant = u32::from_str_radix(number, radix).ok().filter(|code| *code != 0).and_then(char::from_u32);
    let meant = meant.unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((Cow::Owned(meant.into()), behind.strip_prefix(';').unwrap_or(behind)))
}

fn named(reference: &str) -> Option<(Cow<'static, str>, &str)> {
    NAMED.iter().find_map(|(name, meant)| {
        let behind = reference.strip_prefix(name)?;
        let ended = behind.strip_prefix(';').or_else(|| {
            let goes_on = behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '=');
            (BARE.contains(name) && !goes_on).then_some(behind)
        })?;
        Some((Cow::Borrowed(*meant), ended))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_in_attributes() {
        let check = |raw: &str, expected: &str| assert_eq!(decoded(raw), expected, "{raw}");
        check("https://a/?b=1&amp;c=2", "https://a/?b=1&c=2");
        check("?a=1&copy=2&lt=3&amp=4", "?a=1&copy=2&lt=3&amp=4");
        check("a&amp", "a&");
        check("&amp;amp;", "&amp;");
        check("&#104;&#x74;&#X54p&colon;&sol;", "htTp:/");
        check("&#0;&#xD800;&#99999999999999;", "\u{fffd}\u{fffd}\u{fffd}");
        check("&#;&#x;&;&", "&#;&#x;&;&");
        check("&eacute;", "&eacute;");
    }
}
