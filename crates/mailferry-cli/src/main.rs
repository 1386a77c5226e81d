//! The mailferry command.

mod args;
mod bulk;
mod check;
mod config;
mod demo;
mod doctor;
mod dry_run;
mod emulate;
mod event_text;
mod events;
mod exit;
mod inbound;
mod inbox;
mod input;
mod log;
mod mail_text;
mod message;
mod output;
mod progress;
mod report;
mod send;
mod signals;
mod source;
mod table;
mod template;
mod webhook;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use mailferry::transport::{Error, ErrorKind};

use args::{Cli, ColorWhen, Command, Global};
use exit::Exit;
use output::{Failure, Output, io_text};

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => {
            let mut output = Output::new(&cli.global);
            let ended = run(cli, &mut output);
            end(ended, &mut output).into()
        }
        Err(error) => wrong_usage(&error).into(),
    }
}

fn run(cli: Cli, output: &mut Output) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Demo => in_all_threads(demo::run(output)),
        Command::Send(args) => in_one_thread(send::run(&global, *args, output)),
        Command::Check(args) => in_one_thread(check::run(&global, *args, output)),
        Command::Bulk(args) => in_one_thread(bulk::run(&global, args, output)),
        Command::Webhook(args) => webhook::run(&global, args, output),
        Command::Inbound(args) => inbound::run(&args, output),
        Command::Inbox(args) => in_one_thread(inbox::run(args, output)),
        Command::Events(args) => in_one_thread(events::run(&global, args, output)),
        Command::Doctor(args) => in_one_thread(doctor::run(&global, args, output)),
        Command::Template(args) => in_one_thread(template::run(args, output)),
        Command::Emulate(args) => in_all_threads(emulate::run(*args, output)),
        Command::Config(args) => config::show(&global, &args, output),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "mailferry", &mut script);
            output.write(&script)?;
            Ok(Exit::Done)
        }
    }
}

/// Messages are sent one after the other, which more threads would not hasten.
fn in_one_thread<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on(tokio::runtime::Builder::new_current_thread(), work)
}

fn in_all_threads<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on(tokio::runtime::Builder::new_multi_thread(), work)
}

fn block_on<T>(
    mut runtime: tokio::runtime::Builder,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let started = runtime.enable_all().build();
    let runtime = started.map_err(|cause| Failure::System("the network cannot be used", cause))?;
    let done = runtime.block_on(work);
    // Not waiting for threads that read: a pipe that nobody writes to would keep a command that is to end.
    runtime.shutdown_background();
    done
}

/// Says why a command ended, and how that is to be told to the caller.
fn end(ended: Result<Exit, Failure>, output: &mut Output) -> Exit {
    let failure = match ended {
        Ok(exit) => return exit,
        Err(failure) => failure,
    };
    match failure {
        Failure::Error(error) => match output.failure(None, &error) {
            Ok(()) => Exit::of(&error),
            Err(cause) => end(Err(Failure::Output(cause)), output),
        },
        // Whoever read the results has seen enough, and knows it.
        Failure::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Other,
        Failure::Output(cause) => {
            output.complain(format_args!("standard output cannot be written: {}", io_text(&cause)));
            Exit::Other
        }
        Failure::System(what, cause) => {
            output.complain(format_args!("{what}: {}", io_text(&cause)));
            Exit::Other
        }
    }
}

/// Prints help or version, or what is wrong with the arguments.
fn wrong_usage(error: &clap::Error) -> Exit {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    let global = Global { json: wants_json, config: None, verbose: false, color: ColorWhen::Auto };
    let mut output = Output::new(&global);
    if !error.use_stderr() || !wants_json {
        let printed = error.print();
        return match (error.use_stderr(), printed) {
            (true, _) => Exit::Usage,
            (false, Ok(())) => Exit::Done,
            (false, Err(cause)) => end(Err(Failure::Output(cause)), &mut output),
        };
    }
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let what = paragraphs.next().unwrap_or_default();
    let error = Error::new(ErrorKind::Config, what.trim_start_matches("error: ")).with_remedy("see mailferry --help");
    end(Err(Failure::Error(error)), &mut output)
}
