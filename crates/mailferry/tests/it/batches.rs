//! One message to more recipients than one request takes, and what becomes of it later.

use std::time::Duration;

use mailferry::Message;
use mailferry::mailersend::BatchSendMode::UseBulkEmail;
use mailferry::mailersend::{BulkState, BulkWait, MailerSend};
use mailferry::transport::{ErrorKind, MessageId, RecipientStatus, Retry, Status, Transport};
use serde_json::{Value, json};

use crate::capture::{Answer, Capture};
use crate::support::{basic, builder};

fn bulk(server: &Capture) -> MailerSend {
    builder().api_url(server.url()).batch_send_mode(UseBulkEmail).build().unwrap()
}

fn address(number: usize) -> String {
    format!("r{number}@many.example")
}

/// A message to so many, each with a number of their own.
fn many(count: usize) -> Message {
    let to: Vec<_> = (0..count).map(address).collect();
    let data: Value =
        (0..count).map(|number| (address(number), json!({"n": number}))).collect::<serde_json::Map<_, _>>().into();
    basic(json!({"to": to, "merge_data": data, "merge_global_data": {"site": "S"}}))
}

fn taken(id: &str) -> Answer {
    Answer::json(202, &json!({"message": "The bulk email is being processed.", "bulk_email_id": id}))
}

/// BAT-06: 500 objects at a time, each with its own recipient and data, and the results joined.
#[tokio::test]
async fn many_recipients_take_several_requests() {
    let server = Capture::start([taken("b1"), taken("b2"), taken("b3").header("x-apiquota-remaining", "7")]).await;
    let status = bulk(&server).send(&many(1_201)).await.unwrap();
    let requests = server.requests();
    let mut number = 0;
    for (request, count) in requests.iter().zip([500, 500, 201]) {
        assert_eq!(request.path, "/v1/bulk-email");
        let body = request.json();
        assert_eq!(body.as_array().unwrap().len(), count);
        for object in body.as_array().unwrap() {
            assert_eq!(object["to"], json!([{"email": address(number)}]));
            let data = json!({"n": number, "site": "S"});
            assert_eq!(object["personalization"], json!([{"email": address(number), "data": data}]));
            assert_eq!(object["text"], "Plain body");
            number += 1;
        }
    }
    assert_eq!((requests.len(), number), (3, 1_201));
    assert_eq!(status.recipients().len(), 1_201);
    assert_eq!(status.message_id(), MessageId::Many(vec!["bulk:b1", "bulk:b2", "bulk:b3"]));
    assert_eq!(status.recipient(&address(500)).unwrap().message_id.as_deref(), Some("bulk:b2"));
    assert_eq!(status.bulk().iter().map(|bulk| bulk.recipients.len()).collect::<Vec<_>>(), [500, 500, 201]);
    assert_eq!((status.responses().len(), status.rate().quota.is_some()), (3, true));
}

/// BAT-06: and at most 50 MB, where that is less.
#[tokio::test]
async fn large_messages_take_several_requests() {
    const MOST: usize = 50_000_000;
    let text = "x".repeat(2_000_000);
    let mailersend = builder().batch_send_mode(UseBulkEmail).build().unwrap();
    let requests = mailersend.requests(&many(60).edit().text(text).build().unwrap()).await.unwrap();
    let sizes: Vec<_> = requests.iter().map(|request| request.body.len()).collect();
    assert_eq!(sizes.len(), 3, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= MOST), "{sizes:?}");
    // One more object would not have fitted.
    assert!(sizes[0] > MOST - 2_001_000, "{sizes:?}");
    let objects: Vec<Value> =
        requests.iter().flat_map(|request| serde_json::from_slice::<Vec<Value>>(&request.body).unwrap()).collect();
    assert_eq!(objects.len(), 60);
}

/// An object too large alone goes alone: MailerSend may judge it.
#[tokio::test]
async fn an_object_over_the_limit_goes_alone() {
    let mailersend = crate::support::lenient().batch_send_mode(UseBulkEmail).build().unwrap();
    let requests = mailersend.requests(&many(2).edit().text("x".repeat(50_000_000)).build().unwrap()).await.unwrap();
    assert_eq!(requests.len(), 2);
}

/// A refusal for too many requests in the middle is waited out: half a send cannot be repeated as a whole.
#[tokio::test]
async fn a_full_minute_in_the_middle_is_waited_out() {
    let full = Answer::json(429, &json!({"message": "Too many requests. #MS42903"})).header("Retry-After", "1");
    let server = Capture::start([taken("b1"), full, taken("b2"), taken("b3")]).await;
    let begun = std::time::Instant::now();
    let status = bulk(&server).send(&many(1_001)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "the wait that the answer asked for was not kept");
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!(requests[1].body, requests[2].body, "the refused request is repeated as it was");
    assert_eq!(status.bulk().len(), 3);
}

/// An empty minute is waited for before the next request.
#[tokio::test]
async fn an_empty_minute_is_waited_for() {
    let last = taken("b1").header("X-RateLimit-Remaining", "0").header("Retry-After", "1");
    let server = Capture::start([last, taken("b2")]).await;
    let begun = std::time::Instant::now();
    bulk(&server).send(&many(501)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

/// The first request's refusal is the caller's to repeat: nothing was accepted.
#[tokio::test]
async fn a_refusal_of_the_first_request_is_not_waited_out() {
    let server = Capture::start([Answer::new(429).header("Retry-After", "1")]).await;
    let error = bulk(&server).send(&many(501)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::RateLimited, Retry::Safe(Some(Duration::from_secs(1)))));
    assert_eq!(server.requests().len(), 1);
}

/// A failure in the middle says who has the message, who has not, and who may have it.
#[tokio::test]
async fn a_failure_in_the_middle_says_who_has_it() {
    let cases = [
        (Answer::json(422, &json!({"message": "No."})), ErrorKind::Rejected, Status::Failed),
        (Answer::new(503), ErrorKind::Server, Status::Unknown),
        (Answer::nothing(), ErrorKind::Unreadable, Status::Unknown),
        // A day's wait is the caller's decision.
        (Answer::new(429).header("Retry-After", "3600"), ErrorKind::RateLimited, Status::Failed),
    ];
    for (answer, kind, of_the_second) in cases {
        let server = Capture::start([taken("b1"), answer]).await;
        let message = many(1_001).edit().cc("cc@x.example").build().unwrap();
        let error = bulk(&server).send(&message).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Ambiguous));
        assert_eq!(server.requests().len(), 2, "{kind:?}");
        let status = error.send_status().unwrap();
        let word = |number| status.recipient(&address(number)).unwrap();
        assert_eq!(*word(0), RecipientStatus::new(Status::Unknown, Some("bulk:b1")));
        assert_eq!(*word(499), RecipientStatus::new(Status::Unknown, Some("bulk:b1")));
        assert_eq!(*word(500), RecipientStatus::new(of_the_second, None::<String>));
        assert_eq!(*word(1_000), RecipientStatus::new(Status::Failed, None::<String>), "never tried");
        assert_eq!(status.recipient("cc@x.example").unwrap().message_id.as_deref(), Some("bulk:b1"));
        assert_eq!((status.recipients().len(), status.bulk().len()), (1_002, 1));
        assert!(error.remedy().unwrap().contains("`failed`"));
    }
}

/// Of a first request in doubt it is known at least who was never tried.
#[tokio::test]
async fn a_first_request_in_doubt_leaves_the_others_untried() {
    let server = Capture::start([Answer::nothing()]).await;
    let error = bulk(&server).send(&many(501)).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Ambiguous);
    let status = error.send_status().unwrap();
    assert_eq!(status.recipient(&address(499)).unwrap().status, Status::Unknown);
    assert_eq!(status.recipient(&address(500)).unwrap().status, Status::Failed);
    assert_eq!(server.requests().len(), 1);
    let error = bulk(&server).send(&many(500)).await.unwrap_err();
    assert!(error.send_status().is_none(), "everyone is in doubt");
}

/// And what the part that was accepted went without.
#[tokio::test]
async fn a_failure_in_the_middle_says_what_was_left_out() {
    let server = Capture::start([taken("b1"), Answer::new(503)]).await;
    let mailersend = builder().api_url(server.url()).batch_send_mode(UseBulkEmail).ignore_unsupported_features(true);
    let mailersend = mailersend.preflight(mailferry::transport::Preflight::Warn).build().unwrap();
    let message = many(501).edit().metadata("k", 1).send_at_text("1999-01-01").build().unwrap();
    let error = mailersend.send(&message).await.unwrap_err();
    let status = error.send_status().unwrap();
    assert_eq!(status.dropped(), [mailferry::transport::Feature::Metadata]);
    assert_eq!(status.warnings()[0].path(), "send_at");
}

/// An answer without any id is about its own request alone.
#[tokio::test]
async fn a_strange_answer_in_the_middle_is_about_its_own_request() {
    let server = Capture::start([taken("b1"), Answer::new(202), taken("b3")]).await;
    let message = many(1_001).edit().cc("cc@x.example").build().unwrap();
    let status = bulk(&server).send(&message).await.unwrap();
    let id = |address: &str| status.recipient(address).unwrap().message_id.clone();
    assert_eq!(id(&address(0)).as_deref(), Some("bulk:b1"));
    assert_eq!(*status.recipient(&address(500)).unwrap(), RecipientStatus::new(Status::Failed, None::<String>));
    assert_eq!(id(&address(1_000)).as_deref(), Some("bulk:b3"));
    assert_eq!(id("cc@x.example").as_deref(), Some("bulk:b1"), "copies keep the id of the first");
}

fn state(data: &Value) -> Answer {
    Answer::json(200, &json!({"data": data}))
}

/// BAT-09: the state of a bulk send is asked for until it is final, and mapped back to the recipients.
#[tokio::test]
async fn the_outcome_of_a_bulk_send() {
    let queued = json!({"id": "b1", "state": "queued", "total_recipients_count": 3, "messages_id": null});
    let completed = json!({
        "id": "b1", "state": "completed", "total_recipients_count": 3, "suppressed_recipients_count": 1,
        "suppressed_recipients": {"m2": [{"email": "R1@many.example"}]}, "validation_errors_count": 1,
        "validation_errors": {"message.2": {"to.0.email": ["The to.0.email must be valid. #MS42208"]}}, "messages_id": ["m1"],
    });
    let server =
        Capture::start([taken("b1"), state(&queued), Answer::new(500), Answer::new(429), state(&completed)]).await;
    let mailersend = bulk(&server);
    let sent = mailersend.send(&many(3)).await.unwrap();
    let MessageId::One(id) = sent.message_id() else { panic!("{sent:?}") };
    let outcome = mailersend.bulk_wait(id, BulkWait { at_most: Duration::MAX }).await.unwrap();
    assert_eq!(outcome.state, BulkState::Completed);
    assert_eq!((outcome.total, outcome.suppressed_count, outcome.error_count), (3, 1, 1));
    assert_eq!(outcome.problems[&2]["to.0.email"].len(), 1);
    let resolved = outcome.resolve(&sent);
    let expected = [
        RecipientStatus::new(Status::Queued, Some("m1")),
        RecipientStatus::new(Status::Rejected, None::<String>),
        RecipientStatus::new(Status::Failed, None::<String>),
    ];
    assert!(resolved.recipients().map(|(_, status)| status).eq(&expected));
    let asked = server.requests().split_off(1);
    assert_eq!(asked.len(), 4);
    for request in asked {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/v1/bulk-email/b1"));
        assert_eq!(request.header("authorization"), Some("Bearer test-token"));
        assert_eq!((request.header("content-type"), request.body.len()), (None, 0));
    }
}

/// Waiting ends: in time, with an error that says that asking sent nothing.
#[tokio::test]
async fn waiting_for_a_bulk_send_ends() {
    let server = Capture::start([state(&json!({"id": "b1", "state": "queued"}))]).await;
    let wait = BulkWait { at_most: Duration::from_millis(300) };
    let error = bulk(&server).bulk_wait("b1", wait).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(matches!(error.retry(), Retry::Safe(Some(_))));
    assert!(server.requests().len() <= 2);
}

/// What is refused, or cannot be understood, in asking.
#[tokio::test]
async fn asking_may_fail() {
    let server = Capture::start([Answer::json(404, &json!({"message": "Resource not found."}))]).await;
    let error = bulk(&server).bulk_status("bulk:unknown").await.unwrap_err();
    assert_eq!((error.kind(), error.retry(), error.status()), (ErrorKind::Rejected, Retry::Never, Some(404)));
    for body in ["[]", "{}", r#"{"data": []}"#, "", "<html>"] {
        let server = Capture::start([Answer::new(200).header("Content-Type", "application/json").body(body)]).await;
        let error = bulk(&server).bulk_status("b1").await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unreadable, Retry::Safe(None)), "{body}");
        assert!(error.remedy().unwrap().contains("nothing was sent by asking"));
    }
    // An id that could name another end point is not asked for.
    let server = Capture::accepting().await;
    for id in ["", "bulk:", "../email", "a/b", "a?b", "a b", "ž"] {
        let error = bulk(&server).bulk_status(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidMessage, "{id}");
    }
    assert_eq!(server.connections(), 0);
}

/// A bulk send belongs to the account whose token sent it, which the id does not tell.
#[tokio::test]
async fn every_token_is_asked_with_until_one_knows_the_bulk_send() {
    let unknown = Answer::json(404, &json!({"message": "Resource not found."}));
    let known = Answer::json(200, &json!({"data": {"id": "b1", "state": "completed"}}));
    let server = Capture::start([unknown, known]).await;
    let mailersend =
        builder().api_url(server.url()).token("general").token_for_domain("news.example", "news").build().unwrap();
    assert_eq!(mailersend.bulk_status("b1").await.unwrap().state, BulkState::Completed);
    let tokens: Vec<_> =
        server.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["Bearer general", "Bearer news"]);
}

/// The two halves of `domain=token` are easily swapped, and a token can look like a domain.
#[test]
fn a_token_in_the_place_of_a_domain_is_not_shown() {
    let error = builder().token_for_domain("mlsn secret", "shop.example").build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("mlsn"), "{error:?}");
    let mailersend = builder().token_for_domain("mlsn.secret", "shop.example").build().unwrap();
    assert!(!format!("{mailersend:?}").contains("mlsn"), "{mailersend:?}");
}
