//! `mailferry template convert`: the older syntax becomes the newer one.

use std::fs;
use std::io;
use std::path::Path;

use mailferry::transport::{Error, ErrorKind};
use mailferry_emulator::twig::{Braces, Converted, to_advanced};
use serde::Serialize;

use super::args::ConvertArgs;
use super::{is_stdin, message, name, read, usage};
use crate::exit::Exit;
use crate::output::{Failure, Output, io_text, printable};

/// What became of one file.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) text: String,
    pub(super) changes: Vec<Changed>,
    pub(super) left: Vec<Left>,
}

#[derive(Serialize)]
pub(super) struct Changed {
    /// Where: a line, or a field of a message.
    pub(super) at: String,
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Serialize)]
pub(super) struct Left {
    pub(super) at: String,
    pub(super) token: String,
    pub(super) reason: String,
}

#[derive(Serialize)]
struct Told<'a> {
    input: &'a str,
    changes: &'a [Changed],
    left: &'a [Left],
    /// Null when the file itself was written.
    text: Option<&'a str>,
}

impl Outcome {
    /// Keeps what became of one text, whose lines are those of `place`; gives the text.
    pub(super) fn add(&mut self, place: &str, converted: Converted) -> String {
        let Converted { text, changes, left, .. } = converted;
        let at = |line: usize| if place.is_empty() { format!("line {line}") } else { format!("{place}, line {line}") };
        self.changes.extend(changes.into_iter().map(|change| Changed {
            at: at(change.line),
            from: change.from,
            to: change.to,
        }));
        self.left.extend(left.into_iter().map(|left| Left {
            at: at(left.line),
            token: left.token,
            reason: left.reason,
        }));
        text
    }
}

/// Runs the command.
pub(super) fn run(args: &ConvertArgs, output: &mut Output) -> Result<Exit, Failure> {
    let ConvertArgs { files, message, write, keep_tags } = args;
    if *write && files.iter().any(|file| is_stdin(file)) {
        return Err(usage("standard input cannot be written in place", "leave out --write, or name a file").into());
    }
    if files.len() > 1 && !*write && !output.json {
        return Err(
            usage("several templates would be printed as one", "use --write or --json, or name one file").into()
        );
    }
    let braces = if *keep_tags { Braces::Keep } else { Braces::Quote };
    let mut worst = Exit::Done;
    for file in files {
        let source = read(file)?;
        let outcome =
            if *message { message::convert(&name(file), &source, braces)? } else { template(&source, braces) };
        if *write && outcome.text != source {
            replace(file, &outcome.text)?;
        }
        if !outcome.left.is_empty() {
            worst = Exit::Refused;
        }
        tell(file, &outcome, *write, output)?;
    }
    Ok(worst)
}

fn template(source: &str, braces: Braces) -> Outcome {
    let mut outcome = Outcome::default();
    let converted = to_advanced(source, braces);
    // Without a token there is nothing to rewrite, and braces mean what they have always meant.
    let has_tokens = !converted.left.is_empty() || converted.changes.iter().any(|change| change.from.starts_with("{$"));
    if has_tokens {
        outcome.text = outcome.add("", converted);
    } else {
        source.clone_into(&mut outcome.text);
    }
    outcome
}

/// Writes a file anew, so that it is never there in part.
fn replace(file: &Path, text: &str) -> Result<(), Error> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(file)?.permissions()))
        .and_then(|()| fs::rename(&beside, file));
    written.map_err(|cause| {
        let _ = fs::remove_file(&beside);
        let said = format!("{} cannot be written: {}", name(file), io_text(&cause));
        Error::new(ErrorKind::Config, said).with_remedy("look at who may write there").caused_by(cause)
    })
}

fn tell(file: &Path, outcome: &Outcome, write: bool, output: &mut Output) -> io::Result<()> {
    let Outcome { text, changes, left } = outcome;
    let input = name(file);
    if output.json {
        return output.object(&Told { input: &input, changes, left, text: (!write).then_some(text) });
    }
    for Changed { at, from, to } in changes {
        output.say(format_args!("{input}, {at}: {} is now {}", printable(from), printable(to)));
    }
    for Left { at, token, reason } in left {
        output.warning(format_args!("{input}, {at}: {} is left: {}", printable(token), printable(reason)));
    }
    if changes.is_empty() && left.is_empty() {
        output.say(format_args!("{input}: nothing to rewrite"));
    }
    if !write {
        output.write(text.as_bytes())?;
    }
    Ok(())
}
