//! The flags of `mailferry emulate` about sending by SMTP.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use mailferry::transport::{Error, ErrorKind};
use mailferry_emulator::Builder;

use crate::output::io_text;

/// A port that sends as MailerSend's relay does.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sending by SMTP")]
pub(crate) struct SubmissionArgs {
    /// Send mails that are handed over by SMTP here, as MailerSend's relay; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(super) submission: Option<String>,
    /// Let this user log in there [default: anybody, and from other machines whoever has the token for a password]
    #[arg(long, value_name = "NAME:PASSWORD", requires = "submission")]
    submission_user: Vec<String>,
    /// Offer STARTTLS there with a certificate and its key, two PEM files, and take logins after it only
    #[arg(long, num_args = 2, value_names = ["CERTIFICATE", "KEY"], requires = "submission")]
    submission_tls: Vec<PathBuf>,
    /// Take logins before STARTTLS, too
    #[arg(long, requires = "submission_tls")]
    submission_plain: bool,
}

impl SubmissionArgs {
    /// Sets up what the flags say; where to listen is already found out.
    pub(super) fn apply(&self, builder: Builder, address: Option<SocketAddr>) -> Result<Builder, Error> {
        let Self { submission: _, submission_user, submission_tls, submission_plain } = self;
        let Some(address) = address else { return Ok(builder) };
        let mut builder = builder.submission(address).submission_login_in_clear(*submission_plain);
        for user in submission_user {
            let (name, password) = user.split_once(':').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                Error::new(ErrorKind::Config, "--submission-user: there is no name and password")
                    .with_remedy("give both, with a colon between them: --submission-user ann:sesame")
            })?;
            builder = builder.submission_user(name, password);
        }
        if let [certificate, key] = submission_tls.as_slice() {
            builder = builder.submission_tls(pem(certificate)?, pem(key)?);
        }
        Ok(builder)
    }
}

fn pem(path: &PathBuf) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|cause| {
        let text = format!("--submission-tls: {} cannot be read: {}", path.display(), io_text(&cause));
        Error::new(ErrorKind::Config, text)
            .with_remedy("give two PEM files: the certificate, and its key")
            .caused_by(cause)
    })
}
