//! The inside of a tag, cut into words.

use super::Fault;
use super::value::is_space;

/// What ends a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    Output,
    Tag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Name(String),
    Number(String),
    Text(String),
    Symbol(&'static str),
}

/// A word, and where it starts in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) at: usize,
}

/// Which whitespace beside a tag goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trim {
    Nothing,
    /// `-`: all of it.
    All,
    /// `~`: all but line breaks.
    Line,
}

/// The words of one tag, and where what follows it starts.
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    pub(super) trim: Trim,
    pub(super) end: usize,
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "**", "//", "??", "?:", "..", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", "+", "-", "*", "/", "%", "~",
    "<", ">", "?", ":", ",", ".", "|", "=",
];
/// The most words one tag may have; it bounds everything that is done with them.
const MOST_TOKENS: usize = 2_000;

impl Trim {
    pub(super) fn of(sign: Option<u8>) -> Self {
        match sign {
            Some(b'-') => Self::All,
            Some(b'~') => Self::Line,
            _ => Self::Nothing,
        }
    }

    fn takes(self, c: char) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => c.is_ascii_whitespace() || c == '\0' || c == '\u{b}',
            Self::Line => matches!(c, ' ' | '\t' | '\0' | '\u{b}'),
        }
    }

    /// `text` without its end.
    pub(super) fn end_of(self, text: &str) -> &str {
        text.trim_end_matches(|c| self.takes(c))
    }

    /// `text` without its start.
    pub(super) fn start_of(self, text: &str) -> &str {
        text.trim_start_matches(|c| self.takes(c))
    }
}

/// Reads from `start`, inside of a tag, up to its end.
pub(super) fn lex(source: &str, start: usize, close: Close) -> Result<Lexed, Fault> {
    let end = if close == Close::Output { "}}" } else { "%}" };
    let rest_at = |at: usize| source.get(at..).unwrap_or_default();
    let mut tokens = Vec::new();
    let mut open: Vec<(&'static str, usize)> = Vec::new();
    let mut at = start;
    loop {
        let rest = rest_at(at).trim_start_matches(is_space);
        at = source.len().saturating_sub(rest.len());
        if open.is_empty() {
            let trim = match Trim::of(rest.bytes().next()) {
                trim if trim != Trim::Nothing && rest.get(1..).is_some_and(|after| after.starts_with(end)) => trim,
                _ => Trim::Nothing,
            };
            let signs = usize::from(trim != Trim::Nothing);
            if rest.get(signs..).is_some_and(|rest| rest.starts_with(end)) {
                return Ok(Lexed { tokens, trim, end: at.saturating_add(signs).saturating_add(end.len()) });
            }
        }
        if tokens.len() >= MOST_TOKENS {
            return Err(Fault::at(at, format!("one tag has more than {MOST_TOKENS} words")));
        }
        let Some(first) = rest.chars().next() else {
            return Err(match open.last() {
                Some((bracket, at)) => Fault::at(*at, format!("`{bracket}` is never closed")),
                None => Fault::at(start.saturating_sub(2), format!("the tag is never closed with `{end}`")),
            });
        };
        let (word, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => name(rest),
            '0'..='9' => number(rest),
            '"' | '\'' => text(rest, first).map_err(|reason| Fault::at(at, reason))?,
            _ => symbol(rest).ok_or_else(|| Fault::at(at, format!("`{first}` means nothing here")))?,
        };
        if let Word::Symbol(symbol) = word {
            match symbol {
                "(" | "[" | "{" => open.push((symbol, at)),
                ")" | "]" | "}" => match (open.pop(), symbol) {
                    (Some(("(", _)), ")") | (Some(("[", _)), "]") | (Some(("{", _)), "}") => {}
                    _ => return Err(Fault::at(at, format!("`{symbol}` closes nothing"))),
                },
                _ => {}
            }
        }
        tokens.push(Token { word, at });
        at = at.saturating_add(length.max(1));
    }
}

fn name(rest: &str) -> (Word, usize) {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (Word::Name(rest.get(..end).unwrap_or_default().to_owned()), end)
}

fn number(rest: &str) -> (Word, usize) {
    let mut end = digits(rest);
    // A point is part of the number only when a digit follows: `1..3` is a range.
    let after = |end: usize| rest.get(end..).unwrap_or_default();
    let fraction = after(end).strip_prefix('.').map_or(0, digits);
    if fraction > 0 {
        end = end.saturating_add(fraction).saturating_add(1);
    }
    if let Some(exponent) = after(end).strip_prefix(['e', 'E']) {
        let signs = usize::from(exponent.starts_with(['+', '-']));
        let length = exponent.get(signs..).map_or(0, digits);
        if length > 0 {
            end = end.saturating_add(signs).saturating_add(length).saturating_add(1);
        }
    }
    (Word::Number(rest.get(..end).unwrap_or_default().replace('_', "")), end)
}

/// How many digits `text` starts with, and single `_` between them.
fn digits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    (0..bytes.len())
        .take_while(|at| {
            is_digit(Some(*at))
                || (bytes.get(*at) == Some(&b'_') && is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1)))
        })
        .count()
}

fn text(rest: &str, quote: char) -> Result<(Word, usize), &'static str> {
    const OPEN: &str = "the text is never closed with the quote that opened it";
    let mut text = Vec::new();
    let mut bytes = rest.bytes().enumerate().skip(1).peekable();
    while let Some((at, found)) = bytes.next() {
        match found {
            _ if char::from(found) == quote => {
                let text = String::from_utf8_lossy(&text).into_owned();
                return Ok((Word::Text(text), at.saturating_add(1)));
            }
            b'\\' => {
                let (_, escaped) = bytes.next().ok_or(OPEN)?;
                // Up to two hexadecimal digits, or up to three octal ones.
                let mut code = |first: u32, radix: u32, most: usize| {
                    let mut code = first;
                    for _ in 1..most {
                        let digit = |(_, byte): &(usize, u8)| char::from(*byte).is_digit(radix);
                        let Some((_, byte)) = bytes.next_if(digit) else { break };
                        code = code * radix + char::from(byte).to_digit(radix).unwrap_or_default();
                    }
                    u8::try_from(code & 0xff).unwrap_or_default()
                };
                text.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'f' => 0x0c,
                    b'v' => 0x0b,
                    b'0'..=b'7' => code(u32::from(escaped - b'0'), 8, 3),
                    b'x' if rest.as_bytes().get(at.saturating_add(2)).is_some_and(u8::is_ascii_hexdigit) => {
                        code(0, 16, 3)
                    }
                    other => other,
                });
            }
            // Interpolation is Twig, but not in what is documented.
            b'#' if quote == '"' && rest.get(at..).is_some_and(|rest| rest.starts_with("#{")) => {
                return Err("`#{` in a text is not part of the limited Twig");
            }
            _ => text.push(found),
        }
    }
    Err(OPEN)
}

fn symbol(rest: &str) -> Option<(Word, usize)> {
    let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol))?;
    Some((Word::Symbol(symbol), symbol.len()))
}
