//! `mailferry doctor`, with an emulator in another process.

use mailferry_emulator::{InboundRoute, Webhook, WebhookVersion};

use crate::session::{Service, Session, TOKEN, Transcript};

const TRACKING: &str = "https://shop.example/mailersend/tracking";
const INBOUND: &str = "https://shop.example/mailersend/inbound";

/// An account that nothing is wrong with.
fn healthy() -> Service {
    Service::with(|builder| {
        let webhook = Webhook::new(TRACKING).name("Events").domain("shop.example").secret("one");
        let route = InboundRoute::to(INBOUND).name("Replies").secret("two");
        builder.verified_domains(["shop.example"]).webhook(webhook).inbound_route(route).daily_quota(1_000)
    })
}

fn with_secrets(session: Session) -> Session {
    session.env("MAILERSEND_SIGNING_SECRET", "old, one").env("MAILERSEND_INBOUND_SECRET", "two")
}

/// The level and text of a finding.
fn found(done: &Transcript, place: &str, words: &str) -> String {
    let objects = done.objects();
    let is_it = |object: &&serde_json::Value| {
        object["place"] == place && object["text"].as_str().is_some_and(|text| text.contains(words))
    };
    let found = objects.iter().find(is_it).unwrap_or_else(|| panic!("no {words:?} at {place:?}: {done}"));
    let (level, has_remedy) = (found["level"].as_str().unwrap(), found.get("remedy").is_some());
    assert_eq!(has_remedy, level != "ok", "{found}");
    level.to_owned()
}

#[test]
fn people_see_that_all_is_well() {
    let service = healthy();
    let session = service.session().env("MAILERSEND_SIGNING_SECRET", "one").env("MAILERSEND_INBOUND_SECRET", "two");
    let done = session.run(["doctor"]);
    let expected = "\
ok       token: MailerSend accepts it
ok       activity: can be asked for, so that missed events can be had afterwards
ok       requests today: 1000 are left
ok       domain shop.example: it is verified and sends
ok       webhook \"Events\": it posts 25 kinds of events to https://shop.example/mailersend/tracking
ok       inbound route \"Replies\": it posts mails to 1 URL

All is well.
";
    done.check(0, expected, "");
}

#[test]
fn a_day_without_requests_left_is_an_error() {
    let service = Service::with(|builder| builder.verified_domains(["shop.example"]).daily_quota(1));
    let first = service.session().run(["doctor", "--json"]);
    assert_eq!(found(&first, "webhooks of shop.example", "cannot be looked at"), "error");
    let second = service.session().run(["doctor", "--json"]);
    assert_eq!((second.code, found(&second, "requests today", "none are left").as_str()), (1, "error"), "{second}");
}

#[test]
fn every_finding_is_an_object_with_a_remedy() {
    let service = healthy();
    service.emulator.pause_domain("shop.example");
    let old = Webhook::new("http://10.0.0.1/mailersend/inbound").name("Old").domain("shop.example");
    service.emulator.register_webhook(old.version(WebhookVersion::V1).events(["activity.sent"]));
    let session = with_secrets(service.session());
    let done = session.run(["doctor", "--json", "--domain", "Shop.example"]);
    assert!(done.code == 1 && !done.stdout.contains("sign nothing"), "other domains may need the secret: {done}");
    let done = session.run(["doctor", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""), "{done}");
    assert_eq!(found(&done, "token", "accepts"), "ok");
    assert_eq!(found(&done, "domain shop.example", "sending is paused"), "warning");
    assert_eq!(found(&done, "webhook \"Events\"", "25 kinds"), "ok");
    assert_eq!(found(&done, "webhook \"Old\"", "endpoint for inbound"), "error");
    assert_eq!(found(&done, "webhook \"Old\"", "cannot reach http://10.0.0.1/"), "warning");
    assert_eq!(found(&done, "webhook \"Old\"", "none of those in MAILERSEND_SIGNING_SECRET"), "error");
    assert!(found(&done, "webhook \"Old\"", "version 1, which end") != "ok");
    assert_eq!(found(&done, "MAILERSEND_SIGNING_SECRET", "1 of 2"), "warning");
    for shown in ["old", "one", "two"] {
        assert!(!done.stdout.contains(&format!("\"{shown}\"")), "a secret is shown: {done}");
    }
}

#[test]
fn missing_secrets_are_warnings() {
    let done = healthy().session().run(["doctor"]);
    assert_eq!(done.code, 0, "{done}");
    let expected = "\
warning  webhook \"Events\": MAILERSEND_SIGNING_SECRET is not set, so nothing that it posts is taken
         copy its secret there
";
    assert!(done.stdout.contains(expected) && done.stdout.ends_with("\n0 errors, 2 warnings\n"), "{done}");
    let done = healthy().session().env("MAILERSEND_SIGNING_SECRET", "").run(["doctor"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("MAILERSEND_SIGNING_SECRET"), "{done}");
}

#[test]
fn a_token_that_may_do_little_says_what_it_lacks() {
    let service = Service::with(|builder| {
        builder.verified_domains(["shop.example"]).scoped_token("mlsn.little", ["email_full", "domains_read"])
    });
    let done = service.session().env("MAILERSEND_API_TOKEN", "mlsn.little").run(["doctor", "--json"]);
    assert_eq!(done.code, 0, "{done}");
    for (place, scope) in [
        ("activity", "activity_read"),
        ("webhooks of shop.example", "webhooks_full"),
        ("inbound routes", "inbounds_full"),
    ] {
        assert_eq!(found(&done, place, "cannot be looked at"), "warning");
        let objects = done.objects();
        let it = objects.iter().find(|object| object["place"] == place).unwrap();
        assert!(it["remedy"].as_str().unwrap().contains(scope), "{it}");
    }
}

#[test]
fn what_cannot_be_asked_is_one_clear_error() {
    let service = healthy();
    let wrong = service.session().env("MAILERSEND_API_TOKEN", "mlsn.wrong").run(["doctor"]);
    assert_eq!(wrong.code, 1, "{wrong}");
    assert!(wrong.stdout.starts_with("error    token: ") && wrong.stdout.contains("401"), "{wrong}");
    assert!(wrong.stdout.contains("\n         check MAILERSEND_API_TOKEN"), "{wrong}");
    assert!(wrong.stdout.ends_with("\n1 error, 0 warnings\n"), "{wrong}");
    let closed = Session::sending_to("http://127.0.0.1:1/v1/").run(["doctor", "--json"]);
    assert_eq!((closed.code, closed.objects().len()), (1, 1), "{closed}");
    assert_eq!(found(&closed, "token", "no connection to http://127.0.0.1:1/"), "error");
    let none = Session::bare().run(["doctor", "--json"]);
    assert_eq!((none.code, none.object()["error"]["kind"].as_str()), (2, Some("config")), "{none}");
}

#[test]
fn a_domain_that_there_is_not_is_an_error() {
    let service = healthy();
    let done = with_secrets(service.session()).run(["doctor", "--json", "--domain", "other.example"]);
    assert_eq!(done.code, 1, "{done}");
    assert_eq!(found(&done, "domain other.example", "there is none"), "error");
}

/// The token of the domain is the one that is asked with.
#[test]
fn tokens_of_domains_are_used() {
    let service = healthy();
    let session = Session::bare()
        .env("MAILERSEND_API_URL", service.emulator.url())
        .env("MAILERSEND_API_TOKENS", format!("shop.example={TOKEN},other.example=mlsn.wrong"));
    let session = with_secrets(session);
    let done = session.run(["doctor", "--json", "--domain", "shop.example"]);
    assert_eq!(found(&done, "token", "accepts"), "ok");
    let done = session.run(["doctor", "--json", "--domain", "other.example"]);
    assert_eq!(found(&done, "token", "401"), "error");
}
