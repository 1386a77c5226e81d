//! STARTTLS where mail is sent by SMTP.

use std::sync::Arc;

use mailferry_emulator::{Builder, Emulator};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::client::started;
use crate::smtp_client::Client;

const CERTIFICATE: &str = include_str!("../tls/localhost.crt");
const KEY: &str = include_str!("../tls/localhost.key");
const ANN: &str = "AUTH PLAIN AGFubgBzZXNhbWU=";

async fn encrypting(set_up: impl FnOnce(Builder) -> Builder) -> (Emulator, Client) {
    let emulator = started(|builder| set_up(builder.submission_port(0).submission_tls(CERTIFICATE, KEY))).await;
    let client = Client::at(emulator.submission_address().unwrap()).await;
    (emulator, client)
}

/// Shakes hands, trusting only the emulator's certificate.
async fn encrypted(client: Client) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, client.into_stream()).await.unwrap();
    Client::over(stream)
}

#[tokio::test]
async fn logins_are_told_after_it() {
    let (emulator, mut client) = encrypting(|builder| builder).await;
    let offered = client.say("EHLO client.test").await;
    assert!(offered.contains("250-STARTTLS|") && !offered.contains("AUTH"), "{offered}");
    client.check(ANN, "538 5.7.11").await;
    client.check("MAIL FROM:<a@example.com>", "530 5.7.0 Must issue a STARTTLS command first").await;
    client.check("STARTTLS now", "501").await;
    client.check("STARTTLS", "220 2.0.0").await;
    let mut client = encrypted(client).await;
    // What was said before counts no more.
    client.check("MAIL FROM:<a@example.com>", "503 5.5.1").await;
    let offered = client.say("EHLO client.test").await;
    assert!(!offered.contains("STARTTLS") && offered.contains("250-AUTH PLAIN LOGIN|"), "{offered}");
    client.check("STARTTLS", "502 5.5.1").await;
    client.check(ANN, "235").await;
    client.check("MAIL FROM:<a@example.com>", "250").await;
    client.check("RCPT TO:<ann@example.org>", "250").await;
    client.check("DATA", "354").await;
    client.send("From: a@example.com\r\nSubject: Hi\r\n\r\nHello\r\n.\r\n").await;
    assert!(client.hear().await.starts_with("250 Message queued as "));
    client.check("QUIT", "221").await;
    assert_eq!(client.hear().await, "");
    assert_eq!(emulator.messages().len(), 1);
}

#[tokio::test]
async fn it_can_be_told_to_take_them_before() {
    let (_emulator, mut client) = encrypting(|builder| builder.submission_login_in_clear(true)).await;
    let offered = client.say("EHLO client.test").await;
    assert!(offered.contains("250-STARTTLS|250-AUTH PLAIN LOGIN|"), "{offered}");
    client.check(ANN, "235").await;
    client.check("MAIL FROM:<a@example.com>", "250").await;
    // A login of before is none after.
    client.check("STARTTLS", "220").await;
    let mut client = encrypted(client).await;
    client.check("EHLO client.test", "250").await;
    client.check("MAIL FROM:<a@example.com>", "530 5.7.0 Authentication required").await;
}

#[tokio::test]
async fn nothing_is_put_before_the_client() {
    let (emulator, mut client) = encrypting(|builder| builder.submission_login_in_clear(true)).await;
    client.check("EHLO client.test", "250").await;
    // Somebody in between adds commands to the packet with STARTTLS.
    client.send(format!("STARTTLS\r\nEHLO mallory.test\r\n{ANN}\r\nMAIL FROM:<mallory@example.com>\r\n")).await;
    assert!(client.hear().await.starts_with("220"));
    let mut client = encrypted(client).await;
    // The first reply is to the first command that was encrypted.
    client.check("NOOP", "250 2.0.0 Ok").await;
    client.check("RCPT TO:<a@example.org>", "503 5.5.1 Say MAIL first").await;
    client.check("MAIL FROM:<a@example.com>", "503 5.5.1 Say EHLO first").await;
    assert!(emulator.messages().is_empty());
}

#[tokio::test]
async fn a_broken_handshake_ends_one_connection() {
    let (emulator, mut client) = encrypting(|builder| builder).await;
    client.check("EHLO client.test", "250").await;
    client.check("STARTTLS", "220").await;
    client.send("EHLO still in clear\r\n".repeat(10)).await;
    let mut stream = client.into_stream();
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    assert!(!rest.starts_with(b"250"), "{rest:?}");
    let mut client = Client::at(emulator.submission_address().unwrap()).await;
    client.check("EHLO client.test", "250").await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named() {
    for (certificate, key, named) in [
        ("", KEY, "the certificate for STARTTLS cannot be used: there is none in the PEM"),
        (CERTIFICATE, "", "the key for STARTTLS cannot be used"),
        (CERTIFICATE, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", KEY, "the certificate for STARTTLS"),
    ] {
        let started = Emulator::builder().submission_port(0).submission_tls(certificate, key).start().await;
        let error = started.err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(named), "{error}");
    }
}
