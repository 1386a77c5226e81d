//! What a template consists of, once it is read.

use std::collections::BTreeSet;
use std::ops::Range;

use super::library::Function;

/// One piece of a template.
#[derive(Debug)]
pub(super) enum Node {
    /// This part of the source, as it stands.
    Text(Range<usize>),
    /// `{{ … }}`.
    Output(Expression),
    /// `{$…}`, with its place.
    Simple(String, Range<usize>),
    If {
        /// Conditions and what they guard, the first that holds counts.
        branches: Vec<(Expression, Vec<Self>)>,
        otherwise: Vec<Self>,
    },
    For {
        key: Option<String>,
        item: String,
        list: Expression,
        body: Vec<Self>,
        otherwise: Vec<Self>,
    },
}

/// Positions are bytes of the source, for what may fail while it is rendered.
#[derive(Debug)]
pub(super) enum Expression {
    Literal(Literal),
    Name(String, usize),
    Item {
        of: Box<Self>,
        key: Box<Self>,
        at: usize,
    },
    List(Vec<Self>),
    Object(Vec<(Self, Self)>),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    /// `condition ? yes : no`.
    Choice(Box<Self>, Box<Self>, Box<Self>),
    /// `value ?: other`.
    Otherwise(Box<Self>, Box<Self>),
    /// `value ?? other`, and `value|default(other)`: the value may be missing.
    Given {
        value: Box<Self>,
        other: Box<Self>,
        unless: Unless,
    },
    Defined(Box<Self>),
    Call {
        function: &'static Function,
        arguments: Vec<Self>,
        at: usize,
    },
}

/// When the other value is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unless {
    Null,
    Empty,
}

#[derive(Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Whole(i64),
    Real(f64),
    Text(String),
}

impl From<Literal> for Expression {
    fn from(literal: Literal) -> Self {
        Self::Literal(literal)
    }
}

impl Expression {
    /// Whether it reads a variable or something in one, which may be missing.
    pub(super) fn reads(&self) -> bool {
        matches!(self, Self::Name(..) | Self::Item { .. })
    }

    /// Whether Twig lets it be asked for being defined: variables, what is in them, and what is written out.
    pub(super) fn can_be_undefined(&self) -> bool {
        let is_written_out = matches!(self, Self::Literal(_) | Self::List(_) | Self::Object(_));
        self.reads() || is_written_out || matches!(self, Self::Given { unless: Unless::Null, .. })
    }

    /// How a template writes it: `plan.tier`, `items.0`, `items[…]`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Name(name, _) => name.clone(),
            Self::Item { of, key, at: _ } => match &**key {
                Self::Literal(Literal::Text(key)) => format!("{}.{key}", of.path()),
                Self::Literal(Literal::Whole(place)) => format!("{}.{place}", of.path()),
                _ => format!("{}[…]", of.path()),
            },
            _ => "(…)".to_owned(),
        }
    }

    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match self {
            Self::Literal(_) | Self::Name(..) => {}
            Self::Item { of, key, at: _ } => {
                visit(of);
                visit(key);
            }
            Self::List(items) | Self::Call { arguments: items, .. } => items.iter().for_each(visit),
            Self::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Self::Not(inner) | Self::Defined(inner) => visit(inner),
            Self::And(left, right) | Self::Or(left, right) | Self::Otherwise(left, right) => {
                visit(left);
                visit(right);
            }
            Self::Given { value, other, unless: _ } => {
                visit(value);
                visit(other);
            }
            Self::Choice(condition, yes, no) => {
                visit(condition);
                visit(yes);
                visit(no);
            }
        }
    }
}

/// The variables that a template reads, wherever, as it writes them; without those that it makes itself.
#[derive(Default)]
pub(super) struct Variables<'a> {
    pub(super) paths: BTreeSet<String>,
    pub(super) simple: BTreeSet<&'a str>,
    own: Vec<&'a str>,
}

impl<'a> Variables<'a> {
    pub(super) fn read(&mut self, nodes: &'a [Node]) {
        for node in nodes {
            match node {
                Node::Text(_) => {}
                Node::Simple(name, _) => {
                    self.simple.insert(name);
                }
                Node::Output(expression) => self.read_expression(expression),
                Node::If { branches, otherwise } => {
                    for (condition, body) in branches {
                        self.read_expression(condition);
                        self.read(body);
                    }
                    self.read(otherwise);
                }
                Node::For { key, item, list, body, otherwise } => {
                    self.read_expression(list);
                    let before = self.own.len();
                    self.own.extend(key.as_deref().into_iter().chain([item.as_str(), "loop"]));
                    self.read(body);
                    self.own.truncate(before);
                    self.read(otherwise);
                }
            }
        }
    }

    fn read_expression(&mut self, expression: &'a Expression) {
        if expression.reads() {
            let mut root = expression;
            while let Expression::Item { of, .. } = root {
                root = of;
            }
            if let Expression::Name(name, _) = root
                && !self.own.contains(&name.as_str())
            {
                self.paths.insert(expression.path());
            }
            // What brackets hold may read others.
            let mut inner = expression;
            while let Expression::Item { of, key, .. } = inner {
                self.read_expression(key);
                inner = of;
            }
            if !inner.reads() {
                self.read_expression(inner);
            }
            return;
        }
        let mut parts = Vec::new();
        expression.each(&mut |part| parts.push(part));
        for part in parts {
            self.read_expression(part);
        }
    }
}
