//! What is wrong with SMTP users, and with mails that they send.

use super::Certainty::{self, Inferred, Uncertain};
use super::Check::{self, Always, Value};
use super::{EMAIL, Place, Rule, check};

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

/// An SMTP user as it would be: when one is changed, what is not said about it is what it was.
#[rustfmt::skip] // a table: one line a row
pub(crate) const SMTP_USER: &[Rule] = &[
    row("smtp_user.name.required", "name", "The {field} field is required.", Some("MS42209"), "PY (rule only)", Inferred, Always(check::required)),
    row("smtp_user.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("smtp_user.name.length", "name", "The {field} must not be greater than 50 characters.", None, "PY (rule only)", Uncertain, Value(check::at_most_50)),
    row("smtp_user.enabled.boolean", "enabled", "The {field} field must be true or false.", None, "PY (rule only)", Uncertain, Value(check::boolean)),
];

/// Rules for messages that mails sent by SMTP do not meet: an envelope needs no recipient whom a header has.
const NOT_BY_SMTP: &[&str] = &["to.required"];

/// What is wrong with a mail that is sent by SMTP: the same as with a message of the API (DOC-SMTP, documented).
pub(crate) fn by_smtp() -> Vec<Rule> {
    EMAIL.iter().filter(|rule| !NOT_BY_SMTP.contains(&rule.id)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_exists() {
        assert_eq!(by_smtp().len() + NOT_BY_SMTP.len(), EMAIL.len());
    }
}
