//! What can be typed after `mailferry inbox`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use mailferry_store::State;

use super::age::{Age, When};

/// The file that is meant when none is named, in the current directory.
pub(crate) const USUAL_FILE: &str = "mailferry-inbox.db";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry inbox list --kind bounced --since 2d
  mailferry inbox show 17
  mailferry inbox replay --dead --dry-run
  mailferry inbox stats

All of it but `forget` may be done while `mailferry webhook listen` runs. An
inbox has people's addresses in it; `prune` takes away what is older than it
need be.")]
pub(crate) struct InboxArgs {
    /// The file with the inbox
    #[arg(long, global = true, value_name = "FILE", default_value = USUAL_FILE)]
    pub(crate) inbox: PathBuf,
    #[command(subcommand)]
    pub(crate) command: InboxCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// List what was received, the latest first
    List(ListArgs),
    /// Show one entry, and how far it is
    Show(ShowArgs),
    /// Hand entries over again
    Replay(ReplayArgs),
    /// Count
    Stats,
    /// Take away what is old and done
    Prune(PruneArgs),
    /// Forget a handler that is not used any more, and what it had left to do
    Forget(ForgetArgs),
}

/// Which entries.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// Of this kind: `bounced`, or MailerSend's own word, `soft_bounced`
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Received at this time or later: a date, RFC 3339, or an age such as `90m`, `2h`, `7d`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<When>,
    /// Received before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<When>,
    /// With this handler: `print`, `forward`, `program`
    #[arg(long, value_name = "NAME")]
    pub(crate) handler: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry inbox list
  mailferry inbox list --state dead
  mailferry inbox list --handler forward --state pending --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// With a handler that is so far: `pending`, `claimed` (being called), `done` or `dead` (given up)
    #[arg(long, value_name = "STATE", hide_possible_values = true)]
    pub(crate) state: Option<StateWord>,
    /// How many at most
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) limit: NonZeroU32,
}

/// Where a handler is with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateWord {
    Pending,
    Claimed,
    Done,
    Dead,
}

impl From<StateWord> for State {
    fn from(word: StateWord) -> Self {
        match word {
            StateWord::Pending => Self::Pending,
            StateWord::Claimed => Self::Claimed,
            StateWord::Done => Self::Done,
            StateWord::Dead => Self::Dead,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry inbox show 17
  mailferry inbox show --json 17 | jq .inbox
  mailferry inbox show --raw 17 > body.json")]
pub(crate) struct ShowArgs {
    /// Its number, as `mailferry inbox list` shows it
    pub(crate) id: i64,
    /// Print the body as MailerSend sent it, byte by byte
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry inbox replay 17 18
  mailferry inbox replay --dead
  mailferry inbox replay --kind bounced --since 2026-10-01 --dry-run
  mailferry inbox replay --handler forward --since 7d

What is done or dead is made pending again, with all its attempts before it. A
running `mailferry webhook listen` takes it up within a second, another one
when it starts. With --handler, it is for that handler alone, which also gets
what came before it was first there.")]
pub(crate) struct ReplayArgs {
    /// These entries
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<i64>,
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Only what was given up
    #[arg(long)]
    pub(crate) dead: bool,
    /// All there is
    #[arg(long, conflicts_with_all = ["ids", "kind", "since", "until"])]
    pub(crate) all: bool,
    /// Show which entries it would be
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry inbox prune
  mailferry inbox prune --bodies 7d --entries 90d

What is pending or dead is kept. Without its entry, an event that comes again
is taken for a new one. Nothing is taken away by itself: let cron call it.")]
pub(crate) struct PruneArgs {
    /// Take away bodies that are older
    #[arg(long, value_name = "AGE", default_value = "30d")]
    pub(crate) bodies: Age,
    /// Take away entries that are older
    #[arg(long, value_name = "AGE", default_value = "365d")]
    pub(crate) entries: Age,
}

#[derive(Debug, Args)]
#[command(after_help = "\
End what runs the inbox first: a handler that runs would be given nothing more.
One that is forgotten and comes back gets everything again.")]
pub(crate) struct ForgetArgs {
    /// Its name, as `mailferry inbox stats` shows it
    pub(crate) handler: String,
}
