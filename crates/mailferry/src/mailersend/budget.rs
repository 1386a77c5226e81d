//! What the rate headers of the last answer allow next. Pure: the time is an argument.

use std::time::Duration;

use crate::transport::{Rate, Retry};

/// A minute's limit starts anew after at most this.
const MINUTE: Duration = Duration::from_mins(1);

/// How long to wait before the next request of a send that is already half accepted, so that it is not refused.
pub(crate) fn pause(rate: &Rate, now: i64) -> Duration {
    if rate.remaining != Some(0) {
        return Duration::ZERO;
    }
    let until_reset =
        rate.reset.and_then(|reset| u64::try_from(reset.saturating_sub(now)).ok()).map(Duration::from_secs);
    // Without a reset, which no recording shows, the refusal itself will say how long.
    rate.retry_after.or(until_reset).unwrap_or(Duration::ZERO).min(MINUTE)
}

/// How long to wait before a refused request of such a send may be repeated; `None` when it may not. Only a refusal
/// that says nothing was accepted, and only a wait within the minute: anything longer is the caller's decision.
pub(crate) fn repeat_after(retry: Retry, attempt: u32) -> Option<Duration> {
    const ATTEMPTS: u32 = 5;
    match retry {
        Retry::Safe(after) if attempt < ATTEMPTS => {
            let wait = after.unwrap_or(Duration::from_secs(1 << attempt.min(4)));
            (wait <= MINUTE).then_some(wait)
        }
        _ => None,
    }
}

/// How long to wait between two questions about something that is under way: short at first, then longer, and never
/// against the rate. Questions may be asked 60 times a minute.
pub(crate) fn poll_after(attempt: u32, rate: &Rate, now: i64) -> Duration {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(15);
    let backed_off = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    backed_off.max(pause(rate, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_minute_is_waited_for() {
        let full = Rate { remaining: Some(3), retry_after: Some(Duration::from_secs(9)), ..Rate::default() };
        assert_eq!(pause(&full, 0), Duration::ZERO);
        let empty = Rate { remaining: Some(0), reset: Some(1_000), ..Rate::default() };
        assert_eq!(pause(&empty, 985), Duration::from_secs(15));
        assert_eq!(pause(&empty, 1_001), Duration::ZERO, "the reset has passed");
        assert_eq!(pause(&empty, 0), MINUTE, "a clock that is off must not stop us for hours");
        let told = Rate { retry_after: Some(Duration::from_secs(7)), ..empty };
        assert_eq!(pause(&told, 985), Duration::from_secs(7));
    }

    #[test]
    fn only_a_safe_refusal_is_repeated() {
        assert_eq!(repeat_after(Retry::Ambiguous, 0), None);
        assert_eq!(repeat_after(Retry::Never, 0), None);
        assert_eq!(repeat_after(Retry::Safe(Some(Duration::from_hours(1))), 0), None);
        assert_eq!(repeat_after(Retry::Safe(Some(Duration::from_secs(7))), 0), Some(Duration::from_secs(7)));
        assert_eq!(repeat_after(Retry::Safe(None), 2), Some(Duration::from_secs(4)));
        assert_eq!(repeat_after(Retry::Safe(None), 5), None);
    }

    #[test]
    fn questions_become_rarer() {
        let waits: Vec<_> = (0..8).map(|attempt| poll_after(attempt, &Rate::default(), 0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    }
}
