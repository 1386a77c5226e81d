//! What `POST /v1/bulk-email` refuses at once; everything else is found out later, object by object.

use serde_json::Value;

use super::Certainty::{self, Documented, Uncertain};
use super::{Check, Place, Rule};
use crate::json;

const fn row(id: &'static str, status: u16, sentence: &'static str, code: &'static str, certainty: Certainty) -> Rule {
    let (field, place) = ("", Place::of(""));
    Rule { id, field, sentence, code: Some(code), status, source: "DOC-GEN", certainty, place, check: Check::Before }
}

/// Whether these come with an `errors` object is UNCERTAIN; here they have a `message` only.
pub(super) const TABLE: &[Rule] = &[
    row("bulk.syntax", 422, "JSON contains a syntax error.", "MS42227", Documented),
    // Which mistakes are syntax and which decoding is UNCERTAIN; bytes that are not UTF-8 and nesting deeper than
    // 128 levels are decoding here.
    row("bulk.decoding", 422, "JSON contains a decoding error.", "MS42228", Uncertain),
    row("bulk.malformed", 400, "The bulk request sent is malformed.", "MS40001", Documented),
    row("bulk.empty", 422, "The email objects are required.", "MS42230", Documented),
    row("bulk.too_many", 422, "The number of email objects must not be greater than {limit}.", "MS42229", Documented),
    row("bulk.item", 422, "The bulk request item is invalid.", "MS42231", Documented),
];

/// The objects of a bulk request, or the `id` of the rule it breaks.
pub(crate) fn objects(body: &[u8], most: usize) -> Result<Vec<Value>, &'static str> {
    if !json::is_bounded(body) {
        return Err("bulk.decoding");
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(_) if std::str::from_utf8(body).is_err() => return Err("bulk.decoding"),
        Err(error) if error.to_string().starts_with("recursion limit") => return Err("bulk.decoding"),
        Err(_) => return Err("bulk.syntax"),
    };
    // MS40001 for a body that is JSON but no list: the trigger is documented only as "malformed" (facts sheet 1.5).
    let Value::Array(objects) = value else { return Err("bulk.malformed") };
    if objects.is_empty() {
        Err("bulk.empty")
    } else if objects.len() > most {
        Err("bulk.too_many")
    } else if objects.iter().any(|object| !object.is_object()) {
        Err("bulk.item")
    } else {
        Ok(objects)
    }
}
