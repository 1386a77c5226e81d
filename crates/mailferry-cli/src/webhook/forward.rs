//! Handing events to a URL.

use std::sync::Arc;
use std::time::Duration;

use mailferry::Event;
use mailferry::transport::{BoxError, Error, ErrorKind};
use mailferry::webhook::{Handler, Handling};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use ring::digest::{Context, SHA256};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// The header by which a receiver recognizes an event that comes again.
const KEY: &str = "Idempotency-Key";

/// A URL that each event is posted to.
pub(super) struct Forward {
    url: Url,
    client: reqwest::Client,
}

impl Forward {
    /// Checks the URL; no request is made yet. `timeout` is for a whole request.
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, Error> {
        let wrong = |what: &str, remedy: &str| {
            Error::new(ErrorKind::Config, format!("--forward: {what}")).with_remedy(remedy.to_owned())
        };
        let example = "give a whole URL: --forward http://127.0.0.1:3000/mail-events";
        let url: Url = url.parse().map_err(|cause| wrong(&format!("this is not a URL: {cause}"), example))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("only http and https URLs can be posted to", example));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "a password in a flag can be read by everyone on this machine",
                "leave it out, and let the receiver listen on this machine only",
            ));
        }
        let client =
            client(&url, timeout).map_err(|cause| wrong(&cause, "see what is wrong with this machine's TLS"))?;
        Ok(Self { url, client })
    }

    /// Where to, without what may be secret in it.
    pub(super) fn shown(&self) -> String {
        let mut url = self.url.clone();
        if url.query().is_some() {
            url.set_query(Some("(hidden)"));
        }
        url.to_string()
    }

    async fn post(&self, event: &Event) -> Result<(), BoxError> {
        let body = serde_json::to_vec(&event.to_json())?;
        let request = self.client.post(self.url.clone());
        let request = request.header(CONTENT_TYPE, "application/json").header(KEY, key(event)).body(body);
        // The URL may have a key in it, and errors are logged and kept.
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("answered with {status}").into()) }
    }
}

impl Handler for Forward {
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move { self.post(&event).await })
    }
}

/// The same each time the same event is handed over: of its id and the service's word for it. An account's event is known
/// by its bytes, since its id is that of what it is about.
fn key(event: &Event) -> String {
    let kind = match event {
        Event::Tracking(event) => event.service_kind.as_str(),
        _ => event.word(),
    };
    let mut context = Context::new(&SHA256);
    match event.event_id().filter(|_| !matches!(event, Event::Account(_))) {
        Some(id) => [kind, "\0", id].iter().for_each(|part| context.update(part.as_bytes())),
        None => context.update(event.raw()),
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    context.finish().as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn client(url: &Url, timeout: Duration) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?;
    // Without TLS no certificates are needed, and a machine may have none.
    let tls = if url.scheme() == "https" {
        tls.with_platform_verifier()
            .map_err(|cause| format!("the system's certificates cannot be read: {cause}"))?
            .with_no_client_auth()
    } else {
        tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(timeout)
        // A redirected POST would become a GET.
        .redirect(reqwest::redirect::Policy::none())
        // The inbox does that.
        .retry(reqwest::retry::never());
    if is_loopback(url) {
        // A proxy's localhost is another machine.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|cause| cause.to_string())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use mailferry::EventKind;
    use mailferry::event::{AccountEvent, TrackingEvent};

    use super::*;

    #[test]
    fn the_same_event_has_the_same_key() {
        let event = |kind: &str, id: &str| {
            let mut event = TrackingEvent::new(EventKind::Opened, kind);
            event.event_id = Some(id.to_owned());
            key(&Event::Tracking(event))
        };
        assert_eq!(event("opened", "1"), event("opened", "1"));
        assert_ne!(event("opened", "1"), event("opened_unique", "1"));
        assert_ne!(event("opened", "1"), event("opened", "2"));
        let account = |raw: &'static str| {
            let mut event = AccountEvent::new("bulk_email.completed");
            event.event_id = Some("1".to_owned());
            event.raw = raw.into();
            key(&Event::Account(event))
        };
        assert_eq!(account("{}"), account("{}"));
        assert_ne!(account("{}"), account("{\"a\":1}"));
        assert_eq!(account("{}").len(), 64);
    }

    #[test]
    fn proxies_are_not_asked_for_this_machine() {
        for (url, expected) in [
            ("http://localhost/", true),
            ("http://127.0.0.1:3000/", true),
            ("http://[::1]/", true),
            ("http://192.0.2.1/", false),
            ("https://localhost.example/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn urls_that_cannot_be_posted_to_are_refused() {
        for url in ["", "nonsense", "ftp://127.0.0.1/", "http://user:hush@127.0.0.1/", "http://user@127.0.0.1/"] {
            let error = Forward::new(url, Duration::from_secs(1)).err().unwrap();
            assert!(error.kind() == ErrorKind::Config && !error.to_string().contains("hush"), "{url}: {error}");
        }
        let forward = Forward::new("http://127.0.0.1/a?key=hush", Duration::from_secs(1)).unwrap();
        assert_eq!(forward.shown(), "http://127.0.0.1/a?(hidden)");
    }
}
