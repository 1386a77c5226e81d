//! When a failed delivery is tried again.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long the service waits before each repetition of a delivery that failed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mailferry_emulator::Retries;
///
/// assert_eq!(Retries::twice(), Retries::after([Duration::from_secs(10), Duration::from_secs(100)]));
/// assert_eq!(Retries::none().delays(), []);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retries(Arc<[Duration]>);

impl Retries {
    /// After 10 seconds, 100 seconds, and then twice as long each time, for less than three days: twelve times.
    ///
    /// Documented in 2026 as "exponential backoff for about 3 days"; the steps are UNCERTAIN.
    pub fn for_three_days() -> Self {
        let doubling = (0..11).map(|step| Duration::from_secs(100 << step));
        Self::after([Duration::from_secs(10)].into_iter().chain(doubling))
    }

    /// After 10 seconds and after another 100: what was documented until 2025.
    pub fn twice() -> Self {
        Self::after([Duration::from_secs(10), Duration::from_secs(100)])
    }

    /// Never: what is known of inbound routes.
    pub fn none() -> Self {
        Self::after([])
    }

    /// After each of `delays`, counted from the failure before.
    pub fn after(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self(delays.into_iter().collect())
    }

    /// The delays, first to last.
    pub fn delays(&self) -> &[Duration] {
        &self.0
    }

    /// How long to wait after the failed attempt number `attempt`, counted from 1.
    pub(crate) fn after_attempt(&self, attempt: u32) -> Option<Duration> {
        self.0.get(usize::try_from(attempt.checked_sub(1)?).ok()?).copied()
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self::for_three_days()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_doubles_for_less_than_three_days() {
        let retries = Retries::default();
        let seconds: Vec<u64> = retries.delays().iter().map(Duration::as_secs).collect();
        assert_eq!(seconds[..4], [10, 100, 200, 400]);
        let last = seconds.last().copied().unwrap();
        let all: u64 = seconds.iter().sum();
        assert!(all < 3 * 86_400 && all + 2 * last > 3 * 86_400, "{all}");
    }

    #[test]
    fn attempts_count_from_one() {
        let retries = Retries::twice();
        assert_eq!(retries.after_attempt(0), None);
        assert_eq!(retries.after_attempt(1), Some(Duration::from_secs(10)));
        assert_eq!(retries.after_attempt(2), Some(Duration::from_secs(100)));
        assert_eq!(retries.after_attempt(3), None);
    }
}
