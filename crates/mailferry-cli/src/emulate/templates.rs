//! Templates of the emulated account, and how strictly they are read.

use std::path::PathBuf;

use clap::Args;
use mailferry::transport::{Error, ErrorKind};
use mailferry_emulator::{Builder, Template};

use crate::output::io_text;

/// Which templates there are, and what becomes of their variables.
#[derive(Debug, Args)]
#[command(next_help_heading = "Templates")]
pub(crate) struct EmulatedTemplates {
    /// Have the templates in this folder, and no others: each NAME.html, with its text in NAME.txt
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
    /// Refuse messages whose templates use a variable that a recipient has no value for
    #[arg(long)]
    pub(crate) strict_variables: bool,
    /// Replace `{$name}` by the values of `variables`, as MailerSend used to
    #[arg(long)]
    pub(crate) simple_variables: bool,
}

impl EmulatedTemplates {
    pub(super) fn apply(&self, builder: Builder) -> Result<Builder, Error> {
        let Self { templates, strict_variables, simple_variables } = self;
        let builder = builder.strict_variables(*strict_variables).simple_variables(*simple_variables);
        let Some(folder) = templates else { return Ok(builder) };
        // Once in advance, so that a mistake is told as one of this flag.
        Template::read_folder(folder).map_err(|cause| {
            Error::new(ErrorKind::Config, format!("--templates: {}", io_text(&cause)))
                .with_remedy("see docs/emulator.md for the form of the files")
                .caused_by(cause)
        })?;
        Ok(builder.template_folder(folder))
    }
}
