//! The command against other people's code: Django Anymail and MailerSend's own Python SDK from PyPI, its Node SDK and
//! Nodemailer from npm, and SMTP clients.
//!
//! Where Python, Node or what they load is missing the tests say that they were skipped, unless `MUST_RUN_ALL` is set.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Mutex;

const PYTHON: &str = "Python 3.11 or newer with venv, and PyPI";
const NODE: &str = "Node 18 or newer with npm, and its registry";

/// Two tests want the same environment, and the first makes it.
static ENVIRONMENT: Mutex<()> = Mutex::new(());

fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../acceptance")
}

/// The Python of the acceptance tests' environment, which is made if it can be.
fn python() -> Option<PathBuf> {
    let _alone = ENVIRONMENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("acceptance");
    let made = Command::new("bash").arg(scripts().join("setup_venv.sh")).arg(&folder).output();
    match made {
        Ok(output) if output.status.success() => Some(folder.join("bin/python")),
        Ok(output) => skip(PYTHON, &String::from_utf8_lossy(&output.stderr)),
        Err(cause) => skip(PYTHON, &cause.to_string()),
    }
}

/// Node, with what the acceptance tests in JavaScript need.
fn node() -> Option<PathBuf> {
    match Command::new("bash").arg(scripts().join("setup_node.sh")).output() {
        Ok(output) if output.status.success() => Some("node".into()),
        Ok(output) => skip(NODE, &String::from_utf8_lossy(&output.stderr)),
        Err(cause) => skip(NODE, &cause.to_string()),
    }
}

fn skip(needed: &str, why: &str) -> Option<PathBuf> {
    assert!(std::env::var_os("MUST_RUN_ALL").is_none(), "the acceptance tests cannot run: {why}");
    let why = why.trim().lines().last().unwrap_or("no reason given");
    // Past the test harness, which keeps what a passing test prints to itself.
    let mut stderr = std::io::stderr();
    writeln!(stderr, "SKIPPED: an acceptance test needs {needed}: {why}").unwrap();
    None
}

fn run(program: Option<PathBuf>, script: &str, arguments: &[&str]) {
    let Some(program) = program else { return };
    let command = env!("CARGO_BIN_EXE_mailferry");
    let output: Output = Command::new(program)
        .arg(scripts().join(script))
        .args(arguments)
        .args(["--mailferry", command])
        .output()
        .unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{script}:\n{stdout}\n{stderr}");
    let passed = stdout.lines().last().and_then(|line| line.split(" passed").next()?.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed > 0), "{script} says nothing of what it did:\n{stdout}");
}

/// NET-01, NET-02, BAT-06, EXT-01, STA-01, UNS-01, ERR-02 among all others: whatever the generator makes.
#[test]
fn django_anymail_and_the_command_send_the_same() {
    run(python(), "run_differential.py", &["--seed", "1", "--count", "2000"]);
}

#[test]
fn the_python_sdk_django_anymail_and_smtp_clients_send_to_the_emulator() {
    run(python(), "run_sdks.py", &[]);
}

#[test]
fn the_node_sdk_and_nodemailer_send_to_the_emulator() {
    run(node(), "node/run_node.mjs", &[]);
}
