//! How many requests the account has made this minute and today.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::{later, next_midnight};
use crate::codec::known_word;

const MINUTE: Duration = Duration::from_mins(1);

/// What the per-minute limit says about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minute {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Whole seconds until the limit starts again, at least one; `None` when the request is within it.
    pub(crate) retry_after: Option<i64>,
    pub(crate) reset: Timestamp,
}

/// How much of a minute is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) count: u32,
    pub(crate) reset: Timestamp,
}

/// Counts requests. The minute starts with the first request of a route, as its framework's limiter does (INFERRED);
/// the day starts at midnight UTC (documented).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Meter {
    #[serde(deserialize_with = "windows")]
    windows: HashMap<&'static str, (Timestamp, u32)>,
    today: Option<(Timestamp, u64)>,
}

/// Routes that this version does not have are left out.
fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<&'static str, (Timestamp, u32)>, D::Error> {
    let windows = HashMap::<String, (Timestamp, u32)>::deserialize(deserializer)?;
    Ok(windows.into_iter().filter_map(|(route, window)| Some((known_word(&route)?, window))).collect())
}

impl Meter {
    /// Counts a request of the route `key` against `limit`; one that is refused is not counted.
    pub(crate) fn minute(&mut self, key: &'static str, limit: u32, now: Timestamp) -> Minute {
        let window = self.windows.entry(key).or_insert((now, 0));
        if now >= later(window.0, MINUTE) {
            *window = (now, 0);
        }
        let reset = later(window.0, MINUTE);
        if window.1 >= limit {
            let seconds = reset.as_second().saturating_sub(now.as_second()).max(1);
            return Minute { limit, remaining: 0, retry_after: Some(seconds), reset };
        }
        window.1 = window.1.saturating_add(1);
        Minute { limit, remaining: limit.saturating_sub(window.1), retry_after: None, reset }
    }

    /// Counts a request against the day's quota; `None` when there is none left.
    pub(crate) fn day(&mut self, quota: u64, now: Timestamp) -> Option<u64> {
        let used = self.used(now);
        let left = quota.checked_sub(used)?.checked_sub(1)?;
        self.today = Some((next_midnight(now), used.saturating_add(1)));
        Some(left)
    }

    /// What is left of the day's quota, without counting a request.
    pub(crate) fn left(&self, quota: u64, now: Timestamp) -> u64 {
        quota.saturating_sub(self.used(now))
    }

    /// What a route has used of its minute, without counting a request; `None` when no minute is under way.
    pub(crate) fn route(&self, key: &str, now: Timestamp) -> Option<Used> {
        self.windows.get(key).and_then(|window| used_of(*window, now))
    }

    /// Every route whose minute is under way.
    pub(crate) fn routes(&self, now: Timestamp) -> impl Iterator<Item = (&'static str, Used)> {
        self.windows.iter().filter_map(move |(key, window)| Some((*key, used_of(*window, now)?)))
    }

    /// How many requests were counted today.
    pub(crate) fn used(&self, now: Timestamp) -> u64 {
        self.today.filter(|(end, _)| now < *end).map_or(0, |(_, used)| used)
    }
}

fn used_of((start, count): (Timestamp, u32), now: Timestamp) -> Option<Used> {
    let reset = later(start, MINUTE);
    (now < reset).then_some(Used { count, reset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_counted_down_and_starts_again() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let mut meter = Meter::default();
        assert_eq!(meter.minute("a", 2, now).remaining, 1);
        assert_eq!(meter.minute("a", 2, later(now, Duration::from_secs(20))).remaining, 0);
        let refused = meter.minute("a", 2, later(now, Duration::from_secs(50)));
        assert_eq!((refused.remaining, refused.retry_after), (0, Some(10)));
        assert_eq!(meter.minute("b", 2, now).remaining, 1);
        assert_eq!(meter.minute("a", 2, later(now, MINUTE)).remaining, 1);
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let now: Timestamp = "2026-03-01T23:59:59Z".parse().unwrap();
        let mut meter = Meter::default();
        assert_eq!(meter.day(2, now), Some(1));
        assert_eq!(meter.day(2, now), Some(0));
        assert_eq!(meter.day(2, now), None);
        assert_eq!(meter.left(2, now), 0);
        assert_eq!(meter.day(2, later(now, Duration::from_secs(1))), Some(1));
    }
}
