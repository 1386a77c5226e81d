//! What can be typed after `mailferry doctor`.

use clap::Args;

use crate::args::SettingArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mailferry doctor
  mailferry doctor --domain shop.example
  mailferry doctor --json | jq 'select(.level == \"error\")'

Asks MailerSend only for what it has, changes nothing, and sends nothing. Ends
with exit code 0 when there is no error, and 1 when there is one.")]
pub(crate) struct DoctorArgs {
    /// Look only at this domain [default: at all of them]
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}
