//! What the emulated account is like: its tokens, domains, templates, limits and standing.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::intake::HttpLimits;
use crate::templates::{Folder, Template};
use crate::webhooks::{Pausing, Retries, WITHIN};

/// How many requests a minute each route takes, for each account; `None` is without limit.
///
/// # Examples
///
/// ```
/// let limits = mailferry_emulator::RateLimits::documented();
/// assert_eq!((limits.email, limits.bulk, limits.other), (Some(120), Some(10), Some(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct RateLimits {
    /// `POST /v1/email`, requests a minute.
    pub email: Option<u32>,
    /// `POST /v1/bulk-email`, requests a minute.
    pub bulk: Option<u32>,
    /// `GET /v1/activity/{domain_id}` and `GET /v1/emails` together, requests a minute.
    pub activity: Option<u32>,
    /// Any other route, each by itself, requests a minute.
    pub other: Option<u32>,
    /// The port that [sends by SMTP](crate::Builder::submission), mails a minute.
    pub smtp: Option<u32>,
}

impl RateLimits {
    /// No limit at all: what an emulator starts with, so that a test suite is never slowed down by accident.
    pub const fn unlimited() -> Self {
        Self { email: None, bulk: None, activity: None, other: None, smtp: None }
    }

    /// 120, 10, 10 and 60 a minute, as documented in 2026, and 120 mails by SMTP. Older pages give bulk 10 to 60 by plan.
    pub const fn documented() -> Self {
        Self { email: Some(120), bulk: Some(10), activity: Some(10), other: Some(60), smtp: Some(120) }
    }

    /// 10, 1, 10 and 60 a minute: an account "under review", from an undated help page. By SMTP 10 (inferred).
    pub const fn under_review() -> Self {
        Self { email: Some(10), bulk: Some(1), activity: Some(10), other: Some(60), smtp: Some(10) }
    }
}

/// How many recipients one message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecipientLimits {
    /// Addresses in `to`.
    pub to: usize,
    /// Addresses in `cc`.
    pub cc: usize,
    /// Addresses in `bcc`.
    pub bcc: usize,
}

impl RecipientLimits {
    /// 50, 10 and 10.
    pub const fn approved() -> Self {
        Self { to: 50, cc: 10, bcc: 10 }
    }

    /// The most recipients of one message, of all kinds.
    pub(crate) fn total(self) -> usize {
        self.to.saturating_add(self.cc).saturating_add(self.bcc)
    }

    /// 10, 1 and 1: an account that MailerSend has not yet approved.
    pub const fn unapproved() -> Self {
        Self { to: 10, cc: 1, bcc: 1 }
    }
}

impl Default for RecipientLimits {
    fn default() -> Self {
        Self::approved()
    }
}

/// The standing of the emulated account, which decides whether requests are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AccountState {
    /// Everything works.
    #[default]
    Active,
    /// Every request is a 403, MS40302.
    SwitchedOff,
    /// Every request is a 403, MS40303.
    NotAuthorized,
    /// Every request is a 403, MS40304.
    Suspended,
    /// Every request is a 403, MS40305.
    IpNotAllowed,
    /// Messages are refused with a 422, MS42204: the account's own email quota is used up.
    EmailQuotaReached,
    /// Messages are refused with a 422, MS42222: the trial domain's email quota is used up.
    TrialQuotaReached,
    /// Messages are refused with a 422, MS42225: the trial domain has written to as many people as it may.
    TrialRecipientsReached,
    /// Messages with a template are refused with a 422, MS42226: the template's own domain is not verified.
    TemplateDomainUnverified,
}

impl AccountState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Active,
        Self::SwitchedOff,
        Self::NotAuthorized,
        Self::Suspended,
        Self::IpNotAllowed,
        Self::EmailQuotaReached,
        Self::TrialQuotaReached,
        Self::TrialRecipientsReached,
        Self::TemplateDomainUnverified,
    ];

    /// The word that flags and the page have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::SwitchedOff => "switched_off",
            Self::NotAuthorized => "not_authorized",
            Self::Suspended => "suspended",
            Self::IpNotAllowed => "ip_not_allowed",
            Self::EmailQuotaReached => "email_quota_reached",
            Self::TrialQuotaReached => "trial_quota_reached",
            Self::TrialRecipientsReached => "trial_recipients_reached",
            Self::TemplateDomainUnverified => "template_domain_unverified",
        }
    }

    /// The state with this word, in any case, with `-` or `_`.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.replace('-', "_");
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(&name))
    }

    /// The `id` of the refusal that every request meets, if any.
    pub(crate) fn refusal(self) -> Option<&'static str> {
        match self {
            Self::SwitchedOff => Some("account.switched_off"),
            Self::NotAuthorized => Some("account.not_authorized"),
            Self::Suspended => Some("account.suspended"),
            Self::IpNotAllowed => Some("account.ip_not_allowed"),
            Self::Active
            | Self::EmailQuotaReached
            | Self::TrialQuotaReached
            | Self::TrialRecipientsReached
            | Self::TemplateDomainUnverified => None,
        }
    }
}

/// How much an emulator remembers; the oldest is forgotten first, and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    /// The most messages, and the most requests.
    pub count: usize,
    /// The most bytes of messages, and the most of requests.
    pub bytes: usize,
}

impl Default for Memory {
    /// 10,000 of each and 256 MiB of each.
    fn default() -> Self {
        Self { count: 10_000, bytes: 256 * 1024 * 1024 }
    }
}

/// In which shape a finished bulk request lists its message ids. UNCERTAIN: recordings only have null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MessageIds {
    /// A JSON list, as MailerSend's own SDKs expect.
    #[default]
    List,
    /// A string that looks like a list, as the documentation's example shows: `"['61487a14608b1d0b4d506633']"`.
    Text,
}

/// One token of the account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) secret: String,
    /// `None`: every scope.
    pub(crate) scopes: Option<Vec<String>>,
}

/// Somebody who may send by SMTP, beside those whom the API has.
#[derive(Clone)]
pub(crate) struct SubmissionUser {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// What becomes of variables in templates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VariableSettings {
    /// Whether a missing one is a mistake.
    pub(crate) strict: bool,
    /// Whether `{$name}` is replaced.
    pub(crate) simple: bool,
}

/// What does not change while an emulator runs.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tokens: Vec<Token>,
    pub(crate) any_token: bool,
    pub(crate) submission_users: Vec<SubmissionUser>,
    /// Where the port that sends by SMTP is, once it is there.
    pub(crate) submission_address: Option<SocketAddr>,
    /// `None`: any domain is verified.
    pub(crate) verified_domains: Option<Vec<String>>,
    /// `None`: any template exists, with a default subject and sender.
    pub(crate) templates: Option<Vec<Template>>,
    pub(crate) template_folder: Option<Folder>,
    pub(crate) variables: VariableSettings,
    pub(crate) bulk_delay: Duration,
    pub(crate) message_ids: MessageIds,
    pub(crate) ignore_duplicates: bool,
    pub(crate) reserved_variables: Vec<String>,
    pub(crate) memory: Memory,
    pub(crate) webhook_retries: Retries,
    pub(crate) inbound_retries: Retries,
    /// How long a receiver may take, in real time.
    pub(crate) webhook_timeout: Duration,
    pub(crate) http_limits: HttpLimits,
    /// `None`: never.
    pub(crate) webhook_pausing: Option<Pausing>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            any_token: false,
            submission_users: Vec::new(),
            submission_address: None,
            verified_domains: None,
            templates: None,
            template_folder: None,
            variables: VariableSettings::default(),
            bulk_delay: Duration::from_millis(300),
            message_ids: MessageIds::List,
            ignore_duplicates: false,
            // The list of reserved names is not published; this one is a system token (facts sheet 5.2). UNCERTAIN.
            reserved_variables: vec!["unsubscribe".to_owned()],
            memory: Memory::default(),
            webhook_retries: Retries::default(),
            inbound_retries: Retries::none(),
            webhook_timeout: WITHIN,
            http_limits: HttpLimits::default(),
            webhook_pausing: Some(Pausing::default()),
        }
    }
}

impl Settings {
    /// Whether messages may come from `domain`: it, or a domain above it, is verified (facts sheet 3.1).
    pub(crate) fn is_verified(&self, domain: &str) -> bool {
        let Some(verified) = &self.verified_domains else { return true };
        let domain = domain.to_ascii_lowercase();
        verified.iter().any(|known| {
            domain == *known || domain.strip_suffix(known.as_str()).is_some_and(|above| above.ends_with('.'))
        })
    }
}

impl Token {
    /// Whether the token has one of `scopes`; an endpoint without scopes is open to every token.
    pub(crate) fn may(&self, scopes: &[&str]) -> bool {
        scopes.is_empty()
            || self.scopes.as_ref().is_none_or(|has| has.iter().any(|scope| scopes.contains(&scope.as_str())))
    }
}
