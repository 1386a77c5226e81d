//! What the emulated account may do, and how long its mails take: `--plan`, `--delay` and the like.

use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use mailferry_emulator::{AccountState, Builder, Delay, Delays, Emulator, Plan};

/// The account that is emulated, beyond its tokens and domains.
#[derive(Debug, Args)]
#[command(next_help_heading = "The account")]
pub(crate) struct EmulatedAccount {
    /// Allow what this plan allows; what other flags say counts before it [default: no plan, no limits]
    #[arg(long, value_name = "PLAN", value_parser = plans())]
    pub(crate) plan: Option<Plan>,
    /// How the account stands
    #[arg(long, value_name = "STATE", value_parser = states(), default_value = "active")]
    pub(crate) account_state: AccountState,
    /// Be under maintenance from so long after the start until so long after it: 0..10m
    #[arg(long, value_name = "FROM..TO")]
    pub(crate) maintenance: Option<Delay>,
    /// Hold somebody back after so many soft bounces in a row; 0 for never
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) on_hold_after: u32,
    /// How long a step of a mail takes: STEP=DELAY, or `recorded` for all of them as in recordings
    ///
    /// A delay is 200ms, 3s, 2m or 1h, or anything between two of them: 2s..6s. STEP is what the mail becomes: sent,
    /// delivered, bounced, deferred, opened, clicked, unsubscribed or complained. Later ones count, and all of them before
    /// --delivery-delay.
    #[arg(long, value_name = "STEP=DELAY", value_delimiter = ',', value_parser = step)]
    pub(crate) delay: Vec<Step>,
}

/// One change to the delays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Recorded,
    Of(String, Delay),
}

fn plans() -> impl clap::builder::TypedValueParser<Value = Plan> {
    PossibleValuesParser::new(Plan::ALL.map(Plan::name))
        .try_map(|name| Plan::from_name(&name).ok_or("there is no such plan"))
}

fn states() -> impl clap::builder::TypedValueParser<Value = AccountState> {
    PossibleValuesParser::new(AccountState::ALL.map(AccountState::name))
        .try_map(|name| AccountState::from_name(&name).ok_or("there is no such state"))
}

fn step(text: &str) -> Result<Step, String> {
    if text == "recorded" {
        return Ok(Step::Recorded);
    }
    let (name, delay) = text.split_once('=').ok_or("give STEP=DELAY, such as delivered=2s..6s, or recorded")?;
    let names = Delays::default().by_name().map(|(name, _)| name);
    if !names.contains(&name) {
        return Err(format!("steps are {}", names.join(", ")));
    }
    let delay = delay.parse().map_err(|error| format!("{error}"))?;
    Ok(Step::Of(name.to_owned(), delay))
}

impl EmulatedAccount {
    /// `delivery` is what each step takes that nothing else is said of.
    pub(super) fn set_up(&self, builder: Builder, delivery: Duration) -> Builder {
        let Self { plan, account_state, maintenance: _, on_hold_after, delay } = self;
        let mut delays = Delays::after_each_other(delivery);
        for step in delay {
            match step {
                Step::Recorded => delays = Delays::recorded(),
                Step::Of(name, delay) => {
                    for (known, found) in delays.by_name() {
                        if known == name {
                            *found = *delay;
                        }
                    }
                }
            }
        }
        let on_hold_after = (*on_hold_after > 0).then_some(*on_hold_after);
        let builder = builder.account(*account_state).delays(delays).on_hold_after(on_hold_after);
        if let Some(plan) = plan { builder.plan(*plan) } else { builder }
    }

    /// What depends on when the emulator started.
    pub(super) fn started(&self, emulator: &Emulator) {
        if let Some(window) = self.maintenance {
            let now = emulator.clock().now();
            let at = |after: Duration| now.checked_add(after).unwrap_or(now);
            emulator.plan_maintenance(at(window.least()), at(window.most()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read() {
        let seconds = |one, other| Delay::between(Duration::from_secs(one), Duration::from_secs(other));
        assert_eq!(step("recorded"), Ok(Step::Recorded));
        assert_eq!(step("delivered=2s..6s"), Ok(Step::Of("delivered".to_owned(), seconds(2, 6))));
        assert_eq!(step("sent=0"), Ok(Step::Of("sent".to_owned(), seconds(0, 0))));
        for text in ["", "sent", "sent=", "sent=soon", "eaten=2s", "=2s"] {
            assert!(step(text).is_err(), "{text:?}");
        }
    }
}
