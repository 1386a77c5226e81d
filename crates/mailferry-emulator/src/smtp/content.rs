//! Where the content of a mail ends, and the dots that are not its own (RFC 5321, 4.5.2).
//!
//! Only CRLF, dot, CRLF is an end. Every server must see it in the same place: one that also takes `LF . LF` or
//! `CRLF . CR CR LF` for it can be made to see two mails where another sees one.

/// Reads content byte by byte, in pieces of any size.
#[derive(Debug)]
pub(super) struct Dots {
    behind: Behind,
}

/// What was read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    /// A line end: the command's own counts.
    CrLf,
    /// A dot at the start of a line, which is not content.
    Dot,
    /// That dot and a CR, which may be content.
    DotCr,
    Cr,
    Other,
}

impl Dots {
    pub(super) fn new() -> Self {
        Self { behind: Behind::CrLf }
    }

    /// Adds what `input` has of the content to `content`. Gives how many bytes of the input were read when the content
    /// ends there, and `None` when all were and it goes on.
    pub(super) fn read(&mut self, input: &[u8], content: &mut Vec<u8>) -> Option<usize> {
        for (position, byte) in input.iter().copied().enumerate() {
            self.behind = match (self.behind, byte) {
                (Behind::CrLf, b'.') => Behind::Dot,
                (Behind::Dot, b'\r') => Behind::DotCr,
                (Behind::DotCr, b'\n') => return Some(position.saturating_add(1)),
                (before, byte) => {
                    if before == Behind::DotCr {
                        content.push(b'\r');
                    }
                    content.push(byte);
                    match (before, byte) {
                        (_, b'\r') => Behind::Cr,
                        (Behind::Cr, b'\n') => Behind::CrLf,
                        _ => Behind::Other,
                    }
                }
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the RFC says, line by line: the content before the first line that is only a dot, and how much that took.
    fn expected(sent: &[u8]) -> Option<(Vec<u8>, usize)> {
        let mut content = Vec::new();
        let mut rest = sent;
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            let (line, tail) = rest.split_at(end + 2);
            if line == b".\r\n" {
                return Some((content, sent.len() - tail.len()));
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            rest = tail;
        }
        None
    }

    #[test]
    fn only_crlf_dot_crlf_is_an_end() {
        let check = |sent: &str, end: Option<usize>| {
            let mut content = Vec::new();
            assert_eq!(Dots::new().read(sent.as_bytes(), &mut content), end, "{sent:?}: {content:?}");
        };
        check(".\r\n", Some(3));
        check("a\r\n.\r\nQUIT\r\n", Some(6));
        for more in
            ["\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r\r\n", "\r\n.\r", "\r\n..\r\n", "\r\n.\0\r\n"]
        {
            check(&format!("a{more}MAIL FROM:<>\r\n"), None);
        }
    }

    proptest! {
        #[test]
        fn content_ends_where_the_rfc_says(
            pieces in proptest::collection::vec(proptest::sample::select(&["\r", "\n", ".", "\r\n", "a", "\0"][..]), 0..24),
            cut in 0_usize..30,
        ) {
            let sent = [pieces.concat().as_bytes(), b"\r\n.\r\nQUIT\r\n"].concat();
            let (first, second) = sent.split_at(cut.min(sent.len()));
            let (mut dots, mut content) = (Dots::new(), Vec::new());
            let end = dots.read(first, &mut content);
            let end = end.or_else(|| Some(first.len() + dots.read(second, &mut content)?));
            prop_assert_eq!(end.map(|end| (content, end)), expected(&sent), "{:?}", sent);
        }
    }
}
