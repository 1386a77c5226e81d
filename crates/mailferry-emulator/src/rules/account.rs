//! What is wrong with tokens and sender identities.

use serde_json::Value as Json;

use super::Certainty::{self, Inferred, Recorded, Uncertain};
use super::Check::{self, Always, Value};
use super::{Place, Rule, Spot, Verdict, check};

/// Everything that a token can be allowed (facts sheet 8.4, documented).
pub(crate) const SCOPES: &[&str] = &[
    "email_full",
    "domains_read",
    "domains_full",
    "activity_read",
    "activity_full",
    "analytics_read",
    "analytics_full",
    "tokens_full",
    "webhooks_full",
    "templates_full",
    "suppressions_read",
    "suppressions_full",
    "sms_read",
    "sms_full",
    "whatsapp_full",
    "email_verification_read",
    "email_verification_full",
    "inbounds_full",
    "recipients_read",
    "recipients_full",
    "sender_identity_read",
    "sender_identity_full",
    "users_read",
    "users_full",
    "smtp_users_read",
    "smtp_users_full",
    "dmarc_monitoring_read",
    "dmarc_monitoring_full",
    "blocklist_monitoring_read",
    "blocklist_monitoring_full",
];

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

/// A new token. A `domain_id` that leads nowhere is none (facts sheet 8.4, recorded).
#[rustfmt::skip] // a table: one line a row
pub(crate) const TOKEN: &[Rule] = &[
    row("token.name.required", "name", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("token.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("token.name.length", "name", "The {field} must not be greater than 50 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_50)),
    row("token.scopes.required", "scopes", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("token.scopes.array", "scopes", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("token.scopes.known", "scopes.*", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Always(scope)),
];

/// Another name of a token.
#[rustfmt::skip] // a table: one line a row
pub(crate) const TOKEN_NAME: &[Rule] = &[
    row("token_change.name.required", "name", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("token_change.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("token_change.name.length", "name", "The {field} must not be greater than 50 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_50)),
];

/// Whether a token works.
#[rustfmt::skip] // a table: one line a row
pub(crate) const TOKEN_STATUS: &[Rule] = &[
    row("token.status.required", "status", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("token.status.known", "status", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(status)),
];

/// A new sender identity, beside what can be changed of one. `entries` are the addresses of the others.
#[rustfmt::skip] // a table: one line a row
pub(crate) const IDENTITY_NEW: &[Rule] = &[
    row("identity.domain_id.required", "domain_id", "The {field} field is required.", Some("MS42209"), "CASS-PY (same sentence elsewhere)", Inferred, Always(check::domain_required)),
    row("identity.domain_id.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::domain_known_if_possible)),
    row("identity.email.required", "email", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("identity.email.valid", "email", "The {field} must be a valid email address.", Some("MS42208"), "DOC-GEN", Inferred, Value(check::email)),
    row("identity.email.unique", "email", "The {field} has already been taken.", None, "CASS-PY", Recorded, Value(not_taken)),
];

/// What can be changed of a sender identity; a new one needs a name.
#[rustfmt::skip] // a table: one line a row
pub(crate) const IDENTITY: &[Rule] = &[
    row("identity.name.required", "name", "The {field} field is required.", Some("MS42209"), "PHP (rule only)", Inferred, Always(check::required)),
    row("identity.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("identity.name.length", "name", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("identity.reply_to_email.valid", "reply_to_email", "The {field} must be a valid email address.", Some("MS42208"), "DOC-GEN", Inferred, Value(check::email)),
    row("identity.reply_to_name.string", "reply_to_name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("identity.add_note.boolean", "add_note", "The {field} field must be true or false.", None, "none: its framework's sentence", Uncertain, Value(check::boolean)),
    row("identity.personal_note.string", "personal_note", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
];

fn scope(spot: &Spot<'_>) -> Verdict {
    spot.value.and_then(Json::as_str).is_some_and(|scope| SCOPES.contains(&scope)).into()
}

fn status(value: &Json, _: &Spot<'_>) -> Verdict {
    matches!(value.as_str(), Some("pause" | "unpause")).into()
}

fn not_taken(value: &Json, spot: &Spot<'_>) -> Verdict {
    let taken = |email: &str| spot.facts.entries.iter().any(|known| known.eq_ignore_ascii_case(email));
    (!value.as_str().is_some_and(taken)).into()
}
