//! What goes wrong on purpose: `--fault`.

use clap::Args;
use mailferry_emulator::{Builder, FaultRule};

const FAULTS: &str = "\
Let requests, or what is posted to receivers, meet a fault: FAULT, then as you like *TIMES, :SHARE% and @WHERE

Without TIMES and SHARE it happens once. For example rate_limit*3, 503:5%, slow=2s:10%@email.

FAULT of requests:
  rate_limit    429, MS42903: so many a minute
  daily_quota   429, MS42901: so many a day
  create_limit  429 without a code: so many created
  status=503    this status, or just 503
  slow=2s       answered later; ms, s, m and h
  reset         connection reset, not processed
  answer_lost   processed, but not answered
  truncated     processed, the answer cut off
FAULT of what is posted to webhooks and by inbound routes:
  webhook_duplicated      twice
  webhook_reordered       after the next one
  webhook_delayed=30s     later
  webhook_wrongly_signed  with another secret
  webhook_lost            not at all
WHERE: any, email, bulk, reading, changing; or webhooks, inbound";

/// The faults that the emulator starts with.
#[derive(Debug, Args)]
#[command(next_help_heading = "What goes wrong on purpose")]
pub(crate) struct EmulatedFaults {
    /// Let requests, or what is posted to receivers, meet a fault: `--help` lists them
    #[arg(long, value_name = "FAULT", long_help = FAULTS)]
    pub(crate) fault: Vec<FaultRule>,
    /// Decide by this number which requests meet a fault that a share of them meets, so that it can be repeated
    #[arg(long, value_name = "NUMBER")]
    pub(crate) fault_seed: Option<u64>,
}

impl EmulatedFaults {
    pub(super) fn set_up(&self, mut builder: Builder) -> Builder {
        let Self { fault, fault_seed } = self;
        for rule in fault {
            builder = builder.fault(*rule);
        }
        if let Some(seed) = fault_seed { builder.fault_seed(*seed) } else { builder }
    }
}
