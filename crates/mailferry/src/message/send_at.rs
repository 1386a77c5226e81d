//! When a message is to be sent.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::{Timestamp, civil};

/// When a service is to send a message: an instant, or a date and time in whatever zone the transport is configured
/// for (UTC unless told otherwise).
///
/// ```
/// use mailferry::message::SendAt;
///
/// let instant: SendAt = "2030-03-04T05:06:07+06:00".parse()?;
/// assert_eq!(instant, SendAt::unix(1_898_809_567).unwrap());
/// let _local: SendAt = "2030-07-01".parse()?; // midnight in the configured zone
/// assert!("tomorrow".parse::<SendAt>().is_err());
/// # Ok::<(), mailferry::message::InvalidSendAt>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendAt(When);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Instant(Timestamp),
    Local(civil::DateTime),
}

impl SendAt {
    /// Seconds since 1970-01-01 00:00 UTC. `None` outside the years -9999 to 9999.
    pub fn unix(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(|instant| Self(When::Instant(instant)))
    }

    /// Seconds since 1970, the fraction cut off. `None` for what is not a number or outside the years -9999 to 9999.
    pub(crate) fn unix_float(seconds: f64) -> Option<Self> {
        // Every f64 in this range converts to an i64 without wrapping; the calendar check follows in `unix`.
        const LIMIT: f64 = 1e12;
        if !(-LIMIT..=LIMIT).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the fraction is to be cut off, and the range was checked")]
        Self::unix(seconds.trunc() as i64)
    }

    /// Seconds since 1970-01-01 00:00 UTC, the fraction cut off; `zone` is that of a time without one. A time that the
    /// zone skips is read with the offset before the gap, and one that happens twice means the first.
    ///
    /// ```
    /// use mailferry::message::{SendAt, TimeZone};
    ///
    /// let when: SendAt = "2030-07-01T09:00".parse()?;
    /// assert_eq!(when.to_unix(&TimeZone::UTC), 1_909_126_800);
    /// assert_eq!(when.to_unix(&"Europe/Prague".parse()?), 1_909_126_800 - 2 * 3_600);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_unix(self, zone: &TimeZone) -> i64 {
        let instant = match self.0 {
            When::Instant(instant) => Some(instant),
            When::Local(local) => zone.0.to_ambiguous_timestamp(local).compatible().ok(),
        };
        // Only the last hours of the year 9999 can fail; both ends of the calendar mean "far beyond any limit".
        instant.unwrap_or(Timestamp::MAX).as_second()
    }
}

impl From<SystemTime> for SendAt {
    /// Beyond the year 9999 the last representable instant is meant.
    fn from(time: SystemTime) -> Self {
        Self(When::Instant(Timestamp::try_from(time).unwrap_or(Timestamp::MAX)))
    }
}

impl FromStr for SendAt {
    type Err = InvalidSendAt;

    /// Reads RFC 3339 with an offset, a date and time without one, or a date alone.
    fn from_str(text: &str) -> Result<Self, InvalidSendAt> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self(When::Instant(instant)));
        }
        match text.parse::<civil::DateTime>() {
            // A zone in brackets would be passed over, and the time taken for one of another zone.
            Ok(local) if !text.contains('[') => Ok(Self(When::Local(local))),
            _ => Err(InvalidSendAt),
        }
    }
}

impl fmt::Display for SendAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            When::Instant(instant) => instant.fmt(f),
            When::Local(local) => local.fmt(f),
        }
    }
}

/// Text that is not a time to send at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSendAt;

impl fmt::Display for InvalidSendAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time: give RFC 3339 (`2030-03-04T05:06:07+06:00`), a date, or Unix seconds")
    }
}

impl std::error::Error for InvalidSendAt {}

/// A time zone, by its IANA name (`Europe/Prague`).
#[derive(Debug, Clone, PartialEq)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: TimeZone = TimeZone(jiff::tz::TimeZone::UTC);
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        jiff::tz::TimeZone::get(name).map(Self).map_err(|_| UnknownTimeZone(name.to_owned()))
    }
}

/// No time zone of this name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTimeZone(String);

impl fmt::Display for UnknownTimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no time zone is named {:?}: give an IANA name such as `Europe/Prague`", self.0)
    }
}

impl std::error::Error for UnknownTimeZone {}

#[cfg(test)]
mod tests {
    use super::*;

    /// OPT-02
    #[test]
    fn instants_and_local_times_become_unix_seconds() {
        let cases = [
            ("2030-03-04T05:06:07.999+06:00", "UTC", 1_898_809_567),
            ("2030-03-04T05:06:07", "UTC", 1_898_831_167),
            ("2030-03-04T05:06:07", "America/Los_Angeles", 1_898_859_967),
            ("2030-03-04T05:06:07", "Asia/Tokyo", 1_898_798_767),
            ("2030-07-01", "America/Los_Angeles", 1_909_119_600),
            ("2030-03-10T02:30:00", "America/Los_Angeles", 1_899_369_000),
            ("2030-11-03T01:30:00", "America/Los_Angeles", 1_919_925_000),
        ];
        for (text, zone, expected) in cases {
            let zone: TimeZone = zone.parse().unwrap();
            assert_eq!(text.parse::<SendAt>().unwrap().to_unix(&zone), expected, "{text} {zone:?}");
        }
    }

    /// OPT-02
    #[test]
    fn fractions_of_unix_seconds_are_cut_toward_zero() {
        for (seconds, expected) in [(1_893_456_000.9, 1_893_456_000), (-1.5, -1), (0.0, 0)] {
            assert_eq!(SendAt::unix_float(seconds).unwrap().to_unix(&TimeZone::UTC), expected);
        }
        for seconds in [f64::NAN, f64::INFINITY, -1e300, 1e12] {
            assert_eq!(SendAt::unix_float(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "tomorrow", "2030-13-01", "1893456000", "10000-01-01", "2030-07-01T00:00[Asia/Tokyo]"] {
            assert!(text.parse::<SendAt>().is_err(), "{text}");
        }
        assert!("Mars/Olympus".parse::<TimeZone>().is_err());
    }
}
