//! What can be typed after `mailferry events`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::SettingArgs;
use crate::inbox::age::When;

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
    pub(crate) since: When,
    /// Until when [default: a minute ago, since activities show a little late]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<When>,
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
