//! What MailerSend's limits allow next, as far as its answers tell. Pure: the time is an argument.

use std::time::Duration;

use crate::transport::{Quota, Rate, Retry};

/// A minute's limit starts anew after at most this.
const MINUTE: Duration = Duration::from_mins(1);

/// A day's quota starts anew after at most this many seconds.
const DAY: i64 = 86_400;

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

/// Requests that MailerSend counts together, by the minute and for the whole account (general documentation, August
/// 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// `POST /email`.
    Email,
    /// `POST /bulk-email`.
    Bulk,
    /// `GET /activity/…` and `GET /emails`, which share their minute.
    Activity,
    /// Everything else.
    Other,
}

impl Group {
    const fn usual(self) -> u64 {
        match self {
            Self::Email => 120,
            Self::Bulk | Self::Activity => 10,
            Self::Other => 60,
        }
    }
}

/// The present by two clocks: one that never goes back, and the one of which MailerSend speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// Since the budget was made.
    pub(crate) elapsed: Duration,
    /// In Unix seconds.
    pub(crate) unix: i64,
}

/// Whether a request may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Yes, and it is counted.
    Go,
    /// Not in this minute.
    Wait(Duration),
    /// Not today.
    Spent(Duration),
}

/// What is left of a token's minutes and of its day.
///
/// A minute begins with its first request, as with MailerSend. Other programs with the same account are noticed by the
/// headers of the answers only.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    email: Minute,
    bulk: Minute,
    activity: Minute,
    other: Minute,
    /// The day's requests left, and when the count starts anew in Unix seconds.
    day: Option<(Quota, i64)>,
}

#[derive(Debug, Clone)]
struct Minute {
    limit: u64,
    used: u64,
    ends: Duration,
    /// Not before this, whatever is left: a refusal said so.
    held_until: Duration,
}

impl Minute {
    const fn of(group: Group) -> Self {
        Self { limit: group.usual(), used: 0, ends: Duration::ZERO, held_until: Duration::ZERO }
    }

    fn renew(&mut self, elapsed: Duration) {
        if elapsed >= self.ends {
            self.used = 0;
            self.ends = elapsed.saturating_add(MINUTE);
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            email: Minute::of(Group::Email),
            bulk: Minute::of(Group::Bulk),
            activity: Minute::of(Group::Activity),
            other: Minute::of(Group::Other),
            day: None,
        }
    }
}

impl Budget {
    /// Takes one request of a group out of the budget, or says how long to wait.
    pub(crate) fn take(&mut self, group: Group, now: Now) -> Leave {
        let leave = self.look(group, now);
        if leave == Leave::Go {
            self.minute(group).used += 1;
        }
        leave
    }

    /// The same without taking anything.
    pub(crate) fn look(&mut self, group: Group, now: Now) -> Leave {
        if let Some((Quota::Left(0), reset)) = self.day
            && let Ok(left @ 1..) = u64::try_from(reset.saturating_sub(now.unix))
        {
            return Leave::Spent(Duration::from_secs(left));
        }
        let minute = self.minute(group);
        if let Some(held) = minute.held_until.checked_sub(now.elapsed).filter(|held| !held.is_zero()) {
            return Leave::Wait(held);
        }
        minute.renew(now.elapsed);
        if minute.used >= minute.limit {
            return Leave::Wait(minute.ends.saturating_sub(now.elapsed));
        }
        Leave::Go
    }

    /// Counts a request that nothing holds back.
    pub(crate) fn count(&mut self, group: Group, now: Now) {
        let minute = self.minute(group);
        minute.renew(now.elapsed);
        minute.used = minute.used.saturating_add(1);
    }

    /// Learns from an answer to a request of this group.
    pub(crate) fn learn(&mut self, group: Group, rate: &Rate, now: Now) {
        if let Some(quota) = rate.quota {
            let reset = rate.quota_reset.or(self.day.map(|(_, reset)| reset));
            // A clock that is off, or a date that is, must not stop us for longer than the day that it is about.
            self.day = reset.map(|reset| (quota, reset.min(now.unix.saturating_add(DAY))));
        }
        let minute = self.minute(group);
        if let Some(limit @ 1..) = rate.limit {
            minute.limit = limit;
        }
        if let Some(remaining) = rate.remaining {
            minute.renew(now.elapsed);
            // Answers may come out of order, so the count only ever grows.
            minute.used = minute.used.max(minute.limit.saturating_sub(remaining));
            let reset = rate.reset.and_then(|reset| u64::try_from(reset.saturating_sub(now.unix)).ok());
            if let (0, Some(reset)) = (remaining, reset) {
                minute.ends = now.elapsed.saturating_add(Duration::from_secs(reset).min(MINUTE));
            }
        }
        // A longer one is about the day.
        if let Some(wait) = rate.retry_after.filter(|wait| *wait <= MINUTE) {
            minute.held_until = minute.held_until.max(now.elapsed.saturating_add(wait));
        }
    }

    /// Forgets what is left of the day, which is then looked at anew.
    pub(crate) const fn forget_day(&mut self) {
        self.day = None;
    }

    const fn minute(&mut self, group: Group) -> &mut Minute {
        match group {
            Group::Email => &mut self.email,
            Group::Bulk => &mut self.bulk,
            Group::Activity => &mut self.activity,
            Group::Other => &mut self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Now {
        Now { elapsed: Duration::from_secs(seconds), unix: 1_000 + seconds.cast_signed() }
    }

    const fn wait(seconds: u64) -> Leave {
        Leave::Wait(Duration::from_secs(seconds))
    }

    #[test]
    fn each_group_has_a_minute_of_its_own() {
        for (group, limit) in [(Group::Email, 120), (Group::Bulk, 10), (Group::Activity, 10), (Group::Other, 60)] {
            let mut budget = Budget::default();
            for number in 0..limit {
                assert_eq!(budget.take(group, at(5 + number / 10)), Leave::Go, "{group:?} {number}");
            }
            assert_eq!(budget.take(group, at(25)), wait(40), "{group:?}");
            let other = if group == Group::Email { Group::Bulk } else { Group::Email };
            assert_eq!(budget.take(other, at(25)), Leave::Go, "the minute of {other:?} is not that of {group:?}");
            assert_eq!(budget.take(group, at(65)), Leave::Go, "a minute after its first request it starts anew");
        }
    }

    #[test]
    fn answers_teach_the_minute() {
        let empty = Rate { remaining: Some(0), ..Rate::default() };
        for (what, rate, then) in [
            ("nothing said", Rate::default(), Leave::Go),
            ("some left", Rate { remaining: Some(3), ..Rate::default() }, Leave::Go),
            ("none left", empty.clone(), wait(60)),
            ("none left until then", Rate { reset: Some(1_017), ..empty.clone() }, wait(17)),
            ("a reset that has passed", Rate { reset: Some(900), ..empty.clone() }, wait(60)),
            ("a clock that is off", Rate { reset: Some(9_999_999), ..empty }, wait(60)),
            ("a wait", Rate { retry_after: Some(Duration::from_secs(9)), ..Rate::default() }, wait(9)),
            ("a wait for the day", Rate { retry_after: Some(Duration::from_hours(2)), ..Rate::default() }, Leave::Go),
            ("a limit of nothing", Rate { limit: Some(0), ..Rate::default() }, Leave::Go),
            ("nonsense", Rate { limit: Some(1), remaining: Some(u64::MAX), ..Rate::default() }, Leave::Go),
        ] {
            let mut budget = Budget::default();
            budget.learn(Group::Other, &rate, at(0));
            assert_eq!(budget.take(Group::Other, at(0)), then, "{what}");
        }
    }

    #[test]
    fn a_plan_with_other_limits_is_learned() {
        let mut budget = Budget::default();
        budget.learn(Group::Bulk, &Rate { limit: Some(2), ..Rate::default() }, at(0));
        assert_eq!([0, 0, 0].map(|second| budget.take(Group::Bulk, at(second))), [Leave::Go, Leave::Go, wait(60)]);
        budget.learn(Group::Bulk, &Rate { limit: Some(30), ..Rate::default() }, at(1));
        assert_eq!(budget.take(Group::Bulk, at(1)), Leave::Go);
    }

    #[test]
    fn other_programs_use_the_minute_too() {
        let mut budget = Budget::default();
        assert_eq!(budget.take(Group::Activity, at(0)), Leave::Go);
        budget.learn(Group::Activity, &Rate { remaining: Some(1), ..Rate::default() }, at(1));
        // An answer to an earlier question, on its way for longer.
        budget.learn(Group::Activity, &Rate { remaining: Some(7), ..Rate::default() }, at(1));
        assert_eq!(budget.take(Group::Activity, at(2)), Leave::Go);
        assert_eq!(budget.take(Group::Activity, at(2)), wait(58));
    }

    #[test]
    fn a_sent_message_is_counted_and_never_held_back() {
        let mut budget = Budget::default();
        for _ in 0..500 {
            budget.count(Group::Email, at(0));
        }
        assert_eq!(budget.take(Group::Email, at(1)), wait(59));
    }

    #[test]
    fn a_day_that_is_spent_ends_at_its_reset() {
        let spent = Rate { quota: Some(Quota::Left(0)), quota_reset: Some(1_100), ..Rate::default() };
        let mut budget = Budget::default();
        budget.learn(Group::Email, &spent, at(0));
        assert_eq!(budget.take(Group::Other, at(40)), Leave::Spent(Duration::from_mins(1)));
        assert_eq!(budget.take(Group::Other, at(100)), Leave::Go);
        budget.learn(Group::Email, &spent, at(0));
        budget.learn(Group::Other, &Rate { quota: Some(Quota::Unlimited), ..spent }, at(1));
        assert_eq!(budget.take(Group::Other, at(2)), Leave::Go, "a better plan");
    }

    #[test]
    fn no_day_is_longer_than_a_day() {
        for reset in [1_000 + 3 * DAY, 253_402_300_799, i64::MAX] {
            let mut budget = Budget::default();
            budget.learn(
                Group::Other,
                &Rate { quota: Some(Quota::Left(0)), quota_reset: Some(reset), ..Rate::default() },
                at(0),
            );
            assert_eq!(budget.take(Group::Other, at(0)), Leave::Spent(Duration::from_hours(24)));
            assert_eq!(budget.take(Group::Other, at(86_400)), Leave::Go, "{reset}");
        }
    }

    #[test]
    fn looking_takes_nothing() {
        let mut budget = Budget::default();
        for _ in 0..100 {
            assert_eq!(budget.look(Group::Bulk, at(0)), Leave::Go);
        }
        for _ in 0..10 {
            budget.take(Group::Bulk, at(0));
        }
        assert_eq!(budget.look(Group::Bulk, at(1)), wait(59));
    }

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
