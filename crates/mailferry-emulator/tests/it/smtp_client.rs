//! A client that speaks SMTP word by word.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that go in and come out.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A client that says lines and hears replies.
pub(crate) struct Client {
    stream: Box<dyn Duplex>,
    heard: Vec<u8>,
}

impl Client {
    /// Connects, and hears the greeting.
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let mut client = Self::over(TcpStream::connect(address).await.unwrap());
        assert_eq!(client.hear().await, "220 mailferry.test ESMTP Mailferry emulator");
        client
    }

    /// Talks over `stream`, where nothing was heard yet.
    pub(crate) fn over(stream: impl Duplex + 'static) -> Self {
        Self { stream: Box::new(stream), heard: Vec::new() }
    }

    /// The connection itself, for whoever goes on otherwise.
    pub(crate) fn into_stream(self) -> Box<dyn Duplex> {
        self.stream
    }

    /// The next reply, its lines joined by `|`. Empty when the server has left.
    pub(crate) async fn hear(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            while let Some(end) = self.heard.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.heard.drain(..end + 2).collect();
                let line = String::from_utf8(line).unwrap().trim_end_matches(['\r', '\n']).to_owned();
                let last = line.as_bytes()[3] == b' ';
                lines.push(line);
                if last {
                    return lines.join("|");
                }
            }
            let mut piece = [0; 1024];
            let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut piece)).await.unwrap();
            match read.unwrap_or(0) {
                0 => return String::new(),
                count => self.heard.extend_from_slice(&piece[..count]),
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.hear().await
    }

    /// Says `line` and wants a reply that starts so.
    #[track_caller]
    pub(crate) fn check<'a>(&'a mut self, line: &'a str, expected: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let heard = self.say(line).await;
            assert!(heard.starts_with(expected), "{line} was answered with {heard}, not {expected}, at {place}");
        }
    }

    /// Up to the content of a mail to the route.
    pub(crate) async fn envelope(&mut self) {
        self.check("EHLO client.test", "250").await;
        self.check("MAIL FROM:<ann@y.test>", "250 2.1.0").await;
        self.check("RCPT TO:<help@in.example>", "250 2.1.5").await;
    }
}
