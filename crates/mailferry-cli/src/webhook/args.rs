//! What can be typed after `mailferry webhook`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct WebhookArgs {
    #[command(subcommand)]
    pub(crate) command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Receive webhooks: show each event, or hand it to a program or a URL
    Listen(Box<ListenArgs>),
    /// Verify a body and show the event in it
    Parse(VerifyArgs),
    /// Say whether a signature is right
    Verify(VerifyArgs),
    /// Print the signature of a body
    Sign(SignArgs),
}

/// Which endpoint, and with it which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EndpointName {
    /// Webhooks, signed with `MAILERSEND_SIGNING_SECRET`
    Tracking,
    /// Mails that arrive, signed with `MAILERSEND_INBOUND_SECRET`
    Inbound,
}

/// A request's body.
#[derive(Debug, Args)]
pub(crate) struct BodyArgs {
    /// The body, byte by byte as it came; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// Where it came in, or goes to: `tracking` or `inbound`
    #[arg(long, value_name = "WHICH", default_value = "tracking", hide_possible_values = true)]
    pub(crate) endpoint: EndpointName,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry webhook sign < body.json
  curl -H \"Signature: $(mailferry webhook sign body.json)\" \\
      --data-binary @body.json http://127.0.0.1:2581/mailersend/tracking

Signs with the first secret in MAILERSEND_SIGNING_SECRET, or with --endpoint
inbound in MAILERSEND_INBOUND_SECRET. No flag takes a secret, since everyone on
a machine can read the flags of every command. With --json: {\"signature\"}.")]
pub(crate) struct SignArgs {
    #[command(flatten)]
    pub(crate) body: BodyArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry webhook verify --signature 7fb29be5…94c2 < body.json
  mailferry webhook parse --signature 7fb29be5…94c2 < body.json
  mailferry webhook parse --endpoint inbound --signature 7fb2…94c2 mail.json

Give the body byte by byte: one line break more, and the signature is another.
The secrets are those of the settings MAILERSEND_SIGNING_SECRET and
MAILERSEND_INBOUND_SECRET. Ends with exit code 4 when the signature is missing
or wrong, and `parse` with 3 when a signed body cannot be read.")]
pub(crate) struct VerifyArgs {
    /// The value of the request's header `Signature`
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    pub(crate) signature: Option<OsString>,
    #[command(flatten)]
    pub(crate) body: BodyArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry webhook listen
  mailferry webhook listen --json | jq -r .recipient
  mailferry webhook listen --forward http://127.0.0.1:3000/mail-events
  mailferry webhook listen -- ./on-event --verbose

An event is verified, stored in the inbox, and then acknowledged. After that it
is shown, and handed to the URL and the program that were given: each at least
once, tried again when it fails, and after a restart if it has to be. A program
reads the event as JSON from its standard input, and is done with it when it
ends with 0; its standard output goes to standard error. A URL is sent the same
JSON, and is done when it answers 2xx.

Secrets come from the settings MAILERSEND_SIGNING_SECRET (webhooks) and
MAILERSEND_INBOUND_SECRET (inbound routes). Without MailerSend, make up one:
  export MAILERSEND_SIGNING_SECRET=test
  mailferry webhook listen
It prints what to type in another terminal. Ctrl-C lets what has begun finish.

`mailferry inbox` shows what was received, also while this runs.")]
pub(crate) struct ListenArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2581")]
    pub(crate) listen: String,
    /// Listen where other machines can reach it
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// A path in front of those of the endpoints
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// The file with the inbox; it is made when it is missing
    #[arg(long, value_name = "FILE", default_value = crate::inbox::USUAL_FILE)]
    pub(crate) inbox: PathBuf,
    /// Keep nothing: show each event, and only then acknowledge it
    #[arg(long, conflicts_with_all = ["inbox", "forward", "program", "from_now", "attempts"])]
    pub(crate) no_inbox: bool,
    /// Send each event to this URL
    #[arg(long, value_name = "URL")]
    pub(crate) forward: Option<String>,
    /// A program, with its arguments, to be run for each event
    #[arg(last = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,
    /// Show or hand over only what comes from now on, and not what the inbox has already, when it does so the first time
    #[arg(long)]
    pub(crate) from_now: bool,
    /// How many seconds the program or the URL may take for an event
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86400))]
    pub(crate) timeout: u32,
    /// How often an event is tried before it is given up; 20 times are about nine hours
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) attempts: u32,
    /// How many events are handed over at once; one keeps them in order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: u16,
}
