//! Twig's expressions, read by its precedences.

use super::Fault;
use super::lexer::{Token, Word};
use super::library::{self, Function};
use super::syntax::{Expression, Literal, Unless};

/// How deep expressions may nest: well below where recursion would hurt.
const DEEPEST: usize = 40;
/// How many operators one tag may have, for the same reason: each is a level when the value is made.
const MOST_OPERATORS: usize = 100;

type Parsed<T> = Result<T, Fault>;

/// Reads the words of one tag.
pub(super) struct Parser {
    tokens: std::vec::IntoIter<Token>,
    next: Option<Token>,
    /// Where the tag ends, for words that are missing there.
    end: usize,
    depth: usize,
    operators: usize,
}

/// A binary operator: how tight it binds, and what it does.
struct Operator {
    precedence: u16,
    right: bool,
    kind: Kind,
    at: usize,
}

enum Kind {
    And,
    Or,
    IfNull,
    Function(&'static Function),
}

impl Parser {
    pub(super) fn new(tokens: Vec<Token>, end: usize) -> Self {
        let mut tokens = tokens.into_iter();
        let next = tokens.next();
        Self { tokens, next, end, depth: 0, operators: 0 }
    }

    fn take(&mut self) -> Option<Token> {
        std::mem::replace(&mut self.next, self.tokens.next())
    }

    fn at(&self) -> usize {
        self.next.as_ref().map_or(self.end, |token| token.at)
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(&self.next, Some(Token { word: Word::Symbol(next), .. }) if *next == symbol)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(&self.next, Some(Token { word: Word::Name(next), .. }) if next == name)
    }

    pub(super) fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.take();
        }
        found
    }

    pub(super) fn accept_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        if found {
            self.take();
        }
        found
    }

    /// What stands where `wanted` should.
    pub(super) fn unexpected(&self, wanted: &str) -> Fault {
        let found = match &self.next {
            None => "the tag ends".to_owned(),
            Some(Token { word, .. }) => match word {
                Word::Name(word) | Word::Number(word) => format!("there is `{word}`"),
                Word::Text(_) => "there is a text".to_owned(),
                Word::Symbol(symbol) => format!("there is `{symbol}`"),
            },
        };
        Fault::at(self.at(), format!("{found} where {wanted} should be"))
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    /// The tag has nothing more.
    pub(super) fn finished(&self) -> Parsed<()> {
        if self.next.is_none() { Ok(()) } else { Err(self.unexpected("the tag's end")) }
    }

    /// The first word of a statement.
    pub(super) fn keyword(&mut self) -> Parsed<(String, usize)> {
        let at = self.at();
        match self.take() {
            Some(Token { word: Word::Name(name), .. }) => Ok((name, at)),
            _ => Err(Fault::at(at, "a tag such as `if` or `for` should be named here")),
        }
    }

    /// A name that a loop gives.
    pub(super) fn variable_name(&mut self) -> Parsed<String> {
        let wrong = self.unexpected("the name of a variable");
        match self.take() {
            Some(Token { word: Word::Name(name), .. })
                if !name.starts_with('_') && !KEYWORDS.contains(&name.as_str()) =>
            {
                Ok(name)
            }
            _ => Err(wrong),
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST { Err(Fault::at(self.at(), "the expression is nested too deep")) } else { Ok(()) }
    }

    fn one_more(&mut self) -> Parsed<()> {
        self.operators = self.operators.saturating_add(1);
        if self.operators > MOST_OPERATORS {
            return Err(Fault::at(self.at(), format!("one tag has more than {MOST_OPERATORS} operators")));
        }
        Ok(())
    }

    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.deeper()?;
        let mut condition = self.binary(0)?;
        loop {
            let is_short = self.accept("?:");
            if is_short || self.accept("?") {
                self.one_more()?;
                if is_short || self.accept(":") {
                    condition = Expression::Otherwise(condition.into(), self.expression()?.into());
                    continue;
                }
                let yes = self.expression()?;
                let no = if self.accept(":") {
                    self.expression()?
                } else {
                    Expression::Literal(Literal::Text(String::new()))
                };
                condition = Expression::Choice(condition.into(), yes.into(), no.into());
            } else {
                break;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(condition)
    }

    fn binary(&mut self, least: u16) -> Parsed<Expression> {
        self.deeper()?;
        let mut left = self.unary()?;
        loop {
            if 100 >= least && self.accept_name("is") {
                left = self.test(left)?;
                continue;
            }
            let Some(Operator { precedence, right, kind, at }) = self.operator(least)? else { break };
            self.one_more()?;
            let other = self.binary(if right { precedence } else { precedence.saturating_add(1) })?;
            left = match kind {
                Kind::And => Expression::And(left.into(), other.into()),
                Kind::Or => Expression::Or(left.into(), other.into()),
                Kind::IfNull if !left.can_be_undefined() => {
                    return Err(Fault::at(at, "`??` works with variables, and what is in them, only"));
                }
                Kind::IfNull => Expression::Given { value: left.into(), other: other.into(), unless: Unless::Null },
                Kind::Function(function) => Expression::Call { function, arguments: vec![left, other], at },
            };
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(left)
    }

    /// The operator that comes next, taken, if it binds at least as tight as `least`.
    fn operator(&mut self, least: u16) -> Parsed<Option<Operator>> {
        let (precedence, name) = match &self.next {
            Some(Token { word: Word::Symbol(symbol), .. }) => match *symbol {
                "==" | "!=" | "<" | ">" | "<=" | ">=" => (20, *symbol),
                ".." => (25, ".."),
                "+" | "-" => (30, *symbol),
                "~" => (40, "~"),
                "*" | "/" | "//" | "%" => (60, *symbol),
                "**" => (200, "**"),
                "??" => (300, "??"),
                _ => return Ok(None),
            },
            Some(Token { word: Word::Name(name), .. }) => match name.as_str() {
                "or" => (10, "or"),
                "and" => (15, "and"),
                "in" => (20, "in"),
                "not" => (20, "not in"),
                "starts" => (20, "starts with"),
                "ends" => (20, "ends with"),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        if precedence < least {
            return Ok(None);
        }
        let at = self.at();
        self.take();
        if let Some((_, second)) = name.split_once(' ')
            && !self.accept_name(second)
        {
            return Err(self.unexpected(&format!("`{second}`")));
        }
        let kind = match name {
            "and" => Kind::And,
            "or" => Kind::Or,
            "??" => Kind::IfNull,
            _ => Kind::Function(library::operator(name).ok_or_else(|| Fault::at(at, "there is no such operator"))?),
        };
        Ok(Some(Operator { precedence, right: precedence >= 200, kind, at }))
    }

    fn unary(&mut self) -> Parsed<Expression> {
        let at = self.at();
        if self.accept_name("not") {
            return Ok(Expression::Not(self.binary(50)?.into()));
        }
        let sign = ["-", "+"].into_iter().find(|sign| self.accept(sign));
        if let Some(function) = sign.and_then(library::operator) {
            let zero = Expression::Literal(Literal::Whole(0));
            return Ok(Expression::Call { function, arguments: vec![zero, self.binary(500)?], at });
        }
        let primary = self.primary()?;
        self.postfix(primary)
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let wrong = self.unexpected("a value");
        let Some(Token { word, at }) = self.take() else { return Err(wrong) };
        let literal = match word {
            Word::Number(digits) => {
                let whole = digits.parse().map(Literal::Whole);
                whole.or_else(|_| digits.parse().map(Literal::Real)).map_err(|_| wrong)?
            }
            Word::Text(text) => Literal::Text(text),
            Word::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Word::Symbol("[") => return Ok(Expression::List(self.list("]")?)),
            Word::Symbol("{") => return self.object(),
            Word::Symbol(_) => return Err(wrong),
            Word::Name(name) => match name.as_str() {
                "true" | "TRUE" => Literal::Bool(true),
                "false" | "FALSE" => Literal::Bool(false),
                "null" | "none" | "NULL" | "NONE" => Literal::Null,
                _ if name.starts_with('_') => {
                    return Err(Fault::at(at, format!("`{name}` starts with `_`, which no variable may")));
                }
                _ if KEYWORDS.contains(&name.as_str()) => return Err(wrong),
                _ if self.accept("(") => {
                    let function = library::function(&name)
                        .ok_or_else(|| Fault::at(at, format!("there is no function `{name}`")))?;
                    let arguments = self.list(")")?;
                    return call(function, arguments, at);
                }
                _ => return Ok(Expression::Name(name, at)),
            },
        };
        Ok(Expression::Literal(literal))
    }

    /// Expressions between commas, up to `end`.
    fn list(&mut self, end: &str) -> Parsed<Vec<Expression>> {
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
        Ok(items)
    }

    fn object(&mut self) -> Parsed<Expression> {
        let mut items = Vec::new();
        while !self.accept("}") {
            if !items.is_empty() {
                self.expect(",")?;
                if self.accept("}") {
                    break;
                }
            }
            let wrong = self.unexpected("a key");
            let (key, short) = match self.take() {
                Some(Token { word: Word::Name(name), at }) => {
                    // `{a}` is `{a: a}`.
                    let is_short = is_variable(&name) && (self.is(",") || self.is("}"));
                    (Literal::Text(name.clone()).into(), is_short.then_some(Expression::Name(name, at)))
                }
                Some(Token { word: Word::Text(key) | Word::Number(key), .. }) => (Literal::Text(key).into(), None),
                Some(Token { word: Word::Symbol("("), .. }) => {
                    let key = self.expression()?;
                    self.expect(")")?;
                    (key, None)
                }
                Some(Token { word: Word::Symbol(_), .. }) | None => return Err(wrong),
            };
            let value = if let Some(value) = short {
                value
            } else {
                self.expect(":")?;
                self.expression()?
            };
            items.push((key, value));
        }
        Ok(Expression::Object(items))
    }

    fn postfix(&mut self, mut value: Expression) -> Parsed<Expression> {
        loop {
            let at = self.at();
            if self.accept(".") {
                let wrong = self.unexpected("the name of what is in it");
                let key = match self.take() {
                    Some(Token { word: Word::Name(name), .. }) if self.is("(") => {
                        return Err(Fault::at(at, format!("`{name}` cannot be called: methods are not emulated")));
                    }
                    Some(Token { word: Word::Name(key), .. }) => Literal::Text(key),
                    Some(Token { word: Word::Number(place), .. }) => Literal::Whole(place.parse().map_err(|_| wrong)?),
                    _ => return Err(wrong),
                };
                value = Expression::Item { of: value.into(), key: Expression::Literal(key).into(), at };
            } else if self.accept("[") {
                let key = self.expression()?;
                self.expect("]")?;
                value = Expression::Item { of: value.into(), key: key.into(), at };
            } else if self.accept("|") {
                value = self.filter(value)?;
            } else {
                return Ok(value);
            }
            self.one_more()?;
        }
    }

    fn filter(&mut self, value: Expression) -> Parsed<Expression> {
        let (wrong, at) = (self.unexpected("the name of a filter"), self.at());
        let Some(Token { word: Word::Name(name), .. }) = self.take() else { return Err(wrong) };
        let mut arguments = if self.accept("(") { self.list(")")? } else { Vec::new() };
        if name == "default" {
            let other = arguments.pop().unwrap_or(Expression::Literal(Literal::Text(String::new())));
            if !arguments.is_empty() {
                return Err(Fault::at(at, "`default` takes one value"));
            }
            return Ok(Expression::Given { value: value.into(), other: other.into(), unless: Unless::Empty });
        }
        let function = library::filter(&name).ok_or_else(|| Fault::at(at, format!("there is no filter `{name}`")))?;
        arguments.insert(0, value);
        call(function, arguments, at)
    }

    /// What follows `is`.
    fn test(&mut self, value: Expression) -> Parsed<Expression> {
        self.one_more()?;
        let negated = self.accept_name("not");
        let (wrong, at) = (self.unexpected("a test such as `defined`"), self.at());
        let Some(Token { word: Word::Name(name), .. }) = self.take() else { return Err(wrong) };
        let second = ["as", "by"].into_iter().find(|second| self.accept_name(second));
        let name = second.map_or(name.clone(), |second| format!("{name} {second}"));
        let test = if name == "defined" {
            if !value.can_be_undefined() {
                return Err(Fault::at(at, "only variables, and what is in them, can be tested for being defined"));
            }
            Expression::Defined(value.into())
        } else {
            let function = library::test(&name).ok_or_else(|| Fault::at(at, format!("there is no test `{name}`")))?;
            let mut arguments = vec![value];
            if self.accept("(") {
                arguments.extend(self.list(")")?);
            } else if function.least == 2 {
                // `is divisible by 3`
                let only = self.primary()?;
                arguments.push(self.postfix(only)?);
            }
            call(function, arguments, at)?
        };
        Ok(if negated { Expression::Not(test.into()) } else { test })
    }
}

fn call(function: &'static Function, arguments: Vec<Expression>, at: usize) -> Parsed<Expression> {
    let Function { name, least, most, run: _ } = function;
    if (*least..=*most).contains(&arguments.len()) {
        return Ok(Expression::Call { function, arguments, at });
    }
    let what = if arguments.len() < *least { "few" } else { "many" };
    Err(Fault::at(at, format!("`{name}` has too {what} values in its brackets")))
}

/// Whether `name` can be a variable: letters, digits and `_`, neither `_` nor a digit first, and no word of Twig's own.
pub fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && !KEYWORDS.contains(&name)
        && !["true", "TRUE", "false", "FALSE", "null", "NULL", "none", "NONE"].contains(&name)
}

/// Words that are no variables. Those that only start a tag are free: `{{ for }}`.
const KEYWORDS: &[&str] = &["and", "or", "not", "in", "is", "matches"];
