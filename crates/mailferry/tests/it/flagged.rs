//! Recorded cases whose result is a bug or an accident of Python or Django: what this library does instead.

use mailferry::Message;
use mailferry::transport::{Error, ErrorKind, Retry, SendStatus, Status};
use serde_json::{Value, json};

use crate::support::statuses;
use crate::vectors::{Outcome, run_case};

/// The status of the one message of a case.
fn sent(outcome: &Outcome) -> &SendStatus {
    outcome.results[0].as_ref().unwrap()
}

/// The error of the one message of a case, which made no request.
#[track_caller]
fn refused(outcome: &Outcome) -> &Error {
    assert_eq!(outcome.server.requests().len(), 0, "something was sent");
    outcome.results[0].as_ref().unwrap_err()
}

/// The body of the one request of a case.
async fn body(name: &str) -> Value {
    run_case(name).await.server.only().json()
}

/// EXT-05: the documented spelling with a hyphen is obeyed, and the token does not reach the body.
#[tokio::test]
async fn a_token_in_either_spelling_stays_out_of_the_body() {
    let outcome = run_case("ext-api-token-hyphen").await;
    let request = outcome.server.only();
    assert_eq!(request.header("authorization"), Some("Bearer other-token"));
    assert!(!String::from_utf8(request.body).unwrap().contains("token"));
}

/// EXT-04: no token of its own means the configured one.
#[tokio::test]
async fn a_null_token_is_no_token_of_its_own() {
    let request = run_case("ext-api-token-none").await.server.only();
    assert_eq!(request.header("authorization"), Some("Bearer test-token"));
    assert_eq!(request.json().get("api_token"), None);
}

/// CFG-07: a setting that there is not is an error, not a switch without effect.
#[tokio::test]
async fn a_setting_that_there_is_not_is_an_error() {
    let outcome = run_case("cfg-esp-specific-ignore").await;
    let error = refused(&outcome);
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("MAILERSEND_IGNORE_UNSUPPORTED_FEATURES"), "{error}");
}

/// CFG-14: a batch mode that is none is an error that names the choices.
#[tokio::test]
async fn a_batch_mode_that_is_none_is_a_configuration_error() {
    let outcome = run_case("mrg-two-nonsense").await;
    let error = refused(&outcome);
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in ["MAILERSEND_BATCH_SEND_MODE", "use-bulk-email", "expose-to-list"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// CFG-04: every setting may be given without the prefix.
#[tokio::test]
async fn a_batch_mode_without_prefix_counts() {
    let outcome = run_case("cfg-batch-mode-bare").await;
    assert_eq!(outcome.server.only().path, "/v1/email");
    assert_eq!(sent(&outcome).statuses().into_iter().collect::<Vec<_>>(), [Status::Queued]);
}

/// DEF-06: null means the same for `bcc` as for any other field.
#[tokio::test]
async fn null_switches_the_default_of_any_field_off() {
    let body = body("def-null-disables").await;
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["from", "subject", "text", "to"]);
}

/// DEF-15: what is unset falls back to its default, and what is set does not.
#[tokio::test]
async fn subject_and_text_have_defaults() {
    let body = body("def-subject-default-unused").await;
    assert_eq!(body["subject"], "default subject");
    assert_eq!(body["text"], "default body");
    assert_eq!(body["from"], json!({"email": "shop@mail.example"}));
}

/// DEF-16: a default that MailerSend cannot do is refused, not ignored.
#[tokio::test]
async fn default_headers_by_recipient_are_not_ignored() {
    let outcome = run_case("def-merge-headers-default-ignored").await;
    let error = refused(&outcome);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("merge_headers"), "{error}");
}

/// ADR-15, DEF-18, OPT-04: what a typed language cannot say is refused where it is read, with its place.
#[tokio::test]
async fn values_of_the_wrong_type_are_refused_with_their_place() {
    for (name, place) in [
        ("adr-cc-string-ctor", "`cc`"),
        ("def-tags-string", "`tags`"),
        ("opt-tracking-strings", "`track_opens`"),
        ("opt-send-at-nan", "`send_at`"),
    ] {
        let outcome = run_case(name).await;
        let error = refused(&outcome);
        assert_eq!(error.kind(), ErrorKind::InvalidMessage, "{name}");
        assert!(error.to_string().contains(place), "{name}: {error}");
    }
}

/// MRG-11, BOD-11, OPT-02, NET-05: JSON has no decimals, bytes or NaN of its own, so the recorded cases cannot be said. What
/// stands for them there is data like any other, and NaN is no JSON.
#[tokio::test]
async fn data_that_json_cannot_hold_cannot_be_given() {
    assert_eq!(
        body("opt-serialization-global").await["personalization"][0]["data"]["price"],
        json!({"$decimal": "1.5"})
    );
    let outcome = run_case("bod-bytes-alt").await;
    assert!(refused(&outcome).to_string().contains("`alternatives`: unknown key"));
    let error = Message::from_json(br#"{"send_at": NaN}"#).unwrap_err();
    assert!(error.to_string().starts_with("`line 1, column 1"), "{error}");
}

/// HDR-09, HDR-12: numbers become text, and null is no header.
#[tokio::test]
async fn header_values_that_are_no_text() {
    assert_eq!(body("hdr-precedence-int").await["precedence_bulk"], false);
    let body = body("hdr-precedence-none").await;
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["from", "subject", "text", "to"]);
}

/// ADR-11
#[tokio::test]
async fn a_blank_sender_is_an_invalid_address() {
    let outcome = run_case("adr-from-space").await;
    let error = refused(&outcome);
    assert_eq!(error.kind(), ErrorKind::InvalidAddress);
    assert!(error.to_string().starts_with("`from`: "), "{error}");
}

/// MRG-06, MRG-07: data belongs to the recipient it names, in whatever spelling; the exact one counts first.
#[tokio::test]
async fn merge_data_is_found_by_natural_address() {
    assert_eq!(
        body("mrg-case-mismatch").await["personalization"],
        json!([
            {"email": "Ann@One.example", "data": {"name": "Ann", "plan": "Pro"}},
        ])
    );
    assert_eq!(
        body("idn-merge-data-key").await["personalization"],
        json!([
            {"email": "a@xn--bcher-kva.example", "data": {"n": "unicode"}},
        ])
    );
}

/// ATT-07: an inline part always has an id to be referred to, or none is sent.
#[tokio::test]
async fn an_inline_part_without_an_id_has_no_empty_one() {
    let attachment = &body("att-inline-no-cid").await["attachments"][0];
    assert_eq!(attachment["disposition"], "inline");
    assert_eq!(attachment.get("id"), None);
}

/// ATT-12
#[tokio::test]
async fn text_in_an_unknown_charset_is_sent_as_it_is() {
    assert_eq!(body("att-charset-unknown").await["attachments"][0]["content"], "YQ==");
}

/// OPT-07: an empty template id is none.
#[tokio::test]
async fn an_empty_template_id_is_none() {
    assert_eq!(body("opt-template-empty").await.get("template_id"), None);
}

/// BAT-05: a batch without any `to` is sent as it is when no limit is looked at.
#[tokio::test]
async fn a_batch_without_primary_recipients_does_no_harm() {
    let body = body("mrg-no-to").await;
    assert_eq!(body["cc"], json!([{"email": "c@x.example"}]));
    assert_eq!((body.get("to"), body.get("personalization")), (None, None));
}

/// EXT-06
#[tokio::test]
async fn a_batch_mode_does_not_make_a_batch() {
    let outcome = run_case("ext-batch-mode-non-batch").await;
    let request = outcome.server.only();
    assert_eq!(request.path, "/v1/email");
    assert_eq!(request.json().get("batch_send_mode"), None);
}

/// RSP-11: a body of the wrong kind says that the request was obeyed, and nothing more.
#[tokio::test]
async fn an_answer_that_is_no_object_is_unreadable() {
    for name in ["rsp-json-list", "rsp-json-null"] {
        let outcome = run_case(name).await;
        let error = outcome.results[0].as_ref().unwrap_err();
        assert_eq!((error.kind(), error.retry(), error.status()), (ErrorKind::Unreadable, Retry::Ambiguous, Some(202)));
    }
}

/// RSP-06
#[tokio::test]
async fn a_success_without_any_id_is_failed() {
    let outcome = run_case("rsp-no-message-id").await;
    assert_eq!(statuses(sent(&outcome)), [("ann@one.example".to_owned(), "failed")]);
}

/// STA-08: an address that is no recipient in any spelling gets an entry of its own.
#[tokio::test]
async fn a_suppressed_stranger_is_reported_beside_the_recipients() {
    let outcome = run_case("rsp-some-suppressed-foreign").await;
    assert_eq!(
        statuses(sent(&outcome)),
        [("a@x.example".to_owned(), "queued"), ("zz@x.example".to_owned(), "rejected")]
    );
}

/// SIG-07: a failing hook does not hide that everyone was refused.
#[tokio::test]
async fn a_failing_hook_does_not_hide_a_refusal() {
    let outcome = run_case("sig-post-raise-refused").await;
    let error = outcome.results[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(std::error::Error::source(error).unwrap().to_string(), "post");
    assert!(error.send_status().unwrap().is_refused());
}
