//! Reading a body no further than it may be long.

use std::future::poll_fn;
use std::pin::pin;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is longer than it may be.
    TooLong,
    /// The connection broke.
    Broken,
}

/// Reads a body. What was read of one that is too long is dropped.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Unread> {
    let mut body = pin!(body);
    let mut whole = Bytes::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if data.len() > limit - whole.len() {
            return Err(Unread::TooLong);
        }
        // Most bodies come in one piece, which need not be copied.
        whole = if whole.is_empty() { data } else { joined(whole, &data) };
    }
    Ok(whole)
}

/// Puts pieces together, in the memory of the first as long as it has room.
fn joined(whole: Bytes, data: &[u8]) -> Bytes {
    let mut whole = whole.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    whole.extend_from_slice(data);
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    /// A body that comes in these pieces; then it breaks, or ends.
    struct Pieces(VecDeque<Option<&'static [u8]>>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = Box<dyn std::error::Error + Send + Sync>;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(self.0.pop_front().map(|piece| match piece {
                Some(data) => Ok(Frame::data(Bytes::from_static(data))),
                None => Err("broken".into()),
            }))
        }
    }

    #[tokio::test]
    async fn no_more_is_read_than_may_be() -> Result<(), Infallible> {
        let pieces = |pieces: &[Option<&'static [u8]>]| Body::new(Pieces(pieces.iter().copied().collect()));
        let whole = [Some(&b"ab"[..]), Some(b""), Some(b"cd")];
        assert_eq!(read(pieces(&whole), 4).await, Ok(Bytes::from_static(b"abcd")));
        assert_eq!(read(pieces(&whole), 3).await, Err(Unread::TooLong));
        assert_eq!(read(pieces(&[Some(b"ab"), None]), 3).await, Err(Unread::Broken));
        assert_eq!(read(pieces(&[]), 0).await, Ok(Bytes::new()));
        assert_eq!(read(pieces(&[Some(b"a")]), 0).await, Err(Unread::TooLong));
        Ok(())
    }
}
