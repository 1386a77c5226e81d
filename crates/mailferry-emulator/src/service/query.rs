//! Questions and JSON bodies, as MailerSend's framework reads them.

use serde_json::{Map, Value};

use super::refuse;
use crate::json;
use crate::reply::Reply;
use crate::request::Request;

/// The JSON object that a request carries.
///
/// A body that is not labelled as JSON is no JSON to the framework, and one that is no object has no fields; both are
/// then refused field by field (INFERRED). What a body that cannot be parsed is answered with is UNCERTAIN: 400 here.
pub(super) fn json_body(request: &Request) -> Result<Value, Reply> {
    let empty = Value::Object(Map::new());
    if request.body().is_empty() || !is_json(request) {
        return Ok(empty);
    }
    if !json::is_bounded(request.body()) {
        return Err(refuse("body.syntax", &[]));
    }
    match serde_json::from_slice::<Value>(request.body()) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Ok(empty),
        Err(_) => Err(refuse("body.syntax", &[])),
    }
}

pub(super) fn is_json(request: &Request) -> bool {
    let kind = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let (_, form) = kind.rsplit_once(['/', '+']).unwrap_or_default();
    form.eq_ignore_ascii_case("json")
}

/// Tells people, in a header that MailerSend does not have, why all their fields are missing.
pub(super) fn note(request: &Request, reply: Reply) -> Reply {
    if request.body().is_empty() || is_json(request) {
        reply
    } else {
        reply.with("x-emulator-note", "the body was ignored because content-type is not application/json")
    }
}

/// The query as an object of texts and lists: `a=1&b[]=x&b[]=y` is `{"a": "1", "b": ["x", "y"]}`. The last of a repeated
/// name counts; `b[0]=x` is as good as `b[]=x` (its framework's reading).
pub(super) fn query(request: &Request) -> Value {
    let mut root = Map::new();
    for (name, value) in request.query().split('&').filter_map(|pair| pair.split_once('=')) {
        let (name, value) = (decode(name), Value::String(decode(value)));
        let list = name.strip_suffix(']').and_then(|name| name.split_once('['));
        let Some((list, _)) = list.filter(|(_, index)| index.bytes().all(|digit| digit.is_ascii_digit())) else {
            root.insert(name, value);
            continue;
        };
        match root.get_mut(list) {
            Some(Value::Array(items)) => items.push(value),
            _ => {
                root.insert(list.to_owned(), Value::Array(vec![value]));
            }
        }
    }
    Value::Object(root)
}

pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|hex| first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(if first == b'+' { b' ' } else { first });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_lists() {
        let check = |query: &str, expected: Value| {
            let request = Request {
                number: 0,
                at: jiff::Timestamp::UNIX_EPOCH,
                method: "GET".to_owned(),
                target: format!("/v1/emails?{query}"),
                headers: std::sync::Arc::default(),
                authorization: None,
                body: bytes::Bytes::new(),
                status: None,
                answer: None,
                fault: None,
                message_ids: Vec::new(),
            };
            assert_eq!(super::query(&request), expected, "{query}");
        };
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        check("a=1&a=2", json(r#"{"a":"2"}"#));
        check("a[]=1&a%5B%5D=2&a[7]=3", json(r#"{"a":["1","2","3"]}"#));
        check("a=1&a[]=2", json(r#"{"a":["2"]}"#));
        check("a[b]=1&b]=2&[]=3", json(r#"{"a[b]":"1","b]":"2","":["3"]}"#));
        check("a", json("{}"));
    }

    #[test]
    fn percent_signs_are_decoded() {
        let check = |text, expected| assert_eq!(decode(text), expected);
        check("a%20b+c", "a b c");
        check("%C3%A4", "ä");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%+1", "% 1");
    }
}
