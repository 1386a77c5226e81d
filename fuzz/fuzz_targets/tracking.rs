//! Signed bodies at the tracking endpoint: whatever they hold, an event or a calm refusal.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use mailferry::Event;
use mailferry::mailersend::{Webhook, reread};
use mailferry::webhook::Receiver;

fuzz_target!(|body: &[u8]| {
    let Ok(webhook) = Webhook::new("secret") else { return };
    let mut headers = HeaderMap::new();
    if let Ok(signature) = HeaderValue::from_str(&webhook.sign(body)) {
        headers.insert("Signature", signature);
    }
    match webhook.receive(&headers, body) {
        Ok(events) => {
            for event in &events {
                assert_eq!(event.raw(), body, "the body is kept as it came");
                let again = reread("mailersend/tracking", Bytes::copy_from_slice(body));
                assert_eq!(again.map(|event| event.to_json()).ok(), Some(event.to_json()));
                if let Event::Tracking(event) = event {
                    assert!(!event.service_kind.starts_with("activity."));
                }
            }
        }
        Err(error) => assert!(matches!(error.status().as_u16(), 400 | 500), "{error}"),
    }
});
