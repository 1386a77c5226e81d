//! What is planned for emails that were read from a file.

use std::sync::Arc;

use jiff::Timestamp;

use super::agenda::{Job, Step};
use crate::clock::later;
use crate::message::EmailStatus;
use crate::service::{Bulk, State};
use crate::settings::Settings;

impl State {
    /// Plans what is to happen to every message and bulk request that is remembered, `as_of` the last moment at which
    /// everything that was due had happened.
    ///
    /// What was due meanwhile happens at the time that it was due. An email that nothing is planned for is in its last
    /// state, or was held back: then it is sent, which a paused domain prevents again.
    pub(crate) fn plan_again(&mut self, settings: &Settings, as_of: Timestamp, now: Timestamp) {
        let Self { agenda, script, messages, bulks, .. } = self;
        for letter in messages.iter().flat_map(|stored| stored.emails.iter()).map(|email| &email.letter) {
            letter.change(|course| course.held = false);
            let course = letter.course();
            match (course.planned, course.status) {
                (Some(planned), _) => agenda.plan_again(letter, planned),
                (None, EmailStatus::Queued) => {
                    let due = letter.sheet.send_at.map_or(now, |send_at| send_at.max(now));
                    agenda.plan(due, letter, Step::Send, &[]);
                }
                (None, EmailStatus::Sent) => {
                    let outcome = script.outcome(&letter.recipient);
                    agenda.follow(later(now, settings.delivery_delay), &Arc::clone(letter), outcome);
                }
                (None, EmailStatus::Delivered | EmailStatus::Rejected) => {}
            }
        }
        for (at, id) in bulks.iter().map(Bulk::done).filter(|(at, _)| *at > as_of) {
            agenda.add(at, Job::Bulk(id.to_owned()));
        }
    }
}
