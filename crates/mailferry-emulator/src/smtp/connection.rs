//! One SMTP connection: lines and mails are read, never more of them than may be.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::content::Dots;
use super::session::{Next, Reply, Session};
use super::socket::Socket;
use super::{Mailroom, Port};

/// The longest command, in bytes with its end: RFC 5321 wants 512, and extensions add to it.
const MOST_LINE: usize = 2048;
/// How much is read at a time.
const READ: usize = 16 * 1024;
/// How long a whole mail may take.
const MAIL_WITHIN: Duration = Duration::from_mins(10);
/// Mails from this size on are worked through beside the threads that serve connections.
const LARGE: usize = 64 * 1024;

struct Connection {
    socket: Socket,
    input: BytesMut,
    output: Vec<u8>,
    idle: Duration,
}

/// The content of a mail that is arriving, and the memory it may use.
struct Content {
    bytes: Vec<u8>,
    most: usize,
    memory: Arc<Semaphore>,
    /// 1 KiB each.
    held: Option<OwnedSemaphorePermit>,
    /// Why it is not kept, and how much came since.
    refused: Option<Reply>,
    discarded: usize,
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
    Closed,
}

/// Talks to one client until it leaves, is too slow, or `stop` changes.
pub(super) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    port: Port,
    memory: Arc<Semaphore>,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let (socket, idle) = (Socket::new(stream), port.limits.idle);
    let mut connection = Connection { socket, input: BytesMut::new(), output: Vec::new(), idle };
    let mut session = Session::new(&port);
    let mut content = Content::new(port.limits.message_bytes, memory);
    connection.reply(&Session::greeting());
    loop {
        let line = tokio::select! {
            line = connection.line() => line,
            _ = stop.changed() => {
                connection.reply(&Reply::new(421, "4.3.2 The emulator is shutting down"));
                return connection.end().await;
            }
        };
        let (reply, next) = match line {
            Ok(Line::Whole(line)) => session.command(&line),
            Ok(Line::TooLong) => session.overlong(),
            Ok(Line::Closed) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                connection.reply(&Reply::new(421, "4.4.2 Too slow"));
                return connection.end().await;
            }
            Err(error) => return Err(error),
        };
        let finished = match next {
            Next::Command => {
                if session.envelope().recipients.is_empty() {
                    // A mail that was given up, by RSET or EHLO, is not kept.
                    content.clear();
                }
                connection.reply(&reply);
                continue;
            }
            Next::Handshake => {
                connection.reply(&reply);
                let Some(config) = port.tls.clone() else { continue };
                connection = connection.encrypted(config).await?;
                session.encrypted();
                content.clear();
                continue;
            }
            Next::Close => {
                connection.reply(&reply);
                return connection.end().await;
            }
            Next::Data => {
                connection.reply(&reply);
                connection.flush().await?;
                let read = connection.data(&mut content).await;
                connection.excuse(read).await?;
                true
            }
            Next::Chunk { bytes, last, wanted } => {
                if !wanted {
                    content.refuse(reply.clone());
                }
                let read = connection.chunk(bytes, &mut content).await;
                connection.excuse(read).await?;
                if !last && wanted && content.refused.is_none() {
                    connection.reply(&reply);
                }
                last || content.refused.is_some()
            }
        };
        if finished {
            let reply = finish(&mut content, &session, &port.room, peer).await;
            session.forget();
            connection.reply(&reply);
        }
    }
}

/// Hands the mail over, and says what came of it.
async fn finish(content: &mut Content, session: &Session<'_>, room: &Arc<dyn Mailroom>, peer: IpAddr) -> Reply {
    let refused = content.refused.take();
    let (bytes, held) = (std::mem::take(&mut content.bytes), content.held.take());
    content.clear();
    if let Some(reply) = refused {
        return reply;
    }
    let (room, envelope) = (Arc::clone(room), session.envelope().clone());
    let taken = if bytes.len() < LARGE {
        Ok(room.take(&envelope, peer, &bytes))
    } else {
        tokio::task::spawn_blocking(move || room.take(&envelope, peer, &bytes)).await
    };
    drop(held);
    match taken {
        Ok(Ok(taken)) => Reply::new(250, taken),
        Ok(Err(refusal)) => refusal.into(),
        Err(_) => Reply::new(451, "4.3.0 The mail could not be worked through"),
    }
}

impl Connection {
    fn reply(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
    }

    /// Replies wait until the client has nothing more to say (RFC 2920), so that many commands at once cost one write.
    async fn flush(&mut self) -> io::Result<()> {
        let output = std::mem::take(&mut self.output);
        timeout(self.idle, self.socket.write(&output)).await?
    }

    /// Says the last reply, and that it was the last.
    async fn end(&mut self) -> io::Result<()> {
        self.flush().await?;
        timeout(self.idle, self.socket.end()).await?
    }

    /// Begins TLS. What came before the handshake was not encrypted, whatever it looks like: it is thrown away, so that
    /// nobody in between can put commands before those of the client.
    async fn encrypted(mut self, config: Arc<ServerConfig>) -> io::Result<Self> {
        self.flush().await?;
        self.input.clear();
        let socket = self.socket.encrypted(config, self.idle).await?;
        Ok(Self { socket, ..self })
    }

    /// Says why it leaves a client that is too slow or does not stop.
    async fn excuse(&mut self, read: io::Result<()>) -> io::Result<()> {
        let Err(error) = read else { return Ok(()) };
        match error.kind() {
            io::ErrorKind::TimedOut => self.reply(&Reply::new(421, "4.4.2 Too slow")),
            io::ErrorKind::FileTooLarge => self.reply(&Reply::new(552, "5.3.4 The mail is too large")),
            _ => return Err(error),
        }
        self.end().await?;
        Err(error)
    }

    /// Reads more. Nothing more is the client's end.
    async fn fill(&mut self, deadline: Instant) -> io::Result<bool> {
        self.flush().await?;
        self.input.reserve(READ);
        let count = timeout_at(deadline, self.socket.read(&mut self.input)).await??;
        Ok(count > 0)
    }

    /// The next command. LF alone ends one, too: people type commands by hand.
    async fn line(&mut self) -> io::Result<Line> {
        let deadline = after(self.idle);
        let mut looked_at = 0;
        let mut too_long = false;
        loop {
            let unseen = self.input.get(looked_at..).unwrap_or_default();
            if let Some(end) = unseen.iter().position(|byte| *byte == b'\n') {
                let line = self.input.split_to(looked_at.saturating_add(end).saturating_add(1));
                let fits = !too_long && line.len() <= MOST_LINE;
                return Ok(if fits { Line::Whole(line.to_vec()) } else { Line::TooLong });
            }
            looked_at = self.input.len();
            if looked_at > MOST_LINE {
                too_long = true;
                self.input.clear();
                looked_at = 0;
            }
            if !self.fill(deadline).await? {
                return Ok(Line::Closed);
            }
        }
    }

    async fn data(&mut self, content: &mut Content) -> io::Result<()> {
        let deadline = after(MAIL_WITHIN);
        let mut dots = Dots::new();
        loop {
            let end = dots.read(&self.input, &mut content.bytes);
            self.input.advance(end.unwrap_or(self.input.len()));
            content.check()?;
            if end.is_some() {
                return Ok(());
            }
            if !self.fill(deadline.min(after(self.idle))).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn chunk(&mut self, mut bytes: usize, content: &mut Content) -> io::Result<()> {
        let deadline = after(MAIL_WITHIN);
        loop {
            let count = bytes.min(self.input.len());
            content.bytes.extend_from_slice(&self.input.split_to(count));
            content.check()?;
            bytes = bytes.saturating_sub(count);
            if bytes == 0 {
                return Ok(());
            }
            if !self.fill(deadline.min(after(self.idle))).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Content {
    fn new(most: usize, memory: Arc<Semaphore>) -> Self {
        Self { bytes: Vec::new(), most, memory, held: None, refused: None, discarded: 0 }
    }

    fn clear(&mut self) {
        self.bytes = Vec::new();
        self.held = None;
        self.refused = None;
        self.discarded = 0;
    }

    fn refuse(&mut self, reply: Reply) {
        self.bytes = Vec::new();
        self.held = None;
        self.refused.get_or_insert(reply);
    }

    /// Looks at how much there is: too much is refused, and read on without keeping it. Whoever sends much more than
    /// that is left.
    fn check(&mut self) -> io::Result<()> {
        if self.refused.is_some() {
            self.discarded = self.discarded.saturating_add(self.bytes.len());
            self.bytes.clear();
        } else if self.bytes.len() > self.most {
            self.refuse(Reply::new(552, "5.3.4 The mail is too large"));
        } else if !self.hold() {
            self.refuse(Reply::new(452, "4.3.1 Too many mails are arriving at once"));
        }
        if self.discarded > self.most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    }

    /// Whether there is memory for what has arrived.
    fn hold(&mut self) -> bool {
        let wanted = self.bytes.len() / 1024;
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Ok(more) = u32::try_from(wanted.saturating_sub(held)) else { return false };
        if more == 0 {
            return true;
        }
        let Ok(permit) = Arc::clone(&self.memory).try_acquire_many_owned(more) else { return false };
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        true
    }
}

/// So much later, in real time.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or_else(|| now + Duration::from_hours(24))
}
