//! What is wrong with a template, and where.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A mistake in a template, or the reason why it cannot be rendered.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::twig::Template;
///
/// let source = "Hi {{ name }},\n{% if late %}sorry";
/// let problem = Template::compile(source).unwrap_err();
/// assert_eq!(problem.to_string(), "line 2, column 1: this `if` has no `endif`");
/// assert_eq!(problem.excerpt(source, 80), "{% if late %}sorry\n^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    line: usize,
    column: usize,
    reason: Cow<'static, str>,
}

/// A problem at a byte of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    at: usize,
    reason: Cow<'static, str>,
}

impl Fault {
    pub(super) fn at(at: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { at, reason: reason.into() }
    }

    pub(super) fn in_source(self, source: &str) -> Problem {
        let Self { at, reason } = self;
        let (line, column) = place(source, at);
        Problem { line, column, reason }
    }
}

/// Line and column of a byte, from 1.
pub(super) fn place(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count().saturating_add(1))
}

impl Problem {
    pub(crate) fn new(line: usize, column: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { line, column, reason: reason.into() }
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The character in the line, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, without the place.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The line of `source`, and below it a caret at the place: two lines of at most `width` characters. A longer line is
    /// cut round the place, with `…` where something is left out; tabs are shown as a space each.
    pub fn excerpt(&self, source: &str, width: usize) -> String {
        let width = width.max(8);
        let line = source.split('\n').nth(self.line.saturating_sub(1)).unwrap_or_default().trim_end_matches('\r');
        let shown: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let at = self.column.saturating_sub(1).min(shown.len());
        // A third of the width before the place is enough to know it by.
        let latest = shown.len().saturating_add(1).saturating_sub(width);
        let start = if shown.len() < width { 0 } else { at.saturating_sub(width / 3).min(latest) };
        let mut cut: Vec<char> = shown.iter().skip(start).take(width).copied().collect();
        if start > 0
            && let Some(first) = cut.first_mut()
        {
            *first = '…';
        }
        if start.saturating_add(width) < shown.len()
            && let Some(last) = cut.last_mut()
        {
            *last = '…';
        }
        let cut: String = cut.into_iter().collect();
        format!("{}\n{}^", cut.trim_end(), " ".repeat(at.saturating_sub(start)))
    }

    /// The same problem, `lines` further down.
    pub(crate) fn below(self, lines: usize) -> Self {
        Self { line: self.line.saturating_add(lines), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

impl Error for Problem {}
