//! The inside of a tag, cut into words.

/// What ends a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    Output,
    Tag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Number(String),
    Text(String),
    Symbol(&'static str),
}

/// The words of one tag, and what follows it.
pub(super) struct Lexed<'a> {
    pub(super) tokens: Vec<Token>,
    /// Whether whitespace after the tag goes.
    pub(super) trim: bool,
    pub(super) rest: &'a str,
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "**", "//", "??", "?:", "..", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", "+", "-", "*", "/", "%", "~",
    "<", ">", "?", ":", ",", ".", "|", "=",
];
/// The most words one tag may have; it bounds everything that is done with them.
const MOST_TOKENS: usize = 2_000;

/// Reads up to the end of the tag; `None` when it has no end or contains something that Twig does not know.
pub(super) fn lex(source: &str, close: Close) -> Option<Lexed<'_>> {
    let end = if close == Close::Output { "}}" } else { "%}" };
    let mut tokens = Vec::new();
    let mut open = 0_usize;
    let mut rest = source;
    loop {
        rest = rest.trim_start();
        if open == 0 {
            let (trim, after) = match rest.strip_prefix('-') {
                Some(after) if after.starts_with(end) => (true, after),
                _ => (false, rest),
            };
            if let Some(rest) = after.strip_prefix(end) {
                return Some(Lexed { tokens, trim, rest });
            }
        }
        if tokens.len() >= MOST_TOKENS {
            return None;
        }
        let first = rest.chars().next()?;
        let (token, after) = match first {
            'a'..='z' | 'A'..='Z' | '_' => name(rest),
            '0'..='9' => number(rest),
            '"' | '\'' => text(rest, first)?,
            _ => symbol(rest)?,
        };
        match token {
            Token::Symbol("(" | "[" | "{") => open = open.saturating_add(1),
            Token::Symbol(")" | "]" | "}") => open = open.checked_sub(1)?,
            _ => {}
        }
        tokens.push(token);
        rest = after;
    }
}

fn split(rest: &str, at: usize) -> (&str, &str) {
    rest.split_at_checked(at).unwrap_or((rest, ""))
}

fn name(rest: &str) -> (Token, &str) {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, after) = split(rest, end);
    (Token::Name(name.to_owned()), after)
}

fn number(rest: &str) -> (Token, &str) {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(rest);
    // A point is part of the number only when a digit follows: `1..3` is a range.
    let fraction = rest.get(end..).and_then(|rest| rest.strip_prefix('.')).map_or(0, digits);
    if fraction > 0 {
        end = end.saturating_add(fraction).saturating_add(1);
    }
    let (number, after) = split(rest, end);
    (Token::Number(number.to_owned()), after)
}

fn text(rest: &str, quote: char) -> Option<(Token, &str)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, found)) = chars.next() {
        match found {
            _ if found == quote => return Some((Token::Text(text), rest.get(at.checked_add(1)?..)?)),
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                other => text.push(other),
            },
            // Interpolation is Twig, but not in what is documented.
            '#' if quote == '"' && rest.get(at..)?.starts_with("#{") => return None,
            _ => text.push(found),
        }
    }
    None
}

fn symbol(rest: &str) -> Option<(Token, &str)> {
    let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol))?;
    Some((Token::Symbol(symbol), rest.get(symbol.len()..)?))
}
