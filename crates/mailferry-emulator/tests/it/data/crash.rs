//! A process that is killed under load leaves a file that is whole, and another goes on from it.
//!
//! The test starts itself again as a child that serves from a file, sends to it, and kills it, several times.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mailferry_emulator::{ActivityKind, Emulator};
use serde_json::json;

use super::Folder;
use crate::client::{TOKEN, head, message, raw};

const KILLS: usize = 4;
/// Set for the child: its file.
const CHILD: &str = "MAILFERRY_EMULATOR_CHILD";

/// The child: does nothing unless the test below has started it.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let delay = Duration::from_millis(100);
        let emulator = Emulator::builder().token(TOKEN).delivery_delay(delay).data(path).start().await.unwrap();
        println!("\nlistening {}", emulator.address());
        std::future::pending::<()>().await;
    });
}

struct Running {
    process: Child,
    address: SocketAddr,
}

impl Running {
    fn start(path: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "data::crash::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("listening ")?.parse().ok()).unwrap();
        // The rest is not read, and a child that says more is not held up: it is killed.
        Self { process, address }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_whole_and_nothing_happens_twice() {
    let folder = Folder::new();
    let mut acknowledged = BTreeSet::new();
    let mut kept = 0;
    for round in 0..KILLS {
        let child = Running::start(&folder.file());
        let address = child.address;
        let (told, mut ids) = tokio::sync::mpsc::unbounded_channel();
        let sender = tokio::spawn(async move {
            for number in 0.. {
                let body = message(&json!({"subject": format!("{round} {number}")})).to_string();
                let sent = tokio::spawn(async move {
                    raw(address, &head("POST", "/v1/email", TOKEN, body.len()), body.as_bytes()).await
                });
                // When the child is gone nobody answers, or nobody listens.
                let Ok(Some(answer)) = sent.await else { break };
                let Some(id) = answer.header("x-message-id") else { break };
                let _ = told.send(id.to_owned());
            }
        });
        // Killed as soon as some of it is in the file, in the middle of the rest.
        let deadline = Instant::now() + Duration::from_mins(1);
        while folder.count("messages").await < kept + 30 {
            assert!(Instant::now() < deadline, "nothing is written");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let written: Vec<String> = {
            let sql = "SELECT about FROM messages ORDER BY number";
            sqlx::query_scalar(sql).fetch_all(&mut folder.connect().await).await.unwrap()
        };
        drop(child);
        sender.await.unwrap();
        while let Ok(id) = ids.try_recv() {
            acknowledged.insert(id);
        }
        kept = looked_at(&folder, &written).await;
    }
    assert!(acknowledged.len() >= KILLS * 30, "{}", acknowledged.len());
    let last = folder.started(|builder| builder.delivery_delay(Duration::from_millis(100))).await;
    // The clock of this one starts before what happened, and comes after it.
    last.clock().advance(Duration::from_hours(24 * 365 * 100));
    let mut seen: HashMap<(String, ActivityKind), u32> = HashMap::new();
    let emails: BTreeSet<_> = last.emails().iter().map(|email| email.id().to_owned()).collect();
    for activity in last.activities() {
        *seen.entry((activity.email_id, activity.kind)).or_default() += 1;
    }
    for email in &emails {
        for kind in [ActivityKind::Queued, ActivityKind::Sent, ActivityKind::Delivered] {
            assert_eq!(seen.get(&(email.clone(), kind)), Some(&1), "{email}: {kind:?}");
        }
    }
    assert_eq!(emails.len(), usize::try_from(kept).unwrap());
    last.shutdown().await;
}

/// Opens what a killed process has left, which has at least what was seen in it before, in the same order.
async fn looked_at(folder: &Folder, written: &[String]) -> i64 {
    let emulator =
        Emulator::builder().data(folder.file()).delivery_delay(Duration::from_hours(1)).start().await.unwrap();
    let ids: Vec<_> = emulator.messages().iter().map(|message| message.id.clone()).collect();
    assert_eq!(&ids[..written.len()], written);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "a message is there twice");
    // Each message came by a request, which is written with it.
    assert!(emulator.requests().len() >= ids.len());
    emulator.shutdown().await;
    i64::try_from(ids.len()).unwrap()
}
