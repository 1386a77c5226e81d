//! What tests and people make happen to an email.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::activity::Letter;
use super::agenda::Step;
use crate::clock::later;
use crate::message::EmailStatus;
use crate::service::Service;
use crate::tracking::Reader;

/// How a recipient, or the mail server of one, reacts to an email.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// The server takes it.
    Deliver,
    /// The server refuses it for now, and it is given up.
    SoftBounce,
    /// The server refuses it for good. The recipient comes on the list of hard bounces.
    HardBounce,
    /// The server asks to try later: it is delivered later, after the delay for that.
    Defer,
    /// The recipient calls it spam, and comes on the list of complaints.
    Complain,
    /// The recipient unsubscribes, and comes on the list of those who did.
    Unsubscribe,
    /// The recipient opens it. The service does not notice when opens are not tracked.
    Open,
    /// The recipient clicks the link to this URL. The service does not notice when clicks are not tracked.
    Click(String),
    /// The recipient opens the survey in it.
    OpenSurvey,
    /// The recipient answers the survey in it: `test` to its only question, as in the documentation's example.
    SubmitSurvey,
}

/// Why an email cannot be reacted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReactionError {
    /// No email with this id is remembered.
    Unknown,
    /// It is not sent yet: it waits for its time, its bulk request or its domain.
    NotSent,
    /// Its server has taken it already.
    Delivered,
    /// Its server has refused it already.
    Rejected,
}

impl fmt::Display for ReactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such email",
            Self::NotSent => "the email is not sent yet",
            Self::Delivered => "the email is delivered already",
            Self::Rejected => "the email has bounced already",
        })
    }
}

impl Error for ReactionError {}

impl Reaction {
    /// The reaction called so in URLs; `url` is for clicks only.
    pub(crate) fn from_name(name: &str, url: Option<String>) -> Option<Self> {
        Some(match name {
            "deliver" => Self::Deliver,
            "soft-bounce" => Self::SoftBounce,
            "hard-bounce" | "bounce" => Self::HardBounce,
            "defer" => Self::Defer,
            "complain" => Self::Complain,
            "unsubscribe" => Self::Unsubscribe,
            "open" => Self::Open,
            "click" => Self::Click(url?),
            "open-survey" => Self::OpenSurvey,
            "submit-survey" => Self::SubmitSurvey,
            _ => return None,
        })
    }

    /// Whether the mail server reacts, not the person.
    fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Deliver | Self::SoftBounce | Self::HardBounce | Self::Defer)
    }
}

impl Service {
    /// Lets a reaction happen now. What was scripted for the email does not happen any more once its server has
    /// reacted; an email that is only sent is delivered before a person reacts to it.
    pub(crate) fn react(&self, email: &str, reaction: Reaction) -> Result<(), ReactionError> {
        self.react_as(email, reaction, None)
    }

    /// [`react`](Self::react), by a reader who is known.
    pub(crate) fn react_as(
        &self,
        email: &str,
        reaction: Reaction,
        who: Option<Arc<Reader>>,
    ) -> Result<(), ReactionError> {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        let letter = state.messages.email(email).map(|found| Arc::clone(&found.email.letter));
        let letter = letter.ok_or(ReactionError::Unknown)?;
        let is_sent = may_react(&letter, &reaction)?;
        if is_sent {
            letter.cancel();
            if !reaction.is_of_the_server() {
                state.step(&self.settings, &letter, Step::Deliver, now);
            }
        }
        let step = match reaction {
            Reaction::Deliver => Step::Deliver,
            Reaction::SoftBounce => Step::SoftBounce,
            Reaction::HardBounce => Step::HardBounce,
            Reaction::Defer => Step::Defer,
            Reaction::Complain => Step::Complain,
            Reaction::Unsubscribe => Step::Unsubscribe,
            Reaction::OpenSurvey => Step::OpenSurvey,
            Reaction::SubmitSurvey => Step::SubmitSurvey,
            Reaction::Open => {
                state.opened(&self.settings, &letter, who, now);
                self.wake(&state);
                return Ok(());
            }
            Reaction::Click(url) => {
                state.clicked(&self.settings, &letter, &url, who, now);
                self.wake(&state);
                return Ok(());
            }
        };
        state.step(&self.settings, &letter, step, now);
        if step == Step::Defer {
            let due = later(now, state.pace.before(Step::Deliver));
            state.agenda.plan(due, &letter, Step::Deliver, &[]);
        }
        self.wake(&state);
        Ok(())
    }
}

/// Whether the letter is still under way.
fn may_react(letter: &Letter, reaction: &Reaction) -> Result<bool, ReactionError> {
    match letter.course().status {
        EmailStatus::Queued => Err(ReactionError::NotSent),
        EmailStatus::Rejected => Err(ReactionError::Rejected),
        EmailStatus::Delivered if reaction.is_of_the_server() => Err(ReactionError::Delivered),
        EmailStatus::Delivered => Ok(false),
        EmailStatus::Sent => Ok(true),
    }
}
