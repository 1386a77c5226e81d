//! The questions that rules ask of routes, domains and searches.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::check::{is_address, unix};
use super::{Spot, Verdict, is_blank};
use crate::inbound::{Combine, Comparer, Subject};

/// `true`, and the numbers and texts that its framework takes for it.
pub(crate) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_u64() == Some(1),
        Value::String(text) => text == "1",
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

pub(super) fn required_with_domain(spot: &Spot<'_>) -> Verdict {
    let wanted = spot.root.get("domain_enabled").is_some_and(is_true);
    (!wanted || spot.value.is_some_and(|value| !is_blank(value))).into()
}

/// A number, or its digits.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn from_0_to_100(value: &Value, _: &Spot<'_>) -> Verdict {
    number(value).is_some_and(|number| number <= 100).into()
}

fn subject(value: &Value) -> Option<Subject> {
    value.as_str().and_then(Subject::from_name)
}

pub(super) fn catch_kind(value: &Value, _: &Spot<'_>) -> Verdict {
    matches!(subject(value), Some(Subject::AnyRecipient | Subject::Recipient)).into()
}

pub(super) fn match_kind(value: &Value, _: &Spot<'_>) -> Verdict {
    matches!(subject(value), Some(Subject::AnyMail | Subject::Sender | Subject::Domain | Subject::Header)).into()
}

pub(super) fn comparer(spot: &Spot<'_>) -> Verdict {
    spot.value.and_then(Value::as_str).and_then(Comparer::from_name).is_some().into()
}

pub(super) fn all_or_one(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().and_then(Combine::from_name).is_some().into()
}

pub(super) fn key_required(spot: &Spot<'_>) -> Verdict {
    let kind = spot.root.get("match_filter").and_then(|filter| filter.get("type")).and_then(subject);
    (kind != Some(Subject::Header) || spot.value.is_some_and(|value| !is_blank(value))).into()
}

pub(super) fn forward_kind(spot: &Spot<'_>) -> Verdict {
    matches!(spot.value.and_then(Value::as_str), Some("webhook" | "email")).into()
}

/// The forward that `spot` is in, and its position.
fn forward<'a>(spot: &Spot<'a>) -> Option<(&'a [Value], usize)> {
    Some((spot.root.get("forwards")?.as_array()?, spot.position?))
}

pub(super) fn forward_value(value: &Value, spot: &Spot<'_>) -> Verdict {
    let is_email = forward(spot).is_some_and(|(all, i)| all.get(i).is_some_and(|forward| forward["type"] == "email"));
    let fits = |text: &str| if is_email { is_address(text) } else { is_url(text) };
    value.as_str().is_some_and(fits).into()
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && text.bytes().all(|b| b.is_ascii_graphic())
}

pub(super) fn forward_distinct(value: &Value, spot: &Spot<'_>) -> Verdict {
    let earlier = forward(spot).and_then(|(all, position)| all.get(..position)).unwrap_or_default();
    (!earlier.iter().any(|forward| forward.get("value") == Some(value))).into()
}

/// The moment that a text or number names: Unix seconds, or `2026-03-01 10:00:00` in UTC (facts sheet 9.2).
pub(crate) fn moment_of(value: &Value) -> Option<Timestamp> {
    if let Some(seconds) = unix(value) {
        return Timestamp::from_second(seconds).ok();
    }
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", value.as_str()?).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

pub(super) fn moment(value: &Value, _: &Spot<'_>) -> Verdict {
    moment_of(value).is_some().into()
}

pub(super) fn before_date_to(value: &Value, spot: &Spot<'_>) -> Verdict {
    let (from, to) = (moment_of(value), spot.root.get("date_to").and_then(moment_of));
    (from.is_none() || to.is_none() || from < to).into()
}

pub(super) fn not_future(value: &Value, spot: &Spot<'_>) -> Verdict {
    moment_of(value).is_none_or(|moment| moment.as_second() <= spot.facts.now.as_second()).into()
}

pub(super) fn at_most_1000(value: &Value, _: &Spot<'_>) -> Verdict {
    number(value).is_none_or(|number| number <= 1000).into()
}

pub(super) fn at_least_3(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_some_and(|text| text.chars().count() >= 3).into()
}

pub(super) fn email_status(value: &Value, _: &Spot<'_>) -> Verdict {
    matches!(value.as_str(), Some("queued" | "sent" | "rejected" | "delivered")).into()
}

pub(super) fn interaction(value: &Value, _: &Spot<'_>) -> Verdict {
    matches!(value.as_str(), Some("opened" | "clicked" | "unsubscribed" | "complained" | "no_interaction")).into()
}

pub(super) fn schedule_status(value: &Value, _: &Spot<'_>) -> Verdict {
    matches!(value.as_str(), Some("scheduled" | "sent" | "error")).into()
}

pub(super) fn host(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_some_and(|name| name.contains('.') && is_address(&format!("a@{name}"))).into()
}

pub(super) fn new_domain(value: &Value, spot: &Spot<'_>) -> Verdict {
    let known = |name: &str| spot.facts.domains.iter().any(|(_, known)| known.eq_ignore_ascii_case(name));
    (!value.as_str().is_some_and(known)).into()
}
