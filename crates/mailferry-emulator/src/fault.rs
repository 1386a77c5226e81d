//! What can go wrong between a client and MailerSend, on demand.

use std::time::Duration;

/// One thing that happens to the next request, whatever it is.
///
/// Queue faults with [`Emulator::fail_next`](crate::Emulator::fail_next); each is used once, first come first served.
/// Requests of the inspection under `/_emulator` never meet one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
}
