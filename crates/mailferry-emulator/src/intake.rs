//! How much HTTP is taken in at once, and how long anybody may take for it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_LENGTH;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::reply::Reply;
use crate::service::refuse;

/// The largest body that is read, in bytes: above the 50 MB that a bulk request may have.
const MOST_BYTES: usize = 60 * 1024 * 1024;
/// A body up to this size needs no room: the number of connections is limited.
const FREE: usize = 64 * 1024;
/// Room is given away in these.
const BLOCK: usize = 16 * 1024;
/// The most bytes of all bodies that are worked on at once: what is made of one takes up to twice as much again.
const AT_WORK: usize = 64 * 1024 * 1024;
/// How long somebody is told that there are too many connections.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// How much HTTP an emulator puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HttpLimits {
    /// The most connections at once; one more is answered with 503 and closed.
    pub connections: usize,
    /// The most connections that listen for live updates; one more is a 503.
    pub listeners: usize,
    /// The most bytes of all bodies that are arriving or being worked on at once. A body that finds no room waits, and
    /// is a 503 when there is none after `body`. No single body is larger than this, nor than 60 MiB.
    pub body_bytes: usize,
    /// How long a client may take for the head of a request, in real time.
    pub head: Duration,
    /// How long a client may take for a body, in real time; then it is a 408.
    pub body: Duration,
    /// How long a client may read nothing of an answer or of live updates, in real time; then its connection is closed.
    pub answer: Duration,
}

impl Default for HttpLimits {
    /// 2,048 connections, 1,024 listeners, 256 MiB of bodies, 30 seconds for a head, 60 for a body, 60 without reading.
    fn default() -> Self {
        Self {
            connections: 2_048,
            listeners: 1_024,
            body_bytes: 256 * 1024 * 1024,
            head: Duration::from_secs(30),
            body: Duration::from_mins(1),
            answer: Duration::from_mins(1),
        }
    }
}

/// The room that there is.
pub(crate) struct Intake {
    limits: HttpLimits,
    connections: Arc<Semaphore>,
    /// In blocks.
    bodies: Arc<Semaphore>,
    /// In blocks.
    at_work: Arc<Semaphore>,
}

/// The place of one connection, or the room of one body. It is given back when it is dropped.
#[derive(Default)]
pub(crate) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It is larger than this.
    TooLarge(usize),
    /// There was no room for it.
    Busy,
    /// It did not come in time.
    Slow,
    /// The connection ended.
    Gone,
}

impl NotRead {
    /// What is answered, if there is somebody to answer. The rest of the body is not read either way.
    pub(crate) fn reply(self) -> Option<Reply> {
        let reply = match self {
            Self::TooLarge(most) => refuse("body.size", &[("limit", most.to_string())]),
            Self::Busy => {
                let words = "The emulator is busy with other large bodies. Send again, fewer at a time.";
                Reply::sentence(503, words).with("retry-after", 1)
            }
            Self::Slow => refuse("service.timeout", &[]),
            Self::Gone => return None,
        };
        Some(reply.with("connection", "close"))
    }
}

impl Intake {
    pub(crate) fn new(limits: HttpLimits) -> Self {
        let most = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            limits,
            connections: most(limits.connections),
            bodies: most(limits.body_bytes / BLOCK),
            at_work: most(AT_WORK / BLOCK),
        }
    }

    /// A place for one more connection, if there is one.
    pub(crate) fn connection(&self) -> Option<Place> {
        let permit = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        Some(Place { _permit: Some(permit) })
    }

    /// Waits until a body of so many bytes may be worked on.
    pub(crate) async fn turn(&self, bytes: usize) -> Place {
        let blocks = bytes.min(AT_WORK).div_ceil(BLOCK);
        let turn = Arc::clone(&self.at_work).acquire_many_owned(u32::try_from(blocks).unwrap_or(u32::MAX)).await;
        // An error would be that the semaphore is closed, which nobody does.
        Place { _permit: turn.ok() }
    }

    fn most_bytes(&self) -> usize {
        MOST_BYTES.min(self.limits.body_bytes.max(FREE))
    }

    /// The whole body, and the room that it takes.
    pub(crate) async fn read(&self, mut body: Incoming, headers: &HeaderMap) -> Result<(Bytes, Place), NotRead> {
        let most = self.most_bytes();
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let announced = announced.unwrap_or(0);
        if announced > most {
            return Err(NotRead::TooLarge(most));
        }
        let mut room = Room { intake: self, has: FREE, permit: None };
        // All at once, so that nobody waits for the rest with half of it in hand.
        room.grow(announced).await?;
        let mut bytes = BytesMut::with_capacity(announced);
        let deadline = Instant::now().checked_add(self.limits.body);
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let frame = match deadline {
                Some(deadline) => timeout_at(deadline, frame).await.map_err(|_| NotRead::Slow)?,
                None => frame.await,
            };
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| NotRead::Gone)?.into_data() else { continue };
            let length = bytes.len().saturating_add(data.len());
            if length > most {
                return Err(NotRead::TooLarge(most));
            }
            room.grow(length).await?;
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.freeze(), Place { _permit: room.permit }))
    }
}

/// The room of a body that is being read.
struct Room<'a> {
    intake: &'a Intake,
    has: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Room<'_> {
    /// Waits until there is room for `bytes` of it.
    async fn grow(&mut self, bytes: usize) -> Result<(), NotRead> {
        let Some(more) = bytes.checked_sub(self.has).filter(|more| *more > 0) else { return Ok(()) };
        let all = self.intake.limits.body_bytes / BLOCK;
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        // The last block is whole, whatever is left of the limit.
        let blocks = more.div_ceil(BLOCK).min(all.saturating_sub(held));
        let wanted = u32::try_from(blocks).map_err(|_| NotRead::Busy)?;
        let waiting = Arc::clone(&self.intake.bodies).acquire_many_owned(wanted);
        let permit = timeout(self.intake.limits.body, waiting).await.ok().and_then(Result::ok).ok_or(NotRead::Busy)?;
        self.has = self.has.saturating_add(blocks.saturating_mul(BLOCK)).max(bytes);
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        Ok(())
    }
}

/// Tells somebody that there are too many connections.
pub(crate) async fn turn_away(mut stream: TcpStream, most: usize) {
    let words = format!(
        "{{\"message\": \"The emulator has {most} connections, and takes no more. Close some, or keep and reuse them.\"}}"
    );
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{words}",
        words.len()
    );
    let goodbye = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What is sent and not read would make the kernel take the answer back.
        let mut rest = [0; 1024];
        for _ in 0..64 {
            if stream.read(&mut rest).await? == 0 {
                break;
            }
        }
        std::io::Result::Ok(())
    };
    let _ = timeout(GOODBYE_WITHIN, goodbye).await;
}
