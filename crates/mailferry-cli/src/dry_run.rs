//! The requests that would be made.

use std::io;

use mailferry::mailersend::Request;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::output::{HEADING, Output};

#[derive(Serialize)]
struct Shown<'a> {
    method: &'a str,
    url: &'a str,
    headers: Map<String, Value>,
    body: Value,
}

/// Prints one request: its JSON as it is, or with line breaks for people.
pub(crate) fn print(request: &Request, output: &mut Output) -> io::Result<()> {
    let Request { method, url, headers, body } = request;
    let text = || Value::from(String::from_utf8_lossy(body));
    let json: Value = serde_json::from_slice(body).unwrap_or_else(|_| text());
    if output.json {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        return output.object(&Shown { method, url, headers, body: json });
    }
    output.line(format_args!("{HEADING}{method} {url}{HEADING:#}"))?;
    for (name, value) in headers {
        output.line(format_args!("{name}: {value}"))?;
    }
    output.line(format_args!("\n{}\n", serde_json::to_string_pretty(&shortened(json)).unwrap_or_default()))
}

/// What people read does not need every byte of an attachment.
fn shortened(value: Value) -> Value {
    const LONGEST: usize = 2000;
    match value {
        Value::String(text) if text.len() > LONGEST => {
            let start: String = text.chars().take(60).collect();
            format!("{start}… ({} characters)", text.chars().count()).into()
        }
        Value::Array(items) => items.into_iter().map(shortened).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, shortened(value))).collect(),
        other => other,
    }
}
