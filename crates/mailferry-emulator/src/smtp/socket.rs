//! What an SMTP connection reads from and writes to: a socket, or TLS over one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Bytes that go in and come out.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl Duplex for TcpStream {}
impl Duplex for TlsStream<Box<dyn Duplex>> {}

pub(super) struct Socket(Box<dyn Duplex>);

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Box::new(stream))
    }

    pub(super) async fn read(&mut self, to: &mut BytesMut) -> io::Result<usize> {
        self.0.read_buf(to).await
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Says that nothing more is written.
    pub(super) async fn end(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }

    /// The same connection with TLS, once the client has shaken hands.
    pub(super) async fn encrypted(self, config: Arc<ServerConfig>, within: Duration) -> io::Result<Self> {
        let stream = timeout(within, TlsAcceptor::from(config).accept(self.0)).await??;
        Ok(Self(Box::new(stream)))
    }
}
