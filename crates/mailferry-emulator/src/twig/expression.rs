//! Twig's expressions and statements, read by its precedences and written as Jinja that means the same.
//!
//! Everything but reading a variable becomes a call of a function from `library.rs`. Those have names that start with
//! an underscore, which no variable of Twig's limited version may (facts sheet 5.2).

use std::fmt::Write as _;

use super::lexer::Token;
use super::library;

/// How deep expressions may nest: well below where recursion would hurt, here or in minijinja.
const DEEPEST: usize = 30;
/// How many operators one tag may have, for the same reason: they nest when written as calls.
const MOST_OPERATORS: usize = 60;

/// Reads the words of one tag. Every method gives `None` for what is not Twig, or not the limited one.
pub(super) struct Parser {
    tokens: std::vec::IntoIter<Token>,
    next: Option<Token>,
    depth: usize,
    operators: usize,
}

/// A binary operator: how tight it binds, and the function that stands for it.
struct Operator {
    precedence: u16,
    right: bool,
    function: &'static str,
}

impl Parser {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        let mut tokens = tokens.into_iter();
        let next = tokens.next();
        Self { tokens, next, depth: 0, operators: 0 }
    }

    fn take(&mut self) -> Option<Token> {
        std::mem::replace(&mut self.next, self.tokens.next())
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(&self.next, Some(Token::Symbol(next)) if *next == symbol)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(&self.next, Some(Token::Name(next)) if next == name)
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.take();
        }
        found
    }

    fn accept_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Option<()> {
        self.accept(symbol).then_some(())
    }

    /// The tag is one expression and nothing else.
    pub(super) fn whole_expression(&mut self) -> Option<String> {
        let expression = self.expression()?;
        self.next.is_none().then_some(expression)
    }

    /// The tag is one statement.
    pub(super) fn statement(&mut self) -> Option<String> {
        let Some(Token::Name(keyword)) = self.take() else { return None };
        let statement = match keyword.as_str() {
            "if" => format!("if _true({})", self.expression()?),
            "elseif" => format!("elif _true({})", self.expression()?),
            "else" | "endif" | "endfor" => keyword,
            "for" => {
                let first = self.variable_name()?;
                let second = if self.accept(",") { Some(self.variable_name()?) } else { None };
                if !self.accept_name("in") {
                    return None;
                }
                let list = self.expression()?;
                match second {
                    Some(second) => format!("for {first}, {second} in _pairs({list})"),
                    None => format!("for {first} in _values({list})"),
                }
            }
            _ => return None,
        };
        self.next.is_none().then_some(statement)
    }

    fn variable_name(&mut self) -> Option<String> {
        match self.take()? {
            Token::Name(name) if !name.starts_with('_') && !KEYWORDS.contains(&name.as_str()) => Some(name),
            _ => None,
        }
    }

    fn expression(&mut self) -> Option<String> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth <= DEEPEST)?;
        let mut condition = self.binary(0)?;
        loop {
            if self.accept("?:") {
                condition = format!("_otherwise({condition}, {})", self.expression()?);
            } else if self.accept("?") {
                let yes = self.expression()?;
                let no = if self.accept(":") { self.expression()? } else { "\"\"".to_owned() };
                condition = format!("({yes} if _true({condition}) else {no})");
            } else {
                break;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Some(condition)
    }

    fn binary(&mut self, least: u16) -> Option<String> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth <= DEEPEST)?;
        let mut left = self.unary()?;
        loop {
            if 100 >= least && self.accept_name("is") {
                left = self.test(&left)?;
                continue;
            }
            let Some(operator) = self.operator(least)? else { break };
            self.operators = self.operators.checked_add(1).filter(|count| *count <= MOST_OPERATORS)?;
            let tighter = if operator.right { operator.precedence } else { operator.precedence.saturating_add(1) };
            let right = self.binary(tighter)?;
            left = format!("{}({left}, {right})", operator.function);
        }
        self.depth = self.depth.saturating_sub(1);
        Some(left)
    }

    /// The operator that comes next, taken, if it binds at least as tight as `least`. The outer `None` is a mistake.
    #[expect(clippy::option_option, reason = "none there, and a mistake, are different things")]
    fn operator(&mut self, least: u16) -> Option<Option<Operator>> {
        let (precedence, function) = match &self.next {
            Some(Token::Symbol(symbol)) => match *symbol {
                "==" => (20, "_equal"),
                "!=" => (20, "_unequal"),
                "<" => (20, "_less"),
                ">" => (20, "_more"),
                "<=" => (20, "_at_most"),
                ">=" => (20, "_at_least"),
                ".." => (25, "_range"),
                "+" => (30, "_add"),
                "-" => (30, "_subtract"),
                "~" => (40, "_join"),
                "*" => (60, "_multiply"),
                "/" => (60, "_divide"),
                "//" => (60, "_divide_whole"),
                "%" => (60, "_remainder"),
                "**" => (200, "_power"),
                "??" => (300, "_first_given"),
                _ => return Some(None),
            },
            Some(Token::Name(name)) => match name.as_str() {
                "or" => (10, "_or"),
                "and" => (15, "_and"),
                "in" | "not" => (20, "_in"),
                "starts" => (20, "_starts"),
                "ends" => (20, "_ends"),
                _ => return Some(None),
            },
            _ => return Some(None),
        };
        if precedence < least {
            return Some(None);
        }
        let right = precedence >= 200;
        let word = self.take();
        let function = match word {
            Some(Token::Name(name)) if name == "not" => {
                if !self.accept_name("in") {
                    return None;
                }
                "_not_in"
            }
            Some(Token::Name(name)) if (name == "starts" || name == "ends") && !self.accept_name("with") => {
                return None;
            }
            _ => function,
        };
        Some(Some(Operator { precedence, right, function }))
    }

    fn unary(&mut self) -> Option<String> {
        if self.accept_name("not") {
            return Some(format!("_not({})", self.binary(50)?));
        }
        if self.accept("-") {
            return Some(format!("_subtract(0, {})", self.binary(500)?));
        }
        if self.accept("+") {
            return Some(format!("_add(0, {})", self.binary(500)?));
        }
        let primary = self.primary()?;
        self.postfix(primary)
    }

    fn primary(&mut self) -> Option<String> {
        match self.take()? {
            Token::Number(number) => Some(number),
            Token::Text(text) => Some(quote(&text)),
            Token::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Some(inner)
            }
            Token::Symbol("[") => Some(format!("[{}]", self.list("]")?.join(", "))),
            Token::Symbol("{") => self.object(),
            Token::Symbol(_) => None,
            Token::Name(name) => match name.as_str() {
                "true" | "TRUE" => Some("true".to_owned()),
                "false" | "FALSE" => Some("false".to_owned()),
                "null" | "none" | "NULL" => Some("none".to_owned()),
                _ if name.starts_with('_') || KEYWORDS.contains(&name.as_str()) => None,
                _ if self.accept("(") => {
                    let function = library::FUNCTIONS.iter().find(|(known, _)| *known == name)?.1;
                    Some(format!("{function}({})", self.list(")")?.join(", ")))
                }
                _ => Some(name),
            },
        }
    }

    /// Expressions between commas, up to `end`.
    fn list(&mut self, end: &str) -> Option<Vec<String>> {
        let mut items = Vec::new();
        while !self.accept(end) {
            if !items.is_empty() {
                self.expect(",")?;
                if self.accept(end) {
                    break;
                }
            }
            items.push(self.expression()?);
        }
        Some(items)
    }

    fn object(&mut self) -> Option<String> {
        let mut items = Vec::new();
        while !self.accept("}") {
            if !items.is_empty() {
                self.expect(",")?;
                if self.accept("}") {
                    break;
                }
            }
            let key = match self.take()? {
                Token::Name(key) | Token::Text(key) | Token::Number(key) => quote(&key),
                Token::Symbol(_) => return None,
            };
            self.expect(":")?;
            items.push(format!("{key}: {}", self.expression()?));
        }
        Some(format!("{{{}}}", items.join(", ")))
    }

    fn postfix(&mut self, mut value: String) -> Option<String> {
        loop {
            if self.accept(".") {
                let key = match self.take()? {
                    Token::Name(key) if !self.is("(") => quote(&key),
                    Token::Number(position) if position.bytes().all(|b| b.is_ascii_digit()) => position,
                    _ => return None,
                };
                value = format!("{value}[{key}]");
            } else if self.accept("[") {
                let key = self.expression()?;
                self.expect("]")?;
                value = format!("{value}[{key}]");
            } else if self.accept("|") {
                let Some(Token::Name(name)) = self.take() else { return None };
                let function = library::FILTERS.iter().find(|(known, _)| *known == name)?.1;
                let mut arguments = vec![value];
                if self.accept("(") {
                    arguments.extend(self.list(")")?);
                }
                value = format!("{function}({})", arguments.join(", "));
            } else {
                return Some(value);
            }
            self.operators = self.operators.checked_add(1).filter(|count| *count <= MOST_OPERATORS)?;
        }
    }

    /// What follows `is`.
    fn test(&mut self, value: &str) -> Option<String> {
        self.operators = self.operators.checked_add(1).filter(|count| *count <= MOST_OPERATORS)?;
        let negated = self.accept_name("not");
        let Some(Token::Name(name)) = self.take() else { return None };
        let test = match name.as_str() {
            "defined" => format!("({value} is defined)"),
            "empty" => format!("_empty({value})"),
            "null" | "none" => format!("_null({value})"),
            "even" => format!("_equal(_remainder({value}, 2), 0)"),
            "odd" => format!("_unequal(_remainder({value}, 2), 0)"),
            "iterable" => format!("_iterable({value})"),
            "same" if self.accept_name("as") => format!("_same({value}, {})", self.argument()?),
            "divisible" if self.accept_name("by") => {
                format!("_equal(_remainder({value}, {}), 0)", self.argument()?)
            }
            _ => return None,
        };
        Some(if negated { format!("_not({test})") } else { test })
    }

    fn argument(&mut self) -> Option<String> {
        self.expect("(")?;
        let argument = self.expression()?;
        self.expect(")")?;
        Some(argument)
    }
}

/// Words that are no variables in Twig, in Jinja, or in both.
const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "elseif",
    "elif",
    "for",
    "endif",
    "endfor",
    "starts",
    "ends",
    "matches",
    "true",
    "false",
    "null",
    "none",
    "True",
    "False",
    "None",
    "recursive",
    "self",
    "super",
    "caller",
];

/// `text` as a Jinja string.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            // Otherwise the end of a tag inside a string would be one.
            '{' | '}' | '%' | '#' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
