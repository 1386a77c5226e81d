//! The account as it stands: its plan and limits, maintenance, domains, delays, the clock, and how much is remembered.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::Asked;
use crate::clock::next_midnight;
use crate::lifecycle::{Delay, Delays};
use crate::limits::Used;
use crate::live::Area;
use crate::plan::Plan;
use crate::reply::Reply;
use crate::service::{Service, State};
use crate::settings::AccountState;

/// The furthest that one request moves the clock.
const MOST_SECONDS: f64 = 366.0 * 86_400.0;

#[derive(Serialize)]
struct Shown {
    plan: Option<&'static str>,
    state: &'static str,
    maintenance: bool,
    maintenance_window: Option<Window>,
    limits: Vec<Rate>,
    quota: Quota,
    trial: Option<Trial>,
    recipients: People,
    bulk_objects: usize,
    retention_days: Option<u16>,
    domains: Vec<Domain>,
    /// The shortest and the longest, in milliseconds.
    delays: BTreeMap<&'static str, [u64; 2]>,
    on_hold_after: Option<u32>,
    clock: Time,
    memory: Remembered,
}

#[derive(Serialize)]
struct Window {
    start: String,
    end: String,
}

#[derive(Serialize)]
struct Rate {
    route: String,
    limit: Option<u32>,
    used: u32,
    resets_at: Option<String>,
}

#[derive(Serialize)]
struct Quota {
    limit: Option<u64>,
    used: u64,
    resets_at: String,
}

#[derive(Serialize)]
struct Trial {
    emails: u64,
    most_emails: u64,
    recipients: usize,
    most_recipients: usize,
}

#[derive(Serialize)]
struct People {
    to: usize,
    cc: usize,
    bcc: usize,
}

#[derive(Serialize)]
struct Domain {
    id: String,
    name: String,
    send_paused: bool,
    verified: bool,
}

#[derive(Serialize)]
struct Time {
    now: String,
}

#[derive(Serialize)]
struct Remembered {
    messages: usize,
    bytes: usize,
    most_messages: usize,
    most_bytes: usize,
    dropped: u64,
}

/// What may be changed. What is not named stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    #[serde(default)]
    plan: Named<String>,
    state: Option<String>,
    maintenance: Option<bool>,
    maintenance_window: Option<PlannedWindow>,
    delays: Option<BTreeMap<String, Milliseconds>>,
    #[serde(default)]
    on_hold_after: Named<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedWindow {
    start: String,
    end: String,
}

/// `200`, `[2000, 6000]` or `"2s..6s"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Milliseconds {
    Exactly(u32),
    Between([u32; 2]),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainChanges {
    send_paused: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

/// Something that is named, if only as null.
#[derive(Default)]
enum Named<T> {
    #[default]
    Not,
    As(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(Self::As)
    }
}

/// The answer, when the request is about the account.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    let done = match (asked.method, parts) {
        ("GET", ["account"]) => Ok(show(service)),
        ("PUT", ["account"]) => asked.form().and_then(|changes| change(service, changes)),
        ("PUT", ["domains", name]) => asked.form().and_then(|changes| change_domain(service, name, &changes)),
        ("POST", ["clock", "advance"]) => asked.form().and_then(|by| advance(service, &by)),
        _ => return None,
    };
    Some(done.unwrap_or_else(|refused| refused))
}

fn show(service: &Service) -> Reply {
    let now = service.clock.now();
    let state = service.caught_up(now);
    let allowance = state.terms.allowance;
    let (emails, people) = state.terms.used();
    let (messages, bytes) = state.messages.size();
    let memory = service.settings.memory;
    let mut delays = state.pace.delays;
    let domains = state.domains.iter().map(|(id, name)| Domain {
        id: id.clone(),
        name: name.clone(),
        send_paused: state.is_paused(name),
        verified: service.settings.is_verified(name),
    });
    let shown = Shown {
        plan: allowance.plan.map(Plan::name),
        state: state.account.name(),
        maintenance: state.maintenance,
        maintenance_window: state
            .window
            .map(|window| Window { start: window.start.to_string(), end: window.end.to_string() }),
        limits: limits(&state, now),
        quota: Quota {
            limit: allowance.daily_quota,
            used: state.meter.used(now),
            resets_at: next_midnight(now).to_string(),
        },
        trial: allowance.trial.map(|most| Trial {
            emails,
            most_emails: most.emails,
            recipients: people,
            most_recipients: most.recipients,
        }),
        recipients: People { to: allowance.recipients.to, cc: allowance.recipients.cc, bcc: allowance.recipients.bcc },
        bulk_objects: allowance.bulk_objects,
        retention_days: allowance.retention_days,
        domains: domains.collect(),
        delays: delays.by_name().map(|(name, delay)| (name, milliseconds(*delay))).into(),
        on_hold_after: state.holding.after,
        clock: Time { now: now.to_string() },
        memory: Remembered {
            messages,
            bytes,
            most_messages: memory.count,
            most_bytes: memory.bytes,
            dropped: state.messages.dropped(),
        },
    };
    Reply::json(200, &shown)
}

/// The limits with a name of their own, then every other route that was asked for this minute.
fn limits(state: &State, now: Timestamp) -> Vec<Rate> {
    let rates = state.terms.allowance.rate_limits;
    let limit = |route: String, limit, used: Option<Used>| Rate {
        route,
        limit,
        used: used.map_or(0, |used| used.count),
        resets_at: used.map(|used| used.reset.to_string()),
    };
    let own = [
        ("email", "POST /v1/email", rates.email),
        ("bulk-email", "POST /v1/bulk-email", rates.bulk),
        ("activity", "GET /v1/activity, /v1/emails", rates.activity),
        ("smtp", "Mails by SMTP", rates.smtp),
    ];
    let others = state.meter.routes(now).filter(|(key, _)| own.iter().all(|(known, ..)| known != key));
    let others = others.map(|(key, used)| limit(format!("/v1/{key}"), rates.other, Some(used)));
    let mut others: Vec<Rate> = others.collect();
    others.sort_by(|one, other| one.route.cmp(&other.route));
    let rest = limit("Every other route, each".to_owned(), rates.other, None);
    let own = own.map(|(key, name, most)| limit(name.to_owned(), most, state.meter.route(key, now)));
    own.into_iter().chain(others).chain([rest]).collect()
}

fn milliseconds(delay: Delay) -> [u64; 2] {
    [delay.least(), delay.most()].map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
}

/// All of it, or nothing when something is wrong with it.
fn change(service: &Service, changes: Changes) -> Result<Reply, Reply> {
    let Changes { plan, state, maintenance, maintenance_window, delays, on_hold_after } = changes;
    let wrong = |sentence: &str| Reply::sentence(422, sentence);
    let plan = match plan {
        Named::As(Some(name)) => {
            let names = "The plan is one of trial, hobby, starter and professional, or null for none.";
            Named::As(Some(Plan::from_name(&name).ok_or_else(|| wrong(names))?))
        }
        Named::As(None) => Named::As(None),
        Named::Not => Named::Not,
    };
    let standing = state.map(|name| {
        AccountState::from_name(&name).ok_or_else(|| {
            let names = AccountState::ALL.map(AccountState::name).join(", ");
            wrong(&format!("The state is one of {names}."))
        })
    });
    let standing = standing.transpose()?;
    let delays = delays.map(|delays| changed(service.state().pace.delays, delays)).transpose()?;
    // It is the only one that the account itself may refuse, so it is first.
    if let Some(PlannedWindow { start, end }) = maintenance_window {
        let (Ok(start), Ok(end)) = (start.parse(), end.parse()) else {
            return Err(wrong("Times are written as 2026-03-01T10:00:00Z."));
        };
        if !service.plan_maintenance(start, end) {
            return Err(wrong("The maintenance has to end after it starts, and after now."));
        }
    }
    if let Some(on) = maintenance {
        service.set_maintenance(on);
    }
    {
        let mut state = service.caught_up(service.clock.now());
        state.changes.touch(Area::Account);
        if let Named::As(plan) = plan {
            state.terms.set_plan(plan);
        }
        if let Some(standing) = standing {
            state.account = standing;
        }
        if let Some(delays) = delays {
            state.pace.delays = delays;
        }
        if let Named::As(after) = on_hold_after {
            state.holding.after = after.map(|after| after.max(1));
        }
    }
    Ok(show(service))
}

fn changed(mut delays: Delays, changes: BTreeMap<String, Milliseconds>) -> Result<Delays, Reply> {
    for (name, said) in changes {
        let delay = match said {
            Milliseconds::Exactly(delay) => Delay::exactly(Duration::from_millis(delay.into())),
            Milliseconds::Between(delays) => {
                let [one, other] = delays.map(|delay| Duration::from_millis(delay.into()));
                Delay::between(one, other)
            }
            Milliseconds::Text(text) => {
                text.parse().map_err(|error| Reply::sentence(422, &format!("{name}: {error}.")))?
            }
        };
        let mut known = delays.by_name();
        let names = known.each_ref().map(|(known, _)| *known).join(", ");
        let Some((_, found)) = known.iter_mut().find(|(known, _)| *known == name) else {
            return Err(Reply::sentence(422, &format!("There are delays for {names}.")));
        };
        **found = delay;
    }
    Ok(delays)
}

fn change_domain(service: &Service, name: &str, changes: &DomainChanges) -> Result<Reply, Reply> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if name.is_empty() || name.len() > 253 || !name.chars().all(letters) {
        return Err(Reply::sentence(422, "Give the name of a domain, such as shop.example."));
    }
    service.set_paused(name, changes.send_paused);
    Ok(show(service))
}

fn advance(service: &Service, by: &Advance) -> Result<Reply, Reply> {
    if !(0.0..=MOST_SECONDS).contains(&by.seconds) {
        return Err(Reply::sentence(422, "The clock moves forward only, by at most a year at a time."));
    }
    service.clock.advance(Duration::from_secs_f64(by.seconds));
    let now = service.clock.now();
    drop(service.caught_up(now));
    Ok(Reply::json(200, &Time { now: now.to_string() }))
}
