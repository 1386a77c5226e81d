//! One case for each rule about inbound routes, domains and questions for what was sent.

use serde_json::{Value, json};

use crate::client::{call, started};

/// The clock's start in Unix seconds.
const NOW: i64 = 1_772_359_200;

/// Rule, method, path, body, key and sentence.
pub(crate) type Case = (&'static str, &'static str, String, Value, &'static str, String);

/// A valid route for `domain`, with some fields set to other values.
pub(crate) fn route(domain: &str, changes: &Value) -> Value {
    let mut route = json!({
        "domain_id": domain,
        "name": "Support",
        "domain_enabled": false,
        "match_filter": {"type": "match_all"},
        "forwards": [{"type": "webhook", "value": "http://127.0.0.1:1/a"}],
    });
    for (name, value) in changes.as_object().unwrap() {
        route[name] = value.clone();
    }
    route
}

pub(crate) fn cases(domain: &str) -> Vec<Case> {
    let mut all = routes(domain);
    all.extend(questions(domain));
    all.extend(domains(domain));
    all
}

#[rustfmt::skip] // a table: one line a case
fn routes(domain: &str) -> Vec<Case> {
    let long = "x".repeat(192);
    let filter = |group: &str, kind: &str, change: Value| {
        let mut item = json!({"comparer": "equal", "value": "a", "key": "X"});
        for (name, value) in change.as_object().unwrap() {
            item[name] = value.clone();
        }
        json!({group: {"type": kind, "filters": [item]}})
    };
    let catching = |change| filter("catch_filter", "catch_recipient", change);
    let matching = |change| filter("match_filter", "match_header", change);
    let forward = |kind: &str, value: &str| json!({"type": kind, "value": value});
    let six: Vec<Value> = (0..6).map(|i| forward("webhook", &format!("http://a.test/{i}"))).collect();
    let many = vec![json!({"comparer": "equal", "value": "a", "key": "X"}); 6];
    [
        ("inbound.domain_id.required", json!({"domain_id": "bogus"}), "domain_id", "The domain id field is required. #MS42209"),
        ("inbound.domain_id.known", json!({"domain_id": "0r83ql3jjz4zw1jm"}), "domain_id", "The selected domain id is invalid."),
        ("inbound.name.required", json!({"name": null}), "name", "The name field is required. #MS42209"),
        ("inbound.name.string", json!({"name": 1}), "name", "The name must be a string. #MS42221"),
        ("inbound.name.length", json!({"name": long}), "name", "The name must not be greater than 191 characters."),
        ("inbound.domain_enabled.required", json!({"domain_enabled": null}), "domain_enabled", "The domain enabled field is required. #MS42209"),
        ("inbound.domain_enabled.boolean", json!({"domain_enabled": "yes"}), "domain_enabled", "The domain enabled field must be true or false."),
        ("inbound.domain.required", json!({"domain_enabled": true}), "inbound_domain", "The inbound domain field is required when domain enabled is true."),
        ("inbound.domain.string", json!({"inbound_domain": 1}), "inbound_domain", "The inbound domain must be a string. #MS42221"),
        ("inbound.domain.length", json!({"inbound_domain": long}), "inbound_domain", "The inbound domain must not be greater than 191 characters."),
        ("inbound.priority.required", json!({"domain_enabled": "1"}), "inbound_priority", "The inbound priority field is required when domain enabled is true."),
        ("inbound.priority.range", json!({"inbound_priority": 101}), "inbound_priority", "The inbound priority must be between 0 and 100."),
        ("inbound.catch.type", json!({"catch_filter": {"type": "match_all"}}), "catch_filter.type", "The selected catch_filter.type is invalid."),
        ("inbound.catch.filters", json!({"catch_filter": {"type": "catch_recipient", "filters": many}}), "catch_filter.filters", "The catch_filter.filters must not have more than 5 items."),
        ("inbound.catch.comparer", catching(json!({"comparer": "is"})), "catch_filter.filters.0.comparer", "The selected catch_filter.filters.0.comparer is invalid."),
        ("inbound.catch.value.required", catching(json!({"value": ""})), "catch_filter.filters.0.value", "The catch_filter.filters.0.value field is required. #MS42209"),
        ("inbound.catch.value.length", catching(json!({"value": long})), "catch_filter.filters.0.value", "The catch_filter.filters.0.value must not be greater than 191 characters."),
        ("inbound.catch_type", json!({"catch_type": "some"}), "catch_type", "The selected catch type is invalid."),
        ("inbound.match.type", json!({"match_filter": {"type": "catch_all"}}), "match_filter.type", "The selected match_filter.type is invalid."),
        ("inbound.match.filters", json!({"match_filter": {"type": "match_header", "filters": many}}), "match_filter.filters", "The match_filter.filters must not have more than 5 items."),
        ("inbound.match.comparer", matching(json!({"comparer": null})), "match_filter.filters.0.comparer", "The selected match_filter.filters.0.comparer is invalid."),
        ("inbound.match.value.required", matching(json!({"value": null})), "match_filter.filters.0.value", "The match_filter.filters.0.value field is required. #MS42209"),
        ("inbound.match.value.length", matching(json!({"value": long})), "match_filter.filters.0.value", "The match_filter.filters.0.value must not be greater than 191 characters."),
        ("inbound.match.key.required", matching(json!({"key": null})), "match_filter.filters.0.key", "The match_filter.filters.0.key field is required. #MS42209"),
        ("inbound.match.key.length", matching(json!({"key": long})), "match_filter.filters.0.key", "The match_filter.filters.0.key must not be greater than 191 characters."),
        ("inbound.match_type", json!({"match_type": "none"}), "match_type", "The selected match type is invalid."),
        ("inbound.forwards.required", json!({"forwards": []}), "forwards", "The forwards field is required. #MS42209"),
        ("inbound.forwards.array", json!({"forwards": "http://a.test"}), "forwards", "The forwards must be an array."),
        ("inbound.forwards.limit", json!({"forwards": six}), "forwards", "The forwards must not have more than 5 items."),
        ("inbound.forwards.type", json!({"forwards": [forward("fax", "1")]}), "forwards.0.type", "The selected forwards.0.type is invalid."),
        ("inbound.forwards.value.required", json!({"forwards": [{"type": "email"}]}), "forwards.0.value", "The forwards.0.value field is required. #MS42209"),
        ("inbound.forwards.value.length", json!({"forwards": [forward("webhook", &format!("http://a.test/{long}"))]}), "forwards.0.value", "The forwards.0.value must not be greater than 191 characters."),
        ("inbound.forwards.value.valid", json!({"forwards": [forward("email", "http://a.test")]}), "forwards.0.value", "The forwards.0.value format is invalid."),
        ("inbound.forwards.value.distinct", json!({"forwards": [forward("email", "a@b.test"), forward("email", "a@b.test")]}), "forwards.1.value", "The forwards.1.value field has a duplicate value."),
    ]
    .into_iter()
    .map(|(rule, changes, key, sentence)| {
        (rule, "POST", "/v1/inbound".to_owned(), route(domain, &changes), key, sentence.to_owned())
    })
    .collect()
}

#[rustfmt::skip] // a table: one line a case
fn questions(domain: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = [
        ("emails.domain.required", "domain_id=bogus", "domain_id", "The domain id field is required. #MS42209"),
        ("emails.domain.known", "domain_id=0r83ql3jjz4zw1jm", "domain_id", "The selected domain id is invalid."),
        ("emails.date_from.required", "date_from=", "date_from", "The date from field is required. #MS42209"),
        ("emails.date_from.date", "date_from=yesterday", "date_from", "The date from is not a valid date."),
        ("emails.date_from.before", "date_from=1772359200", "date_from", "The date from must be a date before date to."),
        ("emails.date_to.required", "date_to=", "date_to", "The date to field is required. #MS42209"),
        ("emails.date_to.date", "date_to=2026-03-01", "date_to", "The date to is not a valid date."),
        ("emails.date_to.future", "date_to=1772359201", "date_to", "The date to must be a date before or equal to now."),
        ("emails.page.integer", "page=x", "page", "The page must be an integer."),
        ("emails.page.min", "page=0", "page", "The page must be at least 1."),
        ("emails.page.max", "page=101", "page", "The page must not be greater than 100."),
        ("emails.limit.integer", "limit=x", "limit", "The limit must be an integer."),
        ("emails.limit.min", "limit=9", "limit", "The limit must be at least 10."),
        ("emails.limit.max", "limit=1001", "limit", "The limit must not be greater than 1000."),
        ("emails.status.array", "status=sent", "status", "The status must be an array."),
        ("emails.status.known", "status[]=opened", "status.0", "The selected status.0 is invalid."),
        ("emails.interaction.array", "interaction=opened", "interaction", "The interaction must be an array."),
        ("emails.interaction.known", "interaction[]=opened&interaction[]=x", "interaction.1", "The selected interaction.1 is invalid."),
        ("emails.subject.length", "subject=ab", "subject", "The subject must be at least 3 characters."),
    ]
    .into_iter()
    .map(|(rule, question, key, sentence)| {
        let path = format!("/v1/emails?domain_id={domain}&date_from={}&date_to={NOW}&{question}", NOW - 1);
        (rule, "GET", path, json!(null), key, sentence.to_owned())
    })
    .collect();
    let path = "/v1/message-schedules?status=late".to_owned();
    cases.push(("schedules.status.known", "GET", path, json!(null), "status", "The selected status is invalid.".to_owned()));
    cases
}

fn domains(domain: &str) -> Vec<Case> {
    let create = [
        ("domain.name.required", json!({}), "The name field is required. #MS42209"),
        ("domain.name.string", json!({"name": 1}), "The name must be a string. #MS42221"),
        ("domain.name.valid", json!({"name": "a b.example"}), "The name format is invalid."),
        ("domain.name.unique", json!({"name": "Example.com"}), "The name has already been taken."),
    ];
    let create = create
        .into_iter()
        .map(|(rule, body, sentence)| (rule, "POST", "/v1/domains".to_owned(), body, "name", sentence.to_owned()));
    let switches = [
        ("domain.send_paused", "send_paused"),
        ("domain.track_clicks", "track_clicks"),
        ("domain.track_opens", "track_opens"),
        ("domain.track_opens_pixel_on_top", "track_opens_pixel_on_top"),
        ("domain.track_unsubscribe", "track_unsubscribe"),
        ("domain.track_content", "track_content"),
        ("domain.custom_tracking_enabled", "custom_tracking_enabled"),
        ("domain.precedence_bulk", "precedence_bulk"),
        ("domain.ignore_duplicated_recipients", "ignore_duplicated_recipients"),
    ];
    let path = format!("/v1/domains/{domain}/settings");
    let switches = switches.into_iter().map(|(rule, name)| {
        let sentence = format!("The {} field must be true or false.", name.replace('_', " "));
        (rule, "PUT", path.clone(), json!({name: "yes"}), name, sentence)
    });
    let texts = [
        ("domain.track_unsubscribe_html", "track_unsubscribe_html", 65_535),
        ("domain.track_unsubscribe_plain", "track_unsubscribe_plain", 65_535),
        ("domain.custom_tracking_subdomain", "custom_tracking_subdomain", 191),
        ("domain.return_path_subdomain", "return_path_subdomain", 191),
        ("domain.inbound_routing_subdomain", "inbound_routing_subdomain", 191),
    ];
    let texts = texts.into_iter().map(|(rule, name, most)| {
        let sentence = format!("The {} must not be greater than {most} characters.", name.replace('_', " "));
        (rule, "PUT", path.clone(), json!({name: "x".repeat(most + 1)}), name, sentence)
    });
    create.chain(switches).chain(texts).collect()
}

#[tokio::test]
async fn every_rule_says_its_sentence() {
    let emulator = started(|builder| builder).await;
    for (rule, method, path, body, key, sentence) in cases(&emulator.domain_id("example.com")) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = call(&emulator, method, &path, &text).await;
        assert_eq!(answer.status, 422, "{rule}: {}", answer.text());
        let errors = answer.json()["errors"].clone();
        let said = errors[key].as_array().unwrap_or_else(|| panic!("{rule}: nothing under {key}: {errors}"));
        assert!(said.contains(&json!(sentence)), "{rule}: {said:?}");
    }
}
