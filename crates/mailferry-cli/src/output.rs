//! The only way to standard output and standard error.

use std::fmt::Display;
use std::io::{self, Stderr, Stdout, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Color, Style};
use mailferry::transport::{Error, Status};
use serde::Serialize;

use crate::args::{ColorWhen, Global};
use crate::report::Failed;

pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const OK: Style = colored(AnsiColor::Green).bold();
pub(crate) const ERROR: Style = colored(AnsiColor::Red).bold();
pub(crate) const WARNING: Style = colored(AnsiColor::Yellow).bold();
const HELP: Style = colored(AnsiColor::Cyan).bold();

const fn colored(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

/// The colour of a recipient's status.
pub(crate) const fn status_style(status: Status) -> Style {
    colored(match status {
        Status::Sent | Status::Queued => AnsiColor::Green,
        Status::Unknown => AnsiColor::Yellow,
        Status::Invalid | Status::Rejected | Status::Failed => AnsiColor::Red,
    })
}

/// Why a command ends before its time.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What it was to do cannot be done.
    Error(Error),
    /// Standard output does not take any more.
    Output(io::Error),
    /// The operating system does not help: what was asked of it, and its answer.
    System(&'static str, io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Results go to standard output, everything else to standard error.
pub(crate) struct Output {
    /// Whether results are JSON, one object a line.
    pub(crate) json: bool,
    /// Whether errors come with their causes.
    pub(crate) verbose: bool,
    stdout: AutoStream<Stdout>,
    stderr: AutoStream<Stderr>,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let choice = match global.color {
            ColorWhen::Auto => anstream::ColorChoice::Auto,
            ColorWhen::Always => anstream::ColorChoice::Always,
            ColorWhen::Never => anstream::ColorChoice::Never,
        };
        Self {
            json: global.json,
            verbose: global.verbose,
            stdout: AutoStream::new(io::stdout(), choice),
            stderr: AutoStream::new(io::stderr(), choice),
        }
    }

    /// Whether standard error shows colours.
    pub(crate) fn colors_errors(&self) -> bool {
        !matches!(self.stderr.current_choice(), anstream::ColorChoice::Never)
    }

    /// One line of a result for people.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// One result as JSON.
    pub(crate) fn object(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value).map_err(io::Error::other)?;
        line.push(b'\n');
        self.write(&line)
    }

    /// Bytes as they are: a completion script.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdout.write_all(bytes)?;
        // Whoever reads a pipe is to have each result at once.
        self.stdout.flush()
    }

    /// A failure: as a result with `--json`, else for people.
    pub(crate) fn failure(&mut self, place: Option<&str>, error: &Error) -> io::Result<()> {
        if self.json {
            self.object(&Failed::new(place, error))?;
            if self.verbose {
                self.causes(error);
            }
            return Ok(());
        }
        self.error(place, error);
        Ok(())
    }

    /// An error and what to do about it, on standard error.
    pub(crate) fn error(&mut self, place: Option<&str>, error: &Error) {
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        let problems = error.problems().iter().map(ToString::to_string);
        let details: Vec<_> = problems.chain(error.preflight().iter().map(ToString::to_string)).collect();
        match details.as_slice() {
            // On a terminal of the sender's own, addresses need not be masked as they are in the error's text.
            [only] => self.complain(format_args!("{place}{}", printable(only))),
            [] => self.complain(format_args!("{place}{}", printable(&error.to_string()))),
            several => {
                self.complain(format_args!("{place}{} things are wrong with the message", several.len()));
                for detail in several {
                    self.say(format_args!("  {}", printable(detail)));
                }
            }
        }
        if !error.preflight().is_empty() {
            self.help("correct the message, or leave it to the service to judge: --preflight=warn");
        }
        if let Some(meaning) = error.meaning() {
            let code = error.code().unwrap_or_default();
            self.say(format_args!("{HELP}note:{HELP:#} {code} means: {meaning}"));
        }
        if let Some(remedy) = error.remedy() {
            self.help(remedy);
        }
        if self.verbose {
            self.causes(error);
        }
    }

    fn causes(&mut self, error: &Error) {
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            self.say(format_args!("{FAINT}caused by:{FAINT:#} {}", printable(&inner.to_string())));
            cause = inner.source();
        }
        if let Some(response) = error.response() {
            let body = String::from_utf8_lossy(response.body());
            self.say(format_args!("{FAINT}answer:{FAINT:#} {} {}", response.status(), printable(body.trim_end())));
        }
    }

    /// An error of the command's surroundings.
    pub(crate) fn complain(&mut self, text: impl Display) {
        self.say(format_args!("{ERROR}error:{ERROR:#} {text}"));
    }

    /// Something that is not as it was probably meant.
    pub(crate) fn warning(&mut self, text: impl Display) {
        self.say(format_args!("{WARNING}warning:{WARNING:#} {text}"));
    }

    /// What to do next.
    pub(crate) fn help(&mut self, text: impl Display) {
        self.say(format_args!("{HELP}help:{HELP:#} {text}"));
    }

    /// A line on standard error. That it cannot be written can be told nowhere.
    pub(crate) fn say(&mut self, text: impl Display) {
        let _ = writeln!(self.stderr, "{text}");
    }
}

/// Says that a signal was understood, while the output is in use.
pub(crate) fn tell_of_stopping() {
    let text = "stopping when the message under way has its answer; a second time ends at once";
    let _ = writeln!(anstream::stderr(), "{WARNING}warning:{WARNING:#} {text}");
}

/// Foreign text without what would move a terminal's cursor or change its colours.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// What an operating system's error says, without its number.
pub(crate) fn io_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}
