//! What is wrong with inbound routes.

use super::Certainty::{self, Inferred, Recorded, Uncertain};
use super::Check::{self, Always, Value};
use super::{Place, Rule, ask, check};

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

/// Creating a route; changing one is the same without [`INBOUND_DOMAIN`].
#[rustfmt::skip] // a table: one line a row
pub(crate) const INBOUND_DOMAIN: &[Rule] = &[
    row("inbound.domain_id.required", "domain_id", "The {field} field is required.", Some("MS42209"), "CASS-PY", Recorded, Always(check::domain_required)),
    row("inbound.domain_id.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::domain_known_if_possible)),
];

/// The fields of a route.
#[rustfmt::skip] // a table: one line a row
pub(crate) const INBOUND: &[Rule] = &[
    row("inbound.name.required", "name", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("inbound.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("inbound.name.length", "name", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("inbound.domain_enabled.required", "domain_enabled", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::present)),
    row("inbound.domain_enabled.boolean", "domain_enabled", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("inbound.domain.required", "inbound_domain", "The {field} field is required when domain enabled is true.", None, "PHP (rule only)", Uncertain, Always(ask::required_with_domain)),
    row("inbound.domain.string", "inbound_domain", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("inbound.domain.length", "inbound_domain", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("inbound.priority.required", "inbound_priority", "The {field} field is required when domain enabled is true.", None, "PHP (rule only)", Uncertain, Always(ask::required_with_domain)),
    row("inbound.priority.range", "inbound_priority", "The {field} must be between 0 and 100.", None, "PHP (rule only)", Uncertain, Value(ask::from_0_to_100)),
    row("inbound.catch.type", "catch_filter.type", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Value(ask::catch_kind)),
    row("inbound.catch.filters", "catch_filter.filters", "The {field} must not have more than 5 items.", None, "PHP (rule only)", Uncertain, Value(check::at_most_5)),
    row("inbound.catch.comparer", "catch_filter.filters.*.comparer", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Always(ask::comparer)),
    row("inbound.catch.value.required", "catch_filter.filters.*.value", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("inbound.catch.value.length", "catch_filter.filters.*.value", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("inbound.catch_type", "catch_type", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Value(ask::all_or_one)),
    row("inbound.match.type", "match_filter.type", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Value(ask::match_kind)),
    row("inbound.match.filters", "match_filter.filters", "The {field} must not have more than 5 items.", None, "PHP (rule only)", Uncertain, Value(check::at_most_5)),
    row("inbound.match.comparer", "match_filter.filters.*.comparer", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Always(ask::comparer)),
    row("inbound.match.value.required", "match_filter.filters.*.value", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("inbound.match.value.length", "match_filter.filters.*.value", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("inbound.match.key.required", "match_filter.filters.*.key", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(ask::key_required)),
    row("inbound.match.key.length", "match_filter.filters.*.key", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("inbound.match_type", "match_type", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Value(ask::all_or_one)),
    row("inbound.forwards.required", "forwards", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("inbound.forwards.array", "forwards", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("inbound.forwards.limit", "forwards", "The {field} must not have more than 5 items.", None, "PHP (rule only)", Uncertain, Value(check::at_most_5)),
    row("inbound.forwards.type", "forwards.*.type", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Always(ask::forward_kind)),
    row("inbound.forwards.value.required", "forwards.*.value", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("inbound.forwards.value.length", "forwards.*.value", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("inbound.forwards.value.valid", "forwards.*.value", "The {field} format is invalid.", None, "PHP (rule only)", Uncertain, Value(ask::forward_value)),
    row("inbound.forwards.value.distinct", "forwards.*.value", "The {field} field has a duplicate value.", None, "PHP (rule only)", Uncertain, Value(ask::forward_distinct)),
];
