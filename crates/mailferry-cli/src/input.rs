//! Messages from files and standard input, one at a time, however many there are.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use mailferry::Message;
use mailferry::transport::{Error, ErrorKind};
use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use crate::args::{InputArgs, MessageArgs};
use crate::message;
use crate::output::{Failure, io_text, printable};

/// The longest JSON of one message: far beyond any that a service takes, and little enough to hold.
const MOST_BYTES: usize = 256 << 20;

/// Where messages come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The command line.
    Flags(Box<Result<Message, Error>>),
}

impl Source {
    /// A path, where `-` is standard input.
    fn new(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }

    /// How many bytes it has, when that can be known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::File(path) => path.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len()),
            Self::Stdin | Self::Flags(_) => None,
        }
    }
}

/// One message, or why it is none.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) place: Place,
    /// How many bytes of the source it took.
    pub(crate) bytes: u64,
    pub(crate) message: Result<Message, Error>,
}

/// Where a message was found.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    source: Arc<str>,
    /// Given when the source may hold several.
    line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// Where the messages are, as the arguments say.
pub(crate) fn sources(input: InputArgs) -> Result<Vec<Source>, Error> {
    let InputArgs { files, message } = input;
    match (files.is_empty(), message == MessageArgs::default()) {
        (false, true) => Ok(files.into_iter().map(Source::new).collect()),
        (true, false) => Ok(vec![Source::Flags(Box::new(message::from_flags(message)?))]),
        (true, true) => Err(Error::new(ErrorKind::Config, "there is no message to work on")
            .with_remedy("name a file, `-` for standard input, or flags such as --to")),
        (false, false) => Err(Error::new(ErrorKind::Config, "a file and flags both describe a message")
            .with_remedy("name files, or use flags such as --to, but not both")),
    }
}

/// Reads all sources in a thread of its own, a message ahead: a slow writer of standard input must not keep the
/// connection to the service from being looked after.
pub(crate) fn messages(sources: Vec<Source>) -> Result<mpsc::Receiver<Item>, Failure> {
    let (sender, receiver) = mpsc::channel(1);
    let reader = std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        for source in sources {
            let mut sink = Sink { source: "".into(), sender: &sender };
            if read(source, &mut sink).is_err() {
                // Nobody listens any more.
                return;
            }
        }
    });
    reader.map_err(|cause| Failure::System("no thread can be started", cause))?;
    Ok(receiver)
}

/// The receiver is gone.
struct Gone;

struct Sink<'a> {
    source: Arc<str>,
    sender: &'a mpsc::Sender<Item>,
}

impl Sink<'_> {
    fn put(&self, line: Option<u64>, bytes: usize, message: Result<Message, Error>) -> Result<(), Gone> {
        let place = Place { source: Arc::clone(&self.source), line };
        self.sender.blocking_send(Item { place, bytes: bytes as u64, message }).map_err(|_| Gone)
    }

    fn refuse(&self, line: Option<u64>, text: impl Into<String>, remedy: &str) -> Result<(), Gone> {
        let error = Error::new(ErrorKind::InvalidMessage, text);
        self.put(line, 0, Err(if remedy.is_empty() { error } else { error.with_remedy(remedy) }))
    }

    fn unreadable(&self, cause: io::Error) -> Result<(), Gone> {
        let text = format!("cannot be read: {}", io_text(&cause));
        let remedy = match cause.kind() {
            io::ErrorKind::NotFound => "check the path; it is relative to the current directory",
            io::ErrorKind::IsADirectory => "name the files in it",
            _ => "check the path and its permissions",
        };
        self.put(None, 0, Err(Error::new(ErrorKind::InvalidMessage, text).with_remedy(remedy).caused_by(cause)))
    }
}

fn read(source: Source, sink: &mut Sink<'_>) -> Result<(), Gone> {
    match source {
        Source::Flags(message) => {
            sink.source = "command line".into();
            sink.put(None, 0, *message)
        }
        Source::Stdin => {
            sink.source = "standard input".into();
            let input = BufReader::with_capacity(1 << 16, io::stdin().lock());
            documents(input, Form { one_a_line: false, may_pause: true }, sink)
        }
        Source::File(path) => {
            sink.source = printable(&path.display().to_string()).into();
            let one_a_line = path
                .extension()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("jsonl") || kind.eq_ignore_ascii_case("ndjson"));
            let form = Form { one_a_line, may_pause: Source::File(path.clone()).length().is_none() };
            let opened = File::open(&path).and_then(|file| {
                if file.metadata()?.is_dir() {
                    Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"))
                } else {
                    Ok(file)
                }
            });
            match opened {
                Ok(file) => documents(BufReader::with_capacity(1 << 16, file), form, sink),
                Err(cause) => sink.unreadable(cause),
            }
        }
    }
}

/// What is known of a source beforehand.
#[derive(Clone, Copy)]
struct Form {
    /// Its name says that there is a message in each line.
    one_a_line: bool,
    /// Whoever writes it may take their time.
    may_pause: bool,
}

/// Finds out whether there is one message a line or a message over several lines, and reads on.
fn documents(input: impl BufRead, form: Form, sink: &Sink<'_>) -> Result<(), Gone> {
    let mut lines = Lines { input, number: 0 };
    let first = match lines.next_filled() {
        Ok(Some(first)) => first,
        Ok(None) => return sink.refuse(None, "holds no message: it is empty", "give a message as a JSON object"),
        Err(cause) => return sink.unreadable(cause),
    };
    if first.json.starts_with(b"\xff\xfe") || first.json.starts_with(b"\xfe\xff") {
        return sink.refuse(None, "is in UTF-16", "save it in UTF-8");
    }
    let start = first.number;
    let Form { one_a_line, may_pause } = form;
    // Only where nobody has to be waited for.
    let is_alone = !one_a_line && !may_pause && lines.input.fill_buf().is_ok_and(<[u8]>::is_empty);
    if is_alone && !first.too_long {
        return parsed(sink, None, start, first.json.trim_ascii_end());
    }
    if one_a_line || first.too_long || is_whole(&first.json) {
        return one_by_line(first, lines, sink);
    }
    let second = match lines.next_filled() {
        Ok(Some(second)) => second,
        // All there is.
        Ok(None) => return parsed(sink, None, start, first.json.trim_ascii_end()),
        Err(cause) => return sink.unreadable(cause),
    };
    if second.too_long {
        return too_long(sink, None);
    }
    let goes_on = first.json.trim_ascii_end().last().is_some_and(|last| b"{[,:".contains(last));
    if second.json.trim_ascii_start().starts_with(b"{") && !goes_on {
        // The first line is a bad one of many.
        let rest = Lines { input: Cursor::new(second.json).chain(lines.input), number: second.number - 1 };
        one_by_line(first, rest, sink)
    } else if first.json.trim_ascii_start().starts_with(b"{") || first.json.trim_ascii_start().starts_with(b"[") {
        let gap = vec![b'\n'; usize::try_from(second.number - start).unwrap_or(1).saturating_sub(1)];
        let begun = Cursor::new([first.json, gap, second.json].concat());
        over_lines(begun.chain(lines.input), start, sink)
    } else {
        parsed(sink, None, start, first.json.trim_ascii_end())
    }
}

/// Whether a line is a JSON value, though maybe no message.
fn is_whole(json: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(json).is_ok()
}

fn one_by_line(first: Line, mut lines: Lines<impl BufRead>, sink: &Sink<'_>) -> Result<(), Gone> {
    let mut line = first;
    loop {
        let place = Some(line.number);
        if line.too_long {
            too_long(sink, place)?;
        } else {
            // Without the line's end, which would be part of a text that was cut off.
            parsed(sink, place, line.number, line.json.trim_ascii_end())?;
        }
        line = match lines.next_filled() {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(cause) => return sink.unreadable(cause),
        };
    }
}

fn too_long(sink: &Sink<'_>, line: Option<u64>) -> Result<(), Gone> {
    let text = format!("the message's JSON is longer than {} MiB", MOST_BYTES >> 20);
    sink.refuse(line, text, "attach large files by `path` instead of `content`")
}

fn parsed(sink: &Sink<'_>, line: Option<u64>, first_line: u64, json: &[u8]) -> Result<(), Gone> {
    let message = Message::from_json(json).map_err(|invalid| not_json(json, first_line).unwrap_or(invalid.into()));
    sink.put(line, json.len(), message)
}

/// What is wrong with text that is not JSON, with the line of the file and not of the message. `None` for JSON.
fn not_json(json: &[u8], first_line: u64) -> Option<Error> {
    let cause = serde_json::from_slice::<IgnoredAny>(json).err()?;
    let line = first_line + (cause.line() as u64).saturating_sub(1);
    let what = if cause.is_eof() {
        "the JSON ends too early: it was cut off, or a bracket or quote is not closed".to_owned()
    } else {
        let words = cause.to_string();
        format!("not JSON that can be read: {}", words.split(" at line ").next().unwrap_or_default())
    };
    Some(Error::new(ErrorKind::InvalidMessage, format!("`line {line}, column {}`: {what}", cause.column())))
}

/// One or several values, each over as many lines as it likes.
fn over_lines(mut input: impl BufRead, first_line: u64, sink: &Sink<'_>) -> Result<(), Gone> {
    let mut line = first_line;
    loop {
        let mut value = Value { start: line, ..Value::default() };
        if let Err(cause) = value.read(&mut input) {
            return sink.unreadable(cause);
        }
        let place = (value.start > first_line).then_some(value.start);
        if value.json.is_empty() {
            return Ok(());
        }
        if value.json.len() > MOST_BYTES {
            return too_long(sink, place);
        }
        parsed(sink, place, value.start, &value.json)?;
        if not_json(&value.json, 0).is_some() {
            // Where the next value begins is anybody's guess.
            return Ok(());
        }
        line = value.start + value.lines;
    }
}

/// The text of one value, found by its brackets.
#[derive(Default)]
struct Value {
    json: Vec<u8>,
    /// The line it starts at, and how many line ends are in it.
    start: u64,
    lines: u64,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Value {
    /// Reads until the brackets are closed, or the end.
    fn read(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        loop {
            let chunk = match input.fill_buf() {
                Ok(chunk) => chunk,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(cause),
            };
            if chunk.is_empty() {
                return Ok(());
            }
            let mut used = 0;
            let mut done = false;
            for &byte in chunk {
                used += 1;
                if self.takes(byte) {
                    self.json.push(byte);
                    done = self.depth == 0 || self.json.len() > MOST_BYTES;
                    if done {
                        break;
                    }
                }
            }
            input.consume(used);
            if done {
                return Ok(());
            }
        }
    }

    /// Whether a byte belongs to the value: what is in front of it does not.
    fn takes(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            *(if self.json.is_empty() { &mut self.start } else { &mut self.lines }) += 1;
        }
        if self.json.is_empty() && byte.is_ascii_whitespace() {
            return false;
        }
        if self.in_text {
            self.in_text = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return true;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        true
    }
}

struct Lines<R> {
    input: R,
    number: u64,
}

/// A line that is not blank, with its end.
struct Line {
    json: Vec<u8>,
    number: u64,
    too_long: bool,
}

impl<R: BufRead> Lines<R> {
    fn next_filled(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut json = Vec::new();
            let most = MOST_BYTES as u64 + 1;
            if self.input.by_ref().take(most).read_until(b'\n', &mut json)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let too_long = json.len() as u64 == most && json.last() != Some(&b'\n');
            if too_long {
                json.clear();
                self.skip()?;
            }
            if self.number == 1 && json.starts_with(b"\xef\xbb\xbf") {
                json.drain(..3);
            }
            if too_long || !json.trim_ascii().is_empty() {
                return Ok(Some(Line { json, number: self.number, too_long }));
            }
        }
    }

    /// Goes to the next line without keeping this one.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.input.fill_buf()?;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let used = end.map_or(chunk.len(), |end| end + 1);
            let done = end.is_some() || chunk.is_empty();
            self.input.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}
