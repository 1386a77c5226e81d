//! Transfer encodings undone, as far as they can be.

use std::borrow::Cow;

/// How content was made fit for the journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
    Unknown,
}

impl Encoding {
    /// The encoding that a header names, in whatever case and with whatever comment.
    pub(super) fn named(text: &str) -> Self {
        let name = text.trim_start().split([' ', '\t', ';', '(']).next().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "" | "7bit" | "8bit" | "binary" => Self::Identity,
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Self::Uuencode,
            _ => Self::Unknown,
        }
    }

    /// Whether content is as it was.
    pub(super) fn is_identity(self) -> bool {
        matches!(self, Self::Identity | Self::Unknown)
    }

    pub(super) fn decode(self, bytes: &[u8]) -> Decoded<'_> {
        match self {
            Self::Identity | Self::Unknown => Decoded { content: Cow::Borrowed(bytes), is_broken: false },
            Self::Base64 => base64(bytes),
            Self::QuotedPrintable => quoted_printable(bytes),
            Self::Uuencode => uuencode(bytes),
        }
    }
}

/// Content, and whether it had to be repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded<'a> {
    pub(super) content: Cow<'a, [u8]>,
    pub(super) is_broken: bool,
}

impl Decoded<'_> {
    fn owned(content: Vec<u8>, is_broken: bool) -> Self {
        Self { content: Cow::Owned(content), is_broken }
    }
}

/// What is not base64 is left out. Padding ends it, unless all of it is several encodings one after another.
pub(super) fn base64(bytes: &[u8]) -> Decoded<'static> {
    if let Ok(content) = base64_simd::forgiving_decode_to_vec(bytes) {
        return Decoded::owned(content, false);
    }
    let goes_on = is_concatenated(bytes);
    let mut content = Vec::with_capacity(bytes.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0_u32, 0_u32, 0_u32);
    for &byte in bytes {
        if let Some(digit) = base64_digit(byte) {
            (bits, digits, padding) = (bits << 6 | digit, digits + 1, 0);
            if digits == 4 {
                content.extend(bits.to_be_bytes().get(1..).unwrap_or_default());
                (bits, digits) = (0, 0);
            }
        } else if byte == b'=' && digits >= 2 {
            padding += 1;
            if digits + padding == 4 {
                push_rest(&mut content, bits, digits);
                (bits, digits, padding) = (0, 0, 0);
                if !goes_on {
                    break;
                }
            }
        }
    }
    push_rest(&mut content, bits, digits);
    Decoded::owned(content, true)
}

fn push_rest(content: &mut Vec<u8>, bits: u32, digits: u32) {
    let whole = match digits {
        2 => 1,
        3 => 2,
        _ => return,
    };
    let bits = bits << (6 * (4 - digits));
    content.extend(bits.to_be_bytes().get(1..=whole).unwrap_or_default());
}

fn base64_digit(byte: u8) -> Option<u32> {
    let digit = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(digit))
}

fn is_concatenated(bytes: &[u8]) -> bool {
    let (mut digits, mut padding) = (0, 0);
    for &byte in bytes.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        match (byte, digits) {
            (b'=', 2 | 3) => padding += 1,
            _ if padding == 0 && base64_digit(byte).is_some() => digits = (digits + 1) % 4,
            _ => return false,
        }
        if padding > 0 && digits + padding == 4 {
            (digits, padding) = (0, 0);
        }
    }
    true
}

/// An `=` that starts nothing is kept.
pub(super) fn quoted_printable(bytes: &[u8]) -> Decoded<'static> {
    let mut content = Vec::with_capacity(bytes.len());
    let mut is_broken = false;
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| byte == b'=') {
        let (before, after) = rest.split_at(at);
        content.extend_from_slice(before);
        let after = after.get(1..).unwrap_or_default();
        rest = if let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            content.push(high << 4 | low);
            after
        } else if let Some(after) = soft_break(after) {
            after
        } else {
            is_broken = true;
            content.push(b'=');
            after
        };
    }
    content.extend_from_slice(rest);
    Decoded::owned(content, is_broken)
}

/// What follows a line end that is none, if there is one.
fn soft_break(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => Some(rest),
        [] => Some(&[]),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn uuencode(bytes: &[u8]) -> Decoded<'_> {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    if !lines.by_ref().any(|line| line.starts_with(b"begin ")) {
        return Decoded { content: Cow::Borrowed(bytes), is_broken: true };
    }
    let mut content = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut ended = false;
    for line in lines {
        if line == b"end" {
            ended = true;
            break;
        }
        let Some((&length, digits)) = line.split_first() else { continue };
        let mut left = usize::from(length.wrapping_sub(b' ') & 0x3f);
        for group in digits.chunks(4) {
            let digit = |index| u32::from(group.get(index).map_or(0, |byte: &u8| byte.wrapping_sub(b' ') & 0x3f));
            let bits = digit(0) << 18 | digit(1) << 12 | digit(2) << 6 | digit(3);
            let count = left.min(3);
            content.extend(bits.to_be_bytes().get(1..=count).unwrap_or_default());
            left -= count;
        }
        // Blanks at the end of a line are digits too, which may have been lost on the way.
        content.resize(content.len() + left, 0);
    }
    Decoded::owned(content, !ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MIM-15
    #[test]
    fn broken_base64_is_repaired() {
        for (text, expected, is_broken) in [
            ("aGkgdGhlcmU=", &b"hi there"[..], false),
            ("aGkg\r\ndGhl cmU=\r\n", b"hi there", false),
            ("aGkgdGhlcmU", b"hi there", false),
            ("AAEC!!\r\nAwQ=\r\nextra===\r\n", b"\0\x01\x02\x03\x04", true),
            ("aGk=\r\ndGhlcmU=\r\n", b"hithere", true),
            ("aGkgdGhlcmU=x", b"hi there", true),
            ("AAECA", b"\0\x01\x02", true),
            ("====", b"", true),
            ("", b"", false),
        ] {
            let decoded = base64(text.as_bytes());
            assert_eq!((&*decoded.content, decoded.is_broken), (expected, is_broken), "{text:?}");
        }
    }

    /// MIM-15
    #[test]
    fn broken_quoted_printable_is_kept() {
        for (text, expected) in [
            ("caf=C3=A9 =3D", &b"caf\xc3\xa9 ="[..]),
            ("caf=c3=a9", b"caf\xc3\xa9"),
            ("soft=\r\nbreak=\nend=", b"softbreakend"),
            ("none= \r\n", b"none= \r\n"),
            ("a=ZZ=4 =", b"a=ZZ=4 "),
            ("==3D", b"=="),
            ("", b""),
        ] {
            assert_eq!(&*quoted_printable(text.as_bytes()).content, expected, "{text:?}");
        }
    }

    /// MIM-15
    #[test]
    fn names_of_encodings_are_read_leniently() {
        for (text, expected) in [
            ("BASE64 (comment)", Encoding::Base64),
            (" quoted-Printable;", Encoding::QuotedPrintable),
            ("7bit", Encoding::Identity),
            ("", Encoding::Identity),
            ("x-UUencode", Encoding::Uuencode),
            ("rot13", Encoding::Unknown),
        ] {
            assert_eq!(Encoding::named(text), expected, "{text:?}");
        }
        let decoded = uuencode(b"begin 644 f.txt\r\n%:&5L;&\\`\r\n`\r\nend\r\n");
        assert_eq!((&*decoded.content, decoded.is_broken), (&b"hello"[..], false));
        let zeros = uuencode(b"begin 644 f\n#    \n(86)C        \n`\nend\n");
        assert_eq!((&*zeros.content, zeros.is_broken), (&b"\0\0\0abc\0\0\0\0\0"[..], false));
        assert!(uuencode(b"no such thing").is_broken);
    }
}
