//! Where the parts of a mail are: one pass over the bytes, without recursion and without decoding anything.

use std::ops::Range;

use super::boundary::{Boundaries, Hit};
use super::claims::{Claims, Found};
use super::header::{Oddities, Scanner, line_at};
use super::problem::{Problem, ProblemKind};

/// Parts within parts are followed this deep; what is deeper stays closed.
pub(super) const MAX_DEPTH: usize = 1_000;
/// As many parts are told apart; the rest of the mail then belongs to none.
pub(super) const MAX_PARTS: usize = 100_000;

/// What a part is, as far as its structure is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It holds content.
    Leaf,
    /// It says that it holds parts, and its boundary is missing: what is there is read as text.
    Text,
    /// It holds parts.
    Multipart,
    /// It holds a mail, whose root is its only child.
    Message,
}

/// One part: where it is, and where its descendants end.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) headers: Range<usize>,
    pub(super) body: Range<usize>,
    pub(super) kind: Kind,
    /// The index after that of its last descendant.
    pub(super) end: usize,
    pub(super) claims: Claims,
}

/// All parts of a mail, each before its children.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) problems: Vec<Problem>,
}

impl Tree {
    pub(super) fn parse(raw: &[u8]) -> Self {
        let mut parser = Parser { raw, tree: Self::default(), open: Vec::new(), boundaries: Boundaries::default() };
        let mut at = Some(0);
        while let Some(start) = at {
            let body = parser.begin(start);
            at = parser.next_part(body);
        }
        parser.tree
    }
}

/// A part that holds parts and has not ended.
struct Open {
    node: usize,
    /// `None` for an attached mail, and for a multipart whose boundary is also that of one around it.
    boundary: Option<Vec<u8>>,
    is_digest: bool,
    progress: Progress,
}

/// How far an open part is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// An attached mail: it ends where what is around it ends.
    Message,
    /// A multipart before its first delimiter.
    Preamble,
    /// A multipart with parts.
    Parts,
    /// A multipart after its closing delimiter.
    Epilogue,
}

struct Parser<'a> {
    raw: &'a [u8],
    tree: Tree,
    open: Vec<Open>,
    boundaries: Boundaries,
}

impl Parser<'_> {
    /// Reads the header fields of a part, and of the mail that it holds, and so on. Returns where the body starts.
    fn begin(&mut self, mut at: usize) -> usize {
        loop {
            let node = self.tree.nodes.len();
            let in_digest = self.open.last().is_some_and(|open| open.is_digest);
            let mut scanner = Scanner::new(self.raw, at);
            let mut found = Found::default();
            while let Some(header) = scanner.next(Some(&self.boundaries)) {
                found.note(&header);
            }
            let body = scanner.position();
            self.note_oddities(node, scanner.oddities);
            if found.has_invalid_type() {
                self.problem(node, ProblemKind::InvalidContentType);
            }
            let boundary = found.boundary();
            let claims = found.claims(in_digest);
            let holds_mails = claims.content_type == "multipart/digest";
            let mut kind = self.kind(node, &claims, boundary.is_some());
            if kind == Kind::Multipart && !claims.encoding.is_identity() {
                self.problem(node, ProblemKind::EncodedMultipart);
            }
            let has_room = self.open.len() < MAX_DEPTH && node + 1 < MAX_PARTS;
            if matches!(kind, Kind::Multipart | Kind::Message) && !has_room {
                self.problem(node, ProblemKind::TooDeep);
                kind = Kind::Leaf;
            }
            self.tree.nodes.push(Node { headers: at..body, body: body..self.raw.len(), kind, end: node + 1, claims });
            if matches!(kind, Kind::Leaf | Kind::Text) {
                return body;
            }
            let boundary = boundary.filter(|_| kind == Kind::Multipart);
            let boundary = boundary.filter(|boundary| self.boundaries.open(boundary, self.open.len()));
            self.open.push(Open {
                node,
                boundary,
                is_digest: holds_mails,
                progress: if kind == Kind::Multipart { Progress::Preamble } else { Progress::Message },
            });
            if kind == Kind::Multipart {
                return body;
            }
            at = body;
        }
    }

    fn kind(&mut self, node: usize, claims: &Claims, has_boundary: bool) -> Kind {
        if claims.content_type.starts_with("multipart/") {
            if has_boundary {
                return Kind::Multipart;
            }
            self.problem(node, ProblemKind::MissingBoundary);
            return Kind::Text;
        }
        if is_message(&claims.content_type) && claims.encoding.is_identity() { Kind::Message } else { Kind::Leaf }
    }

    /// Looks for the line that ends what is at `at`. Returns where the next part starts, if there is one.
    fn next_part(&mut self, mut at: usize) -> Option<usize> {
        loop {
            let Some((hit, start, next)) = self.next_hit(at) else {
                // A part that is cut off ends as if its delimiter followed.
                let around = self.open.iter().rfind(|open| open.progress != Progress::Message);
                if around.is_some_and(|open| open.progress == Progress::Parts) {
                    self.end_leaf(line_end_before(self.raw, self.raw.len()));
                }
                self.end_above(None, self.raw.len());
                return None;
            };
            let before = line_end_before(self.raw, start);
            self.end_above(Some(hit.level), before.max(at.min(start)));
            at = next;
            let open = self.open.get_mut(hit.level)?;
            if hit.is_last {
                open.progress = Progress::Epilogue;
                if let Some(boundary) = open.boundary.take() {
                    self.boundaries.close(&boundary);
                }
                continue;
            }
            open.progress = Progress::Parts;
            // A delimiter that is repeated at once does not make an empty part.
            while let (line, after) = line_at(self.raw, at)
                && self.boundaries.hit(line) == Some(hit)
            {
                at = after;
            }
            if self.tree.nodes.len() < MAX_PARTS {
                return Some(at);
            }
            self.problem(0, ProblemKind::TooManyParts);
            self.end_above(None, self.raw.len());
            return None;
        }
    }

    /// The next delimiter at or after `at`, which is the start of a line: the hit, its line's start, the next line's.
    fn next_hit(&self, mut at: usize) -> Option<(Hit, usize, usize)> {
        if self.boundaries.is_empty() {
            return None;
        }
        let mut is_line_start = true;
        loop {
            if is_line_start && self.raw.get(at..at + 2) == Some(b"--") {
                let (line, next) = line_at(self.raw, at);
                if let Some(hit) = self.boundaries.hit(line) {
                    return Some((hit, at, next));
                }
                at = next;
            } else {
                at += find_dash(self.raw.get(at + 1..)?)? + 1;
                is_line_start = matches!(self.raw.get(at.wrapping_sub(1)), Some(b'\n' | b'\r'));
            }
        }
    }

    /// Ends the leaf that was last begun, unless it has ended.
    fn end_leaf(&mut self, end: usize) {
        let innermost = self.open.last().map(|open| open.node);
        let last = self.tree.nodes.len().checked_sub(1);
        if let Some(leaf) = self.tree.nodes.last_mut()
            && innermost != last
            && leaf.body.end == self.raw.len()
        {
            leaf.body.end = end.max(leaf.body.start);
        }
    }

    /// Ends every open part above a level, or all of them, and the leaf that was last begun.
    fn end_above(&mut self, level: Option<usize>, end: usize) {
        self.end_leaf(end);
        let count = self.tree.nodes.len();
        let keep = level.map_or(0, |level| level + 1);
        while self.open.len() > keep {
            let Some(open) = self.open.pop() else { break };
            if let Some(boundary) = &open.boundary {
                self.boundaries.close(boundary);
            }
            let Some(node) = self.tree.nodes.get_mut(open.node) else { continue };
            node.end = count;
            node.body.end = end.max(node.body.start);
            if matches!(open.progress, Progress::Message | Progress::Epilogue) {
                continue;
            }
            let is_blank = self.raw.get(node.body.clone()).unwrap_or_default().trim_ascii().is_empty();
            if open.progress == Progress::Parts || is_blank {
                self.problem(open.node, ProblemKind::UnclosedMultipart);
            } else {
                node.kind = Kind::Text;
                self.problem(open.node, ProblemKind::BoundaryNotFound);
            }
        }
    }

    fn note_oddities(&mut self, node: usize, oddities: Oddities) {
        if oddities.skipped {
            self.problem(node, ProblemKind::SkippedHeaderLine);
        }
        if oddities.no_blank_line {
            self.problem(node, ProblemKind::MissingBlankLine);
        }
    }

    fn problem(&mut self, part: usize, kind: ProblemKind) {
        self.tree.problems.push(Problem { part, kind });
    }
}

/// Whether a part of this type holds a mail.
pub(super) fn is_message(essence: &str) -> bool {
    matches!(essence, "message/rfc822" | "message/global" | "message/news")
}

/// Where the line before `start` ends: the line end before a delimiter belongs to the delimiter.
fn line_end_before(raw: &[u8], start: usize) -> usize {
    let before = raw.get(..start).unwrap_or_default();
    if before.ends_with(b"\r\n") {
        start - 2
    } else if before.ends_with(b"\n") || before.ends_with(b"\r") {
        start - 1
    } else {
        start
    }
}

/// The first `-`. Whole blocks without one are passed over at once, which is most of an encoded attachment.
fn find_dash(bytes: &[u8]) -> Option<usize> {
    let mut offset = 0;
    for block in bytes.chunks(256) {
        if block.contains(&b'-') {
            return Some(offset + block.iter().position(|&byte| byte == b'-')?);
        }
        offset += block.len();
    }
    None
}
