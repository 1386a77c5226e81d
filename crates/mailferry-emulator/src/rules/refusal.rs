//! Refusals of a whole request, before any of its fields is looked at.

use super::Certainty::{Documented, Inferred, Recorded, Uncertain};
use super::{Certainty, Check, Place, Rule};

const fn row(
    id: &'static str,
    status: u16,
    sentence: &'static str,
    code: Option<&'static str>,
    source: &'static str,
    certainty: Certainty,
) -> Rule {
    let (field, place) = ("", Place::of(""));
    Rule { id, field, sentence, code, status, source, certainty, place, check: Check::Before }
}

/// One row a refusal. Where the sheet knows no body, the sentence is ours and the row is `Uncertain`.
pub(super) const TABLE: &[Rule] = &[
    row("auth.token", 401, "Unauthenticated.", None, "CASS-JAVA, W6W", Recorded),
    row(
        "auth.scope",
        403,
        "The custom API token you're using doesn't have the required permissions.",
        Some("MS40301"),
        "DOC-GEN",
        Documented,
    ),
    row(
        "account.switched_off",
        403,
        "Your account's access to API/SMTP has been switched off.",
        Some("MS40302"),
        "DOC-GEN",
        Documented,
    ),
    row(
        "account.not_authorized",
        403,
        "Your account is not authorized to perform this action.",
        Some("MS40303"),
        "DOC-GEN",
        Documented,
    ),
    row(
        "account.suspended",
        403,
        "Your account is suspended, you can't do any more requests.",
        Some("MS40304"),
        "DOC-GEN",
        Documented,
    ),
    row("account.ip_not_allowed", 403, "Your IP address is not allowlisted.", Some("MS40305"), "DOC-GEN", Documented),
    row("path.unknown", 404, "Resource not found.", None, "CASS-PY", Recorded),
    row("path.nowhere", 404, "The route {route} could not be found.", None, "CASS-PY", Recorded),
    row(
        "path.method",
        405,
        "The {method} method is not supported for route {route}. Supported methods: {methods}.",
        None,
        "DOC-GEN (status only)",
        Uncertain,
    ),
    row("body.syntax", 400, "The request body is not valid JSON.", None, "DOC-GEN (status only)", Uncertain),
    row("body.size", 413, "The request body is larger than {limit} bytes.", None, "none: our own", Uncertain),
    row("service.timeout", 408, "The request timed out.", None, "DOC-GEN (status only)", Uncertain),
    row(
        "service.maintenance",
        421,
        "The service isn't available, try again later.",
        None,
        "DOC-GEN (status only)",
        Uncertain,
    ),
    row(
        "schedule.late",
        404,
        "This message is scheduled to be sent shortly or has already been sent, it's not possible to delete it.",
        None,
        "CASS-PY",
        Recorded,
    ),
    row(
        "template.not_api",
        403,
        "Only templates that were created through the API can be changed.",
        None,
        "PHP, W6W (rule only)",
        Uncertain,
    ),
    row(
        "create.too_many",
        429,
        "You cannot create a resource at the moment. Please wait a while before retrying.",
        None,
        "CASS-PY",
        Recorded,
    ),
    row(
        "quota.day",
        429,
        "Your account reached its API daily quota limit. Upgrade to increase it.",
        Some("MS42901"),
        "DOC-GEN",
        Documented,
    ),
    row(
        "rate.minute",
        429,
        "Your account reached its rate limit of {limit} requests/min. Please wait before trying again.",
        Some("MS42903"),
        "DOC-GEN",
        Documented,
    ),
    row(
        "endpoint.not_emulated",
        501,
        "This is the Mailferry emulator, not MailerSend: it does not emulate {method} {route}.",
        None,
        "none: our own",
        Inferred,
    ),
];

/// Status and sentence of the refusal called `id`, with `words` for the words in braces.
///
/// An `id` that has no row is a mistake of ours and answers as a server fault; a test looks every one up.
pub(crate) fn refusal(id: &str, words: &[(&'static str, String)]) -> (u16, String) {
    let found = TABLE.iter().chain(super::bulk::TABLE).find(|rule| rule.id == id);
    found.map_or((500, "Server Error".to_owned()), |rule| (rule.status, rule.say("", words)))
}
