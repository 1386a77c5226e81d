//! What can go wrong between a client, MailerSend and a receiver of webhooks, on demand.

mod grammar;
mod plan;
mod rule;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::plan::ActiveFault;
pub(crate) use self::plan::Faults;
pub use self::rule::{FaultOn, FaultRule, InvalidFault};

/// The longest that something is slow or delayed.
const MOST_DELAY: Duration = Duration::from_hours(24);

/// One thing that goes wrong: with a request to the API, or (those called `Webhook…`) with an event or an inbound mail
/// that is to be posted to a receiver.
///
/// [`Emulator::fail_next`](crate::Emulator::fail_next) lets the next one meet it, and
/// [`Emulator::add_fault`](crate::Emulator::add_fault) the next few or a share of them. Requests of the inspection
/// under `/_emulator` never meet one. Where there is an answer, its header `x-emulator-fault` names the fault, and so
/// do [`Request::fault`](crate::Request::fault) and [`Delivery::fault`](crate::Delivery::fault).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this status and does nothing else.
    ///
    /// 400 to 499 have a JSON body with MailerSend's sentence where one is known; 429 is
    /// [`RateLimit`](Fault::RateLimit). 500 and above come as HTML, as a proxy in front of the service would send
    /// them. Numbers that are no final status (below 200 or above 599) count as 500.
    Status(u16),
    /// Answers 429, MS42903, with `retry-after: 60`, and does nothing else.
    RateLimit,
    /// Answers 429, MS42901, until midnight UTC, and does nothing else.
    DailyQuota,
    /// Answers 429 without a code, `retry-after` or rate headers, and does nothing else: what was recorded of resources
    /// created within seconds of each other.
    CreateLimit,
    /// Answers as usual, but this much later, in real time. The request is processed at once: a client that does not
    /// wait has sent nevertheless.
    Slow(Duration),
    /// Resets the connection before the body is read: the request certainly was not processed.
    Reset,
    /// Processes the request, then closes the connection without an answer.
    AnswerLost,
    /// Processes the request, then closes the connection in the middle of the answer's body. An empty body is
    /// announced as one byte long, which never comes.
    Truncated,
    /// Posts twice, with the same body and signature, the second right after the first.
    WebhookDuplicated,
    /// Holds it back until the next one for the same receiver was posted, or for a minute by the emulator's clock when
    /// none comes.
    WebhookReordered,
    /// Posts it this much later, by the emulator's clock. What comes after it overtakes it.
    WebhookDelayed(Duration),
    /// Signs the first attempt with another secret. Repetitions are signed as they should be.
    WebhookWronglySigned,
    /// Does not post it at all, not once.
    WebhookLost,
}

impl Fault {
    /// One of each kind, with the durations and the status that stand in the documentation.
    const EXAMPLES: [Self; 13] = [
        Self::RateLimit,
        Self::DailyQuota,
        Self::CreateLimit,
        Self::Status(503),
        Self::Slow(Duration::from_secs(2)),
        Self::Reset,
        Self::AnswerLost,
        Self::Truncated,
        Self::WebhookDuplicated,
        Self::WebhookReordered,
        Self::WebhookDelayed(Duration::from_secs(30)),
        Self::WebhookWronglySigned,
        Self::WebhookLost,
    ];

    /// Its name in flags and over HTTP: `rate_limit`, `status`, `slow`, `webhook_lost`…
    pub fn word(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::DailyQuota => "daily_quota",
            Self::CreateLimit => "create_limit",
            Self::Status(_) => "status",
            Self::Slow(_) => "slow",
            Self::Reset => "reset",
            Self::AnswerLost => "answer_lost",
            Self::Truncated => "truncated",
            Self::WebhookDuplicated => "webhook_duplicated",
            Self::WebhookReordered => "webhook_reordered",
            Self::WebhookDelayed(_) => "webhook_delayed",
            Self::WebhookWronglySigned => "webhook_wrongly_signed",
            Self::WebhookLost => "webhook_lost",
        }
    }

    /// The status that it answers with, where that is what it is about.
    pub fn status(self) -> Option<u16> {
        if let Self::Status(status) = self { Some(status) } else { None }
    }

    /// How long it takes, where that is what it is about.
    pub fn delay(self) -> Option<Duration> {
        match self {
            Self::Slow(delay) | Self::WebhookDelayed(delay) => Some(delay),
            _ => None,
        }
    }

    /// Whether it is about what is posted to receivers, not about requests to the API.
    pub fn is_about_posts(self) -> bool {
        self.word().starts_with("webhook_")
    }

    /// Whether it can happen to what passes now.
    fn fits(self, passing: FaultOn) -> bool {
        self.is_about_posts() == passing.is_about_posts()
    }
}

impl fmt::Display for Fault {
    /// As it is written in a flag: `rate_limit`, `status=503`, `slow=2s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match (self.status(), self.delay()) {
            (Some(status), _) => write!(f, "={status}"),
            (None, Some(delay)) => write!(f, "={}", grammar::time(delay)),
            (None, None) => Ok(()),
        }
    }
}
