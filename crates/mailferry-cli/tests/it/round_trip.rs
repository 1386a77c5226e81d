//! Everything at once, each in a process of its own: what is sent, what becomes of it, a reply, and asking afterwards.
#![cfg(unix)]

use serde_json::Value;

use crate::emulate::{Running, smtp, start};
use crate::listener::{Listener, until};
use crate::session::Session;

const MESSAGE: &str = r#"{"from": "shop@shop.example", "to": ["click@example.com"], "subject": "Hi",
    "html": "<a href=\"https://shop.example/new\">Look</a>"}"#;

/// With the same seed, the secrets are the same each time.
fn emulator(session: &Session, receiver: &str) -> Running {
    let (tracking, inbound) = (format!("{receiver}/mailersend/tracking"), format!("{receiver}/mailersend/inbound"));
    let args = ["--seed", "7", "--delivery-delay", "0", "--smtp", "0", "--webhook", &tracking];
    start(session, &[&args[..], &["--inbound-route", &inbound]].concat())
}

fn secret(ready: &Value, what: &str) -> String {
    ready[what][0]["secret"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_told_is_received_and_known() {
    let session = Session::bare();
    let learning = emulator(&session, "http://127.0.0.1:1");
    let (signing, inbound) = (secret(&learning.ready, "webhooks"), secret(&learning.ready, "inbound_routes"));
    learning.end("-TERM");
    let session = session.env("MAILERSEND_SIGNING_SECRET", signing).env("MAILERSEND_INBOUND_SECRET", inbound);
    let listener = Listener::start(&session, &["--json", "--inbox", "events.db"]);
    let running = emulator(&session, &format!("http://{}", listener.address));
    let session = session
        .env("MAILERSEND_API_URL", running.ready["url"].as_str().unwrap())
        .env("MAILERSEND_API_TOKEN", running.ready["token"].as_str().unwrap())
        .file("message.json", MESSAGE);

    let sent = session.run(["send", "--json", "message.json"]).object();
    let events: Vec<Value> = (0..6).map(|_| listener.object()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["service_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["sent", "delivered", "opened", "opened_unique", "clicked", "clicked_unique"]);
    assert!(events.iter().all(|event| event["message_id"] == sent["message_id"]), "{events:?}");
    assert_eq!(events[4]["click_url"], "https://shop.example/new");

    let address = running.ready["inbound_routes"][0]["address"].as_str().unwrap();
    smtp(running.ready["smtp"].as_str().unwrap(), address);
    let reply = listener.object();
    assert_eq!((&reply["event_type"], &reply["message"]["subject"]), (&"inbound".into(), &"Help".into()));
    assert_eq!(reply["message"]["envelope_recipients"][0], address);
    assert_eq!(listener.stop().0, 0);

    // What happened in this very second may show in the next.
    let args = ["events", "backfill", "--domain", "shop.example", "--since", "1h", "--until", "0s"];
    until(
        "all of it",
        || {
            let done = session.run(args.iter().chain(&["--json", "--inbox", "events.db"]));
            let summary = &done.object()["backfill"];
            assert_eq!((done.code, &summary["new"]), (0, &0.into()), "{done}");
            (summary["known"] == 6).then_some(())
        },
        String::new,
    );
    let doctor = session.run(["doctor", "--json"]);
    assert!(doctor.code == 0 && !doctor.stdout.contains("_SECRET"), "the secrets match: {doctor}");
    running.end("-TERM");
}
