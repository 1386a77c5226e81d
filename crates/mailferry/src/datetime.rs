//! A date and time as somebody wrote it: with an offset from UTC, or without.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{Timestamp, civil};

/// An instant with the offset it was written with.
///
/// A mail's date may say that its zone is not known (`-0000`); then there is no [`offset`](Self::offset), and the time
/// is taken for one of UTC where an instant is needed.
///
/// ```
/// use mailferry::DateTime;
///
/// let at: DateTime = "2025-06-07T10:09:10.123456+02:00".parse()?;
/// assert_eq!(at.to_string(), "2025-06-07T10:09:10.123456+02:00");
/// assert_eq!((at.unix_seconds(), at.offset()), (1_749_283_750, Some(7_200)));
/// # Ok::<(), mailferry::InvalidDateTime>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    instant: Timestamp,
    offset: Option<Offset>,
}

impl DateTime {
    /// Seconds since 1970-01-01 00:00 UTC, in UTC. `None` outside the years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(Self::utc)
    }

    pub(crate) fn utc(instant: Timestamp) -> Self {
        Self { instant, offset: Some(Offset::UTC) }
    }

    /// A civil time `offset` ahead of UTC, or in a zone that is not known.
    pub(crate) fn civil(local: civil::DateTime, offset: Option<Offset>) -> Option<Self> {
        let instant = offset.unwrap_or(Offset::UTC).to_timestamp(local).ok()?;
        // RFC 3339 has no seconds in an offset; the instant keeps them.
        let offset = offset.map(|offset| Offset::from_seconds(offset.seconds() / 60 * 60)).transpose().ok()?;
        Some(Self { instant, offset })
    }

    /// The same instant in UTC: of two equal instants it then does not matter which is kept.
    pub(crate) fn to_utc(self) -> Self {
        Self::utc(self.instant)
    }

    pub(crate) fn instant(self) -> Timestamp {
        self.instant
    }

    /// Whole seconds since 1970-01-01 00:00 UTC, rounded towards that.
    pub fn unix_seconds(&self) -> i64 {
        self.instant.as_second()
    }

    /// Microseconds since 1970-01-01 00:00 UTC, rounded towards that.
    pub fn unix_micros(&self) -> i64 {
        self.instant.as_microsecond()
    }

    /// How many seconds the clock that it was read from is ahead of UTC, in whole minutes; `None` when it did not say.
    pub fn offset(&self) -> Option<i32> {
        self.offset.map(Offset::seconds)
    }
}

impl From<DateTime> for SystemTime {
    /// 1970 for an instant that the platform's clock cannot show: on some, none before 1601 can be.
    fn from(at: DateTime) -> Self {
        let since_epoch = at.instant.as_duration();
        let distance = since_epoch.unsigned_abs();
        let time = if since_epoch.is_negative() {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(Self::UNIX_EPOCH)
    }
}

impl From<SystemTime> for DateTime {
    /// In UTC; outside the years -9999 to 9999 the nearest instant within.
    fn from(time: SystemTime) -> Self {
        let nearest = if time < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
        Self::utc(Timestamp::try_from(time).unwrap_or(nearest))
    }
}

impl FromStr for DateTime {
    type Err = InvalidDateTime;

    /// Reads ISO 8601 and what is close to it: with `T` or a space, with an offset or `Z` or neither, which means UTC,
    /// or a date alone.
    fn from_str(text: &str) -> Result<Self, InvalidDateTime> {
        let pieces = Pieces::parse(text.trim()).map_err(|_| InvalidDateTime)?;
        if pieces.time_zone_annotation().is_some() {
            return Err(InvalidDateTime);
        }
        let local = pieces.date().to_datetime(pieces.time().unwrap_or(civil::Time::midnight()));
        let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
        Self::civil(local, Some(offset)).ok_or(InvalidDateTime)
    }
}

impl fmt::Display for DateTime {
    /// RFC 3339, without an offset where none is known. UTC is written `+00:00`, and parts of a second as six digits or
    /// nine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.offset.unwrap_or(Offset::UTC).to_datetime(self.instant);
        match local.subsec_nanosecond() {
            0 => write!(f, "{local}"),
            nanoseconds if nanoseconds % 1000 == 0 => write!(f, "{local:.6}"),
            _ => write!(f, "{local:.9}"),
        }?;
        let Some(offset) = self.offset else { return Ok(()) };
        let seconds = offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Text that is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidDateTime;

impl fmt::Display for InvalidDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date and time, such as `2030-03-04T05:06:07Z`")
    }
}

impl std::error::Error for InvalidDateTime {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_read_as_services_write_them() {
        for (text, expected) in [
            ("2025-06-07T08:09:10.123456Z", Some("2025-06-07T08:09:10.123456+00:00")),
            ("2025-06-07T08:09:10.5Z", Some("2025-06-07T08:09:10.500000+00:00")),
            ("2025-06-07T08:09:10.0000001Z", Some("2025-06-07T08:09:10.000000100+00:00")),
            ("2025-06-07T08:09:10", Some("2025-06-07T08:09:10+00:00")),
            ("2025-08-05 22:27:14", Some("2025-08-05T22:27:14+00:00")),
            ("2025-06-07T08:09:10+0200", Some("2025-06-07T08:09:10+02:00")),
            ("2025-06-07T08:09:10-03:30", Some("2025-06-07T08:09:10-03:30")),
            ("2025-06-07", Some("2025-06-07T00:00:00+00:00")),
            ("2025-06-07T10:09:10+02:00:30", Some("2025-06-07T10:08:40+02:00")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00+00:00")),
            ("2025-13-40T99:00:00Z", None),
            ("9999-12-31T23:59:59-23:00", None),
            ("2025-06-07T08:09:10[Europe/Prague]", None),
            ("yesterday", None),
            ("", None),
        ] {
            let read = text.parse::<DateTime>().ok().map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same_instant() {
        for text in ["2025-06-07T10:09:10.5+02:00:30", "2025-06-07T10:09:10-00:00:59", "-009998-01-01T00:00:00-10:00"] {
            let read: DateTime = text.parse().unwrap();
            let again: DateTime = read.to_string().parse().unwrap();
            assert_eq!(again, read, "{text} {read}");
        }
    }

    #[test]
    fn the_clocks_of_the_platform_are_no_danger() {
        for text in
            ["-009999-01-03T00:00:00Z", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "9999-12-30T00:00:00Z"]
        {
            let at: DateTime = text.parse().unwrap();
            let there = SystemTime::from(at);
            assert!(there == SystemTime::UNIX_EPOCH || DateTime::from(there) == at, "{text}");
        }
        let centuries = Duration::from_secs(400_000_000_000);
        for (time, nearest) in [
            (SystemTime::UNIX_EPOCH.checked_sub(centuries), Timestamp::MIN),
            (SystemTime::UNIX_EPOCH.checked_add(centuries), Timestamp::MAX),
        ] {
            assert!(time.is_none_or(|time| DateTime::from(time) == DateTime::utc(nearest)), "{time:?}");
        }
    }
}
