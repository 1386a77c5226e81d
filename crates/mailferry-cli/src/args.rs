//! Everything that can be typed.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::doctor::args::DoctorArgs;
use crate::emulate::args::EmulateArgs;
use crate::events::args::EventsArgs;
use crate::exit;
use crate::inbound::InboundArgs;
use crate::inbox::args::InboxArgs;
use crate::template::args::TemplateArgs;
use crate::webhook::args::WebhookArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Send transactional mail through MailerSend, and learn what became of every recipient.
#[derive(Debug, Parser)]
#[command(
    name = "mailferry",
    version,
    styles = STYLES,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = format!("\
Examples:
  mailferry demo                         see it work, without an account
  mailferry send message.json            send a message
  mailferry send --dry-run message.json  see the exact request instead
  mailferry check message.json           see what would be refused, and why
  mailferry webhook listen               receive events, and see them come
  mailferry config                       see the settings, and their sources
  mailferry doctor                       see what is wrong with the account

Settings such as MAILERSEND_API_TOKEN come from the environment or from
mailferry.toml; no flag takes a token, since everyone on a machine can read the
flags of every command.

{}", exit::HELP)
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Print results as JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read settings from this file [default: mailferry.toml, if there is one; or `MAILFERRY_CONFIG`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Show what caused an error, too
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colours; `NO_COLOR` is obeyed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(crate) color: ColorWhen,
}

/// When to use colours: auto, always or never.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal
    Auto,
    /// In files and pipes, too
    Always,
    /// Not at all
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See it work: starts an emulator and sends to it, without an account
    Demo,
    /// Send messages
    Send(Box<SendArgs>),
    /// Say what would be refused, and why, without a network
    Check(Box<CheckArgs>),
    /// Ask what became of a bulk send
    Bulk(BulkArgs),
    /// Receive webhooks, and verify, sign and read them by hand
    Webhook(WebhookArgs),
    /// Read mails that arrived
    Inbound(InboundArgs),
    /// See what was received, and hand it over again
    Inbox(InboxArgs),
    /// Ask for events that no webhook told
    Events(EventsArgs),
    /// Look for what is wrong with the account and the settings
    Doctor(DoctorArgs),
    /// Check templates, and rewrite their older syntax
    Template(TemplateArgs),
    /// Run MailerSend's API on this machine
    Emulate(Box<EmulateArgs>),
    /// Show every setting, and where it comes from
    Config(ConfigArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry send message.json
  generate-messages | mailferry send --json -
  mailferry send --from shop@example.com --to ann@example.com \\
      --subject 'It has shipped' --text 'See below.' --attach invoice.pdf
  mailferry send --dry-run message.json

A file holds one message as a JSON object, or many, one a line (JSON Lines).
Messages are sent one after the other; each has its result, and one that fails
does not keep the others. `mailferry send message.json` reads, for instance:
  {\"from\": \"Shop <shop@example.com>\", \"to\": [\"ann@example.com\"],
   \"subject\": \"Your order has shipped\", \"text\": \"It is on its way.\"}

See docs/command.md for all keys, the form of the results and the exit codes.")]
pub(crate) struct SendArgs {
    /// Print the exact requests, the token hidden, instead of making them
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry check message.json
  mailferry check --json messages.jsonl

Looks at what cannot be sent at all, at the limits that MailerSend documents,
and at what MailerSend would change without a word. Needs no token. Ends with
exit code 3 when a message would be refused.")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

/// Where messages come from.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files with a JSON message, or several; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) message: MessageArgs,
}

/// One message, field by field.
#[derive(Debug, Args, PartialEq, Default)]
#[command(next_help_heading = "A message in place of a file")]
pub(crate) struct MessageArgs {
    /// The sender: `ann@example.com` or `Ann <ann@example.com>`
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,
    /// A recipient, or several with commas between them
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// A recipient of a copy
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) cc: Vec<String>,
    /// A recipient of a hidden copy
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bcc: Vec<String>,
    /// Where answers go
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) reply_to: Vec<String>,
    /// The subject
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// The plain text
    #[arg(long, conflicts_with = "text_file")]
    pub(crate) text: Option<String>,
    /// A file with the plain text; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<PathBuf>,
    /// The HTML
    #[arg(long, conflicts_with = "html_file")]
    pub(crate) html: Option<String>,
    /// A file with the HTML; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) html_file: Option<PathBuf>,
    /// An extra header
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// A file to attach
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// A picture that the HTML shows by `cid:CONTENT-ID`; the id is the file's name unless given
    #[arg(long, value_name = "FILE[=CONTENT-ID]")]
    pub(crate) inline: Vec<String>,
    /// When to send: RFC 3339, a date, or Unix seconds
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) send_at: Option<String>,
    /// A tag for statistics
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Data to be returned with events
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) metadata: Vec<String>,
    /// Whether to track opens
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) track_opens: Option<bool>,
    /// Whether to track clicks
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) track_clicks: Option<bool>,
    /// A template stored at MailerSend
    #[arg(long, value_name = "ID")]
    pub(crate) template: Option<String>,
    /// A value for one recipient: `ann@example.com:name=Ann`
    #[arg(long, value_name = "ADDRESS:KEY=VALUE")]
    pub(crate) merge: Vec<String>,
    /// A value for all recipients
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) merge_global: Vec<String>,
    /// MailerSend's own parameters, a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) esp_extra: Option<String>,
    /// Where bounces go
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) envelope_sender: Option<String>,
}

/// Settings as flags, before those of the environment and the file. Never a secret.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Settings, before those of the environment and mailferry.toml")]
pub(crate) struct SettingArgs {
    /// The base URL of the API
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// How data by recipient goes to several: `use-bulk-email` or `expose-to-list`
    #[arg(long, value_name = "MODE")]
    pub(crate) batch_send_mode: Option<String>,
    /// What to do about broken limits: `refuse`, `warn` or `off`
    #[arg(long, value_name = "WHAT")]
    pub(crate) preflight: Option<String>,
    /// Send every message to this address alone
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) redirect_all_to: Option<String>,
    /// Send without what MailerSend cannot do, instead of refusing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) ignore_unsupported_features: Option<String>,
    /// Whether the account's plan allows extra headers
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) custom_headers: Option<String>,
    /// The zone of dates without one, such as `Europe/Prague`
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Seconds to wait for a connection and for each piece of the answer, or `none`
    #[arg(long, value_name = "SECONDS")]
    pub(crate) requests_timeout: Option<String>,
}

impl SettingArgs {
    /// Each setting that was given, by its name.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self {
            api_url,
            batch_send_mode,
            preflight,
            redirect_all_to,
            ignore_unsupported_features,
            custom_headers,
            time_zone,
            requests_timeout,
        } = self;
        [
            ("MAILERSEND_API_URL", api_url),
            ("MAILERSEND_BATCH_SEND_MODE", batch_send_mode),
            ("PREFLIGHT", preflight),
            ("REDIRECT_ALL_TO", redirect_all_to),
            ("IGNORE_UNSUPPORTED_FEATURES", ignore_unsupported_features),
            ("MAILERSEND_CUSTOM_HEADERS", custom_headers),
            ("TIME_ZONE", time_zone),
            ("REQUESTS_TIMEOUT", requests_timeout),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry bulk wait 6717e2c1a2b3c4d5e6f70819
  mailferry send --json batch.json > sent.jsonl
  mailferry bulk wait 6717e2c1a2b3c4d5e6f70819 --sent sent.jsonl

Ends with exit code 0 when the bulk send is completed without errors, 4 when
some of its messages were refused, and 5 while it is under way.")]
pub(crate) struct BulkArgs {
    #[command(subcommand)]
    pub(crate) command: BulkCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BulkCommand {
    /// Say how far MailerSend has come
    Status(BulkId),
    /// Wait until MailerSend is done with it
    Wait {
        /// Give up after this many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        timeout: u64,
        #[command(flatten)]
        id: BulkId,
    },
}

/// Which bulk send.
#[derive(Debug, Args)]
pub(crate) struct BulkId {
    /// Its id, as `mailferry send` printed it; `bulk:` in front does not matter
    pub(crate) id: String,
    /// What `mailferry send --json` printed, to say which recipient each outcome belongs to; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) sent: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry completions bash >> ~/.bash_completion
  mailferry completions fish > ~/.config/fish/completions/mailferry.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_make_sense_to_clap() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_a_terminal_of_80_columns() {
        let mut commands = vec![Cli::command()];
        while let Some(command) = commands.pop() {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in text.lines() {
                assert!(line.chars().count() < 80, "{}: {line}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn every_setting_given_as_a_flag_exists_and_is_no_secret() {
        let all = SettingArgs {
            api_url: Some(String::new()),
            batch_send_mode: Some(String::new()),
            preflight: Some(String::new()),
            redirect_all_to: Some(String::new()),
            ignore_unsupported_features: Some(String::new()),
            custom_headers: Some(String::new()),
            time_zone: Some(String::new()),
            requests_timeout: Some(String::new()),
        };
        assert_eq!(all.given().count(), 8);
        for (name, _) in all.given() {
            assert!(!mailferry::config::Setting::named(name).unwrap().secret, "{name}");
        }
    }
}
