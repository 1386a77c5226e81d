//! Encoded words (RFC 2047) in display names.
//!
//! A name copied from a header of another mail may come as `=?utf-8?q?J=C3=B6rg?=`. What cannot be decoded is left as
//! it was written: it was perhaps meant literally, and a reader can still make something of it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::Encoding;

/// Many encoders leave out the padding, which carries no information.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One encoded word, its transfer encoding undone, its charset not yet.
pub(super) struct EncodedWord<'a> {
    /// The word as written.
    pub(super) source: &'a str,
    encoding: &'static Encoding,
    octets: Vec<u8>,
}

impl<'a> EncodedWord<'a> {
    /// `None` when the word is not an encoded word, or is a broken one.
    pub(super) fn parse(source: &'a str) -> Option<Self> {
        let mut pieces = source.strip_prefix("=?")?.strip_suffix("?=")?.split('?');
        let (charset, encoding, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
        if pieces.next().is_some() {
            return None;
        }
        // RFC 2231 lets a language follow the charset: `utf-8*de`.
        let charset = charset.split('*').next().unwrap_or_default();
        let octets = match encoding {
            "b" | "B" => BASE64.decode(text).ok()?,
            "q" | "Q" => quoted_printable(text)?,
            _ => return None,
        };
        Some(Self { source, encoding: Encoding::for_label(charset.as_bytes())?, octets })
    }
}

/// The text of adjacent encoded words, or `None` when one of them cannot be decoded.
///
/// Octets of neighbours in one charset are joined before they are decoded, because encoders that split a long name
/// every so many octets cut characters in two.
pub(super) fn decode(words: &[EncodedWord<'_>]) -> Option<String> {
    let mut text = String::new();
    for run in words.chunk_by(|one, next| one.encoding == next.encoding) {
        let octets: Vec<u8> = run.iter().flat_map(|word| word.octets.iter().copied()).collect();
        let encoding = run.first()?.encoding;
        text.push_str(&encoding.decode_without_bom_handling_and_without_replacement(&octets)?);
    }
    Some(text)
}

fn quoted_printable(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        octets.push(match byte {
            b'_' => b' ',
            b'=' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            0x80.. => return None,
            _ => byte,
        });
    }
    Some(octets)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
