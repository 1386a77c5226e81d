//! What is wrong with webhooks, and with questions about activities.

use reqwest::Url;
use serde_json::Value as Json;

use super::Certainty::{self, Documented, Inferred, Recorded, Uncertain};
use super::Check::{self, Always, Before, Value};
use super::ask::{self, number};
use super::{Findings, Place, Rule, Spot, Verdict, check};
use crate::clock::later;
use crate::webhooks::{EVENTS, WebhookVersion};

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

/// A webhook as it would be: when one is changed, what is not said about it is what it was.
#[rustfmt::skip] // a table: one line a row
pub(crate) const WEBHOOK: &[Rule] = &[
    row("webhook.url.required", "url", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("webhook.url.valid", "url", "The {field} format is invalid.", None, "PHP (rule only)", Uncertain, Value(url)),
    row("webhook.url.length", "url", "The {field} must not be greater than 191 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_191)),
    row("webhook.url.unique", "url", "The {field} has already been taken.", None, "CASS-PY", Recorded, Value(not_taken)),
    row("webhook.url.answers", "url", "The {field} did not answer the test request with a status from 200 to 299.", None, "HOOK (rule only)", Uncertain, Before),
    row("webhook.name.required", "name", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("webhook.name.string", "name", "The {field} must be a string.", Some("MS42221"), "DOC-GEN", Inferred, Value(check::string)),
    row("webhook.name.length", "name", "The {field} must not be greater than 50 characters.", None, "PHP (rule only)", Uncertain, Value(check::at_most_50)),
    row("webhook.events.required", "events", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("webhook.events.array", "events", "The {field} must be an array.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::array)),
    row("webhook.events.known", "events.*", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Always(event)),
    row("webhook.enabled.boolean", "enabled", "The {field} field must be true or false.", None, "PHP (rule only)", Uncertain, Value(check::boolean)),
    row("webhook.version.known", "version", "The selected {field} is invalid.", None, "PHP (rule only)", Uncertain, Value(version)),
];

/// Which domain a new webhook, or a list of webhooks, is of.
#[rustfmt::skip] // a table: one line a row
pub(crate) const WEBHOOK_DOMAIN: &[Rule] = &[
    row("webhook.domain_id.required", "domain_id", "The {field} field is required.", Some("MS42209"), "CASS-PY", Recorded, Always(check::domain_required)),
    row("webhook.domain_id.known", "domain_id", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Value(check::domain_known_if_possible)),
];

/// Asking for activities, beside the page.
#[rustfmt::skip] // a table: one line a row
pub(crate) const ACTIVITY: &[Rule] = &[
    row("activity.date_from.required", "date_from", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("activity.date_from.date", "date_from", "The {field} is not a valid date.", None, "none: its framework's sentence", Uncertain, Value(ask::moment)),
    row("activity.date_from.before", "date_from", "The {field} must be a date before date to.", None, "W6W (rule only)", Uncertain, Value(ask::before_date_to)),
    row("activity.date_from.retention", "date_from", "Date selection out of range. Your account has a {days}-day data retention limit. Upgrade your plan or acquire a data retention addon.", None, "SKILL", Documented, Value(retained)),
    row("activity.date_to.required", "date_to", "The {field} field is required.", Some("MS42209"), "DOC-GEN", Inferred, Always(check::required)),
    row("activity.date_to.date", "date_to", "The {field} is not a valid date.", None, "none: its framework's sentence", Uncertain, Value(ask::moment)),
    row("activity.date_to.future", "date_to", "The date_to must be before or equal to {now}", None, "SKILL", Inferred, Value(not_future)),
    row("activity.event.array", "event", "The {field} must be an array.", None, "CASS-PY", Recorded, Value(check::array)),
    row("activity.event.plan", "event.*", "This feature requires a {plan} plan or higher. Upgrade to use it.", Some("MS42216"), "PHP, W6W (rule only)", Inferred, Value(check::plan_has_activity)),
    row("activity.event.known", "event.*", "The selected {field} is invalid.", None, "CASS-PY (same sentence elsewhere)", Inferred, Always(activity)),
    row("activity.page.max", "page", "The {field} must not be greater than 1000.", None, "W6W (rule only)", Uncertain, Value(ask::at_most_1000)),
];

/// What activities can be asked for by name: those of today, and one that is left from earlier (facts sheet 8.2).
const ACTIVITIES: &[&str] = &[
    "queued",
    "sent",
    "delivered",
    "soft_bounced",
    "hard_bounced",
    "deferred",
    "opened",
    "opened_unique",
    "clicked",
    "clicked_unique",
    "unsubscribed",
    "spam_complaints",
    "survey_opened",
    "survey_submitted",
    "suppressed",
    "junk",
];

/// The finding about a URL that did not answer its ping.
pub(crate) fn unanswered() -> Findings {
    let mut findings = Findings::default();
    if let Some(rule) = WEBHOOK.iter().find(|rule| rule.id == "webhook.url.answers") {
        findings.add(rule.field, rule.say(rule.field, &[]));
    }
    findings
}

fn url(value: &Json, _: &Spot<'_>) -> Verdict {
    let url = value.as_str().and_then(|text| Url::parse(text).ok());
    url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()).into()
}

/// The URLs of other webhooks are among the entries that the request is compared with.
fn not_taken(value: &Json, spot: &Spot<'_>) -> Verdict {
    (!value.as_str().is_some_and(|url| spot.facts.entries.contains(&url))).into()
}

fn event(spot: &Spot<'_>) -> Verdict {
    spot.value.and_then(Json::as_str).is_some_and(|event| EVENTS.contains(&event)).into()
}

fn version(value: &Json, _: &Spot<'_>) -> Verdict {
    number(value).and_then(WebhookVersion::from_number).is_some().into()
}

fn activity(spot: &Spot<'_>) -> Verdict {
    spot.value.and_then(Json::as_str).is_some_and(|name| ACTIVITIES.contains(&name)).into()
}

/// How the moment is written is UNCERTAIN; here as requests have it.
fn not_future(value: &Json, spot: &Spot<'_>) -> Verdict {
    let now = spot.facts.now.as_second();
    if ask::moment_of(value).is_none_or(|moment| moment.as_second() <= now) {
        Verdict::Pass
    } else {
        Verdict::Say(vec![("now", now.to_string())])
    }
}

fn retained(value: &Json, spot: &Spot<'_>) -> Verdict {
    let (Some(days), Some(from)) = (spot.facts.allowance.retention_days, ask::moment_of(value)) else {
        return Verdict::Pass;
    };
    let kept = std::time::Duration::from_hours(24).saturating_mul(days.into());
    if later(from, kept) >= spot.facts.now { Verdict::Pass } else { Verdict::Say(vec![("days", days.to_string())]) }
}
