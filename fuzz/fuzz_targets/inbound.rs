//! Signed bodies at the inbound endpoint, and the mails in them.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use mailferry::mailersend::Inbound;
use mailferry::webhook::Receiver;

fuzz_target!(|body: &[u8]| {
    let Ok(inbound) = Inbound::new("secret") else { return };
    let mut headers = HeaderMap::new();
    if let Ok(signature) = HeaderValue::from_str(&inbound.sign(body)) {
        headers.insert("Signature", signature);
    }
    match inbound.receive(&headers, body) {
        Ok(events) => {
            for event in &events {
                assert_eq!(event.raw(), body, "the body is kept as it came");
                let _ = event.to_json();
            }
        }
        Err(error) => assert!(matches!(error.status().as_u16(), 400 | 500), "{error}"),
    }
});
