//! What is to happen, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::activity::{ActivityKind, Letter, Planned};
use crate::codec::Word;
use crate::settings::Memory;

/// One step of one email.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    Queue,
    Send,
    /// It is not sent, for this reason.
    Suppress(#[serde(deserialize_with = "crate::codec::word::deserialize")] Word),
    Deliver,
    SoftBounce,
    HardBounce,
    Defer,
    Complain,
    Unsubscribe,
    Open,
    Click,
    OpenSurvey,
    SubmitSurvey,
}

/// Something that is to happen.
#[derive(Debug)]
pub(crate) enum Job {
    /// A step of an email, and the steps after it.
    Step { letter: Arc<Letter>, plan: u32, step: Step, then: &'static [Step] },
    /// The bulk request with this id is done.
    Bulk(String),
    /// A planned maintenance starts or ends.
    Maintain { on: bool, window: u32 },
    /// The entry of the on-hold list with this id is over.
    OffHold(String),
}

impl Step {
    /// The activity that it becomes, in the words of the API.
    pub(crate) fn name(self) -> &'static str {
        let kind = match self {
            Self::Queue => ActivityKind::Queued,
            Self::Send => ActivityKind::Sent,
            Self::Suppress(_) => ActivityKind::Suppressed,
            Self::Deliver => ActivityKind::Delivered,
            Self::SoftBounce => ActivityKind::SoftBounced,
            Self::HardBounce => ActivityKind::HardBounced,
            Self::Defer => ActivityKind::Deferred,
            Self::Complain => ActivityKind::SpamComplaint,
            Self::Unsubscribe => ActivityKind::Unsubscribed,
            Self::Open => ActivityKind::Opened,
            Self::Click => ActivityKind::Clicked,
            Self::OpenSurvey => ActivityKind::SurveyOpened,
            Self::SubmitSurvey => ActivityKind::SurveySubmitted,
        };
        kind.name()
    }
}

impl Job {
    /// Roughly how much memory it takes.
    fn weight(&self) -> usize {
        match self {
            Self::Step { letter, .. } => letter.weight(),
            Self::Bulk(id) | Self::OffHold(id) => 256_usize.saturating_add(id.len()),
            Self::Maintain { .. } => 256,
        }
    }
}

/// Jobs by the time at which they are due, and then by arrival.
#[derive(Debug)]
pub(crate) struct Agenda {
    jobs: BTreeMap<(Timestamp, u64), Job>,
    /// Emails of paused domains, in the order in which they would have been sent.
    held: Vec<(Arc<Letter>, u32)>,
    arrivals: u64,
    /// What jobs and held emails take.
    bytes: usize,
    most: Memory,
}

impl Agenda {
    /// Keeps at most so much; what comes then never happens.
    pub(crate) fn new(most: Memory) -> Self {
        Self { jobs: BTreeMap::new(), held: Vec::new(), arrivals: 0, bytes: 0, most }
    }

    /// Adds a job, unless there is no room for it.
    pub(crate) fn add(&mut self, at: Timestamp, job: Job) -> bool {
        let bytes = self.bytes.saturating_add(job.weight());
        if self.jobs.len() >= self.most.count || bytes > self.most.bytes {
            tracing::warn!(most = ?self.most, "too much is to happen at once; an email stays as it is");
            return false;
        }
        self.bytes = bytes;
        self.jobs.insert((at, self.arrivals), job);
        self.arrivals = self.arrivals.saturating_add(1);
        true
    }

    /// Plans a step of a letter, by the letter's present plan.
    pub(super) fn plan(&mut self, at: Timestamp, letter: &Arc<Letter>, step: Step, then: &'static [Step]) {
        let plan = letter.course().plan;
        if self.add(at, Job::Step { letter: Arc::clone(letter), plan, step, then }) {
            letter.change(|course| course.planned = Some(Planned { at, step, then }));
        }
    }

    /// Plans again what was planned for a letter that was read from a file.
    #[cfg(feature = "data")]
    pub(super) fn plan_again(&mut self, letter: &Arc<Letter>, planned: Planned) {
        self.plan(planned.at, letter, planned.step, planned.then);
    }

    /// An email was accepted: it is queued when its message was made, and sent when it is due.
    pub(crate) fn accepted(&mut self, letter: &Arc<Letter>) {
        self.plan(letter.sheet.created_at, letter, Step::Queue, &[]);
    }

    /// An email is not sent, for this reason.
    pub(crate) fn suppressed(&mut self, letter: &Arc<Letter>, reason: &'static str) {
        self.plan(letter.sheet.created_at, letter, Step::Suppress(reason), &[]);
    }

    /// Keeps an email back until its domain is resumed.
    pub(super) fn hold(&mut self, letter: Arc<Letter>) {
        let bytes = self.bytes.saturating_add(letter.weight());
        if self.held.len() < self.most.count && bytes <= self.most.bytes {
            self.bytes = bytes;
            letter.change(|course| course.held = true);
            let plan = letter.course().plan;
            self.held.push((letter, plan));
        }
    }

    /// Plans to send at once what is held back no longer.
    pub(super) fn release(&mut self, now: Timestamp, is_paused: impl Fn(&str) -> bool) {
        if self.held.is_empty() {
            return;
        }
        for (letter, plan) in std::mem::take(&mut self.held) {
            if is_paused(&letter.sheet.domain) {
                self.held.push((letter, plan));
            } else {
                self.bytes = self.bytes.saturating_sub(letter.weight());
                letter.change(|course| course.held = false);
                // What was cancelled meanwhile is not sent.
                if letter.course().plan == plan {
                    self.plan(now, &letter, Step::Send, &[]);
                }
            }
        }
    }

    /// The next job that is due, and when it was.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Job)> {
        let first = self.jobs.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), job) = first.remove_entry();
        self.bytes = self.bytes.saturating_sub(job.weight());
        Some((at, job))
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.jobs.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
        self.held.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{Contact, Sheet, Tracking};

    fn letter(header: usize) -> Arc<Letter> {
        let now = Timestamp::UNIX_EPOCH;
        let sheet = Sheet {
            message_id: String::new(),
            created_at: now,
            send_at: None,
            from: String::new(),
            domain: "a.example".to_owned(),
            template_id: None,
            tags: Vec::new(),
            headers: vec![("X".to_owned(), "x".repeat(header))],
            link: None,
            tracking: Tracking::default(),
        };
        let contact = Contact { id: String::new(), created_at: now };
        Letter::new(String::new(), String::new(), contact, "".into(), Arc::new(sheet))
    }

    /// Emails outlive their messages here, so that they must not be larger together than messages may be.
    #[test]
    fn what_is_to_happen_is_capped() {
        let mut agenda = Agenda::new(Memory { count: 3, bytes: 100_000 });
        let now = Timestamp::UNIX_EPOCH;
        let planned = |agenda: &Agenda| (agenda.jobs.len(), agenda.held.len());
        agenda.accepted(&letter(60_000));
        agenda.accepted(&letter(60_000));
        assert_eq!(planned(&agenda), (1, 0));
        let (_, Job::Step { letter: first, .. }) = agenda.take(now).unwrap() else { panic!("no step") };
        agenda.hold(first);
        agenda.accepted(&letter(60_000));
        assert_eq!(planned(&agenda), (0, 1));
        agenda.release(now, |_| false);
        assert_eq!(planned(&agenda), (1, 0));
        agenda.clear();
        for _ in 0..5 {
            agenda.accepted(&letter(0));
        }
        assert_eq!(planned(&agenda), (3, 0));
    }
}
