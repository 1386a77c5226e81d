//! What is to happen, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::activity::Letter;
use super::outcome::Outcome;

/// One step of one email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Queue,
    Send,
    /// It is not sent, for this reason.
    Suppress(&'static str),
    Deliver,
    SoftBounce,
    HardBounce,
    Defer,
    Complain,
    Unsubscribe,
    Open,
    Click,
}

/// Something that is to happen.
#[derive(Debug)]
pub(crate) enum Job {
    /// A step of an email, and the steps after it.
    Step { letter: Arc<Letter>, plan: u32, step: Step, then: &'static [Step] },
    /// The bulk request with this id is done.
    Bulk(String),
}

/// Jobs by the time at which they are due, and then by arrival.
#[derive(Debug)]
pub(crate) struct Agenda {
    jobs: BTreeMap<(Timestamp, u64), Job>,
    /// Emails of paused domains, in the order in which they would have been sent.
    held: Vec<Arc<Letter>>,
    arrivals: u64,
    most: usize,
}

impl Agenda {
    /// Keeps at most so many jobs; what comes then never happens.
    pub(crate) fn new(most: usize) -> Self {
        Self { jobs: BTreeMap::new(), held: Vec::new(), arrivals: 0, most }
    }

    pub(crate) fn add(&mut self, at: Timestamp, job: Job) {
        if self.jobs.len() >= self.most {
            tracing::warn!(most = self.most, "too much is to happen at once; an email stays as it is");
            return;
        }
        self.jobs.insert((at, self.arrivals), job);
        self.arrivals = self.arrivals.saturating_add(1);
    }

    /// Plans a step of a letter, by the letter's present plan.
    pub(super) fn plan(&mut self, at: Timestamp, letter: &Arc<Letter>, step: Step, then: &'static [Step]) {
        let plan = letter.course().plan;
        self.add(at, Job::Step { letter: Arc::clone(letter), plan, step, then });
    }

    /// An email was accepted: it is queued when its message was made, and sent when it is due.
    pub(crate) fn accepted(&mut self, letter: &Arc<Letter>) {
        self.plan(letter.sheet.created_at, letter, Step::Queue, &[]);
    }

    /// An email is not sent, for this reason.
    pub(crate) fn suppressed(&mut self, letter: &Arc<Letter>, reason: &'static str) {
        self.plan(letter.sheet.created_at, letter, Step::Suppress(reason), &[]);
    }

    /// What an email does after it was sent.
    pub(super) fn follow(&mut self, at: Timestamp, letter: &Arc<Letter>, outcome: Outcome) {
        if let Some((first, then)) = outcome.steps().split_first() {
            self.plan(at, letter, *first, then);
        }
    }

    /// Keeps an email back until its domain is resumed.
    pub(super) fn hold(&mut self, letter: Arc<Letter>) {
        if self.held.len() < self.most {
            self.held.push(letter);
        }
    }

    /// Plans to send at once what is held back no longer.
    pub(super) fn release(&mut self, now: Timestamp, is_paused: impl Fn(&str) -> bool) {
        if self.held.is_empty() {
            return;
        }
        for letter in std::mem::take(&mut self.held) {
            if is_paused(&letter.sheet.domain) {
                self.held.push(letter);
            } else {
                self.plan(now, &letter, Step::Send, &[]);
            }
        }
    }

    /// The next job that is due, and when it was.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Job)> {
        let first = self.jobs.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), job) = first.remove_entry();
        Some((at, job))
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.jobs.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
        self.held.clear();
    }
}
