//! Live updates: what is heard, by how many, and by those who do not keep up.

use std::net::SocketAddr;
use std::time::Duration;

use mailferry_emulator::{Emulator, HttpLimits, Memory, Reaction, SuppressionList};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{TOKEN, call, get, post, send, started};

/// Somebody who listens.
struct Listener {
    stream: TcpStream,
    heard: String,
}

impl Listener {
    async fn at(address: SocketAddr, more: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET /_emulator/live HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut listener = Self { stream, heard: String::new() };
        listener.until("\r\n\r\n").await;
        listener
    }

    /// Somebody who has been greeted, and from then on hears everything.
    async fn of(emulator: &Emulator) -> Self {
        let mut listener = Self::at(emulator.address(), "").await;
        listener.until("event: hello\n").await;
        listener.until("\n\n").await;
        listener
    }

    /// Listens until `wanted` is heard, and gives what was heard up to its end.
    async fn until(&mut self, wanted: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            if let Some(at) = self.heard.find(wanted) {
                let rest = self.heard.split_off(at + wanted.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut bytes)).await;
            let read = read.unwrap_or_else(|_| panic!("{wanted} is not heard, only {}", self.heard)).unwrap();
            assert!(read > 0, "it ended before {wanted}: {}", self.heard);
            // Chunks are cut anywhere but within the lines of their sizes, which no test looks for.
            self.heard.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    /// The next change.
    async fn change(&mut self) -> Value {
        self.until("event: change\ndata: ").await;
        let data = self.until("\n\n").await;
        serde_json::from_str(data.trim()).unwrap_or_else(|error| panic!("{error}: {data}"))
    }

    /// All changes up to the one that is wanted.
    async fn changes(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let change = self.change().await;
            if is_wanted(&change) {
                return change;
            }
        }
    }
}

fn has_area(change: &Value, area: &str) -> bool {
    change["areas"].as_array().unwrap().contains(&json!(area))
}

fn has_row(change: &Value, subject: &str, status: &str) -> bool {
    change["rows"].as_array().unwrap().iter().any(|row| row["subject"] == subject && row["status"] == status)
}

#[tokio::test]
async fn mails_are_heard_as_they_arrive() {
    let emulator = started(|builder| builder).await;
    let mut listener = Listener::at(emulator.address(), "").await;
    let hello = listener.until("\n\n").await;
    assert!(hello.contains("id: 1\nevent: hello\ndata: {\"total\":0}"), "{hello}");
    send(&emulator, &json!({"subject": "First"})).await;
    let change = listener.changes(|change| has_row(change, "First", "sent")).await;
    assert_eq!((&change["total"], &change["reset"], &change["removed"]), (&json!(1), &json!(false), &json!([])));
    assert!(has_area(&change, "requests"), "{change}");
    let page = get(&emulator, "/_emulator/mailbox").await.json();
    assert_eq!(change["rows"][0], page["rows"][0]);
    // Nobody but the clock says that it is delivered.
    emulator.clock().advance(Duration::from_secs(2));
    listener.changes(|change| has_row(change, "First", "delivered")).await;
    emulator.react(emulator.emails()[0].id(), Reaction::Unsubscribe).unwrap();
    let change = listener.changes(|change| change["rows"][0]["interactions"] == json!(["unsubscribed"])).await;
    assert!(has_area(&change, "suppressions"), "{change}");
}

#[tokio::test]
async fn what_is_gone_is_heard() {
    let emulator = started(|builder| builder.memory(Memory { count: 2, bytes: 10_000_000 })).await;
    send(&emulator, &json!({})).await;
    send(&emulator, &json!({})).await;
    let ids: Vec<_> = emulator.emails().iter().map(|email| email.id().to_owned()).collect();
    let mut listener = Listener::of(&emulator).await;
    let removed = |id: &String| {
        let id = json!(id);
        move |change: &Value| change["removed"].as_array().unwrap().contains(&id)
    };
    send(&emulator, &json!({})).await;
    listener.changes(removed(&ids[0])).await;
    call(&emulator, "DELETE", &format!("/_emulator/mailbox/{}", ids[1]), "").await;
    let change = listener.changes(removed(&ids[1])).await;
    assert_eq!(change["total"], 1);
    call(&emulator, "DELETE", "/_emulator/mailbox", "").await;
    let change = listener.changes(|change| change["reset"] == true).await;
    assert_eq!((&change["total"], &change["rows"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn areas_are_heard() {
    let emulator = started(|builder| builder).await;
    let mut listener = Listener::of(&emulator).await;
    emulator.suppress(SuppressionList::Blocklist, "ann@example.org");
    listener.changes(|change| has_area(change, "suppressions")).await;
    let hook = mailferry_emulator::Webhook::new("http://127.0.0.1:9/").events(["activity.sent"]);
    emulator.register_webhook(hook);
    listener.changes(|change| has_area(change, "webhooks")).await;
    send(&emulator, &json!({"to": [{"email": "bob@example.org"}]})).await;
    listener.changes(|change| has_area(change, "deliveries")).await;
    let route = emulator.add_inbound_route(mailferry_emulator::InboundRoute::to("http://127.0.0.1:9/"));
    let form = json!({"from": "ann@example.org", "to": route.address(), "text": "Hello"});
    assert_eq!(post(&emulator, "/_emulator/inbound", &form).await.status, 202);
    listener.changes(|change| has_area(change, "inbound")).await;
}

/// More changes at once than a frame holds.
#[tokio::test]
async fn a_change_never_has_more_rows_than_a_page_can_take() {
    let emulator = started(|builder| builder).await;
    let mut listener = Listener::of(&emulator).await;
    let objects: Vec<_> = (0..500).map(|_| crate::client::message(&json!({}))).collect();
    assert_eq!(post(&emulator, "/v1/bulk-email", &json!(objects)).await.status, 202);
    // How many arrive between two frames depends on the machine; what is beyond the most is one reset.
    loop {
        let change = listener.change().await;
        assert!(change["rows"].as_array().is_none_or(|rows| rows.len() <= 400), "{change}");
        if change["reset"] == true || change["total"] == 500 {
            break;
        }
    }
    assert_eq!(get(&emulator, "/_emulator/mailbox").await.json()["total"], 500);
}

/// Takes two thousand file descriptors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_listen() {
    let limits = HttpLimits { listeners: 1_000, ..HttpLimits::default() };
    let emulator = started(|builder| builder.http_limits(limits)).await;
    let mut listeners = Vec::new();
    for _ in 0..1_000 {
        listeners.push(Listener::of(&emulator).await);
    }
    let refused = get(&emulator, "/_emulator/live").await;
    assert_eq!(refused.status, 503);
    assert!(refused.json()["message"].as_str().unwrap().contains("As many listen as may: 1000."));
    assert_eq!(send(&emulator, &json!({"subject": "To all"})).await.status, 202);
    for listener in &mut listeners {
        listener.changes(|change| has_row(change, "To all", "sent")).await;
    }
    // Whoever leaves makes room.
    drop(listeners);
    Listener::of(&emulator).await;
}

#[tokio::test]
async fn who_comes_back_is_told_of_a_gap() {
    let emulator = started(|builder| builder).await;
    let mut listener = Listener::of(&emulator).await;
    send(&emulator, &json!({})).await;
    listener.changes(|change| has_row(change, "Hello", "sent")).await;
    drop(listener);
    let mut back = Listener::at(emulator.address(), "last-event-id: 1\r\n").await;
    assert_eq!(back.change().await, json!({"reset": true}));
}

#[tokio::test]
async fn listening_ends_with_the_emulator() {
    let emulator = started(|builder| builder).await;
    let mut listener = Listener::of(&emulator).await;
    let shutdown = tokio::spawn(emulator.shutdown());
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), listener.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    // The last chunk: it ended, it was not cut off.
    assert!(rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    shutdown.await.unwrap();
}

#[tokio::test]
async fn strangers_hear_nothing() {
    let emulator = started(|builder| builder).await;
    let head = "GET /_emulator/live HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(crate::client::raw(emulator.address(), head, b"").await.unwrap().status, 403);
    let exposed = started(|builder| builder.listen(([0, 0, 0, 0], 0).into())).await;
    let address = (std::net::Ipv4Addr::LOCALHOST, exposed.address().port()).into();
    let head = "GET /_emulator/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(crate::client::raw(address, head, b"").await.unwrap().status, 401);
    let mut listener = Listener::at(address, &format!("authorization: Bearer {TOKEN}\r\n")).await;
    listener.until("event: hello").await;
}
