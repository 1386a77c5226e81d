//! What an account has beside its mails: small things, each written whole when it changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{DataError, Kind};
use super::file::File;
use super::tables::{self, Table};
use crate::clock::Clock;
use crate::id::Ids;
use crate::inbound::Route;
use crate::limits::Meter;
use crate::service::{ApiToken, Identity, Records, Service, SmtpUsers, State};
use crate::settings::AccountState;
use crate::templates::Stored;
use crate::webhooks::RegisteredWebhook;

/// Under which name each is written.
const TOKEN: &str = "token";
const IDS: &str = "ids";
const METER: &str = "meter";
const STANDING: &str = "standing";
const DOMAINS: &str = "domains";
const WEBHOOKS: &str = "webhooks";
const TOKENS: &str = "tokens";
const IDENTITIES: &str = "identities";
const SMTP_USERS: &str = "smtp_users";
const ROUTES: &str = "inbound_routes";
/// Those that were made while the emulator ran, and the ids of what was deleted.
pub(super) const TEMPLATES: &str = "templates";
/// What a trial has sent.
const TRIAL: &str = "trial";
const SOFT_BOUNCES: &str = "soft_bounces";
const COUNTS: &str = "counts";
/// When the file was written last.
pub(super) const AS_OF: &str = "as_of";

/// What the account is like, by the emulator's time.
#[derive(Default, Serialize, Deserialize)]
struct Standing {
    account: AccountState,
    maintenance: bool,
    paused_domains: BTreeSet<String>,
    /// By how much the emulator's clock was moved.
    advanced: Duration,
}

/// Every domain that was mentioned, and what is remembered of some.
#[derive(Default, Deserialize)]
struct Domains {
    known: Vec<(String, String)>,
    records: Records,
}

/// How far numbers have come, and how much was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    logs: BTreeMap<String, (u64, u64)>,
    pub(super) outbox: [u64; 3],
}

impl Counts {
    pub(super) fn of(&self, table: Table) -> (u64, u64) {
        self.logs.get(table.name()).copied().unwrap_or_default()
    }
}

/// What a file has of the account; nothing, when it is new.
#[derive(Default)]
pub(super) struct Account {
    pub(super) token: Option<String>,
    ids: Option<Ids>,
    meter: Meter,
    standing: Standing,
    domains: Domains,
    webhooks: Vec<RegisteredWebhook>,
    routes: Vec<Route>,
    /// Those that were made by the API, not those that the emulator is told of at each start.
    tokens: Vec<ApiToken>,
    identities: Vec<Identity>,
    smtp_users: SmtpUsers,
    trial: (u64, HashSet<String>),
    soft_bounces: Vec<((String, String), u32)>,
    pub(super) templates: (Vec<Arc<Stored>>, Vec<String>),
    pub(super) counts: Counts,
    pub(super) as_of: Option<Timestamp>,
}

impl Account {
    pub(super) async fn read(file: &mut File) -> Result<Self, DataError> {
        let path = file.path().to_owned();
        let rows = tables::account(file.connection().await?).await.map_err(|cause| DataError::sqlite(&path, cause))?;
        let rows: BTreeMap<String, String> = rows.into_iter().collect();
        let unreadable = |detail| DataError::new(Kind::Unreadable, &path, detail);
        Ok(Self {
            token: part(&rows, TOKEN).map_err(unreadable)?,
            ids: part(&rows, IDS).map_err(unreadable)?,
            meter: part(&rows, METER).map_err(unreadable)?,
            standing: part(&rows, STANDING).map_err(unreadable)?,
            domains: part(&rows, DOMAINS).map_err(unreadable)?,
            webhooks: part(&rows, WEBHOOKS).map_err(unreadable)?,
            tokens: part(&rows, TOKENS).map_err(unreadable)?,
            identities: part(&rows, IDENTITIES).map_err(unreadable)?,
            smtp_users: part(&rows, SMTP_USERS).map_err(unreadable)?,
            trial: part(&rows, TRIAL).map_err(unreadable)?,
            soft_bounces: part(&rows, SOFT_BOUNCES).map_err(unreadable)?,
            templates: part(&rows, TEMPLATES).map_err(unreadable)?,
            routes: part(&rows, ROUTES).map_err(unreadable)?,
            counts: part(&rows, COUNTS).map_err(unreadable)?,
            as_of: part(&rows, AS_OF).map_err(unreadable)?,
        })
    }

    /// Puts it into a state that is new. What counts mails is left for those who put back the mails.
    pub(super) fn restore(&mut self, state: &mut State, clock: &Clock) {
        if let Some(ids) = self.ids.take() {
            state.ids = ids;
        }
        state.meter = std::mem::take(&mut self.meter);
        let Standing { account, maintenance, paused_domains, advanced } = std::mem::take(&mut self.standing);
        state.account = account;
        state.maintenance = maintenance;
        state.paused_domains = paused_domains;
        clock.advance(advanced.saturating_sub(clock.advanced()));
        let Domains { known, records } = std::mem::take(&mut self.domains);
        state.domains = known;
        state.records = records;
        state.webhooks = std::mem::take(&mut self.webhooks);
        state.tokens = std::mem::take(&mut self.tokens);
        state.identities = std::mem::take(&mut self.identities);
        state.smtp_users = std::mem::take(&mut self.smtp_users);
        state.inbound.routes = std::mem::take(&mut self.routes);
        state.terms.restore(std::mem::take(&mut self.trial));
        state.holding.restore(std::mem::take(&mut self.soft_bounces));
    }
}

fn part<T: DeserializeOwned + Default>(rows: &BTreeMap<String, String>, name: &str) -> Result<T, String> {
    let Some(body) = rows.get(name) else { return Ok(T::default()) };
    serde_json::from_str(body).map_err(|error| format!("{name}: {error}"))
}

/// Every part as it is now. The state is taken apart, so that nothing is added to it without a thought for the file.
pub(super) fn parts(
    state: &State,
    service: &Service,
    token: Option<&str>,
) -> serde_json::Result<Vec<(&'static str, String)>> {
    #[derive(Serialize)]
    struct Domains<'a> {
        known: &'a [(String, String)],
        records: &'a Records,
    }
    let State {
        ids,
        meter,
        account,
        maintenance,
        paused_domains,
        domains,
        webhooks,
        inbound,
        records,
        tokens,
        identities,
        smtp_users,
        terms,
        holding,
        messages,
        bulks,
        requests,
        activities,
        outbox,
        // Row by row; see `batch.rs`.
        entries: _,
        contacts: _,
        // Of a run, as it is told to begin.
        faults: _,
        script: _,
        pace: _,
        window: _,
        // Planned again from the letters and the bulk requests.
        agenda: _,
        // For those who listen now.
        changes: _,
    } = state;
    let standing = Standing {
        account: *account,
        maintenance: *maintenance,
        paused_domains: paused_domains.clone(),
        advanced: service.clock.advanced(),
    };
    let tokens: Vec<_> = tokens.iter().filter(|token| !token.is_among(&service.settings.tokens)).collect();
    let logs = [
        (Table::Messages, messages.log().counts()),
        (Table::Bulks, bulks.counts()),
        (Table::Requests, requests.counts()),
        (Table::Activities, activities.counts()),
        (Table::Deliveries, outbox.log().counts()),
        (Table::Received, inbound.log.counts()),
    ];
    let logs = logs.into_iter().map(|(table, counts)| (table.name().to_owned(), counts)).collect();
    Ok(vec![
        (TOKEN, serde_json::to_string(&token)?),
        (IDS, serde_json::to_string(ids)?),
        (METER, serde_json::to_string(meter)?),
        (STANDING, serde_json::to_string(&standing)?),
        (DOMAINS, serde_json::to_string(&Domains { known: domains, records })?),
        (WEBHOOKS, serde_json::to_string(webhooks)?),
        (TOKENS, serde_json::to_string(&tokens)?),
        (IDENTITIES, serde_json::to_string(identities)?),
        (SMTP_USERS, serde_json::to_string(smtp_users)?),
        (ROUTES, serde_json::to_string(&inbound.routes)?),
        (TRIAL, serde_json::to_string(&terms.spent())?),
        (SOFT_BOUNCES, serde_json::to_string(&holding.counted())?),
        (COUNTS, serde_json::to_string(&Counts { logs, outbox: outbox.counts() })?),
    ])
}
