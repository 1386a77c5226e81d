//! What is wrong with questions about what was sent, and with domains.

use super::Certainty::{self, Inferred, Uncertain};
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

/// Asking for sent emails, beside the page.
#[rustfmt::skip] // a table: one line a row
pub(crate) const EMAILS: &[Rule] = &[
    row("emails.domain.required", "domain_id", "The {field} field is required.", Some("MS42209"), "W6W (rule only)", Inferred, Always(check::domain_required)),
    row("emails.domain.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::domain_known_if_possible)),
    row("emails.date_from.required", "date_from", "The {field} field is required.", Some("MS42209"), "W6W (rule only)", Inferred, Always(check::required)),
    row("emails.date_from.date", "date_from", "The {field} is not a valid date.", None, "none: its framework's sentence", Uncertain, Value(ask::moment)),
    row("emails.date_from.before", "date_from", "The {field} must be a date before date to.", None, "W6W (rule only)", Uncertain, Value(ask::before_date_to)),
    row("emails.date_to.required", "date_to", "The {field} field is required.", Some("MS42209"), "W6W (rule only)", Inferred, Always(check::required)),
    row("emails.date_to.date", "date_to", "The {field} is not a valid date.", None, "none: its framework's sentence", Uncertain, Value(ask::moment)),
    row("emails.date_to.future", "date_to", "The {field} must be a date before or equal to now.", None, "W6W (rule only)", Uncertain, Value(ask::not_future)),
    row("emails.page.integer", "page", "The {field} must be an integer.", None, "none: its framework's sentence", Uncertain, Value(check::integer)),
    row("emails.page.min", "page", "The {field} must be at least 1.", None, "W6W (rule only)", Uncertain, Value(check::at_least_1)),
    row("emails.page.max", "page", "The {field} must not be greater than 100.", None, "W6W (rule only)", Uncertain, Value(check::at_most_100)),
    row("emails.limit.integer", "limit", "The {field} must be an integer.", None, "none: its framework's sentence", Uncertain, Value(check::integer)),
    row("emails.limit.min", "limit", "The {field} must be at least 10.", None, "W6W (rule only)", Uncertain, Value(check::at_least_10)),
    row("emails.limit.max", "limit", "The {field} must not be greater than 1000.", None, "W6W (rule only)", Uncertain, Value(ask::at_most_1000)),
    row("emails.status.array", "status", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("emails.status.known", "status.*", "The selected {field} is invalid.", None, "W6W (rule only)", Inferred, Value(ask::email_status)),
    row("emails.interaction.array", "interaction", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("emails.interaction.known", "interaction.*", "The selected {field} is invalid.", None, "W6W (rule only)", Inferred, Value(ask::interaction)),
    row("emails.subject.length", "subject", "The {field} must be at least 3 characters.", None, "W6W (rule only)", Uncertain, Value(ask::at_least_3)),
];

/// Asking for scheduled messages, beside the page.
#[rustfmt::skip] // a table: one line a row
pub(crate) const SCHEDULES: &[Rule] = &[
    row("schedules.status.known", "status", "The selected {field} is invalid.", None, "PHP (rule only)", Inferred, Value(ask::schedule_status)),
];

/// Registering a domain.
#[rustfmt::skip] // a table: one line a row
pub(crate) const DOMAIN: &[Rule] = &[
    row("domain.name.required", "name", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("domain.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("domain.name.valid", "name", "The {field} format is invalid.", None, "none: its framework's sentence", Uncertain, Value(ask::host)),
    row("domain.name.unique", "name", "The {field} has already been taken.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(ask::new_domain)),
];

/// The settings of a domain: switches, which must be such, and texts, which must end somewhere.
#[rustfmt::skip] // a table: one line a row
pub(crate) const DOMAIN_SETTINGS: &[Rule] = &[
    row("domain.send_paused", "send_paused", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_clicks", "track_clicks", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_opens", "track_opens", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_opens_pixel_on_top", "track_opens_pixel_on_top", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_unsubscribe", "track_unsubscribe", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_content", "track_content", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_content.plan", "track_content", "This feature requires a {plan} plan or higher. Upgrade to use it.", Some("MS42216"), "W6W (rule only)", Inferred, Value(check::plan_has_content)),
    row("domain.custom_tracking_enabled", "custom_tracking_enabled", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.precedence_bulk", "precedence_bulk", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.ignore_duplicated_recipients", "ignore_duplicated_recipients", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("domain.track_unsubscribe_html", "track_unsubscribe_html", "The {field} must not be greater than 65535 characters.", None, "none: its framework's sentence", Uncertain, Value(check::at_most_65535)),
    row("domain.track_unsubscribe_plain", "track_unsubscribe_plain", "The {field} must not be greater than 65535 characters.", None, "none: its framework's sentence", Uncertain, Value(check::at_most_65535)),
    row("domain.custom_tracking_subdomain", "custom_tracking_subdomain", "The {field} must not be greater than 191 characters.", None, "none: its framework's sentence", Uncertain, Value(check::at_most_191)),
    row("domain.return_path_subdomain", "return_path_subdomain", "The {field} must not be greater than 191 characters.", None, "none: its framework's sentence", Uncertain, Value(check::at_most_191)),
    row("domain.inbound_routing_subdomain", "inbound_routing_subdomain", "The {field} must not be greater than 191 characters.", None, "none: its framework's sentence", Uncertain, Value(check::at_most_191)),
];
