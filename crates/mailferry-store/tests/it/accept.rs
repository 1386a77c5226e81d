//! Storing: durable, once, and read again.

use bytes::Bytes;
use mailferry::webhook::Handler as _;
use mailferry::{Event, mailersend};
use mailferry_store::sqlx;
use mailferry_store::{Accepted, Entry, EntryId, Inbox, Page, Selection, State};

use crate::support::{Folder, TRACKING, all, body, connect, event};

#[tokio::test]
async fn what_was_accepted_is_there_after_opening_again() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let accepted = inbox.accept(TRACKING, &[event("delivered", "a1")]).await.unwrap();
    let [Accepted::Stored(id)] = accepted[..] else { panic!("{accepted:?}") };
    inbox.close().await;

    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let entry = inbox.get(id).await.unwrap().unwrap();
    assert_eq!(
        (entry.source.as_str(), entry.event_id.as_deref(), entry.kind.as_str(), entry.service_kind.as_str()),
        (TRACKING, Some("a1"), "delivered", "delivered")
    );
    assert_eq!(entry.occurred_at.unwrap().to_string(), "2026-10-03T22:33:06+00:00");
    assert_eq!((entry.size, entry.pruned, entry.handlers.len()), (body("delivered", "a1").len() as u64, false, 0));
    assert_eq!(inbox.body(id).await.unwrap().unwrap(), body("delivered", "a1"));
    let Some(Event::Tracking(again)) = inbox.event(id).await.unwrap() else { panic!("no tracking event") };
    assert_eq!((again.event_id.as_deref(), again.recipient.as_deref()), (Some("a1"), Some("ann@example.com")));
    assert!(inbox.get(999.into()).await.unwrap().is_none());
    assert!(inbox.event(999.into()).await.unwrap().is_none());
}

/// WHK-23
#[tokio::test]
async fn a_repeated_event_is_stored_once() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let first = inbox.accept(TRACKING, &[event("opened", "a1")]).await.unwrap();
    // Version 1 of the payload tells the same.
    let earlier_version = r#"{"type":"activity.opened","domain_id":"d","created_at":"2026-10-03T22:33:07.000000Z",
        "webhook_id":"w","url":"https:\/\/r","data":{"object":"activity","id":"a1","type":"opened",
        "created_at":"2026-10-03T22:33:06.000000Z","email":{"object":"email","id":"e1","message":{"id":"m1"},
        "recipient":{"email":"ann@example.com"}},"morph":null,"template_id":""}}"#;
    let repeated = mailersend::reread(TRACKING, Bytes::from_static(earlier_version.as_bytes())).unwrap();
    let again = inbox.accept(TRACKING, &[repeated, event("opened_unique", "a1")]).await.unwrap();
    assert_eq!(again[0], Accepted::Repeated(first[0].id()));
    assert!(matches!(again[1], Accepted::Stored(_)), "{again:?}");
    assert_eq!(inbox.accept(TRACKING, &[]).await.unwrap(), []);
    assert_eq!(all(&inbox).await.len(), 2);
}

#[tokio::test]
async fn the_inbox_is_a_handler_for_an_endpoint() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    inbox.handle(event("sent", "a1")).await.unwrap();
    inbox.handler(TRACKING).handle(event("sent", "a1")).await.unwrap();
    inbox.handler("other/tracking").handle(event("sent", "a1")).await.unwrap();
    let sources: Vec<String> = all(&inbox).await.into_iter().map(|entry| entry.source).collect();
    assert_eq!(sources, ["other/tracking", TRACKING]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_accepted_at_once() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let tasks: Vec<_> = (0..3000)
        .map(|number| {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                let id = format!("a{}", number % 2000);
                inbox.accept(TRACKING, &[event("sent", &id)]).await.unwrap()[0]
            })
        })
        .collect();
    let mut stored = 0;
    for task in tasks {
        stored += usize::from(matches!(task.await.unwrap(), Accepted::Stored(_)));
    }
    assert_eq!(stored, 2000);
    assert_eq!(inbox.stats().await.unwrap().entries, 2000);
}

#[tokio::test]
async fn a_list_is_read_in_pages() {
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    for number in 0..250 {
        let word = if number % 50 == 0 { "hard_bounced" } else { "delivered" };
        inbox.accept(TRACKING, &[event(word, &format!("a{number}"))]).await.unwrap();
    }
    let mut page = Page::default();
    let mut seen = Vec::new();
    loop {
        let entries = inbox.list(&Selection::default(), &page).await.unwrap();
        assert!(entries.len() <= 100);
        let Some(last) = entries.last() else { break };
        page.after = Some(last.id);
        seen.extend(entries.into_iter().map(|entry| entry.event_id.unwrap()));
    }
    let expected: Vec<String> = (0..250).rev().map(|number| format!("a{number}")).collect();
    assert_eq!(seen, expected);
    for kind in ["bounced", "hard_bounced"] {
        let selection = Selection { kind: Some(kind.to_owned()), ..Selection::default() };
        assert_eq!(inbox.list(&selection, &Page::default()).await.unwrap().len(), 5, "{kind}");
    }
    let late = Selection { from: Some("2999-01-01".parse().unwrap()), ..Selection::default() };
    assert_eq!(inbox.list(&late, &Page::default()).await.unwrap(), []);
    let early = Selection { until: Some("2999-01-01".parse().unwrap()), ..Selection::default() };
    assert_eq!(inbox.list(&early, &Page::default()).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_million_entries_are_read_a_page_at_a_time() {
    const MILLION: i64 = 1_000_000;
    let folder = Folder::new();
    let inbox = Inbox::open(folder.inbox()).await.unwrap();
    let mut tables = connect(&folder).await;
    for sql in [
        "INSERT INTO mailferry_inbox_handler (name, registered_at, behind) VALUES ('one', 0, 0)",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
         INSERT INTO mailferry_inbox (id, key, source, event_id, kind, service_kind, received_at, size) \
         SELECT i, CAST(i AS BLOB), 'mailersend/tracking', 'e' || i, 'sent', 'sent', i, 0 FROM n",
        "INSERT INTO mailferry_inbox_progress (entry_id, handler_id, state, due, since) \
         SELECT id, 1, CASE WHEN id % 100000 = 1 THEN 'dead' ELSE 'done' END, 0, 0 FROM mailferry_inbox",
    ] {
        sqlx::query(sql).execute(&mut tables).await.unwrap();
    }
    let ids = |entries: Vec<Entry>| entries.iter().map(|entry| entry.id.get()).collect::<Vec<_>>();
    let everything = Selection::default();
    let page =
        |limit: u32, after: Option<i64>| Page { limit: limit.try_into().unwrap(), after: after.map(EntryId::from) };
    let first = inbox.list(&everything, &page(3, None)).await.unwrap();
    assert_eq!(ids(first), [MILLION, MILLION - 1, MILLION - 2]);
    let middle = inbox.list(&everything, &page(2, Some(500_000))).await.unwrap();
    assert_eq!(ids(middle), [499_999, 499_998]);
    assert_eq!(inbox.list(&everything, &page(u32::MAX, None)).await.unwrap().len(), 1000);
    let dead = Selection { state: Some(State::Dead), ..Selection::default() };
    assert_eq!(ids(inbox.list(&dead, &page(2, Some(800_001))).await.unwrap()), [700_001, 600_001]);
    let done = Selection { state: Some(State::Done), handler: Some("one".to_owned()), ..Selection::default() };
    assert_eq!(ids(inbox.list(&done, &page(1, Some(700_002))).await.unwrap()), [700_000]);
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.entries, stats.handlers[0].dead), (1_000_000, 10));
}
