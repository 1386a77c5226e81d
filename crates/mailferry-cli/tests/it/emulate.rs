//! `mailferry emulate`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::capture::Capture;
use crate::session::{GOOD, Session, Transcript, finish};

/// The command, which is ready.
pub(crate) struct Running {
    child: Child,
    pub(crate) ready: Value,
}

pub(crate) fn start(session: &Session, args: &[&str]) -> Running {
    let args = ["emulate", "--json", "--listen", "127.0.0.1:0"].iter().chain(args);
    let mut child = session.command(args).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    Running { child, ready: serde_json::from_str(&line).unwrap() }
}

impl Running {
    pub(crate) fn session(&self) -> Session {
        Session::bare()
            .env("MAILERSEND_API_URL", self.ready["url"].as_str().unwrap())
            .env("MAILERSEND_API_TOKEN", self.ready["token"].as_str().unwrap())
            .file("message.json", GOOD)
    }

    /// What the emulator says of itself, at this path.
    fn ask(&self, path: &str) -> Value {
        let address = self.ready["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches("/v1/");
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    pub(crate) fn end(self, signal: &str) -> i32 {
        self.ended_by(signal).code
    }

    /// What it said until it ended.
    pub(crate) fn ended_by(self, signal: &str) -> Transcript {
        self.signal(signal);
        let Self { child, ready: _ } = self;
        finish(child)
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Ends it without asking it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn it_answers_until_it_is_told_to_end() {
    for signal in ["-INT", "-TERM"] {
        let session = Session::bare();
        let running = start(&session, &["--suppress", "zoe@example.com"]);
        let done = running.session().run(["send", "--json", "message.json"]);
        assert_eq!(done.object()["recipients"]["zoe@example.com"]["status"], "rejected", "{done}");
        assert_eq!(done.object()["recipients"]["ann@example.com"]["status"], "queued");
        assert_eq!(running.end(signal), 0, "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn limits_and_tokens_are_as_told() {
    let session = Session::bare();
    let running = start(&session, &["--limits", "documented", "--quota", "1", "--token", "mlsn.fake"]);
    assert_eq!(running.ready["token"], "mlsn.fake");
    let sender = running.session();
    let first = sender.run(["send", "--json", "message.json"]);
    assert_eq!(first.object()["rate"]["limit"], 120, "{first}");
    let second = sender.run(["send", "--json", "message.json"]);
    assert_eq!((second.code, second.object()["error"]["kind"].as_str()), (5, Some("quota")), "{second}");
    running.end("-TERM");
}

#[cfg(unix)]
#[test]
fn a_used_port_is_an_error_with_a_remedy() {
    let session = Session::bare();
    let running = start(&session, &["--any-token"]);
    let port = running.ready["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches("/v1/").to_owned();
    let done = session.run(["emulate", "--listen", &port]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("Address already in use") && done.stderr.contains("--listen 127.0.0.1:0"), "{done}");
    running.end("-TERM");
}

#[test]
fn other_machines_are_let_in_only_when_said() {
    let session = Session::bare();
    for args in [["--listen", "0.0.0.0:0"], ["--listen", "[::]:0"], ["--smtp", "0.0.0.0:0"]] {
        let done = session.run(["emulate"].iter().chain(&args));
        assert_eq!(done.code, 2, "{done}");
        assert!(done.stderr.contains("--allow-remote"), "{done}");
    }
    let done = session.run(["emulate", "--listen", "0.0.0.0:0", "--allow-remote"]);
    assert_eq!(done.code, 2, "{done}");
    assert!(done.stderr.contains("MAILFERRY_EMULATOR_TOKEN") && done.stderr.contains("--token"), "{done}");
    let done = session.run(["emulate", "--listen", "0.0.0.0:0", "--allow-remote", "--any-token"]);
    assert_eq!(done.code, 2, "{done}");
    assert!(done.stderr.contains("token"), "{done}");
}

#[test]
fn who_lets_others_in_is_told_what_that_means() {
    let session = Session::bare();
    let args = ["emulate", "--json", "--listen", "0.0.0.0:0", "--allow-remote", "--token", "mlsn.mine"];
    let mut child = session.command(args).spawn().unwrap();
    let mut warning = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut warning).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(warning.starts_with("warning: other machines can send to 0.0.0.0:"), "{warning}");
}

#[test]
fn wrong_tokens_and_addresses_are_refused() {
    for (args, words) in [
        (["--token", ""], "token"),
        (["--token", "mlsn.a\nmlsn.b"], "line break"),
        (["--token", "mlsn. a"], "space"),
        (["--suppress", "nonsense"], "--suppress"),
        (["--outcome", "ann@example.com=gone"], "hard_bounced"),
        (["--webhook", "shop.example"], "is not a URL"),
        (["--inbound-route", "ftp://shop.example/"], "is not a URL"),
        (["--smtp", "nowhere"], "\"nowhere\" is not an address"),
    ] {
        let done = Session::bare().run(["emulate", "--listen", "127.0.0.1:0"].iter().chain(&args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("help: "), "{done}");
    }
}

#[test]
fn what_belongs_together_is_asked_for_together() {
    for (args, words) in [
        (["--webhook-version", "3"], "3 is not in 1..=2"),
        (["--inbound-domain", "shop.example"], "--inbound-route"),
        (["--scope", "email_full"], "--token"),
    ] {
        let done = Session::bare().run(["emulate", "--listen", "127.0.0.1:0"].iter().chain(&args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        assert!(done.stderr.contains(words), "{done}");
    }
}

#[cfg(unix)]
#[test]
fn webhooks_hear_signed_what_happens() {
    let receiver = Capture::accepting();
    let url = receiver.url.replace("/v1/", "/mailersend/tracking");
    let session = Session::bare();
    for (version, recipient) in [("1", "/data/email/recipient/email"), ("2", "/data/recipient")] {
        let before = receiver.received().len();
        let args = ["--webhook", &url, "--webhook-version", version, "--delivery-delay", "0"];
        let running = start(&session, &[&args[..], &["--outcome", "zoe@*=hard_bounced"]].concat());
        let webhook = &running.ready["webhooks"][0];
        assert_eq!((&webhook["url"], webhook["version"].to_string().as_str()), (&url.as_str().into(), version));
        assert_eq!(running.session().run(["send", "message.json"]).code, 0);
        // Both are sent, one is delivered.
        (0..4).for_each(|_| receiver.arrived.recv().unwrap());
        let all: Vec<_> = receiver.received().drain(before..).collect();
        let secret = webhook["secret"].as_str().unwrap();
        for post in &all {
            assert_eq!(post.path, "/mailersend/tracking");
            let signature = mailferry::mailersend::sign(&post.body, secret);
            assert_eq!(post.header("signature"), Some(signature.as_str()), "{post:?}");
        }
        let told = |kind: &str, address: &str| {
            let is_it = |body: &Value| body["type"] == kind && body.pointer(recipient) == Some(&address.into());
            all.iter().any(|post| is_it(&post.json()))
        };
        assert!(told("activity.hard_bounced", "zoe@example.com"), "{all:?}");
        assert!(told("activity.delivered", "ann@example.com"), "{all:?}");
        assert_eq!(running.end("-TERM"), 0);
    }
}

#[cfg(unix)]
#[test]
fn mails_arrive_by_smtp() {
    let receiver = Capture::accepting();
    let url = receiver.url.replace("/v1/", "/mailersend/inbound");
    let session = Session::bare();
    let args = ["--inbound-route", &url, "--inbound-domain", "shop.example", "--smtp", "0"];
    let running = start(&session, &args);
    let route = &running.ready["inbound_routes"][0];
    assert_eq!(route["url"], url.as_str());
    for recipient in [route["address"].as_str().unwrap(), "orders@shop.example"] {
        smtp(running.ready["smtp"].as_str().unwrap(), recipient);
        receiver.arrived.recv().unwrap();
        let post = receiver.received().pop().unwrap();
        let secret = route["secret"].as_str().unwrap();
        assert_eq!(post.header("signature"), Some(mailferry::mailersend::sign(&post.body, secret).as_str()));
        let body = post.json();
        assert_eq!((&body["type"], &body["data"]["subject"]), (&"inbound.message".into(), &"Help".into()));
        assert_eq!(body["data"]["recipients"]["rcptTo"][0]["email"], recipient);
    }
    assert_eq!(running.end("-TERM"), 0);
}

/// A webhook that nobody answers for, and what the doctor says of it.
#[cfg(unix)]
#[test]
fn webhooks_that_fail_are_paused_when_asked_for() {
    let session = Session::bare();
    let url = "http://127.0.0.1:1/mailersend/tracking";
    let args = ["--webhook", url, "--pause-webhooks", "--delivery-delay", "0", "--domain", "shop.example"];
    let running = start(&session, &args);
    let sender = running.session();
    let to: Vec<_> = (0..20).map(|number| format!("\"r{number}@example.com\"")).collect();
    let message = format!(r#"{{"from": "a@shop.example", "to": [{}], "subject": "x", "text": "y"}}"#, to.join(", "));
    let sender = sender.file("many.json", message);
    assert_eq!(sender.run(["send", "many.json"]).code, 0);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let done = sender.run(["doctor", "--json"]);
        if done.code == 1 {
            assert!(done.stdout.contains("it is switched off, or paused because http://127.0.0.1:1/"), "{done}");
            break;
        }
        assert!(Instant::now() < deadline, "{done}");
    }
    running.end("-TERM");
}

/// Sends a mail as a server does.
pub(crate) fn smtp(address: &str, recipient: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut answer = |code: &str| {
        let mut line = String::new();
        while !line.starts_with(&format!("{code} ")) {
            line.clear();
            assert_ne!(input.read_line(&mut line).unwrap(), 0);
            assert!(line.starts_with(code), "{line}");
        }
    };
    answer("220");
    for (say, code) in [
        ("EHLO client.example", "250"),
        ("MAIL FROM:<ann@example.com>", "250"),
        (&format!("RCPT TO:<{recipient}>"), "250"),
        ("DATA", "354"),
        ("From: ann@example.com\r\nSubject: Help\r\n\r\nHello.\r\n.", "250"),
        ("QUIT", "221"),
    ] {
        write!(stream, "{say}\r\n").unwrap();
        answer(code);
    }
}

#[cfg(unix)]
#[test]
fn a_used_smtp_port_is_named() {
    let session = Session::bare();
    let running = start(&session, &["--smtp", "0"]);
    let done = session.run(["emulate", "--listen", "127.0.0.1:0", "--smtp", running.ready["smtp"].as_str().unwrap()]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("Address already in use") && done.stderr.contains("--smtp 127.0.0.1:0"), "{done}");
    running.end("-TERM");
}

#[cfg(unix)]
#[test]
fn an_account_is_as_described() {
    let session = Session::bare();
    let args = ["--domain", "shop.example", "--pause-domain", "shop.example", "--seed", "7"];
    let running = start(&session, &args);
    let again = start(&session, &args);
    assert_eq!(running.ready["token"], again.ready["token"]);
    let other = running.session().run(["send", "--json", "message.json"]);
    assert_eq!((other.code, other.object()["error"]["code"].as_str()), (4, Some("MS42207")), "{other}");
    let args = ["send", "--json", "--from", "a@shop.example", "--to", "b@example.com", "--subject", "x", "--text", "y"];
    let paused = running.session().run(args);
    assert_eq!(paused.object()["paused"], true, "{paused}");
    let limited = start(&session, &["--token", "mlsn.little", "--scope", "activity_read"]);
    let refused = limited.session().run(["send", "--json", "message.json"]);
    assert_eq!((refused.code, refused.object()["error"]["http_status"].as_u64()), (4, Some(403)), "{refused}");
    for emulator in [running, again, limited] {
        emulator.end("-TERM");
    }
}

#[test]
fn people_can_paste_what_it_says() {
    let said = announced(&[]);
    assert!(said.contains("  export MAILERSEND_API_URL=http://127.0.0.1:"), "{said}");
    assert!(said.contains("  export MAILERSEND_API_TOKEN=mlsn."), "{said}");
    assert!(said.lines().filter(|line| !line.contains("TOKEN=")).all(|line| line.chars().count() <= 80), "{said}");
    assert!(!said.contains("SECRET"), "{said}");
}

#[test]
fn it_says_how_to_try_everything() {
    let said = announced(&[
        "--webhook",
        "http://127.0.0.1:8000/mailersend/tracking",
        "--inbound-route",
        "http://127.0.0.1:8000/mailersend/inbound",
        "--smtp",
        "0",
        "--submission",
        "0",
    ]);
    for words in [
        " -T mail.eml --user any:login \\\n",
        "What becomes of mails is posted, in version 2, to:\n  http://127.0.0.1:8000/mailersend/tracking\n",
        "  export MAILERSEND_SIGNING_SECRET=",
        "  are posted to http://127.0.0.1:8000/mailersend/inbound\n",
        "  export MAILERSEND_INBOUND_SECRET=",
        "/_emulator/inbound \\\n",
        "  curl smtp://127.0.0.1:",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.lines().filter(|line| !line.contains("TOKEN=")).all(|line| line.chars().count() <= 80), "{said}");
    let said = announced(&["--smtp", "0"]);
    assert!(said.contains("once somebody adds an inbound route"), "{said}");
}

/// What is said when it is ready.
fn announced(args: &[&str]) -> String {
    let session = Session::bare();
    let mut child = session.command(["emulate", "--listen", "127.0.0.1:0"].iter().chain(args)).spawn().unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !said.contains("_emulator/activities") {
        assert_ne!(output.read_line(&mut said).unwrap(), 0, "{said}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[cfg(unix)]
#[test]
fn faults_are_as_told() {
    let session = Session::bare();
    let running = start(&session, &["--fault", "421@email", "--fault", "rate-limit:100%*1", "--fault-seed", "7"]);
    let sender = running.session();
    for (code, kind) in [(5, "maintenance"), (5, "rate_limited")] {
        let done = sender.run(["send", "--json", "message.json"]);
        assert_eq!((done.code, done.object()["error"]["kind"].as_str()), (code, Some(kind)), "{done}");
    }
    assert_eq!(sender.run(["send", "--json", "message.json"]).code, 0);
    running.end("-TERM");
    for (fault, remedy) in
        [("slow", "write slow=2s"), ("reset@inbound", "write @ and one of any, email"), ("x", "write one of")]
    {
        let done = session.run(["emulate", "--fault", fault]);
        assert_eq!(done.code, 2, "{done}");
        assert!(done.stderr.contains(remedy), "{done}");
    }
    // Every fault that there is stands in the help.
    let help = session.run(["emulate", "--help"]).stdout;
    let error = session.run(["emulate", "--fault", "x"]).stderr;
    let words = error.split_once("write one of ").unwrap().1.lines().next().unwrap().to_owned();
    assert_eq!(words.split(", ").count(), 13, "{words}");
    for word in words.split(", ") {
        assert!(help.contains(&format!("  {}  ", word.trim())), "{word}: {help}");
    }
}

#[cfg(unix)]
#[test]
fn the_account_is_as_told() {
    let session = Session::bare();
    let flags = ["--plan", "trial", "--quota", "2", "--delay", "recorded,delivered=1h..2h", "--on-hold-after", "0"];
    let running = start(&session, &flags);
    let account = running.ask("/_emulator/account");
    assert_eq!((&account["plan"], &account["quota"]["limit"]), (&json!("trial"), &json!(2)), "{account}");
    assert_eq!((&account["bulk_objects"], &account["on_hold_after"]), (&json!(5), &json!(null)), "{account}");
    let delays = &account["delays"];
    assert_eq!((&delays["delivered"], &delays["bounced"]), (&json!([3_600_000, 7_200_000]), &json!([17_000, 26_000])));
    running.end("-TERM");

    let running = start(&session, &["--maintenance", "0..1h", "--limits", "none", "--plan", "hobby"]);
    let account = running.ask("/_emulator/account");
    assert_eq!((&account["maintenance"], &account["limits"][0]["limit"]), (&json!(true), &json!(null)), "{account}");
    let done = running.session().run(["send", "--json", "message.json"]);
    assert_eq!(done.object()["error"]["kind"].as_str(), Some("maintenance"), "{done}");
    running.end("-TERM");

    let running = start(&session, &["--account-state", "suspended"]);
    let done = running.session().run(["send", "--json", "message.json"]);
    assert!(done.code > 0 && done.stdout.contains("MS40304"), "{done}");
    running.end("-TERM");
    for flags in
        [["--plan", "enterprise"], ["--delay", "eaten=2s"], ["--delay", "sent=soon"], ["--maintenance", "soon"]]
    {
        assert_eq!(session.run(["emulate", flags[0], flags[1]]).code, 2, "{flags:?}");
    }
}
