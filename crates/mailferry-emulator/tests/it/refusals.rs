//! Refusals of whole requests, before any field is looked at.

use std::collections::BTreeMap;

use mailferry_emulator::{AccountState, Emulator, Fault, InboundRoute, RateLimits};
use serde_json::json;

use crate::client::{Answer, TOKEN, call, get, head, message, post, raw, send, started};

/// The rule, the status and the sentence.
#[rustfmt::skip] // a table: one line a rule
pub(crate) const EXPECTED: &[(&str, u16, &str)] = &[
    ("auth.token", 401, "Unauthenticated."),
    ("auth.scope", 403, "The custom API token you're using doesn't have the required permissions. #MS40301"),
    ("account.switched_off", 403, "Your account's access to API/SMTP has been switched off. #MS40302"),
    ("account.not_authorized", 403, "Your account is not authorized to perform this action. #MS40303"),
    ("account.suspended", 403, "Your account is suspended, you can't do any more requests. #MS40304"),
    ("account.ip_not_allowed", 403, "Your IP address is not allowlisted. #MS40305"),
    ("path.unknown", 404, "Resource not found."),
    ("path.nowhere", 404, "The route v1/nowhere could not be found."),
    ("path.method", 405, "The PUT method is not supported for route v1/email. Supported methods: POST."),
    ("body.syntax", 400, "The request body is not valid JSON."),
    ("body.size", 413, "The request body is larger than 62914560 bytes."),
    ("service.timeout", 408, "The request timed out."),
    ("service.maintenance", 421, "The service isn't available, try again later."),
    ("schedule.late", 404, "This message is scheduled to be sent shortly or has already been sent, it's not possible to delete it."),
    ("create.too_many", 429, "You cannot create a resource at the moment. Please wait a while before retrying."),
    ("quota.day", 429, "Your account reached its API daily quota limit. Upgrade to increase it. #MS42901"),
    ("rate.minute", 429, "Your account reached its rate limit of 1 requests/min. Please wait before trying again. #MS42903"),
    ("endpoint.not_emulated", 501, "This is the Mailferry emulator, not MailerSend: it does not emulate GET v1/users/1."),
    ("bulk.syntax", 422, "JSON contains a syntax error. #MS42227"),
    ("bulk.decoding", 422, "JSON contains a decoding error. #MS42228"),
    ("bulk.malformed", 400, "The bulk request sent is malformed. #MS40001"),
    ("bulk.empty", 422, "The email objects are required. #MS42230"),
    ("bulk.too_many", 422, "The number of email objects must not be greater than 2. #MS42229"),
    ("bulk.item", 422, "The bulk request item is invalid. #MS42231"),
];

async fn as_token(emulator: &Emulator, token: &str) -> Answer {
    raw(emulator.address(), &head("POST", "/v1/email", token, 2), b"{}").await.unwrap()
}

/// What each rule's refusal answers.
async fn refusals() -> BTreeMap<&'static str, Answer> {
    let emulator = started(|builder| builder.bulk_objects(2).scoped_token("mlsn.narrow", ["sms_read"])).await;
    let mut answers = BTreeMap::new();
    answers.insert("auth.token", as_token(&emulator, "mlsn.wrong").await);
    answers.insert("auth.scope", as_token(&emulator, "mlsn.narrow").await);
    answers.insert("path.nowhere", get(&emulator, "/v1/nowhere").await);
    answers.insert("path.unknown", get(&emulator, "/v1/webhooks/nobody").await);
    answers.insert("path.method", call(&emulator, "PUT", "/v1/email", "{}").await);
    answers.insert("endpoint.not_emulated", get(&emulator, "/v1/users/1?page=2").await);
    answers.insert("body.syntax", call(&emulator, "POST", "/v1/email", "{").await);
    let large = head("POST", "/v1/email", TOKEN, 60 * 1024 * 1024 + 1);
    answers.insert("body.size", raw(emulator.address(), &large, b"").await.unwrap());
    for (rule, body) in [
        ("bulk.syntax", "[{".to_owned()),
        ("bulk.decoding", "[".repeat(200) + &"]".repeat(200)),
        ("bulk.malformed", "{}".to_owned()),
        ("bulk.empty", "[]".to_owned()),
        ("bulk.too_many", "[{},{},{}]".to_owned()),
        ("bulk.item", "[1]".to_owned()),
    ] {
        answers.insert(rule, call(&emulator, "POST", "/v1/bulk-email", &body).await);
    }
    answers.insert("schedule.late", call(&emulator, "DELETE", "/v1/message-schedules/x", "").await);
    for i in 0..1_000 {
        emulator.add_inbound_route(InboundRoute::to("http://127.0.0.1:1/").name(i.to_string()));
    }
    let route = crate::route_rules::route(&emulator.domain_id("example.com"), &json!({}));
    answers.insert("create.too_many", post(&emulator, "/v1/inbound", &route).await);
    emulator.fail_next(Fault::Status(408));
    answers.insert("service.timeout", send(&emulator, &json!({})).await);
    for (rule, state) in [
        ("account.switched_off", AccountState::SwitchedOff),
        ("account.not_authorized", AccountState::NotAuthorized),
        ("account.suspended", AccountState::Suspended),
        ("account.ip_not_allowed", AccountState::IpNotAllowed),
    ] {
        emulator.set_account(state);
        answers.insert(rule, send(&emulator, &json!({})).await);
    }
    emulator.set_maintenance(true);
    answers.insert("service.maintenance", send(&emulator, &json!({})).await);
    assert!(emulator.emails().is_empty());

    let spent = started(|builder| builder.daily_quota(0)).await;
    answers.insert("quota.day", send(&spent, &json!({})).await);
    let slow = started(|builder| builder.rate_limits(RateLimits { email: Some(1), ..RateLimits::unlimited() })).await;
    assert_eq!(send(&slow, &json!({})).await.status, 202);
    answers.insert("rate.minute", send(&slow, &json!({})).await);
    answers
}

#[tokio::test]
async fn every_refusal_says_its_sentence() {
    let mut answers = refusals().await;
    for (rule, status, sentence) in EXPECTED {
        let answer = answers.remove(rule).unwrap_or_else(|| panic!("{rule} is never met"));
        assert_eq!((answer.status, &answer.json()["message"]), (*status, &json!(sentence)), "{rule}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{rule}");
        assert_eq!(answer.header("cache-control"), Some("no-cache, private"), "{rule}");
        // The framework's own refusals are spread over lines, the vendor's are not.
        assert_eq!(answer.text().contains('\n'), !matches!(status, 401 | 422), "{rule}");
        let quota = matches!(answer.status, 400 | 403 | 422 | 429) || *rule == "schedule.late";
        assert_eq!(answer.header("x-apiquota-remaining").is_some(), quota, "{rule}");
    }
    assert!(answers.is_empty());
}

#[tokio::test]
async fn missing_and_wrong_tokens_get_the_same_bytes() {
    let emulator = started(|builder| builder).await;
    let wrong = raw(emulator.address(), &head("GET", "/v1/api-quota", "mlsn.other", 0), b"").await.unwrap();
    let none = "GET /v1/api-quota HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let missing = raw(emulator.address(), none, b"").await.unwrap();
    let basic = none.replace("connection", "authorization: Basic abc\r\nconnection");
    let basic = raw(emulator.address(), &basic, b"").await.unwrap();
    for answer in [&wrong, &missing, &basic] {
        assert_eq!((answer.status, answer.text()), (401, r#"{"message":"Unauthenticated."}"#));
        assert_eq!(answer.header_names(), ["cache-control", "content-type"]);
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused() {
    let emulator = started(|builder| builder.scoped_token("mlsn.narrow", ["suppressions_read"])).await;
    let body = message(&json!({})).to_string();
    let try_it = async |method: &str, path: &str| {
        raw(emulator.address(), &head(method, path, "mlsn.narrow", body.len()), body.as_bytes()).await.unwrap()
    };
    let answer = try_it("POST", "/v1/email").await;
    assert_eq!(answer.status, 403);
    let sentence = "The custom API token you're using doesn't have the required permissions. #MS40301";
    assert_eq!(answer.text(), format!("{{\n    \"message\": \"{sentence}\"\n}}"));
    assert_eq!(try_it("POST", "/v1/suppressions/blocklist").await.status, 403);
    assert_eq!(try_it("GET", "/v1/suppressions/blocklist").await.status, 200);
    assert_eq!(try_it("GET", "/v1/api-quota").await.status, 200);
}

#[tokio::test]
async fn maintenance_comes_before_everything() {
    let emulator = started(|builder| builder).await;
    emulator.set_maintenance(true);
    let answer = raw(emulator.address(), &head("GET", "/v1/nowhere", "wrong", 0), b"").await.unwrap();
    assert_eq!(answer.status, 421);
    assert_eq!(answer.header("x-apiquota-remaining"), None);
    emulator.set_maintenance(false);
    assert_eq!(get(&emulator, "/v1/api-quota").await.status, 200);
}

#[tokio::test]
async fn paths_and_methods() {
    let emulator = started(|builder| builder).await;
    let answer = get(&emulator, "/v1/nowhere").await;
    assert_eq!(
        (answer.status, answer.text()),
        (404, "{\n    \"message\": \"The route v1/nowhere could not be found.\"\n}")
    );
    assert_eq!(answer.header_names(), ["cache-control", "content-type"]);

    let answer = get(&emulator, "/v1/email").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert!(answer.text().contains("The GET method is not supported for route v1/email."));

    for path in ["/v1/users", "/v1/analytics/date", "/v1/sms-messages"] {
        let answer = get(&emulator, path).await;
        assert_eq!(answer.status, 501, "{path}");
        assert!(answer.text().contains("Mailferry emulator"), "{path}");
    }
}

#[tokio::test]
async fn only_json_is_json() {
    let emulator = started(|builder| builder).await;
    let cut = call(&emulator, "POST", "/v1/email", "{\"from\":").await;
    assert_eq!(cut.status, 400);
    assert!(cut.header("x-apiquota-remaining").is_some());

    // What is no object has no fields.
    for body in ["[]", "1", "\"a\"", "null", ""] {
        let answer = call(&emulator, "POST", "/v1/email", body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.json()["errors"]["to"][0], "The to field is required. #MS42209", "{body}");
    }

    let body = message(&json!({})).to_string();
    let form = head("POST", "/v1/email", TOKEN, body.len()).replace("application/json", "text/plain");
    let answer = raw(emulator.address(), &form, body.as_bytes()).await.unwrap();
    assert_eq!(answer.status, 422);
    assert!(answer.header("x-emulator-note").unwrap().contains("content-type"));
    let charset = head("POST", "/v1/email", TOKEN, body.len()).replace("/json", "/json; charset=utf-8");
    assert_eq!(raw(emulator.address(), &charset, body.as_bytes()).await.unwrap().status, 202);
}

#[tokio::test]
async fn tokens_must_make_sense() {
    assert!(Emulator::builder().token(" ").start().await.is_err());
    let open = Emulator::builder().any_token().listen(([0, 0, 0, 0], 0).into()).start().await;
    assert_eq!(open.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}
