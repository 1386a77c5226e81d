//! Attachments and inline parts: bytes, or a file that is read when the message is sent.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::invalid::{Problem, breaks_line};

/// A file that travels with a message.
///
/// ```
/// use mailferry::message::Attachment;
///
/// let invoice = Attachment::file("invoices/2026-0042.pdf");        // read when the message is sent, not held
/// let list = Attachment::text("members.csv", "name\nZoë\n");
/// let logo = Attachment::inline_image(&b"\x89PNG\r\n\x1a\n..."[..])?; // shown by <img src="cid:...">
/// let html = format!("<img src=\"cid:{}\">", logo.content_id().unwrap_or_default());
/// # let _ = (invoice, list, html);
/// # Ok::<(), mailferry::message::InvalidImage>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Attachment {
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: Content,
    pub(crate) inline: bool,
    pub(crate) content_id: Option<String>,
}

/// Where the bytes are.
#[derive(Clone, PartialEq)]
pub(crate) enum Content {
    Bytes(Bytes),
    File(PathBuf),
}

impl Attachment {
    fn new(filename: Option<String>, content: Content) -> Self {
        Self { filename, content_type: None, content, inline: false, content_id: None }
    }

    /// Bytes under a file name.
    pub fn bytes(filename: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self::new(Some(filename.into()), Content::Bytes(content.into()))
    }

    /// Bytes without a name; the transport makes one up from the type.
    pub fn unnamed(content_type: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self::nameless(content).content_type(content_type)
    }

    /// Bytes of which nothing is known yet.
    pub(crate) fn nameless(content: impl Into<Bytes>) -> Self {
        Self::new(None, Content::Bytes(content.into()))
    }

    /// Text under a file name, sent as UTF-8 with its line ends unchanged.
    pub fn text(filename: impl Into<String>, content: impl Into<String>) -> Self {
        Self::bytes(filename, content.into())
    }

    /// A file, under its own name. It is opened when the message is sent, and a large one is streamed: it is never
    /// held in memory whole.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let filename = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self::new(filename, Content::File(path))
    }

    /// A mail as an attachment (`message/rfc822`), its bytes unchanged.
    pub fn message(filename: impl Into<String>, raw: impl Into<Bytes>) -> Self {
        Self::bytes(filename, raw).content_type("message/rfc822")
    }

    /// An image to be shown within the HTML body, with a made-up [Content-ID](Attachment::content_id) and a file name
    /// that fits its kind.
    ///
    /// # Errors
    ///
    /// When the bytes are not a PNG, JPEG, GIF, WebP, BMP or TIFF image: then give a name and a type with
    /// [`Attachment::bytes`] and [`Attachment::inline`].
    pub fn inline_image(content: impl Into<Bytes>) -> Result<Self, InvalidImage> {
        let content = content.into();
        let extension = sniff(&content).filter(|kind| is_image(kind)).ok_or(InvalidImage)?;
        Ok(Self::bytes(format!("image.{extension}"), content).inline())
    }

    /// Shows the part within the HTML body instead of listing it, under a made-up Content-ID unless it has one.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self.content_id.get_or_insert_with(make_content_id);
        self
    }

    /// Sets the Content-ID, with or without its angle brackets, and makes the part inline.
    #[must_use]
    pub fn with_content_id(mut self, id: impl Into<String>) -> Self {
        self.content_id = Some(bare_id(&id.into()));
        self.inline = true;
        self
    }

    /// Sets the media type, for instance `text/csv` or `text/plain; charset=iso-8859-1`. Text declared in another
    /// charset than UTF-8 is converted when it is sent, since services keep no charset.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets the file name.
    #[must_use]
    pub fn named(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    /// The file name.
    pub fn filename(&self) -> Option<&str> {
        self.filename.as_deref().filter(|name| !name.is_empty())
    }

    /// The media type as given; else the one its name stands for; else `application/octet-stream`.
    pub fn media_type(&self) -> String {
        match (&self.content_type, self.filename()) {
            (Some(given), _) => given.clone(),
            (None, Some(name)) => mime_guess::from_path(name).first_or_octet_stream().essence_str().to_owned(),
            (None, None) => "application/octet-stream".to_owned(),
        }
    }

    /// The Content-ID without angle brackets, which an HTML body refers to as `cid:…`.
    pub fn content_id(&self) -> Option<&str> {
        self.content_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Whether it is shown within the body.
    pub fn is_inline(&self) -> bool {
        self.inline
    }

    /// The file it is read from when the message is sent.
    pub fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::File(path) => Some(path),
            Content::Bytes(_) => None,
        }
    }

    /// The content, whole, in memory: for a transport that does not stream it, and for tests. A file is read now.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let list = mailferry::Attachment::text("members.csv", "name\nZoë\n");
    /// assert_eq!(list.read().await?, "name\nZoë\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is a directory, or is a pipe that delivers more than 64 MiB.
    pub async fn read(&self) -> io::Result<Bytes> {
        match self.open().await? {
            Opened::Bytes(bytes) => Ok(bytes),
            Opened::File { path, .. } => Ok(tokio::fs::read(path).await?.into()),
        }
    }

    /// The same, of a file that is not known to be small.
    pub(crate) async fn read_limited(&self) -> io::Result<Bytes> {
        match self.open().await? {
            Opened::Bytes(bytes) => Ok(bytes),
            Opened::File { path, .. } => read_all(&mut File::open(path).await?).await,
        }
    }

    /// The problems that no service could get over.
    pub(crate) fn problems(&self, path: &str, problems: &mut Vec<Problem>) {
        let texts = [
            ("filename", self.filename.as_deref()),
            ("content_type", self.content_type.as_deref()),
            ("content_id", self.content_id.as_deref()),
        ];
        for (key, text) in texts {
            if text.is_some_and(breaks_line) {
                problems.push(Problem::line_break(format!("{path}.{key}")));
            }
        }
    }

    /// Opens the content: after this its length is fixed.
    pub(crate) async fn open(&self) -> io::Result<Opened> {
        let opened = match &self.content {
            Content::Bytes(bytes) => Opened::Bytes(bytes.clone()),
            Content::File(path) => {
                let mut file = File::open(path).await?;
                let metadata = file.metadata().await?;
                if metadata.is_dir() {
                    return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
                }
                if !metadata.is_file() {
                    // A pipe or a device has no length to announce: read it now, within what any service takes.
                    return Ok(Opened::Bytes(read_all(&mut file).await?));
                }
                let mut start = vec![0; SNIFFED];
                let mut read = 0;
                while read < start.len() {
                    match file.read(&mut start[read..]).await? {
                        0 => break,
                        more => read += more,
                    }
                }
                start.truncate(read);
                Opened::File { path: path.clone(), length: metadata.len(), start: start.into() }
            }
        };
        Ok(opened)
    }
}

/// How much of a file's start is looked at to tell its kind.
const SNIFFED: usize = 16;

/// What is read into memory before it is refused: more than any service takes.
const MEMORY_LIMIT: u64 = 64 << 20;

async fn read_all(file: &mut File) -> io::Result<Bytes> {
    let mut content = Vec::new();
    file.take(MEMORY_LIMIT + 1).read_to_end(&mut content).await?;
    if content.len() as u64 > MEMORY_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 64 MiB"));
    }
    Ok(content.into())
}

/// Content whose length is known.
#[derive(Clone)]
pub(crate) enum Opened {
    Bytes(Bytes),
    /// A file of `length` bytes that begins with `start`.
    File {
        path: PathBuf,
        length: u64,
        start: Bytes,
    },
}

impl Opened {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// The extension of the kind of file the content looks like, for the few kinds that can be told.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Bytes(bytes) => sniff(bytes),
            Self::File { start, .. } => sniff(start),
        }
    }
}

impl fmt::Debug for Attachment {
    /// Leaves the content out: it may be large, and it is the sender's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Attachment");
        debug.field("filename", &self.filename).field("content_type", &self.content_type);
        match &self.content {
            Content::Bytes(bytes) => debug.field("bytes", &bytes.len()),
            Content::File(path) => debug.field("path", path),
        };
        debug.field("inline", &self.inline).field("content_id", &self.content_id).finish()
    }
}

/// Image data of no known kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidImage;

impl fmt::Display for InvalidImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a PNG, JPEG, GIF, WebP, BMP or TIFF image: give it a file name and a media type")
    }
}

impl std::error::Error for InvalidImage {}

/// A Content-ID without its angle brackets.
pub(crate) fn bare_id(id: &str) -> String {
    id.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>')).to_owned()
}

/// A new Content-ID. It need only be unique within one mail; a random start keeps processes apart, and the domain is
/// one that mail programs do not take for a host.
fn make_content_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}.{number}.img@inline", RandomState::new().hash_one(number))
}

/// The extension for content of a kind that its first bytes tell.
fn sniff(content: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 8] = [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpg"),
        (b"GIF8", "gif"),
        (b"BM", "bmp"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"%PDF-", "pdf"),
        (b"PK\x03\x04", "zip"),
    ];
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Some("webp");
    }
    kinds.iter().find(|(magic, _)| content.starts_with(magic)).map(|(_, extension)| *extension)
}

fn is_image(extension: &str) -> bool {
    !matches!(extension, "pdf" | "zip")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ATT-21
    #[test]
    fn an_inline_image_gets_a_name_and_an_unused_id() {
        let png = b"\x89PNG\r\n\x1a\nrest";
        let first = Attachment::inline_image(&png[..]).unwrap();
        let second = Attachment::inline_image(&png[..]).unwrap();
        assert_eq!(first.filename(), Some("image.png"));
        assert!(first.is_inline());
        assert!(first.content_id().unwrap().ends_with("@inline"));
        assert_ne!(first.content_id(), second.content_id());
        assert_eq!(Attachment::inline_image(&b"%PDF-1.7"[..]), Err(InvalidImage));
    }

    /// ATT-02
    #[test]
    fn a_type_is_guessed_from_the_name() {
        for (name, expected) in
            [("a.csv", "text/csv"), ("x.pdf", "application/pdf"), ("x.zzz", "application/octet-stream")]
        {
            assert_eq!(Attachment::bytes(name, "").media_type(), expected);
        }
    }

    #[tokio::test]
    async fn a_directory_is_not_an_attachment() {
        let error = Attachment::file(std::env::temp_dir()).open().await.map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    }
}
