//! `mailferry emulate --submission`: sending by SMTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use crate::emulate::{Running, start};
use crate::session::Session;

/// Says these lines, and wants these codes.
fn talk(running: &Running, lines: &[(&str, &str)]) -> Vec<String> {
    let mut stream = TcpStream::connect(running.ready["submission"].as_str().unwrap()).unwrap();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut hear = || {
        let mut heard = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(input.read_line(&mut line).unwrap(), 0, "{heard}");
            heard.push_str(&line);
            if line.as_bytes()[3] == b' ' {
                return heard;
            }
        }
    };
    hear();
    let mut replies = Vec::new();
    for (say, code) in lines {
        write!(stream, "{say}\r\n").unwrap();
        let reply = hear();
        assert!(reply.starts_with(code), "{say}: {reply}");
        replies.push(reply);
    }
    replies
}

fn tls(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mailferry-emulator/tests/tls").join(name)
}

#[cfg(unix)]
#[test]
fn mails_are_sent_by_smtp() {
    let session = Session::bare();
    let running = start(&session, &["--submission", "0", "--submission-user", "ann:sesame:x", "--delivery-delay", "0"]);
    let replies = talk(
        &running,
        &[
            ("EHLO client.example", "250"),
            ("AUTH PLAIN AGFubgBzZXNhbWU=", "535"),
            // "\0ann\0sesame:x"
            ("AUTH PLAIN AGFubgBzZXNhbWU6eA==", "235"),
            ("MAIL FROM:<shop@example.com>", "250"),
            ("RCPT TO:<zoe@example.com>", "250"),
            ("DATA", "354"),
            (
                "From: shop@example.com\r\nTo: zoe@example.com\r\nSubject: Hi\r\n\r\nHello.\r\n.",
                "250 Message queued as ",
            ),
        ],
    );
    let id = replies.last().unwrap().trim_end().rsplit(' ').next().unwrap();
    let host = running.ready["url"].as_str().unwrap().strip_prefix("http://").unwrap().strip_suffix("/v1/").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /_emulator/emails HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut shown = String::new();
    stream.read_to_string(&mut shown).unwrap();
    assert!(shown.contains(id) && shown.contains("\"via\":\"smtp\"") && shown.contains("zoe@example.com"), "{shown}");
    assert_eq!(running.end("-TERM"), 0);
}

#[cfg(unix)]
#[test]
fn tls_comes_from_files() {
    let session = Session::bare();
    let (certificate, key) = (tls("localhost.crt"), tls("localhost.key"));
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let strict = ["--submission", "0", "--submission-tls", certificate, key];
    let running = start(&session, &strict);
    let replies = talk(&running, &[("EHLO client.example", "250"), ("AUTH PLAIN AGFubgBzZXNhbWU=", "538")]);
    assert!(replies[0].contains("STARTTLS"), "{replies:?}");
    assert_eq!(running.end("-TERM"), 0);
    let running = start(&session, &[&strict[..], &["--submission-plain"]].concat());
    talk(&running, &[("EHLO client.example", "250"), ("AUTH PLAIN AGFubgBzZXNhbWU=", "235")]);
    assert_eq!(running.end("-TERM"), 0);
}

#[test]
fn wrong_flags_are_explained() {
    let (certificate, key) = (tls("localhost.crt"), tls("localhost.key"));
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    for (args, said) in [
        (&["--submission", "nowhere"][..], "\"nowhere\" is not an address"),
        (&["--submission", "0", "--submission-user", "ann"], "there is no name and password"),
        (&["--submission", "0", "--submission-user", ":x"], "there is no name and password"),
        (&["--submission-user", "ann:x"], "--submission <ADDRESS>"),
        (&["--submission", "0", "--submission-tls", "/no/such", "/file"], "/no/such cannot be read"),
        (&["--submission", "0", "--submission-tls", key, certificate], "--submission-tls certificate.pem key.pem"),
        (&["--submission", "0.0.0.0:0"], "--allow-remote"),
    ] {
        let args = ["emulate", "--listen", "127.0.0.1:0"].iter().chain(args);
        let done = Session::bare().run(args);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        assert!(done.stderr.contains(said), "{said}: {done}");
    }
}

#[cfg(unix)]
#[test]
fn a_used_port_is_named() {
    let session = Session::bare();
    let running = start(&session, &["--submission", "0"]);
    let taken = running.ready["submission"].as_str().unwrap();
    let done = session.run(["emulate", "--listen", "127.0.0.1:0", "--smtp", "0", "--submission", taken]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(
        done.stderr.contains("Address already in use") && done.stderr.contains("--submission 127.0.0.1:0"),
        "{done}"
    );
    running.end("-TERM");
}
