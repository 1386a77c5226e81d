//! One `.eml` file per message, for development and for looking at what would be sent.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tokio::io::AsyncWriteExt;

use crate::clock::Clock;
use crate::eml;
use crate::message::Message;
use crate::transport::{Error, ErrorKind, Retry, SendStatus, Sending, Status, Transport};

/// Writes each message as a mail into a folder, under a name that sorts by time: `1760000000-1a2b3c-000000.eml`. A file
/// appears whole or not at all.
///
/// ```
/// use mailferry::file::FileTransport;
/// use mailferry::{Message, Transport};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let folder = std::env::temp_dir().join(format!("mailferry-doc-{}", std::process::id()));
/// let transport = FileTransport::new(&folder)?;
/// let message = Message::builder().from("a@shop.example").to("ann@example.com").text("Hi").build()?;
/// transport.send(&message).await?;
/// assert_eq!(std::fs::read_dir(&folder)?.count(), 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FileTransport {
    folder: PathBuf,
    clock: Clock,
}

impl FileTransport {
    /// Writes into `folder`, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn new(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref().to_owned();
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, clock: Clock::system() })
    }

    /// Takes the present time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    async fn write(&self, message: &Message) -> Result<SendStatus, Error> {
        if !message.has_recipients() {
            return Ok(SendStatus::default());
        }
        let now = self.clock.now();
        let id = file_id(now);
        let mail = eml::render(message, &format!("{id}@mailferry.invalid"), now).await.map_err(|cause| {
            Error::new(ErrorKind::InvalidMessage, format!("an attachment cannot be read: {cause}")).caused_by(cause)
        })?;
        let path = self.folder.join(format!("{id}.eml"));
        if let Err(cause) = write_whole(&path, &mail).await {
            let text = format!("{} cannot be written: {cause}", path.display());
            return Err(Error::new(ErrorKind::Server, text)
                .with_retry(Retry::Safe(None))
                .with_remedy("check that the folder exists, may be written to and has room")
                .caused_by(cause));
        }
        Ok(SendStatus::uniform(message, Status::Sent, Some(&id)))
    }
}

/// A name that no other message of this or another process gets, and that sorts by time.
fn file_id(now: SystemTime) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("{seconds}-{:06x}-{:06}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Writes beside the place and moves, so that nobody reads half a mail. What was begun is taken away on failure.
async fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("part");
    let written = async {
        let mut file = tokio::fs::OpenOptions::new().write(true).create_new(true).open(&unfinished).await?;
        file.write_all(content).await?;
        file.flush().await?;
        tokio::fs::rename(&unfinished, path).await
    }
    .await;
    if written.is_err() {
        // The first error is the one to report.
        drop(tokio::fs::remove_file(&unfinished).await);
    }
    written
}

impl Transport for FileTransport {
    fn name(&self) -> &'static str {
        "file"
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        Box::pin(self.write(message))
    }
}

impl fmt::Debug for FileTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileTransport").field("folder", &self.folder).finish_non_exhaustive()
    }
}
