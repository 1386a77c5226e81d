//! The questions that rules ask of a field.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::{Spot, Verdict, attachment, is_blank, is_true};
use crate::clock::{later, sentence_time};
use crate::id::is_hashid;
use crate::plan::{Allowance, Feature};
use crate::rendering::Rendering;
use crate::service::Identity;
use crate::settings::{AccountState, Settings};
use crate::suppression::pattern;
use crate::templates::Chosen;

const MIB: usize = 1024 * 1024;
const ATTACHMENT: usize = 25 * MIB;
const CONTENT: usize = 2 * MIB;
const SEND_WINDOW: std::time::Duration = std::time::Duration::from_hours(72);
const LANGUAGES: &[&str] = &["de", "en", "es", "fr", "it", "lt", "nl", "pl", "pt-BR"];

/// What checks need to know beside the request: the account and the time.
pub(crate) struct Facts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) account: AccountState,
    pub(crate) allowance: Allowance,
    pub(crate) now: Timestamp,
    /// The message as its readers would see it, when it is one.
    pub(crate) rendering: Option<&'a Rendering>,
    /// Its files, decoded.
    pub(crate) files: &'a [Option<Bytes>],
    /// The ids of the suppression list that a request is about, or the URLs of the webhooks beside it.
    pub(crate) entries: &'a [&'a str],
    /// The names of the account's domains, by id.
    pub(crate) domains: &'a [(String, String)],
    /// The account's sender identities.
    pub(crate) identities: &'a [Identity],
}

impl From<bool> for Verdict {
    /// `true` is fine.
    fn from(fine: bool) -> Self {
        if fine { Self::Pass } else { Self::Fail }
    }
}

/// What the template of a message makes optional.
fn template<'a>(spot: &Spot<'a>) -> &'a Chosen {
    const NONE: &Chosen = &Chosen::None;
    spot.facts.rendering.map_or(NONE, |rendering| &rendering.template)
}

fn given(spot: &Spot<'_>) -> bool {
    spot.value.is_some_and(|value| !is_blank(value))
}

pub(super) fn required(spot: &Spot<'_>) -> Verdict {
    given(spot).into()
}

/// Required once its parent is there: `reply_to.email`.
pub(super) fn required_in_parent(spot: &Spot<'_>) -> Verdict {
    let parent = spot.root.get(spot.top());
    (parent.is_none_or(is_blank) || given(spot)).into()
}

/// Present, but an empty object is fine: clients send one for recipients without data (facts sheet 5.2).
pub(super) fn present(spot: &Spot<'_>) -> Verdict {
    spot.value.is_some_and(|value| !value.is_null()).into()
}

pub(super) fn sender_required(spot: &Spot<'_>) -> Verdict {
    let optional = match template(spot) {
        Chosen::Believed(_) => true,
        Chosen::Known(template) => template.from.is_some(),
        Chosen::None | Chosen::Unknown => false,
    };
    (optional || given(spot)).into()
}

pub(super) fn subject_required(spot: &Spot<'_>) -> Verdict {
    let optional = match template(spot) {
        Chosen::Believed(_) => true,
        Chosen::Known(template) => template.content("subject").is_some(),
        Chosen::None | Chosen::Unknown => false,
    };
    (optional || given(spot)).into()
}

pub(super) fn content_required(spot: &Spot<'_>) -> Verdict {
    let has = |name| spot.root.get(name).is_some_and(|value| !is_blank(value));
    (has("text") || has("html") || !matches!(template(spot), Chosen::None)).into()
}

pub(super) fn template_exists(_: &Value, spot: &Spot<'_>) -> Verdict {
    (!matches!(template(spot), Chosen::Unknown)).into()
}

pub(super) fn string(value: &Value, _: &Spot<'_>) -> Verdict {
    value.is_string().into()
}

pub(super) fn array(value: &Value, _: &Spot<'_>) -> Verdict {
    value.is_array().into()
}

/// Only when the simple syntax is on: otherwise nobody looks at its values.
pub(super) fn required_if_simple(spot: &Spot<'_>) -> Verdict {
    (!spot.facts.settings.variables.simple || given(spot)).into()
}

pub(super) fn pairs_if_simple(value: &Value, spot: &Spot<'_>) -> Verdict {
    let is_pair = |item: &Value| {
        let is_text = |name| item.get(name).is_some_and(Value::is_string);
        is_text("value") && is_text("var") && item.get("var").is_some_and(|name| !is_blank(name))
    };
    (!spot.facts.settings.variables.simple || value.as_array().is_none_or(|items| items.iter().all(is_pair))).into()
}

pub(super) fn array_if_simple(value: &Value, spot: &Spot<'_>) -> Verdict {
    (!spot.facts.settings.variables.simple || value.is_array()).into()
}

/// An object; to its framework, which has one kind of array, a non-empty list would do as well (UNCERTAIN).
pub(super) fn object(value: &Value, _: &Spot<'_>) -> Verdict {
    value.is_object().into()
}

/// `true`, `false`, and the numbers and texts that its framework takes for them.
pub(super) fn boolean(value: &Value, _: &Spot<'_>) -> Verdict {
    let is_digit = |text: &str| text == "0" || text == "1";
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => is_digit(&number.to_string()),
        Value::String(text) => is_digit(text),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
    .into()
}

pub(super) fn email(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_some_and(is_address).into()
}

/// Whether `text` is a mail address as RFC 2821 has it: ASCII only, so neither part may be international (facts sheet
/// 3.1; for the domain part UNCERTAIN).
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let quoted = |text: &str| {
        text.len() > 2
            && text
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'))
                .is_some_and(|inner| inner.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\'))
    };
    let label = |text: &str| {
        (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    local.len() <= 64
        && domain.len() <= 253
        && (local.split('.').all(atom) || quoted(local))
        && domain.split('.').all(label)
}

pub(super) fn domain_verified(value: &Value, spot: &Spot<'_>) -> Verdict {
    let domain = value.as_str().filter(|text| is_address(text)).and_then(|text| text.rsplit_once('@'));
    let is_identity = |email: &str| {
        spot.facts.identities.iter().any(|known| known.is_verified && known.email.eq_ignore_ascii_case(email))
    };
    let is_verified = |domain: &str| spot.facts.settings.is_verified(domain) || value.as_str().is_some_and(is_identity);
    domain.is_none_or(|(_, domain)| is_verified(domain)).into()
}

pub(super) fn name_without_separators(value: &Value, _: &Spot<'_>) -> Verdict {
    (!value.as_str().is_some_and(|name| name.contains([';', ',']))).into()
}

pub(super) fn recipient_limit(value: &Value, spot: &Spot<'_>) -> Verdict {
    let limits = spot.facts.allowance.recipients;
    let limit = match spot.field {
        "to" => limits.to,
        "cc" => limits.cc,
        _ => limits.bcc,
    };
    value.as_array().is_none_or(|items| items.len() <= limit).into()
}

/// Whether the address stands earlier in the same list. That `to` and `cc` may share one, and that case does not
/// matter, is UNCERTAIN.
pub(super) fn unique_recipient(value: &Value, spot: &Spot<'_>) -> Verdict {
    let list = spot.top();
    let (Some(position), Some(address)) = (spot.position, value.as_str()) else { return Verdict::Pass };
    let items = spot.root.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if spot.facts.settings.ignore_duplicates || !spot.firsts.is_repeated(list, items, address, position) {
        Verdict::Pass
    } else {
        Verdict::Say(vec![("email", address.to_owned()), ("list", list.to_owned())])
    }
}

fn at_most(value: &Value, most: usize) -> Verdict {
    let count = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => 0,
    };
    (count <= most).into()
}

pub(super) fn at_most_5(value: &Value, _: &Spot<'_>) -> Verdict {
    at_most(value, 5)
}

pub(super) fn at_most_50(value: &Value, _: &Spot<'_>) -> Verdict {
    at_most(value, 50)
}

pub(super) fn at_most_191(value: &Value, _: &Spot<'_>) -> Verdict {
    at_most(value, 191)
}

pub(super) fn at_most_990(value: &Value, _: &Spot<'_>) -> Verdict {
    at_most(value, 990)
}

pub(super) fn at_most_998(value: &Value, _: &Spot<'_>) -> Verdict {
    at_most(value, 998)
}

pub(super) fn at_most_65535(value: &Value, _: &Spot<'_>) -> Verdict {
    at_most(value, 65_535)
}

/// 2 MB, counted in bytes. Whether MailerSend counts bytes or characters is UNCERTAIN.
pub(super) fn content_size(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_none_or(|text| text.len() <= CONTENT).into()
}

pub(super) fn compiles(_: &Value, spot: &Spot<'_>) -> Verdict {
    spot.facts.rendering.is_none_or(|rendering| !rendering.failed(spot.field)).into()
}

pub(super) fn language(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_some_and(|code| LANGUAGES.contains(&code)).into()
}

pub(super) fn base64(_: &Value, spot: &Spot<'_>) -> Verdict {
    spot.position.and_then(|position| spot.facts.files.get(position)).is_some_and(Option::is_some).into()
}

/// The bytes of an attachment. Line breaks are taken out first, as a PHP decoder skips them (INFERRED).
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().or_else(|| {
        let kept: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        if kept.len() == text.len() { None } else { STANDARD.decode(kept).ok() }
    })
}

pub(super) fn attachment_size(value: &Value, _: &Spot<'_>) -> Verdict {
    // Counting precisely takes time, and is needed for the largest ones only.
    let fits =
        |text: &str| bytes_of(text.trim_end_matches('=').len()) <= ATTACHMENT || decoded_size(text) <= ATTACHMENT;
    value.as_str().is_none_or(fits).into()
}

fn decoded_size(text: &str) -> usize {
    bytes_of(text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=').count())
}

/// Four digits make three bytes; written this way it cannot overflow.
fn bytes_of(digits: usize) -> usize {
    digits / 4 * 3 + digits % 4 * 3 / 4
}

pub(super) fn file_type(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_none_or(attachment::is_supported).into()
}

/// Compares the attachment beside this file name with it.
pub(super) fn file_matches(value: &Value, spot: &Spot<'_>) -> Verdict {
    let content = spot.position.and_then(|i| spot.root.get("attachments")?.get(i)?.get("content")?.as_str());
    let (Some(name), Some(content)) = (value.as_str(), content) else { return Verdict::Pass };
    // The start is enough to recognize a file; 64 digits are a whole number of base64 groups.
    let start: String = content.chars().filter(|c| !c.is_ascii_whitespace()).take(64).collect();
    let known =
        attachment::is_supported(name) && decode(&start).is_some_and(|bytes| attachment::contradicts(name, &bytes));
    (!known).into()
}

pub(super) fn disposition(value: &Value, _: &Spot<'_>) -> Verdict {
    matches!(value.as_str(), Some("inline" | "attachment")).into()
}

fn recipients<'a>(root: &'a Value) -> HashSet<String> {
    let list = |name| root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter();
    let emails: fn(&'a Value) -> Option<&'a str> = |item| item.get("email")?.as_str();
    list("to").chain(list("cc")).chain(list("bcc")).filter_map(emails).map(str::to_ascii_lowercase).collect()
}

/// Every address of `personalization` or `variables` is a recipient; case does not matter (UNCERTAIN).
pub(super) fn addresses_exist(value: &Value, spot: &Spot<'_>) -> Verdict {
    let known = recipients(spot.root);
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut addresses = items.iter().filter_map(|item| item.get("email")?.as_str());
    addresses.all(|address| known.contains(&address.to_ascii_lowercase())).into()
}

/// The sentence lists the keys; in which order is UNCERTAIN, here by the alphabet.
pub(super) fn keys_without_dots(value: &Value, _: &Spot<'_>) -> Verdict {
    let keys: Vec<_> = value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let dotted: Vec<_> = keys.into_iter().filter(|key| key.contains('.')).collect();
    if dotted.is_empty() { Verdict::Pass } else { Verdict::Say(vec![("keys", dotted.join(", "))]) }
}

pub(super) fn keys_not_reserved(value: &Value, spot: &Spot<'_>) -> Verdict {
    let reserved = &spot.facts.settings.reserved_variables;
    (!value.as_object().into_iter().flatten().any(|(key, _)| reserved.contains(key))).into()
}

/// The moment that a `send_at` names: seconds, as a number or in digits (digits INFERRED from its framework).
pub(crate) fn unix(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn is_unix(value: &Value, _: &Spot<'_>) -> Verdict {
    unix(value).is_some_and(|seconds| Timestamp::from_second(seconds).is_ok()).into()
}

pub(super) fn not_past(value: &Value, spot: &Spot<'_>) -> Verdict {
    unix(value).is_none_or(|seconds| seconds >= spot.facts.now.as_second()).into()
}

pub(super) fn within_72_hours(value: &Value, spot: &Spot<'_>) -> Verdict {
    let last = later(spot.facts.now, SEND_WINDOW);
    if unix(value).is_none_or(|seconds| seconds <= last.as_second()) {
        Verdict::Pass
    } else {
        Verdict::Say(vec![("last", sentence_time(last))])
    }
}

pub(super) fn header_name(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).into()
}

pub(super) fn plan_has_headers(_: &Value, spot: &Spot<'_>) -> Verdict {
    plan_has(Feature::Headers, spot)
}

pub(super) fn plan_has_threads(_: &Value, spot: &Spot<'_>) -> Verdict {
    plan_has(Feature::Threads, spot)
}

/// Switching it off is for everybody.
pub(super) fn plan_has_content(value: &Value, spot: &Spot<'_>) -> Verdict {
    if is_true(value) { plan_has(Feature::Content, spot) } else { Verdict::Pass }
}

pub(super) fn plan_has_activity(value: &Value, spot: &Spot<'_>) -> Verdict {
    let is_paid = matches!(value.as_str(), Some("deferred" | "suppressed"));
    if is_paid { plan_has(Feature::Activities, spot) } else { Verdict::Pass }
}

fn plan_has(feature: Feature, spot: &Spot<'_>) -> Verdict {
    match spot.facts.allowance.lacks(feature) {
        None => Verdict::Pass,
        Some(plan) => Verdict::Say(vec![("plan", plan.to_owned())]),
    }
}

pub(super) fn email_quota(spot: &Spot<'_>) -> Verdict {
    (spot.facts.account != AccountState::EmailQuotaReached).into()
}

pub(super) fn trial_quota(spot: &Spot<'_>) -> Verdict {
    (spot.facts.account != AccountState::TrialQuotaReached).into()
}

pub(super) fn trial_recipients(spot: &Spot<'_>) -> Verdict {
    (spot.facts.account != AccountState::TrialRecipientsReached).into()
}

pub(super) fn template_domain(_: &Value, spot: &Spot<'_>) -> Verdict {
    (spot.facts.account != AccountState::TemplateDomainUnverified).into()
}

/// A domain id that cannot be one counts as missing (facts sheet 1.4, recorded).
pub(super) fn domain_required(spot: &Spot<'_>) -> Verdict {
    spot.value.and_then(Value::as_str).is_some_and(is_hashid).into()
}

pub(super) fn domain_known(value: &Value, spot: &Spot<'_>) -> Verdict {
    let known = |id: &str| spot.facts.domains.iter().any(|(known, _)| known == id);
    value.as_str().is_some_and(known).into()
}

/// As [`domain_known`], but an id that cannot be one was already reported as missing.
pub(super) fn domain_known_if_possible(value: &Value, spot: &Spot<'_>) -> Verdict {
    match value.as_str() {
        Some(id) if is_hashid(id) => domain_known(value, spot),
        _ => Verdict::Pass,
    }
}

pub(super) fn recipients_or_patterns(spot: &Spot<'_>) -> Verdict {
    (given(spot) || spot.root.get("patterns").is_some_and(|value| !is_blank(value))).into()
}

pub(super) fn regular_expression(value: &Value, _: &Spot<'_>) -> Verdict {
    value.as_str().is_none_or(|text| pattern(text).is_some()).into()
}

pub(super) fn ids_or_all(spot: &Spot<'_>) -> Verdict {
    (given(spot) || spot.root.get("all").and_then(Value::as_bool) == Some(true)).into()
}

pub(super) fn entry_known(value: &Value, spot: &Spot<'_>) -> Verdict {
    value.as_str().is_some_and(|id| spot.facts.entries.contains(&id)).into()
}

fn whole_number(value: &Value) -> Option<u64> {
    value.as_str().and_then(|text| text.parse().ok())
}

pub(super) fn integer(value: &Value, _: &Spot<'_>) -> Verdict {
    whole_number(value).is_some().into()
}

pub(super) fn at_least_1(value: &Value, _: &Spot<'_>) -> Verdict {
    whole_number(value).is_none_or(|number| number >= 1).into()
}

pub(super) fn at_least_10(value: &Value, _: &Spot<'_>) -> Verdict {
    whole_number(value).is_none_or(|number| number >= 10).into()
}

pub(super) fn at_most_100(value: &Value, _: &Spot<'_>) -> Verdict {
    whole_number(value).is_none_or(|number| number <= 100).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expected| assert_eq!(is_address(text), expected, "{text}");
        check("a@b.example", true);
        check("a.b+c@b-c.example", true);
        check("\"a b\"@b.example", true);
        check("a@localhost", true);
        for wrong in
            ["", "a", "a@", "@b", "a@b..c", "a@-b.c", "a b@c.d", ".a@b.c", "ä@b.c", "a@ä.c", "a@b.c\n", "<a@b.c>"]
        {
            check(wrong, false);
        }
    }

    #[test]
    fn sizes_are_counted_without_decoding() {
        for size in [0_usize, 1, 2, 3, 4, 100] {
            assert_eq!(decoded_size(&STANDARD.encode(vec![0; size])), size);
        }
    }
}
