//! Running the command in a folder of its own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use mailferry_emulator::{Builder, Emulator};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The token that every test sends with, and that must never be seen in any output.
pub(crate) const TOKEN: &str = "mlsn.not-to-be-printed";

/// A folder with files, an environment, and the command in it.
pub(crate) struct Session {
    folder: PathBuf,
    env: Vec<(OsString, OsString)>,
}

/// What the command said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Transcript {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Session {
    /// Without any setting.
    pub(crate) fn bare() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("mailferry-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder, env: Vec::new() }
    }

    /// With a token, sending to `url`.
    pub(crate) fn sending_to(url: &str) -> Self {
        Self::bare().env("MAILERSEND_API_TOKEN", TOKEN).env("MAILERSEND_API_URL", url)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.join(name), content).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The command, to be run in some other way than to its end.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailferry"));
        command.args(args).current_dir(&self.folder).env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Transcript {
        transcript(self.command(args).output().unwrap())
    }

    /// Runs with something to read from standard input.
    pub(crate) fn pipe<A: AsRef<OsStr>>(&self, stdin: &[u8], args: impl IntoIterator<Item = A>) -> Transcript {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let stdin = stdin.to_owned();
        let writer = std::thread::spawn(move || drop(input.write_all(&stdin)));
        let transcript = finish(child);
        writer.join().unwrap();
        transcript
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Waits for the end.
pub(crate) fn finish(child: Child) -> Transcript {
    transcript(child.wait_with_output().unwrap())
}

fn transcript(output: Output) -> Transcript {
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(stdout), text(stderr));
    for shown in [&stdout, &stderr] {
        assert!(!shown.contains(TOKEN), "the token is printed: {shown}");
        assert!(!shown.contains("panicked"), "{shown}");
    }
    Transcript { code: status.code().unwrap(), stdout, stderr }
}

impl Transcript {
    /// The objects of standard output.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The only object of standard output.
    pub(crate) fn object(&self) -> Value {
        let mut all = self.objects();
        assert_eq!(all.len(), 1, "{self:?}");
        all.pop().unwrap()
    }

    pub(crate) fn check(&self, code: i32, stdout: &str, stderr: &str) {
        let expected = Transcript { code, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert!(*self == expected, "{self}\n--- instead of\n{expected}");
    }
}

impl std::fmt::Display for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n--- standard output\n{}--- standard error\n{}", self.code, self.stdout, self.stderr)
    }
}

/// An emulator that answers while this is there.
pub(crate) struct Service {
    pub(crate) emulator: Emulator,
    runtime: Runtime,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(set_up: impl FnOnce(Builder) -> Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let builder = set_up(Emulator::builder().token(TOKEN).bulk_delay(std::time::Duration::ZERO));
        let emulator = runtime.block_on(builder.start()).unwrap();
        Self { emulator, runtime }
    }

    pub(crate) fn session(&self) -> Session {
        Session::sending_to(self.emulator.url())
    }

    /// What it tried to tell webhooks, once: events and bodies.
    pub(crate) fn told(&self) -> Vec<(String, Vec<u8>)> {
        self.run(self.emulator.settled());
        let first = self.emulator.webhook_deliveries().into_iter().filter(|delivery| delivery.attempt == 1);
        first.map(|delivery| (delivery.event, delivery.body.to_vec())).collect()
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

/// A message that nothing is wrong with.
pub(crate) const GOOD: &str =
    r#"{"from": "shop@example.com", "to": ["zoe@example.com", "ann@example.com"], "subject": "Hi", "text": "Hello"}"#;
