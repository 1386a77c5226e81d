//! Which stretch of time to ask for next, so that each fits into memory. Pure.

use std::time::Duration;

/// The longest stretch: what cannot be asked for is then lost by the day, and not altogether.
const LONGEST: i64 = 86_400;

/// How many activities a stretch may have. They are held until all are there, since the newest come first.
pub(super) const MOST: usize = 1_000;

/// What is left of a time that is walked through from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Windows {
    position: i64,
    end: i64,
    span: i64,
}

impl Windows {
    pub(super) fn new(from: i64, to: i64) -> Self {
        Self { position: from, end: to.max(from), span: LONGEST }
    }

    /// The next stretch, in Unix seconds. The second at its end belongs to the one after it as well: whether MailerSend
    /// counts it is not documented.
    pub(super) fn next(&self) -> Option<(i64, i64)> {
        (self.position < self.end).then(|| (self.position, self.position.saturating_add(self.span).min(self.end)))
    }

    /// What is left altogether.
    pub(super) fn left(&self) -> (i64, i64) {
        (self.position, self.end)
    }

    /// Ends no later than this.
    pub(super) fn end_by(&mut self, end: i64) {
        self.end = self.end.min(end).max(self.position);
    }

    /// Goes on behind the stretch, of which this many were found: after few, with a longer one.
    pub(super) fn done(&mut self, to: i64, found: usize) {
        self.position = to;
        if found < MOST / 2 {
            self.span = self.span.saturating_mul(2).min(LONGEST);
        }
    }

    /// Leaves out everything before this.
    pub(super) fn skip_to(&mut self, position: i64) {
        self.position = position.clamp(self.position, self.end);
    }

    /// Tries a shorter stretch, of which as many as will fit are to be expected when the present one has `expected`.
    /// False when it cannot be shorter.
    pub(super) fn shorten(&mut self, expected: usize) -> bool {
        let Some((from, to)) = self.next() else { return false };
        let span = to - from;
        if span <= 1 {
            return false;
        }
        let parts = i64::try_from(expected / (MOST / 2)).unwrap_or(i64::MAX).max(2);
        self.span = (span / parts).max(1);
        true
    }
}

/// How many activities a stretch has, guessed from the first page: the newest, `found` of them back to `oldest`.
pub(super) fn expected((from, to): (i64, i64), found: usize, oldest: i64) -> usize {
    let covered = to.saturating_sub(oldest).max(1);
    let whole = to.saturating_sub(from).max(1);
    let expected = i128::from(whole) * (found as i128) / i128::from(covered);
    usize::try_from(expected).unwrap_or(usize::MAX)
}

/// The days of the sentence "Your account has a 7-day data retention limit", which is published.
pub(super) fn retention_days(sentence: &str) -> Option<i64> {
    let (before, _) = sentence.split_once("-day data retention limit")?;
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|days| *days <= 36_500)
}

/// How long to wait before a question that met a failure is asked again; not for ever.
pub(super) fn pause(attempt: u32) -> Option<Duration> {
    (attempt < 2).then(|| Duration::from_secs(1 << (2 * attempt)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_walked_through_by_the_day() {
        let mut windows = Windows::new(0, 200_000);
        let mut seen = Vec::new();
        while let Some(window) = windows.next() {
            seen.push(window);
            windows.done(window.1, 3);
        }
        assert_eq!(seen, [(0, 86_400), (86_400, 172_800), (172_800, 200_000)]);
        assert_eq!(Windows::new(5, 5).next(), None);
        assert_eq!(Windows::new(5, 1).next(), None);
    }

    #[test]
    fn a_crowded_stretch_is_shortened_at_once() {
        let mut windows = Windows::new(0, 86_400);
        // A hundred in the last 864 seconds are 10,000 in all.
        let expected = expected((0, 86_400), 100, 86_400 - 864);
        assert_eq!(expected, 10_000);
        assert!(windows.shorten(expected));
        assert_eq!(windows.next(), Some((0, 4_320)));
        windows.done(4_320, 900);
        assert_eq!(windows.next(), Some((4_320, 8_640)), "still crowded");
        windows.done(8_640, 10);
        assert_eq!(windows.next(), Some((8_640, 17_280)), "not any more");
    }

    #[test]
    fn the_published_sentence_is_understood() {
        let sentence =
            "Date selection out of range. Your account has a 30-day data retention limit. Upgrade your plan.";
        assert_eq!(retention_days(sentence), Some(30));
        for other in ["", "a data retention limit", "a -day data retention limit", "999999999-day data retention limit"]
        {
            assert_eq!(retention_days(other), None, "{other}");
        }
    }

    proptest! {
        /// Whatever is found and however often it is shortened, the stretches follow each other up to the end.
        #[test]
        fn nothing_is_left_out(from in -1_000_i64..1_000_000, length in 0_i64..400_000, seed: u64) {
            let mut windows = Windows::new(from, from + length);
            let (mut position, mut random, mut steps) = (from, seed, 0);
            while let Some((start, end)) = windows.next() {
                steps += 1;
                prop_assert!(steps < 3_000_000, "it does not end");
                prop_assert_eq!(start, position);
                prop_assert!(end > start && end <= from + length);
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if (random >> 33) % 5 == 0 && windows.shorten(usize::try_from(random >> 50).unwrap()) {
                    continue;
                }
                windows.done(end, usize::try_from(random >> 54).unwrap());
                position = end;
            }
            prop_assert_eq!(position, from + length);
        }
    }
}
