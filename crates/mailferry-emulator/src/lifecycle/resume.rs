//! What is planned for emails that were read from a file.

use std::sync::Arc;

use jiff::Timestamp;

use super::activity::Letter;
use super::agenda::{Job, Step};
use crate::message::EmailStatus;
use crate::service::{Bulk, State};

impl State {
    /// Plans what is to happen to every message and bulk request that is remembered, `as_of` the last moment at which
    /// everything that was due had happened.
    ///
    /// What was due meanwhile happens at the time that it was due. An email that nothing is planned for is in its last
    /// state, or was held back: then it is sent, which a paused domain prevents again.
    pub(crate) fn plan_again(&mut self, as_of: Timestamp, now: Timestamp) {
        let emails = self.messages.iter().flat_map(|stored| stored.emails.iter());
        let letters: Vec<Arc<Letter>> = emails.map(|email| Arc::clone(&email.letter)).collect();
        for letter in &letters {
            letter.change(|course| course.held = false);
            let course = letter.course();
            match (course.planned, course.status) {
                (Some(planned), _) => self.agenda.plan_again(letter, planned),
                (None, EmailStatus::Queued) => {
                    let due = letter.sheet.send_at.map_or(now, |send_at| send_at.max(now));
                    self.agenda.plan(due, letter, Step::Send, &[]);
                }
                (None, EmailStatus::Sent) => {
                    let outcome = self.script.outcome(&letter.recipient);
                    self.follow(letter, outcome.steps(), now);
                }
                (None, EmailStatus::Delivered | EmailStatus::Rejected) => {}
            }
        }
        let Self { agenda, bulks, .. } = self;
        for (at, id) in bulks.iter().map(Bulk::done).filter(|(at, _)| *at > as_of) {
            agenda.add(at, Job::Bulk(id.to_owned()));
        }
    }
}
