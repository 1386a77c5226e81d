//! A template's source, cut into its pieces.

use std::ops::Range;

use super::expression::Parser;
use super::lexer::{Close, Trim, lex};
use super::syntax::{Expression, Node};
use super::{Fault, Syntax, simple};

/// How deep conditions and loops may nest.
const DEEPEST: usize = 40;

/// A condition or a loop that has not ended yet.
struct Open {
    kind: Kind,
    at: usize,
    /// What belongs to the branch that is being read.
    nodes: Vec<Node>,
}

enum Kind {
    If { branches: Vec<(Expression, Vec<Node>)>, condition: Option<Expression> },
    For { key: Option<String>, item: String, list: Expression, body: Option<Vec<Node>> },
}

struct Reader<'a> {
    source: &'a str,
    syntax: Syntax,
    nodes: Vec<Node>,
    open: Vec<Open>,
}

/// Reads `source`.
pub(super) fn parse(source: &str, syntax: Syntax) -> Result<Vec<Node>, Fault> {
    let mut reader = Reader { source, syntax, nodes: Vec::new(), open: Vec::new() };
    if !syntax.advanced {
        reader.text(0..source.len(), Trim::Nothing);
        return Ok(reader.nodes);
    }
    let mut at = 0;
    while let Some((tag_at, tag)) = next_tag(source, at) {
        let inside = tag_at.saturating_add(2);
        let trim = Trim::of(source.as_bytes().get(inside).copied());
        let start = inside.saturating_add(usize::from(trim != Trim::Nothing));
        reader.text(at..tag_at, trim);
        let (after, end) = match tag {
            "{#" => reader.comment(start, tag_at)?,
            "{{" => {
                let lexed = lex(source, start, Close::Output)?;
                let mut parser = Parser::new(lexed.tokens, lexed.end.saturating_sub(2));
                let expression = parser.expression()?;
                parser.finished()?;
                reader.nodes().push(Node::Output(expression));
                (lexed.trim, lexed.end)
            }
            _ => {
                if syntax.subject {
                    return Err(Fault::at(tag_at, "a subject may have values, but no conditions and no loops"));
                }
                let lexed = lex(source, start, Close::Tag)?;
                let mut parser = Parser::new(lexed.tokens, lexed.end.saturating_sub(2));
                reader.statement(&mut parser, tag_at)?;
                (lexed.trim, lexed.end)
            }
        };
        let rest = source.get(end..).unwrap_or_default();
        let mut left = after.start_of(rest);
        if tag != "{{" && after != Trim::Line {
            // The line break after a statement belongs to it, as in PHP; `~` leaves it.
            left = left.strip_prefix('\n').or_else(|| left.strip_prefix("\r\n")).unwrap_or(left);
        }
        at = source.len().saturating_sub(left.len());
    }
    reader.text(at..source.len(), Trim::Nothing);
    match reader.open.pop() {
        Some(Open { kind, at, .. }) => Err(match kind {
            Kind::If { .. } => Fault::at(at, "this `if` has no `endif`"),
            Kind::For { .. } => Fault::at(at, "this `for` has no `endfor`"),
        }),
        None => Ok(reader.nodes),
    }
}

fn next_tag(source: &str, from: usize) -> Option<(usize, &str)> {
    let mut from = from;
    loop {
        let at = from.checked_add(source.get(from..)?.find('{')?)?;
        match source.get(at..at.checked_add(2)?) {
            Some(tag @ ("{{" | "{%" | "{#")) => return Some((at, tag)),
            _ => from = at.checked_add(1)?,
        }
    }
}

impl Reader<'_> {
    fn nodes(&mut self) -> &mut Vec<Node> {
        self.open.last_mut().map_or(&mut self.nodes, |open| &mut open.nodes)
    }

    /// Keeps this part of the source, but for the whitespace that the tag after it takes.
    fn text(&mut self, range: Range<usize>, trim: Trim) {
        let text = self.source.get(range.clone()).unwrap_or_default();
        let end = range.start.saturating_add(trim.end_of(text).len());
        let mut start = range.start;
        if self.syntax.simple {
            for token in simple::tokens_in(self.source, start..end) {
                let (at, after) = (token.range.start, token.range.end);
                if start < at {
                    self.nodes().push(Node::Text(start..at));
                }
                self.nodes().push(Node::Simple(token.name.to_owned(), at..after));
                start = after;
            }
        }
        if start < end {
            self.nodes().push(Node::Text(start..end));
        }
    }

    /// Where a comment ends, and which whitespace goes with it.
    fn comment(&self, start: usize, at: usize) -> Result<(Trim, usize), Fault> {
        let inner = self.source.get(start..).unwrap_or_default();
        let end = inner.find("#}").ok_or_else(|| Fault::at(at, "the comment is never closed with `#}`"))?;
        let trim = Trim::of(end.checked_sub(1).and_then(|last| inner.as_bytes().get(last).copied()));
        Ok((trim, start.saturating_add(end).saturating_add(2)))
    }

    fn begin(&mut self, kind: Kind, at: usize) -> Result<(), Fault> {
        if self.open.len() >= DEEPEST {
            return Err(Fault::at(at, "conditions and loops are nested too deep"));
        }
        self.open.push(Open { kind, at, nodes: Vec::new() });
        Ok(())
    }

    fn statement(&mut self, parser: &mut Parser, tag_at: usize) -> Result<(), Fault> {
        let (keyword, at) = parser.keyword()?;
        match keyword.as_str() {
            "if" => {
                let condition = Some(parser.expression()?);
                self.begin(Kind::If { branches: Vec::new(), condition }, tag_at)?;
            }
            "for" => {
                let first = parser.variable_name()?;
                let second = if parser.accept(",") { Some(parser.variable_name()?) } else { None };
                if !parser.accept_name("in") {
                    return Err(parser.unexpected("`in`"));
                }
                let list = parser.expression()?;
                let (key, item) = match second {
                    Some(second) => (Some(first), second),
                    None => (None, first),
                };
                self.begin(Kind::For { key, item, list, body: None }, tag_at)?;
            }
            "elseif" => {
                let condition = parser.expression()?;
                self.next_branch(Some(condition), at, "elseif")?;
            }
            "else" => self.next_branch(None, at, "else")?,
            "endif" | "endfor" => self.end(&keyword, at)?,
            _ => {
                return Err(Fault::at(at, format!("there is no tag `{keyword}` in the limited Twig")));
            }
        }
        parser.finished()
    }

    /// What comes after `elseif`, or without a condition after `else`.
    fn next_branch(&mut self, next: Option<Expression>, at: usize, keyword: &str) -> Result<(), Fault> {
        let misplaced = || Fault::at(at, format!("this `{keyword}` belongs to no `if`"));
        let Open { kind, nodes, at: _ } = self.open.last_mut().ok_or_else(misplaced)?;
        match kind {
            Kind::If { branches, condition } => {
                let ended = condition.take().ok_or_else(misplaced)?;
                branches.push((ended, std::mem::take(nodes)));
                *condition = next;
            }
            Kind::For { body: body @ None, .. } if next.is_none() => *body = Some(std::mem::take(nodes)),
            Kind::For { .. } => return Err(misplaced()),
        }
        Ok(())
    }

    fn end(&mut self, keyword: &str, at: usize) -> Result<(), Fault> {
        let node = match self.open.pop() {
            Some(Open { kind: Kind::If { mut branches, condition }, nodes, at: _ }) if keyword == "endif" => {
                let otherwise = match condition {
                    Some(condition) => {
                        branches.push((condition, nodes));
                        Vec::new()
                    }
                    None => nodes,
                };
                Node::If { branches, otherwise }
            }
            Some(Open { kind: Kind::For { key, item, list, body }, nodes, at: _ }) if keyword == "endfor" => {
                let (body, otherwise) = match body {
                    Some(body) => (body, nodes),
                    None => (nodes, Vec::new()),
                };
                Node::For { key, item, list, body, otherwise }
            }
            _ => return Err(Fault::at(at, format!("this `{keyword}` ends nothing that is open here"))),
        };
        self.nodes().push(node);
        Ok(())
    }
}
