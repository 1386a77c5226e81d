//! What is wrong with a stored template.

use serde_json::Value as Json;

use super::Certainty::{self, Inferred, Uncertain};
use super::Check::{self, Always, Value};
use super::{Place, Rule, Spot, Verdict, ask, check, is_blank};

const fn row(
    id: &'static str,
    field: &'static str,
    sentence: &'static str,
    code: Option<&'static str>,
    source: &'static str,
    certainty: Certainty,
    check: Check,
) -> Rule {
    Rule { id, field, sentence, code, status: 422, source, certainty, place: Place::of(field), check }
}

/// A template as it would be: when one is changed, what is not said about it is what it was.
#[rustfmt::skip] // a table: one line a row
pub(crate) const TEMPLATE: &[Rule] = &[
    row("template.name.string", "name", "The {field} must be a string.", Some("MS42221"), "PHP, W6W (rule only)", Inferred, Value(check::string)),
    row("template.name.length", "name", "The {field} must not be greater than 50 characters.", None, "PHP, W6W (rule only)", Inferred, Value(check::at_most_50)),
    row("template.html.required", "html", "The {field} field is required.", Some("MS42209"), "PHP, W6W (rule only)", Inferred, Always(check::required)),
    row("template.html.string", "html", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("template.html.size", "html", "The {field} must not be greater than 2097152 characters.", None, "DOC-EMAIL (rule only)", Uncertain, Value(check::content_size)),
    row("template.text.required", "text", "The {field} field is required.", Some("MS42209"), "PHP, W6W (rule only)", Inferred, Always(text_required)),
    row("template.text.string", "text", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("template.text.size", "text", "The {field} must not be greater than 2097152 characters.", None, "DOC-EMAIL (rule only)", Uncertain, Value(check::content_size)),
    row("template.auto_generate.boolean", "auto_generate", "The {field} field must be true or false.", None, "PHP, W6W (rule only)", Uncertain, Value(check::boolean)),
    row("template.domain_id.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::domain_known_if_possible)),
    row("template.categories.array", "categories", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("template.categories.string", "categories.*", "The {field} must be a string.", Some("MS42221"), "PHP, W6W (rule only)", Uncertain, Value(check::string)),
    row("template.tags.array", "tags", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("template.tags.count", "tags", "The {field} must not have more than 5 items.", None, "PHP, W6W (rule only)", Inferred, Value(check::at_most_5)),
    row("template.tags.string", "tags.*", "The {field} must be a string.", Some("MS42221"), "PHP, W6W (rule only)", Inferred, Value(check::string)),
    row("template.tags.length", "tags.*", "The {field} must not be greater than 191 characters.", None, "PHP, W6W (rule only)", Inferred, Value(check::at_most_191)),
];

/// Unless it is made from the HTML.
fn text_required(spot: &Spot<'_>) -> Verdict {
    let is_made = spot.root.get("auto_generate").is_some_and(ask::is_true);
    (is_made || spot.value.is_some_and(|value: &Json| !is_blank(value))).into()
}
