//! `mailferry emulate --check`: whether an emulator is ready, for containers that have no other program to ask with.

use std::time::Duration;

use mailferry::transport::{Error, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::exit::Exit;
use crate::output::{Failure, Output};

/// How long an answer may take. What asks gives up after some seconds itself.
const WITHIN: Duration = Duration::from_secs(3);
/// More is not read of an answer, of which the first line counts.
const MOST: u64 = 4096;

/// Asks whether the emulator at `url` is ready. The exit code is 0 or 1, as health checks of containers have it.
pub(super) async fn run(url: &str, output: &mut Output) -> Result<Exit, Failure> {
    let (host, port) = place(url)?;
    let asked = timeout(WITHIN, status(&host, port)).await;
    let problem = match asked {
        Ok(Ok(Some(200))) => {
            output.line("ready")?;
            return Ok(Exit::Done);
        }
        Ok(Ok(Some(503))) => "it still reads its file".to_owned(),
        Ok(Ok(Some(status))) => format!("it answers {status}, as an emulator never does"),
        Ok(Ok(None)) => "what it answers is not HTTP".to_owned(),
        Ok(Err(cause)) => crate::output::io_text(&cause),
        Err(_) => format!("no answer within {} seconds", WITHIN.as_secs()),
    };
    output.complain(format_args!("the emulator at {host}:{port} is not ready: {problem}"));
    Ok(Exit::Other)
}

/// The host and the port of a URL of an emulator, whatever its path.
fn place(url: &str) -> Result<(String, u16), Error> {
    let uri: Option<http::Uri> = url.parse().ok();
    let uri = uri.filter(|uri| uri.scheme_str() == Some("http"));
    let host = uri.as_ref().and_then(http::Uri::host).map(|host| host.trim_matches(['[', ']']).to_owned());
    host.zip(uri.map(|uri| uri.port_u16().unwrap_or(80))).ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("--check: {url:?} is not the URL of an emulator"))
            .with_remedy("give one such as http://127.0.0.1:2580")
    })
}

/// The status of the answer, or `None` when it is not HTTP.
async fn status(host: &str, port: u16) -> std::io::Result<Option<u16>> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
    let head = answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    Ok(head.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_any_path_lead_to_the_emulator() {
        for (url, host, port) in [
            ("http://127.0.0.1:2580", "127.0.0.1", 2580),
            ("http://127.0.0.1:2580/v1/", "127.0.0.1", 2580),
            ("http://emulator", "emulator", 80),
            ("http://[::1]:2580/", "::1", 2580),
        ] {
            assert_eq!(place(url).unwrap(), (host.to_owned(), port), "{url}");
        }
        for url in ["", "127.0.0.1:2580", "https://127.0.0.1:2580", "http://", "http://a b"] {
            assert!(place(url).is_err(), "{url}");
        }
    }
}
