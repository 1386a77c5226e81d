//! `mailferry webhook sign`, `verify` and `parse`.

use crate::session::{Session, Transcript};

/// Never to be seen in any output.
const SECRET: &str = "hush-signing-secret";
const INBOUND_SECRET: &str = "hush-inbound-secret";

const BODY: &[u8] = br#"{"type":"activity.hard_bounced","created_at":"2026-10-03T22:33:06.000000Z","data":{"id":"6ac182b3","message_id":"6ac1829c","recipient":"ann@example.com"}}"#;
const PING: &[u8] =
    br#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-04-08T12:19:27.608339Z"}"#;
const PING_SIGNATURE: &str = "7fb29be5b1cdb588ee67fa43a0a9d1b394cbb9603a0ac0b87924649d715194c2";

fn session() -> Session {
    Session::bare().env("MAILERSEND_SIGNING_SECRET", SECRET).env("MAILERSEND_INBOUND_SECRET", INBOUND_SECRET)
}

fn checked(done: Transcript) -> Transcript {
    for shown in [&done.stdout, &done.stderr] {
        assert!(!shown.contains("hush"), "a secret is printed: {shown}");
    }
    done
}

fn pipe(body: &[u8], args: &[&str]) -> Transcript {
    checked(session().pipe(body, ["webhook"].iter().chain(args)))
}

fn sign(body: &[u8], args: &[&str]) -> String {
    let done = pipe(body, &[&["sign"], args].concat());
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    done.stdout.trim_end().to_owned()
}

fn mail(raw: &str) -> Vec<u8> {
    serde_json::json!({"type": "inbound.message", "data": {
        "id": "in-1", "created_at": "2026-10-03T22:33:06Z", "raw": raw,
        "sender": {"email": "bob@b.example"}, "recipients": {"rcptTo": [{"email": "shop@a.example"}]},
    }})
    .to_string()
    .into_bytes()
}

/// WHK-05
#[test]
fn a_body_is_signed_as_mailersend_does() {
    let session = Session::bare().env("MAILERSEND_SIGNING_SECRET", "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G");
    let session = session.file("ping.json", PING);
    let expected = format!("{PING_SIGNATURE}\n");
    session.pipe(PING, ["webhook", "sign"]).check(0, &expected, "");
    session.run(["webhook", "sign", "ping.json"]).check(0, &expected, "");
    let json = format!("{{\"signature\":\"{PING_SIGNATURE}\"}}\n");
    session.run(["webhook", "sign", "--json", "ping.json"]).check(0, &json, "");
}

/// WHK-07, WHK-11: each endpoint has its secret.
#[test]
fn a_signature_is_verified() {
    for (endpoint, other) in [("tracking", "inbound"), ("inbound", "tracking")] {
        let signature = sign(BODY, &["--endpoint", endpoint]);
        let done = pipe(BODY, &["verify", "--endpoint", endpoint, "--signature", &signature]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
        assert!(done.stdout.starts_with("the signature is right"), "{done}");
        let done = pipe(BODY, &["verify", "--endpoint", other, "--signature", &signature]);
        assert_eq!((done.code, done.stdout.as_str()), (4, ""), "{done}");
        let changed = [BODY, b"\n"].concat();
        let done = pipe(&changed, &["verify", "--endpoint", endpoint, "--signature", &signature, "--json"]);
        assert_eq!((done.code, done.object()["error"]["kind"].as_str()), (4, Some("unauthorized")), "{done}");
    }
    let done = pipe(BODY, &["verify", "--json", "--signature", &sign(BODY, &[])]);
    done.check(0, "{\"valid\":true}\n", "");
    // Whether it can be read is another question.
    let done = pipe(b"\xff", &["verify", "--signature", &sign(b"\xff", &[])]);
    assert_eq!(done.code, 0, "{done}");
}

/// WHK-06, WHK-08
#[test]
fn missing_and_wrong_signatures_are_told_apart() {
    let right = sign(BODY, &[]);
    for command in ["verify", "parse"] {
        let done = pipe(BODY, &[command]);
        done.check(
            4,
            "",
            "error: there is no signature\n\
             help: give the value of the request's header Signature: --signature HEX\n",
        );
        for wrong in ["", "-", "abc", &right[..63], &right.to_uppercase(), &format!("sha256={right}"), "é", "a\nb"] {
            let done = pipe(BODY, &[command, "--signature", wrong]);
            done.check(
                4,
                "",
                "error: the signature of standard input is wrong\n\
                 help: check MAILERSEND_SIGNING_SECRET and --endpoint; the body has to be byte by byte as it came, and \
                 the signature 64 lower-case hexadecimal digits\n",
            );
        }
    }
}

#[test]
fn an_event_is_shown() {
    let signature = sign(BODY, &[]);
    pipe(BODY, &["parse", "--signature", &signature]).check(
        0,
        "bounced\n\
        \x20 time          2026-10-03T22:33:06+00:00\n\
        \x20 recipient     ann@example.com\n\
        \x20 bounce        hard\n\
        \x20 reason        bounced\n\
        \x20 message id    6ac1829c\n\
        \x20 event id      6ac182b3\n\
        \x20 called        hard_bounced\n",
        "",
    );
    let done =
        session().file("body.json", BODY).run(["webhook", "parse", "--json", "--signature", &signature, "body.json"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let event = done.object();
    assert_eq!(event["event_type"], "bounced");
    assert_eq!(event["bounce"]["type"], "hard");
    assert_eq!(event["esp_event"], serde_json::from_slice::<serde_json::Value>(BODY).unwrap());
}

#[test]
fn a_mail_that_arrived_is_shown() {
    let body = mail("From: Bob <bob@b.example>\r\nTo: shop@a.example\r\nSubject: Re: order\r\n\r\nThanks!\r\n");
    let args = ["--endpoint", "inbound"];
    let signature = sign(&body, &args);
    let all = [&["parse", "--signature", &signature][..], &args].concat();
    pipe(&body, &all).check(
        0,
        "inbound\n\
        \x20 time          2026-10-03T22:33:06+00:00\n\
        \x20 event id      in-1\n\
        \x20 from          Bob <bob@b.example>\n\
        \x20 to            shop@a.example\n\
        \x20 subject       Re: order\n\
        \x20 sent by       bob@b.example\n\
        \x20 sent to       shop@a.example\n\
        \n\
        Thanks!\n",
        "",
    );
    let event = pipe(&body, &[&all[..], &["--json"]].concat()).object();
    assert_eq!(event["event_type"], "inbound");
    assert_eq!(event["message"]["envelope_sender"], "bob@b.example");
    assert_eq!(event["message"]["subject"], "Re: order");
}

#[test]
fn a_ping_is_no_event() {
    for args in [&[][..], &["--json"]] {
        let done = pipe(PING, &[&["parse", "--signature", PING_SIGNATURE][..], args].concat());
        assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{done}");
        assert!(done.stderr.contains("ping"), "{done}");
    }
}

/// TRK-14, TRK-16, INB-06, INB-09
#[test]
fn what_is_signed_and_cannot_be_read_says_why() {
    for (body, endpoint, code, kind, words) in [
        (&b""[..], "tracking", 3, "unreadable", "cannot be read"),
        (b"[]", "tracking", 3, "unreadable", "cannot be read"),
        (b"{\"type\":", "tracking", 3, "unreadable", "cannot be read"),
        (&mail("Subject: x\r\n\r\n"), "tracking", 2, "config", "--endpoint inbound"),
        (BODY, "inbound", 2, "config", "--endpoint tracking"),
        (&mail(""), "inbound", 3, "unreadable", "data.raw"),
    ] {
        let signature = sign(body, &["--endpoint", endpoint]);
        let args = ["parse", "--endpoint", endpoint, "--signature", &signature];
        let done = pipe(body, &args);
        assert_eq!((done.code, done.stdout.as_str()), (code, ""), "{done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("help: "), "{done}");
        let done = pipe(body, &[&args[..], &["--json"]].concat());
        let error = &done.object()["error"];
        assert_eq!((done.code, error["kind"].as_str(), error["retry"].as_str()), (code, Some(kind), Some("never")));
    }
}

#[test]
fn hostile_bodies_end_calmly() {
    let deep = [b"{\"type\":\"activity.sent\",\"data\":".as_slice(), &b"[".repeat(100_000)].concat();
    for body in [&deep[..], b"{\"type\":\"\xff\"}", &b"\0".repeat(1000)] {
        let signature = sign(body, &[]);
        let done = pipe(body, &["parse", "--json", "--signature", &signature]);
        assert!(matches!(done.code, 0 | 3), "{done}");
    }
}

/// WHK-18
#[test]
fn a_body_that_no_endpoint_takes_is_not_read() {
    let large = vec![b'x'; 50 << 20];
    for command in ["sign", "verify", "parse"] {
        let done = pipe(&large, &[command, "--json"]);
        let error = done.object();
        assert_eq!((done.code, error["error"]["kind"].as_str()), (3, Some("unreadable")), "{done}");
        assert!(done.stdout.contains("longer than the 1048576 bytes"), "{done}");
    }
}

/// WHK-09, WHK-10
#[test]
fn without_a_secret_nothing_is_signed_or_verified() {
    for (endpoint, setting) in [("tracking", "MAILERSEND_SIGNING_SECRET"), ("inbound", "MAILERSEND_INBOUND_SECRET")] {
        for command in ["sign", "verify", "parse"] {
            let args = ["webhook", command, "--endpoint", endpoint];
            let done = Session::bare().pipe(BODY, args);
            assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
            assert!(done.stderr.contains(&format!("{setting} is not set")), "{done}");
            for empty in ["", " ", "a,,b"] {
                let done = Session::bare().env(setting, empty).pipe(BODY, args);
                assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
                assert!(done.stderr.contains(setting), "{done}");
            }
        }
    }
}

/// WHK-14
#[test]
fn any_of_several_secrets_will_do() {
    let several = Session::bare().env("MAILERSEND_SIGNING_SECRET", format!("newer, {SECRET}"));
    let done = several.pipe(BODY, ["webhook", "verify", "--signature", &sign(BODY, &[])]);
    assert_eq!(done.code, 0, "{done}");
    // The first signs.
    let signature = several.pipe(BODY, ["webhook", "sign"]).stdout;
    let newer = Session::bare().env("MAILERSEND_SIGNING_SECRET", "newer");
    let done = newer.pipe(BODY, ["webhook", "verify", "--signature", signature.trim_end()]);
    assert_eq!(done.code, 0, "{done}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for (path, words) in [("missing.json", "No such file"), (".", "directory")] {
        let done = session().run(["webhook", "sign", path]);
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done}");
        assert!(done.stderr.starts_with(&format!("error: {path} cannot be read")), "{done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("help: "), "{done}");
    }
}
