//! What the webhook views of Django Anymail 15.1 were recorded to do, case by case: the endpoints do the same, and the
//! better thing where `flags.json` calls the recorded one a bug.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use mailferry::config::Sources;
use mailferry::event::Event;
use mailferry::mailersend::sign;
use mailferry::webhook::{Answer, Endpoints, Handler, Handling};
use serde::Deserialize;
use serde_json::{Value, json};

/// A recorded call.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Case {
    id: String,
    #[serde(rename = "covers")]
    _covers: Vec<String>,
    #[serde(rename = "note")]
    _note: String,
    endpoint: Option<String>,
    method: Option<String>,
    path: Option<String>,
    json: Option<Value>,
    body: Option<String>,
    body_base64: Option<String>,
    escape_slashes: bool,
    headers: BTreeMap<String, String>,
    content_type: Option<String>,
    sign_with: Option<String>,
    signature: Signature,
    basic_auth: Option<String>,
    settings: Settings,
    receivers: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    signing_secret: Option<String>,
    inbound_secret: Option<String>,
    webhook_secret: Option<Value>,
    no_defaults: bool,
    django: BTreeMap<String, String>,
}

/// How a call is signed.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Option<String>")]
enum Signature {
    /// Rightly, by a secret.
    #[default]
    Made,
    /// With this header, or none.
    Given(Option<String>),
}

impl From<Option<String>> for Signature {
    fn from(header: Option<String>) -> Self {
        Self::Given(header)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mailersend/webhooks")
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(folder().join(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{name}: {cause}"))
}

impl Case {
    fn is_inbound(&self) -> bool {
        self.endpoint.as_deref() == Some("inbound")
    }

    fn endpoints(&self) -> Endpoints {
        let Settings { signing_secret, inbound_secret, webhook_secret, no_defaults, django } = &self.settings;
        let mut values = BTreeMap::new();
        if !no_defaults {
            values.insert("MAILERSEND_SIGNING_SECRET", "tracking-secret".to_owned());
            values.insert("MAILERSEND_INBOUND_SECRET", "inbound-secret".to_owned());
        }
        values.extend(signing_secret.clone().map(|secret| ("MAILERSEND_SIGNING_SECRET", secret)));
        values.extend(inbound_secret.clone().map(|secret| ("MAILERSEND_INBOUND_SECRET", secret)));
        values.extend(webhook_secret.as_ref().map(|secret| {
            let pairs: Vec<_> = match secret {
                Value::Array(pairs) => pairs.iter().map(|pair| pair.as_str().unwrap()).collect(),
                pair => vec![pair.as_str().unwrap()],
            };
            ("WEBHOOK_SECRET", pairs.join(","))
        }));
        // Anymail's prefix is ours by another name.
        let env = django.iter().map(|(name, value)| {
            (
                name.strip_prefix("ANYMAIL_").map_or_else(|| name.clone(), |name| format!("MAILFERRY_{name}")),
                value.clone(),
            )
        });
        let sources =
            values.into_iter().fold(Sources::new().env(env), |sources, (name, value)| sources.set(name, value));
        let settings = sources.load().unwrap();
        let endpoints = match settings.endpoints() {
            Ok(endpoints) => endpoints,
            // Without any secret there is nothing to serve; with that of the other endpoint there is.
            Err(error) => {
                assert!(error.to_string().contains("MAILERSEND_SIGNING_SECRET is not set"), "{error}");
                let other = if self.is_inbound() { "MAILERSEND_SIGNING_SECRET" } else { "MAILERSEND_INBOUND_SECRET" };
                Sources::new().set(other, "another").load().unwrap().endpoints().unwrap()
            }
        };
        endpoints.prefix("/anymail")
    }

    fn body(&self) -> Vec<u8> {
        if let Some(encoded) = &self.body_base64 {
            return STANDARD.decode(encoded).unwrap();
        }
        match &self.json {
            Some(json) if self.escape_slashes => json.to_string().replace('/', "\\/").into(),
            Some(json) => json.to_string().into(),
            None => self.body.clone().unwrap_or_default().into(),
        }
    }

    fn headers(&self, body: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers.insert("Content-Type", self.content_type.as_deref().unwrap_or("application/json").parse().unwrap());
        let default = if self.is_inbound() { "inbound-secret" } else { "tracking-secret" };
        let own = if self.is_inbound() { &self.settings.inbound_secret } else { &self.settings.signing_secret };
        let secret = self.sign_with.as_deref().or(own.as_deref()).unwrap_or(default);
        let signature = match &self.signature {
            Signature::Made => Some(sign(body, secret)),
            Signature::Given(header) => header.clone(),
        };
        if let Some(signature) = signature {
            headers.insert("Signature", http::HeaderValue::from_bytes(signature.as_bytes()).unwrap());
        }
        if let Some(pair) = &self.basic_auth {
            headers.insert("Authorization", format!("Basic {}", STANDARD.encode(pair)).parse().unwrap());
        }
        headers
    }

    async fn run(&self) -> (Answer, Vec<Event>) {
        let body = self.body();
        let (endpoints, headers) = (self.endpoints(), self.headers(&body));
        let method = Method::from_bytes(self.method.as_deref().unwrap_or("POST").as_bytes()).unwrap();
        let default = format!("/anymail/mailersend/{}/", self.endpoint.as_deref().unwrap_or("tracking"));
        let path = self.path.as_deref().unwrap_or(&default);
        let receivers = Receivers { fails: self.receivers.iter().map(raises).collect(), seen: Mutex::default() };
        let answer = match endpoints.admit(&method, path, &headers) {
            Ok(endpoint) => endpoint.handle(&headers, body.into(), &receivers).await,
            Err(answer) => answer,
        };
        (answer, receivers.seen.into_inner().unwrap())
    }
}

fn raises(receiver: &Value) -> bool {
    receiver.get("raise").is_some()
}

/// Anymail's receivers of its signal as one handler: one after another, until one fails. Without any, one that does not.
struct Receivers {
    fails: Vec<bool>,
    seen: Mutex<Vec<Event>>,
}

impl Handler for Receivers {
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move {
            let fails = if self.fails.is_empty() { &[false][..] } else { &self.fails };
            for fails in fails {
                self.seen.lock().unwrap().push(event.clone());
                if *fails {
                    return Err("as recorded".into());
                }
            }
            Ok(())
        })
    }
}

/// An event as the recording has it, as far as we have what is in it.
fn recorded_form(event: &Event) -> Value {
    let json = event.to_json();
    let timestamp = json["timestamp"].as_str().map(|iso| json!({"iso": iso, "aware": true}));
    if let Event::Tracking(_) = event {
        let same = [
            "event_type",
            "event_id",
            "esp_event",
            "message_id",
            "recipient",
            "tags",
            "metadata",
            "reject_reason",
            "description",
            "mta_response",
            "user_agent",
            "click_url",
        ];
        let mut form: Value = same.iter().map(|key| ((*key).to_owned(), json[*key].clone())).collect();
        form["kind"] = "AnymailTrackingEvent".into();
        form["timestamp"] = timestamp.into();
        return form;
    }
    let raw: Value = serde_json::from_slice(event.raw()).unwrap();
    json!({
        "kind": "AnymailInboundEvent", "event_type": json["event_type"], "event_id": json["event_id"],
        "timestamp": timestamp, "esp_event": raw, "message": message_form(&json["message"]),
    })
}

fn message_form(message: &Value) -> Value {
    let same = ["subject", "text", "html", "envelope_sender"];
    let mut form: Value = same.iter().map(|key| ((*key).to_owned(), message[*key].clone())).collect();
    form["from_email"] = mailbox(&message["from"], "name", "email");
    for list in ["to", "cc", "bcc", "reply_to"] {
        form[list] = message[list].as_array().unwrap().iter().map(|one| mailbox(one, "name", "email")).collect();
    }
    form["date"] = message["date"].clone();
    form["envelope_recipient"] = message["envelope_recipients"][0].clone();
    form["attachments"] = message["attachments"].as_array().unwrap().len().into();
    form
}

/// A mailbox by the names of its members; one without a name has an empty one.
fn mailbox(mailbox: &Value, name: &str, address: &str) -> Value {
    if mailbox.is_null() { Value::Null } else { json!([mailbox[name].as_str().unwrap_or_default(), mailbox[address]]) }
}

/// The recording of a message in the form of [`message_form`].
fn recorded_message(message: &Value) -> Value {
    let same = ["subject", "text", "html", "envelope_sender", "envelope_recipient"];
    let mut form: Value = same.iter().map(|key| ((*key).to_owned(), message[*key].clone())).collect();
    form["from_email"] = mailbox(&message["from_email"], "display_name", "addr_spec");
    for list in ["to", "cc", "bcc", "reply_to"] {
        form[list] =
            message[list].as_array().unwrap().iter().map(|one| mailbox(one, "display_name", "addr_spec")).collect();
    }
    form["date"] = message["date"]["iso"].clone();
    let count = |list: &str| message[list].as_array().unwrap().len();
    form["attachments"] = (count("attachments") + count("inlines")).into();
    form
}

/// WHK-01, WHK-02, WHK-03, WHK-04, WHK-09, WHK-12, WHK-13, WHK-14, WHK-19, TRK-01, TRK-08, INB-04, INB-09: and whatever
/// else was recorded.
#[tokio::test]
async fn every_case_comes_out_as_recorded() {
    let flags: BTreeMap<String, String> = read("flags.json");
    let names: BTreeSet<_> = std::fs::read_dir(folder().join("recorded"))
        .unwrap()
        .filter_map(|file| Some(file.unwrap().file_name().to_str()?.strip_suffix(".expected.json")?.to_owned()))
        .collect();
    assert!(names.len() >= 40 && flags.keys().all(|flag| names.contains(flag)));
    for name in names.iter().filter(|name| !flags.contains_key(*name)) {
        let case: Case = read(&format!("recorded/{name}.json"));
        let expected: Value = read(&format!("recorded/{name}.expected.json"));
        let (answer, events) = case.run().await;
        assert_eq!(answer.status.as_u16(), expected["status"], "{name}: {answer:?}");
        assert_eq!(json!(answer.allow), expected["allow"], "{name}");
        let seen: Vec<_> = events.iter().map(recorded_form).collect();
        let recorded = expected["events"].as_array().unwrap().iter().map(|event| {
            let mut event = event["event"].clone();
            if let Some(message) = event.get_mut("message") {
                *message = recorded_message(message);
            }
            event
        });
        let recorded: Vec<_> = recorded.collect();
        assert_eq!(json!(seen), json!(recorded), "{name}");
    }
}

/// The flagged cases, one by one: what is better is done.
#[tokio::test]
async fn flagged_cases_come_out_better() {
    let flags: BTreeMap<String, String> = read("flags.json");
    for name in flags.keys() {
        let case: Case = read(&format!("recorded/{name}.json"));
        let (answer, events) = case.run().await;
        let events: Vec<_> = events.iter().map(Event::to_json).collect();
        let status = answer.status.as_u16();
        match name.as_str() {
            "bad-utf8" | "inb-bad-json" | "inb-no-data" | "inb-raw-empty" | "inb-raw-null" => {
                assert_eq!((status, events.len()), (400, 0), "{name}");
            }
            "bad-no-type" => {
                assert_eq!((status, &events[0]["event_type"]), (200, &json!("account")));
                assert_eq!(events[0]["name"], "sender_identity.verified");
            }
            "bad-email-null" | "bad-email-list" => {
                assert_eq!((status, &events[0]["event_type"]), (200, &json!("sent")), "{name}");
                assert_eq!(events[0]["recipient"], Value::Null, "{name}");
            }
            "ts-no-zone" => {
                assert!(status == 200 && events[0]["timestamp"].as_str().unwrap().ends_with("+00:00"), "{events:?}");
            }
            "morph-no-object" => {
                assert_eq!((status, &events[0]["click_url"]), (200, &json!("https://x.example")));
                assert_eq!((&events[0]["description"], &events[0]["reject_reason"]), (&json!("r"), &Value::Null));
            }
            "inb-recipients-null" => {
                assert_eq!((status, &events[0]["message"]["envelope_recipients"]), (200, &json!([])));
            }
            "inb-latin1-label" => {
                assert_eq!((status, &events[0]["message"]["text"]), (200, &json!("café\r\n")));
            }
            "inb-minimal" => {
                assert_eq!((status, &events[0]["message"]["text"]), (200, &json!("...")));
            }
            other => panic!("{other} is flagged, and nothing better is known"),
        }
    }
}
