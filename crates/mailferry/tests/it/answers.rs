//! Every documented answer of MailerSend, and what is made of it.

use std::time::Duration;

use mailferry::transport::{Error, ErrorKind, MessageId, Quota, RecipientStatus, Retry, SendStatus, Status, Transport};
use mailferry::{Attachment, Mailer, TransportExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::capture::{Answer, Capture};
use crate::support::{basic, builder, send, statuses, to};

const THREE: &str = r#"{"to": ["ann@one.example", "Bob <Bob@Two.example>"], "cc": ["c@bücher.example"]}"#;

/// What a message to three becomes when this is the answer.
async fn answered(answer: Answer) -> Result<SendStatus, Error> {
    let server = Capture::start([answer]).await;
    let result = send(to(&server), &basic(serde_json::from_str(THREE).unwrap())).await;
    assert_eq!(server.requests().len(), 1, "no answer makes a request be repeated (NET-13)");
    result
}

fn suppressed(kind: &str, addresses: &[&str]) -> Value {
    let recipients: Vec<_> =
        addresses.iter().map(|email| json!({"email": email, "name": null, "reasons": ["blocklisted"]})).collect();
    json!({"message": "There are some warnings for your request.", "warnings": [{"type": kind, "warning": "Some.", "recipients": recipients}]})
}

/// RSP-01, RSP-02, RSP-10, STA-01, STA-10: everyone is queued under the id, whatever the success and its body are.
#[tokio::test]
async fn an_accepted_message_is_queued() {
    for answer in [
        Answer::accepted("id-1"),
        Answer::new(200).header("x-message-id", "id-1").header("Content-Type", "text/html").body("<html>"),
        Answer::new(202).header("X-MESSAGE-ID", "id-1"),
        Answer::json(202, &json!({})).header("x-message-id", "id-1"),
        Answer::json(202, &json!({"errors": [], "warnings": []})).header("x-message-id", "id-1"),
        Answer::json(299, &json!({"errors": null, "warnings": null})).header("x-message-id", "id-1"),
    ] {
        let status = answered(answer.header("X-RateLimit-Remaining", "9")).await.unwrap();
        let expected =
            ["ann@one.example", "Bob@Two.example", "c@bücher.example"].map(|address| (address.to_owned(), "queued"));
        assert_eq!(statuses(&status), expected);
        assert_eq!(status.message_id(), MessageId::One("id-1"));
        assert!(!status.is_paused());
        assert_eq!(status.response().unwrap().header("x-ratelimit-remaining"), Some("9"));
        assert_eq!(status.rate().remaining, Some(9));
    }
}

/// RSP-01, RSP-05, RSP-06, RSP-08: without an id nobody knows what became of the message, and it counts as failed.
#[tokio::test]
async fn a_success_without_an_id_is_failed() {
    for answer in [
        Answer::new(202),
        Answer::new(202).header("X-Message-Id", ""),
        Answer::json(202, &json!({"bulk_email_id": ""})),
    ] {
        let status = answered(answer).await.unwrap();
        assert!(status.statuses().into_iter().eq([Status::Failed]));
        assert_eq!(status.message_id(), MessageId::None);
    }
}

/// RSP-03, RSP-07, STA-03, STA-06: who is suppressed is rejected, the others are queued; ids that are none do not count.
/// The media type counts in any case and with any parameter.
#[tokio::test]
async fn some_are_suppressed() {
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"] {
        let body = suppressed("SOME_SUPPRESSED", &["bob@two.EXAMPLE"]).to_string();
        let answer = Answer::new(202).header("Content-Type", kind).header("X-Message-Id", "id-1").body(body);
        let status = answered(answer).await.unwrap();
        let words: Vec<_> = statuses(&status).into_iter().map(|(_, word)| word).collect();
        assert_eq!(words, ["queued", "rejected", "queued"], "{kind}");
        assert_eq!(status.message_id(), MessageId::One("id-1"));
        let bob = status.recipient("BOB@two.example").unwrap();
        assert_eq!(*bob, RecipientStatus::new(Status::Rejected, None::<String>));
    }
}

/// STA-07, STA-08, IDN-08: an international recipient is found by the encoded address, and keeps the natural one.
#[tokio::test]
async fn an_international_recipient_is_suppressed() {
    let body = suppressed("SOME_SUPPRESSED", &["c@xn--bcher-kva.example"]);
    let status = answered(Answer::json(202, &body).header("X-Message-Id", "id-1")).await.unwrap();
    assert_eq!(statuses(&status)[2], ("c@bücher.example".to_owned(), "rejected"));
    assert_eq!(status.recipients().len(), 3);
}

/// RSP-04, RSP-05, ERR-05: everyone suppressed is an error of the mailer; a recipient left out of the warning failed.
#[tokio::test]
async fn all_are_suppressed() {
    let body = suppressed("ALL_SUPPRESSED", &["ann@one.example", "bob@two.example", "c@xn--bcher-kva.example"]);
    let error = answered(Answer::json(202, &body)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry(), error.status()), (ErrorKind::Refused, Retry::Never, Some(202)));
    assert!(error.remedy().unwrap().contains("suppression"));
    let partly = answered(Answer::json(202, &suppressed("ALL_SUPPRESSED", &["ann@one.example"]))).await.unwrap();
    let words: Vec<_> = statuses(&partly).into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["rejected", "failed", "failed"]);
}

/// A transport alone reports refusals and does not judge them.
#[tokio::test]
async fn a_transport_alone_reports_refusals() {
    let server = Capture::start([Answer::json(202, &suppressed("ALL_SUPPRESSED", &["ann@one.example"]))]).await;
    let status = to(&server).send(&basic(json!({}))).await.unwrap();
    assert!(status.is_refused());
}

/// RSP-09, RSP-11, RSP-12, RSP-13, ERR-03, STA-02: an answer that cannot be understood was a success all the same, so
/// the message must not be sent again unasked.
#[tokio::test]
async fn a_success_that_cannot_be_understood_is_ambiguous() {
    let texts = [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        r#"{"errors": {"to": ["bad"]}}"#,
        r#"{"warnings": [{"type": "NEW_KIND", "recipients": []}]}"#,
        r#"{"warnings": [{"recipients": []}]}"#,
        r#"{"warnings": [{"type": "SOME_SUPPRESSED"}]}"#,
        r#"{"warnings": [{"type": "SOME_SUPPRESSED", "recipients": [{"name": "x"}]}]}"#,
        r#"{"warnings": [{"type": "SOME_SUPPRESSED", "recipients": [{"email": "nobody"}]}]}"#,
        r#"{"warnings": {"type": "SOME_SUPPRESSED"}}"#,
        r#"{"warnings": ["x"]}"#,
    ];
    for text in texts {
        let answer =
            Answer::new(202).header("Content-Type", "application/json").header("X-Message-Id", "id-1").body(text);
        let error = answered(answer).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.retry(), error.status()),
            (ErrorKind::Unreadable, Retry::Ambiguous, Some(202)),
            "{text}"
        );
        assert_eq!(error.response().unwrap().header("x-message-id"), Some("id-1"));
        assert!(error.remedy().unwrap().contains("before sending it again"));
        assert!(error.send_status().is_none());
    }
}

/// A domain on hold: accepted, and said to be held back.
#[tokio::test]
async fn a_paused_domain() {
    let status = answered(Answer::accepted("id-1").header("X-Send-Paused", "true")).await.unwrap();
    assert!(status.is_paused());
    assert!(status.statuses().into_iter().eq([Status::Queued]));
    assert!(!answered(Answer::accepted("id-1").header("x-send-paused", "false")).await.unwrap().is_paused());
}

/// RSP-14, BAT-09: a bulk id stands for the message ids, which nobody knows yet; a message id counts before it.
#[tokio::test]
async fn a_bulk_id() {
    for (id, expected) in [(json!("67618140bf85c862710f2c5a"), "bulk:67618140bf85c862710f2c5a"), (json!(42), "bulk:42")]
    {
        let body = json!({"message": "The bulk email is being processed.", "bulk_email_id": id});
        let status = answered(Answer::json(202, &body)).await.unwrap();
        assert_eq!(status.message_id(), MessageId::One(expected));
        assert!(status.statuses().into_iter().eq([Status::Unknown]));
        assert_eq!(status.recipients().len(), 3, "copies have the same status");
        let status = answered(Answer::json(202, &body).header("X-Message-Id", "id-1")).await.unwrap();
        assert_eq!(status.message_id(), MessageId::One("id-1"));
        assert!(status.statuses().into_iter().eq([Status::Queued]));
    }
}

/// ERR-01, ERR-02, ERR-07, ERR-08: every refusal with its kind, whether it may be repeated, its code, and what to do.
#[tokio::test]
async fn refusals() {
    let message = |text: &str| json!({"message": text});
    let cases = [
        (400, message("The bulk request is malformed. #MS40001"), ErrorKind::Rejected, Retry::Never, Some("MS40001")),
        (401, message("Unauthenticated."), ErrorKind::Unauthorized, Retry::Never, None),
        (403, message("You have no permission. #MS40301"), ErrorKind::Unauthorized, Retry::Never, Some("MS40301")),
        (404, message("Resource not found."), ErrorKind::Rejected, Retry::Never, None),
        (405, message("Method not allowed."), ErrorKind::Rejected, Retry::Never, None),
        (408, message(""), ErrorKind::Timeout, Retry::Ambiguous, None),
        (
            421,
            message("The service is not available, try again later."),
            ErrorKind::Maintenance,
            Retry::Safe(None),
            None,
        ),
        (422, message("The domain is not verified. #MS42207"), ErrorKind::Rejected, Retry::Never, Some("MS42207")),
        (500, message("Server Error"), ErrorKind::Server, Retry::Ambiguous, None),
        (502, json!("<html>"), ErrorKind::Server, Retry::Ambiguous, None),
        (503, json!(null), ErrorKind::Server, Retry::Ambiguous, None),
        (504, json!([]), ErrorKind::Server, Retry::Ambiguous, None),
        (599, json!({"message": 7}), ErrorKind::Server, Retry::Ambiguous, None),
    ];
    for (status, body, kind, retry, code) in cases {
        let error = answered(Answer::json(status, &body)).await.unwrap_err();
        assert_eq!((error.kind(), error.retry(), error.status()), (kind, retry, Some(status)), "{status}");
        assert_eq!((error.code(), error.meaning().is_some()), (code, code.is_some()), "{status}");
        assert!(error.to_string().starts_with(&format!("MailerSend answered {status}")), "{error}");
        assert!(status == 405 || error.remedy().is_some(), "{status}");
        assert_eq!(error.response().unwrap().json(), Some(body));
        assert!(error.send_status().is_none());
    }
}

/// ERR-02: field errors by path; all of them are in the text, which masks addresses.
#[tokio::test]
async fn field_errors() {
    let body = json!({
        "message": "The from.email field is required. #MS42209 (and 1 more error)",
        "errors": {
            "from.email": ["The from.email field is required. #MS42209"],
            "to.0.email": ["The address ann@one.example is not valid. #MS42208", "Another."],
        },
    });
    let error = answered(Answer::json(422, &body)).await.unwrap_err();
    assert_eq!(error.fields().keys().collect::<Vec<_>>(), ["from.email", "to.0.email"]);
    assert_eq!(error.fields()["to.0.email"].len(), 2);
    assert_eq!(error.code(), Some("MS42209"));
    assert_eq!(error.meaning(), Some("a required field is missing"));
    assert_eq!(
        error.to_string(),
        "MailerSend answered 422 (Unprocessable Entity): from.email: The from.email field is required. #MS42209; \
         to.0.email: The address <address> is not valid. #MS42208 Another."
    );
    // A code that is not published is told, without a meaning.
    let error = answered(Answer::json(422, &json!({"message": "New. #MS42299"}))).await.unwrap_err();
    assert_eq!((error.code(), error.meaning()), (Some("MS42299"), None));
}

/// Three kinds of 429: the minute's, the day's, and one without a code.
#[tokio::test]
async fn too_many_requests() {
    let minute = Answer::json(429, &json!({"message": "Too many requests. #MS42903"})).header("Retry-After", "17");
    let error =
        answered(minute.header("X-RateLimit-Remaining", "0").header("X-RateLimit-Limit", "120")).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::RateLimited, Retry::Safe(Some(Duration::from_secs(17)))));
    assert_eq!((error.rate().limit, error.rate().remaining), (Some(120), Some(0)));
    assert_eq!(error.remedy(), Some("wait as long as the answer says"));

    // The clock stands at midnight, and the day's count starts anew a day later.
    let day = Answer::json(429, &json!({"message": "Daily quota used up. #MS42901"}));
    let day = day.header("X-ApiQuota-Remaining", "0").header("X-ApiQuota-Reset", "2030-01-02T00:00:00Z");
    let error = answered(day.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Quota, Retry::Safe(Some(Duration::from_hours(24)))));
    assert_eq!(error.rate().quota, Some(Quota::Left(0)));
    let error = answered(day.header("Retry-After", "60")).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe(Some(Duration::from_mins(1))));

    let bare = answered(Answer::json(429, &json!({"message": "Please wait a while."}))).await.unwrap_err();
    assert_eq!((bare.kind(), bare.retry()), (ErrorKind::RateLimited, Retry::Safe(None)));
    let quota = Answer::new(429).header("x-apiquota-remaining", "0").header("x-apiquota-reset", "nonsense");
    assert_eq!(answered(quota).await.unwrap_err().kind(), ErrorKind::Quota);
    for nonsense in ["-1", "soon", "99999999999999999999999", "9223372036854775807", ""] {
        let error = answered(Answer::new(429).header("retry-after", nonsense)).await.unwrap_err();
        assert_eq!(error.retry(), Retry::Safe(None), "{nonsense:?}");
    }
}

/// What the headers say about the rate is optional and read with care.
#[tokio::test]
async fn rate_headers() {
    let answer =
        Answer::accepted("id").header("x-apiquota-remaining", "-1").header("x-apiquota-reset", "2030-01-02T00:00:00Z");
    let status = answered(answer.header("x-ratelimit-reset", "1893456060")).await.unwrap();
    assert_eq!(status.rate().quota, Some(Quota::Unlimited));
    assert_eq!(status.rate().quota_reset, Some(1_893_542_400));
    assert_eq!((status.rate().reset, status.rate().limit), (Some(1_893_456_060), None));
}

/// HTML from a proxy says nothing about the message, and is not put in the text.
#[tokio::test]
async fn html_from_a_proxy() {
    let answer =
        Answer::new(502).header("Content-Type", "text/html").body("<html><h1>Bad gateway ann@one.example</h1></html>");
    let error = answered(answer).await.unwrap_err();
    assert_eq!(error.to_string(), "MailerSend answered 502 (Bad Gateway)");
    assert!(error.response().unwrap().body().starts_with(b"<html>"));
}

/// NET-09: a redirection is an error, and nobody follows it.
#[tokio::test]
async fn redirections_are_never_followed() {
    for status in [301, 302, 303, 304, 307, 308] {
        let elsewhere = Capture::accepting().await;
        let server =
            Capture::start([Answer::new(status).header("Location", &format!("{}email", elsewhere.url()))]).await;
        let error = send(to(&server), &basic(json!({}))).await.unwrap_err();
        assert_eq!((error.kind(), error.retry(), error.status()), (ErrorKind::Rejected, Retry::Never, Some(status)));
        assert!(error.remedy().unwrap().contains("MAILERSEND_API_URL"));
        assert_eq!((server.requests().len(), elsewhere.connections()), (1, 0), "{status}");
    }
}

/// ERR-04, NET-13: a connection that was never made sent nothing.
#[tokio::test]
async fn a_refused_connection_is_safe() {
    let url = Capture::accepting().await.url();
    let error = builder().api_url(url).build().unwrap().send(&basic(json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.retry(), error.status()), (ErrorKind::Connect, Retry::Safe(None), None));
    assert!(error.response().is_none() && std::error::Error::source(&error).is_some());
}

/// ERR-04: a connection that ends before the answer, or in its middle, leaves everything open.
#[tokio::test]
async fn a_lost_answer_is_ambiguous() {
    for answer in [Answer::nothing(), Answer::accepted("id-1").body("half").cut_off()] {
        let error = answered(answer).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unreadable, Retry::Ambiguous), "{error}");
        assert!(error.remedy().unwrap().contains("before sending it again"));
    }
}

/// NET-06: no answer in time; the time counts anew for each piece of the answer.
#[tokio::test]
async fn a_timeout_is_ambiguous() {
    let server = Capture::start([Answer::accepted("id").after(Duration::from_secs(5))]).await;
    let wait = Some(Duration::from_millis(100));
    let mailersend = builder().api_url(server.url()).timeouts(wait, wait).build().unwrap();
    let error = mailersend.send(&basic(json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Timeout, Retry::Ambiguous));
    assert_eq!(server.requests().len(), 1);
}

/// NET-06: a large message on a slow line takes longer than any wait, and gets on all the while.
#[tokio::test]
async fn a_slow_line_is_no_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut piece = vec![0; 1 << 19];
        let mut left = 27_000_000;
        while left > 0 {
            left -= stream.read(&mut piece).await.unwrap().min(left);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The rest of the request, until nothing comes any more.
        while let Ok(Ok(1..)) = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut piece)).await {}
        stream.write_all(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: id-1\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    });
    let wait = Duration::from_millis(500);
    let mailersend = builder().api_url(url).timeouts(Some(wait), Some(wait)).build().unwrap();
    let attachment = Attachment::bytes("a.pdf", vec![0; 21_000_000]);
    let begun = std::time::Instant::now();
    let status = mailersend.send(&basic(json!({})).edit().attach(attachment).build().unwrap()).await.unwrap();
    assert_eq!(status.message_id(), MessageId::One("id-1"));
    assert!(begun.elapsed() > wait, "too fast to tell: {:?}", begun.elapsed());
    server.await.unwrap();
}

/// NET-06: a server that takes nothing any more is not waited for.
#[tokio::test]
async fn a_line_that_stands_still_is_a_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let wait = Some(Duration::from_millis(100));
    let mailersend = builder().api_url(url).timeouts(wait, wait).build().unwrap();
    let attachment = Attachment::bytes("a.pdf", vec![0; 21_000_000]);
    let error = mailersend.send(&basic(json!({})).edit().attach(attachment).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Timeout, Retry::Ambiguous), "{error}");
}

/// NET-06: once the request is taken the answer is waited for as long as said, and not as long as for the connection.
#[tokio::test]
async fn the_wait_for_the_answer_is_as_long_as_said() {
    let server = Capture::start([Answer::accepted("id").after(Duration::from_secs(5))]).await;
    let [short, long] = [1_000, 60_000].map(|millis| Some(Duration::from_millis(millis)));
    let begun = std::time::Instant::now();
    let mailersend = builder().api_url(server.url()).timeouts(long, short).build().unwrap();
    assert_eq!(mailersend.send(&basic(json!({}))).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
}

/// An answer without an end is cut off before it fills the memory.
#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let error = answered(Answer::accepted("id").body(vec![b'x'; 17 << 20])).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unreadable, Retry::Ambiguous));
}

/// NET-07, ERR-09, ERR-12: messages share connections, also after an error; each has an answer, and an error ends nothing.
#[tokio::test]
async fn connections_are_shared() {
    let server = Capture::start([Answer::accepted("a"), Answer::json(422, &json!({})), Answer::accepted("c")]).await;
    let mailersend = to(&server);
    let messages = [basic(json!({})), basic(json!({})), basic(json!({}))];
    let answers = mailersend.send_all(&messages).await;
    let went: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(went, [true, false, true]);
    mailersend.clone().send(&messages[0]).await.unwrap();
    assert_eq!((server.requests().len(), server.connections()), (4, 1));
}

/// A connection that the server has closed in the meantime is not used again.
#[tokio::test]
async fn a_closed_connection_is_not_used_again() {
    let server = Capture::start([Answer::accepted("id").closed()]).await;
    let mailersend = to(&server);
    for _ in 0..3 {
        mailersend.send(&basic(json!({}))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 3));
}

/// STA-04: the words, and that refusals are two of them.
#[test]
fn status_words() {
    use Status::{Failed, Invalid, Queued, Rejected, Sent, Unknown};
    let all = [Sent, Queued, Invalid, Rejected, Failed, Unknown];
    assert_eq!(all.map(Status::as_str), ["sent", "queued", "invalid", "rejected", "failed", "unknown"]);
    assert_eq!(all.map(Status::is_refused), [false, false, true, true, false, false]);
}

/// STA-05, STA-06, STA-09: the text form, lookup by any spelling, and further recipients.
#[test]
fn a_status_is_added_to() {
    let mut status = SendStatus::default();
    assert_eq!(status.to_string(), "nothing sent");
    assert_eq!((status.statuses().len(), status.message_id()), (0, MessageId::None));
    let mut set =
        |address: &str, word, id: &str| status.set(address.parse().unwrap(), RecipientStatus::new(word, Some(id)));
    set("Ann@one.example", Status::Sent, "1");
    set("bob@two.example", Status::Queued, "2");
    set("ann@ONE.example", Status::Queued, "3");
    assert_eq!(statuses(&status), [("Ann@one.example".to_owned(), "queued"), ("bob@two.example".to_owned(), "queued")]);
    assert_eq!(status.message_id(), MessageId::Many(vec!["2", "3"]));
    assert_eq!(status.to_string(), "queued, 2 ids, 2 recipients");
    let mut other = SendStatus::default();
    other.set("c@three.example".parse().unwrap(), RecipientStatus::new(Status::Unknown, None::<String>));
    status.join(other);
    assert!(status.statuses().into_iter().eq([Status::Queued, Status::Unknown]));
    assert_eq!(status.recipient("nobody at all"), None);
}

/// ERR-06, UNS-06, ERR-11: an error keeps what it is about, its cause among it, and needs no session.
#[tokio::test]
async fn an_error_keeps_its_cause() {
    let server = Capture::accepting().await;
    let mailer = Mailer::builder(to(&server)).after_send(|_, _, _| Err("cause".into())).build();
    let error = mailer.send(&basic(json!({}))).await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "cause");
    let error = to(&server).send(&basic(json!({"metadata": {"k": 1}}))).await.unwrap_err();
    assert_eq!(error.features().len(), 1);
    assert!(
        ErrorKind::ALL.iter().all(|kind| kind.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    );
}
