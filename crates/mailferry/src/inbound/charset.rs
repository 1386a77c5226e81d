//! Bytes to text, whatever the charset claims to be.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::transfer;

/// Text, and how good it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// Whether the charset is known; without a name it is.
    pub(super) is_known: bool,
    /// Whether bytes had to be replaced.
    pub(super) is_broken: bool,
}

enum Charset {
    /// None, or US-ASCII, which is often said of other things.
    Guess,
    Known(&'static Encoding),
    Utf16,
    Utf7,
    /// That of DOS in western Europe, which no web browser knows and Windows' command line still writes.
    Cp850,
    Unknown,
}

impl Charset {
    fn named(label: Option<&str>) -> Self {
        let label = label.unwrap_or_default().trim().to_ascii_lowercase();
        match label.as_str() {
            "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "ascii-8bit" | "7bit" | "8bit" => return Self::Guess,
            "utf-16" | "utf16" | "csutf16" => return Self::Utf16,
            "utf-7" | "utf7" | "unicode-1-1-utf-7" | "csutf7" => return Self::Utf7,
            _ => {}
        }
        // `cp-850`, `utf_8` and the like: the dashes vary.
        let dashed = label.replace('_', "-");
        let bare: String = label.chars().filter(|char| !matches!(char, '-' | '_')).collect();
        for label in [&label, &dashed, &bare] {
            match Encoding::for_label(label.as_bytes()) {
                Some(encoding) if encoding == encoding_rs::REPLACEMENT => return Self::Unknown,
                Some(encoding) => return Self::Known(encoding),
                None => {}
            }
        }
        match bare.as_str() {
            "cp850" | "ibm850" | "850" | "cspc850multilingual" => Self::Cp850,
            _ => Self::Unknown,
        }
    }
}

/// Text in a charset. Without one, or with one that is not known, it is UTF-8 if it can be, or else windows-1252 when
/// it `is_text` for people; other bytes are replaced by `U+FFFD`. A byte order mark is dropped.
pub(super) fn decode(bytes: &[u8], label: Option<&str>, is_text: bool) -> Decoded {
    let charset = Charset::named(label);
    let is_known = !matches!(charset, Charset::Unknown);
    let (text, is_broken) = match charset {
        Charset::Guess | Charset::Unknown => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), false),
            Err(_) if is_text => (WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), true),
            Err(_) => (String::from_utf8_lossy(bytes).into_owned(), true),
        },
        Charset::Known(encoding) => whole(encoding, bytes),
        Charset::Utf16 if bytes.starts_with(&[0xfe, 0xff]) => whole(UTF_16BE, bytes),
        Charset::Utf16 => whole(UTF_16LE, bytes),
        Charset::Utf7 => utf7(bytes),
        Charset::Cp850 => (cp850(bytes), false),
    };
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    Decoded { text, is_known, is_broken }
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> (String, bool) {
    if encoding == UTF_8 {
        let text = String::from_utf8_lossy(bytes);
        let is_broken = matches!(text, std::borrow::Cow::Owned(_));
        return (text.into_owned(), is_broken);
    }
    let (text, is_broken) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), is_broken)
}

/// The upper half of code page 850.
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

fn cp850(bytes: &[u8]) -> String {
    let upper: Vec<char> = CP850.chars().collect();
    bytes.iter().map(|&byte| *upper.get(usize::from(byte).wrapping_sub(128)).unwrap_or(&char::from(byte))).collect()
}

/// UTF-7 (RFC 2152): `+` starts UTF-16 in base64 without padding, and what is not base64 ends it.
fn utf7(bytes: &[u8]) -> (String, bool) {
    let mut text = String::with_capacity(bytes.len());
    let mut is_broken = false;
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        rest = rest.get(1..).unwrap_or_default();
        if byte != b'+' {
            is_broken |= !byte.is_ascii();
            text.push(if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER });
            continue;
        }
        let end = rest.iter().position(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'));
        let (shifted, after) = rest.split_at(end.unwrap_or(rest.len()));
        if shifted.is_empty() {
            text.push('+');
        } else {
            let octets = transfer::base64(shifted).content;
            let units = octets.get(..octets.len() / 2 * 2).unwrap_or_default();
            let (unicode, is_bad) = UTF_16BE.decode_without_bom_handling(units);
            is_broken |= is_bad;
            text.push_str(&unicode);
        }
        rest = after.strip_prefix(b"-").unwrap_or(after);
    }
    (text, is_broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MIM-16 MIM-17 MIM-18
    #[test]
    fn charsets_are_known_by_many_names() {
        for (label, bytes, expected) in [
            (None, &b"caf\xc3\xa9"[..], "café"),
            (None, b"caf\xe9", "café"),
            (Some("us-ascii"), b"caf\xc3\xa9", "café"),
            (Some("iso-8859-1"), b"caf\xe9", "café"),
            (Some("ISO-8859-2"), b"\xbe", "ž"),
            (Some("windows-1250"), b"\x9e", "ž"),
            (Some("koi8-r"), b"\xd4", "т"),
            (Some("utf8"), b"\xc5\xbe", "ž"),
            (Some("utf_8"), b"\xc5\xbe", "ž"),
            (Some("\tUTF-8 "), b"\xef\xbb\xbfx", "x"),
            (Some("utf-8"), b"a\xe9b", "a\u{fffd}b"),
            (Some("cp-850"), b"\x82", "é"),
            (Some("utf-7"), b"+AX4-lu+AWU", "žluť"),
            (Some("utf-7"), b"1 +- 1 +AX4.", "1 + 1 ž."),
            (Some("utf-16"), b"\xff\xfea\0", "a"),
            (Some("utf-16"), b"\xfe\xff\0a", "a"),
            (Some("utf-16be"), b"\0a", "a"),
            (Some("iso-2022-jp"), b"\x1b$B%F\x1b(B", "テ"),
            (Some("gb18030"), b"\xc4\xe3", "你"),
            (Some("big5"), b"\xa7A", "你"),
            (Some("x-klingon"), b"Qapla'", "Qapla'"),
            (Some("unknown-8bit"), b"caf\xc3\xa9", "café"),
            (Some("unknown-8bit"), b"caf\xe9", "café"),
            (Some(""), b"a", "a"),
        ] {
            assert_eq!(decode(bytes, label, true).text, expected, "{label:?} {bytes:?}");
        }
        assert_eq!(decode(b"\x89PNG", None, false).text, "\u{fffd}PNG");
        assert!(!decode(b"a", Some("x-klingon"), true).is_known && decode(b"a", None, true).is_known);
        assert!(decode(b"\xe9", Some("utf-8"), true).is_broken);
    }

    #[test]
    fn code_page_850_is_as_another_library_has_it() {
        let decoder = mail_parser::decoders::charsets::map::charset_decoder(b"cp850").unwrap();
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&all, Some("IBM850"), true).text, decoder(&all));
    }
}
