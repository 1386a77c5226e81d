//! Requests of strangers: a line each for method and path, then headers, an empty line, and the body.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use mailferry::mailersend::{Inbound, Webhook};
use mailferry::webhook::Endpoints;

fuzz_target!(|request: &[u8]| {
    let mut lines = request.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, path, rest) = (line(), line(), line());
    let Ok(method) = Method::from_bytes(method) else { return };
    let Ok(path) = std::str::from_utf8(path) else { return };
    let end = rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len());
    let (head, body) = rest.split_at(end);
    let body = body.strip_prefix(b"\n\n").unwrap_or(body);
    let mut headers = HeaderMap::new();
    for field in head.split(|byte| *byte == b'\n') {
        let mut parts = field.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii())) {
            headers.append(name, value);
        }
    }
    let (Ok(webhook), Ok(inbound)) = (Webhook::new("secret"), Inbound::new("other secret")) else { return };
    let endpoints = Endpoints::new().receiver(webhook).receiver(inbound).prefix("hooks");
    let open = endpoints.answer(&method, path, &headers, body);
    let Ok(endpoints) = endpoints.basic_auth(["ann:pass"]) else { return };
    let guarded = endpoints.answer(&method, path, &headers, body);
    for answer in [&open, &guarded] {
        assert!(matches!(answer.status.as_u16(), 200 | 400 | 404 | 405 | 413 | 500), "{answer:?}");
    }
    assert!(guarded.status != 200 || open.status == 200, "what is guarded is no easier to pass");
});
