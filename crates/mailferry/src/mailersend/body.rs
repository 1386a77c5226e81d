//! A request body in pieces: what is small is written out, what is large is encoded while it is sent.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

/// How many raw bytes are encoded at a time. A multiple of 3, so that no piece but the last is padded. Larger pieces
/// cost memory, smaller ones more turns between the thread that reads and the one that sends.
const PIECE: usize = 192 * 1024;

/// How many bytes of objects are put together at a time: little enough to stay in the processor's cache until sent.
const OBJECTS: usize = 64 * 1024;

/// Content below this is encoded into the text around it: a piece of its own would cost more than the copy.
const INLINE: u64 = 32 * 1024;

/// A part of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Segment {
    /// Written as it is.
    Plain(Bytes),
    /// Written as base64.
    Base64(Bytes),
    /// The first `length` bytes of a file, written as base64.
    Base64File { path: PathBuf, length: u64 },
    /// Objects with commas between them, each of members that all share and members of its own.
    Objects(Objects),
}

/// Objects that differ only in their last members.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Objects {
    /// The members that all share, each followed by a comma.
    pub(crate) common: Bytes,
    /// The members of each object, one object after the other.
    pub(crate) own: Bytes,
    /// Where each object's members end in `own`.
    pub(crate) ends: VecDeque<usize>,
    /// Whether an object was written before these.
    pub(crate) begun: bool,
}

impl Objects {
    fn len(&self) -> u64 {
        // Two braces and a comma each, except the first.
        let each = self.common.len() + 2;
        let commas = self.ends.len() - usize::from(!self.begun && !self.ends.is_empty());
        (self.ends.len() * each + commas + self.own.len()) as u64
    }

    /// Writes the next objects, at least one.
    fn piece(&mut self) -> Bytes {
        let mut out = Vec::with_capacity(OBJECTS);
        let mut start = 0;
        while let Some(&end) = self.ends.front() {
            let own = self.own.get(start..end).unwrap_or_default();
            if !out.is_empty() && out.len() + self.common.len() + own.len() + 3 > OBJECTS {
                break;
            }
            if self.begun {
                out.push(b',');
            }
            out.push(b'{');
            out.extend_from_slice(&self.common);
            out.extend_from_slice(own);
            out.push(b'}');
            self.begun = true;
            self.ends.pop_front();
            start = end;
        }
        self.own = self.own.slice(start.min(self.own.len())..);
        for end in &mut self.ends {
            *end -= start;
        }
        out.into()
    }
}

impl Segment {
    /// How many bytes it becomes. Base64 grows predictably: every 3 bytes, or what is left of them, become 4.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Plain(bytes) => bytes.len() as u64,
            Self::Base64(bytes) => encoded(bytes.len() as u64),
            Self::Base64File { length, .. } => encoded(*length),
            Self::Objects(objects) => objects.len(),
        }
    }
}

const fn encoded(length: u64) -> u64 {
    length.div_ceil(3) * 4
}

/// Puts segments together.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    done: Vec<Segment>,
    text: Vec<u8>,
}

impl Writer {
    /// With room for this many bytes of text.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { done: Vec::new(), text: Vec::with_capacity(bytes) }
    }

    /// The text being written.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Appends bytes as base64.
    pub(crate) fn base64(&mut self, bytes: &Bytes) {
        if (bytes.len() as u64) < INLINE {
            let start = self.text.len();
            self.text.resize(start + bytes.len().div_ceil(3) * 4, 0);
            if let Some(slot) = self.text.get_mut(start..) {
                // The slot has exactly the length that the encoding needs.
                let written = STANDARD.encode_slice(bytes, slot).unwrap_or(0);
                self.text.truncate(start + written);
            }
        } else {
            self.cut();
            self.done.push(Segment::Base64(bytes.clone()));
        }
    }

    /// Appends a file as base64.
    pub(crate) fn base64_file(&mut self, path: PathBuf, length: u64) {
        self.cut();
        self.done.push(Segment::Base64File { path, length });
    }

    /// Appends objects.
    pub(crate) fn objects(&mut self, objects: Objects) {
        self.cut();
        self.done.push(Segment::Objects(objects));
    }

    /// Appends what was put together before.
    pub(crate) fn append(&mut self, segments: &[Segment]) {
        for segment in segments {
            match segment {
                Segment::Plain(bytes) => self.text.extend_from_slice(bytes),
                other => {
                    self.cut();
                    self.done.push(other.clone());
                }
            }
        }
    }

    pub(crate) fn segments(mut self) -> Vec<Segment> {
        self.cut();
        self.done
    }

    fn cut(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Segment::Plain(std::mem::take(&mut self.text).into()));
        }
    }
}

/// A request body of known length.
#[derive(Debug)]
pub(crate) struct Body {
    segments: VecDeque<Segment>,
    left: u64,
    reading: Option<Reading>,
}

/// A file being encoded on a thread where blocking is allowed.
type Reading = JoinHandle<io::Result<(Bytes, Option<OpenFile>)>>;

#[derive(Debug)]
struct OpenFile {
    file: File,
    left: u64,
}

impl Body {
    pub(crate) fn new(segments: Vec<Segment>) -> Self {
        let left = segments.iter().map(Segment::len).sum();
        Self { segments: segments.into(), left, reading: None }
    }

    /// The text as it will be sent, with a note in the place of large content.
    pub(crate) fn preview(&self) -> String {
        let piece = |segment: &Segment| match segment {
            Segment::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Segment::Objects(objects) => {
                let first = objects.clone().piece();
                let cut = if first.len() as u64 == objects.len() { "" } else { "… (more objects)" };
                format!("{}{cut}", String::from_utf8_lossy(&first))
            }
            large => format!("<{} bytes of base64>", large.len()),
        };
        self.segments.iter().map(piece).collect()
    }

    /// The whole body in memory.
    pub(crate) async fn collect(mut self) -> io::Result<Bytes> {
        let mut all = Vec::new();
        while let Some(piece) = std::future::poll_fn(|context| self.poll_piece(context)).await {
            all.extend_from_slice(&piece?);
        }
        Ok(all.into())
    }

    /// The next piece; `None` at the end.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let (piece, rest) = match ready!(Pin::new(reading).poll(context)) {
                    Ok(Ok(read)) => read,
                    Ok(Err(cause)) => return Poll::Ready(Some(Err(io::Error::other(FileError(cause))))),
                    Err(cause) => return Poll::Ready(Some(Err(io::Error::other(cause)))),
                };
                // Read on while this piece is being sent.
                self.reading = rest.map(|file| tokio::task::spawn_blocking(move || read_piece(file)));
                return Poll::Ready(Some(Ok(piece)));
            }
            match self.segments.pop_front() {
                None => return Poll::Ready(None),
                Some(Segment::Plain(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Some(Segment::Objects(mut objects)) => {
                    let piece = objects.piece();
                    if !objects.ends.is_empty() {
                        self.segments.push_front(Segment::Objects(objects));
                    }
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Segment::Base64(mut bytes)) => {
                    let piece = bytes.split_to(bytes.len().min(PIECE));
                    if !bytes.is_empty() {
                        self.segments.push_front(Segment::Base64(bytes));
                    }
                    return Poll::Ready(Some(Ok(encode(&piece))));
                }
                Some(Segment::Base64File { path, length }) => {
                    self.reading = Some(tokio::task::spawn_blocking(move || {
                        read_piece(OpenFile { file: File::open(path)?, left: length })
                    }));
                }
            }
        }
    }
}

/// A file that could not be read while it was being sent. A type of its own, to be told from a socket's error.
#[derive(Debug)]
pub(crate) struct FileError(io::Error);

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for FileError {}

/// Reads and encodes the next piece, and returns the file unless that was its end.
fn read_piece(mut open: OpenFile) -> io::Result<(Bytes, Option<OpenFile>)> {
    let size = open.left.min(PIECE as u64);
    let mut raw = Vec::with_capacity(PIECE);
    if open.file.by_ref().take(size).read_to_end(&mut raw)? as u64 != size {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent"));
    }
    open.left -= size;
    let rest = (open.left > 0).then_some(open);
    Ok((encode(&raw), rest))
}

/// Encodes a piece. With the vector instructions that the processor is found to have, this takes a small part of the
/// time that the plain encoder takes, which was most of the time that a large attachment took.
fn encode(raw: &[u8]) -> Bytes {
    base64_simd::STANDARD.encode_type::<Vec<u8>>(raw).into()
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.poll_piece(context));
        Poll::Ready(piece.map(|piece| {
            let piece = piece?;
            self.left = self.left.saturating_sub(piece.len() as u64);
            Ok(Frame::data(piece))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_announced_length_is_the_length_sent() {
        for size in [0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2] {
            let raw: Vec<u8> = (0..size).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
            let path = std::env::temp_dir().join(format!("mailferry-body-{}-{size}", std::process::id()));
            std::fs::write(&path, &raw).unwrap();
            let mut writer = Writer::default();
            writer.text().extend_from_slice(b"<");
            writer.base64(&raw.clone().into());
            writer.base64_file(path.clone(), size as u64);
            writer.text().extend_from_slice(b">");
            let segments = writer.segments();
            let announced: u64 = segments.iter().map(Segment::len).sum();
            let sent = Body::new(segments).collect().await.unwrap();
            std::fs::remove_file(path).unwrap();
            let encoded = STANDARD.encode(&raw);
            assert_eq!(sent.len() as u64, announced);
            assert_eq!(sent, format!("<{encoded}{encoded}>").into_bytes());
        }
    }

    #[tokio::test]
    async fn a_file_that_shrinks_is_an_error() {
        let path = std::env::temp_dir().join(format!("mailferry-body-short-{}", std::process::id()));
        std::fs::write(&path, b"short").unwrap();
        let body = Body::new(vec![Segment::Base64File { path: path.clone(), length: 6 }]);
        let error = body.collect().await.unwrap_err();
        std::fs::remove_file(path).unwrap();
        assert!(error.to_string().contains("shorter"), "{error}");
    }
}
