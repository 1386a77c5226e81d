//! The emulated service: a request goes in, a reply comes out, and no socket is involved.

mod account;
mod activity;
mod bulk;
mod domains;
mod emails;
mod identities;
mod inbound;
mod page;
mod query;
mod reading;
mod recipients;
mod schedules;
mod sending;
mod smtp_users;
mod state;
mod submission;
mod suppressions;
mod templates;
mod tokens;
mod upkeep;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

#[cfg(feature = "data")]
pub(crate) use self::bulk::Bulk;
#[cfg(feature = "data")]
pub(crate) use self::domains::Records;
use self::identities::By;
pub(crate) use self::identities::Identity;
pub(crate) use self::inbound::MOST_ROUTES;
pub(crate) use self::query::decode;
#[cfg(feature = "data")]
pub(crate) use self::smtp_users::SmtpUsers;
pub(crate) use self::state::{State, StoredEmail, StoredMessage};
pub(crate) use self::tokens::{ApiToken, token_id};
pub(crate) use self::upkeep::HOLD;
pub(crate) use self::webhooks::MOST_WEBHOOKS;
use crate::clock::{Clock, next_midnight, reset_time};
use crate::inspection;
use crate::intake::Intake;
use crate::keeping::Keeping;
use crate::limits::Minute;
use crate::live::Hub;
use crate::plan::Allowance;
use crate::reply::Reply;
use crate::request::Request;
use crate::route::{self, Endpoint, Found};
use crate::rules::{Findings, refusal};
use crate::session::Sessions;
use crate::settings::Settings;
use crate::templates::Store;
use crate::webhooks::Dispatch;

/// The account, its settings and everything that was sent to it.
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    /// Where the API is: `http://127.0.0.1:1234/v1/`.
    pub(crate) url: String,
    /// Whether other machines can reach it, so that what it holds is shown to those with a token only.
    pub(crate) is_exposed: bool,
    pub(crate) templates: Store,
    state: Mutex<State>,
    pub(crate) keeping: Keeping,
    pub(crate) live: Hub,
    pub(crate) sessions: Sessions,
    pub(crate) intake: Intake,
    pub(crate) dispatch: Dispatch,
}

#[derive(Serialize)]
struct Invalid<'a> {
    message: String,
    errors: &'a Findings,
}

#[derive(Serialize)]
struct Today {
    quota: i64,
    remaining: i64,
    reset: String,
}

impl Service {
    /// `address` is where it listens.
    pub(crate) fn new(
        mut settings: Settings,
        clock: Clock,
        address: SocketAddr,
        state: State,
        keeping: Keeping,
    ) -> Self {
        let templates = Store::new(settings.templates.take(), settings.template_folder.take(), clock.now());
        Self {
            templates,
            live: Hub::new(state.changes.notify()),
            sessions: Sessions::new(address.port()),
            intake: Intake::new(settings.http_limits),
            settings,
            clock,
            url: format!("http://{address}/v1/"),
            is_exposed: !address.ip().is_loopback(),
            state: Mutex::new(state),
            keeping,
            dispatch: Dispatch::default(),
        }
    }

    /// The state, which may be changed: whoever keeps it looks at it soon.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let state = self.quietly();
        self.keeping.touch();
        state
    }

    /// The state, for those who keep it.
    pub(crate) fn quietly(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, after everything has happened that is due by `now`.
    pub(crate) fn caught_up(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.catch_up(&self.settings, now);
        self.wake(&state);
        state
    }

    /// Has webhooks told of what happened, and looked after if they wait for something.
    pub(crate) fn wake(&self, state: &State) {
        if state.next_delivery().is_some() {
            self.dispatch.wake();
        }
    }

    /// The URL of `path`, outside of the API.
    pub(crate) fn at_home(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches("/v1/"))
    }

    /// Answers one request of the API.
    ///
    /// The order is that of the facts sheet (9.6, INFERRED): token, path, account and scope, limits, fields.
    pub(crate) async fn answer(&self, request: &Request) -> Reply {
        let now = self.clock.now();
        let path = request.path();
        if self.caught_up(now).maintenance {
            return refuse("service.maintenance", &[]);
        }
        // With any token, a page of somebody else could do all that a program can.
        if self.settings.any_token && !inspection::is_local_name(request.header("host")) {
            return inspection::strange_name();
        }
        let Some(token) = request.token().and_then(|secret| self.state().token(secret, self.settings.any_token)) else {
            return refuse("auth.token", &[]);
        };
        let (route, last) = match route::find(request.method(), path) {
            Found::Route(route, last) => (route, last),
            Found::WrongMethod(methods) => {
                let methods = methods.join(", ");
                return refuse("path.method", &words(request, &methods)).with("allow", methods);
            }
            Found::NotEmulated => return refuse("endpoint.not_emulated", &words(request, "")),
            Found::Nothing => return refuse("path.nowhere", &words(request, "")),
        };
        let (account, allowance) = self.state().standing();
        if let Some(id) = account.refusal() {
            return self.with_quota(refuse(id, &[]), now);
        }
        if !token.may(route.scopes) {
            return self.with_quota(refuse("auth.scope", &[]), now);
        }
        let minute = match self.count(route, &allowance, now) {
            Ok(minute) => minute,
            Err(refused) => return refused,
        };
        let reply = self.reach(route.endpoint, last, request, now).await;
        // What was accepted begins to happen.
        drop(self.caught_up(now));
        // An id in the path that leads nowhere is found out before quotas are written (facts sheet 1.2, recorded).
        // Schedules, and identities by their address, are looked for later.
        let early = !matches!(
            route.endpoint,
            Endpoint::Schedule
                | Endpoint::DeleteSchedule
                | Endpoint::IdentityByEmail
                | Endpoint::ChangeIdentityByEmail
                | Endpoint::DeleteIdentityByEmail
        );
        let reply = if reply.status == 404 && early { reply } else { self.with_quota(reply, now) };
        with_minute(reply, minute)
    }

    /// What is behind an endpoint; `last` is the last segment of the path.
    async fn reach(&self, endpoint: Endpoint, last: &str, request: &Request, now: Timestamp) -> Reply {
        let path = request.path();
        match endpoint {
            Endpoint::Email => self.send(request, now),
            Endpoint::Bulk => self.send_bulk(request, now),
            Endpoint::BulkStatus => self.bulk_status(last, now),
            Endpoint::Quota => self.quota(now),
            Endpoint::Messages => self.messages(request, now),
            Endpoint::Message => self.message(last, now),
            Endpoint::Suppressions => self.suppressions(last, request),
            Endpoint::Suppress => self.suppress(last, request, now),
            Endpoint::Absent => refuse("endpoint.not_emulated", &words(request, "")),
            Endpoint::Emails => self.emails_sent(request, now),
            Endpoint::SentEmail => self.email_sent(last, now),
            Endpoint::Schedules => self.schedules(request, now),
            Endpoint::Schedule => self.schedule(last, now),
            Endpoint::DeleteSchedule => self.delete_schedule(last, now),
            Endpoint::Recipients => self.recipients(None, request, now),
            Endpoint::Recipient => self.one_recipient(last, now),
            Endpoint::DeleteRecipient => self.delete_recipient(last),
            Endpoint::Templates => self.templates(request, now),
            Endpoint::Template => self.template(last, now),
            Endpoint::CreateTemplate => self.create_template(request, now),
            Endpoint::ChangeTemplate => self.change_template(last, request, now),
            Endpoint::DeleteTemplate => self.delete_template(last, now),
            Endpoint::Domains => self.domains(request, now),
            Endpoint::Domain => self.one_domain(last, now),
            Endpoint::CreateDomain => self.create_domain(request, now),
            Endpoint::DeleteDomain => self.delete_domain(last),
            Endpoint::DomainSettings => self.change_domain(above(path), request, now),
            Endpoint::DomainRecipients => self.recipients(Some(above(path)), request, now),
            Endpoint::DnsRecords => self.dns_records(above(path), now),
            Endpoint::VerifyDomain => self.verify_domain(above(path)),
            Endpoint::SmtpUsers => self.smtp_users(above(path), request),
            Endpoint::AddSmtpUser => self.add_smtp_user(above(path), request, now),
            Endpoint::SmtpUser => self.smtp_user(path),
            Endpoint::ChangeSmtpUser => self.change_smtp_user(path, request, now),
            Endpoint::DeleteSmtpUser => self.delete_smtp_user(path),
            Endpoint::Unsuppress => self.unsuppress(last, request, now),
            Endpoint::InboundRoutes => self.inbound_routes(request),
            Endpoint::InboundRoute => self.inbound_route(last),
            Endpoint::CreateInboundRoute => self.create_inbound_route(request),
            Endpoint::ChangeInboundRoute => self.change_inbound_route(last, request),
            Endpoint::DeleteInboundRoute => self.delete_inbound_route(last),
            Endpoint::Webhooks => self.webhooks(request, now),
            Endpoint::Webhook => self.webhook(last),
            Endpoint::AddWebhook => self.add_webhook(request, now).await,
            Endpoint::ChangeWebhook => self.change_webhook(last, request, now).await,
            Endpoint::DeleteWebhook => self.delete_webhook(last),
            Endpoint::Tokens => self.tokens(request),
            Endpoint::Token => self.one_token(last),
            Endpoint::MakeToken => self.make_token(request, now),
            Endpoint::ChangeToken => self.change_token(last, false, request, now),
            Endpoint::TokenSettings => self.change_token(above(path), true, request, now),
            Endpoint::DeleteToken => self.delete_token(last),
            Endpoint::Identities => self.identities(request),
            Endpoint::AddIdentity => self.add_identity(request, now),
            Endpoint::Identity => self.one_identity(By::Id(last)),
            Endpoint::ChangeIdentity => self.change_identity(By::Id(last), request, now),
            Endpoint::DeleteIdentity => self.delete_identity(By::Id(last)),
            Endpoint::ResendIdentity => self.resend_identity(above(path)),
            Endpoint::IdentityByEmail => self.one_identity(By::Email(last)),
            Endpoint::ChangeIdentityByEmail => self.change_identity(By::Email(last), request, now),
            Endpoint::DeleteIdentityByEmail => self.delete_identity(By::Email(last)),
            Endpoint::Activity => self.activity(last, request, now),
            Endpoint::OneActivity => self.one_activity(last),
        }
    }

    /// Counts the request against the minute and the day.
    fn count(
        &self,
        route: &'static route::Route,
        allowance: &Allowance,
        now: Timestamp,
    ) -> Result<Option<Minute>, Reply> {
        let Allowance { rate_limits: limits, daily_quota, .. } = *allowance;
        let limit = match route.endpoint {
            Endpoint::Email => limits.email,
            Endpoint::Bulk => limits.bulk,
            Endpoint::Activity | Endpoint::Emails => limits.activity,
            _ => limits.other,
        };
        // Questions about activities and about emails are counted together (facts sheet 2.1).
        let shared = matches!(route.endpoint, Endpoint::Activity | Endpoint::Emails);
        let counted = if shared { route::READINGS } else { route.pattern };
        let minute = limit.map(|limit| self.state().meter.minute(counted, limit, now));
        if let Some(Minute { retry_after: Some(seconds), .. }) = minute {
            return Err(self.rate_limited(minute, seconds, now));
        }
        // Asking for the quota does not use it up (facts sheet 2.3, documented).
        if let Some(quota) = daily_quota.filter(|_| route.endpoint != Endpoint::Quota)
            && self.state().meter.day(quota, now).is_none()
        {
            return Err(with_minute(Self::quota_reached(now), minute));
        }
        Ok(minute)
    }

    fn rate_limited(&self, minute: Option<Minute>, seconds: i64, now: Timestamp) -> Reply {
        let limit = minute.map_or(120, |minute| minute.limit);
        let reply = refuse("rate.minute", &[("limit", limit.to_string())]).with("retry-after", seconds);
        with_minute(self.with_quota(reply, now), minute)
    }

    /// Whether a spent day also has `retry-after` is UNCERTAIN; here it has not.
    pub(crate) fn quota_reached(now: Timestamp) -> Reply {
        let reply = refuse("quota.day", &[]).with("x-apiquota-remaining", 0);
        reply.with("x-apiquota-reset", reset_time(next_midnight(now)))
    }

    /// The 429 of a fault, as if this minute's requests were spent.
    pub(crate) fn minute_reached(&self, path: &str, now: Timestamp) -> Reply {
        let limits = self.state().terms.allowance.rate_limits;
        let limit = match path.trim_end_matches('/') {
            "/v1/email" => limits.email.unwrap_or(120),
            "/v1/bulk-email" => limits.bulk.unwrap_or(10),
            path if path == "/v1/emails" || path.starts_with("/v1/activity/") => limits.activity.unwrap_or(10),
            _ => limits.other.unwrap_or(60),
        };
        let reset = crate::clock::later(now, std::time::Duration::from_mins(1));
        let minute = Minute { limit, remaining: 0, retry_after: Some(60), reset };
        self.rate_limited(Some(minute), 60, now)
    }

    /// The 429 of a fault, as if too many resources were created.
    pub(crate) fn creation_reached(&self, now: Timestamp) -> Reply {
        self.with_quota(refuse("create.too_many", &[]), now)
    }

    fn quota(&self, now: Timestamp) -> Reply {
        let quota = self.state().terms.allowance.daily_quota;
        let quota = quota.map_or(-1, |quota| i64::try_from(quota).unwrap_or(i64::MAX));
        let today = Today { quota, remaining: self.remaining(now), reset: reset_time(next_midnight(now)) };
        Reply::json(200, &today)
    }

    /// -1 is an account without a quota (facts sheet 1.2, recorded).
    fn remaining(&self, now: Timestamp) -> i64 {
        let state = self.state();
        let left = state.terms.allowance.daily_quota.map(|quota| state.meter.left(quota, now));
        left.map_or(-1, |left| i64::try_from(left).unwrap_or(i64::MAX))
    }

    fn with_quota(&self, reply: Reply, now: Timestamp) -> Reply {
        let reply = reply.with("x-apiquota-remaining", self.remaining(now));
        reply.with("x-apiquota-reset", reset_time(next_midnight(now)))
    }
}

/// What stands for the words in braces of a refusal that is about a path.
fn words(request: &Request, methods: &str) -> Vec<(&'static str, String)> {
    let route = request.path().trim_start_matches('/').to_owned();
    vec![("method", request.method().to_owned()), ("route", route), ("methods", methods.to_owned())]
}

/// The last segment but one of a path: `abc` in `/v1/domains/abc/verify`.
fn above(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').nth(1).unwrap_or_default()
}

/// An account without limits shows none (facts sheet 2.1, recorded since 2024).
fn with_minute(reply: Reply, minute: Option<Minute>) -> Reply {
    let Some(minute) = minute else { return reply };
    let reply = reply.with("x-ratelimit-limit", minute.limit).with("x-ratelimit-remaining", minute.remaining);
    // Documented, never recorded; its framework sends it with a 429 only (INFERRED).
    if minute.retry_after.is_some() { reply.with("x-ratelimit-reset", minute.reset.as_second()) } else { reply }
}

pub(crate) fn refuse(id: &str, words: &[(&'static str, String)]) -> Reply {
    let (status, sentence) = refusal(id, words);
    Reply::sentence(status, &sentence)
}

fn invalid(findings: &Findings) -> Reply {
    let reply = Reply::json(422, &Invalid { message: findings.message(), errors: findings });
    match findings.note() {
        Some(note) => reply.with("x-emulator-note", in_ascii(note)),
        None => reply,
    }
}

/// `text` as a header can carry it, and not too much of it.
fn in_ascii(text: &str) -> String {
    const LONGEST: usize = 500;
    let ascii = text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' });
    ascii.take(LONGEST).collect()
}

fn not_found() -> Reply {
    refuse("path.unknown", &[])
}
