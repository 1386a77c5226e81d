//! `mailferry template`: templates, without sending them.

pub(crate) mod args;
mod check;
mod convert;
mod message;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use mailferry::transport::{Error, ErrorKind};

use crate::exit::Exit;
use crate::output::{Failure, Output, io_text};
use args::{TemplateArgs, TemplateCommand};

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Runs the command.
pub(crate) async fn run(args: TemplateArgs, output: &mut Output) -> Result<Exit, Failure> {
    match args.command {
        TemplateCommand::Check(args) => check::run(args, output).await,
        TemplateCommand::Convert(args) => convert::run(&args, output),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// How a file is called in what is said about it.
fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The text of a file, or of standard input.
fn read(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let read = |text: &mut String| -> io::Result<usize> {
        if is_stdin(path) {
            io::stdin().lock().take(MOST_BYTES).read_to_string(text)
        } else {
            fs::File::open(path)?.take(MOST_BYTES).read_to_string(text)
        }
    };
    match read(&mut text) {
        Ok(_) => Ok(text),
        Err(cause) => {
            let said = format!("{} cannot be read: {}", name(path), io_text(&cause));
            Err(Error::new(ErrorKind::InvalidMessage, said).with_remedy("give a file in UTF-8").caused_by(cause))
        }
    }
}

fn usage(text: impl Into<String>, remedy: &str) -> Error {
    Error::new(ErrorKind::Config, text).with_remedy(remedy)
}
