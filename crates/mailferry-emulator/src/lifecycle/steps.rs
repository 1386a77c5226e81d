//! The steps themselves: each changes its email, is recorded, and told to webhooks.

use std::sync::Arc;

use jiff::Timestamp;

use super::activity::{ActivityKind, Detail, Letter, Occurrence};
use super::agenda::{Job, Step};
use crate::clock::later;
use crate::message::EmailStatus;
use crate::plan::Feature;
use crate::service::State;
use crate::settings::Settings;
use crate::suppression::{SuppressionList, Whom};
use crate::tracking::Reader;
use crate::webhooks;
use crate::webhooks::delivery::{Parcel, Told};

/// Who opened or clicked, if a link tells.
type Who = Option<Arc<Reader>>;

/// Where somebody clicks when an email has no link.
const NO_LINK: &str = "https://example.com/";

impl State {
    /// Lets everything happen that is due by `now`, in the order in which it is due.
    pub(crate) fn catch_up(&mut self, settings: &Settings, now: Timestamp) {
        let Self { agenda, paused_domains, .. } = self;
        agenda.release(now, |domain| paused_domains.contains(domain));
        while let Some((at, job)) = self.agenda.take(now) {
            match job {
                Job::Bulk(id) => self.bulk_done(settings, &id, at),
                Job::Maintain { on, window } => self.maintain_as_planned(settings, on, window, at),
                Job::OffHold(id) => {
                    self.take_entry(settings, &id, at);
                }
                Job::Step { letter, plan, step, then } => {
                    if letter.course().plan == plan {
                        letter.change(|course| course.planned = None);
                        self.planned(settings, &letter, step, then, at);
                    }
                }
            }
        }
    }

    /// When the next thing happens to an email.
    pub(crate) fn next_step(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// When something is to be posted, or happens that somebody wants to hear of.
    pub(crate) fn next_delivery(&self) -> Option<Timestamp> {
        let happens = if self.webhooks.is_empty() { None } else { self.agenda.next() };
        self.outbox.next().into_iter().chain(happens).min()
    }

    fn planned(&mut self, settings: &Settings, letter: &Arc<Letter>, step: Step, then: &'static [Step], at: Timestamp) {
        match step {
            Step::Queue => {
                let due = letter.sheet.send_at.map_or(at, |send_at| send_at.max(at));
                self.step(settings, letter, step, at);
                let due = later(due, self.pace.before(Step::Send));
                self.agenda.plan(due, letter, Step::Send, &[]);
            }
            Step::Send if self.is_paused(&letter.sheet.domain) => {
                self.agenda.hold(Arc::clone(letter));
                self.mark(letter);
            }
            Step::Send => {
                self.step(settings, letter, step, at);
                let outcome = self.script.outcome(&letter.recipient);
                self.follow(letter, outcome.steps(), at);
            }
            Step::Suppress(_)
            | Step::Deliver
            | Step::SoftBounce
            | Step::HardBounce
            | Step::Defer
            | Step::Complain
            | Step::Unsubscribe
            | Step::Open
            | Step::Click
            | Step::OpenSurvey
            | Step::SubmitSurvey => {
                self.step(settings, letter, step, at);
                self.follow(letter, then, at);
            }
        }
    }

    /// Plans the first of `steps`, and the others after it.
    pub(super) fn follow(&mut self, letter: &Arc<Letter>, steps: &'static [Step], at: Timestamp) {
        if let Some((next, then)) = steps.split_first() {
            let due = later(at, self.pace.before(*next));
            self.agenda.plan(due, letter, *next, then);
        }
    }

    /// Does what a step does.
    pub(super) fn step(&mut self, settings: &Settings, letter: &Arc<Letter>, step: Step, at: Timestamp) {
        let mut happened = |status: Option<EmailStatus>, kind| {
            if let Some(status) = status {
                letter.change(|course| course.status = status);
            }
            self.record(settings, letter, kind, Detail::None, at);
        };
        match step {
            Step::Queue => happened(None, ActivityKind::Queued),
            Step::Send => happened(Some(EmailStatus::Sent), ActivityKind::Sent),
            Step::Deliver => {
                happened(Some(EmailStatus::Delivered), ActivityKind::Delivered);
                self.holding.delivered(letter);
            }
            Step::SoftBounce => {
                happened(Some(EmailStatus::Rejected), ActivityKind::SoftBounced);
                if self.holding.bounced(letter) {
                    self.take_off(settings, SuppressionList::OnHold, letter, at);
                }
            }
            Step::Defer => happened(None, ActivityKind::Deferred),
            Step::OpenSurvey => happened(None, ActivityKind::SurveyOpened),
            Step::SubmitSurvey => happened(None, ActivityKind::SurveySubmitted),
            Step::HardBounce => {
                happened(Some(EmailStatus::Rejected), ActivityKind::HardBounced);
                self.take_off(settings, SuppressionList::HardBounces, letter, at);
            }
            Step::Complain => {
                letter.change(|course| course.complained = true);
                happened(None, ActivityKind::SpamComplaint);
                self.take_off(settings, SuppressionList::SpamComplaints, letter, at);
            }
            Step::Unsubscribe => {
                letter.change(|course| course.unsubscribed = true);
                happened(None, ActivityKind::Unsubscribed);
                self.take_off(settings, SuppressionList::Unsubscribes, letter, at);
            }
            Step::Suppress(reason) => {
                self.record(settings, letter, ActivityKind::Suppressed, Detail::Suppressed(reason), at);
            }
            Step::Open => self.opened(settings, letter, None, at),
            Step::Click => {
                let url = letter.sheet.link.clone().unwrap_or_else(|| NO_LINK.to_owned());
                self.clicked(settings, letter, &url, None, at);
            }
        }
    }

    pub(super) fn opened(&mut self, settings: &Settings, letter: &Arc<Letter>, who: Who, at: Timestamp) {
        if !letter.sheet.tracking.opens {
            return;
        }
        let detail = Detail::Open(self.ids.serial(), who);
        self.record(settings, letter, ActivityKind::Opened, detail.clone(), at);
        if !letter.course().opened {
            letter.change(|course| course.opened = true);
            self.record(settings, letter, ActivityKind::OpenedUnique, detail, at);
        }
    }

    pub(super) fn clicked(&mut self, settings: &Settings, letter: &Arc<Letter>, url: &str, who: Who, at: Timestamp) {
        if !letter.sheet.tracking.clicks {
            return;
        }
        let detail = Detail::Click(self.ids.serial(), url.to_owned(), who);
        self.record(settings, letter, ActivityKind::Clicked, detail.clone(), at);
        if !letter.course().clicked {
            letter.change(|course| course.clicked = true);
            self.record(settings, letter, ActivityKind::ClickedUnique, detail, at);
        }
    }

    /// Nothing is sent to this recipient from this domain any more.
    fn take_off(&mut self, settings: &Settings, list: SuppressionList, letter: &Letter, at: Timestamp) {
        let whom = Whom::Exact(letter.recipient.clone());
        let known = self.entries.len();
        self.put_on(settings, list, whom, Some(letter.sheet.domain.clone()), at);
        if let Some(new) = self.entries.get_mut(known).filter(|_| list == SuppressionList::HardBounces) {
            new.reason = Some(webhooks::body::NO_SUCH_ACCOUNT);
        }
    }

    fn record(&mut self, settings: &Settings, letter: &Arc<Letter>, kind: ActivityKind, detail: Detail, at: Timestamp) {
        let (serial, previous) = (self.ids.serial(), letter.course().latest);
        let occurrence = Occurrence { serial, at, kind, letter: Arc::clone(letter), detail, previous };
        let number = self.activities.next();
        let is_told = !kind.is_paid() || self.terms.allowance.lacks(Feature::Activities).is_none();
        if let Some(event) = kind.event().filter(|_| is_told) {
            let Self { webhooks, outbox, faults, .. } = self;
            let mut told = None;
            for webhook in webhooks.iter().filter(|webhook| webhook.wants(event, Some(&letter.sheet.domain))) {
                let body = webhooks::body::activity(&occurrence, event, webhook);
                let tell =
                    || Arc::new(Told { email_id: letter.email_id.clone(), activity_id: occurrence.id(), number });
                let about = Some(Arc::clone(told.get_or_insert_with(tell)));
                let parcel = Parcel { about, ..webhook.parcel(event, body, settings) };
                outbox.push(parcel, at, faults);
            }
        }
        let weight = occurrence.weight();
        self.activities.push(occurrence, weight);
        letter.change(|course| course.latest = Some(number));
        self.mark(letter);
    }
}
