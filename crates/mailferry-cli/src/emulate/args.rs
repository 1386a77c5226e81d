//! What can be typed after `mailferry emulate`.

use clap::{Args, ValueEnum};

use super::account::EmulatedAccount;
use super::faults::EmulatedFaults;
use super::keeping::EmulatedKeeping;
use super::submission::SubmissionArgs;
use super::templates::EmulatedTemplates;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry emulate
  mailferry emulate --plan trial --delay recorded
  mailferry emulate --limits documented --quota 100
  mailferry emulate --webhook http://127.0.0.1:8000/mailersend/tracking
  mailferry emulate --smtp 2525 \\
      --inbound-route http://127.0.0.1:8000/mailersend/inbound
  mailferry emulate --submission 2587
  mailferry emulate --outcome '*@gone.example=hard_bounced' --delivery-delay 0
  mailferry emulate --fault 'rate_limit*3' --fault 'answer_lost:5%' --fault-seed 7
  mailferry emulate --data mails.db
  mailferry emulate --listen 127.0.0.1:0 --json

Answers as MailerSend is documented to, keeps all mail in memory, or in a file,
and delivers none. What was sent is at /_emulator/emails below the address.
Ctrl-C or SIGTERM ends it when answers under way are given and everything is
kept; a second one ends it at once.

What becomes of a mail is said by its recipient: bounce@…, soft-bounce@…,
deferred@…, open@…, click@…, unsubscribe@… and complaint@… have the outcome
that they name, at any domain; all others are delivered.")]
pub(crate) struct EmulateArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2580")]
    pub(crate) listen: String,
    /// Listen where other machines can reach it
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Take this token [default: that of `MAILFERRY_EMULATOR_TOKEN`, which others on this machine cannot see; or one
    /// that is made up and printed]
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Vec<String>,
    /// Take any token
    #[arg(long, conflicts_with = "token")]
    pub(crate) any_token: bool,
    /// How many requests a minute are taken: `documented` is 120 for email, 10 for bulk email, 60 for anything else
    /// [default: those of the plan, or none]
    #[arg(long, value_name = "WHICH")]
    pub(crate) limits: Option<Limits>,
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
    #[arg(long, value_name = "WORD")]
    pub(crate) scope: Vec<String>,
    /// Make ids, tokens and secrets from this number, so that they are the same each time
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) templates: EmulatedTemplates,
    #[command(flatten)]
    pub(crate) events: EmulatedEvents,
    #[command(flatten)]
    pub(crate) sending: SubmissionArgs,
    #[command(flatten)]
    pub(crate) faults: EmulatedFaults,
    #[command(flatten)]
    pub(crate) account: EmulatedAccount,
    #[command(flatten)]
    pub(crate) keeping: EmulatedKeeping,
    /// Start nothing, and say whether the emulator at this URL is ready: exit code 0 or 1
    #[arg(long, value_name = "URL", exclusive = true, num_args = 0..=1, default_missing_value = "http://127.0.0.1:2580")]
    pub(crate) check: Option<String>,
    /// Start nothing, and print the OpenAPI description of what is emulated
    #[arg(long, exclusive = true)]
    pub(crate) print_openapi: bool,
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
    /// Pause a webhook that fails 20 times within a day, as MailerSend does [default: go on posting]
    #[arg(long)]
    pub(crate) pause_webhooks: bool,
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
