//! Connections that can be made to fail and do not wait for ever for those who read nothing, and answers that can be made to stop half way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::live::Listener;

/// A TCP connection that is reset instead of closed once its switch is on.
pub(crate) struct Wire {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
    /// How long the other side may take nothing of what is sent.
    within: Duration,
    /// When that is over, while it takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, reset: Arc<AtomicBool>, within: Duration) -> Self {
        Self { stream, reset, within, stalled: None }
    }

    /// What has come of writing, unless nothing has for too long.
    fn moving(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let within = self.within;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing of the answer is read")))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Closing without lingering is what makes the kernel send a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.moving(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.moving(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The body of an answer.
pub(crate) enum Answer {
    /// All of it.
    Whole(Bytes),
    /// A part, and when the connection breaks after it.
    Cut { bytes: Bytes, announced: u64, broken: Pin<Box<Sleep>> },
    /// What somebody hears who listens.
    Live(Listener),
}

impl Answer {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }

    /// The first half of `bytes`, announced in full and as one byte at least.
    pub(crate) fn cut(mut bytes: Bytes) -> Self {
        /// Long enough for what is there to leave before the connection breaks.
        const UNTIL_BROKEN: Duration = Duration::from_millis(20);
        let announced = u64::try_from(bytes.len()).unwrap_or(u64::MAX).max(1);
        bytes.truncate(bytes.len() / 2);
        Self::Cut { bytes, announced, broken: Box::pin(tokio::time::sleep(UNTIL_BROKEN)) }
    }

    pub(crate) fn live(listener: Listener) -> Self {
        Self::Live(listener)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let data = |bytes| Some(Ok(Frame::data(bytes)));
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(data(std::mem::take(bytes))),
            Self::Cut { bytes, .. } if !bytes.is_empty() => Poll::Ready(data(std::mem::take(bytes))),
            Self::Cut { broken, .. } => {
                ready!(broken.as_mut().poll(cx));
                Poll::Ready(Some(Err(io::Error::other("the answer is cut off on purpose"))))
            }
            Self::Live(listener) => listener.poll_next(cx).map(|next| next.and_then(data)),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        // Asked for once, before the first frame.
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::Cut { announced, .. } => SizeHint::with_exact(*announced),
            Self::Live(_) => SizeHint::default(),
        }
    }
}
