//! Stored templates with their content, and what they would look like.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Asked;
use crate::reply::Reply;
use crate::service::Service;
use crate::templates::{Source, Stored, Template};
use crate::twig::{self, Problem, Syntax, simple_tokens};
use crate::warning::{Warning, WarningKind};

/// The most bytes that a subject, a text or HTML may have: what MailerSend takes of a message.
const MOST_BYTES: usize = 2 * 1024 * 1024;

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    subject: Option<&'a str>,
    from: Option<&'a str>,
    source: Source,
    /// Those of the limited Twig by their first names.
    variables: Vec<String>,
    /// Tokens of the simple syntax.
    simple_variables: Vec<String>,
    created_at: String,
    updated_at: String,
    /// How many messages that are remembered name it.
    sent: usize,
    errors: Vec<Mistake>,
    /// Why its file cannot be read as it is now.
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    shown: Shown<'a>,
    html: Option<&'a str>,
    text: Option<&'a str>,
    tags: &'a [String],
    categories: &'a [String],
}

/// A mistake in a field of a template.
#[derive(Serialize)]
struct Mistake {
    field: &'static str,
    line: usize,
    column: usize,
    text: String,
    excerpt: String,
}

#[derive(Deserialize)]
struct Given {
    id: Option<String>,
    name: Option<String>,
    subject: Option<String>,
    from: Option<String>,
    html: Option<String>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Draft {
    subject: Option<String>,
    html: Option<String>,
    text: Option<String>,
    data: Option<Map<String, Value>>,
    /// Whether `{$name}` is replaced, too; as the emulator is set when it is not said.
    simple: Option<bool>,
}

#[derive(Serialize, Default)]
struct Preview {
    subject: Option<String>,
    html: Option<String>,
    text: Option<String>,
    warnings: Vec<Warning>,
    /// The first mistake.
    error: Option<Mistake>,
    /// Where the HTML is a document of its own, for a frame; it is gone after some more previews.
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Trial {
    to: String,
    data: Option<Map<String, Value>>,
}

/// The answer, when the request is about templates.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["templates"]) => list(service),
        ("POST", ["templates"]) => with_body(asked, |given| create(service, given)),
        ("POST", ["templates", "preview"]) => with_body(asked, |draft| preview(service, &draft)),
        ("GET", ["templates", "preview", number]) => document(service, number),
        ("GET", ["templates", id]) => one(service, id, 200),
        ("PUT", ["templates", id]) => with_body(asked, |given| change(service, id, given)),
        ("DELETE", ["templates", id]) => delete(service, id),
        ("POST", ["templates", id, "send"]) => with_body(asked, |trial| send(service, id, trial)),
        _ => return None,
    })
}

fn with_body<T: DeserializeOwned>(asked: &Asked<'_>, then: impl FnOnce(T) -> Reply) -> Reply {
    asked.form().map_or_else(|refused| refused, then)
}

fn refused(sentence: &str) -> Reply {
    Reply::sentence(422, sentence)
}

fn unknown() -> Reply {
    Reply::sentence(404, "The emulator has no such template. GET /_emulator/templates lists them.")
}

fn list(service: &Service) -> Reply {
    let counts = counts(service);
    let templates = service.templates.all(service.clock.now());
    let shown: Vec<Shown<'_>> = templates.iter().map(|stored| show(stored, &counts)).collect();
    Reply::json(200, &shown)
}

/// How many messages name each template.
fn counts(service: &Service) -> HashMap<String, usize> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for id in service.state().messages.iter().filter_map(|stored| stored.message.template_id.as_deref()) {
        if let Some(count) = counts.get_mut(id) {
            *count = count.saturating_add(1);
        } else {
            counts.insert(id.to_owned(), 1);
        }
    }
    counts
}

fn show<'a>(stored: &'a Stored, counts: &HashMap<String, usize>) -> Shown<'a> {
    let (advanced, simple) = stored.variables();
    let mistakes = stored.mistakes().into_iter().map(|(field, problem)| {
        let source = stored.file_of(field);
        mistake(field, &problem, &source)
    });
    Shown {
        id: &stored.id,
        name: stored.title(),
        subject: stored.content("subject").map(|subject| &**subject),
        from: stored.from.as_deref(),
        source: stored.source,
        variables: advanced.into_iter().collect(),
        simple_variables: simple.into_iter().map(str::to_owned).collect(),
        created_at: stored.created_at.to_string(),
        updated_at: stored.updated_at.to_string(),
        sent: counts.get(&stored.id).copied().unwrap_or_default(),
        errors: mistakes.collect(),
        problem: stored.problem.as_deref(),
    }
}

fn mistake(field: &'static str, problem: &Problem, source: &str) -> Mistake {
    Mistake {
        field,
        line: problem.line(),
        column: problem.column(),
        text: problem.reason().to_owned(),
        excerpt: problem.excerpt(source, 80),
    }
}

fn one(service: &Service, id: &str, status: u16) -> Reply {
    let Some(stored) = service.templates.find(id, service.clock.now()) else { return unknown() };
    let shown = Whole {
        shown: show(&stored, &counts(service)),
        html: stored.content("html").map(|html| &**html),
        text: stored.content("text").map(|text| &**text),
        tags: &stored.tags,
        categories: &stored.categories,
    };
    Reply::json(status, &shown)
}

fn create(service: &Service, given: Given) -> Reply {
    let now = service.clock.now();
    let id = given.id.clone().unwrap_or_else(|| service.state().ids.hashid());
    if !crate::id::is_hashid(&id) {
        return refused("An id has sixteen of the letters 0123456789degjklmnopqrvwxyz; leave it out to have one made.");
    }
    if service.templates.find(&id, now).is_some() {
        return Reply::sentence(409, "There is a template with this id already; PUT changes it.");
    }
    let template = read(given, Template::new(&id));
    keep(service, template, |template| Stored::new(template, Source::Page, now), 201)
}

fn change(service: &Service, id: &str, given: Given) -> Reply {
    let now = service.clock.now();
    let Some(known) = service.templates.find(id, now) else { return unknown() };
    if known.source == Source::Folder {
        return Reply::sentence(409, "This template is a file: change the file, and it is read again.");
    }
    if given.id.as_deref().is_some_and(|given| given != id) {
        return refused("The id of a template cannot be changed.");
    }
    let changed = |template| {
        let mut stored = Stored::new(template, known.source, now);
        stored.created_at = known.created_at;
        stored.domain_id.clone_from(&known.domain_id);
        (stored.tags, stored.categories) = (known.tags.clone(), known.categories.clone());
        stored
    };
    keep(service, read(given, known.template()), changed, 200)
}

/// What is said, else what was before; an empty text takes away what was.
fn read(given: Given, before: Template) -> Template {
    let Given { id: _, name, subject, from, html, text } = given;
    let said =
        |given: Option<String>, before| given.map_or(before, |given| Some(given).filter(|given| !given.is_empty()));
    let mut template = Template::new(before.id);
    template.name = said(name, before.name);
    template.subject = said(subject, before.subject);
    template.from = said(from, before.from);
    template.html = said(html, before.html);
    template.text = said(text, before.text);
    template
}

fn keep(service: &Service, template: Template, stored: impl FnOnce(Template) -> Stored, status: u16) -> Reply {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let is_long = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
    if is_long(&template.name, 50) {
        return refused("The name has more than 50 characters.");
    }
    if is_long(&template.subject, 998) {
        return refused("The subject has more than 998 characters.");
    }
    if length(&template.html).max(length(&template.text)) > MOST_BYTES {
        return refused("HTML and text may have 2 MB each.");
    }
    if template.html.is_none() && template.text.is_none() {
        return refused("A template has `html` or `text`, or both.");
    }
    if template.from.as_ref().is_some_and(|from| !crate::rules::is_address(from)) {
        return refused("`from` is not an email address.");
    }
    let id = template.id.clone();
    if service.templates.put(stored(template)) {
        one(service, &id, status)
    } else {
        Reply::sentence(409, "There are 1,000 templates, or 64 MiB of them, and no more are kept: delete some.")
    }
}

fn delete(service: &Service, id: &str) -> Reply {
    let now = service.clock.now();
    match service.templates.find(id, now) {
        None => unknown(),
        Some(stored) if stored.source == Source::Folder => {
            Reply::sentence(409, "This template is a file: delete the file, and it is gone.")
        }
        Some(_) => {
            service.remove_template(id, now);
            Reply { status: 204, headers: Vec::new(), body: Vec::new() }
        }
    }
}

fn preview(service: &Service, draft: &Draft) -> Reply {
    let Draft { subject, html, text, data, simple } = draft;
    let data = Value::Object(data.clone().unwrap_or_default());
    let simple = simple.unwrap_or(service.settings.variables.simple);
    let texts: Vec<(&str, String)> = data
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some((name.as_str(), text.clone())),
            Value::Number(_) | Value::Bool(_) => Some((name.as_str(), value.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        })
        .collect();
    let substitutions: HashMap<&str, &str> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (mut preview, mut allowance) = (Preview::default(), twig::Allowance::default());
    for (field, source) in [("subject", subject), ("html", html), ("text", text)] {
        let Some(source) = source.as_deref().filter(|source| !source.is_empty()) else { continue };
        if source.len() > MOST_BYTES {
            return refused("Subject, HTML and text may have 2 MB each.");
        }
        if !simple {
            let tokens = simple_tokens(source).take(100);
            let warning = |token: twig::Token<'_>| Warning::new(field, WarningKind::SimpleSyntax, token.name);
            preview.warnings.extend(tokens.map(warning));
        }
        let syntax = Syntax { advanced: true, simple, subject: field == "subject" };
        let rendered = twig::Template::read(Arc::from(source), syntax).and_then(|template| {
            template.fill(&data, &service.settings.reserved_variables, Some(&substitutions), &mut allowance)
        });
        match rendered {
            Ok(twig::Rendered { text, missing }) => {
                let warning = |missing: twig::Missing| Warning::new(field, WarningKind::MissingVariable, missing.name);
                preview.warnings.extend(missing.into_iter().map(warning));
                match field {
                    "subject" => preview.subject = Some(text),
                    "html" => preview.html = Some(text),
                    _ => preview.text = Some(text),
                }
            }
            Err(problem) => {
                preview.error.get_or_insert_with(|| mistake(field, &problem, source));
            }
        }
    }
    preview.html_url = preview.html.as_deref().map(|html| {
        let number = service.templates.keep_preview(html);
        format!("/_emulator/templates/preview/{number}")
    });
    Reply::json(200, &preview)
}

/// The HTML of a preview, where nothing in it runs, loads or leads anywhere.
fn document(service: &Service, number: &str) -> Reply {
    const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
                          base-uri 'none'; frame-ancestors 'self'";
    let Some(html) = number.parse().ok().and_then(|number| service.templates.preview(number)) else {
        return Reply::sentence(404, "This preview is gone. POST /_emulator/templates/preview makes another.");
    };
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", POLICY.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    Reply { status: 200, headers, body: html.as_bytes().to_vec() }
}

/// Sends a message with the template, as a request to the API would.
fn send(service: &Service, id: &str, trial: Trial) -> Reply {
    let now = service.clock.now();
    let Some(stored) = service.templates.find(id, now) else { return unknown() };
    let Trial { to, data } = trial;
    let to = to.trim();
    let domain = service.settings.verified_domains.iter().flatten().next().map_or("example.com", String::as_str);
    let mut message = json!({"template_id": id, "to": [{"email": to}]});
    if stored.from.is_none() {
        message["from"] = json!({"email": format!("templates@{domain}"), "name": "Template test"});
    }
    if stored.content("subject").is_none() {
        message["subject"] = format!("Test of {}", stored.title()).into();
    }
    if stored.content("html").or(stored.content("text")).is_none() {
        return refused("This template has no content, so there is nothing to send.");
    }
    let (_, simple) = stored.variables();
    if service.settings.variables.simple && !simple.is_empty() {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = data.iter().flatten().map(|(name, value)| json!({"var": name, "value": text(value)}));
        message["variables"] = json!([{"email": to, "substitutions": pairs.collect::<Vec<_>>()}]);
    }
    if let Some(data) = data {
        message["personalization"] = json!([{"email": to, "data": data}]);
    }
    service.send_test(message, now)
}
