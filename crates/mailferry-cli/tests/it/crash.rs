//! `mailferry webhook listen` is killed at any moment, and nothing that it acknowledged is lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::listener::{Client, Listener, SECRET, happened, session, until};

const EVENTS: usize = 10_000;
const KILLS: usize = 22;
/// Connections that post beside each other, each over and over.
const CONNECTIONS: usize = 4;

/// What is posted until it is answered with 200, as a service does it.
struct Service {
    address: SocketAddr,
    /// The next event that nobody posts yet.
    next: AtomicUsize,
    acknowledged: Mutex<BTreeSet<usize>>,
    /// Posts whose answer was lost with the listener.
    lost: AtomicUsize,
}

impl Service {
    fn start(address: SocketAddr) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let service = Arc::new(Self {
            address,
            next: AtomicUsize::new(0),
            acknowledged: Mutex::default(),
            lost: AtomicUsize::new(0),
        });
        let threads = (0..CONNECTIONS).map(|_| {
            let service = Arc::clone(&service);
            std::thread::spawn(move || service.post_all())
        });
        let threads = threads.collect();
        (service, threads)
    }

    fn post_all(&self) {
        let mut client = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= EVENTS {
                return;
            }
            let body = happened("delivered", &format!("e{number}"));
            let headers = [("Signature", &*mailferry::mailersend::sign(&body, SECRET))];
            until(
                "an answer",
                || {
                    let open = match client.take() {
                        Some(open) => Ok(open),
                        None => Client::connect(self.address),
                    };
                    // Between a kill and the next start nobody listens.
                    let mut open = open.ok()?;
                    let Ok(status) = open.post("/mailersend/tracking", &headers, &body) else {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                        return None;
                    };
                    assert_eq!(status, 200);
                    client = Some(open);
                    Some(())
                },
                || format!("event {number}"),
            );
            self.acknowledged.lock().unwrap().insert(number);
        }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

/// Numbers of a seeded generator.
fn numbers() -> impl Iterator<Item = usize> {
    let mut state = 0xfe44_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    })
}

#[test]
fn a_killed_listener_loses_nothing_that_it_acknowledged() {
    let session = session();
    let mut listener = Listener::start(&session, &["--json"]);
    let address = listener.address;
    let (service, threads) = Service::start(address);
    let mut numbers = numbers();
    let mut random = |below: usize| numbers.next().unwrap() % below;
    for kill in 0..KILLS {
        // Spread over the first nine tenths, and each some microseconds after one event or another.
        let moment = (kill * EVENTS * 9 / 10 + random(EVENTS / 2)) / KILLS;
        until("events", || (service.acknowledged() >= moment).then_some(()), || service.acknowledged().to_string());
        std::thread::sleep(Duration::from_micros(random(2000) as u64));
        listener.kill();
        listener = Listener::at(&session, &address.to_string(), &["--json"]);
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(service.acknowledged(), EVENTS);
    assert!(service.lost.load(Ordering::Relaxed) >= KILLS / 2, "the kills came when nothing was under way");
    listener.kill();

    let stored = session.run(["inbox", "list", "--json", "--limit", "20000"]).objects();
    let ids: BTreeSet<&str> = stored.iter().map(|entry| entry["event_id"].as_str().unwrap()).collect();
    assert_eq!((stored.len(), ids.len()), (EVENTS, EVENTS), "each once");
    assert!((0..EVENTS).all(|number| ids.contains(format!("e{number}").as_str())));
}
