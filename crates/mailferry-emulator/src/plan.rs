//! What an account's plan allows, and what a trial has used up.

use std::collections::HashSet;

use serde_json::Value;

use crate::content;
use crate::settings::{AccountState, RateLimits, RecipientLimits};

/// What a plan of MailerSend allows, as far as it is documented (facts sheet 2 and 4.1). Every plan takes 120 requests a
/// minute for email, 10 for bulk email, 10 for activities and 60 for any other route.
///
/// | plan | requests a day | bulk objects | recipients | days of activities | features |
/// |---|---|---|---|---|---|
/// | trial | 100 | 5 | 10, 1, 1 | 1 | 100 emails to 10 people |
/// | hobby | 1,000 | 500 | 50, 10, 10 | 1 | `in_reply_to`, `references` |
/// | starter | 100,000 | 500 | 50, 10, 10 | 7 | `deferred` and `suppressed` activities, `track_content` |
/// | professional | 500,000 | 500 | 50, 10, 10 | 14 | `headers`, `list_unsubscribe` |
///
/// Which plan keeps activities for how many of 1, 7, 14 or 30 days is UNCERTAIN; so are the numbers of a trial, and that
/// an account on trial is one that is not approved yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Plan {
    /// Before anything is paid.
    Trial,
    /// The smallest, once called Free.
    Hobby,
    /// Once called Premium.
    Starter,
    /// The largest with a public price.
    Professional,
}

/// How much a trial may send, until [`reset`](crate::Emulator::reset).
///
/// MailerSend documents the refusals only (MS42222, MS42225); both numbers, and that mail from every domain counts, are
/// UNCERTAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrialLimits {
    /// Emails: one for each recipient of each message.
    pub emails: u64,
    /// Different people.
    pub recipients: usize,
}

impl Default for TrialLimits {
    /// 100 emails to 10 people.
    fn default() -> Self {
        Self { emails: 100, recipients: 10 }
    }
}

/// What not every plan has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// `headers` and `list_unsubscribe`.
    Headers,
    /// `in_reply_to` and `references`.
    Threads,
    /// `track_content`.
    Content,
    /// `deferred` and `suppressed` activities.
    Activities,
}

/// What was said about single limits, which counts before the plan.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) rate_limits: Option<RateLimits>,
    pub(crate) recipients: Option<RecipientLimits>,
    pub(crate) daily_quota: Option<u64>,
    pub(crate) bulk_objects: Option<usize>,
    pub(crate) retention_days: Option<u16>,
    pub(crate) custom_headers: Option<bool>,
    pub(crate) trial: Option<TrialLimits>,
}

/// What the account may do at the moment. One copy of it serves a whole request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) plan: Option<Plan>,
    pub(crate) rate_limits: RateLimits,
    pub(crate) recipients: RecipientLimits,
    /// Requests a day.
    pub(crate) daily_quota: Option<u64>,
    pub(crate) bulk_objects: usize,
    /// How far back activities can be asked for; `None`: for ever.
    pub(crate) retention_days: Option<u16>,
    custom_headers: bool,
    pub(crate) trial: Option<TrialLimits>,
}

impl Plan {
    /// All of them, the smallest first.
    pub const ALL: [Self; 4] = [Self::Trial, Self::Hobby, Self::Starter, Self::Professional];

    /// Its name in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Hobby => "hobby",
            Self::Starter => "starter",
            Self::Professional => "professional",
        }
    }

    /// The plan with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name().eq_ignore_ascii_case(name))
    }

    /// As sentences write it.
    fn title(self) -> &'static str {
        match self {
            Self::Trial => "Trial",
            Self::Hobby => "Hobby",
            Self::Starter => "Starter",
            Self::Professional => "Professional",
        }
    }
}

impl Feature {
    /// The smallest plan that has it. For threads ("paid plans only") INFERRED.
    fn needs(self) -> Plan {
        match self {
            Self::Headers => Plan::Professional,
            Self::Threads => Plan::Hobby,
            Self::Content | Self::Activities => Plan::Starter,
        }
    }
}

impl Allowance {
    /// Without a plan there is no limit but those of a single message.
    pub(crate) fn new(plan: Option<Plan>, own: &Overrides) -> Self {
        let per = |days: [u16; 4], plan: Plan| match plan {
            Plan::Trial => days[0],
            Plan::Hobby => days[1],
            Plan::Starter => days[2],
            Plan::Professional => days[3],
        };
        let quota = plan.map(|plan| match plan {
            Plan::Trial => 100,
            Plan::Hobby => 1_000,
            Plan::Starter => 100_000,
            Plan::Professional => 500_000,
        });
        let is_trial = plan == Some(Plan::Trial);
        let people = if is_trial { RecipientLimits::unapproved() } else { RecipientLimits::approved() };
        let rates = if plan.is_some() { RateLimits::documented() } else { RateLimits::unlimited() };
        let has_headers = plan.is_none_or(|plan| plan >= Feature::Headers.needs());
        Self {
            plan,
            rate_limits: own.rate_limits.unwrap_or(rates),
            recipients: own.recipients.unwrap_or(people),
            daily_quota: own.daily_quota.or(quota),
            bulk_objects: own.bulk_objects.unwrap_or(if is_trial { 5 } else { 500 }),
            retention_days: own.retention_days.or_else(|| plan.map(|plan| per([1, 1, 7, 14], plan))),
            custom_headers: own.custom_headers.unwrap_or(has_headers),
            trial: is_trial.then(|| own.trial.unwrap_or_default()),
        }
    }

    /// The plan that it would take to have `feature`, when the account does not.
    pub(crate) fn lacks(&self, feature: Feature) -> Option<&'static str> {
        let needs = feature.needs();
        match feature {
            Feature::Headers if self.custom_headers => None,
            // The published sentence names this plan, whoever has the feature.
            Feature::Headers if self.plan.is_none() => Some(Plan::Hobby.title()),
            Feature::Headers => Some(needs.title()),
            Feature::Threads | Feature::Content | Feature::Activities => {
                self.plan.filter(|plan| *plan < needs).map(|_| needs.title())
            }
        }
    }
}

/// The plan as it is at the moment, and what a trial has sent.
#[derive(Debug)]
pub(crate) struct Terms {
    own: Overrides,
    pub(crate) allowance: Allowance,
    emails: u64,
    people: HashSet<String>,
}

impl Terms {
    pub(crate) fn new(plan: Option<Plan>, own: Overrides) -> Self {
        Self { allowance: Allowance::new(plan, &own), own, emails: 0, people: HashSet::new() }
    }

    pub(crate) fn set_plan(&mut self, plan: Option<Plan>) {
        self.allowance = Allowance::new(plan, &self.own);
    }

    /// What a trial has sent, to be kept: emails, and to whom.
    #[cfg(feature = "data")]
    pub(crate) fn spent(&self) -> (u64, &HashSet<String>) {
        (self.emails, &self.people)
    }

    /// A trial goes on that has sent so much.
    #[cfg(feature = "data")]
    pub(crate) fn restore(&mut self, (emails, people): (u64, HashSet<String>)) {
        (self.emails, self.people) = (emails, people);
    }

    /// What a trial has sent: emails, and to how many people.
    pub(crate) fn used(&self) -> (u64, usize) {
        (self.emails, self.people.len())
    }

    /// How the account stands with a message `root`: as before, unless a trial has sent too much for it.
    pub(crate) fn standing(&self, account: AccountState, root: &Value) -> AccountState {
        let Some(limits) = self.allowance.trial.filter(|_| account == AccountState::Active) else { return account };
        let recipients = content::recipients(root);
        let more = u64::try_from(recipients.len()).unwrap_or(u64::MAX);
        if self.emails.saturating_add(more) > limits.emails {
            return AccountState::TrialQuotaReached;
        }
        let new: HashSet<String> = recipients
            .into_iter()
            .map(|(_, address)| address.to_ascii_lowercase())
            .filter(|address| !self.people.contains(address))
            .collect();
        // Those who are known can still be written to.
        if !new.is_empty() && self.people.len().saturating_add(new.len()) > limits.recipients {
            return AccountState::TrialRecipientsReached;
        }
        account
    }

    /// An email to `address` was accepted.
    pub(crate) fn sent(&mut self, address: &str) {
        let Some(limits) = self.allowance.trial else { return };
        self.emails = self.emails.saturating_add(1);
        // Several at a time may get through; they end soon after the limit.
        if self.people.len() < limits.recipients.saturating_add(1_000) {
            self.people.insert(address.to_ascii_lowercase());
        }
    }

    /// Starts a trial again.
    pub(crate) fn forget(&mut self) {
        self.emails = 0;
        self.people.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts_before_the_plan() {
        let own = Overrides { daily_quota: Some(7), bulk_objects: Some(9), ..Overrides::default() };
        let trial = Allowance::new(Some(Plan::Trial), &own);
        assert_eq!((trial.daily_quota, trial.bulk_objects, trial.recipients.to), (Some(7), 9, 10));
        let none = Allowance::new(None, &own);
        assert_eq!((none.daily_quota, none.rate_limits, none.recipients.to), (Some(7), RateLimits::unlimited(), 50));
        assert!(none.trial.is_none() && none.lacks(Feature::Headers).is_none());
    }

    #[test]
    fn features_name_the_plan_that_has_them() {
        use Feature::{Activities, Content, Headers, Threads};
        let check = |plan, expected: [Option<&str>; 4]| {
            let allowance = Allowance::new(plan, &Overrides::default());
            assert_eq!([Headers, Threads, Content, Activities].map(|feature| allowance.lacks(feature)), expected);
        };
        let (professional, starter) = (Some("Professional"), Some("Starter"));
        check(None, [None; 4]);
        check(Some(Plan::Trial), [professional, Some("Hobby"), starter, starter]);
        check(Some(Plan::Hobby), [professional, None, starter, starter]);
        check(Some(Plan::Starter), [professional, None, None, None]);
        check(Some(Plan::Professional), [None; 4]);
    }

    #[test]
    fn plans_are_known_by_name() {
        assert!(Plan::ALL.iter().all(|plan| Plan::from_name(&plan.name().to_uppercase()) == Some(*plan)));
        assert_eq!(Plan::from_name("enterprise"), None);
    }
}
