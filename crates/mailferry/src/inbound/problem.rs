//! What was broken in a mail, and what was made of it.

use std::fmt;

/// Something broken in a mail, which degraded one part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// In which part: its index in tree order, the mail itself being 0.
    pub part: usize,
    /// What.
    pub kind: ProblemKind,
}

/// What can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A line among the header fields is none, and was left out.
    SkippedHeaderLine,
    /// The header fields end without an empty line.
    MissingBlankLine,
    /// The content type cannot be read; the part was taken for plain text.
    InvalidContentType,
    /// A multipart names no boundary; its body was taken for plain text.
    MissingBoundary,
    /// A multipart's boundary does not appear in it; its body was taken for plain text.
    BoundaryNotFound,
    /// A multipart ends without its closing delimiter.
    UnclosedMultipart,
    /// A multipart claims to be encoded, which it cannot be.
    EncodedMultipart,
    /// A part holds parts and is too deep within others: it was left closed.
    TooDeep,
    /// There are too many parts: the rest was left out.
    TooManyParts,
    /// The transfer encoding is not known; the content was taken as it is.
    UnknownEncoding,
    /// The content is not what its transfer encoding allows, and was repaired as far as possible.
    BrokenEncoding,
    /// The charset is not known; the text was taken for UTF-8, or else for windows-1252.
    UnknownCharset,
    /// Bytes of a text are none in its charset.
    BrokenText,
    /// The date cannot be read.
    InvalidDate,
    /// There is no sender that can be read.
    NoFrom,
}

impl ProblemKind {
    fn text(self) -> &'static str {
        match self {
            Self::SkippedHeaderLine => "a line among the header fields is none",
            Self::MissingBlankLine => "no empty line after the header fields",
            Self::InvalidContentType => "a content type that cannot be read",
            Self::MissingBoundary => "a multipart without a boundary, read as text",
            Self::BoundaryNotFound => "a multipart in which its boundary does not appear, read as text",
            Self::UnclosedMultipart => "a multipart without its closing delimiter",
            Self::EncodedMultipart => "a multipart with a transfer encoding, which was ignored",
            Self::TooDeep => "parts within too many others, left closed",
            Self::TooManyParts => "too many parts, the rest left out",
            Self::UnknownEncoding => "an unknown transfer encoding, content taken as it is",
            Self::BrokenEncoding => "content that its transfer encoding does not allow, repaired",
            Self::UnknownCharset => "an unknown charset, another one guessed",
            Self::BrokenText => "bytes that the charset does not have, replaced",
            Self::InvalidDate => "a date that cannot be read",
            Self::NoFrom => "no sender that can be read",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}: {}", self.part, self.kind)
    }
}
