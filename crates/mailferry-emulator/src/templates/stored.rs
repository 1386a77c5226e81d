//! One stored template, compiled once.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::twig::{self, Problem, Syntax, simple_tokens};

/// A template that messages can name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) source: Source,
    pub(crate) domain_id: Option<String>,
    pub(crate) categories: Vec<String>,
    /// Of messages that have none (facts sheet 3.1, documented).
    pub(crate) tags: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Why its files cannot be read as they are now; until they can, it stays as it was.
    pub(crate) problem: Option<String>,
    subject: Option<Content>,
    text: Option<Content>,
    html: Option<Content>,
}

/// Who made a template, and so who may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    Api,
    Folder,
    Page,
    Builder,
}

/// A text, and what it is compiled to the first time that it is needed.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    source: Arc<str>,
    /// How many lines of its file come before it.
    lines_before: usize,
    #[serde(skip)]
    compiled: OnceLock<(Syntax, Result<twig::Template, Problem>)>,
}

impl Stored {
    /// What `template` says, made at `now`.
    pub(crate) fn new(template: Template, source: Source, now: Timestamp) -> Self {
        let Template { id, name, subject, from, html, text } = template;
        let content = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Content::new);
        Self {
            id,
            name,
            from,
            source,
            domain_id: None,
            categories: Vec::new(),
            tags: Vec::new(),
            created_at: now,
            updated_at: now,
            problem: None,
            subject: content(subject),
            text: content(text),
            html: content(html),
        }
    }

    /// What was said of it.
    pub(crate) fn template(&self) -> Template {
        let content = |field| self.content(field).map(|text| text.as_ref().to_owned());
        let mut template = Template::new(&self.id);
        (template.name, template.from) = (self.name.clone(), self.from.clone());
        (template.subject, template.html, template.text) = (content("subject"), content("html"), content("text"));
        template
    }

    /// The same template, whose HTML starts after so many lines of its file.
    pub(super) fn below(mut self, lines: usize) -> Self {
        if let Some(html) = &mut self.html {
            html.lines_before = lines;
        }
        self
    }

    /// The same template with a problem to show beside it.
    pub(super) fn with_problem(&self, problem: String) -> Self {
        Self { problem: Some(problem), ..self.copied() }
    }

    pub(super) fn copied(&self) -> Self {
        let content = |content: &Option<Content>| content.as_ref().map(Content::copied);
        Self {
            id: self.id.clone(),
            name: self.name.clone(),
            from: self.from.clone(),
            source: self.source,
            domain_id: self.domain_id.clone(),
            categories: self.categories.clone(),
            tags: self.tags.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            problem: self.problem.clone(),
            subject: content(&self.subject),
            text: content(&self.text),
            html: content(&self.html),
        }
    }

    /// What people call it.
    pub(crate) fn title(&self) -> &str {
        self.name.as_deref().or_else(|| self.content("subject").map(|subject| &**subject)).unwrap_or("Template")
    }

    fn field(&self, field: &str) -> Option<&Content> {
        match field {
            "subject" => self.subject.as_ref(),
            "text" => self.text.as_ref(),
            _ => self.html.as_ref(),
        }
    }

    /// Its `subject`, `text` or `html`.
    pub(crate) fn content(&self, field: &str) -> Option<&Arc<str>> {
        self.field(field).map(|content| &content.source)
    }

    /// The same with as many lines before it as it has in its file, so that the lines of mistakes can be found in it.
    pub(crate) fn file_of(&self, field: &str) -> String {
        let Some(content) = self.field(field) else { return String::new() };
        "\n".repeat(content.lines_before) + &content.source
    }

    /// The same, compiled; lines of mistakes are those of its file, if it has one.
    pub(crate) fn compiled(&self, field: &str, syntax: Syntax) -> Result<twig::Template, Problem> {
        let Some(content) = self.field(field) else { return twig::Template::read("".into(), syntax) };
        let (known, compiled) = content.compiled.get_or_init(|| (syntax, content.compile(syntax)));
        // Messages with and without personalization read it differently; the first that comes decides what is kept.
        if *known == syntax { compiled.clone() } else { content.compile(syntax) }
    }

    /// What is wrong with it as a template of the limited Twig, field by field.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, Problem)> {
        let compile = |field: &'static str| {
            let syntax = Syntax { advanced: true, simple: false, subject: field == "subject" };
            Some((field, self.compiled(field, syntax).err()?))
        };
        ["subject", "html", "text"].into_iter().filter_map(compile).collect()
    }

    /// The variables it reads: those of the advanced syntax by their first names, and those of the simple one.
    pub(crate) fn variables(&self) -> (BTreeSet<String>, BTreeSet<&str>) {
        let (mut advanced, mut simple) = (BTreeSet::new(), BTreeSet::new());
        for field in ["subject", "text", "html"] {
            let syntax = Syntax { advanced: true, simple: false, subject: field == "subject" };
            let paths = self.compiled(field, syntax).map(|compiled| compiled.variables()).unwrap_or_default();
            let root = |path: &String| path.split(['.', '[']).next().unwrap_or_default().to_owned();
            advanced.extend(paths.iter().map(root));
            let tokens = self.content(field).into_iter().flat_map(|content| simple_tokens(content));
            simple.extend(tokens.map(|token| token.name));
        }
        (advanced, simple)
    }

    /// Roughly how much memory it takes, for the cap.
    pub(super) fn weight(&self) -> usize {
        let size = |field| self.content(field).map_or(0, |content| content.len());
        size("subject").saturating_add(size("text")).saturating_add(size("html")).saturating_add(1024)
    }
}

impl Content {
    fn new(source: String) -> Self {
        Self { source: source.into(), lines_before: 0, compiled: OnceLock::new() }
    }

    fn copied(&self) -> Self {
        Self { source: Arc::clone(&self.source), lines_before: self.lines_before, compiled: self.compiled.clone() }
    }

    fn compile(&self, syntax: Syntax) -> Result<twig::Template, Problem> {
        let compiled = twig::Template::read(Arc::clone(&self.source), syntax);
        compiled.map_err(|problem| problem.below(self.lines_before))
    }
}
