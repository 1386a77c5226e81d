//! Encoded words (RFC 2047) wherever they are in a text.

use super::{charset, transfer};

/// Words of one charset that follow one another: their octets are joined, since some programs cut characters in two.
#[derive(Default)]
struct Run<'a> {
    charset: &'a str,
    octets: Vec<u8>,
}

/// Decodes every encoded word in a text on one line. What only looks like one stays as it is; blanks between two of
/// them are dropped.
pub(super) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut run: Option<Run<'_>> = None;
    // After the last `?=` there is no word, however many beginnings of one there are.
    let last = text.rfind("?=").unwrap_or_default();
    let mut at = 0;
    while let Some((start, word)) = find(text, at, last) {
        let before = text.get(at..start).unwrap_or_default();
        let follows = run.is_some() && before.trim_ascii().is_empty();
        if !follows {
            flush(&mut run, &mut decoded);
            decoded.push_str(before);
        }
        match &mut run {
            Some(run) if run.charset.eq_ignore_ascii_case(word.charset) => word.append(&mut run.octets),
            _ => {
                flush(&mut run, &mut decoded);
                let mut octets = Vec::new();
                word.append(&mut octets);
                run = Some(Run { charset: word.charset, octets });
            }
        }
        at = start + word.length;
    }
    flush(&mut run, &mut decoded);
    decoded.push_str(text.get(at..).unwrap_or_default());
    decoded
}

fn flush(run: &mut Option<Run<'_>>, decoded: &mut String) {
    if let Some(run) = run.take() {
        decoded.push_str(&charset::decode(&run.octets, Some(run.charset), false).text);
    }
}

/// One encoded word.
pub(super) struct Word<'a> {
    charset: &'a str,
    is_base64: bool,
    text: &'a str,
    /// How many bytes it takes.
    pub(super) length: usize,
}

impl<'a> Word<'a> {
    /// The word at the start of a text.
    pub(super) fn at_start(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix("=?")?;
        let (charset, inner) = inner.split_at(inner.find(['?', ' ', '\t', '='])?);
        let mut marks = inner.strip_prefix('?')?.chars();
        let encoding = marks.next()?;
        let inner = marks.as_str().strip_prefix('?')?;
        let is_base64 = match encoding {
            'b' | 'B' => true,
            'q' | 'Q' => false,
            _ => return None,
        };
        // RFC 2231 lets a language follow the charset: `utf-8*de`.
        let charset_name = charset.split('*').next().filter(|name| !name.is_empty())?;
        let encoded = inner.get(..inner.find("?=")?)?;
        let length = "=?".len() + charset.len() + "?q?".len() + encoded.len() + "?=".len();
        Some(Self { charset: charset_name, is_base64, text: encoded, length })
    }

    fn append(&self, octets: &mut Vec<u8>) {
        if self.is_base64 {
            octets.extend_from_slice(&transfer::base64(self.text.as_bytes()).content);
        } else {
            let spaced = self.text.replace('_', " ");
            octets.extend_from_slice(&transfer::quoted_printable(spaced.as_bytes()).content);
        }
    }
}

/// The first encoded word that begins between two places in a text, and where it is.
fn find(text: &str, mut from: usize, last: usize) -> Option<(usize, Word<'_>)> {
    loop {
        let start = from + text.get(from..last)?.find("=?")?;
        if let Some(word) = text.get(start..).and_then(Word::at_start) {
            return Some((start, word));
        }
        from = start + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MIM-06
    #[test]
    fn encoded_words_are_decoded_wherever_they_are() {
        for (text, expected) in [
            ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
            ("x =?utf-8?q?a?=", "x a"),
            ("=?utf-8?q?a?= x", "a x"),
            ("a =?utf-8?q?a?= =?utf-8?q?b?= c", "a ab c"),
            ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?=C5?= =?utf-8?q?=BE?=", "ž"),
            ("=?iso-8859-2?q?=BE?= =?utf-8?q?=C5=BE?=", "žž"),
            ("pre=?utf-8?q?fix?=ed and \"=?utf-8?q?quoted?=\"", "prefixed and \"quoted\""),
            ("=?utf-8?b?xb4=?=", "ž"),
            ("=?utf-8?b?xb4?=", "ž"),
            ("=?utf-8*cs?q?a?=", "a"),
            ("=?utf-8?q??=", ""),
            ("=?utf-8?q?a b?=", "a b"),
            ("=?us-ascii?q?=E9?=", "\u{fffd}"),
            (
                "=?utf-8?q?bad=ZZ_=88?= =?x-unknown?q?abc?= =?utf-8?x?abc?= =?utf-8?b?!!!?= =?utf-8?q?unterminated",
                "bad=ZZ \u{fffd}abc =?utf-8?x?abc?=  =?utf-8?q?unterminated",
            ),
            ("=?", "=?"),
            ("=??q?x?=", "=??q?x?="),
            ("a  b  ", "a  b  "),
            ("", ""),
        ] {
            assert_eq!(decode(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_million_beginnings_take_no_time() {
        let text = "=?u?q?".repeat(200_000);
        assert!(decode(&text).len() <= text.len());
        for start in ["=?a", "=?*?q?x"] {
            let text = start.repeat(300_000) + "?=";
            assert_eq!(decode(&text), text);
        }
        let text = "=?u?q?a?= ".repeat(200_000) + &"b".repeat(5_000_000);
        assert_eq!(decode(&text).len(), 5_200_001);
    }
}
