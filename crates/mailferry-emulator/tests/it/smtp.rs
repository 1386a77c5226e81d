//! Mail by SMTP, with raw sockets.

use std::time::Duration;

use mailferry_emulator::{Builder, Emulator, InboundRoute, SmtpLimits};
use tokio::net::TcpStream;

use crate::client::started;
use crate::receiver::Receiver;
use crate::smtp_client::Client;

async fn listening(set_up: impl FnOnce(Builder) -> Builder) -> (Emulator, Receiver) {
    let receiver = Receiver::start().await;
    let route = InboundRoute::to(&receiver.url).domain("in.example");
    (started(|builder| set_up(builder.inbound_route(route).smtp_port(0))).await, receiver)
}

async fn talking(set_up: impl FnOnce(Builder) -> Builder) -> (Emulator, Receiver, Client) {
    let (emulator, receiver) = listening(set_up).await;
    let client = Client::at(emulator.smtp_address().unwrap()).await;
    (emulator, receiver, client)
}

fn small(message_bytes: usize) -> SmtpLimits {
    SmtpLimits { message_bytes, ..SmtpLimits::default() }
}

/// The mail of the last message without the lines that every mail gets.
fn last(emulator: &Emulator) -> String {
    let received = emulator.received();
    let raw = received.last().unwrap().raw();
    raw.split("; Sun, 01 Mar 2026 10:00:00 +0000\r\n").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_mail_goes_through() {
    let (emulator, receiver, mut client) = talking(|builder| builder).await;
    let hello = client.say("EHLO client.test").await;
    let offered = "250-mailferry.test|250-PIPELINING|250-SIZE 41943040|250-8BITMIME|250-SMTPUTF8|250-CHUNKING|\
                   250 ENHANCEDSTATUSCODES";
    assert_eq!(hello, offered);
    client.check("MAIL FROM:<ann@y.test> SIZE=100 BODY=8BITMIME", "250 2.1.0").await;
    client.check("RCPT TO:<help@in.example>", "250 2.1.5").await;
    client.check("RCPT TO:<Sales@IN.example>", "250 2.1.5").await;
    client.check("RCPT TO:<nobody@elsewhere.test>", "550 5.1.1").await;
    client.check("DATA", "354").await;
    client.send("Subject: Gr\u{fc}\u{df}e\r\n\r\nHi\r\n..dots\r\n. \r\n.").await;
    client.send("\r\n").await;
    let queued = client.hear().await;
    let id = emulator.received()[0].id().to_owned();
    assert_eq!(queued, format!("250 2.0.0 Message queued as {id}"));
    client.check("QUIT", "221 2.0.0").await;
    assert_eq!(client.hear().await, "");

    emulator.settled().await;
    let data = &receiver.events()[0]["data"];
    assert_eq!(data["id"], id);
    assert_eq!(
        data["recipients"]["rcptTo"],
        serde_json::json!([{"email": "help@in.example"}, {"email": "Sales@IN.example"}])
    );
    let expected = "X-Envelope-From: <ann@y.test>\r\nReceived: from client.test ([127.0.0.1])\r\n by mailferry.test with \
                    ESMTP; Sun, 01 Mar 2026 10:00:00 +0000\r\nSubject: Gr\u{fc}\u{df}e\r\n\r\nHi\r\n.dots\r\n \r\n";
    assert_eq!(data["raw"], expected);
}

#[tokio::test]
async fn dots_and_line_ends() {
    let (emulator, _receiver, mut client) = talking(|builder| builder).await;
    for (sent, expected) in [
        (".\r\n", ""),
        ("..a\r\n.\r\n", ".a\r\n"),
        // Only CRLF, dot, CRLF ends a mail; everything else that looks like it is content.
        ("a\n.\nb\r\n.\nc\n.\r\nd\r\n.\r\n", "a\r\n.\r\nb\r\n\r\nc\r\n.\r\nd\r\n"),
        ("a\r.\r\n.\r\n", "a\r\n.\r\n"),
        ("a\r\n.\r\r\nMAIL FROM:<>\r\n.\r\n", "a\r\n\r\n\r\nMAIL FROM:<>\r\n"),
    ] {
        client.envelope().await;
        client.check("DATA", "354").await;
        for byte in sent.as_bytes() {
            client.send([*byte]).await;
        }
        assert!(client.hear().await.starts_with("250 2.0.0"), "{sent:?}");
        assert_eq!(last(&emulator), expected, "{sent:?}");
    }
}

#[tokio::test]
async fn everything_at_once() {
    let (emulator, _receiver, mut client) = talking(|builder| builder).await;
    let one = "MAIL FROM:<>\r\nRCPT TO:<a@in.example>\r\nDATA\r\none\r\n.\r\n";
    let two = "MAIL FROM:<b@y.test>\r\nRCPT TO:<b@in.example>\r\nBDAT 5\r\ntwo\r\nBDAT 5 LAST\r\nmore\nNOOP\nQUIT\r\n";
    client.send(format!("EHLO x\r\n{one}{two}")).await;
    let mut codes = Vec::new();
    loop {
        let reply = client.hear().await;
        if reply.is_empty() {
            break;
        }
        codes.push(reply[..3].to_owned());
    }
    assert_eq!(codes.join(" "), "250 250 250 354 250 250 250 250 250 250 221");
    let received = emulator.received();
    assert_eq!((received.len(), received[0].sender(), received[1].sender()), (2, "", "b@y.test"));
    assert_eq!(last(&emulator), "two\r\nmore\r\n");
}

#[tokio::test]
async fn what_is_refused() {
    let (emulator, _receiver, mut client) = talking(|builder| builder.smtp_limits(small(1_000))).await;
    for (line, reply) in [
        ("MAIL FROM:<a@y.test>", "503 5.5.1"),
        ("EHLO", "501 5.5.4"),
        ("HELO old.test", "250 mailferry.test"),
        ("MAIL FROM:<a@y.test> SIZE=10", "555 5.5.4"),
        ("EHLO new.test", "250-mailferry.test"),
        ("RCPT TO:<a@in.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:a@y.test", "501 5.5.4"),
        ("MAIL FROM:<a@y.test> SIZE=1001", "552 5.3.4"),
        ("MAIL FROM:<a@y.test> BODY=BINARYMIME", "555 5.5.4"),
        ("MAIL FROM:<a@y.test> X=Y", "555 5.5.4"),
        ("MAIL FROM:<\u{e4}@y.test>", "553 5.6.7"),
        ("MAIL FROM:<\u{e4}@y.test> SMTPUTF8", "250 2.1.0"),
        ("MAIL FROM:<a@y.test>", "503 5.5.1"),
        ("RCPT TO:<>", "550 5.1.1"),
        ("RCPT TO:<nobody@elsewhere.test>", "550 5.1.1"),
        ("RCPT TO:<a@in.example> NOTIFY=NEVER", "555 5.5.4"),
        ("DATA", "554 5.5.1"),
        ("RCPT TO:<\u{fc}@in.example>", "250 2.1.5"),
        ("RSET", "250 2.0.0"),
        ("DATA", "503 5.5.1"),
        ("VRFY help", "252 2.5.2"),
        ("EXPN list", "502 5.5.1"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("HELP", "214"),
        ("NOOP", "250 2.0.0"),
    ] {
        client.check(line, reply).await;
    }
    assert!(emulator.received().is_empty());
}

#[tokio::test]
async fn filters_and_files_are_looked_at_after_the_mail() {
    use mailferry_emulator::Comparer;
    let (emulator, receiver) = listening(|builder| builder).await;
    let picky = InboundRoute::to(&receiver.url).domain("picky.example");
    emulator.add_inbound_route(picky.match_header("Subject", Comparer::Equal, "please"));
    let mut client = Client::at(emulator.smtp_address().unwrap()).await;
    let file = "Content-Type: application/x-sh; name=a.sh\r\nContent-Disposition: attachment; filename=a.sh\r\n\r\nx";
    for (to, mail, reply) in [
        ("a@picky.example", "Subject: no\r\n", "550 5.7.1"),
        ("a@picky.example", "Subject: please\r\n", "250 2.0.0"),
        ("a@in.example", file, "554 5.6.1"),
    ] {
        client.check("EHLO x", "250").await;
        client.check("MAIL FROM:<a@y.test>", "250").await;
        client.check(&format!("RCPT TO:<{to}>"), "250").await;
        client.check("DATA", "354").await;
        client.check(&format!("{mail}\r\n\r\n."), reply).await;
    }
}

#[tokio::test]
async fn large_mails_are_read_and_refused() {
    let (emulator, _receiver, mut client) = talking(|builder| builder.smtp_limits(small(10_000))).await;
    let lines = |count: usize| "0123456789\r\n".repeat(count);
    client.envelope().await;
    client.check("DATA", "354").await;
    client.send(lines(1_000) + ".\r\n").await;
    assert!(client.hear().await.starts_with("552 5.3.4"));
    client.envelope().await;
    client.send("BDAT 12000 LAST\r\n".to_owned() + &lines(1_000)).await;
    assert!(client.hear().await.starts_with("552 5.3.4"));
    // The next one is taken.
    client.envelope().await;
    client.check("DATA", "354").await;
    client.send(lines(800) + ".\r\n").await;
    assert!(client.hear().await.starts_with("250 2.0.0"));
    // Whoever does not stop is left.
    client.envelope().await;
    client.check("DATA", "354").await;
    client.send(lines(1_000_000)).await;
    let reply = client.hear().await;
    assert!(reply.is_empty() || reply.starts_with("552 5.3.4"), "{reply}");
    assert_eq!(emulator.received().len(), 1);
    // As is who announces what no machine has.
    let mut client = Client::at(emulator.smtp_address().unwrap()).await;
    client.envelope().await;
    client.send("BDAT 999999999999\r\n".to_owned() + &lines(10_000)).await;
    let reply = client.hear().await;
    assert!(reply.is_empty() || reply.starts_with("552 5.3.4"), "{reply}");
}

/// A webhook that carried it would be twelve times as large.
#[tokio::test]
async fn bytes_that_are_no_text_are_bounded() {
    let (emulator, _receiver, mut client) = talking(|builder| builder).await;
    client.envelope().await;
    client.check("DATA", "354").await;
    client.send([&vec![0xff; 14 << 20][..], b"\r\n.\r\n"].concat()).await;
    assert!(client.hear().await.starts_with("552 5.3.4"));
    assert!(emulator.received().is_empty());
}

#[tokio::test]
async fn memory_is_shared() {
    let limits = SmtpLimits { message_bytes: 1 << 20, total_bytes: 64 * 1024, ..SmtpLimits::default() };
    let (emulator, _receiver, mut client) = talking(|builder| builder.smtp_limits(limits)).await;
    client.envelope().await;
    client.check("BDAT 0", "250").await;
    client.send("BDAT 60000\r\n".to_owned() + &"x".repeat(60_000)).await;
    assert!(client.hear().await.starts_with("250"));
    let mut other = Client::at(emulator.smtp_address().unwrap()).await;
    other.envelope().await;
    other.send("BDAT 60000 LAST\r\n".to_owned() + &"x".repeat(60_000)).await;
    assert!(other.hear().await.starts_with("452 4.3.1"));
    // Given up, it is free again.
    client.check("RSET", "250").await;
    other.envelope().await;
    other.send("BDAT 60000 LAST\r\n".to_owned() + &"x".repeat(60_000)).await;
    assert!(other.hear().await.starts_with("250 2.0.0"));
}

#[tokio::test]
async fn lines_without_end_and_nonsense() {
    let (emulator, _receiver, mut client) = talking(|builder| builder).await;
    client.send("NOOP ".to_owned() + &"x".repeat(1 << 20)).await;
    client.check("", "500 5.5.6").await;
    client.check("NOOP", "250").await;
    client.send(b"\x00\xff\xfe GET / HTTP/1.1\r\n").await;
    assert!(client.hear().await.starts_with("500 5.5.2"));
    let mut replies = Vec::new();
    for _ in 0..30 {
        let reply = client.say("NONSENSE").await;
        if reply.is_empty() {
            break;
        }
        replies.push(reply);
    }
    assert_eq!(replies.len(), 19);
    assert!(replies.last().unwrap().starts_with("421 4.7.0"), "{replies:?}");
    drop(emulator);
}

#[tokio::test]
async fn too_many_recipients_and_connections() {
    let limits = SmtpLimits { recipients: 2, connections: 1, ..SmtpLimits::default() };
    let (emulator, _receiver, mut client) = talking(|builder| builder.smtp_limits(limits)).await;
    client.envelope().await;
    // The same address again is the same recipient.
    client.check("RCPT TO:<HELP@in.example>", "250").await;
    client.check("RCPT TO:<b@in.example>", "250").await;
    client.check("RCPT TO:<c@in.example>", "452 4.5.3").await;
    let mut second = Client::over(TcpStream::connect(emulator.smtp_address().unwrap()).await.unwrap());
    assert!(second.hear().await.starts_with("421 4.3.2"));
    assert_eq!(second.hear().await, "");
    client.check("QUIT", "221").await;
}

#[tokio::test]
async fn slow_clients_are_left() {
    let limits = SmtpLimits { idle: Duration::from_millis(50), ..SmtpLimits::default() };
    let (emulator, _receiver, mut client) = talking(|builder| builder.smtp_limits(limits)).await;
    assert!(client.hear().await.starts_with("421 4.4.2"));
    assert_eq!(client.hear().await, "");
    let mut client = Client::at(emulator.smtp_address().unwrap()).await;
    client.send("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@in.example>\r\nDATA\r\nnever more").await;
    let mut replies = Vec::new();
    for _ in 0..5 {
        replies.push(client.hear().await);
    }
    assert!(replies[4].starts_with("421 4.4.2"), "{replies:?}");
    assert!(emulator.received().is_empty());
}

#[tokio::test]
async fn it_says_when_it_ends() {
    let (emulator, _receiver, mut client) = talking(|builder| builder).await;
    client.envelope().await;
    let address = emulator.smtp_address().unwrap();
    emulator.shutdown().await;
    assert!(client.hear().await.starts_with("421 4.3.2"));
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(started(|builder| builder).await.smtp_address(), None);
}
