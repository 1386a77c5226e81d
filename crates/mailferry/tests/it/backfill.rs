//! Events that no webhook told: the same as those that webhooks tell, each once, and gaps where there may be more.

use http::HeaderMap;
use mailferry::mailersend::asking::{Backfill, Gap, GapReason};
use mailferry::mailersend::{Webhook, reread};
use mailferry::transport::{Error, ErrorKind};
use mailferry::webhook::Receiver;
use mailferry::{DateTime, Event, EventKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::capture::{Answer, Capture, Recorded};
use crate::support::{NOW, to};

fn at(seconds: i64) -> DateTime {
    DateTime::from_unix_seconds(seconds).unwrap()
}

fn written(seconds: i64) -> String {
    at(seconds).to_string().replace("+00:00", ".000000Z")
}

/// An activity as the API has it.
fn activity(id: usize, kind: &str, seconds: i64) -> Value {
    json!({
        "id": format!("a{id}"), "created_at": written(seconds), "updated_at": written(seconds), "type": kind,
        "email": {
            "id": format!("e{id}"), "from": "orders@shop.example", "subject": "Your order", "text": null, "html": null,
            "template_id": "", "status": "delivered", "tags": null, "headers": null,
            "created_at": written(seconds), "updated_at": written(seconds),
            "recipient": {
                "id": "r1", "email": "ann@one.example", "created_at": written(0), "updated_at": written(0), "deleted_at": "",
            },
        },
    })
}

fn number(request: &Recorded, name: &str) -> i64 {
    let (_, query) = request.target();
    query.iter().find(|(known, _)| known == name).unwrap().1.parse().unwrap()
}

fn window(request: &Recorded) -> (i64, i64) {
    (number(request, "date_from"), number(request, "date_to"))
}

fn list(items: &[Value], more: bool) -> Answer {
    let next = more.then_some("https://api.mailersend.com/v1/activity/d1?page=2");
    // A larger minute than the usual, so that tests need not wait for it.
    Answer::json(200, &json!({"data": items, "links": {"next": next}})).header("X-RateLimit-Limit", "100000")
}

/// The activity API over these times, of which the end of a stretch may count or not.
fn answer(times: &[i64], request: &Recorded, end_counts: bool) -> Answer {
    let (from, to) = window(request);
    assert!(from < to, "MailerSend refuses {from} to {to}");
    let (page, size) = (number(request, "page"), number(request, "limit"));
    let within = |time: i64| from <= time && (time < to || (end_counts && time == to));
    let mut found: Vec<_> = times.iter().enumerate().filter(|(_, time)| within(**time)).collect();
    found.sort_by_key(|(id, time)| std::cmp::Reverse((**time, *id)));
    let (before, size) = (usize::try_from((page - 1) * size).unwrap(), usize::try_from(size).unwrap());
    let items: Vec<_> =
        found.iter().skip(before).take(size).map(|(id, time)| activity(*id, "delivered", **time)).collect();
    list(&items, before + items.len() < found.len())
}

/// Everything that comes of a backfill.
async fn drain(mut backfill: Backfill) -> (Vec<Event>, Vec<Gap>, Option<Error>) {
    let mut events = Vec::new();
    let mut failure = None;
    while let Some(event) = backfill.next().await {
        assert!(failure.is_none(), "an error is the last item");
        match event {
            Ok(event) => events.push(event),
            Err(error) => failure = Some(error),
        }
    }
    (events, backfill.gaps().to_vec(), failure)
}

fn ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.event_id().unwrap().to_owned()).collect()
}

fn reasons(gaps: &[Gap]) -> Vec<(i64, i64, GapReason)> {
    gaps.iter().map(|gap| (gap.from.unix_seconds(), gap.to.unix_seconds(), gap.reason.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// However events lie in time, each is told once, the oldest first.
    #[test]
    fn every_event_is_told_once_and_in_order(
        sparse in proptest::collection::vec(0_i64..400_000, 0..100),
        crowd in (0_i64..400_000, 1_i64..2_000, 0_usize..1_300),
        end_counts: bool,
    ) {
        let (start, length, count) = crowd;
        let mut times = sparse;
        times.extend((0_i64..).take(count).map(|number| start + (number * 7_919) % length));
        // At the seams of days.
        times.extend([0, 86_399, 86_400, 86_400, 86_401, 172_800, 399_999]);
        times.retain(|time| *time < 400_000);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let there = times.clone();
            let server = Capture::answering(move |_, request| answer(&there, request, end_counts)).await;
            let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(400_000))).await;
            prop_assert!(failure.is_none() && gaps.is_empty());
            let told: Vec<_> = events.iter().map(|event| event.timestamp().unwrap().unix_seconds()).collect();
            times.sort_unstable();
            let crowded = count / usize::try_from(length).unwrap() > 400;
            if crowded {
                let mut sorted = told.clone();
                sorted.sort_unstable();
                prop_assert_eq!(&sorted, &times);
            } else {
                prop_assert_eq!(&told, &times);
            }
            let mut unique = ids(&events);
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), events.len());
            Ok(())
        })?;
    }
}

/// More in one second than is held: all of them, the newest first, up to what the API shows.
#[tokio::test]
async fn a_crowded_second() {
    let times = vec![50; 1_234];
    let server = Capture::answering(move |_, request| answer(&times, request, true)).await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(86_400))).await;
    let told = ids(&events);
    let expected: Vec<_> = (0..1_234).rev().map(|id| format!("a{id}")).collect();
    assert_eq!((told, gaps.len(), failure.is_none()), (expected, 0, true));
}

/// The API shows 1,000 pages of a second; the rest is a gap.
#[tokio::test]
async fn more_than_the_api_shows() {
    let server = Capture::answering(|asked, request| {
        let (from, _) = window(request);
        let page = number(request, "page");
        assert!(page <= 1_000, "there is no page {page}");
        let count = if page <= 10 { 100 } else { 1 };
        let items: Vec<_> = (0..count).map(|item| activity(asked * 1_000 + item, "sent", from)).collect();
        list(&items, true)
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(50), at(51))).await;
    assert_eq!((events.len(), failure.is_none()), (1_000 + 990, true));
    assert_eq!(reasons(&gaps), [(50, 51, GapReason::TooMany)]);
}

/// The future is not asked for, and nothing is asked about no time at all.
#[tokio::test]
async fn the_time_ends_now() {
    let server = Capture::answering(|_, _| list(&[], false)).await;
    drain(to(&server).backfill("d1", at(NOW - 10), at(NOW + 999_999))).await;
    assert_eq!(window(&server.only()), (NOW - 10, NOW));
    for (from, until) in [(100, 100), (200, 100), (NOW, NOW + 10)] {
        let (events, gaps, failure) = drain(to(&server).backfill("d1", at(from), at(until))).await;
        assert!(events.is_empty() && gaps.is_empty() && failure.is_none());
    }
    assert_eq!(server.requests().len(), 1);
}

const RETENTION: &str =
    "Date selection out of range. Your account has a 7-day data retention limit. Upgrade your plan.";

fn refused(sentence: &str) -> Answer {
    Answer::json(422, &json!({"message": sentence, "errors": {"date_from": [sentence]}}))
        .header("X-RateLimit-Limit", "100000")
}

/// What the plan does not keep is one gap, found with one question, and the rest is told.
#[tokio::test]
async fn what_is_not_kept_any_more() {
    let limit = NOW - 7 * 86_400;
    let server = Capture::answering(move |_, request| match window(request) {
        (from, _) if from < limit => refused(RETENTION),
        (from, _) => list(&[activity(usize::try_from(from).unwrap(), "sent", from)], false),
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(NOW - 30 * 86_400), at(NOW))).await;
    assert_eq!(reasons(&gaps), [(NOW - 30 * 86_400, limit + 60, GapReason::Retention)]);
    assert_eq!((events.len(), failure.is_none(), server.requests().len()), (7, true, 8));

    // Where the limit is not where the sentence puts it, or the sentence is another, day after day is a gap, joined.
    let sentence = "Date selection out of range. Data retention limit reached. data retention limit";
    for (sentence, kept) in [(RETENTION, 5), (sentence, 5)] {
        let limit = NOW - kept * 86_400;
        let server = Capture::answering(move |_, request| match window(request) {
            (from, _) if from < limit => refused(sentence),
            (from, _) => list(&[activity(usize::try_from(from).unwrap(), "sent", from)], false),
        })
        .await;
        let (events, gaps, failure) = drain(to(&server).backfill("d1", at(NOW - 9 * 86_400), at(NOW))).await;
        assert!(events.len() >= 4 && failure.is_none(), "{}", events.len());
        assert_eq!(
            (gaps.len(), gaps[0].from.unix_seconds(), &gaps[0].reason),
            (1, NOW - 9 * 86_400, &GapReason::Retention)
        );
        assert!((limit..=limit + 86_400).contains(&gaps[0].to.unix_seconds()));
    }
}

/// A stretch that is refused is a gap; two in a row end it.
#[tokio::test]
async fn refused_stretches() {
    let server = Capture::answering(|_, request| match window(request) {
        (86_400 | 259_200 | 345_600, _) => refused("The date_from is invalid."),
        (from, _) => list(&[activity(usize::try_from(from).unwrap(), "sent", from)], false),
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(10 * 86_400))).await;
    assert_eq!(ids(&events), ["a0", "a172800"]);
    let spans: Vec<_> = gaps.iter().map(|gap| (gap.from.unix_seconds(), gap.to.unix_seconds())).collect();
    assert_eq!(spans, [(86_400, 172_800), (259_200, 345_600), (345_600, 864_000)]);
    assert!(matches!(&gaps[0].reason, GapReason::Refused(text) if text.contains("date_from")));
    assert_eq!(gaps[2].reason, GapReason::Stopped);
    assert_eq!(failure.unwrap().kind(), ErrorKind::Rejected);
}

/// The only stretch is not passed over in silence.
#[tokio::test]
async fn nothing_but_a_refused_stretch() {
    let server = Capture::start([refused("The date_from is invalid.")]).await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(100))).await;
    assert_eq!((events.len(), gaps.len(), failure.unwrap().kind()), (0, 1, ErrorKind::Rejected));
}

/// A failure is asked about again, twice.
#[tokio::test]
async fn failures_are_asked_about_again() {
    let server = Capture::answering(|asked, request| match asked {
        0 => Answer::new(502),
        _ => list(&[activity(1, "sent", window(request).0)], false),
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(100))).await;
    assert_eq!((events.len(), gaps.len(), failure.is_none()), (1, 0, true));
}

/// What no other question could change ends it at once.
#[tokio::test]
async fn what_ends_a_backfill() {
    for (answer, kind) in [
        (Answer::new(401), ErrorKind::Unauthorized),
        (Answer::new(403), ErrorKind::Unauthorized),
        (Answer::new(404), ErrorKind::Rejected),
        (Answer::new(421), ErrorKind::Maintenance),
    ] {
        let server = Capture::start([answer]).await;
        let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(200_000))).await;
        assert_eq!((events.len(), failure.unwrap().kind()), (0, kind));
        assert_eq!(reasons(&gaps), [(0, 200_000, GapReason::Stopped)]);
        assert_eq!(server.requests().len(), 1);
    }
}

/// A domain may be given by name, which is looked up once and with its own token.
#[tokio::test]
async fn a_domain_by_name() {
    let server = Capture::answering(|_, request| {
        if request.path.starts_with("/v1/domains") {
            Answer::json(200, &json!({"data": [{"id": "d7", "name": "shop.example"}], "links": {"next": null}}))
        } else {
            list(&[], false)
        }
    })
    .await;
    let api = crate::support::builder().api_url(server.url()).token_for_domain("shop.example", "own").build().unwrap();
    drain(api.backfill("shop.example", at(0), at(172_800))).await;
    let requests = server.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.target().0).collect();
    assert_eq!(paths, ["/v1/domains", "/v1/activity/d7", "/v1/activity/d7"]);
    assert!(requests.iter().all(|request| request.header("authorization") == Some("Bearer own")));
    let (_, gaps, failure) = drain(api.backfill("other.example", at(0), at(10))).await;
    assert_eq!((gaps.len(), failure.unwrap().kind()), (1, ErrorKind::Rejected));
}

/// The event that a body is.
fn told(webhook: &Webhook, body: &Value) -> Event {
    let body = body.to_string();
    let mut headers = HeaderMap::new();
    headers.insert("signature", webhook.sign(body.as_bytes()).parse().unwrap());
    webhook.receive(&headers, body.as_bytes()).unwrap().remove(0)
}

/// The kinds of activities, with what version 1 of the webhook has beside them.
fn kinds() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("sent", "sent", json!(null)),
        ("delivered", "delivered", json!(null)),
        ("soft_bounced", "soft_bounced", json!({"object": "recipient_bounce", "reason": "Unknown reason"})),
        ("hard_bounced", "hard_bounced", json!({"object": "recipient_bounce", "reason": "Unknown reason"})),
        ("deferred", "deferred", json!(null)),
        ("opened", "opened", json!({"object": "open", "id": "o1", "ip": "10.0.0.1"})),
        ("opened_unique", "opened_unique", json!({"object": "open", "id": "o1", "ip": "10.0.0.1"})),
        (
            "clicked",
            "clicked",
            json!({"object": "click", "id": "c1", "ip": "10.0.0.1", "url": "https://shop.example/"}),
        ),
        ("clicked_unique", "clicked_unique", json!({"object": "click", "id": "c1", "url": "https://shop.example/"})),
        ("unsubscribed", "unsubscribed", json!({"object": "recipient_unsubscribe", "reason": "option_3"})),
        ("spam_complaints", "spam_complaint", json!({"object": "spam_complaint", "reason": null})),
        ("suppressed", "suppressed", json!(null)),
        ("survey_opened", "survey_opened", json!(null)),
        ("survey_submitted", "survey_submitted", json!(null)),
        ("of_2030", "of_2030", json!(null)),
    ]
}

/// What was backfilled is what webhooks of either version told, as far as an activity knows it, and is the same when it
/// is read again. Nothing tells that a mail was queued.
#[tokio::test]
async fn a_backfilled_event_is_the_one_that_a_webhook_told() {
    let webhook = Webhook::new("secret").unwrap();
    for (listed, word, morph) in kinds() {
        let known = activity(7, listed, 1_000);
        let answer = [activity(8, "queued", 999), known.clone()];
        let server = Capture::answering(move |_, _| list(&answer, false)).await;
        let (events, ..) = drain(to(&server).backfill("d1", at(0), at(2_000))).await;
        let [Event::Tracking(event)] = &events[..] else { panic!("{listed}: {events:?}") };

        let mut data = known.clone();
        data["type"] = json!(word);
        data["object"] = json!("activity");
        data["morph"] = morph;
        data["email"]["message"] = json!({"object": "message", "id": "m1"});
        let first = json!({"type": format!("activity.{word}"), "created_at": written(1_003), "data": data});
        let second = json!({
            "type": format!("activity.{word}"), "created_at": written(1_000), "webhook_id": "w1",
            "data": {
                "id": "a7", "domain_id": "d1", "message_id": "m1", "email_id": "e7", "type": word,
                "subject": "Your order", "recipient": "ann@one.example", "tags": null, "meta": [],
            },
        });
        for body in [first, second] {
            let Event::Tracking(mut expected) = told(&webhook, &body) else { panic!("{listed}") };
            // What an activity does not know.
            expected.message_id = None;
            expected.description = None;
            expected.click_url = None;
            expected.ip = None;
            expected.raw = event.raw.clone();
            assert_eq!(*event, expected, "{listed}");
        }
        assert_ne!((event.event_id.as_deref(), event.email_id.as_deref()), (None, None));
        let Event::Tracking(again) = reread("mailersend/activity", event.raw.clone()).unwrap() else { panic!() };
        assert_eq!(again, *event);
    }
    assert!(reread("mailersend/activity", "[]".into()).is_err());
    assert!(reread("mailersend/activity", "no JSON".into()).is_err());
}

/// Which message a mail is of is asked for each mail once, where that is wanted.
#[tokio::test]
async fn message_ids_are_asked_for() {
    let server = Capture::answering(|_, request| match request.target().0 {
        "/v1/email/e1" => Answer::json(200, &json!({"data": {"id": "e1", "message": {"id": "m1"}}})),
        "/v1/email/e2" => Answer::json(200, &json!({"data": {"id": "e2"}})),
        path if path.starts_with("/v1/email/") => Answer::new(404),
        _ => {
            let mut opened = activity(1, "opened", 60);
            opened["id"] = json!("a9");
            let known = {
                let mut known = activity(4, "sent", 30);
                known["email"]["message"] = json!({"id": "m4"});
                known
            };
            list(&[opened, activity(1, "sent", 50), activity(2, "sent", 40), activity(3, "sent", 35), known], false)
        }
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(100)).with_message_ids()).await;
    assert!(gaps.is_empty() && failure.is_none());
    let found: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Tracking(event) => (event.email_id.as_deref().unwrap(), event.message_id.as_deref()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, [("e4", Some("m4")), ("e3", None), ("e2", None), ("e1", Some("m1")), ("e1", Some("m1"))]);
    assert_eq!(server.requests().len(), 4);
    let Event::Tracking(again) = reread("mailersend/activity", events[3].raw().clone()).unwrap() else { panic!() };
    assert_eq!((again.kind, again.message_id.as_deref()), (EventKind::Sent, Some("m1")));
}

/// An event keeps the activity as it came, and what is odd in one is no harm to the others.
#[tokio::test]
async fn activities_are_kept_byte_for_byte() {
    let odd = [
        r#"{ "type":"sent","id":"a1", "created_at":"1970-01-01T00:00:10.000000Z" ,"email":{"subject":"\u00e9\/","id":"e1"}}"#,
        r#"{"id":"a2","type":"opened","created_at":"1970-01-01T00:00:09.000000Z","size":1e999,"email":{"id":"e2","subject":"\ud83d"}}"#,
        r#"{"id":"a3","type":"clicked","email":"nobody"}"#,
    ];
    let body = format!(r#"{{"data":[{},7,{},{}],"links":{{"next":null}}}}"#, odd[0], odd[1], odd[2]);
    let server = Capture::start([Answer::new(200).body(&*body)]).await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(100))).await;
    assert!(failure.is_none());
    assert_eq!(ids(&events), ["a3", "a2", "a1"]);
    let raw: Vec<_> = events.iter().rev().map(|event| std::str::from_utf8(event.raw()).unwrap()).collect();
    assert_eq!(raw, odd);
    for event in &events {
        let again = reread("mailersend/activity", event.raw().clone()).unwrap();
        assert_eq!(again.to_json(), event.to_json());
    }
    let [Gap { from, to, reason: GapReason::Failed(text), .. }] = &gaps[..] else { panic!("{gaps:?}") };
    assert_eq!((from.unix_seconds(), to.unix_seconds(), text.contains("cannot be read")), (0, 100, true), "{text}");
}

/// A server that shows the same page for ever is a failure, soon: in a usual stretch and in a crowded second.
#[tokio::test]
async fn pages_without_end() {
    for (times, from, until) in [(vec![0_i64, 86_399], 0, 86_400), (vec![50; 100], 50, 51)] {
        let items: Vec<_> = times.iter().enumerate().map(|(id, time)| activity(id, "sent", *time)).collect();
        let server = Capture::answering(move |_, _| list(&items, true)).await;
        let (_, gaps, failure) = drain(to(&server).backfill("d1", at(from), at(until))).await;
        assert_eq!(failure.unwrap().kind(), ErrorKind::Unreadable);
        assert!(matches!(&gaps[0].reason, GapReason::Failed(text) if text.contains("has no end")), "{gaps:?}");
        assert!(server.requests().len() < 20, "{} questions", server.requests().len());
    }
}

/// Where mails do not tell of which message they are, no more than a few are asked.
#[tokio::test]
async fn message_ids_that_are_not_told() {
    let server = Capture::answering(|_, request| {
        if request.path.starts_with("/v1/email/") {
            return Answer::json(200, &json!({"data": {"id": "e1", "subject": "Your order"}}));
        }
        list(&(0..90).map(|id| activity(id, "sent", 50)).collect::<Vec<_>>(), false)
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(100)).with_message_ids()).await;
    assert_eq!((events.len(), gaps.len(), failure.is_none()), (90, 0, true));
    assert_eq!(server.requests().len(), 1 + 5);
}

/// What arrives in front of a stretch while it is read is told as well, and nothing is told twice or missed.
#[tokio::test]
async fn events_that_arrive_meanwhile() {
    let server = Capture::answering(|asked, request| {
        // Seven more in the newest second with each question.
        let times: Vec<_> = (0..450).chain(std::iter::repeat_n(999, 7 * asked)).collect();
        answer(&times, request, true)
    })
    .await;
    let (events, gaps, failure) = drain(to(&server).backfill("d1", at(0), at(1_000))).await;
    assert!(gaps.is_empty() && failure.is_none());
    let mut told = ids(&events);
    let count = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), count, "none twice");
    for id in 0..450 {
        assert!(told.binary_search(&format!("a{id}")).is_ok(), "a{id}");
    }
}
