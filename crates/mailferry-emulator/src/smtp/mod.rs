//! Mail by SMTP (RFC 5321): the port at which inbound routes are reached, and the port that sends, as MailerSend's relay.
//!
//! [`session`] is the conversation, without a socket; [`connection`] reads and writes. What is done with logins,
//! recipients and mails is a [`Mailroom`]'s business: one hands mails to inbound routes, the other one sends them.

mod auth;
mod connection;
mod content;
mod room;
mod session;
mod setup;
mod socket;
mod submission;
mod tls;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use self::connection::serve;
pub(crate) use self::room::Routes;
pub(crate) use self::setup::SubmissionPort;
pub(crate) use self::submission::Submission;
pub(crate) use self::tls::server_config;

/// How much an SMTP port puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SmtpLimits {
    /// The largest mail, in bytes; a larger one is a 552.
    pub message_bytes: usize,
    /// The most bytes of all mails that are arriving at once; beyond it, a mail is a 452.
    pub total_bytes: usize,
    /// The most recipients of one mail; more are a 452 each.
    pub recipients: usize,
    /// The most connections at once; one more is a 421.
    pub connections: usize,
    /// How long a client may take for a command, or pause within a mail. In real time, whatever the emulator's clock
    /// says.
    pub idle: Duration,
}

impl Default for SmtpLimits {
    /// 40 MiB a mail, 256 MiB together, 100 recipients, 100 connections, and five minutes (RFC 5321, 4.5.3.2).
    fn default() -> Self {
        Self {
            message_bytes: 40 * 1024 * 1024,
            total_bytes: 256 * 1024 * 1024,
            recipients: 100,
            connections: 100,
            idle: Duration::from_mins(5),
        }
    }
}

/// Who a mail is from and for, as the client said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// What the client calls itself.
    pub(crate) client: String,
    /// Who logged in, where that is wanted.
    pub(crate) user: Option<String>,
    /// Empty for a bounce.
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
}

/// A reply that is no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    /// The enhanced status code, where they are offered, and the words.
    pub(crate) text: Cow<'static, str>,
}

/// Which conversation a port has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Nobody sends without a login.
    pub(crate) login: bool,
    /// Addresses beyond ASCII are taken.
    pub(crate) international: bool,
    /// Every reply has an enhanced status code.
    pub(crate) enhanced: bool,
}

/// Who decides about logins and recipients, and takes mails.
pub(crate) trait Mailroom: Send + Sync {
    fn manner(&self) -> Manner;

    /// Whether whoever knows these may send.
    fn knows(&self, user: &str, password: &str) -> Result<(), Refusal>;

    /// Whether a mail may begin.
    fn opens(&self) -> Result<(), Refusal>;

    /// Whether mail for `recipient` is taken at all.
    fn admits(&self, recipient: &str) -> Result<(), Refusal>;

    /// Takes a mail and gives what to answer. `raw` ends its lines as the client did.
    fn take(&self, envelope: &Envelope, from: IpAddr, raw: &[u8]) -> Result<String, Refusal>;
}

/// One port: what it is for, and what it puts up with.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) room: Arc<dyn Mailroom>,
    pub(crate) limits: SmtpLimits,
    /// What STARTTLS begins with; without it there is none.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Logins are taken before STARTTLS, too.
    pub(crate) login_in_clear: bool,
}

impl Refusal {
    pub(crate) fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Serves until `stop` changes or its sender is dropped. Who is in the middle of a mail then is cut off.
pub(crate) async fn run(listener: TcpListener, port: Port, mut stop: watch::Receiver<()>) {
    const KIB: usize = 1024;
    let limits = port.limits;
    let places = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let memory = Arc::new(Semaphore::new((limits.total_bytes / KIB).min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((mut stream, peer)) => {
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                        // It fits into the socket's buffer; whoever does not read it is not waited for.
                        let _ = stream.try_write(b"421 4.3.2 Too many connections, try again later\r\n");
                        let _ = stream.shutdown().await;
                        continue;
                    };
                    let (port, memory, stop) = (port.clone(), Arc::clone(&memory), stop.clone());
                    connections.spawn(async move {
                        if let Err(error) = serve(stream, peer.ip(), port, memory, stop).await {
                            tracing::debug!(%error, "an SMTP connection ended early");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: it passes.
                    tracing::warn!(%error, "an SMTP connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), finished).await;
}
