//! What Django Anymail 15.1 was recorded to do, case by case: this library does the same.
//!
//! A case is run when the interchange form can express it and `send-flags.json` does not call its result a bug or an
//! accident. Every other case is listed here with its reason, or has a test of its own in `flagged.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry::config::Sources;
use mailferry::transport::{Error, ErrorKind, MessageId, SendStatus, Status};
use mailferry::{Mailer, Message, Stop, TransportExt};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::capture::{Answer, Capture};

/// Cases that the interchange form cannot express, and those where another result is meant.
const NOT_RUN: [(&str, &str); 8] = [
    ("bod-amp", "a message has one text and one html, and no list of alternatives"),
    ("bod-both-alternatives", "likewise"),
    ("bod-two-html", "likewise"),
    ("bod-html-main-html-alt", "likewise; and which part comes first is not said by a subtype"),
    ("bod-html-main-plain-alt", "likewise"),
    ("bod-calendar-subtype", "likewise"),
    ("cfg-batch-mode-bare", "meant otherwise: every setting, not the token alone, may be a variable without prefix"),
    ("mrg-two-nonsense", "meant otherwise: a mode that is none is a configuration error"),
];

/// What became of a case.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) server: Capture,
    pub(crate) results: Vec<Result<SendStatus, Error>>,
    /// One entry for each call of a recording hook, as the recording has it.
    signals: Vec<Value>,
    fail_silently: bool,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mailersend")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// The names of all cases.
fn cases() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder().join("send")).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".expected.json").map(str::to_owned))
        .collect()
}

/// The flagged cases, each with what is wrong with it.
fn flags() -> BTreeMap<String, String> {
    serde_json::from_str(&read("send-flags.json")).unwrap()
}

/// The ids are in each case, under `covers`.
#[tokio::test]
async fn recorded_cases_come_out_as_recorded() {
    let (cases, flags) = (cases(), flags());
    assert!(cases.len() > 100, "the recorded cases are missing");
    for (name, reason) in NOT_RUN {
        assert!(
            cases.contains(name) && !flags.contains_key(name),
            "{name}, listed because {reason:?}, is no such case"
        );
    }
    let mut run = 0;
    let mut wrong = Vec::new();
    for name in &cases {
        if flags.contains_key(name) || NOT_RUN.iter().any(|(listed, _)| listed == name) {
            continue;
        }
        let expected: Value = serde_json::from_str(&read(&format!("send/{name}.expected.json"))).unwrap();
        let differences = compare(&expected, &run_case(name).await);
        if !differences.is_empty() {
            wrong.push(format!("{name}:\n  {}", differences.join("\n  ")));
        }
        run += 1;
    }
    assert!(wrong.is_empty(), "{} of {run} cases differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(run > 60, "only {run} cases were run");
}

/// Every flagged case has a test that says what is done instead.
#[test]
fn flagged_cases_are_tested_one_by_one() {
    let tests = include_str!("flagged.rs");
    let cases = cases();
    for (name, reason) in flags() {
        assert!(cases.contains(&name), "{name} is flagged ({reason}) and is no case");
        assert!(tests.contains(&format!("\"{name}\"")), "no test in flagged.rs is about {name}: {reason}");
    }
}

/// Runs one case through the settings, a mailer with its hooks, and a capture server.
pub(crate) async fn run_case(name: &str) -> Outcome {
    let text = read(&format!("send/{name}.json"));
    let case: Value = serde_json::from_str(&text).unwrap();
    let ordered: Ordered = serde_json::from_str(&text).unwrap();
    let script: Vec<_> = case["responses"].as_array().map_or_else(Vec::new, |list| list.iter().map(answer).collect());
    let server = if script.is_empty() { Capture::accepting().await } else { Capture::start(script).await };
    let signals = Arc::default();
    let results = match mailer(&case, &server, &signals) {
        Err(error) => vec![Err(error)],
        Ok(mailer) => send(&mailer, &case, ordered).await,
    };
    let signals = std::mem::take(&mut *signals.lock().unwrap());
    Outcome { server, results, signals, fail_silently: case["fail_silently"] == true }
}

async fn send(mailer: &Mailer, case: &Value, ordered: Ordered) -> Vec<Result<SendStatus, Error>> {
    let headers = ordered.message.and_then(|message| message.headers).map(|Pairs(pairs)| pairs);
    let single = case.get("message").map(|message| interchange(message, headers.as_deref()));
    let several = case["messages"].as_array().into_iter().flatten().map(|message| interchange(message, None));
    let mut results = Vec::new();
    let mut messages = Vec::new();
    for json in single.into_iter().chain(several) {
        match Message::from_json(json.as_bytes()) {
            Ok(message) => messages.push(message),
            Err(invalid) => results.push(Err(invalid.into())),
        }
    }
    results.extend(mailer.send_all(&messages).await);
    results
}

/// Only where the order of an object's members counts, or where a list of pairs stands for one.
#[derive(Deserialize)]
struct Ordered {
    message: Option<OrderedMessage>,
}

#[derive(Deserialize)]
struct OrderedMessage {
    headers: Option<Pairs>,
}

struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a list of pairs")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = list.next_element()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// A recorded message in the interchange form.
fn interchange(message: &Value, headers: Option<&[(String, Value)]>) -> String {
    let mut fields = message.as_object().unwrap().clone();
    if let Some(attachments) = fields.get_mut("attachments").and_then(Value::as_array_mut) {
        for attachment in attachments {
            *attachment = interchange_attachment(attachment);
        }
    }
    if let Some(send_at) = fields.get_mut("send_at")
        && let Some(text) = send_at.get("$datetime").or(send_at.get("$date"))
    {
        *send_at = text.clone();
    }
    fields.remove("headers");
    let mut members: Vec<_> = fields.iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
    if let Some(headers) = headers {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        members.push(format!("\"headers\":{{{}}}", pairs.join(",")));
    }
    format!("{{{}}}", members.join(","))
}

fn interchange_attachment(attachment: &Value) -> Value {
    if let Some([filename, content, content_type]) = attachment["$tuple"].as_array().map(Vec::as_slice) {
        let content = STANDARD.encode(content.as_str().unwrap());
        return json!({"filename": filename, "content": content, "content_type": content_type});
    }
    let mut fields = Map::new();
    for (key, value) in attachment.as_object().unwrap() {
        match key.as_str() {
            "filename" | "content_type" | "inline" => fields.insert(key.clone(), value.clone()),
            "content_text" => fields.insert("content".into(), STANDARD.encode(value.as_str().unwrap()).into()),
            "content_base64" => fields.insert("content".into(), value.clone()),
            "cid" => fields.insert("content_id".into(), value.clone()),
            // How Django is given it makes no difference here.
            "via" | "disposition" | "charset" => None,
            other => panic!("an attachment with {other:?}"),
        };
    }
    if let Some(charset) = attachment["charset"].as_str() {
        let content_type = format!("{}; charset={charset}", attachment["content_type"].as_str().unwrap());
        fields.insert("content_type".into(), content_type.into());
    }
    fields.into()
}

/// The recorded defaults under their interchange keys.
fn defaults(recorded: &Value) -> String {
    let mut fields = Map::new();
    for (key, value) in recorded.as_object().unwrap() {
        let (key, value) = match key.as_str() {
            "from_email" => ("from", value.clone()),
            "body" => ("text", value.clone()),
            "extra_headers" => ("headers", value.clone()),
            "attachments" => {
                ("attachments", value.as_array().unwrap().iter().map(interchange_attachment).collect::<Vec<_>>().into())
            }
            same => (same, value.clone()),
        };
        fields.insert(key.to_owned(), value);
    }
    Value::from(fields).to_string()
}

fn mailer(case: &Value, server: &Capture, signals: &Arc<Mutex<Vec<Value>>>) -> Result<Mailer, Error> {
    let settings = &case["settings"];
    let mut env = vec![("PREFLIGHT".to_owned(), "off".to_owned()), ("MAILERSEND_CUSTOM_HEADERS".into(), "true".into())];
    let mut set = |name: &str, value: String| env.push((name.to_owned(), value));
    if settings["no_defaults"] != true {
        set("MAILERSEND_API_TOKEN", "test-token".into());
        set("MAILERSEND_API_URL", server.url());
    }
    for (key, value) in settings.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match key.as_str() {
            "no_defaults" | "default_charset" => {}
            "api_url" => set("MAILERSEND_API_URL", text.replace("{API_URL}", &server.url())),
            "batch_send_mode" => set("MAILERSEND_BATCH_SEND_MODE", text),
            "ignore_unsupported_features" => set("IGNORE_UNSUPPORTED_FEATURES", text),
            "send_defaults" => set("SEND_DEFAULTS", defaults(value)),
            "esp_send_defaults" => set("MAILERSEND_SEND_DEFAULTS", defaults(value)),
            "timezone" => set("TIME_ZONE", text),
            "requests_timeout" => {
                let parts: Vec<_> = value["$tuple"].as_array().unwrap().iter().map(Value::to_string).collect();
                set("REQUESTS_TIMEOUT", parts.join(","));
            }
            "django" => {
                for (name, value) in value.as_object().unwrap() {
                    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    match (name.strip_prefix("ANYMAIL_"), name.as_str()) {
                        (Some(own), _) => set(&format!("MAILFERRY_{own}"), text(value)),
                        (None, "ANYMAIL") => {
                            for (name, value) in value.as_object().unwrap() {
                                set(&format!("MAILFERRY_{name}"), text(value));
                            }
                        }
                        (None, bare) => set(bare, text(value)),
                    }
                }
            }
            other => panic!("a setting {other:?}"),
        }
    }
    let settings = Sources::new().env(env).load()?;
    let mut mailer = Mailer::builder(settings.mailersend()?).settings(&settings)?;
    for (receiver, ops) in case["hooks"]["pre_send"].as_array().into_iter().flatten().enumerate() {
        let (ops, signals) = (ops.clone(), Arc::clone(signals));
        mailer = mailer.before_send(move |message, service| before(&ops, receiver, message, service, &signals));
    }
    for (receiver, ops) in case["hooks"]["post_send"].as_array().into_iter().flatten().enumerate() {
        let (ops, signals) = (ops.clone(), Arc::clone(signals));
        mailer = mailer.after_send(move |_, status, service| {
            let mut signal = json!({"signal": "post_send", "receiver": receiver, "esp_name": service});
            signal["status"] = recorded_status(status);
            signals.lock().unwrap().push(signal);
            match ops[0]["op"].as_str() {
                Some("raise") => Err(ops[0]["text"].as_str().unwrap().into()),
                _ => Ok(()),
            }
        });
    }
    Ok(mailer.build())
}

fn before(
    ops: &Value,
    receiver: usize,
    mut message: Message,
    service: &str,
    signals: &Mutex<Vec<Value>>,
) -> Result<Message, Stop> {
    signals.lock().unwrap().push(json!({"signal": "pre_send", "receiver": receiver, "esp_name": service}));
    for op in ops.as_array().unwrap() {
        match op["op"].as_str().unwrap() {
            "record" => {}
            "cancel" => return Err(Stop::Cancel),
            "raise" => return Err(Stop::Failed(op["text"].as_str().unwrap().into())),
            "set" => {
                let mut fields: Value = serde_json::from_str(&message.to_json()).unwrap();
                fields[op["attr"].as_str().unwrap()] = op["value"].clone();
                message = Message::from_json(fields.to_string().as_bytes())?;
            }
            other => panic!("an op {other:?}"),
        }
    }
    Ok(message)
}

fn answer(recorded: &Value) -> Answer {
    let mut answer = Answer::new(recorded["status"].as_u64().unwrap_or(202).try_into().unwrap());
    if let Some(reason) = recorded["reason"].as_str() {
        answer = answer.reason(reason);
    }
    let headers = recorded["headers"].as_object();
    for (name, value) in headers.into_iter().flatten() {
        answer = answer.header(name, value.as_str().unwrap());
    }
    if let Some(json) = recorded.get("json") {
        if !headers.is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"))) {
            answer = answer.header("Content-Type", "application/json");
        }
        answer = answer.body(json.to_string());
    }
    if let Some(body) = recorded["body"].as_str() {
        answer = answer.body(body);
    }
    if let Some(body) = recorded["body_base64"].as_str() {
        answer = answer.body(STANDARD.decode(body).unwrap());
    }
    answer.after(Duration::from_millis(recorded["delay_ms"].as_u64().unwrap_or(0)))
}

/// A status in the recording's form.
fn recorded_status(status: &SendStatus) -> Value {
    let words: BTreeSet<_> = status.statuses().into_iter().map(Status::as_str).collect();
    let recipients: Map<_, _> = status
        .recipients()
        .map(|(address, recipient)| {
            (address.to_string(), json!({"status": recipient.status.as_str(), "message_id": recipient.message_id}))
        })
        .collect();
    json!({
        "status": if status.is_empty() { Value::Null } else { json!(words) },
        "message_id": match status.message_id() {
            MessageId::None => Value::Null,
            MessageId::One(id) => id.into(),
            MessageId::Many(ids) => json!({"set": ids}),
        },
        "recipients": recipients,
        "has_esp_response": status.response().is_some(),
    })
}

/// How the recording and the outcome differ, in words.
fn compare(expected: &Value, outcome: &Outcome) -> Vec<String> {
    let mut differences = Vec::new();
    let mut same = |what: &str, expected: &Value, got: &Value| {
        if expected != got {
            differences.push(format!("{what}: recorded {expected}, got {got}"));
        }
    };
    let requests: Vec<_> = outcome.server.requests();
    same("requests", &json!(expected["requests"].as_array().unwrap().len()), &json!(requests.len()));
    for (expected, request) in expected["requests"].as_array().unwrap().iter().zip(&requests) {
        same("method", &expected["method"], &json!(request.method));
        same("path", &expected["path"], &json!(request.path));
        same("body", &expected["body"], &request.json());
        for header in ["authorization", "content-type", "accept"] {
            same(header, &expected["headers"][header], &json!(request.header(header)));
        }
    }
    same("connections", &expected["connections"], &json!(outcome.server.connections()));
    let empty = SendStatus::default();
    let statuses = outcome.results.iter().map(|result| match result {
        Ok(status) => status,
        Err(error) => error.send_status().unwrap_or(&empty),
    });
    for (expected, status) in expected["messages"].as_array().unwrap().iter().zip(statuses) {
        let got = recorded_status(status);
        for part in ["status", "message_id", "recipients"] {
            same(part, &expected[part], &got[part]);
        }
    }
    let signals: Vec<_> = expected["signals"].as_array().into_iter().flatten().collect();
    same("signals", &json!(signals.len()), &json!(outcome.signals.len()));
    for (expected, got) in signals.into_iter().zip(&outcome.signals) {
        for part in ["signal", "receiver", "esp_name"] {
            same(part, &expected[part], &got[part]);
        }
        if got.get("status").is_some() {
            same("status seen by a hook", &expected["status"]["recipients"], &got["status"]["recipients"]);
        }
    }
    let failed = outcome.results.iter().find_map(|result| result.as_ref().err());
    if expected["error"].is_null() {
        let sent = outcome.results.iter().flatten().filter(|status| !status.is_empty()).count();
        same("sent", &expected["sent"], &json!(sent));
        // Nothing was raised: all went well, or a hook cancelled, or the caller had asked for silence.
        let silent = |error: &Error| outcome.fail_silently || error.kind() == ErrorKind::Cancelled;
        if let Some(error) = failed.filter(|error| !silent(error)) {
            differences.push(format!("recorded no error, got {error}"));
        }
        return differences;
    }
    let Some(error) = failed else {
        differences.push(format!("recorded {}, got no error", expected["error"]["text"]));
        return differences;
    };
    same("category", &expected["error"]["category"], &json!(category(error.kind())));
    let status = error.status().filter(|_| error.kind() != ErrorKind::Refused);
    same("HTTP status", &expected["error"]["status_code"], &json!(status));
    if let Some(has_response) = expected["error"].get("has_response") {
        same("response kept", has_response, &json!(error.response().is_some()));
    }
    // Where the recording names the first thing that is not supported, this library names all, that one first.
    if let Some(feature) =
        expected["error"]["text"].as_str().and_then(|text| text.strip_prefix("MailerSend does not support "))
        && !error.to_string().starts_with(&format!("MailerSend does not support {feature}"))
    {
        differences.push(format!("recorded {feature:?} first, got {error}"));
    }
    differences
}

/// The recording's word for a kind of error.
fn category(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "configuration",
        ErrorKind::InvalidAddress => "invalid_address",
        ErrorKind::Unsupported => "unsupported_feature",
        ErrorKind::Serialization => "serialization",
        ErrorKind::Refused => "recipients_refused",
        // A hook's own exception passes through Django unchanged.
        ErrorKind::Hook => "python_exception",
        ErrorKind::InvalidMessage | ErrorKind::Cancelled => "none",
        _ => "api_error",
    }
}
