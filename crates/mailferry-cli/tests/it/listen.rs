//! `mailferry webhook listen`: events come in and are shown.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{ChildStderr, Command};

use crate::listener::{Client, Listener, arrived, happened, session, until};
use crate::session::{Session, finish};

#[test]
fn an_event_is_shown_as_it_comes() {
    let session = session();
    let listener = Listener::start(&session, &[]);
    let mut client = listener.client();
    assert_eq!(client.track(&happened("delivered", "1")), 200);
    assert_eq!(listener.line(), "TIME (UTC)           EVENT         ABOUT");
    assert_eq!(listener.line(), "2026-10-03 22:33:06  delivered     ann@example.com");
    assert_eq!(client.arrive(&arrived("2", "From: bob@b.example\r\nSubject: Hi\r\n\r\nHello")), 200);
    assert_eq!(listener.line(), "2026-10-03 22:33:06  inbound       bob@b.example  Hi");
    assert_eq!(client.track(&happened("hard_bounced", "3")), 200);
    assert_eq!(listener.line(), "2026-10-03 22:33:06  bounced       ann@example.com  hard");
    let (code, rest, _) = listener.stop();
    assert_eq!((code, rest), (0, Vec::new()));
}

#[test]
fn scripts_get_the_contracts_object() {
    let session = session();
    let listener = Listener::start(&session, &["--json"]);
    let body = happened("opened_unique", "1");
    assert_eq!(listener.client().track(&body), 200);
    let shown = listener.line();
    let parsed = session.pipe(
        &body,
        ["webhook", "parse", "--json", "--signature", &mailferry::mailersend::sign(&body, crate::listener::SECRET)],
    );
    assert_eq!(format!("{shown}\n"), parsed.stdout);
    // Nothing but events is on standard output.
    assert_eq!(listener.stop().1, Vec::<String>::new());
}

#[test]
fn an_event_that_is_told_again_is_shown_once() {
    let session = session();
    let listener = Listener::start(&session, &["--json"]);
    let mut client = listener.client();
    for body in [happened("opened", "1"), happened("opened", "1"), happened("clicked", "1"), happened("sent", "2")] {
        assert_eq!(client.track(&body), 200);
    }
    let words: Vec<_> = (0..3).map(|_| listener.object()["event_type"].clone()).collect();
    assert_eq!(words, ["opened", "clicked", "sent"]);
    assert_eq!(listener.stop().1, Vec::<String>::new());
}

#[test]
fn what_was_shown_is_not_shown_again_after_a_restart() {
    let session = session();
    let first = Listener::start(&session, &["--json"]);
    let mut client = first.client();
    client.track(&happened("sent", "1"));
    assert_eq!(first.object()["event_id"], "1");
    assert_eq!(first.stop().0, 0);
    let second = Listener::start(&session, &["--json"]);
    second.wait_for("mailferry-inbox.db, continued after entry 1");
    second.client().track(&happened("sent", "1"));
    second.client().track(&happened("sent", "2"));
    assert_eq!(second.object()["event_id"], "2");
    assert_eq!(second.stop().1, Vec::<String>::new());
}

/// WHK-01, WHK-03, WHK-06, WHK-07
#[test]
fn what_is_refused_is_seen() {
    let session = session();
    let listener = Listener::start(&session, &[]);
    let mut client = listener.client();
    let body = happened("sent", "1");
    assert_eq!(client.post("/mailersend/tracking", &[], &body).unwrap(), 400);
    listener.wait_for("without signature");
    assert_eq!(client.post("/mailersend/tracking", &[("Signature", "abc")], &body).unwrap(), 400);
    listener.wait_for("incorrect signature (check MAILERSEND_SIGNING_SECRET)");
    assert_eq!(client.post("/elsewhere", &[], &body).unwrap(), 404);
    assert_eq!(client.track(&arrived("1", "a: b\r\n\r\n")), 500);
    assert_eq!(client.track(b"[]"), 400);
    listener.wait_for("cannot be read");
    let (code, lines, said) = listener.stop();
    assert_eq!((code, lines), (0, Vec::new()));
    let line = said.lines().find(|line| line.contains("ERROR")).unwrap();
    let (time, _) = line.split_once(" ERROR ").unwrap();
    assert!(time.len() == "2026-10-03 22:33:06".len() && time.starts_with("20"), "{line}");
    let (_, refused) = said.split_once("ERROR").unwrap();
    assert!(!refused.contains("ann@example.com"), "{refused}");
    session.run(["inbox", "stats", "--json"]).check(
        0,
        "{\"entries\":0,\"bodies\":0,\"kinds\":{},\"handlers\":[{\"handler\":\"print\",\"pending\":0,\"claimed\":0,\
         \"done\":0,\"dead\":0,\"oldest\":null,\"lag\":0}]}\n",
        "",
    );
}

/// WHK-18
#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_there() {
    let session = session();
    let listener = Listener::start(&session, &[]);
    let mut stream = TcpStream::connect(listener.address).unwrap();
    let head = "POST /mailersend/tracking HTTP/1.1\r\nHost: x\r\nSignature: 00\r\nContent-Length: 52428800\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert_eq!(listener.client().track(&happened("sent", "1")), 200);
}

/// WHK-09: and MailerSend will send again.
#[test]
fn an_endpoint_without_a_secret_says_which_to_set() {
    let session = Session::bare().env("MAILERSEND_SIGNING_SECRET", crate::listener::SECRET);
    let listener = Listener::start(&session, &[]);
    listener.wait_for("off: set MAILERSEND_INBOUND_SECRET");
    assert_eq!(listener.client().arrive(&arrived("1", "a: b\r\n\r\n")), 500);
    listener.wait_for("needs MAILERSEND_INBOUND_SECRET");
    let inbound = Session::bare().env("MAILERSEND_INBOUND_SECRET", crate::listener::INBOUND_SECRET);
    let listener = Listener::start(&inbound, &[]);
    listener.wait_for("off: set MAILERSEND_SIGNING_SECRET");
    assert_eq!(listener.client().arrive(&arrived("1", "a: b\r\n\r\n")), 200);
}

#[test]
fn without_any_secret_it_does_not_start() {
    let done = Session::bare().run(["webhook", "listen", "--listen", "127.0.0.1:0"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("MAILERSEND_SIGNING_SECRET is not set"), "{done}");
    assert!(done.stderr.contains("MAILERSEND_INBOUND_SECRET for inbound mail"), "{done}");
}

/// WHK-12
#[test]
fn basic_authentication_may_stand_in_front() {
    let session = session().env("WEBHOOK_SECRET", "ann:hush-password");
    let listener = Listener::start(&session, &["--json"]);
    let body = happened("sent", "1");
    let signature = mailferry::mailersend::sign(&body, crate::listener::SECRET);
    let mut client = listener.client();
    assert_eq!(client.post("/mailersend/tracking", &[("Signature", &signature)], &body).unwrap(), 400);
    listener.wait_for("WEBHOOK_SECRET");
    let headers = [("Signature", signature.as_str()), ("Authorization", "Basic YW5uOmh1c2gtcGFzc3dvcmQ=")];
    assert_eq!(client.post("/mailersend/tracking", &headers, &body).unwrap(), 200);
}

#[test]
fn a_prefix_stands_in_front_of_the_paths() {
    let session = session();
    let listener = Listener::start(&session, &["--prefix", "/hooks/", "--json"]);
    let url = format!("http://{}/hooks/mailersend/tracking", listener.address);
    listener.wait_for(&url);
    let body = happened("sent", "1");
    let signature = mailferry::mailersend::sign(&body, crate::listener::SECRET);
    let mut client = listener.client();
    for (path, status) in
        [("/hooks/mailersend/tracking", 200), ("/hooks/mailersend/tracking/", 200), ("/mailersend/tracking", 404)]
    {
        assert_eq!(client.post(path, &[("Signature", &signature)], &body).unwrap(), status, "{path}");
    }
    let done = session.run(["webhook", "listen", "--listen", "127.0.0.1:0", "--prefix", "/{id}"]);
    assert_eq!(done.code, 2, "{done}");
    assert!(done.stderr.contains("--prefix"), "{done}");
}

#[test]
fn without_an_inbox_nothing_is_kept() {
    let session = session();
    let listener = Listener::start(&session, &["--no-inbox", "--json"]);
    let mut client = listener.client();
    for _ in 0..2 {
        assert_eq!(client.track(&happened("sent", "1")), 200);
        assert_eq!(listener.object()["event_id"], "1");
    }
    assert_eq!(listener.stop().0, 0);
    assert!(!session.path("mailferry-inbox.db").exists());
    for args in [&["--forward", "http://127.0.0.1:1/"][..], &["--inbox", "x.db"], &["--", "true"]] {
        let done = session.run(["webhook", "listen", "--no-inbox"].iter().chain(args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    }
}

#[cfg(unix)]
#[test]
fn both_signals_end_it_well() {
    for signal in ["-INT", "-TERM"] {
        let session = session();
        let listener = Listener::start(&session, &[]);
        // A connection that is kept open does not keep it.
        let mut client = listener.client();
        assert_eq!(client.track(&happened("sent", "1")), 200);
        listener.signal(signal);
        let (code, lines, said) = listener.ended();
        assert_eq!((code, lines.len()), (0, 2), "{said}");
        assert!(said.contains("stopping"), "{said}");
    }
}

#[test]
fn what_it_needs_is_checked_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let session = session().file("text.db", "this is no database at all, but a text").file("file", "");
    let missing = session.path("missing").join("inbox.db");
    for (args, words) in [
        (&["--listen", &port][..], "--listen 127.0.0.1:0"),
        (&["--listen", "nowhere"], "not an address"),
        (&["--listen", "0.0.0.0:0"], "--allow-remote"),
        (&["--inbox", "text.db"], "not a database"),
        (&["--inbox", "."], "folder"),
        (&["--inbox", missing.to_str().unwrap()], "does not exist"),
        (&["--forward", "nonsense"], "--forward"),
        (&["--forward", "http://ann:hush@127.0.0.1/"], "password"),
        (&["--", "no-such-program"], "there is no program `no-such-program`"),
        (&["--", "./file/x"], "there is no program"),
    ] {
        let args: Vec<&str> = ["webhook", "listen"].into_iter().chain(args.iter().copied()).collect();
        let free = if args.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
        let (head, tail) = args.split_at(2);
        let all: Vec<&str> = head.iter().chain(free).chain(tail).copied().collect();
        let done = session.run(&all);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{all:?}: {done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("help: "), "{all:?}: {done}");
        assert!(!done.stderr.contains("hush"), "{done}");
        let json = session.run(all[..2].iter().chain(&["--json"]).chain(&all[2..]));
        assert_eq!((json.code, json.object()["error"]["kind"].as_str()), (2, Some("config")), "{all:?}: {json}");
    }
}

#[test]
fn two_listeners_do_not_share_an_inbox() {
    let session = session();
    let first = Listener::start(&session, &[]);
    let done = session.run(["webhook", "listen", "--listen", "127.0.0.1:0"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("already") && done.stderr.contains("--inbox FILE"), "{done}");
    let second = Listener::start(&session, &["--inbox", "other.db"]);
    assert_eq!((first.stop().0, second.stop().0), (0, 0));
}

/// Where a listener listens, once it has said so.
fn address(stderr: &mut ChildStderr) -> SocketAddr {
    let mut said = Vec::new();
    let read = || {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        said.push(byte[0]);
        let text = String::from_utf8_lossy(&said);
        let (_, rest) = text.split_once("http://")?;
        rest.split_once('/')?.0.parse().ok()
    };
    until("the address", read, String::new)
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads_from_holds_nothing_up() {
    let session = session();
    let mut child = session.command(["webhook", "listen", "--json", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let address = address(child.stderr.as_mut().unwrap());
    let mut client = Client::new(address);
    // More than a pipe holds.
    let long = format!(r#"{{"type":"activity.sent","data":{{"id":"1","note":"{}"}}}}"#, "x".repeat(500_000));
    assert_eq!(client.track(long.as_bytes()), 200);
    until("the event", || session.run(["inbox", "list", "--state", "claimed", "--json"]).objects().pop(), String::new);
    assert_eq!(client.track(&happened("sent", "2")), 200);
    let pid = child.id().to_string();
    let signal = || assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    signal();
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !said.contains("stopping") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    signal();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    // And it is shown at the next start.
    let listener = Listener::start(&session, &["--json"]);
    let shown: BTreeSet<_> = (0..2).map(|_| listener.object()["event_id"].to_string()).collect();
    assert_eq!(shown, BTreeSet::from(["\"1\"".to_owned(), "\"2\"".to_owned()]));
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    for args in [&["--json"][..], &["--json", "--no-inbox"]] {
        let session = session();
        let args = ["webhook", "listen", "--listen", "127.0.0.1:0"].iter().chain(args);
        let mut child = session.command(args).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = child.stderr.take().unwrap();
        let address = address(&mut stderr);
        let body = happened("sent", "1");
        let headers = [("Signature", &*mailferry::mailersend::sign(&body, crate::listener::SECRET))];
        let status = Client::new(address).post("/mailersend/tracking", &headers, &body).unwrap();
        // Without an inbox it was not shown, and is to be sent again.
        assert_eq!(status, if session.path("mailferry-inbox.db").exists() { 200 } else { 500 });
        drop(stderr);
        assert_eq!(finish(child).code, 1);
    }
}

#[cfg(unix)]
#[test]
fn people_can_paste_what_it_says() {
    let session = session();
    let listener = Listener::start(&session, &[]);
    listener.wait_for("a tunnel");
    let said = listener.said();
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    // What is indented after "Try it" is a script: curl's place is taken by what it would be given.
    let script: String = said
        .lines()
        .skip_while(|line| !line.starts_with("Try it"))
        .filter_map(|line| line.strip_prefix("  "))
        .flat_map(|line| [line, "\n"])
        .collect();
    let words = pasted(&script);
    let [_, _, signature, _, body, url] = &words[..] else { panic!("{words:?}: {script}") };
    let (name, value) = signature.split_once(": ").unwrap();
    assert_eq!(*url, format!("http://{}/mailersend/tracking", listener.address));
    assert_eq!(listener.client().post("/mailersend/tracking", &[(name, value)], body.as_bytes()).unwrap(), 200);
    listener.line();
    assert!(listener.line().contains("delivered     ann@example.com"));
}

#[cfg(unix)]
#[test]
fn the_curl_line_of_each_page_posts_an_event() {
    for page in ["README.md", "docs/command.md"] {
        let path = format!("{}/../../{page}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let start = text.find("BODY='").unwrap_or_else(|| panic!("{page} has no such line"));
        let end = start + text[start..].find("/mailersend/tracking\n").unwrap() + "/mailersend/tracking".len();
        let words = pasted(&text[start..end]);
        let [_, _, signature, _, body, url] = &words[..] else { panic!("{page}: {words:?}") };
        assert_eq!(*url, "http://127.0.0.1:2581/mailersend/tracking", "{page}");
        let session = session();
        let listener = Listener::start(&session, &["--json"]);
        let (name, value) = signature.split_once(": ").unwrap();
        assert_eq!(listener.client().post("/mailersend/tracking", &[(name, value)], body.as_bytes()).unwrap(), 200);
        assert_eq!(listener.object()["event_type"], "delivered", "{page}");
    }
}

/// What curl is given when this is pasted into a shell.
#[cfg(unix)]
fn pasted(script: &str) -> Vec<String> {
    let command = env!("CARGO_BIN_EXE_mailferry");
    let functions = format!("curl() {{ for word; do echo \"$word\"; done; }}\nmailferry() {{ '{command}' \"$@\"; }}");
    let done = Command::new("sh")
        .args(["-c", &format!("{functions}\n{script}")])
        .env("MAILERSEND_SIGNING_SECRET", crate::listener::SECRET)
        .output()
        .unwrap();
    assert!(done.stderr.is_empty(), "{done:?}");
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn who_lets_others_in_is_told_what_that_means() {
    let session = session();
    let listener = Listener::at(&session, "0.0.0.0:0", &["--allow-remote"]);
    listener.wait_for("warning: other machines can reach 0.0.0.0:");
}
