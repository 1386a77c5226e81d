//! What is documented and left out says so by name, for every method that it has.

use mailferry_emulator::Emulator;

use crate::client::{call, started};

/// Facts sheet 8.2 and 8.4 to 8.6, written down once more.
const LEFT_OUT: &[(&str, &str)] = &[
    ("GET", "analytics/date analytics/country analytics/ua-name analytics/ua-type"),
    ("GET", "users users/x invites invites/x"),
    ("POST", "users invites/x/resend"),
    ("PUT", "users/x"),
    ("DELETE", "users/x invites/x"),
    (
        "GET",
        "dmarc-monitoring dmarc-monitoring/x/report dmarc-monitoring/x/report/192.0.2.1 dmarc-monitoring/x/report-sources",
    ),
    ("POST", "dmarc-monitoring"),
    ("PUT", "dmarc-monitoring/x dmarc-monitoring/x/favorite/192.0.2.1"),
    ("DELETE", "dmarc-monitoring/x dmarc-monitoring/x/favorite/192.0.2.1"),
    ("GET", "blocklist-monitoring blocklist-monitoring/x"),
    ("POST", "blocklist-monitoring"),
    ("PUT", "blocklist-monitoring/x"),
    ("DELETE", "blocklist-monitoring/x"),
    ("GET", "email-verification email-verification/x email-verification/x/verify email-verification/x/results"),
    ("POST", "email-verification email-verification/verify email-verification/verify-async"),
    ("GET", "email-verification/verify-async/x"),
    ("POST", "sms sms-webhooks sms-inbounds whatsapp/send"),
    ("GET", "sms-messages sms-messages/x sms-activity sms-numbers sms-numbers/x sms-recipients sms-recipients/x"),
    ("GET", "sms-webhooks sms-webhooks/x sms-inbounds sms-inbounds/x"),
    ("PUT", "sms-numbers/x sms-recipients/x sms-webhooks/x sms-inbounds/x"),
    ("DELETE", "sms-numbers/x sms-webhooks/x sms-inbounds/x"),
];

async fn status(emulator: &Emulator, method: &str, path: &str) -> u16 {
    call(emulator, method, path, "").await.status
}

#[tokio::test]
async fn what_is_left_out_names_itself() {
    let emulator = started(|builder| builder).await;
    for (method, paths) in LEFT_OUT {
        for path in paths.split(' ') {
            let answer = call(&emulator, method, &format!("/v1/{path}?page=1"), "").await;
            assert_eq!(answer.status, 501, "{method} {path}");
            let sentence = format!("not MailerSend: it does not emulate {method} v1/{path}.");
            assert!(answer.text().contains(&sentence), "{}", answer.text());
        }
    }
}

/// Only what MailerSend has is left out: a mistyped path is one, and so is a wrong method.
#[tokio::test]
async fn what_is_not_documented_is_not_left_out() {
    let emulator = started(|builder| builder).await;
    for (method, path, expected) in [
        ("GET", "/v1/analytics", 404),
        ("GET", "/v1/users/x/y", 404),
        ("GET", "/v1/sms-everything", 404),
        ("GET", "/v1/domains/x/y", 404),
        ("PATCH", "/v1/users", 405),
        ("DELETE", "/v1/analytics/date", 405),
    ] {
        assert_eq!(status(&emulator, method, path).await, expected, "{method} {path}");
    }
    let answer = call(&emulator, "DELETE", "/v1/analytics/date", "").await;
    assert_eq!(answer.header("allow"), Some("GET"));
}

/// Recorded: a path that leads nowhere is named, with its slashes as they are; an id that leads nowhere is not.
#[tokio::test]
async fn a_wrong_path_is_told_from_a_wrong_id() {
    let emulator = started(|builder| builder).await;
    for path in ["/identities/email/test@example.com", "/v1/mail"] {
        let expected = format!("{{\n    \"message\": \"The route {} could not be found.\"\n}}", &path[1..]);
        assert_eq!(call(&emulator, "GET", path, "").await.text(), expected);
    }
    let answer = call(&emulator, "GET", "/v1/token/non-existent-id", "").await;
    assert_eq!(answer.text(), "{\n    \"message\": \"Resource not found.\"\n}");
    assert_eq!((answer.status, answer.header("x-apiquota-remaining")), (404, None));
}
