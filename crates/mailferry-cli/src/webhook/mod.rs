//! `mailferry webhook`: receiving what MailerSend tells.

mod announce;
pub(crate) mod args;
mod forward;
mod listen;
mod print;
mod program;
mod signature;

use crate::args::Global;
use crate::exit::Exit;
use crate::output::{Failure, Output};
use args::{WebhookArgs, WebhookCommand};

/// Runs the command.
pub(crate) fn run(global: &Global, args: WebhookArgs, output: &mut Output) -> Result<Exit, Failure> {
    match args.command {
        WebhookCommand::Listen(args) => crate::in_all_threads(listen::run(global, *args, output)),
        WebhookCommand::Parse(args) => signature::parse(global, &args, output),
        WebhookCommand::Verify(args) => signature::verify(global, &args, output),
        WebhookCommand::Sign(args) => signature::sign(global, &args, output),
    }
}
