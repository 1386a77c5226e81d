//! Questions to the API: what is asked, what is understood of the answers, and what becomes of refusals.

use std::time::Duration;

use mailferry::DateTime;
use mailferry::mailersend::MailerSend;
use mailferry::mailersend::asking::{
    Activity, ActivityFilter, Catching, Condition, Domain, Email, EmailFilter, InboundRoute, InboundRouteSettings,
    Matching, Recipient, Record, Schedule, SentMessage, Suppression, SuppressionList, Template, Webhook,
    WebhookSettings,
};
use mailferry::transport::{ErrorKind, Quota, Retry, Transport};
use serde_json::{Value, json};

use crate::capture::{Answer, Capture};
use crate::support::{NOW, basic, builder, to};

/// An object as answers have it.
fn object(name: &str) -> Value {
    let path = format!("{}/../../fixtures/mailersend/objects/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut fixture: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    fixture["object"].take()
}

fn at(seconds: i64) -> DateTime {
    DateTime::from_unix_seconds(seconds).unwrap()
}

fn filter() -> ActivityFilter {
    ActivityFilter::between(at(100), at(200))
}

/// Answers every list with an empty one, and everything else with an object.
async fn obliging() -> Capture {
    Capture::answering(|_, request| {
        let (path, query) = request.target();
        let is_list = query.iter().any(|(name, _)| name == "page") || path.contains("/suppressions/");
        match request.method.as_str() {
            "DELETE" => Answer::new(204),
            _ if is_list => Answer::json(200, &json!({"data": [], "links": {"next": null}})),
            _ => Answer::json(200, &json!({"data": {"id": "x1"}, "quota": 5})),
        }
    })
    .await
}

macro_rules! drained {
    ($pages:expr) => {
        assert!($pages.all().await.unwrap().is_empty())
    };
}

/// Each question as the documentation wants it.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one line for each question")]
async fn what_is_asked() {
    let server = obliging().await;
    let api = to(&server);
    let mut expected: Vec<(&str, &str, Value)> = Vec::new();
    let mut asked = |method, path, body| expected.push((method, path, body));

    drained!(api.activities().list("d1", &filter().event("sent").event("opened").event("survey_opened")));
    asked(
        "GET",
        "/v1/activity/d1?date_from=100&date_to=200&event[]=sent&event[]=opened&event[]=survey_opened&page=1&limit=100",
        Value::Null,
    );
    api.activities().get("a1").await.unwrap();
    asked("GET", "/v1/activities/a1", Value::Null);
    let emails =
        EmailFilter::between(at(100), at(200)).status("sent").interaction("opened").recipient("ann@one.example");
    drained!(api.emails().list("d1", emails.message("m1").template("t1").subject("Your order").tag("a&b")));
    asked(
        "GET",
        "/v1/emails?domain_id=d1&date_from=100&date_to=200&status[]=sent&interaction[]=opened&\
         recipient_email=ann@one.example&message_id=m1&template_id=t1&subject=Your order&tag=a%26b&page=1&limit=1000",
        Value::Null,
    );
    api.emails().get("e1").await.unwrap();
    asked("GET", "/v1/email/e1", Value::Null);
    drained!(api.messages().list(Some("d1")));
    asked("GET", "/v1/messages?domain_id=d1&page=1&limit=100", Value::Null);
    api.messages().get("m1").await.unwrap();
    asked("GET", "/v1/messages/m1", Value::Null);
    drained!(api.schedules().list(None, Some("scheduled")));
    asked("GET", "/v1/message-schedules?status=scheduled&page=1&limit=100", Value::Null);
    api.schedules().get("m1").await.unwrap();
    asked("GET", "/v1/message-schedules/m1", Value::Null);
    api.schedules().cancel("m1").await.unwrap();
    asked("DELETE", "/v1/message-schedules/m1", Value::Null);
    drained!(api.recipients().list(None));
    asked("GET", "/v1/recipients?page=1&limit=100", Value::Null);
    api.recipients().get("r1").await.unwrap();
    asked("GET", "/v1/recipients/r1", Value::Null);
    api.recipients().delete("r1").await.unwrap();
    asked("DELETE", "/v1/recipients/r1", Value::Null);
    drained!(api.templates().list(Some("d1")).page_size(3));
    asked("GET", "/v1/templates?domain_id=d1&page=1&limit=10", Value::Null);
    api.templates().get("t1").await.unwrap();
    asked("GET", "/v1/templates/t1", Value::Null);

    for list in SuppressionList::ALL {
        drained!(api.suppressions(*list).list(Some("d1")));
    }
    for path in ["blocklist", "hard-bounces", "spam-complaints", "unsubscribes", "on-hold-list"] {
        let path = format!("/v1/suppressions/{path}?domain_id=d1&page=1&limit=100");
        asked("GET", path.leak(), Value::Null);
    }
    let blocklist = api.suppressions(SuppressionList::Blocklist);
    blocklist.add(None, ["ann@one.example"]).await.unwrap();
    asked("POST", "/v1/suppressions/blocklist", json!({"recipients": ["ann@one.example"]}));
    blocklist.add_patterns(Some("d1"), [".*@one.example"]).await.unwrap();
    asked("POST", "/v1/suppressions/blocklist", json!({"patterns": [".*@one.example"], "domain_id": "d1"}));
    blocklist.delete(["s1", "s2"]).await.unwrap();
    asked("DELETE", "/v1/suppressions/blocklist", json!({"ids": ["s1", "s2"]}));
    api.suppressions(SuppressionList::OnHold).delete_all(Some("d1")).await.unwrap();
    asked("DELETE", "/v1/suppressions/on-hold-list", json!({"all": true, "domain_id": "d1"}));

    drained!(api.webhooks().list("d1"));
    asked("GET", "/v1/webhooks?domain_id=d1&page=1&limit=100", Value::Null);
    api.webhooks().get("w1").await.unwrap();
    asked("GET", "/v1/webhooks/w1", Value::Null);
    let webhook = WebhookSettings::new().name("Events").url("https://shop.example/t").events(["activity.sent"]);
    api.webhooks().create("d1", &webhook.version(2)).await.unwrap();
    let body = json!({
        "domain_id": "d1", "name": "Events", "url": "https://shop.example/t", "events": ["activity.sent"], "version": 2,
    });
    asked("POST", "/v1/webhooks", body);
    api.webhooks().update("w1", &WebhookSettings::new().enabled(true)).await.unwrap();
    asked("PUT", "/v1/webhooks/w1", json!({"enabled": true}));
    api.webhooks().delete("w1").await.unwrap();
    asked("DELETE", "/v1/webhooks/w1", Value::Null);

    drained!(api.inbound_routes().list(None));
    asked("GET", "/v1/inbound?page=1&limit=100", Value::Null);
    api.inbound_routes().get("i1").await.unwrap();
    asked("GET", "/v1/inbound/i1", Value::Null);
    let condition =
        Condition { comparer: "equal".to_owned(), value: "spam".to_owned(), key: Some("X-Kind".to_owned()) };
    let route =
        InboundRouteSettings::new("Replies").forward_to_url("https://shop.example/i").own_domain("in.example", 10);
    let route = route.forward_to_address("bob@two.example").matching(Matching::Header(vec![condition]), false);
    api.inbound_routes().create("d1", &route).await.unwrap();
    let body = json!({
        "domain_id": "d1", "name": "Replies", "domain_enabled": true, "inbound_domain": "in.example",
        "inbound_priority": 10, "catch_filter": {"type": "catch_all"}, "match_type": "one",
        "match_filter": {"type": "match_header", "filters": [{"comparer": "equal", "value": "spam", "key": "X-Kind"}]},
        "forwards": [
            {"type": "webhook", "value": "https://shop.example/i"}, {"type": "email", "value": "bob@two.example"},
        ],
    });
    asked("POST", "/v1/inbound", body);
    api.inbound_routes().update("i1", &InboundRouteSettings::new("R").catching(Catching::All, true)).await.unwrap();
    let body = json!({
        "name": "R", "domain_enabled": false, "catch_filter": {"type": "catch_all"}, "catch_type": "all",
        "match_filter": {"type": "match_all"}, "forwards": [],
    });
    asked("PUT", "/v1/inbound/i1", body);
    api.inbound_routes().delete("i1").await.unwrap();
    asked("DELETE", "/v1/inbound/i1", Value::Null);

    drained!(api.domains().list(Some(true)));
    asked("GET", "/v1/domains?verified=true&page=1&limit=100", Value::Null);
    api.domains().get("d1").await.unwrap();
    asked("GET", "/v1/domains/d1", Value::Null);
    api.domains().set_send_paused("d1", true).await.unwrap();
    asked("PUT", "/v1/domains/d1/settings", json!({"send_paused": true}));
    api.api_quota().await.unwrap();
    asked("GET", "/v1/api-quota", Value::Null);

    let requests = server.requests();
    for (request, (method, path, body)) in requests.iter().zip(&expected) {
        let shown = request.path.replace("%5B%5D", "[]").replace("%40", "@").replace('+', " ");
        assert_eq!((request.method.as_str(), shown.as_str()), (*method, *path));
        let sent = if request.body.is_empty() { Value::Null } else { request.json() };
        assert_eq!(&sent, body, "{path}");
        assert_eq!(request.header("authorization"), Some("Bearer test-token"));
        assert_eq!(request.header("content-type").is_some(), !body.is_null());
    }
    assert_eq!(requests.len(), expected.len());
}

/// Objects as they were recorded.
#[test]
fn what_is_understood() {
    let activity = Activity::read(object("activity"));
    assert_eq!((activity.kind.as_str(), activity.email.status.as_str()), ("delivered", "delivered"));
    assert_eq!((activity.email.template_id.as_ref(), &activity.email.tags[..]), (None, &["orders".to_owned()][..]));
    let recipient = activity.email.recipient.as_ref().unwrap();
    assert_eq!((recipient.email.as_str(), recipient.deleted_at), ("ann@one.example", None));
    assert_eq!(activity.raw()["email"]["headers"], Value::Null);

    let message = SentMessage::read(object("message"));
    assert_eq!((message.emails.len(), message.domain.unwrap().name.as_str()), (1, "shop.example"));
    let schedule = Schedule::read(object("schedule"));
    assert_eq!((schedule.id(), schedule.status.as_str()), ("6ac1829c865a26bfa1396c46", "scheduled"));
    assert_eq!(schedule.send_at.unwrap().to_string(), "2025-07-30T12:15:21+00:00");
    let recipient = Recipient::read(object("recipient"));
    assert_eq!((recipient.emails.len(), recipient.domain.is_some()), (1, true));

    let blocked = Suppression::read(object("blocklist-pattern"));
    assert_eq!(
        (blocked.pattern.as_deref(), blocked.is_expression, blocked.domain),
        (Some(".*@example.com"), true, None)
    );
    let bounce = Suppression::read(object("hard-bounce"));
    assert_eq!(bounce.recipient.unwrap().email, "ann@one.example");
    assert_eq!(
        (bounce.reason.as_deref(), bounce.domain.unwrap().id.as_str()),
        (Some("Unknown reason"), "51ndgwr6wp54zqx8")
    );
    assert_eq!(Suppression::read(object("unsubscribe")).reason, None);

    assert_eq!(Template::read(object("template")).variables, ["name", "total"]);
    assert!(Template::read(object("template-without-variables")).variables.is_empty());
    let domain = Domain::read(object("domain"));
    assert_eq!((domain.is_verified, domain.send_paused, domain.held_back), (Some(true), Some(false), Some(0)));

    let webhook = Webhook::read(object("webhook"));
    assert_eq!(webhook.secret.as_ref().unwrap().expose(), "0123456789abcdefABCDEF0123456789");
    assert_eq!((webhook.enabled, webhook.version, webhook.events.len()), (Some(true), None, 2));
    let newer = Webhook::read(object("webhook-2026"));
    assert_eq!((newer.enabled, newer.version, newer.secret.is_some()), (None, Some(2), true));
    let route = InboundRoute::read(object("inbound-route"));
    assert_eq!((route.mx, route.domain), (Some((10, "inbound.mailersend.net".to_owned())), None));
    assert_eq!(route.forwards[0].secret.as_ref().unwrap().expose(), "9876543210abcdefABCDEF9876543210");
    assert!(route.forwards[1].secret.is_none());
}

const FIXTURES: [&str; 13] = [
    "activity",
    "blocklist-pattern",
    "domain",
    "hard-bounce",
    "inbound-route",
    "message",
    "recipient",
    "schedule",
    "template",
    "template-without-variables",
    "unsubscribe",
    "webhook",
    "webhook-2026",
];

/// Every kind of record made of this: as `Debug` shows it, as it is kept, and its id.
fn read_as_anything(raw: &Value) -> Vec<(String, Value, String)> {
    macro_rules! each {
        ($($name:ident)*) => {
            vec![$({
                let record = $name::read(raw.clone());
                (format!("{record:?} {record:#?}"), record.raw().clone(), record.id().to_owned())
            }),*]
        };
    }
    each!(Activity Domain Email InboundRoute Recipient Schedule SentMessage Suppression Template Webhook)
}

/// Whatever stands in the place of a member, the rest is read.
#[test]
fn odd_objects_are_read_all_the_same() {
    fn spoil(value: &Value, odd: &Value, spoiled: &mut Vec<Value>, rebuild: &dyn Fn(Value) -> Value) {
        spoiled.push(rebuild(odd.clone()));
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    spoil(member, odd, spoiled, &|member| {
                        let mut members = members.clone();
                        members.insert(name.clone(), member);
                        rebuild(Value::Object(members))
                    });
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    spoil(item, odd, spoiled, &|item| {
                        let mut items = items.clone();
                        items[index] = item;
                        rebuild(Value::Array(items))
                    });
                }
            }
            _ => {}
        }
    }
    let mut read = 0;
    for name in FIXTURES {
        let whole = object(name);
        for odd in
            [json!(null), json!([]), json!({}), json!(""), json!(-1), json!(1e300), json!(true), json!([[{"id": []}]])]
        {
            let mut spoiled = Vec::new();
            spoil(&whole, &odd, &mut spoiled, &|value| value);
            for object in spoiled {
                let word = |name: &str| object[name].as_str().map_or_else(|| object[name].to_string(), str::to_owned);
                for (_, kept, id) in read_as_anything(&object) {
                    // A schedule's is the message's.
                    assert!(id.is_empty() || [word("id"), word("message_id")].contains(&id), "{id} of {name}");
                    for (member, value) in kept.as_object().into_iter().flatten() {
                        // Without its secrets.
                        assert!(*value == object[member] || member == "forwards", "{member} of {name}");
                    }
                    if !id.is_empty() {
                        read += 1;
                    }
                }
            }
        }
    }
    assert!(read > 10_000, "only {read} ids were read");
    let mut kept = object("template");
    kept["type"] = json!("ai");
    kept["new_in_2030"] = json!({"a": 1});
    let template = Template::read(kept);
    assert_eq!((template.kind.as_str(), &template.raw()["new_in_2030"]["a"]), ("ai", &json!(1)));
}

/// No record shows people or secrets in logs, and secrets are not kept beside the field that hides them.
#[test]
fn records_show_nobody() {
    for name in FIXTURES {
        let whole = object(name);
        for (shown, ..) in read_as_anything(&whole) {
            for private in ["ann@", "bob@", "inbound.mailersend.net\"", "Your order", "abcdefABCDEF", ".*@example"] {
                assert!(!shown.contains(private), "{name} shows {private}: {shown}");
            }
        }
        let kept = [Webhook::read(whole.clone()).raw().to_string(), InboundRoute::read(whole).raw().to_string()];
        if name.contains("webhook") {
            assert!(!kept[0].contains("abcdefABCDEF"), "{}", kept[0]);
        }
        if name == "inbound-route" {
            assert!(!kept[1].contains("abcdefABCDEF"), "{}", kept[1]);
        }
    }
}

/// What the account has left, -1 being no limit.
#[tokio::test]
async fn the_quota() {
    let body = r#"{"quota":-1,"remaining":"99","reset":"2026-03-02T00:00:00Z"}"#;
    let server = Capture::start([Answer::new(200).header("Content-Type", "application/json").body(body)]).await;
    let quota = to(&server).api_quota().await.unwrap();
    assert_eq!((quota.quota, quota.remaining), (Some(Quota::Unlimited), Some(Quota::Left(99))));
    assert_eq!(quota.reset.unwrap().to_string(), "2026-03-02T00:00:00+00:00");
}

fn said(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

/// Errors say whether to ask again, and what to do.
#[tokio::test]
async fn refusals() {
    let scope = "The custom API token you're using doesn't have the required permissions. #MS40301";
    for (answer, kind, retry, remedy) in [
        (said(401, "Unauthenticated."), ErrorKind::Unauthorized, Retry::Never, "MAILERSEND_API_TOKEN"),
        (said(403, scope), ErrorKind::Unauthorized, Retry::Never, "`templates_full`"),
        (said(403, "Suspended. #MS40304"), ErrorKind::Unauthorized, Retry::Never, "support"),
        (said(404, "Resource not found."), ErrorKind::Rejected, Retry::Never, "check the id"),
        (said(421, "Maintenance."), ErrorKind::Maintenance, Retry::Safe(None), "later"),
        (said(500, "Server error."), ErrorKind::Server, Retry::Safe(None), "nothing was sent by asking"),
        (Answer::nothing(), ErrorKind::Unreadable, Retry::Safe(None), "nothing was sent by asking"),
        (Answer::new(200).body("<html>"), ErrorKind::Unreadable, Retry::Safe(None), "nothing was sent by asking"),
        (Answer::json(200, &json!({"data": []})), ErrorKind::Unreadable, Retry::Safe(None), "nothing was sent"),
    ] {
        let server = Capture::start([answer]).await;
        let error = to(&server).templates().get("t1").await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{error}");
        assert!(error.remedy().unwrap().contains(remedy), "{error}: {:?}", error.remedy());
        assert_eq!(server.requests().len(), 1, "{error}");
    }
}

/// What makes something is in doubt when its answer is lost; what can be repeated is not.
#[tokio::test]
async fn a_lost_answer() {
    let server = Capture::start([Answer::nothing()]).await;
    let api = to(&server);
    let created = api.webhooks().create("d1", &WebhookSettings::new()).await.unwrap_err();
    assert_eq!(created.retry(), Retry::Ambiguous);
    assert!(created.remedy().unwrap().contains("before creating it again"));
    let created = api.inbound_routes().create("d1", &InboundRouteSettings::new("R")).await.unwrap_err();
    assert_eq!(created.retry(), Retry::Ambiguous);
    for error in [
        api.webhooks().update("w1", &WebhookSettings::new()).await.unwrap_err(),
        api.webhooks().delete("w1").await.unwrap_err(),
        api.schedules().cancel("m1").await.unwrap_err(),
        api.suppressions(SuppressionList::HardBounces).add(Some("d1"), ["a@b.example"]).await.unwrap_err(),
    ] {
        assert_eq!(error.retry(), Retry::Safe(None), "{error}");
    }
}

/// A URL that does not answer the ping is refused as a field; the status is not documented.
#[tokio::test]
async fn a_webhook_whose_url_does_not_answer() {
    let body = json!({"message": "The url is not reachable.", "errors": {"url": ["The url is not reachable."]}});
    let server = Capture::start([Answer::json(422, &body)]).await;
    let error = to(&server).webhooks().create("d1", &WebhookSettings::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.fields()["url"].len()), (ErrorKind::Rejected, 1));
    assert!(error.remedy().unwrap().contains("webhook.test"));
}

/// What MailerSend cannot do, and ids that would lead elsewhere, are not asked for.
#[tokio::test]
async fn what_is_not_asked() {
    let server = Capture::accepting().await;
    let api = to(&server);
    let on_hold = api.suppressions(SuppressionList::OnHold);
    assert_eq!(on_hold.add(None, ["a@b.example"]).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let bounces = api.suppressions(SuppressionList::HardBounces);
    assert_eq!(bounces.add_patterns(None, [".*"]).await.unwrap_err().kind(), ErrorKind::Unsupported);
    for id in ["", "..", "a/b", "a?b=c", "a b", "ž", "a#b"] {
        assert_eq!(api.webhooks().delete(id).await.unwrap_err().kind(), ErrorKind::InvalidMessage, "{id}");
        let mut list = api.activities().list(id, &filter());
        assert_eq!(list.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidMessage, "{id}");
        assert!(list.next().await.is_none());
    }
    assert_eq!(server.connections(), 0);
}

fn too_many(wait: &str) -> Answer {
    said(429, "Your account reached its rate limit of 60 requests/min. #MS42903").header("Retry-After", wait)
}

fn template() -> Answer {
    Answer::json(200, &json!({"data": {"id": "t1"}}))
}

/// Too many requests are asked again, questions and changes alike: nothing was done.
#[tokio::test]
async fn too_many_requests_are_asked_again() {
    let server = Capture::start([too_many("0"), too_many("0"), template()]).await;
    assert_eq!(to(&server).templates().get("t1").await.unwrap().id, "t1");
    assert_eq!(server.requests().len(), 3);
    let server = Capture::start([too_many("0"), Answer::new(204)]).await;
    to(&server).webhooks().delete("w1").await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

/// Patience ends: before a wait that is longer, and after some refusals.
#[tokio::test]
async fn patience_ends() {
    let server = Capture::start([too_many("50")]).await;
    let hasty = builder().api_url(server.url()).asking_patience(Duration::from_secs(10)).build().unwrap();
    let error = hasty.templates().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::RateLimited, Retry::Safe(Some(Duration::from_secs(50)))));
    let error = hasty.templates().get("t1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(matches!(error.retry(), Retry::Safe(Some(wait)) if wait > Duration::from_secs(40)), "{:?}", error.retry());
    assert_eq!(server.requests().len(), 1, "what is known to be refused is not asked");
    let other = hasty.emails().list("d1", EmailFilter::between(at(0), at(1))).all().await.unwrap_err();
    assert_eq!(
        (other.kind(), server.requests().len()),
        (ErrorKind::RateLimited, 2),
        "another group has its own minute"
    );

    let server = Capture::start([too_many("0")]).await;
    assert_eq!(to(&server).templates().get("t1").await.unwrap_err().kind(), ErrorKind::RateLimited);
    assert_eq!(server.requests().len(), 6);
}

/// A group's minute is counted before MailerSend refuses it, over all clones; a limit that it tells replaces the usual.
#[tokio::test]
async fn a_minute_is_kept_by_all_clones() {
    let answer = Answer::json(200, &json!({"data": [], "links": null})).header("X-RateLimit-Limit", "3");
    let server = Capture::start([answer]).await;
    let hasty = builder().api_url(server.url()).asking_patience(Duration::ZERO).build().unwrap();
    for _ in 0..3 {
        hasty.clone().activities().list("d1", &filter()).all().await.unwrap();
    }
    let error = hasty.emails().list("d1", EmailFilter::between(at(0), at(1))).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(matches!(error.retry(), Retry::Safe(Some(_))));
    assert_eq!(server.requests().len(), 3);
}

/// A day without requests left is an error until it ends; the quota itself may be asked for, and sending is not held
/// back.
#[tokio::test]
async fn a_spent_day() {
    let spent = said(429, "Your account reached its API daily quota limit. #MS42901")
        .header("X-ApiQuota-Remaining", "0")
        .header("X-ApiQuota-Reset", "2030-01-01T00:10:00Z");
    let quota = Answer::json(200, &json!({"quota": 100, "remaining": 0}));
    let server = Capture::start([spent.clone(), quota, spent, Answer::accepted("m1"), template()]).await;
    let api = to(&server);
    let wait = Retry::Safe(Some(Duration::from_mins(10)));
    for _ in 0..3 {
        let error = api.templates().get("t1").await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Quota, wait));
    }
    assert_eq!(server.requests().len(), 1, "asked once, and not again");
    assert_eq!(api.api_quota().await.unwrap().remaining, Some(Quota::Left(0)));
    assert_eq!(api.templates().get("t1").await.unwrap_err().kind(), ErrorKind::Quota);
    api.send(&basic(json!({}))).await.unwrap();
    assert_eq!(server.requests().len(), 4);
    const { assert!(NOW == 1_893_456_000, "the reset above is ten minutes after the tests' time") };
}

/// Answers to sends teach the budget, and sends themselves are neither delayed nor repeated.
#[tokio::test]
async fn sending_is_counted_and_not_held_back() {
    let accepted =
        Answer::accepted("m1").header("X-ApiQuota-Remaining", "0").header("X-ApiQuota-Reset", "2030-01-02T00:00:00Z");
    let server = Capture::start([accepted, Answer::accepted("m2")]).await;
    let api = to(&server);
    api.send(&basic(json!({}))).await.unwrap();
    assert_eq!(api.templates().get("t1").await.unwrap_err().kind(), ErrorKind::Quota);
    api.send(&basic(json!({}))).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

/// Questions go with the general token, unless a domain's is wanted.
#[tokio::test]
async fn the_token_of_a_domain() {
    let server = Capture::start([template()]).await;
    let several = builder().api_url(server.url()).token_for_domain("news.example", "news").build().unwrap();
    several.templates().get("t1").await.unwrap();
    several.for_domain("Deep.News.example").unwrap().templates().get("t1").await.unwrap();
    several.for_domain("shop.example").unwrap().templates().get("t1").await.unwrap();
    let only = MailerSend::builder().api_url(server.url()).token_for_domain("news.example", "news").build().unwrap();
    only.templates().get("t1").await.unwrap();
    assert_eq!(only.for_domain("shop.example").unwrap_err().kind(), ErrorKind::Config);
    let tokens: Vec<_> =
        server.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["Bearer test-token", "Bearer news", "Bearer test-token", "Bearer news"]);
}

/// A domain is found by its name, however it is written.
#[tokio::test]
async fn a_domain_by_its_name() {
    let page = json!({"data": [{"id": "d1", "name": "one.example"}, {"id": "d2", "name": "xn--bcher-kva.example"}], "links": {"next": null}});
    let server = Capture::start([Answer::json(200, &page)]).await;
    let api = to(&server);
    for (name, id) in [("Bücher.example", Some("d2")), ("ONE.example", Some("d1")), ("two.example", None)] {
        let found = api.domains().named(name).await.unwrap();
        assert_eq!(found.as_ref().map(|domain| domain.id.as_str()), id, "{name}");
    }
}

/// One budget for each token, however many domains it is for; another token has another.
#[tokio::test]
async fn a_token_of_several_domains() {
    let answer = Answer::json(200, &json!({"data": {"id": "t1"}})).header("X-RateLimit-Limit", "2");
    let server = Capture::start([answer]).await;
    let api = MailerSend::builder().api_url(server.url()).asking_patience(Duration::ZERO).token("one");
    let api = api.token_for_domain("a.example", "one").token_for_domain("b.example", "two").build().unwrap();
    let ask = async |domain: &str| api.for_domain(domain).unwrap().templates().get("t1").await;
    ask("a.example").await.unwrap();
    ask("other.example").await.unwrap();
    assert_eq!(ask("a.example").await.unwrap_err().kind(), ErrorKind::RateLimited);
    ask("b.example").await.unwrap();
    assert_eq!(server.requests().len(), 3);
}
