//! The limited Twig of MailerSend's personalization, and the older simple syntax beside it.
//!
//! This is what the emulator renders messages with, open to whoever wants to look at a template without sending it: its
//! mistakes with their places, the variables it reads, and what a reader would see.
//!
//! Documented of the limited Twig are values, nested values, arithmetic, conditions in text and HTML, and the filters
//! `escape`, `default`, `length`, `lower`, `upper` and `keys`. What the documentation does not name is refused like any
//! other mistake (MS42213) rather than rendered wrongly: `set`, macros, includes, blocks, and filters that are not listed.
//!
//! UNCERTAIN: missing variables are empty; nothing is escaped unless asked for; loops and other filters exist; objects are
//! walked in the order of their keys.
//!
//! # Examples
//!
//! ```
//! use mailferry_emulator::twig::Template;
//! use serde_json::json;
//!
//! let template = Template::compile("Hi {{ name|upper }}, {% if plan.tier == 'pro' %}pro{% else %}free{% endif %}")?;
//! assert_eq!(template.variables(), ["name", "plan.tier"]);
//! let rendered = template.render(&json!({"plan": {"tier": "pro"}}))?;
//! assert_eq!((rendered.text.as_str(), rendered.missing[0].name.as_str()), ("Hi , pro", "name"));
//! # Ok::<(), mailferry_emulator::twig::Problem>(())
//! ```

mod compare;
mod expression;
mod lexer;
mod library;
mod parser;
mod problem;
mod render;
#[cfg(test)]
mod semantics;
mod simple;
mod syntax;
#[cfg(test)]
mod tests;
mod texts;
mod value;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use self::expression::is_variable as is_variable_name;
pub(crate) use self::library::Allowance;
pub use self::problem::Problem;
use self::problem::{Fault, place};
use self::render::{Data, Renderer};
pub use self::simple::{Braces, Change, Converted, Left, Token, simple_tokens, to_advanced};
use self::syntax::{Node, Variables};

/// The largest text that is rendered, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// One compiled text.
#[derive(Clone)]
pub struct Template {
    source: Arc<str>,
    nodes: Arc<[Node]>,
}

/// What a reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The variables that rendering looked up and did not find, each once and at most 100 of them. What `default`, `??` and
    /// `is defined` ask for is not missing, nor what stands in a branch that was not taken.
    pub missing: Vec<Missing>,
}

/// A variable that was looked up in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// As the template writes it: `plan.tier`, or `$name` for the simple syntax.
    pub name: String,
    /// The line where it was first looked up, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Whether it has tags of the limited Twig.
    pub(crate) advanced: bool,
    /// Whether it has tokens of the simple syntax.
    pub(crate) simple: bool,
    /// Conditions and loops are for text and HTML only (documented; that they are a mistake in a subject instead of
    /// ordinary text is UNCERTAIN).
    pub(crate) subject: bool,
}

impl Template {
    /// Compiles the template of a text or of HTML.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place.
    pub fn compile(source: impl Into<Arc<str>>) -> Result<Self, Problem> {
        Self::read(source.into(), Syntax { advanced: true, simple: false, subject: false })
    }

    /// Compiles the template of a subject, which may have values only.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile); a condition or a loop is a mistake.
    pub fn compile_subject(source: impl Into<Arc<str>>) -> Result<Self, Problem> {
        Self::read(source.into(), Syntax { advanced: true, simple: false, subject: true })
    }

    pub(crate) fn read(source: Arc<str>, syntax: Syntax) -> Result<Self, Problem> {
        let nodes = parser::parse(&source, syntax).map_err(|fault| fault.in_source(&source))?;
        Ok(Self { source, nodes: nodes.into() })
    }

    /// The text for someone with `data`, an object; anything else counts as an empty one.
    ///
    /// # Errors
    ///
    /// When it cannot be rendered with them: what is calculated with is no number, is divided by zero, or grows beyond 16
    /// MiB or a million steps.
    pub fn render(&self, data: &Value) -> Result<Rendered, Problem> {
        self.fill(data, &[], None, &mut Allowance::default())
    }

    /// As [`render`](Self::render), within what is left of `allowance`. Tags of `reserved` names stay, unless the data have
    /// them.
    pub(crate) fn fill(
        &self,
        data: &Value,
        reserved: &[String],
        substitutions: Option<&HashMap<&str, &str>>,
        allowance: &mut Allowance,
    ) -> Result<Rendered, Problem> {
        let data = Data { variables: data.as_object(), reserved, substitutions };
        match Renderer::new(&self.source, data, allowance).finish(&self.nodes, allowance) {
            Ok((text, missing)) => {
                let missing = missing.into_iter().map(|(name, at)| {
                    let (line, column) = place(&self.source, at);
                    Missing { name, line, column }
                });
                Ok(Rendered { text, missing: missing.collect() })
            }
            Err(fault) => Err(fault.in_source(&self.source)),
        }
    }

    /// The text itself, when every reader sees just that.
    pub(crate) fn plain(&self) -> Option<&Arc<str>> {
        match &*self.nodes {
            [] if self.source.is_empty() => Some(&self.source),
            [Node::Text(range)] if *range == (0..self.source.len()) => Some(&self.source),
            _ => None,
        }
    }

    /// The variables that it reads, in any branch, as it writes them and in the order of the alphabet: `plan.tier`. Those
    /// that its own loops make are not among them.
    pub fn variables(&self) -> Vec<String> {
        let mut variables = Variables::default();
        variables.read(&self.nodes);
        variables.paths.into_iter().collect()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("source", &self.source).finish_non_exhaustive()
    }
}
