//! `mailferry events backfill`, with an emulator in another process.

use std::time::Duration;

use mailferry_emulator::{Clock, Emulator, Fault, Webhook};
use mailferry_store::Inbox;
use serde_json::Value;

use crate::capture::{Answer, Capture};
use crate::session::{Service, Session};

/// A message to somebody who clicks and somebody whose address is gone.
const MESSAGE: &str = r#"{"from": "shop@shop.example", "to": ["click@example.com", "bounce@example.com"],
    "subject": "Hi", "html": "<a href=\"https://shop.example/new\">Look</a>", "tags": ["news"]}"#;

const USUAL: [&str; 8] =
    ["events", "backfill", "--domain", "shop.example", "--since", "2025-06-01T08:00Z", "--until", "2025-06-01T10:00Z"];

fn backfill<'a>(more: &[&'a str]) -> Vec<&'a str> {
    USUAL.iter().chain(more).copied().collect()
}

/// An account to which it all happened on one day of 2025, and which told nobody.
fn busy() -> (Service, Session) {
    let service = Service::with(|builder| {
        let clock = Clock::manual("2025-06-01T09:00:00Z".parse().unwrap());
        // Nobody listens there.
        let webhook = Webhook::new("http://127.0.0.1:1/mailersend/tracking");
        builder.clock(clock).verified_domains(["shop.example"]).webhook(webhook)
    });
    let session = service.session().file("message.json", MESSAGE);
    assert_eq!(session.run(["send", "message.json"]).code, 0);
    service.emulator.clock().advance(Duration::from_hours(2));
    assert_eq!(service.emulator.activities().len(), 10);
    (service, session)
}

fn ids(emulator: &Emulator) -> Vec<String> {
    let told = emulator.activities().into_iter().filter(|activity| activity.kind.event().is_some());
    told.map(|activity| activity.id).collect()
}

#[test]
fn events_have_the_ids_of_activities_and_the_words_of_webhooks() {
    let (service, session) = busy();
    let done = session.run(backfill(&["--json"]));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let mut objects = done.objects();
    let summary = objects.pop().unwrap()["backfill"].take();
    assert_eq!((&summary["domain"], &summary["events"]), (&"shop.example".into(), &8.into()), "{done}");
    assert_eq!((&summary["gaps"], summary.get("new")), (&Value::Array(Vec::new()), None), "{done}");
    let mut told: Vec<_> = objects.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect();
    let mut expected = ids(&service.emulator);
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    let bounced = objects.iter().find(|event| event["event_type"] == "bounced").unwrap();
    assert_eq!(bounced["service_kind"], "hard_bounced");
    assert_eq!((&bounced["recipient"], &bounced["tags"][0]), (&"bounce@example.com".into(), &"news".into()));
}

#[test]
fn people_see_a_line_for_each_event() {
    let (_service, session) = busy();
    let done = session.run(backfill(&["--kind", "bounced,clicked"]));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let lines: Vec<_> = done.stdout.lines().collect();
    assert_eq!(lines.len(), 6, "{done}");
    assert!(lines[0].starts_with("TIME (UTC)"), "{done}");
    let events: Vec<_> = lines[1..3].iter().map(|line| &line[21..]).collect();
    assert!(events.contains(&"bounced       bounce@example.com  hard"), "{done}");
    assert!(events.contains(&"clicked       click@example.com"), "{done}");
    assert!(lines[4].starts_with("2 events of shop.example from 20") && lines[4].ends_with('Z'), "{done}");
    assert_eq!(lines[5], "6 events of other kinds were passed over");
    // In MailerSend's words, too.
    let done = session.run(backfill(&["--json", "--kind", "hard_bounced"]));
    assert_eq!(done.objects().len(), 2, "{done}");
}

/// Activities do not tell of which message they are; where mails do, they are asked.
#[test]
fn message_ids_are_asked_for() {
    const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
    const PAGE: Answer = Answer::Http(
        200,
        JSON,
        r#"{"data":[{"id":"a1","type":"delivered","created_at":"2025-06-01T09:00:00.000000Z","email":{"id":"e1"}}],"links":{"next":null}}"#,
    );
    const MAIL: Answer = Answer::Http(200, JSON, r#"{"data":{"id":"e1","message_id":"m1"}}"#);
    let server = Capture::answering([PAGE, MAIL]);
    let args = backfill(&["--json", "--message-ids"]);
    let args = args.into_iter().map(|arg| if arg == "shop.example" { "d1" } else { arg });
    let done = Session::sending_to(&server.url).run(args);
    assert_eq!((done.code, &done.objects()[0]["message_id"]), (0, &"m1".into()), "{done}");
    assert_eq!(server.received()[1].path, "/v1/email/e1");
}

/// What the inbox has is known, whoever told it; also by the domain's id.
#[test]
fn an_inbox_takes_what_it_does_not_have() {
    let (service, session) = busy();
    let first = session.run(backfill(&["--json", "--inbox", "events.db", "--kind", "bounced"]));
    assert_eq!(first.code, 0, "{first}");
    let summary = &first.object()["backfill"];
    assert_eq!((&summary["new"], &summary["known"], &summary["passed_over"]), (&1.into(), &0.into(), &7.into()));
    let id = service.emulator.domain_id("shop.example");
    let args = backfill(&["--inbox", "events.db"]);
    let second = session.run(args.into_iter().map(|arg| if arg == "shop.example" { &*id } else { arg }));
    assert_eq!(second.code, 0, "{second}");
    assert!(second.stdout.trim_end().ends_with(": 7 new, 1 known"), "{second}");
    let third = session.run(backfill(&["--json", "--inbox", "events.db"]));
    let summary = &third.object()["backfill"];
    assert_eq!((&summary["new"], &summary["known"]), (&0.into(), &8.into()), "{third}");
    let listed = session.run(["inbox", "list", "--inbox", "events.db", "--json"]);
    assert_eq!(listed.objects().len(), 8, "{listed}");
}

/// What a webhook told is recognised.
#[test]
fn what_a_webhook_told_is_known() {
    let (service, session) = busy();
    let told = service.told();
    let bounced: Vec<_> = told.into_iter().filter(|(event, _)| event == "activity.hard_bounced").collect();
    let [(_, body)] = &bounced[..] else { panic!("{bounced:?}") };
    let event = mailferry::mailersend::reread("mailersend/tracking", body.clone().into()).unwrap();
    let inbox = session.path("events.db");
    service.run(async {
        let inbox = Inbox::open(inbox).await.unwrap();
        inbox.accept("mailersend/tracking", &[event]).await.unwrap();
        inbox.close().await;
    });
    let done = session.run(backfill(&["--json", "--inbox", "events.db"]));
    let summary = &done.object()["backfill"];
    assert_eq!((&summary["new"], &summary["known"]), (&7.into(), &1.into()), "{done}");
}

#[test]
fn times_must_make_sense() {
    let session = Service::start().session();
    for (args, words) in [
        (&["--since", "yesterday"][..], "give a date"),
        (&["--since", "1h", "--until", "2h"], "not before --until"),
        (&["--since", "2026-01-02", "--until", "2026-01-02T00:00:00Z"], "not before --until"),
        (&["--since", "2999-01-01", "--until", "2999-01-02"], "not before --until"),
        (&[], "--since"),
    ] {
        let done = session.run(["events", "backfill", "--domain", "shop.example"].iter().chain(args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        assert!(done.stderr.contains(words), "{done}");
    }
    let done = session.run(["events", "backfill", "--since", "1h"]);
    assert!(done.code == 2 && done.stderr.contains("--domain"), "{done}");
}

#[test]
fn whatever_is_wrong_has_its_exit_code() {
    let (service, session) = busy();
    let done = session.run(["events", "backfill", "--domain", "other.example", "--since", "1h"]);
    assert_eq!(done.code, 4, "{done}");
    assert!(done.stderr.contains("other.example") && done.stderr.contains("help: "), "{done}");
    let done = session.run(backfill(&["--inbox", "no/such/folder/events.db"]));
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("help: "), "{done}");
    let done = Session::bare().run(backfill(&[]));
    assert!(done.code == 2 && done.stderr.contains("MAILERSEND_API_TOKEN"), "{done}");
    let wrong = Session::sending_to(service.emulator.url()).env("MAILERSEND_API_TOKEN", "mlsn.wrong");
    let done = wrong.run(backfill(&["--json"]));
    assert_eq!((done.code, done.objects()[1]["error"]["kind"].as_str()), (4, Some("unauthorized")), "{done}");
    let done = Session::sending_to("http://127.0.0.1:1/v1/").run(backfill(&["--json"]));
    let objects = done.objects();
    assert_eq!((done.code, objects[1]["error"]["kind"].as_str()), (5, Some("connect")), "{done}");
    assert_eq!(objects[0]["backfill"]["gaps"][0]["reason"], "stopped", "{done}");
    service.emulator.fail_next(Fault::Status(503));
    let done = session.run(backfill(&["--json"]));
    assert_eq!((done.code, done.objects()[1]["error"]["kind"].as_str()), (5, Some("server")), "{done}");
}

/// A time that MailerSend does not keep is a gap, and it is no use to ask again.
#[test]
fn gaps_are_told() {
    const REFUSED: Answer = Answer::Http(
        422,
        &[("content-type", "application/json")],
        r#"{"message":"The date_from must be within your data retention limit of 7 days.","errors":{"date_from":["The date_from must be within your data retention limit of 7 days."]}}"#,
    );
    const NOTHING: Answer =
        Answer::Http(200, &[("content-type", "application/json")], r#"{"data":[],"links":{"next":null}}"#);
    let server = Capture::answering([REFUSED, NOTHING]);
    let session = Session::sending_to(&server.url);
    let args = ["events", "backfill", "--domain", "d1", "--since", "192h", "--until", "180h"];
    let done = session.run(args);
    assert_eq!(done.code, 4, "{done}");
    assert!(done.stdout.contains("\ngap: 20"), "{done}");
    let done = session.run(args.iter().chain(&["--json"]));
    assert_eq!(done.code, 0, "an answer is an answer: {done}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_backfill_says_how_far_it_came() {
    let server = Capture::answering([Answer::Silence]);
    let session = Session::sending_to(&server.url);
    let child = session.command(["events", "backfill", "--domain", "d1", "--since", "1h", "--json"]).spawn().unwrap();
    server.arrived.recv().unwrap();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let done = crate::session::finish(child);
    assert_eq!(done.code, 1, "{done}");
    assert_eq!(done.object()["backfill"]["gaps"][0]["reason"], "interrupted", "{done}");
}
