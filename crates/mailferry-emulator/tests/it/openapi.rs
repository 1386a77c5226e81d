//! The description of what is emulated, held against what is really answered.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{Emulator, InboundRoute, RateLimits, SuppressionList, Template, Webhook};
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::client::{Answer, call, message, started};
use crate::receiver::Receiver;

/// The description, and the answers that it was held against.
struct Described {
    document: Value,
    seen: BTreeSet<String>,
}

impl Described {
    async fn of(emulator: &Emulator) -> Self {
        let document = call(emulator, "GET", "/_emulator/openapi.json", "").await.json();
        Self { document, seen: BTreeSet::new() }
    }

    /// Asks, and compares the answer with what is written about it.
    async fn ask(&mut self, emulator: &Emulator, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let text = body.map(Value::to_string).unwrap_or_default();
        let answer = call(emulator, method, path, &text).await;
        let (template, operation) = self.operation(method, path.split('?').next().unwrap());
        let place = format!("{method} {template} {}", answer.status);
        let described = &operation["responses"][answer.status.to_string()];
        assert!(described.is_object(), "{place} is not described: {}", answer.text());
        let described = self.resolved(described).clone();
        for name in answer.header_names().into_iter().filter(|name| name.starts_with("x-") || *name == "retry-after") {
            let is_ours = matches!(name, "x-emulator-note" | "x-emulator-fault" | "x-content-type-options");
            assert!(is_ours || described["headers"][name].is_object(), "{place} has {name}");
        }
        let content = &described["content"];
        if let Some(schema) = content.pointer("/application~1json/schema") {
            if !answer.body.is_empty() {
                self.validate(schema, &answer.json(), &place);
            }
        } else if let Some((kind, _)) = content.as_object().and_then(|content| content.iter().next()) {
            let told = answer.header("content-type").unwrap();
            assert!(told.starts_with(kind.as_str()) || kind == "application/octet-stream", "{place}: {told}");
        } else {
            assert!(answer.body.is_empty(), "{place}: {}", answer.text());
        }
        if let (Some(body), Some(schema)) = (body, operation.pointer("/requestBody/content/application~1json/schema"))
            && answer.status < 300
        {
            let schema = schema.clone();
            self.validate(&schema, body, &format!("{method} {template} takes"));
        }
        self.seen.insert(place);
        answer
    }

    async fn get(&mut self, emulator: &Emulator, path: &str) -> Value {
        self.ask(emulator, "GET", path, None).await.json()
    }

    /// The path as it is written, and what is written about it. Fixed segments go before variable ones.
    fn operation(&self, method: &str, path: &str) -> (String, Value) {
        let fits = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') => {}
                    _ => return false,
                }
            }
        };
        let paths = self.document["paths"].as_object().unwrap();
        let method = method.to_ascii_lowercase();
        let mut found: Vec<_> =
            paths.iter().filter(|(template, methods)| fits(template) && methods.get(&method).is_some()).collect();
        found.sort_by_key(|(template, _)| template.matches('{').count());
        let (template, methods) = found.first().unwrap_or_else(|| panic!("{method} {path} is not described"));
        ((*template).clone(), methods[&method].clone())
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    #[track_caller]
    fn validate(&self, schema: &Value, value: &Value, place: &str) {
        if let Err(error) = self.errors(schema, value, "") {
            panic!("{place}: {error}\n{value:#}");
        }
    }

    /// The part of JSON Schema that the description uses. A word that is not known here is an error, so that nothing is
    /// written that means nothing.
    fn errors(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{at}: {what} by {schema}, is {value}"));
        for (word, rule) in schema.as_object().unwrap() {
            match word.as_str() {
                "$ref" => self.errors(self.resolved(schema), value, at)?,
                "type" => {
                    let kinds = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                    if !kinds.iter().any(|kind| is_a(kind.as_str().unwrap(), value)) {
                        return wrong("another type");
                    }
                }
                "enum" if !rule.as_array().unwrap().contains(value) => return wrong("not one of those"),
                "pattern" => {
                    let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                    if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                        return wrong("does not match");
                    }
                }
                "minimum" if value.as_i64() < rule.as_i64() => return wrong("too small"),
                "maximum" if value.as_i64() > rule.as_i64() => return wrong("too large"),
                "enum" | "minimum" | "maximum" | "description" | "format" | "contentEncoding" | "default" => {}
                "maxItems" => {
                    if value.as_array().is_some_and(|list| list.len() as u64 > rule.as_u64().unwrap()) {
                        return wrong("too many");
                    }
                }
                "items" => {
                    for (position, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.errors(rule, item, &format!("{at}/{position}"))?;
                    }
                }
                "required" => {
                    let missing = rule.as_array().unwrap().iter().filter_map(Value::as_str);
                    let missing = missing.filter(|name| value.is_object() && value.get(name).is_none());
                    if let Some(name) = missing.into_iter().next() {
                        return wrong(&format!("{name} is missing"));
                    }
                }
                "properties" => {
                    for (name, schema) in rule.as_object().unwrap() {
                        if let Some(member) = value.get(name) {
                            self.errors(schema, member, &format!("{at}/{name}"))?;
                        }
                    }
                }
                "additionalProperties" => {
                    let known = schema.get("properties").and_then(Value::as_object);
                    let others = value.as_object().into_iter().flatten();
                    for (name, member) in
                        others.filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)))
                    {
                        match rule {
                            Value::Bool(false) => return wrong(&format!("{name} is too much")),
                            rule => self.errors(rule, member, &format!("{at}/{name}"))?,
                        }
                    }
                }
                "allOf" => rule.as_array().unwrap().iter().try_for_each(|one| self.errors(one, value, at))?,
                "anyOf" => {
                    let errors: Vec<_> =
                        rule.as_array().unwrap().iter().map(|one| self.errors(one, value, at)).collect();
                    if errors.iter().all(Result::is_err) {
                        return wrong(&format!("none fits: {errors:?}"));
                    }
                }
                other => panic!("{other} is not understood: {schema}"),
            }
        }
        Ok(())
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}

const TEMPLATE: &str = "0p7kx4xzzpqgvejq";

async fn filled(receiver: &Receiver) -> Emulator {
    let emulator = started(|builder| {
        builder
            .templates([Template::new(TEMPLATE).subject("Hello").from("a@example.com")])
            .rate_limits(RateLimits { email: Some(100), ..RateLimits::unlimited() })
            .webhook(Webhook::new(&receiver.url).domain("example.com"))
            .inbound_route(InboundRoute::to(&receiver.url))
    });
    emulator.await
}

async fn sending(described: &mut Described, emulator: &Emulator) {
    let file = json!([{"filename": "a.txt", "content": STANDARD.encode("Hi"), "disposition": "attachment"}]);
    let whole = json!({
        "cc": [{"email": "cc@example.org", "name": "Cc"}], "reply_to": {"email": "r@example.org"}, "tags": ["a"],
        "html": "<a href=\"https://shop.example/\">x</a>", "attachments": file, "headers": [{"name": "X-A", "value": "b"}],
        "personalization": [{"email": "ann@example.org", "data": {"name": "Ann"}}], "settings": {"track_clicks": true},
    });
    described.ask(emulator, "POST", "/v1/email", Some(&message(&whole))).await;
    for who in ["bounce", "soft-bounce", "deferred", "click", "complaint", "unsubscribe"] {
        let to = message(&json!({"to": [{"email": format!("{who}@example.org")}], "html": "<p>x</p>"}));
        described.ask(emulator, "POST", "/v1/email", Some(&to)).await;
    }
    for _ in 0..4 {
        emulator.clock().advance(Duration::from_secs(2));
        emulator.settled().await;
    }
    for to in
        [json!([{"email": "bounce@example.org"}]), json!([{"email": "bounce@example.org"}, {"email": "b@example.org"}])]
    {
        let answer = described.ask(emulator, "POST", "/v1/email", Some(&message(&json!({"to": to})))).await;
        assert!(answer.text().contains("_SUPPRESSED"), "{}", answer.text());
    }
    described.ask(emulator, "POST", "/v1/email", Some(&message(&json!({"subject": null})))).await;
    let objects = json!([message(&json!({})), {"from": {"email": "x"}}, message(&json!({"to": [{"email": "bounce@example.org"}, {"email": "b@example.org"}]}))]);
    let bulk = call(emulator, "POST", "/v1/bulk-email", &objects.to_string()).await.json();
    described.ask(emulator, "POST", "/v1/bulk-email", Some(&json!([message(&json!({}))]))).await;
    described.ask(emulator, "POST", "/v1/bulk-email", Some(&json!([1]))).await;
    let status = format!("/v1/bulk-email/{}", bulk["bulk_email_id"].as_str().unwrap());
    described.get(emulator, &status).await;
    emulator.clock().advance(Duration::from_secs(1));
    assert_eq!(described.get(emulator, &status).await["data"]["state"], "completed");
    described.get(emulator, "/v1/api-quota").await;
}

/// The id that a list begins with.
fn first(list: &Value, id: &str) -> String {
    list["data"][0][id].as_str().unwrap_or_else(|| panic!("{list}")).to_owned()
}

async fn reading(described: &mut Described, emulator: &Emulator) {
    let (domain, now) = (emulator.domain_id("example.com"), emulator.clock().now().as_second());
    let list = described.get(emulator, "/v1/messages").await;
    described.get(emulator, &format!("/v1/messages/{}", first(&list, "id"))).await;
    described.get(emulator, "/v1/messages?limit=1000").await;
    let dates = format!("date_from={}&date_to={now}", now - 3_600);
    let list = described.get(emulator, &format!("/v1/emails?domain_id={domain}&{dates}&limit=100")).await;
    described.get(emulator, &format!("/v1/email/{}", first(&list, "id"))).await;
    let list = described.get(emulator, &format!("/v1/activity/{domain}?{dates}&limit=100")).await;
    described.get(emulator, &format!("/v1/activities/{}", first(&list, "id"))).await;
    described.get(emulator, &format!("/v1/domains/{domain}/recipients")).await;
    let list = described.get(emulator, "/v1/recipients").await;
    let recipient = format!("/v1/recipients/{}", first(&list, "id"));
    described.get(emulator, &recipient).await;
    described.ask(emulator, "DELETE", &recipient, None).await;
    described.get(emulator, &recipient).await;
    let later = message(&json!({"send_at": now + 3_600}));
    described.ask(emulator, "POST", "/v1/email", Some(&later)).await;
    let list = described.get(emulator, "/v1/message-schedules").await;
    let schedule = format!("/v1/message-schedules/{}", first(&list, "message_id"));
    described.get(emulator, &schedule).await;
    described.ask(emulator, "DELETE", &schedule, None).await;
    described.get(emulator, "/v1/templates").await;
    described.get(emulator, &format!("/v1/templates/{TEMPLATE}")).await;
    let template =
        json!({"name": "Welcome", "html": "<p>Hi {{ name }}</p>", "text": "Hi {{ name }}", "domain_id": domain});
    let new = described.ask(emulator, "POST", "/v1/templates", Some(&template)).await.json();
    let path = format!("/v1/templates/{}", new["data"]["id"].as_str().unwrap());
    described.ask(emulator, "PUT", &path, Some(&template)).await;
    described.ask(emulator, "DELETE", &path, None).await;
}

async fn lists(described: &mut Described, emulator: &Emulator) {
    let domain = emulator.domain_id("example.com");
    emulator.suppress(SuppressionList::OnHold, "held@example.org");
    for list in ["blocklist", "hard-bounces", "spam-complaints", "unsubscribes", "on-hold-list"] {
        let path = format!("/v1/suppressions/{list}");
        let mut wanted = json!({"domain_id": domain, "recipients": ["new@example.org"]});
        if list == "blocklist" {
            wanted["patterns"] = json!([".*@never.example"]);
        }
        if list != "on-hold-list" {
            described.ask(emulator, "POST", &path, Some(&wanted)).await;
        }
        assert_ne!(described.get(emulator, &path).await["data"], json!([]), "{list}");
        described.ask(emulator, "DELETE", &path, Some(&json!({"all": true}))).await;
    }
}

async fn setting_up(described: &mut Described, emulator: &Emulator, receiver: &Receiver) {
    let domain = emulator.domain_id("example.com");
    let new = described.ask(emulator, "POST", "/v1/domains", Some(&json!({"name": "new.example"}))).await.json();
    described.ask(emulator, "DELETE", &format!("/v1/domains/{}", new["data"]["id"].as_str().unwrap()), None).await;
    described.get(emulator, "/v1/domains").await;
    for path in ["", "/dns-records", "/verify"] {
        described.get(emulator, &format!("/v1/domains/{domain}{path}")).await;
    }
    let (users, user) = (format!("/v1/domains/{domain}/smtp-users"), json!({"name": "Shop", "enabled": true}));
    let new = described.ask(emulator, "POST", &users, Some(&user)).await.json();
    described.get(emulator, &users).await;
    let path = format!("{users}/{}", new["data"]["id"].as_str().unwrap());
    described.get(emulator, &path).await;
    described.ask(emulator, "PUT", &path, Some(&user)).await;
    described.ask(emulator, "DELETE", &path, None).await;
    let settings = json!({"track_opens": false});
    described.ask(emulator, "PUT", &format!("/v1/domains/{domain}/settings"), Some(&settings)).await;

    let filter = json!({"comparer": "equal", "value": "x", "key": "X-A"});
    let route = json!({
        "domain_id": domain, "name": "Help", "domain_enabled": true, "inbound_domain": "in.example", "inbound_priority": 3,
        "catch_filter": {"type": "catch_recipient", "filters": [filter]}, "catch_type": "one",
        "match_filter": {"type": "match_header", "filters": [filter]}, "match_type": "all",
        "forwards": [{"type": "webhook", "value": "http://127.0.0.1:1/"}, {"type": "email", "value": "a@example.org"}],
    });
    let new = described.ask(emulator, "POST", "/v1/inbound", Some(&route)).await.json();
    described.get(emulator, "/v1/inbound").await;
    let path = format!("/v1/inbound/{}", new["data"]["id"].as_str().unwrap());
    described.get(emulator, &path).await;
    described.ask(emulator, "PUT", &path, Some(&route)).await;
    described.ask(emulator, "DELETE", &path, None).await;

    let webhook = json!({"url": format!("{}&again", receiver.url), "name": "All", "events": ["activity.sent"], "domain_id": domain});
    let new = described.ask(emulator, "POST", "/v1/webhooks", Some(&webhook)).await.json();
    described.get(emulator, &format!("/v1/webhooks?domain_id={domain}")).await;
    let path = format!("/v1/webhooks/{}", new["data"]["id"].as_str().unwrap());
    described.get(emulator, &path).await;
    described.ask(emulator, "PUT", &path, Some(&json!({"enabled": false}))).await;
    described.ask(emulator, "DELETE", &path, None).await;
}

async fn tokens_and_senders(described: &mut Described, emulator: &Emulator) {
    let domain = emulator.domain_id("example.com");
    let token = json!({"name": "Mine", "domain_id": domain, "scopes": ["email_full"]});
    let new = described.ask(emulator, "POST", "/v1/token", Some(&token)).await.json();
    described.get(emulator, "/v1/token").await;
    let path = format!("/v1/token/{}", new["data"]["id"].as_str().unwrap());
    described.get(emulator, &path).await;
    described.ask(emulator, "PUT", &path, Some(&json!({"name": "Yours"}))).await;
    described.ask(emulator, "PUT", &format!("{path}/settings"), Some(&json!({"status": "pause"}))).await;
    described.ask(emulator, "DELETE", &path, None).await;

    for is_by_email in [false, true] {
        let identity = json!({"domain_id": domain, "email": "boss@example.com", "name": "Boss", "add_note": false});
        let new = described.ask(emulator, "POST", "/v1/identities", Some(&identity)).await.json();
        described.get(emulator, "/v1/identities").await;
        let id = new["data"]["id"].as_str().unwrap();
        described.ask(emulator, "POST", &format!("/v1/identities/{id}/resend"), None).await;
        let path = format!("/v1/identities/{}", if is_by_email { "email/boss@example.com" } else { id });
        described.get(emulator, &path).await;
        described.ask(emulator, "PUT", &path, Some(&json!({"name": "Chief"}))).await;
        described.ask(emulator, "DELETE", &path, None).await;
    }
}

#[tokio::test]
async fn every_endpoint_answers_as_described() {
    let receiver = Receiver::start().await;
    let emulator = filled(&receiver).await;
    let mut described = Described::of(&emulator).await;
    sending(&mut described, &emulator).await;
    reading(&mut described, &emulator).await;
    lists(&mut described, &emulator).await;
    setting_up(&mut described, &emulator, &receiver).await;
    tokens_and_senders(&mut described, &emulator).await;
    let mut missing = Vec::new();
    for (path, methods) in described.document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap().iter().filter(|_| path.starts_with("/v1/")) {
            for status in operation["responses"].as_object().unwrap().keys().filter(|status| status.starts_with('2')) {
                let place = format!("{} {path} {status}", method.to_ascii_uppercase());
                missing.extend(Some(place).filter(|place| !described.seen.contains(place)));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "these were not held against an answer");
}

#[tokio::test]
async fn refusals_are_as_described() {
    let emulator = started(|builder| builder.scoped_token("mlsn.little", ["activity_read"]).daily_quota(1)).await;
    let mut described = Described::of(&emulator).await;
    for _ in 0..2 {
        described.ask(&emulator, "POST", "/v1/email", Some(&message(&json!({})))).await;
    }
    emulator.fail_next(mailferry_emulator::Fault::RateLimit);
    described.ask(&emulator, "GET", "/v1/messages", None).await;
    emulator.set_maintenance(true);
    described.ask(&emulator, "GET", "/v1/messages", None).await;
    emulator.set_maintenance(false);
    for status in [421, 429] {
        assert!(described.seen.contains(&format!("GET /v1/messages {status}")), "{:?}", described.seen);
    }
    // What is not as described is found out: the test would otherwise prove nothing.
    let described = Described::of(&emulator).await;
    let quota = json!({"$ref": "#/components/schemas/Quota"});
    let mut value = json!({"quota": 1, "remaining": 0, "reset": "2026-03-02T00:00:00Z"});
    assert_eq!(described.errors(&quota, &value, ""), Ok(()));
    value["quota"] = json!("1");
    assert!(described.errors(&quota, &value, "").is_err());
    value["quota"] = json!(1);
    value["more"] = json!(1);
    assert!(described.errors(&quota, &value, "").is_err());
}
