//! The emulator's time, which tests may move.
//!
//! Limits, quotas, bulk states and schedules all ask this clock, so that a test of "the daily quota comes back at
//! midnight" takes no time at all. It is the only place of the crate that reads the real clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The emulator's time: the machine's, or one that stands still until it is moved.
///
/// Clones share one time: [`advance`](Clock::advance) on one is seen by all. Faults such as
/// [`Fault::Slow`](crate::Fault::Slow) happen on the wire and take real time, whatever this clock says.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let clock = mailferry_emulator::Clock::manual("2026-03-01T23:59:30Z".parse()?);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().to_string(), "2026-03-02T00:00:30Z");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    start: Option<Timestamp>,
    /// By how much it was moved; those who wait for a moment watch it.
    advanced: Arc<watch::Sender<Duration>>,
}

impl Clock {
    /// The machine's clock, plus whatever it is [advanced](Clock::advance) by.
    pub fn system() -> Self {
        Self { start: None, advanced: Arc::default() }
    }

    /// A clock that stands at `start` until it is [advanced](Clock::advance).
    pub fn manual(start: Timestamp) -> Self {
        Self { start: Some(start), advanced: Arc::default() }
    }

    /// Moves the time forward by `by`, for every clone of this clock.
    ///
    /// It never moves back, and stops at the last moment a [`Timestamp`] can name (in the year 9999).
    pub fn advance(&self, by: Duration) {
        self.advanced.send_modify(|advanced| *advanced = advanced.saturating_add(by));
    }

    /// The emulator's present.
    pub fn now(&self) -> Timestamp {
        let advanced = *self.advanced.borrow();
        later(self.start.unwrap_or_else(system_now), advanced)
    }

    /// By how much it was moved so far.
    #[cfg(feature = "data")]
    pub(crate) fn advanced(&self) -> Duration {
        *self.advanced.borrow()
    }

    /// Changes each time that it is moved.
    pub(crate) fn moved(&self) -> watch::Receiver<Duration> {
        self.advanced.subscribe()
    }

    /// How long it takes until `at`, if it comes by itself; a clock that stands still has to be moved there.
    pub(crate) fn until(&self, at: Timestamp) -> Option<Duration> {
        if self.start.is_some() {
            return None;
        }
        Some(Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// `from + by`, stopping at the end of representable time instead of failing.
pub(crate) fn later(from: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| from.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// The next midnight in UTC, when daily quotas start again (facts sheet 1.2, 2.2).
pub(crate) fn next_midnight(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    let day = now.as_second().div_euclid(DAY).saturating_add(1);
    Timestamp::from_second(day.saturating_mul(DAY)).unwrap_or(Timestamp::MAX)
}

/// As API objects write times: microseconds, which recordings since 2024 show as zeros (facts sheet 9.2).
pub(crate) fn object_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// As webhooks write the moment they were built: with its microseconds (facts sheet 9.2).
pub(crate) fn micro_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// As objects inside of webhooks are dated: milliseconds, and three zeros (facts sheet 9.2).
pub(crate) fn milli_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f000Z").to_string()
}

/// As quota resets are written: whole seconds with `Z` (facts sheet 9.2).
pub(crate) fn reset_time(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// As the sentence about `send_at` writes times, in UTC (facts sheet 9.2).
pub(crate) fn sentence_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_recorded() {
        let at: Timestamp = "2025-07-29T14:50:37.225Z".parse().unwrap();
        assert_eq!(object_time(at), "2025-07-29T14:50:37.000000Z");
        assert_eq!(sentence_time(at), "2025-07-29 14:50:37");
        assert_eq!(micro_time(at), "2025-07-29T14:50:37.225000Z");
        assert_eq!(milli_time(at), "2025-07-29T14:50:37.225000Z");
        let precise: Timestamp = "2023-02-27T21:09:49.520507Z".parse().unwrap();
        assert_eq!(micro_time(precise), "2023-02-27T21:09:49.520507Z");
        assert_eq!(milli_time(precise), "2023-02-27T21:09:49.520000Z");
        assert_eq!(reset_time(next_midnight(at)), "2025-07-30T00:00:00Z");
    }

    #[test]
    fn midnight_is_strictly_later() {
        let at: Timestamp = "2025-07-29T00:00:00Z".parse().unwrap();
        assert_eq!(reset_time(next_midnight(at)), "2025-07-30T00:00:00Z");
    }

    #[test]
    fn the_end_of_time_is_not_a_panic() {
        let clock = Clock::manual(Timestamp::MAX);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        let _ = next_midnight(clock.now());
    }
}
