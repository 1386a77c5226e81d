//! What goes wrong on purpose: which faults there are, new ones, and none any longer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Asked;
use crate::fault::{ActiveFault, Fault, FaultOn, FaultRule, Faults, InvalidFault};
use crate::reply::Reply;
use crate::service::Service;

/// What `POST faults` takes. Without `count` and `share` it is the next one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    fault: String,
    status: Option<u16>,
    delay_ms: Option<u64>,
    count: Option<u64>,
    share: Option<f64>,
    seed: Option<u64>,
    on: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    queued: Vec<ShownFault>,
    rules: Vec<ShownRule>,
}

/// `status` and `delay_ms` are null where the fault has none.
#[derive(Serialize)]
struct ShownFault {
    fault: &'static str,
    status: Option<u16>,
    delay_ms: Option<u128>,
}

/// `left` is null for any number, `share` for every one; `text` is what the flag `--fault` takes.
#[derive(Serialize)]
struct ShownRule {
    id: u64,
    #[serde(flatten)]
    fault: ShownFault,
    on: &'static str,
    left: Option<u64>,
    share: Option<f64>,
    seed: u64,
    met: u64,
    looked_at: u64,
    active: bool,
    text: String,
}

/// The answer, when the request is about faults.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["faults"]) => list(service),
        ("POST", ["faults"]) => add(service, asked),
        ("DELETE", ["faults"]) => {
            service.change_faults(Faults::clear);
            super::done()
        }
        ("DELETE", ["faults", id]) => remove(service, id),
        _ => return None,
    })
}

fn list(service: &Service) -> Reply {
    let state = service.state();
    let queued = state.faults.queued().map(show_fault).collect();
    let rules = state.faults.rules().iter().map(show).collect();
    Reply::json(200, &Shown { queued, rules })
}

fn add(service: &Service, asked: &Asked<'_>) -> Reply {
    let wanted: Wanted = match asked.form() {
        Ok(wanted) => wanted,
        Err(refused) => return refused,
    };
    let added = wanted.rule().and_then(|rule| service.change_faults(|faults| faults.add(rule)));
    match added {
        Ok(active) => Reply::json(201, &show(&active)),
        Err(error) => Reply::sentence(422, &format!("Not added: {error}.")),
    }
}

fn remove(service: &Service, id: &str) -> Reply {
    if id.parse().is_ok_and(|id| service.change_faults(|faults| faults.remove(id))) {
        super::done()
    } else {
        Reply::sentence(404, "The emulator has no such fault.")
    }
}

fn show_fault(fault: Fault) -> ShownFault {
    let delay_ms = fault.delay().map(|delay| delay.as_millis());
    ShownFault { fault: fault.word(), status: fault.status(), delay_ms }
}

fn show(active: &ActiveFault) -> ShownRule {
    let ActiveFault { id, rule, seed, left, looked_at, met } = *active;
    ShownRule {
        id,
        fault: show_fault(rule.fault()),
        on: rule.looks_at().word(),
        left,
        share: rule.share_of_all(),
        seed,
        met,
        looked_at,
        active: active.is_active(),
        text: rule.to_string(),
    }
}

impl Wanted {
    fn rule(self) -> Result<FaultRule, InvalidFault> {
        let Self { fault, status, delay_ms, count, share, seed, on } = self;
        let on = on.map(|on| on.parse::<FaultOn>()).transpose()?;
        let fault = Fault::named(&fault, status, delay_ms.map(Duration::from_millis))?;
        let mut rule = FaultRule::new(fault).on(on.unwrap_or_default());
        if let Some(count) = count {
            rule = rule.next(count);
        }
        if let Some(share) = share {
            rule = rule.share(share);
        }
        Ok(if let Some(seed) = seed { rule.seed(seed) } else { rule })
    }
}
