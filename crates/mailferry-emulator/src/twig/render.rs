//! A template with data becomes a text.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::library::{Allowance, Budget};
use super::syntax::{Expression, Literal, Node, Unless};
use super::value::{Loop, Value};
use super::{Fault, MOST_BYTES};

/// The most missing variables that are told of by name.
const MOST_MISSING: usize = 100;

/// What a template is filled in with.
pub(super) struct Data<'a> {
    pub(super) variables: Option<&'a Map<String, Json>>,
    /// Names that MailerSend fills in itself, later: their tags stay.
    pub(super) reserved: &'a [String],
    /// Of the simple syntax.
    pub(super) substitutions: Option<&'a HashMap<&'a str, &'a str>>,
}

impl Data<'_> {
    /// Whether a tag stays as it is: `unsubscribe` becomes a link only when the mail is delivered (facts sheet 5.1).
    fn is_filled_in_later(&self, name: &str) -> bool {
        name == "unsubscribe" || self.reserved.iter().any(|known| known == name)
    }
}

pub(super) struct Renderer<'a> {
    source: &'a str,
    data: Data<'a>,
    /// What loops have made, the innermost last.
    own: Vec<(&'a str, Value<'a>)>,
    budget: Budget,
    output: String,
    /// How long the output may become, in bytes.
    longest: usize,
    missing: Vec<(String, usize)>,
}

/// What a variable turned out to be.
enum Found<'a> {
    Value(Value<'a>),
    /// There is none; this part of the expression is the first that leads nowhere.
    Missing(&'a Expression),
}

type Done<T> = Result<T, Fault>;

impl<'a> Renderer<'a> {
    pub(super) fn new(source: &'a str, data: Data<'a>, allowance: &Allowance) -> Self {
        let (output, budget) = (String::with_capacity(source.len()), Budget::within(allowance));
        let longest = MOST_BYTES.min(allowance.bytes);
        Self { source, data, own: Vec::new(), budget, output, longest, missing: Vec::new() }
    }

    /// The text, and what was looked up in vain, with its place.
    pub(super) fn finish(
        mut self,
        nodes: &'a [Node],
        allowance: &mut Allowance,
    ) -> Done<(String, Vec<(String, usize)>)> {
        let written = self.write(nodes);
        self.budget.charge(allowance, self.output.len());
        written.map(|()| (self.output, self.missing))
    }

    fn write(&mut self, nodes: &'a [Node]) -> Done<()> {
        for node in nodes {
            match node {
                Node::Text(range) => self.put(self.source.get(range.clone()).unwrap_or_default(), range.start)?,
                Node::Output(expression) => {
                    let value = self.evaluate(expression)?;
                    self.put(&value.text(), position(expression))?;
                }
                Node::Simple(name, range) => self.substitute(name, range.clone())?,
                Node::If { branches, otherwise } => self.choose(branches, otherwise)?,
                Node::For { key, item, list, body, otherwise } => {
                    let pairs = self.evaluate(list)?.pairs();
                    if pairs.is_empty() {
                        self.write(otherwise)?;
                    }
                    self.repeat(key.as_deref(), item, pairs, body, position(list))?;
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, text: &str, at: usize) -> Done<()> {
        self.spend(1, at)?;
        if self.output.len().saturating_add(text.len()) > self.longest {
            return Err(Fault::at(at, "the text becomes too large"));
        }
        self.output.push_str(text);
        Ok(())
    }

    fn spend(&mut self, steps: usize, at: usize) -> Done<()> {
        self.budget.spend(steps).map_err(|reason| Fault::at(at, reason))
    }

    fn substitute(&mut self, name: &str, range: std::ops::Range<usize>) -> Done<()> {
        let source = self.source.get(range.clone()).unwrap_or_default();
        let value = self.data.substitutions.and_then(|values| values.get(name).copied());
        if value.is_none() && !self.data.is_filled_in_later(name) {
            self.miss(format!("${name}"), range.start);
        }
        self.put(value.unwrap_or(source), range.start)
    }

    fn choose(&mut self, branches: &'a [(Expression, Vec<Node>)], otherwise: &'a [Node]) -> Done<()> {
        for (condition, body) in branches {
            self.spend(1, position(condition))?;
            if self.evaluate(condition)?.truth() {
                return self.write(body);
            }
        }
        self.write(otherwise)
    }

    fn repeat(
        &mut self,
        key: Option<&'a str>,
        item: &'a str,
        pairs: Vec<(Value<'a>, Value<'a>)>,
        body: &'a [Node],
        at: usize,
    ) -> Done<()> {
        let (outer, length) = (self.own.len(), pairs.len());
        self.spend(length.saturating_add(1), at)?;
        for (index, (place, value)) in pairs.into_iter().enumerate() {
            self.own.extend(key.map(|key| (key, place)));
            self.own.push((item, value));
            self.own.push(("loop", Value::Loop(Loop { index, length, outer })));
            self.write(body)?;
            self.own.truncate(outer);
        }
        Ok(())
    }

    fn miss(&mut self, path: String, at: usize) {
        if self.missing.len() < MOST_MISSING && !self.missing.iter().any(|(known, _)| *known == path) {
            self.missing.push((path, at));
        }
    }

    /// The variable called `name`, of the first `scope` that loops have made, or of the data.
    fn variable(&self, name: &str, scope: usize) -> Option<Value<'a>> {
        let own = self.own.get(..scope).unwrap_or(&self.own);
        let own = own.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        own.or_else(|| self.data.variables?.get(name).map(Value::from))
    }

    fn look_up(&mut self, expression: &'a Expression) -> Done<Found<'a>> {
        Ok(match expression {
            Expression::Name(name, at) => {
                self.spend(1, *at)?;
                match self.variable(name, usize::MAX) {
                    Some(value) => Found::Value(value),
                    None if self.data.is_filled_in_later(name) => Found::Value(format!("{{{{{name}}}}}").into()),
                    None => Found::Missing(expression),
                }
            }
            Expression::Item { of, key, at } => {
                self.spend(1, *at)?;
                let of = match self.look_up(of)? {
                    Found::Value(of) => of,
                    missing @ Found::Missing(_) => return Ok(missing),
                };
                self.spend(of.search(), *at)?;
                let key = self.evaluate(key)?;
                let item = match of {
                    Value::Scope(scope) => self.variable(&key.text(), scope),
                    of => of.item(&key),
                };
                item.map_or(Found::Missing(expression), Found::Value)
            }
            _ => Found::Value(self.evaluate(expression)?),
        })
    }

    fn evaluate(&mut self, expression: &'a Expression) -> Done<Value<'a>> {
        Ok(match expression {
            Expression::Literal(literal) => match literal {
                Literal::Null => Value::Null,
                Literal::Bool(value) => Value::Bool(*value),
                Literal::Whole(number) => Value::Whole(*number),
                Literal::Real(number) => Value::Real(*number),
                Literal::Text(text) => Value::Str(text),
            },
            Expression::Name(..) | Expression::Item { .. } => match self.look_up(expression)? {
                Found::Value(value) => value,
                Found::Missing(part) => {
                    self.miss(part.path(), position(part));
                    Value::Null
                }
            },
            Expression::List(items) => {
                self.spend(items.len(), items.first().map_or(0, position))?;
                let items: Done<Vec<_>> = items.iter().map(|item| self.evaluate(item)).collect();
                items?.into()
            }
            Expression::Object(pairs) => {
                let mut made: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    self.spend(made.len().saturating_add(1), position(key))?;
                    let (key, value) = (self.evaluate(key)?, self.evaluate(value)?);
                    // The last of several with one key counts, in the place of the first.
                    match made.iter_mut().find(|(known, _)| known.text() == key.text()) {
                        Some((_, known)) => *known = value,
                        None => made.push((key, value)),
                    }
                }
                Value::Object(made.into())
            }
            Expression::Not(inner) => Value::Bool(!self.evaluate(inner)?.truth()),
            Expression::And(left, right) => Value::Bool(self.evaluate(left)?.truth() && self.evaluate(right)?.truth()),
            Expression::Or(left, right) => Value::Bool(self.evaluate(left)?.truth() || self.evaluate(right)?.truth()),
            Expression::Choice(condition, yes, no) => {
                let chosen = if self.evaluate(condition)?.truth() { yes } else { no };
                self.evaluate(chosen)?
            }
            Expression::Otherwise(value, other) => {
                let value = self.evaluate(value)?;
                if value.truth() { value } else { self.evaluate(other)? }
            }
            Expression::Given { value, other, unless } => match self.look_up(value)? {
                Found::Value(value) if *unless == Unless::Null && !value.is_null() => value,
                Found::Value(value) if *unless == Unless::Empty && !value.is_empty() => value,
                Found::Value(_) | Found::Missing(_) => self.evaluate(other)?,
            },
            Expression::Defined(value) => Value::Bool(matches!(self.look_up(value)?, Found::Value(_))),
            Expression::Call { function, arguments, at } => {
                let arguments: Done<Vec<_>> = arguments.iter().map(|argument| self.evaluate(argument)).collect();
                let arguments = arguments?;
                let weight = arguments.iter().map(|value| value.weight().saturating_add(1)).sum();
                let made = self.budget.spend(weight).and_then(|()| (function.run)(&arguments, &mut self.budget));
                made.map_err(|reason| Fault::at(*at, reason))?
            }
        })
    }
}

/// Where an expression starts, as far as it is known.
fn position(expression: &Expression) -> usize {
    match expression {
        Expression::Name(_, at) | Expression::Call { at, .. } => *at,
        Expression::Item { of, at, key: _ } => {
            if of.reads() {
                position(of)
            } else {
                *at
            }
        }
        Expression::Not(inner)
        | Expression::Defined(inner)
        | Expression::And(inner, _)
        | Expression::Or(inner, _)
        | Expression::Choice(inner, ..)
        | Expression::Otherwise(inner, _)
        | Expression::Given { value: inner, .. } => position(inner),
        Expression::Literal(_) | Expression::List(_) | Expression::Object(_) => 0,
    }
}
