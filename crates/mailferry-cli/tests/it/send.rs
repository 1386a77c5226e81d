//! `mailferry send`.

use serde_json::json;

use crate::capture::{Answer, Capture};
use crate::session::{GOOD, Service, Session, TOKEN};

const ID: &str = "6717e2c1a2b3c4d5e6f70819";

#[test]
fn a_message_reaches_the_service_and_every_recipient_has_a_status() {
    let service = Service::start();
    let done = service.session().file("message.json", GOOD).run(["send", "--json", "message.json"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let emails = service.emulator.emails();
    let readers: Vec<_> = emails.iter().map(|email| email.recipient().email.as_str()).collect();
    assert_eq!(readers, ["zoe@example.com", "ann@example.com"]);
    assert_eq!(done.object()["message_id"], emails[0].message_id());
}

#[test]
fn people_see_a_table() {
    let server = Capture::accepting();
    let done = Session::sending_to(&server.url).file("message.json", GOOD).run(["send", "message.json"]);
    let expected = format!(
        "STATUS    MESSAGE ID                     RECIPIENT\n\
         queued    {ID}       zoe@example.com\n\
         queued    {ID}       ann@example.com\n"
    );
    done.check(0, &expected, "");
}

#[test]
fn people_see_what_went_wrong_and_what_to_do() {
    let body = r#"{"message":"The from.email domain must be verified in your account to send emails. #MS42207","errors":{"from.email":["The from.email domain must be verified in your account to send emails. #MS42207"]}}"#;
    let server = Capture::answering([Answer::Http(422, &[("content-type", "application/json")], body)]);
    let session = Session::sending_to(&server.url).file("message.json", GOOD);
    let done = session.run(["send", "message.json"]);
    assert_eq!((done.code, done.stdout.as_str()), (4, ""), "{done}");
    let lines: Vec<_> = done.stderr.lines().collect();
    assert!(lines[0].starts_with("error: message.json: MailerSend answered 422"), "{done}");
    assert!(lines[1].starts_with("note: MS42207 means: "), "{done}");
    assert!(lines[2].starts_with("help: "), "{done}");
    let verbose = session.run(["send", "-v", "message.json"]);
    assert!(verbose.stderr.contains("answer: 422 {\"message\""), "{verbose}");
}

#[test]
fn what_the_service_says_cannot_steer_the_terminal() {
    let body = r#"{"message":"\u001b[2J\u0007gone","bulk_email_id":"\u001b[1m1"}"#;
    for status in [202, 422] {
        let server = Capture::answering([Answer::Http(status, &[("content-type", "application/json")], body)]);
        let session = Session::sending_to(&server.url).file("message.json", GOOD);
        let done = session.run(["send", "-v", "message.json"]);
        assert!(!format!("{}{}", done.stdout, done.stderr).contains(['\u{1b}', '\u{7}']), "{done:?}");
    }
}

#[test]
fn colours_come_only_when_asked_for() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("message.json", GOOD);
    let coloured = |session: &Session, args: &[&str]| {
        session.run(["send", "message.json"].iter().chain(args)).stdout.contains("\u{1b}[")
    };
    assert!(!coloured(&session, &[]));
    assert!(coloured(&session, &["--color", "always"]));
    let session = session.env("NO_COLOR", "1").env("TERM", "xterm-256color");
    assert!(!coloured(&session, &[]));
}

#[test]
fn a_dry_run_shows_exactly_what_is_sent() {
    let server = Capture::accepting();
    let message = r#"{
        "from": "Shop <shop@example.com>", "to": ["Zoë <zoe@bücher.example>"], "subject": "Hi", "text": "Hello",
        "html": "<img src='cid:logo'>", "attachments": [{"path": "logo.png", "content_id": "logo"}],
        "tags": ["b", "a"], "merge_global_data": {"z": 1.50, "a": [null]}, "esp_extra": {"zzz": 1, "aaa": {"x": 2}}
    }"#;
    let session = Session::sending_to(&server.url)
        .env("SEND_DEFAULTS", r#"{"reply_to": ["help@example.com"]}"#)
        .file("message.json", message)
        .file("logo.png", b"\x89PNG\r\n\x1a\n....");
    let shown = session.run(["send", "--dry-run", "--json", "message.json"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""), "{shown}");
    assert!(server.received().is_empty(), "a dry run sends nothing");
    assert_eq!(session.run(["send", "message.json"]).code, 0);
    let received = server.received().remove(0);
    let object = shown.object();
    assert_eq!(object["method"], received.method.as_str());
    assert_eq!(object["url"], format!("{}email", server.url));
    assert_eq!(received.path, "/v1/email");
    let body = String::from_utf8(received.body.clone()).unwrap();
    assert!(shown.stdout.ends_with(&format!(",\"body\":{body}}}\n")), "the body is the same byte by byte: {shown}");
    for (name, value) in object["headers"].as_object().unwrap() {
        let sent = received.header(name).unwrap();
        let sent = if name == "authorization" { sent.replace(TOKEN, "…") } else { sent.to_owned() };
        assert_eq!(sent, value.as_str().unwrap(), "{name}");
    }
    assert_eq!(received.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(received.json()["reply_to"], json!({"email": "help@example.com"}));
}

#[test]
fn a_dry_run_needs_no_token() {
    let done = Session::bare().file("message.json", GOOD).run(["send", "--dry-run", "message.json"]);
    let expected = format!(
        r#"POST https://api.mailersend.com/v1/email
accept: application/json
authorization: Bearer …
content-type: application/json
user-agent: mailferry/{}-mailersend

{{
  "from": {{
    "email": "shop@example.com"
  }},
  "subject": "Hi",
  "text": "Hello",
  "to": [
    {{
      "email": "zoe@example.com"
    }},
    {{
      "email": "ann@example.com"
    }}
  ]
}}

"#,
        env!("CARGO_PKG_VERSION")
    );
    done.check(0, &expected, "");
}

#[test]
fn everything_is_redirected_when_so_set() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("message.json", GOOD);
    let done = session.run(["send", "--json", "--redirect-all-to", "me@example.org", "message.json"]);
    assert_eq!(done.object()["recipients"].as_object().unwrap().keys().collect::<Vec<_>>(), ["me@example.org"]);
    assert_eq!(server.received()[0].json()["to"], json!([{"email": "me@example.org"}]));
}

#[test]
fn nobody_to_send_to_is_said_and_no_error() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("message.json", r#"{"from": "shop@example.com", "to": []}"#);
    let warning = "warning: message.json: nothing was sent: the message has no recipients\n";
    session.run(["send", "message.json"]).check(0, "", warning);
    let json = session.run(["send", "--json", "message.json"]);
    let object = "{\"status\":[],\"message_id\":null,\"recipients\":{},\"dropped\":[],\"rate\":{},\"response\":null}\n";
    json.check(0, object, warning);
    assert!(server.received().is_empty());
}

#[test]
fn the_token_of_a_message_is_obeyed_and_not_shown() {
    let server = Capture::accepting();
    let message =
        GOOD.replace("\"subject\"", &format!("\"esp_extra\": {{\"api_token\": \"{TOKEN}.own\"}}, \"subject\""));
    let session = Session::sending_to(&server.url).file("message.json", message).env("DEBUG_API_REQUESTS", "true");
    for args in [
        &["send", "message.json"][..],
        &["send", "-v", "--json", "message.json"],
        &["send", "--dry-run", "message.json"],
    ] {
        assert_eq!(session.run(args).code, 0);
    }
    assert_eq!(server.received()[0].header("authorization"), Some(format!("Bearer {TOKEN}.own").as_str()));
}

#[test]
fn requests_are_logged_when_asked_for() {
    let server = Capture::accepting();
    let session = Session::sending_to(&server.url).file("message.json", GOOD);
    assert_eq!(session.run(["send", "message.json"]).stderr, "");
    let quiet = session.run(["send", "message.json"]);
    assert_eq!(quiet.stderr, "");
    let session = session.env("MAILFERRY_LOG", "debug");
    let logged = session.run(["send", "message.json"]);
    assert!(logged.stderr.contains("answered"), "{logged}");
    assert!(!logged.stderr.contains("zoe@example.com"), "addresses only when requests are to be logged: {logged}");
    let session = session.env("DEBUG_API_REQUESTS", "true");
    let whole = session.run(["send", "message.json"]);
    assert!(whole.stderr.contains("zoe@example.com"), "{whole}");
}

#[test]
fn a_bulk_send_says_how_to_follow_it() {
    let service = Service::start();
    let message = r#"{"from": "shop@example.com", "to": ["ann@example.com", "bob@example.com"], "subject": "Hi {{ name }}",
        "text": "Hello", "merge_data": {"ann@example.com": {"name": "Ann"}, "bob@example.com": {"name": "Bob"}}}"#;
    let session = service.session().file("message.json", message);
    let refused = session.run(["send", "message.json"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("MAILERSEND_BATCH_SEND_MODE"), "{refused}");
    let done = session.run(["send", "--batch-send-mode", "use-bulk-email", "message.json"]);
    assert_eq!(done.code, 0, "{done}");
    let id = done.stdout.split("bulk:").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(done.stderr, format!("help: to learn what becomes of it: mailferry bulk wait {id}\n"));
}

#[test]
fn version_and_help_name_what_there_is() {
    let session = Session::bare();
    session.run(["--version"]).check(0, &format!("mailferry {}\n", env!("CARGO_PKG_VERSION")), "");
    let help = session.run(["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    assert!(help.stdout.contains("Exit codes:") && help.stdout.contains("Examples:"), "{help}");
    for command in ["send", "check", "bulk", "emulate", "completions"] {
        let help = session.run([command, "--help"]);
        assert!(help.code == 0 && help.stdout.contains("Examples:"), "{command}: {help}");
    }
}

#[test]
fn completions_are_scripts() {
    let session = Session::bare();
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef mailferry"), ("fish", "complete -c mailferry")] {
        let done = session.run(["completions", shell]);
        assert!(done.code == 0 && done.stdout.contains(sign), "{shell}");
    }
}
