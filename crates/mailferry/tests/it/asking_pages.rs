//! Long lists: every item once, whatever the size of the pages and however the list shifts.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_core::Stream;
use mailferry::DateTime;
use mailferry::mailersend::MailerSend;
use mailferry::mailersend::asking::{EmailFilter, Template};
use mailferry::transport::{ErrorKind, Retry};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::capture::{Answer, Capture, Recorded};
use crate::support::{builder, to};

/// The number that a question gives under this name.
fn number(request: &Recorded, name: &str) -> usize {
    let (_, query) = request.target();
    query.iter().find(|(known, _)| known == name).unwrap().1.parse().unwrap()
}

/// A page as MailerSend has it: links without filters and size, sizes as texts, and totals in some lists.
fn page(items: &[Value], request: &Recorded, with_totals: bool) -> Answer {
    let (number, size) = (number(request, "page"), number(request, "limit"));
    let before = items.len().min((number - 1) * size);
    let data: Vec<_> = items[before..].iter().take(size).collect();
    let link = |number: usize| format!("https://api.mailersend.com/v1/templates?page={number}");
    let more = before + data.len() < items.len();
    let mut body = json!({
        "data": data,
        "links": {"first": link(1), "last": null, "prev": null, "next": more.then(|| link(number + 1))},
        "meta": {"current_page": number, "from": null, "per_page": size.to_string(), "to": null},
    });
    if with_totals {
        body["links"]["last"] = json!(link(items.len().div_ceil(size).max(1)));
        body["meta"]["total"] = json!(items.len());
    }
    // A larger minute than the usual, so that tests need not wait for it.
    Answer::json(200, &body).header("X-RateLimit-Limit", "100000")
}

fn ids(range: impl Iterator<Item = usize>) -> Vec<String> {
    range.map(|number| format!("t{number}")).collect()
}

fn template(id: usize) -> Value {
    json!({"id": format!("t{id}"), "name": "Note"})
}

async fn all(api: &MailerSend, size: u32) -> Vec<String> {
    let templates: Vec<Template> = api.templates().list(Some("d1")).page_size(size).all().await.unwrap();
    templates.into_iter().map(|template| template.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any number of items in pages of any size, with new ones arriving in front between two pages: each of those that
    /// were there is seen, and once.
    #[test]
    fn each_item_is_seen_once(count in 0_usize..400, size in 10_u32..=100, arriving in 0_usize..10, with_totals: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Capture::answering(move |asked, request| {
                // Newest first: what arrives has higher numbers.
                let items: Vec<_> = (0..count + asked * arriving).rev().map(template).collect();
                page(&items, request, with_totals)
            })
            .await;
            let seen = all(&to(&server), size).await;
            prop_assert_eq!(&seen, &ids((0..count).rev()));
            for request in server.requests() {
                prop_assert!(request.path.starts_with("/v1/templates?domain_id=d1&page="), "{}", request.path);
            }
            Ok(())
        })?;
    }
}

/// Items that are no objects, or have no id, do not stand in the way of the others.
#[tokio::test]
async fn odd_items_are_kept() {
    let data = json!([null, template(1), "text", {"name": "a"}, {"name": "b"}, [1], template(2)]);
    let server = Capture::start([Answer::json(200, &json!({"data": data}))]).await;
    let templates = to(&server).templates().list(None).all().await.unwrap();
    let seen: Vec<_> = templates.iter().map(|template| (template.id.as_str(), template.raw().to_string())).collect();
    assert_eq!(seen.len(), 7);
    assert_eq!((seen[1].0, seen[6].0, seen[2].1.as_str()), ("t1", "t2", "\"text\""));
}

/// A list with holes is an object in PHP, and what follows it is told by the link alone.
#[tokio::test]
async fn a_list_with_holes() {
    let body = json!({"data": {"0": template(1), "2": template(2)}, "links": {"next": ""}});
    let server = Capture::start([Answer::json(200, &body)]).await;
    assert_eq!(all(&to(&server), 10).await, ["t1", "t2"]);
    for body in [json!([]), json!({}), json!({"data": null}), json!({"data": 1}), json!(null)] {
        let server = Capture::start([Answer::json(200, &body)]).await;
        let error = to(&server).templates().list(None).all().await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unreadable, Retry::Safe(None)), "{body}");
    }
}

/// A server that always promises more is not believed when it has nothing.
#[tokio::test]
async fn promises_of_more_end() {
    let body = |data: Value| json!({"data": data, "links": {"next": "https://elsewhere.example/?page=2"}});
    let server = Capture::start([
        Answer::json(200, &body(json!([template(1)]))),
        Answer::json(200, &body(json!([template(1)]))),
        Answer::json(200, &body(json!([]))),
    ])
    .await;
    assert_eq!(all(&to(&server), 10).await, ["t1"]);
    assert_eq!(server.requests().len(), 3);
}

/// Emails have no more than 100 pages, which is said instead of asking for another.
#[tokio::test]
async fn the_last_page_there_can_be() {
    let server = Capture::answering(|asked, _| {
        let body = json!({"data": [{"id": format!("e{asked}")}], "links": {"next": "…"}});
        Answer::json(200, &body).header("X-RateLimit-Limit", "1000")
    })
    .await;
    let api = to(&server);
    let at = |seconds| DateTime::from_unix_seconds(seconds).unwrap();
    let mut emails = api.emails().list("d1", EmailFilter::between(at(0), at(1)));
    let mut seen = 0;
    let error = loop {
        match emails.next().await.unwrap() {
            Ok(_) => seen += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((seen, error.kind(), server.requests().len()), (100, ErrorKind::Rejected, 100));
    assert!(error.remedy().unwrap().contains("shorter"));
    assert!(emails.next().await.is_none());
}

/// Pages are fetched as they are needed, and an error ends the list.
#[tokio::test]
async fn a_list_is_lazy_and_ends_with_its_error() {
    let items: Vec<_> = (0..25).map(template).collect();
    let server = Capture::answering(
        move |asked, request| {
            if asked == 2 { Answer::new(500) } else { page(&items, request, false) }
        },
    )
    .await;
    let api = to(&server);
    let mut list = api.templates().list(None).page_size(10);
    assert_eq!(server.connections(), 0);
    for _ in 0..10 {
        list.next().await.unwrap().unwrap();
    }
    assert_eq!(server.requests().len(), 1);
    for _ in 0..10 {
        list.next().await.unwrap().unwrap();
    }
    assert_eq!(list.next().await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert!(list.next().await.is_none());
    assert_eq!(server.requests().len(), 3);
}

/// It is a stream, and one that may be left waiting: what was under way goes on.
#[tokio::test]
async fn a_list_is_a_stream() {
    let polled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polled);
    let items: Vec<_> = (0..25).map(template).collect();
    let server = Capture::answering(move |_, request| page(&items, request, true)).await;
    let api = builder().api_url(server.url()).build().unwrap();
    let mut list = api.templates().list(None).page_size(10);
    {
        // Polled once, which makes the question, and dropped.
        let mut next = std::pin::pin!(list.next());
        let first = std::future::poll_fn(|context| std::task::Poll::Ready(next.as_mut().poll(context))).await;
        assert!(first.is_pending());
    }
    let mut seen = Vec::new();
    loop {
        let item = std::future::poll_fn(|context| {
            counted.fetch_add(1, Ordering::SeqCst);
            Pin::new(&mut list).poll_next(context)
        });
        match item.await {
            Some(template) => seen.push(template.unwrap().id),
            None => break,
        }
    }
    assert_eq!((seen, server.requests().len()), (ids(0..25), 3));
    assert!(polled.load(Ordering::SeqCst) > 25);
}

/// A server that shows the same pages again and again is not asked for ever, whatever its items are.
#[tokio::test]
async fn pages_that_go_round_in_circles() {
    let circles: [fn(usize) -> Value; 4] = [
        // It does not look at the page's number.
        |_| json!([template(1), template(2)]),
        // It begins anew behind its end.
        |asked| json!([template(asked % 5), template(10 + asked % 5)]),
        // Items without ids, and items that are no objects.
        |_| json!([{"name": "a"}, {"name": "b"}]),
        |_| json!([null, 7]),
    ];
    for circle in circles {
        let server = Capture::answering(move |asked, _| {
            Answer::json(200, &json!({"data": circle(asked), "links": {"next": "…"}}))
                .header("X-RateLimit-Limit", "1000")
        })
        .await;
        let error = to(&server).templates().list(None).all().await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unreadable, Retry::Safe(None)), "{error}");
        assert!(server.requests().len() <= 21, "{} questions", server.requests().len());
    }
}

/// What no number, no text or no depth can be read of is one odd item, and whatever stands beside the list is no harm.
#[tokio::test]
async fn odd_answers() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for odd in ["1e999", r#"{"id":"\ud800"}"#, r#"{"id":1e999}"#, &deep, "null", "[]", r#""t9""#] {
        let body = format!(r#"{{"meta":{odd},"data":[{},{odd},{}],"links":{odd}}}"#, template(1), template(2));
        let server = Capture::start([Answer::new(200).body(&*body)]).await;
        let seen = to(&server).templates().list(None).all().await.unwrap();
        let seen: Vec<_> = seen.iter().map(|template| template.id.as_str()).collect();
        assert_eq!((seen.len(), seen[0], seen[2]), (3, "t1", "t2"), "{odd:.30}");
        assert_eq!(server.requests().len(), 1, "{odd:.30}");
    }
    for next in [json!(7), json!(true), json!({"a": "b"}), json!(["b"]), json!(null)] {
        let body = json!({"data": [template(1)], "links": {"next": next}});
        let server = Capture::start([Answer::json(200, &body)]).await;
        assert_eq!(all(&to(&server), 10).await, ["t1"]);
        assert_eq!(server.requests().len(), 1);
    }
}
