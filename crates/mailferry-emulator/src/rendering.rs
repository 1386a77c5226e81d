//! From the JSON of a message to what each of its readers sees.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::content::{LISTS, recipients};
use crate::message::{Rendered, Role};
use crate::settings::{RecipientLimits, Settings, VariableSettings};
use crate::templates::{Chosen, Stored};
use crate::twig::{self, Allowance, Problem, Syntax, simple_tokens};
use crate::warning::{Warning, WarningKind};

/// The most warnings that one email keeps of each field.
const MOST_WARNINGS: usize = 100;

/// A message as all its readers would see it, or why it cannot be shown.
#[derive(Debug, Default)]
pub(crate) struct Rendering {
    pub(crate) template: Chosen,
    failures: Vec<Failure>,
    /// The message's own texts, which readers share who see them unchanged.
    pub(crate) text: Option<Arc<str>>,
    pub(crate) html: Option<Arc<str>>,
    /// One for each recipient: `to`, then `cc`, then `bcc`.
    readers: Vec<Rendered>,
}

/// A field that cannot be compiled or rendered.
#[derive(Debug)]
struct Failure {
    field: &'static str,
    /// Whether the field is one of the stored template, and not of the message.
    is_stored: bool,
    problem: Problem,
}

/// The texts of one message before anything is filled in.
struct Source {
    field: &'static str,
    text: Arc<str>,
    stored: Option<Arc<Stored>>,
}

impl Source {
    fn compiled(&self, syntax: Syntax) -> Result<twig::Template, Problem> {
        match &self.stored {
            Some(stored) => stored.compiled(self.field, syntax),
            None => twig::Template::read(Arc::clone(&self.text), syntax),
        }
    }
}

/// Renders the message for each of its recipients.
///
/// Templates are compiled only when `personalization` was passed (facts sheet 5.2). A recipient without data of their
/// own sees what a single `to` recipient sees, so that copies of a bulk object are that object's; with several `to`
/// recipients they see the message with no data at all. Both UNCERTAIN. A stored template's text and HTML take the place
/// of the message's.
pub(crate) fn render(root: &Value, settings: &Settings, template: Chosen, most: RecipientLimits) -> Rendering {
    let count = LISTS.iter().filter_map(|(list, _)| root.get(list)?.as_array()).map(Vec::len).sum::<usize>();
    if count > most.total() {
        // It will be refused for that; rendering it a million times first would only take time.
        return Rendering { template, ..Rendering::default() };
    }
    let own = |field| root.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Arc::from);
    let mut rendering = Rendering { text: own("text"), html: own("html"), template, ..Rendering::default() };
    rendering.readers = vec![Rendered::default(); count];
    let values = Values::of(root, settings);
    // What there is to say to everybody, and to each.
    let mut common = Vec::new();
    let mut single: Vec<Vec<Warning>> = vec![Vec::new(); count];
    if let Chosen::Believed(id) = &rendering.template {
        common.push(Warning::new("template_id", WarningKind::UnknownTemplate, id));
    }
    let mut allowance = Allowance::default();
    for source in sources(root, &rendering) {
        common.extend(remarks(&source, &values, settings));
        if let Err(problem) = fill_in(&source, &values, settings, &mut rendering.readers, &mut single, &mut allowance) {
            rendering.failures.push(Failure { field: source.field, is_stored: source.stored.is_some(), problem });
        }
    }
    let shared: Arc<[Warning]> = common.into();
    for (reader, single) in rendering.readers.iter_mut().zip(single) {
        reader.warnings =
            if single.is_empty() { Arc::clone(&shared) } else { shared.iter().cloned().chain(single).collect() };
    }
    rendering
}

/// Writes one text for every reader, and what each has no value for.
fn fill_in(
    source: &Source,
    values: &Values<'_>,
    settings: &Settings,
    readers: &mut [Rendered],
    warnings: &mut [Vec<Warning>],
    allowance: &mut Allowance,
) -> Result<(), Problem> {
    let VariableSettings { simple, strict } = settings.variables;
    let syntax = Syntax { advanced: values.is_given, simple, subject: source.field == "subject" };
    let compiled = if syntax.advanced || syntax.simple { Some(source.compiled(syntax)?) } else { None };
    for ((place, reader), warnings) in readers.iter_mut().enumerate().zip(warnings) {
        let text = match compiled.as_ref().filter(|compiled| compiled.plain().is_none()) {
            None => Arc::clone(&source.text),
            Some(compiled) => {
                let email = values.recipients.get(place).map_or("", |(_, address)| *address);
                let (data, substitutions) = values.of_reader(email);
                let rendered = compiled.fill(data, &settings.reserved_variables, substitutions, allowance)?;
                if let Some(missing) = rendered.missing.first().filter(|_| strict) {
                    let reason = format!("`{}` is missing for {email}", missing.name);
                    return Err(Problem::new(missing.line, missing.column, reason));
                }
                let missing = rendered.missing.into_iter();
                warnings.extend(
                    missing.map(|missing| Warning::new(source.field, WarningKind::MissingVariable, missing.name)),
                );
                rendered.text.into()
            }
        };
        match source.field {
            "subject" => reader.subject = text,
            "text" => reader.text = Some(text),
            _ => reader.html = Some(text),
        }
    }
    Ok(())
}

fn sources(root: &Value, rendering: &Rendering) -> Vec<Source> {
    let stored = rendering.template.known();
    let of_template = |field: &'static str| {
        let text = Arc::clone(stored?.content(field)?);
        Some(Source { field, text, stored: stored.map(Arc::clone) })
    };
    let own = |field: &'static str, text: Option<Arc<str>>| Some(Source { field, text: text?, stored: None });
    let subject = root.get("subject").and_then(Value::as_str).filter(|text| !text.is_empty()).map(Arc::from);
    let subject = own("subject", subject).or_else(|| of_template("subject"));
    let has_content = stored.is_some_and(|stored| stored.content("html").or(stored.content("text")).is_some());
    let [text, html] = if has_content {
        [of_template("text"), of_template("html")]
    } else {
        [own("text", rendering.text.clone()), own("html", rendering.html.clone())]
    };
    [subject, text, html].into_iter().flatten().collect()
}

/// What there is to say about a text whoever reads it.
fn remarks(source: &Source, values: &Values<'_>, settings: &Settings) -> Vec<Warning> {
    let mut remarks = Vec::new();
    if !source.text.contains('{') {
        return remarks;
    }
    if !settings.variables.simple && source.text.contains("{$") {
        let mut names: Vec<&str> = Vec::new();
        for token in simple_tokens(&source.text) {
            if names.len() < MOST_WARNINGS && !names.contains(&token.name) {
                names.push(token.name);
            }
        }
        let warning = |name| Warning::new(source.field, WarningKind::SimpleSyntax, name);
        remarks.extend(names.into_iter().map(warning));
    }
    if !values.is_given && has_tags(&source.text, &settings.reserved_variables) {
        remarks.push(Warning::new(source.field, WarningKind::NotCompiled, ""));
    }
    remarks
}

/// Whether there are tags of the limited Twig beside those that MailerSend fills in itself.
fn has_tags(text: &str, reserved: &[String]) -> bool {
    // After one that never ends, no other does.
    let tags =
        text.match_indices("{{").map_while(|(at, braces)| text.get(at..)?.strip_prefix(braces)?.split_once("}}"));
    let mut names = tags.map(|(inner, _)| inner.trim());
    text.contains("{%") || names.any(|name| !reserved.iter().any(|known| known == name))
}

/// What a message brings for its recipients, by address in lower case.
struct Values<'a> {
    /// Nobody, when all readers see the same.
    recipients: Vec<(Role, &'a str)>,
    /// Whether there is any `personalization`, so that templates are compiled.
    is_given: bool,
    data: HashMap<String, &'a Value>,
    substitutions: HashMap<String, HashMap<&'a str, &'a str>>,
    /// The address whose values are for everybody who has none.
    shared: Option<String>,
}

impl<'a> Values<'a> {
    fn of(root: &'a Value, settings: &Settings) -> Self {
        let list = |name: &str| root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let address = |item: &Value| Some(item.get("email")?.as_str()?.to_ascii_lowercase());
        let data = list("personalization").iter().filter_map(|item| Some((address(item)?, item.get("data")?)));
        let pair = |item: &'a Value| Some((item.get("var")?.as_str()?, item.get("value")?.as_str()?));
        let substitutions = list("variables").iter().filter_map(|item| {
            Some((address(item)?, item.get("substitutions")?.as_array()?.iter().filter_map(pair).collect()))
        });
        let is_given = !list("personalization").is_empty();
        let recipients = if is_given || settings.variables.simple { recipients(root) } else { Vec::new() };
        let mut tos = recipients.iter().filter(|(role, _)| *role == Role::To);
        let only_to = tos.next().filter(|_| tos.next().is_none());
        let shared = only_to.map(|(_, address)| address.to_ascii_lowercase());
        Self { recipients, is_given, data: data.collect(), substitutions: substitutions.collect(), shared }
    }

    fn of_reader(&self, email: &str) -> (&'a Value, Option<&HashMap<&'a str, &'a str>>) {
        const NOTHING: &Value = &Value::Null;
        let email = email.to_ascii_lowercase();
        let shared = self.shared.as_deref();
        let data = self.data.get(&email).or_else(|| self.data.get(shared?)).copied().unwrap_or(NOTHING);
        (data, self.substitutions.get(&email).or_else(|| self.substitutions.get(shared?)))
    }
}

impl Rendering {
    /// Whether the rule about the field at `path` is broken; `template_id` stands for all of a stored template.
    pub(crate) fn failed(&self, path: &str) -> bool {
        self.failures.iter().any(|Failure { field, is_stored, problem: _ }| match path {
            "template_id" => *is_stored,
            _ => !is_stored && *field == path,
        })
    }

    /// Where and why it failed first, for people.
    pub(crate) fn note(&self) -> Option<String> {
        let Failure { field, is_stored, problem } = self.failures.first()?;
        let stored = self.template.known().filter(|_| *is_stored);
        let of = stored.map(|stored| format!("template {}, ", stored.id)).unwrap_or_default();
        Some(format!("{of}{field}, {problem}"))
    }

    /// Roughly how much memory it takes beyond the message itself, for the cap.
    pub(crate) fn weight(&self) -> usize {
        let is_own =
            |text: &&Arc<str>| ![&self.text, &self.html].into_iter().flatten().any(|own| Arc::ptr_eq(own, text));
        let size = |text: &Option<Arc<str>>| text.as_ref().filter(is_own).map_or(0, |text| text.len());
        let warnings = |r: &Rendered| r.warnings.iter().map(Warning::weight).sum::<usize>();
        // A reader has an email, a letter and two places in indexes.
        self.readers.iter().map(|r| 768 + r.subject.len() + size(&r.text) + size(&r.html) + warnings(r)).sum()
    }

    pub(crate) fn reader(&self, position: usize) -> Rendered {
        self.readers.get(position).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_what_the_service_fills_in() {
        let check = |text: &str, expected| assert_eq!(has_tags(text, &["unsubscribe".to_owned()]), expected);
        check("a {{ unsubscribe }} {{unsubscribe}} }} {{ b", false);
        check("a {{ unsubscribe }} {{ name }}", true);
        check("{% if %}", true);
        // Looking for the end of each to the end of the text would take minutes.
        check(&"{{".repeat(1_000_000), false);
    }
}
