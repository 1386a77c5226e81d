//! A process that is killed at any moment loses nothing it acknowledged, and no effect happens twice.
//!
//! The test starts itself again as a child that accepts and handles events, kills it, and starts it again on the same
//! file, many times.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mailferry::Event;
use mailferry::webhook::Handling;
use mailferry_store::sqlx::{self, SqliteConnection};
use mailferry_store::{Inbox, Page, Selection, State};

use crate::support::{Folder, TRACKING, connect, eager, event, until_settled};

const EVENTS: usize = 10_000;
const KILLS: usize = 21;
/// How many calls the child makes at once.
const PARALLEL: usize = 8;
/// Set for the child: the file of its inbox.
const CHILD: &str = "MAILFERRY_STORE_CHILD";

/// What the child tells: `ack ID` when an event is on the disk, `call ID` when the outer handler is called.
fn say(word: &str, id: &str) {
    // One write a line, so that a kill does not cut it.
    let line = format!("{word} {id}\n");
    drop(std::io::stdout().lock().write_all(line.as_bytes()));
}

fn effect<'a>(transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a> {
    Box::pin(async move {
        sqlx::query("INSERT INTO effects (event) VALUES (?1)").bind(event.event_id()).execute(transaction).await?;
        Ok(())
    })
}

/// The child: does nothing unless the test below has started it.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The harness has begun a line.
    println!();
    runtime.block_on(async {
        let inbox = Inbox::open(&path).await.unwrap();
        let worker = inbox.worker().policy(eager(100)).parallel(PARALLEL).transaction_handler("inner", effect).handler(
            "outer",
            |event: Event| async move {
                let id = event.event_id().unwrap_or_default().to_owned();
                say("call", &id);
                Ok(())
            },
        );
        tokio::spawn(worker.run(std::future::pending()));
        // The events to accept come in on standard input, as a service would send them until they are acknowledged.
        let (ids, mut waiting) = tokio::sync::mpsc::channel(64);
        std::thread::spawn(move || {
            for id in std::io::stdin().lines().map_while(Result::ok) {
                if ids.blocking_send(id).is_err() {
                    break;
                }
            }
        });
        while let Some(id) = waiting.recv().await {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                if inbox.accept(TRACKING, &[event("delivered", &id)]).await.is_ok() {
                    say("ack", &id);
                }
            });
        }
        std::future::pending::<()>().await;
    });
}

struct Running {
    process: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts the child and sends it what is not acknowledged yet.
    fn start(path: &Path, missing: Vec<String>) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        std::thread::spawn(move || {
            for id in missing {
                // The child may be gone.
                if writeln!(input, "{id}").is_err() {
                    return;
                }
            }
            // An open input keeps nothing alive; the child is killed.
        });
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { process, lines }
    }

    /// Kills it, and returns what it had told by then.
    fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.lines.iter().collect()
    }
}

impl Drop for Running {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What the children told, and what was in flight when they were killed.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    /// How often the outer handler was called.
    calls: BTreeMap<String, usize>,
    /// How often a kill came while a call of it was in flight, as the inbox has it.
    in_flight: BTreeMap<String, usize>,
}

impl Told {
    fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("ack", id)) => {
                self.acknowledged.insert(id.to_owned());
            }
            Some(("call", id)) => *self.calls.entry(id.to_owned()).or_default() += 1,
            _ => {}
        }
    }

    /// Looks at what a killed process has left.
    async fn look(&mut self, folder: &Folder) {
        let inbox = Inbox::open(folder.inbox()).await.unwrap();
        let entries = inbox.stats().await.unwrap().entries;
        assert!(
            entries >= self.acknowledged.len() as u64,
            "{entries} entries, {} acknowledged",
            self.acknowledged.len()
        );
        let claimed =
            Selection { state: Some(State::Claimed), handler: Some("outer".to_owned()), ..Selection::default() };
        let claimed = inbox.list(&claimed, &Page::default()).await.unwrap();
        assert!(claimed.len() <= PARALLEL, "{} in flight", claimed.len());
        for entry in claimed {
            *self.in_flight.entry(entry.event_id.unwrap()).or_default() += 1;
        }
        inbox.close().await;
    }
}

/// Numbers of a seeded generator: the moments are others each time, but not in the number of lines before them.
fn moments() -> impl Iterator<Item = usize> {
    let mut state = 0x5eed_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    })
}

#[test]
fn nothing_acknowledged_is_lost_and_no_effect_happens_twice() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        Inbox::open(folder.inbox()).await.unwrap().close().await;
        let mut tables = connect(&folder).await;
        sqlx::query("CREATE TABLE effects (event TEXT)").execute(&mut tables).await.unwrap();
    });
    let ids: Vec<String> = (0..EVENTS).map(|number| format!("e{number}")).collect();
    let mut told = Told::default();
    let mut moments = moments();
    for round in 0..KILLS {
        let missing = ids.iter().filter(|id| !told.acknowledged.contains(*id)).cloned().collect();
        let child = Running::start(&folder.inbox(), missing);
        // Each kill comes after some number of lines and some further microseconds, the first before anything is told.
        let lines = if round == 0 { 0 } else { moments.next().unwrap() % (2 * 3 * EVENTS / KILLS) };
        for _ in 0..lines {
            match child.lines.recv_timeout(Duration::from_secs(5)) {
                Ok(line) => told.hear(&line),
                Err(_) => break,
            }
        }
        std::thread::sleep(Duration::from_micros(moments.next().unwrap() as u64 % 20_000));
        child.kill().iter().for_each(|line| told.hear(line));
        runtime.block_on(told.look(&folder));
    }

    let missing: Vec<String> = ids.iter().filter(|id| !told.acknowledged.contains(*id)).cloned().collect();
    assert!(missing.len() < EVENTS, "the children never acknowledged anything");
    let child = Running::start(&folder.inbox(), missing);
    runtime.block_on(async {
        let inbox = Inbox::open(folder.inbox()).await.unwrap();
        while told.acknowledged.len() < EVENTS {
            let line = child.lines.recv_timeout(Duration::from_mins(1)).expect("the child goes on");
            told.hear(&line);
        }
        until_settled(&inbox).await;
        child.kill().iter().for_each(|line| told.hear(line));

        let stats = inbox.stats().await.unwrap();
        assert_eq!(stats.entries, EVENTS as u64);
        for handler in &stats.handlers {
            assert_eq!((handler.done, handler.dead), (EVENTS as u64, 0), "{}", handler.handler);
        }
        let mut tables = connect(&folder).await;
        let counts: (i64, i64) =
            sqlx::query_as("SELECT count(*), count(DISTINCT event) FROM effects").fetch_one(&mut tables).await.unwrap();
        let all = i64::try_from(EVENTS).unwrap();
        assert_eq!(counts, (all, all), "effects, and of different events");
        for id in &ids {
            let calls = told.calls.get(id).copied().unwrap_or(0);
            let excused = told.in_flight.get(id).copied().unwrap_or(0);
            assert!((1..=1 + excused).contains(&calls), "{id}: {calls} calls, in flight at {excused} kills");
        }
        let interrupted: usize = told.in_flight.values().sum();
        assert!(interrupted > 0, "no kill came during a call");
    });
}
