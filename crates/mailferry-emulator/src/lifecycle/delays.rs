//! How long the steps of an email take.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::agenda::Step;

/// How long something takes: always the same, or anything between two durations.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mailferry_emulator::Delay;
///
/// let delay: Delay = "2s..6s".parse()?;
/// assert_eq!(delay, Delay::between(Duration::from_secs(2), Duration::from_secs(6)));
/// assert_eq!("200ms".parse(), Ok(Delay::exactly(Duration::from_millis(200))));
/// # Ok::<(), mailferry_emulator::InvalidDelay>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Delay {
    least: Duration,
    most: Duration,
}

/// How long it takes until each step of an email, by the emulator's clock; see [`Builder::delays`](crate::Builder::delays).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delays {
    /// From queued, or from the time that the message asked for, to sent.
    pub sent: Delay,
    /// From sent, or from deferred, to delivered.
    pub delivered: Delay,
    /// From sent to bounced, softly or hard.
    pub bounced: Delay,
    /// From sent to deferred.
    pub deferred: Delay,
    /// From delivered to opened.
    pub opened: Delay,
    /// From opened to clicked.
    pub clicked: Delay,
    /// From delivered to unsubscribed.
    pub unsubscribed: Delay,
    /// From delivered to called spam.
    pub complained: Delay,
}

/// Why a text is no [`Delay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidDelay;

impl fmt::Display for InvalidDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delay is a number of ms, s, m or h, such as 200ms, or two of them: 2s..6s")
    }
}

impl std::error::Error for InvalidDelay {}

impl Delay {
    /// Always `duration`.
    pub const fn exactly(duration: Duration) -> Self {
        Self { least: duration, most: duration }
    }

    /// Anything from `one` to `other`, both included, to the millisecond. Which of them it is, is decided by the
    /// [seed](crate::Builder::seed).
    pub fn between(one: Duration, other: Duration) -> Self {
        Self { least: one.min(other), most: one.max(other) }
    }

    /// The shortest it can be.
    pub const fn least(self) -> Duration {
        self.least
    }

    /// The longest it can be.
    pub const fn most(self) -> Duration {
        self.most
    }
}

impl From<Duration> for Delay {
    fn from(duration: Duration) -> Self {
        Self::exactly(duration)
    }
}

impl FromStr for Delay {
    type Err = InvalidDelay;

    fn from_str(text: &str) -> Result<Self, InvalidDelay> {
        match text.split_once("..") {
            None => duration(text).map(Self::exactly),
            Some((one, other)) => duration(one).zip(duration(other)).map(|(one, other)| Self::between(one, other)),
        }
        .ok_or(InvalidDelay)
    }
}

/// A whole number and its unit; 0 needs none.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit)?;
    let number: u32 = number.parse().ok()?;
    let milliseconds = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 0,
        _ => return None,
    };
    Some(Duration::from_millis(u64::from(number).saturating_mul(milliseconds)))
}

impl Delays {
    /// Sent at once, and each step after it `delay` after the one before.
    pub fn after_each_other(delay: impl Into<Delay>) -> Self {
        let delay = delay.into();
        Self {
            sent: Delay::default(),
            delivered: delay,
            bounced: delay,
            deferred: delay,
            opened: delay,
            clicked: delay,
            unsubscribed: delay,
            complained: delay,
        }
    }

    /// As in recordings of 2024 to 2026: sent in the same second, delivered 1 to 6 seconds later, and a bounce known 17 to
    /// 26 seconds later (facts sheet 9.4). When people read is up to them: a minute or two here.
    pub fn recorded() -> Self {
        let seconds = |one, other| Delay::between(Duration::from_secs(one), Duration::from_secs(other));
        Self {
            delivered: seconds(1, 6),
            bounced: seconds(17, 26),
            deferred: seconds(1, 6),
            ..Self::after_each_other(seconds(60, 120))
        }
    }

    /// Each with the word that flags and the API have for it.
    pub fn by_name(&mut self) -> [(&'static str, &mut Delay); 8] {
        [
            ("sent", &mut self.sent),
            ("delivered", &mut self.delivered),
            ("bounced", &mut self.bounced),
            ("deferred", &mut self.deferred),
            ("opened", &mut self.opened),
            ("clicked", &mut self.clicked),
            ("unsubscribed", &mut self.unsubscribed),
            ("complained", &mut self.complained),
        ]
    }
}

impl Default for Delays {
    /// Sent at once, and each step after it two seconds after the one before.
    fn default() -> Self {
        Self::after_each_other(Duration::from_secs(2))
    }
}

/// Delays, and what decides between the shortest and the longest.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) delays: Delays,
    state: u64,
}

impl Pace {
    pub(crate) fn new(delays: Delays, seed: u64) -> Self {
        Self { delays, state: seed }
    }

    /// How long it takes until `step` this time.
    pub(super) fn before(&mut self, step: Step) -> Duration {
        let delays = &self.delays;
        let Delay { least, most } = match step {
            Step::Send => delays.sent,
            Step::Deliver => delays.delivered,
            Step::SoftBounce | Step::HardBounce => delays.bounced,
            Step::Defer => delays.deferred,
            Step::Open | Step::OpenSurvey => delays.opened,
            Step::Click | Step::SubmitSurvey => delays.clicked,
            Step::Unsubscribe => delays.unsubscribed,
            Step::Complain => delays.complained,
            Step::Queue | Step::Suppress(_) => Delay::default(),
        };
        let spread = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
        if spread == 0 {
            return least;
        }
        let more = self.next() % spread.saturating_add(1).max(1);
        least.saturating_add(Duration::from_millis(more))
    }

    /// Xorshift: what comes next is only to look like chance.
    fn next(&mut self) -> u64 {
        let mut x = self.state | 1;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.state = x;
        x >> 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_read_with_their_units() {
        let check = |text: &str, expected: Option<(u64, u64)>| {
            let read = text.parse::<Delay>().ok();
            assert_eq!(
                read.map(|delay| (delay.least, delay.most)),
                expected.map(|(a, b)| (Duration::from_millis(a), Duration::from_millis(b))),
                "{text}"
            );
        };
        check("200ms", Some((200, 200)));
        check("2s..6s", Some((2_000, 6_000)));
        check("6 s .. 2s", Some((2_000, 6_000)));
        check("0..1m", Some((0, 60_000)));
        check("2h", Some((7_200_000, 7_200_000)));
        for text in ["", "2", "s", "2s..", "..2s", "-1s", "1.5s", "2d", "99999999999s"] {
            check(text, None);
        }
    }

    #[test]
    fn chance_stays_between_and_can_be_repeated() {
        let second = Duration::from_secs(1);
        let delays = Delays { delivered: Delay::between(second, second * 3), ..Delays::default() };
        let run = || {
            let mut pace = Pace::new(delays, 7);
            (0..100).map(|_| pace.before(Step::Deliver)).collect::<Vec<_>>()
        };
        let seen = run();
        assert_eq!(seen, run());
        assert!(seen.iter().all(|delay| (second..=second * 3).contains(delay)));
        assert!(seen.iter().any(|delay| *delay < second * 2) && seen.iter().any(|delay| *delay > second * 2));
        assert_eq!(Pace::new(delays, 7).before(Step::Open), second * 2);
        assert_eq!(Pace::new(delays, 7).before(Step::Send), Duration::ZERO);
    }
}
