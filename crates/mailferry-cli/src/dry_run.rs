//! The requests that would be made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use mailferry::mailersend::Request;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::output::{HEADING, Output};

#[derive(Serialize)]
struct Shown<'a> {
    method: &'a str,
    url: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    /// As it would be sent, byte by byte.
    body: Option<&'a RawValue>,
}

/// Prints one request: as it is in JSON, with line breaks for people.
pub(crate) fn print(request: &Request, output: &mut Output) -> io::Result<()> {
    let Request { method, url, headers, body } = request;
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if output.json {
        return output.object(&Shown { method, url, headers, body: serde_json::from_slice(body).ok() });
    }
    output.line(format_args!("{HEADING}{method} {url}{HEADING:#}"))?;
    for (name, value) in headers {
        output.line(format_args!("{name}: {value}"))?;
    }
    output.line(format_args!("\n{}\n", indented(&String::from_utf8_lossy(body))))
}

/// JSON without any white space, on several lines and in its order. Long texts, such as attachments, are shortened.
fn indented(json: &str) -> String {
    const LONGEST: usize = 2000;
    let mut text = String::new();
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let token = if first == '"' { &rest[..end_of_text(rest)] } else { &rest[..first.len_utf8()] };
        rest = &rest[token.len()..];
        match first {
            '"' if token.len() > LONGEST => {
                text.extend(token.chars().take(60));
                let _ = write!(text, "…\" ({} characters)", token.chars().count() - 2);
            }
            '{' | '[' if rest.starts_with(['}', ']']) => text.push(first),
            '{' | '[' => {
                depth += 1;
                text.push(first);
                new_line(depth, &mut text);
            }
            '}' | ']' => {
                if !text.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    new_line(depth, &mut text);
                }
                text.push(first);
            }
            ',' => {
                text.push(first);
                new_line(depth, &mut text);
            }
            ':' => text.push_str(": "),
            _ => text.push_str(token),
        }
    }
    text
}

/// Where a JSON text ends, which `json` starts with.
fn end_of_text(json: &str) -> usize {
    let mut escaped = true;
    let end = json.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    });
    end.map_or(json.len(), |end| end + 1)
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_in_its_order() {
        let json = r#"{"z":[{"b":"x:,{}[]\"\\","a":1}],"empty":{},"none":[],"y":null}"#;
        let expected = r#"{
  "z": [
    {
      "b": "x:,{}[]\"\\",
      "a": 1
    }
  ],
  "empty": {},
  "none": [],
  "y": null
}"#;
        assert_eq!(indented(json), expected);
    }

    #[test]
    fn a_long_text_is_shortened() {
        let json = format!("[\"{}\"]", "ä".repeat(2000));
        let shown = indented(&json);
        assert!(shown.len() < 200, "{shown}");
        assert!(shown.contains("(2000 characters)"), "{shown}");
    }
}
