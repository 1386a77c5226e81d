//! Looks whether an account is set up as it should be: the token, the domains, webhooks, inbound routes, what is left.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use super::super::MailerSend;
use super::{ApiQuota, Domain, InboundRoute, Webhook};
use crate::secret::Secret;
use crate::transport::{Error, Quota};

/// Unix seconds of 2026-12-01 00:00 UTC, when version 1 of webhooks ends, as MailerSend announced.
const VERSION_1_ENDS: i64 = 1_796_083_200;

const SIGNING: &str = "MAILERSEND_SIGNING_SECRET";
const INBOUND: &str = "MAILERSEND_INBOUND_SECRET";
const REQUESTS: &str = "requests today";

/// Fewer requests than this part of the day's are worth a warning.
const LOW: u64 = 10;

/// The events that tell what became of a mail for good, without which nobody would know.
const NEEDED: [&str; 4] =
    ["activity.delivered", "activity.hard_bounced", "activity.soft_bounced", "activity.spam_complaint"];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and may not for long, or not as it is meant.
    Warn,
    /// It does not work.
    Error,
}

impl Level {
    /// The word for it: `ok`, `warn`, `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that was looked at. It names domains, webhooks and their URLs, and neither people nor secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// How bad it is.
    pub level: Level,
    /// What it is about: `token`, `domain shop.example`, `webhook Events`.
    pub place: String,
    /// How it is.
    pub text: String,
    /// What to do about it, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What [`MailerSend::checkup`] looks at beside the account.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is looked at until it is handed to `checkup`"]
pub struct CheckupOptions {
    domain: Option<String>,
    signing_secrets: Option<Vec<Secret>>,
    inbound_secrets: Option<Vec<Secret>>,
}

impl CheckupOptions {
    /// Every domain, and no secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at this domain only.
    pub fn domain(mut self, name: impl Into<String>) -> Self {
        self.domain = Some(name.into());
        self
    }

    /// Compares the secrets that webhooks are verified with here, perhaps none, to those that they are signed with.
    /// Without this call nothing is said about secrets. Which of them sign nothing is told only when every domain's
    /// webhooks could be looked at.
    pub fn signing_secrets<S: Into<Secret>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.signing_secrets.get_or_insert_default().extend(secrets.into_iter().map(Into::into));
        self
    }

    /// The same for inbound routes.
    pub fn inbound_secrets<S: Into<Secret>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.inbound_secrets.get_or_insert_default().extend(secrets.into_iter().map(Into::into));
        self
    }
}

/// What was found, in the order of the account: token, domains with their webhooks, inbound routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Checkup {
    /// One for each thing that was looked at.
    pub findings: Vec<Diagnosis>,
}

impl Checkup {
    /// The worst of all levels.
    pub fn level(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

/// An account as it was seen. A question that could not be answered is a finding of its own.
struct Seen {
    quota: Result<ApiQuota, Error>,
    domains: Result<Vec<SeenDomain>, Error>,
    routes: Result<Vec<InboundRoute>, Error>,
    /// Whether activities may be asked for, when there was a domain to ask about.
    activities: Option<Result<(), Error>>,
}

/// A domain and its webhooks.
type SeenDomain = (Domain, Result<Vec<Webhook>, Error>);

impl MailerSend {
    /// Looks whether the account is set up as it should be, without changing or sending anything: a handful of
    /// questions, and one or two for each domain. Whatever cannot be asked is a finding, not an error.
    pub async fn checkup(&self, options: &CheckupOptions) -> Checkup {
        let seen = self.look(options).await;
        Checkup { findings: judge(&seen, options, self.clock.unix()) }
    }

    async fn look(&self, options: &CheckupOptions) -> Seen {
        let quota = self.api_quota().await;
        let mut seen = Seen { quota, domains: Ok(Vec::new()), routes: Ok(Vec::new()), activities: None };
        if seen.quota.as_ref().is_err_and(|error| error.status().is_none_or(|status| status == 401)) {
            // Nothing else would be answered.
            return seen;
        }
        let domains = match &options.domain {
            Some(name) => self.domains().named(name).await.map(|domain| domain.into_iter().collect()),
            None => self.domains().list(None).all().await,
        };
        seen.domains = match domains {
            Ok(domains) => {
                let mut with_webhooks: Vec<(Domain, _)> = Vec::with_capacity(domains.len());
                for domain in domains {
                    let webhooks = self.webhooks().list(&domain.id).all().await;
                    with_webhooks.push((domain, webhooks));
                }
                Ok(with_webhooks)
            }
            Err(error) => Err(error),
        };
        let domain_id = seen.domains.as_ref().ok().and_then(|domains| domains.first()).map(|(domain, _)| &domain.id);
        if let Some(id) = domain_id {
            let now = crate::DateTime::from(self.clock.now());
            let hour_ago = crate::DateTime::from_unix_seconds(now.unix_seconds().saturating_sub(3_600)).unwrap_or(now);
            let mut activities =
                self.activities().list(id, &super::ActivityFilter::between(hour_ago, now)).page_size(10);
            let answer = activities.next().await.transpose().map(drop);
            // Only who may ask is told that the time is wrong, as it is where clocks differ.
            seen.activities =
                Some(answer.or_else(|error| if error.status() == Some(422) { Ok(()) } else { Err(error) }));
        }
        let of_domain = options.domain.is_some().then_some(domain_id).flatten();
        seen.routes = self.inbound_routes().list(of_domain.map(String::as_str)).all().await;
        seen
    }
}

/// Findings as they are put together.
#[derive(Default)]
struct Findings(Vec<Diagnosis>);

impl Findings {
    fn add(&mut self, level: Level, place: impl Into<String>, text: impl Into<String>, remedy: Option<&str>) {
        self.0.push(Diagnosis { level, place: place.into(), text: text.into(), remedy: remedy.map(str::to_owned) });
    }

    fn ok(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.add(Level::Ok, place, text, None);
    }

    fn warn(&mut self, place: impl Into<String>, text: impl Into<String>, remedy: &str) {
        self.add(Level::Warn, place, text, Some(remedy));
    }

    fn error(&mut self, place: impl Into<String>, text: impl Into<String>, remedy: &str) {
        self.add(Level::Error, place, text, Some(remedy));
    }

    /// What could not be asked. A scope that is not there may be meant so.
    fn unanswered(&mut self, place: &str, error: &Error) {
        let level = if error.status() == Some(403) { Level::Warn } else { Level::Error };
        self.add(level, place, format!("cannot be looked at: {error}"), error.remedy());
    }
}

/// What is to be said of an account. Pure: the time is an argument.
fn judge(seen: &Seen, options: &CheckupOptions, now: i64) -> Vec<Diagnosis> {
    let mut findings = Findings::default();
    token(&mut findings, seen);
    match &seen.domains {
        Err(error) => findings.unanswered("domains", error),
        Ok(domains) => {
            if domains.is_empty() && seen.quota.is_ok() {
                let (place, remedy) = match &options.domain {
                    Some(name) => (format!("domain {name}"), "check the name, and which domain the token is for"),
                    None => ("domains".to_owned(), "add a domain in MailerSend's dashboard and verify it"),
                };
                findings.error(place, "there is none", remedy);
            }
            for (it, webhooks) in domains {
                domain(&mut findings, it);
                let place = format!("webhooks of {}", it.name);
                match webhooks {
                    Err(error) => findings.unanswered(&place, error),
                    Ok(webhooks) => domain_webhooks(&mut findings, &place, webhooks, options, now),
                }
            }
            let known = domains.iter().filter_map(|(_, webhooks)| webhooks.as_ref().ok()).flatten();
            let known: Vec<_> = known.filter_map(|webhook| webhook.secret.as_ref()).collect();
            // What was not looked at may be what the others are for.
            if options.domain.is_none() && domains.iter().all(|(_, webhooks)| webhooks.is_ok()) {
                unused(&mut findings, SIGNING, options.signing_secrets.as_deref(), &known);
            }
        }
    }
    match &seen.routes {
        Err(error) => findings.unanswered("inbound routes", error),
        Ok(routes) => {
            let secrets = options.inbound_secrets.as_deref();
            for route in routes {
                inbound_route(&mut findings, route, secrets);
            }
            let known: Vec<_> =
                routes.iter().flat_map(|route| &route.forwards).filter_map(|forward| forward.secret.as_ref()).collect();
            if options.domain.is_none() {
                unused(&mut findings, INBOUND, secrets, &known);
            }
        }
    }
    findings.0
}

fn token(findings: &mut Findings, seen: &Seen) {
    let quota = match &seen.quota {
        Err(error) => return findings.unanswered("token", error),
        Ok(quota) => quota,
    };
    findings.ok("token", "MailerSend accepts it");
    match &seen.activities {
        Some(Ok(())) => findings.ok("activity", "can be asked for, so that missed events can be had afterwards"),
        Some(Err(error)) => findings.unanswered("activity", error),
        None => {}
    }
    match (quota.remaining, quota.quota) {
        (Some(Quota::Left(0)), _) => {
            findings.error(REQUESTS, "none are left", "wait for midnight UTC, or upgrade the plan");
        }
        (Some(Quota::Left(left)), Some(Quota::Left(all))) if left < all / LOW => {
            findings.warn(REQUESTS, format!("{left} of {all} are left"), "upgrade the plan, or make fewer requests");
        }
        (Some(Quota::Left(left)), _) => findings.ok(REQUESTS, format!("{left} are left")),
        (Some(Quota::Unlimited), _) => findings.ok(REQUESTS, "there is no limit"),
        (None, _) => {}
    }
}

fn domain(findings: &mut Findings, domain: &Domain) {
    let place = format!("domain {}", domain.name);
    let before = findings.0.len();
    if domain.is_verified == Some(false) {
        findings.error(
            &place,
            "it is not verified, and nothing can be sent from it",
            "set its DNS records and verify it",
        );
    }
    if domain.is_dns_active == Some(false) {
        let missing: Vec<_> = [("SPF", domain.spf), ("DKIM", domain.dkim)]
            .into_iter()
            .filter_map(|(name, there)| (there == Some(false)).then_some(name))
            .collect();
        let which = if missing.is_empty() { "some".to_owned() } else { missing.join(" and ") };
        findings.error(
            &place,
            format!("DNS records are missing or wrong: {which}"),
            "set them as the dashboard shows them",
        );
    }
    if domain.send_paused == Some(true) {
        let held_back = domain.held_back.unwrap_or_default();
        findings.warn(
            &place,
            format!("sending is paused: messages are taken and held back, {held_back} now"),
            "switch sending on again, in the domain's settings",
        );
    }
    if findings.0.len() == before {
        findings.ok(&place, "it is verified and sends");
    }
}

fn domain_webhooks(findings: &mut Findings, place: &str, webhooks: &[Webhook], options: &CheckupOptions, now: i64) {
    if webhooks.is_empty() {
        return findings.warn(
            place,
            "there are none, so nobody is told what becomes of mails",
            "make one whose URL ends in mailersend/tracking",
        );
    }
    for it in webhooks {
        webhook(findings, it, options, now);
    }
    let active = || webhooks.iter().filter(|webhook| webhook.enabled != Some(false));
    let missing: Vec<_> = NEEDED
        .into_iter()
        .filter(|event| !active().any(|webhook| webhook.events.iter().any(|known| known == event)))
        .collect();
    if !missing.is_empty() {
        findings.warn(place, format!("not told: {}", missing.join(", ")), "add these events to a webhook");
    }
}

fn webhook(findings: &mut Findings, webhook: &Webhook, options: &CheckupOptions, now: i64) {
    let place = format!("webhook {:?}", webhook.name);
    let before = findings.0.len();
    let url = shown(&webhook.url);
    if webhook.enabled == Some(false) {
        findings.error(
            &place,
            format!("it is switched off, or paused because {url} failed too often"),
            "mend the receiver, then switch it on again; a backfill tells what was missed",
        );
    }
    if webhook.version == Some(1) {
        let remedy = "set its version to 2, which is received alike";
        if now < VERSION_1_ENDS {
            findings.warn(&place, "it posts version 1, which ends on 2026-12-01", remedy);
        } else {
            findings.error(&place, "it posts version 1, which ended on 2026-12-01", remedy);
        }
    }
    if webhook.url.trim_end_matches('/').ends_with("mailersend/inbound") {
        let remedy = "change its URL to the one that ends in mailersend/tracking";
        findings.error(&place, "it posts to the endpoint for inbound mail", remedy);
    }
    posts_to(findings, &place, &webhook.url);
    verified(findings, &place, SIGNING, webhook.secret.as_ref(), options.signing_secrets.as_deref());
    if findings.0.len() == before {
        findings.ok(&place, format!("it posts {} kinds of events to {url}", webhook.events.len()));
    }
}

fn inbound_route(findings: &mut Findings, route: &InboundRoute, secrets: Option<&[Secret]>) {
    let place = format!("inbound route {:?}", route.name);
    let before = findings.0.len();
    if route.enabled == Some(false) {
        findings.warn(&place, "it is switched off", "switch it on again, in the dashboard");
    }
    if let (Some(domain), None) = (&route.domain, route.dns_checked_at) {
        let text = format!("the DNS of {domain} has not been found in order yet");
        findings.warn(&place, text, "set its MX record as the dashboard shows it");
    }
    let hooks = || route.forwards.iter().filter(|forward| forward.kind == "webhook");
    for forward in hooks() {
        if forward.value.trim_end_matches('/').ends_with("mailersend/tracking") {
            let remedy = "change its URL to the one that ends in mailersend/inbound";
            findings.error(&place, "it posts to the endpoint for tracking", remedy);
        }
        posts_to(findings, &place, &forward.value);
        verified(findings, &place, INBOUND, forward.secret.as_ref(), secrets);
    }
    if findings.0.len() == before {
        let urls = match hooks().count() {
            1 => "1 URL".to_owned(),
            number => format!("{number} URLs"),
        };
        findings.ok(&place, format!("it posts mails to {urls}"));
    }
}

/// What a URL tells about itself. Nobody asks whether somebody answers there.
fn posts_to(findings: &mut Findings, place: &str, url: &str) {
    if is_private(url) {
        let text = format!("MailerSend cannot reach {}, which is not on the internet", shown(url));
        findings.warn(place, text, "give it a URL that everybody can reach, of a proxy or a tunnel");
    } else if !url.starts_with("https://") {
        findings.warn(place, format!("it posts unencrypted: {}", shown(url)), "give it an https URL");
    }
}

/// Whether a URL is one of this machine or of a private network, as far as it says so.
fn is_private(url: &str) -> bool {
    let url = url.parse::<reqwest::Url>().ok();
    let Some(host) = url.as_ref().and_then(reqwest::Url::host_str) else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
        Err(_) => ["localhost", "local", "internal", "test"].contains(&host.rsplit('.').next().unwrap_or_default()),
    }
}

/// Whether what is signed with this secret is taken here. Compared without being shown.
fn verified(findings: &mut Findings, place: &str, setting: &str, secret: Option<&Secret>, ours: Option<&[Secret]>) {
    let (Some(secret), Some(ours)) = (secret, ours) else { return };
    if ours.is_empty() {
        findings.warn(
            place,
            format!("{setting} is not set, so nothing that it posts is taken"),
            "copy its secret there",
        );
    } else if !ours.iter().any(|known| known.expose() == secret.expose()) {
        findings.error(
            place,
            format!("its secret is none of those in {setting}, so what it posts is refused"),
            "copy its secret there, beside the others with a comma",
        );
    }
}

/// A secret that nothing is signed with may be of another account, or left over from a change.
fn unused(findings: &mut Findings, setting: &str, ours: Option<&[Secret]>, theirs: &[&Secret]) {
    let ours = ours.unwrap_or_default();
    let unused = ours.iter().filter(|own| !theirs.iter().any(|known| known.expose() == own.expose())).count();
    if unused > 0 && !theirs.is_empty() {
        let text = format!("{unused} of {} secrets sign nothing that was seen", ours.len());
        findings.warn(setting, text, "take out what is left over, so that nobody who knows it can sign with it");
    }
}

/// A URL without the user and password that may be in it, and without its query.
fn shown(url: &str) -> String {
    match url.parse::<reqwest::Url>() {
        Ok(mut url) => {
            // Only a URL that cannot have either refuses.
            let _ = url.set_username("").and_then(|()| url.set_password(None));
            url.set_query(None);
            url.to_string()
        }
        Err(_) => "a URL that cannot be read".to_owned(),
    }
}
