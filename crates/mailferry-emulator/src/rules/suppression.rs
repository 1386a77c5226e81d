//! What is wrong with requests about suppression lists, and with questions for a page.

use super::Certainty::{self, Inferred, Recorded, Uncertain};
use super::Check::{self, Always, Value};
use super::{Place, Rule, check};

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

/// Adding to the blocklist, for the whole account or one domain.
#[rustfmt::skip] // a table: one line a row
pub(crate) const BLOCKLIST: &[Rule] = &[
    row("blocklist.domain.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY", Recorded, Value(check::domain_known)),
    row("blocklist.recipients.required", "recipients", "The {field} field is required when patterns is not present.", None, "none: its framework's sentence", Uncertain, Always(check::recipients_or_patterns)),
    row("blocklist.recipients.array", "recipients", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("blocklist.recipients.valid", "recipients.*", "The {field} must be a valid email address.", Some("MS42208"), "DOC-GEN", Inferred, Value(check::email)),
    row("blocklist.patterns.array", "patterns", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("blocklist.patterns.string", "patterns.*", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("blocklist.patterns.valid", "patterns.*", "The {field} format is invalid.", None, "none: its framework's sentence", Uncertain, Value(check::regular_expression)),
];

/// Adding to any other list, which is always of one domain.
#[rustfmt::skip] // a table: one line a row
pub(crate) const LIST: &[Rule] = &[
    row("list.domain.required", "domain_id", "The {field} field is required.", Some("MS42209"), "CASS-PY", Recorded, Always(check::domain_required)),
    row("list.domain.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::domain_known_if_possible)),
    row("list.recipients.required", "recipients", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("list.recipients.array", "recipients", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("list.recipients.valid", "recipients.*", "The {field} must be a valid email address.", Some("MS42208"), "DOC-GEN", Inferred, Value(check::email)),
];

/// Taking off a list.
#[rustfmt::skip] // a table: one line a row
pub(crate) const DELETE: &[Rule] = &[
    row("delete.ids.required", "ids", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::ids_or_all)),
    row("delete.ids.array", "ids", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("delete.ids.known", "ids.*", "The selected {field} is invalid.", None, "CASS-PY", Recorded, Value(check::entry_known)),
];

/// Asking for a page of anything.
#[rustfmt::skip] // a table: one line a row
pub(crate) const PAGE: &[Rule] = &[
    row("page.page.integer", "page", "The {field} must be an integer.", None, "none: its framework's sentence", Uncertain, Value(check::integer)),
    row("page.page.min", "page", "The {field} must be at least 1.", None, "DOC-GEN (rule only)", Uncertain, Value(check::at_least_1)),
    row("page.limit.integer", "limit", "The {field} must be an integer.", None, "none: its framework's sentence", Uncertain, Value(check::integer)),
    row("page.limit.min", "limit", "The {field} must be at least 10.", None, "DOC-GEN (rule only)", Uncertain, Value(check::at_least_10)),
    row("page.limit.max", "limit", "The {field} must not be greater than 100.", None, "DOC-GEN (rule only)", Uncertain, Value(check::at_most_100)),
];
