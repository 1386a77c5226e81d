//! Templates in a folder: `NAME.html`, and `NAME.txt` beside it.
//!
//! What is no content stands in a comment at the top of the HTML, each line a key and its value:
//!
//! ```html
//! <!-- mailferry
//! subject: Your order {{ number }} has shipped
//! from: shop@example.com
//! id: 0r83ql3jjz4zw1jm
//! name: Shipped
//! -->
//! ```

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;

use super::{Source, Stored, Template};
use crate::id;
use crate::twig::Problem;

/// The most templates that are read.
const MOST_FILES: usize = 1_000;
/// The largest file that is read, in bytes: MailerSend takes 2 MB of a message's HTML and text.
const LARGEST: u64 = 2 * 1024 * 1024;
const HEAD: &str = "<!-- mailferry";
/// The longest name, in characters: MailerSend takes 50.
const LONGEST_NAME: usize = 50;

/// A folder that is read again where it has changed.
#[derive(Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    /// By the name of the files, without what follows the point.
    known: BTreeMap<String, Known>,
}

#[derive(Clone)]
struct Known {
    state: State,
    stored: Arc<Stored>,
}

/// By what a change of two files is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    html: Option<(Option<SystemTime>, u64)>,
    text: Option<(Option<SystemTime>, u64)>,
}

impl Folder {
    /// Reads the folder for the first time.
    ///
    /// # Errors
    ///
    /// When it, or anything in it, cannot be read; the error names the file, and the line if there is one.
    pub(crate) fn open(path: PathBuf, now: Timestamp) -> io::Result<Self> {
        let mut folder = Self { path, known: BTreeMap::new() };
        for name in folder.names()? {
            let state = folder.state(&name);
            let stored =
                folder.read(&name, now).map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
            folder.keep(name, state, stored).map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        }
        Ok(folder)
    }

    /// All its templates by name, after a look at every file.
    pub(super) fn all(&mut self, now: Timestamp) -> Vec<Arc<Stored>> {
        match self.names() {
            Ok(names) => {
                self.known.retain(|known, _| names.contains(known));
                for name in &names {
                    self.refresh(name, now);
                }
            }
            Err(error) => tracing::warn!(%error, "the folder of templates cannot be read"),
        }
        self.known.values().map(|known| Arc::clone(&known.stored)).collect()
    }

    /// The template called `id`, after a look at its files; at all of them when it is not known.
    pub(super) fn find(&mut self, id: &str, now: Timestamp) -> Option<Arc<Stored>> {
        let name = self.known.iter().find(|(_, known)| known.stored.id == id).map(|(name, _)| name.clone());
        if let Some(name) = name {
            self.refresh(&name, now);
            if let Some(known) = self.known.get(&name).filter(|known| known.stored.id == id) {
                return Some(Arc::clone(&known.stored));
            }
        }
        self.all(now).into_iter().find(|stored| stored.id == id)
    }

    /// The names of all templates, by the alphabet.
    fn names(&self) -> io::Result<Vec<String>> {
        let unreadable = |error: io::Error| {
            let text = format!("the folder of templates {} cannot be read: {error}", self.path.display());
            io::Error::new(error.kind(), text)
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.file_name();
            let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".html")) else { continue };
            if !name.is_empty() && !name.starts_with('.') {
                names.push(name.to_owned());
            }
            if names.len() > MOST_FILES {
                let text = format!("{} has more than {MOST_FILES} templates", self.path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn file(&self, name: &str, kind: &str) -> PathBuf {
        self.path.join(format!("{name}.{kind}"))
    }

    fn state(&self, name: &str) -> State {
        let of = |data: Metadata| (data.modified().ok(), data.len());
        let state = |kind| fs::metadata(self.file(name, kind)).ok().map(of);
        State { html: state("html"), text: state("txt") }
    }

    fn refresh(&mut self, name: &str, now: Timestamp) {
        let state = self.state(name);
        if state.html.is_none() {
            self.known.remove(name);
            return;
        }
        if self.known.get(name).is_some_and(|known| known.state == state) {
            return;
        }
        let read = self.read(name, now).and_then(|stored| self.keep(name.to_owned(), state.clone(), stored));
        if let Err(problem) = read {
            tracing::warn!(problem, "a template stays as it was");
            if let Some(known) = self.known.get_mut(name) {
                known.stored = Arc::new(known.stored.with_problem(problem));
                known.state = state;
            }
        }
    }

    fn keep(&mut self, name: String, state: State, stored: Stored) -> Result<(), String> {
        let mut others = self.known.iter().filter(|(known, _)| **known != name);
        if let Some((other, _)) = others.find(|(_, known)| known.stored.id == stored.id) {
            let (file, other) = (self.file(&name, "html"), self.file(other, "html"));
            return Err(format!("{} and {} have the same id {}", file.display(), other.display(), stored.id));
        }
        self.known.insert(name, Known { state, stored: Arc::new(stored) });
        Ok(())
    }

    fn read(&self, name: &str, now: Timestamp) -> Result<Stored, String> {
        let file = self.file(name, "html");
        let html = content(&file)?.ok_or_else(|| format!("{} is gone", file.display()))?;
        let text = content(&self.file(name, "txt"))?;
        let (template, lines) = parse(name, &html)
            .map_err(|problem| format!("{}, line {}: {}", file.display(), problem.line(), problem.reason()))?;
        let created_at = self.known.get(name).map_or(now, |known| known.stored.created_at);
        let mut stored = Stored::new(Template { text, ..template }, Source::Folder, now).below(lines);
        stored.created_at = created_at;
        Ok(stored)
    }
}

impl Template {
    /// The template in a file of a [folder](crate::Builder::template_folder): `name` is the file's without its ending, and
    /// `html` what is in it, with the head that it may have. The text stands in another file.
    ///
    /// # Errors
    ///
    /// When the head is not in its form, or there is no HTML.
    ///
    /// # Examples
    ///
    /// ```
    /// use mailferry_emulator::Template;
    ///
    /// let template = Template::parse("shipped", "<!-- mailferry\nsubject: It has shipped\n-->\n<p>Hi</p>")?;
    /// assert_eq!((template.subject.as_deref(), template.html.as_deref()), (Some("It has shipped"), Some("<p>Hi</p>")));
    /// # Ok::<(), mailferry_emulator::twig::Problem>(())
    /// ```
    pub fn parse(name: &str, html: &str) -> Result<Self, Problem> {
        parse(name, html).map(|(template, _)| template)
    }

    /// The templates in a [folder](crate::Builder::template_folder) as they are now, by the names of their files.
    ///
    /// # Errors
    ///
    /// When the folder, or anything in it, cannot be read; the error names the file, and the line if there is one.
    pub fn read_folder(path: impl Into<PathBuf>) -> io::Result<Vec<Self>> {
        let folder = Folder::open(path.into(), Timestamp::UNIX_EPOCH)?;
        Ok(folder.known.into_values().map(|known| known.stored.template()).collect())
    }
}

fn content(file: &Path) -> Result<Option<String>, String> {
    match fs::metadata(file) {
        Ok(data) if data.len() > LARGEST => return Err(format!("{} is larger than 2 MB", file.display())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be read: {error}", file.display())),
    }
    let bytes = fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", file.display()))?;
    Ok(Some(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned)))
}

/// The template in `file`, and how many lines come before its HTML.
fn parse(name: &str, file: &str) -> Result<(Template, usize), Problem> {
    let mut template = Template::new(id::template(name));
    template.name = Some(name.chars().take(LONGEST_NAME).collect());
    let mut lines = file.lines().zip(1_usize..);
    let first = lines.next().map_or("", |(line, _)| line.trim_end());
    if first != HEAD {
        let html = Some(file.to_owned()).filter(|html| !html.trim().is_empty());
        template.html = Some(html.ok_or_else(|| Problem::new(1, 1, "it is empty"))?);
        return Ok((template, 0));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (line, number) in lines.by_ref() {
        let line = line.trim();
        if line == "-->" {
            let html: Vec<&str> = file.split_inclusive('\n').skip(number).collect();
            let html = Some(html.concat()).filter(|html| !html.trim().is_empty());
            template.html = Some(html.ok_or_else(|| Problem::new(number, 1, "there is no HTML after the head"))?);
            return Ok((template, number));
        }
        if line.is_empty() {
            continue;
        }
        let wrong = |reason: String| Problem::new(number, 1, reason);
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| wrong("there is no `key: value`, and no `-->` that ends the head".to_owned()))?;
        let (key, value) = (key.trim(), value.trim());
        if seen.contains(&key) {
            return Err(wrong(format!("`{key}` stands there twice")));
        }
        seen.push(key);
        let text = Some(value.to_owned()).filter(|value| !value.is_empty());
        let text = text.ok_or_else(|| wrong(format!("`{key}` has no value")))?;
        match key {
            "subject" => template.subject = Some(text),
            "from" if crate::rules::is_address(&text) => template.from = Some(text),
            "from" => return Err(wrong(format!("`from`: {text:?} is not an email address"))),
            "name" if text.chars().count() <= LONGEST_NAME => template.name = Some(text),
            "name" => return Err(wrong(format!("`name` is longer than {LONGEST_NAME} characters"))),
            "id" if id::is_hashid(&text) => template.id = text,
            "id" => {
                return Err(wrong(format!("`id`: {text:?} is not sixteen of the letters 0123456789degjklmnopqrvwxyz")));
            }
            _ => return Err(wrong(format!("`{key}` is none of subject, from, name and id"))),
        }
    }
    Err(Problem::new(1, 1, format!("the head that `{HEAD}` begins is never ended by a line `-->`")))
}
