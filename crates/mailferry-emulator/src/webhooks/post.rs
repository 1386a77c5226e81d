//! One signed POST, and what came of it.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use ring::hmac;
use rustls_platform_verifier::BuilderVerifierExt;

/// How long a receiver may take (facts sheet 6.3, documented).
pub(crate) const WITHIN: Duration = Duration::from_secs(3);

const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// Such failures are final: a name that does not exist is never asked for again (facts sheet 6.3).
    pub(crate) unresolved: bool,
}

/// Posts bodies. It costs nothing until the first one.
#[derive(Default)]
pub(crate) struct Poster {
    /// By whether the URL is HTTPS, and whether it is on this machine.
    clients: [OnceLock<Result<Client, String>>; 4],
}

impl Poster {
    /// Posts `body` to `url`, signed with `secret`, and gives the status of the answer, whatever it is.
    ///
    /// Redirects are not followed, and an answer that does not begin `within` this time is none.
    pub(crate) async fn post(&self, url: &str, secret: &str, body: Bytes, within: Duration) -> Result<u16, Failure> {
        let failed = |reason: String| Failure { reason, unresolved: false };
        let url: Url = url.parse().map_err(|_| failed("the URL cannot be read".to_owned()))?;
        let client = self.client(&url).map_err(failed)?;
        let signature = HeaderValue::from_str(&sign(secret, &body)).map_err(|error| failed(error.to_string()))?;
        let request = client.post(url).timeout(within).header(SIGNATURE, signature);
        let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            // Without the URL, which may hold a password.
            Err(error) => Err(explain(&error.without_url(), within)),
        }
    }

    fn client(&self, url: &Url) -> Result<Client, String> {
        let (tls, local) = (url.scheme() == "https", is_local(url));
        let kind = usize::from(tls) * 2 + usize::from(local);
        let Some(slot) = self.clients.get(kind) else { return Err("there is no client".to_owned()) };
        slot.get_or_init(|| client(tls, local)).clone()
    }
}

/// The signature of `body`: HMAC-SHA256 in lower-case hex.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    crate::id::hex(hmac::sign(&key, body).as_ref())
}

fn client(tls: bool, local: bool) -> Result<Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    // A machine without certificates can still post to plain URLs.
    let config = if tls {
        let config = config.with_platform_verifier();
        config.map_err(|error| format!("the system's certificates cannot be read: {error}"))?.with_no_client_auth()
    } else {
        config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // A connection that the receiver has closed meanwhile would look like a failure.
        .pool_max_idle_per_host(0);
    if local {
        // A proxy's localhost is another machine.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| error.to_string())
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<std::net::IpAddr>();
    address.map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}

fn explain(error: &reqwest::Error, within: Duration) -> Failure {
    if error.is_timeout() {
        let reason = format!("no answer within {} seconds", within.as_secs_f64());
        return Failure { reason, unresolved: false };
    }
    let mut reason = error.to_string();
    let mut unresolved = false;
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let text = deeper.to_string();
        unresolved |= text.starts_with("dns error");
        if !reason.contains(&text) {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        cause = deeper.source();
    }
    Failure { reason, unresolved }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_is_signed_as_published() {
        let body = br#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-04-08T12:19:27.608339Z"}"#;
        let signature = sign("test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G", body);
        assert_eq!(signature, "7fb29be5b1cdb588ee67fa43a0a9d1b394cbb9603a0ac0b87924649d715194c2");
    }

    #[test]
    fn this_machine_is_recognized() {
        let check = |url: &str, expected| assert_eq!(is_local(&url.parse().unwrap()), expected, "{url}");
        check("http://localhost:8000/a", true);
        check("http://hooks.localhost/a", true);
        check("http://127.8.9.1/a", true);
        check("http://[::1]:80/a", true);
        check("https://example.com/127.0.0.1", false);
        check("http://10.0.0.1/", false);
    }
}
