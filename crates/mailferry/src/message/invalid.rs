//! Why a message could not be made.

use std::fmt;

use crate::address::InvalidAddress;

/// A message that could not be made: every problem found, each with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMessage {
    problems: Vec<Problem>,
}

impl InvalidMessage {
    /// Collects problems; there is always at least one.
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "an invalid message has a problem");
        Self { problems }
    }

    /// Every problem, in the order found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Whether any problem is about an address.
    pub fn has_invalid_address(&self) -> bool {
        self.problems.iter().any(|problem| problem.address)
    }
}

impl fmt::Display for InvalidMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidMessage {}

/// One thing that is wrong with a message: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    path: String,
    text: String,
    remedy: String,
    address: bool,
}

impl Problem {
    /// A problem at `path` (`to[1]`, `headers.X-Campaign`).
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), remedy: remedy.into(), address: false }
    }

    pub(crate) fn address(path: impl Into<String>, cause: &InvalidAddress) -> Self {
        Self { path: path.into(), text: cause.to_string(), remedy: String::new(), address: true }
    }

    /// A line break or NUL where one would let text become a header.
    pub(crate) fn line_break(path: impl Into<String>) -> Self {
        Self::new(path, "holds a line break or a NUL", "take it out: it could start a header of its own")
    }

    /// Where: the field's name, with an index from 0 or a key.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to do about it; empty when `text` says it already.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Whether it is about an address.
    pub fn is_address(&self) -> bool {
        self.address
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.text)?;
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}

/// Whether text could start a line of its own where it is written.
pub(crate) fn breaks_line(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}
