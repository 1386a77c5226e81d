//! What can be typed after `mailferry template`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct TemplateArgs {
    #[command(subcommand)]
    pub(crate) command: TemplateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Find mistakes in a template, and variables that recipients have no values for
    Check(TemplateCheckArgs),
    /// Rewrite the older syntax, `{$name}`, in the newer one, `{{ name }}`
    Convert(ConvertArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry template check shipped.html
  mailferry template check shipped.html --message message.json
  mailferry template check shipped.html --data ann.json \\
      --subject 'Hi {{ name }}'

The text in shipped.txt, if there is such a file, is checked with it. Ends with
exit code 3 when something is wrong: a mistake, a variable without a value, or
the older syntax. Data that nothing uses are a warning. Needs no token.")]
pub(crate) struct TemplateCheckArgs {
    /// The HTML of the template; `-` is standard input
    pub(crate) template: PathBuf,
    /// Compare it with the data of every recipient of the messages in this file
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub(crate) message: Option<PathBuf>,
    /// Compare it with the data of one recipient, a JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Check this subject in place of the template's and the message's
    #[arg(long)]
    pub(crate) subject: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry template convert old.html > new.html
  mailferry template convert --write templates/*.html templates/*.txt
  mailferry template convert --message message.json

Braces that mean nothing to the older syntax and something to the newer one are
quoted, so that readers see the same as before. `--message` takes JSON messages
instead, with `variables` in MailerSend's form; these become `personalization`.
What is changed is told on standard error. Ends with exit code 3 when something
could not be rewritten and was left as it was.")]
pub(crate) struct ConvertArgs {
    /// Templates; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The files are messages in JSON, one or several
    #[arg(long)]
    pub(crate) message: bool,
    /// Write each file in place instead of printing it
    #[arg(long)]
    pub(crate) write: bool,
    /// Leave `{{`, `{%` and `{#` alone: the templates use the newer syntax already
    #[arg(long)]
    pub(crate) keep_tags: bool,
}
