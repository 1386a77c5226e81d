//! Everything that can be typed.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::exit;

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
  mailferry config                       see the settings, and their sources

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
    /// Ask for events that no webhook told
    Events(EventsArgs),
    /// Look for what is wrong with the account and the settings
    Doctor(DoctorArgs),
    /// Run MailerSend's API on this machine
    Emulate(EmulateArgs),
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
pub(crate) struct EventsArgs {
    #[command(subcommand)]
    pub(crate) command: EventsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Ask what happened during a time, as webhooks would have told it
    Backfill(BackfillArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry events backfill --domain shop.example --since 24h
  mailferry events backfill --domain shop.example --since 2026-11-01 \\
      --until 2026-11-02T12:00Z --inbox events.db
  mailferry events backfill --domain shop.example --since 7d --kind bounced

The events are those that webhooks tell, with the same ids, so that an inbox
knows what it has already. They are read from the activity API, ten questions a
minute of up to a hundred events, which knows neither links nor user agents.

Ends with exit code 0 when the whole time could be looked through, 4 when
MailerSend will not tell some of it, and 5 when it may be asked again.")]
pub(crate) struct BackfillArgs {
    /// Which domain: its name, or MailerSend's id of it
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) domain: String,
    /// From when: a date such as `2026-11-01T09:00Z`, or how long ago: `90s`, `30m`, `24h`, `7d`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: String,
    /// Until when [default: a minute ago, since activities show a little late]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
    /// Store the events in this inbox, which is made when it is missing
    #[arg(long, value_name = "FILE")]
    pub(crate) inbox: Option<PathBuf>,
    /// Only these: `bounced`, or in MailerSend's words `hard_bounced` [default: all]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) kind: Vec<String>,
    /// Ask for each mail which message it is of: one more question each
    #[arg(long)]
    pub(crate) message_ids: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry doctor
  mailferry doctor --domain shop.example
  mailferry doctor --json | jq 'select(.level == \"error\")'

Asks MailerSend only for what it has, changes nothing, and sends nothing. Ends
with exit code 0 when there is no error, and 2 when there is one.")]
pub(crate) struct DoctorArgs {
    /// Look only at this domain: its name, or MailerSend's id of it [default: at all of them]
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) domain: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry emulate
  mailferry emulate --limits documented --quota 100
  mailferry emulate --webhook http://127.0.0.1:8000/mailersend/tracking
  mailferry emulate --smtp 2525 \\
      --inbound-route http://127.0.0.1:8000/mailersend/inbound
  mailferry emulate --outcome '*@gone.example=hard_bounced' --delivery-delay 0
  mailferry emulate --listen 127.0.0.1:0 --json

Answers as MailerSend is documented to, keeps all mail in memory and delivers
none. What was sent is at /_emulator/emails below the address. Stops at Ctrl-C.

What becomes of a mail is said by its recipient: bounce@…, soft-bounce@…,
deferred@…, open@…, click@…, unsubscribe@… and complaint@… have the outcome that
they name, at any domain; all others are delivered.")]
pub(crate) struct EmulateArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2580")]
    pub(crate) listen: String,
    /// Listen where other machines can reach it
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Take this token [default: one made up for this run]
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Vec<String>,
    /// Take any token
    #[arg(long, conflicts_with = "token")]
    pub(crate) any_token: bool,
    /// How many requests a minute are taken: `documented` is 120 for email, 10 for bulk email, 60 for anything else
    #[arg(long, value_name = "WHICH", default_value = "none")]
    pub(crate) limits: Limits,
    /// How many requests a day are taken
    #[arg(long, value_name = "N")]
    pub(crate) quota: Option<u64>,
    /// How long a bulk send stays queued
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 300)]
    pub(crate) bulk_delay: u64,
    /// Put an address on the list of hard bounces
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) suppress: Vec<String>,
    /// Take mail from this domain and those below it, and from no other [default: from any]
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// Hold back what is sent from this domain
    #[arg(long, value_name = "NAME")]
    pub(crate) pause_domain: Vec<String>,
    /// Let tokens do only this, such as `email_full` or `activity_read` [default: everything]
    #[arg(long, value_name = "WORD", requires = "token")]
    pub(crate) scope: Vec<String>,
    /// Make ids, tokens and secrets from this number, so that they are the same each time
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) events: EmulatedEvents,
}

/// What is told to others.
#[derive(Debug, Args)]
#[command(next_help_heading = "What happens to mail, and who is told")]
pub(crate) struct EmulatedEvents {
    /// Post what happens to this URL, for all domains and events
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Vec<String>,
    /// In which form to post it: 1 or 2
    #[arg(long, value_name = "VERSION", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) webhook_version: u8,
    /// Post mails that arrive to this URL; they are taken for an address that is made up for it
    #[arg(long, value_name = "URL")]
    pub(crate) inbound_route: Vec<String>,
    /// Take mails for every address at this domain, too
    #[arg(long, value_name = "NAME", requires = "inbound_route")]
    pub(crate) inbound_domain: Option<String>,
    /// Take mails that arrive by SMTP here; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) smtp: Option<String>,
    /// How long it takes until a mail is delivered, and until its recipient opens it, and so on
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2_000)]
    pub(crate) delivery_delay: u64,
    /// What becomes of mails to an address, in which `*` stands for any letters: delivered, `soft_bounced`,
    /// `hard_bounced`, deferred, opened, clicked, unsubscribed or `spam_complaint`
    #[arg(long, value_name = "PATTERN=OUTCOME")]
    pub(crate) outcome: Vec<String>,
}

/// Requests a minute.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Limits {
    Documented,
    None,
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
