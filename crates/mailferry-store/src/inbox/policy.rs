//! What comes after an attempt: done, again later, or dead.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

/// Where a handler is with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// To be called, now or later.
    Pending,
    /// Being called.
    Claimed,
    /// Handled.
    Done,
    /// Given up, and kept until it is replayed.
    Dead,
}

impl State {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Claimed, Self::Done, Self::Dead];

    /// Its word: `pending`, `claimed`, `done`, `dead`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// How often a handler is called that fails, and how long it is waited before.
///
/// The first wait is [`first_wait`](Self::first_wait), each further one twice as long, up to
/// [`longest_wait`](Self::longest_wait). Of each wait between a half and all is taken, a fraction that depends on the
/// entry and the attempt only, so that what failed together does not come back together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// After so many attempts an entry is dead.
    pub max_attempts: NonZeroU32,
    /// The wait after the first failure.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
    /// Whether waits are spread; without, they are the whole.
    pub spread: bool,
}

impl Default for Policy {
    /// 20 attempts within about nine hours: 5 seconds, then doubling up to an hour.
    fn default() -> Self {
        Self {
            max_attempts: NonZeroU32::MIN.saturating_add(19),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_hours(1),
            spread: true,
        }
    }
}

/// Longer than anybody waits, and within what a clock can be set to.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 1000);

impl Policy {
    /// How long to wait after that many attempts.
    fn wait(&self, attempts: u32, salt: u64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let whole = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait).min(FOREVER);
        if !self.spread {
            return whole;
        }
        let half = whole / 2;
        let thousandths = u32::try_from(mix(salt ^ u64::from(attempts).rotate_left(32)) % 1001).unwrap_or(0);
        half + (half / 1000) * thousandths
    }
}

/// Steele, Lea and Flood's `SplitMix64`: neighbouring numbers become unlike ones.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The handler returned without error.
    Done,
    /// The handler failed, and why.
    Failed(String),
    /// The process ended, or the worker did, before the handler.
    Interrupted,
    /// There is nothing to hand over, and why. Trying again would not help.
    Unreadable(String),
}

impl Outcome {
    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Failed(error) | Self::Unreadable(error) => Some(error),
            Self::Interrupted => Some("interrupted before it ended"),
        }
    }
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) state: State,
    /// When to call again, of the pending.
    pub(crate) due: SystemTime,
}

/// What follows the attempt of that number. `salt` spreads the waits; the same gives the same.
///
/// What was interrupted is called again at once, the first time. If it is interrupted again it waits like a failure:
/// should the handler itself bring the process down, what was in flight beside it is then called apart from it.
pub(crate) fn next(attempts: u32, outcome: &Outcome, policy: &Policy, salt: u64, now: SystemTime) -> Next {
    let again = |wait: Duration| {
        if attempts >= policy.max_attempts.get() {
            Next { state: State::Dead, due: now }
        } else {
            Next { state: State::Pending, due: now.checked_add(wait).unwrap_or(now) }
        }
    };
    match outcome {
        Outcome::Done => Next { state: State::Done, due: now },
        Outcome::Unreadable(_) => Next { state: State::Dead, due: now },
        Outcome::Interrupted if attempts <= 1 => again(Duration::ZERO),
        Outcome::Interrupted | Outcome::Failed(_) => again(policy.wait(attempts, salt)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn plain() -> Policy {
        Policy {
            max_attempts: NonZeroU32::new(5).unwrap(),
            first_wait: Duration::from_secs(10),
            longest_wait: Duration::from_mins(1),
            spread: false,
        }
    }

    #[test]
    fn every_outcome_has_its_next_state() {
        let failed = || Outcome::Failed("no".to_owned());
        for (attempts, outcome, state, due) in [
            (1, Outcome::Done, State::Done, 1000),
            (5, Outcome::Done, State::Done, 1000),
            (1, failed(), State::Pending, 1010),
            (2, failed(), State::Pending, 1020),
            (3, failed(), State::Pending, 1040),
            (4, failed(), State::Pending, 1060),
            (5, failed(), State::Dead, 1000),
            (6, failed(), State::Dead, 1000),
            (1, Outcome::Interrupted, State::Pending, 1000),
            (2, Outcome::Interrupted, State::Pending, 1020),
            (5, Outcome::Interrupted, State::Dead, 1000),
            (1, Outcome::Unreadable("pruned".to_owned()), State::Dead, 1000),
        ] {
            let next = next(attempts, &outcome, &plain(), 7, at(1000));
            assert_eq!(next, Next { state, due: at(due) }, "{attempts} {outcome:?}");
        }
    }

    #[test]
    fn waits_are_spread_between_a_half_and_the_whole() {
        let policy = Policy { spread: true, ..plain() };
        let mut seen = std::collections::BTreeSet::new();
        for salt in 0..500 {
            let wait = policy.wait(2, salt);
            assert!((Duration::from_secs(10)..=Duration::from_secs(20)).contains(&wait), "{wait:?}");
            assert_eq!(wait, policy.wait(2, salt));
            seen.insert(wait);
        }
        assert!(seen.len() > 250, "{}", seen.len());
    }

    #[test]
    fn no_number_overflows() {
        for spread in [false, true] {
            let longest = Duration::MAX;
            let policy = Policy { max_attempts: NonZeroU32::MAX, first_wait: longest, longest_wait: longest, spread };
            for (attempts, salt) in [0, 1, 32, 33, u32::MAX - 1].into_iter().zip(0..) {
                let next = next(attempts, &Outcome::Failed(String::new()), &policy, salt, at(1));
                assert_eq!(next.state, State::Pending);
                // Not called at once, because the time of the next call cannot be told.
                assert!(next.due > at(400 * 365 * 24 * 3600), "{:?}", next.due);
            }
        }
    }

    #[test]
    fn states_have_words() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.as_str()), Some(state));
        }
        assert_eq!(State::from_word("Done"), None);
    }
}
