//! `mailferry inbound`: mails that arrived.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mailferry::InboundMessage;
use mailferry::transport::Error;

use crate::exit::Exit;
use crate::mail_text;
use crate::output::{Failure, HEADING, Output};
use crate::source;

/// The longest mail: ten times what MailerSend takes, and little enough to hold.
const MOST_BYTES: usize = 256 << 20;

#[derive(Debug, Args)]
pub(crate) struct InboundArgs {
    #[command(subcommand)]
    pub(crate) command: InboundCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InboundCommand {
    /// Show what is in a mail
    Parse(ParseArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry inbound parse mail.eml
  mailferry inbound parse --json mail.eml | jq -r .subject
  mailferry inbound parse - < mail.eml

Reads mails as they go over the wire (MIME). What is broken in one is listed as
a problem and costs no more than the part it is in. The content of files is
left out; --json gives their sizes and SHA-256. The envelope, SPF and DKIM are
not in a mail itself: `mailferry webhook parse --endpoint inbound` shows them.")]
pub(crate) struct ParseArgs {
    /// The mails; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &InboundArgs, output: &mut Output) -> Result<Exit, Failure> {
    let InboundCommand::Parse(ParseArgs { files }) = &args.command;
    let mut worst = Exit::Done;
    for (index, path) in files.iter().enumerate() {
        match read(path) {
            Ok(message) => {
                if files.len() > 1 && !output.json {
                    head(index, path, output)?;
                }
                if output.json { output.object(&message.to_json())? } else { mail_text::print(&message, output)? }
            }
            Err(error) => {
                output.failure(None, &error)?;
                worst = worst.max(Exit::of(&error));
            }
        }
    }
    Ok(worst)
}

fn read(path: &Path) -> Result<InboundMessage, Error> {
    source::read(path, "a mail", MOST_BYTES).map(InboundMessage::from_bytes)
}

fn head(index: usize, path: &Path, output: &mut Output) -> io::Result<()> {
    if index > 0 {
        output.line("")?;
    }
    output.line(format_args!("{HEADING}{}{HEADING:#}", source::name(path)))
}
