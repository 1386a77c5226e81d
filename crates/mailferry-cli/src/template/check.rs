//! `mailferry template check`: mistakes in a template, and what its readers lack.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use mailferry::Message;
use mailferry::transport::{Error, ErrorKind};
use mailferry_emulator::Template as File;
use mailferry_emulator::twig::{Problem, Template, simple_tokens};
use serde::Serialize;
use serde_json::{Map, Value};

use super::args::TemplateCheckArgs;
use super::{is_stdin, name, read};
use crate::args::{InputArgs, MessageArgs};
use crate::exit::Exit;
use crate::input;
use crate::output::{ERROR, FAINT, Failure, HEADING, OK, Output, WARNING, printable};

/// How wide the lines of a template are shown.
const WIDTH: usize = 78;

/// One of a template's texts.
struct Text {
    field: &'static str,
    /// The file it stands in, or the flag.
    place: String,
    source: String,
    compiled: Option<Template>,
}

/// Somebody who reads it.
struct Reader {
    /// Empty when the data are nobody's.
    address: String,
    data: Map<String, Value>,
    subject: Option<String>,
}

/// One thing there is to say.
#[derive(Serialize)]
struct Finding {
    severity: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<String>,
    #[serde(skip)]
    place: String,
}

#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    input: &'a str,
    variables: &'a BTreeSet<String>,
    findings: &'a [Finding],
}

/// Runs the command.
pub(super) async fn run(args: TemplateCheckArgs, output: &mut Output) -> Result<Exit, Failure> {
    let TemplateCheckArgs { template, message, data, subject } = args;
    let mut findings = Vec::new();
    let mut texts = texts(&template, subject.clone(), &mut findings)?;
    for text in &mut texts {
        compile(text, &mut findings);
    }
    let readers = match (message, data) {
        (Some(file), _) => Some(of_messages(file).await?),
        (None, Some(file)) => Some(vec![of_data(&file)?]),
        (None, None) => None,
    };
    let mut variables: BTreeSet<String> = variables(&texts);
    for reader in readers.iter().flatten() {
        let own = reader.subject.as_ref().filter(|_| subject.is_none()).map(|own| {
            let place = "the message's subject".to_owned();
            let mut text = Text { field: "subject", place, source: own.clone(), compiled: None };
            compile(&mut text, &mut findings);
            text
        });
        variables.extend(self::variables(own.as_slice()));
        let shown = texts.iter().filter(|text| own.is_none() || text.field != "subject").chain(&own);
        for text in shown {
            compare(text, reader, &mut findings);
        }
    }
    if let Some(readers) = &readers {
        unused(readers, &variables, &mut findings);
    }
    once(&mut findings);
    findings.sort_by_key(|finding| finding.severity != "error");
    print(&name(&template), &variables, &findings, output)?;
    let ok = !findings.iter().any(|finding| finding.severity == "error");
    Ok(if ok { Exit::Done } else { Exit::Refused })
}

/// The texts of a template: its HTML, what its head says, and the text beside it.
fn texts(path: &Path, subject: Option<String>, findings: &mut Vec<Finding>) -> Result<Vec<Text>, Error> {
    let whole = read(path)?;
    let place = name(path);
    let text = |field, place: String, source| Text { field, place, source, compiled: None };
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("template");
    let file = match File::parse(stem, &whole) {
        Ok(file) => file,
        Err(problem) => {
            findings.push(mistake("html", &place, None, &problem, &whole));
            return Ok(Vec::new());
        }
    };
    let mut texts = Vec::new();
    match (subject, file.subject) {
        (Some(subject), _) => texts.push(text("subject", "--subject".to_owned(), subject)),
        (None, Some(subject)) => texts.push(text("subject", format!("{place}, subject"), subject)),
        (None, None) => {}
    }
    // Lines are counted in the file, of which the HTML is the end.
    let html = file.html.unwrap_or_default();
    let head = whole.strip_suffix(&html).unwrap_or_default();
    let lines = "\n".repeat(head.matches('\n').count());
    texts.push(text("html", place, lines + &html));
    let beside = path.with_extension("txt");
    if !is_stdin(path) && path.extension().is_some_and(|end| end == "html") && beside.is_file() {
        texts.push(text("text", name(&beside), read(&beside)?));
    }
    Ok(texts)
}

fn mistake(field: &'static str, place: &str, recipient: Option<&str>, problem: &Problem, source: &str) -> Finding {
    Finding {
        severity: "error",
        kind: if recipient.is_some() { "cannot_be_rendered" } else { "does_not_compile" },
        field: Some(field),
        line: Some(problem.line()),
        column: Some(problem.column()),
        recipient: recipient.filter(|recipient| !recipient.is_empty()).map(str::to_owned),
        name: None,
        text: problem.reason().to_owned(),
        excerpt: Some(problem.excerpt(source, WIDTH)),
        place: format!("{place}, line {}", problem.line()),
    }
}

fn compile(text: &mut Text, findings: &mut Vec<Finding>) {
    let Text { field, place, source, compiled } = text;
    let source = source.as_str();
    match if *field == "subject" { Template::compile_subject(source) } else { Template::compile(source) } {
        Ok(template) => *compiled = Some(template),
        Err(problem) => findings.push(mistake(field, place, None, &problem, source)),
    }
    for token in simple_tokens(source) {
        let line = source[..token.range.start].matches('\n').count() + 1;
        findings.push(Finding {
            severity: "error",
            kind: "simple_syntax",
            field: Some(field),
            line: Some(line),
            column: None,
            recipient: None,
            name: Some(token.name.to_owned()),
            text: format!(
                "`{{${}}}` is the older syntax, and stays as it is; see mailferry template convert",
                token.name
            ),
            excerpt: None,
            place: format!("{place}, line {line}"),
        });
    }
}

fn variables(texts: &[Text]) -> BTreeSet<String> {
    texts.iter().filter_map(|text| text.compiled.as_ref()).flat_map(Template::variables).collect()
}

/// Says what `reader` has no value for.
fn compare(text: &Text, reader: &Reader, findings: &mut Vec<Finding>) {
    let Some(compiled) = &text.compiled else { return };
    let who = if reader.address.is_empty() { "the data" } else { &reader.address };
    match compiled.render(&Value::Object(reader.data.clone())) {
        Ok(rendered) => findings.extend(rendered.missing.into_iter().map(|missing| Finding {
            severity: "error",
            kind: "missing_variable",
            field: Some(text.field),
            line: Some(missing.line),
            column: Some(missing.column),
            recipient: Some(reader.address.clone()).filter(|address| !address.is_empty()),
            text: format!("`{}` has no value in {who}", missing.name),
            name: Some(missing.name),
            excerpt: None,
            place: format!("{}, line {}", text.place, missing.line),
        })),
        Err(problem) => {
            findings.push(mistake(text.field, &text.place, Some(&reader.address), &problem, &text.source));
        }
    }
}

/// Says which data nobody asks for.
fn unused(readers: &[Reader], variables: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let used: BTreeSet<&str> = variables.iter().filter_map(|path| path.split(['.', '[']).next()).collect();
    let given: BTreeSet<&String> = readers.iter().flat_map(|reader| reader.data.keys()).collect();
    findings.extend(given.into_iter().filter(|name| !used.contains(name.as_str())).map(|name| Finding {
        severity: "warning",
        kind: "unused",
        field: None,
        line: None,
        column: None,
        recipient: None,
        name: Some(name.clone()),
        text: format!("nothing uses `{name}`"),
        excerpt: None,
        place: "data".to_owned(),
    }));
}

/// Leaves out what was said before: subjects of many messages are often the same.
fn once(findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.place.clone(), finding.recipient.clone(), finding.text.clone())));
}

async fn of_messages(file: PathBuf) -> Result<Vec<Reader>, Failure> {
    let place = name(&file);
    let sources = input::sources(InputArgs { files: vec![file], message: MessageArgs::default() })?;
    let mut messages = input::messages(sources)?;
    let mut readers = Vec::new();
    while let Some(item) = messages.recv().await {
        readers.extend(of_message(&item.message?));
    }
    if readers.is_empty() {
        let text = format!("{place} has no message with recipients");
        return Err(Error::new(ErrorKind::InvalidMessage, text).with_remedy("give a message with `to`").into());
    }
    Ok(readers)
}

/// Everybody that a message is for, with the data for all and their own.
fn of_message(message: &Message) -> Vec<Reader> {
    let recipients = message.recipients().map(|mailbox| {
        let address = mailbox.address().to_string();
        let mut data = Map::new();
        let global = message.merge_global_data().into_iter().flatten();
        let own = message.merge_data().into_iter().flatten();
        let own = own.filter(|(known, _)| known.eq_ignore_ascii_case(&address)).flat_map(|(_, data)| data);
        for (name, value) in global.chain(own) {
            data.insert(name.clone(), value.clone());
        }
        Reader { address, data, subject: message.subject().map(str::to_owned) }
    });
    recipients.collect()
}

fn of_data(file: &Path) -> Result<Reader, Error> {
    let text = read(file)?;
    let data: Map<String, Value> = serde_json::from_str(&text).map_err(|cause| {
        let said = format!("{} is not a JSON object (line {}, column {})", name(file), cause.line(), cause.column());
        Error::new(ErrorKind::Serialization, said).with_remedy("write {\"name\": \"Ann\"}")
    })?;
    Ok(Reader { address: String::new(), data, subject: None })
}

fn print(input: &str, variables: &BTreeSet<String>, findings: &[Finding], output: &mut Output) -> io::Result<()> {
    let ok = !findings.iter().any(|finding| finding.severity == "error");
    if output.json {
        return output.object(&Checked { ok, input, variables, findings });
    }
    let (style, verdict) = if ok { (OK, "ok") } else { (ERROR, "something is wrong") };
    output.line(format_args!("{HEADING}{input}:{HEADING:#} {style}{verdict}{style:#}"))?;
    for Finding { severity, text, excerpt, place, .. } in findings {
        let style = if *severity == "error" { ERROR } else { WARNING };
        output.line(format_args!("  {style}{severity}:{style:#} {}: {}", printable(place), printable(text)))?;
        for line in excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            output.line(format_args!("  {FAINT}{}{FAINT:#}", printable(line)))?;
        }
    }
    if !variables.is_empty() {
        let names: Vec<&str> = variables.iter().map(String::as_str).collect();
        output.line(format_args!("  {FAINT}variables: {}{FAINT:#}", names.join(", ")))?;
    }
    Ok(())
}
