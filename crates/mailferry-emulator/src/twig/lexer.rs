//! The inside of a tag, cut into words.

use super::Fault;

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
        let rest = rest_at(at).trim_start();
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
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(rest);
    // A point is part of the number only when a digit follows: `1..3` is a range.
    let fraction = rest.get(end..).and_then(|rest| rest.strip_prefix('.')).map_or(0, digits);
    if fraction > 0 {
        end = end.saturating_add(fraction).saturating_add(1);
    }
    (Word::Number(rest.get(..end).unwrap_or_default().to_owned()), end)
}

fn text(rest: &str, quote: char) -> Result<(Word, usize), &'static str> {
    const OPEN: &str = "the text is never closed with the quote that opened it";
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, found)) = chars.next() {
        match found {
            _ if found == quote => return Ok((Word::Text(text), at.saturating_add(1))),
            '\\' => match chars.next().ok_or(OPEN)?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                other => text.push(other),
            },
            // Interpolation is Twig, but not in what is documented.
            '#' if quote == '"' && rest.get(at..).is_some_and(|rest| rest.starts_with("#{")) => {
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
